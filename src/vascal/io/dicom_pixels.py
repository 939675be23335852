"""Pixels of a DICOM series as HU.

Stored values become HU by each slice's own rescale. Native little-endian
pixels, by far the most common, are read straight from their place in the
file; every other encoding goes through pydicom's decoders.
Source: DICOM PS3.3, C.11.1.1 (rescale), C.7.5.1.1.2 (padding); PS3.5, 8 (encodings).
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

import numpy as np
from jaxtyping import Int16, Integer
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pixel_array
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLSLossless, JPEGLSNearLossless, RLELossless

from vascal.errors import PixelError, VascalError
from vascal.io.dicom_files import open_images
from vascal.io.dicom_values import UNREADABLE, integer_of, tolerant_reading
from vascal.study import ImageSource, Series
from vascal.types import HuArray
from vascal.volume import Volume

PADDING_HU = -1024
"""HU of pixels outside the reconstructed circle: air, so that nothing there is calcium."""
MAX_VOLUME_BYTES = 8 * 2**30
"""A larger stack is refused before memory is asked for."""

LAYOUT_TAGS: list[str] = [
    "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "NumberOfFrames",
    "SamplesPerPixel", "PhotometricInterpretation",
]  # fmt: skip
FASTEST_PLUGIN = {RLELossless: "pylibjpeg", JPEGLSLossless: "pyjpegls", JPEGLSNearLossless: "pyjpegls"}
"""Decoders two to three times as fast as the ones pydicom asks first; bench_read.py shows it."""
UNDECODABLE = (*UNREADABLE, RuntimeError, OSError, EOFError, MemoryError)
"""What pydicom and its decoders raise on pixels that are cut short, damaged or of an unknown encoding."""
PIXEL_DATA_TAG = struct.pack("<HH", 0x7FE0, 0x0010)
LONG_VRS = (b"OW", b"OB", b"UN")

StoredSlice = Integer[np.ndarray, "row column"]
HuSlice = Int16[np.ndarray, "row column"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelLayout:
    """How one object's stored values are laid out."""

    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    is_signed: bool

    @property
    def frame_bytes(self) -> int:
        """Length of one native frame."""
        return self.rows * self.columns * self.bits_allocated // 8

    @property
    def stored_range(self) -> tuple[int, int]:
        """Lowest and highest value that the stored bits can hold."""
        half = 1 << (self.bits_stored - 1)
        return (-half, half - 1) if self.is_signed else (0, 2 * half - 1)


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


def _read_file(stream: IO[bytes], wanted: list[tuple[int, ImageSource]], hu: HuArray) -> None:
    """Put the wanted (slice index, image) pairs of one file in their place."""
    header = dcmread(stream, force=True, stop_before_pixels=True, specific_tags=LAYOUT_TAGS)
    layout = _layout(header)
    if (layout.rows, layout.columns) != hu.shape[1:]:
        raise PixelError(f"{layout.rows} x {layout.columns} pixels where {hu.shape[1]} x {hu.shape[2]} were announced")
    frames = [image.frame or 0 for _, image in wanted]
    for (index, image), stored in zip(wanted, _stored_frames(stream, header, layout, frames), strict=True):
        if stored.shape != hu.shape[1:]:
            raise PixelError(f"decoded to {stored.shape}; needed: {hu.shape[1:]} rows and columns")
        _rescale(stored, image, layout, hu[index])


def _layout(header: Dataset) -> PixelLayout:
    allocated = integer_of(header, "BitsAllocated") or 0
    stored = integer_of(header, "BitsStored") or allocated
    high = integer_of(header, "HighBit")
    layout = PixelLayout(
        rows=integer_of(header, "Rows") or 0,
        columns=integer_of(header, "Columns") or 0,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=stored - 1 if high is None else high,
        is_signed=integer_of(header, "PixelRepresentation") == 1,
    )
    if allocated not in (8, 16, 32) or not 1 <= stored <= layout.high_bit + 1 <= allocated:
        raise PixelError(f"{stored} bits stored below bit {layout.high_bit + 1} of {allocated} allocated make no pixel")
    return layout


