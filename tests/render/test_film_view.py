"""What part of a film is shown, and where points land."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.aac.made_film import make_film, make_reading
from vascal.render.film_view import choose_film_view


def test_everything_that_is_marked_is_inside_the_picture() -> None:
    film, reading = make_film(), make_reading()
    view = choose_film_view(film, reading, (300, 400))
    for points in (reading.level_bounds, *(path.points for path in reading.paths.values())):
        placed = view.place(points)
        assert (placed >= 0).all()
        assert (placed <= view.size).all()


def test_the_picture_is_as_large_as_fits_and_true_to_millimetres() -> None:
    film = replace(make_film(), spacing_mm=(2.0, 1.0))
    view = choose_film_view(film, make_reading(), (300, 400))
    width, height = view.size
    assert width == 300 or height == 400
    assert width <= 300
    assert height <= 400
    assert width / (view.right - view.left) == pytest.approx(height / (2 * (view.bottom - view.top)), rel=0.02)


def test_a_mark_on_a_pixel_lies_on_that_pixel_in_the_picture() -> None:
    film, reading = make_film(), make_reading()
    spot = film.pixels * 0
    spot[80, 30] = 1
    view = choose_film_view(film, reading, (600, 800))
    drawn = np.asarray(view.picture(spot).convert("L")).astype(float)
    where = np.argwhere(drawn > 0.5 * drawn.max()).mean(axis=0)
    assert view.place(np.array([80.0, 30.0])) == pytest.approx(where[::-1] + 0.5, abs=1.0)
    assert view.mask(spot > 0).sum() > 0


def test_a_part_without_contrast_is_drawn_dark_and_not_divided_by_zero() -> None:
    film = make_film()
    view = choose_film_view(film, make_reading(), (60, 80))
    assert np.asarray(view.picture(film.pixels * 0)).max() == 0
