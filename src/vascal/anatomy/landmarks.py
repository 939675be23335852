"""Spine and carina: what the heart's place is measured from; on blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from vascal.anatomy.cavity import IN_SLICE, Cavity
from vascal.anatomy.coarse import CoarseCt, CoarseHu, CoarseMask
from vascal.volume import Vector

Curve = Float[np.ndarray, " slice"]

VERTEBRA_HALF_WIDTH_MM = 12.0
"""Columns used for the front of the vertebral bodies: their flat middle."""
VERTEBRA_DEPTH_MM = 70.0
"""From the backs of the lungs, behind the ribs' heads, to the front of a thoracic vertebral body, at most."""
AIRWAY_HU = (-800.0, -850.0, -900.0, -930.0, -950.0)
"""Air in the trachea lies below one of these; which one depends on the lung beside it."""
TRACHEA_MM2 = (60.0, 900.0)
"""Lumen of an adult trachea: 13 to 27 mm across, less partial volume at the wall."""
TRACHEA_OFF_MIDLINE_MM = 35.0
WALL_HU = -700.0
LEAST_WALL = 0.6
"""Share of the lumen's rim that must be wall: lung touches the rest of a thin one."""
SPLIT_WIDTH_MM = 30.0
"""Wider than any trachea: the main bronchi have begun."""
LEAST_TRACHEA_MM = 15.0
LOST_TRACHEA_MM = 40.0
"""A trachea followed this far and then lost has run into its bronchi."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spine:
    """The spine, in blocks.

    Parameters
    ----------
    midline
        Column of its middle.
    front
        Row of the front of the vertebral bodies, by slice; the last row of the
        image where the spine is outside the field.
    """

    midline: float
    front: Curve


def find_spine(ct: CoarseCt, cavity: Cavity) -> Spine:
    """Find the spine behind and between the lungs."""
    midline = find_midline(ct, cavity)
    return Spine(midline=midline, front=find_spine_front(ct, cavity, midline))


def find_midline(ct: CoarseCt, cavity: Cavity) -> float:
    """Give the column with most bone behind the middle of the lungs; the lungs' middle if there is none."""
    rows, columns = np.nonzero(cavity.lungs.any(axis=0))
    if rows.size == 0:
        return float((ct.hu.shape[2] - 1) / 2)
    centre = (float(columns.min()) + float(columns.max())) / 2
    behind = cavity.bone[:, int(np.median(rows)) :] & (ct.dense[:, int(np.median(rows)) :] > 0.1)
    profile = behind[cavity.lungs.any(axis=(1, 2))].sum(axis=(0, 1)).astype(float)
    width = 2 * VERTEBRA_HALF_WIDTH_MM / ct.spacing_mm[2]
    profile = ndimage.gaussian_filter1d(profile, width / 2)
    near = np.abs(np.arange(profile.size) - centre) < 0.25 * profile.size
    if not profile[near].any():
        return float(centre)
    return float(np.argmax(np.where(near, profile, -1)))


def find_spine_front(ct: CoarseCt, cavity: Cavity, midline: float) -> Curve:
    """Trace the front of the vertebral bodies through the slices: a smooth curve.

    In each slice, bone on the midline is searched beside the backs of the lungs;
    where a contrast-filled aorta touches it, other slices outvote that slice.
    """
    half = ct.blocks(VERTEBRA_HALF_WIDTH_MM, 2)
    middle = slice(max(0, round(midline) - half), round(midline) + half + 1)
    bone = cavity.bone[:, :, middle].mean(axis=2) > 0.5
    last = ct.hu.shape[1] - 1
    deep = np.flatnonzero(cavity.lungs.any(axis=(0, 2)))
    back = int(deep[-1]) if deep.size else last
    window = slice(max(0, back - ct.blocks(VERTEBRA_DEPTH_MM, 1)), back + 1)
    fronts = np.asarray([_front_of_bone(column, window) for column in bone])
    known = np.flatnonzero(np.isfinite(fronts))
    if known.size < 2:
        return np.full(len(bone), float(last))
    smooth = _robust_line(fronts[known], ct.spacing_mm[0])
    return np.asarray(np.interp(np.arange(len(bone)), known, smooth))


def _front_of_bone(column: Bool[np.ndarray, " row"], window: slice) -> float:
    """Front of the run of bone that fills most of the window; not a number if there is none."""
    labels, count = ndimage.label(column)
    if count == 0 or not column[window].any():
        return float("nan")
    longest = int(np.bincount(labels[window], minlength=count + 1)[1:].argmax()) + 1
    return float(max(np.flatnonzero(labels == longest)[0], window.start))


