"""The pericardial sac, from the lungs that wrap it and the diaphragm that carries it.

On both sides the sac lies against lung. Above it ends where the great vessels
leave, at the pulmonary trunk, two to three centimetres below the carina. Behind
lie oesophagus, aorta and spine; below the diaphragm; in front the breastbone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from vascal.anatomy.aorta import Tube
from vascal.anatomy.cavity import Cavity, largest
from vascal.anatomy.coarse import CoarseCt, CoarseMask, bounding_box
from vascal.anatomy.diaphragm import Surface
from vascal.anatomy.landmarks import Spine

BELOW_CARINA_MM = 12.0
"""The pulmonary trunk divides 1 to 2 cm below the carina."""
TALLEST_SAC_MM = 120.0
"""From the diaphragm to the pulmonary trunk; used where the carina is not in the scan."""
BEHIND_SAC_MM = 12.0
"""Oesophagus and fat between the left atrium and the front of the spine."""
CORE_RADIUS_MM = 11.0
"""Wider than oesophagus and hilar vessels, narrower than pulmonary trunk, aorta and chambers."""
SMOOTH_RADIUS_MM = 20.0
"""The sac spans the grooves between chambers and great vessels."""
RIM_MM = 8.0
"""Epicardial fat outside the muscle is 5 to 8 mm thick over the right ventricle."""
SEPTUM_MM = 9.0
"""Fat between the lungs in front of the sac is thinner than twice this."""
SOFT_HU = -30.0
"""Half way between fat (-90 HU) and muscle or blood (40 HU)."""
WAIST_MM = 70.0
"""This high above the diaphragm the great vessels end and the chambers begin."""
FLARE = 1.2
"""How much the sac may widen on a side for each mm downwards."""
LEAST_HEART_ML = 100.0
"""Smaller than any adult heart's part that would be worth scoring."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Extent:
    """Slices between which the sac may lie, in blocks.

    Parameters
    ----------
    bottom, top
        From `bottom` up to, not including, `top`.
    waist
        Where chambers give way to great vessels; may lie above the scan.
    """

    bottom: int
    top: int
    waist: int


def find_extent(ct: CoarseCt, cavity: Cavity, diaphragm: Surface | None, carina: int | None) -> Extent:
    """Bound the sac above and below."""
    step = ct.spacing_mm[0]
    last = len(ct.hu)
    levels = np.flatnonzero(cavity.lungs.any(axis=(1, 2)))
    bottom = int(levels[0]) if diaphragm is None else int(diaphragm.min() / step)
    under = bottom if diaphragm is None else int(np.median(diaphragm) / step)
    top = min(last, under + round(TALLEST_SAC_MM / step))
    if carina is not None:
        top = min(top, carina - round(BELOW_CARINA_MM / step))
    waist = under + round(WAIST_MM / step)
    return Extent(bottom=max(0, bottom), top=max(top, bottom + 1), waist=waist)


def hull_of_lungs(cavity: Cavity, levels: range) -> CoarseMask:
    """Fill the convex hull of both lungs in each of some slices."""
    hull = np.zeros(cavity.lungs.shape, dtype=bool)
    for k in levels:
        hull[k] = _convex_hull(cavity.lungs[k])
    return hull


def _convex_hull(plane: np.ndarray) -> np.ndarray:
    """Fill the convex hull of a mask of one slice, row by row."""
    rows = np.flatnonzero(plane.any(axis=1))
    if rows.size < 2:
        return plane
    first = plane[rows].argmax(axis=1).astype(float)
    last = plane.shape[1] - 1 - plane[rows, ::-1].argmax(axis=1).astype(float)
    every = np.arange(rows[0], rows[-1] + 1)
    left = -_upper_envelope(rows, -first, every)
    right = _upper_envelope(rows, last, every)
    columns = np.arange(plane.shape[1])[None]
    filled = np.zeros_like(plane)
    filled[every] = (columns >= left[:, None] - 0.5) & (columns <= right[:, None] + 0.5)
    return filled


