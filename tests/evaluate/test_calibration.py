"""Calibration by hand, against statsmodels, R and scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.calibration import (
    Binning,
    estimate_brier,
    estimate_calibration,
    expected_calibration_error,
    reliability_curve,
)

# Twelve studies: outcome and predicted risk
EVENT = np.array([0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 1], dtype=bool)
RISK = np.array([0.05, 0.1, 0.15, 0.2, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])


def simulate(seed: int, n: int, shift: float = 0.0, stretch: float = 1.0) -> tuple[ndarray, ndarray]:
    """Outcomes whose log-odds are shift + stretch times those predicted."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(-1, 1.2, n)
    true = 1 / (1 + np.exp(-(shift + stretch * log_odds)))
    return rng.random(n) < true, 1 / (1 + np.exp(-log_odds))


@st.composite
def predicted(draw: st.DrawFn) -> tuple[ndarray, ndarray]:
    rows = draw(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=2, max_size=30))
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])


# R 4.2.2: lp <- qlogis(p); glm(y ~ offset(lp), binomial); glm(y ~ lp, binomial); summary()
def test_intercept_and_slope_are_those_of_r() -> None:
    found = estimate_calibration(EVENT, RISK)
    assert found.intercept.value == pytest.approx(0.455667222344, abs=1e-7)
    assert found.slope.value == pytest.approx(0.977651481664, abs=1e-7)
    half = 1.959963984540054
    assert found.intercept.high - found.intercept.value == pytest.approx(half * 0.689487600848, abs=1e-6)
    assert found.slope.value - found.slope.low == pytest.approx(half * 0.606070342005, abs=1e-6)
    assert found.intercept.n == found.slope.n == 12


def test_true_risks_have_intercept_zero_and_slope_one() -> None:
    found = estimate_calibration(*simulate(1, 200_000))
    assert found.intercept.value == pytest.approx(0, abs=0.02)
    assert found.slope.value == pytest.approx(1, abs=0.02)
    assert found.observed_expected.value == pytest.approx(1, abs=0.02)
    assert found.slope.p_value is not None
    assert found.slope.p_value > 0.01


def test_a_known_distortion_is_found() -> None:
    found = estimate_calibration(*simulate(2, 200_000, shift=0.4, stretch=0.7))
    assert found.slope.value == pytest.approx(0.7, abs=0.02)
    assert found.slope.p_value is not None
    assert found.slope.p_value < 1e-6


def test_the_intercept_makes_expected_equal_observed() -> None:
    found = estimate_calibration(EVENT, RISK)
    log_odds = np.log(RISK / (1 - RISK)) + found.intercept.value
    assert np.sum(1 / (1 + np.exp(-log_odds))) == pytest.approx(EVENT.sum())


def test_observed_over_expected_by_hand() -> None:
    found = estimate_calibration(EVENT, RISK).observed_expected
    assert found.value == pytest.approx(6 / 5.05)
    assert found.high / found.value == pytest.approx(math.exp(1.959963984540054 * math.sqrt(0.5 / 6)))
    assert found.value / found.low == pytest.approx(found.high / found.value)


@pytest.mark.parametrize(
    ("event", "risk", "message"),
    [
        ([1, 0, 1], [0.0, 0.5, 1.0], "2 of 3 are 0 or 1"),
        ([1, 1, 1], [0.2, 0.5, 0.7], "3 with and 0 without"),
        ([1, 0, 1], [0.2, 0.2, 0.2], "all are equal"),
        ([0, 0, 1, 1], [0.2, 0.3, 0.3, 0.7], "separates"),
        ([1, 1, 0, 0], [0.2, 0.3, 0.4, 0.7], "separates"),
        ([0, 1], [0.2, 1.7], "from 0.2 to 1.7"),
        ([], [], "at least 1"),
    ],
)
def test_risks_without_a_slope_are_refused(event: list[int], risk: list[float], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        estimate_calibration(np.array(event, dtype=bool), np.array(risk))


def test_a_fit_that_does_not_settle_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "statsmodels.genmod.generalized_linear_model.GLM.fit", lambda self, **_: type("Fit", (), {"converged": False})
    )
    with pytest.raises(EvaluationError, match="did not converge"):
        estimate_calibration(EVENT, RISK)


def test_brier_by_hand() -> None:
    found = estimate_brier(np.array([True, False, False, True]), np.array([0.8, 0.4, 0.1, 0.5]))
    squared = [0.04, 0.16, 0.01, 0.25]
    assert found.brier.value == pytest.approx(sum(squared) / 4)
    assert found.scaled.value == pytest.approx(1 - sum(squared) / 4 / 0.25)
    half = 1.959963984540054 * np.std(squared, ddof=1) / 2
    assert found.brier.high == pytest.approx(found.brier.value + half)
    assert found.brier.low == pytest.approx(max(0, found.brier.value - half))


def test_brier_is_scikit_learns() -> None:
    from sklearn.metrics import brier_score_loss

    event, risk = simulate(3, 500)
    assert estimate_brier(event, risk).brier.value == pytest.approx(brier_score_loss(event, risk), abs=1e-12)


