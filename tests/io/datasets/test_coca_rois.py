from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.io.datasets.scans import LAD_ROI, RCA_ROI, make_labels, make_roi, make_volume, outline, write_xml
from vascal.errors import LabelError
from vascal.io.datasets.coca_rois import draw_rois, fill_outline, read_rois

LAD, LCX = "Left Anterior Descending Artery", "Left Circumflex Artery"
WITHOUT_MM: dict[str, Any] = {"Point_mm": []}


def draw(path: Path, rois: dict[int, list[dict[str, Any]]]) -> tuple[np.ndarray, tuple[str, ...]]:
    label_map, notes = draw_rois(read_rois(write_xml(path / "0.xml", rois)), make_volume())
    assert dict(label_map.names) == {1: "LM", 2: "LAD", 3: "LCX", 4: "RCA"}
    return label_map.labels, notes


def test_outlines_lie_on_their_calcium_and_carry_their_vessel(tmp_path: Path) -> None:
    labels, notes = draw(tmp_path, {1: [LAD_ROI], 3: [RCA_ROI]})
    np.testing.assert_array_equal(labels, make_labels())
    assert notes == ()


def test_millimetres_decide_whatever_order_the_index_counts_in(tmp_path: Path) -> None:
    labels, notes = draw(tmp_path, {0: [LAD_ROI], 4: [RCA_ROI]})
    np.testing.assert_array_equal(labels, make_labels())
    assert notes == ()


def test_without_millimetres_the_index_counts_from_the_feet(tmp_path: Path) -> None:
    labels, notes = draw(tmp_path, {1: [LAD_ROI | WITHOUT_MM], 3: [RCA_ROI | WITHOUT_MM]})
    np.testing.assert_array_equal(labels, make_labels())
    assert notes == ("slices of the outlines were found by ImageIndex from the feet",)


def test_the_stated_highest_hu_shows_an_index_that_counts_from_the_head(tmp_path: Path) -> None:
    moved = LAD_ROI | WITHOUT_MM
    labels, notes = draw(tmp_path, {3: [moved], 1: [RCA_ROI | WITHOUT_MM]})
    np.testing.assert_array_equal(labels, make_labels())
    assert notes == ("slices of the outlines were found by ImageIndex from the head",)


def test_millimetres_beside_all_slices_are_not_used(tmp_path: Path) -> None:
    away = {"Point_mm": ["(-8.5, -18.0, 99.0)"]}
    labels, notes = draw(tmp_path, {1: [LAD_ROI | away], 3: [RCA_ROI | away]})
    np.testing.assert_array_equal(labels, make_labels())
    assert notes == ("slices of the outlines were found by ImageIndex from the feet",)


def test_outlines_that_hold_something_else_than_stated_are_remarked(tmp_path: Path) -> None:
    _, notes = draw(tmp_path, {1: [LAD_ROI | {"Max": 999.0}], 3: [RCA_ROI | {"Max": 151.0}]})
    assert notes == ()
    _, notes = draw(tmp_path, {1: [LAD_ROI | {"Max": 999.0}], 3: [RCA_ROI | {"Max": 2000.0}]})
    assert notes == ("only 0 of 2 outlines hold the highest HU that their file states",)


def test_nothing_stated_is_nothing_to_remark(tmp_path: Path) -> None:
    small = make_roi(LAD, outline(2, 3, 1, 1), 1, None)
    labels, notes = draw(tmp_path, {1: [small]})
    assert np.flatnonzero(labels).tolist() == [12 * 16 + 3 * 16 + 2]
    assert notes == ()


def test_slices_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="none of the 5 slices"):
        draw(tmp_path, {7: [LAD_ROI | WITHOUT_MM]})


def test_the_first_of_two_outlines_keeps_what_both_hold(tmp_path: Path) -> None:
    other = make_roi(LCX, outline(4, 3, 4, 2), 1, 320.0)
    labels, notes = draw(tmp_path, {1: [LAD_ROI, other]})
    assert labels[1, 3, 2:8].tolist() == [2, 2, 2, 2, 3, 3]
    assert notes == ("4 voxels lie in the outlines of two vessels; the first keeps them",)


