"""Samples of films: from a table, from samples of whole films or from the simulator, to what a network takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vascal.aac.film_region import (
    Facing,
    VertebraMap,
    cut_labels,
    cut_region,
    find_film_region,
    number_vertebrae,
    whole_film,
)
from vascal.aac.reading import VERTEBRAE
from vascal.dataset import Split
from vascal.errors import CoverageError, TrainingError, VascalError
from vascal.io.datasets.films import FilmRow, read_film_image, read_film_labels, read_film_table
from vascal.models.film_reader import LearnedFilmReader
from vascal.radiograph import Radiograph
from vascal.train.config import TrainConfig, lay_out
from vascal.train.film_config import TotalConfig, VertebraConfig
from vascal.train.film_prediction import predict_vertebrae
from vascal.train.film_samples import (
    FILMS,
    FilmSample,
    read_film_sample,
    store_brightness,
    store_grades,
    write_arrays,
)
from vascal.train.film_truths import prepare_film_truths
from vascal.train.samples import (
    LIST_NAME,
    SIMULATED,
    Progress,
    Sample,
    SampleList,
    has_samples,
    read_samples,
    write_samples,
)
from vascal.train.simulated_films import simulate_film_sample

WALL_LABELS = 4
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Film:
    """A film that may become a sample; `read` opens it."""

    patient: str
    source: str
    split: Split | None
    read: Callable[[], FilmSample]


def prepare_totals(config: TrainConfig, folder: Path, progress: Progress) -> None:
    """Cut the region out of every film with a total.

    Raises
    ------
    TrainingError
        If a folder of films can not be used.
    TableError
        If a table of films is wrong.
    """
    chosen = config.totals or TotalConfig()
    _prepare(config, folder, progress, lambda film: make_total_sample(film, chosen))


def prepare_vertebrae(config: TrainConfig, folder: Path, progress: Progress) -> None:
    """Keep every film that has a map of vertebrae; errors as for `prepare_totals`."""
    chosen = config.vertebrae or VertebraConfig()
    _prepare(config, folder, progress, lambda film: make_vertebra_sample(film, chosen))


def prepare_walls(config: TrainConfig, folder: Path, progress: Progress) -> None:
    """Lay the strip of every film whose walls or total are known; errors as for `prepare_totals`."""
    if config.data.simulated is not None:
        prepare_film_truths(config, folder, progress)
    else:
        _prepare(config, folder, progress, make_wall_sample)


def _prepare(config: TrainConfig, folder: Path, progress: Progress, make: Callable[[FilmSample], Arrays]) -> None:
    films, skipped = _list_films(config)
    rows: list[Sample] = []
    for place, film in enumerate(films):
        name = f"{place:06d}.npz"
        try:
            if not (folder / name).exists():
                write_arrays(folder / name, **make(film.read()))
            rows.append(Sample(file=name, patient=film.patient, source=film.source, split=film.split))
        except VascalError as error:
            # The reason of a film of one's own is counted by its code: messages would differ from film to film.
            skipped[str(error) if isinstance(error, TrainingError) else error.code] += 1
        progress.reach(place + 1, len(films))
    write_samples(
        SampleList(task=config.task, samples=tuple(rows), skipped=skipped, origin=lay_out(config.data)), folder
    )


def make_total_sample(film: FilmSample, config: TotalConfig) -> Arrays:
    """Make the sample of one film: its region in one size, the patient looking to the left.

    Parameters
    ----------
    film
        With a total, and with a map of vertebrae unless it was cut before or a network can map them.
    config
        Which region, and how large.

    Returns
    -------
    dict
        ``image`` (row, column) uint8, ``total``, ``grades`` (8,) and, where they are known, ``walls`` (row, column).

    Raises
    ------
    TrainingError
        If there is no total, or nothing that shows where the vertebrae are.
    CoverageError
        If one of L1 to L5 is not on the film.
    """
    if not np.isfinite(film.total):
        raise TrainingError("without a total")
    if config.region == "whole":
        region = whole_film(film.image.shape)
    else:
        region = find_film_region(_find_vertebrae(film, config), film.facing)
    image = cut_region(film.brightness, region, facing=film.facing, shape=config.size)
    arrays = {"image": np.round(image * 255).astype(np.uint8), "total": np.array(film.total), "grades": film.grades}
    if film.walls is not None:
        arrays["walls"] = cut_labels(film.walls, region, facing=film.facing, shape=config.size)
    return arrays


def make_wall_sample(film: FilmSample) -> Arrays:
    """Make the sample of one film for the network of walls: the strip is laid by the embedded network.

    Returns
    -------
    dict
        ``image`` (row, column) uint8 on square pixels, ``spacing_mm``, ``level_bounds`` (5, 2, 2), ``centre_mm`` and
        ``half_mm`` (strip row,), ``vertebrae``, probability of bone times 255, ``grades`` (8,) and ``total``.

    Raises
    ------
    TrainingError
        If neither grades nor the total are known.
    FilmError
        If spine or aorta are not found on it.
    """
    if not np.isfinite(film.total) and (film.grades < 0).all():
        raise TrainingError("without a total and without grades")
    radiograph = Radiograph(pixels=film.brightness, spacing_mm=film.spacing_mm)
    pixels, finding, place = LearnedFilmReader().lay_strip(radiograph)
    return {
        "image": np.rint(pixels * 255).astype(np.uint8),
        "spacing_mm": np.array(place.pixel_mm),
        "level_bounds": place.borders.astype(np.float32),
        "centre_mm": place.centre_mm.astype(np.float32),
        "half_mm": place.half_mm.astype(np.float32),
        "vertebrae": np.rint((1 - finding.bodies[0]) * 255).astype(np.uint8),
        "grades": film.grades,
        "total": np.array(film.total),
    }


def _find_vertebrae(film: FilmSample, config: TotalConfig) -> VertebraMap:
    if film.vertebrae is not None:
        return film.vertebrae
    if not config.segmenters:
        raise TrainingError("without a map of vertebrae; name networks that make one as totals.segmenters")
    return predict_vertebrae(config.segmenters, film.brightness)


def make_vertebra_sample(film: FilmSample, config: VertebraConfig) -> Arrays:
    """Make the sample of one film: all of it, and its vertebrae as classes.

    Parameters
    ----------
    film
        With a map of vertebrae.
    config
        Which vertebrae, and the pixel size.

    Returns
    -------
    dict
        ``image`` (row, column) uint16 and ``classes`` (row, column).

    Raises
    ------
    TrainingError
        If there is no map of vertebrae.
    CoverageError
        If it shows none of those that are wanted.
    """
    if film.vertebrae is None:
        raise TrainingError("without a map of vertebrae")
    classes = number_vertebrae(film.vertebrae, config.names)
    if not classes.any():
        raise CoverageError("the map of vertebrae shows none of those that are wanted")
    shape = _scale_shape(film, config.spacing_mm)
    region = whole_film(film.image.shape)
    image = cut_region(film.brightness, region, facing="left", shape=shape)
    classes = cut_labels(classes, region, facing="left", shape=shape)
    return {"image": store_brightness(np.clip(image, 0, 1)), "classes": classes}


def _scale_shape(film: FilmSample, spacing_mm: float | None) -> tuple[int, int]:
    rows, columns = film.image.shape
    if spacing_mm is None:
        return rows, columns
    return max(1, round(rows * film.spacing_mm[0] / spacing_mm)), max(
        1, round(columns * film.spacing_mm[1] / spacing_mm)
    )


def find_film_origin(config: TrainConfig) -> dict[str, Any]:
    """Tell what decides the samples of films, besides the films themselves."""
    if config.task == "film-vertebrae":
        vertebrae = config.vertebrae or VertebraConfig()
        return {"names": list(vertebrae.names), "spacing_mm": vertebrae.spacing_mm}
    totals = config.totals or TotalConfig()
    return {
        "size": list(totals.size),
        "region": totals.region,
        "segmenters": [folder.as_posix() for folder in totals.segmenters],
    }


def find_film_list(path: Path) -> Path:
    """Give the file that lists films: a table, or the list in a folder of samples."""
    return path / LIST_NAME if path.is_dir() else path


def _list_films(config: TrainConfig) -> tuple[list[_Film], Counter[str]]:
    if config.data.films is None:
        return list(_list_simulated(config)), Counter()
    if has_samples(config.data.films):
        found = read_samples(config.data.films, FILMS)
        return list(_list_samples(found, config.data.films)), Counter(found.skipped)
    table = read_film_table(config.data.films, needs_score=config.task in {"film-totals", "film-walls"})
    numbers: dict[str, str] = {}
    for row in table.rows:
        # Patients are numbered in the order of the table, so that nothing of theirs is kept.
        numbers.setdefault(row.patient, f"patient {len(numbers) + 1}")
    return [_as_film(row, numbers[row.patient]) for row in table.rows], Counter(table.skipped)


def _as_film(row: FilmRow, patient: str) -> _Film:
    return _Film(patient=patient, source="table", split=row.split, read=lambda: read_row_sample(row))


def _list_samples(found: SampleList, folder: Path) -> Iterator[_Film]:
    for row in found.samples:
        path = folder / row.file
        yield _Film(
            patient=row.patient, source=row.source, split=row.split,
            read=lambda path=path: read_film_sample(path),  # type: ignore[misc]
        )  # fmt: skip


def _list_simulated(config: TrainConfig) -> Iterator[_Film]:
    first = config.data.seed
    for seed in range(first, first + (config.data.simulated or 0)):
        yield _Film(
            patient=str(seed), source=SIMULATED, split=None,
            read=lambda seed=seed: simulate_film_sample(seed),  # type: ignore[misc]
        )  # fmt: skip


def read_row_sample(row: FilmRow) -> FilmSample:
    """Read the film of a table's row with what the table says of it.

    Raises
    ------
    VascalError
        Whatever makes the image or a label map impossible to use.
    """
    film = read_film_image(row)
    shape = film.pixels.shape
    return FilmSample(
        image=store_brightness(film.pixels),
        spacing_mm=film.spacing_mm,
        facing=row.facing or find_facing(film) or "left",
        total=float("nan") if row.total is None else row.total,
        grades=store_grades(row.grades),
        vertebrae=None if row.vertebrae is None else read_film_labels(row.vertebrae, shape, len(VERTEBRAE)),
        walls=None if row.walls is None else read_film_labels(row.walls, shape, WALL_LABELS),
    )


def find_facing(film: Radiograph) -> Facing | None:
    """Tell to which side a patient looks, where the header says which way columns go; None where it does not.

    Patient Orientation (0020,0020) gives first the direction of the rows, from left to right.
    """
    along = film.facts.patient_orientation[0][:1] if film.facts.patient_orientation else ""
    sides: Mapping[str, Facing] = {"A": "right", "P": "left"}
    return sides.get(along)
