"""How far apart the surfaces of two masks lie: Hausdorff, HD95, mean distance, surface Dice.

Surface Dice at a tolerance: Nikolov et al., J Med Internet Res 2021;23:e26151,
doi:10.2196/26151. Conventions and their pitfalls: Reinke et al., Nat Methods
2024;21:182-194, doi:10.1038/s41592-023-02150-0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import ndimage

from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import Resampling
from vascal.evaluate.estimate import LEVEL
from vascal.evaluate.overlap import Mask, SpacingMm, require_same_grid
from vascal.evaluate.study_means import NAN, Patients, StudyMean, study_means

DistancesMm = Float[ndarray, "_"]
"""From each surface voxel of one mask to the nearest of the other, mm."""
EmptyMask = Literal["neither", "reference", "prediction", "both"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurfaceDistances:
    """Distances between the surfaces of a reference and a predicted mask, both ways.

    Parameters
    ----------
    to_predicted_mm
        From each surface voxel of the reference to the prediction's surface, mm;
        none where either mask is empty.
    to_reference_mm
        From each surface voxel of the prediction to the reference's surface, mm.
    empty
        Which masks hold no voxel.

    Notes
    -----
    A surface voxel has at least one face towards a voxel outside the mask; the
    edge of the image counts as outside. Distances run between voxel centres, and
    every surface voxel weighs the same (as in MedPy and MONAI; the
    surface-distance package of DeepMind weighs by area of a mesh instead).

    Both masks empty: every distance is 0 and surface Dice is 1. One empty:
    distances do not exist (NaN, and `why_undefined` says so) and surface Dice is 0.
    """

    to_predicted_mm: DistancesMm
    to_reference_mm: DistancesMm
    empty: EmptyMask

    @property
    def why_undefined(self) -> str:
        """Say why distances are NaN; nothing where they exist."""
        if self.empty in ("reference", "prediction"):
            return f"no distance to the {self.empty}: its mask is empty"
        return ""

    def hausdorff_mm(self, percentile: float = 100.0) -> float:
        """Distance that no surface voxel, or all but a few, lie beyond, mm.

        Parameters
        ----------
        percentile
            100 for the Hausdorff distance, 95 for HD95.

        Notes
        -----
        The larger of the two directed percentiles, as `compute_robust_hausdorff`
        of DeepMind's surface-distance and MONAI do. The percentile of both sets
        pooled, which others print as HD95, is never larger. Between two
        distances percentiles are interpolated linearly.
        """
        if not 0 <= percentile <= 100:
            raise EvaluationError(f"a percentile from 0 to 100 is needed; {percentile} given")
        if self.empty != "neither":
            return self._without_surface()
        return max(float(np.percentile(way, percentile)) for way in (self.to_predicted_mm, self.to_reference_mm))

    def average_mm(self) -> float:
        """Average symmetric surface distance: the mean over surface voxels of both masks together, mm."""
        if self.empty != "neither":
            return self._without_surface()
        return float(np.mean(np.concatenate([self.to_predicted_mm, self.to_reference_mm])))

    def surface_dice(self, tolerance_mm: float) -> float:
        """Share of both surfaces within a tolerance of the other one, 0 to 1.

        Parameters
        ----------
        tolerance_mm
            Distance that does not matter clinically, mm; the limit counts as within.
        """
        if not tolerance_mm >= 0:
            raise EvaluationError(f"a tolerance of 0 mm or more is needed; {tolerance_mm} given")
        if self.empty != "neither":
            return 1.0 if self.empty == "both" else 0.0
        both = np.concatenate([self.to_predicted_mm, self.to_reference_mm])
        # A tolerance of 0.3 mm must hold for three steps of 0.1 mm.
        return float(np.mean(both <= tolerance_mm * (1 + 1e-9)))

    def _without_surface(self) -> float:
        return 0.0 if self.empty == "both" else NAN


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceDistanceSummary:
    """Surface distances over studies.

    Parameters
    ----------
    hausdorff_mm, hausdorff95_mm, average_mm
        Mean and median over studies in which both masks hold voxels, mm.
    surface_dice
        The same with 0 for studies in which one mask is empty.
    tolerance_mm
        Of surface Dice.
    studies, empty_studies, undefined_studies
        How many went in; how many more had two empty masks and were left out;
        in how many of `studies` one mask was empty, so that distances do not exist.
    """

    hausdorff_mm: StudyMean
    hausdorff95_mm: StudyMean
    average_mm: StudyMean
    surface_dice: StudyMean
    tolerance_mm: float
    studies: int
    empty_studies: int
    undefined_studies: int


def measure_surface_distances(reference: Mask, predicted: Mask, spacing_mm: SpacingMm) -> SurfaceDistances:
    """Find the distance of each surface voxel to the other mask's surface.

    Parameters
    ----------
    reference, predicted
        (slice, row, column) or (row, column), on one grid.
    spacing_mm
        Along the same axes, mm; may differ between axes.

    Raises
    ------
    EvaluationError
        If the masks differ in shape, or the spacing does not fit them.

    Examples
    --------
    >>> one, two = np.zeros((1, 9), dtype=bool), np.zeros((1, 9), dtype=bool)
    >>> one[0, 1], two[0, 4] = True, True
    >>> measure_surface_distances(one, two, (3.0, 0.5)).hausdorff_mm()
    1.5
    """
    require_same_grid(reference, predicted, spacing_mm)
    empty = _which_is_empty(reference, predicted)
    if empty != "neither":
        nothing = np.empty(0)
        return SurfaceDistances(to_predicted_mm=nothing, to_reference_mm=nothing, empty=empty)
    # Nothing outside the box that holds both masks can be nearest to either.
    (box,) = ndimage.find_objects((reference | predicted).astype(np.uint8))
    of_reference, of_predicted = find_surface(reference[box]), find_surface(predicted[box])
    return SurfaceDistances(
        to_predicted_mm=_distance_to(of_predicted, spacing_mm)[of_reference],
        to_reference_mm=_distance_to(of_reference, spacing_mm)[of_predicted],
        empty="neither",
    )


def summarise_surface_distances(
    studies: Sequence[SurfaceDistances],
    *,
    tolerance_mm: float,
    patients: Patients | None = None,
    resampling: Resampling | None = None,
    level: float = LEVEL,
) -> SurfaceDistanceSummary:
    """Average surface distances over studies, with percentile bootstrap intervals.

    Parameters
    ----------
    studies
        One for each; those with two empty masks are left out.
    tolerance_mm
        For surface Dice, mm.
    patients
        (study,) which patient each is of, when some have several studies.
    """
    if patients is not None and len(patients) != len(studies):
        raise EvaluationError(f"one patient for each study is needed; {len(patients)} patients, {len(studies)} studies")
    kept = [index for index, study in enumerate(studies) if study.empty != "both"]
    chosen = [studies[index] for index in kept]
    columns = {
        "hausdorff_mm": np.array([study.hausdorff_mm() for study in chosen], dtype=float),
        "hausdorff95_mm": np.array([study.hausdorff_mm(95) for study in chosen], dtype=float),
        "average_mm": np.array([study.average_mm() for study in chosen], dtype=float),
        "surface_dice": np.array([study.surface_dice(tolerance_mm) for study in chosen], dtype=float),
    }
    of_patient = None if patients is None else patients[kept]
    return SurfaceDistanceSummary(
        **study_means(columns, patients=of_patient, resampling=resampling, level=level),
        tolerance_mm=tolerance_mm,
        studies=len(chosen),
        empty_studies=len(studies) - len(chosen),
        undefined_studies=sum(study.empty != "neither" for study in chosen),
    )


def find_surface(mask: Mask) -> Mask:
    """Mark voxels of a mask with a face towards a voxel outside it, or towards the image's edge."""
    faces = ndimage.generate_binary_structure(mask.ndim, 1)
    inside: ndarray = ndimage.binary_erosion(mask, faces)
    surface: ndarray = mask & ~inside
    return surface


def _distance_to(surface: Mask, spacing_mm: SpacingMm) -> ndarray:
    return np.asarray(ndimage.distance_transform_edt(~surface, sampling=spacing_mm))


def _which_is_empty(reference: Mask, predicted: Mask) -> EmptyMask:
    has_reference, has_predicted = bool(reference.any()), bool(predicted.any())
    if has_reference:
        return "neither" if has_predicted else "prediction"
    return "reference" if has_predicted else "both"
