"""Which voxels may be calcium."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from tests.calcium.scenes import blank, grid_of, score_of
from vascal.calcium.candidates import Candidates, find_candidates, find_candidates_in_box
from vascal.calcium.rule import AGATSTON_1990, ORCASCORE, AgatstonRule
from vascal.errors import GridMismatchError
from vascal.volume import Grid, LabelMap, Volume


def candidates_in(
    hu: np.ndarray, labels: np.ndarray, names: dict[int, str], rule: AgatstonRule = AGATSTON_1990
) -> Candidates:
    grid = grid_of(hu)
    return find_candidates(Volume(hu=hu, grid=grid), LabelMap(labels=labels, grid=grid, names=names), rule)


def test_voxels_that_are_bright_and_labelled_are_candidates() -> None:
    hu = blank((2, 3, 4))
    hu[0, 1, 1], hu[0, 1, 2], hu[1, 2, 3], hu[1, 0, 0] = 129, 130, 400, 500
    labels = np.zeros(hu.shape, dtype=np.uint8)
    labels[0], labels[1, 2] = 3, 7
    found = candidates_in(hu, labels, {3: "LAD", 7: "RCA"})
    assert found.index.tolist() == [6, 23]
    assert found.hu.tolist() == [130, 400]
    assert found.label.tolist() == [3, 7]


def test_the_comparison_is_the_rules() -> None:
    hu, labels = blank((2, 2, 2), 130), np.ones((2, 2, 2), dtype=np.uint8)
    assert candidates_in(hu, labels, {1: "LAD"}).index.size == 8
    assert candidates_in(hu, labels, {1: "LAD"}, ORCASCORE).index.size == 0


def test_values_without_a_name_are_ignored() -> None:
    hu, labels = blank((2, 2, 2), 500), np.full((2, 2, 2), 9, dtype=np.uint8)
    labels[0, 0, 0] = 255
    assert candidates_in(hu, labels, {1: "LAD", 255: "RCA"}).index.tolist() == [0]


def test_nothing_labelled_gives_no_candidates_and_a_score_of_zero() -> None:
    hu, labels = blank((2, 4, 4), 500), np.zeros((2, 4, 4), dtype=np.uint8)
    assert candidates_in(hu, labels, {1: "LAD"}).index.size == 0
    assert score_of(hu, labels=labels).total.agatston == 0.0


def test_a_vessel_drawn_in_two_values_is_one_vessel() -> None:
    hu, labels = blank((2, 6, 6)), np.zeros((2, 6, 6), dtype=np.uint8)
    hu[0, 2, 1:5] = (150, 150, 150, 450)
    labels[0, 2, 1:3], labels[0, 2, 3:5] = 2, 5
    whole = score_of(hu, labels=labels, names={2: "LAD", 5: "LAD"})
    assert whole.total.lesions == 1
    assert whole.total.agatston == pytest.approx(4 * 0.25 * 4)
    apart = score_of(hu, labels=labels, names={2: "LAD", 5: "LCX"})
    assert apart.total.agatston == 0.0, "two patches of 0.5 mm2"


def test_images_need_not_be_stored_in_the_order_of_their_axes() -> None:
    random = np.random.default_rng(0)
    hu = random.integers(0, 300, (3, 4, 5)).astype(np.int16)
    labels = random.integers(0, 3, hu.shape).astype(np.uint8)
    usual = candidates_in(hu, labels, {1: "LAD", 2: "RCA"})
    turned = candidates_in(np.asfortranarray(hu), np.asfortranarray(labels), {1: "LAD", 2: "RCA"})
    assert np.array_equal(usual.index, turned.index)
    assert np.array_equal(usual.hu, turned.hu)
    assert np.array_equal(usual.label, turned.label)


def test_labels_on_another_grid_are_refused() -> None:
    hu = blank()
    elsewhere = Grid.even((5, 16, 16), (3.0, 0.5, 0.5), origin_mm=(0.0, 0.0, 5.0))
    labels = LabelMap(labels=np.ones(hu.shape, dtype=np.uint8), grid=elsewhere, names={1: "LAD"})
    with pytest.raises(GridMismatchError):
        find_candidates(Volume(hu=hu, grid=grid_of(hu)), labels, AGATSTON_1990)


@pytest.mark.parametrize("comparison", [">=", ">"])
def test_a_box_holds_the_same_candidates_as_a_region_of_its_shape(comparison: Literal[">=", ">"]) -> None:
    hu = np.random.default_rng(5).integers(100, 160, (4, 9, 7)).astype(np.int16)
    volume = Volume(hu=hu, grid=Grid.even(hu.shape, (3.0, 0.5, 0.5)))
    box = (slice(1, 3), slice(2, 9), slice(0, 5))
    region = np.zeros(hu.shape, dtype=np.uint8)
    region[box] = 1
    rule = replace(AGATSTON_1990, comparison=comparison)
    wanted = find_candidates(volume, LabelMap(labels=region, grid=volume.grid, names={1: "bright"}), rule)
    found = find_candidates_in_box(volume, box, rule)
    for name in ("index", "hu", "label"):
        assert np.array_equal(getattr(found, name), getattr(wanted, name))
    assert found.names == wanted.names
