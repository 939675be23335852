"""Agreement of categories beyond chance.

Cohen, Psychol Bull 1968;70:213-220, doi:10.1037/h0026256; large-sample variance:
Fleiss, Cohen & Everitt, Psychol Bull 1969;72:323-327, doi:10.1037/h0028106.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import stats

from vascal.errors import EvaluationError
from vascal.evaluate.estimate import LEVEL, Counts, Estimate

Weights = Literal["unweighted", "linear", "quadratic"]


def kappa(counts: Counts, weights: Weights = "unweighted", *, level: float = LEVEL) -> Estimate:
    """Cohen's kappa of a square table.

    Parameters
    ----------
    counts
        (category, category), one reader's categories as rows.
    weights
        How far apart two categories are: ``linear`` counts steps, ``quadratic``
        their squares, ``unweighted`` only whether they differ.

    Returns
    -------
    Estimate
        NaN when all studies fall in one category, where chance alone agrees
        fully. `p_value` tests that agreement is no better than chance.

    Examples
    --------
    >>> table = np.array([[62, 11, 0, 0], [6, 395, 2, 0], [0, 13, 260, 1], [0, 2, 9, 152]])
    >>> round(kappa(table, "linear").value, 4)
    0.9457
    """
    if counts.shape[0] != counts.shape[1] or counts.sum() == 0 or (counts < 0).any():
        raise EvaluationError(f"kappa needs a square table of counts with a study in it; found {counts.shape}")
    n = int(counts.sum())
    share = counts / n
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    agreement = agreement_weights(len(counts), weights)
    chance_table = np.outer(rows, columns)
    observed, chance = float((agreement * share).sum()), float((agreement * chance_table).sum())
    method = f"{weights} kappa, Fleiss-Cohen-Everitt standard error"
    if 1 - chance < 1e-12:
        nan = float("nan")
        return Estimate(value=nan, low=nan, high=nan, n=n, method=method, level=level)
    value = (observed - chance) / (1 - chance)
    of_pair = (agreement @ columns)[:, None] + (agreement.T @ rows)[None, :]
    spread = share * (agreement - of_pair * (1 - value)) ** 2
    variance = (spread.sum() - (value - chance * (1 - value)) ** 2) / (n * (1 - chance) ** 2)
    null = ((chance_table * (agreement - of_pair) ** 2).sum() - chance**2) / (n * (1 - chance) ** 2)
    half = float(stats.norm.ppf((1 + level) / 2) * np.sqrt(max(variance, 0.0)))
    # With one category only on a side chance leaves nothing to vary, but for rounding.
    p_value = float(2 * stats.norm.sf(abs(value) / np.sqrt(null))) if null > 1e-14 else None
    return Estimate(
        value=value, low=value - half, high=min(value + half, 1.0), n=n, method=method, level=level, p_value=p_value
    )


def agreement_weights(categories: int, weights: Weights) -> Float[ndarray, "category category"]:
    """Weight of each pair of categories: 1 on the diagonal, 0 for the farthest apart."""
    apart = np.abs(np.subtract.outer(np.arange(categories), np.arange(categories))) / max(categories - 1, 1)
    if weights == "unweighted":
        return np.asarray(apart == 0, dtype=float)
    return np.asarray(1 - apart if weights == "linear" else 1 - apart**2)
