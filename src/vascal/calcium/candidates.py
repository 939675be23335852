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
        Value of each, a key of `names`: the lowest, if several have its name.
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
        Named regions on the same grid. Values without a name are ignored;
        values with the same name are one region.
    rule
        Gives threshold and comparison.

    Raises
    ------
    GridMismatchError
        If the grids differ.
    """
    volume.grid.require_same(region.grid)
    scored_as = _one_value_per_name(region.names)
    found = [_bright_in_slice(volume.hu[k], region.labels[k], scored_as, rule) for k in range(volume.grid.shape[0])]
    pixels = volume.grid.shape[1] * volume.grid.shape[2]
    return Candidates(
        index=np.concatenate([place + k * pixels for k, (place, _, _) in enumerate(found)]),
        hu=np.concatenate([hu for _, hu, _ in found]),
        label=np.concatenate([label for _, _, label in found]),
        names=region.names,
        grid=volume.grid,
    )


def find_candidates_in_box(volume: Volume, box: tuple[slice, slice, slice], rule: AgatstonRule) -> Candidates:
    """Collect the voxels of a box that reach the rule's threshold, all under the name ``bright``.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    box
        Slices, rows, columns, from first to last inside the volume.
    rule
        Gives threshold and comparison.
    """
    found = np.nonzero(rule.is_calcium(volume.hu[box]))
    k, i, j = (place + side.start for place, side in zip(found, box, strict=True))
    index = np.ravel_multi_index((k, i, j), volume.grid.shape)
    return Candidates(
        index=np.asarray(index, dtype=np.int64),
        hu=volume.hu.reshape(-1)[index],
        label=np.ones(index.size, dtype=np.uint8),
        names={1: "bright"},
        grid=volume.grid,
    )


def _one_value_per_name(names: Mapping[int, str]) -> np.ndarray:
    """Map each value to the lowest that has its name, and nameless values to 0.

    A vessel drawn in two parts, each with a value of its own, is one vessel.
    """
    scored_as = np.zeros(256, dtype=np.uint8)
    lowest: dict[str, int] = {}
    for value in sorted(names):
        scored_as[value] = lowest.setdefault(names[value], value)
    return scored_as


def _bright_in_slice(
    hu: np.ndarray, labels: np.ndarray, scored_as: np.ndarray, rule: AgatstonRule
) -> tuple[VoxelIndex, VoxelHu, np.ndarray]:
    """Give place in the slice, HU and value of its candidates."""
    # Few pixels are labelled: only their HU are looked at. `!= 0` finds them faster than the values do.
    place = np.flatnonzero(labels.reshape(-1) != 0)
    value, value_hu = scored_as[labels.reshape(-1)[place]], hu.reshape(-1)[place]
    bright = rule.is_calcium(value_hu) & (value != 0)
    return place[bright], value_hu[bright], value[bright]
