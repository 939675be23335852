"""NRRD scans and label maps, among them 3D Slicer's segmentations."""

from __future__ import annotations

import builtins
import gzip
import sys
from pathlib import Path
from typing import Any

import nrrd
import numpy as np
import pytest

from tests.io.test_nifti import GRID, HU
from vascal.errors import (
    GridMismatchError,
    InputError,
    LabelError,
    MissingExtraError,
    NotDicomError,
    OrientationError,
    PixelError,
    UnsupportedImageError,
)
from vascal.io.labels import read_labels
from vascal.io.nrrd_image import read_nrrd
from vascal.io.reading import read_input, read_volume
from vascal.volume import Grid

SCAN = HU.transpose(2, 1, 0)
DIRECTIONS = np.diag([0.75, 0.5, 2.5])
ORIGIN = np.array([-10.0, -20.0, 30.0])
SLICER = """NRRD0004
# Complete NRRD file format specification at:
# http://teem.sourceforge.net/nrrd/format.html
type: unsigned char
dimension: 3
space: left-posterior-superior
sizes: {sizes}
space directions: (0.75,0,0) (0,0.5,0) (0,0,2.5)
kinds: domain domain domain
encoding: gzip
space origin: ({origin})
Segment0_Color:=0.694118 0.988235 0.47451
Segment0_Extent:=0 1 0 2 0 0
Segment0_ID:=Segment_1
Segment0_LabelValue:=1
Segment0_Layer:=0
Segment0_Name:=LAD
Segment0_Tags:=Segmentation.Status:inprogress|TerminologyEntry:Segmentation category and type~SCT^85756007^Tissue|
Segment1_LabelValue:=2
Segment1_Layer:=0
Segment1_Name:=right coronary artery
Segmentation_ContainedRepresentationNames:=Binary labelmap|
Segmentation_ReferenceImageExtentOffset:=99 99 99
"""
"""As Slicer writes it; the offset points nowhere on purpose."""


def write_nrrd(path: Path, values: np.ndarray = SCAN, **header: Any) -> Path:
    """Write (column, row, slice) values by pynrrd."""
    fields = {
        "space": "left-posterior-superior",
        "space directions": DIRECTIONS,
        "space origin": ORIGIN,
        "encoding": "gzip",
        **header,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    nrrd.write(str(path), values, {key: value for key, value in fields.items() if value is not None})
    return path


def write_slicer(path: Path, part: np.ndarray, corner: tuple[int, int, int] = (1, 2, 3)) -> Path:
    """Write (slice, row, column) labels that begin at a voxel of GRID, as Slicer's own text."""
    origin = np.add(GRID.origin_mm, np.multiply(GRID.spacing_mm, corner)[::-1])
    sizes = " ".join(str(n) for n in part.shape[::-1])
    text = SLICER.format(sizes=sizes, origin=",".join(f"{x:g}" for x in origin))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() + b"\n" + gzip.compress(part.astype(np.uint8).tobytes()))
    return path


def slicer_segments(*segments: tuple[str, int, int]) -> dict[str, str]:
    """Header fields for segments of (name, layer, value)."""
    fields: dict[str, str] = {}
    for number, (name, layer, value) in enumerate(segments):
        fields |= {
            f"Segment{number}_Name": name,
            f"Segment{number}_Layer": str(layer),
            f"Segment{number}_LabelValue": str(value),
        }
    return fields


def test_a_scan_lies_where_its_header_says_in_lps_and_in_ras(tmp_path: Path) -> None:
    left = write_nrrd(tmp_path / "lps.nrrd")
    flip = np.diag([-1.0, -1.0, 1.0])
    right = write_nrrd(
        tmp_path / "ras.nrrd",
        **{"space": "right-anterior-superior", "space directions": DIRECTIONS @ flip, "space origin": flip @ ORIGIN},
    )
    for path in (left, right):
        (study,) = read_input(path, is_gated=True)
        volume = read_volume(study.series[0])
        np.testing.assert_array_equal(volume.hu, HU)
        GRID.require_same(volume.grid)
        assert study.series[0].source_format == "nrrd"
        assert study.series[0].acquisition.gating.is_gated


