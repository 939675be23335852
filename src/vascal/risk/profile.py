"""What is known of a patient besides the images; nothing that names one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from vascal.errors import ImpossibleInputError
from vascal.risk.quantity import AlbuminCreatinineRatio, Cholesterol, Creatinine, Hba1c, Quantity, require_possible

Sex = Literal["F", "M"]
Ethnicity = Literal["white", "black", "hispanic", "chinese", "asian", "other"]
"""As the cohorts behind the formulas asked for it; a social category, not a biological one."""
Score2Region = Literal["low", "moderate", "high", "very-high"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What a plain number may be, in its unit, and what a value outside often is.

    `hint` says it of any value, `hint_above` of one that is too high.
    """

    title: str
    unit: str
    low: float
    high: float
    hint: str = ""
    hint_above: str = ""

    def explain(self, value: float) -> str:
        """Say what is wrong with a value outside."""
        found = (value > self.high and self.hint_above) or self.hint
        hint = f" ({found})" if found else ""
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.title} of {value:g}{unit}; needed: {self.low:g} to {self.high:g}{unit}{hint}"


SPANS = {
    "age_years": Span(
        title="age", unit="years", low=18, high=110, hint="these formulas are for adults; is it a year of birth?"
    ),
    "systolic_mmhg": Span(
        title="systolic blood pressure", unit="mmHg", low=60, high=300, hint="is it in kPa, or diastolic?"
    ),
    "diastolic_mmhg": Span(title="diastolic blood pressure", unit="mmHg", low=30, high=200, hint="is it in kPa?"),
    "bmi": Span(
        title="body mass index", unit="kg/m2", low=10, high=75, hint="is it a height?", hint_above="is it a weight?"
    ),
    "egfr": Span(title="eGFR", unit="mL/min/1.73 m2", low=3, high=200, hint="is it a creatinine?"),
    "sdi_decile": Span(title="social deprivation index decile", unit="", low=1, high=10),
    "avc_agatston": Span(title="aortic valve calcium", unit="Agatston units", low=0, high=30000),
    "eat_ml": Span(title="epicardial fat", unit="ml", low=1, high=1000),
}

CHOLESTEROL_MG_DL = {"total_cholesterol": (40.0, 1000.0), "hdl": (5.0, 250.0), "ldl": (5.0, 800.0)}
"""What each may be: a total of 5.4 mg/dL is one in mmol/L."""
USUAL_CHOLESTEROL_MG_DL = {"total_cholesterol": (100.0, 400.0), "hdl": (20.0, 120.0), "ldl": (30.0, 300.0)}
"""What most patients have: tells which unit was meant, and what is worth a second look."""
CHOLESTEROL_TITLES = {"total_cholesterol": "total cholesterol", "hdl": "HDL cholesterol", "ldl": "LDL cholesterol"}
USUAL_SYSTOLIC_MMHG = (80.0, 220.0)
DIABETES_HBA1C_PERCENT = 6.5
"""From which HbA1c is a criterion of diabetes.

American Diabetes Association, Diabetes Care 2010;33 Suppl 1:S62-S69, doi:10.2337/dc10-S062.
"""
MOST_EGFR_ON_DIALYSIS = 20.0
"""mL/min/1.73 m2 above which few need dialysis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicalProfile:
    """Clinical variables of one patient. None means not known, never absent.

    Parameters
    ----------
    age_years, sex
        At the scan. Sex as the formulas' cohorts recorded it.
    ethnicity
        As the patient says; formulas that need it say which answers they know.
    total_cholesterol, hdl, ldl
        With their unit; see `vascal.risk.quantity`.
    systolic_mmhg, diastolic_mmhg
        Blood pressure.
    on_bp_treatment, on_lipid_treatment, on_aspirin
        Whether drugs are taken; `on_lipid_treatment` is a statin in all but few.
    has_diabetes, is_smoker, has_family_history, has_cvd, on_dialysis
        Diabetes of either type; current smoker; heart attack of a parent, sibling or child; known
        cardiovascular disease, for which none of the formulas is made; chronic dialysis.
    bmi
        kg/m2.
    egfr
        Estimated glomerular filtration rate, mL/min/1.73 m2; from `creatinine` where only that is known.
    creatinine, uacr, hba1c
        With their unit.
    sdi_decile
        Social deprivation index of the patient's ZIP code, 1 (least) to 10.
    score2_region
        Risk region of SCORE2.
    avc_agatston, eat_ml
        Aortic valve calcium and epicardial fat, where something else measured them.

    Raises
    ------
    ImpossibleInputError
        Where a value can not be true; the message names the likely cause.
    """

    age_years: float | None = None
    sex: Sex | None = None
    ethnicity: Ethnicity | None = None
    total_cholesterol: Cholesterol | None = None
    hdl: Cholesterol | None = None
    ldl: Cholesterol | None = None
    systolic_mmhg: float | None = None
    diastolic_mmhg: float | None = None
    on_bp_treatment: bool | None = None
    on_lipid_treatment: bool | None = None
    on_aspirin: bool | None = None
    has_diabetes: bool | None = None
    is_smoker: bool | None = None
    has_family_history: bool | None = None
    has_cvd: bool | None = None
    on_dialysis: bool | None = None
    bmi: float | None = None
    egfr: float | None = None
    creatinine: Creatinine | None = None
    uacr: AlbuminCreatinineRatio | None = None
    hba1c: Hba1c | None = None
    sdi_decile: int | None = None
    score2_region: Score2Region | None = None
    avc_agatston: float | None = None
    eat_ml: float | None = None

    def __post_init__(self) -> None:
        for name, span in SPANS.items():
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and span.low <= value <= span.high):
                raise ImpossibleInputError(span.explain(value))
        _require_cholesterol(self)
        _require_consistent(self)

    def known(self) -> tuple[str, ...]:
        """Names of the variables that are known."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) is not None)

    def updated_by(self, other: ClinicalProfile) -> ClinicalProfile:
        """Take what another source knows before what is known here.

        Raises
        ------
        ImpossibleInputError
            Where the two contradict each other.
        """
        known: dict[str, Any] = {name: getattr(other, name) for name in other.known()}
        return replace(self, **known)


