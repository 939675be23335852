"""Bias, spread and agreement of measured with true, or of one protocol with another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

CATEGORY_EDGES = (1.0, 100.0, 400.0)
"""0, 1-99, 100-399 and 400 or more; a score below 1 is rounded to 0."""


def summed_change_percent(values: ArrayLike, reference: ArrayLike) -> float:
    """Change of the sum over patients, %."""
    return float(100 * (np.sum(values) / np.sum(reference) - 1))


def median_change_percent(values: ArrayLike, reference: ArrayLike, least: float) -> float:
    """Median of each patient's own change, %, of those whose reference reaches `least`."""
    value, base = np.asarray(values, dtype=float), np.asarray(reference, dtype=float)
    kept = base >= least
    return float(100 * np.median(value[kept] / base[kept] - 1)) if kept.any() else float("nan")


def rmse(values: ArrayLike, truth: ArrayLike) -> float:
    return float(np.sqrt(np.mean(np.square(np.subtract(values, truth)))))


def limits_of_agreement(values: ArrayLike, truth: ArrayLike) -> tuple[float, float, float]:
    """Mean difference, and the limits 1.96 standard deviations below and above it."""
    difference = np.subtract(values, truth)
    mean, spread = float(np.mean(difference)), 1.96 * float(np.std(difference, ddof=1)) if difference.size > 1 else 0.0
    return mean, mean - spread, mean + spread


def categories(agatston: ArrayLike) -> NDArray[np.int64]:
    return np.searchsorted(CATEGORY_EDGES, np.asarray(agatston, dtype=float), side="right").astype(np.int64)


def category_agreement(values: ArrayLike, reference: ArrayLike) -> tuple[float, float]:
    """Share of patients in the same category, and linearly weighted kappa."""
    found, true = categories(values), categories(reference)
    table = np.zeros((4, 4))
    np.add.at(table, (true, found), 1)
    table /= table.sum()
    weights = 1 - np.abs(np.subtract.outer(np.arange(4), np.arange(4))) / 3
    observed = float(np.sum(weights * table))
    expected = float(np.sum(weights * np.outer(table.sum(axis=1), table.sum(axis=0))))
    kappa = 1.0 if expected > 1 - 1e-12 else (observed - expected) / (1 - expected)
    return float(np.trace(table)), kappa


def markdown(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)
