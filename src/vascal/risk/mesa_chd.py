"""Ten-year risk of coronary heart disease in MESA, without and with coronary calcium.

Source: McClelland et al., J Am Coll Cardiol 2015;66:1643-1653,
doi:10.1016/j.jacc.2015.08.035, table 2 (PMC4603537).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from vascal.errors import OutOfRangeError
from vascal.risk.model import RiskEstimate, RiskModel, require_inputs
from vascal.risk.profile import ClinicalProfile

_SOURCE = "McClelland et al., J Am Coll Cardiol 2015;66:1643-1653, doi:10.1016/j.jacc.2015.08.035, table 2"
_NEEDS = (
    "age_years",
    "sex",
    "ethnicity",
    "total_cholesterol",
    "hdl",
    "on_lipid_treatment",
    "systolic_mmhg",
    "on_bp_treatment",
    "has_diabetes",
    "is_smoker",
    "has_family_history",
)
_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType({"age_years": (45.0, 85.0)})

MESA_CHD = RiskModel(
    name="mesa-chd-2015",
    title="MESA 10-year risk of coronary heart disease, without calcium",
    outcome="chd",
    horizon_years=10,
    needs=_NEEDS,
    ranges=_RANGES,
    source=_SOURCE,
)
MESA_CHD_CAC = RiskModel(
    name="mesa-chd-cac-2015",
    title="MESA 10-year risk of coronary heart disease, with calcium",
    outcome="chd",
    horizon_years=10,
    needs=_NEEDS,
    ranges=_RANGES,
    source=_SOURCE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MesaCoefficients:
    """Log hazards of table 2, and the ten-year survival of someone whose variables are all 0."""

    age_years: float
    male: float
    ethnicity: Mapping[str, float]
    diabetes: float
    smoker: float
    total_cholesterol_mg_dl: float
    hdl_mg_dl: float
    lipid_treatment: float
    systolic_mmhg: float
    bp_treatment: float
    family_history: float
    log_cac: float
    survival: float


WITHOUT_CAC = MesaCoefficients(
    age_years=0.0455,
    male=0.7496,
    ethnicity=MappingProxyType({"white": 0.0, "chinese": -0.5055, "black": -0.2111, "hispanic": -0.1900}),
    diabetes=0.5168,
    smoker=0.4732,
    total_cholesterol_mg_dl=0.0053,
    hdl_mg_dl=-0.0140,
    lipid_treatment=0.2473,
    systolic_mmhg=0.0085,
    bp_treatment=0.3381,
    family_history=0.4522,
    log_cac=0.0,
    survival=0.99963,
)
WITH_CAC = MesaCoefficients(
    age_years=0.0172,
    male=0.4079,
    ethnicity=MappingProxyType({"white": 0.0, "chinese": -0.3475, "black": 0.0353, "hispanic": -0.0222}),
    diabetes=0.3892,
    smoker=0.3717,
    total_cholesterol_mg_dl=0.0043,
    hdl_mg_dl=-0.0114,
    lipid_treatment=0.1206,
    systolic_mmhg=0.0066,
    bp_treatment=0.2278,
    family_history=0.3239,
    log_cac=0.2743,
    survival=0.99833,
)


def estimate_mesa_chd(profile: ClinicalProfile, agatston: float | None = None) -> RiskEstimate:
    """Estimate the ten-year risk of coronary heart disease.

    Parameters
    ----------
    profile
        All of the traditional risk factors; ethnicity one of white, black, Hispanic, Chinese.
    agatston
        Total Agatston score, 0 or more; None for the formula without calcium.

    Returns
    -------
    RiskEstimate
        Of ``mesa-chd-cac-2015`` if a score is given, else of ``mesa-chd-2015``.

    Raises
    ------
    MissingInputError
        If a variable is not known.
    OutOfRangeError
        Outside 45 to 85 years, for other ethnicities, or for a negative score.

    Notes
    -----
    Risk = 1 - S0^exp(sum), variables uncentred, ln(CAC + 1). Not clamped, as the printed equation.
    """
    model, weights = (MESA_CHD, WITHOUT_CAC) if agatston is None else (MESA_CHD_CAC, WITH_CAC)
    require_inputs(profile, model)
    if profile.ethnicity not in weights.ethnicity:
        raise OutOfRangeError(f"ethnicity {profile.ethnicity}; {model.title} is for {', '.join(weights.ethnicity)}")
    if agatston is not None and not 0 <= agatston < math.inf:
        raise OutOfRangeError(f"an Agatston score of {agatston:g}; needed: 0 or more")
    hazard = math.exp(_log_hazard(profile, weights) + weights.log_cac * math.log1p(agatston or 0.0))
    return RiskEstimate(model=model, probability=float(-math.expm1(hazard * math.log(weights.survival))))


def find_mesa_score_for(profile: ClinicalProfile, probability: float) -> float | None:
    """Give the Agatston score at which the MESA risk with calcium reaches a probability.

    Parameters
    ----------
    profile
        As for `estimate_mesa_chd`.
    probability
        Between 0 and 1, such as the edge of a risk category.

    Returns
    -------
    float or None
        Agatston units; None if the risk is as high even without calcium.

    Raises
    ------
    RiskError
        As `estimate_mesa_chd`, and for what is no probability.
    """
    if not 0 < probability < 1:
        raise OutOfRangeError(f"a probability of {probability:g}; needed: between 0 and 1")
    at_zero = estimate_mesa_chd(profile, 0.0).probability
    if at_zero >= probability:
        return None
    gap = math.log(math.log1p(-probability) / math.log1p(-at_zero))
    return math.expm1(gap / WITH_CAC.log_cac)


def _log_hazard(profile: ClinicalProfile, weights: MesaCoefficients) -> float:
    """Sum up everything but calcium; `require_inputs` saw to it that nothing is unknown."""
    total, hdl = profile.total_cholesterol, profile.hdl
    return (
        weights.age_years * (profile.age_years or 0.0)
        + weights.male * (profile.sex == "M")
        + weights.ethnicity[profile.ethnicity or ""]
        + weights.diabetes * bool(profile.has_diabetes)
        + weights.smoker * bool(profile.is_smoker)
        + weights.total_cholesterol_mg_dl * (total.mg_dl if total else 0.0)
        + weights.hdl_mg_dl * (hdl.mg_dl if hdl else 0.0)
        + weights.lipid_treatment * bool(profile.on_lipid_treatment)
        + weights.systolic_mmhg * (profile.systolic_mmhg or 0.0)
        + weights.bp_treatment * bool(profile.on_bp_treatment)
        + weights.family_history * bool(profile.has_family_history)
    )
