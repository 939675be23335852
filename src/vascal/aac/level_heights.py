"""How many vertebral heights long each level is, measured on the film that is graded."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Float

from vascal.aac.reading import VERTEBRAE, FilmReading
from vascal.wall_levels import LEVELS, Level

INNER = 0.95
"""Share of a body's pixels whose extent is measured: stray pixels of an outline do not stretch it."""
LEAST_PIXELS = 30
PLAUSIBLE = (1.0, 2.0)
"""A level is a vertebra and a disc: between one and two vertebral heights, or an outline is wrong."""


def measure_level_heights(reading: FilmReading, spacing_mm: tuple[float, float]) -> Mapping[Level, float] | None:
    """Measure each level, disc to disc, in heights of its own vertebra.

    Parameters
    ----------
    reading
        Gives borders of levels and outlines of vertebral bodies.
    spacing_mm
        Between rows and between columns, mm; only their ratio matters.

    Returns
    -------
    mapping of level to float
        None if an outline is missing, or gives a height that no vertebra has.

    Notes
    -----
    A body's height is the extent of its outline along the line between the middles of the
    level's two borders, of the inner 95 % of its pixels, divided by 0.95.
    """
    middles = reading.level_bounds.mean(axis=1) * np.asarray(spacing_mm)
    heights: dict[Level, float] = {}
    for number, level in enumerate(LEVELS):
        along = middles[number + 1] - middles[number]
        length = float(np.hypot(*along))
        body = _measure_body(reading.vertebrae == VERTEBRAE.index(level) + 1, along, spacing_mm)
        if length <= 0 or body is None or not PLAUSIBLE[0] <= length / body <= PLAUSIBLE[1]:
            return None
        heights[level] = length / body
    return MappingProxyType(heights)


def _measure_body(
    mask: Bool[np.ndarray, "row column"], along: Float[np.ndarray, " 2"], spacing_mm: tuple[float, float]
) -> float | None:
    """Extent of an outline along a direction, mm."""
    places = np.argwhere(mask)
    length = float(np.hypot(*along))
    if len(places) < LEAST_PIXELS or length == 0:
        return None
    positions = (places * np.asarray(spacing_mm)) @ (along / length)
    low, high = np.quantile(positions, ((1 - INNER) / 2, (1 + INNER) / 2))
    return float(high - low) / INNER or None
