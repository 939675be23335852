from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from vascal.anatomy.segmenter import STRUCTURES
from vascal.errors import GeometryError, RuleError
from vascal.simulate.ct.acquisition import calcium_slope_hu, noise_hu
from vascal.simulate.ct.heart import STRUCTURE_NAMES
from vascal.simulate.ct.phantom import SimulatedThorax, ThoraxPlan, simulate_thorax
from vascal.simulate.ct.plaques import Plaque
from vascal.volume import Grid

CHEST = ThoraxPlan(field="chest", shape=(28, 128, 128), spacing_mm=(10.0, 2.7, 2.7), noise_sd_hu=0.0, psf_fwhm_mm=2.0)
CARDIAC = ThoraxPlan(shape=(50, 160, 160), spacing_mm=(3.0, 1.2, 1.2), noise_sd_hu=0.0)


@pytest.fixture(scope="module")
def chest() -> SimulatedThorax:
    return simulate_thorax(CHEST)


@pytest.fixture(scope="module")
def cardiac() -> SimulatedThorax:
    return simulate_thorax(CARDIAC)


@pytest.fixture(scope="module")
def without_calcium() -> SimulatedThorax:
    return simulate_thorax(replace(CARDIAC, plaques=()))


def added_mass_mg(plan: ThoraxPlan, kvp: float) -> float:
    """Weigh a plan's plaques from two finished scans, with and without them."""
    plan = replace(plan, kvp=kvp)
    with_calcium, without = (simulate_thorax(p).volume for p in (plan, replace(plan, plaques=())))
    difference = with_calcium.hu.astype(float) - without.hu
    voxel_mm3 = plan.grid.pixel_area_mm2 * plan.grid.spacing_between_slices_mm
    return float(difference.sum()) * voxel_mm3 / 1000 / calcium_slope_hu(kvp)


@pytest.mark.parametrize(("thickness_mm", "kvp"), [(3.0, 120.0), (4.5, 80.0)])
def test_a_finished_scan_holds_the_mass_that_was_planned(thickness_mm: float, kvp: float) -> None:
    plaques = (
        Plaque(vessel="LAD", mass_mg=20.0, position=0.2),
        Plaque(vessel="RCA", mass_mg=7.0, position=0.3, shape="spot"),
    )
    plan = replace(CARDIAC, shape=(17, 90, 90), centre_shift_mm=(0.0, -10.0, 17.0), plaques=plaques)
    plan = replace(plan, thickness_mm=thickness_mm)

    # What is lost is the rounding to whole HU, not calcium.
    assert added_mass_mg(plan, kvp) == pytest.approx(27.0, rel=0.004)


def test_a_seed_gives_one_scan_and_another_seed_another() -> None:
    plan = replace(CHEST, shape=(3, 64, 64), spacing_mm=(25.0, 5.0, 5.0), noise_sd_hu=20.0, seed=7)
    first, again, other = (simulate_thorax(p) for p in (plan, plan, replace(plan, seed=8)))

    assert np.array_equal(first.volume.hu, again.volume.hu)
    assert np.array_equal(first.structures.labels, again.structures.labels)
    assert first.plaques == again.plaques
    assert not np.array_equal(first.structures.labels, other.structures.labels)


@pytest.mark.parametrize(
    ("name", "low_hu", "high_hu"),
    [("heart", -100, 60), ("aorta", 30, 60), ("lungs", -900, -800), ("airway", -1000, -800), ("bone", 130, 700)],
)
def test_organs_have_the_ct_numbers_of_their_tissue(
    chest: SimulatedThorax, name: str, low_hu: float, high_hu: float
) -> None:
    inside = ndimage.binary_erosion(chest.structures.mask(name), structure=np.ones((1, 3, 3), dtype=bool))

    assert low_hu <= np.median(chest.volume.hu[inside]) <= high_hu


def test_structures_are_numbered_as_every_finder_numbers_them(chest: SimulatedThorax) -> None:
    assert STRUCTURE_NAMES == STRUCTURES
    assert set(np.unique(chest.structures.labels)) == set(range(8))


def test_organs_are_as_large_as_an_adults(chest: SimulatedThorax) -> None:
    voxel_ml = chest.volume.grid.pixel_area_mm2 * 10.0 / 1000
    litres = {name: float(chest.structures.mask(name).sum()) * voxel_ml / 1000 for name in ("heart", "lungs")}

    assert 0.5 < litres["heart"] < 1.1
    assert 2.5 < litres["lungs"] < 6.5


def test_the_heart_lies_left_and_the_liver_right(chest: SimulatedThorax) -> None:
    columns = np.nonzero(chest.structures.mask("heart"))[2]
    grid = chest.volume.grid

    assert grid.index_to_mm(0, 0, float(columns.mean()))[0] > 5


