"""Pooled cohort equations: ten-year risk of a first hard atherosclerotic event.

Heart attack, death from coronary heart disease, or stroke, fatal or not.
Source: Goff et al., Circulation 2014;129(suppl 2):S49-S73,
doi:10.1161/01.cir.0000437741.48606.98, table A.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from vascal.risk.model import RiskEstimate, RiskModel, require_inputs
from vascal.risk.profile import ClinicalProfile, Sex, number_of

PCE = RiskModel(
    name="pce-2013",
    title="Pooled cohort equations, 10-year risk of a first atherosclerotic event",
    outcome="ascvd",
    horizon_years=10,
    needs=(
        "age_years",
        "sex",
        "ethnicity",
        "total_cholesterol",
        "hdl",
        "systolic_mmhg",
        "on_bp_treatment",
        "has_diabetes",
        "is_smoker",
    ),
    # Ages are the guideline's; the others are what the calculator of the ACC and AHA takes.
    ranges=MappingProxyType(
        {
            "age_years": (40.0, 79.0),
            "total_cholesterol": (130.0, 320.0),
            "hdl": (20.0, 100.0),
            "systolic_mmhg": (90.0, 200.0),
        }
    ),
    source="Goff et al., Circulation 2014;129(suppl 2):S49-S73, doi:10.1161/01.cir.0000437741.48606.98, table A",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PceCoefficients:
    """One column of table A; continuous variables are natural logarithms of years, mg/dL and mmHg.

    `age_...` are interactions with the logarithm of age; `mean` is the mean sum of the cohorts, `survival` their
    ten-year survival at that mean.
    """

    age: float
    age_squared: float = 0.0
    total_cholesterol: float
    age_total_cholesterol: float = 0.0
    hdl: float
    age_hdl: float = 0.0
    treated_systolic: float
    age_treated_systolic: float = 0.0
    untreated_systolic: float
    age_untreated_systolic: float = 0.0
    smoker: float
    age_smoker: float = 0.0
    diabetes: float
    mean: float
    survival: float


# Means carry the four decimals that calculators use; the table prints two of them.
TABLE_A: Mapping[tuple[Sex, Literal["white", "black"]], PceCoefficients] = MappingProxyType(
    {
        ("F", "white"): PceCoefficients(
            age=-29.799,
            age_squared=4.884,
            total_cholesterol=13.540,
            age_total_cholesterol=-3.114,
            hdl=-13.578,
            age_hdl=3.149,
            treated_systolic=2.019,
            untreated_systolic=1.957,
            smoker=7.574,
            age_smoker=-1.665,
            diabetes=0.661,
            mean=-29.1817,
            survival=0.9665,
        ),
        ("F", "black"): PceCoefficients(
            age=17.114,
            total_cholesterol=0.940,
            hdl=-18.920,
            age_hdl=4.475,
            treated_systolic=29.291,
            age_treated_systolic=-6.432,
            untreated_systolic=27.820,
            age_untreated_systolic=-6.087,
            smoker=0.691,
            diabetes=0.874,
            mean=86.6081,
            survival=0.9533,
        ),
        ("M", "white"): PceCoefficients(
            age=12.344,
            total_cholesterol=11.853,
            age_total_cholesterol=-2.664,
            hdl=-7.990,
            age_hdl=1.769,
            treated_systolic=1.797,
            untreated_systolic=1.764,
            smoker=7.837,
            age_smoker=-1.795,
            diabetes=0.658,
            mean=61.1816,
            survival=0.9144,
        ),
        ("M", "black"): PceCoefficients(
            age=2.469,
            total_cholesterol=0.302,
            hdl=-0.307,
            treated_systolic=1.916,
            untreated_systolic=1.809,
            smoker=0.549,
            diabetes=0.645,
            mean=19.5425,
            survival=0.8954,
        ),
    }
)


def estimate_pce(profile: ClinicalProfile) -> RiskEstimate:
    """Estimate the ten-year risk of a first hard atherosclerotic event.

    Parameters
    ----------
    profile
        Everything that `PCE` needs.

    Returns
    -------
    RiskEstimate
        With a note where the equation of white people stands in for another ethnicity.

    Raises
    ------
    MissingInputError
        If a variable is not known.
    OutOfRangeError
        Outside 40 to 79 years, or of what the calculator takes.

    Notes
    -----
    Risk = 1 - S0^exp(sum - mean). Interactions with age let some columns turn in old age, as published: among white
    women total cholesterol lowers the risk from 78 years on and HDL cholesterol raises it from 75, among black women
    HDL cholesterol does from 69, and smoking lowers the risk of white men of 79. Nothing is smoothed here.
    """
    require_inputs(profile, PCE)
    race: Literal["white", "black"] = "black" if profile.ethnicity == "black" else "white"
    weights = TABLE_A[profile.sex or "F", race]
    hazard = math.exp(_log_hazard(profile, weights) - weights.mean)
    note = (
        f"The equations were made for white and for black people; that for white people was used (ethnicity: "
        f"{profile.ethnicity}), as the guideline allows. The risk may be too high or too low."
    )
    return RiskEstimate(
        model=PCE,
        probability=-math.expm1(hazard * math.log(weights.survival)),
        notes=() if profile.ethnicity == race else (note,),
    )


def _log_hazard(profile: ClinicalProfile, weights: PceCoefficients) -> float:
    """Sum up a column; `require_inputs` saw to it that nothing is unknown."""
    age, total, hdl, systolic = (math.log(number_of(profile, name) or math.nan) for name in PCE.ranges)
    by_pressure, by_age_and_pressure = (
        (weights.treated_systolic, weights.age_treated_systolic)
        if profile.on_bp_treatment
        else (weights.untreated_systolic, weights.age_untreated_systolic)
    )
    return (
        (weights.age + weights.age_squared * age) * age
        + (weights.total_cholesterol + weights.age_total_cholesterol * age) * total
        + (weights.hdl + weights.age_hdl * age) * hdl
        + (by_pressure + by_age_and_pressure * age) * systolic
        + (weights.smoker + weights.age_smoker * age) * bool(profile.is_smoker)
        + weights.diabetes * bool(profile.has_diabetes)
    )
