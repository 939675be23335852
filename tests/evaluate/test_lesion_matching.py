from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.lesion_matching import (
    AnyOverlap,
    CentreWithin,
    LesionMatch,
    Lesions,
    MatchRule,
    OverlapAtLeast,
    describe_lesions,
    find_lesions,
    match_lesions,
    match_orcascore,
)

SPACING = (3.0, 0.5, 0.5)
RULES: list[MatchRule] = [
    AnyOverlap(),
    OverlapAtLeast(threshold=0.25),
    OverlapAtLeast(threshold=0.4, measure="dice"),
    CentreWithin(distance_mm=1.2),
]


def row(text: str) -> ndarray:
    """One row of labels, a digit a voxel; dots are background."""
    return np.array([[[0 if mark == "." else int(mark) for mark in text]]])


def lesions(text: str, vessels: str | None = None) -> Lesions:
    return describe_lesions(row(text), SPACING, vessels=None if vessels is None else row(vessels))


def pairs(match: LesionMatch) -> dict[int, int | None]:
    return {lesion.lesion: lesion.matched for lesion in match.reference}


def predicted_pairs(match: LesionMatch) -> dict[int, int | None]:
    return {lesion.lesion: lesion.matched for lesion in match.predicted}


def test_a_lesion_has_its_volume_its_centre_and_the_vessel_of_most_of_its_voxels() -> None:
    found = lesions("..3335.", "..1225.")
    assert found.number.tolist() == [3, 5]
    assert found.voxels.tolist() == [3, 1]
    assert found.size_mm3 == pytest.approx([2.25, 0.75])
    assert found.vessel.tolist() == [2, 5]
    assert found.centre_mm == pytest.approx(np.array([[0, 0, 1.5], [0, 0, 2.5]]))


def test_voxels_that_touch_at_a_corner_are_two_lesions_unless_asked_for() -> None:
    mask = np.zeros((2, 2, 2), dtype=bool)
    mask[0, 0, 0] = mask[1, 1, 1] = True
    assert len(find_lesions(mask, SPACING).number) == 2
    assert len(find_lesions(mask, SPACING, corners_touch=True).number) == 1
    assert len(find_lesions(mask[0], (0.5, 0.5)).number) == 1


def test_one_prediction_across_two_lesions_finds_both_by_any_overlap_and_one_when_matched_one_to_one() -> None:
    reference, predicted = lesions("11.222."), lesions("7777777")
    loose = match_lesions(reference, predicted, AnyOverlap())
    assert pairs(loose) == {1: 7, 2: 7}
    assert predicted_pairs(loose) == {7: 2}
    strict = match_lesions(reference, predicted, OverlapAtLeast(threshold=0.2))
    assert pairs(strict) == {1: None, 2: 7}
    assert predicted_pairs(strict) == {7: 2}


def test_an_overlap_at_the_threshold_matches_and_one_below_does_not() -> None:
    reference, predicted = lesions("111......."), lesions("1111111111")
    assert pairs(match_lesions(reference, predicted, OverlapAtLeast(threshold=0.3))) == {1: 1}
    assert pairs(match_lesions(reference, predicted, OverlapAtLeast(threshold=0.1 + 0.2))) == {1: 1}
    assert pairs(match_lesions(reference, predicted, OverlapAtLeast(threshold=0.31))) == {1: None}
    assert pairs(match_lesions(reference, predicted, OverlapAtLeast(threshold=6 / 13, measure="dice"))) == {1: 1}
    assert pairs(match_lesions(reference, predicted, OverlapAtLeast(threshold=0.47, measure="dice"))) == {1: None}


def test_as_many_pairs_as_possible_come_before_the_best_overlap() -> None:
    # Lesion 1 overlaps 8 most, but then 2 would have no partner; 1 can also have 9.
    reference, predicted = lesions("1111112222"), lesions("9988888822")
    predicted = describe_lesions(np.where(predicted.labels == 2, 0, predicted.labels), SPACING)
    found = match_lesions(reference, predicted, OverlapAtLeast(threshold=0.2))
    assert pairs(found) == {1: 9, 2: 8}


def test_centres_match_up_to_the_distance_and_the_nearest_first() -> None:
    reference, predicted = lesions("1......2..."), lesions("..1...2...3")
    near = match_lesions(reference, predicted, CentreWithin(distance_mm=1.0))
    assert pairs(near) == {1: 1, 2: 2}
    assert predicted_pairs(near) == {1: 1, 2: 2, 3: None}
    assert pairs(match_lesions(reference, predicted, CentreWithin(distance_mm=0.99))) == {1: None, 2: 2}


@pytest.mark.parametrize("rule", RULES)
def test_without_lesions_there_is_nothing_to_match(rule: MatchRule) -> None:
    some, none = lesions(".11.2"), lesions(".....")
    missed = match_lesions(some, none, rule)
    assert pairs(missed) == {1: None, 2: None}
    assert missed.predicted == ()
    wrong = match_lesions(none, some, rule)
    assert wrong.reference == ()
    assert predicted_pairs(wrong) == {1: None, 2: None}
    assert match_lesions(none, none, rule).reference == ()


@pytest.mark.parametrize("rule", RULES)
def test_a_reader_agrees_with_himself(rule: MatchRule) -> None:
    found = match_lesions(lesions("11.2.33"), lesions("11.2.33"), rule)
    assert pairs(found) == predicted_pairs(found) == {1: 1, 2: 2, 3: 3}
    assert found.rule == rule.describe()


