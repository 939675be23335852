"""Which predicted lesion belongs to which lesion of the reference.

Four ways, each a value: orCaScore's, in which both label the same lesions; any
overlap; one to one above an overlap; one to one with centres close together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int64
from numpy import ndarray
from scipy import ndimage
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from vascal.errors import EvaluationError
from vascal.evaluate.overlap import Labels, Mask, SpacingMm, require_same_grid

LesionNumbers = Int64[ndarray, " lesion"]
LesionSizes = Float[ndarray, " lesion"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lesions:
    """Numbered lesions of one study, by one reader or method.

    Parameters
    ----------
    labels
        Lesion of each voxel, (slice, row, column) or (row, column); 0 is none.
    spacing_mm
        Along the same axes, mm.
    number
        (lesion,) as in `labels`, ascending.
    voxels, size_mm3
        (lesion,) how many voxels, and their volume in mm3 (mm2 on a film).
    vessel
        (lesion,) vessel of most of its voxels, the lower one on a tie; 0 where
        most have none.
    centre_mm
        (lesion, axis) mean position of its voxels from the first voxel, mm.
    has_vessels
        Whether vessels were given.
    """

    labels: Labels
    spacing_mm: SpacingMm
    number: LesionNumbers
    voxels: LesionNumbers
    size_mm3: LesionSizes
    vessel: LesionNumbers
    centre_mm: Float[ndarray, "lesion axis"]
    has_vessels: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedLesion:
    """One lesion, and what it was matched with.

    Parameters
    ----------
    lesion
        Its number.
    vessel
        0 where none was given.
    size_mm3
        Volume, mm3 (mm2 on a film).
    matched
        Number of the lesion of the other side; None where there is none: missed
        when this is of the reference, a false positive when it is predicted.
    matched_vessel
        Vessel of that lesion.
    """

    lesion: int
    vessel: int
    size_mm3: float
    matched: int | None
    matched_vessel: int = 0

    @property
    def found(self) -> bool:
        """Whether the other side has it."""
        return self.matched is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionMatch:
    """Lesions of one study by the reference and by a method, matched.

    Parameters
    ----------
    reference, predicted
        One row for each lesion.
    rule
        How they were matched, in words for a methods paragraph.
    has_vessels
        Whether both sides gave vessels.
    """

    reference: tuple[MatchedLesion, ...]
    predicted: tuple[MatchedLesion, ...]
    rule: str
    has_vessels: bool


@dataclass(frozen=True, slots=True)
class AnyOverlap:
    """A lesion is found if one voxel of it is; several may share a partner."""

    def describe(self) -> str:
        """Say it in words for a methods paragraph."""
        return "lesions match when they share a voxel; the partner is the one that shares most"


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapAtLeast:
    """Lesions match one to one when their IoU or Dice reaches `threshold`, limit included."""

    threshold: float
    measure: Literal["iou", "dice"] = "iou"

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise EvaluationError(f"an overlap above 0 and up to 1 is needed; {self.threshold} given")

    def describe(self) -> str:
        """Say it in words for a methods paragraph."""
        name = {"iou": "IoU", "dice": "Dice"}[self.measure]
        return f"one to one: as many pairs as have {name} >= {self.threshold:g}, then the most overlap"


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreWithin:
    """Lesions match one to one when their centres are at most `distance_mm` apart."""

    distance_mm: float

    def __post_init__(self) -> None:
        if not 0 < self.distance_mm < math.inf:
            raise EvaluationError(f"a distance above 0 mm is needed; {self.distance_mm} given")

    def describe(self) -> str:
        """Say it in words for a methods paragraph."""
        return f"one to one: as many pairs as have centres within {self.distance_mm:g} mm, then the nearest"


MatchRule = AnyOverlap | OverlapAtLeast | CentreWithin
ORCASCORE_RULE = "orCaScore: 3-D 6-connected lesions above the threshold, each with the vessel of most labelled voxels"


def find_lesions(
    mask: Mask, spacing_mm: SpacingMm, *, vessels: Labels | None = None, corners_touch: bool = False
) -> Lesions:
    """Number the connected lesions of a mask.

    Parameters
    ----------
    mask
        True in calcium that a reader or method marked.
    spacing_mm
        Along the same axes, mm.
    vessels
        Vessel of each voxel on the same grid, 0 for none.
    corners_touch
        Whether voxels that share only an edge or a corner are one lesion. Faces
        only unless asked for (6-connected, orCaScore's rule).
    """
    steps = ndimage.generate_binary_structure(mask.ndim, mask.ndim if corners_touch else 1)
    labels, _ = ndimage.label(mask, structure=steps)
    return describe_lesions(labels, spacing_mm, vessels=vessels)


def describe_lesions(labels: Labels, spacing_mm: SpacingMm, *, vessels: Labels | None = None) -> Lesions:
    """Measure lesions that are numbered already.

    Parameters
    ----------
    labels
        Lesion of each voxel; 0 is none. Voxels of one lesion need not touch.
    spacing_mm
        Along the same axes, mm.
    vessels
        Vessel of each voxel on the same grid, 0 for none.

    Raises
    ------
    EvaluationError
        If spacing or vessels do not fit the labels.
    """
    require_same_grid(labels, labels if vessels is None else vessels, spacing_mm)
    where = np.nonzero(labels)
    number, row, voxels = np.unique(labels[where], return_inverse=True, return_counts=True)
    axes = [np.bincount(row, index * step, len(number)) for index, step in zip(where, spacing_mm, strict=True)]
    vessel = np.zeros(len(number), dtype=np.int64)
    if vessels is not None:
        vessel = _most_frequent(row, vessels[where], len(number))
    return Lesions(
        labels=labels,
        spacing_mm=spacing_mm,
        number=number.astype(np.int64),
        voxels=voxels.astype(np.int64),
        size_mm3=voxels * math.prod(spacing_mm),
        vessel=vessel,
        centre_mm=np.stack(axes, axis=1) / voxels[:, None],
        has_vessels=vessels is not None,
    )


def match_lesions(reference: Lesions, predicted: Lesions, rule: MatchRule) -> LesionMatch:
    """Match predicted lesions with those of the reference, whatever their vessel.

    Parameters
    ----------
    reference, predicted
        Of one study, on one grid.
    rule
        What makes two lesions the same.

    Raises
    ------
    EvaluationError
        If the grids differ.
    """
    require_same_grid(reference.labels, predicted.labels, reference.spacing_mm)
    if not np.allclose(reference.spacing_mm, predicted.spacing_mm, rtol=1e-5):
        raise EvaluationError(f"one spacing is needed; {reference.spacing_mm} and {predicted.spacing_mm} found")
    match rule:
        case AnyOverlap():
            shared = _shared_voxels(reference, predicted)
            partner_of_reference, partner_of_predicted = _largest(shared), _largest(shared.T)
        case OverlapAtLeast():
            overlap = _overlap(reference, predicted, rule.measure)
            # 3 of 10 voxels must reach 0.3.
            allowed = overlap >= rule.threshold * (1 - 1e-9)
            partner_of_reference, partner_of_predicted = _one_to_one(overlap, allowed)
        case _:
            distance = cdist(reference.centre_mm, predicted.centre_mm)
            closeness = 1 - np.minimum(distance / rule.distance_mm, 1)
            allowed = distance <= rule.distance_mm * (1 + 1e-9)
            partner_of_reference, partner_of_predicted = _one_to_one(closeness, allowed)
    return LesionMatch(
        reference=_rows(reference, predicted, partner_of_reference),
        predicted=_rows(predicted, reference, partner_of_predicted),
        rule=rule.describe(),
        has_vessels=reference.has_vessels and predicted.has_vessels,
    )


def match_orcascore(above_threshold: Mask, reference: Labels, predicted: Labels, spacing_mm: SpacingMm) -> LesionMatch:
    """Match lesions by the rules of the orCaScore challenge.

    Parameters
    ----------
    above_threshold
        True where the scan is above 130 HU, (slice, row, column).
    reference, predicted
        Vessel of each voxel on the same grid, 0 for none (orCaScore: 1 LAD with
        LM, 2 LCX, 3 RCA, 4 not told apart).
    spacing_mm
        Along the same axes, mm.

    Returns
    -------
    LesionMatch
        A lesion of the reference is found when the method gave its vessel any
        name; whether the right one matters when a vessel is asked for
        (`count_detections`). Both sides number lesions alike.

    Raises
    ------
    EvaluationError
        If grids differ, or the reference labels voxels that are not above the threshold.

    Notes
    -----
    A lesion is a 3-D 6-connected group above the threshold. Where labels differ
    within one, all of it gets the label of most of its voxels, as the challenge
    states; counted are labelled voxels only, so that a lesion marked in part is
    marked (orCaScore does not say). The lower label wins a tie. Predicted voxels
    below the threshold are no calcium and are dropped.
    """
    require_same_grid(above_threshold, reference, spacing_mm)
    require_same_grid(above_threshold, predicted, spacing_mm)
    if stray := int(np.count_nonzero(reference[~above_threshold])):
        raise EvaluationError(f"a reference within the threshold is needed; {stray} labelled voxels are below it")
    candidates = find_lesions(above_threshold, spacing_mm)
    in_reference = _labelled_vessel(candidates, reference)
    in_predicted = _labelled_vessel(candidates, predicted)
    return LesionMatch(
        reference=_orcascore_rows(candidates, in_reference, in_predicted),
        predicted=_orcascore_rows(candidates, in_predicted, in_reference),
        rule=ORCASCORE_RULE,
        has_vessels=True,
    )


def _labelled_vessel(candidates: Lesions, vessels: Labels) -> ndarray:
    labelled = np.nonzero((candidates.labels > 0) & (vessels > 0))
    row = np.searchsorted(candidates.number, candidates.labels[labelled])
    return _most_frequent(row, vessels[labelled], len(candidates.number))


def _orcascore_rows(candidates: Lesions, vessel: ndarray, other: ndarray) -> tuple[MatchedLesion, ...]:
    return tuple(
        MatchedLesion(
            lesion=int(candidates.number[row]),
            vessel=int(vessel[row]),
            size_mm3=float(candidates.size_mm3[row]),
            matched=int(candidates.number[row]) if other[row] else None,
            matched_vessel=int(other[row]),
        )
        for row in np.flatnonzero(vessel)
    )


def _most_frequent(row: ndarray, value: ndarray, rows: int) -> ndarray:
    """Most frequent value of each row, the lower one on a tie, 0 where a row has none."""
    values, column = np.unique(value, return_inverse=True)
    if not values.size:
        return np.zeros(rows, dtype=np.int64)
    times = np.zeros((rows, len(values)), dtype=np.int64)
    np.add.at(times, (row, column), 1)
    return np.where(times.any(axis=1), values[times.argmax(axis=1)], 0).astype(np.int64)


def _shared_voxels(reference: Lesions, predicted: Lesions) -> ndarray:
    """How many voxels each pair shares, (reference lesion, predicted lesion)."""
    both = (reference.labels > 0) & (predicted.labels > 0)
    one = np.searchsorted(reference.number, reference.labels[both])
    two = np.searchsorted(predicted.number, predicted.labels[both])
    shared = np.zeros((len(reference.number), len(predicted.number)), dtype=np.int64)
    np.add.at(shared, (one, two), 1)
    return shared


def _overlap(reference: Lesions, predicted: Lesions, measure: Literal["iou", "dice"]) -> ndarray:
    shared = _shared_voxels(reference, predicted)
    together = reference.voxels[:, None] + predicted.voxels[None, :]
    return np.asarray(2 * shared / together if measure == "dice" else shared / (together - shared))


def _largest(shared: ndarray) -> ndarray:
    """Partner of each row that shares most, the first on a tie; -1 where none shares anything."""
    if not shared.size:
        return np.full(len(shared), -1)
    return np.where(shared.any(axis=1), shared.argmax(axis=1), -1)


def _one_to_one(score: ndarray, allowed: ndarray) -> tuple[ndarray, ndarray]:
    """Partners of rows and of columns: as many allowed pairs as there can be, then the highest scores (0 to 1)."""
    of_row, of_column = np.full(score.shape[0], -1), np.full(score.shape[1], -1)
    # One pair more must be worth more than all scores together.
    worth = np.where(allowed, min(score.shape) + 1 + score, 0.0)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    kept = allowed[rows, columns]
    of_row[rows[kept]], of_column[columns[kept]] = columns[kept], rows[kept]
    return of_row, of_column


def _rows(lesions: Lesions, others: Lesions, partner: ndarray) -> tuple[MatchedLesion, ...]:
    return tuple(
        MatchedLesion(
            lesion=int(lesions.number[row]),
            vessel=int(lesions.vessel[row]),
            size_mm3=float(lesions.size_mm3[row]),
            matched=int(others.number[other]) if other >= 0 else None,
            matched_vessel=int(others.vessel[other]) if other >= 0 else 0,
        )
        for row, other in enumerate(partner.tolist())
    )
