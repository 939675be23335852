"""Mass of calcium: by threshold, and by all intensity above background."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from tests.calcium.scenes import blank, grid_of, lesions_of, score_of
from vascal.calcium.mass import (
    ASSUMED_FACTOR_MG_CM3_PER_HU,
    Calibration,
    Rod,
    assume_calibration,
    calibrate_from_rods,
    correct_virtual,
    score_mass,
)
from vascal.errors import RuleError
from vascal.tube_voltage import calcium_hu_ratio
from vascal.volume import Grid, Volume

Spacing = tuple[float, float, float]
STATED = Calibration(factor_mg_cm3_per_hu=0.75, source="stated")
TISSUE_HU = 40


def plaque(
    spacing: Spacing, diameter_mm: float, density_mg_cm3: float, *, fwhm_mm: float = 1.0, shift_mm: float = 0.0
) -> tuple[np.ndarray, float]:
    """Scan a ball of hydroxyapatite without noise.

    Gaussian point spread of that width in all directions, then the average over
    each voxel; drawn on a grid of 0.2 mm with partial cells at the ball's edge.

    Returns
    -------
    tuple of numpy.ndarray and float
        (slice, row, column), HU; and the mass drawn, mg.
    """
    step, field = 0.2, 24.0
    axis = np.arange(step / 2, field, step) - field / 2
    away = np.sqrt((axis[:, None, None] - shift_mm) ** 2 + axis[None, :, None] ** 2 + axis[None, None, :] ** 2)
    share = np.clip((diameter_mm / 2 - away) / step + 0.5, 0, 1)
    fine = ndimage.gaussian_filter(share, fwhm_mm / 2.355 / step) * density_mg_cm3 / STATED.factor_mg_cm3_per_hu
    for number, size in enumerate(spacing):
        parts = round(size / step)
        cells = fine.shape[number] // parts
        fine = np.moveaxis(fine, number, 0)[: cells * parts]
        fine = np.moveaxis(fine.reshape(cells, parts, *fine.shape[1:]).mean(axis=1), 0, number)
    mass_mg = float(share.sum()) * step**3 * density_mg_cm3 / 1000
    return np.round(fine + TISSUE_HU).astype(np.int16), mass_mg


@pytest.mark.parametrize("spacing", [(3.0, 0.4, 0.4), (1.0, 0.6, 0.6), (2.4, 0.4, 0.6)])
@pytest.mark.parametrize(("diameter", "density"), [(5.0, 800.0), (5.0, 200.0), (3.0, 400.0), (2.0, 800.0)])
@pytest.mark.parametrize("shift", [0.0, 0.7])
def test_integrated_mass_of_a_blurred_ball_is_its_mass(
    spacing: Spacing, diameter: float, density: float, shift: float
) -> None:
    image, truth_mg = plaque(spacing, diameter, density, shift_mm=shift)
    scored = score_of(image, spacing_mm=spacing, calibration=STATED).total
    assert scored.mass_integrated_mg == pytest.approx(truth_mg, rel=0.03)
    assert scored.mass_volume_fraction_mg == pytest.approx(truth_mg, rel=0.03)


def test_threshold_mass_of_the_same_balls_is_not() -> None:
    errors = []
    for diameter, density in ((5.0, 200.0), (3.0, 400.0), (2.0, 800.0)):
        image, truth_mg = plaque((3.0, 0.4, 0.4), diameter, density)
        errors.append(score_of(image, spacing_mm=(3.0, 0.4, 0.4), calibration=STATED).total.mass_mg / truth_mg - 1)
    assert max(abs(error) for error in errors) > 0.1


def test_published_vector_a_volume_of_2_mm3_at_400_hu_is_600_micrograms() -> None:
    image = blank((4, 16, 16))
    image[1:3, 4:6, 4:8] = 400
    scored = score_of(image, spacing_mm=(0.5, 0.5, 0.5), calibration=STATED).total
    assert scored.mass_mg == pytest.approx(0.6)


def test_threshold_mass_is_factor_times_volume_times_mean() -> None:
    image = blank((4, 16, 16))
    image[1, 4:6, 4:8] = (200, 300, 400, 500)
    scored = score_of(image, spacing_mm=(2.5, 0.6, 0.8), calibration=STATED)
    assert scored.total.mass_mg == pytest.approx(0.75e-3 * (8 * 2.5 * 0.48) * 350)
    assert scored.lesions[0].mean_hu == 350


def test_background_is_measured_around_the_lesion() -> None:
    image, truth_mg = plaque((1.0, 0.4, 0.4), 4.0, 800.0)
    fat = score_of(np.asarray(image - 140), spacing_mm=(1.0, 0.4, 0.4), calibration=STATED).total
    assert fat.mass_integrated_mg == pytest.approx(truth_mg, rel=0.03)


def test_another_lesion_beside_it_is_kept_out_of_background_and_halo() -> None:
    image, labels = blank((9, 40, 40)), np.zeros((9, 40, 40), dtype=np.uint8)
    image[4, 18:22, 10:14] = 440
    labels[4, 18:22, 10:14] = 1
    alone = score_of(image, labels=labels, names={1: "LAD"}, calibration=STATED)
    image, labels = image.copy(), labels.copy()
    image[4, 18:22, 17:21] = 1000
    labels[4, 18:22, 17:21] = 2
    both = score_of(image, labels=labels, names={1: "LAD", 2: "LCX"}, calibration=STATED)
    expected = 0.75e-3 * 16 * 0.75 * (440 - TISSUE_HU)
    assert alone.vessels["LAD"].mass_integrated_mg == pytest.approx(expected)
    assert both.vessels["LAD"].mass_integrated_mg == pytest.approx(expected)


def test_the_median_background_ignores_a_few_bright_voxels_and_the_mean_does_not() -> None:
    image = blank((9, 40, 40))
    image[4, 18:22, 18:22] = 440
    labels = (image > 130).astype(np.uint8)
    image[4, 13, 13] = 3000
    scored = score_of(image, labels=labels, calibration=STATED).total
    expected = 0.75e-3 * 16 * 0.75 * (440 - TISSUE_HU)
    assert scored.mass_volume_fraction_mg == pytest.approx(expected)
    assert scored.mass_integrated_mg is not None
    assert scored.mass_integrated_mg < expected - 0.01


def test_lung_beside_a_lesion_does_not_pull_the_background_down() -> None:
    image = blank((9, 40, 40))
    image[:, :, 24:] = -850
    image[4, 18:22, 19:23] = 440
    scored = score_of(image, calibration=STATED).total
    assert scored.mass_integrated_mg == pytest.approx(0.75e-3 * 16 * 0.75 * (440 - TISSUE_HU))


def test_without_tissue_around_it_only_the_threshold_mass_is_known() -> None:
    image = blank((5, 16, 16), -900)
    image[2, 4:8, 4:8] = 400
    scored = score_of(image, calibration=STATED)
    assert scored.total.mass_mg == pytest.approx(0.75e-3 * 16 * 0.75 * 400)
    assert scored.total.mass_integrated_mg is None
    assert scored.lesions[0].mass_volume_fraction_mg is None


def test_fat_beyond_the_halo_misleads_less_when_near_background_counts_more(monkeypatch: pytest.MonkeyPatch) -> None:
    image = blank((9, 40, 40), -100)
    image[:, :, :22] = TISSUE_HU
    image[4, 18:22, 14:18] = 440
    near = score_of(image, calibration=STATED).total.mass_integrated_mg
    monkeypatch.setattr("vascal.calcium.mass.NEARNESS_MM", 50.0)
    all_alike = score_of(image, calibration=STATED).total.mass_integrated_mg
    truth_mg = 0.75e-3 * 16 * 0.75 * 400
    assert near is not None
    assert all_alike is not None
    assert abs(near - truth_mg) < 0.7 * abs(all_alike - truth_mg)


def test_halo_between_two_lesions_counts_once() -> None:
    """A dim bridge between two lesions: half of its middle column goes to each."""
    image, labels = blank((9, 40, 40)), np.zeros((9, 40, 40), dtype=np.uint8)
    for columns, value in ((slice(10, 14), 1), (slice(17, 21), 2)):
        image[4, 18:22, columns] = 440
        labels[4, 18:22, columns] = value
    names = {1: "LAD", 2: "LCX"}
    plain = score_of(image, labels=labels, names=names, calibration=STATED)
    bridged = image.copy()
    bridged[4, 18:22, 14:17] = 120
    bridge_mg = 0.75e-3 * 12 * 0.75 * 80
    scored = score_of(bridged, labels=labels, names=names, calibration=STATED)
    assert plain.total.mass_integrated_mg is not None
    assert scored.total.mass_integrated_mg == pytest.approx(plain.total.mass_integrated_mg + bridge_mg)
    assert scored.vessels["LAD"].mass_integrated_mg == pytest.approx(scored.vessels["LCX"].mass_integrated_mg)


def test_where_neighbours_halos_fill_the_ring_it_still_is_the_background() -> None:
    image = blank((3, 40, 40), -900)
    labels = np.zeros(image.shape, dtype=np.uint8)
    image[1, 15:25, 10:30] = TISSUE_HU
    for columns, value in ((slice(10, 14), 1), (slice(19, 21), 2), (slice(26, 30), 3)):
        image[1, 15:25, columns] = 440
        labels[1, 15:25, columns] = value
    scored = score_of(image, labels=labels, names={1: "LAD", 2: "LCX", 3: "RCA"}, calibration=STATED)
    assert scored.vessels["LCX"].mass_integrated_mg == pytest.approx(0.75e-3 * 20 * 0.75 * 400)


def test_ten_voxels_of_background_are_enough_and_nine_are_not() -> None:
    for voxels, known in ((9, False), (10, True)):
        image = blank((5, 30, 30), -900)
        image[2, 10:14, 10:14] = 400
        image[2, 12, 19 : 19 + min(voxels, 3)] = image[2, 11, 19 : 19 + min(max(voxels - 3, 0), 3)] = TISSUE_HU
        image[2, 13, 19 : 19 + min(max(voxels - 6, 0), 3)] = TISSUE_HU
        image[2, 10, 19 : 19 + max(voxels - 9, 0)] = TISSUE_HU
        total = score_of(image, calibration=STATED).total
        assert (total.mass_integrated_mg is not None) == known


def test_slices_thicker_than_the_halo_reach_one_slice_further() -> None:
    image = blank((7, 40, 40))
    image[3, 18:22, 18:22] = 440
    image[4, 18:22, 18:22] = 120
    scored = score_of(image, spacing_mm=(5.0, 0.5, 0.5), calibration=STATED).total
    assert scored.mass_integrated_mg == pytest.approx(0.75e-3 * 16 * 1.25 * (400 + 80))


def test_integrated_mass_grows_with_every_voxel_of_the_halo() -> None:
    """A dim shoulder within 2 mm counts, one beyond 4 mm does not."""
    image = blank((7, 40, 40))
    image[3, 18:22, 18:22] = 440
    near, far = image.copy(), image.copy()
    near[3, 20, 24], far[3, 20, 32] = 120, 120
    plain, with_near, with_far = (score_of(i, calibration=STATED).total.mass_integrated_mg for i in (image, near, far))
    assert plain is not None
    assert with_near == pytest.approx(plain + 0.75e-3 * 0.75 * 80)
    assert with_far == pytest.approx(plain)


def test_voxels_of_other_lesions_are_told_by_their_place_not_their_brightness() -> None:
    image = blank((5, 30, 30))
    image[2, 10:14, 10:14] = 400
    volume, (lesion,) = lesions_of(image)
    foreign = np.union1d(lesion.index, [2 * 900 + 12 * 30 + 15])
    cut, whole = (
        score_mass(volume, lesion, STATED, np.asarray(bright)).integrated_mg for bright in (foreign, lesion.index)
    )
    assert cut == pytest.approx(whole)


@pytest.mark.parametrize("kvp", [70.0, 100.0, 120.0, 140.0])
def test_the_assumed_factor_follows_the_tube_voltage(kvp: float) -> None:
    found = assume_calibration(kvp)
    assert found.factor_mg_cm3_per_hu * 130 * calcium_hu_ratio(kvp) == pytest.approx(100.0)
    assert found.source == "assumed"
    assert f"{kvp:g} kVp" in found.detail


def test_an_unknown_tube_voltage_is_taken_as_120() -> None:
    assert assume_calibration(None) == assume_calibration(120.0)
    assert assume_calibration(None).factor_mg_cm3_per_hu == ASSUMED_FACTOR_MG_CM3_PER_HU


@pytest.mark.parametrize("factor", [0.0, 0.1, 10.0, -0.8, 800.0, float("nan")])
def test_an_implausible_factor_is_refused(factor: float) -> None:
    with pytest.raises(RuleError, match="is not plausible"):
        Calibration(factor_mg_cm3_per_hu=factor, source="stated")


def rods_at(grid: Grid, *, water_hu: int, calcium_hu: int) -> tuple[Volume, Rod, Rod]:
    """Draw two rods of 8 mm in tissue; their edges are dark, so that a measurement must keep clear of them."""
    image = np.full(grid.shape, 60, dtype=np.int16)
    rods = []
    for hu, (row, column), density in ((water_hu, (20, 20), 0.0), (calcium_hu, (20, 60), 200.0)):
        i, j = np.ogrid[: grid.shape[1], : grid.shape[2]]
        away = np.hypot((i - row) * grid.row_spacing_mm, (j - column) * grid.column_spacing_mm)
        image[2:8, away < 4.0] = -500
        image[2:8, away <= 3.0] = hu
        center = grid.index_to_mm(4.5, row, column)
        length = 5 * grid.spacing_between_slices_mm
        rods.append(Rod(center_mm=center, radius_mm=3.0, length_mm=length, density_mg_cm3=density))
    return Volume(hu=image, grid=grid), rods[0], rods[1]


SUPINE = Grid.even((10, 40, 80), (3.0, 0.5, 0.5), origin_mm=(-20.0, -11.0, 500.0))
PRONE = Grid(
    shape=(10, 40, 80),
    row_spacing_mm=0.5,
    column_spacing_mm=0.5,
    slice_positions_mm=tuple(3.0 * k for k in range(10)),
    origin_mm=(20.0, 11.0, -30.0),
    row_axis=(0.0, -1.0, 0.0),
    column_axis=(-1.0, 0.0, 0.0),
)


@pytest.mark.parametrize("grid", [SUPINE, PRONE], ids=["supine", "prone"])
def test_rods_give_the_factor_that_made_them(grid: Grid) -> None:
    found = calibrate_from_rods(*rods_at(grid, water_hu=10, calcium_hu=290))
    assert found.factor_mg_cm3_per_hu == pytest.approx(200 / 280)
    assert (found.source, found.detail) == ("rods", "water 10.0 HU, 200 mg/cm3 290.0 HU")


def test_the_darker_rod_need_not_be_water() -> None:
    volume, darker, brighter = rods_at(SUPINE, water_hu=150, calcium_hu=290)
    found = calibrate_from_rods(volume, replace(darker, density_mg_cm3=100.0), brighter)
    assert found.factor_mg_cm3_per_hu == pytest.approx(100 / 140)


def test_rods_that_do_not_differ_are_refused() -> None:
    with pytest.raises(RuleError, match="must be brighter than the water rod"):
        calibrate_from_rods(*rods_at(SUPINE, water_hu=10, calcium_hu=19))


def test_a_rod_outside_the_image_is_refused() -> None:
    volume, water, calcium = rods_at(SUPINE, water_hu=10, calcium_hu=290)
    for outside in ((900.0, 0.0, 514.0), (0.0, 0.0, 0.0)):
        rod = Rod(center_mm=outside, radius_mm=3.0, length_mm=6.0, density_mg_cm3=200.0)
        with pytest.raises(RuleError, match="no voxel lies in the rod"):
            calibrate_from_rods(volume, water, rod)
    assert grid_of(volume.hu).shape == volume.grid.shape
    assert calcium.density_mg_cm3 == 200.0


def test_mass_of_a_virtual_non_contrast_image_makes_up_for_what_went_with_the_iodine() -> None:
    plain = assume_calibration(120)
    corrected = correct_virtual(plain)
    assert corrected.factor_mg_cm3_per_hu == pytest.approx(2.8 * plain.factor_mg_cm3_per_hu)
    assert corrected.source == plain.source
    assert "times 2.8" in corrected.detail
