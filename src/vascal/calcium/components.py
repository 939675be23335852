"""Connected components of a sparse set of voxels.

A scan holds a hundred million voxels and a few thousand of calcium. Joining
only those costs memory and time by their number, not by the scan's size.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from jaxtyping import Int64
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from vascal.types import VoxelIndex

Component = Int64[np.ndarray, " voxel"]

_REACH = {4: (0, 1), 8: (0, 2), 6: (1, 1), 18: (1, 2), 26: (1, 3)}
"""Connectivity to (crosses slices, how many axes may change at once)."""


def neighbour_steps(connectivity: int) -> tuple[tuple[int, int, int], ...]:
    """List one step of each opposite pair: (slice, row, column).

    Examples
    --------
    >>> len(neighbour_steps(8)), len(neighbour_steps(26))
    (4, 13)
    """
    across, axes = _REACH[connectivity]
    steps = product(range(-across, across + 1), (-1, 0, 1), (-1, 0, 1))
    return tuple(s for s in steps if s > (0, 0, 0) and np.count_nonzero(s) <= axes)


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
    _, row, column = np.unravel_index(index, shape)
    pairs = [_join(index, row, column, shape, step) for step in neighbour_steps(connectivity)]
    first = np.concatenate([a for a, _ in pairs])
    second = np.concatenate([b for _, b in pairs])
    if group is not None:
        same = group[first] == group[second]
        first, second = first[same], second[same]
    graph = coo_array((np.ones(first.size, dtype=np.int8), (first, second)), shape=(index.size, index.size))
    _, component = connected_components(graph, directed=False)
    return np.asarray(component, dtype=np.int64)


def _join(
    index: VoxelIndex,
    row: np.ndarray,
    column: np.ndarray,
    shape: tuple[int, int, int],
    step: tuple[int, int, int],
) -> tuple[np.ndarray, np.ndarray]:
    """List pairs of voxels, by place in `index`, that lie one step apart."""
    to_row, to_column = row + step[1], column + step[2]
    inside = (to_row >= 0) & (to_row < shape[1]) & (to_column >= 0) & (to_column < shape[2])
    source = np.flatnonzero(inside)
    target = index[source] + (step[0] * shape[1] + step[1]) * shape[2] + step[2]
    place = np.minimum(np.searchsorted(index, target), index.size - 1)
    found = index[place] == target
    return source[found], place[found]
