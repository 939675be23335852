import numpy as np
import pytest

from vascal.errors import EvaluationError
from vascal.evaluate.bland_altman import Scale, bland_altman

WRIGHT = np.array([494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427], dtype=float)
MINI = np.array([512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451], dtype=float)


def test_peak_flow_meters_of_1986_are_met() -> None:
    found = bland_altman(WRIGHT, MINI, limit_interval="approximate")
    assert found.bias.value == pytest.approx(-2.118, abs=5e-4)
    assert found.sd == pytest.approx(38.765, abs=5e-4)
    assert (found.lower.value, found.upper.value) == pytest.approx((-78.10, 73.86), abs=5e-3)
    assert (found.bias.low, found.bias.high) == pytest.approx((-22.05, 17.81), abs=5e-3)
    assert (found.lower.low, found.lower.high) == pytest.approx((-112.6, -43.6), abs=0.05)
    assert (found.upper.low, found.upper.high) == pytest.approx((39.3, 108.4), abs=0.05)


def test_ratio_of_the_same_meters() -> None:
    found = bland_altman(WRIGHT, MINI, scale="ratio")
    assert [found.bias.value, found.lower.value, found.upper.value] == pytest.approx([0.988, 0.778, 1.255], abs=5e-4)


def test_exact_interval_is_the_noncentral_t_of_carkeet() -> None:
    # R: n <- 17; c(qt(.025, 16, qnorm(.975)*sqrt(n)), qt(.975, 16, qnorm(.975)*sqrt(n)))/sqrt(n)
    found = bland_altman(WRIGHT, MINI)
    factors = (np.array([found.upper.low, found.upper.high]) - found.bias.value) / found.sd
    assert factors == pytest.approx([1.3150294, 3.1482714], abs=1e-7)
    assert found.bias.value - found.lower.low == pytest.approx(found.upper.high - found.bias.value)


def test_scores_of_zero_need_the_log1p_or_root_scale() -> None:
    reference, measured = np.array([0.0, 10, 100, 400]), np.array([0.0, 12, 90, 420])
    with pytest.raises(EvaluationError, match="1 are zero or negative"):
        bland_altman(measured, reference[[1, 0, 2, 3]], scale="ratio")
    log = bland_altman(measured, reference, scale="log1p")
    assert log.bias.value == pytest.approx(np.exp(np.mean(np.log1p(measured) - np.log1p(reference))))
    root = bland_altman(measured, reference, scale="sqrt")
    assert root.bias.value == pytest.approx(np.mean(np.sqrt(measured) - np.sqrt(reference)))


@pytest.mark.parametrize("scale", ["log1p", "sqrt"])
def test_negative_scores_are_refused_where_they_have_no_meaning(scale: Scale) -> None:
    with pytest.raises(EvaluationError, match="1 are negative"):
        bland_altman(np.array([-1.0, 2, 3]), np.array([1.0, 2, 3]), scale=scale)


def test_non_finite_scores_are_refused() -> None:
    with pytest.raises(EvaluationError, match="finite"):
        bland_altman(np.array([np.nan, 2, 3]), np.array([1.0, 2, 3]))


def test_proportional_bias_and_spread_that_grows_are_found() -> None:
    rng = np.random.default_rng(3)
    truth = rng.uniform(10, 1000, 400)
    found = bland_altman(truth * (1.1 + 0.1 * rng.normal(size=400)), truth)
    assert (found.bias_trend.slope.p_value or 1) < 1e-6
    assert found.bias_trend.slope.value == pytest.approx(0.1 / 1.05, abs=0.03)
    assert (found.spread_trend.slope.p_value or 1) < 1e-6
    low, high = found.limits_at(np.array([100.0, 900.0]))
    assert high[1] - low[1] > 5 * (high[0] - low[0])


def test_trend_equals_least_squares_of_statsmodels() -> None:
    sm = pytest.importorskip("statsmodels.api")
    found = bland_altman(WRIGHT, MINI)
    model = sm.OLS(WRIGHT - MINI, sm.add_constant((WRIGHT + MINI) / 2)).fit()
    trend = found.bias_trend
    ours = [trend.intercept.value, trend.slope.value, trend.slope.p_value]
    assert ours == pytest.approx([*model.params, model.pvalues[1]], abs=1e-8)
    intervals = [[trend.intercept.low, trend.intercept.high], [trend.slope.low, trend.slope.high]]
    np.testing.assert_allclose(intervals, model.conf_int(), atol=1e-8)


def test_measurements_that_agree_fully_have_limits_at_zero() -> None:
    found = bland_altman(MINI, MINI)
    assert (found.bias.value, found.lower.low, found.upper.high, found.bias.p_value) == (0, 0, 0, 1)


def test_a_constant_difference_is_all_bias() -> None:
    found = bland_altman(np.array([2.0, 2, 2]), np.array([1.0, 1, 1]))
    assert (found.bias.value, found.bias.p_value, found.sd) == (1, 0, 0)
    assert found.bias_trend.slope.value == 0
    assert str(found.bias_trend.slope.p_value) == "nan"
