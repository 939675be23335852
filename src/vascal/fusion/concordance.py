"""How well risks order patients, for outcomes with a follow-up or without, with competing events or without.

With a competing event its patients never have the event itself: they stay among
those whom a patient with the event is compared with. Wolbers et al., Epidemiology 2009;20:555-561,
doi:10.1097/EDE.0b013e3181a39056.
"""

from __future__ import annotations

import math

import numpy as np

from vascal.errors import EvaluationError
from vascal.evaluate.cases import normal_quantile
from vascal.evaluate.concordance import concordance_influence, concordance_of, harrell_c
from vascal.evaluate.estimate import LEVEL, Estimate, Values
from vascal.evaluate.roc import compare_paired_auc, estimate_auc
from vascal.fusion.targets import Ends, Target


def comparable(ends: Ends) -> Target:
    """Give follow-up such that those with a competing event are followed longest, without the event."""
    target = ends.target
    if target.time is None or not ends.has_competing:
        return target
    return Target(event=target.event, time=np.where(ends.causes == 2, target.time.max() + 1, target.time))


def estimate_concordance(ends: Ends, score: Values) -> Estimate:
    """Estimate Harrell's C, or the AUC where the outcome is yes or no."""
    target = comparable(ends)
    if target.time is None:
        return estimate_auc(target.event, score)
    return harrell_c(target.time, target.event, score)


def quick_concordance(ends: Ends, score: Values) -> float:
    """Give the same number without an interval; NaN where no pair can be compared."""
    target = comparable(ends)
    if target.time is not None:
        return concordance_of(target.time, target.event, score)
    cases = int(target.event.sum())
    if not 0 < cases < len(score):
        return math.nan
    return float(estimate_auc(target.event, score).value)


def compare_concordance(ends: Ends, without: Values, within: Values) -> Estimate:
    """Estimate how much better one score orders the same patients than another, paired.

    Raises
    ------
    EvaluationError
        If no pair can be compared.
    """
    target = comparable(ends)
    if target.time is None:
        return compare_paired_auc(target.event, without, within).difference
    first, pull = concordance_influence(target.time, target.event, without)
    second, other = concordance_influence(target.time, target.event, within)
    if not math.isfinite(second - first):
        raise EvaluationError("concordance needs an event before another patient's end of follow-up; none found")
    reach = normal_quantile(LEVEL) * float(np.sqrt(np.sum((other - pull) ** 2)))
    value = second - first
    return Estimate(
        value=value, low=value - reach, high=value + reach, n=len(within), method="paired influence, normal"
    )
