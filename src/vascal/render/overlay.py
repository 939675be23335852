"""The picture: key slices with outlined, lettered lesions, and an overview.

Drawn with Pillow: it starts in a tenth of the time of a plotting library, and
the whole command has only a few seconds.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vascal.calcium.lesions import Lesion
from vascal.render.coronal import OVERVIEW_WINDOW_HU, choose_coronal, project_heart
from vascal.render.label_places import Box, place_labels
from vascal.render.marks import Marks
from vascal.render.outlines import Edge, Matrix, find_bounds, list_edges, list_runs
from vascal.render.palette import HEART_COLOUR, REJECTED_COLOUR, colour_of
from vascal.render.slices import WINDOW_HU, View, choose_slices, choose_view, pixels_in_slice
from vascal.render.wording import letter_of, show_score
from vascal.report.report import Report
from vascal.volume import Volume

WIDTH = 1600
GAP = 12
HEADER = 132
FOOTER = 40
BACKGROUND, TEXT, FAINT, ALARM = "#0d1117", "#f0f3f6", "#9aa7b4", "#ff8a65"
OVERSAMPLE = 2
MOST_PANELS = 9
LETTER = 25
"""Height of a letter on a panel."""


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
    panel = view.draw(volume.hu[k], WINDOW_HU, side).convert("RGB")
    shape, matrix = volume.grid.shape, view.matrix(side)
    draw = ImageDraw.Draw(ink := Image.new("RGBA", (side * OVERSAMPLE, side * OVERSAMPLE)))
    if marks.heart is not None:
        _draw_edges(draw, list_edges(marks.heart.labels[k] == marks.heart.value_of("heart"), matrix), HEART_COLOUR, 2)
    for _, index in marks.rejected:
        mask = pixels_in_slice(index, shape, k)
        if mask is not None:
            _draw_edges(draw, list_edges(mask, matrix)[::2], REJECTED_COLOUR, 2)
    masks = [(lesion, pixels_in_slice(lesion.index, shape, k)) for lesion in marks.lesions]
    outlined = [(lesion, mask) for lesion, mask in masks if mask is not None]
    for lesion, mask in outlined:
        _draw_edges(draw, list_edges(mask, matrix), colour_of(lesion.vessel), 4)
    panel.paste(ink := ink.reduce(OVERSAMPLE), (0, 0), ink)
    _write_reasons(panel, marks, matrix, shape, k)
    _write_letters(panel, outlined, matrix)
    z_mm = volume.grid.index_to_mm(k, 0.0, 0.0)[2]
    _caption(panel, f"slice {k + 1} of {shape[0]}   z {z_mm:.1f} mm")
    return panel


def _draw_edges(draw: ImageDraw.ImageDraw, edges: Sequence[Edge], colour: str, width: int) -> None:
    for edge in edges:
        draw.line([value * OVERSAMPLE for value in edge], fill=colour, width=width)


def _write_letters(panel: Image.Image, outlined: Sequence[tuple[Lesion, np.ndarray]], matrix: Matrix) -> None:
    """Write the letter of each lesion where nothing is hidden by it."""
    if not outlined:
        return
    side = panel.width
    boxes = [[Box(left=a, top=b, right=c, bottom=d) for a, b, c, d in list_runs(mask, matrix)] for _, mask in outlined]
    letters = [letter_of(lesion.id) for lesion, _ in outlined]
    sizes = [(0.7 * LETTER * len(letter) + 4, LETTER) for letter in letters]
    inside = Box(left=2, top=2, right=side - 2, bottom=side - 38)
    corners = (Box(left=0, top=0, right=32, bottom=34), Box(left=side - 32, top=0, right=side, bottom=34))
    places = place_labels(boxes, sizes, inside, corners)
    draw = ImageDraw.Draw(panel)
    for (lesion, _), letter, place in zip(outlined, letters, places, strict=True):
        colour = colour_of(lesion.vessel)
        if place.leader is not None:
            draw.line(place.leader, "#000000", 3)
            draw.line(place.leader, colour, 1)
        _text(panel, place.box.middle, letter, colour, LETTER, anchor="mm")


def _write_reasons(panel: Image.Image, marks: Marks, matrix: Matrix, shape: tuple[int, int, int], k: int) -> None:
    """Name the largest few of the rejected candidates; small print must not hide the picture."""
    side = panel.width
    found = [(reason, pixels_in_slice(index, shape, k)) for reason, index in marks.rejected]
    shown = sorted(((r, m) for r, m in found if m is not None), key=lambda item: -int(item[1].sum()))[:4]
    for reason, mask in shown:
        left, _, _, bottom = find_bounds(mask, matrix)
        if 0 <= left < side and 0 <= bottom < side - 20:
            _text(panel, (min(left, side - 150), bottom + 2), reason, REJECTED_COLOUR, 15)


def _draw_overview(volume: Volume, marks: Marks, view: View, side: int) -> Image.Image:
    """Draw a coronal maximum-intensity projection of the heart with every lesion."""
    coronal = choose_coronal(view, volume.grid, side)
    projection = project_heart(volume, view, coronal, marks.heart)
    panel = coronal.draw(projection, OVERVIEW_WINDOW_HU).convert("RGB")
    draw = ImageDraw.Draw(ink := Image.new("RGBA", (side * OVERSAMPLE, side * OVERSAMPLE)))
    footprints = [(lesion, coronal.footprint(lesion.index, volume.grid.shape)) for lesion in marks.lesions]
    seen = [(lesion, mask) for lesion, mask in footprints if mask.any()]
    for lesion, mask in seen:
        _draw_edges(draw, list_edges(mask, coronal.matrix), colour_of(lesion.vessel), 4)
    panel.paste(ink := ink.reduce(OVERSAMPLE), (0, 0), ink)
    _write_letters(panel, seen, coronal.matrix)
    _caption(panel, "coronal maximum of the heart" if marks.heart is not None else "coronal maximum")
    return panel


def _caption(panel: Image.Image, text: str) -> None:
    _text(panel, (10, panel.height - 32), text, TEXT, 20)
    _text(panel, (10, 6), "R", FAINT, 22)
    _text(panel, (panel.width - 26, 6), "L", FAINT, 22)


def _text(
    panel: Image.Image, place: tuple[float, float], text: str, colour: str, size: int, *, anchor: str = "la"
) -> None:
    draw = ImageDraw.Draw(panel)
    draw.text(place, text, colour, _font(size), anchor=anchor, stroke_width=2, stroke_fill="#000000")
