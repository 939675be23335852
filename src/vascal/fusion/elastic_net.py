"""Coefficients under an elastic-net penalty, for any smooth convex loss: proximal Newton.

Each step minimises the loss's own quadratic plus the penalty, and is shortened until the
whole objective falls: Lee, Sun & Saunders, SIAM J Optim 2014;24:1420-1443,
doi:10.1137/130921428. Penalties and their path are those of Friedman, Hastie & Tibshirani, J Stat
Softw 2010;33(1):1-22, doi:10.18637/jss.v033.i01 (glmnet).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy import ndarray

from vascal.errors import EvaluationError

MOST_STEPS = 100
MOST_GUESSES = 1000
CLOSE = 1e-4
"""Step, in standardised coefficients, that is the last one: what it leaves is about its square."""
FLAT = 1e-10
"""Slope that is taken as none."""
FLOOR = 1e-11
"""Curvature that is added, as a share of the whole, so that columns that are copies leave a system to be solved."""
SLOPE_SHARE = 1e-4
"""Of the fall that a step promises, what it must keep (Armijo)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """Elastic net: strength * (l1_ratio * sum |b| + (1 - l1_ratio) / 2 * sum b^2).

    Parameters
    ----------
    strength
        Against the mean loss of a row.
    l1_ratio
        1 is the lasso, which sets coefficients to 0; 0 is ridge.
    free
        Coefficients at the beginning that are not penalised, such as an intercept.
    """

    strength: float
    l1_ratio: float
    free: int = 0

    def lasso(self, count: int) -> ndarray:
        """Weight of |b|, coefficient by coefficient."""
        return self._each(count, self.strength * self.l1_ratio)

    def ridge(self, count: int) -> ndarray:
        """Weight of b^2 / 2, coefficient by coefficient."""
        return self._each(count, self.strength * (1 - self.l1_ratio))

    def of(self, beta: ndarray) -> float:
        """Penalty of coefficients."""
        return float(self.lasso(len(beta)) @ np.abs(beta) + self.ridge(len(beta)) @ beta**2 / 2)

    def _each(self, count: int, weight: float) -> ndarray:
        return np.where(np.arange(count) < self.free, 0.0, weight)


@runtime_checkable
class Loss(Protocol):
    """A smooth convex loss, as a mean over rows."""

    @property
    def size(self) -> int:
        """Number of coefficients."""

    def value(self, beta: ndarray) -> float:
        """Loss; infinite where it is not defined."""

    def expand(self, beta: ndarray) -> tuple[ndarray, ndarray]:
        """Slope (coefficient,) and curvature (coefficient, coefficient)."""


def fit_path(loss: Loss, penalties: Sequence[Penalty]) -> list[ndarray]:
    """Fit coefficients under several penalties, each starting from the one before.

    Parameters
    ----------
    loss
        Mean loss of a row.
    penalties
        Best in falling order of strength.

    Returns
    -------
    list
        Coefficients, (coefficient,) each.

    Raises
    ------
    EvaluationError
        If the loss and its slope disagree, so that no step lowers it.
    """
    beta, found = np.zeros(loss.size), []
    for penalty in penalties:
        beta = minimise_penalised(loss, penalty, beta)
        found.append(beta)
    return found


def minimise_penalised(loss: Loss, penalty: Penalty, start: ndarray) -> ndarray:
    """Fit coefficients under one penalty by proximal Newton steps."""
    beta = start
    for _ in range(MOST_STEPS):
        slope, curvature = loss.expand(beta)
        step = solve_quadratic(slope, curvature, beta, penalty) - beta
        if np.max(np.abs(step), initial=0.0) < CLOSE:
            return np.asarray(beta + step)
        beta = _descend(loss, penalty, beta, step, slope)
    raise EvaluationError(f"no coefficients were found in {MOST_STEPS} steps; columns may determine each other")


