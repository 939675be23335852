"""Films as picture files: PNG, JPEG and TIFF."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from typing import IO, Any, Literal, cast

import numpy as np
from jaxtyping import Float32, Shaped
from PIL import Image, ImageOps

from vascal.errors import PixelError, UnsupportedImageError, VascalError
from vascal.io.film_header import require_size
from vascal.io.grey import GreyFilm, grey_of_colours, require_contrast, span_without_outliers

PlainFormat = Literal["png", "jpeg", "tiff"]
MARKS: tuple[tuple[bytes, PlainFormat], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
)
MARK_BYTES = 8
PHOTOMETRIC_TAG, MIN_IS_WHITE = 262, 0
DEEP_MODES = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
UNREADABLE_PICTURE = (
    OSError, ValueError, SyntaxError, EOFError, KeyError, TypeError, IndexError, OverflowError, MemoryError,
    NotImplementedError, Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow raises on pictures that are cut short, damaged or of a make it does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainHeader:
    """What a picture file says before its pixels are read.

    Parameters
    ----------
    dpi
        Dots an inch across and down, or None.
    bits
        Of a grey value.
    """

    source_format: PlainFormat
    shape: tuple[int, int]
    dpi: tuple[float, float] | None
    bits: int


def plain_format(start: bytes) -> PlainFormat | None:
    """Tell a picture by the first bytes of its file; None if it is none."""
    return next((name for mark, name in MARKS if start.startswith(mark)), None)


def read_plain_header(stream: BufferedIOBase) -> PlainHeader:
    """Read size and resolution.

    Raises
    ------
    PixelError
        If the picture is damaged, or too small or too large to be a film.
    UnsupportedImageError
        If it has several pages.
    """
    with _opened(stream) as image:
        dpi = image.info.get("dpi")
        is_deep = image.mode in DEEP_MODES
        return PlainHeader(
            source_format=_format(image),
            shape=_shape(image),
            dpi=None if dpi is None else (float(dpi[0]), float(dpi[1])),
            bits=16 if is_deep else 8,
        )


def read_plain_pixels(stream: BufferedIOBase) -> GreyFilm:
    """Read a picture as brightness.

    Returns
    -------
    GreyFilm
        (row, column), float32 in [0, 1], as a viewer would show it: 8 bits on their whole
        scale, more bits from the lowest value to the highest. What is transparent is black.

    Raises
    ------
    PixelError
        If it is damaged, all of one value, or holds what are no numbers.
    UnsupportedImageError
        If it is in colour, or has several pages.
    """
    with _opened(stream) as image:
        if image.mode in DEEP_MODES:
            return _deep(image)
        return _shallow(image)


@contextmanager
def _opened(stream: BufferedIOBase) -> Iterator[Image.Image]:
    """Open a picture, and make whatever goes wrong with it one typed error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of size and damage, which are judged here
            with Image.open(cast(IO[bytes], stream), formats=("PNG", "JPEG", "TIFF")) as image:
                require_size(image.height, image.width)
                if image.format == "TIFF" and getattr(image, "n_frames", 1) > 1:
                    raise UnsupportedImageError("a TIFF of several pages; needed: one film a file")
                yield image
    except VascalError:
        raise
    except UNREADABLE_PICTURE as error:
        raise PixelError(f"the picture can not be read ({type(error).__name__})") from error


def _format(image: Image.Image) -> PlainFormat:
    known: dict[str, PlainFormat] = {"PNG": "png", "TIFF": "tiff"}
    return known.get(image.format or "", "jpeg")


def _shape(image: Image.Image) -> tuple[int, int]:
    """Give rows and columns as they will be, after the camera's turn is undone."""
    is_on_side = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return (image.width, image.height) if is_on_side else (image.height, image.width)


def _deep(image: Image.Image) -> GreyFilm:
    values = np.asarray(ImageOps.exif_transpose(image)).astype(np.float64)
    require_contrast(values)
    low, high, notes = span_without_outliers(values.ravel())
    shown = np.clip((values - low) / (high - low), 0, 1).astype(np.float32)
    # Pillow turns the sense of 1 to 8 bits by itself, and of more bits never.
    return GreyFilm(pixels=1 - shown if _min_is_white(image) else shown, notes=notes)


def _min_is_white(image: Image.Image) -> bool:
    tags: Any = getattr(image, "tag_v2", {})
    return bool(tags.get(PHOTOMETRIC_TAG) == MIN_IS_WHITE)


def _shallow(image: Image.Image) -> GreyFilm:
    """Read 8 bits or fewer, grey or in colours, over black."""
    upright = ImageOps.exif_transpose(image)
    if "A" in upright.getbands() or "transparency" in upright.info:
        layered = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", layered.size, (0, 0, 0, 255)), layered)
    if upright.mode in ("1", "L"):
        grey = _unit(np.asarray(upright.convert("L")))
        require_contrast(grey)
        return GreyFilm(pixels=grey)
    return grey_of_colours(_unit(np.asarray(upright.convert("RGB"))))


def _unit(values: Shaped[np.ndarray, "row column *colour"]) -> Float32[np.ndarray, "row column *colour"]:
    return (values / 255.0).astype(np.float32)
