"""Net benefit by hand and as a property."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import Resampling
from vascal.evaluate.decision_curve import decision_curve, net_benefit

FEW = Resampling(resamples=100, method="percentile")


def two_hundred() -> tuple[np.ndarray, np.ndarray]:
    """60 events of 200; at 0.2 the model finds 48 and treats 40 others."""
    is_event = np.arange(200) < 60
    risk = np.full(200, 0.1)
    risk[:48] = 0.5
    risk[60:100] = 0.3
    return is_event, risk


def test_48_true_and_40_false_positives_of_200_are_worth_0_19() -> None:
    assert net_benefit(48, 40, 200, 0.2) == pytest.approx(0.190)
    (point,) = decision_curve(*two_hundred(), np.array([0.2]))
    assert point.threshold == 0.2
    assert point.model.value == pytest.approx(0.190)
    assert point.model.n == 200


def test_treating_all_is_worth_0_125_at_60_events_of_200() -> None:
    assert net_benefit(60, 140, 200, 0.2) == pytest.approx(0.125)
    (point,) = decision_curve(*two_hundred(), np.array([0.2]))
    assert point.treat_all.value == pytest.approx(0.125)
    assert point.gain.value == pytest.approx(0.065)
    assert point.gain.low < 0.065 < point.gain.high


def test_a_risk_at_the_threshold_is_treated() -> None:
    is_event, risk = np.array([True, False]), np.array([0.5, 0.25])
    at, above = decision_curve(is_event, risk, np.array([0.5, 0.51]), resampling=FEW)
    assert (at.model.value, above.model.value) == (0.5, 0.0)


def test_a_standardised_benefit_is_a_share_of_the_event_rate() -> None:
    plain = decision_curve(*two_hundred(), np.array([0.1, 0.2]), resampling=FEW)
    shares = decision_curve(*two_hundred(), np.array([0.1, 0.2]), standardize=True, resampling=FEW)
    for one, other in zip(plain, shares, strict=True):
        assert other.model.value == pytest.approx(one.model.value / 0.3)
        assert other.treat_all.value == pytest.approx(one.treat_all.value / 0.3)


def test_the_band_is_that_of_a_mean() -> None:
    is_event, risk = two_hundred()
    (point,) = decision_curve(is_event, risk, np.array([0.2]), resampling=Resampling(resamples=4000))
    worth = np.where(risk >= 0.2, np.where(is_event, 1.0, -0.25), 0.0)
    half = 1.96 * worth.std() / np.sqrt(200)
    assert (point.model.low, point.model.high) == pytest.approx((0.19 - half, 0.19 + half), abs=0.005)


def test_resamples_without_an_event_have_no_standardised_benefit() -> None:
    is_event, risk = np.array([True, False, False]), np.array([0.9, 0.1, 0.2])
    (point,) = decision_curve(is_event, risk, np.array([0.5]), standardize=True, resampling=FEW)
    assert point.model.value == 1
    assert np.isnan(point.model.low)


@settings(max_examples=15)
@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=15),
    st.lists(st.floats(0, 0.95), min_size=1, max_size=4),
)
def test_benefit_never_beats_the_event_rate_and_begins_with_treating_all(
    rows: list[tuple[bool, float]], thresholds: list[float]
) -> None:
    is_event, risk = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    points = decision_curve(is_event, risk, np.array([0.0, *thresholds]), resampling=FEW)
    assert points[0].model.value == pytest.approx(points[0].treat_all.value)
    for point in points:
        treated = risk >= point.threshold
        right, wrong = int(np.sum(treated & is_event)), int(np.sum(treated & ~is_event))
        assert point.model.value == pytest.approx(net_benefit(right, wrong, len(rows), point.threshold), abs=1e-12)
        assert max(point.model.value, point.treat_all.value) <= is_event.mean() + 1e-12


@pytest.mark.parametrize("thresholds", [[], [1.0], [-0.1], [0.2, np.nan]])
def test_a_threshold_that_is_no_risk_is_refused(thresholds: list[float]) -> None:
    with pytest.raises(EvaluationError, match="thresholds from 0"):
        decision_curve(*two_hundred(), np.array(thresholds))


@pytest.mark.parametrize("counts", [(3, 3, 5), (-1, 0, 5), (0, -1, 5)])
def test_counts_that_do_not_fit_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(EvaluationError, match="do not fit 5 studies"):
        net_benefit(*counts, 0.2)


def test_no_studies_and_no_events_are_refused_where_they_are_needed() -> None:
    with pytest.raises(EvaluationError, match="at least 1 studies"):
        net_benefit(0, 0, 0, 0.2)
    with pytest.raises(EvaluationError, match="both groups"):
        decision_curve(np.array([False]), np.array([0.5]), np.array([0.2]), standardize=True)
