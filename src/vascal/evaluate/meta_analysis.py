"""One result from several sites, when sites differ by more than chance.

Random effects: each site has its own true effect, drawn around a mean with
variance tau2. Weights are 1 / (site's variance + tau2).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float, Int64
from numpy import ndarray
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import chi2, norm, t

from vascal.errors import EvaluationError
from vascal.evaluate.cases import require_finite
from vascal.evaluate.estimate import LEVEL, Estimate, require_same_length

SiteValues = Float[ndarray, " site"]
"""One number for each site."""
SiteCounts = Int64[ndarray, " site"]
"""How many at each site."""
Tau2Method = Literal["reml", "paule-mandel", "dersimonian-laird"]
"""How the variance between sites is estimated."""
PooledInterval = Literal["hartung-knapp", "truncated-hartung-knapp", "normal"]
"""How the interval of the mean effect is made."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledEffect:
    """Mean effect over sites, and how far sites lie apart.

    Parameters
    ----------
    mean
        Mean of the sites' true effects; the p value's null is 0; `n` counts sites.
    prediction
        The same mean with the limits for the true effect of another such site;
        NaN limits with two sites.
    tau2
        Variance of true effects between sites, with its Q-profile interval.
    i2
        Share of the spread of observed effects that is not chance, 0 to 1; limits follow those of tau2.
    q, q_p_value
        Cochran's test of equal effects.
    weights
        Of each site in the mean; they sum to 1.
    """

    mean: Estimate
    prediction: Estimate
    tau2: Estimate
    i2: Estimate
    q: float
    q_p_value: float
    weights: SiteValues


def pool_sites(
    effects: SiteValues,
    variances: SiteValues,
    *,
    tau2_method: Tau2Method = "reml",
    interval: PooledInterval = "hartung-knapp",
    level: float = LEVEL,
) -> PooledEffect:
    """Pool one effect over sites by random effects.

    Parameters
    ----------
    effects
        One for each site, on a scale where it is about normal (log-odds, Fisher's z, difference ...).
    variances
        Of each effect within its site: squared standard errors, above 0.
    tau2_method
        Estimator of the variance between sites.
    interval
        "hartung-knapp" takes the spread of the sites themselves and Student's
        t; "truncated-hartung-knapp" is never narrower than the variances alone
        say; "normal" (Wald) is too narrow with few sites.
    level
        Confidence level.

    Returns
    -------
    PooledEffect

    Raises
    ------
    EvaluationError
        With fewer than two sites, effects that are not finite, or variances that are not above 0.

    Notes
    -----
    Sites that agree by luck leave Hartung and Knapp's interval very narrow, and
    none (NaN) if their effects are equal; the truncated one mends that and is
    then cautious. The prediction interval uses Student's t with two degrees
    of freedom fewer than sites and the standard error of the chosen interval;
    with fewer than about ten sites it held only 85 to 90 of 100 further sites
    in simulations, as tau2 itself is then hardly known.

    References
    ----------
    DerSimonian & Laird, Control Clin Trials 1986;7:177-188, doi:10.1016/0197-2456(86)90046-2.
    Paule & Mandel, J Res Natl Bur Stand 1982;87:377-385, doi:10.6028/jres.087.022.
    Viechtbauer, J Educ Behav Stat 2005;30:261-293, doi:10.3102/10769986030003261 (REML).
    Knapp & Hartung, Stat Med 2003;22:2693-2710, doi:10.1002/sim.1482.
    Higgins et al., J R Stat Soc A 2009;172:137-159, doi:10.1111/j.1467-985X.2008.00552.x (prediction).
    Viechtbauer, Stat Med 2007;26:37-52, doi:10.1002/sim.2514 (Q-profile).
    """
    sites = _require_sites(effects, variances)
    tau2 = _TAU2[tau2_method](effects, variances)
    weights = 1 / (variances + tau2)
    mean = float(np.average(effects, weights=weights))
    error = _standard_error(effects, variances, tau2, interval)
    q = _q(effects, variances, 0.0)
    typical = _typical_variance(variances)
    tau2_low, tau2_high = _profile_q(effects, variances, level)
    i2, i2_low, i2_high = (value / (value + typical) for value in (tau2, tau2_low, tau2_high))
    return PooledEffect(
        mean=_mean_estimate(mean, error, sites, f"{tau2_method}, {interval}", interval == "normal", level),
        prediction=_predict(mean, error, tau2, sites, level),
        tau2=Estimate(
            value=tau2, low=tau2_low, high=tau2_high, n=sites, level=level, method=f"{tau2_method}, Q-profile"
        ),
        i2=Estimate(value=i2, low=i2_low, high=i2_high, n=sites, level=level, method=f"{tau2_method}, Q-profile"),
        q=q,
        q_p_value=float(chi2.sf(q, sites - 1)),
        weights=weights / weights.sum(),
    )


