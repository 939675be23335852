"""Percentiles of a German population, as smooth curves over age (Heinz Nixdorf Recall study).

Source: Erbel et al., Eur Heart J 2014;35:2960-2971, doi:10.1093/eurheartj/ehu288: quantile regression of
ln(CAC + 1) in 3,481 residents of the Ruhr area, 45 to 74 years of age at the first scan, electron beam CT.

The coefficients below were read in the code of a public calculator of that tool, not in the paper.
What speaks for them: spread over the ages of the study they give medians of 41 (men) and 1 (women) and
90th percentiles of 531 and 139, where the paper prints 41.0, 1.0, 557.0 and 139.8.

Where many have no calcium the equation is a poor guide: it would leave 37 % of these women with a score of 0, of whom
45 % had one (Erbel et al., Dtsch Arztebl 2008;105:1-8, doi:10.3238/arztebl.2008.0001). What it gives below the 25th
percentile, and below a score of 1, is therefore no percentile here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from vascal.errors import OutOfRangeError
from vascal.risk.percentile import GROUPS, AgeBand, Percentile, PercentileReference, require_age, require_score
from vascal.risk.profile import Sex

HNR = PercentileReference(
    name="hnr-2014",
    title="Heinz Nixdorf Recall",
    population="3,481 residents of the German Ruhr area of 45 to 74 years without coronary disease, electron beam CT",
    source="Erbel et al., Eur Heart J 2014;35:2960-2971, doi:10.1093/eurheartj/ehu288",
)
HNR_AGES = AgeBand(low=45, high=75)
LOWEST = 0.16
"""Share from which on the curve of men is drawn: below it the equation turns up again."""
SAID_FROM = 0.25
"""The lowest share of which the paper gives a score."""
SMALLEST = 1.0
"""Agatston units: what is less, the equation does not tell from 0."""
HIGHEST = 0.90
"""The paper describes the distribution up to the 90th percentile; above, the equation is nearly flat."""
NOTE = "Peers live in the German Ruhr area; the equation was read in a public calculator of the published tool."
_STEPS = 60
"""Halvings of the share: more than a float can tell apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HnrCoefficients:
    """ln(CAC + 1) = a0 + a1 u + a2 u^2, each a = constant + slope * age.

    u is the share P of peers below (women) or P^(-1/4) (men).
    """

    constants: tuple[float, float, float]
    slopes_per_year: tuple[float, float, float]
    power: float

    def at(self, age_years: float) -> tuple[float, float, float]:
        """Give a0, a1 and a2 at an age."""
        first, second, third = (c + s * age_years for c, s in zip(self.constants, self.slopes_per_year, strict=True))
        return first, second, third


_COEFFICIENTS: dict[Sex, HnrCoefficients] = {
    "M": HnrCoefficients(
        constants=(152.9879400, -235.7564940, 86.3033953),
        slopes_per_year=(-1.97467373, 3.27868572, -1.25272424),
        power=-0.25,
    ),
    "F": HnrCoefficients(
        constants=(32.1097384, -118.6890870, 87.7010079),
        slopes_per_year=(-0.55171148, 1.99858374, -1.36557266),
        power=1.0,
    ),
}


def find_hnr_percentile(agatston: float, age_years: float, sex: Sex) -> Percentile:
    """Place a score among Germans of the same sex and exact age.

    Parameters
    ----------
    agatston
        Total Agatston score, 0 or more.
    age_years
        45 to 75.
    sex
        F or M.

    Raises
    ------
    OutOfRangeError
        For another age, or a score that can not be.

    Notes
    -----
    The equation is inverted by bisection between the share from which on it rises (see `hnr_quantile`) and
    0.90. Only a span is given above the 90th percentile, below the 25th, where the curve does not rise, and for scores
    below 1: these span from 0 to where the curve reaches 1. Less than that share have a score of 0.
    """
    require_score(agatston)
    require_age(age_years, HNR_AGES, HNR.title)
    low, high, value = _place(agatston, age_years, sex)
    return Percentile(
        low=low,
        high=high,
        value=value,
        reference=HNR,
        age_band=f"{GROUPS[sex]} of {age_years:g} years",
        note=NOTE,
        share_with_zero=(0.0, high) if agatston == 0 else None,
    )


def hnr_quantile(percent: float, age_years: float, sex: Sex) -> float:
    """Give the Agatston score at a percentile: what curves are drawn with.

    Parameters
    ----------
    percent
        Above 0, up to 100.
    age_years
        45 to 75.
    sex
        F or M.

    Raises
    ------
    OutOfRangeError
        For another age or percentile.

    Notes
    -----
    As printed, the equation turns up again at low shares: it would give women of 45 years a score of over 1,000 at
    the 1st percentile. The curve is therefore held level below its turning point, and below 0.16 anyhow.

    Examples
    --------
    >>> round(hnr_quantile(50, 60, "M"), 1), round(hnr_quantile(50, 60, "F"), 1)
    (45.6, 1.9)
    """
    require_age(age_years, HNR_AGES, HNR.title)
    if not 0 < percent <= 100:
        raise OutOfRangeError(f"percentile {percent:g}; needed: above 0, up to 100")
    share = max(percent / 100, _lowest_share(age_years, sex))
    return math.expm1(max(0.0, _log_score(share, age_years, sex)))


def hnr_curve(percent: float, sex: Sex) -> tuple[tuple[float, float], ...]:
    """Give the points of one percentile over age, for drawing: age in years and Agatston score."""
    ages = range(HNR_AGES.low, HNR_AGES.high + 1)
    return tuple((float(age), hnr_quantile(percent, age, sex)) for age in ages)


def _place(agatston: float, age_years: float, sex: Sex) -> tuple[float, float, float | None]:
    """Give lowest and highest percent, and the value where they are one."""
    lowest, wanted = max(SAID_FROM, _lowest_share(age_years, sex)), math.log1p(agatston)
    share = _share_at(max(wanted, math.log1p(SMALLEST)), age_years, sex)
    if agatston < SMALLEST or share <= lowest:
        return 0.0, 100 * max(lowest, share), None
    if _log_score(HIGHEST, age_years, sex) < wanted:
        return 100 * HIGHEST, 100.0, None
    return 100 * share, 100 * share, 100 * share


def _share_at(log_score: float, age_years: float, sex: Sex) -> float:
    """Find where the rising part of the curve reaches ln(CAC + 1), or its nearer end, by bisection."""
    low, high = _lowest_share(age_years, sex), HIGHEST
    if _log_score(low, age_years, sex) >= log_score:
        return low
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if _log_score(middle, age_years, sex) > log_score else (middle, high)
    return high


def _log_score(share: float, age_years: float, sex: Sex) -> float:
    """Evaluate the equation as printed: ln(CAC + 1), which may be negative."""
    coefficients = _COEFFICIENTS[sex]
    first, second, third = coefficients.at(age_years)
    u = math.pow(share, coefficients.power)
    return first + second * u + third * u**2


def _lowest_share(age_years: float, sex: Sex) -> float:
    """Find the share from which on the curve rises: the turning point of its parabola where that is its bottom."""
    coefficients = _COEFFICIENTS[sex]
    _, second, third = coefficients.at(age_years)
    if third <= 0 or second >= 0:
        return LOWEST
    return max(LOWEST, math.pow(-second / (2 * third), 1 / coefficients.power))
