"""Key images as SVG that stands in a page: the picture, outlines over it, and letters."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from html import escape

from vascal.render.key_images import REASON, SIDE, KeyPanel, LesionMark
from vascal.render.palette import HEART_COLOUR, REJECTED_COLOUR, colour_of
from vascal.render.wording import show_minus

Say = Callable[[str], str]
DARK = "#000"
OUTLINE, THIN = 2.2, 1.5
"""Widths of lines on a panel."""


def draw_panel(panel: KeyPanel, say: Say) -> str:
    """Draw one picture.

    Parameters
    ----------
    panel
        What it shows.
    say
        Says an English text in the page's language.
    """
    label = escape(describe_panel(panel, say))
    picture = base64.b64encode(panel.jpeg).decode()
    parts = [
        f'<image width="{SIDE}" height="{SIDE}" href="data:image/jpeg;base64,{picture}"/>',
        *_outlines(panel),
        *(part for mark in panel.lesions for part in _leader(mark)),
        *(part for mark in panel.lesions for part in _letter(mark)),
        *(part for reason, x, y in panel.named for part in _write(x, y, say(reason), REASON, REJECTED_COLOUR)),
        *_sides(),
    ]
    inside = "\n".join(parts)
    return (
        f'<svg viewBox="0 0 {SIDE} {SIDE}" role="img" aria-label="{label}" class="panel">\n'
        f"<title>{label}</title>\n{inside}\n</svg>"
    )


def caption_panel(panel: KeyPanel) -> str:
    """Say in English which picture it is."""
    if panel.kind == "overview":
        return "Coronal maximum, seen from the front"
    where = f"z {show_minus(f'{panel.z_mm:.1f}')} mm"
    if panel.image is None:
        return f"Slice {panel.number} of {panel.count}, {where}"
    return f"Image {panel.image} (slice {panel.number} of {panel.count}), {where}"


def describe_panel(panel: KeyPanel, say: Say) -> str:
    """Say what is to be seen, for those who do not see it."""
    vessels: dict[str, list[str]] = {}
    for mark in panel.lesions:
        vessels.setdefault(mark.vessel, []).append(mark.letter)
    named = say("; ").join(f"{say(vessel)} {say(', ').join(letters)}" for vessel, letters in vessels.items())
    return f"{say(caption_panel(panel))}{say('.')}{say(' ')}{named or say('no lesions')}"


def _outlines(panel: KeyPanel) -> Iterator[str]:
    yield '<g fill="none" stroke-linejoin="round">'
    if panel.heart:
        yield f'<path d="{panel.heart}" stroke="{HEART_COLOUR}" stroke-opacity="0.75" stroke-width="{THIN}"/>'
    for outline in panel.rejected:
        yield f'<path d="{outline}" stroke="{REJECTED_COLOUR}" stroke-width="{THIN}" stroke-dasharray="4 3"/>'
    width = OUTLINE if panel.kind == "slice" else THIN
    for mark in panel.lesions:
        yield f'<path d="{mark.outline}" stroke="{DARK}" stroke-opacity="0.6" stroke-width="{2 * width:g}"/>'
    for mark in panel.lesions:
        yield f'<path d="{mark.outline}" stroke="{colour_of(mark.vessel)}" stroke-width="{width}"/>'
    yield "</g>"


def _leader(mark: LesionMark) -> Iterator[str]:
    """Draw the line to a letter that found no room beside its lesion."""
    if mark.place.leader is not None:
        x1, y1, x2, y2 = mark.place.leader
        ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        yield f'<line {ends} stroke="{DARK}" stroke-opacity="0.6" stroke-width="3.4"/>'
        yield f'<line {ends} stroke="{colour_of(mark.vessel)}" stroke-width="1.2"/>'


def _letter(mark: LesionMark) -> Iterator[str]:
    box = mark.place.box
    height = box.bottom - box.top
    place = box.middle[0], box.bottom - 0.15 * height
    yield from _write(*place, mark.letter, height, colour_of(mark.vessel), anchor="middle", weight=700)


def _sides() -> Iterator[str]:
    yield from _write(12, 28, "R", 22, "#c8d1da")
    yield from _write(SIDE - 12, 28, "L", 22, "#c8d1da", anchor="end")


def _write(
    x: float, y: float, text: str, size: float, colour: str, *, anchor: str = "start", weight: int = 400
) -> Iterator[str]:
    """Write a text over its own dark shadow: not every printer knows `paint-order`."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size:g}" font-weight="{weight}"'
    shadow = f'fill="{DARK}" stroke="{DARK}" stroke-width="{size / 6:.1f}" stroke-linejoin="round" aria-hidden="true"'
    yield f"<text {place} {shadow}>{escape(text)}</text>"
    yield f'<text {place} fill="{colour}">{escape(text)}</text>'
