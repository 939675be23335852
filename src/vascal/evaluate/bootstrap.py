"""Intervals by resampling studies, quick enough for 100,000 of them.

A resample of studies is the same as counting how often each study was drawn.
Every statistic here is a function of those counts, so that one pass over the
resamples serves all statistics, and no study is ever copied.

Percentile and BCa intervals: Efron, J Am Stat Assoc 1987;82:171-185,
doi:10.1080/01621459.1987.10478410. BCa's acceleration comes from the jackknife;
above 1,000 studies from one that leaves out a random part of 250 at a time,
which estimates the same number (the skewness of a mean of m studies falls by
the root of m, and so does the number of groups).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int64
from numpy import ndarray
from scipy import stats

from vascal.errors import EvaluationError
from vascal.evaluate.estimate import LEVEL, Estimate, Values

Drawn = Float[ndarray, "draw study"]
"""How often each study is in each resample."""
CountStatistics = Callable[[ndarray], Mapping[str, ndarray]]
"""Statistics by name, (draw,) each, as a function of `Drawn`; NaN where one is not defined."""
IntervalMethod = Literal["bca", "percentile"]
StudyIndex = Int64[ndarray, "_"]
"""Positions of studies, with repeats where one was drawn again."""
Report = Callable[[int, int], None]
"""Told how many resamples are done, and of how many."""

JACKKNIFE_ALONE = 1000
"""Most studies that are left out one by one."""
JACKKNIFE_GROUPS = 250
COUNTS_AT_ONCE = 1_000_000
"""Counts held by a thread: 8 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resampling:
    """How intervals are resampled; kept with a result so that it can be repeated.

    Parameters
    ----------
    resamples
        How many; 1,000 at least for a 95 % interval.
    seed
        Of the random draws.
    method
        ``bca`` corrects bias and skewness; ``percentile`` is what most papers print.
    """

    resamples: int = 1000
    seed: int = 0
    method: IntervalMethod = "bca"

    def __post_init__(self) -> None:
        if self.resamples < 100:
            raise EvaluationError(f"an interval needs at least 100 resamples; {self.resamples} were asked for")

    def describe(self) -> str:
        """Say it in words for a methods paragraph."""
        name = "bias-corrected and accelerated" if self.method == "bca" else "percentile"
        return f"{name} bootstrap, {self.resamples:,} resamples"


def each_draw(statistic: Callable[[ndarray], float]) -> Callable[[ndarray], ndarray]:
    """Let a statistic of one resample (study,) take several (draw, study)."""
    return lambda counts: np.array([statistic(drawn) for drawn in counts])


def sum_drawn(counts: Drawn, columns: Float[ndarray, "study column"]) -> Float[ndarray, "column draw"]:
    """Sum columns over the studies of each resample.

    Notes
    -----
    Without BLAS, whose own threads would fight the ones that resample.
    """
    return np.asarray(np.einsum("ds,sc->cd", counts, columns))


def bootstrap_counts(
    statistics: CountStatistics,
    n: int,
    *,
    clusters: StudyIndex | None = None,
    resampling: Resampling | None = None,
    level: float = LEVEL,
    report: Report | None = None,
) -> dict[str, Estimate]:
    """Give several statistics of the same studies their intervals in one pass, on all cores.

    Parameters
    ----------
    statistics
        Takes how often every study is drawn (draw, study) and gives the values
        of each statistic (draw,).
    n
        Studies.
    clusters
        Number of each study's patient (study,), 0 and up: patients are then
        drawn whole, as several studies of one are alike.
    report
        Called with the number of resamples done, for a progress bar.

    Returns
    -------
    dict
        Estimates by the same names, the same on any number of cores. A
        statistic that does not vary over the resamples gets an interval of no
        width.

    Notes
    -----
    Resamples in which a statistic is not defined are left out of its interval;
    where that happens to more than one in ten, there is no interval (NaN).
    """
    how = resampling or Resampling()
    units = n if clusters is None else int(clusters.max()) + 1
    jackknife = (units if units <= JACKKNIFE_ALONE else JACKKNIFE_GROUPS) if how.method == "bca" else 0
    group = _groups(units, jackknife, how.seed)

    def draw(first: int, count: int) -> Mapping[str, ndarray]:
        rng = np.random.default_rng([how.seed, first])
        counts = np.stack([np.bincount(rng.integers(units, size=units), minlength=units) for _ in range(count)])
        return statistics(_spread(counts.astype(float), clusters))

    def leave_out(first: int, count: int) -> Mapping[str, ndarray]:
        counts = (group != np.arange(first, first + count)[:, None]).astype(float)
        return statistics(_spread(counts, clusters))

    steps = how.resamples + jackknife
    values = statistics(np.ones((1, n)))
    draws = _in_chunks(draw, how.resamples, n, (lambda done: report(done, steps)) if report else None)
    left_out = _in_chunks(
        leave_out, jackknife, n, (lambda done: report(how.resamples + done, steps)) if report else None
    )
    return {
        name: _estimate(float(value[0]), draws[name], left_out.get(name), n, how, level)
        for name, value in values.items()
    }