def pool_proportions(
    hits: SiteCounts,
    n: SiteCounts,
    *,
    tau2_method: Tau2Method = "reml",
    interval: PooledInterval = "hartung-knapp",
    level: float = LEVEL,
) -> PooledEffect:
    """Pool shares (sensitivity, prevalence ...) over sites on the log-odds scale.

    Parameters
    ----------
    hits, n
        Studies that count, of how many, at each site.
    tau2_method, interval, level
        See `pool_sites`.

    Returns
    -------
    PooledEffect
        `mean` and `prediction` are shares again, without a p value; tau2 stays in squared log-odds.

    Raises
    ------
    EvaluationError
        With fewer than two sites, or hits outside 0 to `n`.
    """
    effects, variances = logit_proportions(hits, n)
    pooled = pool_sites(effects, variances, tau2_method=tau2_method, interval=interval, level=level)
    return _on_scale(pooled, expit)


def pool_correlations(
    correlations: SiteValues,
    n: SiteCounts,
    *,
    tau2_method: Tau2Method = "reml",
    interval: PooledInterval = "hartung-knapp",
    level: float = LEVEL,
) -> PooledEffect:
    """Pool correlations over sites by Fisher's z.

    Parameters
    ----------
    correlations
        Pearson's, between -1 and 1.
    n
        Studies behind each.
    tau2_method, interval, level
        See `pool_sites`.

    Returns
    -------
    PooledEffect
        `mean` and `prediction` are correlations again; tau2 stays in squared z.

    Raises
    ------
    EvaluationError
        With fewer than two sites, a correlation of -1 or 1, or fewer than four studies at a site.
    """
    effects, variances = fisher_z(correlations, n)
    pooled = pool_sites(effects, variances, tau2_method=tau2_method, interval=interval, level=level)
    null = pooled.mean.p_value
    back = _on_scale(pooled, np.tanh)
    return replace(back, mean=replace(back.mean, p_value=null))  # no correlation is z = 0 on both scales


def logit_proportions(hits: SiteCounts, n: SiteCounts) -> tuple[SiteValues, SiteValues]:
    """Give log-odds and their variances; half a study is added to both cells where one is empty.

    Raises
    ------
    EvaluationError
        If hits do not lie between 0 and n, or a site has no study.
    """
    require_same_length(hits=hits, n=n)
    if np.any((hits < 0) | (hits > n) | (n < 1)):
        raise EvaluationError(f"shares need 0 <= hits <= n and n above 0; hits {hits.tolist()} of {n.tolist()} found")
    added = np.where((hits == 0) | (hits == n), 0.5, 0.0)
    yes, no = hits + added, n - hits + added
    return np.asarray(logit(yes / (yes + no))), 1 / yes + 1 / no


def fisher_z(correlations: SiteValues, n: SiteCounts) -> tuple[SiteValues, SiteValues]:
    """Give Fisher's z of correlations and their variances, 1 / (n - 3).

    Raises
    ------
    EvaluationError
        With a correlation not between -1 and 1, or fewer than four studies at a site.
    """
    require_same_length(correlations=correlations, n=n)
    if not np.all(np.abs(correlations) < 1):
        raise EvaluationError(f"correlations between -1 and 1 are needed; {correlations.tolist()} found")
    if np.any(n < 4):
        raise EvaluationError(f"Fisher's z needs at least 4 studies at each site; {int(n.min())} found")
    return np.arctanh(correlations), 1 / (n - 3.0)


def _require_sites(effects: SiteValues, variances: SiteValues) -> int:
    sites = require_same_length(effects=effects, variances=variances)
    require_finite(effects=effects, variances=variances)
    if sites < 2:
        raise EvaluationError(f"pooling needs at least 2 sites; {sites} found")
    if np.any(variances <= 0):
        raise EvaluationError(f"variances above 0 are needed; the least is {variances.min():g}")
    return sites


def _q(effects: SiteValues, variances: SiteValues, tau2: float) -> float:
    """Cochran's Q with tau2 in the weights: falls as tau2 grows."""
    weights = 1 / (variances + tau2)
    return float(np.sum(weights * (effects - np.average(effects, weights=weights)) ** 2))


def _typical_variance(variances: SiteValues) -> float:
    """Higgins and Thompson's variance of a typical site."""
    weights = 1 / variances
    return float((len(weights) - 1) * weights.sum() / (weights.sum() ** 2 - np.sum(weights**2)))


def _dersimonian_laird(effects: SiteValues, variances: SiteValues) -> float:
    weights = 1 / variances
    scale = float(weights.sum() - np.sum(weights**2) / weights.sum())
    return max(0.0, (_q(effects, variances, 0.0) - (len(effects) - 1)) / scale)


