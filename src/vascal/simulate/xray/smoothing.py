"""Smoothing over many pixels, worked out on fewer of them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32
from PIL import Image
from scipy import ndimage

FINE_PIXELS = 5.0


def enlarge(
    coarse: Float[np.ndarray, "coarse_row coarse_column"], shape: tuple[int, ...]
) -> Float32[np.ndarray, "row column"]:
    """Bring a smooth picture to a larger size, linearly."""
    picture = Image.fromarray(coarse.astype(np.float32))
    return np.asarray(picture.resize((shape[1], shape[0]), Image.Resampling.BILINEAR), dtype=np.float32)


def smooth(picture: Float[np.ndarray, "row column"], sigma: float) -> Float32[np.ndarray, "row column"]:
    """Smooth with a Gaussian of `sigma` pixels; a wide one is applied to block means and brought back."""
    picture = picture.astype(np.float32)
    factor = int(sigma / FINE_PIXELS * 2)
    if factor < 2:
        return np.asarray(ndimage.gaussian_filter(picture, sigma, truncate=3.0, mode="nearest"))
    blocks = np.asarray(Image.fromarray(picture).reduce(factor))
    rest = float(np.sqrt(max(sigma**2 - factor**2 / 6, 1e-3)))
    small = ndimage.gaussian_filter(blocks, rest / factor, truncate=3.0, mode="nearest")
    rows, columns = (-(-length // factor) * factor for length in picture.shape)
    return enlarge(small, (rows, columns))[: picture.shape[0], : picture.shape[1]]
