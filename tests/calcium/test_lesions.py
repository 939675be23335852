"""Patches that are too small, and how the rest joins into lesions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.calcium.scenes import agatston_of, blank, lesions_of, score_of
from vascal.calcium.lesions import vessel_order
from vascal.calcium.rule import AGATSTON_1990, FOUR_PIXELS, ORCASCORE, AgatstonRule


def row_of(pixels: int, hu: int = 150) -> np.ndarray:
    image = blank((3, 9, 12))
    image[1, 4, 2 : 2 + pixels] = hu
    return image


@pytest.mark.parametrize(
    ("pixel_mm", "pixels", "kept"),
    [(0.5, 3, False), (0.5, 4, True), (0.488, 4, False), (0.488, 5, True), (1.0, 1, True), (0.999, 1, False)],
)
def test_a_patch_below_one_mm2_is_noise(pixel_mm: float, pixels: int, kept: bool) -> None:
    score = agatston_of(row_of(pixels), (3.0, pixel_mm, pixel_mm))
    assert score == pytest.approx(pixels * pixel_mm**2 if kept else 0.0)


@pytest.mark.parametrize(("row_mm", "column_mm"), [(0.1, 10 / 3), (1 / 3, 1.0), (0.7, 1 / 2.1)])
def test_a_patch_of_exactly_one_mm2_counts_whatever_the_last_digits(row_mm: float, column_mm: float) -> None:
    assert agatston_of(row_of(3), (3.0, row_mm, column_mm)) == pytest.approx(1.0)


@pytest.mark.parametrize(("pixels", "kept"), [(3, False), (4, True)])
@pytest.mark.parametrize("pixel_mm", [0.3, 0.9])
def test_four_pixels_count_whatever_their_size(pixel_mm: float, pixels: int, kept: bool) -> None:
    score = agatston_of(row_of(pixels), (3.0, pixel_mm, pixel_mm), FOUR_PIXELS)
    assert score == pytest.approx(pixels * pixel_mm**2 if kept else 0.0)


def test_the_challenge_rule_counts_a_single_voxel() -> None:
    assert agatston_of(row_of(1), rule=ORCASCORE) == pytest.approx(0.25)


@pytest.mark.parametrize(("connectivity", "score"), [(8, 1.0), (4, 0.0)])
def test_pixels_that_meet_at_a_corner_are_one_patch_only_if_8_connected(connectivity: int, score: float) -> None:
    image = blank((3, 9, 9))
    image[1, range(2, 6), range(2, 6)] = 150
    rule = replace(AGATSTON_1990, in_plane_connectivity=connectivity)  # type: ignore[arg-type]
    assert agatston_of(image, rule=rule) == pytest.approx(score)


def test_the_minimum_is_judged_in_each_slice_alone() -> None:
    image = blank((4, 9, 9))
    image[1, 4, 2:5] = image[2, 4, 2:5] = 150
    assert agatston_of(image) == 0.0, "3 pixels of 0.25 mm2 in each slice, 6 together"


def test_a_small_patch_is_dropped_even_where_it_touches_a_kept_one_in_the_next_slice() -> None:
    image = blank((4, 9, 9))
    image[1, 4, 2:7] = 150
    image[2, 4, 3] = 900
    assert agatston_of(image) == pytest.approx(5 * 0.25)


def staircase() -> np.ndarray:
    """Four patches: the second over a face, the third over an edge, the fourth over a corner of the one before."""
    image = blank((6, 16, 16))
    image[1, 2:4, 2:4] = image[2, 2:4, 2:4] = image[3, 4:6, 2:4] = image[4, 6:8, 4:6] = 150
    return image


@pytest.mark.parametrize(("connectivity", "lesions"), [(6, 3), (18, 2), (26, 1)])
def test_lesions_join_across_slices_by_face_edge_or_corner(connectivity: int, lesions: int) -> None:
    rule = replace(AGATSTON_1990, in_plane_connectivity=4, lesion_connectivity=connectivity)  # type: ignore[arg-type]
    scored = score_of(staircase(), rule=rule)
    assert scored.total.lesions == lesions
    assert scored.total.agatston == pytest.approx(4.0)


def test_touching_vessels_never_join() -> None:
    image, labels = blank(), np.zeros((5, 16, 16), dtype=np.uint8)
    image[1:3, 4:8, 4:12] = 300
    labels[:, :, :8], labels[:, :, 8:] = 1, 2
    _, lesions = lesions_of(image, labels=labels, names={1: "LM", 2: "LAD"})
    assert [(lesion.vessel, lesion.index.size) for lesion in lesions] == [("LM", 32), ("LAD", 32)]


def test_each_vessel_must_reach_the_minimum_by_itself() -> None:
    image, labels = row_of(4), np.ones((3, 9, 12), dtype=np.uint8)
    labels[:, :, 4:] = 2
    assert score_of(image, labels=labels, names={1: "LM", 2: "LAD"}).total.agatston == 0.0


def test_lesions_are_listed_by_vessel_then_from_head_to_feet() -> None:
    image, labels = blank((9, 16, 16)), np.zeros((9, 16, 16), dtype=np.uint8)
    names = {1: "RCA", 2: "aorta", 3: "LM", 4: "unassigned"}
    for value, slices in {1: (1, 5, 7), 2: (3,), 3: (2,), 4: (4,)}.items():
        for k in slices:
            image[k, 4 * value - 3 : 4 * value - 1, 3:5] = 200
            labels[k, 4 * value - 3 : 4 * value - 1, 3:5] = value
    _, lesions = lesions_of(image, labels=labels, names=names)
    seen = [(lesion.id, lesion.vessel, int(lesion.index[0]) // 256) for lesion in lesions]
    assert seen == [(1, "LM", 2), (2, "RCA", 7), (3, "RCA", 5), (4, "RCA", 1), (5, "aorta", 3), (6, "unassigned", 4)]


def test_vessels_sort_by_the_order_of_reports() -> None:
    assert sorted(["aorta", "RCA", "LM", "LCX", "LAD", "RI"], key=vessel_order) == [
        *("LM", "LAD", "LCX", "RCA"),
        *("RI", "aorta"),
    ]


def test_a_lesion_carries_its_voxels_in_ascending_order_with_their_hu() -> None:
    image = staircase()
    image[2, 3, 3] = 777
    volume, (lesion,) = lesions_of(image)
    assert np.all(np.diff(lesion.index) > 0)
    assert np.array_equal(lesion.hu, volume.hu.reshape(-1)[lesion.index])
    assert lesion.confidence is None


@pytest.mark.parametrize("rule", [AGATSTON_1990, ORCASCORE, FOUR_PIXELS], ids=lambda rule: rule.name)
def test_an_image_without_calcium_has_no_lesions(rule: AgatstonRule) -> None:
    assert lesions_of(blank(), rule=rule)[1] == ()
