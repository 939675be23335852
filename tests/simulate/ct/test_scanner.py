from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vascal.errors import RuleError, SimulationError
from vascal.simulate.ct.noise import estimate_noise_scale, expected_noise_sd_hu, water_diameter_mm
from vascal.simulate.ct.scanner import (
    KERNELS,
    LUNG,
    QR32,
    QR36,
    QR44,
    SCANNERS,
    Kernel,
    Planes,
    calcium_slope_hu,
    make_image,
    mtf,
    noise_gain,
    noise_peak_per_mm,
    to_stored_hu,
)
from vascal.volume import Grid

GRID = Grid.even((6, 160, 150), (3.0, 0.43, 0.43))


def rng(seed: int = 3) -> np.random.Generator:
    return np.random.default_rng(seed)


def nothing(grid: Grid = GRID) -> Planes:
    return np.zeros(grid.shape, dtype=np.float32)


def noise(kernel: Kernel = QR36, grid: Grid = GRID, sd_hu: float = 20.0, thickness_mm: float = 3.0) -> Planes:
    return make_image(nothing(grid), grid, kernel, noise_sd_hu=sd_hu, rng=rng(), slice_thickness_mm=thickness_mm)


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=lambda kernel: kernel.name)
def test_contrast_is_whole_half_and_a_tenth_where_the_kernel_says(kernel: Kernel) -> None:
    left = mtf(kernel, np.array([0.0, kernel.mtf50_per_mm, kernel.mtf10_per_mm]))
    np.testing.assert_allclose(left, (1.0, 0.5, 0.1), rtol=1e-9)


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=lambda kernel: kernel.name)
def test_noise_power_peaks_where_scanners_have_it(kernel: Kernel) -> None:
    low, high = (0.4, 0.7) if kernel is LUNG else (0.09, 0.32)
    assert low <= noise_peak_per_mm(kernel) <= high


def test_sharper_kernels_let_through_more_noise_about_as_measured() -> None:
    """Qr32 12 HU, Qr36 16 HU, Qr44 27 HU on one phantom."""
    assert noise_gain(QR36) == 1
    assert noise_gain(QR32) == pytest.approx(12 / 16, rel=0.15)
    assert noise_gain(QR44) == pytest.approx(27 / 16, rel=0.15)


def test_the_image_of_a_grating_keeps_what_the_mtf_says() -> None:
    grid = Grid.even((2, 64, 200), (3.0, 0.5, 0.5))
    frequency = 0.2
    wave = np.cos(2 * np.pi * frequency * 0.5 * np.arange(200))
    image = make_image(np.broadcast_to(100 * wave, grid.shape).astype(np.float32), grid, QR36, noise_sd_hu=0, rng=rng())
    expected = 100 * mtf(QR36, np.array([frequency]))[0] * wave
    np.testing.assert_allclose(image[0, 20, 40:160], expected[40:160], atol=0.6)


@settings(max_examples=10, deadline=None)
@given(row=st.integers(25, 130), column=st.integers(25, 120), name=st.sampled_from(sorted(KERNELS)))
def test_blur_keeps_the_sum_of_a_point_and_its_centre(row: int, column: int, name: str) -> None:
    point = nothing(Grid.even((2, 160, 150), (3.0, 0.43, 0.43)))
    point[:, row, column] = 1000
    image = make_image(point, Grid.even(point.shape, (3.0, 0.43, 0.43)), KERNELS[name], noise_sd_hu=0, rng=rng())[0]
    assert image.sum(dtype=np.float64) == pytest.approx(1000, rel=2e-3)
    assert (image.sum(axis=1) @ np.arange(160)) / image.sum() == pytest.approx(row, abs=0.05)
    assert (image.sum(axis=0) @ np.arange(150)) / image.sum() == pytest.approx(column, abs=0.05)


def test_nothing_wraps_around_the_edge() -> None:
    hu = nothing()
    hu[:, :, :4] = 1000
    hu[:, :3] = 1000
    image = make_image(hu, GRID, QR36, noise_sd_hu=0, rng=rng())
    assert np.abs(image[:, 30:, 30:]).max() < 0.05


