"""The total on a scale of the usual categories, as SVG for a page."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from html import escape

from vascal.render.wording import show_score

EDGES = (0.0, 10.0, 100.0, 400.0, 4000.0)
"""Edges of the categories, Agatston units; beyond the last there is no room, and nobody."""
NAMES = ("0", "1–10", "11–100", "101–400", ">400")
FILLS = ("#eef3f8", "#d9e6f2", "#bcd3e8", "#93b7d8", "#6196c6")
INK, SOFT = "#17202a", "#4d5965"
WIDTH, HEIGHT, LEFT = 320, 58, 8
ZERO, STEP = 36.0, 67.0
"""Width of the box of zero, and of each other."""
TOP, TALL = 18, 14


def draw_category_scale(agatston: float, span: tuple[float, float] | None, say: Callable[[str], str]) -> str:
    """Draw the categories, the total and what it may be instead.

    Parameters
    ----------
    agatston
        Total, Agatston units.
    span
        Lowest and highest total; None where it is not known.
    say
        Says an English text in the page's language.
    """
    label = f"{show_score(agatston)} on the scale of categories."
    if span is not None:
        label = f"{show_score(agatston)} on the scale of categories; interval {' to '.join(map(show_score, span))}."
    said = escape(say(label))
    inside = "\n".join([*_boxes(), *_span(span), _marker(agatston)])
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{said}" class="drawing">\n'
        f"<title>{said}</title>\n{inside}\n</svg>"
    )


def place_score(agatston: float) -> float:
    """Give the place of a score along the scale: even steps a category, and logarithmic within."""
    if agatston <= 0:
        return LEFT + ZERO / 2
    start = LEFT + ZERO
    for low, high in itertools.pairwise(EDGES):
        if agatston <= high:
            return start + STEP * math.log1p(agatston - low) / math.log1p(high - low)
        start += STEP
    return start


def _boxes() -> Iterator[str]:
    left = float(LEFT)
    for name, fill in zip(NAMES, FILLS, strict=True):
        width = STEP if left > LEFT else ZERO
        yield f'<rect x="{left:.1f}" y="{TOP}" width="{width:.1f}" height="{TALL}" fill="{fill}"/>'
        middle = left + width / 2
        yield (
            f'<text x="{middle:.1f}" y="{HEIGHT - 4}" text-anchor="middle" font-size="12" fill="{SOFT}">'
            f"{escape(name)}</text>"
        )
        left += width


def _span(span: tuple[float, float] | None) -> Iterator[str]:
    if span is None:
        return
    low, high = place_score(span[0]), place_score(span[1])
    style = f'height="4" rx="2" fill="{INK}"'
    yield f'<rect x="{low - 2:.1f}" y="{TOP + TALL + 3}" width="{max(high - low, 0) + 4:.1f}" {style}/>'


def _marker(agatston: float) -> str:
    return f'<path d="M{place_score(agatston):.1f} {TOP} l-7 -12 h14 z" fill="{INK}"/>'
