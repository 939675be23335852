"""Rays, detector and noise of the projection path."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import SimulationError
from vascal.simulate.ct.attenuation import monochromatic, spectrum
from vascal.simulate.ct.projection import (
    BasisMaps,
    Exposure,
    FanGeometry,
    PointMasses,
    dual_source,
    full_turn,
    half_turn,
    measure_paths,
    trace_maps,
    trace_points,
    view_angles_rad,
    view_times_s,
    water_polynomial,
)

GEOMETRY = FanGeometry(views_per_turn=96, pitch_mm=1.0, field_mm=300.0)
ANGLES = view_angles_rad(GEOMETRY, full_turn(GEOMETRY))
RAYS_MM = GEOMETRY.source_radius_mm * np.sin(GEOMETRY.gammas_rad)


def disc(radius_mm: float, pixel_mm: float = 0.5, count: int = 400) -> np.ndarray:
    """Fill a disc, its rim smoothed over one pixel."""
    axis = (np.arange(count) - (count - 1) / 2) * pixel_mm
    distance = np.hypot(axis[:, None], axis)
    return np.asarray(np.clip((radius_mm - distance) / pixel_mm + 0.5, 0, 1), dtype=np.float32)


def test_a_ray_through_a_disc_is_as_long_as_its_chord() -> None:
    lines = trace_maps(BasisMaps(water=disc(60.0), pixel_mm=0.5), GEOMETRY, ANGLES)
    chord_cm = 2 * np.sqrt(np.maximum(60.0**2 - RAYS_MM**2, 0)) / 10
    inside = np.abs(RAYS_MM) < 55
    assert np.abs(lines[0, :, inside] - chord_cm[inside, None]).max() < 0.03
    assert not lines[1:].any()
    assert not lines[0, :, np.abs(RAYS_MM) > 62].any()


def test_a_disc_aside_is_seen_where_it_lies() -> None:
    maps = BasisMaps(
        water=np.zeros((400, 400), dtype=np.float32), iodine=disc(10.0), pixel_mm=0.5, centre_mm=(40.0, -20.0)
    )
    lines = trace_maps(maps, GEOMETRY, ANGLES)[2]
    fan = np.sum(lines * GEOMETRY.gammas_rad, axis=1) / lines.sum(axis=1)
    across = 40 * np.cos(ANGLES) - 20 * np.sin(ANGLES)
    away = GEOMETRY.source_radius_mm + 40 * np.sin(ANGLES) + 20 * np.cos(ANGLES)
    assert np.abs(fan - np.arctan2(across, away)).max() < 2e-4


def test_two_maps_add_up() -> None:
    halves = [disc(60.0), disc(60.0)]
    halves[0][:200], halves[1][200:] = 0, 0
    parts = [trace_maps(BasisMaps(water=half, pixel_mm=0.5), GEOMETRY, ANGLES) for half in halves]
    whole = trace_maps(BasisMaps(water=disc(60.0), pixel_mm=0.5), GEOMETRY, ANGLES)
    assert np.abs(parts[0] + parts[1] - whole).max() < 0.01


@given(x=st.floats(-80, 80), y=st.floats(-80, 80), mg=st.floats(0.01, 20))
def test_every_view_sees_the_whole_mass_of_a_point(x: float, y: float, mg: float) -> None:
    points = PointMasses(position_mm=np.array([[[x, y]]]), mg_per_mm=np.array([[mg / 3.0]]))
    lines = trace_points(points, GEOMETRY, ANGLES)
    away = np.hypot(
        x * np.cos(ANGLES) + y * np.sin(ANGLES),
        GEOMETRY.source_radius_mm + x * np.sin(ANGLES) - y * np.cos(ANGLES),
    )
    width_mm = away * (GEOMETRY.gammas_rad[1] - GEOMETRY.gammas_rad[0])
    assert lines.sum(axis=1) * width_mm / 100 * 3.0 == pytest.approx(np.full(ANGLES.size, mg), rel=1e-4)


def test_a_small_disc_and_a_point_of_its_mass_cast_the_same_shadow() -> None:
    pixel, radius, density = 0.25, 3.0, 400.0
    rod = density * disc(radius, pixel, 120)
    maps = BasisMaps(water=np.zeros_like(rod), hydroxyapatite=rod, pixel_mm=pixel, centre_mm=(30.0, 10.0))
    mg_per_mm = float(rod.sum(dtype=float)) * pixel**2 / 1000
    points = PointMasses(position_mm=np.array([[[30.0, 10.0]]]), mg_per_mm=np.array([[mg_per_mm]]))
    from_map = trace_maps(maps, GEOMETRY, ANGLES)[1].sum(axis=1)
    from_point = trace_points(points, GEOMETRY, ANGLES).sum(axis=1)
    assert from_map == pytest.approx(from_point, rel=0.05)
    assert from_map.mean() == pytest.approx(from_point.mean(), rel=2e-3)


@pytest.mark.parametrize("kvp", [70, 120, 140])
def test_any_thickness_of_water_is_measured_right(kvp: int) -> None:
    beam = spectrum(kvp)
    lines = np.zeros((3, 1, GEOMETRY.gammas_rad.size), dtype=np.float32)
    lines[0] = np.linspace(0, 55, lines.shape[2])
    paths = measure_paths(lines, beam, GEOMETRY, Exposure())
    assert np.abs(paths - lines[0]).max() < 0.01


def test_the_water_polynomial_starts_at_nothing() -> None:
    coefficients, limit = water_polynomial(spectrum(120))
    assert coefficients[0] == 0
    assert 9 < limit < 16


def test_noise_falls_with_the_square_root_of_the_dose() -> None:
    lines = np.zeros((3, 400, GEOMETRY.gammas_rad.size), dtype=np.float32)
    lines[0] = 20.0
    sd = []
    for mas in (20.0, 80.0):
        exposure = Exposure(mas=mas, electronic_photons=0.0, bowtie_cm=0.0)
        sd.append(float(measure_paths(lines, spectrum(120), GEOMETRY, exposure, np.random.default_rng(0)).std()))
    assert sd[0] / sd[1] == pytest.approx(2.0, rel=0.02)


def test_noise_of_one_energy_is_that_of_counting() -> None:
    beam = monochromatic(60.0)
    lines = np.zeros((3, 400, GEOMETRY.gammas_rad.size), dtype=np.float32)
    lines[0] = 10.0
    exposure = Exposure(electronic_photons=0.0, bowtie_cm=0.0)
    counted = exposure.photons_in_air(beam, GEOMETRY)[0] * np.exp(-10 * beam.bases_per_cm[0, 0])
    paths = measure_paths(lines, beam, GEOMETRY, exposure, np.random.default_rng(1))
    assert paths.std() * beam.bases_per_cm[0, 0] == pytest.approx(counted**-0.5, rel=0.02)


def test_electronics_add_noise_where_little_light_is_left() -> None:
    lines = np.zeros((3, 100, GEOMETRY.gammas_rad.size), dtype=np.float32)
    lines[0] = 45.0
    sd = [
        float(measure_paths(lines, spectrum(120), GEOMETRY, exposure, np.random.default_rng(2)).std())
        for exposure in (Exposure(electronic_photons=0.0), Exposure(electronic_photons=30.0))
    ]
    assert sd[1] > 1.2 * sd[0]


def test_the_bowtie_darkens_the_edge_of_the_fan() -> None:
    photons = Exposure().photons_in_air(spectrum(120), GEOMETRY)
    middle = photons.size // 2
    assert photons[0] < 0.4 * photons[middle]
    assert Exposure(bowtie_cm=0.0).photons_in_air(spectrum(120), GEOMETRY).std() == 0


def test_a_gated_scan_is_as_short_as_its_rotation_allows() -> None:
    spans = {
        make.__name__: np.ptp(view_times_s(make(GEOMETRY, rotation_time_s=0.28, centre_s=0.7)))
        for make in (full_turn, half_turn, dual_source)
    }
    assert spans["full_turn"] == pytest.approx(0.28, rel=0.02)
    assert 0.14 < spans["half_turn"] < 0.19
    assert 0.07 < spans["dual_source"] < 0.12
    assert view_times_s(dual_source(GEOMETRY, centre_s=0.7)).mean() == pytest.approx(0.7)


def test_impossible_scans_are_refused() -> None:
    with pytest.raises(SimulationError, match="field smaller"):
        FanGeometry(field_mm=1200.0)
    with pytest.raises(SimulationError, match="mAs"):
        Exposure(mas=0.0)
    with pytest.raises(SimulationError, match="one shape"):
        BasisMaps(water=np.zeros((4, 4)), iodine=np.zeros((5, 5)), pixel_mm=1.0)
    with pytest.raises(SimulationError, match="positions"):
        PointMasses(position_mm=np.zeros((3, 2, 2)), mg_per_mm=np.ones((4, 2)))
    points = PointMasses(position_mm=np.zeros((3, 2, 2)), mg_per_mm=np.ones((1, 2)))
    with pytest.raises(SimulationError, match="3 views"):
        trace_points(points, GEOMETRY, ANGLES)


def test_a_sweep_fades_in_and_out() -> None:
    (sweep,) = half_turn(GEOMETRY)
    weights = sweep.weights(GEOMETRY.step_rad)
    assert weights[0] < 0.01
    assert weights[sweep.view_count // 2] == pytest.approx(1)
    assert (replace(sweep, feather_rad=0.0).weights(GEOMETRY.step_rad) == 1).all()
