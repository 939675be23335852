"""A CT turned so that rows run to the patient's back and columns to the patient's left.

Whoever follows vessels and vertebrae in millimetres need not ask again which way an axis runs.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vascal.volume import Grid, LabelMap, Vector, Volume


def turn_volume(volume: Volume) -> Volume:
    """Turn a CT: the same voxels, rows towards the back and columns towards the left.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU; rows and columns may run either way.
    """
    return Volume(hu=_turn(volume.hu, volume.grid), grid=turn_grid(volume.grid))


def turn_labels(labels: LabelMap) -> LabelMap:
    """Turn a label map as `turn_volume` turns its CT."""
    return LabelMap(labels=_turn(labels.labels, labels.grid), grid=turn_grid(labels.grid), names=labels.names)


def turn_grid(grid: Grid) -> Grid:
    """Give the grid of the turned CT."""
    _, rows, columns = grid.shape
    row_flip, column_flip = _flips(grid)
    origin = grid.index_to_mm(0, rows - 1 if row_flip else 0, columns - 1 if column_flip else 0)
    return replace(
        grid,
        origin_mm=origin,
        row_axis=_negate(grid.row_axis) if row_flip else grid.row_axis,
        column_axis=_negate(grid.column_axis) if column_flip else grid.column_axis,
    )


def _flips(grid: Grid) -> tuple[bool, bool]:
    return bool(grid.row_axis[1] < 0), bool(grid.column_axis[0] < 0)


def _turn(values: np.ndarray, grid: Grid) -> np.ndarray:
    row_flip, column_flip = _flips(grid)
    return np.ascontiguousarray(values[:, :: -1 if row_flip else 1, :: -1 if column_flip else 1])


def _negate(axis: Vector) -> Vector:
    x, y, z = axis
    return (-x, -y, -z)
