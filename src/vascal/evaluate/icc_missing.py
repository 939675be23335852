"""Intraclass correlation when not every reader scored every study.

Leaving out incomplete studies wastes ratings, and misleads where readers skipped
the hard ones. Restricted maximum likelihood uses all ratings; on complete tables
it gives the analysis of variance's numbers: Patterson & Thompson, Biometrika
1971;58:545-554, doi:10.1093/biomet/58.3.545; McGraw & Wong, Psychol Methods
1996;1:30-46, doi:10.1037/1082-989X.1.1.30.

Studies whose ratings miss the same readers share one covariance, so all a fit
needs of the ratings are a few sums for each such pattern.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy import ndarray
from scipy import optimize

from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import Resampling
from vascal.evaluate.estimate import LEVEL, Estimate
from vascal.evaluate.icc import FORMS, IccForm, Ratings

QUICK = Resampling(resamples=200, method="percentile")
"""Each resample is a fit."""
LARGEST_RATIO = 1e6
"""Variance ratios are looked for up to this: readings that agree to three digits."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pattern:
    """Sums over studies that were scored by the same readers."""

    readers: ndarray
    studies: int
    sums: ndarray
    square: float
    square_of_totals: float


def icc_of_all_ratings(
    ratings: Ratings, form: IccForm = "2,1", *, resampling: Resampling | None = None, level: float = LEVEL
) -> Estimate:
    """Intraclass correlation from every rating there is, by restricted maximum likelihood.

    Parameters
    ----------
    ratings
        (study, reader); NaN where a reader gave none. Studies without any rating are left out.
    form
        Of Shrout and Fleiss; ``·,k`` is the mean of as many readers as there are columns.
    resampling
        Percentile interval of 200 resamples of studies, seed 0, unless given.

    Returns
    -------
    Estimate
        `n` counts studies with a rating. The interval is that of other studies
        read by these readers; it says nothing on other readers.

    Raises
    ------
    EvaluationError
        If ratings are infinite, fewer than two readers or two studies scored by two of
        them remain, or another than a percentile interval is asked for.

    Notes
    -----
    Negative variances do not exist here: where the analysis of variance gives a
    negative correlation, this gives 0. Missing ratings must be missing for
    reasons that the ratings at hand explain.
    """
    how = resampling or QUICK
    if how.method != "percentile":
        raise EvaluationError(f"a percentile interval is needed for ratings with holes; {how.method} asked for")
    used = _require_ratings(ratings)
    best, readers = _fit(used, form, _starts(form)), used.shape[1]
    value = _correlation(best, form, readers)
    rng = np.random.default_rng(how.seed)
    resamples = (
        used[rng.integers(len(used), size=len(used))] for _ in range(how.resamples if np.isfinite(value) else 0)
    )
    draws = np.array([_correlation(_fit(drawn, form, (best,)), form, readers) for drawn in resamples])
    defined = draws[np.isfinite(draws)]
    low, high = (float("nan"),) * 2
    if np.isfinite(value) and len(defined) >= 0.9 * len(draws):
        low, high = (float(limit) for limit in np.quantile(defined, [(1 - level) / 2, (1 + level) / 2]))
    method = f"{FORMS[form]}; restricted maximum likelihood over all ratings, {how.describe()}"
    return Estimate(value=value, low=low, high=high, n=len(used), method=method, level=level)


def _require_ratings(ratings: Ratings) -> ndarray:
    if np.isinf(ratings).any():
        raise EvaluationError("ratings must be finite numbers; an infinite one was found")
    given = ~np.isnan(ratings)
    used = ratings[given.any(axis=1)][:, given.any(axis=0)]
    double = int((given.sum(axis=1) >= 2).sum())
    if used.shape[1] < 2 or double < 2:
        raise EvaluationError(
            f"two readers and two studies that two of them scored are needed; {used.shape[1]} and {double} found"
        )
    return np.asarray(used - np.nanmean(used))


