from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.aac.lateral_projection import expose_simply, project_laterally, split_tissue
from vascal.errors import GeometryError
from vascal.volume import Grid, Volume

SHAPE = (10, 60, 60)


def block(hu: int = 0) -> Volume:
    values = np.full(SHAPE, -1000, dtype=np.int16)
    values[:, 10:50, 10:50] = hu
    return Volume(hu=values, grid=Grid.even(SHAPE, (3.0, 2.0, 2.0)))


@given(st.floats(-1000, 3000))
def test_water_and_mineral_give_the_ct_number_back(hu: float) -> None:
    water, mineral = split_tissue(np.array([hu]))
    displaced = mineral / 3.16
    assert (water + displaced - 1) * 1000 + mineral * 1300 == pytest.approx(hu, abs=1e-6)
    assert mineral >= 0


def test_a_block_of_water_is_as_thick_as_it_is() -> None:
    film = project_laterally(block())
    assert film.water_cm.shape == (55, 237)
    assert film.water_cm[20, 100] == pytest.approx(8.0)
    assert film.hydroxyapatite_g_cm2.max() == 0
    assert film.water_cm[20, 2] == pytest.approx(0.0)


def test_rows_run_from_head_to_feet_and_columns_to_the_back() -> None:
    volume = block()
    hu = volume.hu.copy()
    hu[8, 15:18, 30:33] = 1000
    film = project_laterally(Volume(hu=hu, grid=volume.grid))
    row, column = np.unravel_index(int(film.hydroxyapatite_g_cm2.argmax()), film.water_cm.shape)
    assert np.allclose(film.film_place(volume.grid, 8, 16), (6.0, 64.0))
    assert abs(int(row) - 6) <= 1
    assert 58 <= int(column) <= 70


def test_the_mineral_of_a_plaque_is_its_density_times_its_width() -> None:
    volume = block()
    hu = volume.hu.copy()
    hu[:, 20:24, 30:33] = 310
    film = project_laterally(Volume(hu=hu, grid=volume.grid))
    assert film.hydroxyapatite_g_cm2.max() == pytest.approx(0.2 * 0.6, rel=1e-5)


def test_blood_with_iodine_holds_no_mineral() -> None:
    volume = block()
    hu = volume.hu.copy()
    hu[:, 20:30, 20:30] = 200
    hu[:, 35:45, 20:30] = 220
    hu[4, 40, 45] = 900
    soft = np.zeros(SHAPE, dtype=bool)
    soft[:, 20:30, 20:30] = True
    bright = Volume(hu=hu, grid=volume.grid)
    assert project_laterally(bright).hydroxyapatite_g_cm2.max() > 0.2
    film = project_laterally(bright, soft=soft, is_enhanced=True)
    column = round(40 * 2 / 0.5)
    assert film.hydroxyapatite_g_cm2[:, :150].max() == 0
    assert film.hydroxyapatite_g_cm2[:, column].max() > 0.1


def test_a_thin_table_is_left_out() -> None:
    volume = block()
    hu = volume.hu.copy()
    hu[:, 56:58, :] = 0
    assert project_laterally(Volume(hu=hu, grid=volume.grid)).water_cm[:, 225:].max() == pytest.approx(0.0)


def test_uneven_slices_are_refused() -> None:
    volume = block()
    positions = (*volume.grid.slice_positions_mm[:-1], 40.0)
    uneven = Volume(hu=volume.hu.copy(), grid=replace(volume.grid, slice_positions_mm=positions))
    with pytest.raises(GeometryError, match="unevenly spaced"):
        project_laterally(uneven)


def test_a_simple_film_is_bright_where_more_is_in_the_way() -> None:
    film = project_laterally(block())
    assert expose_simply(film)[20, 100] > expose_simply(film)[20, 2]
    air = project_laterally(Volume(hu=np.full(SHAPE, -1000, dtype=np.int16), grid=volume_grid()))
    assert expose_simply(air).max() == 0


def volume_grid() -> Grid:
    return Grid.even(SHAPE, (3.0, 2.0, 2.0))
