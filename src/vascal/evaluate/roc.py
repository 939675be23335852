"""How well a score tells studies with a condition from studies without it.

The area under the ROC curve (AUC) is the chance that a case scores higher than
a control, ties counting half. Its variance follows DeLong et al., Biometrics
1988;44:837-845, doi:10.2307/2531595, computed from ranks as in Sun & Xu, IEEE
Signal Process Lett 2014;21:1389-1393, doi:10.1109/LSP.2014.2337313.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.optimize import brentq
from scipy.stats import rankdata, t

from vascal.evaluate.cases import (
    normal_quantile,
    require_both_groups,
    require_finite,
)
from vascal.evaluate.estimate import LEVEL, Estimate, Flags, Values, require_same_length
from vascal.evaluate.proportion import wilson

AucInterval = Literal["logit", "wald", "newcombe"]
"""How the limits of an AUC are made."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RocCurve:
    """Every cut-off of a score, with what it finds and what it spares.

    Parameters
    ----------
    thresholds
        Falling cut-offs: infinity (nobody is called a case), then every
        distinct score. A study is called a case where its score is at least the cut-off.
    sensitivity, specificity
        Shares of the cases, and of the controls, called rightly; in the order of `thresholds`.
    cases, controls
        Studies with and without the condition.
    """

    thresholds: Float[ndarray, " cutoff"]
    sensitivity: Float[ndarray, " cutoff"]
    specificity: Float[ndarray, " cutoff"]
    cases: int
    controls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AucDifference:
    """Two areas under the curve, and the second less the first.

    Parameters
    ----------
    first, second
        The two AUCs.
    difference
        ``second - first`` with its interval and the p value of no difference;
        limits and p value are NaN where neither score leaves any variance to judge by.
    statistic
        Difference over its standard error: normal if paired, t if not.
    """

    first: Estimate
    second: Estimate
    difference: Estimate
    statistic: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BestCutoff:
    """The cut-off where sensitivity + specificity is highest.

    Parameters
    ----------
    threshold
        Scores at or above it are called cases; infinity where no cut-off beats calling nobody a case.
    youden
        Sensitivity + specificity - 1.
    sensitivity, specificity
        At the cut-off, with Wilson intervals that do not know it was chosen on these same studies.
    """

    threshold: float
    youden: float
    sensitivity: Estimate
    specificity: Estimate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Placement:
    """Share of the other group that each case beats, and that beats each control."""

    case: Float[ndarray, " case"]
    control: Float[ndarray, " control"]

    @property
    def auc(self) -> float:
        return float(np.mean(self.case))

    @property
    def variance(self) -> float:
        """DeLong's variance; NaN where a group has a single member."""
        return _spread(self.case, self.case) + _spread(self.control, self.control)


def roc_curve(is_case: Flags, score: Values) -> RocCurve:
    """Give sensitivity and specificity at every cut-off of a score.

    Parameters
    ----------
    is_case
        Whether each study has the condition.
    score
        Higher speaks for the condition.

    Returns
    -------
    RocCurve

    Raises
    ------
    EvaluationError
        If a group is empty or a score is not finite.

    Examples
    --------
    >>> curve = roc_curve(np.array([False, True, True]), np.array([0.0, 0.0, 400.0]))
    >>> curve.sensitivity.tolist(), curve.specificity.tolist()
    ([0.0, 0.5, 1.0], [1.0, 1.0, 0.0])
    """
    cases, controls = _require_scores(is_case, score)
    thresholds, found, alarms = count_calls(is_case, score)
    return RocCurve(
        thresholds=np.concatenate([[math.inf], thresholds]),
        sensitivity=np.concatenate([[0.0], found / cases]),
        specificity=np.concatenate([[1.0], 1 - alarms / controls]),
        cases=cases,
        controls=controls,
    )


