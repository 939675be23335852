"""Plaques: the volume and mass that were ordered, whatever the voxels, the slices and the path."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vascal.errors import SimulationError
from vascal.simulate.ct.calcium_layer import MovingPoints, image_plaque, label_patches
from vascal.simulate.ct.plaques import Course, Plaque, PlaqueKind, plaque_points
from vascal.simulate.ct.scanner import KERNELS
from vascal.volume import Grid

COURSE = Course(points=np.array([(0, 0, -30.0), (2, 1, -10), (0, 0, 10), (1, 2, 30)]), radii=np.full(4, 1.6))
KINDS: tuple[PlaqueKind, ...] = ("spotty", "linear", "annular", "nodular")


def imaged_mg(plaque: Plaque, grid: Grid, thickness_mm: float, offset: np.ndarray, kernel: str = "Qr36") -> float:
    moving = MovingPoints(points=plaque_points(plaque, COURSE), mass_mg=plaque.mass_mg, offset_mm=offset)
    patch = image_plaque(moving, grid, thickness_mm, KERNELS[kernel])
    return 0.0 if patch is None else patch.seen_mg


@given(
    kind=st.sampled_from(KINDS),
    pixel=st.floats(0.3, 1.0),
    spacing=st.floats(0.5, 5.0),
    overlap=st.floats(1.0, 2.5),
    shift=st.tuples(st.floats(-2, 2), st.floats(-2, 2), st.floats(-2, 2)),
    path=st.tuples(st.floats(-15, 15), st.floats(-15, 15), st.floats(-8, 8)),
)
@settings(max_examples=60)
def test_mass_is_kept_whatever_the_voxel_the_shift_and_the_path(
    kind: PlaqueKind, pixel: float, spacing: float, overlap: float, shift: tuple[float, ...], path: tuple[float, ...]
) -> None:
    plaque = Plaque(site="LAD", mass_mg=12.0, density_mg_cm3=400.0, position=0.5, kind=kind)
    slices, side = int(120 / spacing), int(110 / pixel)
    grid = Grid.even(
        (slices, side, side), (spacing, pixel, pixel), origin_mm=(-55 + shift[0], -55 + shift[1], -60 + shift[2])
    )
    offset = (np.linspace(-0.5, 0.5, 7)[:, None] * np.array(path))[None]
    assert imaged_mg(plaque, grid, overlap * spacing, offset) == pytest.approx(12.0, rel=1e-3)


@pytest.mark.parametrize("kernel", ["Qr32", "Qr44", "LUNG", "AC"])
def test_no_kernel_changes_the_mass(kernel: str) -> None:
    grid = Grid.even((40, 200, 200), (3.0, 0.43, 0.43), origin_mm=(-43, -43, -60))
    plaque = Plaque(site="LAD", mass_mg=5.0, position=0.5)
    assert imaged_mg(plaque, grid, 3.0, np.zeros((1, 1, 3)), kernel) == pytest.approx(5.0, rel=1e-3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mass_mg", [0.3, 8.0, 120.0])
def test_points_fill_the_volume_that_was_ordered(kind: PlaqueKind, mass_mg: float) -> None:
    plaque = Plaque(site="LAD", mass_mg=mass_mg, density_mg_cm3=500.0, position=0.5, kind=kind)
    points = plaque_points(plaque, Course(points=np.array([(0, 0, -60.0), (0, 0, 60.0)]), radii=np.full(2, 1.6)))
    if kind in ("linear", "annular"):
        radius = np.square(points[:, :2]).sum(axis=1)
        angles = np.arctan2(points[:, 1], points[:, 0])
        turned = np.mod(angles - np.arctan2(*points[:, 1::-1].mean(axis=0)) + np.pi, 2 * np.pi)
        filled = 0.5 * np.ptp(points[:, 2]) * np.ptp(turned) * np.ptp(radius)
    else:
        balls = 4 if kind == "nodular" else 1
        # The mean square distance from the middle of a ball is 3/5 of its radius squared.
        square = [
            float(np.square(points[k::balls] - points[k::balls].mean(axis=0)).sum(axis=1).mean()) for k in range(balls)
        ]
        filled = sum(4 / 3 * np.pi * (5 / 3 * mean) ** 1.5 for mean in square)
    assert filled == pytest.approx(plaque.volume_mm3, rel=0.06)


def test_a_shell_lies_on_the_wall_and_a_ring_goes_around() -> None:
    straight = Course(points=np.array([(0, 0, -60.0), (0, 0, 60.0)]), radii=np.full(2, 1.6))
    ring = plaque_points(Plaque(site="LAD", mass_mg=20, kind="annular", position=0.5), straight)
    radius = np.hypot(ring[:, 0], ring[:, 1])
    assert radius.min() >= 1.6 - 1e-6
    assert np.ptp(np.unwrap(np.sort(np.arctan2(ring[:, 1], ring[:, 0])))) > 3.5
    line = plaque_points(Plaque(site="LAD", mass_mg=20, kind="linear", position=0.5), straight)
    assert np.ptp(line[:, 2]) > 1.3 * np.ptp(ring[:, 2])


@pytest.mark.parametrize(
    "bad", [{"mass_mg": 0.0}, {"density_mg_cm3": -1.0}, {"position": 1.2}, {"mass_mg": float("nan")}]
)
def test_an_impossible_plaque_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(SimulationError, match="positive mass"):
        Plaque(**{"site": "LAD", "mass_mg": 5.0, **bad})  # type: ignore[arg-type]


def test_gaps_between_slices_hide_mass_and_out_of_sight_is_none() -> None:
    grid = Grid.even((13, 200, 200), (10.0, 0.43, 0.43), origin_mm=(-43, -43, -60))
    spot = Plaque(site="LAD", mass_mg=1.0, position=0.5, kind="spotty")
    rest = np.zeros((1, 1, 3))
    assert imaged_mg(spot, grid, 3.0, np.array([[[0, 0, 5.0]]])) == 0.0
    assert imaged_mg(spot, grid, 3.0, rest) == pytest.approx(10 / 3, rel=0.01)
    assert imaged_mg(spot, grid, 3.0, np.array([[[500.0, 0, 0]]])) == 0.0


def test_a_voxel_belongs_to_the_plaque_that_brightens_it_most() -> None:
    grid = Grid.even((40, 200, 200), (3.0, 0.43, 0.43), origin_mm=(-43, -43, -60))
    patches = [
        image_plaque(
            MovingPoints(
                points=plaque_points(Plaque(site="LAD", mass_mg=mass, position=0.5, kind="spotty"), COURSE),
                mass_mg=mass,
                offset_mm=np.full((1, 1, 3), shift),
            ),
            grid,
            3.0,
            KERNELS["Qr36"],
        )
        for mass, shift in ((9.0, 0.0), (2.0, 4.0))
    ]
    labels = label_patches([*patches, None], 1300 / (0.43**2 * 3), grid.shape)
    first, second = (np.count_nonzero(labels == n) for n in (1, 2))
    assert first > second > 0
    assert not np.any(labels == 3)
