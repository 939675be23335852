"""The report of one graded film: facts, grades, caveats, provenance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vascal.aac.aac24 import Aac24Score
from vascal.aac.reading import FilmReading, Obstacle, WallGrade
from vascal.aac.stretches import Stretch, find_stretches
from vascal.aac.total_doubt import TotalDoubt
from vascal.radiograph import FilmFacts, Radiograph, SpacingSource
from vascal.report.caveats import Caveat, FoundBy
from vascal.report.provenance import Provenance
from vascal.study import Patient
from vascal.wall_levels import Level, Wall


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmSummary:
    """What was graded; no name, number or birth date of the patient.

    Parameters
    ----------
    key
        Names the film inside its study: the SOP Instance UID, or the file's name.
    shape
        Rows, columns.
    spacing_mm
        Between rows and between columns, mm.
    spacing_source
        Where that comes from.
    """

    key: str
    facts: FilmFacts
    shape: tuple[int, int]
    spacing_mm: tuple[float, float]
    spacing_source: SpacingSource
    patient: Patient


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingSummary:
    """What the reader of the film said besides the grades.

    Parameters
    ----------
    reader, models
        What read the film.
    facing
        To which side of the film the patient looks.
    lateral_probability
        That it is a lateral film at all, 0 to 1.
    level_confidence
        By level, how sure its name is, 0 to 1; empty where the reader does not say.
    obstacles
        Share of the wall that something hides, by what it is.
    stretches
        By wall, where it is calcified, in levels from 0 at the top of L1 to 4 at the bottom of L4.
    level_bounds
        Five borders, each as ((row, column), (row, column)) in pixels of the film.
    """

    reader: str
    models: tuple[str, ...]
    facing: Literal["left", "right"]
    lateral_probability: float
    level_confidence: Mapping[Level, float]
    obstacles: Mapping[Obstacle, float]
    stretches: Mapping[Wall, tuple[Stretch, ...]]
    level_bounds: tuple[tuple[tuple[float, float], tuple[float, float]], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AacReport:
    """Everything vascal says about one film.

    Parameters
    ----------
    film
        What was graded.
    found_by
        ``learned``: networks graded it; ``labels``: a person did.
    score
        AAC-24 and what is made of the same grades.
    walls
        The eight wall-levels with share and probabilities.
    reading
        View, levels and obstacles.
    uncertainty
        What the total may be instead.
    is_quotable
        False when a caveat forbids quoting the total as an AAC-24.
    caveats
        What a reader must know, gravest first.
    provenance
        Version and inputs that made it.
    """

    film: FilmSummary
    found_by: FoundBy
    score: Aac24Score
    walls: tuple[WallGrade, ...]
    reading: ReadingSummary
    uncertainty: TotalDoubt
    is_quotable: bool
    caveats: tuple[Caveat, ...]
    provenance: Provenance
    kind: Literal["aac"] = "aac"

    def wall(self, level: Level, wall: Wall) -> WallGrade:
        """Give one wall of one level."""
        return next(one for one in self.walls if (one.level, one.wall) == (level, wall))


def summarise_film(film: Radiograph, key: str) -> FilmSummary:
    """Say what was graded, without its pixels."""
    rows, columns = film.pixels.shape
    return FilmSummary(
        key=key,
        facts=film.facts,
        shape=(rows, columns),
        spacing_mm=film.spacing_mm,
        spacing_source=film.spacing_source,
        patient=film.patient,
    )


def summarise_reading(reading: FilmReading) -> ReadingSummary:
    """Say what the reader said besides the grades, without its masks."""
    bounds = tuple(((float(a[0]), float(a[1])), (float(b[0]), float(b[1]))) for a, b in reading.level_bounds)
    return ReadingSummary(
        reader=reading.reader,
        models=reading.models,
        facing=reading.facing,
        lateral_probability=reading.lateral_probability,
        level_confidence=dict(reading.level_confidence),
        obstacles=dict(reading.obstacles),
        stretches=find_stretches(reading),
        level_bounds=bounds,
    )
