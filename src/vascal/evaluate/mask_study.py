"""One study's label maps, reduced to numbers: overlap, surfaces and lesions.

What is kept of a study is small, so that hundreds can be compared with no more
than one pair of label maps in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from vascal.errors import PlanError
from vascal.evaluate.bootstrap import IntervalMethod, Resampling
from vascal.evaluate.lesion_matching import AnyOverlap, LesionMatch, find_lesions, match_lesions
from vascal.evaluate.overlap import Labels, Mask, Overlap, SpacingMm, measure_overlap, require_same_grid
from vascal.evaluate.plan import Incomplete
from vascal.evaluate.study_means import NAN
from vascal.evaluate.surface_distance import measure_surface_distances

ANY = 0
"""Stands for all labels together: voxels of any structure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskPlan:
    """All choices of an evaluation of masks.

    Parameters
    ----------
    tolerance_mm
        Distance between surfaces that does not matter clinically, for surface
        Dice, mm; none is reported unless given.
    with_lesions
        Whether connected parts of the masks are lesions, to be found or missed.
    size_edges_mm3
        Where a band of lesion sizes ends and the next begins.
    incomplete
        Whether files without a partner refuse the run or are dropped and counted.
    """

    title: str = "Evaluation of masks"
    tolerance_mm: float | None = None
    with_lesions: bool = True
    size_edges_mm3: tuple[float, ...] = (10.0, 50.0, 200.0)
    incomplete: Incomplete = "refuse"
    resamples: int = 1000
    seed: int = 0
    interval: IntervalMethod = "percentile"
    level: float = 0.95

    def __post_init__(self) -> None:
        if not 0.5 <= self.level < 1:
            raise PlanError(f"a confidence level lies between 0.5 and 1; found {self.level:g}")
        if self.tolerance_mm is not None and not self.tolerance_mm >= 0:
            raise PlanError(f"a tolerance between surfaces is 0 mm or more; found {self.tolerance_mm:g}")

    @property
    def resampling(self) -> Resampling:
        """How bootstrap intervals are made."""
        return Resampling(resamples=self.resamples, seed=self.seed, method=self.interval)


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskMeasures:
    """One structure of one study.

    Parameters
    ----------
    hausdorff_mm, hausdorff95_mm, average_mm
        Distances between surfaces, mm; NaN where only one mask is empty, 0 where both are.
    surface_dice
        At the plan's tolerance; NaN without one.
    """

    overlap: Overlap
    hausdorff_mm: float
    hausdorff95_mm: float
    average_mm: float
    surface_dice: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyMasks:
    """What was measured of one study.

    Parameters
    ----------
    study
        As its files are called.
    measures
        By label; `ANY` for all labels together.
    lesions
        Matched between both sides; None where the plan has no lesions.
    """

    study: str
    measures: Mapping[int, MaskMeasures]
    lesions: LesionMatch | None


def measure_study(
    study: str, reference: Labels, predicted: Labels, spacing_mm: SpacingMm, plan: MaskPlan
) -> StudyMasks:
    """Compare the label maps of one study.

    Parameters
    ----------
    reference, predicted
        Label of each voxel, (slice, row, column), on one grid; 0 is background.
    spacing_mm
        Along the same axes, mm.

    Returns
    -------
    StudyMasks
        Labels found on either side, and `ANY`. Lesions are 3-D 6-connected
        groups of labelled voxels, each of the label of most of its voxels, and
        match when they share a voxel.

    Raises
    ------
    EvaluationError
        If the maps differ in shape, or the spacing does not fit them.
    """
    require_same_grid(reference, predicted, spacing_mm)
    # Outside the box that holds all labels nothing is measured; most of a scan is outside.
    box = _box((reference > 0) | (predicted > 0))
    one, two = reference[box], predicted[box]
    found = {label: _measure(one == label, two == label, spacing_mm, plan) for label in _labels(one, two)}
    return StudyMasks(
        study=study,
        measures={ANY: _measure(one > 0, two > 0, spacing_mm, plan), **found},
        lesions=_match(one, two, spacing_mm) if plan.with_lesions else None,
    )


def fill_labels(studies: Sequence[StudyMasks], labels: Iterable[int]) -> tuple[StudyMasks, ...]:
    """Give every study every label: one that is on neither side is empty there.

    Parameters
    ----------
    labels
        Besides those found in any study, so that a structure nobody has is counted too.
    """
    wanted = {ANY, *labels, *(label for study in studies for label in study.measures)}
    return tuple(
        replace(
            study,
            measures={label: study.measures.get(label) or _empty_like(study.measures[ANY]) for label in sorted(wanted)},
        )
        for study in studies
    )


def _measure(reference: Mask, predicted: Mask, spacing_mm: SpacingMm, plan: MaskPlan) -> MaskMeasures:
    distances = measure_surface_distances(reference, predicted, spacing_mm)
    return MaskMeasures(
        overlap=measure_overlap(reference, predicted, spacing_mm),
        hausdorff_mm=distances.hausdorff_mm(),
        hausdorff95_mm=distances.hausdorff_mm(95),
        average_mm=distances.average_mm(),
        surface_dice=NAN if plan.tolerance_mm is None else distances.surface_dice(plan.tolerance_mm),
    )


def _match(reference: Labels, predicted: Labels, spacing_mm: SpacingMm) -> LesionMatch:
    return match_lesions(
        find_lesions(reference > 0, spacing_mm, vessels=reference),
        find_lesions(predicted > 0, spacing_mm, vessels=predicted),
        AnyOverlap(),
    )


def _empty_like(measures: MaskMeasures) -> MaskMeasures:
    nothing = replace(measures.overlap, shared_voxels=0, reference_voxels=0, predicted_voxels=0)
    surface_dice = NAN if np.isnan(measures.surface_dice) else 1.0
    return MaskMeasures(
        overlap=nothing, hausdorff_mm=0.0, hausdorff95_mm=0.0, average_mm=0.0, surface_dice=surface_dice
    )


def _labels(reference: Labels, predicted: Labels) -> list[int]:
    return [label for label in np.union1d(reference, predicted).tolist() if label]


def _box(mask: Mask) -> tuple[slice, ...]:
    """Box that holds a mask; a single voxel where it is empty."""
    found = ndimage.find_objects(mask.astype(np.uint8))
    return found[0] if found else (slice(0, 1),) * mask.ndim
