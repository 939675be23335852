"""Simulated scans that several tests of anatomy share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from vascal.anatomy.segmenter import Anatomy
from vascal.anatomy.thorax import ThoraxRules
from vascal.simulate.ct.example import EXAMPLE_PLAQUES
from vascal.simulate.ct.patient import SimulatedPatient
from vascal.simulate.ct.protocol import Contrast, Protocol
from vascal.simulate.ct.scan import SimulatedScan, scan_patient
from vascal.volume import Grid, Volume


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPlan:
    """Who is scanned, and how."""

    patient: SimulatedPatient
    protocol: Protocol

    def but(self, **changes: object) -> ScanPlan:
        return replace(self, protocol=replace(self.protocol, **changes))  # type: ignore[arg-type]


CARDIAC = ScanPlan(
    patient=SimulatedPatient(seed=11, bmi=26.0),
    protocol=Protocol(matrix=200, field_mm=200.0, is_moving=False, kernel="Qr32"),
)
CHEST = ScanPlan(
    patient=SimulatedPatient(seed=12, sex="F", height_cm=165.0, bmi=24.0),
    protocol=Protocol(
        region="chest", matrix=230, field_mm=345.0, thickness_mm=4.0, increment_mm=4.0, is_gated=False, is_moving=False
    ),
)


@cache
def simulated(plan: ScanPlan) -> SimulatedScan:
    return scan_patient(plan.patient, plan.protocol, plaques=EXAMPLE_PLAQUES)


@cache
def found(plan: ScanPlan) -> Anatomy:
    return ThoraxRules().find_anatomy(simulated(plan).volume)


def with_contrast(plan: ScanPlan, contrast: Contrast = "coronary") -> ScanPlan:
    return plan.but(contrast=contrast)


def dice(first: np.ndarray, second: np.ndarray) -> float:
    return float(2 * np.sum(first & second) / (first.sum() + second.sum()))


def cropped(volume: Volume, slices: slice) -> Volume:
    """Keep some slices."""
    grid = volume.grid
    kept = volume.hu[slices].copy()
    spacing = (grid.spacing_mm[0], grid.spacing_mm[1], grid.spacing_mm[2])
    return Volume(hu=kept, grid=Grid.even((len(kept), *grid.shape[1:]), spacing))
