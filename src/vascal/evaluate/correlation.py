"""Correlation and concordance of two measurements of the same studies."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import stats

from vascal.evaluate.bootstrap import CountStatistics, each_draw, sum_drawn
from vascal.evaluate.estimate import LEVEL, Estimate, Values, require_same_length, require_studies

NAN = float("nan")


def pearson(measured: Values, reference: Values, *, level: float = LEVEL) -> Estimate:
    """Pearson's r with Fisher's z interval; NaN when a column does not vary."""
    n = _require(measured, reference)
    if _is_constant(measured) or _is_constant(reference):
        return _undefined(n, "Fisher z", level)
    found = stats.pearsonr(measured, reference)
    return _fisher(float(found.statistic), 1 / np.sqrt(n - 3), n, "Fisher z", level, float(found.pvalue))


def spearman(measured: Values, reference: Values, *, level: float = LEVEL) -> Estimate:
    """Spearman's rank correlation, with ties at their mean rank.

    Notes
    -----
    Interval on Fisher's scale with the standard error sqrt((1 + r^2/2) / (n - 3))
    of Bonett & Wright, Psychometrika 2000;65:23-28, doi:10.1007/BF02294183.
    """
    n = _require(measured, reference)
    if _is_constant(measured) or _is_constant(reference):
        return _undefined(n, "Fisher z, Bonett-Wright standard error", level)
    found = stats.spearmanr(measured, reference)
    value = float(found.statistic)
    error = float(np.sqrt((1 + value**2 / 2) / (n - 3)))
    return _fisher(value, error, n, "Fisher z, Bonett-Wright standard error", level, float(found.pvalue))


def kendall(measured: Values, reference: Values, *, level: float = LEVEL) -> Estimate:
    """Kendall's tau-b.

    Notes
    -----
    The standard error comes from each study's own share of concordant pairs
    (tau-b is a ratio of U-statistics: Hoeffding, Ann Math Stat 1948;19:293-325,
    doi:10.1214/aoms/1177730196), the interval is taken on Fisher's scale.
    """
    n = _require(measured, reference)
    method = "Fisher z, U-statistic standard error"
    if _is_constant(measured) or _is_constant(reference):
        return _undefined(n, method, level)
    found = stats.kendalltau(measured, reference)
    value = float(found.statistic)
    error = _kendall_error(measured, reference, value) / max(1 - value**2, 1e-12)
    return _fisher(value, error, n, method, level, float(found.pvalue))


def concordance_correlation(measured: Values, reference: Values, *, level: float = LEVEL) -> Estimate:
    """Lin's concordance correlation: correlation and equality of scale and place in one number.

    Notes
    -----
    Variances divide by n, and the interval is taken on Fisher's scale: Lin,
    Biometrics 1989;45:255-268, doi:10.2307/2532051, with the variance as
    corrected in Biometrics 2000;56:324-325. Two constant columns have none (NaN).
    """
    n = _require(measured, reference)
    value = float(ccc_of_moments(_moments(measured, reference))[0])
    correlation = 0.0
    if not (_is_constant(measured) or _is_constant(reference)):
        correlation = float(np.corrcoef(measured, reference)[0, 1])
    if not np.isfinite(value):
        return _undefined(n, "Fisher z, Lin's standard error", level)
    if correlation == 0 or abs(value) >= 1 - 1e-15:
        limits = (value, value) if abs(value) >= 1 - 1e-15 else (NAN, NAN)
        return Estimate(
            value=value, low=limits[0], high=limits[1], n=n, method="Fisher z, Lin's standard error", level=level
        )
    spread = np.sqrt(measured.std() * reference.std())
    shift = float((measured.mean() - reference.mean()) / spread)
    r2, c2, u2 = correlation**2, value**2, shift**2
    variance = (
        (1 - r2) * c2 / ((1 - c2) * r2)
        + 2 * value**3 * (1 - value) * u2 / (correlation * (1 - c2) ** 2)
        - value**4 * u2**2 / (2 * r2 * (1 - c2) ** 2)
    ) / (n - 2)
    return _fisher(value, float(np.sqrt(max(variance, 0.0))), n, "Fisher z, Lin's standard error", level, None)


def correlation_statistics(measured: Values, reference: Values) -> CountStatistics:
    """Give Pearson's, Spearman's and Lin's coefficients as functions of how often each study is drawn."""
    columns = _centred_columns(measured, reference)
    rank_measured, rank_reference = _Ranks(measured), _Ranks(reference)

    def of_ranks(counts: ndarray) -> float:
        ranks = np.stack([rank_measured.of(counts), rank_reference.of(counts)])
        ranks -= (ranks * counts).sum(axis=1, keepdims=True) / counts.sum()
        (first, both), (_, second) = np.einsum("as,bs,s->ab", ranks, ranks, counts)
        return float(both / np.sqrt(first * second)) if first * second > 0 else NAN

    def statistics(counts: ndarray) -> dict[str, ndarray]:
        moments = sum_drawn(counts, columns) / counts.sum(axis=1)
        return {
            "pearson": _pearson_of_moments(moments),
            "spearman": each_draw(of_ranks)(counts),
            "ccc": ccc_of_moments(moments),
        }

    return statistics


