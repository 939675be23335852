"""The report of a film as one self-contained HTML page."""

from __future__ import annotations

import base64

from vascal.render.aorta_diagram import draw_aorta, draw_scale
from vascal.render.film_wording import (
    GRADE_WORDS,
    list_classes,
    list_film_facts,
    show_aac_doubt,
    show_class,
    show_percent,
    summarise_aac,
)
from vascal.render.language import LanguageCode
from vascal.render.pages import fill_page
from vascal.render.palette import WALL_COLOURS
from vascal.report.aac_report import AacReport
from vascal.wall_levels import LEVELS, WALLS


def draw_film_page(report: AacReport, overlay_png: bytes, *, language: LanguageCode = "en") -> str:
    """Write a film's report as HTML that needs nothing else: picture inside, no scripts, no links out.

    Parameters
    ----------
    report
        What to say. Its texts come from image headers and are escaped.
    overlay_png
        From `draw_film_overlay`.
    language
        Of the page.
    """
    values = {
        "report": report,
        "score": report.score,
        "facts": list_film_facts(report),
        "walls": WALLS,
        "levels": _list_levels(report),
        "grade_words": GRADE_WORDS,
        "classes": list_classes(report),
        "class_text": show_class(report),
        "doubt": show_aac_doubt(report),
        "grave": [caveat for caveat in report.caveats if caveat.severity == "critical"],
        "cautions": [caveat for caveat in report.caveats if caveat.severity == "caution"],
        "remarks": [caveat for caveat in report.caveats if caveat.severity == "info"],
        "summary": summarise_aac(report),
        "scale": draw_scale(report),
        "aorta": draw_aorta(report),
        "colours": WALL_COLOURS,
        "picture": base64.b64encode(overlay_png).decode(),
        "chance": show_percent,
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
