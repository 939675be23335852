"""The picture of a film: both parts, and marks beside the wall, not on it."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageColor

from tests.aac.made_film import make_aac_report, make_film, make_paths, make_reading
from vascal.aac.reading import FilmReading
from vascal.render import film_overlay
from vascal.render.film_overlay import draw_film_overlay
from vascal.render.palette import WALL_COLOURS


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film_overlay, "PANEL_HEIGHT", 400)


def drawn(reading: FilmReading | None = None) -> Image.Image:
    film, reading = make_film(), reading or make_reading()
    return Image.open(io.BytesIO(draw_film_overlay(film, reading, make_aac_report(film, reading)))).convert("RGB")


def close_to(picture: Image.Image, colour: str) -> np.ndarray:
    difference = np.asarray(picture).astype(int) - np.array(ImageColor.getrgb(colour))
    found: np.ndarray = np.abs(difference).max(axis=-1) < 12
    return found


def test_the_left_half_is_the_plain_film_and_the_right_half_the_marked_one() -> None:
    picture = drawn()
    assert picture.width == 1600
    below = np.asarray(picture)[film_overlay.HEADER : -film_overlay.FOOTER]
    left, right = below[:, :800], below[:, 800:]
    for wall in WALL_COLOURS:
        assert close_to(Image.fromarray(np.ascontiguousarray(right)), WALL_COLOURS[wall]).sum() > 200
        assert close_to(Image.fromarray(np.ascontiguousarray(left)), WALL_COLOURS[wall]).sum() == 0


def test_more_calcium_gives_more_of_its_colour_and_none_gives_lines_only() -> None:
    def thick(share: float) -> int:
        reading = replace(make_reading(), paths=make_paths(160, (share,) * 8))
        return int(close_to(drawn(reading).crop((800, film_overlay.HEADER, 1600, 500)), WALL_COLOURS["anterior"]).sum())

    assert thick(0.0) < thick(0.3) < thick(0.9)


def test_the_mark_lies_in_front_of_the_anterior_and_behind_the_posterior_wall() -> None:
    whole = replace(make_reading(), paths=make_paths(160, (1.0,) * 8))
    right = drawn(whole).crop((800, film_overlay.HEADER + 60, 1600, film_overlay.HEADER + 340))
    columns = {wall: np.argwhere(close_to(right, WALL_COLOURS[wall]))[:, 1].mean() for wall in WALL_COLOURS}
    # The patient looks to the left; the walls themselves lie 0.05 of the rows apart.
    assert columns["anterior"] < columns["posterior"]
    apart = 0.05 * 160 * 400 / 110
    assert columns["posterior"] - columns["anterior"] > apart


def test_a_film_that_must_not_be_quoted_says_so_in_the_picture() -> None:
    grave, fair = drawn(make_reading(lateral_probability=0.1)), drawn()
    header = (0, 0, 800, 70)
    assert close_to(grave.crop(header), film_overlay.ALARM).any()
    assert not close_to(fair.crop(header), film_overlay.ALARM).any()


def test_a_film_without_outlines_and_with_one_calcified_point_is_drawn() -> None:
    reading = make_reading()
    path = reading.paths["anterior"]
    lone = np.zeros_like(path.is_calcified)
    lone[100] = True
    paths = {**reading.paths, "anterior": replace(path, is_calcified=lone)}
    bare = replace(reading, paths=paths, vertebrae=np.zeros_like(reading.vertebrae))
    assert drawn(bare).width == 1600
