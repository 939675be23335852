"""Has coronary calcium changed by more than two scans of an unchanged patient differ?

Sources:

* MESA: Chung et al., AJR 2008;190:W87-92, doi:10.2214/AJR.07.2726 (PMID 18212206): upper 95 % limits of the
  difference of two scans, by quantile regression on 3,380 people with calcium; change is what exceeds the limit *at
  the earlier score*. Of 6,742 pairs of scans, 4.1 % disagreed whether there is calcium.
* Sevrukov et al., AJR 2005;185:1546-1553, doi:10.2214/AJR.04.1589: 2,217 pairs; also says what a person without
  calcium must exceed. MESA's limit at scores of a few units is below that, which can not be meant: there the larger
  of the two decides.
* Square root: Hokanson et al., AJR 2004;182:1327-1332, doi:10.2214/ajr.182.5.1821327, of the volume. Others apply
  the same 2.5 to the Agatston score, such as Lee et al., PLoS ONE 2021;16:e0248884,
  doi:10.1371/journal.pone.0248884.
* More than 15 % a year: Raggi et al., Arterioscler Thromb Vasc Biol 2004;24:1272-1277 (PMID 15059806), who found it
  to go with first myocardial infarctions under statins.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from types import MappingProxyType
from typing import Literal

from vascal.calcium.categories import MEAN_BMI, limit_of_repeat
from vascal.errors import ImpossibleInputError, MissingInputError

Direction = Literal["increase", "decrease", "none"]
RuleName = Literal[
    "mesa-agatston", "mesa-volume", "sevrukov-agatston", "sevrukov-zero", "sevrukov-volume", "root-volume",
    "root-agatston", "percent",
]  # fmt: skip

CHUNG = "Chung et al., AJR 2008;190:W87-92, doi:10.2214/AJR.07.2726"
SEVRUKOV = "Sevrukov et al., AJR 2005;185:1546-1553, doi:10.2214/AJR.04.1589"
SOURCES: Mapping[RuleName, str] = MappingProxyType(
    {
        "mesa-agatston": CHUNG,
        "mesa-volume": CHUNG,
        "sevrukov-agatston": SEVRUKOV,
        "sevrukov-zero": SEVRUKOV,
        "sevrukov-volume": SEVRUKOV,
        "root-volume": "Hokanson et al., AJR 2004;182:1327-1332, doi:10.2214/ajr.182.5.1821327",
        "root-agatston": "variant of Hokanson's rule: Lee et al., PLoS ONE 2021;16:e0248884",
        "percent": "Raggi et al., Arterioscler Thromb Vasc Biol 2004;24:1272-1277 (PMID 15059806)",
    }
)
DAYS_A_YEAR = 365.25
DISCORDANT_ZERO_PERCENT = 4.1
"""Share of pairs of scans in MESA that disagree whether there is any calcium, %."""
ZERO_LIMIT_AGATSTON, ZERO_LIMIT_MM3 = 11.6, 9.5
"""What a second scan must exceed after a score of 0 (Sevrukov 2005)."""
ROOT_AGATSTON, ROOT_MM3 = 4.930, 3.445
"""Least detectable change over the square root of the earlier score (Sevrukov 2005)."""
ROOT_STEP = 2.5
SHORTEST_DAYS = 180
"""A judgement: over a shorter time nothing is put per year, as that multiplies what is chance."""
FAST_PERCENT_A_YEAR = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanTotal:
    """What one scan of a series adds up to.

    Parameters
    ----------
    on
        Day of the scan.
    agatston
        Total Agatston score.
    volume_mm3
        Total volume after isotropic interpolation, as the published limits were made with, mm3.
    bmi
        Body mass index on that day, kg/m2, if known.

    Raises
    ------
    ImpossibleInputError
        If a total is negative or no number.
    """

    on: date
    agatston: float
    volume_mm3: float
    bmi: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("Agatston score", self.agatston), ("volume", self.volume_mm3)):
            if not 0 <= value < math.inf:
                raise ImpossibleInputError(f"a total {name} of {value:g}; needed: 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleAnswer:
    """What one published rule says of a change.

    Parameters
    ----------
    rule
        Stable short name.
    value
        The change as the rule measures it.
    limit
        What its size must exceed, or reach for the square roots.
    direction
        ``none``: no more than chance explains.
    """

    rule: RuleName
    value: float
    limit: float
    direction: Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """From one scan to a later one.

    Parameters
    ----------
    earlier, later
        The totals.
    years
        Between them.
    agatston, volume_mm3
        Later less earlier, Agatston units and mm3.
    agatston_per_year, volume_mm3_per_year
        The same divided by the years; None if the scans are less than 180 days apart, as the next two.
    percent_per_year
        Of the earlier Agatston score, not compounded; None if that was 0.
    compound_percent_per_year
        The yearly growth that leads from one score to the other; None if either is 0.
    limit
        What the Agatston score may differ by chance alone: the larger of MESA's limit at the earlier score and
        Sevrukov's after 0.
    direction
        Whether the Agatston score changed by more than that.
    is_incident
        Calcium now, none before.
    bmi, bmi_is_assumed
        Body mass index in the limit, kg/m2, and whether it was assumed.
    answers
        Of each published rule that applies, the first being the one that `direction` is by.
    """

    earlier: ScanTotal
    later: ScanTotal
    years: float
    agatston: float
    volume_mm3: float
    agatston_per_year: float | None
    volume_mm3_per_year: float | None
    percent_per_year: float | None
    compound_percent_per_year: float | None
    limit: float
    direction: Direction
    is_incident: bool
    bmi: float
    bmi_is_assumed: bool
    answers: tuple[RuleAnswer, ...]

    @property
    def is_short(self) -> bool:
        """Whether the scans are too close to put the change per year."""
        return (self.later.on - self.earlier.on).days < SHORTEST_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Progression:
    """A series of scans: from each to the next, and from the first to the last."""

    steps: tuple[Change, ...]
    overall: Change

    @property
    def hidden_steps(self) -> tuple[Change, ...]:
        """Steps beyond chance that first and last scan alone do not show."""
        return tuple(step for step in self.steps if step.direction not in ("none", self.overall.direction))


def assess_progression(totals: Sequence[ScanTotal]) -> Progression:
    """Say how calcium changed over a series of scans of one patient.

    Parameters
    ----------
    totals
        Two or more, in order of their days.

    Raises
    ------
    MissingInputError
        If there are fewer than two scans.
    ImpossibleInputError
        If two are of one day or they are not in order.
    """
    if len(totals) < 2:
        raise MissingInputError(f"a change needs two scans or more; found {len(totals)}")
    steps = tuple(assess_change(one, two) for one, two in pairwise(totals))
    return Progression(steps=steps, overall=assess_change(totals[0], totals[-1]))


def assess_change(earlier: ScanTotal, later: ScanTotal) -> Change:
    """Say how calcium changed from one scan to another, and whether chance alone explains it.

    Raises
    ------
    ImpossibleInputError
        If the later scan is not of a later day.
    """
    days = (later.on - earlier.on).days
    years = days / DAYS_A_YEAR
    if days <= 0:
        raise ImpossibleInputError("two scans of one day, or in the wrong order; needed: scans of different days")
    change, volume = later.agatston - earlier.agatston, later.volume_mm3 - earlier.volume_mm3
    known = earlier.bmi if earlier.bmi is not None else later.bmi
    bmi = MEAN_BMI if known is None else known
    answers = tuple(_ask(earlier, later, bmi, years))
    a_year = None if days < SHORTEST_DAYS else 1 / years
    return Change(
        earlier=earlier,
        later=later,
        years=years,
        agatston=change,
        volume_mm3=volume,
        agatston_per_year=None if a_year is None else change * a_year,
        volume_mm3_per_year=None if a_year is None else volume * a_year,
        percent_per_year=None if a_year is None or not earlier.agatston else 100 * change / earlier.agatston * a_year,
        compound_percent_per_year=None if a_year is None else _compound(earlier.agatston, later.agatston, a_year),
        limit=answers[0].limit,
        direction=answers[0].direction,
        is_incident=earlier.agatston == 0 < later.agatston,
        bmi=bmi,
        bmi_is_assumed=known is None,
        answers=answers,
    )


def limit_by_chance(agatston: float, bmi: float | None = None) -> float:
    """Give what a second scan may differ from this Agatston score by chance alone, 95 %.

    Parameters
    ----------
    agatston
        Total score of the first scan.
    bmi
        Body mass index, kg/m2; 28 if not known.

    Examples
    --------
    >>> limit_by_chance(0), round(limit_by_chance(100, 28.0), 2)
    (11.6, 67.38)
    """
    return max(ZERO_LIMIT_AGATSTON, limit_of_repeat(agatston, bmi).agatston if agatston else 0.0)


def volume_limit_of_repeat(volume_mm3: float, bmi: float) -> float:
    """Give the upper 95 % limit of interscan variability of the volume in MESA, mm3.

    0.16 V + 4.30 sqrt(V) + 0.23 BMI - 5.00, not below 0 (Chung 2008).

    Examples
    --------
    >>> round(volume_limit_of_repeat(100.0, 28.0), 2)
    60.44
    """
    return max(0.0, 0.16 * volume_mm3 + 4.30 * math.sqrt(volume_mm3) + 0.23 * bmi - 5.00)


def _compound(earlier: float, later: float, a_year: float) -> float | None:
    """Give the yearly growth, %; a very small first score may make it too large for a number."""
    if earlier <= 0 or later <= 0:
        return None
    exponent = (math.log(later) - math.log(earlier)) * a_year
    return 100 * math.expm1(exponent) if exponent < 50 else None


def _ask(earlier: ScanTotal, later: ScanTotal, bmi: float, years: float) -> Iterator[RuleAnswer]:
    """Ask each rule that applies; the one that decides comes first."""
    score, volume = later.agatston - earlier.agatston, later.volume_mm3 - earlier.volume_mm3
    if earlier.agatston > 0:
        mesa = limit_of_repeat(earlier.agatston, bmi).agatston
        if mesa < ZERO_LIMIT_AGATSTON:
            yield _exceeds("sevrukov-zero", score, ZERO_LIMIT_AGATSTON)
        yield _exceeds("mesa-agatston", score, mesa)
        yield _exceeds("mesa-volume", volume, volume_limit_of_repeat(earlier.volume_mm3, bmi))
        yield _exceeds("sevrukov-agatston", score, ROOT_AGATSTON * math.sqrt(earlier.agatston))
        yield _exceeds("sevrukov-volume", volume, ROOT_MM3 * math.sqrt(earlier.volume_mm3))
    else:
        yield _exceeds("sevrukov-zero", score, ZERO_LIMIT_AGATSTON)
        yield _exceeds("sevrukov-volume", volume, ZERO_LIMIT_MM3)
    yield _reaches("root-volume", math.sqrt(later.volume_mm3) - math.sqrt(earlier.volume_mm3))
    yield _reaches("root-agatston", math.sqrt(later.agatston) - math.sqrt(earlier.agatston))
    if earlier.agatston > 0 and (later.on - earlier.on).days >= SHORTEST_DAYS:
        rate = 100 * score / earlier.agatston / years
        rises: Direction = "increase" if rate > FAST_PERCENT_A_YEAR else "none"
        yield RuleAnswer(rule="percent", value=rate, limit=FAST_PERCENT_A_YEAR, direction=rises)


def _exceeds(rule: RuleName, value: float, limit: float) -> RuleAnswer:
    direction: Direction = "none" if abs(value) <= limit else "increase" if value > 0 else "decrease"
    return RuleAnswer(rule=rule, value=value, limit=limit, direction=direction)


def _reaches(rule: RuleName, value: float) -> RuleAnswer:
    direction: Direction = "none" if abs(value) < ROOT_STEP else "increase" if value > 0 else "decrease"
    return RuleAnswer(rule=rule, value=value, limit=ROOT_STEP, direction=direction)
