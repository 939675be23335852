"""Confusion tables, kappa, tests of paired categories, shares and zeros."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vascal.errors import EvaluationError
from vascal.evaluate.confusion import (
    accuracy_by_class,
    binary_accuracy,
    categorise,
    count_confusion,
    overall_accuracy,
)
from vascal.evaluate.kappa import Weights, kappa
from vascal.evaluate.paired import bowker, mcnemar, paired_difference, stuart_maxwell
from vascal.evaluate.proportion import wilson
from vascal.evaluate.zero import analyse_zero

PMC9530804 = np.array([[62, 11, 0, 0], [6, 395, 2, 0], [0, 13, 260, 1], [0, 2, 9, 152]])
tables = hnp.arrays(np.int64, (4, 4), elements=st.integers(0, 30)).filter(lambda t: t.sum() > 1)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1),
    ],
)
def test_wilson_limits_are_those_published(hits: int, n: int, low: float, high: float) -> None:
    found = wilson(hits, n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_a_share_of_nothing_does_not_exist_and_of_too_few_is_refused() -> None:
    assert np.isnan(wilson(0, 0).value)
    with pytest.raises(EvaluationError, match="3 of 2"):
        wilson(3, 2)


@pytest.mark.parametrize(("weights", "value"), [("linear", 0.9457), ("unweighted", 0.9282), ("quadratic", 0.9633)])
def test_published_table_gives_its_kappas(weights: Weights, value: float) -> None:
    assert kappa(PMC9530804, weights).value == pytest.approx(value, abs=5e-5)


@settings(deadline=None, max_examples=60)
@given(
    hnp.arrays(np.int64, (4, 4), elements=st.integers(1, 30)), st.sampled_from(["unweighted", "linear", "quadratic"])
)
def test_kappa_and_its_errors_equal_statsmodels(counts: np.ndarray, weights: Weights) -> None:
    inter_rater = pytest.importorskip("statsmodels.stats.inter_rater")
    ours = kappa(counts, weights)
    if np.isnan(ours.value) or ours.p_value is None:
        return
    wt = {"unweighted": None, "linear": "linear", "quadratic": "quadratic"}[weights]
    theirs = inter_rater.cohens_kappa(counts, wt=wt)
    assert ours.value == pytest.approx(theirs.kappa, abs=1e-9)
    assert ours.low == pytest.approx(theirs.kappa_low, abs=1e-8)
    assert ours.p_value == pytest.approx(theirs.pvalue_two_sided, abs=1e-8)


@settings(deadline=None, max_examples=60)
@given(tables, st.sampled_from(["unweighted", "linear", "quadratic"]))
def test_kappa_of_any_table_lies_within_its_interval(counts: np.ndarray, weights: Weights) -> None:
    found = kappa(counts, weights)
    assert np.isnan(found.value) or found.low - 1e-12 <= found.value <= found.high + 1e-12 <= 1 + 1e-12


def test_one_category_on_one_side_has_no_test() -> None:
    found = kappa(np.array([[3, 25], [0, 0]]))
    assert found.value == pytest.approx(0, abs=1e-12)
    assert found.p_value is None


def test_one_category_only_has_no_kappa() -> None:
    assert np.isnan(kappa(np.array([[5, 0], [0, 0]])).value)


@pytest.mark.parametrize("counts", [np.ones((2, 3), dtype=np.int64), np.zeros((2, 2), dtype=np.int64)])
def test_kappa_refuses_tables_without_studies_or_not_square(counts: np.ndarray) -> None:
    with pytest.raises(EvaluationError, match="square table"):
        kappa(counts)


def test_edges_belong_to_the_category_below() -> None:
    scores = np.array([0, 0.1, 10, 10.2, 100, 100.5, 400, 401])
    assert categorise(scores, (0, 10, 100, 400)).tolist() == [0, 1, 1, 2, 2, 3, 3, 4]


def test_edges_that_do_not_ascend_and_values_that_are_not_finite_are_refused() -> None:
    with pytest.raises(EvaluationError, match="ascend"):
        categorise(np.array([1.0]), (10, 10))
    with pytest.raises(EvaluationError, match="finite"):
        categorise(np.array([np.nan]), (0,))


def test_confusion_has_the_reference_as_rows() -> None:
    counts = count_confusion(np.array([1, 1, 2]), np.array([0, 1, 1]), 3)
    assert counts.tolist() == [[0, 1, 0], [0, 1, 1], [0, 0, 0]]
    assert overall_accuracy(counts).value == pytest.approx(1 / 3)
    with pytest.raises(EvaluationError, match="found 0 to 2"):
        count_confusion(np.array([1, 1, 2]), np.array([0, 1, 1]), 2)


def test_each_class_is_judged_against_the_others() -> None:
    middle = accuracy_by_class(np.array([[8, 2, 0], [1, 5, 0], [0, 3, 6]]))[1]
    assert (middle.true_positive, middle.false_positive, middle.false_negative, middle.true_negative) == (5, 5, 1, 14)
    assert middle.sensitivity.value == pytest.approx(5 / 6)
    assert middle.specificity.value == pytest.approx(14 / 19)
    assert middle.ppv.value == pytest.approx(1 / 2)
    assert middle.npv.value == pytest.approx(14 / 15)
    assert middle.accuracy.value == pytest.approx(19 / 25)
    assert middle.f1 == pytest.approx(10 / 16)


def test_without_positives_there_is_no_sensitivity() -> None:
    found = binary_accuracy(np.array([False, False]), np.array([False, False]))
    assert np.isnan(found.sensitivity.value)
    assert np.isnan(found.f1)
    assert found.specificity.value == 1


@settings(deadline=None, max_examples=60)
@given(hnp.arrays(np.int64, (2, 2), elements=st.integers(0, 60)))
def test_mcnemar_equals_statsmodels(counts: np.ndarray) -> None:
    contingency = pytest.importorskip("statsmodels.stats.contingency_tables")
    if counts[0, 1] + counts[1, 0] == 0:
        assert mcnemar(counts).p_value == 1
        return
    for exact in (True, False):
        theirs = contingency.mcnemar(counts, exact=exact, correction=False)
        assert mcnemar(counts, exact=exact).p_value == pytest.approx(min(theirs.pvalue, 1), abs=1e-9)
        assert mcnemar(counts, exact=exact).statistic == pytest.approx(theirs.statistic)


@settings(deadline=None, max_examples=60)
@given(hnp.arrays(np.int64, (4, 4), elements=st.integers(1, 30)))
def test_stuart_maxwell_and_bowker_equal_statsmodels(counts: np.ndarray) -> None:
    contingency = pytest.importorskip("statsmodels.stats.contingency_tables")
    square = contingency.SquareTable(counts, shift_zeros=False)
    assert stuart_maxwell(counts).p_value == pytest.approx(square.homogeneity("stuart_maxwell").pvalue, abs=1e-8)
    assert bowker(counts).p_value == pytest.approx(square.symmetry().pvalue, abs=1e-8)


def test_two_categories_make_stuart_maxwell_mcnemar() -> None:
    counts = np.array([[10, 30], [12, 40]])
    assert stuart_maxwell(counts).p_value == pytest.approx(mcnemar(counts, exact=False).p_value)


def test_unused_categories_and_full_agreement_do_not_disturb_stuart_maxwell() -> None:
    counts = np.array([[10, 4, 0], [2, 8, 0], [0, 0, 0]])
    assert stuart_maxwell(counts).p_value == pytest.approx(mcnemar(counts[:2, :2], exact=False).p_value)
    assert stuart_maxwell(np.diag([3, 4, 5])).p_value == 1
    assert stuart_maxwell(np.array([[7]])).p_value == 1
    assert bowker(np.diag([3, 4, 5])).p_value == 1


def test_paired_difference_has_the_interval_of_newcombe() -> None:
    # Newcombe 1998, Table II example (a=36, b=12, c=2, d=0) by method 10: 0.2000, 0.0569 to 0.3404.
    found = paired_difference(np.array([[0, 2], [12, 36]]))
    assert (-found.value, -found.high, -found.low) == pytest.approx((0.2, 0.0569, 0.3404), abs=5e-5)


def test_paired_difference_of_columns_that_never_vary_and_of_none() -> None:
    found = paired_difference(np.array([[10, 0], [0, 0]]))
    assert found.value == 0
    with pytest.raises(EvaluationError, match="needs a study"):
        paired_difference(np.zeros((2, 2), dtype=np.int64))
    with pytest.raises(EvaluationError, match="2 x 2"):
        mcnemar(np.ones((3, 3), dtype=np.int64))


def test_zero_and_any_calcium_are_compared_with_the_scores_behind_them() -> None:
    measured, reference = np.array([0.0, 0, 5, 9, 0, 100]), np.array([0.0, 12, 0, 8, 30, 90])
    found = analyse_zero(measured, reference)
    assert found.calcium.npv.value == pytest.approx(1 / 3)
    assert found.calcium.sensitivity.value == pytest.approx(2 / 4)
    assert (found.missed_median, found.missed_highest) == (21, 30)
    assert (found.invented_median, found.invented_highest) == (5, 5)


def test_without_missed_studies_there_is_no_missed_score() -> None:
    found = analyse_zero(np.array([0.0, 1]), np.array([0.0, 1]))
    assert np.isnan(found.missed_highest)
    assert np.isnan(found.invented_median)
    with pytest.raises(EvaluationError, match="below zero"):
        analyse_zero(np.array([-1.0]), np.array([0.0]))
