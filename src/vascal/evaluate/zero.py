"""A score of zero is a finding of its own: how well zero and non-zero agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vascal.errors import EvaluationError
from vascal.evaluate.confusion import BinaryAccuracy, binary_accuracy, count_confusion
from vascal.evaluate.estimate import LEVEL, Estimate, Values, require_same_length
from vascal.evaluate.kappa import kappa
from vascal.evaluate.paired import MarginTest, mcnemar


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroAnalysis:
    """Zero against any calcium.

    Parameters
    ----------
    calcium
        How well any calcium (score > 0) is told; its `npv` is the share of
        measured zeros that are zero.
    kappa, mcnemar
        Agreement of zero and non-zero, and whether one says zero more often.
    missed_median, missed_highest
        Reference scores of the studies measured as zero that are not; NaN if none.
    invented_median, invented_highest
        Measured scores of studies whose reference is zero and measurement is not.
    """

    calcium: BinaryAccuracy
    kappa: Estimate
    mcnemar: MarginTest
    missed_median: float
    missed_highest: float
    invented_median: float
    invented_highest: float


def analyse_zero(measured: Values, reference: Values, *, level: float = LEVEL) -> ZeroAnalysis:
    """Compare which studies have a score of exactly zero.

    Parameters
    ----------
    measured, reference
        Scores (study,), zero or more.
    """
    require_same_length(measured=measured, reference=reference)
    if (measured < 0).any() or (reference < 0).any():
        raise EvaluationError("scores below zero can not be compared with zero")
    found, present = measured > 0, reference > 0
    counts = count_confusion(found.astype(np.int64), present.astype(np.int64), 2)
    missed, invented = reference[present & ~found], measured[found & ~present]
    return ZeroAnalysis(
        calcium=binary_accuracy(found, present, level=level),
        kappa=kappa(counts, level=level),
        mcnemar=mcnemar(counts),
        missed_median=_median(missed),
        missed_highest=_highest(missed),
        invented_median=_median(invented),
        invented_highest=_highest(invented),
    )


def _median(values: Values) -> float:
    return float(np.median(values)) if len(values) else float("nan")


def _highest(values: Values) -> float:
    return float(values.max()) if len(values) else float("nan")
