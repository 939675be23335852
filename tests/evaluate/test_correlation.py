from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from tests.evaluate.test_bland_altman import MINI, WRIGHT
from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import bootstrap_counts
from vascal.evaluate.correlation import (
    concordance_correlation,
    correlation_statistics,
    kendall,
    pearson,
    spearman,
)
from vascal.evaluate.estimate import Estimate

ALL = (pearson, spearman, kendall, concordance_correlation)


def test_lin_example_is_met() -> None:
    found = concordance_correlation(WRIGHT, MINI)
    assert [found.value, found.low, found.high] == pytest.approx([0.9427, 0.8505, 0.9787], abs=5e-5)


def test_point_values_and_tests_are_those_of_scipy() -> None:
    assert pearson(WRIGHT, MINI).value == pytest.approx(stats.pearsonr(WRIGHT, MINI).statistic)
    assert pearson(WRIGHT, MINI).low == pytest.approx(stats.pearsonr(WRIGHT, MINI).confidence_interval().low)
    assert spearman(WRIGHT, MINI).p_value == pytest.approx(stats.spearmanr(WRIGHT, MINI).pvalue)
    assert kendall(WRIGHT, MINI).value == pytest.approx(stats.kendalltau(WRIGHT, MINI).statistic)


@pytest.mark.parametrize("seed", range(5))
def test_kendall_error_equals_the_sum_over_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 9, 60).astype(float), rng.integers(0, 9, 60).astype(float)
    n = len(x)
    signs = np.sign(x[:, None] - x) * np.sign(y[:, None] - y)
    a, b, c = signs.sum(1) / (n - 1), (x[:, None] != x).sum(1) / (n - 1), (y[:, None] != y).sum(1) / (n - 1)
    tau = a.mean() / np.sqrt(b.mean() * c.mean())
    influence = 2 * (a - a.mean()) / np.sqrt(b.mean() * c.mean()) - tau * (b / b.mean() + c / c.mean() - 2)
    found = kendall(x, y)
    half = 1.959964 * influence.std(ddof=1) / np.sqrt(n) / (1 - tau**2)
    assert found.value == pytest.approx(tau)
    assert (found.low, found.high) == pytest.approx((np.tanh(np.arctanh(tau) - half), np.tanh(np.arctanh(tau) + half)))


@pytest.mark.parametrize("statistic", ALL)
def test_perfect_order_is_one_and_a_constant_column_has_none(statistic: Callable[..., Estimate]) -> None:
    rising = np.array([1.0, 2, 3, 4, 5])
    found = statistic(rising, rising)
    assert (found.value, found.low, found.high) == pytest.approx((1, 1, 1))
    assert np.isnan(statistic(np.full(5, 2.0), np.full(5, 2.0)).value)


def test_concordance_with_a_constant_column_is_zero_without_an_interval() -> None:
    found = concordance_correlation(np.array([1.0, 2, 3, 4]), np.full(4, 2.5))
    assert found.value == 0
    assert np.isnan(found.low)


@pytest.mark.parametrize("statistic", ALL)
def test_three_studies_are_too_few(statistic: Callable[..., Estimate]) -> None:
    with pytest.raises(EvaluationError, match="at least 4"):
        statistic(np.arange(3.0), np.arange(3.0))


whole = hnp.arrays(np.float64, 25, elements=st.integers(0, 6).map(float))


@settings(deadline=None, max_examples=60)
@given(whole, whole, hnp.arrays(np.int64, 25, elements=st.integers(0, 3)))
def test_counting_how_often_a_study_is_drawn_equals_repeating_it(
    x: np.ndarray, y: np.ndarray, times: np.ndarray
) -> None:
    if times.sum() < 4:
        return
    found = correlation_statistics(x, y)(times[None].astype(float))
    rows = np.repeat(np.arange(25), times)
    if np.ptp(x[rows]) == 0 or np.ptp(y[rows]) == 0:
        assert np.isnan(found["pearson"][0])
        assert np.isnan(found["spearman"][0])
        return
    assert found["pearson"][0] == pytest.approx(np.corrcoef(x[rows], y[rows])[0, 1], abs=1e-9)
    assert found["spearman"][0] == pytest.approx(stats.spearmanr(x[rows], y[rows]).statistic, abs=1e-9)
    assert found["ccc"][0] == pytest.approx(concordance_correlation(x[rows], y[rows]).value, abs=1e-9)


def test_bootstrap_and_closed_form_intervals_are_alike() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=400)
    y = x + rng.normal(size=400)
    found = bootstrap_counts(correlation_statistics(x, y), 400)
    for name, statistic in (("pearson", pearson), ("spearman", spearman), ("ccc", concordance_correlation)):
        closed = statistic(x, y)
        assert (found[name].low, found[name].high) == pytest.approx((closed.low, closed.high), abs=0.015)
