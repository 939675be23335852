"""Cox regression: hazard ratios, nested likelihoods and whether hazards stay proportional.

Cox, J R Stat Soc B 1972;34:187-220, doi:10.1111/j.2517-6161.1972.tb00899.x; ties
after Efron, J Am Stat Assoc 1977;72:557-565, doi:10.1080/01621459.1977.10480613.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray
from scipy.stats import chi2

from vascal.errors import EvaluationError
from vascal.evaluate.cases import normal_quantile, require_finite, two_sided_p
from vascal.evaluate.estimate import LEVEL, Estimate, Flags, Values
from vascal.evaluate.risk_sets import Design, Maximum, RiskSets, Stratum, Ties, maximise
from vascal.evaluate.survival import Labels, kaplan_meier, require_follow_up, split_strata

TimeScale = Literal["km", "identity"]
"""Against what a drift of hazard ratios is looked for: 1 - Kaplan-Meier, or time itself."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HazardModel:
    """Fitted proportional hazards.

    Parameters
    ----------
    names
        Of the covariates, in the order of the arrays.
    coefficients
        Log hazard ratio for one unit of each covariate.
    covariance
        Of the coefficients; robust where the method says so.
    hazard_ratios
        exp(coefficient) with its Wald interval and p-value; `n` counts studies.
    log_likelihood, log_likelihood_null
        Partial, at the coefficients and at 0.
    n, events
        Studies, and how many had the event.
    """

    names: tuple[str, ...]
    coefficients: Float[ndarray, " covariate"]
    covariance: Float[ndarray, "covariate covariate"]
    hazard_ratios: Mapping[str, Estimate]
    log_likelihood: float
    log_likelihood_null: float
    n: int
    events: int

    def linear_predictor(self, covariates: Mapping[str, Values]) -> Values:
        """Log hazard of studies against one whose covariates are all 0 (study,)."""
        return np.asarray(stack_covariates({name: covariates[name] for name in self.names}) @ self.coefficients)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChiSquare:
    """A chi-square test."""

    statistic: float
    freedom: int
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProportionalityTest:
    """Whether hazard ratios drift over time: a small p speaks against proportional hazards."""

    covariates: Mapping[str, ChiSquare]
    overall: ChiSquare


def fit_cox(
    time: Values,
    event: Flags,
    covariates: Mapping[str, Values],
    *,
    stratum: Labels | None = None,
    cluster: Shaped[ndarray, " other"] | None = None,
    ties: Ties = "efron",
    level: float = LEVEL,
) -> HazardModel:
    """Fit Cox proportional hazards.

    Parameters
    ----------
    time, event
        Follow-up, and whether it ended with the event. For a cause-specific
        hazard, the event is this cause; others are censored.
    covariates
        By name, (study,) each.
    stratum
        Groups that each have a baseline hazard of their own.
    cluster
        Asks for the robust (sandwich) variance, studies of one cluster taken
        together; ``np.arange(n)`` where all are independent.
    ties
        How events at the same time are handled.
    level
        Confidence level.

    Raises
    ------
    EvaluationError
        Without events, with covariates that do not vary or depend on each
        other, or where no finite hazard ratio fits.

    References
    ----------
    Robust variance: Lin & Wei, J Am Stat Assoc 1989;84:1074-1078,
    doi:10.1080/01621459.1989.10478874.
    """
    x, scale = _prepare(time, event, covariates)
    chosen, strata = _stratify(time, event, x, stratum, ties)
    top = maximise(strata)
    covariance = np.linalg.inv(top.information)
    method = f"Cox, {ties.capitalize()} ties"
    if cluster is not None:
        residuals = np.empty_like(x)
        for rows, part, at in zip(chosen, strata, top.parts, strict=True):
            residuals[rows] = part.residuals(at)
        covariance = covariance @ spread_of_clusters(residuals, cluster) @ covariance
        method = f"{method}, robust variance"
    return describe_model(tuple(covariates), scale, top, covariance, (len(time), int(event.sum())), method, level)


