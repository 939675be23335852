"""Where a calcium score stands among people of the same age and sex, whatever reference is asked.

A published table gives scores at a few percentiles. Between two of them the place is
linear in ln(CAC + 1); outside them the honest answer is a span. A score of 0 has no
percentile: nobody has less, and many have the same. How many is what is said of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vascal.errors import OutOfRangeError
from vascal.risk.profile import Sex

Quantiles = tuple[tuple[float, float], ...]
"""Percent below, and the Agatston score there; both rise."""
GROUPS: dict[Sex, str] = {"F": "women", "M": "men"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PercentileReference:
    """Whom a score is compared with.

    Parameters
    ----------
    name
        Stable short name with the year, such as ``hoff-2001``.
    title
        For people.
    population
        Who was scanned, and how they came to be.
    source
        Paper with DOI, or where a user's table came from.
    """

    name: str
    title: str
    population: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeBand:
    """Whole years of age, both included: someone of 54.9 years is 54.

    Examples
    --------
    >>> AgeBand(low=50, high=54).covers(54.9), AgeBand(low=50, high=54).covers(55), str(AgeBand(low=50, high=54))
    (True, False, '50-54')
    """

    low: int
    high: int

    def __str__(self) -> str:
        """Write it as tables do: ``50-54``."""
        return f"{self.low}-{self.high}"

    def covers(self, age_years: float) -> bool:
        """Tell whether someone of this age is compared within this band."""
        return bool(self.low <= age_years < self.high + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentile:
    """Where a score stands: a value, or a span where the reference does not tell more.

    Parameters
    ----------
    low, high
        Lowest and highest percentile that the score may have, 0 to 100; equal where there is a value. For a score of 0
        from 0, for nobody has less, to the most peers who may share it.
    value
        Percent of peers with a lower score, unrounded; None where only the span is known.
    reference
        Whom it is compared with.
    age_band
        Sex and age of these peers, in words.
    note
        What a reader should know of this answer; may be empty.
    share_with_zero
        Of a score of 0 only: percent of peers who have 0 as well, at least, and less than; None for any calcium.
    """

    low: float
    high: float
    value: float | None
    reference: PercentileReference
    age_band: str
    note: str = ""
    share_with_zero: tuple[float, float] | None = None

    @property
    def is_zero(self) -> bool:
        """Whether the score is 0: then `share_text` says more than a percentile could."""
        return self.share_with_zero is not None

    @property
    def share_text(self) -> str:
        """How many peers share a score of 0: ``at least 50 %``, ``fewer than 25 %``; empty for any calcium."""
        if self.share_with_zero is None:
            return ""
        least, most = self.share_with_zero
        return f"at least {math.floor(least)} %" if least > 0 else f"fewer than {math.ceil(most)} %"

    @property
    def text(self) -> str:
        """The place in words, percent rounded to whole numbers."""
        if self.share_with_zero is not None:
            return f"0, {'as' if self.share_with_zero[0] > 0 else 'which'} {self.share_text} of them have"
        if self.value is not None:
            return f"{write_ordinal(self.value)} percentile"
        if self.low == 0:
            return f"up to the {write_ordinal(self.high)} percentile"
        if self.high == 100:
            return f"above the {write_ordinal(self.low)} percentile"
        return f"between the {write_ordinal(self.low)} and the {write_ordinal(self.high)} percentile"


def find_percentile_among(
    agatston: float, quantiles: Quantiles, *, reference: PercentileReference, age_band: str, note: str = ""
) -> Percentile:
    """Place a score among the quantiles of its peers.

    Parameters
    ----------
    agatston
        Total Agatston score.
    quantiles
        Of the peers: percent and Agatston score, by rising percent.
    reference, age_band, note
        Go into the answer as they are.

    Raises
    ------
    OutOfRangeError
        If the score is negative or not a number.

    Notes
    -----
    A score of 0 is shared by at least the highest percentile whose score is 0, and by less than the next one. A
    positive score below the lowest positive quantile, or above the highest quantile, is a span; so is
    one that several percentiles share. Elsewhere: linear in ln(CAC + 1).
    """
    require_score(agatston)
    share = _share_with_zero(quantiles) if agatston == 0 else None
    low, high, value = _place(agatston, quantiles) if share is None else (0.0, share[1], None)
    return Percentile(
        low=low, high=high, value=value, reference=reference, age_band=age_band, note=note, share_with_zero=share
    )


def require_score(agatston: float) -> None:
    """Refuse what can not be an Agatston score.

    Raises
    ------
    OutOfRangeError
        If it is negative, infinite or not a number.
    """
    if not 0 <= agatston < math.inf:
        raise OutOfRangeError(f"an Agatston score of {agatston:g}; needed: 0 or more")


def require_age(age_years: float, band: AgeBand, title: str) -> None:
    """Refuse an age for which a reference has no peers.

    Raises
    ------
    OutOfRangeError
        Naming the age and the range.
    """
    if not band.covers(age_years):
        raise OutOfRangeError(f"age of {age_years:g} years; {title} is for {band.low} to {band.high} years")


def write_ordinal(percent: float) -> str:
    """Write a percentile as an ordinal number.

    Examples
    --------
    >>> [write_ordinal(p) for p in (1, 2.4, 11, 12, 63, 90)]
    ['1st', '2nd', '11th', '12th', '63rd', '90th']
    """
    number = round(percent)
    last = number % 10 if number // 10 % 10 != 1 else 0
    return f"{number}{('th', 'st', 'nd', 'rd')[last] if last <= 3 else 'th'}"


def _share_with_zero(quantiles: Quantiles) -> tuple[float, float]:
    """Give the percent of peers without calcium, at least, and less than."""
    least = max((percent for percent, score in quantiles if score == 0), default=0.0)
    return least, min((percent for percent, score in quantiles if score > 0), default=100.0)


def _place(agatston: float, quantiles: Quantiles) -> tuple[float, float, float | None]:
    """Give lowest and highest percent of a score above 0, and the value where they are one."""
    same = [percent for percent, score in quantiles if score == agatston]
    if same:
        return same[0], same[-1], same[0] if len(same) == 1 else None
    under = max((pair for pair in quantiles if pair[1] < agatston), default=(0.0, 0.0))
    over = min((pair for pair in quantiles if pair[1] > agatston), default=(100.0, math.inf))
    if under[1] == 0 or over[1] == math.inf:
        return under[0], over[0], None
    value = float(np.interp(math.log1p(agatston), np.log1p([under[1], over[1]]), [under[0], over[0]]))
    return value, value, value
