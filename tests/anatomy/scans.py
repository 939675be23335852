"""Simulated scans that several tests of anatomy share."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from vascal.anatomy.segmenter import Anatomy
from vascal.anatomy.thorax import ThoraxRules
from vascal.simulate.ct.phantom import SimulatedThorax, ThoraxPlan, simulate_thorax
from vascal.volume import Grid, Volume

CARDIAC = ThoraxPlan(seed=11, shape=(50, 200, 200), spacing_mm=(3.0, 1.0, 1.0))
CHEST = ThoraxPlan(seed=12, field="chest", shape=(70, 230, 230), spacing_mm=(4.0, 1.5, 1.5))


@cache
def simulated(plan: ThoraxPlan) -> SimulatedThorax:
    return simulate_thorax(plan)


@cache
def found(plan: ThoraxPlan) -> Anatomy:
    return ThoraxRules().find_anatomy(simulated(plan).volume)


def with_contrast(plan: ThoraxPlan, blood_hu: float = 320.0) -> ThoraxPlan:
    return replace(plan, blood_hu=blood_hu)


def dice(first: np.ndarray, second: np.ndarray) -> float:
    return float(2 * np.sum(first & second) / (first.sum() + second.sum()))


def cropped(volume: Volume, slices: slice) -> Volume:
    """Keep some slices."""
    grid = volume.grid
    kept = volume.hu[slices].copy()
    spacing = (grid.spacing_mm[0], grid.spacing_mm[1], grid.spacing_mm[2])
    return Volume(hu=kept, grid=Grid.even((len(kept), *grid.shape[1:]), spacing))
