"""Who is at risk at each event, and the Cox partial likelihood over those sets.

One engine for Cox regression and for the Fine-Gray model, where a study with the
competing event stays at risk with a weight that falls over time. Every sum over
risk sets is a running sum, so that a fit takes O(n log n + n p^2).

Score residuals: Therneau & Grambsch, Modeling Survival Data, 2000, section 7.2,
doi:10.1007/978-1-4757-3294-8.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from vascal.errors import EvaluationError

Ties = Literal["efron", "breslow"]
"""How events at the same time share their risk set."""
Design = Float[ndarray, "study covariate"]
"""One row for each study, one column for each covariate."""

MOST_STEPS = 40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LateWeights:
    """How studies stay at risk after their own time (Fine-Gray).

    Parameters
    ----------
    of_time
        Factor at each event time; the weight is the product of both.
    of_study
        Factor of each study; 0 for those that leave at their own time.
    """

    of_time: Float[ndarray, " moment"]
    of_study: Float[ndarray, " study"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskSets:
    """Studies at risk at each distinct event time.

    Parameters
    ----------
    time, event
        Follow-up of each study, and whether it ended with the event.
    late
        Weights after a study's own time, where there are any.
    """

    time: Float[ndarray, " study"]
    event: ndarray
    late: LateWeights | None = None
    moments: ndarray = field(init=False)
    """Distinct event times, rising."""
    moment_of_event: ndarray = field(init=False)
    """For each event in order of study: which moment."""
    _order: ndarray = field(init=False)
    _first: ndarray = field(init=False)
    _passed: ndarray = field(init=False)

    def __post_init__(self) -> None:
        moments, which = np.unique(self.time[self.event], return_inverse=True)
        order = np.argsort(self.time, kind="stable")
        values = {
            "moments": moments,
            "moment_of_event": which,
            "_order": order,
            "_first": np.searchsorted(self.time[order], moments, side="left"),
            "_passed": np.searchsorted(moments, self.time, side="right"),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def sums(self, values: Float[ndarray, "study column"]) -> Float[ndarray, "moment column"]:
        """Sum columns over the studies at risk at each moment."""
        found = _running(values[self._order][::-1])[::-1][self._first]
        if self.late is None:
            return np.asarray(found)
        stayed = _running((values * self.late.of_study[:, None])[self._order])[self._first]
        return np.asarray(found + self.late.of_time[:, None] * stayed)

    def totals(self, values: Float[ndarray, "moment column"]) -> Float[ndarray, "study column"]:
        """Sum columns over the moments at which each study is at risk: the reverse of `sums`."""
        found = _running(values)[self._passed]
        if self.late is None:
            return np.asarray(found)
        stayed = _running(values * self.late.of_time[:, None])
        return np.asarray(found + self.late.of_study[:, None] * (stayed[-1] - stayed[self._passed]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Likelihood:
    """Partial likelihood of one stratum at given coefficients.

    Parameters
    ----------
    log
        Its logarithm.
    risk
        exp(x beta) of each study.
    weight
        (event,) 1 / sum of risks in each event's own risk set.
    mean
        (event, covariate) mean of covariates there, weighted by risk.
    share
        (event,) how much of the risk of events at the same time was taken out (Efron).
    """

    log: float
    risk: ndarray
    weight: ndarray
    mean: ndarray
    share: ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Maximum:
    """Where the partial likelihood is highest."""

    beta: ndarray
    information: ndarray
    log: float
    log_null: float
    parts: tuple[Likelihood, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stratum:
    """Risk sets and covariates of the studies that share a baseline hazard."""

    sets: RiskSets
    x: Design
    ties: Ties

    def likelihood(self, beta: ndarray) -> Likelihood:
        """Evaluate the partial likelihood."""
        sets, event, which = self.sets, self.sets.event, self.sets.moment_of_event
        linear = self.x @ beta
        top = linear.max(initial=-np.inf)
        risk = np.exp(linear - top)
        columns = np.column_stack([risk, self.x * risk[:, None]])
        tied = _sum_by(which, columns[event], len(sets.moments))
        share = _shares(which) if self.ties == "efron" else np.zeros(len(which))
        total = sets.sums(columns)[which] - share[:, None] * tied[which]
        if not np.all(total[:, 0] > 0):  # risks too small to tell from 0: hopeless coefficients, the caller turns back
            nothing = np.zeros_like(total)
            return Likelihood(log=-np.inf, risk=risk, weight=nothing[:, 0], mean=nothing[:, 1:], share=share)
        log = float(np.sum(linear[event] - top - np.log(total[:, 0])))
        mean, weight = total[:, 1:] / total[:, :1], 1 / total[:, 0]
        return Likelihood(log=log, risk=risk, weight=weight, mean=mean, share=share)

    def score(self, at: Likelihood) -> ndarray:
        """Slope of the log likelihood (covariate,)."""
        return np.asarray((self.x[self.sets.event] - at.mean).sum(axis=0))

    def information(self, at: Likelihood, scale: ndarray | None = None) -> ndarray:
        """Curvature of the log likelihood (covariate, covariate); each event's part times `scale` (event,)."""
        scale = np.ones(len(at.weight)) if scale is None else scale
        hazard = self._exposure(at, (scale * at.weight)[:, None])[:, 0]
        outer = self.x.T @ (self.x * (at.risk * hazard)[:, None])
        return np.asarray(outer - at.mean.T @ (at.mean * scale[:, None]))

    def residuals(self, at: Likelihood) -> ndarray:
        """Score residual of each study (study, covariate); they sum to the score."""
        spent = self._exposure(at, np.column_stack([at.weight, at.mean * at.weight[:, None]]))
        found = -at.risk[:, None] * (self.x * spent[:, :1] - spent[:, 1:])
        found[self.sets.event] += self.x[self.sets.event] - self._mean_of_tied(at.mean)
        return np.asarray(found)

    def hazard(self, at: Likelihood) -> ndarray:
        """Give the rise of the baseline hazard at each moment, times the scale of `at.risk`."""
        return np.bincount(self.sets.moment_of_event, weights=at.weight, minlength=len(self.sets.moments))

    def _exposure(self, at: Likelihood, values: ndarray) -> ndarray:
        """Sum columns (event, column) over the events at which each study is at risk."""
        which, count = self.sets.moment_of_event, len(self.sets.moments)
        found = self.sets.totals(_sum_by(which, values, count))
        taken_out = _sum_by(which, values * at.share[:, None], count)
        found[self.sets.event] -= taken_out[which]
        return found

    def _mean_of_tied(self, values: ndarray) -> ndarray:
        which, count = self.sets.moment_of_event, len(self.sets.moments)
        sizes = np.bincount(which, minlength=count)
        return np.asarray((_sum_by(which, values, count) / sizes[:, None])[which])