def test_an_even_picture_stays_even_up_to_its_edges() -> None:
    hu = nothing() + 40
    np.testing.assert_allclose(make_image(hu, GRID, QR44, noise_sd_hu=0, rng=rng()), 40, atol=1e-3)


def test_means_over_pixels_are_sharpened_back() -> None:
    """A grating averaged over pixels of 1 mm lost sinc(f x 1 mm) before the kernel."""
    grid = Grid.even((2, 64, 120), (3.0, 1.0, 1.0))
    wave = np.cos(2 * np.pi * 0.2 * np.arange(120))
    averaged = np.broadcast_to(100 * np.sinc(0.2) * wave, grid.shape).astype(np.float32)
    image = make_image(averaged, grid, QR36, noise_sd_hu=0, rng=rng(), holds_pixel_means=True)
    np.testing.assert_allclose(image[0, 20, 40:80], 100 * mtf(QR36, np.array([0.2]))[0] * wave[40:80], atol=0.6)


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=lambda kernel: kernel.name)
def test_noise_has_the_deviation_that_was_asked_for(kernel: Kernel) -> None:
    assert noise(kernel).std() == pytest.approx(20, rel=0.03)


def test_noise_has_its_power_where_the_kernel_says() -> None:
    power = np.mean([np.abs(np.fft.fft2(plane[:128, :128])) ** 2 for plane in noise(QR36)], axis=0)
    frequency = np.hypot(*np.meshgrid(*[np.fft.fftfreq(128, 0.43)] * 2))
    rings = [power[(frequency >= low) & (frequency < low + 0.05)].mean() for low in np.arange(0, 1, 0.05)]
    assert 0.1 <= 0.05 * np.argmax(rings) <= 0.3
    assert rings[16] < 0.02 * max(rings)


def test_touching_slices_have_noise_of_their_own_and_overlapping_ones_share_it() -> None:
    grid = Grid.even((8, 128, 128), (1.0, 0.43, 0.43))

    def correlation(thickness_mm: float) -> float:
        planes = noise(grid=grid, thickness_mm=thickness_mm).reshape(8, -1)
        return float(np.mean([np.corrcoef(a, b)[0, 1] for a, b in pairwise(planes)]))

    assert abs(correlation(1.0)) < 0.03
    assert correlation(2.0) == pytest.approx(1 / 2, abs=0.05)
    assert correlation(3.0) == pytest.approx(2 / 3, abs=0.05)
    assert noise(grid=grid, thickness_mm=2.5).std() == pytest.approx(20, rel=0.03)


def test_the_same_seed_gives_the_same_noise() -> None:
    np.testing.assert_array_equal(noise(), noise())


def body(half_x_mm: float, half_y_mm: float) -> tuple[np.ndarray, Grid]:
    grid = Grid.even((2, 100, 100), (3.0, 5.0, 5.0), origin_mm=(-247.5, -247.5, 0.0))
    place = -247.5 + 5.0 * np.arange(100)
    inside = (place[None] / half_x_mm) ** 2 + (place[:, None] / half_y_mm) ** 2 <= 1
    return np.where(inside, 0.0, -1000.0)[None].repeat(2, axis=0), grid


def test_noise_is_highest_in_the_middle_of_a_round_body_and_one_there() -> None:
    hu, grid = body(150, 150)
    scale = estimate_noise_scale(hu, grid, grid)
    plane = scale.plane(0)
    assert plane[49, 49] == pytest.approx(1, abs=0.1)
    assert plane[49, 49] > plane[49, 25] > plane[49, 10]
    assert abs(scale.anisotropy[0]) < 0.03


def test_shoulders_make_horizontal_streaks_and_more_noise() -> None:
    wide, grid = body(220, 110)
    streaks = estimate_noise_scale(wide, grid, grid)
    assert streaks.anisotropy[0] < -0.5
    calmer = estimate_noise_scale(wide, grid, grid, current_modulation=0.8)
    assert streaks.anisotropy[0] < calmer.anisotropy[0]


