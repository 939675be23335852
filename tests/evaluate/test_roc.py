"""ROC curves by hand, against pROC and against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy import ndarray
from scipy.stats import mannwhitneyu

from tests.evaluate.asah import POOR, S100B, WFNS
from vascal.errors import EvaluationError
from vascal.evaluate.roc import (
    AucInterval,
    compare_paired_auc,
    compare_unpaired_auc,
    estimate_auc,
    find_best_cutoff,
    roc_curve,
)

FOUR = np.array([False, True, False, True])


@st.composite
def scored(draw: st.DrawFn) -> tuple[ndarray, ndarray]:
    """Few distinct scores, so that ties are common."""
    cases = draw(st.lists(st.integers(0, 5), min_size=1, max_size=12))
    controls = draw(st.lists(st.integers(0, 5), min_size=1, max_size=12))
    return np.arange(len(cases) + len(controls)) < len(cases), np.array([*cases, *controls], dtype=float)


def test_the_curve_starts_with_nobody_called_and_ends_with_all() -> None:
    curve = roc_curve(FOUR, np.array([0.0, 100.0, 100.0, 400.0]))
    assert curve.thresholds.tolist() == [math.inf, 400.0, 100.0, 0.0]
    assert curve.sensitivity.tolist() == [0.0, 0.5, 1.0, 1.0]
    assert curve.specificity.tolist() == [1.0, 1.0, 0.5, 0.0]
    assert (curve.cases, curve.controls) == (2, 2)


def test_a_tie_counts_half() -> None:
    assert estimate_auc(FOUR, np.array([0.0, 100.0, 100.0, 400.0])).value == pytest.approx(3.5 / 4)


def test_delongs_variance_by_hand() -> None:
    # placements of cases 1, 1/2 ... : cases 2 and 4 against controls 1 and 3
    auc = estimate_auc(FOUR, np.array([1.0, 2.0, 3.0, 4.0]), interval="wald", level=0.5)
    assert auc.value == pytest.approx(0.75)
    variance = np.var([0.5, 1.0], ddof=1) / 2 + np.var([1.0, 0.5], ddof=1) / 2
    assert auc.low == pytest.approx(0.75 - 0.6744897501960817 * math.sqrt(variance))


@settings(max_examples=30)
@given(scored())
def test_auc_is_mann_whitneys_u_and_the_area_under_the_curve(data: tuple[ndarray, ndarray]) -> None:
    is_case, score = data
    auc, curve = estimate_auc(is_case, score), roc_curve(is_case, score)
    u = mannwhitneyu(score[is_case], score[~is_case], method="asymptotic").statistic
    assert auc.value == pytest.approx(u / (curve.cases * curve.controls), abs=1e-12)
    assert auc.value == pytest.approx(np.trapezoid(curve.sensitivity, 1 - curve.specificity), abs=1e-12)


@settings(max_examples=30)
@given(scored(), st.sampled_from(["logit", "wald", "newcombe"]))
def test_limits_hold_the_area_and_stay_on_the_scale(data: tuple[ndarray, ndarray], interval: AucInterval) -> None:
    auc = estimate_auc(*data, interval=interval)
    assert 0 <= auc.low <= auc.value <= auc.high <= 1
    assert auc.low < auc.high


@settings(max_examples=30)
@given(scored())
def test_turning_the_score_over_turns_the_area_over(data: tuple[ndarray, ndarray]) -> None:
    is_case, score = data
    auc, turned = estimate_auc(is_case, score), estimate_auc(is_case, -score)
    assert turned.value == pytest.approx(1 - auc.value, abs=1e-12)
    assert turned.low == pytest.approx(1 - auc.high, abs=1e-8)


@settings(max_examples=30)
@given(scored())
def test_only_the_order_of_scores_matters(data: tuple[ndarray, ndarray]) -> None:
    is_case, score = data
    assert estimate_auc(is_case, np.exp(score)) == estimate_auc(is_case, score)


def test_the_curve_is_scikit_learns() -> None:
    from sklearn.metrics import roc_auc_score
    from sklearn.metrics import roc_curve as sklearn_curve

    rng = np.random.default_rng(5)
    is_case, score = rng.random(300) < 0.3, rng.integers(0, 40, 300).astype(float)
    curve = roc_curve(is_case, score)
    false_rate, true_rate, thresholds = sklearn_curve(is_case, score, drop_intermediate=False)
    np.testing.assert_allclose(curve.sensitivity, true_rate, atol=1e-12)
    np.testing.assert_allclose(1 - curve.specificity, false_rate, atol=1e-12)
    np.testing.assert_array_equal(curve.thresholds, thresholds)
    assert estimate_auc(is_case, score).value == pytest.approx(roc_auc_score(is_case, score), abs=1e-12)


# R 4.2.2, pROC 1.18.0: a <- roc(aSAH$outcome, aSAH$s100b); b <- roc(aSAH$outcome, as.numeric(aSAH$wfns))
# ci.auc(a); ci.auc(b); roc.test(a, b); roc.test(a, b, paired = FALSE); coords(a, "best")
@pytest.mark.parametrize(
    ("score", "limits"),
    [
        (S100B, (0.630118211761623, 0.731368563685637, 0.832618915609651)),
        (WFNS, (0.748534887819453, 0.823678861788618, 0.898822835757783)),
    ],
)
def test_areas_of_asah_are_those_of_proc(score: ndarray, limits: tuple[float, float, float]) -> None:
    auc = estimate_auc(POOR, score, interval="wald")
    assert (auc.low, auc.value, auc.high) == pytest.approx(limits, abs=1e-12)
    assert auc.n == 113


def test_the_paired_comparison_of_asah_is_that_of_proc() -> None:
    found = compare_paired_auc(POOR, S100B, WFNS)
    assert found.statistic == pytest.approx(2.20898359144091, abs=1e-9)
    assert found.difference.p_value == pytest.approx(0.0271757822291882, abs=1e-9)
    limits = (0.0104061769564846, 0.1742144192494776)
    assert (found.difference.low, found.difference.high) == pytest.approx(limits, abs=1e-9)
    assert found.second.value - found.first.value == pytest.approx(found.difference.value)


def test_the_unpaired_comparison_of_asah_is_that_of_proc() -> None:
    found = compare_unpaired_auc((POOR, S100B), (POOR, WFNS))
    assert found.statistic == pytest.approx(1.43490640926908, abs=1e-9)
    assert found.difference.p_value == pytest.approx(0.152825378808796, abs=1e-9)
    assert found.difference.low < 0 < found.difference.high
    assert found.difference.n == 226


def test_the_best_cutoff_of_asah_is_that_of_proc() -> None:
    best = find_best_cutoff(POOR, S100B)
    assert best.threshold == 0.22  # pROC prints 0.205, half way down to 0.19
    assert best.sensitivity.value == pytest.approx(0.634146341463415)
    assert best.specificity.value == pytest.approx(0.805555555555556)
    assert best.youden == pytest.approx(0.634146341463415 + 0.805555555555556 - 1)
    assert (best.sensitivity.n, best.specificity.n) == (41, 72)


@settings(max_examples=30)
@given(scored())
def test_no_cutoff_of_the_curve_beats_the_best_one(data: tuple[ndarray, ndarray]) -> None:
    best, curve = find_best_cutoff(*data), roc_curve(*data)
    youden = curve.sensitivity + curve.specificity - 1
    assert best.youden == pytest.approx(youden.max())
    place = int(np.flatnonzero(curve.thresholds == best.threshold)[0])
    assert best.sensitivity.value == pytest.approx(curve.sensitivity[place])
    assert best.specificity.value == pytest.approx(curve.specificity[place])


def test_a_score_that_points_the_wrong_way_has_no_cutoff_better_than_calling_nobody() -> None:
    best = find_best_cutoff(FOUR, np.array([3.0, 1.0, 4.0, 2.0]))
    assert (best.threshold, best.youden, best.sensitivity.value, best.specificity.value) == (math.inf, 0, 0, 1)


def test_complete_separation_still_has_an_interval_and_says_whose() -> None:
    auc = estimate_auc(FOUR, np.array([0.0, 1.0, 0.0, 2.0]))
    assert (auc.value, auc.high) == (1.0, 1.0)
    assert 0 < auc.low < 1
    assert auc.method == "Newcombe method 5 (DeLong's variance is zero or missing)"
    worst = estimate_auc(FOUR, np.array([1.0, 0.0, 2.0, 0.0]))
    assert (worst.low, worst.high) == pytest.approx((0.0, 1 - auc.low), abs=1e-8)


def test_newcombes_limits_solve_their_equation() -> None:
    auc = estimate_auc(POOR, S100B, interval="newcombe")
    assert auc.method == "Newcombe method 5"
    for limit in (auc.low, auc.high):
        rest = 113 / 2 - 1
        weight = 1 + rest * (1 - limit) / (2 - limit) + rest * limit / (1 + limit)
        error = math.sqrt(limit * (1 - limit) * weight / (41 * 72))
        assert abs(limit - auc.value) == pytest.approx(1.959963984540054 * error, abs=1e-8)


def test_one_case_is_enough_for_newcombe() -> None:
    auc = estimate_auc(np.array([True, False, False]), np.array([1.0, 0.0, 2.0]))
    assert auc.method.startswith("Newcombe")
    assert auc.low < 0.5 < auc.high


def test_the_same_score_twice_leaves_nothing_to_judge_a_difference_by() -> None:
    same = compare_paired_auc(POOR, S100B, 10 * S100B)
    assert same.difference.value == 0
    assert same.difference.p_value is not None
    assert np.isnan([same.statistic, same.difference.low, same.difference.high, same.difference.p_value]).all()


def test_two_separated_sets_leave_nothing_to_judge_a_difference_by() -> None:
    perfect = (FOUR, np.array([0.0, 1.0, 0.0, 1.0]))
    apart = compare_unpaired_auc(perfect, perfect)
    assert apart.difference.value == 0
    assert np.isnan([apart.statistic, apart.difference.low, apart.difference.high]).all()


@settings(max_examples=30)
@given(scored())
def test_the_order_of_two_scores_turns_the_sign(data: tuple[ndarray, ndarray]) -> None:
    is_case, score = data
    other = np.arange(len(score), dtype=float) % 3
    one = compare_paired_auc(is_case, score, other)
    two = compare_paired_auc(is_case, other, score)
    assert one.difference.value == pytest.approx(-two.difference.value)
    assert one.difference.low == pytest.approx(-two.difference.high, nan_ok=True)


def test_one_group_alone_is_refused() -> None:
    with pytest.raises(EvaluationError, match="2 with and 0 without"):
        roc_curve(np.array([True, True]), np.array([1.0, 2.0]))


def test_a_missing_score_is_refused() -> None:
    with pytest.raises(EvaluationError, match="1 of 4 in score"):
        estimate_auc(FOUR, np.array([1.0, np.nan, 2.0, 3.0]))
