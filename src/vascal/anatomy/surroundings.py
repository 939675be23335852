"""How deep in the heart, and how far from bone, every place is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32
from scipy import ndimage

from vascal.anatomy.coarse import bounding_box
from vascal.anatomy.segmenter import Anatomy
from vascal.types import VoxelIndex
from vascal.volume import Vector

Distances = Float[np.ndarray, " voxel"]
DistanceMap = Float32[np.ndarray, "block_slice block_row block_column"]

STEP_MM = 1.6
"""Distances are measured on every n-th voxel, about this far apart."""
MARGIN_MM = 24.0
NEVER_MM = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surroundings:
    """Distances in a box around the heart.

    Parameters
    ----------
    to_bone
        Distance of each place from bone, mm; 0 inside it.
    depth
        Distance from inside the sac to its surface, mm; 0 outside.
    corner
        Slice, row, column at which the box begins.
    step
        Slices, rows, columns between neighbouring places.
    shape
        Shape of the scan.
    """

    to_bone: DistanceMap
    depth: DistanceMap
    corner: tuple[int, int, int]
    step: tuple[int, int, int]
    shape: tuple[int, int, int]

    def at(self, distances: DistanceMap, index: VoxelIndex) -> Distances:
        """Look up a distance for voxels given by their flat index in the scan."""
        places = np.unravel_index(index, self.shape)
        nearest = tuple(
            np.clip((place - corner + step // 2) // step, 0, size - 1)
            for place, corner, step, size in zip(places, self.corner, self.step, distances.shape, strict=True)
        )
        return np.asarray(distances[nearest], dtype=float)


def measure_surroundings(anatomy: Anatomy) -> Surroundings | None:
    """Measure distances around the heart; None if there is no heart."""
    structures = anatomy.structures
    grid = structures.grid
    heart, aorta = structures.value_of("heart"), structures.value_of("aorta")
    step = [max(1, round(STEP_MM / s)) for s in grid.spacing_mm]
    sampled = structures.labels[:: step[0], :: step[1], :: step[2]]
    k, i, j = (round(MARGIN_MM / (n * s)) for n, s in zip(step, grid.spacing_mm, strict=True))
    box = bounding_box(sampled == heart, (k, i, j))
    if box is None:
        return None
    labels = sampled[box]
    spacing = (step[0] * grid.spacing_mm[0], step[1] * grid.spacing_mm[1], step[2] * grid.spacing_mm[2])
    return Surroundings(
        to_bone=_distance(labels == structures.value_of("bone"), spacing),
        depth=_distance((labels != heart) & (labels != aorta), spacing),
        corner=(box[0].start * step[0], box[1].start * step[1], box[2].start * step[2]),
        step=(step[0], step[1], step[2]),
        shape=grid.shape,
    )


def _distance(mask: np.ndarray, spacing_mm: Vector) -> DistanceMap:
    if not mask.any():
        return np.full(mask.shape, NEVER_MM, dtype=np.float32)
    return np.asarray(ndimage.distance_transform_edt(~mask, sampling=spacing_mm), dtype=np.float32)
