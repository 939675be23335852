"""What a measurement adds to a clinical model of time to an event.

Two answers: whether the nested Cox models differ (likelihood ratio), and by how
much concordance rises, freed of the optimism of fitting and judging on the same
studies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy import ndarray
from scipy.stats import chi2

from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import Resampling
from vascal.evaluate.cases import require_finite
from vascal.evaluate.concordance import concordance_of, harrell_c
from vascal.evaluate.cox import ChiSquare, HazardModel, fit_cox
from vascal.evaluate.estimate import LEVEL, Estimate, Flags, Values

QUICK = Resampling(resamples=200, method="percentile")
"""Each resample fits both models twice over; 200 steady an optimism, 1,000 an interval to print."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AddedValue:
    """A clinical model without and with a measurement.

    Parameters
    ----------
    without, within
        The two models; `within` holds the clinical covariates and the measurement.
    likelihood_ratio
        Test that the added coefficients are 0.
    concordance_without, concordance_within
        Harrell's C of each on its own studies, not freed of optimism.
    apparent_change
        Rise of C on the studies the models were fitted to.
    change
        The same less the mean optimism; its interval is that of the resampled
        rises, moved by the optimism.
    """

    without: HazardModel
    within: HazardModel
    likelihood_ratio: ChiSquare
    concordance_without: Estimate
    concordance_within: Estimate
    apparent_change: float
    change: Estimate


def log_cac(agatston: Values) -> Values:
    """Transform Agatston scores for a regression: ln(score + 1), 0 for no calcium.

    Raises
    ------
    EvaluationError
        If a score is negative or not finite.

    Examples
    --------
    >>> log_cac(np.array([0.0, np.e - 1])).tolist()
    [0.0, 1.0]
    """
    require_finite(agatston=agatston)
    if agatston.size and agatston.min() < 0:
        raise EvaluationError(f"scores of 0 and up are needed; {agatston.min():g} found")
    return np.asarray(np.log1p(agatston))


def compare_nested(without: HazardModel, within: HazardModel) -> ChiSquare:
    """Test whether covariates added to a Cox model matter, by likelihood ratio.

    Raises
    ------
    EvaluationError
        If one model's covariates are not among the other's, or the studies or
        their events differ in number.
    """
    added = len(within.names) - len(without.names)
    same = (without.n, without.events) == (within.n, within.events)
    if added < 1 or not set(without.names) < set(within.names) or not same:
        found = f"{without.names} of {without.n} studies and {within.names} of {within.n}"
        raise EvaluationError(f"nested models of the same studies are needed; {found} found")
    statistic = max(0.0, 2 * (within.log_likelihood - without.log_likelihood))
    return ChiSquare(statistic=statistic, freedom=added, p_value=float(chi2.sf(statistic, added)))


def estimate_added_value(
    time: Values,
    event: Flags,
    clinical: Mapping[str, Values],
    added: Mapping[str, Values],
    *,
    resampling: Resampling | None = None,
    level: float = LEVEL,
) -> AddedValue:
    """Say what covariates add to a clinical Cox model.

    Parameters
    ----------
    time, event
        Follow-up, and whether it ended with the event.
    clinical
        Covariates of the model without.
    added
        What the other model has besides; calcium as `log_cac`.
    resampling
        Percentile interval of 200 resamples, seed 0, unless given.

    Returns
    -------
    AddedValue

    Raises
    ------
    EvaluationError
        If a covariate is in both, a model can not be fitted, or another interval
        than a percentile one is asked for.

    Notes
    -----
    Both models are fitted anew in each resample of studies. The rise of C there,
    less the rise of the same models on the original studies, is the optimism
    (Harrell 1996); the percentile interval of the resampled rises is moved down
    by its mean (Noma 2021), and holds the chance of sampling and of fitting.
    Resamples in which a model can not be fitted are left out; where that happens
    to more than one in ten there is no interval (NaN).

    References
    ----------
    Harrell et al., Stat Med 1996;15:361-387,
    doi:10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4; Noma et
    al., Stat Med 2021;40:5691-5701, doi:10.1002/sim.9148.
    """
    how = resampling or QUICK
    if shared := sorted(clinical.keys() & added.keys()):
        raise EvaluationError(f"added covariates that are not clinical ones are needed; {shared} are both")
    if how.method != "percentile":
        raise EvaluationError(f"a percentile interval is needed for a change of concordance; {how.method} asked for")
    everything = {**clinical, **added}
    without, within = fit_cox(time, event, clinical, level=level), fit_cox(time, event, everything, level=level)
    scores = without.linear_predictor(clinical), within.linear_predictor(everything)
    first, second = (harrell_c(time, event, score, level=level) for score in scores)
    apparent = second.value - first.value
    return AddedValue(
        without=without,
        within=within,
        likelihood_ratio=compare_nested(without, within),
        concordance_without=first,
        concordance_within=second,
        apparent_change=apparent,
        change=_correct(apparent, _resample(time, event, clinical, everything, how), len(time), how, level),
    )


def _resample(
    time: Values, event: Flags, clinical: Mapping[str, Values], everything: Mapping[str, Values], how: Resampling
) -> ndarray:
    """Rise of concordance in each resample, and of its models on all studies (resample, 2); NaN where none fits."""
    rng = np.random.default_rng(how.seed)
    found = np.full((how.resamples, 2), np.nan)
    for row in found:
        drawn = rng.integers(len(time), size=len(time))
        try:
            models = [_fit_rows(time, event, columns, drawn) for columns in (clinical, everything)]
        except EvaluationError:  # too few events or values drawn: counted and left out by `_correct`
            continue
        scores = [model.linear_predictor(everything) for model in models]
        rises = [
            [concordance_of(time[rows], event[rows], score[rows]) for score in scores] for rows in (drawn, slice(None))
        ]
        row[:] = [after - before for before, after in rises]
    return found


def _fit_rows(time: Values, event: Flags, columns: Mapping[str, Values], rows: ndarray) -> HazardModel:
    return fit_cox(time[rows], event[rows], {name: column[rows] for name, column in columns.items()})


def _correct(apparent: float, rises: ndarray, n: int, how: Resampling, level: float) -> Estimate:
    defined = rises[np.isfinite(rises).all(axis=1)]
    method = f"{how.describe()}, less optimism"
    nothing = Estimate(value=np.nan, low=np.nan, high=np.nan, n=n, method=method, level=level)
    if len(defined) < 0.9 * len(rises):
        return nothing
    optimism = float((defined[:, 0] - defined[:, 1]).mean())
    low, high = np.quantile(defined[:, 0], [(1 - level) / 2, (1 + level) / 2]) - optimism
    return replace(nothing, value=apparent - optimism, low=float(low), high=float(high))
