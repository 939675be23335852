"""A picture is whole, and nothing but the picture goes out; readers decode the same pixels."""

from __future__ import annotations

import io

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    MPEG2MPML,
    UID,
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from tests.io.deid.make_named import SECRET, from_bytes, make_named, rules, to_bytes
from tests.io.make_ct import make_slice
from vascal.errors import UnsupportedImageError
from vascal.io.deid.one_file import clean_file

HIDDEN = f" {SECRET} ".encode()


def cleaned(content: bytes) -> pydicom.FileDataset:
    done = clean_file(content, rules()).content
    assert SECRET.encode() not in done
    return from_bytes(done)


def compressed(syntax: UID, fragments: list[bytes], *, bits: int = 8) -> Dataset:
    named = make_named()
    named.Rows = named.Columns = 16
    named.BitsAllocated = named.BitsStored = bits
    named.HighBit = bits - 1
    named.file_meta.TransferSyntaxUID = syntax
    named.PixelData = encapsulate(fragments)
    named["PixelData"].VR, named["PixelData"].is_undefined_length = "OB", True
    return named


def _picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(3).integers(0, 255, (16, 16), dtype=np.uint8))


def _jpeg(**options: object) -> bytes:
    buffer = io.BytesIO()
    _picture().save(buffer, "JPEG", **options)
    return buffer.getvalue() + bytes(len(buffer.getvalue()) % 2)


def _jpeg_2000() -> bytes:
    buffer = io.BytesIO()
    _picture().save(buffer, "JPEG2000", comment=HIDDEN, no_jp2=True)
    return buffer.getvalue()


@pytest.mark.parametrize("missing", [1, 50, 95])
def test_a_file_whose_pixels_are_cut_short_is_refused(missing: int) -> None:
    with pytest.raises(UnsupportedImageError, match="damaged"):
        clean_file(to_bytes(make_named())[:-missing], rules())


def test_a_file_without_pixels_is_refused() -> None:
    named = make_named()
    del named.PixelData
    with pytest.raises(UnsupportedImageError, match="has no pixels"):
        clean_file(to_bytes(named), rules())


def test_text_behind_the_last_pixel_goes() -> None:
    named = make_named()
    plain = named.PixelData
    named.PixelData = plain + HIDDEN + b" "
    assert cleaned(to_bytes(named)).PixelData == plain


def test_the_byte_that_makes_a_length_even_says_nothing() -> None:
    ds = make_slice(0, (0, 0, 0), pixels=np.zeros((3, 3), dtype=np.uint16))
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8, 8, 7
    ds.PixelData = bytes(range(9)) + b"Z"
    assert cleaned(to_bytes(ds)).PixelData == bytes(range(9)) + b"\0"


def test_comments_and_application_data_of_jpeg_are_wiped_and_the_picture_stays() -> None:
    stored = _jpeg(comment=HIDDEN, exif=b"Exif\0\0" + HIDDEN) + HIDDEN + b" "
    before = compressed(JPEGBaseline8Bit, [stored])
    after = cleaned(to_bytes(before))
    assert np.array_equal(after.pixel_array, from_bytes(to_bytes(before)).pixel_array)
    assert len(after.PixelData) == len(before.PixelData)


def test_comments_of_jpeg_2000_are_wiped_and_the_picture_stays() -> None:
    before = compressed(JPEG2000Lossless, [_jpeg_2000() + HIDDEN + b" "])
    assert np.array_equal(cleaned(to_bytes(before)).pixel_array, from_bytes(to_bytes(before)).pixel_array)


def test_a_further_fragment_that_is_no_picture_is_wiped() -> None:
    two = compressed(JPEGBaseline8Bit, [_jpeg(), HIDDEN + b" "])
    with pytest.raises(UnsupportedImageError):  # its table speaks of two frames, the header of one
        clean_file(to_bytes(two), rules())
    two.PixelData = encapsulate([_jpeg(), HIDDEN + b" "], has_bot=False)
    cleaned(to_bytes(two))