def _paule_mandel(effects: SiteValues, variances: SiteValues) -> float:
    return _tau2_at(effects, variances, len(effects) - 1)


def _tau2_at(effects: SiteValues, variances: SiteValues, q: float) -> float:
    """Find the tau2 at which Q falls to a value; 0 where it starts below."""
    if _q(effects, variances, 0.0) <= q:
        return 0.0
    highest = (
        float(np.sum((effects - effects.mean()) ** 2)) / q * (1 + 1e-9)
    )  # there Q is at most q; a hair for rounding
    return _find_root(lambda tau2: _q(effects, variances, tau2) - q, 0.0, highest)


def _find_root(slope: Callable[[float], float], low: float, high: float) -> float:
    return float(brentq(slope, low, high, xtol=1e-15, rtol=1e-14))


def _reml(effects: SiteValues, variances: SiteValues) -> float:
    """Give the highest of all maxima of the restricted likelihood; scoring steps may circle or miss it."""
    spread = float(np.sum((effects - effects.mean()) ** 2)) / (len(effects) - 1)
    highest = max(float(variances.max()), 3 * spread)  # beyond both the likelihood only falls
    grid = np.concatenate([[0.0], np.geomspace(1e-6 * min(float(variances.min()), highest), 1.01 * highest, 300)])
    slopes = _reml_slope(grid, effects, variances)
    turns = np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0))
    peaks = [
        _find_root(lambda tau2: float(_reml_slope(tau2, effects, variances)), grid[turn], grid[turn + 1])
        for turn in turns
    ]
    return max([0.0, *peaks], key=lambda tau2: _restricted_likelihood(tau2, effects, variances))


def _reml_slope(tau2: ndarray | float, effects: SiteValues, variances: SiteValues) -> ndarray:
    weights = 1 / (variances + np.asarray(tau2)[..., None])
    total = weights.sum(axis=-1)
    off = weights * (effects - (np.sum(weights * effects, axis=-1) / total)[..., None])
    return np.asarray(np.sum(off**2, axis=-1) - total + np.sum(weights**2, axis=-1) / total)


def _restricted_likelihood(tau2: float, effects: SiteValues, variances: SiteValues) -> float:
    weights = 1 / (variances + tau2)
    return float(np.sum(np.log(weights)) - math.log(weights.sum()) - _q(effects, variances, tau2)) / 2


def _profile_q(effects: SiteValues, variances: SiteValues, level: float) -> tuple[float, float]:
    tails = [float(chi2.isf(tail, len(effects) - 1)) for tail in ((1 - level) / 2, (1 + level) / 2)]
    low, high = (_tau2_at(effects, variances, tail) for tail in tails)
    return low, high


def _standard_error(effects: SiteValues, variances: SiteValues, tau2: float, interval: PooledInterval) -> float:
    """Give the standard error of the mean; NaN where Hartung and Knapp's has no spread of sites to go by."""
    spread = _q(effects, variances, tau2) / (len(effects) - 1)
    if interval == "hartung-knapp" and spread < 1e-20:  # rounding of equal effects
        return math.nan
    factor = {"normal": 1.0, "hartung-knapp": spread, "truncated-hartung-knapp": max(1.0, spread)}[interval]
    return math.sqrt(factor / float(np.sum(1 / (variances + tau2))))


def _mean_estimate(mean: float, error: float, sites: int, method: str, is_normal: bool, level: float) -> Estimate:
    curve = norm() if is_normal else t(sites - 1)
    half = float(curve.isf((1 - level) / 2)) * error
    p_value = float(2 * curve.sf(abs(mean) / error))
    return Estimate(value=mean, low=mean - half, high=mean + half, n=sites, level=level, method=method, p_value=p_value)


def _predict(mean: float, error: float, tau2: float, sites: int, level: float) -> Estimate:
    half = math.nan
    if sites > 2:
        half = float(t.isf((1 - level) / 2, sites - 2)) * math.sqrt(tau2 + error**2)
    method = "prediction interval, t with sites - 2 degrees of freedom"
    return Estimate(value=mean, low=mean - half, high=mean + half, n=sites, level=level, method=method)


def _on_scale(pooled: PooledEffect, back: Callable[[float], float]) -> PooledEffect:
    return replace(pooled, mean=_back(pooled.mean, back), prediction=_back(pooled.prediction, back))


def _back(estimate: Estimate, back: Callable[[float], float]) -> Estimate:
    value, low, high = (float(back(number)) for number in (estimate.value, estimate.low, estimate.high))
    return replace(estimate, value=value, low=low, high=high, p_value=None)


_TAU2: dict[Tau2Method, Callable[[SiteValues, SiteValues], float]] = {
    "reml": _reml,
    "paule-mandel": _paule_mandel,
    "dersimonian-laird": _dersimonian_laird,
}