def _robust_line(rows: np.ndarray, step_mm: float) -> np.ndarray:
    """Median over about 8 cm: follows kyphosis, not single slices."""
    size = max(3, 2 * round(40.0 / step_mm) + 1)
    return np.asarray(ndimage.median_filter(rows, min(size, 2 * (rows.size // 2) + 1), mode="nearest"))


def find_trachea(ct: CoarseCt, cavity: Cavity, midline: float, lowest: int) -> tuple[CoarseMask, int | None]:
    """Follow lumens near the midline down; the trachea is the longest that ends between the lungs.

    How dark the lumen is, and how dark the lung beside it, differs from patient to
    patient; the limit that can be followed furthest is taken.

    Parameters
    ----------
    lowest
        Slice below which no carina is believed.

    Returns
    -------
    tuple
        The airway that was followed, and the slice of the carina or None.
    """
    window = _central_window(ct, cavity, midline)
    hu, middle = ct.hu[window], midline - window[2].start
    inner = ~cavity.outside[window]
    best = _Lumen(mask=np.zeros_like(inner), top=0, end=0, is_split=False)
    for limit_hu in AIRWAY_HU:
        for lumen in _lumens(hu, (hu < limit_hu) & inner, ct.spacing_mm, middle):
            is_longer = lumen.top - lumen.end > best.top - best.end
            if is_longer and lumen.end >= lowest and _is_between_lungs(cavity, lumen.end, midline):
                best = lumen
    length_mm = (best.top - best.end) * ct.spacing_mm[0]
    is_carina = length_mm >= (LEAST_TRACHEA_MM if best.is_split else LOST_TRACHEA_MM)
    airway = np.zeros_like(cavity.lungs)
    airway[window] = best.mask
    return airway, best.end if is_carina else None


def _central_window(ct: CoarseCt, cavity: Cavity, midline: float) -> tuple[slice, slice, slice]:
    """Box around the midline, as deep as the lungs."""
    rows = np.flatnonzero(cavity.lungs.any(axis=(0, 2)))
    reach = TRACHEA_OFF_MIDLINE_MM / ct.spacing_mm[2]
    deep = slice(int(rows[0]), int(rows[-1]) + 1) if rows.size else slice(0, ct.hu.shape[1])
    return slice(None), deep, slice(max(0, int(midline - reach)), int(midline + reach) + 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Lumen:
    """An airway followed down from slice `top` to `end`."""

    mask: CoarseMask
    top: int
    end: int
    is_split: bool


def _lumens(hu: CoarseHu, airy: CoarseMask, spacing_mm: Vector, middle: float) -> Iterator[_Lumen]:
    """Follow every lumen of a trachea's size near the midline."""
    labels, _ = ndimage.label(airy, IN_SLICE)
    top = len(airy) - 1
    while top > 0:
        start = _highest_lumen(labels, spacing_mm, middle, top)
        if start is None:
            return
        lumen = _follow(labels, hu, start, spacing_mm)
        yield lumen
        top = lumen.end - 1


def _follow(labels: np.ndarray, hu: CoarseHu, start: tuple[int, int], spacing_mm: Vector) -> _Lumen:
    """Follow one lumen down until it splits, vanishes or opens into something larger."""
    airway = np.zeros(labels.shape, dtype=bool)
    top = start[0]
    airway[top] = labels[top] == start[1]
    for k in range(top - 1, -1, -1):
        plane = _below(labels[k], airway[k + 1])
        area_mm2 = plane.sum() * spacing_mm[1] * spacing_mm[2]
        if area_mm2 < TRACHEA_MM2[0] / 2 or not _has_wall(plane, hu[k]):
            return _Lumen(mask=airway, top=top, end=k + 1, is_split=False)
        if area_mm2 > TRACHEA_MM2[1]:
            return _Lumen(mask=airway, top=top, end=k + 1, is_split=True)
        airway[k] = plane
        columns = np.flatnonzero(plane.any(axis=0))
        if (columns[-1] - columns[0] + 1) * spacing_mm[2] >= SPLIT_WIDTH_MM:
            return _Lumen(mask=airway, top=top, end=k, is_split=True)
    return _Lumen(mask=airway, top=top, end=0, is_split=False)


def _highest_lumen(labels: np.ndarray, spacing_mm: Vector, middle: float, top: int) -> tuple[int, int] | None:
    """Slice and label of the highest lumen of a trachea's size; of several, the one nearest the midline."""
    pixel_mm2 = spacing_mm[1] * spacing_mm[2]
    columns = np.arange(labels.shape[2])
    for k in range(top, -1, -1):
        count = np.bincount(labels[k].ravel())
        fits = (count * pixel_mm2 >= TRACHEA_MM2[0]) & (count * pixel_mm2 <= TRACHEA_MM2[1])
        fits[0] = False
        names = np.flatnonzero(fits)
        if names.size:
            off = [abs(float(columns[(labels[k] == name).any(axis=0)].mean()) - middle) for name in names]
            return k, int(names[int(np.argmin(off))])
    return None


def _below(labels: np.ndarray, above: np.ndarray) -> np.ndarray:
    """Lumens that continue the one above."""
    names = np.unique(labels[above])
    return np.asarray(np.isin(labels, names[names > 0]))


def _has_wall(plane: np.ndarray, hu: np.ndarray) -> bool:
    """Whether tissue, not lung, surrounds the lumen."""
    ring = ndimage.binary_dilation(plane) & ~plane
    return bool(np.mean(hu[ring] > WALL_HU) >= LEAST_WALL) if ring.any() else False


def _is_between_lungs(cavity: Cavity, k: int, midline: float) -> bool:
    middle = round(midline)
    return bool(cavity.lungs[k, :, :middle].any() and cavity.lungs[k, :, middle:].any())
