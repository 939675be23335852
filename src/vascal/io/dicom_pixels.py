"""Pixels of a DICOM series as HU.

Stored values become HU by each slice's own rescale. Native little-endian
pixels, by far the most common, are read straight from their place in the
file; every other encoding goes through pydicom's decoders.
Source: DICOM PS3.3, C.11.1.1 (rescale), C.7.5.1.1.2 (padding); PS3.5, 8 (encodings).
"""

from __future__ import annotations

import sys
from collections import defaultdict
from io import BufferedIOBase
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from jaxtyping import Int16, Integer
from pydicom import dcmread
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, JPEGLSLossless, JPEGLSNearLossless, RLELossless

from vascal.errors import PixelError, VascalError
from vascal.io.dicom_files import UNREADABLE_FILE, open_images
from vascal.io.dicom_header import EXPLICIT_HEAD_BYTES, PIXEL_DATA
from vascal.io.dicom_values import UNREADABLE, tolerant_reading
from vascal.study import ImageSource, Series, StoredPixels
from vascal.types import HuArray
from vascal.volume import Volume

PADDING_HU = -1024
"""HU of pixels outside the reconstructed circle: air, so that nothing there is calcium."""
MAX_VOLUME_BYTES = 8 * 2**30
"""A larger stack is refused before memory is asked for."""

FASTEST_PLUGIN: dict[str, str] = {RLELossless: "pylibjpeg", JPEGLSLossless: "pyjpegls", JPEGLSNearLossless: "pyjpegls"}
"""Decoders two to three times as fast as the ones pydicom asks first; bench_read.py shows it."""
UNDECODABLE = (*UNREADABLE, *UNREADABLE_FILE, MemoryError)
"""What pydicom and its decoders raise on pixels that are cut short, damaged or of an unknown encoding."""
StoredSlice = Integer[np.ndarray, "row column"]
HuSlice = Int16[np.ndarray, "row column"]


def read_volume(series: Series) -> Volume:
    """Read a series' pixels as HU, in the order of its grid.

    Parameters
    ----------
    series
        From `read_studies`.

    Returns
    -------
    Volume
        (slice, row, column), HU, int16. Padding is `PADDING_HU`; a slope that
        is not whole rounds to the nearest HU; numbers beyond 16 bits are clipped.

    Raises
    ------
    PixelError
        If pixels are cut short, can not be decoded, or do not fit the header.
    """
    needed = 2 * int(np.prod(series.grid.shape, dtype=object))
    if needed > MAX_VOLUME_BYTES:
        raise PixelError(f"{series.grid.shape} voxels need {needed} bytes; at most {MAX_VOLUME_BYTES} are read")
    hu = np.empty(series.grid.shape, dtype=np.int16)
    by_file: dict[tuple[Path, str | None], list[tuple[int, ImageSource]]] = defaultdict(list)
    for index, image in enumerate(series.images):
        by_file[image.path, image.member].append((index, image))
    with tolerant_reading(), open_images() as open_image:
        for (path, member), wanted in by_file.items():
            name = member or path.name
            try:
                with open_image(path, member) as stream:
                    _read_file(stream, wanted, hu)
            except VascalError as error:
                raise PixelError(f"{name}: {error}") from error
            except UNDECODABLE as error:
                raise PixelError(f"{name}: pixels can not be decoded ({type(error).__name__})") from error
    return Volume(hu=hu, grid=series.grid)


def _read_file(stream: BufferedIOBase, wanted: list[tuple[int, ImageSource]], hu: HuArray) -> None:
    """Put the wanted (slice index, image) pairs of one file in their place."""
    for index, image in wanted:
        _read_slice(stream, image, hu[index])


def decode_slice(stream: BufferedIOBase, image: ImageSource, shape: tuple[int, int]) -> HuSlice:
    """Read one slice alone as HU, (row, column).

    Raises
    ------
    PixelError
        If its pixels are not as its header said.
    """
    out = np.empty(shape, dtype=np.int16)
    with tolerant_reading():
        _read_slice(stream, image, out)
    return out


def _read_slice(stream: BufferedIOBase, image: ImageSource, out: HuSlice) -> None:
    is_native = image.pixels.native_offset is not None
    stored = _read_native(stream, image, out) if is_native else _decode(stream, image, (out.shape[0], out.shape[1]))
    if stored.shape != out.shape:
        raise PixelError(f"decoded to {stored.shape}; needed: {out.shape} rows and columns")
    _rescale(keep_stored_bits(stored, image.pixels), image, out)


