"""Key images: the right slices first, a letter on every lesion, and the same picture however pixels are stored."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from tests.render.test_overlay import WIDE, scene
from vascal.calcium.lesions import Lesion
from vascal.render.key_figures import caption_panel, draw_panel
from vascal.render.key_images import IN_ALL, ON_FRONT, SIDE, KeyImages, KeyPanel, draw_key_images
from vascal.render.marks import Marks
from vascal.render.palette import REJECTED_COLOUR, VESSEL_COLOURS
from vascal.render.wording import letter_of
from vascal.volume import Grid, LabelMap, Volume


def letters(panel: KeyPanel) -> list[str]:
    return [mark.letter for mark in panel.lesions]


def many(count: int) -> tuple[Volume, Marks]:
    """As many lesions of 3 x 3 pixels, over eight slices."""
    grid = Grid.even((8, 400, 400), (3.0, 0.4, 0.4), origin_mm=(-80.0, -80.0, 0.0))
    hu = np.full(grid.shape, 40, dtype=np.int16)
    lesions = []
    for n in range(count):
        mask = np.zeros(grid.shape, dtype=bool)
        mask[n % 8, 60 + 23 * (n // 8) : 63 + 23 * (n // 8), 60 + 29 * (n % 9) : 63 + 29 * (n % 9)] = True
        hu[mask] = 600
        index = np.flatnonzero(mask)
        vessel = ("LM", "LAD", "LCX", "RCA")[n % 4]
        lesions.append(Lesion(id=n + 1, vessel=vessel, index=index, hu=hu.reshape(-1)[index]))
    return Volume(hu=hu, grid=grid), Marks(lesions=tuple(lesions))


def every_panel(images: KeyImages) -> tuple[KeyPanel, ...]:
    return (*images.front, images.overview, *images.more)


def test_every_lesion_is_on_a_slice_and_on_the_overview() -> None:
    volume, lesions = scene()
    images = draw_key_images(volume, Marks(lesions=lesions))
    assert [letters(panel) for panel in images.front] == [["B"], ["A"]]
    assert letters(images.overview) == ["A", "B"]
    assert images.more == ()
    assert [caption_panel(panel) for panel in images.front] == [
        "Slice 4 of 6, z 109.0 mm",
        "Slice 3 of 6, z 106.0 mm",
    ]


def test_with_forty_lesions_each_keeps_a_letter_of_its_own_and_all_are_on_the_overview() -> None:
    volume, marks = many(40)
    images = draw_key_images(volume, marks)
    assert len(images.front) == ON_FRONT
    assert len(images.front) + len(images.more) <= IN_ALL
    assert letters(images.overview) == [letter_of(n) for n in range(1, 41)]
    assert {letter for panel in (*images.front, *images.more) for letter in letters(panel)} == set(
        letters(images.overview)
    )
    for panel in every_panel(images):
        boxes = [mark.place.box for mark in panel.lesions]
        touching = sum(a.touches(b) for n, a in enumerate(boxes) for b in boxes[:n])
        assert touching == 0


def test_the_drawing_is_whole_svg_with_a_text_alternative_and_vessels_colours() -> None:
    volume, marks = many(6)
    panel = draw_key_images(volume, marks).overview
    root = ElementTree.fromstring(draw_panel(panel, str).replace(" href=", " link="))
    assert root.attrib["role"] == "img"
    assert "LM A, E; LAD B, F; LCX C; RCA D" in root.attrib["aria-label"]
    strokes = {path.attrib["stroke"] for path in root.iter("path")}
    assert set(VESSEL_COLOURS.values()) - {VESSEL_COLOURS["unassigned"]} <= strokes


def test_words_are_said_in_the_language_of_the_page_and_escaped() -> None:
    volume, lesions = scene()
    marks = Marks(lesions=lesions[:1], rejected=(("aortic wall", lesions[1].index),))
    panel = draw_key_images(volume, marks).front[0]
    beside = replace(panel, named=(("aortic wall", 10.0, 20.0),))
    assert "&lt;AORTIC WALL&gt;" in draw_panel(beside, lambda text: f"<{text.upper()}>")


def test_what_was_not_scored_is_dashed_and_named_once_unless_it_is_obvious() -> None:
    volume, lesions = scene()
    shifted = np.sort(lesions[0].index + 30)
    named = (("aortic wall", shifted), ("aortic wall", shifted[:1]), ("bone", np.sort(lesions[0].index - 30)))
    panel = draw_key_images(volume, Marks(lesions=lesions[:1], rejected=named)).front[0]
    assert [reason for reason, _, _ in panel.named] == ["aortic wall"]
    assert len(panel.rejected) == 3
    assert draw_panel(panel, str).count(f'stroke="{REJECTED_COLOUR}"') == 3


def flip_rows(volume: Volume) -> Volume:
    return Volume(hu=np.flip(volume.hu, 1).copy(), grid=replace(volume.grid, row_axis=(0.0, -1.0, 0.0)))


def flip_columns(volume: Volume) -> Volume:
    return Volume(hu=np.flip(volume.hu, 2).copy(), grid=replace(volume.grid, column_axis=(-1.0, 0.0, 0.0)))


@pytest.mark.parametrize(("axis", "flip"), [(1, flip_rows), (2, flip_columns)])
def test_a_volume_stored_the_other_way_round_looks_the_same(axis: int, flip: Callable[[Volume], Volume]) -> None:
    volume, lesions = scene()
    flipped = flip(volume)
    moved = []
    for lesion in lesions:
        mask = np.zeros(WIDE.shape, dtype=bool)
        mask.reshape(-1)[lesion.index] = True
        index = np.flatnonzero(np.flip(mask, axis))
        moved.append(replace(lesion, index=index, hu=flipped.hu.reshape(-1)[index]))
    one = every_panel(draw_key_images(volume, Marks(lesions=lesions)))
    two = every_panel(draw_key_images(flipped, Marks(lesions=tuple(moved))))
    for a, b in zip(one, two, strict=True):
        places = [[mark.place.box.middle for mark in panel.lesions] for panel in (a, b)]
        assert np.allclose(places[0], places[1])
        pixels = [np.asarray(Image.open(io.BytesIO(panel.jpeg))).astype(int) for panel in (a, b)]
        assert np.mean(np.abs(pixels[0] - pixels[1])) < 1.0


def test_outlines_lie_where_the_picture_is_bright() -> None:
    volume, lesions = scene()
    for panel in every_panel(draw_key_images(volume, Marks(lesions=lesions))):
        grey = np.asarray(Image.open(io.BytesIO(panel.jpeg))).astype(int)
        assert grey.shape == (SIDE, SIDE)
        rows, columns = np.nonzero(grey > 115)  # soft tissue is 87 on slices and 55 on the overview
        for mark in panel.lesions:
            x, y = (float(number) for number in re.findall(r"M([\d.]+) ([\d.]+)", mark.outline)[0])
            assert np.hypot(columns - x, rows - y).min() < 10


def test_no_lesions_and_no_heart_are_no_problem() -> None:
    volume, _ = scene()
    empty = LabelMap(labels=np.zeros(WIDE.shape, dtype=np.uint8), grid=WIDE, names={1: "heart"})
    for heart in (None, empty):
        images = draw_key_images(volume, Marks(lesions=(), heart=heart))
        assert len(images.front) == ON_FRONT
        assert images.has_heart == (heart is not None)
        assert "no lesions" in draw_panel(images.overview, str)


def test_the_same_input_gives_the_same_drawings() -> None:
    volume, marks = many(12)
    one, two = (every_panel(draw_key_images(volume, marks)) for _ in range(2))
    assert [draw_panel(panel, str) for panel in one] == [draw_panel(panel, str) for panel in two]