def check_proportionality(
    time: Values,
    event: Flags,
    covariates: Mapping[str, Values],
    *,
    stratum: Labels | None = None,
    ties: Ties = "efron",
    scale: TimeScale = "km",
) -> ProportionalityTest:
    """Test whether hazard ratios of a Cox model drift over time.

    Parameters
    ----------
    scale
        The drift looked for is linear in this function of time.

    Returns
    -------
    ProportionalityTest

    Notes
    -----
    Score test of one more term, covariate times g(time), for each covariate and
    for all: exact, unlike the older correlation of scaled Schoenfeld residuals
    with time, which assumes one variance in all risk sets.

    References
    ----------
    Grambsch & Therneau, Biometrika 1994;81:515-526, doi:10.1093/biomet/81.3.515.
    """
    x, _ = _prepare(time, event, covariates)
    _, strata = _stratify(time, event, x, stratum, ties)
    top = maximise(strata)
    drift = _drift(time, event, scale)
    p = x.shape[1]
    score, cross, square = np.zeros(p), np.zeros((p, p)), np.zeros((p, p))
    for part, at in zip(strata, top.parts, strict=True):
        g = drift[np.searchsorted(np.unique(time[event]), part.sets.time[part.sets.event])]
        score += ((part.x[part.sets.event] - at.mean) * g[:, None]).sum(axis=0)
        cross += part.information(at, g)
        square += part.information(at, g**2)
    inner = square - cross @ np.linalg.solve(top.information, cross)
    names = tuple(covariates)
    each = {name: _chi_square(score[[i]], inner[np.ix_([i], [i])]) for i, name in enumerate(names)}
    return ProportionalityTest(covariates=each, overall=_chi_square(score, inner))


def stack_covariates(covariates: Mapping[str, Values]) -> Design:
    """Lay covariates side by side."""
    if not covariates:
        raise EvaluationError("a regression needs at least one covariate; none found")
    return np.column_stack(list(covariates.values())).astype(float)


def standardise(x: Design) -> tuple[Design, Float[ndarray, " covariate"]]:
    """Centre and scale covariates, so that none outweighs another in rounding; also gives the scale."""
    spread = x.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    return (x - x.mean(axis=0)) / scale, scale


def spread_of_clusters(residuals: Design, cluster: Shaped[ndarray, " other"]) -> Float[ndarray, "covariate covariate"]:
    """Sum of squares and products of score residuals, summed within clusters first."""
    if len(cluster) != len(residuals):
        raise EvaluationError(f"a cluster for each study is needed; {len(cluster)} clusters, {len(residuals)} studies")
    index = np.unique(cluster, return_inverse=True)[1]
    sums = np.zeros((index.max() + 1, residuals.shape[1]))
    np.add.at(sums, index, residuals)
    return np.asarray(sums.T @ sums)


def describe_model(
    names: tuple[str, ...],
    scale: ndarray,
    top: Maximum,
    covariance: ndarray,
    counts: tuple[int, int],
    method: str,
    level: float,
) -> HazardModel:
    """Turn a maximum over standardised covariates into hazard ratios for one unit."""
    coefficients, covariance = top.beta / scale, covariance / np.outer(scale, scale)
    errors, z = np.sqrt(np.diag(covariance)), normal_quantile(level)
    ratios = {
        name: Estimate(
            value=math.exp(beta),
            low=math.exp(beta - z * error),
            high=math.exp(beta + z * error),
            n=counts[0],
            method=f"{method}, Wald",
            level=level,
            p_value=two_sided_p(beta / error),
        )
        for name, beta, error in zip(names, coefficients, errors, strict=True)
    }
    return HazardModel(
        names=names,
        coefficients=coefficients,
        covariance=covariance,
        hazard_ratios=ratios,
        log_likelihood=top.log,
        log_likelihood_null=top.log_null,
        n=counts[0],
        events=counts[1],
    )


def _prepare(time: Values, event: Flags, covariates: Mapping[str, Values]) -> tuple[Design, ndarray]:
    require_follow_up(time, event, **covariates)
    require_finite(**covariates)
    if not event.any():
        raise EvaluationError(f"Cox regression needs events; none among {len(time)} studies found")
    return standardise(stack_covariates(covariates))


def _stratify(
    time: Values, event: Flags, x: Design, stratum: Labels | None, ties: Ties
) -> tuple[list[ndarray], list[Stratum]]:
    """Strata that have events, and which studies each holds; others say nothing."""
    chosen = [rows for rows in split_strata(stratum, len(time)) if event[rows].any()]
    return chosen, [Stratum(sets=RiskSets(time=time[rows], event=event[rows]), x=x[rows], ties=ties) for rows in chosen]


def _drift(time: Values, event: Flags, scale: TimeScale) -> ndarray:
    """Give g(time) at each distinct event time, centred on the mean over events."""
    moments, counts = np.unique(time[event], return_counts=True)
    if scale == "identity":
        drift = moments
    else:
        curve = kaplan_meier(time, event)
        before = np.concatenate([[1.0], curve.survival[:-1]])
        drift = 1 - before[np.searchsorted(curve.time, moments)]
    return np.asarray(drift - np.average(drift, weights=counts))


def _chi_square(score: ndarray, variance: ndarray) -> ChiSquare:
    if np.linalg.matrix_rank(variance, hermitian=True) < len(score):
        raise EvaluationError("a drift over time needs events at several times")
    statistic = float(score @ np.linalg.solve(variance, score))
    return ChiSquare(statistic=statistic, freedom=len(score), p_value=float(chi2.sf(statistic, len(score))))