def test_horizontal_streaks_vary_from_row_to_row_more_than_along_a_row() -> None:
    wide, grid = body(220, 110)
    fine = Grid.even((2, 128, 128), (3.0, 0.8, 0.8), origin_mm=(-50.8, -50.8, 0.0))
    scale = estimate_noise_scale(wide, grid, fine)
    plane = make_image(nothing(fine), fine, QR36, noise_sd_hu=20, rng=rng(), noise_scale=scale)[0]
    assert np.diff(plane, axis=0).std() > 1.1 * np.diff(plane, axis=1).std()
    assert plane.std() == pytest.approx(20, rel=0.1)


def test_noise_follows_dose_thickness_and_body() -> None:
    usual = {"gain": 1.0, "tube_load_mas": 44.0, "slice_thickness_mm": 3.0, "water_diameter_mm": 211.0}
    assert expected_noise_sd_hu(**usual) == pytest.approx(16)
    assert expected_noise_sd_hu(**{**usual, "tube_load_mas": 11.0}) == pytest.approx(32)
    assert expected_noise_sd_hu(**{**usual, "slice_thickness_mm": 0.75}) == pytest.approx(32)
    assert expected_noise_sd_hu(**{**usual, "gain": 2.0}) == pytest.approx(32)
    larger = {**usual, "water_diameter_mm": 311.0, "tube_load_mas": 194.0}
    assert expected_noise_sd_hu(**larger) == pytest.approx(21, rel=0.06)
    with pytest.raises(SimulationError):
        expected_noise_sd_hu(**{**usual, "tube_load_mas": 0.0})


def test_a_cylinder_of_water_has_its_own_diameter() -> None:
    hu, grid = body(100, 100)
    assert water_diameter_mm(hu, grid.pixel_area_mm2) == pytest.approx(200, rel=0.01)


def test_calcium_is_as_bright_as_each_vendor_shows_it_and_brighter_at_low_voltage() -> None:
    ranges = {
        "SIEMENS": (1.23, 1.34),
        "TOSHIBA": (1.38, 1.40),
        "Philips": (1.25, 1.28),
        "GE MEDICAL SYSTEMS": (1.10, 1.14),
    }
    for vendor, (low, high) in ranges.items():
        assert low <= calcium_slope_hu(SCANNERS[vendor], 120) <= high
    siemens = SCANNERS["SIEMENS"]
    assert calcium_slope_hu(siemens, 100) / calcium_slope_hu(siemens, 120) == pytest.approx(147 / 130, rel=0.01)
    assert calcium_slope_hu(siemens, 120, 320) == pytest.approx(0.9 * calcium_slope_hu(siemens, 120))
    with pytest.raises(RuleError):
        calcium_slope_hu(siemens, 30)


def test_stored_numbers_are_whole_and_bounded() -> None:
    hu = np.array([[[-3000.0, -0.6, 129.5, 5000.0]]], dtype=np.float32)
    assert to_stored_hu(hu).tolist() == [[[-1024, -1, 130, 3071]]]


def test_impossible_kernels_and_pictures_are_refused() -> None:
    for bad in ({"mtf10_per_mm": 0.2}, {"edge_boost": 2.0}, {"aperture_fwhm_mm": 3.0}):
        with pytest.raises(SimulationError, match="Qr36"):
            replace(QR36, **bad)  # type: ignore[arg-type]
    with pytest.raises(SimulationError, match="shape"):
        make_image(nothing()[:3].copy(), GRID, QR36, noise_sd_hu=1, rng=rng())
    with pytest.raises(SimulationError, match="negative"):
        make_image(nothing(), GRID, QR36, noise_sd_hu=-1, rng=rng())
    with pytest.raises(SimulationError, match="grid"):
        estimate_noise_scale(nothing()[:3], GRID, GRID)
