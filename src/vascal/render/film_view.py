"""What part of a film is shown, and where its points come to lie in the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from PIL import Image

from vascal.aac.reading import FilmReading
from vascal.radiograph import FilmArray, Radiograph
from vascal.render.outlines import Matrix

MARGIN = 0.10
"""Air around the levels and the aorta, as a share of their height."""
BRIGHTEST, DARKEST = 99.7, 1.0
"""Percentiles of the shown part that become white and black."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FilmView:
    """A part of a film at one scale in both directions.

    Parameters
    ----------
    top, left, bottom, right
        The part, in pixels of the film; bottom and right lie outside it.
    size
        Width and height of the picture, pixels.
    """

    top: int
    left: int
    bottom: int
    right: int
    size: tuple[int, int]

    def place(self, points: Float[np.ndarray, "*any 2"]) -> Float[np.ndarray, "*any 2"]:
        """Turn (row, column) of the film, at pixels' centres, into (x, y) of the picture."""
        width, height = self.size
        x = (points[..., 1] + 0.5 - self.left) * width / (self.right - self.left)
        y = (points[..., 0] + 0.5 - self.top) * height / (self.bottom - self.top)
        return np.stack([x, y], axis=-1)

    @property
    def matrix(self) -> Matrix:
        """From pixels of the film to the picture."""
        across, down = self.size[0] / (self.right - self.left), self.size[1] / (self.bottom - self.top)
        return across, 0.0, 0.0, down, -self.left * across, -self.top * down

    def picture(self, pixels: FilmArray) -> Image.Image:
        """Draw the part in grey, stretched to its own range."""
        part = pixels[self.top : self.bottom, self.left : self.right]
        dark, bright = np.percentile(part, (DARKEST, BRIGHTEST))
        grey = np.clip((part - dark) / max(float(bright - dark), 1e-6), 0, 1)
        picture = Image.fromarray((255 * grey).astype(np.uint8), mode=None)
        return picture.resize(self.size, Image.Resampling.BICUBIC).convert("RGB")

    def mask(self, pixels: Bool[np.ndarray, "row column"]) -> Bool[np.ndarray, "y x"]:
        """Draw a mask at the picture's scale, with smooth edges."""
        part = pixels[self.top : self.bottom, self.left : self.right].astype(np.uint8) * 255
        return np.asarray(Image.fromarray(part).resize(self.size, Image.Resampling.BICUBIC)) > 127


def choose_film_view(film: Radiograph, reading: FilmReading, largest: tuple[int, int]) -> FilmView:
    """Show L1 to L4 with the aorta and the neighbouring vertebrae, as large as fits, and as much beside them.

    Parameters
    ----------
    film
        Gives size and spacing.
    reading
        Gives what must be seen.
    largest
        Width and height that the picture may have, pixels.
    """
    lines: Sequence[np.ndarray] = [reading.level_bounds.reshape(-1, 2), *(p.points for p in reading.paths.values())]
    bodies = np.argwhere((reading.vertebrae >= 2) & (reading.vertebrae <= 6)).astype(float)  # L1 to L5
    points = np.concatenate([*lines, bodies])
    spacing = np.asarray(film.spacing_mm)
    low, high = points.min(axis=0), points.max(axis=0)
    margin = MARGIN * (high - low)[0] * spacing[0] / spacing
    first = np.clip(np.floor(low - margin), 0, np.asarray(film.pixels.shape) - 2).astype(int)
    last = np.clip(np.ceil(high + margin) + 1, first + 2, film.pixels.shape).astype(int)
    tall, wide = (last - first) * spacing
    room = max(0, round((tall * largest[0] / largest[1] - wide) / spacing[1] / 2))
    first[1], last[1] = max(0, first[1] - room), min(film.pixels.shape[1], last[1] + room)
    tall, wide = (last - first) * spacing
    scale = min(largest[0] / wide, largest[1] / tall)
    size = (max(1, round(wide * scale)), max(1, round(tall * scale)))
    return FilmView(top=int(first[0]), left=int(first[1]), bottom=int(last[0]), right=int(last[1]), size=size)
