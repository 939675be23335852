"""Intervals and class probabilities of totals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.aac.classes import SCHEMES
from vascal.aac.total_doubt import doubt_aac24
from vascal.errors import EvaluationError

DISTRIBUTIONS = st.lists(st.floats(0, 1), min_size=25, max_size=25).filter(lambda values: sum(values) > 0.01)


def spread(**chances: float) -> np.ndarray:
    probabilities = np.zeros(25)
    for total, chance in chances.items():
        probabilities[int(total.removeprefix("t"))] = chance
    return probabilities


def test_classes_collect_the_chances_of_their_totals() -> None:
    doubt = doubt_aac24(spread(t4=0.3, t5=0.5, t16=0.2))
    assert doubt.classes["kidney-thirds"] == pytest.approx({"none or mild": 0.3, "moderate": 0.5, "severe": 0.2})
    assert doubt.classes["population"] == pytest.approx({"low": 0.0, "moderate": 0.8, "high": 0.2})
    assert doubt.classes["masterplan"] == pytest.approx({"below 4": 0.0, "4 or more": 1.0})
    assert doubt.expected == pytest.approx(4 * 0.3 + 5 * 0.5 + 16 * 0.2)
    assert doubt.zero_probability == 0.0


def test_the_interval_leaves_out_at_most_2_5_percent_on_each_side() -> None:
    even = doubt_aac24(spread(t0=0.025, t1=0.95, t2=0.025))
    assert (even.low, even.high, even.level) == (1, 1, 0.95)
    wider = doubt_aac24(spread(t0=0.026, t1=0.948, t2=0.026))
    assert (wider.low, wider.high) == (0, 2)


@given(DISTRIBUTIONS)
def test_the_interval_holds_at_least_its_level_and_no_end_can_be_left_out(values: list[float]) -> None:
    chances = np.array(values) / sum(values)
    doubt = doubt_aac24(chances)
    assert 0 <= doubt.low <= doubt.high <= 24
    assert chances[doubt.low : doubt.high + 1].sum() >= 0.95 - 1e-9
    assert chances[: doubt.low + 1].sum() > 0.025 - 1e-9
    assert chances[doubt.high :].sum() > 0.025 - 1e-9
    for scheme in SCHEMES:
        assert sum(doubt.classes[scheme.name].values()) == pytest.approx(1.0)


def test_a_mirrored_distribution_has_the_mirrored_interval() -> None:
    chances = np.random.default_rng(1).dirichlet(np.ones(25))
    here, there = doubt_aac24(chances), doubt_aac24(chances[::-1].copy())
    assert (there.low, there.high) == (24 - here.high, 24 - here.low)


@pytest.mark.parametrize("chances", [np.ones(25), np.full(24, 1 / 24), np.r_[1.5, -0.5, np.zeros(23)]])
def test_what_is_no_distribution_is_refused(chances: np.ndarray) -> None:
    with pytest.raises(EvaluationError, match="needed: 25 of the totals"):
        doubt_aac24(chances)
