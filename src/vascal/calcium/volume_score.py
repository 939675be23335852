"""Volume of calcium: counted voxel by voxel, or after isotropic interpolation.

Source of the interpolated score: Callister et al., Radiology 1998;208:807-814,
doi:10.1148/radiology.208.3.9722864.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates

from vascal.calcium.lesions import Lesion
from vascal.calcium.rule import AgatstonRule
from vascal.volume import Grid, Volume

Bounds = tuple[slice, slice, slice]


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
    close to cubes of the smaller pixel spacing as whole numbers allow. A part
    counts if its own voxel is in the lesion, or is a dark neighbour: bright
    neighbours belong to another lesion, to bone, or to nothing.
    """
    grid = volume.grid
    box = box_around(lesion, grid.shape, (1, 1, 1))
    hu = volume.hu[box].astype(np.float32)
    mask = mask_in_box(lesion, grid.shape, box)
    cuts = _cuts(grid)
    places = [_part_centres(n, c) for n, c in zip(hu.shape, cuts, strict=True)]
    fine = map_coordinates(hu, np.meshgrid(*places, indexing="ij"), order=1, mode="nearest")
    bright = fine >= rule.threshold_hu if rule.comparison == ">=" else fine > rule.threshold_hu
    allowed = mask | ~rule.is_calcium(volume.hu[box])
    for axis, cut in enumerate(cuts):
        allowed = np.repeat(allowed, cut, axis=axis)
    parts_in_slice = np.sum(bright & allowed, axis=(1, 2)).reshape(hu.shape[0], -1).sum(axis=1)
    part_mm3 = grid.slice_extents_mm()[box[0]] * grid.pixel_area_mm2 / np.prod(cuts)
    return float(np.sum(parts_in_slice * part_mm3))


def _cuts(grid: Grid) -> tuple[int, int, int]:
    edge = min(grid.row_spacing_mm, grid.column_spacing_mm)
    k, i, j = (max(1, round(spacing / edge)) for spacing in grid.spacing_mm)
    return (k, i, j)


def _part_centres(voxels: int, cut: int) -> np.ndarray:
    return np.asarray((np.arange(voxels * cut) + 0.5) / cut - 0.5)
