"""The picture: outlines where the lesions are, whatever way the pixels are stored."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.report.make_report import make_report, make_volume
from vascal.calcium.candidates import find_candidates
from vascal.calcium.lesions import Lesion, find_lesions
from vascal.calcium.rule import AGATSTON_1990
from vascal.render.marks import Marks
from vascal.render.overlay import WIDTH, draw_overlay
from vascal.render.palette import VESSEL_COLOURS
from vascal.render.slices import choose_slices, choose_view, pixels_in_slice
from vascal.volume import Grid, LabelMap, Volume

WIDE = Grid.even((6, 400, 400), (3.0, 0.5, 0.5), origin_mm=(-100.0, -100.0, 100.0))


def scene() -> tuple[Volume, tuple[Lesion, ...]]:
    """Two plaques off the centre, so that a flip would show."""
    small, labels = make_volume()
    hu = np.full(WIDE.shape, 40, dtype=np.int16)
    marked = np.zeros(WIDE.shape, dtype=np.uint8)
    hu[:, 150:190, 210:250] = small.hu
    marked[:, 150:190, 210:250] = labels.labels
    volume = Volume(hu=hu, grid=WIDE)
    region = LabelMap(labels=marked, grid=WIDE, names=labels.names)
    return volume, find_lesions(find_candidates(volume, region, AGATSTON_1990), AGATSTON_1990)


def picture(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def near(image: np.ndarray, colour: str) -> int:
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return int(np.sum(np.abs(image - wanted).max(axis=-1) < 30))


def test_the_picture_has_its_width_and_both_vessels_colours() -> None:
    volume, lesions = scene()
    image = picture(draw_overlay(volume, make_report(), Marks(lesions=lesions)))
    assert image.shape[1] == WIDTH
    below_the_legend = image[140:-60]
    assert near(below_the_legend, VESSEL_COLOURS["LM"]) > 20
    assert near(below_the_legend, VESSEL_COLOURS["RCA"]) > 20
    assert near(below_the_legend, VESSEL_COLOURS["LAD"]) == 0


def test_the_same_input_gives_the_same_bytes() -> None:
    volume, lesions = scene()
    first = draw_overlay(volume, make_report(), Marks(lesions=lesions))
    assert first == draw_overlay(volume, make_report(), Marks(lesions=lesions))


@pytest.mark.parametrize("axis", [1, 2])
def test_a_volume_stored_the_other_way_round_looks_the_same(axis: int) -> None:
    volume, lesions = scene()
    turned = replace(WIDE, row_axis=(0.0, -1.0, 0.0)) if axis == 1 else replace(WIDE, column_axis=(-1.0, 0.0, 0.0))
    flipped = Volume(hu=np.flip(volume.hu, axis).copy(), grid=turned)
    moved = []
    for lesion in lesions:
        mask = np.zeros(WIDE.shape, dtype=bool)
        mask.reshape(-1)[lesion.index] = True
        index = np.flatnonzero(np.flip(mask, axis))
        moved.append(replace(lesion, index=index, hu=flipped.hu.reshape(-1)[index]))
    one = picture(draw_overlay(volume, make_report(), Marks(lesions=lesions)))
    two = picture(draw_overlay(flipped, make_report(), Marks(lesions=tuple(moved))))
    assert np.mean(np.abs(one - two)) < 0.5


def test_without_lesions_slices_of_the_heart_are_shown() -> None:
    volume, _ = scene()
    labels = np.zeros(WIDE.shape, dtype=np.uint8)
    labels[2:5, 100:300, 100:300] = 1
    heart = LabelMap(labels=labels, grid=WIDE, names={1: "heart"})
    assert set(choose_slices(WIDE, (), heart, 8)) <= {2, 3, 4}
    assert picture(draw_overlay(volume, make_report(), Marks(lesions=(), heart=heart))).shape[1] == WIDTH


def test_every_lesion_is_shown_while_there_is_room() -> None:
    volume, lesions = scene()
    assert choose_slices(volume.grid, lesions, None, 8) == [3, 2]
    assert choose_slices(volume.grid, lesions, None, 1) == [2]


def test_a_tiny_image_and_a_heart_that_is_not_there_are_no_problem() -> None:
    grid = Grid.even((2, 32, 24), (5.0, 0.7, 0.9))
    volume = Volume(hu=np.zeros(grid.shape, dtype=np.int16), grid=grid)
    heart = LabelMap(labels=np.zeros(grid.shape, dtype=np.uint8), grid=grid, names={1: "heart"})
    assert picture(draw_overlay(volume, make_report(), Marks(lesions=(), heart=heart))).shape[1] == WIDTH


def test_rejected_candidates_are_outlined_in_grey() -> None:
    volume, lesions = scene()
    marks = Marks(lesions=lesions[:1], rejected=(("aortic wall", lesions[1].index),))
    image = picture(draw_overlay(volume, make_report(), marks))
    assert near(image[140:-60], VESSEL_COLOURS["RCA"]) == 0


def test_the_view_holds_all_lesions_and_stays_inside_the_image() -> None:
    volume, lesions = scene()
    view = choose_view(volume.grid, lesions, None)
    assert view.side_mm == pytest.approx(120.0)
    assert 0 <= view.top <= 400 - 240
    assert 0 <= view.left <= 400 - 240


def test_pixels_of_a_component_are_told_slice_by_slice() -> None:
    index = np.array([0, 5, 16], dtype=np.int64)
    first = pixels_in_slice(index, (2, 4, 4), 0)
    assert first is not None
    assert np.argwhere(first).tolist() == [[0, 0], [1, 1]]
    assert pixels_in_slice(index[:2], (2, 4, 4), 1) is None
