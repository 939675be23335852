"""How much two masks share: Dice, IoU, volume difference, for one pair and over studies.

Dice, Ecology 1945;26:297-302, doi:10.2307/1932409. What to report, and that
empty masks must be defined: Maier-Hein et al., Nat Methods 2024;21:195-212,
doi:10.1038/s41592-023-02151-z.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Integer
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import Resampling
from vascal.evaluate.estimate import LEVEL, Estimate
from vascal.evaluate.study_means import (
    NAN,
    DrawnStatistic,
    Patients,
    StudyMean,
    all_of,
    ratio_of_sums,
    resample_patients,
    study_means,
)

Mask = Bool[ndarray, "..."]
"""True inside a structure: (slice, row, column), or (row, column) of a film."""
Labels = Integer[ndarray, "..."]
"""Which structure each voxel belongs to, on the same axes; 0 is none."""
SpacingMm = tuple[float, ...]
"""Distance between voxels along each axis of a mask, mm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """What a reference and a predicted mask of one study share.

    Parameters
    ----------
    shared_voxels, reference_voxels, predicted_voxels
        How many are in both, in the reference, in the prediction.
    voxel_mm3
        Size of a voxel, mm3 (mm2 for masks of a film).

    Notes
    -----
    Empty masks. Both empty: they agree, every share is 1 and `is_empty` says so.
    One empty: Dice and IoU are 0. A share of nothing is not defined: sensitivity
    is NaN where only the reference is empty, precision where only the prediction is.
    """

    shared_voxels: int
    reference_voxels: int
    predicted_voxels: int
    voxel_mm3: float

    @property
    def is_empty(self) -> bool:
        """Neither mask holds a voxel."""
        return self.reference_voxels == 0 == self.predicted_voxels

    @property
    def dice(self) -> float:
        """Shared voxels in units of the mean size of both masks, 0 to 1."""
        return self._share(2 * self.shared_voxels, self.reference_voxels + self.predicted_voxels)

    @property
    def iou(self) -> float:
        """Shared voxels as a share of those in either mask (Jaccard), 0 to 1."""
        return self._share(self.shared_voxels, self.reference_voxels + self.predicted_voxels - self.shared_voxels)

    @property
    def sensitivity(self) -> float:
        """Share of the reference's voxels that are predicted."""
        return self._share(self.shared_voxels, self.reference_voxels)

    @property
    def precision(self) -> float:
        """Share of the predicted voxels that are in the reference."""
        return self._share(self.shared_voxels, self.predicted_voxels)

    @property
    def volume_difference_mm3(self) -> float:
        """Predicted minus reference volume, mm3 (mm2 for a film)."""
        return (self.predicted_voxels - self.reference_voxels) * self.voxel_mm3

    @property
    def relative_volume_difference(self) -> float:
        """Volume difference as a share of the reference; 0 where both are empty, NaN where only the reference is."""
        if self.is_empty:
            return 0.0
        if self.reference_voxels == 0:
            return NAN
        return (self.predicted_voxels - self.reference_voxels) / self.reference_voxels

    def _share(self, part: int, whole: int) -> float:
        if self.is_empty:
            return 1.0
        return part / whole if whole else NAN


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledOverlap:
    """Overlap of all studies as if they were one: large structures weigh more (micro average).

    Notes
    -----
    A few large structures carry a pooled share. Where volumes are as skewed as
    calcium's its 95 % intervals held the truth 91 times in 100 with 60
    simulated studies and 93 times with 300, those of a mean 94 to 95 times:
    report the mean first.
    """

    dice: Estimate
    iou: Estimate
    sensitivity: Estimate
    precision: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapSummary:
    """Overlap over studies, every study weighing the same, and pooled.

    Parameters
    ----------
    dice, iou, sensitivity, precision, volume_difference_mm3, relative_volume_difference
        Mean (macro average) and median over the studies in which each exists.
    pooled
        From the summed volumes of all studies (micro average).
    studies
        How many went in.
    empty_studies
        How many more had nothing in either mask and were left out.
    """

    dice: StudyMean
    iou: StudyMean
    sensitivity: StudyMean
    precision: StudyMean
    volume_difference_mm3: StudyMean
    relative_volume_difference: StudyMean
    pooled: PooledOverlap
    studies: int
    empty_studies: int


def measure_overlap(reference: Mask, predicted: Mask, spacing_mm: SpacingMm) -> Overlap:
    """Count what two masks of one study share.

    Parameters
    ----------
    reference, predicted
        (slice, row, column) or (row, column), on one grid.
    spacing_mm
        Along the same axes, mm.

    Raises
    ------
    EvaluationError
        If the masks differ in shape, or the spacing does not fit them.

    Examples
    --------
    >>> one, two = np.array([[True, False]]), np.array([[True, True]])
    >>> round(measure_overlap(one, two, (0.5, 0.5)).dice, 3)
    0.667
    """
    require_same_grid(reference, predicted, spacing_mm)
    return Overlap(
        shared_voxels=int(np.count_nonzero(reference & predicted)),
        reference_voxels=int(np.count_nonzero(reference)),
        predicted_voxels=int(np.count_nonzero(predicted)),
        voxel_mm3=math.prod(spacing_mm),
    )


