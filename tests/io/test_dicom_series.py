from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from tests.io.make_ct import Change, write_series
from vascal.calcium.single_slice import SingleSlice
from vascal.io.dicom import read_study, read_volume
from vascal.io.dicom_stack import describe_unevenness
from vascal.study import Refusal, Study
from vascal.volume import OneSliceGrid


def only_refusal(study: Study) -> Refusal:
    assert study.series == ()
    (refusal,) = study.refusals
    return refusal


def test_a_missing_slice_is_refused_with_its_position(tmp_path: Path) -> None:
    refusal = only_refusal(read_study(write_series(tmp_path, [0, 3, 9, 12])))
    assert refusal.code == "missing-slice"
    assert refusal.subject == "1.2.3.2"
    assert "missing at 6.0 mm" in refusal.message


def test_a_slice_given_twice_is_refused_with_its_position(tmp_path: Path) -> None:
    refusal = only_refusal(read_study(write_series(tmp_path, [0, 3, 3, 6])))
    assert refusal.code == "missing-slice"
    assert "more than once at 3.0 mm" in refusal.message


def test_uneven_distances_are_refused_unless_accepted(tmp_path: Path) -> None:
    write_series(tmp_path, [0, 3, 6, 10, 13])
    assert "uneven after 6.0 mm" in only_refusal(read_study(tmp_path)).message
    (series,) = read_study(tmp_path, accept_uneven=True).series
    assert not series.grid.is_even
    assert series.grid.slice_positions_mm == (0, 3, 6, 10, 13)
    assert "uneven" in series.notes[0]


def test_a_slice_given_twice_is_refused_even_where_uneven_is_accepted(tmp_path: Path) -> None:
    write_series(tmp_path, [0, 3, 3, 6])
    assert only_refusal(read_study(tmp_path, accept_uneven=True)).code == "missing-slice"


@given(
    noise=st.lists(st.floats(-0.04, 0.04), min_size=4, max_size=40),
    spacing=st.sampled_from([0.5, 0.625, 1.5, 3.0, 5.0]),
)
def test_rounding_of_positions_is_no_reason_to_refuse(noise: list[float], spacing: float) -> None:
    positions = spacing * np.arange(len(noise)) + np.array(noise)
    assert describe_unevenness(positions) == ""


@given(count=st.integers(4, 60), spacing=st.sampled_from([0.4, 0.5, 1.5, 3.0, 5.0]), data=st.data())
def test_every_missing_inner_slice_is_seen(count: int, spacing: float, data: st.DataObject) -> None:
    gone = data.draw(st.integers(1, count - 2))
    positions = np.delete(spacing * np.arange(count), gone)
    assert describe_unevenness(positions) != ""


def test_accepted_rounding_does_not_reach_the_grid(tmp_path: Path) -> None:
    (series,) = read_study(write_series(tmp_path, [0, 0.6, 1.3, 1.9, 2.5])).series
    assert series.grid.is_even
    np.testing.assert_allclose(np.diff(series.grid.slice_positions_mm), 0.625)


def test_a_tilted_gantry_is_refused_by_geometry(tmp_path: Path) -> None:
    def shear(index: int, ds: Dataset) -> None:
        ds.ImagePositionPatient = [-10.0, -20.0 + 0.5 * index, 3.0 * index]

    refusal = only_refusal(read_study(write_series(tmp_path, change=shear)))
    assert refusal.code == "gantry-tilt"
    assert "9.5 degrees" in refusal.message


def test_a_tilt_only_the_header_tells_of_is_a_note(tmp_path: Path) -> None:
    (series,) = read_study(write_series(tmp_path, GantryDetectorTilt="12")).series
    assert any("12 degrees" in note for note in series.notes)


@pytest.mark.parametrize(
    ("orientation", "step"),
    [((1, 0, 0, 0, 0, -1), (0, 1, 0)), ((0, 1, 0, 0, 0, -1), (1, 0, 0)), ((0, 1, 0, -1, 0, 0), (0, 0, 1))],
)
def test_stacks_that_are_not_axial_are_refused(
    tmp_path: Path, orientation: tuple[float, ...], step: tuple[float, ...]
) -> None:
    def place(index: int, ds: Dataset) -> None:
        ds.ImagePositionPatient = [3.0 * index * one for one in step]

    study = read_study(write_series(tmp_path, change=place, orientation=orientation))
    assert only_refusal(study).code == "not-axial"


@pytest.mark.parametrize("orientation", [(-1, 0, 0, 0, -1, 0), (-1, 0, 0, 0, 1, 0), (1, 0, 0, 0, -1, 0)])
def test_stacks_flipped_in_their_plane_are_read_with_slices_to_the_head(
    tmp_path: Path, orientation: tuple[float, ...]
) -> None:
    (series,) = read_study(write_series(tmp_path, orientation=orientation)).series
    assert series.grid.slice_axis == (0, 0, 1)
    assert series.grid.column_axis == orientation[:3]
    assert series.grid.row_axis == orientation[3:]


