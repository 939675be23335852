"""The two drawings of a risk section, as SVG for a page: where a score lies among peers, and risk before and after it.

They stand in the page itself and need nothing from outside. What they show is also written beside them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from vascal.render.language import Language, read_language
from vascal.render.wording import show_score
from vascal.risk.percentile_curves import PercentileCurve
from vascal.risk.reclassification import CATEGORIES, EDGES

INK, SOFT, LINE, GOOD = "#17202a", "#55616e", "#d9dfe5", "#0b5cad"
BAND = "#0b5cad"
SCORES = (0, 10, 100, 400, 1000, 3000, 10000)
"""Marks of the score axis; logarithmic above 1, so that zero has a place."""
WIDTH, HEIGHT = 460, 300
LEFT, RIGHT, TOP, BOTTOM = 46, 46, 22, 40
NARROW = (340, 206)
"""Width and height of the drawing of percentiles where it stands in a column; its letters stay as large."""
ENGLISH = read_language("en")


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRow:
    """One formula in the drawing of risks.

    Parameters
    ----------
    title
        Name of the formula, short.
    before, after
        Probabilities, 0 to 1, without and with calcium; None where a formula does not know calcium.
    span
        After, at both ends of the score's interval.
    """

    title: str
    before: float
    after: float | None = None
    span: tuple[float, float] | None = None


def draw_percentiles(
    curves: Sequence[PercentileCurve],
    age_years: float,
    agatston: float,
    interval: tuple[float, float] | None = None,
    *,
    language: Language = ENGLISH,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> str:
    """Draw percentiles over age with the patient on them.

    Parameters
    ----------
    curves
        From the lowest percentile.
    age_years, agatston
        The patient.
    interval
        What the score may be instead.
    language
        Of what is written in it.
    size
        Width and height.
    """
    age_years = math.floor(age_years) + 0.5  # the dot stands in the middle of its year, never on the step of a table
    ages = [age for curve in curves for age, _ in curve.points]
    low, high = min(*ages, age_years - 1), max(*ages, age_years + 1)
    top = max(1000.0, agatston, *(score for curve in curves for _, score in curve.points)) * 1.15
    frame = _Frame(low=low, high=high, top=math.log1p(top), width=size[0], height=size[1])
    parts = [
        _text(2, 11, escape(language.say("Agatston score")), anchor="start"),
        *_score_axis(frame),
        *_age_axis(frame, language.say("age, years")),
        *_bands(frame, curves),
        *_curve_names(frame, curves, language),
    ]
    parts += _patient(frame, age_years, language.say(show_score(agatston)), agatston, interval)
    here = f"{show_score(agatston)} at {math.floor(age_years)} years"
    label = f"Percentiles of the Agatston score by age, and this patient: {here}."
    return _svg(*size, language.say(label), parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    low: float
    high: float
    top: float
    width: int
    height: int

    def x(self, age: float) -> float:
        return LEFT + (self.width - LEFT - RIGHT) * (age - self.low) / (self.high - self.low)

    def y(self, agatston: float) -> float:
        return self.height - BOTTOM - (self.height - TOP - BOTTOM) * math.log1p(agatston) / self.top


def _svg(width: int, height: int, label: str, parts: Sequence[str]) -> str:
    inside, said = "\n".join(parts), escape(label)
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{said}" class="drawing">\n'
        f"<title>{said}</title>\n{inside}\n</svg>"
    )


def _text(x: float, y: float, text: str, *, anchor: str = "middle", size: float = 12, style: str = "") -> str:
    fill = "" if "fill=" in style else f'fill="{SOFT}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size:g}" {fill} {style}>{text}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'


def _bar(x: float, y: float, width: float, height: float, style: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" {style}/>'


def _score_axis(frame: _Frame) -> Iterator[str]:
    for score in SCORES:
        y = frame.y(score)
        if y < TOP:
            return
        yield _line(LEFT, y, frame.width - RIGHT, y, f'stroke="{LINE}"')
        yield _text(LEFT - 8, y + 4, f"{score}", anchor="end")


def _age_axis(frame: _Frame, title: str) -> Iterator[str]:
    first = math.ceil(frame.low / 10) * 10
    for age in range(first, math.floor(frame.high) + 1, 10):
        x = frame.x(age)
        yield _line(x, frame.height - BOTTOM, x, frame.height - BOTTOM + 5, f'stroke="{SOFT}"')
        yield _text(x, frame.height - BOTTOM + 19, f"{age}")
    yield _line(LEFT, frame.height - BOTTOM, frame.width - RIGHT, frame.height - BOTTOM, f'stroke="{SOFT}"')
    yield _text((LEFT + frame.width - RIGHT) / 2, frame.height - 4, escape(title))


def _path(frame: _Frame, points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{frame.x(age):.1f},{frame.y(score):.1f}" for age, score in points)


def _bands(frame: _Frame, curves: Sequence[PercentileCurve]) -> Iterator[str]:
    """Shade below each curve, the most common lightest, and draw the curves over it."""
    for curve in reversed(curves):
        ends = ((curve.points[-1][0], 0.0), (curve.points[0][0], 0.0))
        yield f'<polygon points="{_path(frame, (*curve.points, *ends))}" fill="{BAND}" fill-opacity="0.07"/>'
    for curve in curves:
        wide = 2.2 if curve.percent == 50 else 1.2
        yield (
            f'<polyline points="{_path(frame, curve.points)}" fill="none" stroke="{BAND}" stroke-width="{wide}" '
            f'stroke-opacity="0.75"/>'
        )


def _curve_names(frame: _Frame, curves: Sequence[PercentileCurve], language: Language) -> Iterator[str]:
    """Name each curve at its end, moved apart where they would touch."""
    above = math.inf
    for curve in reversed(curves):
        age, score = curve.points[-1]
        y = frame.y(score) if above == math.inf else max(frame.y(score), above + 14)
        above = y
        bold = 'font-weight="650"' if curve.percent == 50 else ""
        name = language.say(f"{curve.percent:g}th", "curve")
        yield _text(frame.x(age) + 6, y + 4, escape(name), anchor="start", style=bold)


def _patient(
    frame: _Frame, age: float, said: str, agatston: float, interval: tuple[float, float] | None
) -> Iterator[str]:
    x, y = frame.x(age), frame.y(agatston)
    if interval is not None:
        yield _line(x, frame.y(interval[0]), x, frame.y(interval[1]), f'stroke="{INK}" stroke-width="2"')
    yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6.5" fill="{INK}" stroke="#fff" stroke-width="2"/>'
    right = x < frame.width / 2
    halo = 'fill="#fff" stroke="#fff" stroke-width="4" stroke-linejoin="round" aria-hidden="true"'
    for style in (halo, f'fill="{INK}"'):  # the halo as a text below: not every printer knows `paint-order`
        yield _text(
            x + (12 if right else -12),
            y - 8,
            escape(said),
            anchor="start" if right else "end",
            size=15,
            style=f'{style} font-weight="650"',
        )


RISK_LEFT, RISK_RIGHT, ROW, RISK_TOP = 12, 20, 52, 30
LEAST_TICK, MOST_DIGITS = 36, 4
FILLS = ("#eef3f8", "#dfe9f3", "#cadbec", "#b3cbe4")


def draw_risks(rows: Sequence[RiskRow], *, language: Language = ENGLISH) -> str:
    """Draw ten-year risks over the categories of the 2018 AHA/ACC guideline, before (ring) and after (dot) calcium.

    Parameters
    ----------
    rows
        At least one.
    language
        Of what is written in it.
    """
    highest = max(max(row.before, row.after or 0.0, *(row.span or (0.0,))) for row in rows)
    top = next((edge for edge in (0.25, 0.4, 0.6, 1.0) if highest < 0.96 * edge), 1.0)
    height = RISK_TOP + ROW * len(rows) + 26
    parts = [*_categories(top, height, language)]
    for n, row in enumerate(rows):
        parts += _risk_row(row, top, RISK_TOP + n * ROW, language)
    label = "Ten-year risks: " + "; ".join(_say(row) for row in rows) + "."
    return _svg(WIDTH, height, language.say(label), parts)


def _say(row: RiskRow) -> str:
    after = "" if row.after is None else f", with calcium {show_percent(row.after)}"
    return f"{row.title} {show_percent(row.before)}{after}"


def show_percent(probability: float) -> str:
    """Write a probability in per cent with one decimal, or more where rounding would hide a category's edge.

    Examples
    --------
    >>> show_percent(0.0861), show_percent(0.0002), show_percent(0.9999), show_percent(0.04998)
    ('8.6 %', '<0.1 %', '>99.9 %', '4.998 %')
    """
    if probability > 0.9995:
        return ">99.9 %"
    if probability < 0.0005:
        return "<0.1 %"
    digits = 1
    while digits < MOST_DIGITS and any(round(probability, digits + 2) >= edge > probability for edge in EDGES):
        digits += 1
    return f"{100 * probability:.{digits}f} %"


def _risk_x(probability: float, top: float) -> float:
    return RISK_LEFT + (WIDTH - RISK_LEFT - RISK_RIGHT) * min(probability, top) / top


def _categories(top: float, height: int, language: Language) -> Iterator[str]:
    low = 0.0
    for edge, name, fill in zip((*EDGES, 1.0), CATEGORIES, FILLS, strict=True):
        x, end = _risk_x(low, top), _risk_x(edge, top)
        yield _bar(x, RISK_TOP - 6, end - x, height - RISK_TOP - 16, f'fill="{fill}"')
        if end - x > 34:
            yield _text((x + end) / 2, RISK_TOP - 13, escape(language.say(name, "risk")), size=11.5)
        low = min(edge, top)
    last = -math.inf
    for share in (0.0, *EDGES, *(tick for tick in (0.4, 0.6, 1.0) if tick <= top)):
        x = _risk_x(share, top)
        if x - last >= LEAST_TICK:
            yield _text(x, height - 8, language.say(f"{100 * share:g} %"), size=11.5)
            last = x


def _risk_row(row: RiskRow, top: float, y: float, language: Language) -> Iterator[str]:
    middle, before = y + 34, _risk_x(row.before, top)
    shares = [row.before] if row.after is None else [row.before, row.after]
    said = " → ".join(language.say(show_percent(share)) for share in shares)
    yield _text(
        RISK_LEFT + 6,
        y + 14,
        f'{escape(language.say(row.title))} <tspan font-weight="650">{escape(said)}</tspan>',
        anchor="start",
        size=13,
        style=f'fill="{INK}"',
    )
    if row.after is not None:
        after = _risk_x(row.after, top)
        if row.span is not None:
            low, high = (_risk_x(value, top) for value in row.span)
            yield _bar(low, middle - 4, max(high - low, 1), 8, f'rx="4" fill="{GOOD}" fill-opacity="0.3"')
        yield _line(before, middle, after, middle, f'stroke="{GOOD}" stroke-width="2.4"')
        yield f'<circle cx="{after:.1f}" cy="{middle}" r="6" fill="{GOOD}" stroke="#fff" stroke-width="1.5"/>'
    yield f'<circle cx="{before:.1f}" cy="{middle}" r="5.2" fill="#fff" stroke="{INK}" stroke-width="2"/>'
