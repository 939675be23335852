"""How often each of several causes ends follow-up, when one precludes the others.

Aalen & Johansen, Scand J Stat 1978;5:141-150. One less Kaplan-Meier, with other
causes censored, would answer how often the cause would happen in a world without
the others, and overstates its frequency in this one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.cases import normal_quantile
from vascal.evaluate.cox import HazardModel, fit_cox
from vascal.evaluate.estimate import LEVEL, Estimate, Values
from vascal.evaluate.survival import Labels, Steps, require_follow_up

Causes = Int64[ndarray, " study"]
"""Why follow-up ended: 0 censored, 1 and up the causes."""

NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CumulativeIncidence:
    """Share that has had the event of one cause, over time.

    Parameters
    ----------
    cause
        Which.
    time
        Distinct times, rising, at which follow-up of anybody ended.
    incidence, low, high
        Just after each time, with log-log limits; limits are NaN where the
        incidence is 1.
    variance
        Of the incidence.
    """

    cause: int
    time: Steps
    incidence: Steps
    low: Steps
    high: Steps
    variance: Steps
    n: int
    level: float


def cumulative_incidence(time: Values, causes: Causes, cause: int, *, level: float = LEVEL) -> CumulativeIncidence:
    """Estimate how many have had one cause's event over time.

    Parameters
    ----------
    time
        Follow-up.
    causes
        Why it ended.
    cause
        The one of interest, 1 or up.
    level
        Confidence level at each time alone.

    Raises
    ------
    EvaluationError
        If columns can not be used or `cause` is not a cause.

    Notes
    -----
    Variance by the delta method; with a single cause it is Greenwood's, and the
    incidence is 1 less Kaplan-Meier.

    References
    ----------
    Dinse & Larson, Biometrika 1986;73:379-386, doi:10.1093/biomet/73.2.379; form of
    Marubini & Valsecchi, Analysing Survival Data from Clinical Trials, 1995, 10.3.
    """
    require_causes(time, causes, cause)
    times, index = np.unique(time, return_inverse=True)
    count = len(times)
    gone = np.bincount(index, minlength=count)
    at_risk = (len(time) - np.cumsum(gone) + gone).astype(float)
    ended = np.bincount(index[causes > 0], minlength=count)
    of_cause = np.bincount(index[causes == cause], minlength=count)
    survival = np.cumprod(1 - ended / at_risk)
    before = np.concatenate([[1.0], survival[:-1]])
    incidence = np.cumsum(before * of_cause / at_risk)
    variance = _variance(incidence, before, at_risk, ended, of_cause)
    low, high = _log_log_limits(incidence, variance, level)
    return CumulativeIncidence(
        cause=cause, time=times, incidence=incidence, low=low, high=high, variance=variance, n=len(time), level=level
    )


def incidence_by_group(
    time: Values, causes: Causes, cause: int, group: Labels, *, level: float = LEVEL
) -> dict[str, CumulativeIncidence]:
    """Estimate a cause's cumulative incidence in each group, by its label as text."""
    require_follow_up(time, causes, group=group)
    return {
        str(label): cumulative_incidence(time[group == label], causes[group == label], cause, level=level)
        for label in np.unique(group)
    }


def incidence_at(curve: CumulativeIncidence, at: float) -> Estimate:
    """Read a cumulative incidence at a time; NaN beyond the last follow-up."""
    if not 0 <= at < math.inf:
        raise EvaluationError(f"a time of 0 or more is needed; {at:g} found")
    step = int(np.searchsorted(curve.time, at, side="right")) - 1
    values = (0.0, 0.0, 0.0) if step < 0 else (curve.incidence[step], curve.low[step], curve.high[step])
    value, low, high = (NAN, NAN, NAN) if at > curve.time[-1] else (float(number) for number in values)
    method = "Aalen-Johansen, delta method, log-log"
    return Estimate(value=value, low=low, high=high, n=curve.n, method=method, level=curve.level)


def fit_cause_specific(
    time: Values, causes: Causes, cause: int, covariates: Mapping[str, Values], *, level: float = LEVEL
) -> HazardModel:
    """Fit Cox regression to the rate of one cause among those still free of any.

    Notes
    -----
    Says what drives the cause, not how many it will reach: a covariate that
    raises a competing cause lowers that number without touching this rate.
    """
    require_causes(time, causes, cause)
    return fit_cox(time, causes == cause, covariates, level=level)


def require_causes(time: Values, causes: Causes, cause: int) -> None:
    """Refuse causes below 0, or an asked-for cause below 1."""
    require_follow_up(time, causes)
    if causes.min() < 0 or cause < 1:
        found = f"lowest is {causes.min()}, asked for is {cause}"
        raise EvaluationError(f"causes of 1 and up, and 0 for censored, are needed; {found}")


def _variance(incidence: ndarray, before: ndarray, at_risk: ndarray, ended: ndarray, of_cause: ndarray) -> ndarray:
    """Sum over earlier times s of (F - F(s))^2 a + b - 2 (F - F(s)) c, multiplied out into running sums."""
    left = at_risk * (at_risk - ended)
    # Where nobody is left the incidence no longer rises, and the term is 0.
    through_survival = np.divide(ended, left, out=np.zeros(len(left)), where=left > 0)
    own = before**2 * of_cause * (at_risk - of_cause) / at_risk**3
    shared = before * of_cause / at_risk**2
    shifted = np.cumsum(incidence * through_survival + shared)
    found = (
        incidence**2 * np.cumsum(through_survival)
        - 2 * incidence * shifted
        + np.cumsum(incidence**2 * through_survival + own + 2 * incidence * shared)
    )
    return np.asarray(np.maximum(found, 0.0))


def _log_log_limits(incidence: ndarray, variance: ndarray, level: float) -> tuple[ndarray, ndarray]:
    low, high = (np.where(incidence == 0, 0.0, NAN) for _ in range(2))
    inside = (incidence > 0) & (incidence < 1 - 1e-12)
    share = incidence[inside]
    log = np.log(share)
    reach = -normal_quantile(level) * np.sqrt(variance[inside]) / (share * log)
    low[inside] = np.exp(log * np.exp(reach))
    high[inside] = np.exp(log * np.exp(-reach))
    return low, high
