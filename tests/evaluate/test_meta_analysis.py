"""Pooling over sites against metafor and statsmodels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.meta_analysis import (
    PooledInterval,
    Tau2Method,
    fisher_z,
    logit_proportions,
    pool_correlations,
    pool_proportions,
    pool_sites,
)

EFFECTS = np.array([0.10, 0.30, 0.35, 0.65, 0.45, 0.15])
VARIANCES = np.array([0.03, 0.03, 0.05, 0.01, 0.05, 0.02])
METHODS: list[Tau2Method] = ["reml", "paule-mandel", "dersimonian-laird"]


@st.composite
def sites(draw: st.DrawFn) -> tuple[ndarray, ndarray]:
    rows = draw(st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 2)), min_size=3, max_size=8))
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])


# R 4.2.2, metafor 3.8: rma(y, v, method = "REML" / "PM" / "DL", test = "knha" / "adhoc" / "z",
#   control = list(threshold = 1e-14, maxiter = 10000, tol = 1e-14)): b, ci.lb, ci.ub, pval, tau2, I2
@pytest.mark.parametrize(
    ("tau2_method", "interval", "expected"),
    [
        ("reml", "hartung-knapp", (0.346335766780, 0.114128202574, 0.578543330986, 0.012197876722)),
        ("reml", "truncated-hartung-knapp", (0.346335766780, 0.086308759032, 0.606362774528, 0.018760589197)),
        ("reml", "normal", (0.346335766780, 0.148075760766, 0.544595772795, 0.000617485879)),
        ("paule-mandel", "hartung-knapp", (0.351154511372, 0.114796599153, 0.587512423591, 0.012384660854)),
        ("paule-mandel", "normal", (0.351154511372, 0.170941226976, 0.531367795768, 0.000133946568)),
        ("dersimonian-laird", "hartung-knapp", (0.344249678419, 0.114106486699, 0.574392870139, 0.012061092103)),
        ("dersimonian-laird", "normal", (0.344249678419, 0.135015310284, 0.553484046554, 0.001261070450)),
    ],
)
def test_the_mean_is_metafors(
    tau2_method: Tau2Method, interval: PooledInterval, expected: tuple[float, float, float, float]
) -> None:
    mean = pool_sites(EFFECTS, VARIANCES, tau2_method=tau2_method, interval=interval).mean
    assert (mean.value, mean.low, mean.high, mean.p_value) == pytest.approx(expected, abs=1e-9)
    assert mean.n == 6


@pytest.mark.parametrize(
    ("tau2_method", "tau2", "i2"),
    [
        ("reml", 0.033140266333, 0.56528560868854),
        ("paule-mandel", 0.023161172943, 0.47611073044501),
        ("dersimonian-laird", 0.039785966461, 0.60954666846963),
    ],
)
def test_the_variance_between_sites_is_metafors(tau2_method: Tau2Method, tau2: float, i2: float) -> None:
    found = pool_sites(EFFECTS, VARIANCES, tau2_method=tau2_method)
    assert found.tau2.value == pytest.approx(tau2, abs=1e-10)
    assert found.i2.value == pytest.approx(i2, abs=1e-9)
    # confint(f): Q-profile, whatever the estimator
    assert (found.tau2.low, found.tau2.high) == pytest.approx((0, 0.225292747558), abs=1e-9)
    assert (found.i2.low, found.i2.high) == pytest.approx((0, 0.89837458569640), abs=1e-9)
    assert (found.q, found.q_p_value) == pytest.approx((12.805627705628, 0.025269952613), abs=1e-9)


def test_weights_are_metafors() -> None:
    weights = pool_sites(EFFECTS, VARIANCES).weights
    expected = [
        16.2056941618940,
        16.2056941618940,
        12.3072957379636,
        23.7187187857043,
        12.3072957379636,
        19.25530141458,
    ]
    assert 100 * weights == pytest.approx(expected, abs=1e-8)


def test_the_prediction_interval_has_two_degrees_of_freedom_fewer_than_sites() -> None:
    # R: f$b + c(-1, 1) * qt(.975, 4) * sqrt(f$tau2 + f$se^2)
    found = pool_sites(EFFECTS, VARIANCES).prediction
    assert (found.low, found.high) == pytest.approx((-0.217906333644, 0.910577867204), abs=1e-9)


@pytest.mark.parametrize(("tau2_method", "name"), [("paule-mandel", "iterated"), ("dersimonian-laird", "chi2")])
def test_moment_estimators_are_those_of_statsmodels(tau2_method: Tau2Method, name: str) -> None:
    from statsmodels.stats.meta_analysis import combine_effects

    rng = np.random.default_rng(9)
    effects, variances = rng.normal(0, 1, 12), rng.uniform(0.05, 0.3, 12)
    found = pool_sites(effects, variances, tau2_method=tau2_method, interval="normal")
    # At 1e-12 the oracle's last step may fall below 0 by rounding, on some processors, and it then answers 0.
    oracle = combine_effects(effects, variances, method_re=name, use_t=False, atol=1e-8)
    assert found.tau2.value == pytest.approx(oracle.tau2, abs=1e-8)
    assert found.mean.value == pytest.approx(oracle.mean_effect_re, abs=1e-8)
    assert found.q == pytest.approx(oracle.q, abs=1e-8)


@settings(max_examples=30)
@given(sites())
def test_at_paule_and_mandels_variance_q_is_its_degrees_of_freedom(data: tuple[ndarray, ndarray]) -> None:
    effects, variances = data
    tau2 = pool_sites(effects, variances, tau2_method="paule-mandel").tau2.value
    weights = 1 / (variances + tau2)
    q = np.sum(weights * (effects - np.average(effects, weights=weights)) ** 2)
    assert q == pytest.approx(len(effects) - 1, rel=1e-8) if tau2 > 0 else q <= len(effects) - 1


@settings(max_examples=30)
@given(sites())
def test_reml_is_the_highest_restricted_likelihood_near_it(data: tuple[ndarray, ndarray]) -> None:
    effects, variances = data

    def likelihood(tau2: float) -> float:
        weights = 1 / (variances + tau2)
        mean = np.average(effects, weights=weights)
        fit = np.sum(weights * (effects - mean) ** 2)
        return float(np.sum(np.log(weights)) - math.log(weights.sum()) - fit) / 2

    tau2 = pool_sites(effects, variances).tau2.value
    for other in (0.0, tau2 / 10, max(0.0, tau2 - 1e-3), tau2 + 1e-3, 10 * tau2, 10.0):
        assert likelihood(tau2) >= likelihood(other) - 1e-10


@settings(max_examples=30)
@given(sites(), st.sampled_from(METHODS), st.floats(-5, 5), st.floats(0.1, 10))
def test_shifting_and_scaling_effects_shifts_and_scales_the_mean(
    data: tuple[ndarray, ndarray], method: Tau2Method, shift: float, scale: float
) -> None:
    effects, variances = data
    one = pool_sites(effects, variances, tau2_method=method, interval="truncated-hartung-knapp")
    moved = pool_sites(
        shift + scale * effects, scale**2 * variances, tau2_method=method, interval="truncated-hartung-knapp"
    )
    assert moved.mean.value == pytest.approx(shift + scale * one.mean.value, abs=1e-6)
    assert moved.mean.high - moved.mean.low == pytest.approx(scale * (one.mean.high - one.mean.low), rel=1e-5)
    assert moved.tau2.value == pytest.approx(scale**2 * one.tau2.value, rel=1e-5, abs=1e-8)
    assert one.prediction.low < one.mean.low
    assert one.weights.sum() == pytest.approx(1)
    assert 0 <= one.i2.low <= one.i2.high < 1


def test_two_sites_have_a_mean_and_no_prediction() -> None:
    found = pool_sites(EFFECTS[:2], VARIANCES[:2])
    assert found.mean.low < 0.2 < found.mean.high
    assert np.isnan([found.prediction.low, found.prediction.high]).all()


def test_equal_effects_leave_hartung_and_knapp_nothing_to_go_by() -> None:
    effects, variances = np.full(4, 0.3), np.array([0.01, 0.02, 0.03, 0.04])
    plain = pool_sites(effects, variances)
    assert plain.mean.value == pytest.approx(0.3)
    assert plain.mean.p_value is not None
    assert np.isnan([plain.mean.low, plain.mean.high, plain.mean.p_value, plain.prediction.low]).all()
    cautious = pool_sites(effects, variances, interval="truncated-hartung-knapp")
    assert cautious.mean.low < 0.3 < cautious.mean.high
    assert cautious.tau2.value == cautious.tau2.low == 0


def test_an_empty_cell_gets_half_a_study() -> None:
    # R: escalc(measure = "PLO", xi = c(0, 12, 30, 18), ni = c(20, 25, 30, 40))
    effects, variances = logit_proportions(np.array([0, 12, 30, 18]), np.array([20, 25, 30, 40]))
    assert effects == pytest.approx([-3.713572066704, -0.080042707674, 4.110873864173, -0.200670695462], abs=1e-10)
    assert variances == pytest.approx([2.048780487805, 0.160256410256, 2.032786885246, 0.101010101010], abs=1e-10)


def test_pooled_shares_are_metafors() -> None:
    found = pool_proportions(np.array([0, 12, 30, 18]), np.array([20, 25, 30, 40])).mean
    expected = (0.502659507405, 0.008361825334, 0.991812762582)
    assert (found.value, found.low, found.high) == pytest.approx(expected, abs=1e-7)
    assert found.p_value is None


def test_pooled_correlations_are_metafors() -> None:
    # R: rma(escalc(measure = "ZCOR", ri = c(.9, .85, .7), ni = c(30, 50, 40)), method = "PM", test = "knha")
    found = pool_correlations(np.array([0.9, 0.85, 0.7]), np.array([30, 50, 40]), tau2_method="paule-mandel").mean
    expected = (0.830787171664, 0.413980688996, 0.959608342205, 0.020781155503)
    assert (found.value, found.low, found.high, found.p_value) == pytest.approx(expected, abs=1e-6)


def test_reml_does_not_circle_where_scoring_does() -> None:
    effects, variances = np.array([0.0, 0.0, 0.0, 0.0, 1.0]), np.array([1.0, 1.0, 1.0, 1.0, 0.125])
    assert 0 <= pool_sites(effects, variances).tau2.value < 1


@pytest.mark.parametrize(
    ("effects", "variances", "message"),
    [
        ([0.1], [0.1], "at least 2 sites; 1 found"),
        ([0.1, np.nan], [0.1, 0.1], "1 of 2 in effects"),
        ([0.1, 0.2], [0.1, 0.0], "variances above 0"),
    ],
)
def test_sites_that_can_not_be_pooled_are_refused(effects: list[float], variances: list[float], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        pool_sites(np.array(effects), np.array(variances))


@pytest.mark.parametrize(("hits", "n"), [(-1, 5), (6, 5), (0, 0)])
def test_shares_that_are_none_are_refused(hits: int, n: int) -> None:
    with pytest.raises(EvaluationError, match="0 <= hits <= n"):
        logit_proportions(np.array([2, hits]), np.array([5, n]))


def test_correlations_without_a_z_are_refused() -> None:
    with pytest.raises(EvaluationError, match="between -1 and 1"):
        fisher_z(np.array([0.5, 1.0]), np.array([10, 10]))
    with pytest.raises(EvaluationError, match="at least 4 studies"):
        fisher_z(np.array([0.5, 0.1]), np.array([10, 3]))
