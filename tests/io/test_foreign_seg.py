"""Segmentations of calcium by other programs: which vessel, which voxels, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.sr._concepts_dict import concepts
from pydicom.sr._snomed_dict import mapping
from pydicom.uid import RLELossless

from tests.io.make_foreign_seg import (
    ABNORMAL_SRT,
    CALCIFICATION_SRT,
    TISSUE_SRT,
    ForeignFrame,
    ForeignSeg,
    ForeignSegment,
)
from vascal.errors import GridMismatchError, LabelError
from vascal.io.dicom_labels import list_other_vessels, read_segmentation
from vascal.io.dicom_segment_names import ARTERIES
from vascal.volume import Grid

GRID = Grid.even((4, 6, 8), (3.0, 0.5, 0.75), origin_mm=(-10.0, -20.0, 5.0))
BOX = np.zeros((6, 8), dtype=np.uint8)
BOX[1:3, 2:5] = 1
OTHER = np.zeros((6, 8), dtype=np.uint8)
OTHER[4:, :2] = 1


def seg(*segments: ForeignSegment, frames: list[ForeignFrame] | None = None, **more: object) -> ForeignSeg:
    shown = frames or [ForeignFrame(segment=n, slice_index=n - 1, pixels=BOX) for n in range(1, len(segments) + 1)]
    return ForeignSeg(grid=GRID, segments=segments, frames=shown, **more)  # type: ignore[arg-type]


LAYOUTS = {
    "dcmqi: artery as anatomic region, SRT": (
        ForeignSegment(
            label="Vascular calcification",
            category=ABNORMAL_SRT,
            kind=CALCIFICATION_SRT,
            region=("T-43110", "SRT", "Left anterior descending"),
        ),
        "LAD",
    ),
    "dcmqi: artery as type, SRT": (
        ForeignSegment(label="x", category=TISSUE_SRT, kind=("T-43200", "SRT", "Right coronary artery")),
        "RCA",
    ),
    "highdicom: primary anatomic structure, SCT": (
        ForeignSegment(label="x", structure=("57396003", "SCT", "Circumflex Coronary Artery")),
        "LCX",
    ),
    "a part of an artery": (
        ForeignSegment(label="x", region=("68787002", "SCT", "Proximal Left Anterior Descending Coronary Artery")),
        "LAD",
    ),
    "3D Slicer: a typed label": (ForeignSegment(label="LAD calcification"), "LAD"),
    "3D Slicer: left main, typed": (ForeignSegment(label="Left Main (plaque 2)"), "LM"),
    "TotalSegmentator: snake case": (ForeignSegment(label="right_coronary_artery"), "RCA"),
    "nnU-Net: a short name": (ForeignSegment(label="lcx_calc"), "LCX"),
    "a label of more than the vessel": (ForeignSegment(label="LAD stent"), "LAD stent"),
    "two vessels in a label": (ForeignSegment(label="LAD RCA"), "LAD RCA"),
    "no vessel": (ForeignSegment(label="Coronary calcium"), "Coronary calcium"),
    "a code of another scheme": (ForeignSegment(label="mine", kind=("59438005", "99MINE", "x")), "mine"),
}


@pytest.mark.parametrize(("segment", "name"), LAYOUTS.values(), ids=LAYOUTS)
def test_a_vessel_is_known_by_code_or_else_by_label(tmp_path: Path, segment: ForeignSegment, name: str) -> None:
    label_map = read_segmentation(seg(segment).save(tmp_path / "a.dcm"), GRID)
    assert dict(label_map.names) == {1: name}
    np.testing.assert_array_equal(label_map.labels[0], BOX)
    assert label_map.labels[1:].sum() == 0


def test_codes_of_arteries_are_those_of_the_standard() -> None:
    known: Any = concepts["SCT"]
    wanted = {
        "LM": r"left main|left coronary artery main stem",
        "LAD": r"left anterior descending|diagonal|anterior descending branch of left",
        "LCX": r"circumflex|\d\w\w marginal coronary|obtuse marginal branch",
        "RCA": r"right coronary artery",
    }
    for vessel, codes in ARTERIES.items():
        assert mapping["SCT"][codes[0]] == codes[1]
        for code in (codes[0], *codes[2:]):
            meanings = [one[code][0] for one in known.values() if code in one]
            assert meanings
            assert all(re.search(wanted[vessel], meaning, re.IGNORECASE) for meaning in meanings), (vessel, meanings)
    # DICOM says "Marginal Coronary Artery", SNOMED "marginal branch of right coronary artery": whose it is, is open.
    assert not any("22765000" in codes for codes in ARTERIES.values())


def test_one_segment_may_have_several_frames_on_a_slice(tmp_path: Path) -> None:
    frames = [ForeignFrame(segment=1, slice_index=2, pixels=one) for one in (BOX, OTHER, BOX)]
    label_map = read_segmentation(seg(ForeignSegment(label="LAD"), frames=frames).save(tmp_path / "a.dcm"), GRID)
    np.testing.assert_array_equal(label_map.labels[2], BOX | OTHER)


@given(
    first=st.tuples(st.integers(-3, 5), st.integers(-4, 7)),
    shape=st.tuples(st.integers(1, 9), st.integers(1, 11)),
    data=st.data(),
)
def test_frames_of_any_size_land_on_their_pixels(
    tmp_path_factory: pytest.TempPathFactory, first: tuple[int, int], shape: tuple[int, int], data: st.DataObject
) -> None:
    bits = data.draw(st.lists(st.booleans(), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    pixels = np.array(bits, dtype=np.uint8).reshape(shape)
    wanted = np.zeros((6, 8), dtype=np.uint8)
    leaves = False
    for row, column in np.argwhere(pixels):
        place = int(row) + first[0], int(column) + first[1]
        if 0 <= place[0] < 6 and 0 <= place[1] < 8:
            wanted[place] = 1
        else:
            leaves = True
    frame = ForeignFrame(segment=1, slice_index=1, pixels=pixels, first=first)
    path = seg(ForeignSegment(label="LAD"), frames=[frame]).save(tmp_path_factory.mktemp("a") / "a.dcm")
    if leaves:
        with pytest.raises(LabelError, match="outside the CT's slices"):
            read_segmentation(path, GRID)
    else:
        np.testing.assert_array_equal(read_segmentation(path, GRID).labels[1], wanted)


def test_frames_between_the_ct_s_pixels_are_refused(tmp_path: Path) -> None:
    moved = Grid.even((4, 6, 8), (3.0, 0.5, 0.75), origin_mm=(-9.7, -20.0, 5.0))
    with pytest.raises(GridMismatchError, match=r"0\.30 mm"):
        read_segmentation(seg(ForeignSegment(label="LAD")).save(tmp_path / "a.dcm"), moved)


def test_pixels_of_another_size_are_refused(tmp_path: Path) -> None:
    finer = Grid.even((4, 6, 8), (3.0, 0.25, 0.375), origin_mm=(-10.0, -20.0, 5.0))
    with pytest.raises(GridMismatchError, match=r"pixels of 0\.5 x 0\.75 mm on a CT of 0\.25 x 0\.375 mm"):
        read_segmentation(seg(ForeignSegment(label="LAD")).save(tmp_path / "a.dcm"), finer)


@pytest.mark.parametrize("top", [1, 100, 255])
def test_a_fractional_segmentation_of_none_and_all_is_taken(tmp_path: Path, top: int) -> None:
    frame = ForeignFrame(segment=1, slice_index=0, pixels=BOX * np.uint8(top))
    made = seg(ForeignSegment(label="LAD"), frames=[frame], kind="FRACTIONAL", top=top)
    np.testing.assert_array_equal(read_segmentation(made.save(tmp_path / "a.dcm"), GRID).labels[0], BOX)


def test_fractions_are_refused_with_their_number(tmp_path: Path) -> None:
    frame = ForeignFrame(segment=1, slice_index=0, pixels=BOX * np.uint8(128))
    made = seg(ForeignSegment(label="LAD"), frames=[frame], kind="FRACTIONAL")
    with pytest.raises(LabelError, match="6 pixels between 0 and 255"):
        read_segmentation(made.save(tmp_path / "a.dcm"), GRID)


def test_a_compressed_fractional_segmentation_is_read(tmp_path: Path) -> None:
    frames = [ForeignFrame(segment=1, slice_index=k, pixels=BOX * np.uint8(255)) for k in (0, 3)]
    path = seg(ForeignSegment(label="LAD"), frames=frames, kind="FRACTIONAL").save(tmp_path / "a.dcm")
    one = pydicom.dcmread(path)
    one.compress(RLELossless, generate_instance_uid=False)
    one.save_as(path)
    label_map = read_segmentation(path, GRID)
    np.testing.assert_array_equal(label_map.labels[[0, 3]], np.stack([BOX, BOX]))


def parts_and_sum(label: str, last: np.ndarray) -> ForeignSeg:
    """LAD and RCA on one slice, and a third segment."""
    frames = [
        ForeignFrame(segment=1, slice_index=1, pixels=BOX),
        ForeignFrame(segment=2, slice_index=1, pixels=OTHER),
        ForeignFrame(segment=3, slice_index=1, pixels=last),
    ]
    segments = [ForeignSegment(label=one) for one in ("LAD", "RCA", label)]
    return ForeignSeg(grid=GRID, segments=segments, frames=frames)


def test_a_segment_that_is_the_sum_of_the_others_is_left_out(tmp_path: Path) -> None:
    label_map = read_segmentation(parts_and_sum("Total calcium", BOX | OTHER).save(tmp_path / "a.dcm"), GRID)
    assert dict(label_map.names) == {1: "LAD", 2: "RCA"}
    np.testing.assert_array_equal(label_map.labels[1], BOX + 2 * OTHER)


def test_an_overlap_that_is_no_sum_is_refused(tmp_path: Path) -> None:
    nearly = (BOX | OTHER).copy()
    nearly[0, 7] = 1
    with pytest.raises(LabelError, match="share 10 voxels"):
        read_segmentation(parts_and_sum("Total calcium", nearly).save(tmp_path / "a.dcm"), GRID)


def test_a_vessel_is_never_taken_for_a_sum(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="share"):
        read_segmentation(parts_and_sum("LCX", BOX | OTHER).save(tmp_path / "a.dcm"), GRID)


def test_of_two_equal_segments_the_one_that_names_a_vessel_counts(tmp_path: Path) -> None:
    frames = [ForeignFrame(segment=n, slice_index=1, pixels=BOX) for n in (1, 2)]
    both = [ForeignSegment(label="calcium"), ForeignSegment(label="LAD")]
    label_map = read_segmentation(seg(*both, frames=frames).save(tmp_path / "a.dcm"), GRID)
    assert dict(label_map.names) == {2: "LAD"}
    nameless = [ForeignSegment(label="a"), ForeignSegment(label="b")]
    with pytest.raises(LabelError, match="share"):
        read_segmentation(seg(*nameless, frames=frames).save(tmp_path / "b.dcm"), GRID)


def test_given_names_choose_the_segments(tmp_path: Path) -> None:
    path = parts_and_sum("Total calcium", BOX | OTHER).save(tmp_path / "a.dcm")
    label_map = read_segmentation(path, GRID, {3: "unassigned"})
    assert dict(label_map.names) == {3: "unassigned"}
    np.testing.assert_array_equal(label_map.labels[1] == 3, (BOX | OTHER) == 1)


def test_a_frame_of_a_segment_that_is_not_described_keeps_its_number(tmp_path: Path) -> None:
    frames = [ForeignFrame(segment=7, slice_index=1, pixels=BOX)]
    label_map = read_segmentation(seg(ForeignSegment(label="LAD"), frames=frames).save(tmp_path / "a.dcm"), GRID)
    assert set(np.unique(label_map.labels)) == {0, 7}


@pytest.mark.parametrize("number", [0, 300])
def test_numbers_that_no_label_can_have_are_refused(tmp_path: Path, number: int) -> None:
    frames = [ForeignFrame(segment=number, slice_index=1, pixels=BOX)]
    with pytest.raises(LabelError, match=f"refers to segment {number}; needed: 1 to 255"):
        read_segmentation(seg(ForeignSegment(label="LAD"), frames=frames).save(tmp_path / "a.dcm"), GRID)


@pytest.mark.parametrize("segment", [
    ForeignSegment(label="RCA", kind=("59438005", "SCT", "Left anterior descending coronary artery")),
    ForeignSegment(label="RCA calcium", kind=CALCIFICATION_SRT, region=("T-43110", "SRT", "LAD")),
], ids=["type", "region"])  # fmt: skip
def test_codes_and_label_of_different_vessels_are_refused(tmp_path: Path, segment: ForeignSegment) -> None:
    """An editor that renames a segment may leave its codes, and one that changes codes its label."""
    path = seg(segment).save(tmp_path / "a.dcm")
    with pytest.raises(LabelError, match="segment 1 is labelled RCA and coded LAD; change both"):
        read_segmentation(path, GRID)


def test_two_segments_of_one_number_are_refused(tmp_path: Path) -> None:
    path = seg(ForeignSegment(label="LAD"), ForeignSegment(label="RCA")).save(tmp_path / "a.dcm")
    one = pydicom.dcmread(path)
    one.SegmentSequence[1].SegmentNumber = 1
    one.save_as(path)
    with pytest.raises(LabelError, match="two segments have number 1"):
        read_segmentation(path, GRID)


@pytest.mark.parametrize("segment", [
    ForeignSegment(label="Coronary calcium"),
    ForeignSegment(label="coronary_arteries"),
    ForeignSegment(label="mine", kind=CALCIFICATION_SRT, region=("T-43000", "SRT", "Coronary artery")),
    ForeignSegment(label="mine", kind=("41801008", "SCT", "Coronary artery")),
], ids=["words", "snake case", "region", "type"])  # fmt: skip
def test_coronary_calcium_of_no_named_vessel_is_known_as_such_and_bone_is_not(
    tmp_path: Path, segment: ForeignSegment
) -> None:
    path = seg(segment, ForeignSegment(label="bone")).save(tmp_path / "a.dcm")
    assert list_other_vessels(path) == {segment.label}
