"""Mistakes other programs make in scoring, each as one test that it is not made here."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from tests.calcium.scenes import agatston_of, blank, grid_of, lesions_of, score_of
from vascal.calcium.candidates import find_candidates
from vascal.calcium.lesions import find_lesions
from vascal.calcium.rule import AGATSTON_1990, RULES, choose_rule
from vascal.calcium.score import score_calcium
from vascal.volume import Grid, LabelMap, Volume


def rod(slices: int, *, hu: int = 450, total: int | None = None) -> np.ndarray:
    image = blank((total or slices + 2, 16, 16))
    image[1 : 1 + slices, 4:8, 4:8] = hu
    return image


def test_overlapping_slices_do_not_double_the_score() -> None:
    """A 12 mm rod in 3 mm slices: every 3 mm, and reconstructed every 1.5 mm."""
    assert agatston_of(rod(8), (1.5, 0.5, 0.5)) == pytest.approx(agatston_of(rod(4), (3.0, 0.5, 0.5)))


def test_gaps_between_slices_do_not_lose_score() -> None:
    """A 12 mm rod in 3 mm slices every 6 mm: two slices, each for 6 mm of patient."""
    assert agatston_of(rod(2), (6.0, 0.5, 0.5)) == pytest.approx(agatston_of(rod(4), (3.0, 0.5, 0.5)))


def test_the_score_is_normalised_to_3_mm() -> None:
    assert agatston_of(rod(12), (1.0, 0.5, 0.5)) == pytest.approx(agatston_of(rod(4), (3.0, 0.5, 0.5)))


def test_a_lesion_has_no_single_weight() -> None:
    image = rod(3, hu=150)
    image[2, 5, 5] = 450
    assert agatston_of(image) == pytest.approx(4.0 * (1 + 4 + 1))


def test_scores_are_not_rounded_by_lesion() -> None:
    image = blank((3, 40, 40))
    for place in range(9):
        image[1, 4 * place : 4 * place + 2, 4:6] = 150
    assert agatston_of(image, (1.0, 0.52, 0.52)) == pytest.approx(9 * 4 * 0.52**2 / 3)


def test_labelled_voxels_below_the_threshold_are_not_scored() -> None:
    image, labels = rod(1), np.zeros((3, 16, 16), dtype=np.uint8)
    labels[:, 2:10, 2:10] = 1
    scored = score_of(image, labels=labels)
    assert scored.total.agatston == pytest.approx(4.0 * 4)
    assert scored.lesions[0].voxels == 16


def test_pixels_need_not_be_square() -> None:
    assert agatston_of(rod(1), (3.0, 0.4, 0.9)) == pytest.approx(16 * 0.36 * 4)


def test_voxel_volumes_are_not_rounded() -> None:
    scored = score_of(rod(1), spacing_mm=(2.999, 0.4883, 0.4883)).total
    assert scored.volume_mm3 == pytest.approx(16 * 2.999 * 0.4883**2, rel=1e-12)


@pytest.mark.parametrize("kvp", [70, 80, 90, 100, 110, 120, 130, 135, 140, 150])
def test_every_tube_voltage_has_thresholds_that_agree_with_each_other(kvp: float) -> None:
    rule = choose_rule(kvp)
    levels = (rule.threshold_hu, *rule.weight_edges_hu)
    assert np.divide(levels, rule.threshold_hu) == pytest.approx((1, 200 / 130, 300 / 130, 400 / 130))


@pytest.mark.parametrize("pixel_mm", [0.25, 0.5, 0.75, 1.5])
def test_connectivity_does_not_depend_on_pixel_size(pixel_mm: float) -> None:
    image = blank((3, 40, 40))
    image[1, range(2, 38), range(2, 38)] = 150
    assert score_of(image, spacing_mm=(3.0, pixel_mm, pixel_mm)).total.lesions == 1


@pytest.mark.parametrize("name", RULES)
def test_the_threshold_itself_counts_in_one_way_everywhere(name: str) -> None:
    """Score, voxel volume, interpolated volume and mass agree on whether 130 HU is calcium."""
    rule = replace(RULES[name], min_patch_mm2=0.0)
    total = score_of(blank(hu=130), rule=rule).total
    counts = rule.comparison == ">="
    assert {v > 0 for v in (total.agatston, total.volume_mm3, total.volume_isotropic_mm3, total.mass_mg)} == {counts}


def test_weights_change_at_200_not_199() -> None:
    assert [agatston_of(rod(1, hu=hu)) for hu in (199, 200)] == pytest.approx([4.0, 8.0])


@pytest.mark.parametrize("shape", [(3, 300, 340), (3, 768, 768), (3, 1024, 512)])
def test_images_that_are_not_512_square_are_scored_to_their_edges(shape: tuple[int, int, int]) -> None:
    image = blank(shape)
    image[1, -2:, -2:] = image[1, :2, -2:] = image[1, -2:, :2] = image[1, :2, :2] = 150
    assert agatston_of(image) == pytest.approx(4.0)


def test_thin_slices_are_scored() -> None:
    assert agatston_of(rod(3), (1.0, 0.5, 0.5)) == pytest.approx(3 * 4 * 4 / 3)
    assert agatston_of(rod(6), (0.5, 0.5, 0.5)) == pytest.approx(6 * 4 * 4 * 0.5 / 3)


def test_the_first_and_the_last_slice_are_looked_at() -> None:
    image = blank()
    image[0, 4:8, 4:8] = image[-1, 4:8, 4:8] = 450
    assert agatston_of(image) == pytest.approx(2 * 4 * 4)


def test_five_millimetre_slices_have_an_interpolated_volume() -> None:
    total = score_of(rod(2), spacing_mm=(5.0, 0.5, 0.5)).total
    # 450 to 40 HU over 5 mm falls below 130 HU after 320/410 * 5 mm = 3.9 mm: 1.4 mm beyond the voxel's own edge.
    assert total.volume_isotropic_mm3 == pytest.approx(4.0 * (10 + 2 * 1.4), rel=0.03)


def test_memory_grows_with_calcium_not_with_lesions_times_the_scan() -> None:
    shape = (40, 256, 256)
    image, labels = blank(shape), np.ones(shape, dtype=np.uint8)
    for k in range(1, 39, 2):
        image[k, 6 * k : 6 * k + 4, 100:104] = image[k, 6 * k : 6 * k + 4, 140:144] = 300
    grid = grid_of(image)
    volume, region = Volume(hu=image, grid=grid), LabelMap(labels=labels, grid=grid, names={1: "LAD"})
    tracemalloc.start()
    lesions = find_lesions(find_candidates(volume, region, AGATSTON_1990), AGATSTON_1990)
    score_calcium(volume, lesions)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(lesions) == 38
    assert peak < 0.5 * image.nbytes


def test_slices_count_by_position_not_by_number() -> None:
    """The same image with a gap in the middle: the slices beside the gap stand for more of the patient."""
    image = rod(2, total=4)
    gap = Grid(shape=(4, 16, 16), row_spacing_mm=0.5, column_spacing_mm=0.5, slice_positions_mm=(0.0, 3.0, 9.0, 12.0))
    volume, lesions = lesions_of(image, grid=gap)
    assert score_calcium(volume, lesions).total.agatston == pytest.approx(2 * 16 * 4.5 / 3)
