"""A CT averaged down to blocks of about 4 mm, and the way back.

Anatomy is found on blocks: noise and kernel edges average out, and a chest of
a hundred million voxels becomes one of half a million.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float32
from scipy import ndimage

from vascal.types import HuArray
from vascal.volume import Grid, Vector, Volume

CoarseHu = Float32[np.ndarray, "block_slice block_row block_column"]
CoarseMask = Bool[np.ndarray, "block_slice block_row block_column"]

BLOCK_MM = 4.0
"""Finer than any wall between organs needs, coarse enough to average noise away."""
DENSE_HU = 200
"""Above unenhanced soft tissue and cartilage by far, below every cortical bone."""
LOWEST_HU = -1024
PADDING_HU = -1000
"""What fills the image outside a round field is one value at or below air."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoarseCt:
    """A CT on blocks; rows run to the patient's back, columns to the patient's left.

    Parameters
    ----------
    hu
        Mean of each block, HU, not below -1024.
    dense
        Share of each block above `DENSE_HU`, 0 to 1.
    padding
        Blocks outside the reconstructed field: one value in every slice.
    spacing_mm
        Distance between blocks: slices, rows, columns, mm.
    block
        Slices, rows, columns of the CT in one block.
    is_row_flipped, is_column_flipped
        Whether the CT's own rows, or columns, run the other way.
    """

    hu: CoarseHu
    dense: CoarseHu
    padding: CoarseMask
    spacing_mm: Vector
    block: tuple[int, int, int]
    is_row_flipped: bool
    is_column_flipped: bool

    @property
    def voxel_ml(self) -> float:
        """Volume of one block, ml."""
        return float(np.prod(self.spacing_mm)) / 1000.0

    def blocks(self, length_mm: float, axis: int) -> int:
        """Give how many blocks a length is, at least one."""
        return max(1, round(length_mm / self.spacing_mm[axis]))

    def to_ct_order(self, mask: np.ndarray) -> np.ndarray:
        """Turn rows and columns back to the order of the CT."""
        return mask[:, :: -1 if self.is_row_flipped else 1, :: -1 if self.is_column_flipped else 1]


def average_blocks(volume: Volume, block_mm: float = BLOCK_MM) -> CoarseCt:
    """Average a CT over blocks, one slab of slices at a time.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    block_mm
        Wanted size of a block, mm. Slices thicker than that stay single.
    """
    grid = volume.grid
    block = tuple(max(1, min(round(block_mm / s), n)) for s, n in zip(grid.spacing_mm, grid.shape, strict=True))
    steps = (block[0], block[1], block[2])
    hu, dense, padding = _average(volume.hu, steps)
    row_flip, column_flip = grid.row_axis[1] < 0, grid.column_axis[0] < 0
    turn = (slice(None), slice(None, None, -1 if row_flip else 1), slice(None, None, -1 if column_flip else 1))
    return CoarseCt(
        hu=np.ascontiguousarray(hu[turn]),
        dense=np.ascontiguousarray(dense[turn]),
        padding=np.ascontiguousarray(padding[turn]),
        spacing_mm=_block_spacing(grid, steps),
        block=steps,
        is_row_flipped=bool(row_flip),
        is_column_flipped=bool(column_flip),
    )


def _block_spacing(grid: Grid, block: tuple[int, int, int]) -> Vector:
    k, i, j = (b * s for b, s in zip(block, grid.spacing_mm, strict=True))
    return (k, i, j)