@given(st.integers(0, 10_000), st.sampled_from(RULES))
def test_swapping_the_sides_swaps_the_rows(seed: int, rule: MatchRule) -> None:
    rng = np.random.default_rng(seed)
    one = find_lesions(rng.random((2, 5, 5)) < 0.3, SPACING)
    two = find_lesions(rng.random((2, 5, 5)) < 0.3, SPACING)
    there, back = match_lesions(one, two, rule), match_lesions(two, one, rule)
    assert sum(lesion.found for lesion in there.reference) == sum(lesion.found for lesion in back.predicted)
    assert sum(lesion.found for lesion in there.predicted) == sum(lesion.found for lesion in back.reference)


@given(st.integers(0, 10_000), st.floats(0.05, 0.6))
def test_one_to_one_matching_agrees_with_trying_every_assignment(seed: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    one = rng.integers(0, 4, (1, 3, 6))
    two = rng.integers(0, 4, (1, 3, 6))
    found = match_lesions(
        describe_lesions(one, SPACING), describe_lesions(two, SPACING), OverlapAtLeast(threshold=threshold)
    )
    iou = np.array(
        [
            [np.sum((one == i) & (two == j)) / max(1, np.sum((one == i) | (two == j))) for j in (1, 2, 3)]
            for i in (1, 2, 3)
        ]
    )
    options = [[iou[i, j] for i, j in enumerate(order) if iou[i, j] >= threshold] for order in permutations(range(3))]
    best = max((len(option), sum(option)) for option in options)
    matched = [(lesion.lesion, lesion.matched) for lesion in found.reference if lesion.matched is not None]
    assert len(matched) == best[0]
    assert sum(iou[i - 1, j - 1] for i, j in matched) == pytest.approx(best[1])


def test_vessels_of_both_sides_go_with_the_match() -> None:
    found = match_lesions(lesions("11.22", "11.22"), lesions("11.22", "33.22"), AnyOverlap())
    assert [(lesion.vessel, lesion.matched_vessel) for lesion in found.reference] == [(1, 3), (2, 2)]
    assert found.has_vessels
    assert not match_lesions(lesions("11", "11"), lesions("11"), AnyOverlap()).has_vessels


def test_orcascore_finds_a_lesion_when_the_method_gave_it_any_vessel() -> None:
    scan = row("11.111.1.11") > 0
    found = match_orcascore(scan, row("11.222....."), row("11.333.1..."), SPACING)
    assert found.has_vessels
    assert [(lesion.vessel, lesion.matched_vessel) for lesion in found.reference] == [(1, 1), (2, 3)]
    assert [(lesion.vessel, lesion.found) for lesion in found.predicted] == [(1, True), (3, True), (1, False)]
    assert [lesion.size_mm3 for lesion in found.predicted] == pytest.approx([1.5, 2.25, 0.75])


def test_orcascore_gives_a_whole_lesion_the_vessel_of_most_of_its_labelled_voxels() -> None:
    scan = row("111111") > 0
    found = match_orcascore(scan, row("1.22.."), row("3.1..."), SPACING)
    assert [(lesion.vessel, lesion.size_mm3) for lesion in found.reference] == [(2, 4.5)]
    assert [lesion.vessel for lesion in found.predicted] == [1]


def test_orcascore_drops_predicted_voxels_that_are_no_calcium() -> None:
    found = match_orcascore(row("1.....") > 0, row("1....."), row("..2222"), SPACING)
    assert found.predicted == ()
    assert [lesion.found for lesion in found.reference] == [False]


def test_orcascore_joins_voxels_across_slices_by_faces_only() -> None:
    scan = np.zeros((2, 3, 3), dtype=bool)
    scan[0, 0, 0] = scan[1, 0, 0] = scan[1, 1, 1] = True
    found = match_orcascore(scan, scan.astype(np.int64), scan.astype(np.int64), SPACING)
    assert [lesion.size_mm3 for lesion in found.reference] == [1.5, 0.75]


def test_orcascore_refuses_a_reference_below_the_threshold() -> None:
    with pytest.raises(EvaluationError, match="2 labelled voxels are below it"):
        match_orcascore(row("1..") > 0, row("111"), row("1.."), SPACING)


def test_a_scan_without_calcium_has_no_lesions_to_match() -> None:
    found = match_orcascore(row("...") > 0, row("..."), row("..."), SPACING)
    assert found.reference == found.predicted == ()


def test_grids_that_differ_are_refused() -> None:
    with pytest.raises(EvaluationError, match="one shape"):
        match_lesions(lesions("11"), lesions("111"), AnyOverlap())
    other = describe_lesions(row("11"), (3.0, 0.5, 0.6))
    with pytest.raises(EvaluationError, match="one spacing"):
        match_lesions(lesions("11"), other, AnyOverlap())
    with pytest.raises(EvaluationError, match="one shape"):
        lesions("11", "111")


def test_limits_that_match_everything_or_nothing_are_refused() -> None:
    with pytest.raises(EvaluationError, match="above 0 and up to 1"):
        OverlapAtLeast(threshold=0.0)
    with pytest.raises(EvaluationError, match="above 0 mm"):
        CentreWithin(distance_mm=float("nan"))
