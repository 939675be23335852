"""Coronary motion against published speeds and rests."""

from __future__ import annotations

import itertools
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import SimulationError
from vascal.simulate.ct.motion import (
    AcquisitionWindow,
    Beat,
    Site,
    coronary_offset_mm,
    motion_in_window,
    offset_at_mm,
    rest_s,
    speed_mm_s,
)

SITES: tuple[Site, ...] = get_args(Site)
VESSELS: tuple[Site, ...] = ("LM", "LAD", "LCX", "RCA")
CYCLE = np.arange(0, 1, 0.002)
beats = st.builds(
    Beat,
    heart_rate_bpm=st.floats(35, 180),
    seed=st.none() | st.integers(0, 1000),
    scale=st.floats(0, 2),
)


@given(site=st.sampled_from(SITES), beat=beats, phase=st.floats(-2, 2))
def test_every_beat_is_like_the_last(site: Site, beat: Beat, phase: float) -> None:
    here = coronary_offset_mm(site, np.array([phase, phase + 1, phase - 3]), beat)
    assert np.abs(here - here[0]).max() < 1e-6


@given(site=st.sampled_from(SITES), beat=beats)
def test_the_path_is_smooth(site: Site, beat: Beat) -> None:
    fine = np.arange(0, 1.01, 0.0005)
    place = coronary_offset_mm(site, fine, beat)
    speed = np.diff(place, axis=0) / (0.0005 * beat.rr_s)
    # No jump in speed: at most what the fastest push gains in half a thousandth of a beat.
    assert np.abs(np.diff(speed, axis=0)).max() < 12 * max(beat.scale, 0.1) * beat.heart_rate_bpm / 60


def test_right_is_faster_than_circumflex_main_and_descending() -> None:
    beat = Beat(heart_rate_bpm=70)
    mean = {vessel: float(speed_mm_s(vessel, CYCLE, beat).mean()) for vessel in VESSELS}
    assert mean["RCA"] > mean["LCX"] > mean["LM"] > mean["LAD"]
    # Mao et al. 2000 found 22 to 109 mm/s.
    assert mean["LAD"] == pytest.approx(22, abs=3)
    tenths = speed_mm_s("RCA", CYCLE, beat).reshape(10, -1).mean(axis=1)
    assert tenths.max() == pytest.approx(109, rel=0.06)


@pytest.mark.parametrize("vessel", VESSELS)
def test_vessels_are_slowest_at_the_end_of_systole_or_in_mid_diastole(vessel: Site) -> None:
    tenths = speed_mm_s(vessel, CYCLE, Beat(heart_rate_bpm=60)).reshape(10, -1).mean(axis=1)
    assert tenths[7] < 0.4 * tenths.mean()
    assert tenths[[3, 4]].min() < 0.4 * tenths.mean()
    fast = speed_mm_s(vessel, CYCLE, Beat(heart_rate_bpm=90)).reshape(10, -1).mean(axis=1)
    # Systole takes a larger part of a quick beat, so its end comes later.
    assert np.argmin(fast[3:]) in (1, 2)


def test_rests_are_as_long_as_published() -> None:
    beat = Beat(heart_rate_bpm=70)
    # Otton et al. 2013: under 1 mm for 161 ms (left), 120 ms (right).
    left = np.mean([rest_s(vessel, beat) for vessel in ("LM", "LAD", "LCX")])
    assert left == pytest.approx(0.161, abs=0.03)
    assert rest_s("RCA", beat) == pytest.approx(0.120, abs=0.03)


@pytest.mark.parametrize(("vessel", "rate"), [("LCX", 91.0), ("RCA", 78.0)])
def test_the_rest_in_mid_diastole_goes_as_the_heart_speeds_up(vessel: Site, rate: float) -> None:
    mid_diastole = (0.58, 0.9)
    assert rest_s(vessel, Beat(heart_rate_bpm=rate), mid_diastole) < 0.066
    assert rest_s(vessel, Beat(heart_rate_bpm=rate - 18), mid_diastole) > 0.1
    assert rest_s(vessel, Beat(heart_rate_bpm=55), mid_diastole) > 0.2


def test_a_person_is_the_same_person_again_and_not_another() -> None:
    first, again, other = (coronary_offset_mm("RCA", CYCLE, Beat(heart_rate_bpm=70, seed=seed)) for seed in (3, 3, 4))
    assert (first == again).all()
    assert np.abs(first - other).max() > 0.5


@pytest.mark.parametrize(("rotation_s", "sources", "duration_s"), [(0.28, "single", 0.14), (0.25, "dual", 0.0625)])
def test_a_window_is_half_or_a_quarter_of_a_rotation(rotation_s: float, sources: str, duration_s: float) -> None:
    window = AcquisitionWindow(rotation_time_s=rotation_s, sources="dual" if sources == "dual" else "single")
    motion = motion_in_window("LCX", Beat(heart_rate_bpm=70), window)
    assert window.duration_s == pytest.approx(duration_s)
    assert np.ptp(motion.times_s) == pytest.approx(duration_s)
    assert motion.mean_speed_mm_s <= motion.peak_speed_mm_s


def test_speed_in_a_window_is_the_way_over_the_time() -> None:
    window = AcquisitionWindow(rotation_time_s=0.28, trigger_phase=0.2)
    motion = motion_in_window("RCA", Beat(heart_rate_bpm=65), window, count=400)
    way = sum(float(np.linalg.norm(b - a)) for a, b in itertools.pairwise(motion.offset_mm))
    assert motion.mean_speed_mm_s == pytest.approx(way / 0.14, rel=0.01)
    assert np.abs(motion.offset_mm[199:201]).max() < 0.1


def test_a_quick_heart_is_better_scanned_at_the_end_of_systole() -> None:
    beat = Beat(heart_rate_bpm=95)
    systole, diastole = (
        motion_in_window("RCA", beat, AcquisitionWindow(trigger_phase=phase)).mean_speed_mm_s for phase in (0.54, 0.75)
    )
    assert systole < 0.6 * diastole


def test_views_of_a_scan_get_their_own_offset() -> None:
    beat, times = Beat(heart_rate_bpm=60), np.array([-0.07, 0.0, 0.07])
    offset = offset_at_mm("LAD", beat, times, 0.5)
    assert (offset[1] == 0).all()
    assert offset[[0]] == pytest.approx(coronary_offset_mm("LAD", np.array([0.43]), beat, reference_phase=0.5))


def test_impossible_hearts_and_windows_are_refused() -> None:
    for rate in (20.0, 250.0):
        with pytest.raises(SimulationError, match="beats"):
            Beat(heart_rate_bpm=rate)
    with pytest.raises(SimulationError, match="rotation"):
        AcquisitionWindow(rotation_time_s=0.0)
    with pytest.raises(SimulationError, match="two times"):
        motion_in_window("LM", Beat(heart_rate_bpm=60), AcquisitionWindow(), count=1)
