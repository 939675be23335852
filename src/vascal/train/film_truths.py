"""Simulated films with all of their truth, as the two networks of `vascal.models.film_reader` learn from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vascal.errors import FilmError
from vascal.models.film_reader import LearnedFilmReader
from vascal.radiograph import Radiograph
from vascal.train.config import TrainConfig, lay_out
from vascal.train.film_samples import write_arrays
from vascal.train.samples import SIMULATED, Progress, Sample, SampleList, write_samples
from vascal.wall_levels import WALLS

if TYPE_CHECKING:
    from vascal.simulate.xray.study import FilmPlan, SimulatedFilm

FRONTAL_EVERY = 16
"""One in so many films of the first network is frontal: it must learn to find nothing there."""


def prepare_film_truths(config: TrainConfig, folder: Path, progress: Progress) -> None:
    """Simulate films and keep their walls point by point; those that are there already are kept.

    Raises
    ------
    OutputError
        If they can not be written.
    """
    from vascal.simulate.xray.study import draw_film, simulate_frontal

    first, count = config.data.seed, config.data.simulated or 0
    rows = []
    for seed in range(first, first + count):
        name = f"{seed:08d}.npz"
        if not (folder / name).exists():
            is_frontal = config.task == "film-map" and seed % FRONTAL_EVERY == FRONTAL_EVERY - 1
            plan = draw_film(seed)
            arrays = frontal_arrays(simulate_frontal(plan)) if is_frontal else _lateral_arrays(config, plan)
            write_arrays(folder / name, **arrays)
        rows.append(Sample(file=name, patient=str(seed), source=SIMULATED))
        progress.reach(len(rows), count)
    write_samples(SampleList(task=config.task, samples=tuple(rows), origin=lay_out(config.data)), folder)


def _lateral_arrays(config: TrainConfig, plan: FilmPlan) -> dict[str, np.ndarray]:
    from vascal.simulate.xray.study import simulate_film

    film = simulate_film(plan)
    return truth_arrays(film) | (found_arrays(film) if config.task == "film-walls" else {})


def found_arrays(film: SimulatedFilm) -> dict[str, np.ndarray]:
    """Lay the strip as the embedded first network lays it: the second one learns to read what it is given.

    Returns
    -------
    dict
        ``found_borders`` (5, 2, 2), ``found_centre_mm`` and ``found_half_mm`` (strip row,); nothing where the first
        network refuses the film.
    """
    pixels = Radiograph(pixels=film.brightness, spacing_mm=film.spacing_mm)
    try:
        _, _, place = LearnedFilmReader().lay_strip(pixels)
    except FilmError:
        return {}
    place = place.on_pixels(film.spacing_mm[0])
    return {
        "found_borders": place.borders.astype(np.float32),
        "found_centre_mm": place.centre_mm.astype(np.float32),
        "found_half_mm": place.half_mm.astype(np.float32),
    }


def frontal_arrays(film: Radiograph) -> dict[str, np.ndarray]:
    """Lay a frontal film out as arrays: ``image`` and ``spacing_mm``, nothing else."""
    return {
        "image": np.rint(film.pixels * 255).astype(np.uint8),
        "spacing_mm": np.array(film.spacing_mm[0], dtype=np.float32),
    }


def truth_arrays(film: SimulatedFilm) -> dict[str, np.ndarray]:
    """Lay a film and its truth out as arrays.

    Returns
    -------
    dict
        ``image`` (row, column) uint8; ``spacing_mm``; ``vertebrae``, the label map at half the size; ``points``
        (wall, point, 2), row and column; ``visible`` (wall, point); ``cuts`` (5,); ``level_bounds`` (5, 2, 2);
        ``visible_fractions`` (8,).
    """
    truth = film.truth
    return {
        "image": np.rint(film.brightness * 255).astype(np.uint8),
        "spacing_mm": np.array(film.spacing_mm[0], dtype=np.float32),
        "vertebrae": np.ascontiguousarray(film.masks["vertebrae"][::2, ::2]),
        "points": np.stack([truth.walls[wall].points for wall in WALLS]).astype(np.float32),
        "visible": np.stack([truth.walls[wall].is_visible for wall in WALLS]),
        "cuts": np.array(truth.cuts),
        "level_bounds": truth.level_bounds.astype(np.float32),
        "visible_fractions": np.array(truth.visible_fractions, dtype=np.float32),
    }
