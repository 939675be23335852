"""Pixels of a DICOM image as frames to look at, and as stored words to write back."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Shaped
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import ExplicitVRBigEndian

from vascal.errors import PixelError
from vascal.io.dicom_pixels import UNDECODABLE
from vascal.io.dicom_values import integer_of, text_of, tolerant_reading

Frames = Shaped[np.ndarray, "frame row column *colour"]
PIXEL_ELEMENTS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredFrames:
    """All frames of an image.

    Parameters
    ----------
    words
        (frame, row, column) or (frame, row, column, colour), as they are written back.
    unused
        Bits of a word that are no part of its value; 0 for none.
    is_signed
        Whether the highest stored bit is a sign.
    """

    words: Frames = field(repr=False)
    unused: int = 0
    is_signed: bool = False


def has_pixels(dataset: Dataset) -> bool:
    """Tell whether a file holds a picture."""
    return any(name in dataset for name in PIXEL_ELEMENTS)


def decode_frames(dataset: Dataset) -> StoredFrames:
    """Decode all frames; colours become red, green and blue.

    Raises
    ------
    PixelError
        If they can not be decoded.
    """
    try:
        with tolerant_reading():
            return _decode(dataset)
    except UNDECODABLE as error:
        raise PixelError(f"pixels can not be decoded ({type(error).__name__})") from error


def _decode(dataset: Dataset) -> StoredFrames:
    syntax = dataset.file_meta.TransferSyntaxUID
    is_whole = not syntax.is_compressed and (integer_of(dataset, "BitsAllocated") or 0) in (8, 16)
    is_grey = (integer_of(dataset, "SamplesPerPixel") or 1) == 1
    if is_whole and is_grey and "PixelData" in dataset:
        # The whole word: what lies above the value, as old overlays do, is to be seen too.
        words = pixel_array(dataset, raw=True, bits_stored=dataset.BitsAllocated)
        return StoredFrames(
            words=_stack(words, 2), unused=_unused_bits(dataset), is_signed=dataset.PixelRepresentation == 1
        )
    return StoredFrames(words=_stack(pixel_array(dataset), 2 if is_grey else 3))


def _stack(pixels: np.ndarray, axes: int) -> Frames:
    return np.asarray(pixels if pixels.ndim > axes else pixels[None])


def _unused_bits(dataset: Dataset) -> int:
    """Give the bits above (and below) the stored ones; sources of another byte order have been turned."""
    allocated, stored, high = (int(dataset[name].value) for name in ("BitsAllocated", "BitsStored", "HighBit"))
    if not 1 <= stored <= high + 1 <= allocated:
        raise ValueError("the header contradicts itself")
    return ((1 << allocated) - 1) & ~(((1 << stored) - 1) << (high + 1 - stored))


def values_of(frames: StoredFrames) -> Frames:
    """Give the values alone, without what lies in unused bits, as unsigned numbers in the same order."""
    words = frames.words
    if words.dtype.kind not in "iu":
        return words
    bits = words.dtype.itemsize * 8
    plain = words.astype(f"u{words.dtype.itemsize}", copy=True)
    if frames.unused:
        plain &= plain.dtype.type(((1 << bits) - 1) & ~frames.unused)
    if frames.is_signed or words.dtype.kind == "i":
        plain ^= plain.dtype.type(_sign_bit(frames, bits))
    return plain


def _sign_bit(frames: StoredFrames, bits: int) -> int:
    used = ((1 << bits) - 1) & ~frames.unused
    return 1 << (used.bit_length() - 1)


def hides_bits(frames: StoredFrames) -> bool:
    """Tell whether unused bits hold something else than zeros or the sign carried on."""
    if not frames.unused or frames.words.dtype.kind not in "iu":
        return False
    words = frames.words.view(f"u{frames.words.dtype.itemsize}")
    bits = words.dtype.itemsize * 8
    sign = _sign_bit(frames, bits)
    above = ((1 << bits) - 1) & ~(2 * sign - 1)
    rest = words & words.dtype.type(frames.unused)
    carried = np.where(words & words.dtype.type(sign), words.dtype.type(above), words.dtype.type(0))
    return bool(((rest != 0) & (rest != carried)).any()) if frames.is_signed else bool(rest.any())


def grey_frames(dataset: Dataset, frames: StoredFrames) -> Shaped[np.ndarray, "frame row column"]:
    """Give what a reader of letters looks at: values, and of colours the brightest part."""
    values = values_of(frames)
    if text_of(dataset, "PhotometricInterpretation").upper() == "PALETTE COLOR":
        values = apply_color_lut(values, dataset)
    return values.max(axis=-1) if values.ndim == 4 else values


def require_little_endian(dataset: Dataset) -> None:
    """Refuse what can not be written back word by word.

    Raises
    ------
    PixelError
        If the file is big-endian.
    """
    if dataset.file_meta.TransferSyntaxUID == ExplicitVRBigEndian:
        raise PixelError("big-endian pixels can not be masked; convert the file to little-endian first")
