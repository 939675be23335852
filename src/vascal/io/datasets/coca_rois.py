"""Outlines of coronary calcium as OsiriX exports them, drawn onto the CT.

The Stanford COCA data set keeps, for each scan, a property list: ``Images``,
each with ``ImageIndex`` and ``ROIs``, each with ``Name``, ``Point_px`` and
``Point_mm`` as text ``(x, y)`` and ``(x, y, z)``, and the HU statistics of what
was outlined (``Min``, ``Max``, ``Mean``, ``Dev``, ``Total``).

Three conventions decide where an outline lies:

* ``Point_px`` counts from the corner of the first pixel: its centre is (0.5, 0.5).
  OsiriX takes half a pixel off to make millimetres of it (``convertPixX:pixY:
  toDICOMCoords:`` in ``DCMPix.m`` of OsiriX and Horos).
* The z of ``Point_mm`` is the slice's Image Position (Patient). It is asked
  first: it does not depend on the order in which a program shows slices.
* ``ImageIndex`` counts from 0 at the feet, against the order of the file names;
  public readers of the data set agree on that. It is asked where there are no
  millimetres, and the reverse order only if the outlines' own ``Max`` fits it better.

A pixel is labelled if its centre lies in the outline or on it. Pixels below
130 HU stay labelled: a scorer leaves them out by its own threshold.
Learnt from public readers of the data set (amid's ``StanfordCoCa``, the CS230
code that came with it, the UMIE pipelines); not tried on the data set itself.
"""

from __future__ import annotations

import plistlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from vascal.errors import LabelError
from vascal.volume import Grid, LabelMap, Volume

VESSELS: Mapping[str, str] = {
    "left coronary artery": "LM",
    "left anterior descending artery": "LAD",
    "left circumflex artery": "LCX",
    "right coronary artery": "RCA",
}
"""Beside LAD and LCX, the left coronary artery is its main stem."""
VALUES: Mapping[str, int] = {"LM": 1, "LAD": 2, "LCX": 3, "RCA": 4}

EDGE_PIXELS = 1e-3
"""How far from an outline a centre still lies on it, pixels."""
HU_TOLERANCE = 1.5
"""An outline's stated maximum may be rounded."""

_POINT = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")

Pixels = Float[np.ndarray, "point 2"]
PlaneMask = Bool[np.ndarray, "row column"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Roi:
    """One outline.

    Parameters
    ----------
    vessel
        LM, LAD, LCX or RCA.
    image_index
        As given in the file.
    points
        (x, y) from the corner of the first pixel, pixels.
    position_mm
        (x, y, z) of its first point in LPS, mm; None if not given.
    max_hu
        Highest HU in it by the program that exported it; None if not given.
    """

    vessel: str
    image_index: int
    points: Pixels
    position_mm: tuple[float, float, float] | None = None
    max_hu: float | None = None


def read_rois(path: Path) -> tuple[Roi, ...]:
    """Read the outlines of one scan.

    Raises
    ------
    LabelError
        If the file is no such property list, or names an unknown vessel.
    """
    try:
        with path.open("rb") as file:
            images = plistlib.load(file)["Images"]
        return tuple(_make_roi(image, roi) for image in images for roi in image["ROIs"] if roi.get("Point_px"))
    except LabelError:
        raise
    except (OSError, ExpatError, ValueError, LookupError, TypeError, AttributeError) as e:
        raise LabelError(f"{path.name} is no list of outlines (Images, ImageIndex, ROIs, Name, Point_px)") from e


def _make_roi(image: Mapping[str, Any], roi: Mapping[str, Any]) -> Roi:
    name = str(roi["Name"]).strip()
    if name.lower() not in VESSELS:
        raise LabelError(f"an outline is called {name!r}; needed: {', '.join(VESSELS)}")
    positions = roi.get("Point_mm") or [""]
    place = _numbers(positions[0])
    highest = roi.get("Max")
    return Roi(
        vessel=VESSELS[name.lower()],
        image_index=int(image["ImageIndex"]),
        points=np.array([_pair(text) for text in roi["Point_px"]]),
        position_mm=(place[0], place[1], place[2]) if len(place) == 3 else None,
        max_hu=float(highest) if isinstance(highest, (int, float)) else None,
    )


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(word) for word in _POINT.findall(text))


def _pair(text: str) -> tuple[float, float]:
    numbers = _numbers(text)
    if len(numbers) != 2:
        raise LabelError(f"a point of an outline is {text!r}; needed: (x, y)")
    return numbers[0], numbers[1]


def draw_rois(rois: Sequence[Roi], volume: Volume) -> tuple[LabelMap, tuple[str, ...]]:
    """Draw outlines onto their slices.

    Parameters
    ----------
    rois
        From `read_rois`.
    volume
        The CT: (slice, row, column), HU, rows and columns as stored.

    Returns
    -------
    tuple of LabelMap and notes
        LM 1, LAD 2, LCX 3, RCA 4. The notes tell of slices found otherwise
        than by millimetres, and of pixels in the outlines of two vessels:
        the first outline keeps them.

    Raises
    ------
    LabelError
        If an outline lies outside the image, or on no slice.
    """
    planes = [fill_outline(roi.points, volume.grid.shape[1:]) for roi in rois]
    slices, notes = _find_slices(rois, planes, volume)
    labels = np.zeros(volume.grid.shape, dtype=np.uint8)
    shared = 0
    for roi, plane, index in zip(rois, planes, slices, strict=True):
        own = labels[index] == VALUES[roi.vessel]
        shared += int(np.count_nonzero(plane & (labels[index] != 0) & ~own))
        labels[index][plane & (labels[index] == 0)] = VALUES[roi.vessel]
    if shared:
        notes = (*notes, f"{shared} voxels lie in the outlines of two vessels; the first keeps them")
    names = {value: vessel for vessel, value in VALUES.items()}
    return LabelMap(labels=labels, grid=volume.grid, names=names), notes


