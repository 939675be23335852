"""The equation of the Heinz Nixdorf Recall study, and what the paper prints of the same people."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import OutOfRangeError
from vascal.risk.percentile_hnr import (
    HIGHEST,
    HNR,
    SAID_FROM,
    SMALLEST,
    find_hnr_percentile,
    hnr_curve,
    hnr_quantile,
)
from vascal.risk.percentile_hoff import find_hoff_percentile

SEXES = st.sampled_from(["F", "M"])
PUBLISHED = {"M": {25: 2.3, 50: 41.0, 75: 192.6, 90: 557.0}, "F": {50: 1.0, 75: 24.5, 90: 139.8}}
"""Baseline percentiles of all ages together, header of the paper's baseline table."""


@pytest.mark.parametrize("sex", ["F", "M"])
def test_over_the_ages_of_the_study_the_curves_give_the_published_percentiles(sex) -> None:  # type: ignore[no-untyped-def]
    ages = np.arange(45, 76)
    weights = np.exp(-(((ages - 59) / 7.6) ** 2) / 2)  # the cohort's mean age and standard deviation
    shares = np.arange(0.25, 100, 0.5).tolist()
    scores = np.array([[hnr_quantile(share, age, sex) for share in shares] for age in ages.tolist()])
    order = np.argsort(scores, axis=None)
    below = np.cumsum(np.repeat(weights, len(shares))[order]) / (weights.sum() * len(shares))
    for percent, published in PUBLISHED[sex].items():
        found = scores.ravel()[order][np.searchsorted(below, percent / 100)]
        assert math.log1p(found) == pytest.approx(math.log1p(published), abs=0.25), percent


def test_a_man_and_a_woman_of_60_by_hand() -> None:
    first, second, third = 152.98794 - 1.97467373 * 60, -235.756494 + 3.27868572 * 60, 86.3033953 - 1.25272424 * 60
    assert math.log1p(hnr_quantile(75, 60, "M")) == pytest.approx(first + second / 0.75**0.25 + third / 0.75**0.5)
    first, second, third = 32.1097384 - 0.55171148 * 60, -118.689087 + 1.99858374 * 60, 87.7010079 - 1.36557266 * 60
    assert math.log1p(hnr_quantile(75, 60, "F")) == pytest.approx(first + second * 0.75 + third * 0.75**2)


@given(st.floats(45, 75.9), st.floats(0.1, 100), st.floats(0.1, 100), SEXES)
def test_curves_never_fall(age, one, other, sex) -> None:  # type: ignore[no-untyped-def]
    less, more = sorted((one, other))
    assert hnr_quantile(less, age, sex) <= hnr_quantile(more, age, sex) + 1e-9


@given(st.floats(45, 75.9), st.floats(16, 90), SEXES)
def test_a_percentile_is_found_again_from_its_score(age, percent, sex) -> None:  # type: ignore[no-untyped-def]
    score = hnr_quantile(percent, age, sex)
    found = find_hnr_percentile(score, age, sex)
    if found.value is None:
        assert found.low - 1e-6 <= percent <= found.high + 1e-6
    else:
        assert hnr_quantile(found.value, age, sex) == pytest.approx(score, rel=1e-6, abs=1e-6)


@given(st.floats(0, 5000), st.floats(0, 5000), st.floats(45, 75.9), SEXES)
def test_more_calcium_never_lowers_the_place(one, other, age, sex) -> None:  # type: ignore[no-untyped-def]
    less, more = (find_hnr_percentile(score, age, sex) for score in sorted((one, other)))
    assert less.low <= more.low + 1e-9
    assert less.high <= more.high + 1e-9


def test_where_the_printed_equation_turns_up_the_curve_is_level() -> None:
    # As printed, a woman of 45 at the 1st percentile: 7.2827 - 0.2875 + 0.0026, a score above 1,000
    assert hnr_quantile(1, 45, "F") == 0
    assert hnr_quantile(1, 55, "F") == hnr_quantile(30, 55, "F") == pytest.approx(0.27, abs=0.01)
    assert hnr_quantile(10, 70, "M") == hnr_quantile(16, 70, "M")


