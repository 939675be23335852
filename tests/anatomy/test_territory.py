from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.anatomy.scans import CARDIAC, CHEST, ScanPlan, found, simulated
from vascal.anatomy.territory import COURSES, HeartFrame, Vessel, assign_vessel, measure_frame, vessel_distance_mm

FRAME = HeartFrame(center_mm=(15.0, -20.0, -50.0), half_mm=(62.0, 48.0, 105.0))


@pytest.mark.parametrize("vessel", ["LAD", "LCX", "RCA"])
def test_a_point_in_the_middle_of_a_usual_course_is_that_artery(vessel: Vessel) -> None:
    middle = FRAME.to_mm(np.asarray(COURSES[vessel][0]))[3]
    guess = assign_vessel((float(middle[0]), float(middle[1]), float(middle[2])), FRAME)
    assert guess.vessel == vessel
    assert guess.confidence > 0.8
    assert guess.distance_mm == pytest.approx(0, abs=1e-6)


def test_far_from_every_course_no_artery_is_named() -> None:
    guess = assign_vessel((200.0, 200.0, 200.0), FRAME)
    assert guess.vessel == "unassigned"
    assert guess.confidence < 0.1


def test_where_left_arteries_divide_confidence_is_low() -> None:
    point = FRAME.to_mm(np.asarray([(0.27, -0.01, 0.73)]))[0]
    assert assign_vessel((float(point[0]), float(point[1]), float(point[2])), FRAME).confidence < 0.75


@given(st.floats(-150, 150), st.floats(-150, 150), st.floats(-150, 150))
def test_confidence_is_a_share(x: float, y: float, z: float) -> None:
    assert 0 <= assign_vessel((x, y, z), FRAME).confidence <= 1


@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(-50, 50))
def test_moving_heart_and_point_together_changes_nothing(x: float, y: float, z: float) -> None:
    moved = HeartFrame(center_mm=(15.0 + x, -20.0 + y, -50.0 + z), half_mm=FRAME.half_mm)
    here, there = assign_vessel((40.0, -50.0, 0.0), FRAME), assign_vessel((40.0 + x, -50.0 + y, z), moved)
    assert here.confidence == pytest.approx(there.confidence, abs=1e-6)


def test_the_frame_of_a_simulated_heart_is_its_box() -> None:
    frame = measure_frame(found(CHEST))
    assert frame is not None
    sac = simulated(CHEST).structures
    rows = np.flatnonzero(sac.mask("heart").any(axis=(0, 1)))
    width = (rows[-1] - rows[0]) * sac.grid.column_spacing_mm
    assert 2 * frame.half_mm[0] == pytest.approx(width, abs=20)


@pytest.mark.parametrize("plan", [CARDIAC, CHEST], ids=["cardiac", "chest"])
def test_simulated_courses_lie_nearest_their_own_prior(plan: ScanPlan) -> None:
    frame = measure_frame(found(plan))
    assert frame is not None
    for name in ("LAD", "LCX", "RCA"):
        line = simulated(plan).centrelines[name]
        points = [line[round(share * (len(line) - 1))] for share in (0.3, 0.45, 0.6)]
        votes = []
        for point in points:
            place = (float(point[0]), float(point[1]), float(point[2]))
            votes.append(min(COURSES, key=lambda vessel: vessel_distance_mm(place, vessel, frame)))
        assert votes.count(name) >= 2, (name, votes)
