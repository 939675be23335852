from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy import ndarray
from scipy.spatial.distance import cdist, directed_hausdorff

from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import Resampling
from vascal.evaluate.surface_distance import (
    SurfaceDistances,
    find_surface,
    measure_surface_distances,
    summarise_surface_distances,
)

QUICK = Resampling(resamples=200, method="percentile")
SHAPES = array_shapes(min_dims=2, max_dims=3, max_side=6)
PAIRS = SHAPES.flatmap(lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape)))
SPACINGS = st.tuples(*[st.floats(0.1, 5.0)] * 3)


def surface_points_mm(mask: ndarray, spacing: tuple[float, ...]) -> ndarray:
    """One voxel at a time: is any of its face neighbours outside?"""
    points = []
    for voxel in np.argwhere(mask):
        for axis in range(mask.ndim):
            for step in (-1, 1):
                there = voxel.copy()
                there[axis] += step
                if not 0 <= there[axis] < mask.shape[axis] or not mask[tuple(there)]:
                    points.append(tuple(voxel))
    return np.array(sorted(set(points)), dtype=float) * spacing


@given(PAIRS, SPACINGS)
def test_distances_agree_with_every_pair_of_surface_voxels(
    pair: tuple[ndarray, ndarray], spacing_mm: tuple[float, float, float]
) -> None:
    reference, predicted = pair
    spacing = spacing_mm[-reference.ndim :]
    found = measure_surface_distances(reference, predicted, spacing)
    if not reference.any() or not predicted.any():
        assert found.empty != "neither"
        return
    one, two = surface_points_mm(reference, spacing), surface_points_mm(predicted, spacing)
    distances = cdist(one, two)
    to_predicted, to_reference = distances.min(axis=1), distances.min(axis=0)
    assert np.sort(found.to_predicted_mm) == pytest.approx(np.sort(to_predicted), abs=1e-9)
    assert np.sort(found.to_reference_mm) == pytest.approx(np.sort(to_reference), abs=1e-9)
    hausdorff = max(directed_hausdorff(one, two)[0], directed_hausdorff(two, one)[0])
    assert found.hausdorff_mm() == pytest.approx(hausdorff, abs=1e-9)
    pooled = np.concatenate([to_predicted, to_reference])
    assert found.average_mm() == pytest.approx(pooled.mean(), abs=1e-9)
    robust = max(np.percentile(to_predicted, 95), np.percentile(to_reference, 95))
    assert found.hausdorff_mm(95) == pytest.approx(robust, abs=1e-9)


@given(PAIRS, SPACINGS, st.floats(0, 20))
def test_distances_do_not_care_which_mask_is_the_reference_or_where_in_the_scan_they_lie(
    pair: tuple[ndarray, ndarray], spacing_mm: tuple[float, float, float], tolerance_mm: float
) -> None:
    reference, predicted = pair
    spacing = spacing_mm[-reference.ndim :]
    here = measure_surface_distances(reference, predicted, spacing)
    swapped = measure_surface_distances(predicted, reference, spacing)
    padded = measure_surface_distances(np.pad(reference, 3), np.pad(predicted, 3), spacing)
    for other in (swapped, padded):
        assert other.hausdorff_mm() == pytest.approx(here.hausdorff_mm(), nan_ok=True)
        assert other.average_mm() == pytest.approx(here.average_mm(), nan_ok=True)
        assert other.surface_dice(tolerance_mm) == pytest.approx(here.surface_dice(tolerance_mm))


@given(PAIRS, st.floats(0.1, 4.0))
def test_distances_grow_with_the_voxels(pair: tuple[ndarray, ndarray], factor: float) -> None:
    reference, predicted = pair
    spacing = (1.5, 0.5, 0.4)[-reference.ndim :]
    once = measure_surface_distances(reference, predicted, spacing)
    larger = measure_surface_distances(reference, predicted, tuple(factor * step for step in spacing))
    assert larger.average_mm() == pytest.approx(factor * once.average_mm(), nan_ok=True)
    assert once.average_mm() <= once.hausdorff_mm() or np.isnan(once.average_mm())


def test_two_pixels_two_columns_apart_are_two_millimetres_apart() -> None:
    # Masks and distance of test_on_2_pixels_2mm_away in DeepMind's surface-distance.
    reference, predicted = np.zeros((128, 128), dtype=bool), np.zeros((128, 128), dtype=bool)
    reference[50, 70] = predicted[50, 72] = True
    found = measure_surface_distances(reference, predicted, (2.0, 1.0))
    assert found.hausdorff_mm() == found.hausdorff_mm(95) == found.average_mm() == 2
    assert found.surface_dice(1.9) == 0
    assert found.surface_dice(2.0) == 1


