"""The percentile of a first score is followed, as the Heinz Nixdorf Recall tool does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import OutOfRangeError
from vascal.risk.expected_course import ExpectedCourse, find_expected_course
from vascal.risk.percentile_hnr import find_hnr_percentile, hnr_quantile
from vascal.risk.profile import Sex

sexes: st.SearchStrategy[Sex] = st.sampled_from(["F", "M"])


@given(st.floats(30, 85), st.floats(50, 65), sexes, st.floats(0, 10))
def test_who_follows_the_percentile_is_as_expected(percent: float, age: float, sex: Sex, years: float) -> None:
    course = ExpectedCourse(percent=percent, age_years=age, sex=sex)
    later = hnr_quantile(percent, age + years, sex)
    assert course.at(years).agatston == pytest.approx(later)
    assert course.find_pace(later, years) == "expected"


@given(st.floats(20, 89), st.floats(50, 65), sexes)
def test_the_percentile_is_that_of_the_first_score(percent: float, age: float, sex: Sex) -> None:
    score = hnr_quantile(percent, age, sex)
    if find_hnr_percentile(score, age, sex).value is None:
        return  # a score of 0, or where the curve is held level
    course = find_expected_course(score, age, sex)
    assert course.percent == find_hnr_percentile(score, age, sex).value
    assert course.at(0.0).agatston == pytest.approx(score, rel=1e-6)


def test_the_acceptance_range_is_a_fifth_of_all_peers_wide() -> None:
    # At the 50th percentile from 0.8 * 50 = 40 to 50 + 0.2 * 50 = 60.
    course = ExpectedCourse(percent=50.0, age_years=60.0, sex="M")
    expected = course.at(5.0)
    assert expected.low == pytest.approx(hnr_quantile(40, 65, "M"))
    assert expected.high == pytest.approx(hnr_quantile(60, 65, "M"))
    assert course.find_pace(expected.low - 0.01, 5.0) == "slow"
    assert course.find_pace(expected.low, 5.0) == "expected"
    assert course.find_pace(expected.high, 5.0) == "expected"
    assert course.find_pace(expected.high + 0.01, 5.0) == "rapid"


@pytest.mark.parametrize("years", [-0.1, 10.1])
def test_the_tool_foretells_ten_years(years: float) -> None:
    with pytest.raises(OutOfRangeError, match="foretells 0 to 10"):
        ExpectedCourse(percent=50.0, age_years=60.0, sex="F").at(years)


def test_nothing_is_foretold_beyond_the_ages_of_the_study() -> None:
    with pytest.raises(OutOfRangeError, match="age"):
        ExpectedCourse(percent=50.0, age_years=72.0, sex="F").at(5.0)
    with pytest.raises(OutOfRangeError, match="age"):
        find_expected_course(100.0, 40.0, "M")


@pytest.mark.parametrize(
    ("score", "span"),
    [(0.0, "a first score of 0 is what up to 25 % of peers have"), (5000.0, "of 5000 lies above 90 % of peers")],
)
def test_a_score_that_lies_on_no_single_percentile_has_no_course(score: float, span: str) -> None:
    with pytest.raises(OutOfRangeError, match=span):
        find_expected_course(score, 60.0, "M")
