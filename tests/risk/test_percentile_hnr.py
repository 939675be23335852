"""The equation of the Heinz Nixdorf Recall study, and what the paper prints of the same people."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import OutOfRangeError
from vascal.risk.percentile_hnr import HIGHEST, HNR, find_hnr_percentile, hnr_curve, hnr_quantile
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


def test_zero_and_little_and_much_calcium_are_spans() -> None:
    zero = find_hnr_percentile(0, 60, "F")
    assert (zero.low, zero.value) == (0, None)
    assert hnr_quantile(zero.high - 0.1, 60, "F") == 0 < hnr_quantile(zero.high + 0.1, 60, "F")
    assert find_hnr_percentile(0, 70, "M").text == "up to the 16th percentile"
    assert find_hnr_percentile(1, 70, "M").text == "up to the 16th percentile"
    assert find_hnr_percentile(5000, 70, "M").text == "above the 90th percentile"
    at_90 = find_hnr_percentile(hnr_quantile(90, 70, "M") * 0.9999, 70, "M")
    assert at_90.value == pytest.approx(100 * HIGHEST, abs=0.1)
    assert at_90.reference == HNR
    assert at_90.age_band == "men of 70 years"


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
