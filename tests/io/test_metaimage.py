from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest

from tests.io.test_nifti import GRID, HU
from vascal.errors import (
    GantryTiltError,
    GridMismatchError,
    InputError,
    NotDicomError,
    OrientationError,
    PixelError,
    UnsupportedImageError,
    VascalError,
)
from vascal.io.labels import read_labels
from vascal.io.metaimage import read_metaimage
from vascal.io.oriented import StatedFacts
from vascal.io.reading import read_input, read_volume

HEADER = {
    "ObjectType": "Image",
    "NDims": "3",
    "BinaryData": "True",
    "BinaryDataByteOrderMSB": "False",
    "CompressedData": "False",
    "TransformMatrix": "1 0 0 0 1 0 0 0 1",
    "Offset": "-10 -20 30",
    "CenterOfRotation": "0 0 0",
    "AnatomicalOrientation": "RAI",
    "ElementSpacing": "0.75 0.5 2.5",
    "DimSize": "6 5 4",
    "ElementType": "MET_SHORT",
}
"""The lines that ITK writes, in its order."""


def write_mhd(path: Path, values: np.ndarray = HU, content: bytes | None = None, **changes: str | None) -> Path:
    """Write (slice, row, column) values as ITK does; a change to None takes a line away."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = " ".join(str(n) for n in values.shape[::-1])
    lines = {**HEADER, "DimSize": shape, **changes}
    lines.setdefault("ElementDataFile", path.with_suffix(".raw").name)
    text = "".join(f"{key} = {value}\n" for key, value in lines.items() if value is not None)
    raw = values.tobytes() if content is None else content
    if lines["ElementDataFile"] == "LOCAL":
        path.write_bytes(text.encode() + raw)
    else:
        path.write_text(text)
        path.with_suffix(".raw").write_bytes(raw)
    return path


def test_a_scan_of_itk_lies_where_its_header_says(tmp_path: Path) -> None:
    series, volume = read_metaimage(write_mhd(tmp_path / "case.mhd"), StatedFacts(kvp=120, is_gated=True))
    np.testing.assert_array_equal(volume.hu, HU)
    GRID.require_same(volume.grid)
    assert series.source_format == "metaimage"
    assert series.acquisition.kvp == 120
    assert series.acquisition.gating.is_gated


def test_the_reading_entry_takes_it_and_reads_it_again(tmp_path: Path) -> None:
    (study,) = read_input(write_mhd(tmp_path / "case.MHD"), kvp=100)
    assert study.series[0].acquisition.kvp == 100
    np.testing.assert_array_equal(read_volume(study.series[0]).hu, HU)


def test_voxels_may_be_compressed_within_the_header_file_or_big_endian(tmp_path: Path) -> None:
    packed = write_mhd(
        tmp_path / "a.mha", content=zlib.compress(HU.tobytes()), CompressedData="True", ElementDataFile="LOCAL"
    )
    swapped = write_mhd(tmp_path / "b.mhd", HU.astype(">i2"), BinaryDataByteOrderMSB="True")
    skipped = write_mhd(tmp_path / "c.mhd", content=b"12345" + HU.tobytes(), HeaderSize="5")
    at_end = write_mhd(tmp_path / "d.mhd", content=b"1234567" + HU.tobytes(), HeaderSize="-1")
    floats = write_mhd(tmp_path / "e.mhd", HU.astype("<f4"), ElementType="MET_FLOAT")
    for path in (packed, swapped, skipped, at_end, floats):
        np.testing.assert_array_equal(read_metaimage(path)[1].hu, HU)


def test_axes_that_run_otherwise_are_turned(tmp_path: Path) -> None:
    downwards = write_mhd(
        tmp_path / "d.mhd", HU[::-1].copy(), TransformMatrix="1 0 0 0 1 0 0 0 -1", Offset="-10 -20 37.5"
    )
    prone = write_mhd(
        tmp_path / "p.mhd", HU[:, ::-1, ::-1].copy(), TransformMatrix="-1 0 0 0 -1 0 0 0 1", Offset="-6.25 -18 30"
    )
    # Stored (y, z, x): the matrix lists the direction of each stored axis in turn.
    moved = write_mhd(
        tmp_path / "m.mhd",
        HU.transpose(2, 0, 1).copy(),
        TransformMatrix="0 1 0 0 0 1 1 0 0",
        ElementSpacing="0.5 2.5 0.75",
    )
    for path in (downwards, prone, moved):
        volume = read_metaimage(path)[1]
        np.testing.assert_array_equal(volume.hu, HU)
        GRID.require_same(volume.grid)


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"NDims": "2"}, UnsupportedImageError, "2 dimensions"),
        ({"ElementType": "MET_ASCII_CHAR"}, UnsupportedImageError, "MET_ASCII_CHAR"),
        ({"ElementNumberOfChannels": "3"}, UnsupportedImageError, "plain numbers"),
        ({"DimSize": "6 5 0"}, UnsupportedImageError, "6 5 0"),
        ({"DimSize": "60000 50000 40000"}, PixelError, "at most"),
        ({"ElementSpacing": None}, OrientationError, "ElementSpacing not given"),
        ({"Offset": "1 2"}, OrientationError, "needed: 3 numbers"),
        ({"Offset": "1 2 x"}, OrientationError, "needed: 3 numbers"),
        ({"TransformMatrix": "1 0 0 0.5 1 0 0 0 1"}, GantryTiltError, "sheared"),
        ({"ElementDataFile": "LIST"}, UnsupportedImageError, "several files"),
        ({"ElementDataFile": "absent.raw"}, InputError, "absent.raw, which is not beside it"),
        ({"CompressedData": "True"}, PixelError, "unpacked"),
        ({"DimSize": "6 5 5"}, PixelError, "needed: 300"),
    ],
)
def test_what_can_not_be_read_is_refused_and_named(
    tmp_path: Path, changes: dict[str, str | None], error: type[VascalError], told: str
) -> None:
    with pytest.raises(error, match=told):
        read_metaimage(write_mhd(tmp_path / "case.mhd", HU, None, **changes))


def test_other_files_are_no_metaimage(tmp_path: Path) -> None:
    (tmp_path / "x.mhd").write_text("hello")
    with pytest.raises(NotDicomError):
        read_metaimage(tmp_path / "x.mhd")
    (tmp_path / "y.mhd").write_text("NDims = 3\nElementDataFile\n")
    with pytest.raises(NotDicomError):
        read_metaimage(tmp_path / "y.mhd")
    with pytest.raises(InputError, match="no file"):
        read_metaimage(tmp_path / "absent.mhd")


def test_labels_lie_on_their_scan_or_are_refused(tmp_path: Path) -> None:
    labels = (HU % 3).astype(np.uint8)
    path = write_mhd(tmp_path / "labels.mhd", labels, ElementType="MET_UCHAR")
    label_map = read_labels(path, GRID, {1: "LAD", 2: "RCA"})
    np.testing.assert_array_equal(label_map.labels, labels)
    assert dict(label_map.names) == {1: "LAD", 2: "RCA"}
    with pytest.raises(GridMismatchError):
        read_labels(write_mhd(tmp_path / "moved.mhd", labels, ElementType="MET_UCHAR", Offset="-9 -20 30"), GRID)
