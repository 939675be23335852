"""Precision and recall by hand and against scikit-learn."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluate.asah import POOR, S100B, WFNS
from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import Resampling
from vascal.evaluate.precision_recall import average_precision, precision_recall_curve


def test_each_case_adds_the_precision_at_its_own_score() -> None:
    is_case = np.array([True, False, True, False])
    curve = precision_recall_curve(is_case, np.array([4.0, 3.0, 2.0, 1.0]))
    assert curve.thresholds.tolist() == [4.0, 3.0, 2.0, 1.0]
    assert curve.precision == pytest.approx([1, 1 / 2, 2 / 3, 1 / 2])
    assert curve.recall.tolist() == [0.5, 0.5, 1.0, 1.0]
    assert curve.prevalence == 0.5
    assert average_precision(is_case, np.array([4.0, 3.0, 2.0, 1.0])).value == pytest.approx((1 + 2 / 3) / 2)


def test_a_score_that_knows_nothing_has_the_precision_of_the_prevalence() -> None:
    assert average_precision(POOR, np.zeros(113)).value == pytest.approx(41 / 113)


@pytest.mark.parametrize("score", [S100B, WFNS])
def test_average_precision_is_scikit_learns(score: np.ndarray) -> None:
    from sklearn.metrics import average_precision_score
    from sklearn.metrics import precision_recall_curve as sklearn_curve

    assert average_precision(POOR, score, interval="logit").value == pytest.approx(
        average_precision_score(POOR, score), abs=1e-12
    )
    curve = precision_recall_curve(POOR, score)
    precision, recall, thresholds = sklearn_curve(POOR, score)
    np.testing.assert_allclose(curve.precision[::-1], precision[:-1], atol=1e-12)
    np.testing.assert_allclose(curve.recall[::-1], recall[:-1], atol=1e-12)
    np.testing.assert_array_equal(curve.thresholds[::-1], thresholds)


def test_the_logit_interval_is_boyds() -> None:
    found = average_precision(POOR, WFNS, interval="logit")
    for limit, sign in ((found.low, -1), (found.high, 1)):
        error = 1 / math.sqrt(41 * found.value * (1 - found.value))
        distance = math.log(limit / (1 - limit)) - math.log(found.value / (1 - found.value))
        assert distance == pytest.approx(sign * 1.959963984540054 * error)


def test_the_bootstrap_agrees_with_copied_studies() -> None:
    from sklearn.metrics import average_precision_score

    plan = Resampling(method="percentile", resamples=3000)
    found = average_precision(POOR, S100B, resampling=plan)
    rng = np.random.default_rng(3)
    drawn = [rng.integers(113, size=113) for _ in range(1000)]
    direct = [average_precision_score(POOR[rows], S100B[rows]) for rows in drawn]
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(direct, [0.025, 0.975])), abs=0.02)


@pytest.mark.parametrize("interval", ["bootstrap", "logit"])
def test_a_perfect_score_has_no_interval(interval: Literal["bootstrap", "logit"]) -> None:
    found = average_precision(np.array([True, True, False]), np.array([3.0, 2.0, 1.0]), interval=interval)
    assert found.value == 1
    assert np.isnan([found.low, found.high]).all()


def test_too_many_resamples_without_a_case_leave_no_bootstrap_interval() -> None:
    found = average_precision(np.array([True, False, False]), np.array([2.0, 3.0, 1.0]))
    assert found.value == 0.5
    assert math.isnan(found.low)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=2, max_size=20))
def test_average_precision_lies_between_its_floor_and_one(rows: list[tuple[bool, int]]) -> None:
    is_case, score = np.array([row[0] for row in rows]), np.array([float(row[1]) for row in rows])
    if is_case.all() or not is_case.any():
        with pytest.raises(EvaluationError, match="both groups"):
            average_precision(is_case, score)
        return
    found = average_precision(is_case, score, interval="logit")
    assert 0 < found.value <= 1 + 1e-12
    assert found.value == pytest.approx(average_precision(is_case, 3 * score + 1, interval="logit").value)
