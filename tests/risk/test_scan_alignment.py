"""The pose of one heart in another scan is found from its lesions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.risk.lesion_sets import axes, make_lesions, move, shifts, turn
from vascal.risk.lesion_pairs import match_lesions
from vascal.risk.scan_alignment import MATCH_RULE, MatchRule, Pose, assign_lesions


def test_a_pose_turns_and_stretches_about_its_point_and_then_shifts() -> None:
    pose = Pose(shift_mm=(10.0, 0.0, -5.0), turn_rad=(0.0, 0.0, 0.1), stretch=0.02, about_mm=(1.0, 1.0, 1.0))
    placed = pose.place(np.array([[1.0, 1.0, 1.0], [11.0, 1.0, 1.0]]))
    assert placed[0].tolist() == pytest.approx([11.0, 1.0, -4.0])
    # 10 mm along x: stretched by 0.2, turned by 0.1 rad about z, which carries it 1 mm along y.
    assert placed[1].tolist() == pytest.approx([21.2, 2.0, -4.0])


def test_lesions_at_the_gate_are_not_assigned() -> None:
    partners, gain = assign_lesions(np.array([[MATCH_RULE.worth, 1.0], [np.inf, np.inf]]), MATCH_RULE)
    assert partners.tolist() == [1, -1]
    assert gain == pytest.approx(MATCH_RULE.worth - 1.0)


def test_the_best_assignment_is_found_where_each_lesion_on_its_own_would_choose_badly() -> None:
    # Both earlier lesions prefer the first; together 1 + 2 is cheaper than 0 + 11.
    partners, _ = assign_lesions(np.array([[0.0, 1.0], [2.0, 11.0]]), MatchRule(noise_mm=1, gate_mm=4))
    assert partners.tolist() == [1, 0]


@settings(max_examples=25)
@given(shift=shifts, axis=axes, degrees=st.floats(0, 5), stretch=st.floats(0.97, 1.03))
def test_shift_turn_and_stretch_are_recovered(
    shift: tuple[float, float, float], axis: tuple[float, float, float], degrees: float, stretch: float
) -> None:
    lesions = make_lesions()
    later = move(lesions, shift, rotation=turn(axis, degrees), stretch=stretch)
    pose = match_lesions(lesions, later).pose
    assert pose is not None
    placed = pose.place(np.array([lesion.center_mm for lesion in lesions]))
    off = np.linalg.norm(placed - np.array([lesion.center_mm for lesion in later]), axis=1)
    assert off.max() < 2.0  # held back a little towards no turn and no stretch
    assert np.degrees(np.linalg.norm(pose.turn_rad)) <= degrees + 0.2


def test_a_shift_of_the_table_by_half_a_metre_changes_nothing() -> None:
    lesions = make_lesions()
    near, far = (match_lesions(lesions, move(lesions, (3.0, -4.0, z))) for z in (0.0, 500.0))
    assert [(pair.earlier, pair.later) for pair in near.pairs] == [(pair.earlier, pair.later) for pair in far.pairs]
    assert far.pose is not None
    assert far.pose.shift_mm == pytest.approx((3.0, -4.0, 500.0), abs=1e-6)


def test_a_search_that_is_cut_short_still_pairs_what_lies_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vascal.risk.scan_alignment.ROUNDS", 1)
    lesions = make_lesions()
    found = match_lesions(lesions, move(lesions, (20.0, -9.0, 4.0), rotation=turn((1, 1, 0), 12.0), stretch=1.05))
    assert found.count("same") >= 7
