"""Which part of the scan is shown, and how its voxels land on the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from vascal.calcium.lesions import Lesion
from vascal.types import VoxelIndex
from vascal.volume import Grid, LabelMap, Volume

MARGIN_MM = 12.0
SMALLEST_SIDE_MM = 120.0
NEIGHBOURS = ((1, 0), (-1, 0), (0, 1), (0, -1))

Edge = tuple[float, float, float, float]
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

    def to_image(self, pixels: np.ndarray, window_hu: tuple[float, float], side: int) -> Image.Image:
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
        return image.convert("RGB")

    def to_panel(self, row: float, column: float, side: int) -> tuple[float, float]:
        """Give x and y on the panel of a corner between pixels: (row, column) counted in pixel edges."""
        x = (column - self.left) * self.column_mm / self.side_mm * side
        y = (row - self.top) * self.row_mm / self.side_mm * side
        return (side - x if self.flip_columns else x), (side - y if self.flip_rows else y)

    def edges(self, mask: np.ndarray, side: int) -> list[Edge]:
        """Give the outline of a mask, pixel edge by pixel edge, on the panel."""
        rows, columns = np.nonzero(mask)
        padded = np.pad(mask, 1)
        found: list[Edge] = []
        for down, right in NEIGHBOURS:
            open_side = ~padded[rows + 1 + down, columns + 1 + right]
            for row, column in zip(rows[open_side].tolist(), columns[open_side].tolist(), strict=True):
                start, end = _pixel_edge(row, column, down, right)
                found.append((*self.to_panel(*start, side), *self.to_panel(*end, side)))
        return found

    def bounds(self, mask: np.ndarray, side: int) -> tuple[float, float, float, float]:
        """Give left, top, right and bottom of a mask on the panel."""
        rows, columns = np.nonzero(mask)
        a = self.to_panel(float(rows.min()), float(columns.min()), side)
        b = self.to_panel(float(rows.max()) + 1, float(columns.max()) + 1, side)
        return min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])

    def project(self, volume: Volume, heart: LabelMap | None) -> np.ndarray:
        """Give the coronal maximum of the heart, or of the field: (slice, column), HU."""
        rows = slice(max(0, int(self.top)), int(self.top + self.side_mm / self.row_mm) + 1)
        columns = slice(max(0, int(self.left)), int(self.left + self.side_mm / self.column_mm) + 1)
        found = []
        for k in range(*self.slices):
            pixels = volume.hu[k, rows, columns]
            if heart is not None:
                inside = heart.labels[k, rows, columns] == heart.value_of("heart")
                pixels = np.where(inside, pixels, np.int16(-1000))
            found.append(pixels.max(axis=0))
        return np.stack(found)

    def coronal(
        self, projection: np.ndarray, grid: Grid, window_hu: tuple[float, float], side: int
    ) -> tuple[Image.Image, Callable[[VoxelIndex], tuple[float, float]]]:
        """Draw a coronal projection, head up; also give what maps voxels to its pixels."""
        positions = np.asarray(grid.slice_positions_mm)[self.slices[0] : self.slices[1]]
        height_mm = float(positions[-1] - positions[0]) + grid.spacing_between_slices_mm
        width_mm = projection.shape[1] * self.column_mm
        scale = side / max(height_mm, width_mm)
        even = np.interp(np.linspace(positions[0], positions[-1], len(positions)), positions, np.arange(len(positions)))
        grey = to_grey(projection[np.rint(even).astype(int)][::-1], window_hu)
        size = (max(1, round(width_mm * scale)), max(1, round(height_mm * scale)))
        image = Image.fromarray(grey).resize(size, Image.Resampling.BICUBIC)
        if self.flip_columns:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        panel = Image.new("RGB", (side, side))
        corner = ((side - size[0]) // 2, (side - size[1]) // 2)
        panel.paste(image, corner)
        first_column = max(0, int(self.left))

        def to_panel(index: VoxelIndex) -> tuple[float, float]:
            k, _, j = np.unravel_index(index, grid.shape)
            x = (float(np.mean(j)) - first_column + 0.5) * self.column_mm * scale
            z_mm = float(np.mean(np.asarray(grid.slice_positions_mm)[k]))
            y = (positions[-1] + grid.spacing_between_slices_mm / 2 - z_mm) * scale
            return corner[0] + (size[0] - x if self.flip_columns else x), corner[1] + y

        return panel, to_panel


def to_grey(pixels: np.ndarray, window_hu: tuple[float, float]) -> np.ndarray:
    """Map CT numbers to 0 to 255 through a window."""
    low, high = window_hu
    return np.asarray(np.clip((pixels.astype(np.float32) - low) * (255.0 / (high - low)), 0, 255).astype(np.uint8))


def pixels_in_slice(index: VoxelIndex, shape: tuple[int, int, int], k: int) -> np.ndarray | None:
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
        chosen = np.unique(np.linspace(first, last - 1, min(5, last - first) + 2)[1:-1].astype(int)).tolist()
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


def _pixel_edge(row: int, column: int, down: int, right: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Give both ends of the pixel's edge towards a neighbour, as (row, column) in pixel edges."""
    if down:
        at = row + (down > 0)
        return (float(at), float(column)), (float(at), float(column + 1))
    at = column + (right > 0)
    return (float(row), float(at)), (float(row + 1), float(at))
