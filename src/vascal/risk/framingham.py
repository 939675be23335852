"""Framingham general cardiovascular risk profile, with lipids.

Ten-year risk of coronary heart disease, stroke or transient ischaemic attack,
peripheral artery disease or heart failure.
Source: D'Agostino et al., Circulation 2008;117:743-753,
doi:10.1161/CIRCULATIONAHA.107.699579, table 2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from vascal.risk.model import RiskEstimate, RiskModel, require_inputs
from vascal.risk.profile import ClinicalProfile, Sex, number_of

FRAMINGHAM_CVD = RiskModel(
    name="framingham-cvd-2008",
    title="Framingham 10-year risk of general cardiovascular disease",
    outcome="cvd",
    horizon_years=10,
    needs=(
        "age_years",
        "sex",
        "total_cholesterol",
        "hdl",
        "systolic_mmhg",
        "on_bp_treatment",
        "has_diabetes",
        "is_smoker",
    ),
    ranges=MappingProxyType({"age_years": (30.0, 74.0)}),
    source="D'Agostino et al., Circulation 2008;117:743-753, doi:10.1161/CIRCULATIONAHA.107.699579, table 2",
)

_LOGARITHMS = ("age_years", "total_cholesterol", "hdl", "systolic_mmhg")


@dataclass(frozen=True, slots=True, kw_only=True)
class FraminghamCoefficients:
    """One sex of table 2; continuous variables are natural logarithms of years, mg/dL and mmHg.

    `mean` is the mean sum of the cohort, `survival` its ten-year survival at that mean.
    """

    age: float
    total_cholesterol: float
    hdl: float
    untreated_systolic: float
    treated_systolic: float
    smoker: float
    diabetes: float
    mean: float
    survival: float


TABLE_2: Mapping[Sex, FraminghamCoefficients] = MappingProxyType(
    {
        "F": FraminghamCoefficients(
            age=2.32888,
            total_cholesterol=1.20904,
            hdl=-0.70833,
            untreated_systolic=2.76157,
            treated_systolic=2.82263,
            smoker=0.52873,
            diabetes=0.69154,
            mean=26.1931,
            survival=0.95012,
        ),
        "M": FraminghamCoefficients(
            age=3.06117,
            total_cholesterol=1.12370,
            hdl=-0.93263,
            untreated_systolic=1.93303,
            treated_systolic=1.99881,
            smoker=0.65451,
            diabetes=0.57367,
            mean=23.9802,
            survival=0.88936,
        ),
    }
)


def estimate_framingham(profile: ClinicalProfile) -> RiskEstimate:
    """Estimate the ten-year risk of general cardiovascular disease.

    Parameters
    ----------
    profile
        Everything that `FRAMINGHAM_CVD` needs.

    Returns
    -------
    RiskEstimate
        Of ``framingham-cvd-2008``.

    Raises
    ------
    MissingInputError
        If a variable is not known.
    OutOfRangeError
        Outside 30 to 74 years.

    Notes
    -----
    Risk = 1 - S0^exp(sum - mean). The outcome is wider than that of the pooled cohort equations: it holds angina,
    peripheral artery disease and heart failure too, so the two should not be set side by side as one quantity.
    """
    require_inputs(profile, FRAMINGHAM_CVD)
    weights = TABLE_2[profile.sex or "F"]
    hazard = math.exp(_log_hazard(profile, weights) - weights.mean)
    return RiskEstimate(model=FRAMINGHAM_CVD, probability=-math.expm1(hazard * math.log(weights.survival)))


def _log_hazard(profile: ClinicalProfile, weights: FraminghamCoefficients) -> float:
    """Sum up a column; `require_inputs` saw to it that nothing is unknown."""
    age, total, hdl, systolic = (math.log(number_of(profile, name) or math.nan) for name in _LOGARITHMS)
    by_pressure = weights.treated_systolic if profile.on_bp_treatment else weights.untreated_systolic
    return (
        weights.age * age
        + weights.total_cholesterol * total
        + weights.hdl * hdl
        + by_pressure * systolic
        + weights.smoker * bool(profile.is_smoker)
        + weights.diabetes * bool(profile.has_diabetes)
    )
