"""SCORE2 and SCORE2-OP: ten-year risk of cardiovascular disease in Europe's four risk regions.

Death from cardiovascular disease, heart attack or stroke; deaths from other causes compete.
Sources, with their supplementary methods: SCORE2 working group, Eur Heart J 2021;42:2439-2454,
doi:10.1093/eurheartj/ehab309; SCORE2-OP working group, Eur Heart J 2021;42:2455-2467,
doi:10.1093/eurheartj/ehab312.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from vascal.errors import OutOfRangeError
from vascal.risk.model import RiskEstimate, RiskModel, require_inputs
from vascal.risk.profile import ClinicalProfile, Score2Region, Sex

OLDER_FROM_YEARS = 70
"""Age from which SCORE2-OP answers instead of SCORE2."""
CHARTS_UNTIL_YEARS = 89
"""Oldest age on the charts of SCORE2-OP."""

_NEEDS = (
    "age_years",
    "sex",
    "total_cholesterol",
    "hdl",
    "systolic_mmhg",
    "has_diabetes",
    "is_smoker",
    "score2_region",
)

SCORE2 = RiskModel(
    name="score2-2021",
    title="SCORE2, 10-year risk of cardiovascular disease",
    outcome="cvd",
    horizon_years=10,
    needs=_NEEDS,
    ranges=MappingProxyType({"age_years": (40.0, 69.0)}),
    source="SCORE2 working group, Eur Heart J 2021;42:2439-2454, doi:10.1093/eurheartj/ehab309",
)
SCORE2_OP = RiskModel(
    name="score2-op-2021",
    title="SCORE2-OP, 10-year risk of cardiovascular disease in older people",
    outcome="cvd",
    horizon_years=10,
    needs=_NEEDS,
    ranges=MappingProxyType({"age_years": (float(OLDER_FROM_YEARS), 110.0)}),
    source="SCORE2-OP working group, Eur Heart J 2021;42:2455-2467, doi:10.1093/eurheartj/ehab312",
)

_COUNTRIES: Mapping[Score2Region, str] = MappingProxyType(
    {
        "low": "BE CH DK ES FR GB IL LU NL NO",
        "moderate": "AT CY DE FI GR IE IS IT MT PT SE SI SM",
        "high": "AL BA CZ EE HR HU KZ PL SK TR",
        "very-high": "AM AZ BG BY DZ EG GE KG LB LT LV LY MA MD ME MK RO RS RU SY TN UA UZ",
    }
)
SCORE2_REGION_OF_COUNTRY: Mapping[str, Score2Region] = MappingProxyType(
    {country: region for region, countries in _COUNTRIES.items() for country in countries.split()}
)
"""Risk region by ISO 3166-1 alpha-2 code, of the countries that the ESC names: Visseren et al., Eur Heart J
2021;42:3227-3337, doi:10.1093/eurheartj/ehab484. Countries that are not here have no region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score2Units:
    """What is taken off each variable, and the step in which it then counts: (centre, step)."""

    age_years: tuple[float, float]
    systolic_mmhg: tuple[float, float]
    total_cholesterol_mmol_l: tuple[float, float]
    hdl_mmol_l: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score2Coefficients:
    """Log subdistribution hazards of one sex; pairs are (at the centre of age, change by step of age).

    `mean` is taken off the sum, `survival` is the ten-year survival at 0, and `scales` bring the risk to that of a
    region.
    """

    age: float
    smoker: tuple[float, float]
    diabetes: tuple[float, float] = (0.0, 0.0)
    systolic: tuple[float, float]
    total_cholesterol: tuple[float, float]
    hdl: tuple[float, float]
    mean: float = 0.0
    survival: float
    scales: Mapping[Score2Region, tuple[float, float]]


SCORE2_UNITS = Score2Units(
    age_years=(60.0, 5.0),
    systolic_mmhg=(120.0, 20.0),
    total_cholesterol_mmol_l=(6.0, 1.0),
    hdl_mmol_l=(1.3, 0.5),
)
SCORE2_OP_UNITS = Score2Units(
    age_years=(73.0, 1.0),
    systolic_mmhg=(150.0, 1.0),
    total_cholesterol_mmol_l=(6.0, 1.0),
    hdl_mmol_l=(1.4, 1.0),
)
# The term for diabetes of the derivation is left out: SCORE2 is for people without.
SCORE2_COEFFICIENTS: Mapping[Sex, Score2Coefficients] = MappingProxyType(
    {
        "M": Score2Coefficients(
            age=0.3742,
            smoker=(0.6012, -0.0755),
            systolic=(0.2777, -0.0255),
            total_cholesterol=(0.1458, -0.0281),
            hdl=(-0.2698, 0.0426),
            survival=0.9605,
            scales=MappingProxyType(
                {
                    "low": (-0.5699, 0.7476),
                    "moderate": (-0.1565, 0.8009),
                    "high": (0.3207, 0.9360),
                    "very-high": (0.5836, 0.8294),
                }
            ),
        ),
        "F": Score2Coefficients(
            age=0.4648,
            smoker=(0.7744, -0.1088),
            systolic=(0.3131, -0.0277),
            total_cholesterol=(0.1002, -0.0226),
            hdl=(-0.2606, 0.0613),
            survival=0.9776,
            scales=MappingProxyType(
                {
                    "low": (-0.7380, 0.7019),
                    "moderate": (-0.3143, 0.7701),
                    "high": (0.5710, 0.9369),
                    "very-high": (0.9412, 0.8329),
                }
            ),
        ),
    }
)
# Scales of the low region are those of table 1 in the supplementary methods. The worked example in its table 3 shows
# others (-0.61, 0.89; -0.85, 0.82), which the authors' own program does not use.
SCORE2_OP_COEFFICIENTS: Mapping[Sex, Score2Coefficients] = MappingProxyType(
    {
        "M": Score2Coefficients(
            age=0.0634,
            smoker=(0.3524, -0.0247),
            diabetes=(0.4245, -0.0174),
            systolic=(0.0094, -0.0005),
            total_cholesterol=(0.0850, 0.0073),
            hdl=(-0.3564, 0.0091),
            mean=0.0929,
            survival=0.7576,
            scales=MappingProxyType(
                {
                    "low": (-0.34, 1.19),
                    "moderate": (0.01, 1.25),
                    "high": (0.08, 1.15),
                    "very-high": (0.05, 0.70),
                }
            ),
        ),
        "F": Score2Coefficients(
            age=0.0789,
            smoker=(0.4921, -0.0255),
            diabetes=(0.6010, -0.0107),
            systolic=(0.0102, -0.0004),
            total_cholesterol=(0.0605, -0.0009),
            hdl=(-0.3040, 0.0154),
            mean=0.2288,
            survival=0.8082,
            scales=MappingProxyType(
                {
                    "low": (-0.52, 1.01),
                    "moderate": (-0.10, 1.10),
                    "high": (0.38, 1.09),
                    "very-high": (0.38, 0.69),
                }
            ),
        ),
    }
)


