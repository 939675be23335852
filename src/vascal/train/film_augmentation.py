"""Change films at random as the published method does: brightness, contrast, noise, place, size, turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32, UInt8


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmAugmentation:
    """How far films may stray, each number drawn evenly between its ends.

    Parameters
    ----------
    brightness, contrast
        Largest change, as a share.
    noise
        Largest standard deviation of Gaussian noise, in grey levels of 255.
    shift
        Largest shift along rows and along columns, as a share of their number.
    scale
        Largest change of size, as a share.
    turn_deg
        Largest turn.

    References
    ----------
    Shao et al., Front Cardiovasc Med 2025;12:1647882, doi:10.3389/fcvm.2025.1647882.
    """

    brightness: float = 0.10
    contrast: float = 0.10
    noise: float = 10.0
    shift: float = 0.05
    scale: float = 0.05
    turn_deg: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmChange:
    """One change of one film.

    Parameters
    ----------
    brightness
        Factor of all values.
    contrast
        Factor of the distance of values from their mean.
    noise
        Standard deviation, the film going from 0 to 1.
    shift
        Along rows and columns, as shares of their number.
    scale
        Factor of the size of what is shown.
    turn_deg
        From the columns' axis towards the rows'.
    """

    brightness: float = 1.0
    contrast: float = 1.0
    noise: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0
    turn_deg: float = 0.0


def draw_change(rng: np.random.Generator, config: FilmAugmentation) -> FilmChange:
    """Draw one change."""

    def around(middle: float, most: float) -> float:
        return middle + most * float(rng.uniform(-1, 1))

    return FilmChange(
        brightness=around(1, config.brightness),
        contrast=around(1, config.contrast),
        noise=config.noise / 255 * float(rng.uniform()),
        shift=(around(0, config.shift), around(0, config.shift)),
        scale=around(1, config.scale),
        turn_deg=around(0, config.turn_deg),
    )


def change_film(
    image: Float32[np.ndarray, "row column"], change: FilmChange, rng: np.random.Generator
) -> Float32[np.ndarray, "row column"]:
    """Apply a change to a film.

    Parameters
    ----------
    image
        (row, column), 0 to 1.
    change
        What to do.
    rng
        Source of the noise.

    Returns
    -------
    numpy.ndarray
        (row, column), 0 to 1; what comes from beyond the film is black.
    """
    moved = _move(image, change, order=1)
    bright = moved * np.float32(change.brightness)
    mean = bright.mean(dtype=np.float64)
    noise = np.float32(change.noise) * rng.standard_normal(image.shape, dtype=np.float32)
    spread = (bright - mean) * change.contrast + mean + noise
    return np.asarray(np.clip(spread, 0, 1), dtype=np.float32)


def change_labels(labels: UInt8[np.ndarray, "row column"], change: FilmChange) -> UInt8[np.ndarray, "row column"]:
    """Move a label map as `change_film` moves its film."""
    return _move(labels, change, order=0)


def _move(image: np.ndarray, change: FilmChange, *, order: Literal[0, 1]) -> np.ndarray:
    """Shift, scale and turn about the middle."""
    from scipy import ndimage

    if (change.shift, change.scale, change.turn_deg) == ((0.0, 0.0), 1.0, 0.0):
        return image
    angle = np.deg2rad(change.turn_deg)
    back = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) / change.scale
    size = np.array(image.shape, dtype=np.float64)
    middle = (size - 1) / 2
    target = middle + np.array(change.shift) * size
    offset = np.asarray(middle - back @ target)
    return np.asarray(ndimage.affine_transform(image, back, offset=offset, order=order, mode="constant", cval=0))