def estimate_auc(is_case: Flags, score: Values, *, interval: AucInterval = "logit", level: float = LEVEL) -> Estimate:
    """Estimate the chance that a case scores higher than a control.

    Parameters
    ----------
    is_case
        Whether each study has the condition.
    score
        Higher speaks for the condition; ties count half.
    interval
        "logit" sets DeLong's interval on the log-odds scale, so that limits
        stay inside 0 to 1; "wald" sets it on the AUC itself and cuts it at 0
        and 1; "newcombe" needs no DeLong variance.
    level
        Confidence level.

    Returns
    -------
    Estimate
        `n` counts all studies.

    Raises
    ------
    EvaluationError
        If a group is empty or a score is not finite.

    Notes
    -----
    The default is the logit interval: near 1, where good detectors lie, Wald's
    limits leave the scale and cover too seldom (`bench/evaluate_coverage`).
    With complete separation or a single member in a group DeLong's variance is
    zero or missing; Newcombe's interval then takes its place, and `method` says so.

    References
    ----------
    Newcombe, Stat Med 2006;25:559-573, doi:10.1002/sim.2324, method 5.
    """
    _require_scores(is_case, score)
    placement = _place(is_case, score)
    area, variance = placement.auc, placement.variance
    if interval == "newcombe" or not _is_usable(variance):
        reason = "" if interval == "newcombe" else " (DeLong's variance is zero or missing)"
        low, high = _newcombe_limits(area, len(placement.case), len(placement.control), level)
        return Estimate(value=area, low=low, high=high, n=len(score), level=level, method=f"Newcombe method 5{reason}")
    limits = _logit_limits if interval == "logit" else _wald_limits
    low, high = limits(area, math.sqrt(variance), level)
    return Estimate(value=area, low=low, high=high, n=len(score), level=level, method=f"DeLong, {interval} interval")


def compare_paired_auc(is_case: Flags, first: Values, second: Values, *, level: float = LEVEL) -> AucDifference:
    """Compare two scores read on the same studies.

    Parameters
    ----------
    is_case
        Whether each study has the condition.
    first, second
        Two scores of the same studies; higher speaks for the condition.
    level
        Confidence level.

    Returns
    -------
    AucDifference
        Second less first; DeLong's normal test.

    Raises
    ------
    EvaluationError
        If a group is empty or a score is not finite.
    """
    require_same_length(is_case=is_case, first=first, second=second)
    _require_scores(is_case, first)
    _require_scores(is_case, second)
    one, two = _place(is_case, first), _place(is_case, second)
    # the variance of the differences, not a sum of rounded parts: equal rankings give exactly zero
    case, control = two.case - one.case, two.control - one.control
    variance = _spread(case, case) + _spread(control, control)
    areas = estimate_auc(is_case, first, level=level), estimate_auc(is_case, second, level=level)
    return _judge(areas, variance, math.inf, len(first), "DeLong, paired")


def compare_unpaired_auc(
    first: tuple[Flags, Values], second: tuple[Flags, Values], *, level: float = LEVEL
) -> AucDifference:
    """Compare a score between two separate sets of studies.

    Parameters
    ----------
    first, second
        Condition and score of each study of a set; the sets share no patient.
    level
        Confidence level.

    Returns
    -------
    AucDifference
        Second less first.

    Raises
    ------
    EvaluationError
        If a group is empty or a score is not finite.

    Notes
    -----
    The statistic is held against Student's t with Satterthwaite's degrees of
    freedom, as pROC does: small sets are not judged by the normal curve.
    """
    for is_case, score in (first, second):
        _require_scores(is_case, score)
    one, two = _place(*first), _place(*second)
    parts = np.array([one.variance, two.variance])
    sizes = np.array([len(first[1]), len(second[1])])
    variance = float(parts.sum())
    freedom = variance**2 / float(np.sum(parts**2 / (sizes - 1))) if _is_usable(variance) else math.inf
    areas = estimate_auc(*first, level=level), estimate_auc(*second, level=level)
    return _judge(areas, variance, freedom, int(sizes.sum()), "DeLong, unpaired, Satterthwaite t")


