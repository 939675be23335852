"""Agatston units by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.calcium.scenes import THIN, agatston_of, blank, lesions_of, score_of
from vascal.calcium.agatston import score_agatston
from vascal.calcium.rule import AGATSTON_1990, AGATSTON_KVP, adapt_rule
from vascal.volume import Grid


def square(hu: int, *slices: int, shape: tuple[int, int, int] = (5, 16, 16)) -> np.ndarray:
    """Give a 2 x 2 pixel patch, 1 mm2 at 0.5 mm, in each of the slices."""
    image = blank(shape)
    for k in slices:
        image[k, 4:6, 7:9] = hu
    return image


@pytest.mark.parametrize(
    ("hu", "score"), [(129, 0), (130, 1), (199, 1), (200, 2), (299, 2), (300, 3), (399, 3), (400, 4), (3071, 4)]
)
def test_one_mm2_scores_its_weight(hu: int, score: float) -> None:
    assert agatston_of(square(hu, 2)) == pytest.approx(score)


def test_one_pixel_decides_the_weight_of_its_patch() -> None:
    image = square(130, 2)
    image[2, 4, 7] = 400
    assert agatston_of(image) == pytest.approx(4.0)


def test_each_slice_of_a_lesion_weighs_by_its_own_peak() -> None:
    image = square(150, 1, 2, 3)
    image[2, 4, 7], image[3, 5, 8] = 250, 450
    scored = score_of(image)
    assert scored.total.lesions == 1
    assert scored.total.agatston == pytest.approx(1 + 2 + 4)
    assert scored.lesions[0].peak_hu == 450


def test_two_patches_of_one_lesion_in_one_slice_weigh_each_by_their_own_peak() -> None:
    image = blank()
    image[1, 4:6, 2:10] = 150
    image[2, 4:6, 2:4], image[2, 4:6, 8:10] = 220, 500
    scored = score_of(image)
    assert scored.total.lesions == 1
    assert scored.total.agatston == pytest.approx(4 * 1 + 1 * 2 + 1 * 4)


@pytest.mark.parametrize(("connectivity", "score"), [(8, 2 * 4), (4, 1 * 1 + 1 * 4)])
def test_squares_that_meet_at_a_corner_weigh_together_only_if_8_connected(connectivity: int, score: float) -> None:
    image = blank()
    image[2, 4:6, 4:6], image[2, 6:8, 6:8] = 150, 450
    rule = replace(AGATSTON_1990, in_plane_connectivity=connectivity)  # type: ignore[arg-type]
    scored = score_of(image, rule=rule)
    assert scored.total.lesions == 1
    assert scored.total.agatston == pytest.approx(score)


def test_pixel_area_is_row_times_column_spacing() -> None:
    assert agatston_of(square(250, 2), (3.0, 0.6, 0.9)) == pytest.approx(4 * 0.54 * 2)


@pytest.mark.parametrize("spacing", [0.5, 1.0, 1.5, 2.5, 3.0, 5.0])
def test_the_score_is_scaled_by_spacing_over_3_mm(spacing: float) -> None:
    assert agatston_of(square(400, 1, 2), (spacing, 0.5, 0.5)) == pytest.approx(8 * spacing / 3)


@pytest.mark.parametrize("spacing", [3.0, 1.5, 1.0, 0.5])
def test_the_same_plaque_scores_the_same_however_densely_it_is_sliced(spacing: float) -> None:
    """A 12 mm rod: slices of any thickness every 1.5 mm count half as much as every 3 mm, but are twice as many."""
    many = round(12 / spacing)
    image = square(400, *range(2, 2 + many), shape=(many + 4, 16, 16))
    assert agatston_of(image, (spacing, 0.5, 0.5)) == pytest.approx(4 * 4)


def test_uneven_slices_count_with_the_length_they_stand_for() -> None:
    image = square(150, 0, 1, 2, 3, 4)
    grid = Grid(
        shape=(5, 16, 16),
        row_spacing_mm=0.5,
        column_spacing_mm=0.5,
        slice_positions_mm=(0.0, 3.0, 6.0, 12.0, 14.0),
    )
    assert grid.slice_extents_mm().tolist() == [3.0, 3.0, 4.5, 4.0, 2.0]
    assert score_of(image, grid=grid).total.agatston == pytest.approx((3 + 3 + 4.5 + 4 + 2) / 3)


def test_published_vector_eight_pixels_on_two_slices_of_a_half_millimetre_cube() -> None:
    """Published unscaled: 16; scaled to 3 mm: 16 * 0.5 / 3."""
    image = blank((4, 16, 16))
    image[1:3, 4:6, 4:8] = 400
    cubes = (0.5, 0.5, 0.5)
    assert agatston_of(image, cubes, replace(AGATSTON_1990, reference_spacing_mm=0.5)) == pytest.approx(16.0)
    assert agatston_of(image, cubes) == pytest.approx(2.667, abs=5e-4)
    assert score_of(image, spacing_mm=cubes).total.volume_mm3 == pytest.approx(2.0)


@pytest.mark.parametrize(("kvp", "peak"), [(135, 260), (120, 280), (100, 310), (80, 400)])
def test_published_vector_twelve_pixels_weigh_two_at_their_tube_voltage(kvp: int, peak: int) -> None:
    """12 pixels of 0.25 mm2 on 2 slices, weight 2, unscaled: 12."""
    image = blank((4, 16, 16))
    image[1:3, 4:7, 4:8] = peak
    rule = replace(adapt_rule(AGATSTON_KVP, kvp), reference_spacing_mm=0.5)
    assert agatston_of(image, (0.5, 0.5, 0.5), rule) == pytest.approx(12.0)


def test_area_is_the_score_without_weights() -> None:
    image = square(150, 1, 2)
    image[2, 4, 7] = 450
    volume, (lesion,) = lesions_of(image)
    scored = score_agatston(lesion, volume.grid, AGATSTON_1990)
    assert scored.agatston == pytest.approx(5.0)
    assert scored.area_mm2 == pytest.approx(2.0)


def test_the_first_and_the_last_slice_count_fully() -> None:
    assert agatston_of(square(150, 0, 4), THIN) == pytest.approx(2.0)


def test_lesions_at_the_image_edge_count() -> None:
    image = blank()
    image[1, :2, :2] = image[1, -2:, -2:] = image[1, :2, -2:] = 150
    scored = score_of(image)
    assert scored.total.agatston == pytest.approx(3.0)
    assert scored.total.lesions == 3


def test_dark_values_of_a_patch_do_not_matter_only_its_peak() -> None:
    one, other = square(130, 2), square(199, 2)
    one[2, 4, 7] = other[2, 4, 7] = 210
    assert agatston_of(one) == agatston_of(other) == pytest.approx(2.0)
