"""MetaImage (``.mhd`` with ``.raw``, ``.mha``): CT numbers and label maps of ITK programs and challenges.

A text header of ``Key = value`` lines, then raw or zlib-compressed voxels, x
fastest. Coordinates are LPS millimetres; `TransformMatrix` lists the direction
of the first axis, then of the second and third.
Source: MetaIO, https://itk.org/Wiki/ITK/MetaIO/Documentation; the order of the
matrix is that of ITK's ``itkMetaImageIO.cxx``.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vascal.errors import InputError, NotDicomError, OrientationError, PixelError, UnsupportedImageError
from vascal.io.dicom_pixels import MAX_VOLUME_BYTES
from vascal.io.oriented import SUPINE_AXIAL, Array3D, OrientedImage, StatedFacts, make_scan, orient_image
from vascal.study import Series
from vascal.volume import Vector, Volume

ELEMENT_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
MAX_HEADER_BYTES = 65536
"""A header is a few hundred bytes; what goes on without its last line is no MetaImage."""
LAST_KEY = "ElementDataFile"
"""Everything after this line of an ``.mha`` is voxels."""

_Header = Mapping[str, str]


def is_metaimage(path: Path) -> bool:
    """Tell a MetaImage by its name: ``.mhd`` or ``.mha``."""
    return path.suffix.lower() in {".mhd", ".mha"}


def read_metaimage(path: Path, facts: StatedFacts | None = None) -> tuple[Series, Volume]:
    """Read a CT from MetaImage, which says nothing of how it was made.

    Parameters
    ----------
    path
        ``.mhd`` with its voxels beside it, or ``.mha``, holding HU.
    facts
        What the user knows of the scan.

    Returns
    -------
    tuple of Series and Volume
        Slices from the feet to the head, rows to the back, columns to the left.

    Raises
    ------
    InputError
        If the header or the file of voxels is not there, or it is no MetaImage.
    UnsupportedImageError
        If it is not a three-dimensional image of plain numbers.
    GeometryError, OrientationError, GantryTiltError, PixelError
        As `vascal.io.nifti.read_nifti`.
    """
    return make_scan(load_metaimage(path, axes=SUPINE_AXIAL), path, "metaimage", facts or StatedFacts())


def load_metaimage(path: Path, *, axes: tuple[Vector, Vector, Vector]) -> OrientedImage:
    """Load a MetaImage with its axes exchanged and turned to run along given ones.

    Parameters
    ----------
    path
        ``.mhd`` or ``.mha``.
    axes
        Unit vectors in LPS along which slices, rows and columns shall grow.

    Raises
    ------
    InputError, UnsupportedImageError, GeometryError, GantryTiltError, OrientationError, PixelError
        As `read_metaimage`.
    """
    header, voxels_from = _read_header(path)
    shape = _shape(header, path)
    spacing = _numbers(header, ("ElementSpacing", "ElementSize"), 3, path)
    matrix = _numbers(header, ("TransformMatrix", "Rotation", "Orientation"), 9, path, "1 0 0 0 1 0 0 0 1")
    origin = _numbers(header, ("Offset", "Position", "Origin"), 3, path, "0 0 0")
    values = _read_voxels(header, path, voxels_from, shape)
    steps = np.asarray(matrix).reshape(3, 3).T * np.asarray(spacing)
    # Stored with x fastest: the array is (z, y, x), its transpose runs along the header's axes.
    return orient_image(values.transpose(2, 1, 0), steps, np.asarray(origin), axes=axes)


def _read_header(path: Path) -> tuple[_Header, int]:
    """Give the header's lines and the byte behind them."""
    if not path.is_file():
        raise InputError(f"no file is at {path}; needed: a MetaImage")
    with path.open("rb") as file:
        content = file.read(MAX_HEADER_BYTES)
    header: dict[str, str] = {}
    place = 0
    for line in content.splitlines(keepends=True):
        place += len(line)
        key, equals, value = line.decode("latin-1").partition("=")
        if equals:
            header[key.strip()] = value.strip()
        if LAST_KEY in header:
            return header, place
    raise NotDicomError(f"{path.name} is not a MetaImage: it has no line {LAST_KEY!r}")


