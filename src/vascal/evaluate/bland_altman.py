"""Bland-Altman analysis: by how much two measurements of one study may differ.

Bland & Altman, Lancet 1986;327:307-310, doi:10.1016/S0140-6736(86)90837-8, and
Stat Methods Med Res 1999;8:135-160, doi:10.1177/096228029900800204. Exact
intervals of the limits: Carkeet, Optom Vis Sci 2015;92:e71-e80,
doi:10.1097/OPX.0000000000000513.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy import ndarray
from scipy import stats

from vascal.errors import EvaluationError
from vascal.evaluate.estimate import LEVEL, Estimate, Values, require_same_length, require_studies

Scale = Literal["raw", "ratio", "log1p", "sqrt"]
LimitInterval = Literal["exact", "approximate"]

SCALES: dict[Scale, str] = {
    "raw": "differences, measured minus reference",
    "ratio": "ratios, measured over reference, through the difference of logarithms",
    "log1p": "ratios of (score + 1), through the difference of ln(score + 1), as scores of zero occur",
    "sqrt": "differences of square roots",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A straight line against the mean of both measurements.

    Parameters
    ----------
    intercept, slope
        With t intervals; the slope's `p_value` tests whether it is flat.
    """

    intercept: Estimate
    slope: Estimate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlandAltman:
    """Bias and limits of agreement of paired measurements.

    Parameters
    ----------
    scale
        On which differences were taken. On ``ratio`` and ``log1p`` all limits
        are ratios and 1 is no difference.
    bias, lower, upper
        Mean difference, and limits of agreement with their own intervals.
    sd
        Standard deviation of differences (of log ratios on a log scale), n - 1 divisor.
    bias_trend
        Difference against mean: proportional bias.
    spread_trend
        Absolute residual of that line against mean: heteroscedasticity (1999, section 3.2).
    means, differences
        The points of the plot (study,).
    """

    scale: Scale
    n: int
    sd: float
    bias: Estimate
    lower: Estimate
    upper: Estimate
    bias_trend: Trend
    spread_trend: Trend
    coverage: float
    means: ndarray
    differences: ndarray

    def limits_at(self, means: Values) -> tuple[Values, Values]:
        """Limits that follow the mean, for scores that spread as they grow (1999, section 3.2).

        Parameters
        ----------
        means
            Where to draw them, on this analysis's scale before back-transformation.
        """
        centre = self.bias_trend.intercept.value + self.bias_trend.slope.value * means
        # A mean absolute deviation of a normal distribution is its SD times the root of 2/pi.
        sd = np.sqrt(np.pi / 2) * (self.spread_trend.intercept.value + self.spread_trend.slope.value * means)
        reach = stats.norm.ppf((1 + self.coverage) / 2) * np.maximum(sd, 0)
        return centre - reach, centre + reach


