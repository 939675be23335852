"""Whom a new model moves up or down in risk: net reclassification (NRI) and integrated discrimination (IDI).

Pencina et al., Stat Med 2008;27:157-172, doi:10.1002/sim.2929; without
categories: Stat Med 2011;30:11-21, doi:10.1002/sim.4085.

Neither measure comes with a p value here. Tests of an NRI or an IDI reject too
often when the new model was built on the same studies (Kerr et al.,
Epidemiology 2014;25:114-121, doi:10.1097/EDE.0000000000000018; Am J Epidemiol
2011;174:364-374, doi:10.1093/aje/kwr086): test the added term in the model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.stats import t

from vascal.errors import EvaluationError
from vascal.evaluate.cases import normal_quantile, require_both_groups, require_probabilities
from vascal.evaluate.estimate import LEVEL, Counts, Estimate, Flags, Values, require_same_length

Cutoffs = Float[ndarray, " cutoff"]
"""Rising risks; one at a cut-off belongs to the category above it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetReclassification:
    """Net shares of studies moved the right way.

    Parameters
    ----------
    events
        Of those with the event: share moved up less share moved down, -1 to 1.
    non_events
        Of those without: share moved down less share moved up, -1 to 1.
    total
        Their sum, -2 to 2: not a share of anything; never report it alone.
    events_up, events_down, non_events_up, non_events_down
        Studies moved.
    """

    events: Estimate
    non_events: Estimate
    total: Estimate
    events_up: int
    events_down: int
    non_events_up: int
    non_events_down: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscriminationImprovement:
    """Mean change of predicted risk the right way.

    Parameters
    ----------
    events
        Of those with the event: mean rise.
    non_events
        Of those without: mean fall.
    total
        Their sum, the IDI.
    """

    events: Estimate
    non_events: Estimate
    total: Estimate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReclassificationTables:
    """Risk categories by the old model (rows) and the new one (columns).

    Parameters
    ----------
    events, non_events
        Studies with and without the event, by rising risk both ways.
    """

    events: Counts
    non_events: Counts


def reclassification_tables(is_event: Flags, old: Values, new: Values, cutoffs: Cutoffs) -> ReclassificationTables:
    """Count studies in each pair of risk categories.

    Parameters
    ----------
    is_event
        Whether each study had the event.
    old, new
        Predicted risks, 0 to 1.
    cutoffs
        Rising risks; a risk at a cut-off belongs to the category above it.

    Returns
    -------
    ReclassificationTables

    Raises
    ------
    EvaluationError
        If risks lie outside 0 to 1, cut-offs do not rise or an outcome is missing.
    """
    _require_risks(is_event, old, new)
    before, after = _categorize(old, cutoffs), _categorize(new, cutoffs)
    return ReclassificationTables(
        events=_cross(before[is_event], after[is_event], len(cutoffs) + 1),
        non_events=_cross(before[~is_event], after[~is_event], len(cutoffs) + 1),
    )


def net_reclassification(
    is_event: Flags, old: Values, new: Values, cutoffs: Cutoffs | None = None, *, level: float = LEVEL
) -> NetReclassification:
    """Estimate the net reclassification of events and of non-events.

    Parameters
    ----------
    is_event
        Whether each study had the event.
    old, new
        Predicted risks, 0 to 1.
    cutoffs
        Of the risk categories; without them every change counts, however small (continuous NRI).
    level
        Confidence level.

    Returns
    -------
    NetReclassification

    Raises
    ------
    EvaluationError
        If risks lie outside 0 to 1, cut-offs do not rise or an outcome is missing.

    Notes
    -----
    Up and down are paired shares, so each part has Bonett and Price's adjusted
    Wald interval (one study is added to each of up and down), which stays open
    where nobody moved; the total's adds their variances. The models are taken
    as given: judge them on studies they were not built on. The continuous NRI
    is positive for many useless models and moves with calibration.

    References
    ----------
    Bonett & Price, J Educ Behav Stat 2012;37:479-488, doi:10.3102/1076998611411915.
    """
    events, others = _require_risks(is_event, old, new)
    move = np.sign(new - old) if cutoffs is None else np.sign(_categorize(new, cutoffs) - _categorize(old, cutoffs))
    up, down = int(np.sum(move[is_event] > 0)), int(np.sum(move[is_event] < 0))
    other_up, other_down = int(np.sum(move[~is_event] > 0)), int(np.sum(move[~is_event] < 0))
    parts = np.array([_adjusted_gain(up, down, events), _adjusted_gain(other_down, other_up, others)])
    of_events, of_others = (up - down) / events, (other_down - other_up) / others
    return NetReclassification(
        events=_net(of_events, parts[:1], events, level),
        non_events=_net(of_others, parts[1:], others, level),
        total=_net(of_events + of_others, parts, events + others, level),
        events_up=up,
        events_down=down,
        non_events_up=other_up,
        non_events_down=other_down,
    )


