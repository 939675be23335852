"""Percentiles of 35,246 Americans who paid for a calcium scan (Hoff 2001), by sex and age.

Source: Hoff et al., Am J Cardiol 2001;87:1335-1339, doi:10.1016/s0002-9149(01)01548-x. Asymptomatic,
self-referred, 30 to 90 years of age, electron beam CT, 1993 to 1999; known coronary disease left out.
The table is also printed in several public calculators, and they agree with each other.
"""

from __future__ import annotations

from types import MappingProxyType

from vascal.errors import OutOfRangeError
from vascal.risk.percentile import (
    GROUPS,
    AgeBand,
    Percentile,
    PercentileReference,
    Quantiles,
    find_percentile_among,
    require_age,
)
from vascal.risk.profile import Sex

HOFF = PercentileReference(
    name="hoff-2001",
    title="Hoff 2001",
    population="35,246 self-referred asymptomatic Americans of 30 to 90 years, electron beam CT",
    source="Hoff et al., Am J Cardiol 2001;87:1335-1339, doi:10.1016/s0002-9149(01)01548-x",
)
HOFF_AGES = AgeBand(low=30, high=90)
HOFF_PERCENTS = (25.0, 50.0, 75.0, 90.0)
NOTE = "Peers referred themselves and were scanned by electron beam CT; ethnicity is not told apart."

_BANDS = tuple(
    AgeBand(low=low, high=high)
    for low, high in ((30, 39), (40, 44), (45, 49), (50, 54), (55, 59), (60, 64), (65, 69), (70, 74), (75, 90))
)
"""The paper's "<40" begins with its youngest, 30, and ">74" ends with its oldest, 90."""
_SCORES: MappingProxyType[Sex, tuple[tuple[int, int, int, int], ...]] = MappingProxyType(
    {
        "M": (
            (0, 1, 3, 14),
            (0, 1, 9, 59),
            (0, 3, 36, 154),
            (1, 15, 103, 332),
            (4, 48, 215, 554),
            (13, 113, 410, 994),
            (32, 180, 566, 1299),
            (64, 310, 892, 1774),
            (166, 473, 1071, 1982),
        ),
        "F": (
            (0, 0, 1, 3),
            (0, 0, 1, 4),
            (0, 0, 2, 22),
            (0, 0, 5, 55),
            (0, 1, 23, 121),
            (0, 3, 57, 193),
            (1, 24, 145, 410),
            (3, 52, 210, 631),
            (9, 75, 241, 709),
        ),
    }
)
"""Agatston scores at `HOFF_PERCENTS`, one row a band."""


def find_hoff_percentile(agatston: float, age_years: float, sex: Sex) -> Percentile:
    """Place a score among self-referred Americans of the same sex and age band.

    Parameters
    ----------
    agatston
        Total Agatston score, 0 or more.
    age_years
        30 to 90.
    sex
        F or M.

    Raises
    ------
    OutOfRangeError
        For another age, or a score that can not be.

    Notes
    -----
    Linear in ln(CAC + 1) between the 25th, 50th, 75th and 90th percentile of the band; no interpolation
    between bands, so the place of one score steps at a birthday. Below the lowest positive quantile and
    above the 90th percentile only a span is given, and of a score of 0 how many share it.

    Examples
    --------
    >>> find_hoff_percentile(250, 55, "M").text, find_hoff_percentile(0, 52, "F").text
    ('77th percentile', '0, as at least 50 % of them have')
    """
    band = _band_of(age_years)
    quantiles = hoff_quantiles(age_years, sex)
    return find_percentile_among(
        agatston, quantiles, reference=HOFF, age_band=f"{GROUPS[sex]} of {band} years", note=NOTE
    )


def hoff_quantiles(age_years: float, sex: Sex) -> Quantiles:
    """Give percent and Agatston score of the band that covers an age.

    Raises
    ------
    OutOfRangeError
        Outside 30 to 90 years.

    Examples
    --------
    >>> hoff_quantiles(47, "F")
    ((25.0, 0.0), (50.0, 0.0), (75.0, 2.0), (90.0, 22.0))
    """
    row = _BANDS.index(_band_of(age_years))
    return tuple(zip(HOFF_PERCENTS, map(float, _SCORES[sex][row]), strict=True))


def hoff_curve(percent: float, sex: Sex) -> tuple[tuple[float, float], ...]:
    """Give the points of one percentile over age, for drawing: age in years and Agatston score.

    Two points a band, at its ends: the table knows no slope within a band.

    Raises
    ------
    OutOfRangeError
        If it is none of the percentiles of the table.
    """
    if percent not in HOFF_PERCENTS:
        known = ", ".join(f"{known:g}" for known in HOFF_PERCENTS)
        raise OutOfRangeError(f"percentile {percent:g}; {HOFF.title} has {known}")
    column = HOFF_PERCENTS.index(percent)
    rows = zip(_BANDS, _SCORES[sex], strict=True)
    return tuple((float(age), float(row[column])) for band, row in rows for age in (band.low, band.high + 1))


def _band_of(age_years: float) -> AgeBand:
    require_age(age_years, HOFF_AGES, HOFF.title)
    return next(band for band in _BANDS if band.covers(age_years))
