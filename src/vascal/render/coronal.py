"""The overview: every slice of the heart seen from the front, each point as bright as the brightest behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from vascal.render.outlines import Matrix
from vascal.render.slices import View, to_grey
from vascal.types import AnyVoxelIndex
from vascal.volume import Grid, LabelMap, Volume

NOTHING_HU = -1000
OVERVIEW_WINDOW_HU = (-100.0, 550.0)
"""Brightest points are lifted by noise, so that blood would look like calcium in the window of slices."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoronalView:
    """How the projection lies on a square panel, head up.

    Parameters
    ----------
    slices
        Slice of the scan for each row of the picture, from the head; evenly spaced whatever the scan's are.
    columns
        First column of the scan, and one past the last.
    left, top, width, height
        Place of the picture on the panel.
    side
        Of the panel.
    is_flipped
        Whether columns grow to the patient's right.
    """

    slices: np.ndarray
    columns: tuple[int, int]
    left: float
    top: float
    width: float
    height: float
    side: int
    is_flipped: bool

    @property
    def matrix(self) -> Matrix:
        """From pixels of a footprint to the panel."""
        across, down = self.width / (self.columns[1] - self.columns[0]), self.height / len(self.slices)
        if self.is_flipped:
            return -across, 0.0, 0.0, down, self.left + self.width, self.top
        return across, 0.0, 0.0, down, self.left, self.top

    def draw(self, projection: np.ndarray, window_hu: tuple[float, float]) -> Image.Image:
        """Draw a projection in grey on black: (slice, column), HU, slices as they were projected."""
        first = int(self.slices.min())
        grey = to_grey(projection[self.slices - first], window_hu)
        size = (max(1, round(self.width)), max(1, round(self.height)))
        image = Image.fromarray(grey).resize(size, Image.Resampling.BICUBIC)
        if self.is_flipped:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        panel = Image.new("L", (self.side, self.side))
        panel.paste(image, (round(self.left), round(self.top)))
        return panel

    def footprint(self, index: AnyVoxelIndex, shape: tuple[int, int, int]) -> np.ndarray:
        """Mark where a component is seen on the projection: (row of the picture, column)."""
        k, _, j = np.unravel_index(index, shape)
        seen = np.zeros((shape[0], shape[2]), dtype=bool)
        seen[k, j] = True
        return np.asarray(seen[self.slices, self.columns[0] : self.columns[1]])


def choose_coronal(view: View, grid: Grid, side: int) -> CoronalView:
    """Fit the slices and columns of a view into a square panel."""
    positions = np.asarray(grid.slice_positions_mm)[view.slices[0] : view.slices[1]]
    even = np.linspace(positions[0], positions[-1], len(positions))
    slices = np.rint(np.interp(even, positions, np.arange(*view.slices))).astype(int)[::-1]
    columns = (max(0, int(view.left)), min(grid.shape[2], int(view.left + view.side_mm / view.column_mm) + 1))
    height_mm = float(positions[-1] - positions[0]) + grid.spacing_between_slices_mm
    width_mm = (columns[1] - columns[0]) * view.column_mm
    scale = side / max(height_mm, width_mm)
    width, height = width_mm * scale, height_mm * scale
    return CoronalView(
        slices=slices,
        columns=columns,
        left=(side - width) / 2,
        top=(side - height) / 2,
        width=width,
        height=height,
        side=side,
        is_flipped=view.flip_columns,
    )


def project_heart(volume: Volume, view: View, coronal: CoronalView, heart: LabelMap | None) -> np.ndarray:
    """Give the coronal maximum of the heart, or of the field: (slice of the view, column), HU."""
    rows = slice(max(0, int(view.top)), int(view.top + view.side_mm / view.row_mm) + 1)
    columns = slice(*coronal.columns)
    found = []
    for k in range(int(coronal.slices.min()), int(coronal.slices.max()) + 1):
        pixels = volume.hu[k, rows, columns]
        if heart is not None:
            inside = heart.labels[k, rows, columns] == heart.value_of("heart")
            pixels = np.where(inside, pixels, np.int16(NOTHING_HU))
        found.append(pixels.max(axis=0))
    return np.stack(found)
