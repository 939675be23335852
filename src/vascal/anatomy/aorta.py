"""The aorta as two round columns: descending beside the spine, ascending before it.

A vessel seen end-on is a disc of tissue with fat or lung around it. The disc
that fits best is followed from slice to slice, with contrast agent or without.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from vascal.anatomy.coarse import CoarseCt, CoarseMask
from vascal.anatomy.landmarks import Spine

Plane = Float[np.ndarray, "row column"]

DESCENDING_RADIUS_MM = 12.5
"""Half of 25 mm: normal in adults is 20 to 30 mm."""
ASCENDING_RADIUS_MM = 16.0
"""Half of 32 mm: normal in adults is 27 to 38 mm."""
SPINE_HALF_WIDTH_MM = 16.0
FAT_HU, MUSCLE_HU = -80.0, 30.0
BEST_STEP_MM = 4.0
"""How far the centre may move between neighbouring slices 4 mm apart."""
STRAIGHT_MM = 40.0
"""Over this length the thoracic aorta below the arch is straight."""
MOVE_COST = 0.05
"""A step aside must gain this much fit: vessels are straight."""
LEAST_FIT = 0.35
"""Tissue in the disc less tissue in the ring around it; 0 is no disc at all."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tube:
    """A vessel as one disc a slice, in blocks.

    Parameters
    ----------
    slices
        Slices in which it was found.
    centers
        Row and column of the centre in each.
    radius_mm
        Radius of the disc.
    fit
        How much the disc stands out, 0 to 1, by slice.
    """

    slices: np.ndarray
    centers: np.ndarray
    radius_mm: float
    fit: np.ndarray

    def paint(self, ct: CoarseCt, *, margin_mm: float = 0.0) -> CoarseMask:
        """Mark the blocks inside the vessel, or within a margin of it."""
        mask = np.zeros(ct.hu.shape, dtype=bool)
        rows, columns = np.indices(ct.hu.shape[1:])
        for k, (row, column) in zip(self.slices, self.centers, strict=True):
            apart = np.hypot((rows - row) * ct.spacing_mm[1], (columns - column) * ct.spacing_mm[2])
            mask[k] = apart <= self.radius_mm + margin_mm
        return mask


def find_descending_aorta(ct: CoarseCt, spine: Spine, levels: slice) -> Tube | None:
    """Follow the descending aorta along the left front of the spine."""
    front = float(np.median(spine.front[levels]))
    rows = _mm_window(ct, 1, front, (-25.0, 25.0))
    columns = _mm_window(ct, 2, spine.midline, (-12.0, 45.0))
    return _follow_disc(ct, spine, (levels, rows, columns), DESCENDING_RADIUS_MM)


def find_ascending_aorta(ct: CoarseCt, spine: Spine, levels: slice) -> Tube | None:
    """Follow the ascending aorta in front of the right pulmonary artery."""
    front = float(np.median(spine.front[levels]))
    rows = _mm_window(ct, 1, front, (-95.0, -50.0))
    columns = _mm_window(ct, 2, spine.midline, (-22.0, 14.0))
    return _follow_disc(ct, spine, (levels, rows, columns), ASCENDING_RADIUS_MM)


def _mm_window(ct: CoarseCt, axis: int, centre: float, reach_mm: tuple[float, float]) -> slice:
    size, step = ct.hu.shape[axis], ct.spacing_mm[axis]
    return slice(
        int(np.clip(round(centre + reach_mm[0] / step), 0, size - 1)),
        int(np.clip(round(centre + reach_mm[1] / step) + 1, 1, size)),
    )


