"""Composition root for films: a radiograph goes in, a report on the abdominal aorta comes out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import vascal
from vascal.aac.aac24 import Aac24Score, score_walls
from vascal.aac.level_heights import measure_level_heights
from vascal.aac.reading import FilmReader, FilmReading
from vascal.aac.total_doubt import doubt_aac24
from vascal.film_options import FilmOptions
from vascal.radiograph import Radiograph
from vascal.report.aac_report import AacReport, summarise_film, summarise_reading
from vascal.report.film_caveats import FilmCircumstances, find_film_caveats
from vascal.report.provenance import Provenance

UNNAMED = "film"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredFilm:
    """A report with the film and the reading it came from.

    Parameters
    ----------
    report
        What is said.
    film
        The radiograph that was graded.
    reading
        Walls, borders and vertebrae on its pixels.
    """

    report: AacReport
    film: Radiograph
    reading: FilmReading


def score_film(
    film: Radiograph,
    reader: FilmReader | None = None,
    options: FilmOptions | None = None,
    *,
    key: str = "",
    source_uids: tuple[str, ...] = (),
) -> ScoredFilm:
    """Grade one lateral film.

    Parameters
    ----------
    film
        As `vascal.io.film_reading` reads it.
    reader
        Finds vertebrae and walls and grades them; the embedded networks unless given.
    options
        What to do differently from the defaults.
    key
        Names the film in the report; its SOP Instance UID unless given.
    source_uids
        What it was read from, for provenance; its SOP Instance UID unless given.

    Raises
    ------
    FilmError
        If it is no lateral film of the lumbar spine, or L1 to L4 are not all on it.
    """
    chosen = options or FilmOptions()
    reading = (reader or name_reader(chosen.model)).read_film(film)
    score = _add_up(film, reading)
    doubt = doubt_aac24(reading.total_probabilities)
    caveats = find_film_caveats(FilmCircumstances(film=film, reading=reading, score=score, uncertainty=doubt))
    uid = film.facts.sop_instance_uid
    report = AacReport(
        film=summarise_film(film, key or uid or UNNAMED),
        found_by="learned",
        score=score,
        walls=reading.walls,
        reading=summarise_reading(reading),
        uncertainty=doubt,
        is_quotable=all(caveat.severity != "critical" for caveat in caveats),
        caveats=caveats,
        provenance=Provenance(
            software="vascal",
            version=vascal.__version__,
            options=chosen.as_text(),
            source_uids=source_uids or ((uid,) if uid else ()),
            finder=", ".join(reading.models) or reading.reader,
        ),
    )
    return ScoredFilm(report=report, film=film, reading=reading)


def _add_up(film: Radiograph, reading: FilmReading) -> Aac24Score:
    return score_walls(
        {(wall.level, wall.wall): wall.grade for wall in reading.walls},
        {(wall.level, wall.wall): wall.fraction for wall in reading.walls},
        level_heights=measure_level_heights(reading, film.spacing_mm),
    )


@lru_cache(maxsize=2)
def name_reader(model: Path | None = None) -> FilmReader:
    """Give the networks of a folder, or the embedded ones; loaded once a process.

    Raises
    ------
    ModelError
        If the folder holds no networks for films.
    """
    from vascal.models.film_reader import LearnedFilmReader

    return LearnedFilmReader(folder=model)
