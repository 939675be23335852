"""A small abdomen of boxes and discs: spine with disc spaces, sacrum, aorta that divides, plaques."""

from __future__ import annotations

import numpy as np

from vascal.volume import Grid, Volume

STEP = 3.0
SHAPE = (120, 90, 90)
MIDDLE_COLUMN, FRONT_ROW = 45, 45
DISCS_MM = (72.0, 108.0, 143.0, 177.0, 210.0, 242.0, 273.0)
"""L5/S1, L4/5 ... upwards."""
DIVISION_SLICE = 40
AORTA_ROW, AORTA_COLUMN, AORTA_RADIUS_MM = 40, 48, 9.0


def make_abdomen(*, blood_hu: int = 40, plaques: tuple[tuple[int, int, int], ...] = (), sacrum: bool = True) -> Volume:
    """Make the abdomen; each plaque is the slice, row and column of a block of 2 x 2 x 2 voxels of 900 HU."""
    hu = np.full(SHAPE, -100, dtype=np.int16)
    rows, columns = np.mgrid[: SHAPE[1], : SHAPE[2]]
    outside = np.hypot((rows - 45) / 42.0, (columns - 45) / 44.0) > 1
    for k in range(SHAPE[0]):
        z = k * STEP
        front = FRONT_ROW + max(0.0, (DISCS_MM[0] - z) * 0.8 / STEP)
        body = (np.abs(columns - MIDDLE_COLUMN) <= 7) & (rows >= front) & (rows <= front + 11)
        away = min(abs(z - disc) for disc in DISCS_MM)
        inner = 80 if away < 4 else 450 if away < 8 else 180
        hu[k][body] = inner if z >= DISCS_MM[0] - 6 else 250
        if sacrum and z < DISCS_MM[0] - 4:
            hu[k][(np.abs(columns - MIDDLE_COLUMN) <= 20) & (rows >= front) & (rows <= front + 11)] = 350
        if k >= DIVISION_SLICE:
            hu[k][_disc(rows, columns, AORTA_ROW, AORTA_COLUMN, AORTA_RADIUS_MM)] = blood_hu
        else:
            below = (DIVISION_SLICE - k) * STEP
            for side in (-1, 1):
                column = AORTA_COLUMN + side * (6 + 0.45 * below) / STEP
                hu[k][_disc(rows, columns, AORTA_ROW + 0.25 * below / STEP, column, 5.0)] = blood_hu
        hu[k][outside] = -1000
    for k, row, column in plaques:
        hu[k : k + 2, row : row + 2, column : column + 2] = 900
    return Volume(hu=hu, grid=Grid.even(SHAPE, (STEP, STEP, STEP)))


def _disc(rows: np.ndarray, columns: np.ndarray, row: float, column: float, radius_mm: float) -> np.ndarray:
    return np.asarray(np.hypot(rows - row, columns - column) * STEP <= radius_mm)
