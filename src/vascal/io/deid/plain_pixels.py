"""The bytes of pixels: all of the picture, and nothing beside it.

A file that was cut short is not copied. What compressed pictures may carry beside the picture (comments, thumbnails,
bytes behind the end) is overwritten with zeros in its place, so that lengths and tables of offsets stay true and every
reader decodes the same picture.

References
----------
DICOM PS3.5 8.2, A.4 and annex G (RLE); ITU-T T.81 annex B (JPEG); T.87 annex C (JPEG-LS); T.800 annex A (JPEG 2000).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from pydicom.dataset import Dataset
from pydicom.uid import UID, RLELossless

from vascal.errors import UnsupportedImageError
from vascal.io.dicom_values import integer_of, text_of

CUT_SHORT = "is damaged: its pixels end too early or contradict the header"
NO_PIXELS = "is damaged: it has no pixels"
_BITS = MappingProxyType({"FloatPixelData": 32, "DoubleFloatPixelData": 64})
_ITEM, _END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_TABLES = ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")
_SCAN_END = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_SCAN_END_LS = re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]")
_SYNTAX = "1.2.840.10008.1.2.4."
_JPEG = frozenset(f"{_SYNTAX}{number}" for number in (50, 51, 53, 55, 57, 70))
_JPEG_LS = frozenset(f"{_SYNTAX}{number}" for number in (80, 81))
_JPEG_2000 = frozenset(f"{_SYNTAX}{number}" for number in (90, 91, 201, 202, 203))
Span = tuple[int, int]


def tidy_pixels(dataset: Dataset) -> None:
    """Make sure that a file holds its whole picture, and take away what lies beside it.

    Parameters
    ----------
    dataset
        Changed in place, only where something is to be taken away.

    Raises
    ------
    UnsupportedImageError
        If the picture is not whole, or compressed in a way that is not understood here.
    """
    held = [word for word in ("PixelData", *_BITS) if word in dataset]
    if len(held) != 1:
        raise UnsupportedImageError(NO_PIXELS if not held else CUT_SHORT)
    element = dataset[held[0]]
    stored = element.value if isinstance(element.value, bytes) else b""
    plain = plain_bytes(dataset, stored)
    if plain != stored:
        element.value = plain
    _tidy_tables(dataset, plain)


def plain_bytes(dataset: Dataset, stored: bytes) -> bytes:
    """Give stored pixels without what lies beside the picture; raises as `tidy_pixels` does."""
    meta = getattr(dataset, "file_meta", None)
    syntax = UID(str(meta.get("TransferSyntaxUID", ""))) if meta is not None else UID("")
    if syntax.is_transfer_syntax and syntax.is_encapsulated:
        return _plain_compressed(dataset, stored, syntax)
    needed = (_count_values(dataset) * _bits_of(dataset) + 7) // 8
    if "PixelData" in dataset and text_of(dataset, "PhotometricInterpretation").upper() == "YBR_FULL_422":
        needed = needed * 2 // 3
    if len(stored) < needed or needed == 0:
        raise UnsupportedImageError(CUT_SHORT)
    return stored if len(stored) == needed else stored[:needed] + bytes(needed % 2)


def _bits_of(dataset: Dataset) -> int:
    for word, bits in _BITS.items():
        if word in dataset:
            return bits
    return integer_of(dataset, "BitsAllocated") or 0


def _count_values(dataset: Dataset) -> int:
    return _count_frames(dataset) * _count_pixels(dataset) * (integer_of(dataset, "SamplesPerPixel") or 1)


def _count_frames(dataset: Dataset) -> int:
    return integer_of(dataset, "NumberOfFrames") or 1


def _count_pixels(dataset: Dataset) -> int:
    return (integer_of(dataset, "Rows") or 0) * (integer_of(dataset, "Columns") or 0)


def _plain_compressed(dataset: Dataset, stored: bytes, syntax: UID) -> bytes:
    """Tidy each frame; fragments keep their lengths."""
    tidy = _TIDY.get(str(syntax))
    if tidy is None:
        raise UnsupportedImageError("has pixels that are compressed in a way that is not looked into")
    table, *fragments = _items(stored) or [(0, 0)]
    plain = bytearray(stored)
    for spans in _frames(dataset, stored, table, fragments):
        frame = bytearray().join(stored[start:stop] for start, stop in spans)
        try:
            tidy(frame, _count_pixels(dataset))
        except IndexError as error:
            raise UnsupportedImageError(CUT_SHORT) from error
        for start, stop in spans:
            plain[start:stop], frame = frame[: stop - start], frame[stop - start :]
    return bytes(plain)


def _items(stored: bytes) -> list[Span]:
    """Give first and last+1 byte of what each item holds: the table of offsets, then fragments."""
    found, place = [], 0
    while place < len(stored) and stored[place : place + 4] != _END:
        start = place + 8
        place = start + int.from_bytes(stored[place + 4 : start], "little")
        if stored[start - 8 : start - 4] != _ITEM or place > len(stored):
            raise UnsupportedImageError(CUT_SHORT)
        found.append((start, place))
    return found


def _frames(dataset: Dataset, stored: bytes, table: Span, fragments: list[Span]) -> Iterator[list[Span]]:
    count = _count_frames(dataset)
    starts = [start - 8 - table[1] for start, _ in fragments]
    offsets = [int.from_bytes(stored[at : at + 4], "little") for at in range(*table, 4)]
    if not fragments or not (set(offsets) <= set(starts) and len(offsets) in (0, count)):
        raise UnsupportedImageError(CUT_SHORT)
    if count == 1:
        return iter([fragments])
    if len(fragments) == count:
        return iter([[one] for one in fragments])
    return _by_offsets(offsets, starts, fragments)


def _by_offsets(offsets: list[int], starts: list[int], fragments: list[Span]) -> Iterator[list[Span]]:
    if not offsets or offsets[0] != 0 or offsets != sorted(set(offsets)):
        raise UnsupportedImageError(CUT_SHORT)
    for first, last in zip(offsets, [*offsets[1:], starts[-1] + 1], strict=True):
        yield [one for start, one in zip(starts, fragments, strict=True) if first <= start < last]


def _tidy_tables(dataset: Dataset, stored: bytes) -> None:
    """Drop tables of offsets that are none: they may hold anything."""
    if not any(word in dataset for word in _TABLES):
        return
    meta = dataset.file_meta
    items = _items(stored) if UID(meta.TransferSyntaxUID).is_encapsulated else []
    lengths = [stop - start for start, stop in items[1:]]
    starts = [start - 8 - items[0][1] for start, _ in items[1:]]
    said = [dataset.get(word) for word in _TABLES]
    if len(lengths) != _count_frames(dataset) or said != [_to_longs(starts), _to_longs(lengths)]:
        for word in _TABLES:
            if word in dataset:
                del dataset[word]


def _to_longs(numbers: list[int]) -> bytes:
    return b"".join(number.to_bytes(8, "little") for number in numbers)


def _wipe(data: bytearray, start: int, stop: int) -> None:
    data[start:stop] = bytes(max(0, stop - start))


def _tidy_jpeg(data: bytearray, _: int) -> None:
    _tidy_marked(data, _SCAN_END)


def _tidy_jpeg_ls(data: bytearray, _: int) -> None:
    _tidy_marked(data, _SCAN_END_LS)


def _tidy_marked(data: bytearray, scan_end: re.Pattern[bytes]) -> None:
    """Walk through the segments of JPEG or JPEG-LS to the end of the image."""
    if data[:2] != b"\xff\xd8":
        raise UnsupportedImageError(CUT_SHORT)
    place = 2
    while True:
        marker, start = _next_marker(data, place)
        if marker == 0xD9:
            _wipe(data, start, len(data))
            return
        place = start + _length_at(data, start)
        _tidy_segment(data, marker, start + 2, place)
        if marker == 0xDA:
            found = scan_end.search(data, place)
            if found is None:
                raise UnsupportedImageError(CUT_SHORT)
            place = found.start()


def _next_marker(data: bytearray, place: int) -> tuple[int, int]:
    if data[place] != 0xFF:
        raise UnsupportedImageError(CUT_SHORT)
    while data[place] == 0xFF:  # fill bytes
        place += 1
    return data[place], place + 1


def _length_at(data: bytearray, place: int) -> int:
    length = int.from_bytes(data[place : place + 2], "big")
    if length < 2 or place + length > len(data):
        raise UnsupportedImageError(CUT_SHORT)
    return length


def _tidy_segment(data: bytearray, marker: int, start: int, stop: int) -> None:
    """Wipe comments and data of applications, but for the colour codes that decoders need."""
    if marker == 0xFE or 0xE0 <= marker <= 0xEF:
        _wipe(data, start + _count_needed(marker, bytes(data[start:stop])), stop)


def _count_needed(marker: int, body: bytes) -> int:
    if marker == 0xE0 and body.startswith(b"JFIF\0"):
        return 14  # a thumbnail would follow
    if marker == 0xEE and body.startswith(b"Adobe"):
        return 12
    return 5 if marker == 0xE8 and body.startswith(b"mrfx") else 0


def _tidy_jpeg_2000(data: bytearray, _: int) -> None:
    """Walk through main header and tile-parts; a file with boxes around the codestream is not taken."""
    if data[:2] != b"\xff\x4f":
        raise UnsupportedImageError("has JPEG 2000 pixels in a file of their own, which is not looked into")
    place, end = 2, len(data)
    while data[place : place + 2] != b"\xff\xd9":
        if place == len(data) == end:
            return  # encoders that leave the end out
        marker, start = bytes(data[place : place + 2]), place + 2
        if marker == b"\xff\x90":
            length = int.from_bytes(data[place + 6 : place + 10], "big")
            end = place + length if length else data.rfind(b"\xff\xd9")
        place = end if marker == b"\xff\x93" else start + _length_at(data, start)
        if marker == b"\xff\x64":
            _wipe(data, start + 4, place)
        if marker[:1] != b"\xff" or not start <= place <= len(data):
            raise UnsupportedImageError(CUT_SHORT)
    _wipe(data, place + 2, len(data))


def _tidy_rle(data: bytearray, pixels: int) -> None:
    """Wipe what follows the last run of each segment."""
    header = [int.from_bytes(data[at : at + 4], "little") for at in range(0, 64, 4)]
    count, starts = header[0], header[1 : header[0] + 1]
    if len(data) < 64 or not 1 <= count <= 15 or starts != sorted(starts) or starts[0] != 64:
        raise UnsupportedImageError(CUT_SHORT)
    _wipe(data, 4 + 4 * count, 64)
    for start, stop in zip(starts, [*starts[1:], len(data)], strict=True):
        _wipe(data, _end_of_runs(data, start, stop, pixels), stop)


def _end_of_runs(data: bytearray, place: int, stop: int, needed: int) -> int:
    while needed > 0 and place < stop:
        code = data[place]
        place += code + 2 if code < 128 else 2 if code > 128 else 1
        needed -= code + 1 if code < 128 else 257 - code if code > 128 else 0
    if needed != 0 or place > stop:  # decoders fall over runs that lead out of the picture
        raise UnsupportedImageError(CUT_SHORT)
    return place


_TIDY: Mapping[str, Callable[[bytearray, int], None]] = MappingProxyType(
    dict.fromkeys(_JPEG, _tidy_jpeg)
    | dict.fromkeys(_JPEG_LS, _tidy_jpeg_ls)
    | dict.fromkeys(_JPEG_2000, _tidy_jpeg_2000)
    | {str(RLELossless): _tidy_rle}
)