def test_direction_cosines_agree_within_rounding(tmp_path: Path) -> None:
    def round_off(index: int, ds: Dataset) -> None:
        ds.ImageOrientationPatient = [1, 0.0004 * (index % 2), 0, 0, 0.9998, 0]

    assert len(read_study(write_series(tmp_path, change=round_off)).series) == 1


@pytest.mark.parametrize(
    ("attributes", "code", "words"),
    [
        ({"Modality": "MR"}, "unsupported-image", "modality MR"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "unsupported-image", "SOP class"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "unsupported-image", "localizer"),
        ({"ImageType": ["DERIVED", "SECONDARY", "AXIAL"]}, "unsupported-image", "secondary"),
        ({"ImageType": ["DERIVED", "PRIMARY", "MIP"]}, "unsupported-image", "projection"),
        ({"SamplesPerPixel": 3}, "pixels", "cut short"),
        ({"RescaleType": "Z_EFF"}, "unsupported-image", "not HU"),
        ({"RescaleSlope": None}, "pixels", "Rescale"),
        ({"RescaleIntercept": None}, "pixels", "Rescale"),
        ({"RescaleSlope": "0"}, "pixels", "Rescale"),
        ({"HighBit": 3}, "pixels", "contradicts"),
        ({"ImageOrientationPatient": None}, "geometry", "Orientation"),
        ({"PixelSpacing": None}, "geometry", "Pixel Spacing"),
        ({"PixelSpacing": [0.5, 0]}, "geometry", "Pixel Spacing"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "geometry", "right angle"),
        ({"Rows": 20000, "Columns": 20000}, "pixels", "20000"),
    ],
)
def test_what_can_not_be_scored_is_refused_with_its_reason(
    tmp_path: Path, attributes: dict[str, Any], code: str, words: str
) -> None:
    study = read_study(write_series(tmp_path, **attributes))
    assert study.series == ()
    assert {refusal.code for refusal in study.refusals} == {code}
    assert words in study.refusals[0].message


def test_one_slice_is_no_stack(tmp_path: Path) -> None:
    assert only_refusal(read_study(write_series(tmp_path, [0]))).code == "geometry"


def test_a_localizer_inside_the_series_is_set_aside(tmp_path: Path) -> None:
    def first(index: int, ds: Dataset) -> None:
        if index == 5:
            ds.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]

    study = read_study(write_series(tmp_path, [0, 3, 6, 9, 12, 100], change=first))
    assert study.series[0].grid.shape[0] == 5
    assert study.refusals[0].code == "unsupported-image"


def test_a_derived_primary_axial_reconstruction_is_read_with_a_note(tmp_path: Path) -> None:
    (series,) = read_study(write_series(tmp_path, ImageType=["DERIVED", "PRIMARY", "AXIAL"])).series
    assert "DERIVED" in series.notes[0]


def test_an_emptied_sop_class_leaves_the_modality_to_decide(tmp_path: Path) -> None:
    assert len(read_study(write_series(tmp_path, SOPClassUID="")).series) == 1


def test_two_frames_of_reference_in_a_series_are_refused(tmp_path: Path) -> None:
    def other(index: int, ds: Dataset) -> None:
        ds.FrameOfReferenceUID = f"1.2.{index % 2}"

    refusal = only_refusal(read_study(write_series(tmp_path, change=other)))
    assert "frames of reference" in refusal.message