def measure_overlap_by_label(
    reference: Labels, predicted: Labels, spacing_mm: SpacingMm, labels: Sequence[int] | None = None
) -> dict[int, Overlap]:
    """Count what two label maps share, for each vessel or segment.

    Parameters
    ----------
    reference, predicted
        Label of each voxel, on one grid; 0 is background.
    spacing_mm
        Along the same axes, mm.
    labels
        Which to measure; those found in either map unless given. Name them when
        studies are to be summarised, so that a vessel absent from both counts as empty.

    Returns
    -------
    dict of int to Overlap
        By label, ascending.
    """
    require_same_grid(reference, predicted, spacing_mm)
    found_in_reference, found_in_predicted = _count(reference), _count(predicted)
    shared = _count(reference[reference == predicted])
    chosen = (found_in_reference.keys() | found_in_predicted.keys()) - {0} if labels is None else labels
    return {
        label: Overlap(
            shared_voxels=shared.get(label, 0),
            reference_voxels=found_in_reference.get(label, 0),
            predicted_voxels=found_in_predicted.get(label, 0),
            voxel_mm3=math.prod(spacing_mm),
        )
        for label in sorted(chosen)
    }


def summarise_overlap(
    overlaps: Sequence[Overlap],
    *,
    patients: Patients | None = None,
    include_empty: bool = False,
    resampling: Resampling | None = None,
    level: float = LEVEL,
) -> OverlapSummary:
    """Average overlap over studies, with percentile bootstrap intervals.

    Parameters
    ----------
    overlaps
        One for each study.
    patients
        (study,) which patient each is of, when some have several studies.
    include_empty
        Count studies with nothing in either mask as perfect. Left out unless
        asked for: in people without calcium they would carry the mean.
    resampling
        Percentile interval of 1,000 resamples, seed 0, unless given.

    Raises
    ------
    EvaluationError
        If `patients` is not as long as `overlaps`.

    Notes
    -----
    Pooled shares weigh voxels by their size in mm3, so that a scan on a finer
    grid does not count for more. With no study left, values are NaN.
    """
    if patients is not None and len(patients) != len(overlaps):
        raise EvaluationError(
            f"one patient for each study is needed; {len(patients)} patients, {len(overlaps)} studies"
        )
    kept = [index for index, overlap in enumerate(overlaps) if include_empty or not overlap.is_empty]
    studies = [overlaps[index] for index in kept]
    of_patient = None if patients is None else patients[kept]
    means = study_means(_columns(studies), patients=of_patient, resampling=resampling, level=level)
    pooled = resample_patients(
        all_of(_pooled(studies)), len(studies), patients=of_patient, resampling=resampling, level=level
    )
    return OverlapSummary(
        **means,
        pooled=PooledOverlap(**pooled),
        studies=len(studies),
        empty_studies=len(overlaps) - len(studies),
    )


def summarise_overlap_by_label(
    studies: Sequence[Mapping[int, Overlap]],
    *,
    patients: Patients | None = None,
    include_empty: bool = False,
    resampling: Resampling | None = None,
    level: float = LEVEL,
) -> dict[int, OverlapSummary]:
    """Average overlap over studies for each vessel or segment.

    Parameters
    ----------
    studies
        What `measure_overlap_by_label` gave for each, all with the same labels.

    Raises
    ------
    EvaluationError
        If a label is missing from a study: measure with `labels` named.
    """
    labels = sorted({label for study in studies for label in study})
    for label in labels:
        if missing := sum(label not in study for study in studies):
            raise EvaluationError(f"label {label} must be measured in every study; {missing} are without it")
    return {
        label: summarise_overlap(
            [study[label] for study in studies],
            patients=patients,
            include_empty=include_empty,
            resampling=resampling,
            level=level,
        )
        for label in labels
    }


def require_same_grid(reference: ndarray, predicted: ndarray, spacing_mm: SpacingMm) -> None:
    """Refuse masks of different shapes, or with a spacing that does not fit them.

    Raises
    ------
    EvaluationError
        Naming the shapes or the spacing.
    """
    if reference.shape != predicted.shape:
        raise EvaluationError(f"masks of one shape are needed; {reference.shape} and {predicted.shape} found")
    if reference.ndim not in (2, 3):
        raise EvaluationError(f"masks of 2 or 3 axes are needed; {reference.ndim} found")
    if len(spacing_mm) != reference.ndim or not all(0 < step < math.inf for step in spacing_mm):
        raise EvaluationError(f"a positive spacing for each of {reference.ndim} axes is needed; {spacing_mm} found")


def _count(labels: Labels) -> dict[int, int]:
    values, counts = np.unique(labels, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def _columns(studies: Sequence[Overlap]) -> dict[str, ndarray]:
    names = ("dice", "iou", "sensitivity", "precision", "volume_difference_mm3", "relative_volume_difference")
    return {name: np.array([getattr(study, name) for study in studies], dtype=float) for name in names}


def _pooled(studies: Sequence[Overlap]) -> dict[str, DrawnStatistic]:
    size = np.array([study.voxel_mm3 for study in studies], dtype=float)
    shared = size * np.array([study.shared_voxels for study in studies], dtype=float)
    reference = size * np.array([study.reference_voxels for study in studies], dtype=float)
    predicted = size * np.array([study.predicted_voxels for study in studies], dtype=float)
    return {
        "dice": ratio_of_sums(2 * shared, reference + predicted),
        "iou": ratio_of_sums(shared, reference + predicted - shared),
        "sensitivity": ratio_of_sums(shared, reference),
        "precision": ratio_of_sums(shared, predicted),
    }