def _groups(units: int, groups: int, seed: int) -> ndarray:
    """Which jackknife group each unit is left out with; at random where several share one."""
    group = np.arange(units) % max(groups, 1)
    return group if groups in {0, units} else np.random.default_rng([seed, units]).permutation(group)


def _spread(counts: ndarray, clusters: ndarray | None) -> ndarray:
    return counts if clusters is None else counts[:, clusters]


def _in_chunks(
    evaluate: Callable[[int, int], Mapping[str, ndarray]], total: int, n: int, told: Callable[[int], None] | None
) -> dict[str, ndarray]:
    """Evaluate in chunks whose size, and so whose random numbers, does not depend on the machine."""
    chunk = max(1, min(64, COUNTS_AT_ONCE // n))
    starts = range(0, total, chunk)
    parts = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for part in pool.map(lambda first: evaluate(first, min(chunk, total - first)), starts):
            parts.append(part)
            if told:
                told(min(len(parts) * chunk, total))
    return {name: np.concatenate([part[name] for part in parts]) for name in (parts[0] if parts else ())}


def bootstrap(
    statistic: Callable[..., float],
    *columns: Values,
    resampling: Resampling | None = None,
    level: float = LEVEL,
) -> Estimate:
    """Give any function of equally long columns an interval by resampling rows.

    Parameters
    ----------
    statistic
        Takes the columns and gives a number.
    columns
        One number for each study.

    Notes
    -----
    Slower than `bootstrap_counts`, as each resample copies the columns.
    """
    n = len(columns[0])

    def of_draw(counts: ndarray) -> float:
        index = np.repeat(np.arange(n), counts.astype(np.int64))
        return statistic(*(column[index] for column in columns))

    def of_draws(counts: ndarray) -> dict[str, ndarray]:
        return {"statistic": each_draw(of_draw)(counts)}

    return bootstrap_counts(of_draws, n, resampling=resampling, level=level)["statistic"]


def refit_bootstrap(
    fit_predict: Callable[[StudyIndex], Values],
    statistic: Callable[[Values], float],
    training_studies: int,
    *,
    resampling: Resampling | None = None,
    level: float = LEVEL,
) -> Estimate:
    """Interval of a model's accuracy on a fixed test set, by retraining on resampled training sets.

    Parameters
    ----------
    fit_predict
        Takes positions in the training set (with repeats), trains on them and
        gives the predictions for the test set, one each.
    statistic
        Takes those predictions, gives the accuracy.
    training_studies
        How many there are to draw from.

    Returns
    -------
    Estimate
        Percentile interval; `n` is the number of test studies.

    Notes
    -----
    Says how much the result depends on the training set, not how well another
    test set would do: with a fixed test set its own chance stays outside the
    interval. As in the five-centre AAC study, doi:10.3389/fcvm.2025.1647882.
    """
    how = resampling or Resampling(method="percentile")
    rng = np.random.default_rng(how.seed)
    predicted = fit_predict(np.arange(training_studies))
    draws = np.array(
        [statistic(fit_predict(rng.integers(training_studies, size=training_studies))) for _ in range(how.resamples)]
    )
    low, high = _percentiles(draws, (1 - level) / 2, (1 + level) / 2)
    method = f"percentile interval over {how.resamples:,} models trained on resampled training sets"
    return Estimate(value=statistic(predicted), low=low, high=high, n=len(predicted), method=method, level=level)


def _acceleration(left_out: ndarray) -> float:
    influence = np.nanmean(left_out) - left_out if np.isfinite(left_out).any() else np.zeros(1)
    influence = influence[np.isfinite(influence)]
    spread = float(np.sum(influence**2) ** 1.5)
    # Differences in the last digits alone are no skewness.
    if spread <= float((1e-12 * max(1.0, np.nanmax(np.abs(left_out), initial=0.0))) ** 3):
        return 0.0
    return float(np.sum(influence**3)) / (6 * spread)


def _estimate(
    value: float, draws: ndarray, left_out: ndarray | None, n: int, how: Resampling, level: float
) -> Estimate:
    low, high = (1 - level) / 2, (1 + level) / 2
    defined = draws[np.isfinite(draws)]
    limits = (float("nan"), float("nan"))
    if np.isfinite(value) and len(defined) >= 0.9 * len(draws):
        if left_out is not None:
            acceleration = _acceleration(left_out)
            low, high = (_bca_share(value, defined, acceleration, share) for share in (low, high))
        limits = _percentiles(defined, low, high)
    return Estimate(value=float(value), low=limits[0], high=limits[1], n=n, method=how.describe(), level=level)


def _bca_share(value: float, draws: ndarray, acceleration: float, share: float) -> float:
    """Which percentile of the resamples is the limit, after correcting bias and skewness."""
    # Half of the ties count as below, or a statistic with few values would look biased.
    below = (np.sum(draws < value) + 0.5 * np.sum(draws == value)) / len(draws)
    bias = stats.norm.ppf(np.clip(below, 0.5 / len(draws), 1 - 0.5 / len(draws)))
    shifted = bias + stats.norm.ppf(share)
    return float(stats.norm.cdf(bias + shifted / (1 - acceleration * shifted)))


def _percentiles(draws: ndarray, low: float, high: float) -> tuple[float, float]:
    first, last = np.quantile(draws, [low, high])
    return float(first), float(last)