def halves(keyword: str, values: tuple[object, object]) -> Change:
    def change(index: int, ds: Dataset) -> None:
        setattr(ds, keyword, values[index // 4])

    return change


TWICE = [0, 3, 6, 9, 0, 3, 6, 9]


@pytest.mark.parametrize(
    ("keyword", "values"),
    [
        ("AcquisitionNumber", (1, 2)),
        ("TemporalPositionIndex", (1, 2)),
        ("TriggerTime", ("400", "700")),
        ("NominalPercentageOfCardiacPhase", (40.0, 75.0)),
        ("ConvolutionKernel", ("B20f", "B60f")),
        ("KVP", ("80", "140")),
        ("PixelSpacing", ([0.5, 0.5], [0.7, 0.7])),
    ],
)
def test_repeats_of_a_region_become_series_of_their_own(
    tmp_path: Path, keyword: str, values: tuple[object, object]
) -> None:
    study = read_study(write_series(tmp_path, TWICE, change=halves(keyword, values)))
    assert [series.key for series in study.series] == ["1.2.3.2.a1", "1.2.3.2.a2"]
    assert [series.grid.shape[0] for series in study.series] == [4, 4]
    assert read_volume(study.series[0]).hu[0, 0, 0] == -1024
    assert read_volume(study.series[1]).hu[0, 0, 0] == -1024 + 400


def test_interleaved_repeats_are_told_apart(tmp_path: Path) -> None:
    heights = [0, 3, 6, 9, 1, 4, 7, 10]
    study = read_study(write_series(tmp_path, heights, change=halves("AcquisitionNumber", (1, 2))))
    assert [series.grid.slice_positions_mm for series in study.series] == [(0, 3, 6, 9), (1, 4, 7, 10)]


def test_table_steps_numbered_as_acquisitions_stay_one_stack(tmp_path: Path) -> None:
    heights = [0, 3, 6, 9, 12, 15, 18, 21]
    study = read_study(write_series(tmp_path, heights, change=halves("AcquisitionNumber", (1, 2))))
    assert study.series[0].key == "1.2.3.2"
    assert study.series[0].grid.shape[0] == 8


def test_table_steps_with_a_slice_missing_between_them_are_not_scored_as_two_hearts(tmp_path: Path) -> None:
    heights = [0, 3, 6, 9, 15, 18, 21, 24]
    study = read_study(write_series(tmp_path, heights, change=halves("AcquisitionNumber", (1, 2))))
    assert "missing at 12.0 mm" in only_refusal(study).message


def test_the_same_file_given_twice_is_used_once(tmp_path: Path) -> None:
    write_series(tmp_path / "one")
    write_series(tmp_path / "two")
    (series,) = read_study(tmp_path).series
    assert series.grid.shape[0] == 5
    assert "given twice" in series.notes[0]


def test_a_slice_alone_is_refused_and_told_of_the_option(tmp_path: Path) -> None:
    refusal = only_refusal(read_study(write_series(tmp_path, [7.0])))
    assert refusal.code == "geometry"
    assert "a stack needs at least 2" in refusal.message
    assert "--single-slice" in refusal.message


def test_a_slice_alone_is_read_where_asked_and_stands_for_its_thickness(tmp_path: Path) -> None:
    (series,) = read_study(write_series(tmp_path, [7.0], SliceThickness="2.5"), single_slice=SingleSlice()).series
    assert isinstance(series.grid, OneSliceGrid)
    assert (series.grid.shape, series.grid.slice_positions_mm) == ((1, 6, 8), (7.0,))
    assert series.grid.spacing_mm == (2.5, 0.5, 0.75)
    assert series.grid.index_to_mm(0, 2, 4) == (-7.0, -19.0, 7.0)
    assert series.notes == ()
    np.testing.assert_array_equal(read_volume(series).hu[0], np.arange(48).reshape(6, 8) - 1024)


def test_a_stack_is_read_the_same_where_single_slices_are_asked_for(tmp_path: Path) -> None:
    write_series(tmp_path)
    assert read_study(tmp_path, single_slice=SingleSlice()) == read_study(tmp_path)


def test_a_stated_thickness_replaces_the_one_of_the_header(tmp_path: Path) -> None:
    (series,) = read_study(write_series(tmp_path, [7.0]), single_slice=SingleSlice(thickness_mm=5.0)).series
    assert series.grid.spacing_between_slices_mm == 5.0


def test_a_slice_alone_without_thickness_is_refused_until_it_is_stated(tmp_path: Path) -> None:
    write_series(tmp_path, [7.0], SliceThickness=None)
    refusal = only_refusal(read_study(tmp_path, single_slice=SingleSlice()))
    assert refusal.code == "geometry"
    assert "--slice-thickness-mm" in refusal.message
    assert len(read_study(tmp_path, single_slice=SingleSlice(thickness_mm=2.5)).series) == 1


@pytest.mark.parametrize("thickness", ["0.1", "100"])
def test_a_thickness_no_ct_has_is_refused(tmp_path: Path, thickness: str) -> None:
    write_series(tmp_path, [7.0], SliceThickness=thickness)
    refusal = only_refusal(read_study(tmp_path, single_slice=SingleSlice()))
    assert refusal.code == "geometry"
    assert f"a slice of {thickness} mm" in refusal.message


def test_a_sagittal_slice_alone_stays_refused(tmp_path: Path) -> None:
    write_series(tmp_path, [7.0], orientation=(0, 1, 0, 0, 0, -1))
    assert only_refusal(read_study(tmp_path)).code == "geometry"
    assert only_refusal(read_study(tmp_path, single_slice=SingleSlice())).code == "not-axial"


def test_one_slice_says_nothing_of_a_tilt_in_its_header(tmp_path: Path) -> None:
    write_series(tmp_path, [7.0], GantryDetectorTilt="12")
    (series,) = read_study(tmp_path, single_slice=SingleSlice()).series
    assert series.notes == ("the header tells of a gantry tilt of 12 degrees; one slice can not show it",)