def _shape(header: _Header, path: Path) -> tuple[int, int, int]:
    """Give columns, rows and slices."""
    kind = header.get("ElementType", "none")
    if header.get("NDims") != "3" or header.get("ElementNumberOfChannels", "1") != "1" or kind not in ELEMENT_TYPES:
        raise UnsupportedImageError(
            f"{path.name} has {header.get('NDims', 'no')} dimensions of {kind}; needed: three of plain numbers"
        )
    sizes = _numbers(header, ("DimSize",), 3, path)
    if min(sizes) < 1 or any(size != int(size) for size in sizes):
        raise UnsupportedImageError(f"{path.name} has DimSize {header['DimSize']}; needed: whole numbers above 0")
    if math.prod(sizes) * 2 > MAX_VOLUME_BYTES:
        raise PixelError(f"{path.name} has shape {sizes}; at most {MAX_VOLUME_BYTES // 2} voxels are read")
    return int(sizes[0]), int(sizes[1]), int(sizes[2])


def _numbers(
    header: _Header, keys: tuple[str, ...], count: int, path: Path, missing: str | None = None
) -> tuple[float, ...]:
    """Give the numbers of the first key that is there."""
    text = next((header[key] for key in keys if key in header), missing)
    try:
        values = tuple(float(word) for word in (text or "").split())
    except ValueError:
        values = ()
    if len(values) != count or not all(math.isfinite(value) for value in values):
        raise OrientationError(f"{path.name} has {keys[0]} {text or 'not given'}; needed: {count} numbers")
    return values


def _read_voxels(header: _Header, path: Path, voxels_from: int, shape: tuple[int, int, int]) -> Array3D:
    is_big = _is_true(header, "BinaryDataByteOrderMSB") or _is_true(header, "ElementByteOrderMSB")
    dtype = np.dtype(ELEMENT_TYPES[header["ElementType"]]).newbyteorder(">" if is_big else "<")
    content = _read_content(header, path, voxels_from, math.prod(shape) * dtype.itemsize)
    return np.frombuffer(content, dtype=dtype).reshape(shape[::-1])


def _read_content(header: _Header, path: Path, voxels_from: int, size: int) -> bytes:
    """Read, unpack and measure the bytes of the voxels."""
    name = header[LAST_KEY]
    if name == "LIST" or "%" in name:
        raise UnsupportedImageError(f"{path.name} spreads its voxels over several files; needed: one")
    source = path if name == "LOCAL" else path.parent / name.replace("\\", "/")
    if not source.is_file():
        raise InputError(f"{path.name} names {Path(name).name}, which is not beside it; needed: the file of voxels")
    with source.open("rb") as file:
        file.seek(voxels_from if name == "LOCAL" else _header_size(header, source, size))
        content = file.read()
    if _is_true(header, "CompressedData"):
        try:
            content = zlib.decompressobj().decompress(content, size + 1)
        except zlib.error as error:
            raise PixelError(f"{source.name} is damaged: its voxels can not be unpacked") from error
    if len(content) != size:
        raise PixelError(f"{source.name} holds {len(content)} bytes of voxels; needed: {size}, as {path.name} says")
    return content


def _header_size(header: _Header, source: Path, size: int) -> int:
    """Bytes to leave out at the start of a file of voxels; -1 stands for all but the last `size`."""
    skipped = header.get("HeaderSize", "0")
    if skipped == "-1":
        return max(0, source.stat().st_size - size)
    return int(skipped) if skipped.isdecimal() else 0


def _is_true(header: _Header, key: str) -> bool:
    return header.get(key, "False").lower() in {"true", "1"}
