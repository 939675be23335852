"""Attenuation from first principles, against published and independent figures."""

from __future__ import annotations

import numpy as np
import pytest

from vascal.errors import SimulationError
from vascal.simulate.ct.attenuation import (
    calcium_hu_at,
    hu_per_mg_cm3,
    mass_attenuation_cm2_g,
    material_hu,
    monochromatic,
    spectrum,
    tissue_basis,
)
from vascal.tube_voltage import TUBE_VOLTAGES_KV, calcium_hu_ratio

SLOPES_20_CM = {70: 2.22, 80: 1.93, 90: 1.74, 100: 1.60, 110: 1.50, 120: 1.42, 130: 1.36, 140: 1.31}
SLOPES_32_CM = {70: 2.03, 80: 1.76, 90: 1.58, 100: 1.46, 110: 1.36, 120: 1.29, 130: 1.23, 140: 1.18}


def test_the_threshold_at_100_kvp_is_the_published_one() -> None:
    # Nakazato et al. 2009: 147 HU at 100 kVp stand for 130 HU at 120 kVp.
    assert 146 <= calcium_hu_at(100, 130.0) <= 147.4


@pytest.mark.parametrize("kvp", TUBE_VOLTAGES_KV)
def test_calcium_brightens_as_scoring_believes(kvp: float) -> None:
    assert calcium_hu_at(kvp, 1.0) == pytest.approx(calcium_hu_ratio(kvp), rel=0.005)


@pytest.mark.parametrize(("water_cm", "slopes"), [(20.0, SLOPES_20_CM), (32.0, SLOPES_32_CM)])
def test_slopes_agree_with_an_earlier_computation(water_cm: float, slopes: dict[int, float]) -> None:
    for kvp, slope in slopes.items():
        assert hu_per_mg_cm3(kvp, water_cm=water_cm) == pytest.approx(slope, rel=0.02)


def test_iodine_is_as_bright_as_measured() -> None:
    assert 25 < hu_per_mg_cm3(120, "iodine") < 29


def test_fat_is_darker_at_low_voltage() -> None:
    assert material_hu("adipose", 120) == pytest.approx(-103, abs=3)
    assert material_hu("adipose_icru", 120) == pytest.approx(-80, abs=3)
    assert material_hu("adipose", 80) < material_hu("adipose", 120) - 15


def test_muscle_and_blood_lie_where_ct_shows_them() -> None:
    assert 40 < material_hu("muscle", 120) < 55
    assert 50 < material_hu("blood", 120) < 60


def test_tin_hardens_the_beam() -> None:
    assert spectrum(150, tin_mm=0.6).photons_per_mas_mm2 < 0.3 * spectrum(150).photons_per_mas_mm2
    assert hu_per_mg_cm3(100, tin_mm=0.4) < hu_per_mg_cm3(120)
    assert hu_per_mg_cm3(100, tin_mm=0.6) < hu_per_mg_cm3(100, tin_mm=0.4)


@pytest.mark.parametrize(
    ("material", "kev", "published"),
    [
        # National Institute of Standards and Technology, X-Ray Mass Attenuation Coefficients.
        ("water", 60.0, 0.2059),
        ("water", 100.0, 0.1707),
        ("aluminium", 60.0, 0.2778),
        ("iodine", 60.0, 7.579),
        ("calcium", 60.0, 0.6578),
        ("adipose_icru", 60.0, 0.1974),
        ("cortical_bone", 60.0, 0.3148),
    ],
)
def test_coefficients_agree_with_nist(material: str, kev: float, published: float) -> None:
    assert mass_attenuation_cm2_g(material, np.array([kev]))[0] == pytest.approx(published, rel=0.025)


@pytest.mark.parametrize("name", ["adipose", "muscle", "blood", "cortical_bone", "spongy_bone", "pmma"])
@pytest.mark.parametrize("kvp", [70, 100, 140])
def test_two_bases_stand_for_a_tissue_at_any_voltage(name: str, kvp: int) -> None:
    water, mineral = tissue_basis(name)
    mixed = 1000 * (water - 1) + mineral * hu_per_mg_cm3(kvp)
    assert mixed == pytest.approx(material_hu(name, kvp), abs=0.3)


def test_few_bins_are_enough() -> None:
    fine = spectrum(120)
    coarse = fine.in_bins(24)
    assert coarse.signal.sum() == pytest.approx(1)
    for water_cm in (0.0, 5.0, 20.0, 40.0):
        for base in ("hydroxyapatite", "iodine"):
            assert coarse.hu_per_unit(base, water_cm) == pytest.approx(fine.hu_per_unit(base, water_cm), rel=0.015)


def test_a_voltage_between_two_lies_between_them() -> None:
    assert hu_per_mg_cm3(130) < hu_per_mg_cm3(125) < hu_per_mg_cm3(120)


def test_one_energy_is_the_limit_of_a_spectrum() -> None:
    assert monochromatic(120.0).hu_per_unit("iodine") < hu_per_mg_cm3(120, "iodine")


def test_a_solid_that_displaces_less_is_brighter() -> None:
    light = hu_per_mg_cm3(120, density_mg_cm3=1e9)
    assert light - hu_per_mg_cm3(120) == pytest.approx(1000 / 3160, rel=1e-3)


@pytest.mark.parametrize(("kvp", "tin_mm"), [(60, 0.0), (160, 0.0), (120, 0.4), (100, 0.7)])
def test_unknown_spectra_are_refused(kvp: float, tin_mm: float) -> None:
    with pytest.raises(SimulationError, match="no spectrum"):
        spectrum(kvp, tin_mm=tin_mm)


def test_unknown_materials_and_energies_are_refused() -> None:
    with pytest.raises(SimulationError, match="kryptonite"):
        mass_attenuation_cm2_g("kryptonite")
    with pytest.raises(SimulationError, match="keV"):
        mass_attenuation_cm2_g("water", np.array([10.0]))
