"""Categories of one measurement against those of another: table, and accuracy of each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.estimate import LEVEL, Counts, Estimate, Flags, Values, require_same_length
from vascal.evaluate.proportion import wilson

Categories = Int64[ndarray, " study"]
"""Number of each study's category, 0 and up in the order of severity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryAccuracy:
    """How well a yes or no is told, each share with Wilson's interval.

    Parameters
    ----------
    true_positive, false_positive, false_negative, true_negative
        Studies.
    accuracy, sensitivity, specificity, ppv, npv
        NaN where no study could count, such as sensitivity without positives.
    f1
        2 TP / (2 TP + FP + FN); NaN without any positive on either side.
    """

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int
    accuracy: Estimate
    sensitivity: Estimate
    specificity: Estimate
    ppv: Estimate
    npv: Estimate
    f1: float


def binary_accuracy(predicted: Flags, reference: Flags, *, level: float = LEVEL) -> BinaryAccuracy:
    """Compare two sets of yes and no.

    Parameters
    ----------
    predicted, reference
        (study,).
    """
    n = require_same_length(predicted=predicted, reference=reference)
    tp, fp = int(np.sum(predicted & reference)), int(np.sum(predicted & ~reference))
    fn, tn = int(np.sum(~predicted & reference)), int(np.sum(~predicted & ~reference))
    return BinaryAccuracy(
        true_positive=tp,
        false_positive=fp,
        false_negative=fn,
        true_negative=tn,
        accuracy=wilson(tp + tn, n, level=level),
        sensitivity=wilson(tp, tp + fn, level=level),
        specificity=wilson(tn, tn + fp, level=level),
        ppv=wilson(tp, tp + fp, level=level),
        npv=wilson(tn, tn + fn, level=level),
        f1=2 * tp / (2 * tp + fp + fn) if tp + fp + fn else float("nan"),
    )


def categorise(values: Values, upper_edges: Sequence[float]) -> Categories:
    """Number each study's category.

    Parameters
    ----------
    values
        (study,).
    upper_edges
        Highest value of each category but the last, ascending: (0, 10, 100,
        400) makes 0, 1-10, 11-100, 101-400 and above 400. A score of 10.2
        falls in the third, as published categories read on whole scores leave
        no room between 10 and 11.

    Raises
    ------
    EvaluationError
        If edges do not ascend or a value is not finite.
    """
    edges = np.asarray(upper_edges, dtype=float)
    if len(edges) == 0 or (np.diff(edges) <= 0).any():
        raise EvaluationError(f"category edges must ascend; {tuple(upper_edges)} were given")
    if not np.isfinite(values).all():
        raise EvaluationError("values to put in categories must be finite numbers")
    return np.searchsorted(edges, values, side="left").astype(np.int64)


def count_confusion(predicted: Categories, reference: Categories, categories: int) -> Counts:
    """Count studies by reference category (row) and predicted category (column).

    Raises
    ------
    EvaluationError
        If a category lies outside 0 .. `categories` - 1.
    """
    require_same_length(predicted=predicted, reference=reference)
    both = np.concatenate([predicted, reference])
    if both.min() < 0 or both.max() >= categories:
        raise EvaluationError(
            f"categories must lie in 0 to {categories - 1}; found {int(both.min())} to {int(both.max())}"
        )
    place = reference * categories + predicted
    return np.bincount(place, minlength=categories**2).reshape(categories, categories).astype(np.int64)


def accuracy_by_class(counts: Counts, *, level: float = LEVEL) -> tuple[BinaryAccuracy, ...]:
    """Each category against all the others.

    Parameters
    ----------
    counts
        (reference, predicted), from `count_confusion`.
    """
    total = int(counts.sum())
    found = []
    for number in range(len(counts)):
        tp = int(counts[number, number])
        fn, fp = int(counts[number].sum()) - tp, int(counts[:, number].sum()) - tp
        shape = (tp, fp, fn, total - tp - fp - fn)
        predicted = np.repeat([True, True, False, False], shape)
        reference = np.repeat([True, False, True, False], shape)
        found.append(binary_accuracy(predicted, reference, level=level))
    return tuple(found)


def overall_accuracy(counts: Counts, *, level: float = LEVEL) -> Estimate:
    """Share of studies in the right category."""
    return wilson(int(np.trace(counts)), int(counts.sum()), level=level)
