"""The part of a lateral film that shows L1 to L5 and the aorta in front of them, cut out at one size."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from jaxtyping import Float32, Integer, UInt8
from PIL import Image

from vascal.aac.reading import VERTEBRAE
from vascal.errors import CoverageError

Facing = Literal["left", "right"]
VertebraMap = UInt8[np.ndarray, "row column"]
"""0, or 1 to 7 for `VERTEBRAE`."""
MARGIN = 0.75
"""Room in front of the spine, as a share of the mean length of a vertebra from front to back."""
_HIGHER_END = 5
"""Percentile of the columns of T12's lower border: its higher end, but not a stray pixel."""
LUMBAR = ("L1", "L2", "L3", "L4", "L5")
_VALUES = {name: value for value, name in enumerate(VERTEBRAE, start=1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmRegion:
    """A box on a film, between pixels; it may reach beyond the film.

    Parameters
    ----------
    top, bottom
        First row, and the one after the last.
    left, right
        First column, and the one after the last.
    """

    top: int
    bottom: int
    left: int
    right: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.bottom - self.top, self.right - self.left


def find_film_region(vertebrae: VertebraMap, facing: Facing) -> FilmRegion:
    """Find the region of Shao et al. from a label map of vertebral bodies.

    Parameters
    ----------
    vertebrae
        (row, column): 0, or 1 to 7 for `VERTEBRAE`; L1 to L5 are needed, T12 is used if it is there.
    facing
        To which side of the film the patient looks.

    Returns
    -------
    FilmRegion
        From T12's lower border to L5's lower border; from the back of the vertebrae to three
        quarters of their mean length in front of them.

    Raises
    ------
    CoverageError
        If one of L1 to L5 is not there.

    Notes
    -----
    Where T12 is not labelled, its lower border is taken to lie as far above L1 as the next
    bodies lie apart on average. A vertebra's length is the median of its widths over its rows,
    which a tilt of the vertebra changes little.

    References
    ----------
    Shao et al., Front Cardiovasc Med 2025;12:1647882, doi:10.3389/fcvm.2025.1647882.
    """
    missing = [name for name in LUMBAR if not (vertebrae == _VALUES[name]).any()]
    if missing:
        raise CoverageError(f"no {', '.join(missing)} in the map of vertebrae; needed: all of L1 to L5")
    bodies = [vertebrae == _VALUES[name] for name in LUMBAR]
    spans = [_find_rows(body) for body in bodies]
    columns = np.flatnonzero(np.logical_or.reduce(bodies).any(axis=0))
    first, last = int(columns[0]), int(columns[-1]) + 1
    margin = round(MARGIN * float(np.mean([_measure_length(body) for body in bodies])))
    is_left = facing == "left"
    return FilmRegion(
        top=_find_top(vertebrae, spans),
        bottom=spans[-1][1],
        left=first - margin if is_left else first,
        right=last if is_left else last + margin,
    )


def _find_rows(body: np.ndarray) -> tuple[int, int]:
    rows = np.flatnonzero(body.any(axis=1))
    return int(rows[0]), int(rows[-1]) + 1


def _measure_length(body: np.ndarray) -> float:
    widths = np.count_nonzero(body, axis=1)
    return float(np.median(widths[widths > 0]))


def _find_top(vertebrae: np.ndarray, spans: list[tuple[int, int]]) -> int:
    """Row of T12's lower border; guessed where T12 is not labelled."""
    above = vertebrae == _VALUES["T12"]
    if above.any():
        # The border's higher end: T12 tilts, and the aorta in front of L1 must not be cut off.
        lowest = above.shape[0] - np.argmax(above[::-1], axis=0)[above.any(axis=0)]
        return min(int(np.percentile(lowest, _HIGHER_END, method="nearest")), spans[-1][1] - 1)
    gaps = [max(0, lower[0] - upper[1]) for upper, lower in pairwise(spans)]
    return spans[0][0] - round(float(np.mean(gaps)))


def whole_film(shape: tuple[int, int]) -> FilmRegion:
    """Give the region that is all of a film: for films that were cut before."""
    return FilmRegion(top=0, bottom=shape[0], left=0, right=shape[1])


def cut_region(
    image: Float32[np.ndarray, "row column"], region: FilmRegion, *, facing: Facing, shape: tuple[int, int]
) -> Float32[np.ndarray, "height width"]:
    """Cut a region out, turn it so that the patient looks to the left, and bring it to one size.

    Parameters
    ----------
    image
        (row, column).
    region
        Of the same film; black where it reaches beyond.
    facing
        To which side of the film the patient looks.
    shape
        Rows and columns that are wanted.
    """
    cut = _turn(_cut(image, region), facing)
    # Pillow averages over all pixels that fall together; plain interpolation would skip thin plaques.
    return np.asarray(Image.fromarray(cut).resize(shape[::-1], Image.Resampling.BILINEAR), dtype=np.float32)


def cut_labels(
    labels: UInt8[np.ndarray, "row column"], region: FilmRegion, *, facing: Facing, shape: tuple[int, int]
) -> UInt8[np.ndarray, "height width"]:
    """Cut a label map as `cut_region` cuts its film; each pixel takes the nearest label."""
    cut = _turn(_cut(labels, region), facing)
    return np.asarray(Image.fromarray(cut).resize(shape[::-1], Image.Resampling.NEAREST), dtype=np.uint8)


def _cut(image: np.ndarray, region: FilmRegion) -> np.ndarray:
    cut = np.zeros(region.shape, dtype=image.dtype)
    rows = slice(max(0, region.top), min(image.shape[0], region.bottom))
    columns = slice(max(0, region.left), min(image.shape[1], region.right))
    part = image[rows, columns]
    top, left = max(0, -region.top), max(0, -region.left)
    cut[top : top + part.shape[0], left : left + part.shape[1]] = part
    return cut


def _turn(image: np.ndarray, facing: Facing) -> np.ndarray:
    return np.ascontiguousarray(image if facing == "left" else image[:, ::-1])


def name_vertebrae(classes: Integer[np.ndarray, "row column"], names: tuple[str, ...]) -> VertebraMap:
    """Turn the classes of a network into the values of `VERTEBRAE`.

    Parameters
    ----------
    classes
        (row, column): 0, or a place in `names` plus 1.
    names
        Of the vertebrae that the network tells apart.

    Examples
    --------
    >>> name_vertebrae(np.array([[0, 1, 2]]), ("L1", "L2")).tolist()
    [[0, 2, 3]]
    """
    table = np.array([0, *(_VALUES[name] for name in names)], dtype=np.uint8)
    named: VertebraMap = table[classes]
    return named


def number_vertebrae(vertebrae: VertebraMap, names: tuple[str, ...]) -> VertebraMap:
    """Turn the values of `VERTEBRAE` into the classes of a network; what it does not tell apart becomes 0."""
    table = np.zeros(256, dtype=np.uint8)
    for place, name in enumerate(names, start=1):
        table[_VALUES[name]] = place
    numbered: VertebraMap = table[vertebrae]
    return numbered
