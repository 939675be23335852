"""What a reader must know before trusting the grades of a film.

As on CT, a caveat never changes a number. It says that the number was read in
conditions for which the published meaning is weaker, or does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from vascal.aac.aac24 import Aac24Score
from vascal.aac.classes import SCHEMES, ClassScheme
from vascal.aac.reading import VERTEBRAE, FilmReading, Obstacle
from vascal.aac.total_doubt import TotalDoubt
from vascal.radiograph import FilmFacts, Radiograph
from vascal.report.caveats import GRAVITY, LEAST_CATEGORY, Caveat, FoundBy

SURE_VIEW, LEAST_VIEW = 0.9, 0.5
"""Probability of a lateral film: below the first a caution, below the second no score."""
SURE_LEVEL, LEAST_LEVEL = 0.8, 0.5
"""The same for the name of a level."""
SEEN_HIDDEN, MOST_HIDDEN = 0.02, 1 / 3
"""Share of the wall that is hidden: from the first on it is said, above the second the total is no AAC-24."""
EDGE_MM = 5.0
"""Borders of levels that come nearer to the film's edge than this may lie outside it."""
FRONTAL_VIEWS = frozenset({"AP", "PA"})
DENSITOMETERS = ("HOLOGIC", "LUNAR", "NORLAND", "DMS-STRATOS", "IDXA", "PRODIGY")
DENSITOMETRY_WORDS = ("VFA", "IVA", "LVA", "DXA", "DEXA")
HIDDEN_BY: Mapping[Obstacle, str] = MappingProxyType(
    {
        "hardware": "Metal or other hardware lies over",
        "overlap": "Bowel, ribs or other bone overlap",
        "collimation": "The collimator cuts off",
        "low-contrast": "Too little contrast is left on",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FilmCircumstances:
    """Everything caveats of a film are drawn from."""

    film: Radiograph
    reading: FilmReading
    score: Aac24Score
    uncertainty: TotalDoubt
    found_by: FoundBy = "learned"


def find_film_caveats(seen: FilmCircumstances) -> tuple[Caveat, ...]:
    """List what a reader must know of this result, gravest first."""
    found = [
        *_view(seen),
        *_levels(seen),
        *_coverage(seen),
        *_hidden(seen.reading),
        *_doubt(seen),
        *_finder(seen),
        *_origin(seen.film.facts),
        *_spacing(seen.film),
        *_facing(seen),
        *(Caveat(code="film-note", message=note, severity="info") for note in seen.film.notes),
        Caveat(code="not-a-medical-device", message="For research. Not a medical device.", severity="info"),
    ]
    return tuple(sorted(found, key=lambda caveat: GRAVITY.index(caveat.severity)))


def _view(seen: FilmCircumstances) -> Iterator[Caveat]:
    lateral = seen.reading.lateral_probability
    if lateral < SURE_VIEW:
        grave = lateral < LEAST_VIEW
        yield Caveat(
            code="view-in-doubt",
            message=f"This may not be a lateral film of the lumbar spine (probability of one: {100 * lateral:.0f} %)"
            + (": the total must not be quoted." if grave else "."),
            severity="critical" if grave else "caution",
        )
    view = seen.film.facts.view_position.upper()
    if view in FRONTAL_VIEWS:
        yield Caveat(
            code="view-contradicts-header",
            message=f"The header calls this view {view}; it was read as a lateral one, as the picture looks.",
        )


def _levels(seen: FilmCircumstances) -> Iterator[Caveat]:
    doubtful = {level: sure for level, sure in seen.reading.level_confidence.items() if sure < SURE_LEVEL}
    if doubtful:
        named = ", ".join(f"{level} ({100 * sure:.0f} %)" for level, sure in doubtful.items())
        grave = min(doubtful.values()) < LEAST_LEVEL
        yield Caveat(
            code="levels-in-doubt",
            message=f"The names of levels are in doubt: {named}. One vertebra too high or too low moves every grade"
            + (": the total must not be quoted before they are checked." if grave else "."),
            severity="critical" if grave else "caution",
        )
    seen_bodies = set(np.unique(seen.reading.vertebrae).tolist()) - {0}
    if seen_bodies and VERTEBRAE.index("S1") + 1 not in seen_bodies:
        yield Caveat(
            code="sacrum-not-seen",
            message="The sacrum was not found on the film, so that the vertebrae could not be counted from below.",
        )


def _coverage(seen: FilmCircumstances) -> Iterator[Caveat]:
    room = _room_mm(seen)
    if room < 0:
        yield Caveat(
            code="levels-cut-off",
            message="Part of L1 to L4, or of the aorta in front of them, lies outside the film: calcification there "
            "is not in the total, which must not be quoted.",
            severity="critical",
        )
    elif room < EDGE_MM:
        yield Caveat(
            code="coverage-borderline",
            message=f"L1 to L4 with the aorta come within {room:.0f} mm of the film's edge: "
            "part of a wall may not have been imaged.",
        )


def _room_mm(seen: FilmCircumstances) -> float:
    """Least distance from the borders of levels and the walls to the film's edge; below 0 outside it, mm."""
    lines = [seen.reading.level_bounds.reshape(-1, 2), *(path.points for path in seen.reading.paths.values())]
    points = np.concatenate(lines)
    last = np.asarray(seen.film.pixels.shape) - 1
    return float((np.minimum(points, last - points) * np.asarray(seen.film.spacing_mm)).min())


def _hidden(reading: FilmReading) -> Iterator[Caveat]:
    for what, share in sorted(reading.obstacles.items(), key=lambda item: -item[1]):
        if share >= SEEN_HIDDEN:
            yield Caveat(
                code=what,
                message=f"{HIDDEN_BY[what]} {100 * share:.0f} % of the aortic wall: calcification may be missed "
                "there, or something else taken for it.",
            )
    together = sum(reading.obstacles.values())
    if together > MOST_HIDDEN:
        yield Caveat(
            code="aorta-hidden",
            message=f"{100 * min(together, 1.0):.0f} % of the aortic wall can not be judged: "
            "the total is no AAC-24 and must not be quoted as one.",
            severity="critical",
        )


def _doubt(seen: FilmCircumstances) -> Iterator[Caveat]:
    doubt, total = seen.uncertainty, seen.score.aac24
    doubtful = [s for s in SCHEMES if doubt.classes[s.name][seen.score.classes[s.name]] < LEAST_CATEGORY]
    if doubtful:
        named = "; ".join(_name_likeliest(scheme, doubt) for scheme in doubtful)
        yield Caveat(code="class-in-doubt", message=f"The class is in doubt: {named}. Look at the least sure walls.")
    if not doubt.low <= total <= doubt.high:
        yield Caveat(
            code="total-outside-interval",
            message=f"The likeliest grades add up to {total}, outside the interval of the total "
            f"({doubt.low} to {doubt.high}): many walls lie between two grades.",
        )


def _name_likeliest(scheme: ClassScheme, doubt: TotalDoubt) -> str:
    likely = sorted(doubt.classes[scheme.name].items(), key=lambda item: -item[1])[:2]
    return " or ".join(f"{name} {scheme.span_text(name)} ({100 * chance:.0f} %)" for name, chance in likely)


def _finder(seen: FilmCircumstances) -> Iterator[Caveat]:
    if seen.found_by == "labels":
        return
    yield Caveat(
        code="found-automatically",
        message="Levels, walls and grades were found automatically. Check them on the picture.",
    )
    if seen.found_by == "learned":
        yield Caveat(
            code="learned-on-simulated-films",
            message="The networks learned on simulated films only; no clinical study has validated them.",
        )


def _origin(facts: FilmFacts) -> Iterator[Caveat]:
    if _is_densitometer(facts):
        yield Caveat(
            code="densitometer",
            message="A bone densitometer's image: coarser and noisier than a radiograph, "
            "and faint calcification is seen less well.",
        )
    elif _is_capture(facts):
        yield Caveat(
            code="secondary-capture",
            message="A secondary capture: a copy of a screen or of a film, with fewer grey levels "
            "and a window that can not be changed.",
        )
    if facts.source_format in {"png", "jpeg", "tiff"}:
        yield Caveat(
            code="no-dicom-header",
            message="The input is not DICOM: spacing, view and acquisition are as stated by the user, or unknown.",
            severity="info",
        )


def _is_densitometer(facts: FilmFacts) -> bool:
    maker = f"{facts.manufacturer} {facts.model}".upper()
    described = facts.series_description.upper().replace("_", " ").split()
    return (
        facts.modality == "BMD"
        or any(name in maker for name in DENSITOMETERS)
        or any(word in DENSITOMETRY_WORDS for word in described)
    )


def _is_capture(facts: FilmFacts) -> bool:
    return facts.source_format == "dicom" and (
        facts.modality in {"OT", "SC"} or facts.image_type[1:2] == ("SECONDARY",)
    )


def _spacing(film: Radiograph) -> Iterator[Caveat]:
    """Grades are shares of lengths: no spacing changes them, but lengths in mm are no better than it."""
    if film.spacing_source == "assumed":
        yield Caveat(
            code="spacing-assumed",
            message="The size of a pixel is not known and was assumed: grades are shares of lengths and hold, "
            "lengths in mm do not.",
        )
    elif film.spacing_source in {"imager-pixel-spacing", "nominal"}:
        yield Caveat(
            code="magnified",
            message="Lengths are those on the detector, larger than in the body by an unknown factor "
            "(about 1.1 to 1.3 for a lateral film); grades are shares and do not change.",
            severity="info",
        )


def _facing(seen: FilmCircumstances) -> Iterator[Caveat]:
    found = seen.reading.facing
    stated = _stated_facing(seen.film.facts.patient_orientation)
    if stated is not None and stated != found:
        yield Caveat(
            code="facing-contradicts-header",
            message=f"The header says that the patient looks to the {stated}, the picture shows the {found}: "
            "the film may be mirrored. Anterior and posterior follow the picture.",
        )
        return
    yield Caveat(
        code="facing", message=f"The patient looks to the {found} of the film, as the picture shows.", severity="info"
    )


def _stated_facing(orientation: tuple[str, ...]) -> str | None:
    """Side to which Patient Orientation lets the patient look; its first value is where rows lead."""
    along_row = orientation[0].upper() if orientation else ""
    if "A" in along_row:
        return "right"
    return "left" if "P" in along_row else None
