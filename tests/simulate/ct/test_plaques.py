from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import GeometryError
from vascal.simulate.ct.plaques import Plaque, plaque_points, point_on_course, share_mass
from vascal.volume import Grid

spacings = st.tuples(st.floats(0.4, 6.0), st.floats(0.3, 3.0), st.floats(0.3, 3.0))
shifts = st.tuples(st.floats(-3, 3), st.floats(-2, 2), st.floats(-2, 2))


def grid_around_zero(spacing_mm: tuple[float, float, float], half_mm: float = 22.0) -> Grid:
    slices, rows, columns = (2 * int(np.ceil(half_mm / s)) + 1 for s in spacing_mm)
    sizes = (slices, rows, columns)
    z, y, x = (-0.5 * (n - 1) * s for n, s in zip(sizes, spacing_mm, strict=True))
    return Grid.even(sizes, spacing_mm, origin_mm=(x, y, z))


@given(spacing_mm=spacings, shift_mm=shifts, overlap=st.floats(1.0, 3.0), mass_mg=st.floats(0.2, 80.0))
def test_no_mass_is_lost_for_any_voxel_size_overlap_and_shift(
    spacing_mm: tuple[float, float, float], shift_mm: tuple[float, float, float], overlap: float, mass_mg: float
) -> None:
    plaque = Plaque(vessel="LAD", mass_mg=mass_mg)
    points = plaque_points(plaque, shift_mm, (0.6, 0.0, 0.8))

    _, mass = share_mass(points, mass_mg, grid_around_zero(spacing_mm), spacing_mm[0] * overlap)

    assert mass.sum() == pytest.approx(mass_mg, rel=1e-9)
    assert mass.min() >= 0


@given(shift_mm=shifts)
def test_the_centre_of_mass_stays_where_the_plaque_was_placed(shift_mm: tuple[float, float, float]) -> None:
    grid = grid_around_zero((0.5, 0.7, 0.9))
    points = plaque_points(Plaque(vessel="LAD", mass_mg=20.0), shift_mm, (0.0, 1.0, 0.0))

    slices, mass = share_mass(points, 20.0, grid, 0.5)

    where = np.indices(mass.shape).reshape(3, -1) @ mass.reshape(-1) / mass.sum()
    found = grid.index_to_mm(where[0] + slices.start, where[1], where[2])
    # In the plane the split is linear, so exact; along z a point counts for its whole slice.
    assert found[:2] == pytest.approx(shift_mm[:2], abs=1e-6)
    assert found[2] == pytest.approx(shift_mm[2], abs=0.25)


def test_a_plaque_is_as_large_as_mass_and_density_say() -> None:
    # 40 mg at 400 mg/cm3 is 100 mm3; a ball of it has a radius of 2.879 mm.
    plaque = Plaque(vessel="RCA", mass_mg=40.0, density_mg_cm3=400.0, shape="spot")

    points = plaque_points(plaque, (0.0, 0.0, 0.0), (0.0, 0.0, 1.0))

    assert plaque.volume_mm3 == pytest.approx(100.0)
    # A ball's mean squared distance from its centre is 3/5 of its radius squared.
    assert np.square(points).sum(axis=1).mean() == pytest.approx(0.6 * 2.879**2, rel=0.02)


def test_a_spindle_is_three_times_as_long_as_wide() -> None:
    points = plaque_points(Plaque(vessel="LAD", mass_mg=10.0), (1.0, 2.0, 3.0), (0.0, 0.0, 2.0))

    assert np.ptp(points[:, 2]) == pytest.approx(3 * np.ptp(points[:, 0]))
    assert points.mean(axis=0) == pytest.approx([1.0, 2.0, 3.0])


def test_mass_outside_the_volume_is_not_folded_back_in() -> None:
    grid = grid_around_zero((1.0, 1.0, 1.0))
    plaque = Plaque(vessel="LAD", mass_mg=10.0)

    _, half = share_mass(plaque_points(plaque, (22.5, 0.0, 0.0), (0.0, 1.0, 0.0)), 10.0, grid, 1.0)
    _, none = share_mass(plaque_points(plaque, (0.0, 0.0, 90.0), (0.0, 1.0, 0.0)), 10.0, grid, 1.0)

    assert half.sum() == pytest.approx(5.0, rel=0.15)
    assert none.size == 0


@pytest.mark.parametrize(
    ("mass_mg", "density_mg_cm3", "position"), [(0.0, 400.0, 0.2), (5.0, -1.0, 0.2), (5.0, 400.0, 1.5)]
)
def test_an_impossible_plaque_is_refused(mass_mg: float, density_mg_cm3: float, position: float) -> None:
    with pytest.raises(GeometryError, match="positive mass and density"):
        Plaque(vessel="LAD", mass_mg=mass_mg, density_mg_cm3=density_mg_cm3, position=position)


def test_a_point_on_a_course_is_found_by_length_and_set_aside_at_right_angles() -> None:
    course = np.array([[0, 0, 0], [0, 10, 0], [0, 40, 0]], dtype=np.float32)

    centre, direction = point_on_course(course, 0.5, 0.6)

    assert direction == pytest.approx((0, 1, 0))
    assert centre == pytest.approx((0.6, 20.0, 0.0))
