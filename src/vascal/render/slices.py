"""Which part of the scan is shown, and how its voxels land on the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from vascal.calcium.lesions import Lesion
from vascal.render.outlines import Matrix
from vascal.types import AnyVoxelIndex
from vascal.volume import Grid, LabelMap

MARGIN_MM = 12.0
SMALLEST_SIDE_MM = 120.0
WINDOW_HU = (-200.0, 500.0)
"""Lowest and highest CT number shown: fat, muscle and faint calcium stay apart."""

Range = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The square field that every panel shows.

    Parameters
    ----------
    slices
        First slice and one past the last.
    top, left, side_mm
        Upper left corner in (fractional) rows and columns, and side of the square, mm.
    row_mm, column_mm
        Pixel spacing, mm.
    flip_rows, flip_columns
        Whether stored rows grow to the front, or columns to the patient's
        right: turned, so that front is up and the patient's right is left.
    """

    slices: Range
    top: float
    left: float
    side_mm: float
    row_mm: float
    column_mm: float
    flip_rows: bool
    flip_columns: bool

    def draw(self, pixels: np.ndarray, window_hu: tuple[float, float], side: int) -> Image.Image:
        """Cut the field from one slice and draw it in grey: (row, column), HU."""
        rows, columns = self.side_mm / self.row_mm, self.side_mm / self.column_mm
        first = (max(0, int(self.top) - 2), max(0, int(self.left) - 2))
        last = (int(self.top + rows) + 3, int(self.left + columns) + 3)
        cut = to_grey(pixels[first[0] : last[0], first[1] : last[1]], window_hu)
        box = (self.left - first[1], self.top - first[0])
        image = Image.fromarray(cut).transform(
            (side, side),
            Image.Transform.AFFINE,
            (columns / side, 0, box[0], 0, rows / side, box[1]),
            Image.Resampling.BICUBIC,
        )
        if self.flip_rows:
            image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        if self.flip_columns:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return image

    def matrix(self, side: int) -> Matrix:
        """From pixels of the scan to a panel of that side."""
        across, down = self.column_mm / self.side_mm * side, self.row_mm / self.side_mm * side
        a, e = (-across, side + self.left * across) if self.flip_columns else (across, -self.left * across)
        d, f = (-down, side + self.top * down) if self.flip_rows else (down, -self.top * down)
        return a, 0.0, 0.0, d, e, f


def to_grey(pixels: np.ndarray, window_hu: tuple[float, float]) -> np.ndarray:
    """Map CT numbers to 0 to 255 through a window."""
    low, high = window_hu
    return np.asarray(np.clip((pixels.astype(np.float32) - low) * (255.0 / (high - low)), 0, 255).astype(np.uint8))


def pixels_in_slice(index: AnyVoxelIndex, shape: tuple[int, int, int], k: int) -> np.ndarray | None:
    """Mark a component's pixels in one slice, (row, column); None if it has none there."""
    size = shape[1] * shape[2]
    first, last = np.searchsorted(index, (k * size, (k + 1) * size))
    if first == last:
        return None
    mask = np.zeros(size, dtype=bool)
    mask[index[first:last] - k * size] = True
    return mask.reshape(shape[1:])


def choose_slices(grid: Grid, lesions: Sequence[Lesion], heart: LabelMap | None, most: int) -> list[int]:
    """Pick the slices to show, from head to feet.

    Every lesion, the largest first, on the slice that shows most of it, unless
    a slice picked before already shows it there; without lesions, slices
    spread evenly over the heart.
    """
    size = grid.shape[1] * grid.shape[2]
    counts = [np.unique(lesion.index // size, return_counts=True) for lesion in lesions]
    counts.sort(key=lambda found: -int(found[1].sum()))
    chosen: list[int] = []
    for slices, pixels in counts:
        main = set(slices[pixels >= 0.5 * pixels.max()].tolist())
        if not main & set(chosen) and len(chosen) < most:
            chosen.append(int(slices[np.argmax(pixels)]))
    if not lesions:
        first, last = _slice_range(grid, heart)
        chosen = np.unique(np.linspace(first, last - 1, min(5, most, last - first) + 2)[1:-1].astype(int)).tolist()
    return sorted(chosen, reverse=True)


def choose_view(grid: Grid, lesions: Sequence[Lesion], heart: LabelMap | None) -> View:
    """Fit a square around heart and lesions, at least 120 mm wide where the image is."""
    rows, columns = _bounds(grid, lesions, heart)
    row_mm, column_mm = grid.row_spacing_mm, grid.column_spacing_mm
    wanted = max((rows[1] - rows[0]) * row_mm, (columns[1] - columns[0]) * column_mm) + 2 * MARGIN_MM
    largest = max(grid.shape[1] * row_mm, grid.shape[2] * column_mm)
    side_mm = min(max(wanted, SMALLEST_SIDE_MM), largest)
    return View(
        slices=_slice_range(grid, heart),
        top=_start(rows, side_mm / row_mm, grid.shape[1]),
        left=_start(columns, side_mm / column_mm, grid.shape[2]),
        side_mm=side_mm,
        row_mm=row_mm,
        column_mm=column_mm,
        flip_rows=grid.row_axis[1] < 0,
        flip_columns=grid.column_axis[0] < 0,
    )


def _start(span: Range, length: float, pixels: int) -> float:
    """Centre a field of `length` pixels on a span, kept inside the image where it fits."""
    start = (span[0] + span[1]) / 2 - length / 2
    return (pixels - length) / 2 if length >= pixels else min(max(start, 0.0), pixels - length)


def _slice_range(grid: Grid, heart: LabelMap | None) -> Range:
    if heart is not None:
        value = heart.value_of("heart")
        found = [k for k in range(grid.shape[0]) if np.any(heart.labels[k] == value)]
        if found:
            return found[0], found[-1] + 1
    return 0, grid.shape[0]


def _bounds(grid: Grid, lesions: Sequence[Lesion], heart: LabelMap | None) -> tuple[Range, Range]:
    """Give the rows and columns that heart and lesions span; the whole image without either."""
    spans = []
    if heart is not None:
        value = heart.value_of("heart")
        flat = np.zeros(grid.shape[1:], dtype=bool)
        for labels in heart.labels:
            flat |= labels == value
        spans.append(np.nonzero(flat))
    spans += [np.unravel_index(lesion.index, grid.shape)[1:] for lesion in lesions]
    rows = [int(v) for i, _ in spans if i.size for v in (i.min(), i.max() + 1)]
    columns = [int(v) for _, j in spans if j.size for v in (j.min(), j.max() + 1)]
    if not rows:
        return (0, grid.shape[1]), (0, grid.shape[2])
    return (min(rows), max(rows)), (min(columns), max(columns))
