"""Whole films: repeatable, marked, and true to what was asked for."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from vascal.errors import SimulationError
from vascal.simulate.xray.beam import Beam
from vascal.simulate.xray.exposure import Technique as Exposure
from vascal.simulate.xray.exposure import expose
from vascal.simulate.xray.habits import SHIFTED, TRAINING
from vascal.simulate.xray.scene import build_scene, sum_scene
from vascal.simulate.xray.study import FilmPlan, SimulatedFilm, draw_film, simulate_film
from vascal.wall_levels import LEVELS, WALL_LEVELS, WALLS, grade_fraction


@pytest.fixture(scope="module")
def film() -> SimulatedFilm:
    return simulate_film(draw_film(14, total=13))


def test_the_same_plan_gives_the_same_film(film: SimulatedFilm) -> None:
    again = simulate_film(draw_film(14, total=13))
    assert np.array_equal(film.stored, again.stored)
    assert film.truth_dict() == again.truth_dict()


def test_the_grades_are_those_that_were_asked_for(film: SimulatedFilm) -> None:
    assert sum(film.truth.grades) == 13
    assert all(visible <= true for visible, true in zip(film.truth.visible_grades, film.truth.grades, strict=True))


def test_fractions_and_grades_agree_with_the_calcified_points(film: SimulatedFilm) -> None:
    truth = film.truth
    for n, (level, wall) in enumerate(WALL_LEVELS):
        top, bottom = truth.cuts[LEVELS.index(level)], truth.cuts[LEVELS.index(level) + 1]
        share = truth.walls[wall].is_calcified[top:bottom].mean()
        assert share == pytest.approx(truth.fractions[n])
        assert grade_fraction(float(share)) == truth.grades[n]


def test_truth_can_be_written_as_json_and_says_that_it_is_simulated(film: SimulatedFilm) -> None:
    truth = json.loads(json.dumps(film.truth_dict()))
    assert truth["simulated"] is True
    assert truth["aac24"] == 13
    assert set(truth["levels"]) == set(LEVELS)
    assert set(truth["landmarks"]) == {"T12", "L1", "L2", "L3", "L4", "L5", "S1"}


def test_stored_values_fit_their_bits_and_brightness_undoes_inversion(film: SimulatedFilm) -> None:
    assert int(film.stored.max()) < 2**film.bits_stored
    inverted = replace(film, photometric="MONOCHROME1" if film.photometric == "MONOCHROME2" else "MONOCHROME2")
    assert np.allclose(film.brightness + inverted.brightness, 1.0)


def test_vertebrae_stand_in_order_and_the_aorta_lies_before_them(film: SimulatedFilm) -> None:
    rows = [film.truth.landmarks[name][0] for name in ("T12", "L1", "L2", "L3", "L4", "L5", "S1")]
    assert rows == sorted(rows)
    spine = np.mean([film.truth.landmarks[name][1] for name in LEVELS])
    columns = {wall: film.truth.walls[wall].points[:, 1].mean() for wall in WALLS}
    order = [columns["anterior"], columns["posterior"], spine]
    assert order == sorted(order, reverse=film.facing == "right")


def test_bodies_of_the_mask_lie_at_their_landmarks(film: SimulatedFilm) -> None:
    for value, name in enumerate(("T12", "L1", "L2", "L3", "L4", "L5", "S1"), start=1):
        inside = np.argwhere(film.masks["vertebrae"] == value)
        if len(inside) > 200:
            assert np.linalg.norm(inside.mean(axis=0) - film.truth.landmarks[name]) < 6 / film.truth.pixel_mm


def test_calcium_is_bright_where_the_truth_says_so() -> None:
    rng = np.random.default_rng(3)
    scene = build_scene(rng, TRAINING, 20)
    beam = Beam(focus_mm=1000, detector_mm=250, shape=(440, 240), pixel_mm=0.9, centre_mm=(0.0, 0.0))
    sums = sum_scene(scene, beam)
    added = sums.with_calcium[1] - sums.without_calcium[1]
    assert added.min() >= -1e-9
    inside = beam.project(scene.aorta.wall("anterior")[scene.calcium[0].is_calcified])
    rows, columns = np.rint(inside).astype(int).T
    seen = (rows > 2) & (rows < 437) & (columns > 4) & (columns < 235)
    near = np.max([added[rows[seen], columns[seen] + shift] for shift in range(-3, 4)], axis=0)
    assert np.mean(near > 0) > 0.95


def test_no_mass_is_lost_on_the_way_to_the_film() -> None:
    scene = build_scene(np.random.default_rng(5), TRAINING, 12)
    beam = Beam(focus_mm=1000, detector_mm=250, shape=(600, 600), pixel_mm=0.9, centre_mm=(0.0, 0.0))
    sums = sum_scene(scene, beam)
    area_cm2 = (beam.midline_pixel_mm / 10) ** 2
    found = float((sums.with_calcium[1] - sums.without_calcium[1]).sum()) * area_cm2
    assert found == pytest.approx(sum(float(part.mass_g.sum()) for part in scene.calcium), rel=1e-6)


def test_harder_beams_show_calcium_less() -> None:
    layers = np.zeros((3, 64, 64))
    layers[0] = 20.0
    plaque = layers.copy()
    plaque[1, 30:34, 30:34] = 0.1
    beam = Beam(focus_mm=1000, detector_mm=250, shape=(64, 64), pixel_mm=0.4, centre_mm=(0.0, 0.0))

    def contrast(kvp: float) -> float:
        technique = Exposure(kvp=kvp)
        ratio = expose(layers, beam, technique) / expose(plaque, beam, technique)
        return float(np.log(ratio)[31, 31])

    assert contrast(70) > contrast(85) > contrast(100) > 0


def test_the_shifted_set_shares_no_look_and_no_spectrum_with_training() -> None:
    assert not set(SHIFTED.looks) & set(TRAINING.looks)
    assert SHIFTED.kvp[0] >= TRAINING.kvp[1]
    assert not set(SHIFTED.vendors) & set(TRAINING.vendors)
    film = simulate_film(draw_film(3, style="lumbar", shifted=True))
    assert film.manufacturer in SHIFTED.vendors
    assert film.truth_dict()["is_shifted"] is True


@pytest.mark.parametrize(("seed", "total"), [(1, 0), (2, 24)])
def test_both_ends_of_the_scale_can_be_asked_for(seed: int, total: int) -> None:
    assert sum(simulate_film(draw_film(seed, style="dxa", total=total)).truth.grades) == total


def test_impossible_plans_are_refused() -> None:
    with pytest.raises(SimulationError, match="0 to 24"):
        draw_film(0, total=25)
    with pytest.raises(SimulationError, match="mri"):
        draw_film(0, style="mri")


def test_every_total_is_as_likely_unless_one_is_given() -> None:
    from vascal.simulate.xray.plaques import draw_grades

    rng = np.random.default_rng(0)
    totals = [int(draw_grades(rng).sum()) for _ in range(1500)]
    assert np.bincount(totals, minlength=25).min() > 30
    assert max(int(draw_grades(rng).max()) for _ in range(50)) <= 3


def test_plans_say_which_habits_they_are_drawn_from() -> None:
    assert FilmPlan(seed=1).habits is TRAINING
    assert FilmPlan(seed=1, is_shifted=True).habits is SHIFTED
