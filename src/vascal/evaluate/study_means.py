"""Means, medians and pooled ratios over studies, resampled by patient.

What overlap, surface distance, lesion detection and FROC have in common: each
study gives a few numbers, some of which do not exist there, and several studies
may be of one patient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import CountStatistics, Resampling, bootstrap_counts, each_draw
from vascal.evaluate.estimate import LEVEL, Estimate, Values

Patients = Int64[ndarray, " study"]
"""Which patient each study is of: any whole number, the same for the same patient."""

DrawnStatistic = Callable[[ndarray], ndarray]
"""A statistic (draw,) as a function of how often each study is in each resample (draw, study)."""

PERCENTILE = Resampling(method="percentile")
"""How these statistics are resampled unless told otherwise."""

NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyMean:
    """A number's mean and median over the studies in which it exists."""

    mean: Estimate
    median: Estimate


def ratio_of_sums(numerator: Values, denominator: Values) -> DrawnStatistic:
    """Make a pooled ratio a function of how often each study is drawn; NaN where nothing is below the line."""

    def of_counts(counts: ndarray) -> ndarray:
        below = np.einsum("ds,s->d", counts, denominator)
        above = np.einsum("ds,s->d", counts, numerator)
        share = np.full(len(counts), NAN)
        np.divide(above, below, out=share, where=below > 0)
        return share

    return of_counts


def mean_of(values: Values) -> DrawnStatistic:
    """Make a mean a function of how often each study is drawn; studies with NaN are left out."""
    exists = np.isfinite(values)
    return ratio_of_sums(np.where(exists, values, 0.0), exists.astype(float))


def median_of(values: Values) -> DrawnStatistic:
    """Make a median a function of how often each study is drawn; studies with NaN are left out."""
    exists = np.isfinite(values)

    def of_draw(counts: ndarray) -> float:
        drawn = np.repeat(values[exists], counts[exists].astype(np.int64))
        return float(np.median(drawn)) if drawn.size else NAN

    return each_draw(of_draw)


def all_of(statistics: Mapping[str, DrawnStatistic]) -> CountStatistics:
    """Compute several statistics of the same resamples."""
    return lambda counts: {name: statistic(counts) for name, statistic in statistics.items()}


def resample_patients(
    statistics: CountStatistics,
    studies: int,
    *,
    patients: Patients | None = None,
    resampling: Resampling | None = None,
    level: float = LEVEL,
) -> dict[str, Estimate]:
    """Give statistics of studies their intervals by drawing patients whole.

    Parameters
    ----------
    statistics
        Takes how often every study is drawn (draw, study) and gives numbers by
        name (draw,), NaN where one is not defined.
    studies
        How many.
    patients
        (study,) which patient each is of; each study its own patient unless given.
    resampling
        Percentile interval of 1,000 resamples, seed 0, unless given.

    Returns
    -------
    dict
        Estimates by the same names; `n` is the number of studies. No studies
        give NaN, and a single patient gives a value without an interval: one
        can not say how much patients vary.

    Raises
    ------
    EvaluationError
        If `patients` is not as long as there are studies.
    """
    how = resampling or PERCENTILE
    clusters = np.arange(studies) if patients is None else np.unique(patients, return_inverse=True)[1]
    if len(clusters) != studies:
        raise EvaluationError(f"one patient for each study is needed; {len(clusters)} patients, {studies} studies")
    if studies and clusters.max() > 0:
        return bootstrap_counts(statistics, studies, clusters=clusters, resampling=how, level=level)
    method = "no interval: fewer than two patients"
    return {
        name: Estimate(value=float(value[0]), low=NAN, high=NAN, n=studies, method=method, level=level)
        for name, value in statistics(np.ones((1, studies))).items()
    }


def study_means(
    columns: Mapping[str, Values],
    *,
    patients: Patients | None = None,
    resampling: Resampling | None = None,
    level: float = LEVEL,
) -> dict[str, StudyMean]:
    """Mean and median of columns over studies, with intervals by patient.

    Parameters
    ----------
    columns
        By name, (study,) each; NaN where a study has no such number.

    Returns
    -------
    dict
        By the same names; `n` counts the studies in which the number exists.
    """
    statistics = {f"mean {name}": mean_of(column) for name, column in columns.items()}
    statistics |= {f"median {name}": median_of(column) for name, column in columns.items()}
    studies = max((len(column) for column in columns.values()), default=0)
    found = resample_patients(all_of(statistics), studies, patients=patients, resampling=resampling, level=level)
    return {
        name: StudyMean(
            mean=replace(found[f"mean {name}"], n=exists), median=replace(found[f"median {name}"], n=exists)
        )
        for name, column in columns.items()
        for exists in [int(np.sum(np.isfinite(column)))]
    }
