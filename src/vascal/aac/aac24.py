"""AAC-24 and the scores that are made of the same eight wall-levels.

Each wall of each level gives 0 to 3 points by the share of it that is calcified.
Sources: Kauppila et al., Atherosclerosis 1997;132:245-250 (AAC-24, affected segments,
antero-posterior); Schousboe et al., J Bone Miner Res 2008;23:409-416 (AAC-8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from vascal.aac.classes import find_classes
from vascal.errors import EvaluationError
from vascal.wall_levels import LEVELS, WALL_LEVELS, WALLS, Grade, Level, Wall, grade_fraction

WallLevel = tuple[Level, Wall]
HeightUnit = Literal["vertebra", "level"]
"""What AAC-8 counted as one height: the vertebral body as measured, or the level from disc to disc."""
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Aac8:
    """The 8-point score: how many vertebral heights of each wall are calcified.

    Parameters
    ----------
    anterior, posterior
        0 none, 1 up to one height, 2 up to two, 3 up to three, 4 more.
    unit
        What was taken for one height.
    """

    anterior: int
    posterior: int
    unit: HeightUnit

    @property
    def total(self) -> int:
        """0 to 8."""
        return self.anterior + self.posterior


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Aac24Score:
    """Everything the eight grades add up to.

    Parameters
    ----------
    grades
        0 to 3 by (level, wall), in the order of `WALL_LEVELS`.
    aac24
        Their sum, 0 to 24.
    anterior, posterior
        Sums by wall, 0 to 12.
    by_level
        Sums by level, 0 to 6.
    affected_segments
        Levels with any calcification, 0 to 4.
    antero_posterior
        Wall-levels with any calcification, 0 to 8.
    aac8
        None where the calcified lengths are not known.
    classes
        Class of the total by the name of the scheme.
    """

    grades: Mapping[WallLevel, Grade]
    aac24: int
    anterior: int
    posterior: int
    by_level: Mapping[Level, int]
    affected_segments: int
    antero_posterior: int
    aac8: Aac8 | None
    classes: Mapping[str, str]


def score_walls(
    grades: Mapping[WallLevel, Grade],
    fractions: Mapping[WallLevel, float] | None = None,
    *,
    level_heights: Mapping[Level, float] | None = None,
) -> Aac24Score:
    """Add the eight grades up, in every published way.

    Parameters
    ----------
    grades
        0 to 3 by (level, wall).
    fractions
        Calcified share of each wall's length, 0 to 1; only AAC-8 needs it.
    level_heights
        How many vertebral heights long each level is, disc to disc: about 1.3.
        Without it AAC-8 counts a level as one height, and says so.

    Raises
    ------
    EvaluationError
        If a wall-level is missing or unknown, or a grade, share or height is impossible.

    Notes
    -----
    Where a wall has no grade above 0 its AAC-8 is 0, and where it has one it is at least 1:
    a speck below what counts as calcification does not count in one score and not the other.

    References
    ----------
    Kauppila et al., Atherosclerosis 1997;132:245-250, doi 10.1016/S0021-9150(97)00106-8.
    Schousboe et al., J Bone Miner Res 2008;23:409-416, doi 10.1359/jbmr.071024.

    Examples
    --------
    >>> score_walls({place: 1 for place in WALL_LEVELS}).aac24
    8
    """
    _require_all(grades, "grades")
    if wrong := [grade for grade in grades.values() if grade not in (0, 1, 2, 3)]:
        raise EvaluationError(f"grades are 0, 1, 2 or 3; found {wrong[0]}")
    by_level = {level: sum(grades[level, wall] for wall in WALLS) for level in LEVELS}
    total = sum(by_level.values())
    return Aac24Score(
        grades=MappingProxyType({place: grades[place] for place in WALL_LEVELS}),
        aac24=total,
        anterior=sum(grades[level, "anterior"] for level in LEVELS),
        posterior=sum(grades[level, "posterior"] for level in LEVELS),
        by_level=MappingProxyType(by_level),
        affected_segments=sum(points > 0 for points in by_level.values()),
        antero_posterior=sum(grade > 0 for grade in grades.values()),
        aac8=None if fractions is None else _score_lengths(grades, fractions, level_heights),
        classes=MappingProxyType(find_classes(total)),
    )


def score_fractions(
    fractions: Mapping[WallLevel, float], *, level_heights: Mapping[Level, float] | None = None
) -> Aac24Score:
    """Grade the eight calcified shares by thirds and add them up.

    Parameters
    ----------
    fractions
        Calcified share of each wall's length by (level, wall), 0 to 1.
    level_heights
        As in `score_walls`.

    Raises
    ------
    EvaluationError
        If a wall-level is missing or unknown, or a share or height is impossible.

    Examples
    --------
    >>> score_fractions({place: 0.5 for place in WALL_LEVELS}).aac24
    16
    """
    grades = {place: grade_fraction(fraction) for place, fraction in fractions.items()}
    return score_walls(grades, fractions, level_heights=level_heights)


def _score_lengths(
    grades: Mapping[WallLevel, Grade],
    fractions: Mapping[WallLevel, float],
    level_heights: Mapping[Level, float] | None,
) -> Aac8:
    _require_all(fractions, "calcified shares")
    if wrong := [share for share in fractions.values() if not 0 <= share <= 1]:
        raise EvaluationError(f"a calcified share lies between 0 and 1; found {wrong[0]}")
    heights = dict.fromkeys(LEVELS, 1.0) if level_heights is None else level_heights
    if set(heights) != set(LEVELS) or not all(0 < height < float("inf") for height in heights.values()):
        raise EvaluationError(f"heights of levels are {dict(heights)}; needed: a number above 0 for each of L1 to L4")
    points = {wall: _count_heights(wall, grades, fractions, heights) for wall in WALLS}
    return Aac8(**points, unit="level" if level_heights is None else "vertebra")


def _count_heights(
    wall: Wall,
    grades: Mapping[WallLevel, Grade],
    fractions: Mapping[WallLevel, float],
    heights: Mapping[Level, float],
) -> int:
    """Points of one wall: 0 none, then one more for each height begun, up to 4."""
    affected = [level for level in LEVELS if grades[level, wall]]
    if not affected:
        return 0
    length = sum(fractions[level, wall] * heights[level] for level in affected)
    return 1 + sum(length > limit + _ROUNDING for limit in (1, 2, 3))


def _require_all(found: Mapping[WallLevel, object], what: str) -> None:
    lacking = [f"{level} {wall}" for level, wall in WALL_LEVELS if (level, wall) not in found]
    if lacking:
        raise EvaluationError(f"no {what} for {', '.join(lacking)}; needed: both walls of L1 to L4")
    if len(found) > len(WALL_LEVELS):
        raise EvaluationError(f"{len(found)} {what}; needed: the eight of L1 to L4 and nothing else")
