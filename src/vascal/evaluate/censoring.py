"""Weights that stand for the censored: each study followed speaks also for those like it that were lost.

The chance of being still observed comes from Kaplan-Meier with the roles of event
and censoring exchanged; an event and a censoring at the same time: the event
comes first, so nobody with an event then was at risk of the censoring.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from vascal.evaluate.estimate import Flags, Values


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Censoring:
    """Chance of not yet being censored.

    Parameters
    ----------
    moments
        Distinct times of censoring, rising.
    at_risk
        Studies that could have been censored then.
    hazard
        Share of them that was.
    observed
        Chance of still being observed just after each, with 1 before the first (moment + 1,).
    """

    moments: Float[ndarray, " moment"]
    at_risk: Float[ndarray, " moment"]
    hazard: Float[ndarray, " moment"]
    observed: ndarray

    def before(self, time: Float[ndarray, " any"]) -> Float[ndarray, " any"]:
        """Chance of still being observed just before each time."""
        return np.asarray(self.observed[np.searchsorted(self.moments, time, side="left")])

    def after(self, time: Float[ndarray, " any"]) -> Float[ndarray, " any"]:
        """Chance of still being observed just after each time."""
        return np.asarray(self.observed[np.searchsorted(self.moments, time, side="right")])


def estimate_censoring(time: Values, event: Flags) -> Censoring:
    """Estimate the chance of being still observed over time."""
    moments, lost = np.unique(time[~event], return_counts=True)
    followed = len(time) - np.searchsorted(np.sort(time), moments, side="left")
    with_event = np.sort(time[event])
    at_same_time = np.searchsorted(with_event, moments, "right") - np.searchsorted(with_event, moments, "left")
    at_risk = followed - at_same_time
    hazard = lost / at_risk
    observed = np.concatenate([[1.0], np.cumprod(1 - hazard)])
    return Censoring(moments=moments, at_risk=at_risk.astype(float), hazard=hazard, observed=observed)


def weigh_by_censoring(time: Values, event: Flags, censoring: Censoring, until: float, power: int = 1) -> Values:
    """Weigh events before a time by how seldom they would have been observed; 0 for all other studies."""
    counted = event & (time < until)
    weights = np.zeros(len(time))
    weights[counted] = censoring.before(time[counted]) ** -power
    return weights


def censoring_residuals(
    time: Values, event: Flags, censoring: Censoring, pull: Float[ndarray, "moment column"]
) -> Float[ndarray, "study column"]:
    """Give what each study adds to an estimate through the estimated chance of being observed.

    Parameters
    ----------
    pull
        At each moment of censoring, how the estimate changes per unit of
        cumulative hazard of censoring there.

    Notes
    -----
    Sum over moments of pull / at risk times the martingale residual of censoring.
    """
    share = pull / censoring.at_risk[:, None]
    spent = np.concatenate([np.zeros((1, pull.shape[1])), np.cumsum(share * censoring.hazard[:, None], axis=0)])
    # An event comes before a censoring at the same time.
    passed = np.where(
        event,
        np.searchsorted(censoring.moments, time, side="left"),
        np.searchsorted(censoring.moments, time, side="right"),
    )
    found = -spent[passed]
    found[~event] += share[np.searchsorted(censoring.moments, time[~event])]
    return np.asarray(found)


def pull_of_later(moments: Float[ndarray, " moment"], time: Values, terms: Values) -> Float[ndarray, "moment 1"]:
    """Sum the terms of studies whose weight has passed each moment: those with a later time."""
    order = np.argsort(time, kind="stable")
    sums = np.concatenate([np.cumsum(terms[order][::-1])[::-1], [0.0]])
    return np.asarray(sums[np.searchsorted(time[order], moments, side="right")][:, None])
