"""What acting on a predicted risk is worth, against treating everybody or nobody.

Net benefit counts a true positive as 1 and a false positive as the odds of the
risk at which one would act: Vickers & Elkin, Med Decis Making 2006;26:565-574,
doi:10.1177/0272989X06295361.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import Drawn, Resampling, bootstrap_counts, sum_drawn
from vascal.evaluate.cases import require_both_groups, require_probabilities
from vascal.evaluate.estimate import LEVEL, Estimate, Flags, Values, require_same_length, require_studies

Thresholds = Float[ndarray, " threshold"]
"""Risks at which one would act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionPoint:
    """Net benefit at one threshold; that of treating nobody is 0.

    Parameters
    ----------
    threshold
        Predicted risk at or above which a patient is treated.
    model
        Net benefit of treating by the model, in true positives per study.
    treat_all
        Net benefit of treating everybody.
    gain
        Model less treat-all; resampled together, so that its interval is that of a paired difference.
    """

    threshold: float
    model: Estimate
    treat_all: Estimate
    gain: Estimate


def net_benefit(true_positives: int, false_positives: int, n: int, threshold: float) -> float:
    """Weigh true against false positives by the odds of the threshold.

    Parameters
    ----------
    true_positives, false_positives
        Studies treated with and without the event.
    n
        All studies.
    threshold
        Risk at which one would act: 0 up to, but not, 1.

    Returns
    -------
    float
        Net true positives per study.

    Raises
    ------
    EvaluationError
        If there are no studies, more are treated than there are, or the threshold is not a risk below 1.

    Examples
    --------
    >>> round(net_benefit(48, 40, 200, 0.2), 3)
    0.19
    """
    require_studies(n, 1, "net benefit")
    _require_thresholds(np.array([threshold]))
    if min(true_positives, false_positives) < 0 or true_positives + false_positives > n:
        raise EvaluationError(f"{true_positives} true and {false_positives} false positives do not fit {n} studies")
    return true_positives / n - false_positives / n * threshold / (1 - threshold)


def decision_curve(
    is_event: Flags,
    probability: Values,
    thresholds: Thresholds,
    *,
    standardize: bool = False,
    resampling: Resampling | None = None,
    level: float = LEVEL,
) -> tuple[DecisionPoint, ...]:
    """Give net benefit of a model over the thresholds at which one would act.

    Parameters
    ----------
    is_event
        Whether each study had the event.
    probability
        Its predicted risk, 0 to 1.
    thresholds
        Risks at or above which a patient is treated: 0 up to, but not, 1.
    standardize
        Divide by the event rate: 1 is then the best any model could do.
    resampling
        Of studies, for the band; 1,000 BCa resamples unless given.
    level
        Confidence level at each threshold by itself, not of the whole curve.

    Returns
    -------
    tuple of DecisionPoint
        In the order of `thresholds`.

    Raises
    ------
    EvaluationError
        Without studies or thresholds, with risks or thresholds outside their
        range, or if a standardised benefit is asked for without both outcomes.

    Notes
    -----
    The model is taken as given: judge it on studies it was not built on. The
    event rate is that of the studies, so a case-control sample has no net benefit.
    A benefit that is the same in every resample has an interval of no width.

    References
    ----------
    Vickers et al., BMC Med Inform Decis Mak 2008;8:53, doi:10.1186/1472-6947-8-53.
    """
    n = require_same_length(is_event=is_event, probability=probability)
    require_studies(n, 1, "net benefit")
    require_probabilities(probability=probability)
    _require_thresholds(thresholds)
    if standardize:
        require_both_groups(is_event, "standardised net benefit")
    statistics = _DrawnBenefit(is_event, probability, thresholds, standardize)
    found = bootstrap_counts(statistics, n, resampling=resampling, level=level)
    return tuple(
        DecisionPoint(
            threshold=float(threshold),
            model=found[f"model {k}"],
            treat_all=found[f"treat all {k}"],
            gain=found[f"gain {k}"],
        )
        for k, threshold in enumerate(thresholds)
    )


class _DrawnBenefit:
    """Net benefits as a function of how often each study was drawn."""

    def __init__(self, is_event: Flags, probability: Values, thresholds: Thresholds, standardize: bool) -> None:
        worth = np.where(is_event[:, None], 1.0, -thresholds / (1 - thresholds))
        treated = probability[:, None] >= thresholds
        self.columns = np.column_stack([is_event, worth, np.where(treated, worth, 0.0)]).astype(float)
        self.count = len(thresholds)
        self.standardize = standardize

    def __call__(self, counts: Drawn) -> Mapping[str, ndarray]:
        means = sum_drawn(counts, self.columns) / np.sum(counts, axis=1)
        rate, benefits = means[0], means[1:]
        if self.standardize:
            benefits = np.where(rate > 0, benefits / np.where(rate > 0, rate, 1.0), math.nan)
        everybody, model = benefits[: self.count], benefits[self.count :]
        return {
            f"{name} {k}": values[k]
            for name, values in (("model", model), ("treat all", everybody), ("gain", model - everybody))
            for k in range(self.count)
        }


def _require_thresholds(thresholds: Thresholds) -> None:
    if thresholds.size == 0 or not np.all((thresholds >= 0) & (thresholds < 1)):
        raise EvaluationError(f"thresholds from 0 up to, but not, 1 are needed; {thresholds.tolist()} found")