def test_outlines_without_points_and_files_without_outlines_are_no_calcium(tmp_path: Path) -> None:
    labels, notes = draw(tmp_path, {1: [LAD_ROI | {"Point_px": []}]})
    assert not labels.any()
    assert notes == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"Name": "Aorta"}, "called 'Aorta'"),
        ({"Point_px": ["(1, 2, 3)"]}, "needed: \\(x, y\\)"),
        ({"Point_px": ["(900, 2)"]}, "beyond the image"),
        ({"Name": None}, "no list of outlines"),
    ],
)
def test_outlines_that_can_not_be_drawn_are_refused(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    roi = {key: value for key, value in (LAD_ROI | change).items() if value is not None}
    with pytest.raises(LabelError, match=told):
        draw(tmp_path, {1: [roi]})


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<xml",
        "<?xml version='1.0'?><plist><dict/></plist>",
        "<?xml version='1.0' encoding='none'?><plist/>",
        "<?xml version='1.0'?><plist><key>Images</key></plist>",
    ],
)
def test_files_that_are_no_outlines_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "0.xml").write_text(content)
    with pytest.raises(LabelError, match=r"0\.xml is no list"):
        read_rois(tmp_path / "0.xml")


def test_the_centre_of_the_first_pixel_is_a_half() -> None:
    for corner, wanted in ((0.4, [0, 1]), (0.6, [1])):
        mask = fill_outline(np.array(outline(corner, corner, 1.5 + 0.4 - corner, 1.2)), (4, 4))
        assert np.flatnonzero(mask.any(axis=0)).tolist() == wanted


def test_what_lies_on_an_outline_lies_in_it() -> None:
    mask = fill_outline(np.array([(0.5, 0.5), (3.5, 0.5), (3.5, 2.5), (0.5, 2.5)]), (5, 5))
    np.testing.assert_array_equal(mask, np.pad(np.ones((3, 4), dtype=bool), ((0, 2), (0, 1))))


def test_an_outline_between_centres_marks_the_pixels_of_its_corners() -> None:
    mask = fill_outline(np.array([(2.6, 1.6), (2.9, 1.6), (2.9, 1.9)]), (4, 4))
    assert np.argwhere(mask).tolist() == [[1, 2]]
    assert np.argwhere(fill_outline(np.array([(3.2, 0.1)]), (4, 4))).tolist() == [[0, 3]]


def test_a_hollow_outline_leaves_its_bay_out() -> None:
    points = np.array([(0, 0), (5, 0), (5, 5), (4, 5), (4, 1), (1, 1), (1, 5), (0, 5)], dtype=float)
    mask = fill_outline(points, (5, 5))
    assert mask.sum() == 5 + 4 + 4


@given(
    x=st.integers(0, 10),
    y=st.integers(0, 8),
    width=st.integers(1, 5),
    height=st.integers(1, 3),
    turn=st.integers(0, 3),
    is_backward=st.booleans(),
)
def test_a_box_along_the_pixels_holds_its_pixels_wherever_it_starts(
    x: int, y: int, width: int, height: int, turn: int, is_backward: bool
) -> None:
    corners = np.roll(np.array(outline(x, y, width, height), dtype=float), turn, axis=0)
    mask = fill_outline(corners[::-1] if is_backward else corners, (12, 16))
    wanted = np.zeros((12, 16), dtype=bool)
    wanted[y : y + height, x : x + width] = True
    np.testing.assert_array_equal(mask, wanted)


corners = st.tuples(st.floats(1, 15), st.floats(1, 11))


@given(corners, corners, corners)
def test_a_triangle_holds_the_centres_on_the_inner_side_of_its_three_lines(
    a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]
) -> None:
    x, y = np.meshgrid(np.arange(16) + 0.5, np.arange(12) + 0.5)
    sides = np.array([(q[0] - p[0]) * (y - p[1]) - (q[1] - p[1]) * (x - p[0]) for p, q in ((a, b), (b, c), (c, a))])
    clear = np.asarray(np.abs(sides).min(axis=0) > 0.05)  # nearer to a line, an edge may hold the centre
    inside = np.asarray((sides > 0).all(axis=0) | (sides < 0).all(axis=0))
    mask = fill_outline(np.array([a, b, c]), (12, 16))
    if (inside & clear).any():
        np.testing.assert_array_equal(mask[clear], inside[clear])
