"""How much a score changes when nothing but the scan is repeated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import Resampling, bootstrap
from vascal.evaluate.estimate import LEVEL, Estimate, Values, require_same_length, require_studies
from vascal.evaluate.icc import Ratings, analyse_variance
from vascal.evaluate.proportion import wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeatability:
    """Spread of repeated measurements of one patient.

    Parameters
    ----------
    within_sd
        Within-patient standard deviation, with its chi-squared interval.
    coefficient
        Repeatability coefficient, 1.96 sqrt(2) within-patient SDs: 95 % of
        repeats differ by less. Bland & Altman 1999, section 5.
    within_cv
        Within-patient SD over the mean of all measurements; NaN where that is zero.
    """

    within_sd: Estimate
    coefficient: Estimate
    within_cv: float


def repeatability(repeats: Ratings, *, level: float = LEVEL) -> Repeatability:
    """Spread of repeats of the same measurement.

    Parameters
    ----------
    repeats
        (patient, repeat); patients with a missing repeat are left out.
    """
    table = analyse_variance(repeats)
    df = table.studies * (table.readers - 1)
    sd = float(np.sqrt(max(table.within_studies, 0.0)))
    low, high = (float(sd * np.sqrt(df / stats.chi2.ppf(share, df))) for share in ((1 + level) / 2, (1 - level) / 2))
    factor = float(stats.norm.ppf(0.975) * np.sqrt(2))
    mean = float(np.mean(repeats[~np.isnan(repeats).any(axis=1)]))

    def estimate(scale: float) -> Estimate:
        return Estimate(
            value=scale * sd, low=scale * low, high=scale * high, n=table.studies, method="chi-squared", level=level
        )

    return Repeatability(
        within_sd=estimate(1.0), coefficient=estimate(factor), within_cv=sd / mean if mean > 0 else float("nan")
    )


def interscan_variability(
    first: Values, second: Values, *, resampling: Resampling | None = None, level: float = LEVEL
) -> Estimate:
    """Mean of |first - second| over their mean, in percent: the number that interscan studies print.

    Parameters
    ----------
    first, second
        Scores of two scans of the same patients (patient,), zero or more.

    Notes
    -----
    Patients with no calcium on both scans have no such ratio and are left out,
    as published (CARE-2: 11.8 % for Agatston); `n` says how many remain.
    """
    require_same_length(first=first, second=second)
    if (first < 0).any() or (second < 0).any():
        raise EvaluationError("scores below zero can not be compared by their relative difference")
    seen = first + second > 0
    require_studies(int(seen.sum()), 3, "an interscan variability")
    relative = 200 * np.abs(first[seen] - second[seen]) / (first[seen] + second[seen])
    return bootstrap(lambda values: float(values.mean()), relative, resampling=resampling, level=level)


def beyond_repeat_limit(first: Values, second: Values, limit: Values, *, level: float = LEVEL) -> Estimate:
    """Share of patients whose two scores differ by more than repeated scanning explains.

    Parameters
    ----------
    first, second
        (patient,).
    limit
        Upper 95 % limit of the difference at each patient's score and BMI,
        such as MESA's: Chung et al., AJR 2008;190:W87-W92 (PMID 18212206).
    """
    require_same_length(first=first, second=second, limit=limit)
    return wilson(int(np.sum(np.abs(first - second) > limit)), len(first), level=level)
