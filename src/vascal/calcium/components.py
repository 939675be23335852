"""Connected components of a sparse set of voxels.

A scan holds a hundred million voxels and a few thousand of calcium. Joining
only those costs memory and time by their number, not by the scan's size. What
is joined are runs, unbroken stretches of voxels along a row: several times
fewer than voxels, and few rows touch a row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from vascal.types import VoxelIndex

Component = Int64[np.ndarray, " voxel"]

_TOUCHING_ROWS: dict[int, tuple[tuple[int, int, int], ...]] = {
    4: ((0, 1, 0),),
    8: ((0, 1, 1),),
    6: ((0, 1, 0), (1, 0, 0)),
    18: ((0, 1, 1), (1, -1, 0), (1, 0, 1), (1, 1, 0)),
    26: ((0, 1, 1), (1, -1, 1), (1, 0, 1), (1, 1, 1)),
}
"""By connectivity, the later rows that touch a row: steps in slice and row, and
how many columns further than face to face a run there may lie."""


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """Unbroken stretches of voxels along a row, ascending.

    Parameters
    ----------
    first, last
        Flat position of the first and the last voxel of each.
    of_voxel
        Which run each voxel is in.
    """

    first: np.ndarray
    last: np.ndarray
    of_voxel: np.ndarray


def find_components(
    index: VoxelIndex,
    shape: tuple[int, int, int],
    connectivity: int,
    group: np.ndarray | None = None,
) -> Component:
    """Number the connected components of a set of voxels.

    Parameters
    ----------
    index
        Flat positions in an array of `shape`, ascending, each once.
    shape
        Slices, rows, columns.
    connectivity
        4 or 8 inside a slice; 6, 18 or 26 across slices.
    group
        Voxels join only within the same value of this; None joins all.

    Returns
    -------
    numpy.ndarray
        Component of each voxel, from 0, in order of first appearance.
    """
    if index.size == 0:
        return np.zeros(0, dtype=np.int64)
    starts = _run_starts(index, shape[2], group)
    runs = _Runs(
        first=index[starts],
        last=index[np.append(starts[1:], index.size) - 1],
        of_voxel=np.repeat(np.arange(starts.size), np.diff(starts, append=index.size)),
    )
    pairs = np.concatenate([_touching(runs, shape, *step) for step in _TOUCHING_ROWS[connectivity]], axis=1)
    if group is not None:
        value = group[starts]
        pairs = pairs[:, value[pairs[0]] == value[pairs[1]]]
    _, component = np.unique(_roots(starts.size, pairs[0], pairs[1]), return_inverse=True)
    return np.asarray(component[runs.of_voxel], dtype=np.int64)


def _run_starts(index: VoxelIndex, columns: int, group: np.ndarray | None) -> np.ndarray:
    """List the places in `index` where a run begins: after a gap, in a new row, at another group."""
    begins = (np.diff(index) != 1) | (index[1:] % columns == 0)
    if group is not None:
        begins |= group[1:] != group[:-1]
    return np.append(0, 1 + np.flatnonzero(begins))


def _touching(runs: _Runs, shape: tuple[int, int, int], slices: int, rows: int, reach: int) -> np.ndarray:
    """List pairs of runs, by number, of which the second touches the first from another row: (2, pair)."""
    row, column = np.divmod(runs.first, shape[2])
    to_row = row % shape[1] + rows
    here = np.flatnonzero((to_row >= 0) & (to_row < shape[1]))
    row, column = row[here] + slices * shape[1] + rows, column[here]
    end = column + runs.last[here] - runs.first[here]
    begin = np.searchsorted(runs.last, row * shape[2] + np.maximum(column - reach, 0), side="left")
    stop = np.searchsorted(runs.first, row * shape[2] + np.minimum(end + reach, shape[2] - 1), side="right")
    many = np.maximum(stop - begin, 0)
    within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    return np.stack([np.repeat(here, many), np.repeat(begin, many) + within])


def _roots(runs: int, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Give the lowest run that each run is joined to, over any number of pairs.

    In each round every tree hooks onto the lowest tree it touches, then all
    paths are shortened: the rounds grow with the logarithm of the runs. It
    spares the start-up time of a library of graphs.
    """
    root = np.arange(runs)
    while True:
        lowest = np.minimum(root[one], root[other])
        hooked = root.copy()
        np.minimum.at(hooked, root[one], lowest)
        np.minimum.at(hooked, root[other], lowest)
        while not np.array_equal(shorter := hooked[hooked], hooked):
            hooked = shorter
        if np.array_equal(hooked, root):
            return root
        root = hooked
