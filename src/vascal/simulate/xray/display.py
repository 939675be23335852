"""From a detector's signal to what is stored: processing by vendor, collimation, letters, bits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Float32, UInt16
from PIL import Image, ImageDraw, ImageFont

from vascal.simulate.xray.smoothing import smooth

Picture = Float32[np.ndarray, "row column"]
Look = Literal["plain", "sigmoid", "pyramid", "equalised", "hard", "film", "dxa"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """How a film is shown and stored.

    Parameters
    ----------
    look
        Which processing: that of one group of vendors.
    contrast, brightness
        Slope and shift of the tone curve; 1 and 0 are usual.
    sharpening
        Of fine detail.
    collimation
        Share of the width and height that the shutters close, by side: left, right, top, bottom.
    shutter
        Brightness of what lies outside the shutters, 0 to 1.
    turn_deg
        How much the film is turned.
    text
        Words burned into a corner; the first always says that it is simulated.
    marker
        A lead letter: ``L``, ``R`` or none.
    dust
        Scratches and specks, as of a film that was scanned.
    bits_stored
        Of the stored pixels.
    is_inverted
        Stored as MONOCHROME1.
    """

    look: Look = "sigmoid"
    contrast: float = 1.0
    brightness: float = 0.0
    sharpening: float = 0.6
    collimation: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    shutter: float = 0.0
    turn_deg: float = 0.0
    text: tuple[str, ...] = ()
    marker: str = ""
    dust: int = 0
    bits_stored: int = 12
    is_inverted: bool = False


def show(signal: Picture, pixel_mm: float, display: Display) -> Picture:
    """Turn a signal into brightness, 0 to 1, bone bright: tone, detail, and the vendor's own touch.

    As in practice, the tones are set by the middle of the film, not by what lies bare at its sides.
    """
    depth = -np.log(np.maximum(signal, 1e-6))
    rows, columns = depth.shape
    middle = depth[int(0.12 * rows) : int(0.88 * rows) : 3, int(0.15 * columns) : int(0.85 * columns) : 3]
    low, high = np.percentile(middle, (2.0, 96.0))
    tone = (0.1 + 0.78 * (depth - low) / max(float(high - low), 1e-3)).astype(np.float32)
    return np.asarray(np.clip(_LOOKS[display.look](tone, pixel_mm, display), 0.0, 1.0), dtype=np.float32)


def _curve(tone: Picture, display: Display, steepness: float) -> Picture:
    middle = 0.5 - display.brightness
    return np.asarray(1 / (1 + np.exp(-steepness * display.contrast * (tone - middle))), dtype=np.float32)


def _sharpen(tone: Picture, pixel_mm: float, amount: float, size_mm: float) -> Picture:
    return np.asarray(tone + amount * (tone - smooth(tone, size_mm / pixel_mm)), dtype=np.float32)


def _plain(tone: Picture, _pixel_mm: float, display: Display) -> Picture:
    return np.asarray((tone - 0.5) * display.contrast + 0.5 + display.brightness, dtype=np.float32)


def _sigmoid(tone: Picture, pixel_mm: float, display: Display) -> Picture:
    return _curve(_sharpen(tone, pixel_mm, display.sharpening, 1.5), display, 4.5)


def _pyramid(tone: Picture, pixel_mm: float, display: Display) -> Picture:
    """Several bands of detail, each compressed: weak detail is raised more than strong."""
    result = smooth(tone, 24 / pixel_mm) * 0.55 + 0.225
    finer = tone
    for size_mm, gain in ((0.9, 1.0), (3.0, 1.1), (9.0, 1.0), (24.0, 0.8)):
        coarser = smooth(tone, size_mm / pixel_mm)
        band = finer - coarser
        scale = max(float(band.std()), 1e-4) * 2
        result = result + gain * (0.5 + 0.5 * display.sharpening) * scale * np.arcsinh(1.4 * band / scale)
        finer = coarser
    return np.asarray((result - 0.5) * display.contrast + 0.5 + display.brightness, dtype=np.float32)


def _equalised(tone: Picture, pixel_mm: float, display: Display) -> Picture:
    """Local mean and spread made alike everywhere, half way."""
    mean = smooth(tone, 14 / pixel_mm)
    spread = np.sqrt(np.maximum(smooth(np.square(tone - mean), 14 / pixel_mm), 1e-6))
    local = (tone - mean) / (spread + 0.02) * 0.11
    return np.asarray((0.5 * mean + 0.27 + local - 0.5) * display.contrast + 0.5 + display.brightness, dtype=np.float32)


def _hard(tone: Picture, pixel_mm: float, display: Display) -> Picture:
    return _curve(_sharpen(tone, pixel_mm, 1.6 * display.sharpening, 0.8), display, 7.5)


def _film(tone: Picture, pixel_mm: float, display: Display) -> Picture:
    """The curve of film and screen: bright toe, no enhancement, a little more blur."""
    return np.asarray(np.power(_curve(smooth(tone, 0.25 / pixel_mm), display, 5.5), 1.25), dtype=np.float32)


def _dxa(tone: Picture, pixel_mm: float, display: Display) -> Picture:
    """Lines of a fan beam, each with its own small error."""
    lines = np.random.default_rng(len(tone)).normal(0, 0.006, (len(tone), 1)).astype(np.float32)
    return _plain(_sharpen(tone, pixel_mm, display.sharpening, 2.5) + lines, pixel_mm, display)


_LOOKS: Mapping[Look, Callable[[Picture, float, Display], Picture]] = {
    "plain": _plain,
    "sigmoid": _sigmoid,
    "pyramid": _pyramid,
    "equalised": _equalised,
    "hard": _hard,
    "film": _film,
    "dxa": _dxa,
}


def shutter_mask(shape: tuple[int, int], display: Display) -> np.ndarray:
    """Mark what the shutters leave open: (row, column)."""
    rows, columns = shape
    left, right, top, bottom = display.collimation
    is_open = np.zeros(shape, dtype=bool)
    is_open[int(top * rows) : rows - int(bottom * rows), int(left * columns) : columns - int(right * columns)] = True
    return is_open


def close_shutters(picture: Picture, display: Display, seed: int) -> Picture:
    """Close the shutters and add the lead marker and dust."""
    is_open = shutter_mask(picture.shape, display)
    result = np.where(is_open, picture, np.float32(display.shutter)).astype(np.float32)
    rng = np.random.default_rng(seed)
    if display.marker:
        result = _write(result, (display.marker,), _marker_place(rng, is_open), max(14, len(result) // 28), 1.0)
    if display.dust:
        result = _scratch(rng, result, display.dust)
    return result


def burn_in(picture: Picture, display: Display) -> Picture:
    """Write the words into a corner."""
    return _write(picture, display.text, (6, 6), max(9, len(picture) // 75), 0.95)


def _marker_place(rng: np.random.Generator, is_open: np.ndarray) -> tuple[int, int]:
    """Put the marker near the front border of the open field, at any height."""
    rows, columns = np.flatnonzero(is_open.any(axis=1)), np.flatnonzero(is_open.any(axis=0))
    column = columns[0] + int(rng.uniform(0.02, 0.12) * len(columns))
    return int(rows[0] + rng.uniform(0.03, 0.85) * len(rows)), int(column)


def _write(picture: Picture, lines: tuple[str, ...], place: tuple[int, int], size: int, brightness: float) -> Picture:
    if not lines:
        return picture
    image = Image.fromarray(picture)
    ImageDraw.Draw(image).multiline_text(
        (place[1], place[0]), "\n".join(lines), fill=brightness, font=ImageFont.load_default(size)
    )
    return np.asarray(image, dtype=np.float32)


def _scratch(rng: np.random.Generator, picture: Picture, amount: int) -> Picture:
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    rows, columns = picture.shape
    for _ in range(amount):
        x, y, bright = rng.uniform(0, columns), rng.uniform(0, rows), float(rng.choice([0.05, 0.95]))
        if rng.random() < 0.3:
            draw.line((x, y, x + rng.normal(0, 60), y + rng.normal(0, 90)), fill=bright, width=1)
        else:
            draw.ellipse((x, y, x + rng.uniform(1, 4), y + rng.uniform(1, 4)), fill=bright)
    return np.asarray(image, dtype=np.float32)


def store(picture: Picture, display: Display) -> UInt16[np.ndarray, "row column"]:
    """Give stored values, those of MONOCHROME1 where the display is inverted."""
    top = 2**display.bits_stored - 1
    value = np.rint(np.clip(picture, 0, 1) * top).astype(np.uint16)
    return np.asarray(top - value if display.is_inverted else value, dtype=np.uint16)


def turn_picture(picture: Picture, degrees: float) -> Picture:
    """Turn a picture about its middle, against the clock, keeping its size."""
    if degrees == 0:
        return picture
    turned = Image.fromarray(picture).rotate(degrees, Image.Resampling.BILINEAR)
    return np.asarray(turned, dtype=np.float32)


def turn_labels(labels: np.ndarray, degrees: float) -> np.ndarray:
    """Turn a label map as `turn_picture` does."""
    if degrees == 0:
        return labels
    return np.asarray(Image.fromarray(labels).rotate(degrees, Image.Resampling.NEAREST), dtype=labels.dtype)


def turn_points(
    points: Float[np.ndarray, "point 2"], shape: tuple[int, int], degrees: float
) -> Float[np.ndarray, "point 2"]:
    """Turn places, (row, column), as `turn_picture` does."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    middle = (np.array(shape) - 1) / 2
    offset = points - middle
    return np.asarray(
        np.stack([c * offset[:, 0] - s * offset[:, 1], s * offset[:, 0] + c * offset[:, 1]], axis=1) + middle
    )