def solve_quadratic(slope: ndarray, curvature: ndarray, beta: ndarray, penalty: Penalty) -> ndarray:
    """Minimise slope'(b - beta) + (b - beta)' curvature (b - beta) / 2 + penalty(b), exactly.

    Notes
    -----
    Feature-sign search (Lee et al., Adv Neural Inf Process Syst 2006;19:801-808): guess which coefficients are
    not 0 and their signs, solve the linear system that is left, and mend the guess where it was wrong. Far quicker than
    coordinate descent where columns resemble each other, as the scores of one scan do.
    """
    lasso = penalty.lasso(len(beta))
    square = curvature + np.diag(penalty.ridge(len(beta)) + FLOOR * max(1.0, float(np.trace(curvature))))
    line = slope - curvature @ beta
    usable = np.diag(curvature) + penalty.ridge(len(beta)) > FLOOR  # a column that never varies says nothing
    found = np.where(usable, beta, 0.0)
    active = usable & ((found != 0) | (lasso == 0))
    for _ in range(MOST_GUESSES):
        found = _solve_active(square, line, lasso, found, active)
        pull = square @ found + line
        active = usable & ((found != 0) | (lasso == 0))
        bent = np.where(active, np.abs(pull + lasso * np.sign(found)), 0.0)
        if bent.max(initial=0.0) > FLAT:
            continue
        excess = np.where(usable & ~active, np.abs(pull) - lasso, 0.0)
        newest = int(np.argmax(excess))
        if excess[newest] <= FLAT:
            return found
        active[newest] = True
    raise EvaluationError("the signs of the coefficients could not be found; columns may determine each other")


def _solve_active(square: ndarray, line: ndarray, lasso: ndarray, found: ndarray, active: ndarray) -> ndarray:
    """Solve for the active coefficients with their signs held, and go there as far as that lowers the objective."""
    chosen = np.flatnonzero(active)
    pull = square @ found + line
    sign = np.where(found != 0, np.sign(found), -np.sign(pull))[chosen]
    goal = np.linalg.solve(square[np.ix_(chosen, chosen)], -line[chosen] - lasso[chosen] * sign)
    start = found[chosen]
    crossing = (start * goal < 0) & (lasso[chosen] > 0)
    shares = np.append(start[crossing] / (start[crossing] - goal[crossing]), 1.0)
    best, lowest = found, np.inf
    for share in shares:
        tried = np.zeros_like(found)
        tried[chosen] = start + share * (goal - start)
        tried[chosen[np.abs(tried[chosen]) < 1e-14]] = 0.0
        objective = tried @ (square @ tried) / 2 + line @ tried + lasso @ np.abs(tried)
        if objective < lowest:
            best, lowest = tried, objective
    return best


def strongest_penalty(loss: Loss, l1_ratio: float, free: int = 0) -> float:
    """Give the weakest strength at which every penalised coefficient is 0.

    Notes
    -----
    With little or no lasso there is none; the ratio is then taken as 0.001, as glmnet does.
    """
    beta = np.zeros(loss.size)
    if free:
        beta = minimise_penalised(loss, Penalty(strength=1e9, l1_ratio=0.5, free=free), beta)
    slope, _ = loss.expand(beta)
    return float(np.max(np.abs(slope[free:]), initial=0.0)) / max(l1_ratio, 1e-3)


def _descend(loss: Loss, penalty: Penalty, beta: ndarray, step: ndarray, slope: ndarray) -> ndarray:
    """Go along the step, by half as much until the objective falls by a share of what was promised."""
    here, paid = loss.value(beta), penalty.of(beta)
    promised = float(slope @ step) + penalty.of(beta + step) - paid
    for halving in range(30):
        share = 0.5**halving
        tried = beta + share * step
        fall = loss.value(tried) + penalty.of(tried) - here - paid
        if fall <= SLOPE_SHARE * share * promised + 1e-13 * abs(here):
            return np.asarray(tried)
    raise EvaluationError("the penalised loss can not be lowered: its slope and its values disagree")
