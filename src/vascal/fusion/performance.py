"""How good predictions are: order, error, and whether they come true as often as they say.

Calibration at a horizon: observed over expected, slope, and groups of like risk, with
Aalen-Johansen where events compete. Van Geloven et al., BMJ 2022;377:e069249, doi:10.1136/bmj-2021-069249.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from vascal.errors import EvaluationError
from vascal.evaluate.calibration import ReliabilityBin, estimate_brier, estimate_calibration, reliability_curve
from vascal.evaluate.censoring import estimate_censoring, weigh_by_censoring
from vascal.evaluate.competing_risks import cumulative_incidence, incidence_at
from vascal.evaluate.concordance import auc_by_time, brier_at, uno_c
from vascal.evaluate.cox import fit_cox
from vascal.evaluate.estimate import LEVEL, Estimate, Values
from vascal.evaluate.fine_gray import fit_fine_gray
from vascal.fusion.concordance import estimate_concordance
from vascal.fusion.targets import Ends

EDGE = 1e-6
"""Risks are kept this far from 0 and 1, where log odds end."""
BINS = 10
FEWEST_IN_BIN = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """Numbers of one set of predictions.

    Parameters
    ----------
    measures
        By name: ``concordance`` (Harrell's C, or AUC), ``uno_c``, ``auc_at_horizon``, ``brier``, ``scaled_brier``,
        ``observed_expected``, ``calibration_slope``; those that are defined.
    bins
        Observed against predicted risk in groups of like risk.
    """

    measures: Mapping[str, Estimate]
    bins: tuple[ReliabilityBin, ...] = field(default=())


def judge(ends: Ends, risk: Values, horizon_years: float | None) -> Performance:
    """Judge predicted risks.

    Parameters
    ----------
    ends
        How rows ended.
    risk
        Of the event by the horizon, or of yes.
    horizon_years
        None where the outcome is yes or no.
    """
    risk = np.clip(risk, EDGE, 1 - EDGE)
    if horizon_years is None:
        return _judge_answers(ends, risk)
    measures = {
        "concordance": estimate_concordance(ends, risk),
        **_judge_order(ends, risk, horizon_years),
        **_judge_error(ends, risk, horizon_years),
        "observed_expected": observed_expected(ends, risk, horizon_years),
        **_slope(ends, risk),
    }
    known = {name: found for name, found in measures.items() if math.isfinite(found.value)}
    return Performance(measures=known, bins=risk_groups(ends, risk, horizon_years))


def observed_expected(ends: Ends, risk: Values, horizon_years: float) -> Estimate:
    """Estimate events by the horizon over those expected; the expected number is held fixed."""
    expected, observed = float(risk.mean()), _observed(ends, horizon_years)
    return Estimate(
        value=observed.value / expected,
        low=observed.low / expected,
        high=observed.high / expected,
        n=observed.n,
        method=f"{observed.method}; expected held fixed",
    )


def risk_groups(ends: Ends, risk: Values, horizon_years: float) -> tuple[ReliabilityBin, ...]:
    """Compare observed with predicted risk in groups of as many rows each."""
    bins = max(2, min(BINS, len(risk) // FEWEST_IN_BIN))
    place = np.searchsorted(np.quantile(risk, np.linspace(0, 1, bins + 1))[1:-1], risk)
    groups = [place == one for one in np.unique(place)]
    found = [
        ReliabilityBin(predicted=float(risk[rows].mean()), observed=_observed(ends.only(rows), horizon_years))
        for rows in groups
    ]
    return tuple(one for one in found if math.isfinite(one.observed.value))


def _judge_answers(ends: Ends, risk: Values) -> Performance:
    is_event = ends.target.event
    brier = estimate_brier(is_event, risk)
    measures = {
        "concordance": estimate_concordance(ends, risk),
        "brier": brier.brier,
        "scaled_brier": brier.scaled,
    }
    try:
        calibration = estimate_calibration(is_event, risk)
        measures["observed_expected"] = calibration.observed_expected
        measures["calibration_slope"] = calibration.slope
    except EvaluationError:  # equal risks have no slope: the measure is left out, as the card says
        pass
    bins = max(2, min(BINS, len(risk) // FEWEST_IN_BIN))
    return Performance(measures=measures, bins=reliability_curve(is_event, risk, bins=bins))


def _judge_order(ends: Ends, risk: Values, horizon_years: float) -> Mapping[str, Estimate]:
    """Measures that have no settled form with competing events are given without them alone."""
    if ends.has_competing:
        return {}
    years, event = ends.target.years, ends.target.event
    (auc,) = auc_by_time(years, event, risk, np.array([horizon_years]))
    return {"uno_c": uno_c(years, event, risk, until=horizon_years), "auc_at_horizon": auc}


def _judge_error(ends: Ends, risk: Values, horizon_years: float) -> Mapping[str, Estimate]:
    brier = _brier(ends, risk, horizon_years)
    usual = _brier(ends, np.full(len(risk), _observed(ends, horizon_years).value), horizon_years)
    value = 1 - brier.value / usual.value if usual.value > 0 else math.nan
    scaled = Estimate(value=value, low=math.nan, high=math.nan, n=brier.n, method="against everybody's average risk")
    return {"brier": brier, "scaled_brier": scaled}


def _brier(ends: Ends, risk: Values, horizon_years: float) -> Estimate:
    years = ends.target.years
    if not ends.has_competing:
        return brier_at(years, ends.target.event, risk, horizon_years)
    # Those with a competing event by the horizon are known never to have the event: they count as without.
    ended = ends.causes > 0
    censoring = estimate_censoring(years, ended)
    still = years > horizon_years
    weights = weigh_by_censoring(years, ended, censoring, np.nextafter(horizon_years, np.inf))
    weights = weights + still / float(censoring.after(np.array([horizon_years]))[0])
    has_event = (ends.causes == 1) & ~still
    losses = weights * (risk - has_event) ** 2
    reach = 1.96 * float(losses.std()) / math.sqrt(len(losses))
    value = float(losses.mean())
    method = "inverse probability of censoring, weights held fixed, normal"
    return Estimate(value=value, low=max(0.0, value - reach), high=value + reach, n=len(losses), method=method)


def _slope(ends: Ends, risk: Values) -> Mapping[str, Estimate]:
    """Slope of the observed on the predicted log cumulative hazard; left out where risks are all alike.

    With competing events even true risks may have one a little off 1: subdistribution hazards need not be proportional.
    """
    if np.ptp(risk) < EDGE:
        return {}
    years = ends.target.years
    covariate = {"risk": np.log(-np.log1p(-risk))}
    try:
        with np.errstate(all="ignore"):  # on the way to an infinite slope, which is then refused
            if ends.has_competing:
                found = fit_fine_gray(years, ends.causes, 1, covariate)
            else:
                found = fit_cox(years, ends.target.event, covariate)
    except (EvaluationError, np.linalg.LinAlgError):  # risks that part the events from all others
        return {}
    ratio = found.hazard_ratios["risk"]
    slope, low, high = (math.log(limit) for limit in (ratio.value, ratio.low, ratio.high))
    kind = "Fine-Gray" if ends.has_competing else "Cox"
    method = f"{kind} regression on the complementary log-log of risk, Wald"
    return {"calibration_slope": Estimate(value=slope, low=low, high=high, n=len(risk), method=method, level=LEVEL)}


def _observed(ends: Ends, horizon_years: float) -> Estimate:
    # A whole group may end before the horizon; what it had by then is not known, and the estimate is NaN.
    return incidence_at(cumulative_incidence(ends.target.years, ends.causes, 1), horizon_years)
