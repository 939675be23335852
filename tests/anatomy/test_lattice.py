"""Even grids over a scan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from vascal.anatomy.lattice import AIR_HU, Lattice, interpolate, interpolate_hu, look_up, sample_lattice
from vascal.volume import Grid, Volume


def ramp(shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> Volume:
    """CT numbers that rise by 1 HU a mm along rows and 2 HU a mm along slices."""
    k, i, _ = np.indices(shape)
    hu = 2 * k * spacing[0] + i * spacing[1]
    return Volume(hu=np.round(hu).astype(np.int16), grid=Grid.even(shape, spacing))


def test_a_ramp_keeps_its_values_at_the_points_of_the_lattice() -> None:
    volume = ramp((20, 60, 60), (3.0, 0.5, 0.5))
    lattice = Lattice(corner_mm=(9.0, 6.0, 6.0), spacing_mm=1.5, shape=(10, 8, 8))
    found = sample_lattice(volume, lattice)
    k, i, _ = np.indices(lattice.shape)
    assert found == pytest.approx(2 * (9 + 1.5 * k) + 6 + 1.5 * i, abs=0.6)


def test_what_lies_outside_the_scan_is_air() -> None:
    volume = ramp((4, 10, 10), (3.0, 1.0, 1.0))
    lattice = Lattice(corner_mm=(-30.0, 0.0, 0.0), spacing_mm=3.0, shape=(3, 3, 3))
    assert np.all(sample_lattice(volume, lattice) == AIR_HU)


def test_averaging_keeps_the_sum_of_a_fine_scan() -> None:
    rng = np.random.default_rng(0)
    hu = rng.normal(50, 200, (12, 40, 40)).astype(np.int16)
    volume = Volume(hu=hu, grid=Grid.even(hu.shape, (0.5, 0.5, 0.5)))
    lattice = Lattice(corner_mm=(0.25, 0.25, 0.25), spacing_mm=1.0, shape=(6, 20, 20))
    whole = hu.reshape(6, 2, 20, 2, 20, 2).mean(axis=(1, 3, 5))
    assert sample_lattice(volume, lattice) == pytest.approx(whole, abs=0.01)


@given(st.booleans(), st.booleans())
def test_rows_and_columns_may_run_either_way(flip_rows: bool, flip_columns: bool) -> None:
    volume = ramp((6, 24, 24), (2.0, 1.0, 1.0))
    turn = (slice(None), slice(None, None, -1 if flip_rows else 1), slice(None, None, -1 if flip_columns else 1))
    grid = replace(
        volume.grid,
        row_axis=(0.0, -1.0, 0.0) if flip_rows else (0.0, 1.0, 0.0),
        column_axis=(-1.0, 0.0, 0.0) if flip_columns else (1.0, 0.0, 0.0),
    )
    turned = Volume(hu=np.ascontiguousarray(volume.hu[turn]), grid=grid)
    lattice = Lattice(corner_mm=(1.0, 2.0, 2.0), spacing_mm=2.0, shape=(4, 8, 8))
    assert sample_lattice(turned, lattice) == pytest.approx(sample_lattice(volume, lattice))
    voxel = np.array([np.ravel_multi_index((3, 10, 10), turned.hu.shape)])
    at = lattice.places_of(turned, voxel)
    found = look_up(sample_lattice(turned, lattice)[None], at)
    assert found[0, 0] == pytest.approx(turned.hu.reshape(-1)[voxel[0]], abs=1.1)


def test_a_look_up_beyond_the_lattice_takes_its_edge() -> None:
    field = np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2)
    assert look_up(field, np.array([[9.0], [9.0], [9.0]], dtype=np.float32))[0, 0] == 7


PLACES = st.lists(st.floats(-3, 8), min_size=1, max_size=6)


@given(PLACES, PLACES, PLACES, st.integers(0, 99))
def test_axis_by_axis_is_the_same_as_point_by_point(k: list[float], i: list[float], j: list[float], seed: int) -> None:
    field = np.random.default_rng(seed).normal(size=(3, 5, 1)).astype(np.float32)
    wanted = ndimage.map_coordinates(field, np.meshgrid(k, i, j, indexing="ij"), order=1, mode="nearest")
    assert interpolate(field, [np.array(k), np.array(i), np.array(j)]) == pytest.approx(wanted, abs=1e-5)


@given(st.integers(0, 99), st.integers(0, 40))
def test_all_channels_at_once_are_the_same_as_one_by_one(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    field = rng.normal(size=(4, 3, 5, 2)).astype(np.float32)
    places = rng.uniform(-2, 7, size=(3, count)).astype(np.float32)
    wanted = [ndimage.map_coordinates(channel, places, order=1, mode="nearest") for channel in field]
    assert look_up(field, places) == pytest.approx(np.stack(wanted), abs=1e-5)


def test_the_edge_goes_on_for_one_step_and_then_there_is_air() -> None:
    mean = np.array([[[10.0, 20.0, 30.0]]], dtype=np.float32)
    at = np.array([-1.01, -1.0, 0.0, 1.5, 3.0, 3.01])
    found = interpolate_hu(mean, [np.zeros(1), np.zeros(1), at])
    assert found[0, 0].tolist() == [AIR_HU, 10, 10, 25, 30, AIR_HU]
    assert interpolate_hu(mean, [np.array([0.0, 2.0]), np.zeros(1), np.zeros(1)])[:, 0, 0].tolist() == [10, AIR_HU]
