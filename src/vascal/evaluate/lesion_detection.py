"""Which lesions a method finds: sensitivity, precision and F1, by vessel and by size.

How lesions are counted decides the result, so that the way of matching is a
value that goes with it. orCaScore's rules: Wolterink et al., Med Phys
2016;43:2361-2373, doi:10.1118/1.4945696. Matching one to one above an overlap,
and what each choice hides: Maier-Hein et al., Nat Methods 2024;21:195-212,
doi:10.1038/s41592-023-02151-z.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import Resampling
from vascal.evaluate.estimate import LEVEL, Estimate
from vascal.evaluate.lesion_matching import LesionMatch, MatchedLesion
from vascal.evaluate.proportion import wilson
from vascal.evaluate.study_means import NAN, Patients, resample_patients


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeBand:
    """Lesions of at least `low_mm3` and less than `high_mm3`."""

    low_mm3: float
    high_mm3: float = math.inf

    def __post_init__(self) -> None:
        if not 0 <= self.low_mm3 < self.high_mm3:
            raise EvaluationError(f"a band of sizes needs 0 <= low < high; {self.low_mm3} and {self.high_mm3} given")

    def holds(self, size_mm3: float) -> bool:
        """Say whether a lesion of this size belongs to the band."""
        return self.low_mm3 <= size_mm3 < self.high_mm3


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionCounts:
    """Lesions of one study, in number and in volume.

    Parameters
    ----------
    reference, found
        Lesions of the reference, and those of them that were found.
    predicted, right
        Predicted lesions, and those of them that match one of the reference.
    reference_mm3, found_mm3, predicted_mm3, right_mm3
        Their volumes, mm3.
    """

    reference: int
    found: int
    predicted: int
    right: int
    reference_mm3: float
    found_mm3: float
    predicted_mm3: float
    right_mm3: float

    @property
    def true_positives(self) -> int:
        """Lesions of the reference that were found."""
        return self.found

    @property
    def false_negatives(self) -> int:
        """Lesions of the reference that were missed."""
        return self.reference - self.found

    @property
    def false_positives(self) -> int:
        """Predicted lesions that match none of the reference."""
        return self.predicted - self.right


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionScore:
    """How well lesions are found over studies.

    Parameters
    ----------
    sensitivity, precision, f1
        By number of lesions: share of the reference found, share of predicted
        that is right, and their harmonic mean.
    volume_sensitivity, volume_precision, volume_f1
        The same with each lesion weighing its volume.
    false_positives_per_study
        Mean number of wrongly predicted lesions.
    sensitivity_wilson, precision_wilson
        The same shares as if lesions of one patient were strangers: what many
        papers print, too narrow where a patient has several.
    true_positives, false_negatives, false_positives
        Sums over studies.

    Notes
    -----
    With no lesion in any reference sensitivity is NaN, with none predicted
    precision is NaN, with neither F1 is NaN; with only one of both F1 is 0.
    """

    sensitivity: Estimate
    precision: Estimate
    f1: Estimate
    volume_sensitivity: Estimate
    volume_precision: Estimate
    volume_f1: Estimate
    false_positives_per_study: Estimate
    sensitivity_wilson: Estimate
    precision_wilson: Estimate
    true_positives: int
    false_negatives: int
    false_positives: int


def count_detections(
    match: LesionMatch, *, vessel: int | None = None, size_band: SizeBand | None = None
) -> DetectionCounts:
    """Count lesions found, missed and wrongly predicted in one study.

    Parameters
    ----------
    match
        Lesions of the reference and predicted ones, and which belong together.
    vessel
        Only lesions of this vessel; then a lesion is found only by one with the
        same vessel. All lesions, whatever their vessel, unless given.
    size_band
        Only lesions of this size, each judged by its own: a small reference
        lesion found by a large prediction is found, in the band of the small one.

    Raises
    ------
    EvaluationError
        If a vessel is asked for and the lesions of the match have none.
    """
    if vessel is not None and not match.has_vessels:
        raise EvaluationError("lesions of one vessel were asked for, and these were matched without vessels")
    reference = _of_group(match.reference, vessel, size_band)
    predicted = _of_group(match.predicted, vessel, size_band)
    found = [lesion for lesion in reference if _is_right(lesion, vessel)]
    right = [lesion for lesion in predicted if _is_right(lesion, vessel)]
    return DetectionCounts(
        reference=len(reference),
        found=len(found),
        predicted=len(predicted),
        right=len(right),
        reference_mm3=_volume(reference),
        found_mm3=_volume(found),
        predicted_mm3=_volume(predicted),
        right_mm3=_volume(right),
    )


def score_detection(
    matches: Sequence[LesionMatch],
    *,
    vessel: int | None = None,
    size_band: SizeBand | None = None,
    patients: Patients | None = None,
    resampling: Resampling | None = None,
    level: float = LEVEL,
) -> DetectionScore:
    """Sensitivity, precision and F1 over studies, with intervals that draw patients whole.

    Parameters
    ----------
    matches
        One for each study, those without a lesion included: their false
        positives count.
    vessel, size_band
        As in `count_detections`.
    patients
        (study,) which patient each is of, when some have several studies.
    resampling
        Percentile interval of 1,000 resamples, seed 0, unless given.

    Raises
    ------
    EvaluationError
        If a vessel is asked for and lesions have none, or `patients` does not fit.

    Notes
    -----
    Lesions are pooled over studies (micro average). Lesions of one patient are
    alike, so that patients are drawn, not lesions.
    """
    counts = [count_detections(match, vessel=vessel, size_band=size_band) for match in matches]
    rows = [
        (c.reference, c.found, c.predicted, c.right, c.reference_mm3, c.found_mm3, c.predicted_mm3, c.right_mm3)
        for c in counts
    ]
    table = np.array(rows, dtype=float).reshape(-1, 8)

    def statistics(drawn: ndarray) -> dict[str, ndarray]:
        return _shares(np.einsum("ds,sc->cd", drawn, table), drawn.sum(axis=1))

    found = resample_patients(statistics, len(counts), patients=patients, resampling=resampling, level=level)
    lesions, hits = sum(c.reference for c in counts), sum(c.found for c in counts)
    predicted, right = sum(c.predicted for c in counts), sum(c.right for c in counts)
    behind = {"sensitivity": lesions, "precision": predicted, "false_positives_per_study": len(counts)}
    return DetectionScore(
        **{
            name: replace(value, n=behind.get(name.removeprefix("volume_"), lesions + predicted))
            for name, value in found.items()
        },
        sensitivity_wilson=wilson(hits, lesions, level=level),
        precision_wilson=wilson(right, predicted, level=level),
        true_positives=hits,
        false_negatives=lesions - hits,
        false_positives=predicted - right,
    )


def score_detection_by_vessel(
    matches: Sequence[LesionMatch],
    vessels: Iterable[int],
    *,
    patients: Patients | None = None,
    resampling: Resampling | None = None,
    level: float = LEVEL,
) -> dict[int, DetectionScore]:
    """Score the lesions of each vessel; a lesion given to another vessel is missed there and wrong here."""
    return {
        vessel: score_detection(matches, vessel=vessel, patients=patients, resampling=resampling, level=level)
        for vessel in vessels
    }


def score_detection_by_size(
    matches: Sequence[LesionMatch],
    edges_mm3: Sequence[float],
    *,
    patients: Patients | None = None,
    resampling: Resampling | None = None,
    level: float = LEVEL,
) -> dict[SizeBand, DetectionScore]:
    """Score lesions in bands of size.

    Parameters
    ----------
    edges_mm3
        Where a band ends and the next begins, ascending; from 0 to the first
        edge and from the last one up are bands too.
    """
    limits = [0.0, *edges_mm3, math.inf]
    bands = [SizeBand(low_mm3=low, high_mm3=high) for low, high in pairwise(limits)]
    return {
        band: score_detection(matches, size_band=band, patients=patients, resampling=resampling, level=level)
        for band in bands
    }


def _of_group(lesions: Sequence[MatchedLesion], vessel: int | None, size_band: SizeBand | None) -> list[MatchedLesion]:
    return [
        lesion
        for lesion in lesions
        if (vessel is None or lesion.vessel == vessel) and (size_band is None or size_band.holds(lesion.size_mm3))
    ]


def _is_right(lesion: MatchedLesion, vessel: int | None) -> bool:
    return lesion.found and (vessel is None or lesion.matched_vessel == vessel)


def _volume(lesions: Iterable[MatchedLesion]) -> float:
    return math.fsum(lesion.size_mm3 for lesion in lesions)


def _shares(sums: ndarray, studies: ndarray) -> dict[str, ndarray]:
    """Shares by name (draw,) of sums (column, draw)."""
    reference, found, predicted, right, reference_mm3, found_mm3, predicted_mm3, right_mm3 = sums
    sensitivity, precision = _divide(found, reference), _divide(right, predicted)
    volume_sensitivity, volume_precision = _divide(found_mm3, reference_mm3), _divide(right_mm3, predicted_mm3)
    return {
        "sensitivity": sensitivity,
        "precision": precision,
        "f1": _harmonic_mean(sensitivity, precision),
        "volume_sensitivity": volume_sensitivity,
        "volume_precision": volume_precision,
        "volume_f1": _harmonic_mean(volume_sensitivity, volume_precision),
        "false_positives_per_study": _divide(predicted - right, studies),
    }


def _divide(above: ndarray, below: ndarray) -> ndarray:
    share = np.full(len(below), NAN)
    np.divide(above, below, out=share, where=below > 0)
    return share


def _harmonic_mean(sensitivity: ndarray, precision: ndarray) -> ndarray:
    """F1: 0 where nothing is right, NaN where there is neither a lesion nor a prediction."""
    defined = np.isfinite(sensitivity) | np.isfinite(precision)
    one, two = np.nan_to_num(sensitivity), np.nan_to_num(precision)
    mean = np.where(defined, 0.0, NAN)
    np.divide(2 * one * two, one + two, out=mean, where=one + two > 0)
    return mean
