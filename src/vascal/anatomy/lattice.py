"""Even grids of a scan's own, on which finders work, and the way back to its voxels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from vascal.types import VoxelIndex
from vascal.volume import Vector, Volume

AIR_HU = -1024.0
"""Outside the field of view."""
Hu = Float32[np.ndarray, "slice row column"]
Places = Float32[np.ndarray, "3 voxel"]
Field = Float32[np.ndarray, "_ _ _"]
"""Of any size: what comes out of an interpolation has another one than what goes in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lattice:
    """Points along the scan's own axes; slices go up, rows to the back, columns to the patient's left.

    Parameters
    ----------
    corner_mm
        Slice, row and column position of the first point, mm from the scan's first
        voxel after its axes were turned so.
    spacing_mm
        Distance between points along every axis, mm.
    shape
        Slices, rows, columns.
    """

    corner_mm: Vector
    spacing_mm: float
    shape: tuple[int, int, int]

    def places_of(self, volume: Volume, index: VoxelIndex) -> Places:
        """Give the (fractional) lattice place of voxels by their flat index in the scan."""
        places = np.unravel_index(index, volume.grid.shape)
        flips = find_flips(volume)
        sizes, steps = volume.grid.shape, volume.grid.spacing_mm
        turned = [n - 1 - p if flip else p for p, n, flip in zip(places, sizes, flips, strict=True)]
        return np.stack(
            [(p * s - c) / self.spacing_mm for p, s, c in zip(turned, steps, self.corner_mm, strict=True)]
        ).astype(np.float32)


def find_flips(volume: Volume) -> tuple[bool, bool, bool]:
    """Tell which axes run against up, back and left."""
    return (False, bool(volume.grid.row_axis[1] < 0), bool(volume.grid.column_axis[0] < 0))


def sample_lattice(volume: Volume, lattice: Lattice) -> Hu:
    """Average a CT down to a lattice; air where the lattice leaves the scan.

    Voxels are first averaged in whole blocks that are no larger than a step of
    the lattice, so that noise is averaged and not picked; what is left is
    interpolated linearly.
    """
    grid, step = volume.grid, lattice.spacing_mm
    turn = tuple(slice(None, None, -1 if flip else 1) for flip in find_flips(volume))
    turned = volume.hu[turn]
    boxes, blocks = [], []
    for n, s, corner, count in zip(grid.shape, grid.spacing_mm, lattice.corner_mm, lattice.shape, strict=True):
        block = max(1, int(step / s + 1e-3))
        low = int(np.clip(np.floor(corner / s) - block, 0, n - 1))
        high = int(np.clip(np.ceil((corner + (count - 1) * step) / s) + block + 1, low + 1, n))
        high = min(n, low + -(-(high - low) // block) * block)
        boxes.append(slice(low, high))
        blocks.append(block)
    crop = turned[tuple(boxes)]
    mean = _block_mean(crop, (blocks[0], blocks[1], blocks[2]))
    sizes = [b * s for b, s in zip(blocks, grid.spacing_mm, strict=True)]
    starts = [box.start * s + (b - 1) * s / 2 for box, b, s in zip(boxes, blocks, grid.spacing_mm, strict=True)]
    places = [
        (c - start + step * np.arange(count)) / size
        for c, start, size, count in zip(lattice.corner_mm, starts, sizes, lattice.shape, strict=True)
    ]
    return interpolate_hu(mean, places)


def interpolate_hu(mean: Field, places: Sequence[np.ndarray]) -> Field:
    """Interpolate CT numbers linearly; up to one step beyond the edge the edge goes on, then there is air.

    Parameters
    ----------
    mean
        (slice, row, column), HU.
    places
        Slices, rows and columns at which values are wanted, in steps of `mean`; they may be fractions.
    """
    found = interpolate(mean, places)
    for axis, (at, count) in enumerate(zip(places, mean.shape, strict=True)):
        beyond = (at < -1) | (at > count)
        if beyond.any():
            found[(slice(None),) * axis + (beyond,)] = AIR_HU
    return found


def interpolate(field: Field, places: Sequence[np.ndarray]) -> Field:
    """Interpolate a field linearly at every combination of places along its axes; the edge goes on beyond it.

    One axis after the other: for points in rows that costs a quarter of looking each one up.

    Parameters
    ----------
    field
        (slice, row, column).
    places
        Slices, rows and columns, which may be fractions.
    """
    for axis, at in enumerate(places):
        low, high, weight = _neighbours(at, field.shape[axis])
        found, more = field.take(low, axis), field.take(high, axis)
        more -= found
        more *= weight.reshape(tuple(-1 if a == axis else 1 for a in range(3)))
        found += more
        field = found
    return field


def _neighbours(at: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the points on both sides of places, and the weight of the second."""
    inside = np.clip(at, 0, count - 1)
    low = inside.astype(np.intp)
    return low, np.minimum(low + 1, count - 1), (inside - low).astype(np.float32)


def _block_mean(crop: np.ndarray, block: tuple[int, int, int]) -> Hu:
    """Mean of whole blocks; the last block along an axis repeats the edge to be whole."""
    missing = [(0, -n % b) for n, b in zip(crop.shape, block, strict=True)]
    whole = np.pad(crop, missing, mode="edge") if any(after for _, after in missing) else crop
    total = whole[:: block[0]].astype(np.float32)
    for first in range(1, block[0]):
        total += whole[first :: block[0]]
    for axis in (1, 2):
        steps = block[axis]
        pieces = [total[(slice(None),) * axis + (slice(first, None, steps),)] for first in range(steps)]
        total = pieces[0].copy()
        for piece in pieces[1:]:
            total += piece
    return np.asarray(np.maximum(total / np.float32(np.prod(block)), np.float32(AIR_HU)))


def look_up(field: np.ndarray, places: Places) -> np.ndarray:
    """Interpolate fields at places of their lattice.

    Parameters
    ----------
    field
        (channel, slice, row, column).
    places
        (3, voxel).

    Returns
    -------
    numpy.ndarray
        (channel, voxel); the nearest edge beyond the lattice.
    """
    (k, next_k, up), (i, next_i, back), (j, next_j, left) = (
        _neighbours(at, count) for at, count in zip(places, field.shape[1:], strict=True)
    )
    flat = field.reshape(len(field), -1)
    found = np.zeros((len(field), places.shape[1]), dtype=np.float32)
    # All channels at once: a place's eight neighbours are the same in each.
    for at_k, in_k in ((k, 1 - up), (next_k, up)):
        for at_i, in_i in ((i, 1 - back), (next_i, back)):
            row = (at_k * field.shape[2] + at_i) * field.shape[3]
            for at_j, in_j in ((j, 1 - left), (next_j, left)):
                found += flat.take(row + at_j, axis=1) * (in_k * in_i * in_j)
    return found
