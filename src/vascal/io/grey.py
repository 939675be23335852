"""Colour to grey, and the range that a picture without a window is shown in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Shaped

from vascal.errors import PixelError, UnsupportedImageError

LUMINANCE = np.array([0.299, 0.587, 0.114])
"""ITU-R BT.601; the weights sum to 1, so grey stays what it is."""
COLOURED = 0.15
"""Difference between colours, as a share of white, beyond which a pixel is not grey."""
MOST_COLOURED = 0.05
"""Share of coloured pixels up to which they are lettering on a grey film."""
TAIL_PERCENT = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GreyFilm:
    """Brightness and what a reader should know of how it came about.

    Parameters
    ----------
    pixels
        (row, column), float32 in [0, 1].
    """

    pixels: Float32[np.ndarray, "row column"]
    notes: tuple[str, ...] = ()


def grey_of_colours(colours: Shaped[np.ndarray, "row column colour"]) -> GreyFilm:
    """Take the grey film out of a colour picture.

    Parameters
    ----------
    colours
        (row, column, red green blue), 0 to 1.

    Raises
    ------
    UnsupportedImageError
        If more than a twentieth of it is coloured: no radiograph.
    PixelError
        If it has other than three channels, or all of it is the same.
    """
    if colours.shape[2] != 3:
        raise PixelError(f"{colours.shape[2]} channels of colour; needed: red, green and blue")
    share = float(np.mean(np.ptp(colours, axis=2) > COLOURED))
    if share > MOST_COLOURED:
        raise UnsupportedImageError(f"{share:.0%} of the picture is coloured; needed: a grey radiograph")
    grey = np.clip(colours @ LUMINANCE, 0, 1).astype(np.float32)
    require_contrast(grey)
    notes = ("coloured lettering was turned to grey",) if share > 0 else ()
    return GreyFilm(pixels=grey, notes=notes)


def require_contrast(values: Shaped[np.ndarray, "row column"]) -> None:
    """Refuse a picture of one value, or with values that are no numbers.

    Raises
    ------
    PixelError
        If so.
    """
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise PixelError("some pixels of the film are not numbers; needed: finite values")
    if float(np.ptp(values)) < 1e-6:
        raise PixelError("all pixels of the film have the same value; needed: a picture")


def span_without_outliers(values: Shaped[np.ndarray, " pixel"]) -> tuple[float, float, tuple[str, ...]]:
    """Give the lowest and highest value to show.

    All there are; unless a thousandth of the pixels at either end (lettering, dead
    pixels) takes more than half of the range, which would leave the film grey in grey.

    Returns
    -------
    tuple
        Black, white, and a note if outliers were left out.
    """
    low, high = float(values.min()), float(values.max())
    inner_low, inner_high = (float(one) for one in np.percentile(values, (TAIL_PERCENT, 100 - TAIL_PERCENT)))
    if inner_high > inner_low and inner_high - inner_low < (high - low) / 2:
        return inner_low, inner_high, ("a few pixels far outside the others do not count for its range",)
    return low, high, ()
