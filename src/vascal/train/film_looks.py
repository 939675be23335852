"""Other looks of the same film: tone, sharpness, noise, glare and things in the way."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from PIL import Image
from scipy import ndimage

VEILED = 0.35
"""Of films shown as those of large patients."""


def change_looks(
    picture: Float[np.ndarray, "row column"], pixel_mm: float, rng: np.random.Generator, *, harm: float = 1.0
) -> Float[np.ndarray, "row column"]:
    """Show a film as another vendor, another day or another scanner might.

    Parameters
    ----------
    picture
        (row, column), 0 to 1.
    pixel_mm
        Side of a pixel.
    rng
        Source of chance.
    harm
        How far blur, grain and things in the way may go, 0 to 1: what is graded must stay visible.
    """
    result = np.clip(picture, 0, 1).astype(np.float32)
    result = result ** np.float32(np.exp(rng.normal(0, 0.3)))
    if rng.random() < 0.5:
        sigma = rng.uniform(3, 20) / pixel_mm
        result = result + rng.uniform(-0.35, 1.2) * (result - ndimage.gaussian_filter(result, sigma, truncate=2.0))
    if rng.random() < 0.3 * harm:
        result = ndimage.gaussian_filter(result, rng.uniform(0.2, 0.6) / pixel_mm)
    result = (result - 0.5) * rng.uniform(0.7, 1.3) + 0.5 + rng.normal(0, 0.06)
    if rng.random() < 0.5:
        result = result + _glare(rng, picture.shape)
    if rng.random() < 0.6:
        result = result + np.float32(harm) * _grain(rng, picture.shape)
    if rng.random() < VEILED:
        result = _veil(rng, result)
    if rng.random() < 0.3 * harm:
        _put_in_the_way(rng, result, pixel_mm)
    return np.asarray(np.clip(result, 0, 1), dtype=np.float32)


def _glare(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    y, x = np.linspace(-1, 1, shape[0])[:, None], np.linspace(-1, 1, shape[1])[None]
    a, b, c = rng.normal(0, 0.08, 3)
    return np.asarray(a * y + b * x + c * (x * x + y * y - 0.6), dtype=np.float32)


def _veil(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Lay the smooth shade of a large body over a film: bone stands out less than the belly's outline does.

    After the grain, so that what is visible against it stays visible.
    """
    knots = rng.random((int(rng.integers(2, 5)), int(rng.integers(2, 5)))).astype(np.float32)
    rows, columns = picture.shape
    shade = np.asarray(Image.fromarray(knots).resize((columns, rows), Image.Resampling.BICUBIC))
    share = rng.uniform(0.3, 0.9)
    return np.asarray(share * picture + (1 - share) * np.clip(shade, 0, 1), dtype=np.float32)


def _grain(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    noise = rng.standard_normal(shape, dtype=np.float32)
    if rng.random() < 0.5:
        noise = ndimage.gaussian_filter(noise, rng.uniform(0.4, 1.2))
        noise /= noise.std()
    return np.asarray(noise * np.float32(np.exp(rng.uniform(np.log(0.003), np.log(0.03)))))


def _put_in_the_way(rng: np.random.Generator, picture: np.ndarray, pixel_mm: float) -> None:
    """Put one box on the film: a marker, a label or a shutter's corner."""
    rows, columns = picture.shape
    tall, wide = (int(rng.uniform(3, 25) / pixel_mm) + 1 for _ in range(2))
    row, column = int(rng.integers(0, rows)), int(rng.integers(0, columns))
    picture[row : row + tall, column : column + wide] = rng.choice([0.0, 1.0, rng.random()])
