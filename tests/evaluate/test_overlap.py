from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy import ndarray
from sklearn.metrics import f1_score, jaccard_score, precision_score, recall_score

from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import Resampling
from vascal.evaluate.overlap import (
    Overlap,
    measure_overlap,
    measure_overlap_by_label,
    summarise_overlap,
    summarise_overlap_by_label,
)

QUICK = Resampling(resamples=200, method="percentile")
SHAPES = array_shapes(min_dims=2, max_dims=3, max_side=5)
PAIRS = SHAPES.flatmap(lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape)))
SPACING = (3.0, 0.5, 0.25)


def overlap(shared: int, reference: int, predicted: int, voxel_mm3: float = 1.0) -> Overlap:
    return Overlap(shared_voxels=shared, reference_voxels=reference, predicted_voxels=predicted, voxel_mm3=voxel_mm3)


def spacing_of(mask: ndarray) -> tuple[float, ...]:
    return SPACING[-mask.ndim :]


def test_four_and_six_voxels_that_share_three_give_the_shares_done_by_hand() -> None:
    reference, predicted = np.zeros((2, 2, 10), dtype=bool), np.zeros((2, 2, 10), dtype=bool)
    reference[0, 0, :4] = True
    predicted[0, 0, 1:7] = True
    found = measure_overlap(reference, predicted, (3.0, 0.5, 0.5))
    assert found.dice == 6 / 10
    assert found.iou == 3 / 7
    assert found.sensitivity == 3 / 4
    assert found.precision == 3 / 6
    assert found.volume_difference_mm3 == 2 * 0.75
    assert found.relative_volume_difference == 0.5
    assert not found.is_empty


def test_two_empty_masks_agree_and_say_that_they_are_empty() -> None:
    found = measure_overlap(np.zeros((3, 3), dtype=bool), np.zeros((3, 3), dtype=bool), (0.1, 0.1))
    assert (found.dice, found.iou, found.sensitivity, found.precision) == (1, 1, 1, 1)
    assert found.relative_volume_difference == found.volume_difference_mm3 == 0
    assert found.is_empty


def test_an_empty_prediction_shares_nothing_and_has_no_precision() -> None:
    found = overlap(0, 4, 0)
    assert (found.dice, found.iou, found.sensitivity) == (0, 0, 0)
    assert np.isnan(found.precision)
    assert found.relative_volume_difference == -1


def test_an_empty_reference_shares_nothing_and_has_no_sensitivity() -> None:
    found = overlap(0, 0, 4)
    assert (found.dice, found.iou, found.precision) == (0, 0, 0)
    assert np.isnan(found.sensitivity)
    assert np.isnan(found.relative_volume_difference)


@given(PAIRS)
def test_shares_agree_with_scikit_learn(pair: tuple[ndarray, ndarray]) -> None:
    reference, predicted = pair
    found = measure_overlap(reference, predicted, spacing_of(reference))
    voxels = reference.ravel(), predicted.ravel()
    oracles = (
        (found.dice, f1_score),
        (found.iou, jaccard_score),
        (found.sensitivity, recall_score),
        (found.precision, precision_score),
    )
    for value, oracle in oracles:
        if not found.is_empty and not np.isnan(value):
            assert value == pytest.approx(oracle(*voxels, zero_division=0), abs=1e-12)


@given(PAIRS)
def test_dice_and_iou_do_not_care_which_mask_is_the_reference_or_how_the_scan_lies(
    pair: tuple[ndarray, ndarray],
) -> None:
    reference, predicted = pair
    spacing = spacing_of(reference)
    found = measure_overlap(reference, predicted, spacing)
    swapped = measure_overlap(predicted, reference, spacing)
    flipped = measure_overlap(np.flip(reference), np.flip(predicted), spacing)
    assert found == flipped
    assert (found.dice, found.iou) == (swapped.dice, swapped.iou)
    assert found.dice == pytest.approx(2 * found.iou / (1 + found.iou))


@given(array_shapes(min_dims=3, max_dims=3, max_side=4), st.integers(0, 9))
def test_each_label_overlaps_as_its_own_mask_does(shape: tuple[int, ...], seed: int) -> None:
    rng = np.random.default_rng(seed)
    reference = rng.integers(0, 4, shape).astype(np.uint8)
    predicted = rng.integers(0, 4, shape).astype(np.int64)
    found = measure_overlap_by_label(reference, predicted, SPACING, labels=[3, 1, 2])
    assert list(found) == [1, 2, 3]
    for label, value in found.items():
        assert value == measure_overlap(reference == label, predicted == label, SPACING)
    present = set(np.union1d(reference, predicted).tolist()) - {0}
    assert measure_overlap_by_label(reference, predicted, SPACING).keys() == present


