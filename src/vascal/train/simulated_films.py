"""Films from the simulator, as samples: the one place that knows both."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vascal.train.film_samples import FILMS, FilmSample, store_brightness, store_grades, write_film_sample
from vascal.train.samples import SIMULATED, Progress, Sample, SampleList, write_samples

if TYPE_CHECKING:
    from vascal.simulate.xray.study import SimulatedFilm


def simulate_film_sample(seed: int) -> FilmSample:
    """Simulate the film of a seed, graded as an eye could grade it."""
    from vascal.simulate.xray.study import draw_film, simulate_film

    return as_sample(simulate_film(draw_film(seed)))


def as_sample(film: SimulatedFilm) -> FilmSample:
    """Turn a simulated film into a sample.

    Its grades are those that an eye could give, as a reader's labels would be: calcium below the
    threshold of visibility counts nothing.
    """
    truth = film.truth
    return FilmSample(
        image=store_brightness(film.brightness),
        spacing_mm=film.spacing_mm,
        facing=film.facing,
        total=float(sum(truth.visible_grades)),
        grades=store_grades(truth.visible_grades),
        fractions=np.array(truth.visible_fractions, dtype=np.float32),
        vertebrae=film.masks["vertebrae"],
        walls=film.masks["walls"],
    )


def write_simulated_films(seeds: Iterable[int], folder: Path, progress: Progress) -> None:
    """Write one sample a seed, and their list; those that are there already are kept.

    Raises
    ------
    OutputError
        If they can not be written.
    """
    numbers = list(seeds)
    rows = []
    for seed in numbers:
        name = f"{seed:08d}.npz"
        if not (folder / name).exists():
            write_film_sample(simulate_film_sample(seed), folder / name)
        rows.append(Sample(file=name, patient=str(seed), source=SIMULATED))
        progress.reach(len(rows), len(numbers))
    write_samples(SampleList(task=FILMS, samples=tuple(rows)), folder)
