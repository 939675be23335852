"""What was read off a lateral film: where the aorta's walls are and where they are calcified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, UInt8

from vascal.radiograph import Radiograph
from vascal.wall_levels import Grade, Level, Wall

VERTEBRAE: tuple[str, ...] = ("T12", "L1", "L2", "L3", "L4", "L5", "S1")
"""Names of the values 1 to 7 of a label map of vertebral bodies."""
Obstacle = Literal["hardware", "overlap", "collimation", "low-contrast"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WallGrade:
    """One wall of one level.

    Parameters
    ----------
    level, wall
        Which.
    grade
        0 to 3; the likeliest.
    fraction
        Calcified share of the wall's length in this level, 0 to 1.
    probabilities
        Of the grades 0, 1, 2 and 3; the sum is 1.
    """

    level: Level
    wall: Wall
    grade: Grade
    fraction: float
    probabilities: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WallPath:
    """One wall of the aorta from the top of L1 to the bottom of L4, in pixels of the film.

    Parameters
    ----------
    points
        (point, 2): row and column, from the head to the feet.
    is_calcified
        (point,): where it is calcified.
    probability
        (point,): of calcium, 0 to 1.
    """

    points: Float[np.ndarray, "point 2"]
    is_calcified: Bool[np.ndarray, " point"]
    probability: Float[np.ndarray, " point"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FilmReading:
    """Everything that was read off one lateral film.

    Parameters
    ----------
    walls
        The eight wall-levels in the order of `WALL_LEVELS`.
    paths
        Both walls of the aorta.
    level_bounds
        (5, 2, 2): the borders above L1, below L1, ... below L4, each a line from (row, column)
        at the spine to (row, column) in front of the aorta, in pixels of the film.
    vertebrae
        (row, column): 0, or 1 to 7 for `VERTEBRAE`, on the film's pixels.
    total_probabilities
        (25,): of AAC-24 totals 0 to 24.
    facing
        To which side of the film the patient looks.
    lateral_probability
        That this is a lateral film of the lumbar spine at all, 0 to 1.
    level_confidence
        By level, how sure it is that this is the level: 0 to 1.
    obstacles
        What hides part of the aorta, with the share of the wall it hides, 0 to 1.
    reader
        Name of what read it.
    models
        Name, version and start of the hash of every network that was run.
    """

    walls: tuple[WallGrade, ...]
    paths: Mapping[Wall, WallPath]
    level_bounds: Float[np.ndarray, "5 2 2"]
    vertebrae: UInt8[np.ndarray, "row column"]
    total_probabilities: Float[np.ndarray, " 25"]
    facing: Literal["left", "right"]
    lateral_probability: float = 1.0
    level_confidence: Mapping[Level, float] = field(default_factory=dict)
    obstacles: Mapping[Obstacle, float] = field(default_factory=dict)
    reader: str = ""
    models: tuple[str, ...] = ()


@runtime_checkable
class FilmReader(Protocol):
    """Reads a lateral film."""

    def read_film(self, film: Radiograph) -> FilmReading:
        """Find vertebrae and walls, and grade them.

        Raises
        ------
        FilmError
            If it is no lateral film of the lumbar spine, or L1 to L4 are not all on it.
        """
        ...
