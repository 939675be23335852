"""How well a score orders who has the event first.

Harrell's and Uno's concordance, the AUC for events by a time, and the Brier
score at a time. Intervals come from each study's influence on the statistic,
including, where studies are weighted for censoring, its influence on the weights.
All are O(n log^2 n) at most.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Int64
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.cases import normal_quantile, require_finite, require_probabilities
from vascal.evaluate.censoring import (
    Censoring,
    censoring_residuals,
    estimate_censoring,
    pull_of_later,
    weigh_by_censoring,
)
from vascal.evaluate.estimate import LEVEL, Estimate, Flags, Values
from vascal.evaluate.survival import require_follow_up

NAN = float("nan")


def harrell_c(time: Values, event: Flags, score: Values, *, level: float = LEVEL) -> Estimate:
    """Estimate the chance that of two studies the one with the earlier event has the higher score.

    Parameters
    ----------
    time, event
        Follow-up, and whether it ended with the event.
    score
        Higher speaks for an earlier event.

    Returns
    -------
    Estimate
        Of pairs whose order is known: the earlier time is an event, and the other
        study was followed longer, or as long without one. Equal scores count one
        half. NaN without such a pair. The interval is normal on the logit scale;
        none (NaN) at 0 and 1.

    Raises
    ------
    EvaluationError
        If columns differ in length, or a time or score can not be used.

    Notes
    -----
    Depends on how long studies were followed; `uno_c` does less.

    References
    ----------
    Harrell et al., Stat Med 1996;15:361-387,
    doi:10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4.
    """
    value, influence = concordance_influence(time, event, score)
    return _on_logit_scale(value, influence, "influence, logit", level)


def uno_c(time: Values, event: Flags, score: Values, *, until: float = math.inf, level: float = LEVEL) -> Estimate:
    """Estimate concordance free of how long studies happened to be followed.

    Parameters
    ----------
    until
        Only events before this time count.

    Returns
    -------
    Estimate
        As `harrell_c`, each pair weighted by the inverse square of the chance of
        observing its event.

    Notes
    -----
    Assumes that censoring does not depend on the score. Give a horizon by which
    some are still followed: late weights are large and make the estimate unsteady.

    References
    ----------
    Uno et al., Stat Med 2011;30:1105-1117, doi:10.1002/sim.4154.
    """
    _require(time, event, score)
    if not until > 0:
        raise EvaluationError(f"a horizon above 0 is needed; {until:g} found")
    censoring = estimate_censoring(time, event)
    weights = weigh_by_censoring(time, event, censoring, until, power=2)
    value, influence, terms = _concordance(time, event, score, weights)
    influence = influence + _through_weights(time, event, censoring, 2 * terms)
    return _on_logit_scale(value, influence, "inverse probability of censoring, influence, logit", level)


def auc_by_time(
    time: Values, event: Flags, score: Values, at: Float[ndarray, " moment"], *, level: float = LEVEL
) -> tuple[Estimate, ...]:
    """Estimate, at each time, how well a score tells those with the event by then from those still free of it.

    Parameters
    ----------
    at
        Times.

    Returns
    -------
    tuple of Estimate
        Cumulative/dynamic AUC at each time; NaN where no event was before it or
        nobody was followed beyond it.

    References
    ----------
    Uno et al., J Am Stat Assoc 2007;102:527-537, doi:10.1198/016214507000000149.
    Influence: Blanche, Dartigues & Jacqmin-Gadda, Stat Med 2013;32:5381-5397,
    doi:10.1002/sim.5958.
    """
    _require(time, event, score)
    censoring = estimate_censoring(time, event)
    return tuple(_auc_at(time, event, score, float(moment), censoring, level) for moment in at)


def brier_at(time: Values, event: Flags, risk: Values, at: float, *, level: float = LEVEL) -> Estimate:
    """Estimate the mean squared error of predicted risks of the event by a time.

    Parameters
    ----------
    risk
        Predicted chance of the event by `at`, 0 to 1.
    at
        The time.

    Returns
    -------
    Estimate
        0 is perfect; a risk of one half for everybody gives 0.25. NaN where
        nobody was followed beyond the time and some were censored before.

    References
    ----------
    Graf et al., Stat Med 1999;18:2529-2545,
    doi:10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5.
    """
    _require(time, event, risk)
    require_probabilities(risk=risk)
    censoring = estimate_censoring(time, event)
    still = time > at
    lasting = float(censoring.after(np.array([at]))[0])
    method = "inverse probability of censoring, influence, normal"
    if lasting <= 0:
        return Estimate(value=NAN, low=NAN, high=NAN, n=len(time), method=method, level=level)
    weights = weigh_by_censoring(time, event, censoring, np.nextafter(at, np.inf)) + still / lasting
    losses = weights * (risk - ~still) ** 2
    value = float(losses.mean())
    # A study still followed is weighted by the chance just after the horizon, not at its own time.
    weighed_at = np.minimum(time, np.nextafter(at, np.inf))
    influence = (losses - value) / len(time) + _through_weights(time, event, censoring, losses / len(time), weighed_at)
    reach = normal_quantile(level) * math.sqrt(float(np.sum(influence**2)))
    return Estimate(
        value=value, low=max(0.0, value - reach), high=value + reach, n=len(time), method=method, level=level
    )


def concordance_influence(time: Values, event: Flags, score: Values) -> tuple[float, Values]:
    """Give Harrell's C and each study's influence on it, so that two scores of the same studies can be compared."""
    _require(time, event, score)
    value, influence, _ = _concordance(time, event, score, event.astype(float))
    return value, influence


def concordance_of(time: Values, event: Flags, score: Values) -> float:
    """Give Harrell's C alone, in half the time: for resampling."""
    _require(time, event, score)
    return _value(event.astype(float), *_pairs(time, event, score))


