"""Group bright voxels into lesions, and drop what is too small to be one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vascal.calcium.candidates import Candidates
from vascal.calcium.components import find_components
from vascal.calcium.rule import AgatstonRule
from vascal.types import VoxelHu, VoxelIndex

VESSELS = ("LM", "LAD", "LCX", "RCA")
"""The four major coronary arteries, in the order reports list them."""

UNASSIGNED = "unassigned"
"""Coronary calcium whose vessel could not be told."""

_AREA_TOLERANCE_MM2 = 1e-6
"""A patch of exactly the minimum area counts, whatever the spacings' last digits."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lesion:
    """One calcified lesion of one vessel.

    Parameters
    ----------
    id
        Number inside its series, from 1.
    vessel
        Name it is scored under.
    index
        Flat positions of its voxels on the CT's grid, ascending.
    hu
        CT numbers of those voxels, HU.
    confidence
        0 to 1, how sure the finder is; None when a person drew the label.
    segment
        SCCT segment 1 to 18, where the finder names one.
    """

    id: int
    vessel: str
    index: VoxelIndex
    hu: VoxelHu
    confidence: float | None = None
    segment: int | None = None


def vessel_order(name: str) -> tuple[int, str]:
    """Sort key: LM, LAD, LCX, RCA, then any other name by alphabet."""
    return (VESSELS.index(name) if name in VESSELS else len(VESSELS), name)


def keep_patches(candidates: Candidates, rule: AgatstonRule) -> np.ndarray:
    """Mark candidates whose patch, in its own slice, is large enough.

    Returns
    -------
    numpy.ndarray
        bool, one a candidate.
    """
    grid = candidates.grid
    patch = find_components(candidates.index, grid.shape, rule.in_plane_connectivity, candidates.label)
    pixels = np.bincount(patch)[patch]
    large = pixels * grid.pixel_area_mm2 >= rule.min_patch_mm2 - _AREA_TOLERANCE_MM2
    return np.asarray(large & (pixels >= rule.min_patch_pixels))


def find_lesions(candidates: Candidates, rule: AgatstonRule) -> tuple[Lesion, ...]:
    """Group the candidates of each vessel into three-dimensional lesions.

    Patches below the rule's minimum are dropped first, slice by slice, as the
    1990 definition asks; what is left joins across slices. Voxels of different
    vessels never join, so the vessels' scores add up to the total.

    Parameters
    ----------
    candidates
        Bright voxels with their labels.
    rule
        Gives minimum patch and connectivity.

    Returns
    -------
    tuple of Lesion
        By vessel (LM, LAD, LCX, RCA, others), then from head to feet.
    """
    kept = keep_patches(candidates, rule)
    index, hu, label = candidates.index[kept], candidates.hu[kept], candidates.label[kept]
    component = find_components(index, candidates.grid.shape, rule.lesion_connectivity, label)
    order = np.argsort(component, kind="stable")
    starts = np.flatnonzero(np.diff(component[order], prepend=-1))
    parts = np.split(order, starts[1:]) if index.size else []
    named = [(candidates.names[int(label[part[0]])], part) for part in parts]
    named.sort(key=lambda item: (*vessel_order(item[0]), -int(index[item[1][-1]])))
    return tuple(
        Lesion(id=number, vessel=name, index=index[part], hu=hu[part])
        for number, (name, part) in enumerate(named, start=1)
    )
