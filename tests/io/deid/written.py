"""Pictures with letters drawn into them, for tests of finding and blackening text."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

NAME = "DOE^JANE 1954"


def noisy(
    rows: int = 200, columns: int = 320, *, seed: int = 0, middle: float = 2000, spread: float = 40
) -> np.ndarray:
    """A picture of 12 bits that shows smooth shades and noise."""
    rng = np.random.default_rng(seed)
    shade = 500 * np.sin(np.arange(columns) / 60)[None] + 300 * np.cos(np.arange(rows) / 45)[:, None]
    return np.asarray(np.clip(middle + shade + rng.normal(0, 40, (rows, columns)), 0, 4095), dtype=np.uint16)


def write(
    pixels: np.ndarray, text: str = NAME, *, at: tuple[int, int] = (20, 30), size: int = 16, value: float = 4095
) -> np.ndarray:
    """Draw a line of text, row and column of its first corner given; edges are blended."""
    share = ink(pixels.shape[:2], text, at=at, size=size)
    share = share[..., None] if pixels.ndim == 3 else share
    return np.asarray(np.rint(pixels * (1 - share) + value * share), dtype=pixels.dtype)


def ink(shape: tuple[int, ...], text: str = NAME, *, at: tuple[int, int] = (20, 30), size: int = 16) -> np.ndarray:
    """Share of each pixel that the letters cover."""
    canvas = Image.new("L", (shape[1], shape[0]), 0)
    ImageDraw.Draw(canvas).text((at[1], at[0]), text, fill=255, font=ImageFont.load_default(size))
    return np.asarray(canvas, dtype=np.float64) / 255
