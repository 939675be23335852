"""How coronary arteries move over a heart beat, and how much of it a scan sees.

A site follows three smooth pushes: contraction, early filling and the kick of the
atrium. Between them it rests, at end-systole and, while the heart is slow, in
mid-diastole. Systole shortens little as the heart speeds up (Weissler et al.,
Circulation 1968;37:149), so diastole, and its rest with it, pays.

Amounts were chosen to meet published speeds, their order RCA > LCX > LM > LAD (Mao et
al., 2000) and rests (Otton et al., 2013); nothing here was measured by us.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from jaxtyping import Float

from vascal.errors import SimulationError
from vascal.volume import Vector

Site = Literal["LM", "LAD", "LCX", "RCA", "aortic valve", "mitral valve", "left ventricular wall"]
SourceCount = Literal["single", "dual"]
Offsets = Float[np.ndarray, "time 3"]
Times = Float[np.ndarray, " time"]

SLOWEST_BPM, FASTEST_BPM = 35.0, 180.0
REST_MM = 1.0
"""A vessel rests while it stays within 1 mm."""
DIRECTION_SPREAD = 0.22
EXCURSION_SPREAD = 0.15
SPEED_STEP_S = 5e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Path:
    """How one site moves.

    Parameters
    ----------
    excursion_mm
        Way from end-diastole to end-systole, mm.
    towards
        Its direction, LPS.
    aside
        Sideways part of early filling over the excursion: the way back is another one.
    contraction
        End of contraction over the length of systole.
    filling_s, atrium_s
        Lengths of early filling and of the atrial kick, seconds.
    """

    excursion_mm: float
    towards: Vector
    aside: float = 0.15
    contraction: float
    filling_s: float
    atrium_s: float


PATHS: dict[Site, _Path] = {
    "LM": _Path(excursion_mm=11.0, towards=(0.3, -0.4, -0.85), contraction=1.0, filling_s=0.21, atrium_s=0.14),
    "LAD": _Path(excursion_mm=9.0, towards=(-0.45, 0.45, -0.75), contraction=1.0, filling_s=0.21, atrium_s=0.14),
    "LCX": _Path(excursion_mm=15.0, towards=(-0.2, -0.5, -0.84), contraction=1.0, filling_s=0.2, atrium_s=0.13),
    "RCA": _Path(excursion_mm=20.0, towards=(0.62, -0.32, -0.72), contraction=1.05, filling_s=0.22, atrium_s=0.15),
    "aortic valve": _Path(excursion_mm=9.0, towards=(0.4, -0.4, -0.82), contraction=1.0, filling_s=0.21, atrium_s=0.14),
    "mitral valve": _Path(
        excursion_mm=13.0, towards=(0.45, -0.5, -0.74), contraction=1.0, filling_s=0.21, atrium_s=0.14
    ),
    "left ventricular wall": _Path(
        excursion_mm=8.0, towards=(-0.7, 0.6, 0.4), contraction=1.0, filling_s=0.2, atrium_s=0.13
    ),
}
ATRIAL_SHARE = 0.28
CONTRACTION_DELAY_S = 0.03
RELAXATION_S = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """A heart beat of one person.

    Parameters
    ----------
    heart_rate_bpm
        Beats per minute, 35 to 180.
    seed
        Varies directions and excursions between persons; None takes the average.
    scale
        Excursion relative to the average heart.
    """

    heart_rate_bpm: float
    seed: int | None = None
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not SLOWEST_BPM <= self.heart_rate_bpm <= FASTEST_BPM or self.scale < 0:
            raise SimulationError(
                f"a heart beats {SLOWEST_BPM:g} to {FASTEST_BPM:g} times a minute by a scale of 0 or more; "
                f"found {self.heart_rate_bpm:g} and {self.scale:g}"
            )

    @property
    def rr_s(self) -> float:
        """Time from one R wave to the next, seconds."""
        return 60.0 / self.heart_rate_bpm

    @property
    def systole_s(self) -> float:
        """From the R wave to the closure of the aortic valve, seconds (Weissler 1968, men)."""
        return 0.546 - 0.0021 * self.heart_rate_bpm


def _unit(vector: np.ndarray) -> Float[np.ndarray, " 3"]:
    return np.asarray(vector / np.linalg.norm(vector))


@lru_cache(maxsize=64)
def _pushes(site: Site, beat: Beat) -> Float[np.ndarray, "push 3"]:
    """Vectors of contraction, filling and atrial kick, mm; their sum is nothing."""
    path = PATHS[site]
    towards, excursion = np.array(path.towards), path.excursion_mm * beat.scale
    if beat.seed is not None:
        rng = np.random.default_rng((beat.seed, list(PATHS).index(site)))
        towards = _unit(towards) + rng.normal(0, DIRECTION_SPREAD / np.sqrt(3), 3)
        excursion *= float(np.clip(1 + rng.normal(0, EXCURSION_SPREAD), 0.6, 1.4))
    contraction = excursion * _unit(towards)
    sideways = _unit(np.cross(towards, (0.6, 0.5, -0.2))) * path.aside * excursion
    atrium = -ATRIAL_SHARE * contraction - sideways
    pushes = np.stack([contraction, -contraction - atrium, atrium])
    pushes.setflags(write=False)
    return pushes


def _step(time_s: Times, start_s: float, length_s: float) -> Times:
    """Rise from 0 to 1 without a jump in speed or acceleration."""
    x = np.clip((time_s - start_s) / length_s, 0, 1)
    return np.asarray(x**3 * (10 + x * (6 * x - 15)))


def _progress(site: Site, beat: Beat, time_s: Times) -> Float[np.ndarray, "push time"]:
    """How far each push has come, 0 to 1, at times from 0 to the next R wave."""
    path = PATHS[site]
    opening = beat.systole_s + RELAXATION_S
    diastole = beat.rr_s - opening
    # A fast heart has no time for both: they overlap.
    filling, atrium = min(path.filling_s, 0.75 * diastole), min(path.atrium_s, 0.6 * diastole)
    squeeze = path.contraction * beat.systole_s - CONTRACTION_DELAY_S
    return np.stack(
        [
            _step(time_s, CONTRACTION_DELAY_S, squeeze),
            _step(time_s, opening, filling),
            _step(time_s, beat.rr_s - atrium, atrium),
        ]
    )


def coronary_offset_mm(site: Site, phase: Times, beat: Beat, *, reference_phase: float = 0.0) -> Offsets:
    """Give where a site is over the heart beat.

    Parameters
    ----------
    site
        A coronary artery, a valve or the wall.
    phase
        (time,): fraction of the RR interval after the R wave; any number, beats repeat.
    beat
        Heart rate and person.
    reference_phase
        Where the offset is nothing; 0 is end-diastole.

    Returns
    -------
    array
        (time, 3), mm, LPS: a closed path without a jump in speed or acceleration.

    Examples
    --------
    >>> beat = Beat(heart_rate_bpm=60)
    >>> way = coronary_offset_mm("RCA", np.array([0.0, 0.42, 1.0]), beat)
    >>> [round(float(mm)) for mm in np.linalg.norm(way, axis=1)]
    [0, 20, 0]
    """
    times = np.append(phase, reference_phase) % 1.0 * beat.rr_s
    offsets = _progress(site, beat, times).T @ _pushes(site, beat)
    return np.asarray(offsets[:-1] - offsets[-1])


def speed_mm_s(site: Site, phase: Times, beat: Beat) -> Times:
    """Give how fast a site moves at each phase, mm/s."""
    step = SPEED_STEP_S / beat.rr_s
    way = coronary_offset_mm(site, phase + step, beat) - coronary_offset_mm(site, phase - step, beat)
    return np.asarray(np.linalg.norm(way, axis=1) / (2 * SPEED_STEP_S))


def rest_s(site: Site, beat: Beat, phases: tuple[float, float] = (0.0, 1.0)) -> float:
    """Find the longest time that a site stays within 1 mm.

    Parameters
    ----------
    site, beat
        What moves.
    phases
        Where to look: its middle lies between these, for example 0.55 and 0.95 for mid-diastole.

    Returns
    -------
    float
        Seconds; no two places in that time are more than 1 mm apart.
    """
    step = 1 / 500
    phase = np.arange(-0.5, 1.5, step)
    place = coronary_offset_mm(site, phase, beat)
    longest, first = 0, 0
    for last in range(phase.size):
        # A window that fitted before can only lose places on its left.
        while np.max(np.linalg.norm(place[first : last + 1] - place[last], axis=1)) > REST_MM:
            first += 1
        if phases[0] <= (phase[first] + phase[last]) / 2 < phases[1]:
            longest = max(longest, last - first)
    return longest * step * beat.rr_s


@dataclass(frozen=True, slots=True, kw_only=True)
class AcquisitionWindow:
    """When a gated scan counts.

    Parameters
    ----------
    rotation_time_s
        Time of one rotation, seconds.
    sources
        One tube needs half a rotation, two tubes a quarter.
    trigger_phase
        Middle of the window as a fraction of the RR interval.
    """

    rotation_time_s: float = 0.28
    sources: SourceCount = "single"
    trigger_phase: float = 0.75

    def __post_init__(self) -> None:
        if self.rotation_time_s <= 0:
            raise SimulationError(f"a rotation takes time; found {self.rotation_time_s:g} s")

    @property
    def duration_s(self) -> float:
        """Temporal resolution, seconds."""
        return self.rotation_time_s / (2 if self.sources == "single" else 4)

    def phases(self, beat: Beat, count: int) -> Times:
        """Spread phases evenly over the window."""
        reach = self.duration_s / beat.rr_s / 2
        return self.trigger_phase + np.linspace(-reach, reach, count)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WindowMotion:
    """What a site does while the scan counts.

    Parameters
    ----------
    times_s
        From the middle of the window, seconds.
    offset_mm
        (time, 3), mm, LPS, from where the site is in the middle of the window.
    mean_speed_mm_s, peak_speed_mm_s
        Over the window, mm/s.
    """

    times_s: Times
    offset_mm: Offsets
    mean_speed_mm_s: float
    peak_speed_mm_s: float

    def __post_init__(self) -> None:
        self.times_s.setflags(write=False)
        self.offset_mm.setflags(write=False)


def motion_in_window(site: Site, beat: Beat, window: AcquisitionWindow, count: int = 64) -> WindowMotion:
    """Follow a site through an acquisition window.

    Parameters
    ----------
    site, beat
        What moves.
    window
        When the scan counts.
    count
        Number of times, evenly spread; at least 2.

    Raises
    ------
    SimulationError
        For fewer than two times.
    """
    if count < 2:
        raise SimulationError(f"motion needs two times or more; found {count}")
    phase = window.phases(beat, count)
    speed = speed_mm_s(site, phase, beat)
    return WindowMotion(
        times_s=(phase - window.trigger_phase) * beat.rr_s,
        offset_mm=coronary_offset_mm(site, phase, beat, reference_phase=window.trigger_phase),
        mean_speed_mm_s=float(np.mean((speed[1:] + speed[:-1]) / 2)),
        peak_speed_mm_s=float(speed.max()),
    )


def offset_at_mm(site: Site, beat: Beat, times_s: Times, trigger_phase: float) -> Offsets:
    """Give a site's offset at the times of a scan's views.

    Parameters
    ----------
    site, beat
        What moves.
    times_s
        (time,): from the middle of the scan, seconds, as
        `vascal.simulate.ct.projection.view_times_s` gives them.
    trigger_phase
        Phase in the middle of the scan, where the offset is nothing.

    Returns
    -------
    array
        (time, 3), mm, LPS.
    """
    return coronary_offset_mm(site, trigger_phase + times_s / beat.rr_s, beat, reference_phase=trigger_phase)