def integrated_discrimination(
    is_event: Flags, old: Values, new: Values, *, level: float = LEVEL
) -> DiscriminationImprovement:
    """Estimate how much further the new model holds events and non-events apart.

    Parameters
    ----------
    is_event
        Whether each study had the event.
    old, new
        Predicted risks, 0 to 1.
    level
        Confidence level.

    Returns
    -------
    DiscriminationImprovement
        Limits are NaN where all changes within a group are equal.

    Raises
    ------
    EvaluationError
        If risks lie outside 0 to 1, or fewer than two studies have, or lack, the event.

    Notes
    -----
    The IDI is a difference of two means of changes: Student's t for the parts,
    Welch's for the total.
    """
    _require_risks(is_event, old, new)
    require_both_groups(is_event, "integrated discrimination", each=2)
    change = new - old
    rise, fall = change[is_event], -change[~is_event]
    return DiscriminationImprovement(
        events=_mean_change([rise], level),
        non_events=_mean_change([fall], level),
        total=_mean_change([rise, fall], level),
    )


def _require_risks(is_event: Flags, old: Values, new: Values) -> tuple[int, int]:
    require_same_length(is_event=is_event, old=old, new=new)
    require_probabilities(old=old, new=new)
    return require_both_groups(is_event, "reclassification")


def _categorize(risk: Values, cutoffs: Cutoffs) -> ndarray:
    if cutoffs.size == 0 or not np.all(np.diff(cutoffs, prepend=-math.inf) > 0):
        raise EvaluationError(f"rising cut-offs are needed; {cutoffs.tolist()} found")
    return np.searchsorted(cutoffs, risk, side="right")


def _cross(before: ndarray, after: ndarray, categories: int) -> Counts:
    counts = np.bincount(before * categories + after, minlength=categories**2)
    return counts.reshape(categories, categories).astype(np.int64)


def _adjusted_gain(right: int, wrong: int, n: int) -> tuple[float, float]:
    """Give centre and variance of a difference of paired shares after Bonett and Price."""
    gained, lost = (right + 1) / (n + 2), (wrong + 1) / (n + 2)
    return gained - lost, (gained + lost - (gained - lost) ** 2) / (n + 2)


def _net(value: float, parts: ndarray, n: int, level: float) -> Estimate:
    """Set the interval of a sum of parts, each a (centre, variance), cut at what the sum can reach."""
    centre, variance = parts.sum(axis=0)
    half, reach = normal_quantile(level) * math.sqrt(variance), float(len(parts))
    return Estimate(
        value=value,
        low=max(-reach, float(centre - half)),
        high=min(reach, float(centre + half)),
        n=n,
        level=level,
        method="adjusted Wald, Bonett and Price",
    )


def _mean_change(groups: list[ndarray], level: float) -> Estimate:
    """Give a sum of group means with Welch's t interval (Student's for one group)."""
    value = float(sum(np.mean(group) for group in groups))
    n = sum(len(group) for group in groups)
    variances = [float(np.var(group, ddof=1)) / len(group) for group in groups]
    variance, half = sum(variances), math.nan
    if variance > 1e-30:  # rounding of equal changes
        freedom = variance**2 / sum(v**2 / (len(group) - 1) for v, group in zip(variances, groups, strict=True))
        half = float(t.isf((1 - level) / 2, freedom)) * math.sqrt(variance)
    name = "Student's t" if len(groups) == 1 else "Welch's t"
    return Estimate(value=value, low=value - half, high=value + half, n=n, level=level, method=name)
