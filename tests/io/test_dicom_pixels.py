from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import UID

from tests.io.make_ct import make_slice, write_series, write_slice
from vascal.errors import PixelError
from vascal.io.dicom import PADDING_HU, read_study, read_volume
from vascal.io.dicom_files import FileRef
from vascal.io.dicom_header import image_source, read_headers
from vascal.io.dicom_pixels import decode_slice
from vascal.types import HuArray


def hu_of(folder: Path) -> HuArray:
    (series,) = read_study(folder).series
    return read_volume(series).hu


def slice_hu(path: Path) -> np.ndarray:
    """HU of one file, whatever its neighbours are."""
    with path.open("rb") as stream:
        (header,) = read_headers(stream, FileRef(path=path, subject=path.name, size_bytes=path.stat().st_size))
        return decode_slice(stream, image_source(header), (header.rows, header.columns))


SYNTAXES = {
    "RLE": "1.2.840.10008.1.2.5",
    "JPEG-LS": "1.2.840.10008.1.2.4.80",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
    "deflated": "1.2.840.10008.1.2.1.99",
    "implicit": "1.2.840.10008.1.2",
    "big endian": "1.2.840.10008.1.2.2",
}


@pytest.mark.parametrize("name", SYNTAXES)
@pytest.mark.parametrize("is_signed", [False, True])
def test_every_lossless_encoding_gives_the_same_pixels(tmp_path: Path, name: str, is_signed: bool) -> None:
    kind = np.int16 if is_signed else np.uint16
    low = -1000 if is_signed else 0
    pixels = np.random.default_rng(3).integers(low, low + 2000, (5, 40, 64)).astype(kind)

    def change(index: int, ds: Dataset) -> None:
        ds.PixelData = pixels[index].tobytes()
        ds["PixelData"].VR = "OW"
        syntax = SYNTAXES[name]
        if name == "big endian":
            ds.PixelData = pixels[index].astype(pixels.dtype.newbyteorder(">")).tobytes()
        if name in ("deflated", "implicit", "big endian"):
            ds.file_meta.TransferSyntaxUID = UID(syntax)
        else:
            ds.compress(syntax, generate_instance_uid=False)

    write_series(
        tmp_path, change=change, Rows=40, Columns=64, PixelRepresentation=int(is_signed), RescaleIntercept="-24"
    )
    np.testing.assert_array_equal(hu_of(tmp_path), pixels.astype(int) - 24)


@pytest.mark.parametrize(
    ("encoding", "most_apart"), [("RLE", 0), ("JPLL", 0), ("JLSL", 0), ("J2KR", 0), ("JLSN", 4), ("J2KI", 400)]
)
@pytest.mark.parametrize("number", [1, 2])
def test_real_slices_decode_alike_in_seven_encodings(
    shared_data: Path, number: int, encoding: str, most_apart: int
) -> None:
    folder = shared_data / "conformance" / "transfer-syntaxes"
    plain = slice_hu(folder / f"CT{number}_UNC").astype(int)
    coded = slice_hu(folder / f"CT{number}_{encoding}").astype(int)
    inside = (plain > -1000) & (coded > -1000)
    assert np.abs(plain - coded)[inside].max() <= most_apart
    if most_apart:
        assert np.abs(plain - coded)[inside].mean() < 30
    else:
        np.testing.assert_array_equal(plain, coded)


@pytest.mark.parametrize("name", ["CT_small.dcm", "J2K_pixelrep_mismatch.dcm", "693_J2KI.dcm"])
def test_pydicoms_own_files_decode_to_its_own_pixels(name: str) -> None:
    path = Path(str(get_testdata_file(name)))
    ds = dcmread(path)
    expected = ds.pixel_array * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
    if "PixelPaddingValue" in ds:
        expected[ds.pixel_array == ds.PixelPaddingValue] = PADDING_HU
    np.testing.assert_array_equal(slice_hu(path), expected)


