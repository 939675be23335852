"""Time to an event under censoring: survival curves and their comparison.

Kaplan & Meier, J Am Stat Assoc 1958;53:457-481, doi:10.1080/01621459.1958.10501452.
An event and a censoring at the same time: the event comes first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped
from numpy import ndarray
from scipy.stats import chi2

from vascal.errors import EvaluationError
from vascal.evaluate.cases import normal_quantile, require_finite, two_sided_p
from vascal.evaluate.estimate import LEVEL, Estimate, Flags, Values, require_same_length, require_studies

Labels = Shaped[ndarray, " study"]
"""Which group each study is of: numbers or words."""
Steps = Float[ndarray, " step"]
"""One number for each distinct time of follow-up."""
StepCounts = Int64[ndarray, " step"]

NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurvivalCurve:
    """Kaplan-Meier curve: a step at each distinct time of follow-up.

    Parameters
    ----------
    time
        Distinct times, rising, with an event or a censoring.
    survival, low, high
        Share still free of the event just after each time, with log-log
        Greenwood limits; limits are NaN once nobody is free of it.
    at_risk
        Still followed and free of the event just before each time.
    events, censored
        How many at each time.
    """

    time: Steps
    survival: Steps
    low: Steps
    high: Steps
    at_risk: StepCounts
    events: StepCounts
    censored: StepCounts
    n: int
    level: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LogRank:
    """Log-rank test of equal hazards.

    Parameters
    ----------
    statistic, freedom, p_value
        Chi-square, its degrees of freedom (groups that could have had an event, less one) and p.
    groups
        Labels in sorted order.
    observed, expected
        Events of each group, and those it would have had under equal hazards.
    """

    statistic: float
    freedom: int
    p_value: float
    groups: Shaped[ndarray, " group"]
    observed: Float[ndarray, " group"]
    expected: Float[ndarray, " group"]


def require_follow_up(time: Values, event: Shaped[ndarray, " other"], **columns: ndarray) -> int:
    """Give the number of studies followed.

    Raises
    ------
    EvaluationError
        If columns differ in length or are empty, or a time is negative or not finite.
    """
    n = require_same_length(time=time, event=event, **columns)
    require_studies(n, 1, "time to an event")
    require_finite(time=time)
    if (shortest := float(time.min())) < 0:
        raise EvaluationError(f"times of follow-up of 0 or more are needed; {shortest:g} found")
    return n


def kaplan_meier(time: Values, event: Flags, *, level: float = LEVEL) -> SurvivalCurve:
    """Estimate the share free of an event over time.

    Parameters
    ----------
    time
        Follow-up until the event or the end of observation.
    event
        Whether follow-up ended with the event.
    level
        Confidence level of the limits at each time alone, not of the curve as a whole.

    Returns
    -------
    SurvivalCurve

    Raises
    ------
    EvaluationError
        As `require_follow_up`.

    References
    ----------
    Log-log limits: Kalbfleisch & Prentice, The Statistical Analysis of Failure
    Time Data, 2nd ed., 2002, section 1.4, doi:10.1002/9781118032985.
    """
    n = require_follow_up(time, event)
    times, index = np.unique(time, return_inverse=True)
    events = np.bincount(index[event], minlength=len(times))
    gone = np.bincount(index, minlength=len(times))
    at_risk = n - np.cumsum(gone) + gone
    survival = np.cumprod(1 - events / at_risk)
    low, high = _log_log_limits(survival, _greenwood_sum(events, at_risk), level)
    return SurvivalCurve(
        time=times,
        survival=survival,
        low=low,
        high=high,
        at_risk=at_risk,
        events=events,
        censored=gone - events,
        n=n,
        level=level,
    )


def survival_at(curve: SurvivalCurve, at: float) -> Estimate:
    """Read the share free of the event at a time.

    Returns
    -------
    Estimate
        NaN beyond the last follow-up, unless the curve has reached 0 there.
    """
    if not 0 <= at < math.inf:
        raise EvaluationError(f"a time of 0 or more is needed; {at:g} found")
    step = int(np.searchsorted(curve.time, at, side="right")) - 1
    is_known = at <= curve.time[-1] or curve.survival[-1] == 0
    value, low, high = (1.0, 1.0, 1.0) if step < 0 else (curve.survival[step], curve.low[step], curve.high[step])
    limits = (float(value), float(low), float(high)) if is_known else (NAN, NAN, NAN)
    method = "Kaplan-Meier, log-log Greenwood"
    return Estimate(value=limits[0], low=limits[1], high=limits[2], n=curve.n, method=method, level=curve.level)


def median_survival(curve: SurvivalCurve) -> Estimate:
    """Find the time by which half have had the event.

    Returns
    -------
    Estimate
        Infinite where the curve, or its limit, stays above one half: later than
        anybody was followed.

    Notes
    -----
    First time at which the curve is at or below one half; limits are the first
    times at which the curve's own limits are.

    References
    ----------
    Brookmeyer & Crowley, Biometrics 1982;38:29-41, doi:10.2307/2530286.
    """
    value, low, high = (_first_at_half(curve.time, share) for share in (curve.survival, curve.low, curve.high))
    method = "Brookmeyer-Crowley, log-log Greenwood"
    return Estimate(value=value, low=low, high=high, n=curve.n, method=method, level=curve.level)


def numbers_at_risk(time: Values, at: Float[ndarray, " moment"]) -> Int64[ndarray, " moment"]:
    """Count who is still followed just before chosen times: the row under a survival curve."""
    return len(time) - np.searchsorted(np.sort(time), at, side="left")


def restricted_mean(time: Values, event: Flags, until: float, *, level: float = LEVEL) -> Estimate:
    """Estimate the mean time free of an event within a horizon: the area under the survival curve.

    Parameters
    ----------
    until
        The horizon, on the scale of `time`.

    Returns
    -------
    Estimate
        0 to `until`, with a normal interval kept within it.

    Raises
    ------
    EvaluationError
        If nobody was followed up to the horizon while some were free of the event.

    References
    ----------
    Royston & Parmar, BMC Med Res Methodol 2013;13:152, doi:10.1186/1471-2288-13-152.
    """
    value, error = _area(time, event, until, level)
    reach = normal_quantile(level) * error
    method = "area under Kaplan-Meier, normal"
    low, high = max(0.0, value - reach), min(until, value + reach)
    return Estimate(value=value, low=low, high=high, n=len(time), method=method, level=level)


def restricted_mean_difference(
    first: tuple[Values, Flags], second: tuple[Values, Flags], until: float, *, level: float = LEVEL
) -> Estimate:
    """Compare mean times free of an event within a horizon: first group less second.

    Parameters
    ----------
    first, second
        Times and events of two groups of different studies.
    until
        The horizon, on the scale of the times.
    """
    (mean, error), (other, other_error) = (_area(*group, until, level) for group in (first, second))
    value, spread = mean - other, math.hypot(error, other_error)
    reach = normal_quantile(level) * spread
    return Estimate(
        value=value,
        low=value - reach,
        high=value + reach,
        n=len(first[0]) + len(second[0]),
        method="difference of areas under Kaplan-Meier, normal",
        level=level,
        p_value=two_sided_p(value / spread) if spread > 0 else None,
    )


def log_rank(time: Values, event: Flags, group: Labels, *, stratum: Labels | None = None) -> LogRank:
    """Test whether groups share one hazard.

    Parameters
    ----------
    group
        Two or more groups.
    stratum
        Groups are compared within each stratum, and differences summed.

    Raises
    ------
    EvaluationError
        If fewer than two groups were at risk when events happened.

    References
    ----------
    Mantel, Cancer Chemother Rep 1966;50:163-170; Peto & Peto, J R Stat Soc A
    1972;135:185-207, doi:10.2307/2344317.
    """
    require_follow_up(time, event, group=group)
    labels, index = np.unique(group, return_inverse=True)
    parts = [
        _log_rank_part(time[chosen], event[chosen], index[chosen], len(labels))
        for chosen in split_strata(stratum, len(time))
    ]
    observed, expected, covariance = (sum(part, start=np.zeros_like(part[0])) for part in zip(*parts, strict=True))
    compared = np.flatnonzero(expected > 0)
    if len(compared) < 2:
        raise EvaluationError(f"a log-rank test needs events and two groups at risk; {len(compared)} found")
    kept = compared[:-1]
    excess = (observed - expected)[kept]
    inner = covariance[np.ix_(kept, kept)]
    if np.linalg.matrix_rank(inner) < len(kept):
        raise EvaluationError("a log-rank test needs groups at risk at the same times; some never were")
    statistic = float(excess @ np.linalg.solve(inner, excess))
    return LogRank(
        statistic=statistic,
        freedom=len(kept),
        p_value=float(chi2.sf(statistic, len(kept))),
        groups=labels,
        observed=observed,
        expected=expected,
    )


def split_strata(stratum: Labels | None, n: int) -> list[Bool[ndarray, " study"]]:
    """Mark the studies of each stratum; all are one unless given."""
    if stratum is None:
        return [np.ones(n, dtype=bool)]
    if len(stratum) != n:
        raise EvaluationError(f"a stratum for each study is needed; {len(stratum)} strata, {n} studies")
    return [stratum == label for label in np.unique(stratum)]


def _log_rank_part(time: ndarray, event: ndarray, index: ndarray, groups: int) -> tuple[ndarray, ndarray, ndarray]:
    """Observed and expected events (group,) and their covariance (group, group) within a stratum."""
    times, when = np.unique(time, return_inverse=True)
    cell = when * groups + index
    events = np.bincount(cell[event], minlength=len(times) * groups).reshape(-1, groups)
    gone = np.bincount(cell, minlength=len(times) * groups).reshape(-1, groups)
    at_risk = np.cumsum(gone[::-1], axis=0)[::-1]
    deaths, total = events.sum(axis=1), at_risk.sum(axis=1)
    share = at_risk / total[:, None]
    spread = deaths * (total - deaths) / np.maximum(total - 1, 1)  # a lone study at risk adds no variance
    covariance = np.diag(spread @ share) - share.T @ (spread[:, None] * share)
    return events.sum(axis=0).astype(float), deaths @ share, covariance


def _greenwood_sum(events: ndarray, at_risk: ndarray) -> ndarray:
    """Sum d / (n (n - d)) up to each time; infinite once nobody is left."""
    left = at_risk * (at_risk - events)
    terms = np.divide(events, left, out=np.full(len(events), np.inf), where=left > 0)
    return np.asarray(np.cumsum(terms))


def _log_log_limits(survival: ndarray, greenwood: ndarray, level: float) -> tuple[ndarray, ndarray]:
    low, high = (np.where(survival == 1, 1.0, NAN) for _ in range(2))
    inside = (survival > 0) & (survival < 1)
    log = np.log(survival[inside])
    reach = normal_quantile(level) * np.sqrt(greenwood[inside]) / log  # below 0, as the log is
    low[inside] = np.exp(log * np.exp(-reach))
    high[inside] = np.exp(log * np.exp(reach))
    return low, high


def _first_at_half(time: ndarray, share: ndarray) -> float:
    reached = np.flatnonzero(share <= 0.5 + 1e-12)  # rounding of a product that is one half
    return float(time[reached[0]]) if reached.size else math.inf


def _area(time: Values, event: Flags, until: float, level: float) -> tuple[float, float]:
    """Area under the curve up to a horizon, and its standard error."""
    curve = kaplan_meier(time, event, level=level)
    if not 0 < until < math.inf:
        raise EvaluationError(f"a horizon above 0 is needed; {until:g} found")
    if until > curve.time[-1] and curve.survival[-1] > 0:
        raise EvaluationError(f"follow-up to the horizon of {until:g} is needed; the longest is {curve.time[-1]:g}")
    inside = curve.time <= until
    edges = np.concatenate([[0.0], curve.time[inside], [until]])
    areas = np.diff(edges) * np.concatenate([[1.0], curve.survival[inside]])
    after = np.cumsum(areas[::-1])[::-1][1:]  # from each time to the horizon
    events, at_risk = curve.events[inside], curve.at_risk[inside]
    left = at_risk * (at_risk - events)
    # Where nobody is left, no area is left either.
    terms = np.divide(after**2 * events, left, out=np.zeros(len(after)), where=left > 0)
    return float(areas.sum()), math.sqrt(float(terms.sum()))
