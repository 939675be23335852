"""A scored study and a graded film, with the headers that result objects are made from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.aac.made_film import MadeUpReader
from tests.film_files import write_film
from tests.simulated_study import make_study
from vascal.film_pipeline import ScoredFilm, score_film
from vascal.io.film_reading import read_films
from vascal.io.objects.context import ObjectContext, make_context
from vascal.io.objects.seg import SegLayout, WrittenSeg, write_result_seg
from vascal.io.objects.segments import Algorithm
from vascal.io.reading import read_input
from vascal.pipeline import ScoredSeries, score_series
from vascal.render.palette import VESSEL_COLOURS
from vascal.score_options import ScoreOptions
from vascal.study import Series

ALGORITHM = Algorithm(version="9.9", parameters="made-up 1 0123abcd")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredStudy:
    """A simulated CT that was scored by its labels."""

    folder: Path
    series: Series
    scored: ScoredSeries
    context: ObjectContext

    def write(self, layout: SegLayout | None = None) -> WrittenSeg:
        written = write_result_seg(
            self.scored.finding.lesions,
            self.series,
            self.context,
            algorithm=ALGORITHM,
            colours=VESSEL_COLOURS,
            layout=layout,
        )
        assert written is not None
        return written


def context_of(series: Series, found: bytes = b"found") -> ObjectContext:
    return make_context(((image.path, image.member) for image in series.images), found, "9.9")


@pytest.fixture(scope="session")
def scored_study(tmp_path_factory: pytest.TempPathFactory) -> ScoredStudy:
    made = make_study(tmp_path_factory.mktemp("objects"))
    (study,) = read_input(made.folder)
    (series,) = study.series
    scored = score_series(series, ScoreOptions(labels=made.labels))
    return ScoredStudy(folder=made.folder, series=series, scored=scored, context=context_of(series))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GradedFilm:
    """A made-up film on disk that was graded by a made-up reader."""

    path: Path
    scored: ScoredFilm
    context: ObjectContext


@pytest.fixture(scope="session")
def graded_film(tmp_path_factory: pytest.TempPathFactory) -> GradedFilm:
    path = write_film(tmp_path_factory.mktemp("film") / "film.dcm")
    return grade(path)


def grade(path: Path) -> GradedFilm:
    (film,) = read_films(path).films
    scored = score_film(film.load(), MadeUpReader())
    return GradedFilm(path=path, scored=scored, context=make_context([(path, None)], b"found", "9.9"))


def save(data: bytes, path: Path) -> Path:
    path.write_bytes(data)
    return path
