"""How doubt is put into words."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from vascal.calcium.uncertainty import TotalUncertainty
from vascal.render.wording import show_uncertainty


def doubt(low: float, high: float, zero: float, category: float) -> TotalUncertainty:
    shares = {"0": 1 - category, "1-10": 0.0, "11-100": category, "101-400": 0.0, ">400": 0.0}
    return TotalUncertainty(low=low, high=high, level=0.95, zero_probability=zero, categories=MappingProxyType(shares))  # type: ignore[arg-type]


def test_what_the_interval_is_for_the_likeliest_category_and_the_chance_of_none_are_said() -> None:
    text = show_uncertainty(doubt(12.0, 80.0, 0.02, 0.97))
    assert "between scans" in text
    assert "category 11–100 with 97 %" in text
    assert "none 2 %" in text
    assert "simulated" in text


@pytest.mark.parametrize(("zero", "said"), [(0.999, "over 99 %"), (0.001, "under 1 %"), (0.5, "50 %")])
def test_chances_near_the_ends_are_not_rounded_to_certainty(zero: float, said: str) -> None:
    assert said in show_uncertainty(doubt(0.0, 5.0, zero, 0.5))


def test_no_likely_candidate_is_said_as_that() -> None:
    assert show_uncertainty(doubt(0.0, 0.0, 1.0, 0.0)).startswith("No candidate is likely to be coronary calcium")


def test_without_probabilities_nothing_is_said() -> None:
    assert show_uncertainty(None) == ""
