"""Do groups differ in their mean, when they also differ in spread and size?

Welch, Biometrika 1951;38:330-336, doi:10.1093/biomet/38.3-4.330.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import stats

from vascal.errors import EvaluationError
from vascal.evaluate.estimate import LEVEL, Estimate, Values

Group = Float[ndarray, "_"]
"""Values of a group; groups may differ in size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WelchTest:
    """Welch's analysis of variance; NaN where a group does not vary."""

    statistic: float
    degrees_of_freedom: tuple[float, float]
    p_value: float


def welch_anova(groups: Sequence[Group]) -> WelchTest:
    """Test whether all groups have one mean.

    Parameters
    ----------
    groups
        Values of each group; groups with fewer than two values are left out.
    """
    usable = [group for group in groups if len(group) >= 2]
    if len(usable) < 2:
        raise EvaluationError(f"comparing groups needs two of them with two studies each; {len(usable)} found")
    nan = float("nan")
    variances = np.array([group.var(ddof=1) for group in usable])
    if (variances <= 0).any():
        return WelchTest(statistic=nan, degrees_of_freedom=(nan, nan), p_value=nan)
    sizes, means = np.array([len(group) for group in usable]), np.array([group.mean() for group in usable])
    weights = sizes / variances
    centre, k = weights @ means / weights.sum(), len(usable)
    spread = float(np.sum((1 - weights / weights.sum()) ** 2 / (sizes - 1)))
    between = float(weights @ (means - centre) ** 2) / (k - 1)
    statistic = between / (1 + 2 * (k - 2) / (k**2 - 1) * spread)
    df = (k - 1.0, (k**2 - 1) / (3 * spread))
    return WelchTest(statistic=statistic, degrees_of_freedom=df, p_value=float(stats.f.sf(statistic, *df)))


def mean_with_interval(values: Values, *, level: float = LEVEL) -> Estimate:
    """Mean with its t interval; one value alone has none."""
    n = len(values)
    mean = float(values.mean()) if n else float("nan")
    half = float(stats.t.ppf((1 + level) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    return Estimate(value=mean, low=mean - half, high=mean + half, n=n, method="t distribution", level=level)


def size_with_interval(values: Group, *, level: float = LEVEL) -> Estimate:
    """Mean of values that are never negative, with a t interval on the log scale, which stays above zero.

    Notes
    -----
    The standard error of the log of a mean is that of the mean over the mean.
    """
    plain = mean_with_interval(values, level=level)
    if not (plain.value > 0 and np.isfinite(plain.low)):
        return plain
    factor = float(np.exp((plain.high - plain.value) / plain.value))
    return replace(plain, low=plain.value / factor, high=plain.value * factor, method="t distribution, log scale")


def difference_of_means(one: Group, other: Group, *, level: float = LEVEL) -> Estimate:
    """Mean of one group minus that of another, with Welch's interval."""
    if min(len(one), len(other)) < 2:
        raise EvaluationError("a difference of means needs two studies in each group")
    value = float(one.mean() - other.mean())
    parts = np.array([one.var(ddof=1) / len(one), other.var(ddof=1) / len(other)])
    error = float(np.sqrt(parts.sum()))
    if error == 0:
        return Estimate(value=value, low=value, high=value, n=len(one) + len(other), method="Welch", level=level)
    df = float(parts.sum() ** 2 / np.sum(parts**2 / (np.array([len(one), len(other)]) - 1)))
    half = float(stats.t.ppf((1 + level) / 2, df)) * error
    p_value = float(2 * stats.t.sf(abs(value) / error, df))
    return Estimate(
        value=value,
        low=value - half,
        high=value + half,
        n=len(one) + len(other),
        method="Welch",
        level=level,
        p_value=p_value,
    )
