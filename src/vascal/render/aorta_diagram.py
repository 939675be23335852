"""A small drawn aorta with its eight wall-levels, and the scale from 0 to 24, as SVG for a page.

Both stand in the page itself and need nothing from outside. Every mark has its number beside it,
so that nothing depends on colour alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape

from vascal.aac.classes import KIDNEY, MOST_AAC24
from vascal.render.palette import WALL_COLOURS
from vascal.report.aac_report import AacReport
from vascal.wall_levels import LEVELS, WALLS, Level, Wall

WIDTH, TOP, LEVEL_HEIGHT = 430, 34, 70
LUMEN, WALL = 52, 9
AORTA = 176
"""Middle of the aorta, for a patient who looks to the left."""
BODY = (262, 88)
"""Left edge and width of a vertebral body."""
INK, SOFT, LINE, WASH = "#17202a", "#55616e", "#c3ccd5", "#f4f6f8"
BLOOD, BONE, EDGE = "#f8e4e0", "#eceff2", "#9aa5b0"
CLASS_FILLS = ("#dcebf7", "#a9cbe8", "#5f9ccf")


def draw_aorta(report: AacReport, say: Callable[[str], str] = str) -> str:
    """Draw both walls at L1 to L4 with calcified stretches, grades and shares.

    Parameters
    ----------
    report
        Gives grades, stretches and the side to which the patient looks; the drawing looks the same way.
    say
        Says an English text in the page's language.

    Returns
    -------
    str
        One ``svg`` element that holds numbers and fixed words only.
    """
    height = TOP + len(LEVELS) * LEVEL_HEIGHT + 40
    flip = report.reading.facing == "right"
    parts = [
        *_lumen(flip),
        *(part for level in LEVELS for part in _level(report, level, say, flip=flip)),
        *(part for wall in WALLS for part in _wall(report, wall, flip=flip)),
        *_heads(flip, say),
    ]
    label = f"Aorta with its walls at L1 to L4: anterior {report.score.anterior}, posterior {report.score.posterior}."
    return _svg(WIDTH, height, say(label), parts)


def _svg(width: int, height: int, label: str, parts: list[str]) -> str:
    inside, said = "\n".join(parts), escape(label)
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{said}" class="drawing">\n'
        f"<title>{said}</title>\n{inside}\n</svg>"
    )


def _x(place: float, flip: bool) -> float:
    return WIDTH - place if flip else place


def _rect(x: float, y: float, width: float, height: float, flip: bool, style: str) -> str:
    left = WIDTH - x - width if flip else x
    return f'<rect x="{left:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" {style}/>'


def _text(x: float, y: float, text: str, flip: bool, *, anchor: str = "middle", style: str = "") -> str:
    turned = {"start": "end", "end": "start"}.get(anchor, anchor) if flip else anchor
    return f'<text x="{_x(x, flip):.1f}" y="{y:.1f}" text-anchor="{turned}" {style}>{text}</text>'


def _lumen(flip: bool) -> Iterator[str]:
    """Draw the blood from above L1 to where the aorta divides, below L4."""
    half, bottom = LUMEN / 2, TOP + len(LEVELS) * LEVEL_HEIGHT
    right_half = ((half, TOP - 10), (half, bottom + 4), (half + 16, bottom + 34), (14, bottom + 34))
    left_half = tuple((-x, y) for x, y in reversed(right_half))
    outline = (*right_half, (0.0, bottom + 16), *left_half)
    points = " ".join(f"{_x(AORTA + x, flip):.1f},{y:.1f}" for x, y in outline)
    yield f'<polygon points="{points}" fill="{BLOOD}"/>'


def _level(report: AacReport, level: Level, say: Callable[[str], str], *, flip: bool) -> Iterator[str]:
    """Draw a vertebra with its name and points, and the level's upper and lower border."""
    top = TOP + LEVELS.index(level) * LEVEL_HEIGHT
    left, width = BODY
    for y in (top, top + LEVEL_HEIGHT):
        ends = f'x1="{_x(30, flip):.1f}" x2="{_x(left + width, flip):.1f}" y1="{y}" y2="{y}"'
        yield f'<line {ends} stroke="{LINE}" stroke-dasharray="4 4"/>'
    yield _rect(left, top + 8, width, LEVEL_HEIGHT - 16, flip, f'rx="7" fill="{BONE}" stroke="{LINE}"')
    middle = top + LEVEL_HEIGHT / 2
    yield _text(left + width / 2, middle + 6, level, flip, style=f'font-size="19" font-weight="650" fill="{INK}"')
    points = escape(say(f"{report.score.by_level[level]} of 6"))
    yield _text(left + width + 14, middle + 5, points, flip, anchor="start", style=f'font-size="16" fill="{SOFT}"')
    for wall in WALLS:
        one = report.wall(level, wall)
        side, anchor = (-1, "end") if wall == "anterior" else (1, "start")
        x = AORTA + side * (LUMEN / 2 + WALL + 9)
        yield _text(x, middle + 3, str(one.grade), flip, anchor=anchor, style=_grade_style(one.grade))
        share = escape(say(f"{100 * one.fraction:.0f} %"))
        yield _text(x, middle + 22, share, flip, anchor=anchor, style=f'font-size="15" fill="{SOFT}"')