def fill_outline(points: Pixels, shape: tuple[int, int]) -> PlaneMask:
    """Mark the pixels whose centre lies in an outline or on it.

    Parameters
    ----------
    points
        Corners (x, y); the centre of the first pixel is (0.5, 0.5).
    shape
        Rows and columns.

    Returns
    -------
    numpy.ndarray
        (row, column). An outline that holds no centre marks the pixels that its corners lie in.

    Raises
    ------
    LabelError
        If it reaches more than a pixel beyond the image.
    """
    limit = np.array([shape[1], shape[0]])
    if not np.all(np.isfinite(points)) or np.any(points < -1) or np.any(points > limit + 1):
        raise LabelError(f"an outline reaches beyond the image of {shape[0]} rows and {shape[1]} columns")
    mask = np.zeros(shape, dtype=bool)
    low = np.clip(np.floor(points.min(axis=0)).astype(int) - 1, 0, limit)
    high = np.clip(np.ceil(points.max(axis=0)).astype(int) + 1, 0, limit)
    x, y = np.meshgrid(np.arange(low[0], high[0]) + 0.5, np.arange(low[1], high[1]) + 0.5)
    mask[low[1] : high[1], low[0] : high[0]] = _holds(points, x, y)
    if not mask.any():
        corners = np.clip(np.floor(points).astype(int), 0, limit - 1)
        mask[corners[:, 1], corners[:, 0]] = True
    return mask


def _holds(points: Pixels, x: np.ndarray, y: np.ndarray) -> PlaneMask:
    """Even-odd rule, with everything on an edge inside."""
    inside = np.zeros(x.shape, dtype=bool)
    near = np.zeros(x.shape, dtype=bool)
    for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
        length2 = (x1 - x0) ** 2 + (y1 - y0) ** 2
        along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / (length2 or 1.0), 0, 1)
        near |= np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0)) <= EDGE_PIXELS
        if y0 != y1:
            crosses = (y0 > y) != (y1 > y)
            inside ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return inside | near


def _find_slices(
    rois: Sequence[Roi], planes: Sequence[PlaneMask], volume: Volume
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Give each outline's slice, by the first way that fits what is stated of half of them, or by the best."""
    last = volume.grid.shape[0] - 1
    ways = {
        "Point_mm": _by_position(rois, volume.grid),
        "ImageIndex from the feet": [roi.image_index for roi in rois],
        "ImageIndex from the head": [last - roi.image_index for roi in rois],
    }
    usable = {way: slices for way, slices in ways.items() if slices and all(0 <= k <= last for k in slices)}
    if not rois:
        return (), ()
    if not usable:
        raise LabelError(f"outlines lie on none of the {last + 1} slices, by millimetres or by ImageIndex")
    fits = {way: _count_fitting(rois, planes, slices, volume) for way, slices in usable.items()}
    stated = sum(roi.max_hu is not None for roi in rois)
    best = next((way for way in usable if 2 * fits[way] >= stated), max(usable, key=lambda way: fits[way]))
    notes = () if best == "Point_mm" else (f"slices of the outlines were found by {best}",)
    if 2 * fits[best] < stated:
        notes = (*notes, f"only {fits[best]} of {stated} outlines hold the highest HU that their file states")
    return tuple(usable[best]), notes


def _by_position(rois: Sequence[Roi], grid: Grid) -> list[int]:
    """Slice of each outline by its millimetres; empty unless all lie on slices."""
    found: list[int] = []
    for roi in rois:
        if roi.position_mm is None:
            return []
        offsets = np.asarray(grid.slice_positions_mm) - float(np.dot(roi.position_mm, grid.slice_axis))
        nearest = int(np.argmin(np.abs(offsets)))
        if abs(offsets[nearest]) > grid.spacing_between_slices_mm / 2:
            return []
        found.append(nearest)
    return found


def _count_fitting(rois: Sequence[Roi], planes: Sequence[PlaneMask], slices: Sequence[int], volume: Volume) -> int:
    """Count outlines that hold the maximum stated for them, give or take the pixels along their edge."""
    fitting = 0
    for roi, plane, index in zip(rois, planes, slices, strict=True):
        if roi.max_hu is None:
            continue
        hu = volume.hu[index]
        wide = ndimage.binary_dilation(plane, np.ones((3, 3), dtype=bool))
        narrow = ndimage.binary_erosion(plane, np.ones((3, 3), dtype=bool))
        least = float(hu[narrow].max()) if narrow.any() else -np.inf
        fitting += least - HU_TOLERANCE <= roi.max_hu <= float(hu[wide].max()) + HU_TOLERANCE
    return fitting
