"""One study's label maps, reduced to numbers: overlap, surfaces and lesions.

What is kept of a study is small, so that hundreds can be compared with no more
than one pair of label maps in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy import ndarray
from scipy import ndimage

from vascal.errors import PlanError
from vascal.evaluate.bootstrap import IntervalMethod, Resampling
from vascal.evaluate.lesion_matching import AnyOverlap, LesionMatch, find_lesions, match_lesions
from vascal.evaluate.overlap import Labels, Overlap, SpacingMm, measure_overlap, require_same_grid
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
    boxes = list(zip(_boxes(one), _boxes(two), strict=False))
    measures = {ANY: _measure(one > 0, two > 0, spacing_mm, plan)}
    for label in np.union1d(one, two).tolist():
        if label:
            part = _join(*boxes[label - 1]) if label <= len(boxes) else ...
            measures[label] = _measure(one[part] == label, two[part] == label, spacing_mm, plan)
    return StudyMasks(
        study=study, measures=measures, lesions=_match(one, two, spacing_mm) if plan.with_lesions else None
    )
