"""Volume by voxels and after isotropic interpolation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from tests.calcium.scenes import blank, lesions_of, score_of
from vascal.calcium.rule import AGATSTON_1990, ORCASCORE
from vascal.calcium.volume_score import score_volume
from vascal.volume import Grid, Volume

Spacing = tuple[float, float, float]


def ball(
    spacing: Spacing, radius_mm: float, *, hu: float = 600.0, sigma_mm: float = 0.0, field_mm: float = 24.0
) -> np.ndarray:
    """Sample a blurred ball in tissue of 40 HU, averaged over each voxel: (slice, row, column), HU."""
    step = 0.25
    axis = np.arange(step / 2, field_mm, step) - field_mm / 2
    away2 = axis[:, None, None] ** 2 + axis[None, :, None] ** 2 + axis[None, None, :] ** 2
    fine = np.where(away2 <= radius_mm**2, hu, 40.0)
    if sigma_mm:
        fine = ndimage.gaussian_filter(fine, sigma_mm / step)
    parts = [round(s / step) for s in spacing]
    counts = [fine.shape[a] // p for a, p in enumerate(parts)]
    cut = fine[: counts[0] * parts[0], : counts[1] * parts[1], : counts[2] * parts[2]]
    split = cut.reshape(counts[0], parts[0], counts[1], parts[1], counts[2], parts[2])
    return np.asarray(np.round(split.mean(axis=(1, 3, 5))), dtype=np.int16)


def test_voxel_volume_is_a_count_of_voxels() -> None:
    image = blank()
    image[1:3, 4:6, 4:7] = 200
    assert score_of(image, spacing_mm=(2.5, 0.6, 0.9)).total.volume_mm3 == pytest.approx(12 * 2.5 * 0.6 * 0.9)


def test_a_lesion_of_cubic_voxels_has_the_same_volume_both_ways() -> None:
    scored = score_of(ball((0.5, 0.5, 0.5), 3.0, sigma_mm=0.6), spacing_mm=(0.5, 0.5, 0.5)).total
    assert scored.volume_isotropic_mm3 == pytest.approx(scored.volume_mm3, rel=1e-12)
    assert scored.volume_mm3 > 0


@pytest.mark.parametrize(("spacing", "lost"), [(0.5, 0.0), (1.0, 0.02), (1.5, 0.03), (2.5, 0.05), (3.0, 0.06)])
def test_a_ball_thresholded_at_half_height_has_its_volume_back(spacing: float, lost: float) -> None:
    """At 320 HU, halfway between ball and tissue, blur moves no edge; thick slices flatten the poles a little."""
    rule = replace(AGATSTON_1990, threshold_hu=320.0)
    image = ball((spacing, 0.5, 0.5), 7.0, sigma_mm=0.6)
    scored = score_of(image, spacing_mm=(spacing, 0.5, 0.5), rule=rule).total
    assert scored.volume_isotropic_mm3 == pytest.approx((1 - lost) * 4 / 3 * np.pi * 7.0**3, rel=0.02)


def test_interpolated_volume_depends_less_on_where_slices_fall() -> None:
    """The reason to interpolate (Callister et al. 1998): the same ball, moved by quarters of a slice."""
    voxels, isotropic = [], []
    for moved in range(0, 12, 2):
        image = ball((0.25, 0.5, 0.5), 3.0, sigma_mm=0.6)
        slabs = np.roll(image, moved, axis=0).reshape(8, 12, *image.shape[1:])
        scored = score_of(np.round(slabs.mean(axis=1)).astype(np.int16)).total
        voxels.append(scored.volume_mm3)
        isotropic.append(scored.volume_isotropic_mm3)
    assert np.std(isotropic) / np.mean(isotropic) < 0.8 * np.std(voxels) / np.mean(voxels)


def test_between_two_slices_the_edge_lies_where_the_line_crosses_the_threshold() -> None:
    """Slices of 220 and 40 HU, 3 mm apart, cut in 6: 220 - 30 (n + 1/2) >= 130 for n = 0, 1, 2: 3 parts each side."""
    image = blank((5, 8, 8))
    image[2] = 220
    scored = score_of(image).total
    assert scored.volume_isotropic_mm3 == pytest.approx(64 * 0.25 * 6 * 0.5)


def test_a_voxel_of_constant_hu_at_the_threshold_counts_fully() -> None:
    scored = score_of(blank((4, 8, 8), 130), spacing_mm=(2.5, 0.5, 0.5)).total
    assert scored.volume_isotropic_mm3 == pytest.approx(scored.volume_mm3)


def test_the_comparison_holds_for_interpolated_parts_too() -> None:
    image = blank((4, 8, 8), 130)
    image[:, 3:5, 3:5] = 131
    loose, strict = score_of(image).total, score_of(image, rule=ORCASCORE).total
    assert loose.volume_isotropic_mm3 == pytest.approx(4 * 64 * 0.75)
    assert strict.volume_isotropic_mm3 == pytest.approx(4 * 4 * 0.75)


def test_pixels_that_are_not_square_are_cut_to_squares() -> None:
    """Rows 1 mm apart, columns 0.5 mm: each row is cut in two; a lone bright row loses a quarter on either side."""
    image = blank((3, 9, 8))
    image[:, 4] = 170
    wide = score_of(image, spacing_mm=(0.5, 1.0, 0.5)).total
    assert wide.volume_mm3 == pytest.approx(3 * 8 * 0.25)
    # Parts lie 0.25 mm off the row's middle: 170 - 130 / 4 = 137.5 HU; the next at 72.5 HU.
    assert wide.volume_isotropic_mm3 == pytest.approx(3 * 8 * 0.25)


def test_a_lesion_that_fills_the_image_is_not_cut_or_extended() -> None:
    image = blank((4, 8, 8), 500)
    scored = score_of(image, spacing_mm=(3.0, 0.5, 0.5)).total
    assert scored.volume_isotropic_mm3 == pytest.approx(4 * 64 * 0.75) == scored.volume_mm3


def test_an_image_one_pixel_wide_is_measured() -> None:
    image = blank((3, 8, 1))
    image[1] = 500
    assert score_of(image, spacing_mm=(1.0, 0.5, 0.5)).total.volume_isotropic_mm3 > 0


def lesion_volumes(image: np.ndarray, labels: np.ndarray, names: dict[int, str]) -> dict[str, float]:
    volume, lesions = lesions_of(image, labels=labels, names=names)
    return {lesion.vessel: score_volume(volume, lesion, AGATSTON_1990).isotropic_mm3 for lesion in lesions}


def two_lesions(*, with_other: bool) -> tuple[np.ndarray, np.ndarray]:
    """Draw an L-shaped LAD lesion, and in its arm, inside its box but apart, an RCA lesion two slices high."""
    image, labels = blank((7, 24, 24)), np.zeros((7, 24, 24), dtype=np.uint8)
    image[2:5, 4, 4:20] = image[2:5, 4:20, 4] = 300
    labels[image > 130] = 1
    if with_other:
        image[2:4, 12:16, 12:16] = 900
        labels[2:4, 12:16, 12:16] = 2
    return image, labels


def test_neither_voxels_nor_shoulders_of_another_lesion_are_counted() -> None:
    alone = lesion_volumes(*two_lesions(with_other=False), {1: "LAD", 2: "RCA"})
    both = lesion_volumes(*two_lesions(with_other=True), {1: "LAD", 2: "RCA"})
    assert both["LAD"] == pytest.approx(alone["LAD"])


def test_bright_voxels_that_nobody_labelled_are_not_counted_nor_their_shoulders() -> None:
    image, labels = two_lesions(with_other=True)
    labels[labels == 2] = 0
    alone = lesion_volumes(*two_lesions(with_other=False), {1: "LAD", 2: "RCA"})
    assert lesion_volumes(image, labels, {1: "LAD"})["LAD"] == pytest.approx(alone["LAD"])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_calcium_of_two_vessels_that_touch_is_shared_out_where_their_voxels_meet(axis: int) -> None:
    image, labels = blank((6, 12, 12)), np.ones((6, 12, 12), dtype=np.uint8)
    image[1:5, 3:9, 3:9] = 300
    np.moveaxis(image, axis, 0)[3:][np.moveaxis(image, axis, 0)[3:] > 130] = 900
    whole = lesion_volumes(image, labels, {1: "LAD"})["LAD"]
    parts = lesion_volumes(image, np.where(image == 900, 2, labels).astype(np.uint8), {1: "LAD", 2: "RCA"})
    assert sum(parts.values()) == pytest.approx(whole, rel=1e-9)


def test_a_lesion_cut_in_two_vessels_has_the_volume_of_the_whole() -> None:
    image = ball((3.0, 0.5, 0.5), 4.0, sigma_mm=0.6)
    labels = np.ones(image.shape, dtype=np.uint8)
    whole = score_of(image, spacing_mm=(3.0, 0.5, 0.5)).total
    labels[:, :, image.shape[2] // 2 :] = 2
    halves = score_of(image, spacing_mm=(3.0, 0.5, 0.5), labels=labels, names={1: "LM", 2: "LAD"}).total
    assert halves.volume_mm3 == pytest.approx(whole.volume_mm3)
    assert halves.volume_isotropic_mm3 == pytest.approx(whole.volume_isotropic_mm3, rel=0.02)


@pytest.mark.parametrize("positions", [(0.0, 3.0, 6.0, 12.0, 14.0), (0.0, 3.0, 6.0, 9.0, 12.0)])
def test_uneven_slices_count_with_their_own_extent(positions: Iterable[float]) -> None:
    image = blank((5, 8, 8), 500)
    grid = Grid(shape=(5, 8, 8), row_spacing_mm=0.5, column_spacing_mm=0.5, slice_positions_mm=tuple(positions))
    volume, (lesion,) = lesions_of(image, grid=grid)
    scored = score_volume(volume, lesion, AGATSTON_1990)
    expected = 64 * 0.25 * float(np.sum(grid.slice_extents_mm()))
    assert scored.voxel_mm3 == pytest.approx(expected)
    assert scored.isotropic_mm3 == pytest.approx(expected)


def test_scoring_leaves_the_image_alone() -> None:
    image = ball((3.0, 0.5, 0.5), 3.0)
    before = image.copy()
    volume, (lesion,) = lesions_of(image)
    assert isinstance(volume, Volume)
    score_volume(volume, lesion, AGATSTON_1990)
    assert np.array_equal(volume.hu, before)