def _follow_disc(ct: CoarseCt, spine: Spine, window: tuple[slice, slice, slice], radius_mm: float) -> Tube | None:
    """Find the smooth path of discs with the best total fit."""
    disc, ring = _kernels(ct, radius_mm)
    near, inner = _with_margin(window[1:], len(disc) // 2, ct)
    tissue = np.clip((ct.hu[window[0]][near] - FAT_HU) / (MUSCLE_HU - FAT_HU), 0, 1)
    tissue[_spine(ct, spine)[window[0]][near]] = 0
    inside = ndimage.convolve(tissue, disc[None], mode="constant")
    around = ndimage.convolve(tissue, ring[None], mode="constant")
    fit = (inside - 0.7 * around)[inner]
    if 0 in fit.shape:
        return None
    path = best_path(fit, max(1, round(BEST_STEP_MM * ct.spacing_mm[0] / 4.0 / ct.spacing_mm[1])))
    path = ndimage.median_filter(path, size=(2 * round(STRAIGHT_MM / 2 / ct.spacing_mm[0]) + 1, 1), mode="nearest")
    value = fit[np.arange(len(fit)), path[:, 0], path[:, 1]]
    good = value >= LEAST_FIT
    if good.mean() < 0.5:
        return None
    slices = np.arange(window[0].start, window[0].start + len(fit))
    return Tube(
        slices=slices, centers=path + np.asarray((window[1].start, window[2].start)), radius_mm=radius_mm, fit=value
    )


def _with_margin(window: tuple[slice, ...], reach: int, ct: CoarseCt) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Widen rows and columns of all slices by what a kernel reaches; and give the window in what that cuts out."""
    lows = [max(0, side.start - reach) for side in window]
    highs = [min(n, side.stop + reach) for side, n in zip(window, ct.hu.shape[1:], strict=True)]
    near = [slice(low, max(low, high)) for low, high in zip(lows, highs, strict=True)]
    inner = [slice(side.start - low, side.stop - low) for side, low in zip(window, lows, strict=True)]
    return (slice(None), *near), (slice(None), *inner)


def _spine(ct: CoarseCt, spine: Spine) -> CoarseMask:
    """Vertebral bodies and what lies behind: a strip, whatever its attenuation."""
    rows, columns = np.arange(ct.hu.shape[1]), np.arange(ct.hu.shape[2])
    behind = rows[None, :] >= spine.front[:, None]
    central = np.abs(columns - spine.midline) * ct.spacing_mm[2] <= SPINE_HALF_WIDTH_MM
    return np.asarray(behind[:, :, None] & central)


def _kernels(ct: CoarseCt, radius_mm: float) -> tuple[Plane, Plane]:
    """Disc of the radius, and ring outside it; each sums to 1."""
    reach = int(np.ceil((radius_mm + 9) / min(ct.spacing_mm[1:])))
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    apart = np.hypot(rows * ct.spacing_mm[1], columns * ct.spacing_mm[2])
    disc = (apart <= radius_mm).astype(np.float32)
    ring = ((apart > radius_mm + 2) & (apart <= radius_mm + 8)).astype(np.float32)
    return disc / disc.sum(), ring / ring.sum()


def best_path(fit: np.ndarray, step: int) -> np.ndarray:
    """Choose one place a slice so that the sum of fits is greatest and no step is too long.

    Parameters
    ----------
    fit
        (slice, row, column).
    step
        Longest move between neighbouring slices, in blocks, along rows and columns.

    Returns
    -------
    numpy.ndarray
        (slice, 2): row and column.
    """
    size = 2 * step + 1
    total = np.empty(fit.shape, dtype=np.float64)
    total[0] = fit[0]
    for k in range(1, len(fit)):
        moved = ndimage.maximum_filter(total[k - 1], size=size, mode="constant", cval=-np.inf) - MOVE_COST
        total[k] = fit[k] + np.maximum(total[k - 1], moved)
    path = np.empty((len(fit), 2), dtype=np.int64)
    path[-1] = np.unravel_index(int(total[-1].argmax()), fit.shape[1:])
    for k in range(len(fit) - 2, -1, -1):
        row, column = path[k + 1]
        near = total[k, max(0, row - step) : row + step + 1, max(0, column - step) : column + step + 1]
        if total[k, row, column] >= near.max() - MOVE_COST:
            path[k] = (row, column)
            continue
        place = np.unravel_index(int(near.argmax()), near.shape)
        path[k] = (max(0, row - step) + place[0], max(0, column - step) + place[1])
    return path
