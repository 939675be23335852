"""Volume of calcium: counted voxel by voxel, or after isotropic interpolation.

Source of the interpolated score: Callister et al., Radiology 1998;208:807-814,
doi:10.1148/radiology.208.3.9722864.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vascal.calcium.lesions import Lesion
from vascal.calcium.rule import AgatstonRule
from vascal.volume import Grid, Volume

Bounds = tuple[slice, slice, slice]

_DIMMED_HU = 0.01
"""How far below the threshold foreign calcium is set: too little to darken the lesion's own voxels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeScore:
    """Calcified volume of one lesion.

    Parameters
    ----------
    voxel_mm3
        Sum of the volumes of its voxels, mm3.
    isotropic_mm3
        Volume above threshold after linear interpolation to cubic voxels, mm3.
    """

    voxel_mm3: float
    isotropic_mm3: float


def score_volume(volume: Volume, lesion: Lesion, rule: AgatstonRule) -> VolumeScore:
    """Measure the volume of one lesion in both published ways.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    lesion
        Voxels on that grid.
    rule
        Its threshold separates calcium in the interpolated image.
    """
    return VolumeScore(
        voxel_mm3=float(np.sum(voxel_volumes_mm3(lesion, volume.grid))),
        isotropic_mm3=_isotropic_mm3(volume, lesion, rule),
    )


def voxel_volumes_mm3(lesion: Lesion, grid: Grid) -> np.ndarray:
    """Give the volume of each voxel of a lesion, mm3."""
    slices = lesion.index // (grid.shape[1] * grid.shape[2])
    return np.asarray(grid.slice_extents_mm()[slices] * grid.pixel_area_mm2)


def box_around(lesion: Lesion, shape: tuple[int, int, int], margin: tuple[int, int, int]) -> Bounds:
    """Bound a lesion with a margin in voxels, cut at the image's edges."""
    k, i, j = (
        slice(max(0, int(axis.min()) - m), min(n, int(axis.max()) + m + 1))
        for axis, m, n in zip(np.unravel_index(lesion.index, shape), margin, shape, strict=True)
    )
    return (k, i, j)


def mask_in_box(lesion: Lesion, shape: tuple[int, int, int], box: Bounds) -> np.ndarray:
    """Mark the lesion's voxels inside its box: (slice, row, column), bool."""
    mask = np.zeros(tuple(s.stop - s.start for s in box), dtype=bool)
    where = np.unravel_index(lesion.index, shape)
    mask[tuple(axis - s.start for axis, s in zip(where, box, strict=True))] = True
    return mask


def _isotropic_mm3(volume: Volume, lesion: Lesion, rule: AgatstonRule) -> float:
    """Count near-cubic sub-voxels whose interpolated HU reaches the threshold.

    Every voxel is cut into so many parts along each axis that they come as
    close to cubes of the smaller pixel spacing as whole numbers allow. Bright
    voxels outside the lesion belong to another lesion, to bone, or to nothing:
    their parts do not count, and they are dimmed to just below the threshold so
    that they brighten no part of a dark voxel beside them.
    """
    grid = volume.grid
    box = box_around(lesion, grid.shape, (1, 1, 1))
    foreign = rule.is_calcium(volume.hu[box]) & ~mask_in_box(lesion, grid.shape, box)
    fine = np.where(foreign, rule.threshold_hu - _DIMMED_HU, volume.hu[box])
    cuts = _cuts(grid)
    for axis, cut in enumerate(cuts):
        fine = _interpolate(fine, cut, axis)
        foreign = np.repeat(foreign, cut, axis=axis)
    counted = rule.is_calcium(fine) & ~foreign
    parts_in_slice = np.count_nonzero(counted.reshape(-1, cuts[0] * fine.shape[1] * fine.shape[2]), axis=1)
    part_mm3 = grid.slice_extents_mm()[box[0]] * grid.pixel_area_mm2 / np.prod(cuts)
    return float(np.sum(parts_in_slice * part_mm3))


def _cuts(grid: Grid) -> tuple[int, int, int]:
    edge = min(grid.row_spacing_mm, grid.column_spacing_mm)
    k, i, j = (max(1, round(spacing / edge)) for spacing in grid.spacing_mm)
    return (k, i, j)


def _interpolate(hu: np.ndarray, cut: int, axis: int) -> np.ndarray:
    """Sample the middles of so many equal parts of each voxel, linearly along one axis.

    Beyond the middle of the first and the last voxel their value holds.
    """
    voxels = hu.shape[axis]
    if cut == 1:
        return hu
    place = np.clip((np.arange(voxels * cut) + 0.5) / cut - 0.5, 0, voxels - 1)
    below = place.astype(np.int64)
    above = np.minimum(below + 1, voxels - 1)
    share = np.expand_dims(place - below, [other for other in range(hu.ndim) if other != axis])
    lower = hu.take(below, axis)
    return np.asarray(lower + share * (hu.take(above, axis) - lower))
