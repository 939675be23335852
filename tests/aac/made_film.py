"""A made-up lateral film and what a reader would say of it, for tests of what is done with readings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np

from vascal.aac.aac24 import score_walls
from vascal.aac.reading import FilmReading, WallGrade, WallPath
from vascal.aac.total_doubt import doubt_aac24
from vascal.errors import ViewError
from vascal.radiograph import FilmFacts, Radiograph
from vascal.report.aac_report import AacReport, summarise_film, summarise_reading
from vascal.report.caveats import Caveat
from vascal.report.film_caveats import FilmCircumstances, find_film_caveats
from vascal.report.provenance import Provenance
from vascal.study import Patient
from vascal.wall_levels import WALL_LEVELS, WALLS, Grade, Wall, grade_fraction

SHARES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.6, 0.8, 0.9)
"""Calcified shares in the order of WALL_LEVELS: grades 0 1 1 1 2 2 3 3, total 13."""
FACTS = FilmFacts(
    study_instance_uid="1.2.3",
    series_instance_uid="1.2.3.4",
    sop_instance_uid="1.2.3.4.5",
    study_date="20200102",
    modality="DX",
    series_number=2,
    series_description="L-Spine lateral",
    body_part="LSPINE",
    view_position="LL",
    patient_orientation=("P", "F"),
    manufacturer="Maker",
    model="Model",
    kvp=85.0,
    exposure_mas=32.0,
    bits_stored=12,
    source_format="dicom",
)
TOP, LEVEL_LENGTH, BODY = 0.17, 0.14, 0.77
"""Upper border of L1 and length of a level as shares of the rows; share of a level that is bone."""


def make_film(rows: int = 160, *, facts: FilmFacts = FACTS, shares: tuple[float, ...] = SHARES) -> Radiograph:
    """Vertebral bodies and calcified streaks on a smooth background; the patient looks to the left."""
    columns = rows // 2
    row, column = np.mgrid[:rows, :columns].astype(np.float32)
    picture = 0.25 + 0.3 * np.exp(-(((column - 0.75 * columns) / (0.3 * columns)) ** 2))
    picture += np.where(_bodies(rows) > 0, 0.28, 0.0)
    glow = np.zeros_like(picture)
    for path in make_paths(rows, shares).values():
        for r, c in path.points[path.is_calcified][::3]:
            glow = np.maximum(glow, np.exp(-((row - r) ** 2 + (column - c) ** 2) / (2 * (0.0025 * rows) ** 2)))
    picture = picture + 0.2 * glow
    noise = np.random.default_rng(0).normal(0, 0.015, picture.shape)
    return Radiograph(
        pixels=np.clip(picture + noise, 0, 1).astype(np.float32),
        spacing_mm=(450.0 / rows, 450.0 / rows),
        facts=facts,
        patient=Patient(age_years=67.0, sex="F"),
    )


def _spine_column(share: float, rows: int) -> float:
    """Column of the spine's middle at a row, with a gentle lordosis."""
    return rows // 2 * (0.62 - 0.08 * float(np.sin(np.pi * (share - 0.1) / 0.8)))


def _bodies(rows: int) -> np.ndarray:
    labels = np.zeros((rows, rows // 2), dtype=np.uint8)
    for value in range(1, 8):
        top = TOP + (value - 2) * LEVEL_LENGTH + LEVEL_LENGTH * (1 - BODY) / 2
        first, last = (round(rows * edge) for edge in (top, top + BODY * LEVEL_LENGTH))
        middle = _spine_column(top + BODY * LEVEL_LENGTH / 2, rows)
        half = 0.045 * rows
        labels[max(first, 0) : max(last, 0), round(middle - half) : round(middle + half)] = value
    return labels


def make_paths(rows: int, shares: tuple[float, ...] = SHARES) -> dict[Wall, WallPath]:
    """Both walls, each level calcified from its top on by its share."""
    count = 2 * rows
    along = np.linspace(0, 4, count, endpoint=False)
    paths: dict[Wall, WallPath] = {}
    for number, wall in enumerate(WALLS):
        offset = 0.115 if wall == "anterior" else 0.065
        share = TOP + along * LEVEL_LENGTH
        column = np.array([_spine_column(s, rows) for s in share]) - rows * offset
        bright = np.array([(a % 1) < shares[2 * int(a) + number] for a in along])
        points = np.stack([share * rows, column], axis=1)
        paths[wall] = WallPath(points=points, is_calcified=bright, probability=np.where(bright, 0.9, 0.05))
    return paths


def make_reading(rows: int = 160, *, shares: tuple[float, ...] = SHARES, **changes: Any) -> FilmReading:
    """What a reader that makes no mistake says of `make_film`; every grade with 88 %."""
    walls = tuple(_wall(place, share) for place, share in zip(WALL_LEVELS, shares, strict=True))
    totals = np.ones(1)
    for wall in walls:
        totals = np.convolve(totals, wall.probabilities)
    edges = TOP + LEVEL_LENGTH * np.arange(5)
    bounds = np.array(
        [[(e * rows, _spine_column(e, rows)), (e * rows, _spine_column(e, rows) - 0.16 * rows)] for e in edges]
    )
    reading = FilmReading(
        walls=walls,
        paths=make_paths(rows, shares),
        level_bounds=bounds,
        vertebrae=_bodies(rows),
        total_probabilities=totals / totals.sum(),
        facing="left",
        lateral_probability=0.99,
        level_confidence={"L1": 0.97, "L2": 0.98, "L3": 0.98, "L4": 0.99},
        reader="made-up reader",
        models=("made-up 1 0123abcd",),
    )
    return replace(reading, **changes)


def _wall(place: tuple[Any, Any], share: float) -> WallGrade:
    grade: Grade = grade_fraction(share)
    probabilities = tuple(0.88 if n == grade else 0.04 for n in range(4))
    return WallGrade(
        level=place[0],
        wall=place[1],
        grade=grade,
        fraction=share,
        probabilities=cast("tuple[float, float, float, float]", probabilities),
    )


def make_aac_report(
    film: Radiograph | None = None, reading: FilmReading | None = None, *, more: tuple[Caveat, ...] = ()
) -> AacReport:
    """A whole report of the made-up film."""
    film, reading = film or make_film(), reading or make_reading()
    places = {(wall.level, wall.wall): wall for wall in reading.walls}
    score = score_walls({p: w.grade for p, w in places.items()}, {p: w.fraction for p, w in places.items()})
    doubt = doubt_aac24(reading.total_probabilities)
    seen = FilmCircumstances(film=film, reading=reading, score=score, uncertainty=doubt)
    caveats = (*more, *find_film_caveats(seen))
    return AacReport(
        film=summarise_film(film, film.facts.sop_instance_uid or "film.png"),
        found_by="learned",
        score=score,
        walls=reading.walls,
        reading=summarise_reading(reading),
        uncertainty=doubt,
        is_quotable=all(caveat.severity != "critical" for caveat in caveats),
        caveats=caveats,
        provenance=Provenance(software="vascal", version="0", source_uids=("1.2.3.4.5",), finder="made-up reader"),
    )


@dataclass(frozen=True)
class MadeUpReader:
    """A reader that says the same of every film, or refuses films of one view."""

    refused_view: str = "AP"
    changes: dict[str, Any] = field(default_factory=dict)

    def read_film(self, film: Radiograph) -> FilmReading:
        if film.facts.view_position == self.refused_view:
            raise ViewError("this looks like a frontal film; needed: a lateral one")
        return make_reading(film.pixels.shape[0], **self.changes)
