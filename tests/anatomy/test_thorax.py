from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.anatomy.scans import CARDIAC, CHEST, ScanPlan, cropped, dice, found, simulated, with_contrast
from vascal.anatomy.segmenter import STRUCTURES
from vascal.anatomy.thorax import ThoraxRules
from vascal.volume import Grid, Volume

PLANS = {
    "cardiac": CARDIAC,
    "chest": CHEST,
    "cardiac with contrast": with_contrast(CARDIAC),
    "chest with contrast": with_contrast(CHEST),
    "thick slices": CHEST.but(thickness_mm=5.0, increment_mm=5.0),
    "noisy": CARDIAC.but(noise_sd_hu=40.0),
}


@pytest.mark.parametrize("name", PLANS)
def test_the_simulated_heart_is_found(name: str) -> None:
    plan = PLANS[name]
    truth = simulated(plan).structures
    assert dice(found(plan).structures.mask("heart"), truth.mask("heart")) > 0.8


@pytest.mark.parametrize("plan", [CARDIAC, CHEST], ids=["cardiac", "chest"])
def test_the_simulated_lungs_are_found(plan: ScanPlan) -> None:
    assert dice(found(plan).structures.mask("lungs"), simulated(plan).structures.mask("lungs")) > 0.93


def test_the_descending_aorta_is_found_where_it_is() -> None:
    finding, truth = found(CHEST).structures.mask("aorta"), simulated(CHEST).structures.mask("aorta")
    assert np.sum(finding & truth) > 0.5 * finding.sum()


def test_labels_are_only_those_that_have_names() -> None:
    assert set(np.unique(found(CHEST).structures.labels)) <= {0, *STRUCTURES}


def test_a_table_lies_behind_the_body_and_is_not_lung() -> None:
    table = found(CHEST).structures.mask("table")
    lung_rows = np.flatnonzero(found(CHEST).structures.mask("lungs").any(axis=(0, 2)))
    assert table[:, lung_rows[-1] + 5 :].any()


@pytest.mark.parametrize("axis", [1, 2])
def test_a_scan_stored_with_flipped_axes_gives_the_flipped_answer(axis: int) -> None:
    volume = simulated(CARDIAC).volume
    grid = volume.grid
    last = [0, 0, 0]
    last[axis] = grid.shape[axis] - 1
    turned = replace(
        grid,
        origin_mm=grid.index_to_mm(*last),
        row_axis=(0.0, -1.0, 0.0) if axis == 1 else grid.row_axis,
        column_axis=(-1.0, 0.0, 0.0) if axis == 2 else grid.column_axis,
    )
    flipped = Volume(hu=np.ascontiguousarray(np.flip(volume.hu, axis)), grid=turned)
    heart = ThoraxRules().find_anatomy(flipped).structures.mask("heart")
    assert dice(np.flip(heart, axis), found(CARDIAC).structures.mask("heart")) > 0.97


def test_a_round_field_with_padding_still_shows_the_heart() -> None:
    volume = simulated(CARDIAC).volume
    rows, columns = np.indices(volume.hu.shape[1:]) - 99.5
    hu = volume.hu.copy()
    hu[:, np.hypot(rows, columns) > 100] = -2000
    anatomy = ThoraxRules().find_anatomy(Volume(hu=hu, grid=volume.grid))
    truth = simulated(CARDIAC).structures.mask("heart") & (np.hypot(rows, columns) <= 100)
    assert dice(anatomy.structures.mask("heart"), truth) > 0.8


def test_an_abdomen_has_no_heart_and_a_note_says_so() -> None:
    below = cropped(simulated(CHEST).volume, slice(0, 16))
    anatomy = ThoraxRules().find_anatomy(below)
    assert not anatomy.structures.mask("heart").any()
    assert any("No heart was found" in note for note in anatomy.notes)


@pytest.mark.parametrize("kind", ["noise", "air", "water", "two slices"])
def test_what_is_no_chest_gives_an_empty_heart(kind: str) -> None:
    rng = np.random.default_rng(5)
    shape = (2, 64, 64) if kind == "two slices" else (20, 96, 96)
    level = {"noise": 0, "air": -1000, "water": 0, "two slices": -500}[kind]
    spread = 400 if kind in {"noise", "two slices"} else 5
    hu = np.clip(rng.normal(level, spread, shape), -1024, 3071).astype(np.int16)
    anatomy = ThoraxRules().find_anatomy(Volume(hu=hu, grid=Grid.even(shape, (3.0, 3.0, 3.0))))
    assert not anatomy.structures.mask("heart").any()
    assert anatomy.notes


@pytest.mark.parametrize("half", ["upper", "lower"])
def test_half_a_heart_is_never_taken_for_a_whole_one(half: str) -> None:
    truth = simulated(CARDIAC).structures.mask("heart")
    middle = int(np.flatnonzero(truth.any(axis=(1, 2))).mean())
    kept = slice(middle, None) if half == "upper" else slice(0, middle)
    anatomy = ThoraxRules().find_anatomy(cropped(simulated(CARDIAC).volume, kept))
    is_refused = not anatomy.structures.mask("heart").any()
    assert is_refused or anatomy.heart_cut_off == (("bottom",) if half == "upper" else ("top",))


def test_a_whole_heart_is_cut_off_nowhere() -> None:
    assert found(CHEST).heart_cut_off == ()


def test_a_field_that_ends_inside_the_heart_names_the_side() -> None:
    volume = simulated(CARDIAC).volume
    columns = np.flatnonzero(simulated(CARDIAC).structures.mask("heart").any(axis=(0, 1)))
    edge = int(columns[-1]) - 25
    hu = np.ascontiguousarray(volume.hu[:, :, :edge])
    grid = Grid.even(hu.shape, (3.0, 1.0, 1.0))
    assert "left" in ThoraxRules().find_anatomy(Volume(hu=hu, grid=grid)).heart_cut_off


def test_the_input_is_not_changed() -> None:
    volume = simulated(CARDIAC).volume
    before = volume.hu.copy()
    ThoraxRules().find_anatomy(volume)
    assert np.array_equal(before, volume.hu)