def test_comments_of_jpeg_ls_are_wiped_and_the_picture_stays() -> None:
    named = make_named()
    named.compress(JPEGLSLossless, generate_instance_uid=False)
    (stored,) = generate_frames(named.PixelData, number_of_frames=1)
    comment = b"\xff\xfe" + (len(HIDDEN) + 2).to_bytes(2, "big") + HIDDEN
    marked = stored[:2] + comment + stored[2:]
    named.PixelData = encapsulate([marked + bytes(len(marked) % 2)])
    assert np.array_equal(cleaned(to_bytes(named)).pixel_array, make_named().pixel_array)


def test_bytes_behind_the_runs_of_rle_are_wiped_and_the_picture_stays() -> None:
    named = make_named()
    named.compress(RLELossless, generate_instance_uid=False)
    (stored,) = generate_frames(named.PixelData, number_of_frames=1)
    named.PixelData = encapsulate([stored + HIDDEN + b" "])
    assert np.array_equal(cleaned(to_bytes(named)).pixel_array, make_named().pixel_array)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_clean_compressed_pixels_are_the_same_bytes(syntax: UID) -> None:
    named = make_named()
    named.compress(syntax, generate_instance_uid=False)
    assert cleaned(to_bytes(named)).PixelData == named.PixelData


@pytest.mark.parametrize(
    ("syntax", "stored"),
    [
        (JPEGBaseline8Bit, _jpeg()[:-40]),
        (JPEGBaseline8Bit, b"\xff\xd8\xff\xfe\xff\xff"),
        (JPEGBaseline8Bit, HIDDEN + b" "),
        (JPEG2000Lossless, _jpeg_2000()[:-40]),
        (JPEG2000Lossless, b"\0\0\0\x0cjP  "),
        (RLELossless, bytes(64)),
        (RLELossless, b"\x02\0\0\0\x40\0\0\0\x41\0\0\0".ljust(64, b"\0") + b"\0\0"),
        (RLELossless, b"\x01\0\0\0\x40\0\0\0".ljust(64, b"\0") + b"\x81\0\x82\0\xff\0"),
        (MPEG2MPML, b"\0\0"),
    ],
)
def test_compressed_pixels_that_are_cut_short_or_not_understood_are_refused(syntax: UID, stored: bytes) -> None:
    with pytest.raises(UnsupportedImageError):
        clean_file(to_bytes(compressed(syntax, [stored])), rules())


def test_a_table_of_offsets_that_is_none_goes() -> None:
    named = make_named()
    named.compress(RLELossless, generate_instance_uid=False)
    named.ExtendedOffsetTable = HIDDEN.ljust(16)
    assert "ExtendedOffsetTable" not in cleaned(to_bytes(named))
    (stored,) = generate_frames(named.PixelData, number_of_frames=1)
    named.ExtendedOffsetTable, named.ExtendedOffsetTableLengths = bytes(8), len(stored).to_bytes(8, "little")
    assert cleaned(to_bytes(named)).ExtendedOffsetTable == bytes(8)


def test_a_colour_profile_goes_since_it_holds_text_in_forms_of_its_own() -> None:
    named = make_named()
    named.ICCProfile = SECRET.encode("utf-16-be")
    assert "ICCProfile" not in cleaned(to_bytes(named))


def test_a_damaged_deflated_file_is_refused_and_a_whole_one_is_taken() -> None:
    named = make_named()
    named.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    content = to_bytes(named)
    assert cleaned(content).PixelData == named.PixelData
    with pytest.raises(UnsupportedImageError):
        clean_file(content[:-200], rules())


def test_an_end_in_the_middle_of_a_sequence_is_refused_as_other_damage_is() -> None:
    content = to_bytes(make_named())
    start = content.index(b"\x08\0\x40\x11SQ")
    for stop in range(start, start + 40):
        with pytest.raises(UnsupportedImageError):
            clean_file(content[:stop], rules())


def test_sequences_within_sequences_without_end_are_refused() -> None:
    open_item = b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff"
    with pytest.raises(UnsupportedImageError):
        clean_file(to_bytes(make_named()) + open_item * 3000, rules())
