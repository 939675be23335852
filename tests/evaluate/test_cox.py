from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from lifelines.datasets import load_rossi
from numpy import ndarray
from statsmodels.duration.hazard_regression import PHReg

from vascal.errors import EvaluationError
from vascal.evaluate.cox import TimeScale, check_proportionality, fit_cox, spread_of_clusters
from vascal.evaluate.risk_sets import RiskSets, Stratum, maximise
from vascal.evaluate.survival import log_rank

ROSSI = load_rossi()
TIME, EVENT = ROSSI["week"].to_numpy(float), ROSSI["arrest"].to_numpy(bool)
THREE = {name: ROSSI[name].to_numpy(float) for name in ("fin", "age", "prio")}
ALL = {name: ROSSI[name].to_numpy(float) for name in ("fin", "age", "race", "wexp", "mar", "paro", "prio")}


def draw(seed: int, n: int = 60) -> tuple[ndarray, ndarray, dict[str, ndarray]]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    time = np.ceil(4 * rng.exponential(np.exp(-x @ [0.5, -0.3])) + 0.1)
    return time, rng.random(n) < 0.7, {"a": x[:, 0], "b": x[:, 1]}


def test_the_recidivism_study_is_met() -> None:
    found = fit_cox(TIME, EVENT, ALL)
    ratio = found.hazard_ratios
    assert np.log(ratio["fin"].value) == pytest.approx(-0.3794, abs=5e-5)
    assert np.log(ratio["prio"].value) == pytest.approx(0.0915, abs=5e-5)
    assert found.log_likelihood == pytest.approx(-658.7477, abs=5e-5)
    assert (found.n, found.events) == (432, 114)


# R's numbers: control = coxph.control(eps = 1e-15, toler.chol = 1e-16, iter.max = 50), as its default stops early.


def test_efron_agrees_with_r() -> None:
    # R: m <- coxph(Surv(week, arrest) ~ fin + age + prio, Rossi); coef(m); m$loglik; vcov(m)[1, ]
    found = fit_cox(TIME, EVENT, THREE)
    assert found.coefficients == pytest.approx(
        [-0.3469544628436803, -0.0671053295423809, 0.0968931982823588], abs=1e-12
    )
    assert found.log_likelihood_null == pytest.approx(-675.3806323469, abs=1e-9)
    assert found.log_likelihood == pytest.approx(-660.857025384416, abs=1e-9)
    first = [0.036194022025991097, -0.000232722259238637, -0.000236220692144863]
    assert found.covariance[0] == pytest.approx(first, abs=1e-12)


def test_breslow_agrees_with_r() -> None:
    # R: coxph(..., ties = "breslow")
    found = fit_cox(TIME, EVENT, THREE, ties="breslow")
    assert found.coefficients == pytest.approx(
        [-0.3464440244400239, -0.0669207694914906, 0.0965282757323930], abs=1e-12
    )
    assert found.log_likelihood == pytest.approx(-661.2326104167, abs=1e-9)


def test_strata_and_robust_variance_agree_with_r() -> None:
    # R: m <- coxph(Surv(week, arrest) ~ fin + age + prio + strata(race), Rossi, robust = TRUE); m$var[1, ]
    found = fit_cox(TIME, EVENT, THREE, stratum=ROSSI["race"].to_numpy(), cluster=np.arange(len(TIME)))
    assert found.coefficients == pytest.approx(
        [-0.3641719241099970, -0.0674582345098043, 0.1007481749778140], abs=1e-12
    )
    assert found.log_likelihood == pytest.approx(-621.8951945512, abs=1e-9)
    first = [0.036688616349461224, -0.000828305125921884, -0.000483948072040706]
    assert found.covariance[0] == pytest.approx(first, abs=1e-12)
    assert "robust" in found.hazard_ratios["fin"].method


def test_clusters_agree_with_r() -> None:
    # R: coxph(Surv(week, arrest) ~ fin + age + prio, Rossi, cluster = seq_len(432) %% 50)$var[1, ]
    found = fit_cox(TIME, EVENT, THREE, cluster=np.arange(1, 433) % 50)
    assert found.covariance[0] == pytest.approx(
        [0.033312625655158204, -0.000440616594336307, -0.000788076518276715], abs=1e-9
    )


@pytest.mark.parametrize(
    ("scale", "each", "overall"),
    [
        # R: cox.zph(coxph(Surv(week, arrest) ~ fin + age + prio, Rossi), transform = ...)$table
        ("km", [0.063841546786107, 6.325464464990192, 0.518710581535323], 7.136739410468810),
        ("identity", [0.00935319132193521, 6.99778397704008626, 0.42359253080049175], 7.70906818288743789),
    ],
)
def test_drift_of_hazard_ratios_agrees_with_r(scale: TimeScale, each: list[float], overall: float) -> None:
    found = check_proportionality(TIME, EVENT, THREE, scale=scale)
    assert [test.statistic for test in found.covariates.values()] == pytest.approx(each, abs=1e-8)
    assert found.overall.statistic == pytest.approx(overall, abs=1e-8)
    assert found.overall.freedom == 3


