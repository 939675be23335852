"""What calcium usually does next: it follows its percentile, as in the Heinz Nixdorf Recall study.

Source: Erbel et al., Eur Heart J 2014;35:2960-2971, doi:10.1093/eurheartj/ehu288: five years later the scores of
3,481 people lay about where the percentile of their first score had led to expect; 68.1 % lay within an acceptance
range that holds 20 % by chance.

The acceptance range was read in the code of a public calculator of that tool, not in the paper: from 0.8 p to
p + 0.2 (1 - p) for a first percentile p. Its width is 0.2 whatever p is, which is the paper's 20 % by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vascal.errors import OutOfRangeError
from vascal.risk.percentile import Percentile
from vascal.risk.percentile_hnr import find_hnr_percentile, hnr_quantile
from vascal.risk.profile import Sex

Pace = Literal["slow", "expected", "rapid"]
ACCEPTED = 0.2
"""Width of the acceptance range, in shares of peers."""
LONGEST_YEARS = 10.0
"""The published tool foretells no further (uni-due.de/recall-studie)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """An Agatston score that is expected, and the ends of its acceptance range."""

    low: float
    agatston: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedCourse:
    """The percentile of a first score, to be followed as the patient grows older.

    Parameters
    ----------
    percent
        Percent of peers with a lower score at the first scan.
    age_years, sex
        Of the patient at the first scan.
    """

    percent: float
    age_years: float
    sex: Sex

    def at(self, years: float) -> Expected:
        """Give the score expected some years after the first scan.

        Parameters
        ----------
        years
            0 to 10.

        Raises
        ------
        OutOfRangeError
            If that is too far, or the patient is too old by then.
        """
        if not 0 <= years <= LONGEST_YEARS:
            raise OutOfRangeError(f"{years:.1f} years after the first scan; the tool foretells 0 to {LONGEST_YEARS:g}")
        low, high = (1 - ACCEPTED) * self.percent, self.percent + ACCEPTED * (100 - self.percent)
        scores = (hnr_quantile(percent, self.age_years + years, self.sex) for percent in (low, self.percent, high))
        return Expected(**dict(zip(("low", "agatston", "high"), scores, strict=True)))

    def find_pace(self, agatston: float, years: float) -> Pace:
        """Say whether a later score is below, within or above the acceptance range.

        Raises
        ------
        OutOfRangeError
            As `at`.
        """
        expected = self.at(years)
        if agatston < expected.low:
            return "slow"
        return "rapid" if agatston > expected.high else "expected"


def find_expected_course(agatston: float, age_years: float, sex: Sex) -> ExpectedCourse:
    """Find the percentile that a first score lies on.

    Parameters
    ----------
    agatston
        Total Agatston score at the first scan.
    age_years
        45 to 75, as exact as known.
    sex
        F or M.

    Raises
    ------
    OutOfRangeError
        For another age, and for a score that lies on no single percentile: 0, and above the 90th.
    """
    place = find_hnr_percentile(agatston, age_years, sex)
    if place.value is None:
        raise OutOfRangeError(f"{_say_span(agatston, place)}, and the reference tells no more")
    return ExpectedCourse(percent=place.value, age_years=age_years, sex=sex)


def _say_span(agatston: float, place: Percentile) -> str:
    """Say what is known of a score that lies on no single percentile."""
    if agatston == 0:
        return f"a first score of 0 is what up to {place.high:.0f} % of peers have"
    where = f"above {place.low:.0f}" if place.low else f"among the lowest {place.high:.0f}"
    return f"a first score of {agatston:.4g} lies {where} % of peers"
