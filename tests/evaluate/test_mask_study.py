"""A study's label maps reduced to numbers are the numbers of the functions under them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vascal.errors import EvaluationError, PlanError
from vascal.evaluate.lesion_detection import count_detections
from vascal.evaluate.lesion_matching import AnyOverlap, find_lesions, match_lesions
from vascal.evaluate.mask_study import ANY, MaskPlan, fill_labels, measure_study
from vascal.evaluate.overlap import measure_overlap_by_label
from vascal.evaluate.surface_distance import measure_surface_distances

SPACING = (3.0, 0.5, 0.4)
PLAN = MaskPlan(tolerance_mm=1.0)


def draw_labels(seed: int, density: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.where(rng.random((5, 7, 8)) < density, rng.integers(1, 4, (5, 7, 8)), 0).astype(np.uint8)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.02, 0.2, 0.7]), st.sampled_from([0.0, 0.05, 0.3]))
def test_measures_equal_those_of_the_whole_maps(seed: int, density: float, other: float) -> None:
    reference, predicted = draw_labels(seed, density), draw_labels(seed + 1, other)
    found = measure_study("a", reference, predicted, SPACING, PLAN)
    overlaps = measure_overlap_by_label(reference, predicted, SPACING)
    assert found.measures.keys() - {ANY} == overlaps.keys()
    for label, overlap in overlaps.items():
        assert found.measures[label].overlap == overlap
        whole = measure_surface_distances(reference == label, predicted == label, SPACING)
        assert found.measures[label].hausdorff95_mm == pytest.approx(whole.hausdorff_mm(95), nan_ok=True)
        assert found.measures[label].average_mm == pytest.approx(whole.average_mm(), nan_ok=True)
        assert found.measures[label].surface_dice == whole.surface_dice(1.0)
    whole = measure_surface_distances(reference > 0, predicted > 0, SPACING)
    assert found.measures[ANY].hausdorff_mm == pytest.approx(whole.hausdorff_mm(), nan_ok=True)
    match = match_lesions(
        find_lesions(reference > 0, SPACING, vessels=reference),
        find_lesions(predicted > 0, SPACING, vessels=predicted),
        AnyOverlap(),
    )
    assert found.lesions is not None
    assert count_detections(found.lesions) == count_detections(match)
    assert count_detections(found.lesions, vessel=2) == count_detections(match, vessel=2)


def test_labels_absent_from_a_study_are_empty_there() -> None:
    one = measure_study("a", draw_labels(0, 0.2) * 0 + 2, draw_labels(0, 0.2) * 0 + 2, SPACING, PLAN)
    two = measure_study("b", draw_labels(0, 0.0), draw_labels(0, 0.0), SPACING, PLAN)
    filled = fill_labels([one, two], [5])
    assert [list(study.measures) for study in filled] == [[ANY, 2, 5]] * 2
    assert filled[0].measures[2].overlap.dice == 1
    nothing = filled[1].measures[2]
    assert nothing.overlap.is_empty
    assert nothing.overlap.voxel_mm3 == pytest.approx(0.6)
    assert nothing == two.measures[ANY]
    without = fill_labels([measure_study("c", draw_labels(0, 0.0), draw_labels(0, 0.0), SPACING, MaskPlan())], [1])
    assert math.isnan(without[0].measures[1].surface_dice)


def test_lesions_are_matched_only_where_wanted() -> None:
    labels = draw_labels(3, 0.2)
    assert measure_study("a", labels, labels, SPACING, MaskPlan(with_lesions=False)).lesions is None


def test_maps_of_different_shapes_and_plans_without_sense_are_refused() -> None:
    with pytest.raises(EvaluationError, match="one shape"):
        measure_study("a", draw_labels(0, 0.1), draw_labels(0, 0.1)[:3], SPACING, PLAN)
    with pytest.raises(PlanError, match="confidence level"):
        MaskPlan(level=1.0)
    for tolerance in (-1.0, float("nan")):
        with pytest.raises(PlanError, match="tolerance"):
            MaskPlan(tolerance_mm=tolerance)
