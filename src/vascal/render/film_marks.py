"""What is drawn over a film, as lines and places on the picture: the same for the picture file and for the page.

Marks of calcification stand beside the wall, never on it: what was found can be checked on the film under the mark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from vascal.aac.reading import VERTEBRAE, FilmReading, WallPath
from vascal.render.film_view import FilmView
from vascal.render.outlines import Matrix
from vascal.report.aac_report import AacReport
from vascal.wall_levels import LEVELS, WALLS, Wall

HEIGHT = 1240.0
"""Height of a picture to which the distances below belong, pixels."""
STEP = 6.0
"""Distance of the points of a drawn path: closer ones cost time and show nothing."""
BESIDE = 13.0
"""Distance of the mark of calcification from the wall, middle to middle."""
GRADE_AWAY = 44.0
"""Distance of a grade from the wall."""

Points = Float[np.ndarray, "_ 2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedWord:
    """A word and its middle on the picture; `is_graded` for what belongs to L1 to L4."""

    text: str
    x: float
    y: float
    is_graded: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FilmMarks:
    """Everything drawn over a film, as (x, y) on the picture.

    Parameters
    ----------
    borders
        Upper and lower borders of levels: (line, both ends, 2).
    walls, stretches
        Each wall, and the marks beside its calcified stretches.
    grades
        By wall, from L1.
    names
        Of vertebrae whose middle is shown.
    scale
        Of distances, against a picture of `HEIGHT`.
    matrix
        From pixels of the film to the picture.
    """

    borders: Float[np.ndarray, "line 2 2"]
    walls: Mapping[Wall, Points]
    stretches: Mapping[Wall, tuple[Points, ...]]
    grades: Mapping[Wall, tuple[PlacedWord, ...]]
    names: tuple[PlacedWord, ...]
    scale: float
    matrix: Matrix


def mark_film(view: FilmView, reading: FilmReading, report: AacReport, *, scale: float = 1.0) -> FilmMarks:
    """Find where marks stand.

    Parameters
    ----------
    view
        The part of the film that is shown.
    reading
        Walls, borders and vertebrae on the film's pixels.
    report
        Gives the grades.
    scale
        Of distances; 1 for a picture that is `HEIGHT` high.
    """
    front = _front(reading, view)
    ways = {wall: front if wall == "anterior" else -front for wall in WALLS}
    return FilmMarks(
        borders=view.place(reading.level_bounds),
        walls={wall: thin_out(view.place(reading.paths[wall].points), STEP * scale) for wall in WALLS},
        stretches={wall: tuple(_mark_wall(view, reading.paths[wall], ways[wall], scale)) for wall in WALLS},
        grades={wall: tuple(_place_grades(view, reading, report, wall, ways[wall] * scale)) for wall in WALLS},
        names=tuple(_place_names(view, reading)),
        scale=scale,
        matrix=view.matrix,
    )


def thin_out(points: Points, step: float) -> Points:
    """Keep as many points of a path as show."""
    length = float(np.hypot(*np.diff(points, axis=0).T).sum())
    kept = np.linspace(0, len(points) - 1, min(len(points), 2 + int(length / step))).round().astype(int)
    return np.asarray(points[kept])


def _front(reading: FilmReading, view: FilmView) -> Float[np.ndarray, " 2"]:
    """Direction from the spine to the front of the patient in the picture, of length 1."""
    along = view.place(reading.level_bounds)
    mean = (along[:, 1] - along[:, 0]).mean(axis=0)
    return np.asarray(mean / max(float(np.hypot(*mean)), 1e-9))


def _mark_wall(view: FilmView, path: WallPath, way: Float[np.ndarray, " 2"], scale: float) -> Iterator[Points]:
    points = view.place(path.points)
    beside = points + BESIDE * scale * _outward(points, way)
    for run in _runs(path.is_calcified):
        yield thin_out(beside[run], STEP * scale)


def _outward(points: Points, side: Float[np.ndarray, " 2"]) -> Points:
    """Give unit normals of a path that point to one side."""
    smooth = np.gradient(points, axis=0) if len(points) > 1 else np.ones_like(points)
    normals = np.stack([-smooth[:, 1], smooth[:, 0]], axis=1)
    normals /= np.maximum(np.hypot(*normals.T), 1e-9)[:, None]
    return np.asarray(normals * np.where(normals @ side < 0, -1.0, 1.0)[:, None])


def _runs(is_calcified: Bool[np.ndarray, " point"]) -> Iterator[slice]:
    steps = np.flatnonzero(np.diff(np.concatenate([[0], is_calcified.astype(int), [0]])))
    for start, end in zip(steps[::2], steps[1::2], strict=True):
        yield slice(int(start), int(end))


def _place_grades(
    view: FilmView, reading: FilmReading, report: AacReport, wall: Wall, way: Float[np.ndarray, " 2"]
) -> Iterator[PlacedWord]:
    """Put each grade beside the middle of its level."""
    path = reading.paths[wall].points
    for number, level in enumerate(LEVELS):
        middle = reading.level_bounds[number : number + 2].mean(axis=(0, 1))
        x, y = view.place(path[np.argmin(np.abs(path[:, 0] - middle[0]))]) + GRADE_AWAY * way
        yield PlacedWord(text=str(report.wall(level, wall).grade), x=float(x), y=float(y))


def _place_names(view: FilmView, reading: FilmReading) -> Iterator[PlacedWord]:
    width, height = view.size
    for value, name in enumerate(VERTEBRAE, start=1):
        places = np.argwhere(reading.vertebrae == value)
        if len(places):
            x, y = (float(number) for number in view.place(places.mean(axis=0)))
            if 0 < x < width and 0 < y < height:
                yield PlacedWord(text=name, x=x, y=y, is_graded=name in LEVELS)
