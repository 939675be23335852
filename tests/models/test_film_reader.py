"""The embedded networks on simulated films: what they read, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vascal.aac.reading import FilmReading
from vascal.errors import FilmError, ModelError
from vascal.models import film_reader, runtime
from vascal.models.film_inputs import LEVEL_ROWS, MARGIN_ROWS, STRIP_ROWS
from vascal.models.film_reader import LearnedFilmReader, add_grades, grade_probabilities, mark_rows
from vascal.radiograph import Radiograph
from vascal.simulate.xray.study import SimulatedFilm, draw_film, simulate_film, simulate_frontal
from vascal.wall_levels import LEVELS, WALL_LEVELS, WALLS, grade_fraction

READER = LearnedFilmReader()


def as_radiograph(film: SimulatedFilm) -> Radiograph:
    return Radiograph(pixels=film.brightness, spacing_mm=film.spacing_mm)


@pytest.fixture(scope="module")
def film() -> SimulatedFilm:
    return simulate_film(draw_film(14, style="lumbar", total=13))


@pytest.fixture(scope="module")
def reading(film: SimulatedFilm) -> FilmReading:
    return READER.read_film(as_radiograph(film))


def test_a_film_is_read_about_right(film: SimulatedFilm, reading: FilmReading) -> None:
    assert reading.facing == film.facing
    assert abs(sum(wall.grade for wall in reading.walls) - sum(film.truth.visible_grades)) <= 4
    assert reading.lateral_probability > 0.5
    assert [(wall.level, wall.wall) for wall in reading.walls] == list(WALL_LEVELS)
    for value in range(2, 7):
        found, true = reading.vertebrae == value, film.masks["vertebrae"] == value
        assert 2 * np.count_nonzero(found & true) / (np.count_nonzero(found) + np.count_nonzero(true)) > 0.75


def test_borders_and_walls_lie_near_the_true_ones(film: SimulatedFilm, reading: FilmReading) -> None:
    apart = np.linalg.norm(reading.level_bounds[:, 0] - film.truth.level_bounds[:, 0], axis=1) * film.truth.pixel_mm
    assert apart.max() < 8
    for wall in WALLS:
        true = film.truth.walls[wall].points
        gaps = np.linalg.norm(reading.paths[wall].points[:, None] - true[None], axis=2).min(axis=1)
        assert float(np.median(gaps)) * film.truth.pixel_mm < 6


def test_probabilities_are_distributions(reading: FilmReading) -> None:
    for wall in reading.walls:
        assert sum(wall.probabilities) == pytest.approx(1, abs=1e-5)
        assert min(wall.probabilities) >= 0
    assert reading.total_probabilities.sum() == pytest.approx(1, abs=1e-6)


def test_a_wall_of_grade_0_has_no_mark(reading: FilmReading) -> None:
    silent = [wall for wall in reading.walls if wall.grade == 0]
    assert silent
    for wall in silent:
        rows = reading.paths[wall.wall].is_calcified.reshape(4, -1)
        assert wall.fraction == 0
        assert not rows[LEVELS.index(wall.level)].any()


def test_the_mirrored_film_gives_about_the_same(film: SimulatedFilm, reading: FilmReading) -> None:
    mirrored = Radiograph(pixels=np.ascontiguousarray(film.brightness[:, ::-1]), spacing_mm=film.spacing_mm)
    other = READER.read_film(mirrored)
    assert other.facing != reading.facing
    assert abs(sum(w.grade for w in other.walls) - sum(w.grade for w in reading.walls)) <= 4


def test_pixels_need_not_be_square(film: SimulatedFilm, reading: FilmReading) -> None:
    row, column = film.spacing_mm
    squeezed = Radiograph(pixels=np.ascontiguousarray(film.brightness[::2]), spacing_mm=(2 * row, column))
    other = READER.read_film(squeezed)
    assert other.vertebrae.shape == squeezed.pixels.shape
    assert np.abs(other.level_bounds[:, 0, 0] * 2 - reading.level_bounds[:, 0, 0]).max() < 12
    assert np.abs(other.level_bounds[:, 0, 1] - reading.level_bounds[:, 0, 1]).max() < 12


def test_finer_pixels_change_nothing_much(film: SimulatedFilm, reading: FilmReading) -> None:
    size = tuple(3 * side for side in reversed(film.brightness.shape))
    fine = np.asarray(Image.fromarray(film.brightness).resize(size, Image.Resampling.BICUBIC))
    row, column = film.spacing_mm
    other = READER.read_film(Radiograph(pixels=np.clip(fine, 0, 1), spacing_mm=(row / 3, column / 3)))
    assert other.vertebrae.shape == fine.shape
    for place in (other.level_bounds, other.paths["anterior"].points):
        assert np.isfinite(place).all()
    apart = (other.level_bounds[:, 0] + 0.5) / 3 - 0.5 - reading.level_bounds[:, 0]
    assert np.abs(apart).max() * row < 2
    assert abs(sum(w.grade for w in other.walls) - sum(w.grade for w in reading.walls)) <= 2


@pytest.mark.parametrize("seed", [1, 3])
def test_a_film_from_the_front_is_refused(seed: int) -> None:
    with pytest.raises(FilmError):
        READER.read_film(simulate_frontal(draw_film(seed, style="lumbar")))


@pytest.mark.parametrize("what", ["black", "noise", "slope", "lying", "head down", "upside down"])
def test_what_is_no_upright_lateral_film_is_refused(film: SimulatedFilm, what: str) -> None:
    shape = film.brightness.shape
    slope = np.broadcast_to(np.linspace(0, 1, shape[0], dtype=np.float32)[:, None], shape)
    pixels = {
        "black": np.zeros(shape, dtype=np.float32),
        "noise": np.random.default_rng(0).random(shape, dtype=np.float32),
        "slope": slope,
        "lying": np.rot90(film.brightness),
        "head down": film.brightness[::-1],
        "upside down": np.rot90(film.brightness, 2),
    }[what]
    with pytest.raises(FilmError):
        READER.read_film(Radiograph(pixels=np.ascontiguousarray(pixels), spacing_mm=film.spacing_mm))


def test_letters_over_the_aorta_are_told(film: SimulatedFilm) -> None:
    pixels = film.brightness.copy()
    rows, columns = np.rint(film.truth.walls["anterior"].points[150]).astype(int)
    pixels[rows - 25 : rows + 25, columns - 25 : columns + 25] = 1.0
    reading = READER.read_film(Radiograph(pixels=pixels, spacing_mm=film.spacing_mm))
    assert reading.obstacles.get("overlap", 0) > 0.02


def test_networks_of_another_make_are_refused_in_words(film: SimulatedFilm, monkeypatch: pytest.MonkeyPatch) -> None:
    known = runtime.load_network

    class Older:
        entry = known(film_reader.WALL_MODEL).entry

        def run(self, **_inputs: np.ndarray) -> tuple[np.ndarray, ...]:
            return (np.zeros(1), np.zeros(1), np.zeros(1))

    def load(name: str, folder: Path | None = None) -> object:
        return Older() if name == film_reader.WALL_MODEL else known(name, folder)

    monkeypatch.setattr(film_reader, "load_network", load)
    with pytest.raises(ModelError, match="gives 3 answers; needed: 4"):
        READER.read_film(as_radiograph(film))


@pytest.mark.parametrize("likely", [0, 10, 30, 64])
def test_what_is_drawn_has_the_grade_that_is_said(likely: int) -> None:
    rows = np.full((2, STRIP_ROWS), 0.1, dtype=np.float32)
    rows[:, MARGIN_ROWS + 5 : MARGIN_ROWS + 5 + 64 * 3 + likely] = 0.4
    for level in range(4):
        rows[:, MARGIN_ROWS + 64 * level : MARGIN_ROWS + 64 * level + likely] = 0.9
    grades = np.eye(4, dtype=np.float32)[[0, 1, 2, 3, 3, 2, 1, 0]]
    marks = mark_rows(rows, grades)
    shares = marks[:, MARGIN_ROWS:-MARGIN_ROWS].reshape(2, 4, LEVEL_ROWS).mean(axis=2)
    found = [grade_fraction(shares[WALLS.index(wall), LEVELS.index(level)]) for level, wall in WALL_LEVELS]
    assert found == [0, 1, 2, 3, 3, 2, 1, 0]
    # Likely rows come first, and where the grade allows it they are all there and nothing else.
    if likely == 30:
        assert marks[WALLS.index("anterior"), MARGIN_ROWS + 64 : MARGIN_ROWS + 64 + 30].all()
        assert shares[WALLS.index("anterior"), 1] == 30 / 64


def test_logits_of_steps_become_grades() -> None:
    steps = np.array([[-9, -9, -9], [9, -9, -9], [9, 9, -9], [9, 9, 9]] * 2, dtype=np.float32)
    found = grade_probabilities(steps)
    assert found.argmax(axis=1).tolist() == [0, 1, 2, 3] * 2
    assert np.allclose(found.sum(axis=1), 1)
    # A later step is never likelier than an earlier one.
    assert grade_probabilities(np.array([[-3, 3, 3]] * 8, dtype=np.float32)).min() >= 0


def test_totals_add_up() -> None:
    sure = np.zeros((8, 4), dtype=np.float32)
    sure[:, 3] = 1
    assert add_grades(sure).argmax() == 24
    half = np.full((8, 4), 0.25, dtype=np.float32)
    total = add_grades(half)
    assert total.sum() == pytest.approx(1)
    assert np.arange(25) @ total == pytest.approx(12)
