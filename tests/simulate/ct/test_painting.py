"""Painting: shapes have the volume of their formula, edges keep area, motion smears."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vascal.simulate.ct.body_map import BodyMap, make_body_map
from vascal.simulate.ct.painting import (
    SliceMotion,
    at_rest,
    distance_to,
    flatten,
    paint_slices,
    tissue_amounts,
    tissue_hu,
)
from vascal.simulate.ct.shapes import Ellipsoid, Part, Solid, Trunk, smooth_rows, solid, tube, turn
from vascal.simulate.ct.tissue import Tissue, bone, fat, soft
from vascal.volume import Grid

STRAIGHT = BodyMap(scale=(1.0, 1.0, 1.0), bend_mm=0.0, tiles=np.zeros((5, 32, 32, 32), dtype=np.float32))
GRID = Grid.even((24, 60, 60), (2.0, 1.0, 1.0), origin_mm=(-29.5, -29.5, -23.0))
PLAIN = soft(0.0, 0.0)


def paint(*parts: Part, body: BodyMap = STRAIGHT, grid: Grid = GRID) -> tuple[np.ndarray, np.ndarray]:
    scene = flatten(parts)
    planes, labels = paint_slices(scene, grid, 2.0, tissue_hu(scene, 1.3, 26.0), body=body, motion=at_rest(grid))
    return planes[0], labels


def volume_mm3(hu: np.ndarray) -> float:
    return float(np.sum((hu + 1000) / 1000) * 2.0)


def test_a_ball_has_the_volume_of_a_ball() -> None:
    hu, _ = paint(Part(solid=solid(Ellipsoid(centre=(0.3, -0.2, 0.1), semi_axes=(18, 18, 18))), layers=((0.0, PLAIN),)))
    assert volume_mm3(hu) == pytest.approx(4 / 3 * np.pi * 18**3, rel=0.01)


@given(angle=st.floats(0, 180), x=st.floats(-3, 3))
@settings(max_examples=15)
def test_turning_and_moving_an_ellipsoid_keeps_its_volume(angle: float, x: float) -> None:
    shape = Ellipsoid(centre=(x, 0.0, 0.0), semi_axes=(20, 9, 14), axes=turn((0.3, 0.2, 1.0), angle))
    hu, _ = paint(Part(solid=solid(shape), layers=((0.0, PLAIN),)))
    assert volume_mm3(hu) == pytest.approx(4 / 3 * np.pi * 20 * 9 * 14, rel=0.03)


def test_a_tube_has_the_volume_of_a_cylinder_between_its_ends() -> None:
    hu, _ = paint(Part(solid=solid(tube(((0, 0, -100, 8), (0, 0, 100, 8)))), layers=((0.0, PLAIN),)))
    assert volume_mm3(hu) == pytest.approx(np.pi * 64 * 48, rel=0.01)


def test_a_round_trunk_is_an_elliptic_cylinder() -> None:
    trunk = Trunk(knots=((-100, 20, 12, 0, 0), (100, 20, 12, 0, 0)), roundness=2.0)
    hu, _ = paint(Part(solid=solid(trunk), layers=((0.0, PLAIN),)))
    assert volume_mm3(hu) == pytest.approx(np.pi * 20 * 12 * 48, rel=0.02)


def test_layers_lie_inside_one_another_and_labels_only_where_they_may() -> None:
    ball = solid(Ellipsoid(centre=(0, 0, 0), semi_axes=(20, 20, 20)))
    other = solid(Ellipsoid(centre=(15, 0, 0), semi_axes=(12, 12, 12)))
    hu, labels = paint(
        Part(solid=ball, layers=((0.0, soft(50.0, 0.0)), (5.0, soft(-100.0, 0.0))), label=1),
        Part(solid=other, layers=((0.0, soft(200.0, 0.0)),), label=2, only_on=(1,)),
    )
    assert hu[11, 29, 29] == pytest.approx(-100, abs=1)
    assert hu[11, 29, 12] == pytest.approx(50, abs=1)
    assert not labels[:, :, 51:].any()
    assert set(np.unique(labels)) == {0, 1, 2}


def test_a_cut_takes_away_the_side_its_normal_points_to() -> None:
    half = Solid(shapes=(Ellipsoid(centre=(0, 0, 0), semi_axes=(18, 18, 18)),), cuts=((0.0, 1.0, 0.0, 0.0),))
    hu, _ = paint(Part(solid=half, layers=((0.0, PLAIN),)))
    assert volume_mm3(hu) == pytest.approx(2 / 3 * np.pi * 18**3, rel=0.02)
    assert np.all(hu[:, 31:] == -1000)


def test_a_membrane_bridges_what_a_plain_union_leaves_open() -> None:
    balls = tuple(Ellipsoid(centre=(x, 0, 0), semi_axes=(8, 8, 8)) for x in (-9.0, 9.0))
    middle = np.zeros((1, 3))
    assert distance_to(Solid(shapes=balls), middle)[0] > 0
    assert distance_to(Solid(shapes=balls, fillet_mm=30.0), middle)[0] < 0
    assert distance_to(Solid(shapes=balls, margin_mm=2.0), middle)[0] == pytest.approx(
        distance_to(Solid(shapes=balls), middle)[0] - 2.0
    )


def test_distances_are_exact_along_the_axes_of_an_ellipsoid_and_beside_a_tube() -> None:
    ball = solid(Ellipsoid(centre=(0, 0, 0), semi_axes=(10, 10, 10)))
    assert distance_to(ball, np.array([[0, 0, 12.0], [0, 7.0, 0]])) == pytest.approx([2, -3], abs=1e-4)
    pipe = solid(tube(((0, 0, -50, 4), (0, 0, 50, 4))))
    assert distance_to(pipe, np.array([[6.0, 0, 3.0], [0, 1.0, 0]])) == pytest.approx([2, -3], abs=1e-4)


def test_a_bent_body_keeps_about_its_volume_and_finds_its_points_again() -> None:
    body = make_body_map(np.random.default_rng(3), (1.0, 1.0, 1.0), 1.6)
    ball = solid(Ellipsoid(centre=(2, 1, 0), semi_axes=(16, 16, 16)))
    hu, _ = paint(Part(solid=ball, layers=((0.0, PLAIN),)), body=body)
    assert volume_mm3(hu) == pytest.approx(4 / 3 * np.pi * 16**3, rel=0.15)
    weight = hu + 1000
    rows, columns = np.arange(60) - 29.5, np.arange(60) - 29.5
    centre = (np.sum(weight.sum(axis=(0, 1)) * columns), np.sum(weight.sum(axis=(0, 2)) * rows)) / weight.sum()
    assert centre == pytest.approx(body.to_patient(np.array([[2.0, 1.0, 0.0]]))[0, :2], abs=0.5)


def test_a_scale_stretches_the_body() -> None:
    body = BodyMap(scale=(1.2, 1.0, 0.9), bend_mm=0.0, tiles=STRAIGHT.tiles)
    ball = solid(Ellipsoid(centre=(0, 0, 0), semi_axes=(16, 16, 16)))
    hu, _ = paint(Part(solid=ball, layers=((0.0, PLAIN),)), body=body)
    assert volume_mm3(hu) == pytest.approx(1.2 * 0.9 * 4 / 3 * np.pi * 16**3, rel=0.02)
    assert body.to_patient(np.array([[10.0, 10.0, 10.0]]))[0] == pytest.approx((12, 10, 9))


def test_what_beats_is_smeared_and_what_breathes_is_shifted() -> None:
    ball = Part(solid=solid(Ellipsoid(centre=(0, 0, 0), semi_axes=(10, 10, 10))), layers=((0.0, PLAIN),), beats=True)
    scene = flatten([ball])
    beat = np.zeros((24, 2, 3), dtype=np.float32)
    beat[:, 1, 0] = 6.0
    motion = SliceMotion(shift_mm=np.full((24, 3), (0, 4.0, 0), dtype=np.float32), beat_mm=beat)
    planes, _ = paint_slices(scene, GRID, 3.0, tissue_hu(scene, 1.3, 26.0), body=STRAIGHT, motion=motion)
    weight = planes[0] + 1000
    centre = np.sum(weight.sum(axis=(0, 1)) * (np.arange(60) - 29.5)) / weight.sum()
    assert centre == pytest.approx(3.0, abs=0.2)
    assert np.sum(weight.sum(axis=(0, 2)) * (np.arange(60) - 29.5)) / weight.sum() == pytest.approx(4.0, abs=0.2)


def test_three_amounts_give_the_ct_numbers_of_one_channel() -> None:
    parts = [
        Part(solid=solid(Ellipsoid(centre=(0, 0, 0), semi_axes=(20, 20, 20))), layers=((0.0, fat(-100.0, 0.0)),)),
        Part(solid=solid(Ellipsoid(centre=(3, 0, 0), semi_axes=(9, 9, 9))), layers=((0.0, bone(300.0, 0.0)),)),
        Part(
            solid=solid(Ellipsoid(centre=(-8, 0, 0), semi_axes=(5, 5, 5))),
            layers=((0.0, soft(40.0, 0.0).with_iodine(10)),),
        ),
    ]
    scene = flatten(parts)
    hu, _ = paint_slices(scene, GRID, 2.0, tissue_hu(scene, 1.7, 40.0), body=STRAIGHT, motion=at_rest(GRID))
    amounts, _ = paint_slices(scene, GRID, 2.0, tissue_amounts(scene), body=STRAIGHT, motion=at_rest(GRID))
    assert 1000 * (amounts[0] - 1) + 1.7 * amounts[1] + 40 * amounts[2] == pytest.approx(hu[0], abs=0.01)


def test_smooth_rows_go_through_every_row() -> None:
    rows = np.array([(0, 0, 0, 1.0), (10, 2, 3, 2.0), (15, 9, 1, 0.5)])
    fine = smooth_rows(rows, 5)
    assert fine[::5] == pytest.approx(rows)
    assert len(fine) == 11


def test_tissues_follow_the_tube_voltage() -> None:
    assert fat().hu(1.42, 26) == pytest.approx(-103, abs=1)
    assert fat().hu(1.93, 42) < fat().hu(1.42, 26) - 10
    assert bone(100).hu(1.93, 42) - bone(100).hu(1.42, 26) == pytest.approx(51)
    assert Tissue(water=1.0).with_iodine(10).hu(1.42, 26) == pytest.approx(260)
