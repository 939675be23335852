import numpy as np
import pytest

from vascal.errors import EvaluationError
from vascal.evaluate.group_difference import difference_of_means, mean_with_interval, size_with_interval, welch_anova


@pytest.mark.parametrize("groups", [2, 3, 5])
def test_welch_equals_statsmodels(groups: int) -> None:
    oneway = pytest.importorskip("statsmodels.stats.oneway")
    rng = np.random.default_rng(groups)
    columns = [rng.normal(0.3 * place, 1 + place, 10 + 7 * place) for place in range(groups)]
    theirs = oneway.anova_oneway(columns, use_var="unequal", welch_correction=True)
    found = welch_anova(columns)
    assert found.statistic == pytest.approx(theirs.statistic, rel=1e-10)
    assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-8)
    assert found.degrees_of_freedom == pytest.approx(theirs.df, rel=1e-10)


def test_a_group_that_never_varies_leaves_nothing_to_test() -> None:
    assert np.isnan(welch_anova([np.ones(4), np.arange(4.0)]).p_value)


def test_groups_of_one_are_left_out_and_one_group_is_refused() -> None:
    with pytest.raises(EvaluationError, match="two of them"):
        welch_anova([np.ones(1), np.arange(4.0)])
    with pytest.raises(EvaluationError, match="two studies in each"):
        difference_of_means(np.ones(1), np.arange(4.0))


def test_difference_of_means_is_that_of_scipy() -> None:
    from scipy import stats

    rng = np.random.default_rng(0)
    one, other = rng.normal(1, 2, 30), rng.normal(0, 1, 12)
    theirs = stats.ttest_ind(one, other, equal_var=False)
    found = difference_of_means(one, other)
    interval = theirs.confidence_interval()
    assert (found.low, found.high, found.p_value) == pytest.approx((interval.low, interval.high, theirs.pvalue))


def test_means_that_never_vary_have_intervals_of_no_width_and_one_value_has_none() -> None:
    same = difference_of_means(np.ones(3), np.zeros(3))
    assert (same.low, same.value, same.high) == (1, 1, 1)
    assert np.isnan(mean_with_interval(np.ones(1)).low)
    assert np.isnan(mean_with_interval(np.ones(0)).value)


def test_the_interval_of_a_size_stays_above_zero() -> None:
    skewed = np.array([0.1, 0.2, 0.1, 9.0])
    assert mean_with_interval(skewed).low < 0
    found = size_with_interval(skewed)
    assert 0 < found.low < found.value < found.high
    assert size_with_interval(np.zeros(4)).low == 0
    assert np.isnan(size_with_interval(np.ones(1)).low)
    narrow = np.random.default_rng(0).normal(10, 0.1, 400)
    assert size_with_interval(narrow).low == pytest.approx(mean_with_interval(narrow).low, rel=1e-5)