def maximise(strata: Sequence[Stratum]) -> Maximum:
    """Fit coefficients by Newton's method with step halving.

    Raises
    ------
    EvaluationError
        If the likelihood has no highest point: covariates that determine each
        other, or that tell events from all others.
    """
    beta = np.zeros(strata[0].x.shape[1])
    parts = tuple(stratum.likelihood(beta) for stratum in strata)
    log = log_null = sum(part.log for part in parts)
    for _ in range(MOST_STEPS):
        information = sum_over(strata, parts, Stratum.information)
        step = _solve(information, sum_over(strata, parts, Stratum.score))
        beta, parts, log = _advance(strata, beta, step, log)
        if np.max(np.abs(step)) < 1e-8:  # the next step would be its square
            information = sum_over(strata, parts, Stratum.information)
            return Maximum(beta=beta, information=information, log=log, log_null=log_null, parts=parts)
    raise EvaluationError("no finite hazard ratio fits: a covariate tells the events from all other studies")


def sum_over(
    strata: Sequence[Stratum], parts: Sequence[Likelihood], part_of: Callable[[Stratum, Likelihood], ndarray]
) -> ndarray:
    """Sum a quantity of `Stratum` over strata."""
    return np.asarray(sum(part_of(stratum, part) for stratum, part in zip(strata, parts, strict=True)))


def _advance(
    strata: Sequence[Stratum], beta: ndarray, step: ndarray, log: float
) -> tuple[ndarray, tuple[Likelihood, ...], float]:
    """Go along the step, by half as much until the likelihood does not fall."""
    for halving in range(30):
        tried = beta + step * 0.5**halving
        parts = tuple(stratum.likelihood(tried) for stratum in strata)
        reached = sum(part.log for part in parts)
        if reached >= log - 1e-11 * abs(log):  # rounding at the top
            return tried, parts, reached
    raise EvaluationError("the partial likelihood can not be maximised: its slope and its values disagree")


def _solve(information: ndarray, score: ndarray) -> ndarray:
    if np.linalg.matrix_rank(information, hermitian=True) < len(score):
        raise EvaluationError(
            "covariates that vary among those at risk, not in step with each other nor with the events, are needed"
        )
    return np.linalg.solve(information, score)


def _running(values: ndarray) -> ndarray:
    """Cumulative sums down a column, from 0."""
    return np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])


def _sum_by(which: ndarray, values: ndarray, count: int) -> ndarray:
    return np.stack([np.bincount(which, weights=column, minlength=count) for column in values.T], axis=1)


def _shares(which: ndarray) -> ndarray:
    """0, 1/d, 2/d ... for the d events of each moment (Efron)."""
    order = np.argsort(which, kind="stable")
    sizes = np.bincount(which)
    starts = np.cumsum(sizes) - sizes
    found = np.empty(len(which))
    found[order] = (np.arange(len(which)) - np.repeat(starts, sizes)) / np.repeat(sizes, sizes)
    return found