def estimate_score2(profile: ClinicalProfile) -> RiskEstimate:
    """Estimate the ten-year risk of cardiovascular disease in the patient's risk region.

    Parameters
    ----------
    profile
        Everything that `SCORE2` needs; `SCORE2_REGION_OF_COUNTRY` gives the region of a country.

    Returns
    -------
    RiskEstimate
        Of ``score2-op-2021`` from 70 years on, else of ``score2-2021``.

    Raises
    ------
    MissingInputError
        If a variable is not known.
    OutOfRangeError
        Below 40 years; below 70 years with diabetes.

    Notes
    -----
    x = 1 - S0^exp(sum - mean), then risk = 1 - exp(-exp(a + b ln(-ln(1 - x)))) with the two scales of the region.
    In SCORE2-OP smoking no longer raises the risk of men from 88 years on, as published. Coefficients are as printed;
    the authors' own program carries more digits, by which SCORE2-OP differs by up to 1.2 percentage points at the
    edges of its charts and SCORE2 by less than 0.01.
    """
    age = profile.age_years
    model = SCORE2 if age is None or age < OLDER_FROM_YEARS else SCORE2_OP
    require_inputs(profile, model)
    if model is SCORE2 and profile.has_diabetes:
        raise OutOfRangeError(
            f"diabetes; {SCORE2.title} was made without people who have it: SCORE2-Diabetes is for them"
        )
    return RiskEstimate(model=model, probability=_risk(profile, model), notes=_notes(profile, model))


def _risk(profile: ClinicalProfile, model: RiskModel) -> float:
    """Calibrate to the region; ln(-ln(1 - x)) of the uncalibrated risk is its log hazard."""
    is_older = model is SCORE2_OP
    weights = (SCORE2_OP_COEFFICIENTS if is_older else SCORE2_COEFFICIENTS)[profile.sex or "F"]
    intercept, slope = weights.scales[profile.score2_region or "low"]
    log_hazard = (
        math.log(-math.log(weights.survival))
        + _sum_terms(profile, weights, SCORE2_OP_UNITS if is_older else SCORE2_UNITS)
        - weights.mean
    )
    return -math.expm1(-math.exp(intercept + slope * log_hazard))


def _sum_terms(profile: ClinicalProfile, weights: Score2Coefficients, units: Score2Units) -> float:
    """Sum up everything; `require_inputs` saw to it that nothing is unknown."""
    total, hdl = profile.total_cholesterol, profile.hdl
    age = _in_steps(profile.age_years, units.age_years)
    terms = (
        (weights.smoker, float(bool(profile.is_smoker))),
        (weights.diabetes, float(bool(profile.has_diabetes))),
        (weights.systolic, _in_steps(profile.systolic_mmhg, units.systolic_mmhg)),
        (weights.total_cholesterol, _in_steps(total.mmol_l if total else None, units.total_cholesterol_mmol_l)),
        (weights.hdl, _in_steps(hdl.mmol_l if hdl else None, units.hdl_mmol_l)),
    )
    return weights.age * age + sum((at_centre + by_age * age) * value for (at_centre, by_age), value in terms)


def _in_steps(value: float | None, unit: tuple[float, float]) -> float:
    centre, step = unit
    return ((value or 0.0) - centre) / step


def _notes(profile: ClinicalProfile, model: RiskModel) -> tuple[str, ...]:
    """Say where SCORE2-OP is stretched."""
    notes = []
    if model is SCORE2_OP and profile.has_diabetes:
        notes.append(
            "SCORE2-OP counts diabetes, but the ESC's guideline of 2021 assesses people who have it separately."
        )
    if (profile.age_years or 0) > CHARTS_UNTIL_YEARS:
        notes.append(f"The charts of SCORE2-OP end at {CHARTS_UNTIL_YEARS} years; beyond, the equation is stretched.")
    return tuple(notes)
