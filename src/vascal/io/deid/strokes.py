"""Thin strokes that stand out from what is around them: the parts that letters are drawn of.

A stroke is thinner than a small square, so that taking the lowest and then the highest value of such squares
(a morphological opening) wipes it off; the difference is what stands out. Only pixels that stand out clearly are
kept, as a sorted list of positions; parts are found by joining neighbours in that list.
Source: Serra, Image Analysis and Mathematical Morphology (1982), ch. XII: top-hat transformation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Shaped, UInt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

WIDEST_STROKE = 8
"""Pixels; wider strokes are found on a picture with fewer pixels."""
STRIP_ROWS = 64
"""So many rows at a time stay in a processor's cache; the whole picture at once takes twice as long."""
MOST_IN_STROKES = 0.1
"""If more of a picture stands out, as speckle does, only the clearest are looked at."""
LEAST_STEPS = 4
"""Of stored values; less than this nobody sees."""
LEAST_SHARE = 0.1
"""Of the picture's own range: fainter letters are hardly read."""
NOISE_TIMES = 5.0

Picture = UInt[np.ndarray, "row column"]
Places = Int[np.ndarray, " pixel"]
Numbers = Int[np.ndarray, " part"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """Connected parts that stand out.

    Parameters
    ----------
    top, bottom, left, right
        Boxes: first row and column, and the ones behind the last.
    area
        Pixels.
    runs_along
        Unbroken runs along its rows, of all rows together.
    runs_down
        The same along its columns.
    stroke_width
        Twice the area over the circumference, pixels.
    contrast
        How far the part stands out at its clearest, stored values.
    level
        Its lightest stored value, or darkest of a dark one.
    places
        Of each pixel, part by part: its position in the picture laid out as one line.
    first
        Number of each part's first pixel in `places`; one more at the end.
    """

    top: Numbers
    bottom: Numbers
    left: Numbers
    right: Numbers
    area: Numbers
    runs_along: Numbers
    runs_down: Numbers
    stroke_width: Float[np.ndarray, " part"]
    contrast: Int[np.ndarray, " part"]
    level: Int[np.ndarray, " part"]
    places: Places = field(repr=False)
    first: Int[np.ndarray, " parts_and_end"] = field(repr=False)


def to_unsigned(pixels: Shaped[np.ndarray, "row column"]) -> Picture:
    """Give pixels as 8 or 16 bits from zero on, in the same order; exactly, if their span has room in them."""
    if pixels.dtype in (np.uint8, np.uint16):
        return np.ascontiguousarray(pixels)
    if pixels.dtype.kind == "b":
        return np.asarray(pixels, dtype=np.uint8)
    if pixels.dtype.kind == "f":
        pixels = np.nan_to_num(pixels.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = pixels.min().item(), pixels.max().item()
    if pixels.dtype.kind in "iu" and high - low <= 65535:
        return np.asarray(pixels.astype(np.int64) - low, dtype=np.uint16)
    share = (pixels.astype(np.float64) - low) / max(high - low, 1e-300)
    return np.asarray(np.rint(share * 65535), dtype=np.uint16)


def least_contrast(picture: Picture) -> float:
    """Give how far strokes must stand out here: clear of noise, and a tenth of the picture's range."""
    low, high = np.percentile(picture[::4, ::4], (1, 99))
    first, second = (picture[::3, start::3].astype(np.int32) for start in (0, 1))
    steps = np.abs(first[:, : second.shape[1]] - second)
    noise = float(np.median(steps)) / 0.954 if steps.size else 0.0
    return max(LEAST_SHARE * float(high - low), NOISE_TIMES * noise, LEAST_STEPS)


def find_parts(picture: Picture, *, is_dark: bool) -> Parts | None:
    """Find the parts that stand out, light or dark; None if nothing does.

    Each part is cut at half of its own contrast, which parts neighbours that blurred edges join.
    """
    places, contrast = _clear_pixels(picture, least_contrast(picture), is_dark=is_dark)
    most = int(MOST_IN_STROKES * picture.size)
    if places.size > most:
        clearest = contrast >= np.partition(contrast, -most)[-most]
        places, contrast = places[clearest], contrast[clearest]
    if not 0 < places.size <= 2 * most:
        return None
    part, _ = _join(places, picture.shape[1])
    kept = 2 * contrast > _highest(part, contrast)[part]
    places, contrast = places[kept], contrast[kept]
    part, (beside, below) = _join(places, picture.shape[1])
    row, column = np.divmod(places, picture.shape[1])
    values = picture.ravel()[places].astype(np.int64)
    area = np.bincount(part)
    runs = [area - np.bincount(part[touching], minlength=len(area)) for touching in (beside, below)]
    return Parts(
        top=-_highest(part, -row),
        bottom=_highest(part, row) + 1,
        left=-_highest(part, -column),
        right=_highest(part, column) + 1,
        area=area,
        runs_along=runs[0],
        runs_down=runs[1],
        stroke_width=area / (runs[0] + runs[1]),  # the circumference has two sides for each run
        contrast=_highest(part, contrast),
        level=-_highest(part, -values) if is_dark else _highest(part, values),
        places=places[np.argsort(part, kind="stable")],
        first=np.concatenate([[0], np.cumsum(area)]),
    )


def _clear_pixels(picture: Picture, limit: float, *, is_dark: bool) -> tuple[Places, Int[np.ndarray, " pixel"]]:
    places, values = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for start, outstanding in _strips(picture, is_dark=is_dark):
        flat = outstanding.ravel()
        found = np.flatnonzero(flat > limit)
        places.append(found + start * picture.shape[1])
        values.append(flat[found].astype(np.int64))
    return np.concatenate(places), np.concatenate(values)


def _strips(picture: Picture, *, is_dark: bool) -> Iterator[tuple[int, Picture]]:
    """Give the first row of each strip, and how far its pixels stand out."""
    margin = WIDEST_STROKE
    for start in range(0, len(picture), STRIP_ROWS):
        first, last = max(0, start - margin), min(len(picture), start + STRIP_ROWS + margin)
        if last - first <= margin:  # too few rows for a square: those above are taken along
            first = max(0, last - margin - 1)
        outstanding = _outstanding(picture[first:last], is_dark=is_dark)
        yield start, outstanding[start - first : start - first + STRIP_ROWS]


def _outstanding(picture: Picture, *, is_dark: bool) -> Picture:
    """Give how far each pixel stands out of its surroundings."""
    side = WIDEST_STROKE + 1
    first, second = (np.maximum, np.minimum) if is_dark else (np.minimum, np.maximum)
    ends = np.iinfo(picture.dtype)
    core = _slide(first, _slide(first, picture, side, 0), side, 1)
    core = np.pad(core, side - 1, constant_values=ends.max if is_dark else ends.min)
    smooth = _slide(second, _slide(second, core, side, 0), side, 1)
    return np.asarray(smooth - picture if is_dark else picture - smooth)


def _slide(take: np.ufunc, values: Picture, length: int, axis: int) -> UInt[np.ndarray, "fewer_rows fewer_columns"]:
    """Take the highest or lowest of each `length` neighbours, by doubling what is compared."""
    reached = 1
    while reached < length:
        step = min(reached, length - reached)
        count = values.shape[axis] - step
        near: list[Any] = [slice(None), slice(None)]
        far = near.copy()
        near[axis], far[axis] = slice(0, count), slice(step, None)
        values = take(values[tuple(near)], values[tuple(far)])
        reached += step
    return values


def _join(places: Places, width: int) -> tuple[Int[np.ndarray, " pixel"], Sequence[Int[np.ndarray, " pair"]]]:
    """Number the 8-connected parts; also the pixels with one of the part beside them, and below them."""
    column = places % width
    firsts, seconds = [], []
    for step, forbidden in ((1, width - 1), (width, -1), (width - 1, 0), (width + 1, width - 1)):
        at = np.minimum(np.searchsorted(places, places + step), len(places) - 1)
        first = np.flatnonzero((places[at] == places + step) & (column != forbidden))
        firsts.append(first)
        seconds.append(at[first])
    one, other = np.concatenate(firsts), np.concatenate(seconds)
    links = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(len(places), len(places)))
    return connected_components(links, directed=False)[1].astype(np.int64), firsts[:2]


def _highest(part: Int[np.ndarray, " pixel"], values: Int[np.ndarray, " pixel"]) -> Numbers:
    result = np.full(int(part.max()) + 1, np.iinfo(np.int64).min)
    np.maximum.at(result, part, values)
    return result


def turned(parts: Parts) -> Parts:
    """Give the parts with rows and columns exchanged, as writing that runs up or down needs."""
    return replace(
        parts,
        top=parts.left,
        bottom=parts.right,
        left=parts.top,
        right=parts.bottom,
        runs_along=parts.runs_down,
        runs_down=parts.runs_along,
    )