def find_best_cutoff(is_case: Flags, score: Values, *, level: float = LEVEL) -> BestCutoff:
    """Find the cut-off with the highest Youden index.

    Parameters
    ----------
    is_case
        Whether each study has the condition.
    score
        Higher speaks for the condition.
    level
        Confidence level.

    Returns
    -------
    BestCutoff

    Raises
    ------
    EvaluationError
        If a group is empty or a score is not finite.

    Notes
    -----
    The cut-off is chosen on the studies it is then judged by, so its
    sensitivity and specificity flatter it; judge it on other studies. Of equal
    cut-offs the highest is taken.

    References
    ----------
    Youden, Cancer 1950;3:32-35, doi:10.1002/1097-0142(1950)3:1<32::AID-CNCR2820030106>3.0.CO;2-3.
    """
    cases, controls = _require_scores(is_case, score)
    thresholds, found, alarms = count_calls(is_case, score)
    gain = np.concatenate([[0], found * controls - alarms * cases])  # whole numbers: equal cut-offs compare equal
    best = int(np.argmax(gain))
    hits, false = (0, 0) if best == 0 else (int(found[best - 1]), int(alarms[best - 1]))
    return BestCutoff(
        threshold=math.inf if best == 0 else float(thresholds[best - 1]),
        youden=float(gain[best]) / (cases * controls),
        sensitivity=wilson(hits, cases, level=level),
        specificity=wilson(controls - false, controls, level=level),
    )


def count_calls(is_case: Flags, score: Values) -> tuple[ndarray, ndarray, ndarray]:
    """Count, at each distinct score from the highest, the cases and the controls at or above it.

    Returns
    -------
    tuple of ndarray
        Falling scores, cases called, controls called.
    """
    order = np.argsort(-score, kind="stable")
    falling, flags = score[order], is_case[order]
    last = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))
    return falling[last], np.cumsum(flags)[last], np.cumsum(~flags)[last]


def _require_scores(is_case: Flags, score: Values) -> tuple[int, int]:
    require_same_length(is_case=is_case, score=score)
    require_finite(score=score)
    return require_both_groups(is_case, "an ROC curve")


def _place(is_case: Flags, score: Values) -> _Placement:
    case, control = score[is_case], score[~is_case]
    rank = rankdata(score)
    above = (rank[is_case] - rankdata(case)) / len(control)
    below = (rank[~is_case] - rankdata(control)) / len(case)
    return _Placement(case=above, control=1 - below)


def _spread(first: ndarray, second: ndarray) -> float:
    """Give the covariance of two means; NaN for a single study."""
    n = len(first)
    if n < 2:
        return math.nan
    return float(np.sum((first - first.mean()) * (second - second.mean()))) / ((n - 1) * n)


def _judge(areas: tuple[Estimate, Estimate], variance: float, freedom: float, n: int, method: str) -> AucDifference:
    """Hold the difference of two areas against Student's t; infinite freedom is the normal curve."""
    first, second = areas
    gap, level = second.value - first.value, first.level
    error = math.sqrt(variance) if _is_usable(variance) else math.nan
    half = float(t.isf((1 - level) / 2, freedom)) * error
    p_value = float(2 * t.sf(abs(gap / error), freedom))
    difference = Estimate(value=gap, low=gap - half, high=gap + half, n=n, level=level, method=method, p_value=p_value)
    return AucDifference(first=first, second=second, difference=difference, statistic=gap / error)


def _is_usable(variance: float) -> bool:
    return variance > 1e-20  # rounding of equal placements, far below 1 / n^2 of real ones


def _logit_limits(area: float, error: float, level: float) -> tuple[float, float]:
    centre = math.log(area / (1 - area))
    half = normal_quantile(level) * error / (area * (1 - area))
    return 1 / (1 + math.exp(half - centre)), 1 / (1 + math.exp(-half - centre))


def _wald_limits(area: float, error: float, level: float) -> tuple[float, float]:
    half = normal_quantile(level) * error
    return max(0.0, area - half), min(1.0, area + half)


def _newcombe_limits(area: float, cases: int, controls: int, level: float) -> tuple[float, float]:
    """Find the AUCs whose own standard error just reaches the observed one."""
    z = normal_quantile(level)
    others = (cases + controls) / 2 - 1

    def reach(true: float) -> float:
        weight = 1 + others * (1 - true) / (2 - true) + others * true / (1 + true)
        return z * math.sqrt(true * (1 - true) * weight / (cases * controls)) - abs(true - area)

    nudge = 1e-9  # at 0 and 1 the observed area is itself a root, and not the one that is sought
    low = 0.0 if area <= nudge else float(brentq(reach, 0.0, area - nudge))
    high = 1.0 if area >= 1 - nudge else float(brentq(reach, area + nudge, 1.0))
    return low, high
