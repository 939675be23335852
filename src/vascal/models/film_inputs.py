"""What networks see of a lateral film: a small map of all of it, and a strip along the aorta.

A strip has `LEVEL_ROWS` rows for each of L1 to L4 and `MARGIN_ROWS` above and below. Its
row follows a line across the aorta that turns from one border of a level to the next; its
columns are half millimetres of the film, the spine at the left, the belly at the right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Float32
from PIL import Image
from scipy import ndimage

from vascal.radiograph import FilmArray

MAP_MM = 1.5
"""Side of a pixel of the map, on the film."""
MAP_MULTIPLE = 64
CANVAS = (320, 256)
"""Rows and columns of the map, 480 x 384 mm; more for larger films."""
LEVEL_ROWS, MARGIN_ROWS = 64, 16
STRIP_ROWS = 4 * LEVEL_ROWS + 2 * MARGIN_ROWS
STRIP_COLUMNS = 112
ACROSS_MM = 0.5
CENTRE_COLUMN = 52
"""Column of a strip on which the middle of the aorta lies."""
BODIES = ("", "T12", "L1", "L2", "L3", "L4", "L5", "S1")
ZONES = ("", "above", "L1", "L2", "L3", "L4", "below")
"""Classes of the map: the aorta between its walls, by level."""
MAP_CHANNELS = 4
STRIP_CHANNELS = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StripPlace:
    """Where a strip lies on a film.

    Parameters
    ----------
    borders
        (5, 2, 2): borders of the levels, each from (row, column) at the spine to one in front, film pixels.
    centre_mm, half_mm
        (strip row,): middle and half width of the aorta along each row's line, from its spinal end, mm.
    pixel_mm
        Side of a pixel of the film.
    """

    borders: Float[np.ndarray, "5 2 2"]
    centre_mm: Float[np.ndarray, " strip_row"]
    half_mm: Float[np.ndarray, " strip_row"]
    pixel_mm: float

    def lines(self) -> tuple[Float[np.ndarray, "strip_row 2"], Float[np.ndarray, "strip_row 2"]]:
        """Give where each row's line begins at the spine, and its direction to the front, film pixels."""
        return row_lines(self.borders)

    def at(self, across_mm: Float[np.ndarray, "strip_row across"]) -> Float[np.ndarray, "strip_row across 2"]:
        """Give the places on the film, so many mm along each row's line."""
        start, forward = self.lines()
        return np.asarray(start[:, None] + (across_mm / self.pixel_mm)[..., None] * forward[:, None])

    def on_pixels(self, pixel_mm: float) -> StripPlace:
        """Give the same strip on the same film in other pixels."""
        borders = (self.borders + 0.5) * (self.pixel_mm / pixel_mm) - 0.5
        return replace(self, borders=borders, pixel_mm=pixel_mm)

    def wall(self, side: float) -> Float[np.ndarray, "strip_row 2"]:
        """Give the course of a wall on the film: -1 posterior, 1 anterior."""
        return self.at((self.centre_mm + side * self.half_mm)[:, None])[:, 0]

    def columns(self) -> Float[np.ndarray, "strip_row strip_column"]:
        """Give how many mm along its line each pixel of the strip lies."""
        return np.asarray(self.centre_mm[:, None] + (np.arange(STRIP_COLUMNS) - CENTRE_COLUMN)[None] * ACROSS_MM)


def row_positions() -> Float[np.ndarray, " strip_row"]:
    """Give where each row of a strip lies: 0 at the border above L1, 4 at the one below L4."""
    return np.asarray((np.arange(STRIP_ROWS) - MARGIN_ROWS + 0.5) / LEVEL_ROWS)


def row_lines(
    borders: Float[np.ndarray, "5 2 2"],
) -> tuple[Float[np.ndarray, "strip_row 2"], Float[np.ndarray, "strip_row 2"]]:
    """Give start and direction of the line of each row, between those of the borders and beyond them."""
    position = row_positions()
    below = np.clip(position.astype(int), 0, 3)
    share = (position - below)[:, None]
    start = borders[below, 0] * (1 - share) + borders[below + 1, 0] * share
    end = borders[below, 1] * (1 - share) + borders[below + 1, 1] * share
    forward = end - start
    return start, forward / np.maximum(np.linalg.norm(forward, axis=1, keepdims=True), 1e-6)