def bland_altman(
    measured: Values,
    reference: Values,
    *,
    scale: Scale = "raw",
    coverage: float = 0.95,
    limit_interval: LimitInterval = "exact",
    level: float = LEVEL,
) -> BlandAltman:
    """Bias and limits of agreement between two measurements of the same studies.

    Parameters
    ----------
    measured, reference
        (study,); differences are measured minus reference.
    scale
        ``raw``; ``ratio`` for positive values; ``log1p`` or ``sqrt`` for
        calcium scores, whose differences grow with the score and which can be zero.
    coverage
        Share of differences between the limits: 0.95 gives bias ± 1.96 SD.
    limit_interval
        ``exact`` from the noncentral t distribution; ``approximate`` with the
        standard error sqrt(3/n) SD of the 1986 paper.

    Raises
    ------
    EvaluationError
        With fewer than three studies, or values a scale is not defined for.
    """
    n = require_same_length(measured=measured, reference=reference)
    require_studies(n, 3, "a Bland-Altman analysis")
    first, second = _transform(measured, scale), _transform(reference, scale)
    differences, means = first - second, (first + second) / 2
    bias, sd = float(differences.mean()), float(differences.std(ddof=1))
    half = stats.t.ppf((1 + level) / 2, n - 1) * sd / np.sqrt(n)
    p_value = float(stats.ttest_1samp(differences, 0).pvalue) if sd > 0 else float(bias == 0)
    low, high = _limits(bias, sd, n, coverage, limit_interval, level)
    trend = _line(means, differences, level)
    residual = np.abs(differences - trend.intercept.value - trend.slope.value * means)
    back = np.exp if scale in {"ratio", "log1p"} else np.asarray
    reach = stats.norm.ppf((1 + coverage) / 2) * sd

    def estimate(value: float, limits: tuple[float, float], method: str, p: float | None = None) -> Estimate:
        shown = [float(back(number)) for number in (value, *limits)]
        return Estimate(value=shown[0], low=shown[1], high=shown[2], n=n, method=method, level=level, p_value=p)

    how = "noncentral t" if limit_interval == "exact" else "t, standard error sqrt(3/n) SD"
    return BlandAltman(
        scale=scale,
        n=n,
        sd=sd,
        bias=estimate(bias, (bias - half, bias + half), "t distribution", p_value),
        lower=estimate(bias - reach, low, how),
        upper=estimate(bias + reach, high, how),
        bias_trend=trend,
        spread_trend=_line(means, residual, level),
        coverage=coverage,
        means=means,
        differences=differences,
    )


def _transform(values: Values, scale: Scale) -> ndarray:
    if not np.isfinite(values).all():
        raise EvaluationError("measurements must be finite numbers")
    if scale == "raw":
        return values
    if scale == "ratio":
        if (values <= 0).any():
            raise EvaluationError(
                f"ratios need positive values; {int(np.sum(values <= 0))} are zero or negative: use the log1p scale"
            )
        return np.asarray(np.log(values))
    if (values < 0).any():
        raise EvaluationError(f"the {scale} scale needs values of zero or more; {int(np.sum(values < 0))} are negative")
    return np.asarray(np.log1p(values) if scale == "log1p" else np.sqrt(values))


def _limits(
    bias: float, sd: float, n: int, coverage: float, how: LimitInterval, level: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Intervals of the lower and of the upper limit of agreement; one mirrors the other."""
    z = float(stats.norm.ppf((1 + coverage) / 2))
    if how == "approximate":
        half = float(stats.t.ppf((1 + level) / 2, n - 1)) * np.sqrt(3 / n)
        near, far = z - half, z + half
    else:
        near, far = (_tolerance_factor(z, n, share) for share in ((1 - level) / 2, (1 + level) / 2))
    return (bias - far * sd, bias - near * sd), (bias + near * sd, bias + far * sd)


def _tolerance_factor(z: float, n: int, share: float) -> float:
    """SDs from the mean that lie beyond mean + z sigma in a `share` of samples."""
    return float(stats.nct.ppf(share, n - 1, z * np.sqrt(n)) / np.sqrt(n))


def _line(means: ndarray, values: ndarray, level: float) -> Trend:
    """Least squares with t intervals; a flat line through constant means."""
    n = len(means)
    centred = means - means.mean()
    sxx = float(np.sum(centred**2))
    slope = float(centred @ values) / sxx if sxx > 0 else 0.0
    intercept = float(values.mean()) - slope * float(means.mean())
    residual = values - intercept - slope * means
    variance = float(residual @ residual) / (n - 2)
    error = np.sqrt(variance / sxx) if sxx > 0 else float("nan")
    offset = np.sqrt(variance * (1 / n + means.mean() ** 2 / sxx)) if sxx > 0 else np.sqrt(variance / n)
    t = stats.t.ppf((1 + level) / 2, n - 2)
    p_value = float(2 * stats.t.sf(abs(slope) / error, n - 2)) if error > 0 else float("nan")

    def estimate(value: float, spread: float, p: float | None = None) -> Estimate:
        low, high = value - t * spread, value + t * spread
        return Estimate(
            value=value, low=float(low), high=float(high), n=n, method="least squares", level=level, p_value=p
        )

    return Trend(intercept=estimate(intercept, float(offset)), slope=estimate(slope, float(error), p_value))
