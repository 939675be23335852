"""Penalised coefficients against three other programs, and against the conditions that define them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from numpy import ndarray
from sklearn.linear_model import LogisticRegression
from sksurv.linear_model import CoxnetSurvivalAnalysis
from sksurv.util import Surv

from vascal.errors import EvaluationError
from vascal.evaluate.cox import fit_cox
from vascal.fusion import elastic_net
from vascal.fusion.elastic_net import Penalty, fit_path, minimise_penalised, solve_quadratic, strongest_penalty
from vascal.fusion.penalised import CoxLoss, LogisticLoss
from vascal.fusion.targets import Target


def draw(seed: int, rows: int = 200, columns: int = 6, *, ties: bool = False) -> tuple[ndarray, Target]:
    """Columns that resemble each other, as the scores of one scan do, and times with or without ties."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns)) @ (np.eye(columns) + 0.4 * rng.normal(size=(columns, columns)))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    beta = np.where(np.arange(columns) < 3, rng.normal(size=columns), 0.0)
    time, until = rng.exponential(np.exp(-x @ beta)), rng.exponential(2.0, rows)
    end = np.minimum(time, until)
    return x, Target(event=time <= until, time=np.round(end, 1) + 0.1 if ties else end)


def cox_loss(x: ndarray, target: Target) -> CoxLoss:
    return CoxLoss(stratum=target.stratum(x))


@pytest.mark.parametrize("l1_ratio", [0.1, 0.5, 1.0])
def test_a_path_of_penalties_agrees_with_coxnet(l1_ratio: float) -> None:
    x, target = draw(1, columns=10)
    loss = cox_loss(x, target)
    strengths = strongest_penalty(loss, l1_ratio) * np.geomspace(0.99, 0.005, 8)
    other = CoxnetSurvivalAnalysis(l1_ratio=l1_ratio, alphas=strengths, tol=1e-14, max_iter=1_000_000)
    other.fit(x, Surv.from_arrays(target.event, target.time))
    found = fit_path(loss, [Penalty(strength=float(one), l1_ratio=l1_ratio) for one in strengths])
    assert np.array(found) == pytest.approx(other.coef_.T, abs=2e-5)
    assert np.array_equal(np.array(found) != 0, other.coef_.T != 0)


def test_ridge_with_tied_times_agrees_with_lifelines() -> None:
    x, target = draw(2, ties=True)
    x = x / x.std(axis=0, ddof=1)  # lifelines penalises columns of this spread
    table = pd.DataFrame(x).assign(time=target.time, event=target.event)
    other = CoxPHFitter(penalizer=0.1, l1_ratio=0.0).fit(table, "time", "event", fit_options={"precision": 1e-12})
    found = fit_path(cox_loss(x, target), [Penalty(strength=0.1, l1_ratio=0.0)])[0]
    assert found == pytest.approx(other.params_.to_numpy(), abs=1e-7)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_logistic_regression_agrees_with_scikit_learn(l1_ratio: float) -> None:
    x, target = draw(3)
    other = LogisticRegression(l1_ratio=l1_ratio, C=1 / (0.03 * len(x)), solver="saga", tol=1e-13, max_iter=100_000)
    other.fit(x, target.event)
    loss = LogisticLoss(x=x, event=target.event.astype(float))
    intercept, *found = fit_path(loss, [Penalty(strength=0.03, l1_ratio=l1_ratio, free=1)])[0]
    assert found == pytest.approx(other.coef_[0], abs=1e-6)
    assert intercept == pytest.approx(other.intercept_[0], abs=1e-6)


def test_without_a_penalty_it_is_plain_cox_regression() -> None:
    x, target = draw(4, ties=True)
    assert target.time is not None
    plain = fit_cox(target.time, target.event, {str(at): column for at, column in enumerate(x.T)})
    found = fit_path(cox_loss(x, target), [Penalty(strength=0.0, l1_ratio=1.0)])[0]
    assert found == pytest.approx(plain.coefficients, abs=1e-7)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(0.05, 1.0), st.floats(0.01, 0.9))
