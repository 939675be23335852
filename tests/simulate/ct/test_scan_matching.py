"""What a scan makes of calcium."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.simulate.ct.test_noise_texture import noisy_water
from vascal.errors import RuleError, SimulationError
from vascal.io.dicom import read_study
from vascal.io.reading import read_volume
from vascal.simulate.ct.noise_texture import gaussian_kernel
from vascal.simulate.ct.scan_matching import AVERAGE_SLOPE_HU, known_kernel, match_scan
from vascal.simulate.ct.scanner import KERNELS
from vascal.study import Acquisition
from vascal.volume import Grid, Volume

SIEMENS = Acquisition(kvp=120.0, kernels=("Qr36d", "3"), slice_thickness_mm=3.0, manufacturer="SIEMENS")


def water_disc(diameter_mm: float = 200.0, *, side: int = 128, pixel_mm: float = 2.5) -> Volume:
    """Water in air, without noise."""
    grid = Grid.even((4, side, side), (3.0, pixel_mm, pixel_mm))
    middle = (np.arange(side) - (side - 1) / 2) * pixel_mm
    disc = np.hypot(middle[:, None], middle) <= diameter_mm / 2
    hu = np.broadcast_to(np.where(disc, 0, -1000).astype(np.int16), grid.shape)
    return Volume(hu=np.ascontiguousarray(hu), grid=grid)


def test_a_known_kernel_needs_no_noise() -> None:
    match = match_scan(water_disc(), SIEMENS)
    assert match.kernel is KERNELS["Qr36"]
    assert (match.kernel_evidence, match.noise_sd_hu, match.notes) == ("name", None, ())


def test_behind_20_cm_of_water_calcium_is_as_bright_as_the_makers_phantom_says() -> None:
    match = match_scan(water_disc(200.0), SIEMENS)
    assert match.water_mm == pytest.approx(200.0, rel=0.01)
    assert match.calcium_hu == pytest.approx(1.30, rel=0.002)


def test_a_larger_body_makes_calcium_darker_by_a_tenth_for_12_cm() -> None:
    small, large = (match_scan(water_disc(mm), SIEMENS).calcium_hu for mm in (150.0, 270.0))
    assert large / 1.30 == pytest.approx(1 - 0.10 * 70 / 120, rel=0.005)
    assert small > 1.30 > large


def test_a_lower_tube_voltage_makes_calcium_brighter() -> None:
    low = match_scan(water_disc(), replace(SIEMENS, kvp=100.0))
    assert low.calcium_hu > 1.05 * match_scan(water_disc(), SIEMENS).calcium_hu


def test_where_the_body_is_cut_off_an_average_chest_is_taken_and_said() -> None:
    match = match_scan(water_disc(600.0), SIEMENS)
    assert match.water_mm == 270.0
    assert match.notes == ("the field of view cuts the body off; 270 mm of water was assumed",)


def test_what_the_header_does_not_say_is_assumed_and_said() -> None:
    match = match_scan(water_disc(), Acquisition(kernels=("STANDARD",)))
    assert (match.kvp, match.thickness_mm) == (120.0, 3.0)
    assert match.calcium_hu == pytest.approx(AVERAGE_SLOPE_HU, rel=0.005)
    assert len(match.notes) == 3


@pytest.mark.parametrize(("maker", "slope"), [("Canon Medical Systems", 1.39), ("GE", 1.12), ("Philips", 1.265)])
def test_makers_are_known_by_their_other_names(maker: str, slope: float) -> None:
    match = match_scan(water_disc(200.0), replace(SIEMENS, manufacturer=maker))
    assert match.calcium_hu == pytest.approx(slope, rel=0.005)


def test_a_slope_measured_on_the_scanner_replaces_the_makers() -> None:
    match = match_scan(water_disc(200.0), replace(SIEMENS, manufacturer=None), calcium_hu=1.2)
    assert match.calcium_hu == pytest.approx(1.2, rel=0.002)
    assert match.notes == ()


@pytest.mark.parametrize("slope", [0.0, -1.0, float("inf"), float("nan")])
def test_a_slope_that_can_not_be_is_refused(slope: float) -> None:
    with pytest.raises(SimulationError, match="needed: above 0"):
        match_scan(water_disc(), SIEMENS, calcium_hu=slope)


def test_an_unknown_kernel_is_estimated_and_that_is_said() -> None:
    match = match_scan(noisy_water(gaussian_kernel("true", 0.3), 15.0), replace(SIEMENS, kernels=("Ix49",)))
    assert match.kernel_evidence == "noise"
    assert match.kernel.mtf50_per_mm == pytest.approx(0.3, abs=0.02)
    assert "resolution was estimated from the noise" in match.notes[0]
    assert match.noise_sd_hu == pytest.approx(15.0, rel=0.1)


def test_a_stated_kernel_is_taken_before_the_name() -> None:
    match = match_scan(water_disc(), SIEMENS, kernel=KERNELS["LUNG"])
    assert (match.kernel.name, match.kernel_evidence) == ("LUNG", "stated")


def test_an_unknown_kernel_without_noise_to_tell_is_refused_by_name() -> None:
    with pytest.raises(SimulationError, match="kernel Xy/3 is not known"):
        match_scan(water_disc(), replace(SIEMENS, kernels=("Xy", "3")))


def test_without_any_kernel_named_the_message_says_none() -> None:
    with pytest.raises(SimulationError, match="kernel none is not known"):
        match_scan(water_disc(), replace(SIEMENS, kernels=()))


def test_a_tube_voltage_beyond_the_table_is_refused() -> None:
    with pytest.raises(RuleError):
        match_scan(water_disc(), replace(SIEMENS, kvp=40.0))


def test_a_kernel_that_only_begins_alike_is_not_known() -> None:
    assert known_kernel(("B35fs",)) is None
    assert known_kernel(("LUNGd",)) is None
    found = known_kernel(("fc12",))
    assert found is not None
    assert found.name == "FC12"


@pytest.mark.data
def test_of_two_real_kernels_the_noisier_is_the_sharper(shared_data: Path) -> None:
    matches = []
    for folder in ("soft", "sharp"):
        (series,) = read_study(shared_data / "chest-thick" / folder).series
        matches.append(match_scan(read_volume(series), series.acquisition))
    smooth, sharp = sorted(matches, key=lambda match: match.noise_sd_hu or 0.0)
    assert smooth.kernel.mtf50_per_mm < 0.35
    assert sharp.kernel.mtf50_per_mm > 0.5
    assert smooth.calcium_hu == pytest.approx(sharp.calcium_hu, rel=0.01)
