"""One held-out film: simulated, read, and compared with its truth."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from scipy import ndimage

from vascal.aac.reading import FilmReader, FilmReading
from vascal.errors import FilmError
from vascal.models.film_reader import LearnedFilmReader
from vascal.radiograph import Radiograph
from vascal.simulate.xray.study import SimulatedFilm, draw_film, simulate_film
from vascal.wall_levels import WALLS

FIRST_SEED = {"same": 800_000, "shifted": 900_000, "development": 700_000}
"""Training has seeds 500,000 to 699,999."""
NEAR_MM = 3.0

Predict = Callable[[SimulatedFilm], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One film. Grades are -1 where it was refused."""

    seed: int
    style: str
    true: tuple[int, ...]
    visible: tuple[int, ...]
    found: tuple[int, ...] = (-1,) * 8
    expected: float = float("nan")
    interval: tuple[float, float] = (float("nan"), float("nan"))
    dice: tuple[float, ...] = ()
    on_calcium: float = float("nan")
    facing_is_right: bool = False
    seconds: float = 0.0
    refusal: str = ""
    recipe: dict[str, float] = field(default_factory=dict)


def as_radiograph(film: SimulatedFilm) -> Radiograph:
    """Give a film as it is read from its file."""
    return Radiograph(pixels=film.brightness, spacing_mm=film.spacing_mm, spacing_source="imager-pixel-spacing")


def measure(seed: int, *, shifted: bool, model: Path | None = None, others: Mapping[str, Predict] | None = None) -> Row:
    """Simulate one film and read it."""
    film = simulate_film(draw_film(seed, shifted=shifted))
    base = partial(Row, seed=seed, style=film.plan.style, true=film.truth.grades, visible=film.truth.visible_grades)
    totals = {name: one(film) for name, one in (others or {}).items()}
    reader: FilmReader = LearnedFilmReader(folder=model)
    start = time.perf_counter()
    try:
        reading = reader.read_film(as_radiograph(film))
    except FilmError as error:
        return base(refusal=error.code, recipe=totals)
    chances = np.cumsum(reading.total_probabilities)
    return base(
        found=tuple(int(wall.grade) for wall in reading.walls),
        expected=float(np.arange(25) @ reading.total_probabilities),
        interval=(float(np.searchsorted(chances, 0.025)), float(np.searchsorted(chances, 0.975))),
        dice=_dice(reading, film),
        on_calcium=_on_calcium(reading, film),
        facing_is_right=reading.facing == film.facing,
        seconds=time.perf_counter() - start,
        recipe=totals,
    )


def _dice(reading: FilmReading, film: SimulatedFilm) -> tuple[float, ...]:
    """Dice of L1 to L5."""
    values = []
    for value in range(2, 7):
        found, true = reading.vertebrae == value, film.masks["vertebrae"] == value
        values.append(2 * np.count_nonzero(found & true) / max(1, np.count_nonzero(found) + np.count_nonzero(true)))
    return tuple(values)


def _on_calcium(reading: FilmReading, film: SimulatedFilm) -> float:
    """Share of the stretches called calcified that lie within 3 mm of calcium of the same wall."""
    near, called = 0, 0
    for name in WALLS:
        wall, path = film.truth.walls[name], reading.paths[name]
        marked = path.points[path.is_calcified]
        called += len(marked)
        hard = wall.points[wall.is_calcified]
        if len(marked) and len(hard):
            apart = np.linalg.norm(marked[:, None] - hard[None], axis=2).min(axis=1) * film.truth.pixel_mm
            near += int(np.count_nonzero(apart <= NEAR_MM))
    return near / called if called else float("nan")


def edges_of(mask: np.ndarray) -> np.ndarray:
    """Give the border of a mask."""
    return np.asarray(mask & ~ndimage.binary_erosion(mask))
