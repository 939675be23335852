"""The total score over time, with what chance and age explain, as SVG for a page.

Nothing depends on colour alone: chance is a plain band, what was expected is hatched and dashed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from vascal.errors import RiskError
from vascal.render.follow_up_wording import shown_places, summarise_change
from vascal.render.wording import show_score
from vascal.report.follow_up import FollowUp
from vascal.risk.progression import limit_by_chance

WIDE, NARROW = 760, 400
"""Widths: for a page, and for a telephone."""
LEFT, TOP, FLOOR, MARGIN = 58, 16, 318, 8
"""Edges of the plot, and what is left free to its right."""
BEFORE, AFTER = 30, 64
"""How far inside them the first and the last scan stand; the last has its number beside it."""
INK, SOFT, LINE = "#17202a", "#55616e", "#d9dfe5"
MEASURED, EXPECTED = "#0b5cad", "#a85b00"
LABEL_WIDTH, ROW_HEIGHT = 84, 17
COURSE_STEPS = 40
NEAR = 62
"""Numbers of scans closer than this would overlap side by side."""
DIGIT_WIDTH, NUMBER_HEIGHT = 10, 18
_CLASSES = {True: "chart wide", False: "chart narrow"}
_HATCHING = (
    '<defs><pattern id="{name}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<line x1="0" x2="0" y1="0" y2="6" stroke="{EXPECTED}" stroke-opacity="0.28" stroke-width="1.6"/></pattern></defs>'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """From years and Agatston units, up to the last scan and the top of the scale, to places in the drawing."""

    width: int
    years: float
    most: float

    @property
    def end(self) -> int:
        return self.width - MARGIN

    def x(self, years: float) -> float:
        return LEFT + BEFORE + (self.end - LEFT - BEFORE - AFTER) * years / self.years

    def y(self, agatston: float) -> float:
        return FLOOR - (FLOOR - TOP) * min(max(agatston / self.most, 0.0), 1.0)


def draw_follow_up_chart(found: FollowUp, width: int = WIDE) -> str:
    """Draw the totals over time.

    Parameters
    ----------
    found
        Gives scans, limits of chance and the expected course.
    width
        Of the drawing, in its own units, of which letters are 13 high.

    Returns
    -------
    str
        One ``svg`` element that holds numbers and fixed words only.
    """
    scale = _Scale(width=width, years=found.years[-1], most=_ceiling(found))
    named = _named(found)
    rows = _rows([scale.x(found.years[place]) for place in named])
    parts = [
        *_grid(scale),
        *(_chance(found, scale) if found.is_comparable else ()),
        *(_course(found, scale) if found.is_comparable else ()),
        *_measured(found, scale),
        *_dates(found, named, rows, scale),
    ]
    label = summarise_change(found)
    inside = "\n".join(parts)
    height = FLOOR + 30 + ROW_HEIGHT * max(rows)
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{label}" class="{_CLASSES[width > NARROW]}">\n'
        f"<title>{label}</title>\n{inside}\n</svg>"
    )


def nice_step(most: float) -> float:
    """Give a round distance between grid lines, four to eight of them up to `most`.

    Examples
    --------
    >>> nice_step(11.6), nice_step(90), nice_step(430), nice_step(2600)
    (2.0, 20.0, 100.0, 500.0)
    """
    rough = most / 5
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= rough * 0.86)


def _ceiling(found: FollowUp) -> float:
    """Give the top of the scale: every score with its chance; the expected course may be cut."""
    tops = [scan.agatston + limit_by_chance(scan.agatston, scan.bmi) for scan in found.scans]
    later = found.course.later if found.is_comparable else ()
    tops += [min(one.expected.high, 1.5 * max(tops)) for one in later if one is not None]
    step = nice_step(max(tops))
    return step * math.ceil(max(tops) / step)


def _grid(scale: _Scale) -> Iterator[str]:
    step = nice_step(scale.most)
    for number in range(round(scale.most / step) + 1):
        y = scale.y(number * step)
        stroke = SOFT if number == 0 else LINE
        yield f'<line x1="{LEFT}" x2="{scale.end}" y1="{y:.1f}" y2="{y:.1f}" stroke="{stroke}"/>'
        yield _text(LEFT - 9, y + 4.5, f"{number * step:g}", anchor="end", colour=SOFT)


def _chance(found: FollowUp, scale: _Scale) -> Iterator[str]:
    """Shade what an unchanged patient would measure after the first scan."""
    first, limit = found.scans[0].agatston, found.progression.overall.limit
    top, bottom = scale.y(first + limit), scale.y(max(0.0, first - limit))
    left, width = scale.x(0), scale.end - scale.x(0)
    yield (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{bottom - top:.1f}" fill="{MEASURED}" '
        'fill-opacity="0.10"/>'
    )
    yield (
        f'<line x1="{left:.1f}" x2="{scale.end}" y1="{scale.y(first):.1f}" y2="{scale.y(first):.1f}" '
        f'stroke="{MEASURED}" stroke-opacity="0.45" stroke-dasharray="2 4"/>'
    )


def _course(found: FollowUp, scale: _Scale) -> Iterator[str]:
    """Draw the expected course with its acceptance range, as far as the tool reaches."""
    followed = found.course.followed
    if followed is None:
        return
    low, middle, high = [], [], []
    for step in range(COURSE_STEPS + 1):
        years = scale.years * step / COURSE_STEPS
        try:
            expected = followed.at(years)
        except RiskError:
            break
        x = scale.x(years)
        low.append((x, scale.y(expected.low)))
        middle.append((x, scale.y(expected.agatston)))
        high.append((x, scale.y(expected.high)))
    name = f"hatching-{scale.width}"  # a page has two drawings, and a hidden one lends no pattern
    yield _HATCHING.format(name=name)
    yield (
        f'<polygon points="{_points([*high, *reversed(low)])}" fill="url(#{name})" stroke="{EXPECTED}" '
        'stroke-opacity="0.35"/>'
    )
    yield (
        f'<polyline points="{_points(middle)}" fill="none" stroke="{EXPECTED}" stroke-width="2" '
        'stroke-dasharray="7 5"/>'
    )


def _named(found: FollowUp) -> tuple[int, ...]:
    """Choose the scans that are written beside: of many only the first, the highest and the last."""
    last = len(found.scans) - 1
    highest = max(range(last + 1), key=lambda place: found.scans[place].agatston)
    return tuple(sorted({*shown_places(last + 1), highest}))


def _measured(found: FollowUp, scale: _Scale) -> Iterator[str]:
    """Draw each total with what a second scan may differ, joined by a line."""
    places = [(scale.x(years), scale.y(scan.agatston)) for years, scan in zip(found.years, found.scans, strict=True)]
    yield f'<polyline points="{_points(places)}" fill="none" stroke="{MEASURED}" stroke-width="2.5"/>'
    for (x, y), scan in zip(places, found.scans, strict=True):
        limit = limit_by_chance(scan.agatston, scan.bmi)
        top, bottom = scale.y(scan.agatston + limit), scale.y(max(0.0, scan.agatston - limit))
        yield (
            f'<path d="M {x:.1f} {top:.1f} V {bottom:.1f} m -6 0 h 12 M {x - 6:.1f} {top:.1f} h 12" '
            f'stroke="{MEASURED}" stroke-width="1.4" fill="none"/>'
        )
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{MEASURED}" stroke="#fff" stroke-width="2"/>'
    yield from _numbers(found, places)


def _numbers(found: FollowUp, places: Sequence[tuple[float, float]]) -> Iterator[str]:
    """Write the scores beside their dots, except where one would run into another that matters more."""
    named = _named(found)
    nexts = {place: places[after][0] for place, after in pairwise(named)}
    first, last = named[0], named[-1]
    taken: list[tuple[float, float, float]] = []
    for place in sorted(named, key=lambda one: (one != last, one != first, -found.scans[one].agatston)):
        (x, y), text = places[place], show_score(found.scans[place].agatston)
        side, anchor = (-1, "end") if nexts.get(place, math.inf) - x < NEAR else (1, "start")
        left, right = sorted((x + 11 * side, x + (11 + DIGIT_WIDTH * len(text)) * side))
        if all(right < one or left > two or abs(y - high) > NUMBER_HEIGHT for one, two, high in taken):
            taken.append((left, right, y))
            yield _text(x + 11 * side, y - 9, text, anchor=anchor, colour=INK, size=17, weight=650)


def _rows(places: Sequence[float]) -> list[int]:
    """Give each label the first row in which it does not run into the one before it."""
    ends: list[float] = []
    rows = []
    for x in places:
        row = next((row for row, end in enumerate(ends) if x - LABEL_WIDTH / 2 > end), len(ends))
        ends[row : row + 1] = [x + LABEL_WIDTH / 2]
        rows.append(row)
    return rows


def _dates(found: FollowUp, named: Sequence[int], rows: Sequence[int], scale: _Scale) -> Iterator[str]:
    """Mark each scan's day, and write it below those that are named."""
    for years in found.years:
        x = scale.x(years)
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{FLOOR}" y2="{FLOOR + 6}" stroke="{SOFT}"/>'
    days = [str(scan.on) for scan in found.scans]
    for place, row in zip(named, rows, strict=True):
        x = scale.x(found.years[place])
        yield _text(x, FLOOR + 22 + row * ROW_HEIGHT, days[place], anchor="middle", colour=SOFT)


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _text(x: float, y: float, text: str, *, anchor: str, colour: str, size: int = 13, weight: int = 400) -> str:
    halo = 'stroke="#fff" stroke-width="4" stroke-opacity="0.8" paint-order="stroke"'
    style = f'font-size="{size}" font-weight="{weight}" fill="{colour}" {halo}'
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {style}>{text}</text>'