def shrink_film(pixels: FilmArray, pixel_mm: float) -> Float32[np.ndarray, "map_row map_column"]:
    """Bring a film to the pixels of the map, averaging."""
    rows, columns = (max(8, round(length * pixel_mm / MAP_MM)) for length in pixels.shape)
    picture = Image.fromarray(pixels).resize((columns, rows), Image.Resampling.BILINEAR)
    return np.asarray(picture, dtype=np.float32)


def map_channels(small: Float32[np.ndarray, "map_row map_column"]) -> Float32[np.ndarray, "channel row column"]:
    """Give the network's channels: tone over the whole film, detail against its surroundings, and place.

    The first two are the same whatever a vendor does to contrast and brightness; row and column go from -1
    to 1, as levels are told by their number and by where they are.

    Parameters
    ----------
    small
        The film on its canvas, see `lay_on_canvas`.
    """
    low, high = np.percentile(small, (5, 95))
    tone = np.clip((small - low) / max(float(high - low), 1e-3) * 2 - 1, -1.5, 1.5)
    row, column = np.meshgrid(*(np.linspace(-1, 1, length) for length in small.shape), indexing="ij")
    channels = np.stack([tone, against_surroundings(small, 15.0 / MAP_MM), row, column])
    return channels.astype(np.float32)


def lay_on_canvas(
    small: Float32[np.ndarray, "map_row map_column"],
) -> tuple[Float32[np.ndarray, "canvas_row canvas_column"], tuple[int, int]]:
    """Lay a film in the middle of a black canvas, as the network was trained; give row and column of its corner."""
    sides = [
        max(least, -(-length // MAP_MULTIPLE) * MAP_MULTIPLE) for length, least in zip(small.shape, CANVAS, strict=True)
    ]
    top, left = ((side - length) // 2 for side, length in zip(sides, small.shape, strict=True))
    canvas = np.zeros(sides, dtype=np.float32)
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas, (top, left)


def against_surroundings(picture: Float32[np.ndarray, "row column"], sigma: float) -> Float32[np.ndarray, "row column"]:
    """Give how far each pixel differs from the mean around it, in standard deviations there."""
    mean = ndimage.gaussian_filter(picture, sigma, truncate=2.5)
    off = picture - mean
    spread = np.sqrt(ndimage.gaussian_filter(np.square(off), sigma, truncate=2.5))
    return np.asarray(np.clip(off / (spread + 0.004), -4, 4) / 2, dtype=np.float32)


def cut_strip(pixels: FilmArray, place: StripPlace) -> Float32[np.ndarray, "strip_row strip_column"]:
    """Sample a film along a strip; 0 off the film."""
    at = place.at(place.columns())
    return np.asarray(
        ndimage.map_coordinates(pixels, [at[..., 0], at[..., 1]], order=1, mode="constant"), dtype=np.float32
    )


def strip_channels(
    strip: Float32[np.ndarray, "strip_row strip_column"],
    bone: Float32[np.ndarray, "strip_row strip_column"],
    place: StripPlace,
) -> Float32[np.ndarray, "channel strip_row strip_column"]:
    """Give the network's channels of a strip.

    Parameters
    ----------
    strip
        Brightness, 0 to 1.
    bone
        Probability of a vertebral body at each pixel.
    place
        Where the strip lies: the aorta's walls are expected there.

    Returns
    -------
    array
        (6, strip_row, strip_column): tone, detail against 8 and against 2.5 mm, bone, place across in half
        widths of the aorta, place along a level.
    """
    low, high = np.percentile(strip, (2, 98))
    tone = np.clip((strip - low) / max(float(high - low), 1e-3) * 2 - 1, -1.5, 1.5)
    across = (place.columns() - place.centre_mm[:, None]) / np.maximum(place.half_mm, 2.0)[:, None]
    along = np.broadcast_to((row_positions() % 1.0)[:, None] * 2 - 1, strip.shape)
    channels = [
        tone,
        against_surroundings(strip, 8.0 / ACROSS_MM),
        against_surroundings(strip, 2.5 / ACROSS_MM),
        bone,
        np.clip(across / 2, -2, 2),
        along,
    ]
    return np.stack(channels).astype(np.float32)