def ccc_of_moments(moments: Float[ndarray, "moment draw"]) -> Float[ndarray, " draw"]:
    """Lin's coefficient from the means of x, y, x^2, y^2 and xy; NaN where nothing varies."""
    x, y, xx, yy, xy = moments
    below = (xx - x * x) + (yy - y * y) + (x - y) ** 2
    exists = below > 1e-14 * np.maximum(np.maximum(xx, yy), 1e-300)
    return np.where(exists, 2 * (xy - x * y) / np.where(exists, below, 1), NAN)


def _pearson_of_moments(moments: ndarray) -> ndarray:
    x, y, xx, yy, xy = moments
    spread = np.maximum(xx - x * x, 0.0) * np.maximum(yy - y * y, 0.0)
    exists = spread > 1e-28 * np.maximum(xx * yy, 1e-300)
    return np.where(exists, (xy - x * y) / np.sqrt(np.where(exists, spread, 1)), NAN)


class _Ranks:
    """Mean ranks of a resample, from one sort of the whole."""

    def __init__(self, values: Values) -> None:
        self._order = np.argsort(values, kind="stable")
        ordered = values[self._order]
        self._starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        tie = np.cumsum(np.r_[False, ordered[1:] != ordered[:-1]])
        self._tie = np.empty(len(values), dtype=np.int64)
        self._tie[self._order] = tie

    def of(self, counts: ndarray) -> ndarray:
        in_tie = np.add.reduceat(counts[self._order], self._starts)
        return np.asarray((np.cumsum(in_tie) - (in_tie - 1) / 2)[self._tie])


def _require(measured: Values, reference: Values) -> int:
    n = require_same_length(measured=measured, reference=reference)
    require_studies(n, 4, "a correlation")
    return n


def _is_constant(values: Values) -> bool:
    return bool(np.ptp(values) <= 1e-13 * np.max(np.abs(values)))


def _centred_columns(measured: Values, reference: Values) -> ndarray:
    """x, y, x^2, y^2, xy about one common centre, which none of the coefficients depends on."""
    centre = (measured.mean() + reference.mean()) / 2
    x, y = measured - centre, reference - centre
    return np.stack([x, y, x * x, y * y, x * y], axis=1)


def _moments(measured: Values, reference: Values) -> ndarray:
    return np.asarray(_centred_columns(measured, reference).mean(axis=0))[:, None]


def _fisher(value: float, error: float, n: int, method: str, level: float, p_value: float | None) -> Estimate:
    reach = float(stats.norm.ppf((1 + level) / 2)) * error
    centre = float(np.arctanh(np.clip(value, -1 + 1e-15, 1 - 1e-15)))
    low, high = (value, value) if abs(value) >= 1 else (float(np.tanh(centre - reach)), float(np.tanh(centre + reach)))
    return Estimate(value=value, low=low, high=high, n=n, method=method, level=level, p_value=p_value)


def _undefined(n: int, method: str, level: float) -> Estimate:
    return Estimate(value=NAN, low=NAN, high=NAN, n=n, method=method, level=level)


def _kendall_error(measured: Values, reference: Values, value: float) -> float:
    """Standard error of tau-b, from its first-order influence of each study."""
    n = len(measured)
    pairs = n - 1
    concordance = _concordance(measured, reference) / pairs
    untied_x = 1 - (_tie_sizes(measured) - 1) / pairs
    untied_y = 1 - (_tie_sizes(reference) - 1) / pairs
    a, b, c = concordance.mean(), untied_x.mean(), untied_y.mean()
    influence = 2 * (concordance - a) / np.sqrt(b * c) - value * ((untied_x - b) / b + (untied_y - c) / c)
    return float(influence.std(ddof=1) / np.sqrt(n))


def _tie_sizes(values: Values) -> ndarray:
    _, place, sizes = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray(sizes[place], dtype=float)


def _concordance(x: Values, y: Values) -> ndarray:
    """Concordant minus discordant pairs of each study (study,)."""
    xr, yr = (stats.rankdata(values, "dense").astype(np.int64) for values in (x, y))
    below_left, below_right = _dominated(xr, yr), _dominated(-xr, -yr)
    above_left, above_right = _dominated(xr, -yr), _dominated(-xr, yr)
    return np.asarray(below_left + below_right - above_left - above_right, dtype=float)


def _dominated(x: ndarray, y: ndarray) -> ndarray:
    """How many studies have both a smaller x and a smaller y, for each study, by merging halves.

    Counting runs bottom up over blocks of doubling length: in a block's right
    half each y is looked up among the sorted ys of its left half.
    """
    n = len(x)
    order = np.lexsort((-y, x))  # equal x: larger y first, so that a tie never counts
    size = 1 << max(n - 1, 1).bit_length()
    top = int(y.max()) + 1
    ys = np.full(size, top, dtype=np.int64)
    ys[:n] = y[order]
    ys -= int(y.min())
    span = int(ys.max()) + 1
    counts = np.zeros(size, dtype=np.int64)
    width = 1
    while width < size:
        left = np.sort(ys.reshape(-1, 2, width)[:, 0], axis=1)
        blocks = np.arange(left.shape[0])[:, None] * span
        right = ys.reshape(-1, 2, width)[:, 1] + blocks
        found = np.searchsorted((left + blocks).ravel(), right.ravel(), side="left").reshape(right.shape)
        counts.reshape(-1, 2, width)[:, 1] += found - np.arange(left.shape[0])[:, None] * width
        width *= 2
    result = np.empty(n, dtype=np.int64)
    result[order] = counts[:n]
    return result
