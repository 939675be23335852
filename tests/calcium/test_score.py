"""The whole score: sums, vessels, density, centres."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from tests.calcium.scenes import blank, grid_of, lesions_of, score_of
from vascal.calcium.lesions import Lesion
from vascal.calcium.mass import Calibration, assume_calibration
from vascal.calcium.rule import AGATSTON_1990, AGATSTON_KVP, adapt_rule
from vascal.calcium.score import CalciumScore, VesselScore, find_center_mm, score_calcium
from vascal.volume import Grid, Volume

NAMES = {1: "LAD", 2: "RCA", 3: "LM"}


def three_vessels() -> CalciumScore:
    """LAD: 4 mm2 at 450 HU and 1 mm2 at 150 HU (17); RCA: 1 mm2 at 250 HU (2); LM: 1 mm2 at 150 HU (1)."""
    image, labels = blank((8, 24, 24)), np.zeros((8, 24, 24), dtype=np.uint8)
    for value, k, i, size, hu in ((1, 1, 2, 4, 450), (1, 5, 2, 2, 150), (2, 3, 12, 2, 250), (3, 6, 18, 2, 150)):
        image[k, i : i + size, 8 : 8 + size] = hu
        labels[k, i : i + size, 8 : 8 + size] = value
    return score_of(image, labels=labels, names=NAMES)


def test_the_total_is_the_sum_over_vessels_and_lesions() -> None:
    scored = three_vessels()
    assert scored.total.agatston == pytest.approx(20.0)
    assert {name: round(v.agatston, 6) for name, v in scored.vessels.items()} == {
        "LM": 1,
        "LAD": 17,
        "LCX": 0,
        "RCA": 2,
    }
    for field in fields(VesselScore):
        if field.name != "density":
            whole = getattr(scored.total, field.name)
            assert sum(getattr(v, field.name) for v in scored.vessels.values()) == pytest.approx(whole)


def test_what_a_score_is_called_follows_from_the_total() -> None:
    scored = three_vessels()
    assert scored.vessels_with_calcium == 3
    assert str(scored.cac_drs) == "A1/N3"
    assert scored.risk_category == "11-100"
    assert scored.diffusivity == pytest.approx(1 - 17 / 20)
    assert scored.repeat_limit.agatston == pytest.approx(0.17 * 20 + 4.89 * 20**0.5 + 0.44 * 28 - 10.84)


def test_density_is_agatston_over_area() -> None:
    scored = three_vessels()
    assert scored.vessels["LAD"].density == pytest.approx(17 / 5)
    assert scored.vessels["RCA"].density == pytest.approx(2.0)
    assert scored.total.density == pytest.approx(20 / 7)
    assert scored.vessels["LCX"].density is None


@pytest.mark.parametrize(("hu", "density"), [(150, 1), (250, 2), (350, 3), (450, 4)])
def test_density_runs_from_one_to_four(hu: int, density: float) -> None:
    image = blank()
    image[2, 4:8, 4:8] = hu
    assert score_of(image).total.density == pytest.approx(density)


def test_no_lesions_score_zero_and_still_name_four_vessels() -> None:
    scored = score_of(blank())
    assert scored.total == VesselScore()
    assert tuple(scored.vessels) == ("LM", "LAD", "LCX", "RCA")
    assert (scored.risk_category, str(scored.cac_drs), scored.diffusivity) == ("0", "A0/N0", None)
    assert scored.repeat_limit.bmi_is_assumed


def test_other_regions_count_in_the_total_but_not_as_coronary_vessels() -> None:
    image, labels = blank(), np.full((5, 16, 16), 9, dtype=np.uint8)
    image[2, 4:6, 4:6] = 150
    scored = score_of(image, labels=labels, names={9: "unassigned"})
    assert scored.total.agatston == scored.vessels["unassigned"].agatston == pytest.approx(1.0)
    assert scored.vessels_with_calcium == 0
    assert tuple(scored.vessels) == ("LM", "LAD", "LCX", "RCA", "unassigned")


def test_a_lesion_reports_its_voxels() -> None:
    image = blank()
    image[1:4, 4:6, 6:8] = 200
    image[2, 4, 6] = 500
    (lesion,) = score_of(image).lesions
    assert (lesion.id, lesion.vessel, lesion.confidence) == (1, "LAD", None)
    assert (lesion.voxels, lesion.peak_hu, lesion.slices) == (12, 500, (1, 3))
    assert lesion.mean_hu == pytest.approx((11 * 200 + 500) / 12)
    assert lesion.center_mm == pytest.approx((3.25, 2.25, 6.0))
    assert lesion.area_mm2 == pytest.approx(3.0)


def test_the_centre_of_a_lesion_weighs_voxels_by_their_volume() -> None:
    grid = Grid(shape=(4, 8, 8), row_spacing_mm=0.5, column_spacing_mm=0.5, slice_positions_mm=(0.0, 2.0, 4.0, 10.0))
    lesion = Lesion(id=1, vessel="LAD", index=np.array([64, 128]), hu=np.array([200, 200], dtype=np.int16))
    assert grid.slice_extents_mm().tolist() == [2.0, 2.0, 4.0, 6.0]
    assert find_center_mm(lesion, grid) == pytest.approx((0.0, 0.0, (2 * 2 + 4 * 4) / 6))


def test_mass_is_calibrated_for_the_tube_voltage_of_the_rule() -> None:
    image = blank()
    image[2, 4:8, 4:8] = 450
    rule = adapt_rule(AGATSTON_KVP, 80)
    scored = score_of(image, rule=rule)
    assert scored.calibration == assume_calibration(80)
    assert scored.total.mass_mg == pytest.approx(
        assume_calibration(80).factor_mg_cm3_per_hu / 1000 * 450 * scored.total.volume_mm3
    )


def test_a_given_calibration_and_body_mass_index_are_used_and_kept() -> None:
    volume, lesions = lesions_of(np.where(np.indices((5, 16, 16)).sum(axis=0) < 8, 300, 40).astype(np.int16))
    stated = Calibration(factor_mg_cm3_per_hu=0.7, source="stated")
    scored = score_calcium(volume, lesions, rule=AGATSTON_1990, calibration=stated, bmi=35.0)
    assert scored.calibration is stated
    assert scored.repeat_limit.bmi == 35.0
    assert scored.rule is AGATSTON_1990


def test_a_robust_mass_is_unknown_as_soon_as_one_lesion_has_none() -> None:
    image = blank((5, 60, 60))
    image[:, :, 30:] = -900
    image[2, 10:12, 8:10] = image[2, 30:32, 50:52] = 400
    scored = score_of(image)
    assert [lesion.mass_integrated_mg is None for lesion in scored.lesions] == [True, False]
    assert scored.total.mass_integrated_mg is None
    assert scored.total.mass_volume_fraction_mg is None
    assert scored.total.mass_mg > 0


def test_confidence_of_the_finder_is_passed_on() -> None:
    image = blank()
    image[2, 4:6, 4:6] = 200
    volume, (lesion,) = lesions_of(image)
    scored = score_calcium(volume, [replace(lesion, confidence=0.4)])
    assert scored.lesions[0].confidence == 0.4


def test_scoring_edits_neither_image_nor_lesions() -> None:
    image = blank()
    image[2, 4:6, 4:6] = 200
    volume = Volume(hu=image, grid=grid_of(image))
    assert not image.flags.writeable
    _, lesions = lesions_of(volume.hu)
    before = lesions[0].index.copy()
    score_calcium(volume, lesions)
    assert np.array_equal(lesions[0].index, before)
