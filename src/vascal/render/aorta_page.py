"""The report on the aorta as one self-contained HTML page."""

from __future__ import annotations

import base64

from jinja2 import Environment, PackageLoader, StrictUndefined

from vascal.render.aorta_overlay import headline
from vascal.report.aorta_report import AortaReport
from vascal.wall_levels import LEVELS, WALLS

_PAGES = Environment(
    loader=PackageLoader("vascal.render"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def draw_aorta_page(report: AortaReport, overlay_png: bytes) -> str:
    """Write a report as HTML that needs nothing else: picture inside, no scripts, no links out.

    Parameters
    ----------
    report
        What to say; its texts are escaped.
    overlay_png
        From `draw_aorta`.
    """
    grades = report.grades
    walls = [
        (level, *((report.fractions[level, w], None if grades is None else grades.grades[level, w]) for w in WALLS))
        for level in LEVELS
        if (level, WALLS[0]) in report.fractions
    ]
    return _PAGES.get_template("aorta.html.j2").render(
        report=report, headline=headline(report), walls=walls, picture=base64.b64encode(overlay_png).decode()
    )