def _stored_frames(stream: IO[bytes], header: Dataset, layout: PixelLayout, frames: list[int]) -> Iterator[StoredSlice]:
    """Give the stored values of the chosen frames, whole words as they lie in the file."""
    syntax = header.file_meta.get("TransferSyntaxUID") if hasattr(header, "file_meta") else None
    is_native = syntax in (None, ExplicitVRLittleEndian, ImplicitVRLittleEndian) and header.original_encoding[1]
    if is_native and layout.bits_allocated == 16:
        start = _native_start(stream, is_implicit=bool(header.original_encoding[0]))
        for frame in frames:
            yield _sign_extended(_read_native(stream, start + frame * layout.frame_bytes, layout), layout)
        return
    for frame in frames:
        stored = _decode(stream, syntax, frame)
        yield _sign_extended(stored, layout) if stored.dtype.itemsize == 2 else stored


def _native_start(stream: IO[bytes], *, is_implicit: bool) -> int:
    """Read the pixel element's tag and length; give where its value starts."""
    head = stream.read(8 if is_implicit else 12)
    if head[:4] != PIXEL_DATA_TAG or (not is_implicit and head[4:6] not in LONG_VRS):
        raise PixelError("no native pixel data where the header ends")
    if head[-4:] == b"\xff\xff\xff\xff":
        raise PixelError("pixel data of undefined length in a file that claims to be uncompressed")
    return stream.tell()


def _read_native(stream: IO[bytes], start: int, layout: PixelLayout) -> StoredSlice:
    stream.seek(start)
    data = stream.read(layout.frame_bytes)
    if len(data) < layout.frame_bytes:
        raise PixelError(f"cut short: a frame needs {layout.frame_bytes} bytes, {len(data)} are there")
    kind = "<i2" if layout.is_signed else "<u2"
    return np.frombuffer(data, dtype=kind).reshape(layout.rows, layout.columns)


def _decode(stream: IO[bytes], syntax: object, frame: int) -> StoredSlice:
    """Decode one frame; the fastest decoder first, then whichever pydicom finds."""
    source = cast(BinaryIO, stream)
    source.seek(0)
    plugin = FASTEST_PLUGIN.get(syntax)  # type: ignore[call-overload]
    if plugin is not None:
        try:
            return np.asarray(pixel_array(source, index=frame, raw=True, decoding_plugin=plugin))
        except UNDECODABLE:
            source.seek(0)
    return np.asarray(pixel_array(source, index=frame, raw=True))


def _sign_extended(stored: StoredSlice, layout: PixelLayout) -> StoredSlice:
    """Keep the stored bits of each word, and carry their sign.

    What lies above the high bit (old overlays, wrong signs) is not part of the
    value. Shifting up and down again does both: arithmetic shift keeps the sign.
    """
    if layout.bits_stored == 16:
        return stored
    words = stored.view(np.int16 if layout.is_signed else np.uint16)
    return (words << (15 - layout.high_bit)) >> (16 - layout.bits_stored)


def _rescale(stored: StoredSlice, image: ImageSource, layout: PixelLayout, out: HuSlice) -> None:
    """Write HU = stored * slope + intercept into `out`, padding replaced."""
    ends = [end * image.slope + image.intercept for end in layout.stored_range]
    is_whole = image.slope == 1 and image.intercept.is_integer()
    if is_whole and stored.dtype.itemsize == 2 and min(ends) >= -32768 and max(ends) <= 32767:
        # Neither the sum nor its terms leave 16 bits: no wider copy is needed.
        np.add(stored.view(np.int16), np.int16(image.intercept), out=out)
    elif is_whole and stored.dtype.itemsize <= 2:
        np.clip(stored.astype(np.int32) + int(image.intercept), -32768, 32767, out=out, casting="unsafe")
    else:
        exact = stored * np.float64(image.slope) + image.intercept
        np.clip(np.rint(exact), -32768, 32767, out=out, casting="unsafe")
    if image.padding is not None:
        low, high = image.padding
        out[(stored >= low) & (stored <= high)] = PADDING_HU
