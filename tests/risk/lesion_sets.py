"""Lesions of one heart, and the same heart seen by another scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from vascal.risk.lesion_pairs import PlacedLesion

HEART: tuple[tuple[str, tuple[float, float, float]], ...] = (
    ("LM", (25.0, -21.0, 36.0)),
    ("LAD", (33.0, -38.0, 28.0)),
    ("LAD", (38.0, -60.0, 12.0)),
    ("LAD", (55.0, -76.0, -12.0)),
    ("LCX", (48.0, -4.0, 25.0)),
    ("LCX", (52.0, 14.0, 6.0)),
    ("RCA", (-10.0, -52.0, 24.0)),
    ("RCA", (-26.0, -64.0, -4.0)),
    ("RCA", (-20.0, -38.0, -38.0)),
)
"""Places on the arteries of an average heart, LPS, mm."""


def make_lesions(volumes: Sequence[float] = (8, 60, 20, 5, 12, 30, 40, 9, 25)) -> tuple[PlacedLesion, ...]:
    """One lesion at each place."""
    return tuple(
        PlacedLesion(id=number, vessel=vessel, center_mm=place, volume_mm3=float(volume), agatston=2.0 * volume)
        for number, ((vessel, place), volume) in enumerate(zip(HEART, volumes, strict=False), start=1)
    )


def turn(axis: Sequence[float], degrees: float) -> np.ndarray:
    """Rotation about an axis (Rodrigues)."""
    unit = np.asarray(axis, dtype=float) / np.linalg.norm(axis)
    cross = np.cross(np.eye(3), unit)
    angle = np.radians(degrees)
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def move(
    lesions: Sequence[PlacedLesion],
    shift_mm: Sequence[float] = (0.0, 0.0, 0.0),
    *,
    rotation: np.ndarray | None = None,
    stretch: float = 1.0,
) -> tuple[PlacedLesion, ...]:
    """Turn and stretch about the middle of the heart, then shift."""
    middle, matrix = np.array([20.0, -35.0, 5.0]), np.eye(3) if rotation is None else rotation
    moved = []
    for lesion in lesions:
        x, y, z = (middle + stretch * matrix @ (np.array(lesion.center_mm) - middle) + np.asarray(shift_mm)).tolist()
        moved.append(replace(lesion, center_mm=(x, y, z)))
    return tuple(moved)


def grow(lesions: Sequence[PlacedLesion], factor: float) -> tuple[PlacedLesion, ...]:
    """Every lesion larger."""
    return tuple(replace(one, volume_mm3=factor * one.volume_mm3, agatston=factor * one.agatston) for one in lesions)


def renumber(lesions: Sequence[PlacedLesion], first: int = 101) -> tuple[PlacedLesion, ...]:
    """Give numbers that the other scan does not have."""
    return tuple(replace(lesion, id=number) for number, lesion in enumerate(lesions, start=first))


shifts = st.tuples(*(st.floats(-40, 40) for _ in range(3)))
"""Up to 40 mm along each axis."""
axes = st.tuples(*(st.floats(-1, 1) for _ in range(3))).filter(lambda axis: sum(a * a for a in axis) > 0.05)