def test_a_cropped_segmentation_of_slicer_lands_on_its_voxels(tmp_path: Path) -> None:
    part = np.zeros((2, 2, 3), dtype=np.uint8)
    part[0, 0, 1], part[1, 1, 2] = 1, 2
    label_map = read_labels(write_slicer(tmp_path / "a.seg.nrrd", part), GRID)
    wanted = np.zeros(GRID.shape, dtype=np.uint8)
    wanted[1, 2, 4], wanted[2, 3, 5] = 1, 2
    np.testing.assert_array_equal(label_map.labels, wanted)
    assert dict(label_map.names) == {1: "LAD", 2: "right coronary artery"}
    assert dict(read_labels(tmp_path / "a.seg.nrrd", GRID, {1: "x", 2: "y"}).names) == {1: "x", 2: "y"}


def test_a_segmentation_of_one_slice_is_placed_too(tmp_path: Path) -> None:
    label_map = read_labels(write_slicer(tmp_path / "a.seg.nrrd", np.ones((1, 1, 2), dtype=np.uint8), (3, 4, 4)), GRID)
    assert np.flatnonzero(label_map.labels).tolist() == [118, 119]


def test_a_segmentation_may_reach_beyond_the_scan_where_nothing_is_drawn(tmp_path: Path) -> None:
    part = np.zeros((3, 7, 9), dtype=np.uint8)
    part[1, 2, 2] = 1
    label_map = read_labels(write_slicer(tmp_path / "a.seg.nrrd", part, (-1, -2, -1)), GRID)
    assert label_map.labels[0, 0, 1] == 1
    assert label_map.labels.sum() == 1
    part[0, 0, 0] = 1
    with pytest.raises(GridMismatchError, match="1 labelled voxels lie outside"):
        read_labels(write_slicer(tmp_path / "b.seg.nrrd", part, (-1, -2, -1)), GRID)
    far = write_slicer(tmp_path / "c.seg.nrrd", np.zeros((2, 2, 2), dtype=np.uint8), (50, 50, 50))
    assert not read_labels(far, GRID).labels.any()


def test_layers_are_joined_and_segments_of_one_name_are_one(tmp_path: Path) -> None:
    layers = np.zeros((2, *GRID.shape[::-1]), dtype=np.uint8)
    layers[0, 0, 0, 0], layers[1, 1, 0, 0], layers[1, 2, 0, 0] = 1, 1, 2
    space = np.vstack([np.full(3, np.nan), DIRECTIONS])
    fields = slicer_segments(("LAD", 0, 1), ("RCA", 1, 1), ("LAD", 1, 2))
    path = write_nrrd(tmp_path / "a.seg.nrrd", layers, **{"space directions": space}, **fields)
    label_map = read_labels(path, GRID)
    assert label_map.labels[0, 0, :4].tolist() == [1, 2, 1, 0]
    assert dict(label_map.names) == {1: "LAD", 2: "RCA"}
    layers[1, 0, 0, 0] = 1
    overlapping = write_nrrd(tmp_path / "b.seg.nrrd", layers, **{"space directions": space}, **fields)
    with pytest.raises(LabelError, match="share 1 voxels"):
        read_labels(overlapping, GRID)
    with pytest.raises(UnsupportedImageError, match="2 layers"):
        read_nrrd(overlapping)
    plain = write_nrrd(tmp_path / "plain.nrrd", layers, **{"space directions": space})
    with pytest.raises(LabelError, match="2 layers and no segments"):
        read_labels(plain, GRID)


def test_a_segmentation_in_which_nothing_is_drawn_is_empty(tmp_path: Path) -> None:
    label_map = read_labels(write_slicer(tmp_path / "a.seg.nrrd", np.zeros((1, 1, 1), dtype=np.uint8)), GRID)
    assert not label_map.labels.any()
    assert set(label_map.names.values()) == {"LAD", "right coronary artery"}


def test_a_detached_header_is_read_with_its_voxels(tmp_path: Path) -> None:
    volume = read_nrrd(write_nrrd(tmp_path / "case.nhdr"))[1]
    assert (tmp_path / "case.raw.gz").exists()
    np.testing.assert_array_equal(volume.hu, HU)