def test_slopes_at_the_answer_equal_the_pull_of_the_penalty(seed: int, l1_ratio: float, share: float) -> None:
    x, target = draw(seed, rows=80, columns=5)
    loss = cox_loss(x, target)
    penalty = Penalty(strength=share * strongest_penalty(loss, l1_ratio), l1_ratio=l1_ratio)
    beta = fit_path(loss, [penalty])[0]
    slope = loss.expand(beta)[0] + penalty.ridge(len(beta)) * beta
    lasso = penalty.lasso(len(beta))
    assert slope[beta != 0] == pytest.approx(-(lasso * np.sign(beta))[beta != 0], abs=1e-6)
    assert np.all(np.abs(slope[beta == 0]) <= lasso[beta == 0] + 1e-6)


@pytest.mark.parametrize("is_timed", [True, False])
def test_the_strongest_penalty_is_just_strong_enough_to_leave_nothing(is_timed: bool) -> None:
    x, target = draw(5)
    free = 0 if is_timed else 1
    loss = cox_loss(x, target) if is_timed else LogisticLoss(x=x, event=target.event.astype(float))
    top = strongest_penalty(loss, 0.5, free)
    nothing, something = (
        fit_path(loss, [Penalty(strength=share * top, l1_ratio=0.5, free=free)])[0][free:] for share in (1.0001, 0.99)
    )
    assert not nothing.any()
    assert np.count_nonzero(something) == 1


@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_copies_of_a_column_share_its_coefficient(l1_ratio: float) -> None:
    x, target = draw(6)
    alone = fit_path(cox_loss(x[:, :1], target), [Penalty(strength=0.02, l1_ratio=1.0)])[0]
    doubled = np.column_stack([x[:, 0], x[:, 0]])
    found = fit_path(cox_loss(doubled, target), [Penalty(strength=0.02, l1_ratio=l1_ratio)])[0]
    if l1_ratio == 1.0:
        assert found.sum() == pytest.approx(alone[0], abs=1e-6)
    else:
        assert found[0] == pytest.approx(found[1], abs=1e-3)


def test_a_column_that_never_varies_gets_nothing() -> None:
    x, target = draw(7)
    found = fit_path(cox_loss(np.column_stack([x, np.zeros(len(x))]), target), [Penalty(strength=0.01, l1_ratio=1.0)])
    assert found[0][-1] == 0
    assert found[0][:-1].any()


def test_a_quadratic_is_solved_exactly_whatever_it_starts_from() -> None:
    rng = np.random.default_rng(8)
    for _ in range(50):
        half = rng.normal(size=(7, 7))
        curvature, slope, start = half @ half.T, rng.normal(size=7), rng.normal(size=7)
        penalty = Penalty(strength=0.5, l1_ratio=0.7)
        found = solve_quadratic(slope, curvature, start, penalty)
        pull = slope + curvature @ (found - start) + penalty.ridge(7) * found
        assert np.all(np.abs(pull + 0.35 * np.sign(found))[found != 0] < 1e-7)
        assert np.all(np.abs(pull)[found == 0] <= 0.35 + 1e-7)


class Slide:
    """A loss without a lowest point."""

    size = 1

    def value(self, beta: ndarray) -> float:
        return float(-beta[0])

    def expand(self, beta: ndarray) -> tuple[ndarray, ndarray]:
        return np.array([-1.0]), np.array([[1.0]])


class Liar(Slide):
    """A loss whose slope points the wrong way."""

    def expand(self, beta: ndarray) -> tuple[ndarray, ndarray]:
        return np.array([1.0]), np.array([[1.0]])


def test_a_loss_without_a_lowest_point_is_refused() -> None:
    with pytest.raises(EvaluationError, match="no coefficients were found in 100 steps"):
        minimise_penalised(Slide(), Penalty(strength=0.0, l1_ratio=1.0), np.zeros(1))
    with pytest.raises(EvaluationError, match="slope and its values disagree"):
        minimise_penalised(Liar(), Penalty(strength=0.0, l1_ratio=1.0), np.zeros(1))


def test_signs_that_can_not_be_found_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elastic_net, "MOST_GUESSES", 0)
    with pytest.raises(EvaluationError, match="signs of the coefficients"):
        solve_quadratic(np.ones(2), np.eye(2), np.zeros(2), Penalty(strength=0.1, l1_ratio=0.5))
