"""Arterial age by hand, and where its uncertainty can not be told."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import OutOfRangeError
from vascal.risk.arterial_age import ABOVE, BELOW, NO_UNCERTAINTY, SOURCE, find_arterial_age


@pytest.mark.parametrize(
    ("agatston", "years"), [(0, 39.1), (1, 44.13), (10, 56.48), (100, 72.56), (300, 80.48), (400, 82.56), (1000, 89.19)]
)
def test_the_published_line(agatston: float, years: float) -> None:
    assert find_arterial_age(agatston).years == pytest.approx(years, abs=0.02)
    assert find_arterial_age(agatston).source == SOURCE


def test_the_uncertainty_by_hand() -> None:
    assert find_arterial_age(0).uncertainty_years == pytest.approx(math.sqrt(13.7))
    log_score = math.log(1001)
    variance = 13.7 - 6.5 * log_score + 0.8 * log_score**2
    assert find_arterial_age(1000).uncertainty_years == pytest.approx(math.sqrt(variance))


def test_what_is_under_the_root_is_positive_for_every_score_but_rounding_may_cancel_it() -> None:
    assert 6.5**2 - 4 * 13.7 * 0.8 < 0
    assert [find_arterial_age(score).uncertainty_years is None for score in (29, 31, 57, 198, 200)] == (
        [False, True, True, True, False]
    )
    assert NO_UNCERTAINTY in find_arterial_age(100).notes
    assert find_arterial_age(10).notes == ()


def test_ages_that_no_one_in_the_cohort_had_are_said_to_be_so() -> None:
    assert find_arterial_age(0).notes == (BELOW,)
    assert find_arterial_age(1000).notes == (ABOVE,)


@pytest.mark.parametrize(
    ("agatston", "who"),
    [
        (261, "of a person of 79 years in MESA (arterial age)"),
        (0, "of a person below 45 years, younger than anyone in MESA (arterial age)"),
        (1.10, "of a person below 45 years, younger than anyone in MESA (arterial age)"),  # 44.48
        (1.12, "of a person of 45 years in MESA (arterial age)"),  # 44.55
        (521, "of a person of 84 years in MESA (arterial age)"),  # 84.47
        (525, "of a person above 84 years, older than anyone in MESA (arterial age)"),  # 84.52
        (5000, "of a person above 84 years, older than anyone in MESA (arterial age)"),
    ],
)
def test_it_is_said_as_a_risk_and_not_beyond_the_ages_of_the_cohort(agatston: float, who: str) -> None:
    found = find_arterial_age(agatston)
    assert found.text == f"The coronary risk is that {who}."
    assert (BELOW in found.notes) is ("below" in who)
    assert (ABOVE in found.notes) is ("above" in who)


@given(st.floats(0, 1e5), st.floats(0, 1e5))
def test_more_calcium_is_never_younger(one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert find_arterial_age(less).years <= find_arterial_age(more).years


def test_scores_that_can_not_be_are_refused() -> None:
    with pytest.raises(OutOfRangeError):
        find_arterial_age(-0.1)