@pytest.mark.parametrize(
    ("reference", "predicted", "spacing", "said"),
    [
        ((2, 2), (2, 3), (1.0, 1.0), "one shape"),
        ((2,), (2,), (1.0,), "2 or 3 axes"),
        ((2, 2), (2, 2), (1.0, 1.0, 1.0), "each of 2 axes"),
        ((2, 2), (2, 2), (1.0, 0.0), "positive spacing"),
        ((2, 2), (2, 2), (1.0, float("nan")), "positive spacing"),
    ],
)
def test_masks_that_do_not_fit_are_refused(
    reference: tuple[int, ...], predicted: tuple[int, ...], spacing: tuple[float, ...], said: str
) -> None:
    with pytest.raises(EvaluationError, match=said):
        measure_overlap(np.zeros(reference, dtype=bool), np.zeros(predicted, dtype=bool), spacing)


def test_a_mean_weighs_studies_alike_and_a_pooled_share_weighs_them_by_volume() -> None:
    studies = [overlap(1, 1, 1, voxel_mm3=0.5), overlap(0, 10, 10, voxel_mm3=2.0)]
    found = summarise_overlap(studies, resampling=QUICK)
    assert found.dice.mean.value == found.dice.median.value == 0.5
    assert found.pooled.dice.value == pytest.approx(1 / (0.5 + 0.5 + 40))
    assert found.pooled.iou.value == pytest.approx(0.5 / 40.5)
    assert found.pooled.sensitivity.value == found.pooled.precision.value == pytest.approx(0.5 / 20.5)
    assert found.dice.mean.low == 0
    assert found.dice.mean.high == 1


def test_studies_with_nothing_in_either_mask_are_left_out_unless_asked_for() -> None:
    studies = [overlap(1, 2, 2), overlap(0, 0, 0), overlap(0, 0, 3)]
    left_out = summarise_overlap(studies, resampling=QUICK)
    assert (left_out.studies, left_out.empty_studies) == (2, 1)
    assert left_out.dice.mean.value == 0.25
    assert left_out.sensitivity.mean.n == 1
    counted = summarise_overlap(studies, include_empty=True, resampling=QUICK)
    assert (counted.studies, counted.empty_studies) == (3, 0)
    assert counted.dice.mean.value == 0.5
    assert counted.pooled == left_out.pooled or counted.pooled.dice.value == left_out.pooled.dice.value


def test_no_study_left_gives_nan_and_not_an_error() -> None:
    found = summarise_overlap([overlap(0, 0, 0)])
    assert np.isnan([found.dice.mean.value, found.pooled.dice.value]).all()
    assert (found.studies, found.empty_studies) == (0, 1)


def test_patients_follow_their_studies_when_empty_ones_are_left_out() -> None:
    studies = [overlap(0, 0, 0), overlap(1, 2, 2), overlap(1, 1, 1)]
    found = summarise_overlap(studies, patients=np.array([1, 2, 2]), resampling=QUICK)
    assert np.isnan(found.dice.mean.low)
    with pytest.raises(EvaluationError, match="one patient for each study"):
        summarise_overlap(studies, patients=np.array([1, 2]))


def test_each_vessel_is_averaged_over_the_studies_that_have_it() -> None:
    studies = [{1: overlap(1, 1, 1), 2: overlap(0, 0, 0)}, {1: overlap(0, 1, 1), 2: overlap(1, 2, 2)}]
    found = summarise_overlap_by_label(studies, resampling=QUICK)
    assert found[1].dice.mean.value == 0.5
    assert found[2].dice.mean.value == 0.5
    assert found[2].empty_studies == 1
    assert summarise_overlap_by_label([]) == {}


def test_a_vessel_measured_in_some_studies_only_is_refused() -> None:
    with pytest.raises(EvaluationError, match="label 2 must be measured in every study; 1 are without it"):
        summarise_overlap_by_label([{1: overlap(1, 1, 1)}, {1: overlap(1, 1, 1), 2: overlap(1, 1, 1)}])
