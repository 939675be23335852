"""The report of a film as one self-contained HTML page: a first sheet to sign, then details."""

from __future__ import annotations

from vascal.render.aorta_diagram import draw_aorta, draw_scale
from vascal.render.film_images import FilmImages, draw_marked_film, draw_plain_film
from vascal.render.film_wording import (
    GRADE_WORDS,
    list_classes,
    list_film_facts,
    list_sums,
    show_aac_doubt,
    show_class,
    show_percent,
    summarise_aac,
)
from vascal.render.language import LanguageCode, read_language
from vascal.render.page import sort_caveats
from vascal.render.page_foot import make_foot
from vascal.render.pages import fill_page
from vascal.render.palette import WALL_COLOURS
from vascal.report.aac_report import AacReport
from vascal.wall_levels import LEVELS, WALLS

WHOSE = ("Age, sex", "Date", "Series")
"""Facts at the head of the first sheet."""


def draw_film_page(report: AacReport, images: FilmImages, *, language: LanguageCode = "en") -> str:
    """Write a film's report as HTML that needs nothing else: pictures inside, no scripts, no links out.

    Parameters
    ----------
    report
        What to say. Its texts come from image headers and are escaped.
    images
        From `draw_film_images`.
    language
        Of the page.
    """
    say, facts, doubt = read_language(language).say, dict(list_film_facts(report)), report.uncertainty
    values: dict[str, object] = {
        "report": report,
        "score": report.score,
        "whose": [(name, facts[name]) for name in WHOSE],
        "protocol": [(name, value) for name, value in facts.items() if name not in WHOSE],
        "sums": list_sums(report),
        "walls": WALLS,
        "levels": _list_levels(report),
        "grade_words": GRADE_WORDS,
        "classes": list_classes(report),
        "meaning": show_class(report) if report.score.aac24 else "No calcification found",
        "interval": f"{100 * doubt.level:.0f} % interval {doubt.low} to {doubt.high}",
        "doubt": show_aac_doubt(report),
        **sort_caveats(report.caveats),
        "legend": (
            summarise_aac(report),
            "The marks of calcification stand beside the wall, outside the aorta.",
            f"The patient looks to the {report.reading.facing}.",
        ),
        "scale": draw_scale(report, say),
        "aorta": draw_aorta(report, say),
        "plain": draw_plain_film(images, say),
        "marked": draw_marked_film(images, say),
        "colours": WALL_COLOURS,
        "chance": show_percent,
        "foot": make_foot(facts, report.film.key, say),
    }
    return fill_page("film.html.j2", values, language)


def _list_levels(report: AacReport) -> list[dict[str, object]]:
    return [
        {
            "name": level,
            "walls": [report.wall(level, wall) for wall in WALLS],
            "points": report.score.by_level[level],
            "confidence": report.reading.level_confidence.get(level),
        }
        for level in LEVELS
    ]