def _read_native(stream: BufferedIOBase, image: ImageSource, out: HuSlice) -> StoredSlice:
    """Read stored values straight into the memory where their HU will be."""
    _require_unchanged(stream, image)
    view = out.reshape(-1).view(np.uint8).data
    done = 0
    while done < len(view) and (count := stream.readinto(view[done:])):
        done += count
    if done < len(view):
        raise PixelError(f"cut short: a slice needs {len(view)} bytes, {done} are there")
    if sys.byteorder == "big":
        out.byteswap(inplace=True)
    return out if image.pixels.is_signed else out.view(np.uint16)


def _require_unchanged(stream: BufferedIOBase, image: ImageSource) -> None:
    """Go to a slice's first pixel, and see that the pixel element still begins where it did."""
    offset = image.pixels.native_offset or 0
    if image.frame is None:
        stream.seek(max(0, offset - 12))
        if PIXEL_DATA not in stream.read(12):
            raise PixelError("the file has changed since its header was read")
    stream.seek(offset)


def _decode(stream: BufferedIOBase, image: ImageSource, shape: tuple[int, int]) -> StoredSlice:
    """Decode one frame to words in this machine's byte order."""
    if image.pixels.encoded_offset is not None:
        stored = _decode_single(stream, image.pixels, shape)
    elif image.pixels.transfer_syntax_uid == DeflatedExplicitVRLittleEndian:
        stream.seek(0)
        stored = pixel_array(dcmread(stream), index=image.frame or 0, raw=True)
    else:
        stored = pixel_array(cast(BinaryIO, stream), index=image.frame or 0, raw=True)
    return stored.astype(stored.dtype.newbyteorder("="), copy=False)


def _decode_single(stream: BufferedIOBase, pixels: StoredPixels, shape: tuple[int, int]) -> StoredSlice:
    """Decode a file's only slice from where its code begins, by the fastest decoder that can."""
    options: dict[str, Any] = {
        "rows": shape[0],
        "columns": shape[1],
        "samples_per_pixel": 1,
        "number_of_frames": 1,
        "bits_allocated": pixels.bits_allocated,
        "bits_stored": pixels.bits_stored,
        "pixel_representation": int(pixels.is_signed),
        "photometric_interpretation": "MONOCHROME2",
        "pixel_keyword": "PixelData",
    }
    fastest = FASTEST_PLUGIN.get(pixels.transfer_syntax_uid, "")
    try:
        return _run_decoder(stream, pixels, fastest, options)
    except UNDECODABLE:
        if not fastest:
            raise
    return _run_decoder(stream, pixels, "", options)


def _run_decoder(stream: BufferedIOBase, pixels: StoredPixels, plugin: str, options: dict[str, Any]) -> StoredSlice:
    stream.seek((pixels.encoded_offset or 0) - EXPLICIT_HEAD_BYTES)
    if stream.read(EXPLICIT_HEAD_BYTES)[:4] != PIXEL_DATA:
        raise PixelError("the file has changed since its header was read")
    decoder = get_decoder(UID(pixels.transfer_syntax_uid))
    return decoder.as_array(cast(BinaryIO, stream), index=0, raw=True, decoding_plugin=plugin, **options)[0]


def keep_stored_bits(stored: StoredSlice, pixels: StoredPixels) -> StoredSlice:
    """Keep the stored bits of each 16-bit word, and carry their sign.

    What lies above the high bit (old overlays, wrong signs) is not part of the
    value. Shifting up and down again does both: arithmetic shift keeps the sign.
    """
    if stored.dtype.itemsize != 2 or pixels.bits_stored == 16:
        return stored
    words = stored.view(np.int16 if pixels.is_signed else np.uint16)
    np.left_shift(words, 15 - pixels.high_bit, out=words)
    return np.right_shift(words, 16 - pixels.bits_stored, out=words)


def _rescale(stored: StoredSlice, image: ImageSource, out: HuSlice) -> None:
    """Write HU = stored * slope + intercept into `out`, padding replaced.

    `stored` may be the memory of `out` itself.
    """
    padded = None if image.padding is None else (stored >= image.padding[0]) & (stored <= image.padding[1])
    ends = [end * image.slope + image.intercept for end in image.pixels.value_range]
    is_whole = image.slope == 1 and image.intercept.is_integer()
    if is_whole and stored.dtype.itemsize == 2 and min(ends) >= -32768 and max(ends) <= 32767:
        # No sum leaves 16 bits, so no wider copy is needed.
        np.add(stored.view(np.int16), np.int16(image.intercept), out=out)
    else:
        exact = stored * np.float64(image.slope) + image.intercept
        np.clip(np.rint(exact), -32768, 32767, out=out, casting="unsafe")
    if padded is not None:
        out[padded] = PADDING_HU
