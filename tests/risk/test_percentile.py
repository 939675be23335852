"""A score among quantiles: a value where two positive quantiles hold it, a span elsewhere."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import OutOfRangeError
from vascal.risk.percentile import (
    AgeBand,
    Percentile,
    PercentileReference,
    Quantiles,
    find_percentile_among,
    require_age,
    write_ordinal,
)

REFERENCE = PercentileReference(name="a-2000", title="A", population="some", source="none")
QUANTILES = ((25.0, 0.0), (50.0, 0.0), (75.0, 5.0), (90.0, 55.0))


def place(agatston: float, quantiles: Quantiles = QUANTILES) -> Percentile:
    return find_percentile_among(agatston, quantiles, reference=REFERENCE, age_band="people", note="a note")


@pytest.mark.parametrize(
    ("agatston", "low", "high", "value", "text"),
    [
        (0, 0, 75, None, "0, as at least 50 % of them have"),
        (0.5, 50, 75, None, "between the 50th and the 75th percentile"),
        (5, 75, 75, 75, "75th percentile"),
        (55, 90, 90, 90, "90th percentile"),
        (55.1, 90, 100, None, "above the 90th percentile"),
    ],
)
def test_spans_and_values_at_each_boundary(agatston, low, high, value, text) -> None:  # type: ignore[no-untyped-def]
    found = place(agatston)
    assert (found.low, found.high, found.value, found.text) == (low, high, value, text)
    assert (found.reference, found.age_band, found.note) == (REFERENCE, "people", "a note")


def test_between_two_positive_quantiles_the_place_is_linear_in_the_logarithm() -> None:
    halfway = math.sqrt(6 * 56) - 1  # ln(CAC + 1) halfway between 5 and 55
    assert place(halfway).value == pytest.approx(82.5)


POSITIVE = ((25.0, 4.0), (50.0, 48.0))


@pytest.mark.parametrize(
    ("quantiles", "share", "text"),
    [
        (QUANTILES, (50, 75), "at least 50 %"),
        (((25.0, 0.0), (50.0, 1.0)), (25, 50), "at least 25 %"),
        (POSITIVE, (0, 25), "fewer than 25 %"),
        (((50.0, 0.0), (75.0, 0.0)), (75, 100), "at least 75 %"),
        (((12.5, 0.0), (37.5, 1.0)), (12.5, 37.5), "at least 12 %"),
        (((12.5, 1.0), (37.5, 9.0)), (0, 12.5), "fewer than 13 %"),
    ],
)
def test_a_score_of_zero_is_told_by_how_many_share_it(quantiles, share, text) -> None:  # type: ignore[no-untyped-def]
    found = place(0, quantiles)
    assert (found.is_zero, found.share_with_zero, found.share_text) == (True, share, text)
    assert (found.low, found.high, found.value) == (0, share[1], None)
    assert text in found.text
    assert "percentile" not in found.text


def test_any_calcium_is_no_zero() -> None:
    for agatston in (0.1, 5, 500):
        found = place(agatston)
        assert (found.is_zero, found.share_with_zero, found.share_text) == (False, None, "")


def test_below_the_lowest_quantile_a_score_is_a_span() -> None:
    found = place(3, POSITIVE)
    assert (found.low, found.high, found.value, found.text) == (0, 25, None, "up to the 25th percentile")


def test_a_score_that_percentiles_share_is_a_span() -> None:
    tied = ((25.0, 1.0), (50.0, 1.0), (75.0, 9.0))
    assert (place(1, tied).low, place(1, tied).high, place(1, tied).value) == (25, 50, None)
    assert place(3, tied).low > 50


@given(st.floats(0, 5000), st.floats(0, 5000))
def test_more_calcium_never_lowers_the_place(one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert place(less).low <= place(more).low
    assert place(less).high <= place(more).high


@given(st.floats(0, 5000))
def test_a_value_lies_within_its_span(agatston: float) -> None:
    found = place(agatston)
    assert 0 <= found.low <= found.high <= 100
    assert found.value is None or found.low == found.value == found.high


@pytest.mark.parametrize("agatston", [-1, math.nan, math.inf])
def test_a_score_that_can_not_be_is_refused(agatston: float) -> None:
    with pytest.raises(OutOfRangeError, match="needed: 0 or more"):
        place(agatston)


def test_an_age_belongs_to_the_band_of_its_whole_years() -> None:
    band = AgeBand(low=45, high=54)
    assert [band.covers(age) for age in (44.9, 45, 54.99, 55)] == [False, True, True, False]
    require_age(54.99, band, "A")
    with pytest.raises(OutOfRangeError, match="age of 55 years; A is for 45 to 54 years"):
        require_age(55, band, "A")


def test_ordinals_are_spelt_as_in_english() -> None:
    assert [write_ordinal(p) for p in (0, 1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 100)] == (
        ["0th", "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "23rd", "100th"]
    )
