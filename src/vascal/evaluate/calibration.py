"""Whether predicted risks come true as often as they say.

Weak calibration (intercept and slope) follows Cox, Biometrika 1958;45:562-565,
doi:10.1093/biomet/45.3-4.562, as named by Van Calster et al., BMC Med
2019;17:230, doi:10.1186/s12916-019-1466-7.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.cases import normal_quantile, require_both_groups, require_probabilities, two_sided_p
from vascal.evaluate.estimate import LEVEL, Estimate, Flags, Values, require_same_length, require_studies
from vascal.evaluate.proportion import wilson

Binning = Literal["equal-count", "equal-width"]
"""Bins of as many studies each, or of as much risk each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Observed against predicted risk, on average and over its range.

    Parameters
    ----------
    intercept
        Calibration in the large: log-odds by which events are commoner than
        predicted, the slope held at 1. 0 is perfect (and the p value's null).
    slope
        Of the observed on the predicted log-odds. 1 is perfect (and the null);
        below 1 high risks are too high and low ones too low.
    observed_expected
        Events over the sum of predicted risks. 1 is perfect.
    """

    intercept: Estimate
    slope: Estimate
    observed_expected: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class BrierScore:
    """Mean squared error of predicted risks.

    Parameters
    ----------
    brier
        0 is perfect; 0.25 is a coin.
    scaled
        Share of the error of predicting the event rate for all that is spared:
        1 is perfect, 0 no better than the rate, below 0 worse.
    """

    brier: Estimate
    scaled: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """Studies of similar predicted risk: a point of the reliability curve.

    Parameters
    ----------
    predicted
        Their mean predicted risk.
    observed
        Share with the event, with Wilson's interval; `n` counts the studies.
    """

    predicted: float
    observed: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationError:
    """Expected calibration error (ECE), and what chance alone would give.

    Parameters
    ----------
    value
        Mean distance of observed from predicted risk over bins, weighted by their studies.
    by_chance
        Mean ECE of outcomes drawn from the predicted risks themselves: what a
        perfectly calibrated model reaches with this many studies.
    p_value
        Chance of an ECE at least this large if the risks were true.
    bins
        Bins that hold a study.
    binning
        How they were cut.
    n
        Studies.
    """

    value: float
    by_chance: float
    p_value: float
    bins: int
    binning: Binning
    n: int


def estimate_calibration(is_event: Flags, probability: Values, *, level: float = LEVEL) -> Calibration:
    """Estimate calibration in the large and the calibration slope.

    Parameters
    ----------
    is_event
        Whether each study had the event.
    probability
        Its predicted risk, above 0 and below 1.
    level
        Confidence level.

    Returns
    -------
    Calibration

    Raises
    ------
    EvaluationError
        If a risk is 0 or 1 (its log-odds are infinite: say what the model means
        by certainty and cut the risks first), if all or no studies have the
        event, if all risks are equal, or if one risk separates events from
        non-events (the slope is then infinite).

    Notes
    -----
    Wald intervals of logistic regression. The interval of observed/expected
    holds the predicted risks fixed and is set on the log scale: Debray et al.,
    BMJ 2017;356:i6460, doi:10.1136/bmj.i6460.
    """
    _require_risks(is_event, probability)
    if np.any((probability == 0) | (probability == 1)):
        certain = int(np.sum((probability == 0) | (probability == 1)))
        raise EvaluationError(f"log-odds need risks above 0 and below 1; {certain} of {len(probability)} are 0 or 1")
    require_both_groups(is_event, "calibration")
    log_odds = np.log(probability) - np.log1p(-probability)
    _require_overlap(log_odds[is_event], log_odds[~is_event])
    n, one = len(is_event), np.ones((len(is_event), 1))
    intercept, error = _fit_logistic(is_event, one, log_odds)
    (_, slope), (_, slope_error) = _fit_logistic(is_event, np.column_stack([one, log_odds]), np.zeros(n))
    return Calibration(
        intercept=_wald(intercept[0], error[0], 0.0, n, level),
        slope=_wald(slope, slope_error, 1.0, n, level),
        observed_expected=_observed_expected(is_event, probability, level),
    )


def estimate_brier(is_event: Flags, probability: Values, *, level: float = LEVEL) -> BrierScore:
    """Estimate the mean squared error of predicted risks.

    Parameters
    ----------
    is_event
        Whether each study had the event.
    probability
        Its predicted risk, 0 to 1.
    level
        Confidence level.

    Returns
    -------
    BrierScore
        The scaled score is NaN where all or no studies had the event.

    Raises
    ------
    EvaluationError
        With fewer than two studies, or risks outside 0 to 1.

    Notes
    -----
    Normal intervals from the variance of each study's influence; those of
    `brier` are cut at 0, those of `scaled` at 1.

    Examples
    --------
    >>> estimate_brier(np.array([True, False]), np.array([0.7, 0.3])).brier.value.__round__(12)
    0.09
    """
    _require_risks(is_event, probability)
    require_studies(len(is_event), 2, "a Brier score")
    squared = (probability - is_event) ** 2
    brier, rate = float(np.mean(squared)), float(np.mean(is_event))
    spread = rate * (1 - rate)
    low, high = _mean_limits(brier, squared, level)
    n, method = len(is_event), "normal, influence function"
    whole = Estimate(value=brier, low=max(0.0, low), high=high, n=n, level=level, method=method)
    if spread == 0:
        return BrierScore(
            brier=whole,
            scaled=Estimate(value=math.nan, low=math.nan, high=math.nan, n=n, level=level, method="not defined"),
        )
    influence = brier * (1 - 2 * rate) * (is_event - rate) / spread**2 - (squared - brier) / spread
    low, high = _mean_limits(1 - brier / spread, influence, level)
    scaled = Estimate(value=1 - brier / spread, low=low, high=min(1.0, high), n=n, level=level, method=method)
    return BrierScore(brier=whole, scaled=scaled)


def reliability_curve(
    is_event: Flags,
    probability: Values,
    *,
    bins: int = 10,
    binning: Binning = "equal-count",
    level: float = LEVEL,
) -> tuple[ReliabilityBin, ...]:
    """Compare observed with predicted risk among studies of similar risk.

    Parameters
    ----------
    is_event
        Whether each study had the event.
    probability
        Its predicted risk, 0 to 1.
    bins
        How many, at most: those without a study are left out, and equal risks stay together.
    binning
        How they are cut.
    level
        Confidence level.

    Returns
    -------
    tuple of ReliabilityBin
        By rising risk.

    Raises
    ------
    EvaluationError
        Without studies, without bins, or with risks outside 0 to 1.
    """
    _require_risks(is_event, probability)
    place = _assign_bins(probability, bins, binning)
    return tuple(
        ReliabilityBin(
            predicted=float(np.mean(probability[place == bin_])),
            observed=wilson(int(np.sum(is_event[place == bin_])), int(np.sum(place == bin_)), level=level),
        )
        for bin_ in np.unique(place)
    )


def expected_calibration_error(
    is_event: Flags,
    probability: Values,
    *,
    bins: int = 10,
    binning: Binning = "equal-count",
    draws: int = 1000,
    seed: int = 0,
) -> CalibrationError:
    """Estimate the mean distance of observed from predicted risk, and hold it against chance.

    Parameters
    ----------
    is_event
        Whether each study had the event.
    probability
        Its predicted risk, 0 to 1.
    bins, binning
        How studies are gathered; see `reliability_curve`.
    draws
        Sets of outcomes drawn from the predicted risks.
    seed
        Of those draws.

    Returns
    -------
    CalibrationError

    Raises
    ------
    EvaluationError
        Without studies, bins or draws, or with risks outside 0 to 1.

    Notes
    -----
    ECE is never negative, so that chance alone lifts it, the more the fewer
    studies a bin holds. A resampled interval would lie around the lifted value;
    the value a perfect model reaches by chance is given in its place.

    References
    ----------
    Bröcker & Smith, Weather Forecast 2007;22:651-661, doi:10.1175/WAF993.1.
    """
    _require_risks(is_event, probability)
    if draws < 1:
        raise EvaluationError(f"at least 1 draw is needed; {draws} asked for")
    place = np.unique(_assign_bins(probability, bins, binning), return_inverse=True)[1]
    rng = np.random.default_rng(seed)
    value = _mean_distance(place, is_event - probability)
    chance = np.array(
        [_mean_distance(place, (rng.random(len(place)) < probability) - probability) for _ in range(draws)]
    )
    return CalibrationError(
        value=value,
        by_chance=float(np.mean(chance)),
        p_value=float((1 + np.sum(chance >= value - 1e-12)) / (1 + draws)),
        bins=int(place.max()) + 1,
        binning=binning,
        n=len(place),
    )


def _require_risks(is_event: Flags, probability: Values) -> None:
    require_studies(require_same_length(is_event=is_event, probability=probability), 1, "calibration")
    require_probabilities(probability=probability)


def _require_overlap(event: Float[ndarray, " event"], other: Float[ndarray, " other"]) -> None:
    """Refuse log-odds on which the slope has no finite maximum of likelihood."""
    if event.min() == event.max() == other.min() == other.max():
        raise EvaluationError("a calibration slope needs differing risks; all are equal")
    if event.min() >= other.max() or event.max() <= other.min():
        raise EvaluationError("a calibration slope needs overlapping risks; one risk separates events from the others")


def _fit_logistic(is_event: Flags, columns: ndarray, offset: ndarray) -> tuple[ndarray, ndarray]:
    """Give coefficients and their standard errors."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    fit = GLM(is_event.astype(float), columns, family=Binomial(), offset=offset).fit(tol=1e-12, maxiter=200)
    if not fit.converged:
        raise EvaluationError("the logistic regression of events on risks did not converge")
    return np.asarray(fit.params), np.asarray(fit.bse)


def _wald(value: float, error: float, null: float, n: int, level: float) -> Estimate:
    half = normal_quantile(level) * error
    return Estimate(
        value=float(value),
        low=float(value - half),
        high=float(value + half),
        n=n,
        level=level,
        method="logistic regression, Wald",
        p_value=two_sided_p((value - null) / error),
    )


def _observed_expected(is_event: Flags, probability: Values, level: float) -> Estimate:
    events, n = int(np.sum(is_event)), len(is_event)
    ratio = events / float(np.sum(probability))
    factor = math.exp(normal_quantile(level) * math.sqrt((1 - events / n) / events))
    method = "normal on the log scale, risks held fixed"
    return Estimate(value=ratio, low=ratio / factor, high=ratio * factor, n=n, level=level, method=method)


def _mean_limits(value: float, influence: Values, level: float) -> tuple[float, float]:
    half = normal_quantile(level) * float(np.std(influence, ddof=1)) / math.sqrt(len(influence))
    return value - half, value + half


def _assign_bins(probability: Values, bins: int, binning: Binning) -> ndarray:
    if bins < 1:
        raise EvaluationError(f"at least 1 bin is needed; {bins} asked for")
    edges = np.linspace(0, 1, bins + 1)
    if binning == "equal-count":
        edges = np.quantile(probability, edges)
    return np.searchsorted(edges[1:-1], probability)


def _mean_distance(place: ndarray, residual: ndarray) -> float:
    return float(np.sum(np.abs(np.bincount(place, weights=residual)))) / len(place)
