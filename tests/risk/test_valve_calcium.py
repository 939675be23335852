"""Aortic valve calcium at each threshold of either sex."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import OutOfRangeError
from vascal.risk.valve_calcium import CAVEATS, SOURCE, grade_valve_calcium

ORDER = ("unlikely", "undecided", "likely", "very likely")


@pytest.mark.parametrize(
    ("agatston", "man", "woman"),
    [
        (0, "unlikely", "unlikely"),
        (799, "unlikely", "unlikely"),
        (800, "unlikely", "undecided"),
        (1199, "unlikely", "undecided"),
        (1200, "unlikely", "likely"),
        (1599.9, "unlikely", "likely"),
        (1600, "undecided", "very likely"),
        (1999, "undecided", "very likely"),
        (2000, "likely", "very likely"),
        (2999, "likely", "very likely"),
        (3000, "very likely", "very likely"),
    ],
)
def test_likelihood_at_each_threshold(agatston: float, man: str, woman: str) -> None:
    assert grade_valve_calcium(agatston, "M").likelihood == man
    assert grade_valve_calcium(agatston, "F").likelihood == woman


def test_between_the_thresholds_the_words_take_no_side() -> None:
    found = grade_valve_calcium(1800, "M")
    assert found.text == (
        "Valve calcium of 1800 lies between 1600 and 2000: "
        "it neither supports nor speaks against severe aortic stenosis."
    )
    assert (found.caveats, found.source) == (CAVEATS, SOURCE)
    assert "likely by this measure" in grade_valve_calcium(2500, "M").text
    assert any("low flow" in caveat for caveat in CAVEATS)


@given(st.floats(0, 10000), st.floats(0, 10000), st.sampled_from(["F", "M"]))
def test_more_calcium_is_never_less_likely_stenosis(one, other, sex) -> None:  # type: ignore[no-untyped-def]
    less, more = (ORDER.index(grade_valve_calcium(score, sex).likelihood) for score in sorted((one, other)))
    assert less <= more
    assert ORDER.index(grade_valve_calcium(one, "M").likelihood) <= ORDER.index(
        grade_valve_calcium(one, "F").likelihood
    )


def test_scores_that_can_not_be_are_refused() -> None:
    with pytest.raises(OutOfRangeError):
        grade_valve_calcium(math.nan, "F")
