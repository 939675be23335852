"""AAC-24 as a lateral film of the same patient would show it, from the calcium that a CT shows.

The CT's wall calcium is laid on its own lateral projection: rows along the aorta's course, columns from front to back.
What lies in front of the aorta's middle is read as anterior wall and what lies behind it as posterior wall, as a
reader of a film does who sees only the depth, never the side. Calcium of a lateral wall projects between both lines;
it counts for the wall it is nearer to, and for both if it reaches visibly into both halves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from vascal.aac.aac24 import Aac24Score, WallLevel, score_fractions
from vascal.wall_levels import LEVELS, WALLS, Level, Wall

VISIBLE_MG_CM2 = 20.0
"""Hydroxyapatite in the beam's way from which calcium is counted: 1 mm of 200 mg/cm3. An assumption, not measured."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WallProjection:
    """Both walls of the aorta on the lateral projection of a CT.

    Parameters
    ----------
    level
        (slice,): position in `LEVELS` of the aorta's middle, or -1 outside L1 to L4.
    thickest_mg_cm2
        (slice, wall): most hydroxyapatite that one line from side to side meets in each wall, mg/cm2.
    """

    level: np.ndarray
    thickest_mg_cm2: Float[np.ndarray, "slice 2"]

    @property
    def is_calcified(self) -> Bool[np.ndarray, "slice 2"]:
        """Where each wall shows calcium: (slice, wall)."""
        return np.asarray(self.thickest_mg_cm2 >= VISIBLE_MG_CM2)


def project_walls(
    mass_mg_cm2: Float[np.ndarray, "slice row"], center_row: Float[np.ndarray, " slice"], level: np.ndarray
) -> WallProjection:
    """Lay the calcium of the wall on the lateral projection, in front of and behind the aorta's middle.

    Parameters
    ----------
    mass_mg_cm2
        Scored calcium summed from side to side; rows run to the back, mg/cm2.
    center_row
        Row of the aorta's middle in each slice; not a number where there is no aorta.
    level
        (slice,): position in `LEVELS`, or -1.
    """
    rows = np.arange(mass_mg_cm2.shape[1])[None, :]
    front = np.where(rows < center_row[:, None], mass_mg_cm2, 0.0).max(axis=1, initial=0.0)
    back = np.where(rows >= center_row[:, None], mass_mg_cm2, 0.0).max(axis=1, initial=0.0)
    return WallProjection(level=level, thickest_mg_cm2=np.stack([front, back], axis=1))


def calcified_fractions(projection: WallProjection) -> Mapping[WallLevel, float]:
    """Give the calcified share of each wall's length at each level that is in the scan.

    Returns
    -------
    dict
        (level, wall) to 0 to 1; levels without a slice are left out.
    """
    shares: dict[WallLevel, float] = {}
    for number, level in enumerate(LEVELS):
        here = projection.level == number
        if not here.any():
            continue
        for side, wall in enumerate(WALLS):
            shares[level, wall] = float(projection.is_calcified[here, side].mean())
    return shares


def grade_ct(
    fractions: Mapping[WallLevel, float], level_heights: Mapping[Level, float] | None = None
) -> Aac24Score | None:
    """Grade the eight wall-levels as on a film; None unless all of L1 to L4 are in the scan.

    Parameters
    ----------
    fractions
        From `calcified_fractions`.
    level_heights
        Height of each level for AAC-8, any unit.
    """
    wanted: list[tuple[Level, Wall]] = [(level, wall) for level in LEVELS for wall in WALLS]
    if any(key not in fractions for key in wanted):
        return None
    return score_fractions(fractions, level_heights=level_heights)
