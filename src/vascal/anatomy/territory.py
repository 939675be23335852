"""Which coronary artery runs where: a prior by position in the heart.

Every heart is scaled into one box, and the usual courses of the arteries are
drawn in it. A calcification gets the artery whose course passes nearest. This is
what a reader knows before looking at the vessel itself, no more: the confidence
is a prior, not a calibrated probability.

Courses after the segment model of the Society of Cardiovascular Computed
Tomography (Leipsic et al., J Cardiovasc Comput Tomogr 2014;8:342-358); positions
from general anatomy of the supine heart. The origin of the left arteries was moved
back by a few mm after a comparison with the simulated chest; no real scan was used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from vascal.anatomy.segmenter import Anatomy
from vascal.volume import Vector

Vessel = Literal["LM", "LAD", "LCX", "RCA"]
UNASSIGNED = "unassigned"
Points = Float[np.ndarray, "point 3"]

# Right to left, front to back: -1 to 1 across the sac; bottom to top: 0 at the
# diaphragm, 1 at the pulmonary trunk.
COURSES: Mapping[Vessel, tuple[tuple[Vector, ...], ...]] = {
    "LM": (((0.06, 0.02, 0.71), (0.16, 0.03, 0.72), (0.27, -0.02, 0.73)),),
    "LAD": (
        (
            (0.27, -0.02, 0.73), (0.32, -0.30, 0.69), (0.42, -0.56, 0.60),
            (0.60, -0.74, 0.46), (0.74, -0.78, 0.30), (0.86, -0.70, 0.16),
        ),
        ((0.40, -0.42, 0.67), (0.62, -0.42, 0.55), (0.80, -0.40, 0.42)),
    ),
    "LCX": (
        (
            (0.27, 0.00, 0.72), (0.40, 0.14, 0.66), (0.50, 0.32, 0.57),
            (0.50, 0.46, 0.44), (0.36, 0.60, 0.32), (0.18, 0.62, 0.24),
        ),
        ((0.53, 0.28, 0.54), (0.72, 0.28, 0.42), (0.85, 0.20, 0.30)),
    ),
    "RCA": (
        (
            (-0.10, -0.26, 0.70), (-0.26, -0.46, 0.66), (-0.44, -0.58, 0.54), (-0.56, -0.52, 0.40),
            (-0.56, -0.34, 0.26), (-0.42, -0.06, 0.16), (-0.16, 0.26, 0.14), (0.06, 0.40, 0.16),
        ),
        ((0.06, 0.40, 0.16), (0.28, 0.12, 0.08), (0.52, -0.20, 0.06)),
    ),
}  # fmt: skip
"""Main stem and largest side branches: diagonals count as LAD, marginals as LCX,
posterior descending artery as RCA (right dominance: about 85 % of people)."""

FREQUENCY: Mapping[Vessel, float] = {"LM": 0.1, "LAD": 0.45, "LCX": 0.2, "RCA": 0.25}
"""How calcium is usually shared out: most in the LAD, least in the short main stem. Rounded, general knowledge."""
SPREAD_MM = 9.0
"""How far arteries of different people stray from the usual course."""
FAR_MM = 25.0
"""Farther from every course than this, position says nothing."""
LEAST_CONFIDENCE = 0.45
TYPICAL_HEIGHT_MM = 105.0
"""From the diaphragm to the pulmonary trunk, where the scan ends before it."""
TRIM = 0.01
"""Share of the sac left out at each end of an axis when the box is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartFrame:
    """The box of one heart, LPS, mm.

    Parameters
    ----------
    center_mm
        Middle from right to left and front to back, and the bottom.
    half_mm
        Half the width, half the depth, and the whole height.
    """

    center_mm: Vector
    half_mm: Vector

    def to_mm(self, points: Points) -> Points:
        """Place points of the box in the patient; (point, 3)."""
        return np.asarray(np.asarray(self.center_mm) + points * np.asarray(self.half_mm))


@dataclass(frozen=True, slots=True, kw_only=True)
class VesselGuess:
    """An artery by position, and how strongly position speaks for it.

    Parameters
    ----------
    vessel
        LM, LAD, LCX, RCA or unassigned.
    confidence
        0 to 1; a prior, not calibrated.
    distance_mm
        To the nearest usual course.
    """

    vessel: str
    confidence: float
    distance_mm: float