def test_every_slice_has_its_own_rescale(tmp_path: Path) -> None:
    def change(index: int, ds: Dataset) -> None:
        ds.RescaleSlope, ds.RescaleIntercept = str(1 + index), str(-1000 - index)

    hu = hu_of(write_series(tmp_path, change=change))
    assert hu[:, 0, 1].tolist() == [(1 + k) * (100 * k + 1) - 1000 - k for k in range(5)]


def test_a_slope_that_is_not_whole_rounds_to_the_nearest(tmp_path: Path) -> None:
    hu = hu_of(write_series(tmp_path, RescaleSlope="0.7", RescaleIntercept="0"))
    assert hu[0, 0, :5].tolist() == [0, 1, 1, 2, 3]  # 0, 0.7, 1.4, 2.1, 2.8


def test_numbers_beyond_16_bits_are_clipped(tmp_path: Path) -> None:
    pixels = np.array([[0, 65535], [32768, 1]], dtype=np.uint16)
    hu = hu_of(write_series(tmp_path, pixels=pixels, BitsStored=16, HighBit=15, RescaleIntercept="0"))
    assert hu[0].tolist() == [[0, 32767], [32767, 1]]


@pytest.mark.parametrize("is_signed", [False, True])
def test_padding_becomes_air_before_the_rescale(tmp_path: Path, is_signed: bool) -> None:
    pixels = np.array([[63536, 63540], [1000, 63550]], dtype=np.uint16)
    ds = make_slice(0, (0, 0, 0), pixels=pixels, BitsStored=16, HighBit=15, PixelRepresentation=int(is_signed))
    value, limit = (-2000, -1996) if is_signed else (63536, 63540)
    ds.add_new("PixelPaddingValue", "SS" if is_signed else "US", value)
    ds.add_new("PixelPaddingRangeLimit", "SS" if is_signed else "US", limit)
    hu = slice_hu(write_slice(tmp_path, "a", ds))
    assert hu[0].tolist() == [PADDING_HU, PADDING_HU]
    assert hu[1, 0] == -24


def test_padding_written_with_the_wrong_sign_is_still_found(tmp_path: Path) -> None:
    pixels = np.array([[-2000, 5]], dtype=np.int16)
    ds = make_slice(0, (0, 0, 0), pixels=pixels, BitsStored=16, HighBit=15, PixelRepresentation=1)
    ds.add_new("PixelPaddingValue", "US", 63536)
    assert slice_hu(write_slice(tmp_path, "a", ds)).tolist() == [[PADDING_HU, -1019]]


@given(value=st.integers(-2048, 2047), junk=st.integers(0, 15))
def test_only_the_stored_bits_count_and_carry_their_sign(value: int, junk: int) -> None:
    from vascal.io.dicom_pixels import keep_stored_bits
    from vascal.study import StoredPixels

    word = np.array([[(value & 0xFFF) | (junk << 12)]], dtype=np.uint16)
    pixels = StoredPixels(bits_stored=12, high_bit=11, is_signed=True)
    assert keep_stored_bits(word.copy(), pixels)[0, 0] == value


def test_a_file_cut_after_its_header_was_read_is_a_pixel_error(tmp_path: Path) -> None:
    (series,) = read_study(write_series(tmp_path)).series
    path = series.images[2].path
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(PixelError, match=path.name):
        read_volume(series)


def test_compressed_pixels_that_are_cut_are_a_pixel_error(tmp_path: Path) -> None:
    (series,) = read_study(write_series(tmp_path, syntax="1.2.840.10008.1.2.5")).series
    path = series.images[2].path
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(PixelError, match=path.name):
        read_volume(series)


def test_a_file_that_is_gone_is_a_pixel_error(tmp_path: Path) -> None:
    (series,) = read_study(write_series(tmp_path)).series
    series.images[2].path.unlink()
    with pytest.raises(PixelError, match="can not be decoded"):
        read_volume(series)


def test_another_file_in_its_place_is_a_pixel_error(tmp_path: Path) -> None:
    (series,) = read_study(write_series(tmp_path)).series
    write_slice(tmp_path, series.images[2].path.name, make_slice(2, (0, 0, 6), ImageComments="x" * 500))
    with pytest.raises(PixelError, match="changed"):
        read_volume(series)
