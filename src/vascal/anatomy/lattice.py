"""Even grids of a scan's own, on which finders work, and the way back to its voxels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from scipy import ndimage

from vascal.types import VoxelIndex
from vascal.volume import Vector, Volume

AIR_HU = -1024.0
"""Outside the field of view."""
Hu = Float32[np.ndarray, "slice row column"]
Places = Float32[np.ndarray, "3 voxel"]


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
    offset = [(c - start) / size for c, start, size in zip(lattice.corner_mm, starts, sizes, strict=True)]
    # Half a block beyond the last centre still belongs to the scan.
    padded = np.pad(mean - np.float32(AIR_HU), 1, mode="edge")
    found = ndimage.affine_transform(
        padded, np.asarray([step / size for size in sizes]), np.asarray(offset) + 1, output_shape=lattice.shape,
        order=1, mode="constant", cval=0.0,
    )  # fmt: skip
    return np.asarray(found + np.float32(AIR_HU), dtype=np.float32)


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
    return np.stack([ndimage.map_coordinates(channel, places, order=1, mode="nearest") for channel in field])
