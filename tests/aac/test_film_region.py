"""The region of the published method, by hand on boxes for vertebrae."""

from __future__ import annotations

import numpy as np
import pytest

from vascal.aac.film_region import (
    FilmRegion,
    cut_labels,
    cut_region,
    find_film_region,
    name_vertebrae,
    number_vertebrae,
    whole_film,
)
from vascal.errors import CoverageError

NAMES = ("L1", "L2", "L3", "L4", "L5")


def draw_spine(*, with_t12: bool = True) -> np.ndarray:
    """Bodies of 20 rows and 32 columns from column 60, 6 rows apart; T12 is rows 10 to 29, L1 36 to 55."""
    spine = np.zeros((200, 120), dtype=np.uint8)
    for place in range(6):
        value = place + 1
        if value > 1 or with_t12:
            spine[10 + 26 * place : 30 + 26 * place, 60:92] = value
    return spine


def test_the_region_goes_from_t12_to_l5_with_three_quarters_of_a_vertebra_in_front() -> None:
    # L5 is rows 140 to 159; three quarters of 32 columns are 24.
    region = find_film_region(draw_spine(), "left")
    assert region == FilmRegion(top=30, bottom=160, left=36, right=92)
    assert region.shape == (130, 56)


def test_patients_who_look_to_the_right_have_the_margin_there() -> None:
    assert find_film_region(draw_spine(), "right") == FilmRegion(top=30, bottom=160, left=60, right=116)
    mirrored = np.ascontiguousarray(draw_spine()[:, ::-1])
    assert find_film_region(mirrored, "right") == FilmRegion(top=30, bottom=160, left=28, right=84)


def test_without_t12_its_border_is_as_far_above_l1_as_discs_are_high() -> None:
    assert find_film_region(draw_spine(with_t12=False), "left").top == 36 - 6


def test_a_vertebra_that_slipped_widens_the_box_but_not_the_length() -> None:
    spine = draw_spine()
    spine[spine == 6] = 0
    spine[140:160, 50:82] = 6
    region = find_film_region(spine, "left")
    assert (region.left, region.right) == (50 - 24, 92)


def test_a_tilted_t12_gives_the_higher_end_of_its_border() -> None:
    spine = draw_spine()
    spine[spine == 1] = 0
    for place in range(32):
        # The lower border falls from row 20 in front to row 35 at the back.
        spine[5 : 20 + place // 2, 60 + place] = 1
    assert find_film_region(spine, "left").top in {20, 21}


def test_one_stray_pixel_of_t12_moves_nothing_and_a_t12_below_l5_still_leaves_a_region() -> None:
    spine = draw_spine()
    spine[199, 0] = 1
    assert find_film_region(spine, "left").top == 30
    spine[spine == 1] = 0
    spine[190:, :] = 1
    assert find_film_region(spine, "left").shape[0] == 1


def test_a_lumbar_vertebra_that_is_missing_is_named() -> None:
    spine = draw_spine()
    spine[np.isin(spine, (3, 6))] = 0
    with pytest.raises(CoverageError, match="no L2, L5 in the map"):
        find_film_region(spine, "left")


def test_the_cut_is_black_beyond_the_film_and_turned_to_the_left() -> None:
    image = np.arange(12, dtype=np.float32).reshape(3, 4) / 12
    region = FilmRegion(top=-1, bottom=3, left=2, right=6)
    cut = cut_region(image, region, facing="left", shape=(4, 4))
    assert cut[0].max() == 0
    assert np.allclose(cut[1:, :2], image[:, 2:])
    assert cut[:, 2:].max() == 0
    turned = cut_region(image, region, facing="right", shape=(4, 4))
    assert np.array_equal(turned, cut[:, ::-1])


def test_resizing_averages_and_labels_stay_labels() -> None:
    image = np.tile(np.array([[0.0, 1.0]], dtype=np.float32), (4, 2))
    halved = cut_region(image, whole_film(image.shape), facing="left", shape=(2, 2))
    # Pillow's triangle reaches over the neighbours: nearly the mean, never one of the two values alone.
    assert np.all((halved > 0.2) & (halved < 0.8))
    assert halved.mean() == pytest.approx(0.5, abs=1e-6)
    labels = np.array([[0, 7], [1, 2]], dtype=np.uint8)
    large = cut_labels(labels, whole_film(labels.shape), facing="left", shape=(4, 6))
    assert np.array_equal(large, np.repeat(np.repeat(labels, 2, 0), 3, 1))


def test_classes_and_names_are_each_others_inverse() -> None:
    spine = draw_spine()
    classes = number_vertebrae(spine, NAMES)
    assert set(np.unique(classes)) == {0, 1, 2, 3, 4, 5}
    back = name_vertebrae(classes, NAMES)
    assert np.array_equal(back, np.where(spine == 1, 0, spine))