def test_a_plain_mask_has_the_usual_names(tmp_path: Path) -> None:
    labels = (HU % 3).astype(np.uint8)
    label_map = read_labels(write_nrrd(tmp_path / "mask.nrrd", labels.transpose(2, 1, 0)), GRID)
    np.testing.assert_array_equal(label_map.labels, labels)
    assert label_map.names[1] == "LM"


@pytest.mark.parametrize("value", [0.5, -1, 256])
def test_values_that_are_no_labels_are_refused(tmp_path: Path, value: float) -> None:
    path = write_nrrd(tmp_path / "mask.nrrd", np.full(GRID.shape[::-1], value, dtype=np.float32))
    with pytest.raises(LabelError):
        read_labels(path, GRID)


def test_labels_between_the_voxels_are_refused(tmp_path: Path) -> None:
    part = np.ones((2, 2, 2), dtype=np.uint8)
    path = write_slicer(tmp_path / "a.seg.nrrd", part)
    moved = Grid.even(GRID.shape, GRID.spacing_mm, origin_mm=(-10.3, -20.0, 30.0))
    with pytest.raises(GridMismatchError, match=r"0\.30 mm"):
        read_labels(path, moved)
    thinner = Grid.even((8, 5, 6), (1.25, 0.5, 0.75), origin_mm=GRID.origin_mm)
    with pytest.raises(GridMismatchError, match=r"mm from the CT"):
        read_labels(path, thinner)
    sheared = write_nrrd(tmp_path / "sheared.nrrd", **{"space directions": DIRECTIONS + 0.2 * np.eye(3, k=1)})
    with pytest.raises(GridMismatchError, match="sheared"):
        read_labels(sheared, GRID)


def test_headers_that_contradict_themselves_are_refused(tmp_path: Path) -> None:
    values = np.zeros(GRID.shape[::-1], dtype=np.uint8)
    with pytest.raises(LabelError, match="layer 3"):
        read_labels(write_nrrd(tmp_path / "a.seg.nrrd", values, **slicer_segments(("LAD", 3, 1))), GRID)
    fields = {**slicer_segments(("LAD", 0, 1)), "Segment0_LabelValue": "one"}
    with pytest.raises(LabelError, match="not a number"):
        read_labels(write_nrrd(tmp_path / "b.seg.nrrd", values, **fields), GRID)
    many = slicer_segments(*[(f"s{n}", 0, n) for n in range(256)])
    with pytest.raises(LabelError, match="256 segments"):
        read_labels(write_nrrd(tmp_path / "c.seg.nrrd", values, **many), GRID)


def test_files_without_a_place_or_a_third_dimension_are_refused(tmp_path: Path) -> None:
    bare: dict[str, Any] = {"space": None, "space directions": None, "space origin": None}
    with pytest.raises(OrientationError, match="not given"):
        read_nrrd(write_nrrd(tmp_path / "a.nrrd", **bare))
    with pytest.raises(OrientationError, match="scanner-xyz"):
        read_nrrd(write_nrrd(tmp_path / "b.nrrd", space="scanner-xyz"))
    flat = {"space directions": DIRECTIONS[:2]}
    with pytest.raises(UnsupportedImageError, match="three dimensions"):
        read_nrrd(write_nrrd(tmp_path / "c.nrrd", HU[0].T.copy(), **flat))


def test_damaged_absent_and_other_files_are_refused(tmp_path: Path) -> None:
    path = write_nrrd(tmp_path / "a.nrrd", encoding="raw")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(PixelError, match="cut short"):
        read_nrrd(path)
    text = write_nrrd(tmp_path / "c.nrrd").read_bytes()
    (tmp_path / "c.nrrd").write_bytes(text.replace(b"type: int16", b"type: int17"))
    with pytest.raises(PixelError):
        read_nrrd(tmp_path / "c.nrrd")
    (tmp_path / "b.nrrd").write_text("hello\n")
    with pytest.raises(NotDicomError):
        read_nrrd(tmp_path / "b.nrrd")
    with pytest.raises(InputError, match="no file"):
        read_nrrd(tmp_path / "absent.nrrd")


def test_what_to_install_is_said_where_the_reader_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_nrrd(tmp_path / "a.nrrd")
    original = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == "nrrd":
            raise ImportError(name)
        return original(name, *rest)

    monkeypatch.delitem(sys.modules, "nrrd")
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingExtraError, match=r"vascal\[data\]"):
        read_nrrd(path)
