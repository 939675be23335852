"""The picture: key slices with outlined, numbered lesions, and an overview.

Drawn with Pillow: it starts in a tenth of the time of a plotting library, and
the whole command has only a few seconds.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vascal.calcium.lesions import Lesion
from vascal.render.palette import HEART_COLOUR, REJECTED_COLOUR, colour_of
from vascal.render.slices import View, choose_slices, choose_view, pixels_in_slice
from vascal.render.wording import show_score
from vascal.report.report import Report
from vascal.types import AnyVoxelIndex
from vascal.volume import LabelMap, Volume

WIDTH = 1600
GAP = 12
HEADER = 132
FOOTER = 40
BACKGROUND, TEXT, FAINT, ALARM = "#0d1117", "#f0f3f6", "#9aa7b4", "#ff8a65"
WINDOW_HU = (-200.0, 500.0)
"""Lowest and highest CT number shown: fat, muscle and faint calcium stay apart."""
OVERSAMPLE = 2
MOST_PANELS = 9

Edge = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Marks:
    """What is drawn over the slices.

    Parameters
    ----------
    lesions
        Scored lesions.
    rejected
        Reason and voxels of what was not scored.
    heart
        Structures; the one called ``heart`` is outlined.
    """

    lesions: tuple[Lesion, ...]
    rejected: tuple[tuple[str, AnyVoxelIndex], ...] = ()
    heart: LabelMap | None = None


def draw_overlay(volume: Volume, report: Report, marks: Marks) -> bytes:
    """Draw the picture of one report.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    report
        Gives the header line.
    marks
        Lesions, rejected candidates and heart on the same grid.

    Returns
    -------
    bytes
        PNG, 1600 pixels wide.
    """
    view = choose_view(volume.grid, marks.lesions, marks.heart)
    slices = choose_slices(volume.grid, marks.lesions, marks.heart, MOST_PANELS - 1)
    columns = 2 if len(slices) + 1 in (2, 4) else 3
    side = (WIDTH - GAP * (columns + 1)) // columns
    panels = [_draw_slice(volume, marks, view, k, side) for k in slices]
    panels.append(_draw_overview(volume, marks, view, side))
    rows = -(-len(panels) // columns)
    page = Image.new("RGB", (WIDTH, HEADER + rows * (side + GAP) + FOOTER), BACKGROUND)
    for place, panel in enumerate(panels):
        row, column = divmod(place, columns)
        page.paste(panel, (GAP + column * (side + GAP), HEADER + row * (side + GAP)))
    _draw_header(page, report, marks)
    _draw_footer(page, report)
    file = io.BytesIO()
    page.save(file, "PNG", compress_level=3)
    return file.getvalue()


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _draw_header(page: Image.Image, report: Report, marks: Marks) -> None:
    draw = ImageDraw.Draw(page)
    score = report.score
    if report.is_quotable:
        draw.text((GAP + 4, 14), f"Agatston {show_score(score.total.agatston)}", TEXT, _font(46))
        meaning = f"category {score.risk_category}   {score.total.lesions} lesion(s)   {score.cac_drs}"
        if not score.lesions:
            meaning = "no coronary calcium found"
        draw.text((GAP + 6, 76), meaning, FAINT, _font(24))
    else:
        draw.text((GAP + 4, 14), "Not quotable as a calcium score", ALARM, _font(42))
        grave = ", ".join(caveat.code for caveat in report.caveats if caveat.severity == "critical")
        found = f"{grave}; sum of what was found {show_score(score.total.agatston)}"
        draw.text((GAP + 6, 76), found, FAINT, _font(24))
    _draw_legend(draw, report, marks)


def _draw_legend(draw: ImageDraw.ImageDraw, report: Report, marks: Marks) -> None:
    entries = [
        (colour_of(name), f"{name} {show_score(vessel.agatston)}")
        for name, vessel in report.score.vessels.items()
        if vessel.lesions or name in ("LM", "LAD", "LCX", "RCA")
    ][:10]
    if marks.rejected:
        entries.append((REJECTED_COLOUR, "not scored"))
    if marks.heart is not None:
        entries.append((HEART_COLOUR, "heart"))
    right, top = WIDTH - GAP, 22
    font = _font(22)
    for colour, text in reversed(entries):
        width = int(draw.textlength(text, font)) + 46
        if right - width < 700:
            right, top = WIDTH - GAP, top + 38
        draw.rounded_rectangle((right - width, top + 2, right - width + 24, top + 26), 5, fill=colour)
        draw.text((right - width + 32, top), text, TEXT, font)
        right -= width + 12


def _draw_footer(page: Image.Image, report: Report) -> None:
    draw = ImageDraw.Draw(page)
    version = report.provenance.version
    text = f"vascal {version}   rule {report.score.rule.name}   For research. Not a medical device."
    draw.text((GAP + 4, page.height - FOOTER + 6), text, FAINT, _font(20))


def _draw_slice(volume: Volume, marks: Marks, view: View, k: int, side: int) -> Image.Image:
    panel = view.to_image(volume.hu[k], WINDOW_HU, side)
    shape = volume.grid.shape
    draw = ImageDraw.Draw(ink := Image.new("RGBA", (side * OVERSAMPLE, side * OVERSAMPLE)))
    if marks.heart is not None:
        _draw_edges(draw, view.edges(marks.heart.labels[k] == marks.heart.value_of("heart"), side), HEART_COLOUR, 2)
    for _, index in marks.rejected:
        mask = pixels_in_slice(index, shape, k)
        if mask is not None:
            _draw_edges(draw, view.edges(mask, side)[::2], REJECTED_COLOUR, 2)
    outlined = [(lesion, pixels_in_slice(lesion.index, shape, k)) for lesion in marks.lesions]
    for lesion, mask in outlined:
        if mask is not None:
            _draw_edges(draw, view.edges(mask, side), colour_of(lesion.vessel), 4)
    panel.paste(ink := ink.reduce(OVERSAMPLE), (0, 0), ink)
    _write_reasons(panel, marks, view, shape, k, side)
    for lesion, mask in outlined:
        if mask is not None:
            _write_number(panel, view, mask, lesion, side)
    z_mm = volume.grid.index_to_mm(k, 0.0, 0.0)[2]
    _caption(panel, f"slice {k + 1} of {shape[0]}   z {z_mm:.1f} mm")
    return panel


def _draw_edges(draw: ImageDraw.ImageDraw, edges: Sequence[Edge], colour: str, width: int) -> None:
    for edge in edges:
        draw.line([value * OVERSAMPLE for value in edge], fill=colour, width=width)


def _write_number(panel: Image.Image, view: View, mask: np.ndarray, lesion: Lesion, side: int) -> None:
    _, top, right, _ = view.bounds(mask, side)
    place = (min(right + 4, side - 40), max(top - 24, 2))
    _text(panel, place, str(lesion.id), colour_of(lesion.vessel), 24)


def _write_reasons(
    panel: Image.Image, marks: Marks, view: View, shape: tuple[int, int, int], k: int, side: int
) -> None:
    """Name the largest few of the rejected candidates; small print must not hide the picture."""
    found = [(reason, pixels_in_slice(index, shape, k)) for reason, index in marks.rejected]
    shown = sorted(((r, m) for r, m in found if m is not None), key=lambda item: -int(item[1].sum()))[:4]
    for reason, mask in shown:
        left, _, _, bottom = view.bounds(mask, side)
        if 0 <= left < side and 0 <= bottom < side - 20:
            _text(panel, (min(left, side - 150), bottom + 2), reason, REJECTED_COLOUR, 15)


def _draw_overview(volume: Volume, marks: Marks, view: View, side: int) -> Image.Image:
    """Draw a coronal maximum-intensity projection of the heart with every lesion."""
    projection = view.project(volume, marks.heart)
    panel, to_panel = view.coronal(projection, volume.grid, WINDOW_HU, side)
    draw = ImageDraw.Draw(ink := Image.new("RGBA", (side * OVERSAMPLE, side * OVERSAMPLE)))
    places = [(lesion, to_panel(lesion.index)) for lesion in marks.lesions]
    for lesion, (x, y) in places:
        ring = [(v - 9) * OVERSAMPLE for v in (x, y)] + [(v + 9) * OVERSAMPLE for v in (x, y)]
        draw.ellipse(ring, outline=colour_of(lesion.vessel), width=5)
    panel.paste(ink := ink.reduce(OVERSAMPLE), (0, 0), ink)
    if len(places) <= 30:
        for lesion, (x, y) in places:
            _text(panel, (x + 10, y - 22), str(lesion.id), colour_of(lesion.vessel), 20)
    _caption(panel, "coronal maximum of the heart" if marks.heart is not None else "coronal maximum")
    return panel


def _caption(panel: Image.Image, text: str) -> None:
    _text(panel, (10, panel.height - 32), text, TEXT, 20)
    _text(panel, (10, 6), "R", FAINT, 22)
    _text(panel, (panel.width - 26, 6), "L", FAINT, 22)


def _text(panel: Image.Image, place: tuple[float, float], text: str, colour: str, size: int) -> None:
    draw = ImageDraw.Draw(panel)
    draw.text(place, text, colour, _font(size), stroke_width=2, stroke_fill="#000000")