def _grade_style(grade: int) -> str:
    return f'font-size="23" font-weight="650" fill="{INK if grade else EDGE}"'


def _wall(report: AacReport, wall: Wall, *, flip: bool) -> Iterator[str]:
    """Draw a wall, and its calcified stretches where they were found."""
    left = AORTA - LUMEN / 2 - WALL if wall == "anterior" else AORTA + LUMEN / 2
    length = len(LEVELS) * LEVEL_HEIGHT
    yield _rect(left, TOP, WALL, length, flip, f'fill="#fff" stroke="{EDGE}"')
    for first, last in report.reading.stretches[wall]:
        tall = max((last - first) * LEVEL_HEIGHT, 2.0)
        style = f'fill="{WALL_COLOURS[wall]}" stroke="{INK}" stroke-width="0.8"'
        yield _rect(left, TOP + first * LEVEL_HEIGHT, WALL, tall, flip, style)


def _heads(flip: bool, say: Callable[[str], str]) -> Iterator[str]:
    style = f'font-size="16" fill="{SOFT}"'
    yield _text(AORTA - LUMEN / 2 - WALL, 14, escape(say("anterior")), flip, anchor="end", style=style)
    yield _text(AORTA + LUMEN / 2 + WALL, 14, escape(say("posterior")), flip, anchor="start", style=style)


def draw_scale(report: AacReport, say: Callable[[str], str] = str) -> str:
    """Draw the totals 0 to 24 with classes, interval and total."""
    width, left, step = 300, 10, (300 - 20) / (MOST_AAC24 + 1)
    parts = [f'<g font-size="12" fill="{SOFT}">']
    for fill, (low, high) in zip(CLASS_FILLS, KIDNEY.spans, strict=True):
        wide = (high + 1 - low) * step
        parts.append(f'<rect x="{left + low * step:.1f}" y="22" width="{wide:.1f}" height="14" fill="{fill}"/>')
        middle = left + (low + (high - low + 1) / 2) * step
        parts.append(f'<text x="{middle:.1f}" y="62" text-anchor="middle">{low}-{high}</text>')
    doubt, total = report.uncertainty, report.score.aac24
    first, wide = left + doubt.low * step, (doubt.high + 1 - doubt.low) * step
    parts.append(f'<rect x="{first:.1f}" y="41" width="{wide:.1f}" height="5" rx="2.5" fill="{INK}"/>')
    x = left + (total + 0.5) * step
    parts.append(f'<path d="M {x:.1f} 22 l -7 -12 h 14 z" fill="{INK}"/></g>')
    label = f"{total} on the scale from 0 to {MOST_AAC24}; interval {doubt.low} to {doubt.high}."
    return _svg(width, 66, say(label), parts)
