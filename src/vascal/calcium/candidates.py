"""Voxels bright enough to be calcium, inside the region of interest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vascal.calcium.rule import AgatstonRule
from vascal.types import VoxelHu, VoxelIndex
from vascal.volume import Grid, LabelMap, Volume


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """Bright voxels with the name each would be scored under.

    Parameters
    ----------
    index
        Flat positions on `grid`, ascending.
    hu
        CT number of each, HU.
    label
        Value of each, a key of `names`.
    names
        What the values mean.
    grid
        The CT's grid.
    """

    index: VoxelIndex
    hu: VoxelHu
    label: np.ndarray
    names: Mapping[int, str]
    grid: Grid


def find_candidates(volume: Volume, region: LabelMap, rule: AgatstonRule) -> Candidates:
    """Collect the voxels of named regions that reach the rule's threshold.

    Voxels below the threshold are never scored, also when a label covers them.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    region
        Named regions on the same grid. Values without a name are ignored.
    rule
        Gives threshold and comparison.

    Raises
    ------
    GridMismatchError
        If the grids differ.
    """
    volume.grid.require_same(region.grid)
    known = np.zeros(256, dtype=bool)
    known[list(region.names)] = True
    found = [_bright_in_slice(volume.hu[k], region.labels[k], known, rule) for k in range(volume.grid.shape[0])]
    pixels = volume.grid.shape[1] * volume.grid.shape[2]
    index = np.concatenate([place + k * pixels for k, place in enumerate(found)])
    return Candidates(
        index=index,
        hu=volume.hu.reshape(-1)[index],
        label=region.labels.reshape(-1)[index],
        names=region.names,
        grid=volume.grid,
    )


def _bright_in_slice(hu: np.ndarray, labels: np.ndarray, known: np.ndarray, rule: AgatstonRule) -> VoxelIndex:
    labelled = np.flatnonzero(labels.reshape(-1))
    if labelled.size == 0:
        return labelled
    bright = rule.is_calcium(hu.reshape(-1)[labelled]) & known[labels.reshape(-1)[labelled]]
    return np.asarray(labelled[bright])