def test_drift_within_strata_agrees_with_r() -> None:
    found = check_proportionality(TIME, EVENT, THREE, stratum=ROSSI["race"].to_numpy())
    assert found.overall.statistic == pytest.approx(7.1634244376013232, abs=1e-8)
    assert found.overall.p_value == pytest.approx(0.0668673296643216, abs=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_random_studies_agree_with_statsmodels(seed: int) -> None:
    time, event, covariates = draw(seed)
    found = fit_cox(time, event, covariates)
    other = PHReg(time, np.column_stack(list(covariates.values())), event, ties="efron").fit(disp=0)
    assert found.coefficients == pytest.approx(other.params, abs=1e-8)
    assert found.covariance == pytest.approx(other.cov_params(), abs=1e-8)
    assert [test.p_value for test in found.hazard_ratios.values()] == pytest.approx(other.pvalues, abs=1e-8)
    limits = [[ratio.low, ratio.high] for ratio in found.hazard_ratios.values()]
    assert np.log(limits) == pytest.approx(other.conf_int(), abs=1e-8)


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_scale_and_order_of_studies_do_not_matter(seed: int) -> None:
    time, event, covariates = draw(seed)
    found = fit_cox(time, event, covariates)
    order = np.random.default_rng(seed).permutation(len(time))
    moved = {"a": covariates["a"][order] * 1e6 + 7e6, "b": covariates["b"][order]}
    again = fit_cox(time[order], event[order], moved)
    assert again.coefficients * [1e6, 1] == pytest.approx(found.coefficients, abs=1e-6)
    assert again.log_likelihood == pytest.approx(found.log_likelihood)
    assert found.linear_predictor(covariates)[order] - again.linear_predictor(moved) == pytest.approx(
        float(found.linear_predictor(covariates)[order[0]] - again.linear_predictor(moved)[0]), abs=1e-6
    )


def test_the_score_test_of_one_group_is_the_log_rank_test_without_ties() -> None:
    rng = np.random.default_rng(5)
    time, event, group = rng.exponential(size=40), rng.random(40) < 0.7, rng.integers(2, size=40)
    stratum = Stratum(sets=RiskSets(time=time, event=event), x=group[:, None].astype(float), ties="efron")
    at = stratum.likelihood(np.zeros(1))
    score = float(stratum.score(at)[0]) ** 2 / float(stratum.information(at)[0, 0])
    assert score == pytest.approx(log_rank(time, event, group).statistic)
    assert stratum.residuals(at).sum() == pytest.approx(stratum.score(at)[0])


def test_residuals_sum_to_nothing_at_the_fit() -> None:
    time, event, covariates = draw(3)
    x = np.column_stack(list(covariates.values()))
    stratum = Stratum(sets=RiskSets(time=time, event=event), x=x, ties="efron")
    top = maximise([stratum])
    assert stratum.residuals(top.parts[0]).sum(axis=0) == pytest.approx([0, 0], abs=1e-8)


def test_wild_covariates_need_shorter_steps() -> None:
    x = np.array([0.0, 0.1, 0.05, 0.12, 0.02, 30.0, 0.07, 0.15])
    event = np.array([True, True, True, False, True, True, False, True])
    found = fit_cox(np.arange(1.0, 9), event, {"x": x})
    frame = ROSSI.iloc[:8][[]].assign(time=np.arange(1.0, 9), event=event, x=x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = CoxPHFitter().fit(frame, "time", "event")
    assert found.coefficients == pytest.approx(other.params_.to_numpy(), abs=1e-5)


def test_what_can_not_be_fitted_is_refused() -> None:
    time, event, covariates = draw(1)
    with pytest.raises(EvaluationError, match="needs events"):
        fit_cox(time, np.zeros(60, dtype=bool), covariates)
    with pytest.raises(EvaluationError, match="at least one covariate"):
        fit_cox(time, event, {})
    with pytest.raises(EvaluationError, match="not in step"):
        fit_cox(time, event, {"a": covariates["a"], "twice": 2 * covariates["a"]})
    with pytest.raises(EvaluationError, match="not in step"):
        fit_cox(time, event, {"constant": np.ones(60)})
    with pytest.raises(EvaluationError, match=r"no finite hazard ratio|not in step"):
        fit_cox(time, event, {"told": event.astype(float)})
    with pytest.raises(EvaluationError, match="finite numbers"):
        fit_cox(time, event, {"a": np.full(60, np.nan)})
    with pytest.raises(EvaluationError, match="several times"):
        check_proportionality(np.ones(4), np.array([True, True, True, False]), {"a": np.array([0.0, 1, 3, 2])})
    with pytest.raises(EvaluationError, match="cluster for each"):
        spread_of_clusters(np.ones((3, 1)), np.arange(2))