def _require(time: Values, event: Flags, score: Values) -> None:
    require_follow_up(time, event, score=score)
    require_finite(score=score)


def _concordance(time: Values, event: Flags, score: Values, weights: Values) -> tuple[float, Values, Values]:
    """Weighted concordance, influence of each study, and the share of it through a study's own weight."""
    key, rank = _order(time, event, score)
    lower, pairs = _pairs(time, event, score)
    value, total = _value(weights, lower, pairs), float(weights @ pairs)
    if total <= 0:
        return NAN, np.full(len(time), NAN), np.zeros(len(time))
    as_first = weights * (lower - value * pairs)
    above, equal, both = _sum_later(key.max() - key, rank.max() - rank, weights)
    as_second = above + equal / 2 - value * both
    return value, (as_first + as_second) / total, as_first / total


def _order(time: Values, event: Flags, score: Values) -> tuple[ndarray, ndarray]:
    """Rank times, an event before a censoring at its time, and scores."""
    return 2 * np.unique(time, return_inverse=True)[1] + ~event, np.unique(score, return_inverse=True)[1]


def _pairs(time: Values, event: Flags, score: Values) -> tuple[ndarray, ndarray]:
    """For each study, how many followed longer have a lower score, equal ones counting half; and how many there are."""
    below, tied, pairs = _sum_later(*_order(time, event, score), np.ones(len(time)))
    return below + tied / 2, pairs


def _value(weights: Values, lower: Values, pairs: Values) -> float:
    total = float(weights @ pairs)
    return float(weights @ lower) / total if total > 0 else NAN


def _sum_later(
    key: Int64[ndarray, " study"], rank: Int64[ndarray, " study"], weights: Values
) -> tuple[Values, Values, Values]:
    """For each study, sum the weights of those with a higher key: with lower rank, equal rank, all.

    Two keys differ first at one binary digit, where the lower has 0 and the
    higher 1; one pass for each digit pairs all studies once.
    """
    below, tied, every = np.zeros(len(key)), np.zeros(len(key)), np.zeros(len(key))
    width = int(rank.max()) + 1
    for digit in range(int(key.max()).bit_length()):
        block, is_high = key >> (digit + 1), (key >> digit) & 1 == 1
        code = block * width + rank
        order = np.flatnonzero(is_high)[np.argsort(code[is_high], kind="stable")]
        sums = np.concatenate([[0.0], np.cumsum(weights[order])])
        low, codes = ~is_high, code[order]
        edges = [block[low] * width, code[low], code[low] + 1, (block[low] + 1) * width]
        start, before, after, end = (sums[np.searchsorted(codes, edge)] for edge in edges)
        below[low] += before - start
        tied[low] += after - before
        every[low] += end - start
    return below, tied, every


def _auc_at(time: Values, event: Flags, score: Values, at: float, censoring: Censoring, level: float) -> Estimate:
    method = "inverse probability of censoring, influence, logit"
    weights = weigh_by_censoring(time, event, censoring, np.nextafter(at, np.inf))
    control = time > at
    case, controls, total = weights > 0, int(control.sum()), float(weights.sum())
    if not controls or total <= 0:
        return Estimate(value=NAN, low=NAN, high=NAN, n=len(time), method=method, level=level)
    order = np.sort(score[control])
    lower = (np.searchsorted(order, score[case], "left") + np.searchsorted(order, score[case], "right")) / 2 / controls
    share = weights[case] / total
    value = float(share @ lower)
    ranked = np.argsort(score[case], kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(share[ranked])])
    left, right = (np.searchsorted(score[case][ranked], score[control], side) for side in ("left", "right"))
    higher = 1 - (sums[left] + sums[right]) / 2
    terms = np.zeros(len(time))
    terms[case] = share * (lower - value)
    influence = terms + _through_weights(time, event, censoring, terms)
    influence[control] += (higher - value) / controls
    return _on_logit_scale(value, influence, method, level)


def _through_weights(
    time: Values, event: Flags, censoring: Censoring, terms: Values, reach: Values | None = None
) -> Values:
    """Influence of each study through the weights of terms; a weight reaches up to the study's time unless told."""
    pull = pull_of_later(censoring.moments, time if reach is None else reach, terms)
    # The chance of being observed is a product of (1 - hazard): its logarithm moves by hazard / (1 - hazard).
    left = 1 - censoring.hazard[:, None]
    pull = np.divide(pull, left, out=np.zeros_like(pull), where=left > 0)
    return np.asarray(censoring_residuals(time, event, censoring, pull)[:, 0])


def _on_logit_scale(value: float, influence: Values, method: str, level: float) -> Estimate:
    n, low, high = len(influence), NAN, NAN
    if 1e-12 < value < 1 - 1e-12:
        error = math.sqrt(float(np.sum(influence**2)))
        reach = normal_quantile(level) * error / (value * (1 - value))
        centre = math.log(value / (1 - value))
        low, high = (1 / (1 + math.exp(-max(-700.0, min(700.0, limit)))) for limit in (centre - reach, centre + reach))
    return Estimate(value=value, low=low, high=high, n=n, method=method, level=level)