def test_little_and_much_calcium_are_spans() -> None:
    assert find_hnr_percentile(1, 70, "M").text == "up to the 25th percentile"
    assert find_hnr_percentile(5000, 70, "M").text == "above the 90th percentile"
    at_90 = find_hnr_percentile(hnr_quantile(90, 70, "M") * 0.9999, 70, "M")
    assert at_90.value == pytest.approx(100 * HIGHEST, abs=0.1)
    assert at_90.reference == HNR
    assert at_90.age_band == "men of 70 years"


@pytest.mark.parametrize(
    ("age", "sex", "text"),
    [
        (70, "M", "0, which fewer than 25 % of them have"),
        (47, "M", "0, which fewer than 39 % of them have"),
        (60, "F", "0, which fewer than 45 % of them have"),
        (52, "F", "0, which fewer than 63 % of them have"),
    ],
)
def test_a_score_of_zero_is_said_with_the_most_who_may_share_it(age, sex, text) -> None:  # type: ignore[no-untyped-def]
    found = find_hnr_percentile(0, age, sex)
    assert found.text == text
    assert found.share_with_zero == (0, found.high)
    assert (found.low, found.value) == (0, None)


@given(st.floats(45, 75.9), SEXES)
def test_no_percentile_is_said_where_the_curve_was_cut(age, sex) -> None:  # type: ignore[no-untyped-def]
    # As printed the curve turns up at low shares; what it gives there, or below a score of 1, is no percentile.
    most = find_hnr_percentile(0, age, sex).high
    assert most >= 100 * SAID_FROM == 25
    assert hnr_quantile(most + 0.01, age, sex) >= SMALLEST
    for agatston in (0.01, 0.99):
        found = find_hnr_percentile(agatston, age, sex)
        assert (found.low, found.high, found.value, found.share_with_zero) == (0, most, None, None)


@pytest.mark.parametrize(("sex", "with_calcium"), [("M", 82.3), ("F", 55.2)])
def test_no_fewer_may_share_a_zero_than_did_in_the_study(sex, with_calcium) -> None:  # type: ignore[no-untyped-def]
    # Erbel et al., Dtsch Arztebl 2008;105:1-8: calcium in 82.3 % of men and 55.2 % of women
    ages = np.arange(45, 76)
    weights = np.exp(-(((ages - 59) / 7.6) ** 2) / 2)  # the cohort's mean age and standard deviation
    most = np.array([find_hnr_percentile(0, age, sex).high for age in ages.tolist()])
    assert 0 <= (most * weights).sum() / weights.sum() - (100 - with_calcium) < 10


@given(st.floats(45, 75.9), SEXES)
def test_both_references_can_be_true_of_a_zero(age, sex) -> None:  # type: ignore[no-untyped-def]
    american, german = (find(0, age, sex).share_with_zero for find in (find_hoff_percentile, find_hnr_percentile))
    assert american is not None
    assert german is not None
    assert american[0] < german[1]


def test_other_ages_scores_and_percentiles_are_refused() -> None:
    with pytest.raises(OutOfRangeError, match="age of 44 years; Heinz Nixdorf Recall is for 45 to 75"):
        find_hnr_percentile(10, 44, "F")
    with pytest.raises(OutOfRangeError, match="Agatston"):
        find_hnr_percentile(-1, 50, "F")
    for percent in (0, 100.1):
        with pytest.raises(OutOfRangeError, match="needed: above 0, up to 100"):
            hnr_quantile(percent, 50, "F")


def test_a_curve_has_a_point_a_year() -> None:
    curve = hnr_curve(75, "F")
    assert [age for age, _ in curve] == list(range(45, 76))
    assert curve[15] == (60, hnr_quantile(75, 60, "F"))


@pytest.mark.parametrize(
    ("sex", "age", "agatston", "american", "german"),
    [
        ("M", 55, 100, "62nd", "70th"),
        ("M", 65, 100, "41st", "50th"),
        ("M", 65, 400, "67th", "76th"),
        ("F", 55, 100, "88th", "above the 90th"),
        ("F", 65, 100, "70th", "81st"),
        ("F", 70, 20, "41st", "57th"),
    ],
)
def test_the_documented_comparison_of_both_references(sex, age, agatston, american, german) -> None:  # type: ignore[no-untyped-def]
    assert find_hoff_percentile(agatston, age, sex).text == f"{american} percentile"
    assert find_hnr_percentile(agatston, age, sex).text == f"{german} percentile"