def _require_cholesterol(profile: ClinicalProfile) -> None:
    """Refuse cholesterol that no one has, and ask whether the unit is wrong."""
    for name, possible in CHOLESTEROL_MG_DL.items():
        part: Cholesterol | None = getattr(profile, name)
        if part is not None:
            require_possible(
                part.mg_dl,
                "mg/dL",
                title=CHOLESTEROL_TITLES[name],
                units=Cholesterol.units,
                possible=possible,
                usual=USUAL_CHOLESTEROL_MG_DL[name],
            )


def _require_consistent(profile: ClinicalProfile) -> None:
    """Refuse values that contradict each other."""
    total, hdl, ldl = profile.total_cholesterol, profile.hdl, profile.ldl
    for name, part in (("HDL", hdl), ("LDL", ldl)):
        if total is not None and part is not None and part.mg_dl >= total.mg_dl:
            raise ImpossibleInputError(
                f"{name} cholesterol of {part.mg_dl:.0f} mg/dL is not below the total of {total.mg_dl:.0f} mg/dL; "
                "are they swapped, or in different units?"
            )
    if total is not None and hdl is not None and ldl is not None and hdl.mg_dl + ldl.mg_dl > 1.1 * total.mg_dl:
        raise ImpossibleInputError(
            f"HDL and LDL cholesterol add up to {hdl.mg_dl + ldl.mg_dl:.0f} mg/dL, more than the total of "
            f"{total.mg_dl:.0f} mg/dL; is one in another unit?"
        )
    high, low = profile.systolic_mmhg, profile.diastolic_mmhg
    if high is not None and low is not None and low >= high:
        raise ImpossibleInputError(
            f"a diastolic pressure of {low:g} mmHg is not below the systolic of {high:g} mmHg; are they swapped?"
        )


def find_doubts(profile: ClinicalProfile) -> tuple[str, ...]:
    """Question values that are possible, and yet odd by themselves or beside each other.

    Returns
    -------
    tuple of str
        A sentence each; none where nothing is odd.
    """
    return (*_find_odd_pairs(profile), *_find_odd_values(profile))


def _find_odd_pairs(profile: ClinicalProfile) -> Iterator[str]:
    sugar, egfr = profile.hba1c, profile.egfr
    if sugar is not None and sugar.percent >= DIABETES_HBA1C_PERCENT and profile.has_diabetes is False:
        yield f"HbA1c of {sugar.percent:.3g} % is in the range of diabetes, and diabetes is given as no: check both."
    if egfr is not None and egfr > MOST_EGFR_ON_DIALYSIS and profile.on_dialysis:
        yield f"eGFR of {egfr:.3g} {SPANS['egfr'].unit} is unusual on dialysis: check both."


def _find_odd_values(profile: ClinicalProfile) -> Iterator[str]:
    usual = {
        "Total cholesterol": (profile.total_cholesterol, USUAL_CHOLESTEROL_MG_DL["total_cholesterol"]),
        "HDL cholesterol": (profile.hdl, USUAL_CHOLESTEROL_MG_DL["hdl"]),
    }
    for title, (part, (low, high)) in usual.items():
        if part is not None and not low <= part.mg_dl <= high:
            yield f"{title} of {part.mg_dl:.4g} mg/dL is unusual: check it."
    systolic, (low, high) = profile.systolic_mmhg, USUAL_SYSTOLIC_MMHG
    if systolic is not None and not low <= systolic <= high:
        yield f"Systolic blood pressure of {systolic:.4g} mmHg is unusual: check it."


def number_of(profile: ClinicalProfile, name: str) -> float | None:
    """Give a variable as a number in its canonical unit; None if it is not known."""
    value = getattr(profile, name)
    if isinstance(value, Quantity):
        return value.value
    return None if value is None else float(value)