def measure_frame(anatomy: Anatomy) -> HeartFrame | None:
    """Measure the box of the heart; None if there is no heart."""
    labels, grid = anatomy.structures.labels, anatomy.structures.grid
    heart = labels == anatomy.structures.value_of("heart")
    if not heart.any():
        return None
    ends = [_trimmed_ends(np.count_nonzero(heart, axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    low, high = (np.asarray(grid.index_to_mm(*corner)) for corner in zip(*ends, strict=True))
    low, high = np.minimum(low, high), np.maximum(low, high)
    height = float(high[2] - low[2])
    if heart[-1].any():
        height = max(height, TYPICAL_HEIGHT_MM)
    return HeartFrame(
        center_mm=(float((low[0] + high[0]) / 2), float((low[1] + high[1]) / 2), float(low[2])),
        half_mm=(float((high[0] - low[0]) / 2), float((high[1] - low[1]) / 2), height),
    )


def _trimmed_ends(counts: np.ndarray) -> tuple[float, float]:
    """First and last index, without the outermost percent of voxels."""
    share = np.cumsum(counts) / counts.sum()
    return float(np.searchsorted(share, TRIM)), float(np.searchsorted(share, 1 - TRIM))


def locate_ascending_aorta(anatomy: Anatomy, frame: HeartFrame) -> Vector | None:
    """Give the centre of the lowest part of the ascending aorta, LPS, mm; None if it was not found."""
    labels, grid = anatomy.structures.labels, anatomy.structures.grid
    value = anatomy.structures.value_of("aorta")
    top_mm = frame.center_mm[2] + 0.95 * frame.half_mm[2]
    for k in range(grid.shape[0]):
        height = grid.index_to_mm(k, 0, 0)[2]
        if not frame.center_mm[2] + 0.4 * frame.half_mm[2] <= height <= top_mm:
            continue
        rows, columns = np.nonzero(labels[k] == value)
        points = np.asarray(grid.index_to_mm(k, 0, 0)) + (
            rows[:, None] * grid.row_spacing_mm * np.asarray(grid.row_axis)
            + columns[:, None] * grid.column_spacing_mm * np.asarray(grid.column_axis)
        )
        front = points[points[:, 1] < frame.center_mm[1] + 0.45 * frame.half_mm[1]]
        if len(front) * grid.pixel_area_mm2 > 200.0:
            middle = front.mean(axis=0)
            return (float(middle[0]), float(middle[1]), float(middle[2]))
    return None


def assign_vessel(center_mm: Vector, frame: HeartFrame) -> VesselGuess:
    """Guess the artery of a calcification from its place in the heart.

    Parameters
    ----------
    center_mm
        Centre of the calcification, LPS, mm.
    frame
        Box of this heart, from `measure_frame`.

    Returns
    -------
    VesselGuess
        ``unassigned`` where no artery, or more than one, fits.
    """
    names = tuple(COURSES)
    away = np.asarray([vessel_distance_mm(center_mm, name, frame) for name in names])
    usual = np.asarray([FREQUENCY[name] for name in names])
    likeness = usual * np.exp(-0.5 * (np.minimum(away, 4 * FAR_MM) / SPREAD_MM) ** 2) + 1e-12
    best = int(np.argmax(likeness))
    nearness = float(np.exp(-max(0.0, float(away[best]) - SPREAD_MM) / FAR_MM))
    confidence = float(likeness[best] / likeness.sum()) * nearness
    vessel = names[best] if confidence >= LEAST_CONFIDENCE and away[best] <= FAR_MM else UNASSIGNED
    return VesselGuess(vessel=vessel, confidence=confidence, distance_mm=float(away[best]))


def vessel_distance_mm(center_mm: Vector, vessel: Vessel, frame: HeartFrame) -> float:
    """Give the distance from a point to the usual course of an artery in this heart, mm."""
    point = np.asarray(center_mm, dtype=float)
    return min(_distance_to_path(point, frame.to_mm(np.asarray(course))) for course in COURSES[vessel])


def _distance_to_path(point: np.ndarray, path: Points) -> float:
    start, step = path[:-1], np.diff(path, axis=0)
    along = np.sum((point - start) * step, axis=1) / np.maximum(np.sum(step**2, axis=1), 1e-9)
    nearest = start + np.clip(along, 0, 1)[:, None] * step
    return float(np.min(np.linalg.norm(nearest - point, axis=1)))