def _upper_envelope(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Interpolate the upper convex hull of points given by ascending x."""
    kept: list[tuple[float, float]] = []
    for point in zip(x.tolist(), y.tolist(), strict=True):
        while len(kept) > 1 and _turns_up(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    return np.asarray(np.interp(at, [p[0] for p in kept], [p[1] for p in kept]))


def _turns_up(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) >= (b[1] - a[1]) * (c[0] - a[0])


def find_sac(
    ct: CoarseCt,
    cavity: Cavity,
    spine: Spine,
    diaphragm: Surface | None,
    extent: Extent,
    aorta: Tube | None,
) -> CoarseMask:
    """Mark the pericardial sac.

    Returns
    -------
    array
        On blocks; empty if nothing of a heart's size lies between the lungs.
    """
    space = find_space(ct, cavity, spine, extent, aorta)
    room = space & above_diaphragm(ct, diaphragm, extent)
    box = bounding_box(space, (2, 2, 2))
    if box is None:
        return space
    space, room, hu = space[box], room[box], ct.hu[box]
    core = largest(open_by(space & (hu > SOFT_HU), CORE_RADIUS_MM, ct) & room)
    core = largest(limit_flare(core, ct, extent.waist - box[0].start))
    sac = np.zeros(ct.hu.shape, dtype=bool)
    if core.sum() * ct.voxel_ml < LEAST_HEART_ML:
        return sac
    smooth = close_by(core, SMOOTH_RADIUS_MM, ct)
    near = ndimage.distance_transform_edt(~smooth, sampling=ct.spacing_mm) <= RIM_MM
    sac[box] = largest(np.asarray(open_by(near & space, SEPTUM_MM, ct) & room))
    return sac


def limit_flare(core: CoarseMask, ct: CoarseCt, waist: int) -> CoarseMask:
    """Drop what widens too fast on the way down: the liver's dome beside the heart.

    The right border of the heart is steep and its apex leaves at about 45 degrees;
    the dome of the liver widens like the top of a ball.

    Parameters
    ----------
    waist
        Slice of `core` from which down the widening is limited; what is not
        connected to the heart above it is dropped too.
    """
    kept = core.copy()
    start = int(np.clip(waist, 0, len(core) - 1))
    while start > 0 and not kept[start].any():
        start -= 1
    kept[start:] = largest(kept[start:])
    reach_mm = FLARE * ct.spacing_mm[0] + max(ct.spacing_mm[1:]) / 2
    for k in range(start - 1, -1, -1):
        above = kept[k + 1]
        if not above.any():
            kept[k] = False
            continue
        kept[k] &= ndimage.distance_transform_edt(~above, sampling=ct.spacing_mm[1:]) <= reach_mm
    return kept


def find_space(ct: CoarseCt, cavity: Cavity, spine: Spine, extent: Extent, aorta: Tube | None) -> CoarseMask:
    """Mark what lies between the lungs, in front of oesophagus and aorta; a little beyond the extent."""
    reach = ct.blocks(2 * CORE_RADIUS_MM, 0)
    levels = range(max(0, extent.bottom - reach), min(len(ct.hu), extent.top + reach))
    space = hull_of_lungs(cavity, levels) & ~cavity.lungs & cavity.body
    rows = np.arange(ct.hu.shape[1])[None, :, None]
    limit = spine.front - BEHIND_SAC_MM / ct.spacing_mm[1]
    space &= rows <= limit[:, None, None]
    if aorta is not None:
        space &= ~aorta.paint(ct, margin_mm=2.0)
    return np.asarray(space)


def above_diaphragm(ct: CoarseCt, diaphragm: Surface | None, extent: Extent) -> CoarseMask:
    """Mark the slices of the extent, above the diaphragm where it is known."""
    level = np.arange(len(ct.hu))[:, None, None]
    inside: CoarseMask = np.broadcast_to((level >= extent.bottom) & (level < extent.top), ct.hu.shape)
    if diaphragm is None:
        return inside
    return np.asarray(inside & (level * ct.spacing_mm[0] >= diaphragm))


def open_by(mask: CoarseMask, radius_mm: float, ct: CoarseCt) -> CoarseMask:
    """Keep what a ball of this radius fits into. Outside the scan counts as inside."""
    padded = np.pad(mask, 1, mode="edge")
    deep = ndimage.distance_transform_edt(padded, sampling=ct.spacing_mm)[1:-1, 1:-1, 1:-1] > radius_mm
    if not deep.any():
        return deep
    return np.asarray(mask & (ndimage.distance_transform_edt(~deep, sampling=ct.spacing_mm) <= radius_mm))


def close_by(mask: CoarseMask, radius_mm: float, ct: CoarseCt) -> CoarseMask:
    """Fill what a ball of this radius outside the mask can not reach."""
    margin = [round(radius_mm / s) + 1 for s in ct.spacing_mm]
    padded = np.pad(mask, [(m, m) for m in margin])
    grown = ndimage.distance_transform_edt(~padded, sampling=ct.spacing_mm) <= radius_mm
    closed = ndimage.distance_transform_edt(grown, sampling=ct.spacing_mm) > radius_mm
    inner = tuple(slice(m, -m) for m in margin)
    return np.asarray(closed[inner] | mask)