def test_two_slabs_one_thick_slice_apart_have_the_hausdorff_distance_of_a_slice() -> None:
    # Masks and distance of test_two_cubes_shifted_by_one_pixel in DeepMind's surface-distance.
    reference, predicted = np.zeros((100, 100, 100), dtype=bool), np.zeros((100, 100, 100), dtype=bool)
    reference[:50] = predicted[:51] = True
    found = measure_surface_distances(reference, predicted, (2.0, 1.0, 1.0))
    assert found.hausdorff_mm() == found.hausdorff_mm(95) == 2
    # Beyond 1 mm lie the new slice, and the old face but for its rim and what touches the rim.
    face, rim = 100 * 100, 4 * 99
    surface = face + 48 * rim + face
    within = 2 * surface + rim - face - 96 * 96
    assert found.surface_dice(1.0) == pytest.approx(within / (2 * surface + rim))


def test_the_larger_of_both_directed_percentiles_is_taken_and_not_that_of_both_pooled() -> None:
    reference, predicted = np.zeros((1, 200), dtype=bool), np.zeros((1, 200), dtype=bool)
    reference[0, :100] = True
    predicted[0, :99] = True
    predicted[0, 110::10] = True
    found = measure_surface_distances(reference, predicted, (1.0, 1.0))
    pooled = np.percentile(np.concatenate([found.to_predicted_mm, found.to_reference_mm]), 95)
    assert np.percentile(found.to_predicted_mm, 95) == 0
    assert found.hausdorff_mm(95) == np.percentile(found.to_reference_mm, 95) > pooled


def test_the_surface_of_a_full_image_is_its_edge() -> None:
    surface = find_surface(np.ones((4, 5, 6), dtype=bool))
    assert int(surface.sum()) == 4 * 5 * 6 - 2 * 3 * 4


def test_two_empty_masks_lie_on_each_other() -> None:
    nothing = np.zeros((3, 3), dtype=bool)
    found = measure_surface_distances(nothing, nothing, (1.0, 1.0))
    assert (found.hausdorff_mm(), found.hausdorff_mm(95), found.average_mm()) == (0, 0, 0)
    assert found.surface_dice(0) == 1
    assert found.why_undefined == ""


@pytest.mark.parametrize("empty", ["reference", "prediction"])
def test_there_is_no_distance_to_an_empty_mask_and_the_result_says_why(empty: str) -> None:
    masks = {"reference": np.ones((3, 3), dtype=bool), "prediction": np.ones((3, 3), dtype=bool)}
    masks[empty][:] = False
    found = measure_surface_distances(masks["reference"], masks["prediction"], (1.0, 1.0))
    assert np.isnan([found.hausdorff_mm(), found.hausdorff_mm(95), found.average_mm()]).all()
    assert found.surface_dice(100.0) == 0
    assert found.why_undefined == f"no distance to the {empty}: its mask is empty"


def test_three_steps_of_a_tenth_are_within_three_tenths() -> None:
    reference, predicted = np.zeros((1, 5), dtype=bool), np.zeros((1, 5), dtype=bool)
    reference[0, 0] = predicted[0, 3] = True
    assert measure_surface_distances(reference, predicted, (1.0, 0.1)).surface_dice(0.3) == 1


def test_limits_that_make_no_sense_are_refused() -> None:
    found = SurfaceDistances(to_predicted_mm=np.ones(1), to_reference_mm=np.ones(1), empty="neither")
    with pytest.raises(EvaluationError, match="0 mm or more"):
        found.surface_dice(float("nan"))
    with pytest.raises(EvaluationError, match="0 to 100"):
        found.hausdorff_mm(101)


def test_a_summary_counts_the_studies_in_which_distances_do_not_exist() -> None:
    def study(*mm: float) -> SurfaceDistances:
        return SurfaceDistances(to_predicted_mm=np.array(mm), to_reference_mm=np.array(mm), empty="neither")

    nothing = np.empty(0)
    both = SurfaceDistances(to_predicted_mm=nothing, to_reference_mm=nothing, empty="both")
    missed = SurfaceDistances(to_predicted_mm=nothing, to_reference_mm=nothing, empty="prediction")
    studies = [study(1.0, 1.0), study(3.0, 5.0), both, missed]
    found = summarise_surface_distances(studies, tolerance_mm=1.0, resampling=QUICK)
    assert (found.studies, found.empty_studies, found.undefined_studies) == (3, 1, 1)
    assert found.hausdorff_mm.mean.value == 3.0
    assert found.hausdorff_mm.mean.n == 2
    assert found.average_mm.median.value == 2.5
    assert found.surface_dice.mean.value == pytest.approx(1 / 3)
    of_one = summarise_surface_distances(studies, tolerance_mm=1, patients=np.array([4, 4, 9, 4]), resampling=QUICK)
    assert np.isnan(of_one.hausdorff95_mm.mean.low)
    with pytest.raises(EvaluationError, match="one patient for each study"):
        summarise_surface_distances(studies, tolerance_mm=1, patients=np.array([4]))
