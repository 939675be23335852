"""Two groups' risks compared, and how strong a confounder would have to be to explain it.

Intervals: risk ratio after Katz, Biometrics 1978;34:469-474, doi:10.2307/2530610;
odds ratio after Woolf, Ann Hum Genet 1955;19:251-253,
doi:10.1111/j.1469-1809.1955.tb01348.x; risk difference after Newcombe (method 10),
Stat Med 1998;17:873-890,
doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.
E-value: VanderWeele & Ding, Ann Intern Med 2017;167:268-274, doi:10.7326/M16-2607.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from vascal.errors import EvaluationError
from vascal.evaluate.cases import normal_quantile, two_sided_p
from vascal.evaluate.estimate import LEVEL, Estimate
from vascal.evaluate.proportion import wilson

Measure = Literal["rr", "or", "hr"]
"""Risk ratio, odds ratio, hazard ratio."""

NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoGroups:
    """How many of an exposed and of a reference group had the outcome."""

    events: int
    total: int
    reference_events: int
    reference_total: int

    def __post_init__(self) -> None:
        for events, total in ((self.events, self.total), (self.reference_events, self.reference_total)):
            if total < 1 or not 0 <= events <= total:
                raise EvaluationError(f"0 to n events among n >= 1 studies are needed; {events} of {total} found")

    @property
    def n(self) -> int:
        """Studies in both groups."""
        return self.total + self.reference_total


@dataclass(frozen=True, slots=True, kw_only=True)
class EValue:
    """Least strength of an unmeasured confounder that explains an association.

    Parameters
    ----------
    of_estimate
        Risk ratio that the confounder would need with both exposure and outcome
        to move the estimate to 1.
    of_limit
        The same to move the nearer limit of the interval to 1; 1 where the
        interval holds 1 already.
    risk_ratio, risk_ratio_limit
        Estimate and nearer limit on the scale of risk ratios, turned to be >= 1.
    """

    of_estimate: float
    of_limit: float
    risk_ratio: float
    risk_ratio_limit: float


def e_value(ratio: float, low: float, high: float, *, measure: Measure, is_common: bool) -> EValue:
    """Say how strong unmeasured confounding would have to be to explain a ratio away.

    Parameters
    ----------
    ratio, low, high
        Estimate and the limits of its interval.
    measure
        What the ratio is of.
    is_common
        Whether more than about 15 % have the outcome by the end of follow-up:
        odds and hazard ratios then overstate risk ratios and are converted.

    Returns
    -------
    EValue

    Raises
    ------
    EvaluationError
        If not 0 <= low <= ratio <= high with a positive finite ratio.

    Notes
    -----
    Ratios below 1 are inverted. Common outcomes: square root of an odds ratio;
    (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1 / HR)) of a hazard ratio. The E-value of
    an interval is that of its limit nearer to 1. Some papers also print one for
    the far limit, or for a limit on the other side of 1 after inverting it;
    neither says anything on confounding.

    References
    ----------
    VanderWeele & Ding, Ann Intern Med 2017;167:268-274, doi:10.7326/M16-2607.

    Examples
    --------
    >>> round(e_value(3.9, 1.8, 8.7, measure="rr", is_common=False).of_estimate, 2)
    7.26
    """
    if not (0 <= low <= ratio <= high and 0 < ratio < math.inf):
        raise EvaluationError(f"0 <= low <= ratio <= high is needed; {low}, {ratio}, {high} found")
    if ratio < 1:
        ratio, low = 1 / ratio, 1 / high
    estimate = _to_risk_ratio(ratio, measure, is_common)
    limit = _to_risk_ratio(low, measure, is_common) if low > 1 else 1.0
    return EValue(
        of_estimate=_e_value_of(estimate), of_limit=_e_value_of(limit), risk_ratio=estimate, risk_ratio_limit=limit
    )


def estimate_risk_ratio(groups: TwoGroups, *, level: float = LEVEL) -> Estimate:
    """Compare two risks as a ratio.

    Returns
    -------
    Estimate
        With Katz's log interval and the p-value of its z test. Without events in
        the reference group the ratio is infinite, without any it does not exist
        (NaN); limits are NaN wherever the log's standard error is not positive
        and finite.
    """
    value = _quotient(groups.events * groups.reference_total, groups.reference_events * groups.total)
    inverse = _sum_of_inverses(groups.events, groups.reference_events)
    variance = inverse - 1 / groups.total - 1 / groups.reference_total
    return _on_log_scale(value, variance, groups.n, "log interval after Katz", level)


def estimate_odds_ratio(groups: TwoGroups, *, level: float = LEVEL) -> Estimate:
    """Compare two odds as a ratio.

    Returns
    -------
    Estimate
        With Woolf's log interval and the p-value of its z test; limits are NaN
        where a cell of the table is empty, and so is a ratio of 0 to 0.
    """
    spared, reference_spared = groups.total - groups.events, groups.reference_total - groups.reference_events
    value = _quotient(groups.events * reference_spared, groups.reference_events * spared)
    variance = _sum_of_inverses(groups.events, spared, groups.reference_events, reference_spared)
    return _on_log_scale(value, variance, groups.n, "log interval after Woolf", level)


def estimate_risk_difference(groups: TwoGroups, *, level: float = LEVEL) -> Estimate:
    """Compare two risks as a difference: exposed less reference, -1 to 1.

    Returns
    -------
    Estimate
        With Newcombe's interval from the two Wilson intervals, which holds up in
        small groups and without events.
    """
    risk = wilson(groups.events, groups.total, level=level)
    other = wilson(groups.reference_events, groups.reference_total, level=level)
    value = risk.value - other.value
    return Estimate(
        value=value,
        low=value - math.hypot(risk.value - risk.low, other.high - other.value),
        high=value + math.hypot(risk.high - risk.value, other.value - other.low),
        n=groups.n,
        method="Newcombe, from Wilson intervals",
        level=level,
    )


def _e_value_of(ratio: float) -> float:
    return ratio + math.sqrt(ratio * (ratio - 1))


def _to_risk_ratio(ratio: float, measure: Measure, is_common: bool) -> float:
    if measure == "rr" or not is_common:
        return ratio
    root = math.sqrt(ratio)
    return root if measure == "or" else (1 - 0.5**root) / (1 - 0.5 ** (1 / root))


def _quotient(above: int, below: int) -> float:
    if below:
        return above / below
    return math.inf if above else NAN


def _sum_of_inverses(*cells: int) -> float:
    return sum(1 / cell if cell else math.inf for cell in cells)


def _on_log_scale(value: float, variance: float, n: int, method: str, level: float) -> Estimate:
    # Everybody in both groups: rounding must not pass for a standard error.
    if not 1e-15 < variance < math.inf:
        return Estimate(value=value, low=NAN, high=NAN, n=n, method=f"{method}: not defined", level=level)
    error = math.sqrt(variance)
    reach = math.exp(normal_quantile(level) * error)
    p_value = two_sided_p(math.log(value) / error)
    return Estimate(
        value=value, low=value / reach, high=value * reach, n=n, method=method, level=level, p_value=p_value
    )
