"""What drives how many a cause reaches: regression of its cumulative incidence.

A study that ended by a competing cause stays at risk, with a weight that falls as
it would have been censored: Fine & Gray, J Am Stat Assoc 1999;94:496-509,
doi:10.1080/01621459.1999.10474144. No rows are multiplied: both kinds of study
at risk are running sums.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.cases import require_finite
from vascal.evaluate.censoring import Censoring, censoring_residuals, estimate_censoring
from vascal.evaluate.competing_risks import Causes, require_causes
from vascal.evaluate.cox import HazardModel, describe_model, stack_covariates, standardise
from vascal.evaluate.estimate import LEVEL, Values, require_same_length
from vascal.evaluate.risk_sets import Design, LateWeights, Likelihood, RiskSets, Stratum, maximise


def fit_fine_gray(
    time: Values, causes: Causes, cause: int, covariates: Mapping[str, Values], *, level: float = LEVEL
) -> HazardModel:
    """Fit subdistribution hazards of one cause.

    Parameters
    ----------
    time
        Follow-up.
    causes
        Why it ended: 0 censored, 1 and up the causes.
    cause
        The one of interest.
    covariates
        By name, (study,) each.
    level
        Confidence level.

    Returns
    -------
    HazardModel
        Subdistribution hazard ratios with the variance of Fine & Gray, which
        counts the estimated chance of being observed as estimated.

    Raises
    ------
    EvaluationError
        Without events of the cause, or where no finite hazard ratio fits.

    Notes
    -----
    Ties after Breslow. The weight at t of a study that left at s < t by another
    cause is G(t-) / G(s-), G being the chance of not yet being censored, one for
    all covariates: censoring must not depend on them.
    """
    require_same_length(time=time, causes=causes, **covariates)
    require_causes(time, causes, cause)
    require_finite(**covariates)
    if not np.any(causes == cause):
        raise EvaluationError(f"events of cause {cause} are needed; none among {len(time)} studies found")
    x, scale = standardise(stack_covariates(covariates))
    censoring = estimate_censoring(time, causes > 0)
    stratum = Stratum(sets=_stay_at_risk(time, causes, cause, censoring), x=x, ties="breslow")
    top = maximise([stratum])
    residuals = stratum.residuals(top.parts[0]) + _through_censoring(time, causes, stratum, top.parts[0], censoring)
    bread = np.linalg.inv(top.information)
    counts = len(time), int(np.sum(causes == cause))
    return describe_model(
        tuple(covariates), scale, top, bread @ residuals.T @ residuals @ bread, counts, "Fine-Gray, Breslow ties", level
    )


def _stay_at_risk(time: Values, causes: Causes, cause: int, censoring: Censoring) -> RiskSets:
    competing = (causes > 0) & (causes != cause)
    of_study = np.zeros(len(time))
    of_study[competing] = 1 / censoring.before(time[competing])
    of_time = censoring.before(np.unique(time[causes == cause]))
    return RiskSets(time=time, event=causes == cause, late=LateWeights(of_time=of_time, of_study=of_study))


def _through_censoring(time: Values, causes: Causes, stratum: Stratum, at: Likelihood, censoring: Censoring) -> Design:
    """Score residuals through the estimated weights (study, covariate).

    One unit more hazard of censoring at u lowers the weight, at each later event,
    of those that left by u through a competing cause. They then take less from the
    score: their risk times their own covariate less the mean.
    """
    sets = stratum.sets
    weight = at.risk * _late(sets).of_study
    order = np.argsort(time, kind="stable")
    left = np.searchsorted(time[order], censoring.moments, side="right")
    risk = _sums_to(weight[order][:, None], left)
    moved = _sums_to((stratum.x * weight[:, None])[order], left)
    hazard = stratum.hazard(at) * _late(sets).of_time
    mean = np.zeros((len(sets.moments), stratum.x.shape[1]))
    mean[sets.moment_of_event] = at.mean
    later = np.searchsorted(sets.moments, censoring.moments, side="right")
    spent = _sums_from(hazard[:, None], later)
    spent_mean = _sums_from(hazard[:, None] * mean, later)
    pull = moved * spent - risk * spent_mean
    return censoring_residuals(time, causes > 0, censoring, pull)


def _late(sets: RiskSets) -> LateWeights:
    if sets.late is None:
        raise EvaluationError("risk sets of competing causes are needed; these have none")
    return sets.late


def _sums_to(values: ndarray, index: ndarray) -> ndarray:
    return np.asarray(np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])[index])


def _sums_from(values: ndarray, index: ndarray) -> ndarray:
    return np.asarray(np.concatenate([np.cumsum(values[::-1], axis=0)[::-1], np.zeros((1, values.shape[1]))])[index])
