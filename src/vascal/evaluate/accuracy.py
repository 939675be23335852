"""How far measurements are from the reference: MAE, MSE, RMSE, R2, share within a tolerance.

All of these are functions of sums over studies, so that intervals of 100,000
studies take seconds.
"""

from __future__ import annotations

import numpy as np
from numpy import ndarray

from vascal.evaluate.bootstrap import CountStatistics, Report, Resampling, bootstrap_counts, each_draw, sum_drawn
from vascal.evaluate.estimate import LEVEL, Estimate, Values, require_same_length, require_studies
from vascal.evaluate.proportion import wilson

ACCURACY_NAMES = ("bias", "mae", "mse", "rmse", "r2", "median_absolute_error")


def accuracy(
    measured: Values,
    reference: Values,
    *,
    resampling: Resampling | None = None,
    level: float = LEVEL,
    report: Report | None = None,
) -> dict[str, Estimate]:
    """Errors of measured against reference values, with bootstrap intervals.

    Parameters
    ----------
    measured, reference
        (study,), in the same unit.

    Returns
    -------
    dict
        ``bias`` (mean of measured - reference), ``mae``, ``mse``, ``rmse``,
        ``r2`` (1 - squared error / spread of the reference: negative when worse
        than the reference's mean; NaN when the reference does not vary) and
        ``median_absolute_error``.
    """
    n = require_same_length(measured=measured, reference=reference)
    require_studies(n, 3, "an interval of accuracy")
    return bootstrap_counts(
        accuracy_statistics(measured, reference), n, resampling=resampling, level=level, report=report
    )


def accuracy_statistics(measured: Values, reference: Values) -> CountStatistics:
    """Give the statistics of `accuracy` as functions of how often each study is drawn."""
    error = measured - reference
    # Centred, or squares of scores in the thousands would swamp their spread.
    centred = reference - reference.mean()
    sums = np.stack([np.ones_like(error), error, np.abs(error), error**2, centred, centred**2], axis=1)
    order = np.argsort(np.abs(error), kind="stable")
    sorted_error = np.abs(error)[order]

    def median(counts: ndarray) -> float:
        drawn = np.cumsum(counts[order])
        middle = drawn[-1] / 2
        lower = sorted_error[np.searchsorted(drawn, middle)]
        upper = sorted_error[min(np.searchsorted(drawn, middle, side="right"), len(drawn) - 1)]
        return float(lower + upper) / 2

    def statistics(counts: ndarray) -> dict[str, ndarray]:
        n, bias, absolute, squared, total, total_squared = sum_drawn(counts, sums)
        spread = total_squared - total**2 / n
        varies = spread > 1e-12 * np.maximum(total_squared, 1e-300)
        return {
            "bias": bias / n,
            "mae": absolute / n,
            "mse": squared / n,
            "rmse": np.sqrt(squared / n),
            "r2": np.where(varies, 1 - squared / np.where(varies, spread, 1), np.nan),
            "median_absolute_error": each_draw(median)(counts),
        }

    return statistics


def within_tolerance(
    measured: Values, reference: Values, tolerance: float | Values, *, level: float = LEVEL
) -> Estimate:
    """Share of studies whose error stays within a clinical tolerance, limits included.

    Parameters
    ----------
    tolerance
        Same unit as the values; one number, or one for each study.
    """
    require_same_length(measured=measured, reference=reference)
    # A tolerance of 0.1 must hold for 0.3 - 0.2, whose error is 0.1 and a rounding.
    slack = 1e-9 * np.maximum(np.abs(measured), np.abs(reference))
    return wilson(int(np.sum(np.abs(measured - reference) <= tolerance + slack)), len(measured), level=level)
