"""Calcium as it appears in the image: shared among voxels, blurred by the kernel, exact in mass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy import fft, ndimage

from vascal.simulate.ct.compiled import compiled
from vascal.simulate.ct.plaques import Points
from vascal.simulate.ct.scanner import Kernel, mtf
from vascal.simulate.ct.shapes import Reals
from vascal.volume import Grid, Vector

MARGIN_MM = 9.0
"""Beyond this a kernel spreads nothing worth the name."""
VISIBLE_HU = 4.0
"""A voxel that a plaque brightens by this much, or more, belongs to it."""
LEAST_TRANSFER = 0.15


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MovingPoints:
    """A plaque's points and where they are while each slice is scanned.

    Parameters
    ----------
    points
        (point, 3), LPS, mm, at rest.
    mass_mg
        What they weigh together.
    offset_mm
        (slice, instant, 3), LPS, mm; one slice or one instant stands for all.
    """

    points: Points
    mass_mg: float
    offset_mm: Float[np.ndarray, "_ _ 3"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalciumPatch:
    """What one plaque adds to an image.

    Parameters
    ----------
    slices, rows, columns
        Where in the volume.
    mg
        (slice, row, column) hydroxyapatite in each voxel after the kernel's blur, mg.
    seen_mg
        What of the plaque's mass lies inside the volume.
    """

    slices: slice
    rows: slice
    columns: slice
    mg: Reals
    seen_mg: float

    @property
    def where(self) -> tuple[slice, slice, slice]:
        """Index of the patch in a volume."""
        return (self.slices, self.rows, self.columns)


def slice_shares(grid: Grid, thickness_mm: float, k: int, z_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """What slice `k` sees of points at heights, as `image_plaque` shares them: of any shape."""
    middles, half = np.asarray(grid.slice_positions_mm), thickness_mm / 2 + 1e-9
    holds = np.abs(z_mm - middles[k]) <= half
    if grid.spacing_between_slices_mm > thickness_mm * (1 + 1e-6):
        return np.asarray(holds * (grid.spacing_between_slices_mm / thickness_mm))
    count = sum((np.abs(z_mm - middle) <= half).astype(float) for middle in middles[max(k - 8, 0) : k + 9])
    return np.asarray(holds / np.maximum(count, 1))


@compiled
def _splat(points, offsets, weight, middles, half, corner, spacing, first, last, scale, out):  # type: ignore[no-untyped-def]
    """Add points at all instants to slices; each split linearly among its four pixels.

    A slice holds a point within half its thickness. With slices that touch or
    overlap, each point is shared equally by those that hold it, so that no mass is
    lost or seen twice; where slices leave gaps (`scale` above 0), each point
    counts in the slice that holds it, if any, as densely as it is there.
    """
    for k in range(first, last):
        mine = offsets[min(k, offsets.shape[0] - 1)]
        for t in range(mine.shape[0]):
            for n in range(points.shape[0]):
                z = points[n, 2] + mine[t, 2]
                if abs(z - middles[k]) > half:
                    continue
                share = weight
                if scale > 0:
                    share *= scale
                else:
                    count = 0
                    for other in range(max(first - 1, 0), min(last + 1, middles.size)):
                        if abs(z - middles[other]) <= half:
                            count += 1
                    share /= count
                y = (points[n, 1] + mine[t, 1]) / spacing[0] - corner[0]
                x = (points[n, 0] + mine[t, 0]) / spacing[1] - corner[1]
                i, j = int(np.floor(y)), int(np.floor(x))
                fi, fj = y - i, x - j
                out[k - first, i, j] += share * (1 - fi) * (1 - fj)
                out[k - first, i, j + 1] += share * (1 - fi) * fj
                out[k - first, i + 1, j] += share * fi * (1 - fj)
                out[k - first, i + 1, j + 1] += share * fi * fj


def image_plaque(moving: MovingPoints, grid: Grid, thickness_mm: float, kernel: Kernel) -> CalciumPatch | None:
    """Give what a plaque adds to an image, or None where it is out of sight.

    Parameters
    ----------
    moving
        The plaque.
    grid
        Upright axial grid of the image.
    thickness_mm
        Slice thickness, mm.
    kernel
        Its blur; splitting among pixels blurs too, and is made up for.
    """
    low = moving.points.min(axis=0) + moving.offset_mm.min(axis=(0, 1))
    high = moving.points.max(axis=0) + moving.offset_mm.max(axis=(0, 1))
    middles = np.asarray(grid.slice_positions_mm)
    touched = np.flatnonzero((middles > low[2] - thickness_mm / 2) & (middles < high[2] + thickness_mm / 2))
    window = _window(grid, low, high)
    if touched.size == 0 or window is None:
        return None
    first, last = int(touched[0]), int(touched[-1]) + 1
    row0, rows, column0, columns = window
    mass = np.zeros((last - first, rows, columns))
    spacing = np.array((grid.row_spacing_mm, grid.column_spacing_mm))
    corner = np.array((grid.origin_mm[1], grid.origin_mm[0])) / spacing + (row0, column0)
    gap = grid.spacing_between_slices_mm / thickness_mm
    offsets, half = np.ascontiguousarray(moving.offset_mm), thickness_mm / 2 + 1e-9
    weight = moving.mass_mg / len(moving.points) / moving.offset_mm.shape[1]
    _splat(
        moving.points, offsets, weight, middles, half, corner, spacing, first, last,
        gap if gap > 1 + 1e-6 else 0.0, mass,
    )  # fmt: skip
    blurred = _blur(mass, grid, kernel)
    inside_rows = slice(max(row0, 0), min(row0 + rows, grid.shape[1]))
    inside_columns = slice(max(column0, 0), min(column0 + columns, grid.shape[2]))
    if inside_rows.start >= inside_rows.stop or inside_columns.start >= inside_columns.stop:
        return None
    mg = blurred[
        :,
        inside_rows.start - row0 : inside_rows.stop - row0,
        inside_columns.start - column0 : inside_columns.stop - column0,
    ]
    return CalciumPatch(
        slices=slice(first, last), rows=inside_rows, columns=inside_columns, mg=mg, seen_mg=float(mg.sum())
    )


def _window(grid: Grid, low: np.ndarray, high: np.ndarray) -> tuple[int, int, int, int] | None:
    """First row, rows, first column, columns of a patch with room for the blur."""
    found: list[int] = []
    for axis, origin, spacing in (
        (1, grid.origin_mm[1], grid.row_spacing_mm),
        (0, grid.origin_mm[0], grid.column_spacing_mm),
    ):
        first = int(np.floor((low[axis] - MARGIN_MM - origin) / spacing))
        last = int(np.ceil((high[axis] + MARGIN_MM - origin) / spacing))
        found += [first, fft.next_fast_len(last - first + 1, real=True)]
    beyond = found[0] >= grid.shape[1] or found[2] >= grid.shape[2]
    before = found[0] + found[1] <= 0 or found[2] + found[3] <= 0
    return None if beyond or before else (found[0], found[1], found[2], found[3])


def _blur(mass: NDArray[np.float64], grid: Grid, kernel: Kernel) -> Reals:
    down = np.fft.fftfreq(mass.shape[1], grid.row_spacing_mm)[:, None]
    across = np.fft.rfftfreq(mass.shape[2], grid.column_spacing_mm)[None]
    split = np.sinc(down * grid.row_spacing_mm) ** 2 * np.sinc(across * grid.column_spacing_mm) ** 2
    transfer = mtf(kernel, np.hypot(down, across)) / np.maximum(split, LEAST_TRANSFER)
    blurred = fft.irfft2(fft.rfft2(mass) * transfer, s=mass.shape[1:])
    return np.asarray(blurred, dtype=np.float32)


def label_patches(
    patches: Sequence[CalciumPatch | None], hu_per_mg: float, shape: tuple[int, int, int]
) -> NDArray[np.uint8]:
    """Give every voxel to the plaque that brightens it most, number 1 for the first.

    Parameters
    ----------
    patches
        One for each plaque; None is out of sight.
    hu_per_mg
        CT number that 1 mg adds to one voxel, HU.
    """
    strongest = np.zeros(shape, dtype=np.float32)
    labels = np.zeros(shape, dtype=np.uint8)
    for number, patch in enumerate(patches, start=1):
        if patch is None:
            continue
        hu = patch.mg * np.float32(hu_per_mg)
        grown = ndimage.grey_dilation(hu, size=(1, 3, 3))
        wins = (grown > VISIBLE_HU) & (grown > strongest[patch.where])
        strongest[patch.where][wins] = grown[wins]
        labels[patch.where][wins] = number
    return labels


def centre_of(points: Points) -> Vector:
    """Centre of mass, LPS, mm."""
    x, y, z = (float(v) for v in points.mean(axis=0))
    return (x, y, z)
