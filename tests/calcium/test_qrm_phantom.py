"""A real scanner's scan of a phantom with known calcium, against its published scores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bench.qrm_phantom import (
    CALCIUM_ROD,
    INSERTS_MM,
    NO_MINIMUM,
    WATER_ROD,
    label_inserts,
    label_water,
    measure_water,
    physical_mass_mg,
    published_scores,
    read_phantom,
    score,
)

from tests.calcium import oracle
from vascal.calcium.mass import Calibration, calibrate_from_rods
from vascal.calcium.rule import AGATSTON_1990, FOUR_PIXELS, RULES
from vascal.volume import Volume


@pytest.fixture(scope="module")
def phantom(shared_data: Path) -> Volume:
    return read_phantom(shared_data)


@pytest.fixture(scope="module")
def rods(phantom: Volume) -> Calibration:
    return calibrate_from_rods(phantom, WATER_ROD, CALCIUM_ROD)


def test_each_insert_scores_as_published(phantom: Volume, shared_data: Path) -> None:
    scored = score(phantom, label_inserts(phantom.grid), FOUR_PIXELS)
    found = {name: scored.vessels[name].agatston if name in scored.vessels else 0.0 for name in INSERTS_MM}
    assert found == pytest.approx(published_scores(shared_data), abs=0.005)


def test_one_square_millimetre_gives_the_same_inserts(phantom: Volume, shared_data: Path) -> None:
    scored = score(phantom, label_inserts(phantom.grid), AGATSTON_1990)
    assert scored.total.agatston == pytest.approx(sum(published_scores(shared_data).values()), abs=0.05)
    assert scored.total.lesions == 7


@pytest.mark.parametrize("name", RULES)
def test_real_noise_scores_as_the_oracle_does(phantom: Volume, name: str) -> None:
    region, rule = label_water(phantom.grid), RULES[name]
    expected = oracle.score(
        phantom.hu,
        region.labels,
        region.names,
        positions_mm=list(phantom.grid.slice_positions_mm),
        pixel_mm2=phantom.grid.pixel_area_mm2,
        rule=rule,
    )["water"]
    seen = score(phantom, region, rule).total
    assert seen.agatston == pytest.approx(expected.agatston)
    assert seen.volume_mm3 == pytest.approx(expected.volume_mm3)
    assert seen.lesions == expected.lesions


def test_rods_give_the_slope_of_this_scanner(rods: Calibration) -> None:
    """Canon with the large ring: factors around 0.7253 mg/cm3 per HU over five published scans."""
    assert 1 / rods.factor_mg_cm3_per_hu == pytest.approx(1.38, abs=0.02)
    assert rods.factor_mg_cm3_per_hu == pytest.approx(0.7253, rel=0.01)


def test_the_place_of_the_rods_does_not_matter_within_them(phantom: Volume, rods: Calibration) -> None:
    smaller = calibrate_from_rods(phantom, replace(WATER_ROD, radius_mm=4.0), replace(CALCIUM_ROD, radius_mm=4.0))
    assert smaller.factor_mg_cm3_per_hu == pytest.approx(rods.factor_mg_cm3_per_hu, rel=0.02)


@pytest.mark.parametrize(("size", "within"), [("large", 0.04), ("medium", 0.16)])
@pytest.mark.parametrize("density", ["HD", "MD", "LD"])
def test_integrated_mass_is_near_the_truth_and_threshold_mass_above_it(
    phantom: Volume, rods: Calibration, size: str, within: float, density: str
) -> None:
    insert = f"{size}-{density}"
    seen = score(phantom, label_inserts(phantom.grid), FOUR_PIXELS, rods).vessels[insert]
    truth = physical_mass_mg(insert)
    assert seen.mass_integrated_mg == pytest.approx(truth, rel=within)
    assert seen.mass_mg > 1.1 * truth


def test_the_minimum_area_removes_most_of_the_noise(phantom: Volume) -> None:
    water = measure_water(phantom)
    rows = water["by_rule"]
    assert water["sd_hu"] == pytest.approx(21.1, abs=0.1)
    assert rows[NO_MINIMUM.name]["agatston"] == pytest.approx(373.9, abs=0.1)
    assert rows[AGATSTON_1990.name]["agatston"] == pytest.approx(46.4, abs=0.1)
    assert np.all(np.diff([row["voxels_per_cm3"] for row in rows.values()]) < 0)
