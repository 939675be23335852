"""Lesions of two scans that share no frame of reference are matched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.risk.lesion_sets import axes, grow, make_lesions, move, renumber, shifts, turn
from vascal.risk.lesion_pairs import LesionMatching, PlacedLesion, match_lesions

Link = tuple[tuple[int, ...], tuple[int, ...]]


def links(found: LesionMatching, kind: str) -> set[Link]:
    return {(pair.earlier, pair.later) for pair in found.pairs if pair.kind == kind}


def require_each_once(found: LesionMatching, earlier: Sequence[PlacedLesion], later: Sequence[PlacedLesion]) -> None:
    assert sorted(i for pair in found.pairs for i in pair.earlier) == sorted(lesion.id for lesion in earlier)
    assert sorted(i for pair in found.pairs for i in pair.later) == sorted(lesion.id for lesion in later)


@settings(max_examples=30)
@given(
    shift=shifts, axis=axes, degrees=st.floats(0, 5), stretch=st.floats(0.96, 1.04), factor=st.floats(1, 4),
    seed=st.integers(0, 10_000),
)  # fmt: skip
def test_a_moved_turned_breathing_and_grown_heart_is_matched_lesion_by_lesion(
    shift: tuple[float, float, float],
    axis: tuple[float, float, float],
    degrees: float,
    stretch: float,
    factor: float,
    seed: int,
) -> None:
    earlier = make_lesions()
    later = renumber(grow(move(earlier, shift, rotation=turn(axis, degrees), stretch=stretch), factor))
    rng = np.random.default_rng(seed)
    noisy = []
    for lesion in later:
        x, y, z = (np.array(lesion.center_mm) + np.clip(rng.normal(0, 1.5, 3), -3, 3)).tolist()
        noisy.append(replace(lesion, center_mm=(x, y, z)))
    found = match_lesions(earlier, noisy)
    assert links(found, "same") == {((one.id,), (one.id + 100,)) for one in earlier}


@settings(max_examples=25)
@given(shift=shifts, gone=st.sets(st.integers(1, 9), max_size=3), fresh=st.integers(0, 3))
def test_new_and_vanished_lesions_are_told_from_moved_ones(
    shift: tuple[float, float, float], gone: set[int], fresh: int
) -> None:
    everything = make_lesions()
    places = ((80.0, -52.0, -12.0), (84.0, -24.0, -12.0), (30.0, -44.0, -50.0))
    new = tuple(
        PlacedLesion(id=20 + i, vessel=v, center_mm=p, volume_mm3=6.0, agatston=9.0)
        for i, (v, p) in enumerate(zip(("LAD", "LCX", "RCA"), places, strict=True))
    )[:fresh]
    later = move([*(lesion for lesion in everything if lesion.id not in gone), *new], shift)
    found = match_lesions(everything, later)
    require_each_once(found, everything, later)
    assert links(found, "vanished") == {((i,), ()) for i in gone}
    assert links(found, "new") == {((), (lesion.id,)) for lesion in new}


@settings(max_examples=30)
@given(
    st.lists(st.integers(1, 9), unique=True, max_size=9),
    st.lists(st.integers(1, 9), unique=True, max_size=9),
    shifts,
    st.randoms(use_true_random=False),
)
def test_each_lesion_is_in_one_pair_and_order_does_not_matter(first, second, shift, random) -> None:  # type: ignore[no-untyped-def]
    lesions = {lesion.id: lesion for lesion in make_lesions()}
    earlier, later = [lesions[i] for i in first], move([lesions[i] for i in second], shift)
    found = match_lesions(earlier, later)
    require_each_once(found, earlier, later)
    shuffled = [random.sample(list(scan), len(scan)) for scan in (earlier, later)]
    assert match_lesions(*shuffled).pairs == found.pairs


def test_scans_without_lesions_give_only_new_or_only_vanished_ones() -> None:
    lesions = make_lesions()
    assert match_lesions((), ()) == LesionMatching(pairs=(), pose=None)
    assert match_lesions((), lesions).count("new") == 9
    gone = match_lesions(lesions, ())
    assert gone.count("vanished") == 9
    assert gone.pose is None


def test_one_lesion_of_one_vessel_is_the_same_wherever_it_lies() -> None:
    one = make_lesions()[1]
    (pair,) = match_lesions([one], move([one], (30.0, 10.0, 200.0))).pairs
    assert (pair.kind, pair.earlier, pair.later, pair.is_sure) == ("same", (2,), (2,), True)
    assert pair.distance_mm == pytest.approx(0.0, abs=1e-6)


def test_one_lesion_that_has_become_two_of_unlike_size_is_the_one_of_like_size() -> None:
    large, small = (replace(one, volume_mm3=v) for one, v in zip(make_lesions()[1:3], (45.0, 4.0), strict=True))
    old = replace(large, volume_mm3=30.0)
    # The patient lies so that the small, new lesion is just where the old one was.
    later = move([large, small], np.subtract(large.center_mm, small.center_mm).tolist())
    found = match_lesions([old], later)
    assert links(found, "same") == {((2,), (2,))}
    assert links(found, "new") == {((), (3,))}


def test_which_of_two_like_lesions_a_lone_one_was_can_not_be_sure() -> None:
    lad = [replace(lesion, volume_mm3=20.0) for lesion in make_lesions()[1:3]]
    found = match_lesions(lad[:1], lad)
    assert not any(pair.is_sure for pair in found.pairs)


def test_lesions_of_different_vessels_alone_are_not_taken_for_one() -> None:
    lad, rca = make_lesions()[1], make_lesions()[6]
    found = match_lesions([lad], [replace(rca, volume_mm3=1.0)])
    assert [pair.kind for pair in found.pairs] == ["vanished", "new"]


@pytest.mark.parametrize("name", ["LM", "unassigned", "LCX"])
def test_a_lesion_whose_vessel_was_named_otherwise_is_still_matched_among_others(name: str) -> None:
    earlier = make_lesions()
    later = [replace(lesion, vessel=name) if lesion.id == 2 else lesion for lesion in move(earlier, (5.0, 5.0, 5.0))]
    found = match_lesions(earlier, later)
    assert ((2,), (2,)) in links(found, "same")


def near(lesion: PlacedLesion, number: int, volume_mm3: float, away_mm: float = 8.0) -> PlacedLesion:
    x, y, z = lesion.center_mm
    return replace(lesion, id=number, center_mm=(x, y - away_mm, z), volume_mm3=volume_mm3)


def test_two_lesions_that_grew_together_are_called_merged() -> None:
    lesions = make_lesions()
    earlier = (*lesions, near(lesions[1], 10, 30.0))
    x, y, z = lesions[1].center_mm
    joined = replace(lesions[1], center_mm=(x, y - 8.0 * 30 / 90, z), volume_mm3=110.0)
    later = move([joined if lesion.id == 2 else lesion for lesion in lesions], (20.0, -5.0, 3.0))
    found = match_lesions(earlier, later)
    assert links(found, "merged") == {((2, 10), (2,))}
    assert found.count("same") == 8
    # The other way round one lesion has been divided.
    back = match_lesions(later, earlier)
    assert links(back, "split") == {((2,), (2, 10))}


def test_three_lesions_may_grow_into_one() -> None:
    lesions = make_lesions()
    earlier = (*lesions, near(lesions[1], 10, 30.0), near(lesions[1], 11, 30.0, -8.0))
    later = [replace(lesion, volume_mm3=150.0) if lesion.id == 2 else lesion for lesion in lesions]
    assert links(match_lesions(earlier, later), "merged") == {((2, 10, 11), (2,))}


def test_a_small_lesion_beside_a_grown_one_is_new_and_no_part_of_it() -> None:
    lesions = make_lesions()
    later = (*grow(lesions, 1.3), near(lesions[1], 10, 3.0))
    found = match_lesions(lesions, later)
    assert links(found, "new") == {((), (10,))}
    assert found.count("split") == 0


def test_a_lesion_too_small_to_hold_both_has_not_swallowed_its_neighbour() -> None:
    lesions = make_lesions()
    earlier = (*lesions, near(lesions[1], 10, 55.0))
    found = match_lesions(earlier, lesions)
    assert links(found, "merged") == set()
    assert links(found, "vanished") == {((10,), ())}


def test_a_neighbour_in_another_vessel_is_no_part() -> None:
    lesions = make_lesions()
    earlier = (*lesions, replace(near(lesions[5], 10, 2.0), vessel="RCA"))
    assert links(match_lesions(earlier, lesions), "vanished") == {((10,), ())}


def test_pairs_come_by_vessel_and_from_head_to_feet() -> None:
    lesions = make_lesions()
    found = match_lesions(lesions, [lesion for lesion in lesions if lesion.id != 3])
    names = {lesion.id: lesion.vessel for lesion in lesions}
    assert [names[(pair.later or pair.earlier)[0]] for pair in found.pairs] == [lesion.vessel for lesion in lesions]
    heights = [lesions[(pair.earlier)[0] - 1].center_mm[2] for pair in found.pairs if pair.earlier[0] in (2, 3, 4)]
    assert heights == sorted(heights, reverse=True)
