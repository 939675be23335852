# Copyright 2017 ClinRisk Ltd. Part of vascal-qrisk3, made from QRISK3-2017 (https://qrisk.org) under the GNU Lesser
# General Public License, version 3 or later, with additional terms: see disclaimer.py, COPYING.LESSER and COPYING.
"""What QRISK3-2017 asks of a patient."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

Sex = Literal["F", "M"]
Ethnicity = Literal[
    "white",
    "indian",
    "pakistani",
    "bangladeshi",
    "other-asian",
    "black-caribbean",
    "black-african",
    "chinese",
    "other",
]
"""White also where it is not stated. In the order of ClinRisk's codes, 1 to 9."""
Smoking = Literal["non", "ex", "light", "moderate", "heavy"]
"""Light is less than 10 cigarettes a day, moderate 10 to 19, heavy 20 or more. ClinRisk's codes are 0 to 4."""
Diabetes = Literal["none", "type1", "type2"]

FLAGS = (
    "has_atrial_fibrillation",
    "on_atypical_antipsychotics",
    "on_corticosteroids",
    "has_erectile_dysfunction",
    "has_migraine",
    "has_rheumatoid_arthritis",
    "has_chronic_kidney_disease",
    "has_severe_mental_illness",
    "has_lupus",
    "has_treated_hypertension",
    "has_family_history",
)
"""Questions that are answered by yes or no."""

# Ages are those of the paper. The others are what ClinRisk's programs for QRISK2 take; the published code of QRISK3
# checks nothing.
RANGES = MappingProxyType(
    {
        "age_years": (25.0, 84.0),
        "bmi": (20.0, 40.0),
        "cholesterol_ratio": (1.0, 12.0),
        "systolic_mmhg": (70.0, 210.0),
        "systolic_sd_mmhg": (0.0, math.inf),
        "townsend": (-7.0, 11.0),
    }
)
"""Lowest and highest value of each number, both included."""
CHOICES = MappingProxyType({"sex": Sex, "ethnicity": Ethnicity, "smoking": Smoking, "diabetes": Diabetes})


class Qrisk3InputError(ValueError):
    """QRISK3 was not made for such a patient; the message says what was found and what is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Qrisk3Inputs:
    """Everything that QRISK3 asks of a patient without cardiovascular disease who takes no statin.

    Parameters
    ----------
    age_years
        Completed years, 25 to 84.
    sex, ethnicity, smoking, diabetes
        One of the answers above.
    bmi
        Body mass index, 20 to 40 kg/m2.
    cholesterol_ratio
        Total over HDL cholesterol, 1 to 12.
    systolic_mmhg, systolic_sd_mmhg
        Systolic blood pressure, 70 to 210 mmHg, and the standard deviation of two or more recent readings.
    townsend
        Townsend score of the patient's postcode, -7 to 11; higher is more deprived.
    has_atrial_fibrillation, has_migraine, has_rheumatoid_arthritis, has_lupus
        Diagnoses; lupus is systemic lupus erythematosus.
    has_chronic_kidney_disease
        Stage 3, 4 or 5.
    has_severe_mental_illness
        Psychosis, schizophrenia or bipolar affective disease.
    on_atypical_antipsychotics, on_corticosteroids
        Second-generation antipsychotics; regular steroid tablets.
    has_treated_hypertension
        Hypertension that is treated with at least one drug.
    has_family_history
        Angina or heart attack of a parent, sibling or child before 60 years.
    has_erectile_dysfunction
        Diagnosed or treated. Needed of men, not asked of women.

    Raises
    ------
    Qrisk3InputError
        Naming what was found and what is needed.
    """

    age_years: int
    sex: Sex
    ethnicity: Ethnicity
    smoking: Smoking
    diabetes: Diabetes
    bmi: float
    cholesterol_ratio: float
    systolic_mmhg: float
    systolic_sd_mmhg: float
    townsend: float
    has_atrial_fibrillation: bool
    on_atypical_antipsychotics: bool
    on_corticosteroids: bool
    has_migraine: bool
    has_rheumatoid_arthritis: bool
    has_chronic_kidney_disease: bool
    has_severe_mental_illness: bool
    has_lupus: bool
    has_treated_hypertension: bool
    has_family_history: bool
    has_erectile_dysfunction: bool | None = None

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in get_args(choices):
                raise Qrisk3InputError(f"{name} {getattr(self, name)!r}; needed: {', '.join(get_args(choices))}")
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                raise Qrisk3InputError(f"{name} of {value:g}; QRISK3 is for {low:g} to {high:g}")
        if self.age_years != int(self.age_years):
            raise Qrisk3InputError(f"age_years of {self.age_years:g}; QRISK3 counts completed years")
        if self.sex == "M" and self.has_erectile_dysfunction is None:
            raise Qrisk3InputError("QRISK3 also needs has_erectile_dysfunction of men")
        if self.sex == "F" and self.has_erectile_dysfunction:
            raise Qrisk3InputError("has_erectile_dysfunction is asked of men only")
