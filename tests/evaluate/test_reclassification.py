"""NRI and IDI by hand, from Framingham, and against scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy import ndarray
from scipy.stats import ttest_1samp, ttest_ind

from vascal.errors import EvaluationError
from vascal.evaluate.reclassification import (
    integrated_discrimination,
    net_reclassification,
    reclassification_tables,
)

EVENT = np.array([True, True, True, False, False, False, False])
OLD = np.array([0.05, 0.10, 0.30, 0.05, 0.10, 0.15, 0.30])
NEW = np.array([0.12, 0.19, 0.15, 0.04, 0.05, 0.25, 0.10])
CUTS = np.array([0.1, 0.2])


@st.composite
def models(draw: st.DrawFn) -> tuple[ndarray, ndarray, ndarray]:
    risk = st.floats(0, 1)
    events = draw(st.lists(st.tuples(risk, risk), min_size=2, max_size=10))
    others = draw(st.lists(st.tuples(risk, risk), min_size=2, max_size=10))
    rows = np.array([*events, *others])
    return np.arange(len(rows)) < len(events), rows[:, 0], rows[:, 1]


def test_a_risk_at_a_cutoff_belongs_to_the_category_above() -> None:
    tables = reclassification_tables(EVENT, OLD, NEW, CUTS)
    assert tables.events.tolist() == [[0, 1, 0], [0, 1, 0], [0, 1, 0]]
    assert tables.non_events.tolist() == [[1, 0, 0], [1, 0, 1], [0, 1, 0]]


def test_net_reclassification_by_hand() -> None:
    found = net_reclassification(EVENT, OLD, NEW, CUTS)
    assert (found.events_up, found.events_down, found.non_events_up, found.non_events_down) == (1, 1, 1, 2)
    assert found.events.value == 0
    assert found.non_events.value == pytest.approx(0.25)
    assert found.total.value == pytest.approx(0.25)
    assert (found.events.n, found.non_events.n, found.total.n) == (3, 4, 7)
    assert found.total.p_value is None


def test_without_categories_every_change_counts() -> None:
    found = net_reclassification(EVENT, OLD, NEW)
    assert (found.events_up, found.events_down, found.non_events_up, found.non_events_down) == (2, 1, 1, 3)
    assert found.total.value == pytest.approx(1 / 3 + 2 / 4)


def test_hdl_cholesterol_in_framingham() -> None:
    # Pencina et al. 2008: of 183 events 29 up and 7 down, of 3,081 others 173 up and 174 down; NRI 0.121, z 3.616
    is_event = np.arange(183 + 3081) < 183
    old, new = np.full(3264, 0.1), np.full(3264, 0.1)
    new[:29], old[29:36] = 0.3, 0.3
    new[183 : 183 + 173], old[400 : 400 + 174] = 0.3, 0.3
    found = net_reclassification(is_event, old, new, np.array([0.2]))
    assert round(found.total.value, 3) == 0.121
    null_error = math.sqrt((29 + 7) / 183**2 + (173 + 174) / 3081**2)
    assert found.total.value / null_error == pytest.approx(3.616, abs=5e-4)
    assert found.total.low > 0.05


def test_the_adjusted_interval_by_hand() -> None:
    found = net_reclassification(EVENT, OLD, NEW, CUTS, level=0.5).non_events
    gained, lost = 3 / 6, 2 / 6
    half = 0.6744897501960817 * math.sqrt((gained + lost - (gained - lost) ** 2) / 6)
    assert (found.low, found.high) == pytest.approx((1 / 6 - half, 1 / 6 + half))


def test_nobody_moved_is_no_certainty() -> None:
    found = net_reclassification(EVENT, OLD, OLD, CUTS)
    assert found.total.value == 0
    assert found.total.low < 0 < found.total.high


def test_idi_is_a_difference_of_means() -> None:
    found, change = integrated_discrimination(EVENT, OLD, NEW), NEW - OLD
    welch = ttest_ind(change[EVENT], change[~EVENT], equal_var=False).confidence_interval()
    assert found.total.value == pytest.approx(change[EVENT].mean() - change[~EVENT].mean())
    assert (found.total.low, found.total.high) == pytest.approx((welch.low, welch.high), abs=1e-10)
    student = ttest_1samp(change[EVENT], 0).confidence_interval()
    assert (found.events.low, found.events.high) == pytest.approx((student.low, student.high), abs=1e-10)
    assert found.total.value == pytest.approx(found.events.value + found.non_events.value)
    assert (found.events.n, found.non_events.n, found.total.n) == (3, 4, 7)


def test_idi_is_the_change_of_the_discrimination_slope() -> None:
    found = integrated_discrimination(EVENT, OLD, NEW)
    slopes = [risk[EVENT].mean() - risk[~EVENT].mean() for risk in (OLD, NEW)]
    assert found.total.value == pytest.approx(slopes[1] - slopes[0])


def test_equal_changes_leave_no_interval() -> None:
    found = integrated_discrimination(EVENT, OLD, OLD)
    assert found.total.value == 0
    assert np.isnan([found.total.low, found.total.high]).all()


@settings(max_examples=30)
@given(models())
def test_tables_and_net_reclassification_count_the_same(data: tuple[ndarray, ndarray, ndarray]) -> None:
    found, tables = net_reclassification(*data, CUTS), reclassification_tables(*data, CUTS)
    assert (np.triu(tables.events, 1).sum(), np.tril(tables.events, -1).sum()) == (found.events_up, found.events_down)
    assert np.triu(tables.non_events, 1).sum() == found.non_events_up
    assert tables.events.sum() + tables.non_events.sum() == len(data[0])
    assert tables.non_events.sum() == found.non_events.n


@settings(max_examples=30)
@given(models(), st.booleans())
def test_exchanging_the_models_turns_the_sign(data: tuple[ndarray, ndarray, ndarray], continuous: bool) -> None:
    is_event, old, new = data
    cutoffs = None if continuous else CUTS
    there, back = net_reclassification(is_event, old, new, cutoffs), net_reclassification(is_event, new, old, cutoffs)
    for name in ("events", "non_events", "total"):
        one, other = getattr(there, name), getattr(back, name)
        assert one.value == pytest.approx(-other.value)
        assert one.low == pytest.approx(-other.high)
        assert one.low <= one.value <= one.high
    idi = integrated_discrimination(is_event, old, new).total.value
    assert idi == pytest.approx(-integrated_discrimination(is_event, new, old).total.value)


@pytest.mark.parametrize("cutoffs", [[], [0.2, 0.1], [0.1, 0.1], [np.nan, 0.2], [np.nan]])
def test_cutoffs_that_do_not_rise_are_refused(cutoffs: list[float]) -> None:
    with pytest.raises(EvaluationError, match="rising cut-offs"):
        net_reclassification(EVENT, OLD, NEW, np.array(cutoffs))


def test_one_event_has_no_integrated_discrimination() -> None:
    with pytest.raises(EvaluationError, match="at least 2 of both groups"):
        integrated_discrimination(np.array([True, False, False]), OLD[:3], NEW[:3])
