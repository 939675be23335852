"""When each slice is scanned, and where heart and patient are meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vascal.simulate.ct.motion import Beat, Site, coronary_offset_mm
from vascal.simulate.ct.painting import SliceMotion
from vascal.simulate.ct.patient import SimulatedPatient
from vascal.simulate.ct.protocol import Protocol
from vascal.simulate.ct.sites import Mover
from vascal.volume import Grid

INSTANTS = 7
PAINTED_INSTANTS = 2
"""The heart itself is painted at this many instants of a slice; plaques at `INSTANTS`."""
SECONDS_PER_MM = 0.012
"""Ungated scans: half a second a rotation, 38 mm of detector, pitch 1."""
SLAB_MM = 38.0
"""Gated scans step by the width of the detector."""
MOVING_SITES: Mapping[Mover, Site] = {
    "LM": "LM", "LAD": "LAD", "LCX": "LCX", "RCA": "RCA", "valve": "aortic valve", "annulus": "mitral valve",
    "heart": "left ventricular wall",
}  # fmt: skip
REST_PHASE = 0.75
"""The phantom is drawn as it is in mid-diastole."""
BREATH = np.array((0.15, -0.35, 1.0))
"""Breathing moves the heart mainly towards the feet."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timing:
    """Instants of every slice.

    Parameters
    ----------
    patient, protocol, grid
        What is scanned.
    phases
        (slice, instant): share of the heart's cycle; one slice stands for all.
    shift_mm
        (slice, 3): breathing, LPS, mm.
    """

    patient: SimulatedPatient
    protocol: Protocol
    grid: Grid
    phases: NDArray[np.float64]
    shift_mm: NDArray[np.float64]
    _known: dict[Mover, NDArray[np.float64]] = field(default_factory=dict, repr=False)

    def beats_mm(self, mover: Mover) -> NDArray[np.float64]:
        """(slice, instant, 3): how far the heart's beat takes something from its rest, LPS, mm."""
        if mover == "nothing" or not self.protocol.is_moving:
            return np.zeros((1, 1, 3))
        if mover not in self._known:
            self._known[mover] = self._offset(mover)
        return self._known[mover]

    def offsets_mm(self, mover: Mover) -> NDArray[np.float64]:
        """(slice, instant, 3): beat and breath, LPS, mm."""
        beats = self.beats_mm(mover)
        if not self.shift_mm.any():
            return beats
        return np.asarray(beats + self.shift_mm[:, None, :])

    def slice_motion(self, mover: Mover) -> SliceMotion:
        """What the painter needs to know."""
        beats = self.beats_mm(mover)
        instants = np.unique(np.linspace(0, beats.shape[1] - 1, PAINTED_INSTANTS).round().astype(int))
        few = np.broadcast_to(beats[:, instants], (self.grid.shape[0], len(instants), 3))
        return SliceMotion(shift_mm=self.shift_mm.astype(np.float32), beat_mm=few.astype(np.float32))

    def speed_mm_s(self, mover: Mover, z_mm: float) -> tuple[float, float]:
        """Mean speed, mm/s, and way, mm, while the slice at a height is scanned."""
        beats = self.beats_mm(mover)
        middle = int(np.argmin(np.abs(np.asarray(self.grid.slice_positions_mm) - z_mm)))
        path = beats[min(middle, len(beats) - 1)]
        way = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
        return way / self.protocol.window_s, way

    def _offset(self, mover: Mover) -> NDArray[np.float64]:
        site = MOVING_SITES[mover]
        beat = Beat(heart_rate_bpm=self.patient.heart_rate_bpm, seed=self.patient.seed, scale=self.patient.heart_size)
        flat = coronary_offset_mm(site, self.phases.reshape(-1), beat, reference_phase=REST_PHASE)
        return np.asarray(flat).reshape(*self.phases.shape, 3)


def time_slices(patient: SimulatedPatient, protocol: Protocol, grid: Grid, seed: int) -> Timing:
    """Decide when each slice is scanned."""
    rng = np.random.default_rng(np.random.SeedSequence((seed, 0x71)))
    beat_s = 60 / patient.heart_rate_bpm
    window = protocol.window_s * np.linspace(-0.5, 0.5, INSTANTS) / beat_s
    positions = np.asarray(grid.slice_positions_mm)
    if protocol.is_gated:
        phases = protocol.phase_percent / 100 + window[None]
    else:
        start = (positions - positions[0]) * SECONDS_PER_MM / beat_s + rng.random()
        phases = start[:, None] + window[None]
    return Timing(
        patient=patient,
        protocol=protocol,
        grid=grid,
        phases=np.mod(phases, 1.0),
        shift_mm=_breaths(rng, protocol, positions),
    )


def _breaths(rng: np.random.Generator, protocol: Protocol, positions: NDArray[np.float64]) -> NDArray[np.float64]:
    if protocol.breathing_mm == 0:
        return np.zeros((len(positions), 3))
    if protocol.is_gated:
        slab = ((positions - positions[0]) // SLAB_MM).astype(int)
        along = protocol.breathing_mm * rng.standard_normal(slab.max() + 1)[slab]
    else:
        seconds = (positions - positions[0]) * SECONDS_PER_MM
        along = protocol.breathing_mm * np.sin(2 * np.pi * (seconds / 4.0 + rng.random()))
    return np.asarray(along[:, None] * BREATH)