def test_vessel_labels_hold_every_calcified_voxel_of_a_coronary_plaque(
    cardiac: SimulatedThorax, without_calcium: SimulatedThorax
) -> None:
    in_heart = ndimage.binary_dilation(cardiac.structures.mask("heart"), iterations=2)
    calcified = (cardiac.volume.hu >= 130) & (without_calcium.volume.hu < 130) & in_heart

    assert calcified.sum() > 30
    for plaque in cardiac.plaques:
        if plaque.plaque.vessel not in cardiac.vessels.names.values():
            calcified[_near(cardiac, plaque.centre_mm)] = False
    assert np.all(cardiac.vessels.labels[calcified] > 0)


def _near(phantom: SimulatedThorax, centre_mm: tuple[float, float, float], radius_mm: float = 12.0) -> np.ndarray:
    grid = phantom.volume.grid
    index = [np.arange(n) * s for n, s in zip(grid.shape, grid.spacing_mm, strict=True)]
    centre = [centre_mm[j] - grid.origin_mm[j] for j in (2, 1, 0)]
    z, y, x = np.ix_(*(np.square(i - c) for i, c in zip(index, centre, strict=True)))
    return np.asarray(z + y + x < radius_mm**2)


def test_vessel_labels_hold_the_mass_of_their_plaques_and_no_bone(
    cardiac: SimulatedThorax, without_calcium: SimulatedThorax
) -> None:
    difference = cardiac.volume.hu.astype(float) - without_calcium.volume.hu
    mg_per_hu = cardiac.volume.grid.pixel_area_mm2 * 3.0 / 1000 / calcium_slope_hu(120)

    for vessel in ("LM", "LAD", "LCX", "RCA"):
        labelled = difference[cardiac.vessels.mask(vessel)].sum() * mg_per_hu
        assert labelled == pytest.approx(cardiac.mass_mg(vessel), rel=0.01)
    assert not np.any(cardiac.vessels.labels[cardiac.structures.mask("bone")])


def test_coronary_arteries_run_inside_the_pericardium(cardiac: SimulatedThorax) -> None:
    grid = cardiac.volume.grid
    for course in cardiac.centrelines.values():
        steps = (course[:, ::-1] - grid.origin_mm[::-1]) / grid.spacing_mm
        k, i, j = np.rint(steps).astype(int).T
        labels = cardiac.structures.labels[k, i, j]
        assert np.isin(labels, (1, 2)).mean() > 0.95


def test_low_voltage_brightens_calcium_as_published() -> None:
    # 130 HU at 120 kVp is 147 HU at 100 kVp and 177 HU at 80 kVp.
    assert 130 * calcium_slope_hu(100) / calcium_slope_hu(120) == pytest.approx(147, abs=1)
    assert 130 * calcium_slope_hu(80) / calcium_slope_hu(120) == pytest.approx(177, abs=1)
    with pytest.raises(RuleError, match="60 kVp"):
        calcium_slope_hu(60)


def test_noise_has_the_asked_deviation_and_its_power_peaks_near_a_fifth_per_mm() -> None:
    grid = Grid.even((12, 200, 200), (3.0, 0.5, 0.5))
    noise = noise_hu(grid, 18.0, 3.0, 1.3, np.random.default_rng(0))
    power = np.square(np.abs(np.fft.rfft2(noise))).mean(axis=0)
    frequency = np.hypot(np.fft.fftfreq(200, 0.5)[:, None], np.fft.rfftfreq(200, 0.5)[None])
    rings = np.digitize(frequency, np.arange(0.025, 0.8, 0.05))
    radial = ndimage.mean(power, rings, np.arange(1, 10))

    assert noise.std() == pytest.approx(18.0, rel=1e-3)
    assert 0.1 <= 0.05 * (1 + int(np.argmax(radial))) <= 0.3


def test_contrast_agent_brightens_blood_not_fat() -> None:
    plan = replace(CARDIAC, shape=(6, 80, 80), spacing_mm=(3.0, 2.4, 2.4), plaques=())
    plain, enhanced = (simulate_thorax(p) for p in (plan, replace(plan, blood_hu=350.0)))
    heart = plain.structures.mask("heart")

    assert np.percentile(plain.volume.hu[heart], 90) < 70
    assert np.percentile(enhanced.volume.hu[heart], 90) > 300
    assert enhanced.volume.hu[heart].min() < -60


def test_a_plaque_outside_the_field_is_said_to_be() -> None:
    plan = replace(CARDIAC, shape=(6, 32, 32), spacing_mm=(3.0, 1.0, 1.0))

    assert not all(p.is_in_field for p in simulate_thorax(plan).plaques)


def test_impossible_plans_are_refused() -> None:
    with pytest.raises(GeometryError, match="leave gaps"):
        ThoraxPlan(thickness_mm=1.0)
    with pytest.raises(GeometryError, match="negative"):
        ThoraxPlan(noise_sd_hu=-1.0)
    with pytest.raises(GeometryError, match="no vessel is called 'LAX'"):
        simulate_thorax(replace(CHEST, shape=(2, 8, 8), plaques=(Plaque(vessel="LAX", mass_mg=1.0),)))
