"""Resolution of a scan, by its noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vascal.errors import SimulationError
from vascal.io.dicom import read_study
from vascal.io.reading import read_volume
from vascal.simulate.ct.noise_texture import (
    MOST_BLOCKS,
    gaussian_kernel,
    match_kernel,
    measure_texture,
)
from vascal.simulate.ct.scanner import KERNELS, Kernel, make_image, to_stored_hu
from vascal.volume import Grid, Volume


def noisy_water(kernel: Kernel, sd_hu: float, *, pixel_mm: float = 0.7, side: int = 160) -> Volume:
    """Tissue of 40 HU everywhere, but for air along one side."""
    grid = Grid.even((6, side, side), (3.0, pixel_mm, pixel_mm))
    truth = np.full(grid.shape, 40.0, dtype=np.float32)
    truth[:, :, :10] = -1000.0
    rng = np.random.default_rng(3)
    return Volume(hu=to_stored_hu(make_image(truth, grid, kernel, noise_sd_hu=sd_hu, rng=rng)), grid=grid)


@pytest.mark.parametrize("mtf50", [0.2, 0.28, 0.35, 0.45])
def test_a_kernel_of_the_assumed_shape_is_recovered_from_its_noise(mtf50: float) -> None:
    texture = measure_texture(noisy_water(gaussian_kernel("true", mtf50), 15.0))
    assert match_kernel(texture).mtf50_per_mm == pytest.approx(mtf50, rel=0.1)
    assert texture.sd_hu == pytest.approx(15.0, rel=0.1)
    assert texture.blocks == MOST_BLOCKS


@pytest.mark.parametrize(("name", "within"), [("Qr32", 0.12), ("Qr36", 0.12), ("FC12", 0.06), ("AC", 0.12)])
def test_kernels_for_soft_tissue_come_out_within_what_is_stated(name: str, within: float) -> None:
    found = match_kernel(measure_texture(noisy_water(KERNELS[name], 12.0)))
    assert found.mtf50_per_mm == pytest.approx(KERNELS[name].mtf50_per_mm, rel=within)


def test_noise_of_twice_the_strength_has_the_same_texture() -> None:
    once, twice = (measure_texture(noisy_water(KERNELS["Qr36"], sd)) for sd in (10.0, 20.0))
    assert twice.sd_hu == pytest.approx(2 * once.sd_hu, rel=0.02)
    assert abs(match_kernel(twice).mtf50_per_mm - match_kernel(once).mtf50_per_mm) <= 0.011


def test_no_kernel_is_found_sharper_than_pixels_can_show() -> None:
    texture = measure_texture(noisy_water(gaussian_kernel("true", 0.6), 15.0, pixel_mm=1.2))
    assert match_kernel(texture).mtf50_per_mm <= 0.5 / 1.2


def test_a_scan_of_air_can_not_be_measured() -> None:
    grid = Grid.even((3, 64, 64), (3.0, 0.7, 0.7))
    with pytest.raises(SimulationError, match="0 squares of even soft tissue"):
        measure_texture(Volume(hu=np.full(grid.shape, -1000, dtype=np.int16), grid=grid))


def test_an_image_smaller_than_a_square_can_not_be_measured() -> None:
    grid = Grid.even((3, 8, 8), (3.0, 0.7, 0.7))
    with pytest.raises(SimulationError, match="kernel must be stated"):
        measure_texture(Volume(hu=np.full(grid.shape, 40, dtype=np.int16), grid=grid))


def test_an_image_without_noise_can_not_be_measured() -> None:
    with pytest.raises(SimulationError, match=r"noise of 0\.\d HU"):
        measure_texture(noisy_water(KERNELS["Qr36"], 0.0))


def test_half_contrast_at_no_frequency_is_no_kernel() -> None:
    with pytest.raises(SimulationError, match="needed: above 0"):
        gaussian_kernel("nothing", 0.0)


@pytest.mark.data
def test_a_real_phantoms_kernel_comes_out_close_to_what_its_rods_gave(shared_data: Path) -> None:
    (series,) = read_study(shared_data / "qrm-phantom" / "dicom").series
    assert 0.26 <= match_kernel(measure_texture(read_volume(series))).mtf50_per_mm <= 0.31