def _average(hu: HuArray, block: tuple[int, int, int]) -> tuple[CoarseHu, CoarseHu, CoarseMask]:
    """Give mean, share of dense voxels, and padding of each block."""
    slabs = range(0, hu.shape[0], block[0])
    shape = (len(slabs), -(-hu.shape[1] // block[1]), -(-hu.shape[2] // block[2]))
    mean, dense = np.empty(shape, np.float32), np.empty(shape, np.float32)
    low, high = hu[0].copy(), hu[0].copy()
    for n, first in enumerate(slabs):
        slab = hu[first : first + block[0]]
        for plane in slab:
            np.minimum(low, plane, out=low)
            np.maximum(high, plane, out=high)
        total, count = _sum_slab(slab)
        mean[n], dense[n] = _block_sum(total, block) / len(slab), _block_sum(count, block) / len(slab)
    size = _block_sum(np.ones(low.shape, np.uint8), block).astype(np.float32)
    constant = _block_sum(((low == high) & (low <= PADDING_HU)).view(np.uint8), block) / size
    return mean / size, dense / size, np.broadcast_to(constant > 0.5, shape)


def _sum_slab(slab: HuArray) -> tuple[np.ndarray, np.ndarray]:
    """Sum the slices of a slab, not below `LOWEST_HU`, and count its dense voxels: (row, column)."""
    clipped = np.maximum(slab[0], LOWEST_HU)
    total, count = clipped.astype(np.int32), (slab[0] > DENSE_HU).astype(np.uint16)
    for plane in slab[1:]:
        total += np.maximum(plane, LOWEST_HU, out=clipped)
        count += (plane > DENSE_HU).view(np.uint8)
    return total, count


def _block_sum(plane: np.ndarray, block: tuple[int, int, int]) -> np.ndarray:
    """Sum over rows and columns of each block; the last may be smaller."""
    return _sum_rows(np.ascontiguousarray(_sum_rows(plane, block[1]).T), block[2]).T


def _sum_rows(plane: np.ndarray, step: int) -> np.ndarray:
    """Sum every `step` neighbouring rows; adding strided rows is far faster than `reduceat`."""
    total = plane[::step].astype(np.int32)
    for first in range(1, step):
        rows = plane[first::step]
        total[: len(rows)] += rows
    return total


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Upsampler:
    """Bring block masks back to the CT, slice by slice, with smooth outlines.

    Parameters
    ----------
    shape
        Slices, rows, columns of the CT.
    block
        Slices, rows, columns of the CT in one block.
    """

    shape: tuple[int, int, int]
    block: tuple[int, int, int]

    def near(self, mask: np.ndarray, k: int) -> np.ndarray:
        """Repeat the blocks of slice `k`: (row, column), in the mask's own type."""
        plane = mask[k // self.block[0]]
        tall = np.repeat(plane, self.block[1], axis=0)[: self.shape[1]]
        return np.repeat(tall, self.block[2], axis=1)[:, : self.shape[2]]

    def smooth(self, soft: np.ndarray, k: int, box: tuple[slice, slice]) -> np.ndarray:
        """Interpolate values of blocks linearly to the pixels of slice `k`, inside a box of blocks."""
        depth = np.clip((k + 0.5) / self.block[0] - 0.5, 0, soft.shape[0] - 1)
        low = min(int(depth), soft.shape[0] - 1)
        high, weight = min(low + 1, soft.shape[0] - 1), np.float32(depth - int(depth))
        plane = soft[low][box] * (1 - weight) + soft[high][box] * weight
        # No matrix product: threads of a linear algebra library cost more here than they save.
        low_row, high_row, row_weight = _neighbours(box[0].start, box[0].stop, self.block[1], self.shape[1])
        low_column, high_column, column_weight = _neighbours(box[1].start, box[1].stop, self.block[2], self.shape[2])
        # Columns first, while there are few rows: whole rows are copied many times faster than columns.
        wide = plane[:, low_column] * (1 - column_weight) + plane[:, high_column] * column_weight
        tall = wide[low_row]
        tall *= (1 - row_weight)[:, None]
        more = wide[high_row]
        more *= row_weight[:, None]
        tall += more
        return np.asarray(tall)

    def pixels(self, box: tuple[slice, slice]) -> tuple[slice, slice]:
        """Give the pixels that a box of blocks covers."""
        rows, columns = (
            slice(s.start * b, min(s.stop * b, n)) for s, b, n in zip(box, self.block[1:], self.shape[1:], strict=True)
        )
        return rows, columns


@lru_cache(maxsize=16)
def _neighbours(start: int, stop: int, block: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give, for each pixel of some blocks, the blocks whose centres lie on both sides, and the weight of the second."""
    pixels = np.arange(start * block, min(stop * block, count))
    last = stop - start - 1
    place = np.clip((pixels + 0.5) / block - 0.5 - start, 0, last)
    low = place.astype(np.intp)
    return low, np.minimum(low + 1, last), (place - low).astype(np.float32)


def bounding_box(mask: np.ndarray, margin: tuple[int, int, int]) -> tuple[slice, slice, slice] | None:
    """Give the box around a mask and a margin; None if the mask is empty.

    Parameters
    ----------
    mask
        (slice, row, column).
    margin
        Slices, rows, columns added on both sides, as far as the mask's array reaches.
    """
    sides = []
    for axis, size in enumerate(mask.shape):
        places = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        if places.size == 0:
            return None
        sides.append(slice(max(0, int(places[0]) - margin[axis]), min(size, int(places[-1]) + 1 + margin[axis])))
    return sides[0], sides[1], sides[2]


def measure_depth(mask: np.ndarray, spacing_mm: Vector) -> np.ndarray:
    """Give how deep inside a mask each block lies: distance to the nearest block outside it, mm; 0 outside.

    Only the box around the mask is looked at. Nothing changes by that: of what
    lies outside the mask, something just outside the box is never further.

    Parameters
    ----------
    mask
        (slice, row, column).
    spacing_mm
        Distance between blocks: slices, rows, columns, mm.
    """
    depth = np.zeros(mask.shape)
    box = bounding_box(mask, (1, 1, 1))
    if box is not None:
        depth[box] = ndimage.distance_transform_edt(mask[box], sampling=spacing_mm)
    return depth
