"""From margins to risks: how steep margins are in rows they were not fitted to, and how common the event is.

Margins of the training rows themselves are too steep, above all those of trees. So
slope and baseline are fitted to margins of rows that were held back. Baseline
after Breslow, J R Stat Soc B 1972;34:216-217; absolute risk with a competing event:
Benichou & Gail, Biometrics 1990;46:813-826.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.estimate import Values
from vascal.evaluate.risk_sets import maximise
from vascal.fusion.elastic_net import Penalty, minimise_penalised
from vascal.fusion.penalised import LogisticLoss
from vascal.fusion.targets import Target

MOMENTS = 100
"""Steps of the baseline up to the horizon: fine enough, and no patient's own time is kept."""
FLAT = 1e-9
"""Spread of margins that is taken as none."""
STEEPEST = 5.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Baseline:
    """Hazard of a row whose margin is 0.

    Parameters
    ----------
    slope
        Of the log hazard on the margin; 0 where margins foretell nothing.
    years
        Moments from just after 0 to the horizon.
    hazard
        Cumulative, at each of them.
    """

    slope: float
    years: Float[ndarray, " moment"]
    hazard: Float[ndarray, " moment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOdds:
    """Log odds on the margin: intercept + slope * margin."""

    intercept: float
    slope: float


def learn_baseline(margin: Values, target: Target, horizon_years: float) -> Baseline:
    """Fit slope and baseline hazard to held-out margins.

    Parameters
    ----------
    margin
        Of rows by models that were not fitted to them.
    target
        How those rows ended.
    horizon_years
        Up to which the baseline is kept.

    Notes
    -----
    A slope below 0 becomes 0: the model then tells everybody the average.
    """
    stratum = target.stratum(margin[:, None])
    slope = 0.0
    if np.ptp(margin) > FLAT and target.event.any():
        slope = _between(float(maximise([stratum]).beta[0]))
    at = stratum.likelihood(np.array([slope]))
    steps = stratum.hazard(at) * np.exp(-slope * margin.max() if slope else 0.0)
    reached = np.concatenate([[0.0], np.cumsum(steps)])
    years = np.linspace(0, horizon_years, MOMENTS + 1)[1:]
    hazard = reached[np.searchsorted(stratum.sets.moments, years, side="right")]
    return Baseline(slope=slope, years=years, hazard=hazard)


def learn_log_odds(margin: Values, target: Target) -> LogOdds:
    """Fit intercept and slope of yes or no to held-out margins; a slope below 0 becomes 0."""
    event = target.event.astype(float)
    rate = float(event.mean())
    usual = float(np.log(rate / (1 - rate)))
    spread = float(margin.std())
    if spread <= FLAT:
        return LogOdds(intercept=usual, slope=0.0)
    loss = LogisticLoss(x=((margin - margin.mean()) / spread)[:, None], event=event)
    # A penalty that hardly is one: margins that part the events from all others have no finite slope.
    fitted = minimise_penalised(loss, Penalty(strength=1e-6, l1_ratio=0.0, free=1), np.zeros(2))
    slope = _between(float(fitted[1]) / spread)
    if slope == 0:
        return LogOdds(intercept=usual, slope=0.0)
    return LogOdds(intercept=float(fitted[0] - fitted[1] * margin.mean() / spread), slope=slope)


def risk_of_odds(odds: LogOdds, margin: Values) -> Values:
    """Probability of yes."""
    return np.asarray(1 / (1 + np.exp(-np.clip(odds.intercept + odds.slope * margin, -30, 30))))


def risk_by_horizon(baselines: Sequence[Baseline], margins: Sequence[Values]) -> Values:
    """Give the risk of the first cause by the horizon, the others taking patients away.

    Parameters
    ----------
    baselines, margins
        Of each cause, the event first; on the same moments.

    Returns
    -------
    numpy.ndarray
        Cumulative incidence (row,).
    """
    if not baselines or len(baselines) != len(margins):
        raise EvaluationError(f"a margin for each cause is needed; {len(margins)} found for {len(baselines)}")
    ratios = [np.exp(one.slope * margin) for one, margin in zip(baselines, margins, strict=True)]
    steps = [np.diff(one.hazard, prepend=0.0) for one in baselines]
    free, risk = np.ones(len(margins[0])), np.zeros(len(margins[0]))
    for at in range(len(steps[0])):
        spent = [ratio * step[at] for ratio, step in zip(ratios, steps, strict=True)]
        every = np.sum(spent, axis=0)
        left = free * np.exp(-every)
        share = np.divide(spent[0], every, out=np.zeros_like(every), where=every > 0)
        risk += (free - left) * share
        free = left
    return risk


def _between(slope: float) -> float:
    return min(max(slope, 0.0), STEEPEST)