def _fit(ratings: ndarray, form: IccForm, starts: tuple[ndarray, ...]) -> ndarray:
    """Logarithms of the ratios of variances, of studies and for form 2 of readers, to the residual's; else NaN."""
    # A resample may miss a reader altogether, who then has no mean to be told from the others.
    if np.nanmax(ratings) == np.nanmin(ratings) or np.isnan(ratings).all(axis=0).any():
        return np.full(len(starts[0]), np.nan)
    patterns, readers, top = _patterns(ratings), ratings.shape[1], np.log(LARGEST_RATIO)

    def loss(logs: ndarray) -> float:
        of_readers = float(np.exp(logs[1])) if form[0] == "2" else None
        return _loss(patterns, float(np.exp(logs[0])), of_readers, is_one_way=form[0] == "1", readers=readers)

    if form[0] != "2":  # one ratio only: much quicker without derivatives
        only = optimize.minimize_scalar(
            lambda log: loss(np.array([log])), bounds=(-top, top), method="bounded", options={"xatol": 1e-8}
        )
        return np.array([only.x])
    bounds = [(-top, top)] * 2
    found = [optimize.minimize(loss, start, method="L-BFGS-B", bounds=bounds) for start in starts]
    return np.asarray(min(found, key=lambda result: float(result.fun)).x)


def _starts(form: IccForm) -> tuple[ndarray, ...]:
    """Where to begin: readers without variance and readers with much are two hills."""
    if form[0] != "2":
        return (np.array([1.0]),)
    return np.array([1.0, -6.0]), np.array([1.0, 0.0])


def _correlation(logs: ndarray, form: IccForm, readers: int) -> float:
    studies, of_readers = np.exp(logs[0]), np.exp(logs[1]) if form[0] == "2" else 0.0
    divisor = readers if form[2] == "k" else 1
    return float(studies / (studies + (of_readers + 1) / divisor))


def _patterns(ratings: ndarray) -> tuple[_Pattern, ...]:
    given = ~np.isnan(ratings)
    kinds, which = np.unique(given, axis=0, return_inverse=True)
    patterns = []
    for number, kind in enumerate(kinds):
        rows = ratings[which.ravel() == number][:, kind]
        patterns.append(
            _Pattern(
                readers=np.flatnonzero(kind),
                studies=len(rows),
                sums=rows.sum(axis=0),
                square=float(np.sum(rows**2)),
                square_of_totals=float(np.sum(rows.sum(axis=1) ** 2)),
            )
        )
    return tuple(patterns)


def _loss(
    patterns: tuple[_Pattern, ...], of_studies: float, of_readers: float | None, *, is_one_way: bool, readers: int
) -> float:
    """Twice the negative restricted log-likelihood, the residual variance profiled out.

    Readers are fixed effects unless `of_readers` gives their variance (two-way
    random) or `is_one_way` leaves them out. All matrices are over readers.
    """
    information, score = np.zeros((readers, readers)), np.zeros(readers)
    square, log_determinant, ratings = 0.0, 0.0, 0
    for pattern in patterns:
        k, n = len(pattern.readers), pattern.studies
        shrink = of_studies / (1 + k * of_studies)
        place = np.ix_(pattern.readers, pattern.readers)
        information[place] += n * (np.eye(k) - shrink)
        score[pattern.readers] += pattern.sums - shrink * pattern.sums.sum()
        square += pattern.square - shrink * pattern.square_of_totals
        log_determinant += n * np.log1p(k * of_studies)
        ratings += n * k
    if is_one_way or of_readers is not None:
        ones = np.ones(readers)
        spread = of_readers or 0.0
        inner = np.eye(readers) + spread * information
        absorbed = np.linalg.solve(inner, np.stack([information @ ones, score], axis=1))
        log_determinant += float(np.linalg.slogdet(inner)[1])
        fixed_information = np.array([[ones @ absorbed[:, 0]]])
        fixed_score = np.array([ones @ absorbed[:, 1]])
        square -= spread * float(score @ absorbed[:, 1])
    else:
        fixed_information, fixed_score = information, score
    explained = float(fixed_score @ np.linalg.solve(fixed_information, fixed_score))
    df = ratings - len(fixed_score)
    residual = max(square - explained, 1e-300)
    return df * float(np.log(residual / df)) + log_determinant + float(np.linalg.slogdet(fixed_information)[1])