def test_the_interval_of_the_scaled_score_is_that_of_the_jackknife() -> None:
    event, risk = simulate(4, 2000)
    found = estimate_brier(event, risk).scaled
    keep = ~np.eye(len(event), dtype=bool)
    rates = np.array([event[rows].mean() for rows in keep])
    scores = np.array([np.mean((risk - event)[rows] ** 2) for rows in keep])
    left_out = 1 - scores / (rates * (1 - rates))
    error = math.sqrt((len(event) - 1) * np.var(left_out))
    assert found.high - found.value == pytest.approx(1.959963984540054 * error, rel=2e-3)


def test_without_both_outcomes_there_is_no_scaled_score() -> None:
    found = estimate_brier(np.array([False, False]), np.array([0.1, 0.2]))
    assert found.brier.value == pytest.approx(0.025)
    assert np.isnan([found.scaled.value, found.scaled.low, found.scaled.high]).all()


@settings(max_examples=30)
@given(predicted())
def test_brier_lies_between_zero_and_one(data: tuple[ndarray, ndarray]) -> None:
    found = estimate_brier(*data)
    assert 0 <= found.brier.low <= found.brier.value <= 1
    assert math.isnan(found.scaled.value) or found.scaled.value <= 1


@pytest.mark.parametrize(("binning", "strategy"), [("equal-count", "quantile"), ("equal-width", "uniform")])
def test_the_reliability_curve_is_scikit_learns(binning: Binning, strategy: str) -> None:
    from sklearn.calibration import calibration_curve

    event, risk = simulate(6, 400)
    curve = reliability_curve(event, risk, bins=8, binning=binning)
    observed, expected = calibration_curve(event, risk, n_bins=8, strategy=strategy)
    np.testing.assert_allclose([point.predicted for point in curve], expected, atol=1e-12)
    np.testing.assert_allclose([point.observed.value for point in curve], observed, atol=1e-12)
    assert sum(point.observed.n for point in curve) == 400


def test_equal_risks_stay_in_one_bin() -> None:
    curve = reliability_curve(np.array([True, False, True, False]), np.array([0.2, 0.2, 0.2, 0.9]), bins=4)
    assert [point.observed.n for point in curve] == [3, 1]
    assert curve[0].predicted == pytest.approx(0.2)


def test_the_calibration_error_by_hand() -> None:
    event, risk = np.array([False, True, True, True]), np.array([0.1, 0.3, 0.6, 0.8])
    found = expected_calibration_error(event, risk, bins=2, binning="equal-width")
    assert found.value == pytest.approx((abs(1 - 0.4) + abs(2 - 1.4)) / 4)
    assert (found.bins, found.n, found.binning) == (2, 4, "equal-width")


def test_true_risks_err_as_chance_does_and_false_ones_more() -> None:
    event, risk = simulate(7, 1000)
    true = expected_calibration_error(event, risk)
    assert true.value == pytest.approx(true.by_chance, rel=0.5)
    assert true.p_value > 0.05
    false = expected_calibration_error(event, risk**2)
    assert false.p_value == pytest.approx(1 / 1001)
    assert false.value > 3 * false.by_chance


@settings(max_examples=30)
@given(predicted(), st.integers(1, 12), st.sampled_from(["equal-count", "equal-width"]))
def test_the_calibration_error_is_at_least_the_error_in_the_large(
    data: tuple[ndarray, ndarray], bins: int, binning: Binning
) -> None:
    event, risk = data
    found = expected_calibration_error(event, risk, bins=bins, binning=binning, draws=5)
    assert found.value >= abs(event.mean() - risk.mean()) - 1e-12
    assert found.value <= 1 + 1e-12
    curve = reliability_curve(event, risk, bins=bins, binning=binning)
    assert found.value == pytest.approx(
        sum(point.observed.n * abs(point.observed.value - point.predicted) for point in curve) / len(event)
    )


@settings(max_examples=30)
@given(predicted())
def test_any_risks_are_fitted_or_refused(data: tuple[ndarray, ndarray]) -> None:
    event, risk = data
    assume(event.any() and not event.all())
    risk = np.clip(risk, 0.001, 0.999)
    if event[risk == risk.min()].size == len(risk) or _is_separated(risk[event], risk[~event]):
        with pytest.raises(EvaluationError, match="a calibration slope needs"):
            estimate_calibration(event, risk)
        return
    found = estimate_calibration(event, risk)
    assert found.slope.low < found.slope.value < found.slope.high


def _is_separated(event: ndarray, other: ndarray) -> bool:
    return bool(event.min() >= other.max() or event.max() <= other.min())


def test_no_bins_and_no_draws_are_refused() -> None:
    with pytest.raises(EvaluationError, match="1 bin"):
        reliability_curve(EVENT, RISK, bins=0)
    with pytest.raises(EvaluationError, match="1 draw"):
        expected_calibration_error(EVENT, RISK, draws=0)
