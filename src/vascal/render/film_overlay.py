"""The picture of a graded film: the part that was graded, plain and with walls, levels and calcification.

Drawn with Pillow, like the pictures of CT. Marks of calcification stand beside the wall, never on it:
what was found can be checked on the film under the mark.
"""

from __future__ import annotations

import io

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw, ImageFont

from vascal.aac.reading import VERTEBRAE, FilmReading
from vascal.radiograph import Radiograph
from vascal.render.film_marks import FilmMarks, mark_film
from vascal.render.film_view import FilmView, choose_film_view
from vascal.render.film_wording import show_meaning
from vascal.render.palette import VERTEBRA_COLOUR, WALL_COLOURS
from vascal.report.aac_report import AacReport
from vascal.wall_levels import WALLS

WIDTH = 1600
PANEL_HEIGHT = 1240
GAP = 12
HEADER = 132
FOOTER = 40
BACKGROUND, TEXT, FAINT, ALARM = "#0d1117", "#f0f3f6", "#9aa7b4", "#ff8a65"
OVERSAMPLE = 2
BAND, LINE = 7, 2
"""Width of the mark beside calcified wall, and of the wall's own line, pixels."""


def draw_film_overlay(film: Radiograph, reading: FilmReading, report: AacReport) -> bytes:
    """Draw the picture of one graded film.

    Parameters
    ----------
    film
        As it was graded.
    reading
        Walls, borders and vertebrae on the film's pixels.
    report
        Gives the header line and the grades.

    Returns
    -------
    bytes
        PNG, 1600 pixels wide.
    """
    view = choose_film_view(film, reading, ((WIDTH - 3 * GAP) // 2, PANEL_HEIGHT))
    plain = view.picture(film.pixels)
    marked = plain.copy()
    _draw_marks(marked, view, reading, mark_film(view, reading, report))
    width, height = view.size
    page = Image.new("RGB", (WIDTH, HEADER + height + GAP + FOOTER), BACKGROUND)
    left = (WIDTH - 2 * width - GAP) // 2
    page.paste(plain, (left, HEADER))
    page.paste(marked, (left + width + GAP, HEADER))
    _draw_header(page, report)
    _write_footer(page, report)
    file = io.BytesIO()
    page.save(file, "PNG", compress_level=3)
    return file.getvalue()


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _draw_header(page: Image.Image, report: AacReport) -> None:
    draw = ImageDraw.Draw(page)
    if report.is_quotable:
        draw.text((GAP + 4, 14), f"AAC-24  {report.score.aac24}", TEXT, _font(46))
        draw.text((GAP + 6, 76), show_meaning(report), FAINT, _font(24))
    else:
        draw.text((GAP + 4, 14), "Not quotable as an AAC-24", ALARM, _font(42))
        grave = ", ".join(caveat.code for caveat in report.caveats if caveat.severity == "critical")
        draw.text((GAP + 6, 76), f"{grave}; grades add up to {report.score.aac24}", FAINT, _font(24))
    _draw_legend(draw, report)


def _draw_legend(draw: ImageDraw.ImageDraw, report: AacReport) -> None:
    sums = {"anterior": report.score.anterior, "posterior": report.score.posterior}
    entries = [(WALL_COLOURS[wall], f"{wall} wall {sums[wall]}") for wall in WALLS]
    right, font = WIDTH - GAP, _font(22)
    draw.text((right, 66), "thick where calcified", FAINT, font, anchor="ra")
    for colour, text in reversed(entries):
        width = int(draw.textlength(text, font)) + 46
        draw.line((right - width, 36, right - width + 26, 36), colour, LINE)
        draw.line((right - width, 30, right - width + 26, 30), colour, BAND)
        draw.text((right - width + 34, 22), text, TEXT, font)
        right -= width + 14


def _write_footer(page: Image.Image, report: AacReport) -> None:
    draw = ImageDraw.Draw(page)
    text = f"vascal {report.provenance.version}   {report.reading.reader}   For research. Not a medical device."
    draw.text((GAP + 4, page.height - FOOTER + 6), text, FAINT, _font(20))


def _draw_marks(panel: Image.Image, view: FilmView, reading: FilmReading, marks: FilmMarks) -> None:
    size = (view.size[0] * OVERSAMPLE, view.size[1] * OVERSAMPLE)
    draw = ImageDraw.Draw(ink := Image.new("RGBA", size))
    for line in marks.borders:
        _dash(draw, line)
    for wall in WALLS:
        colour = WALL_COLOURS[wall]
        _trace(draw, marks.walls[wall], f"{colour}b0", LINE)
        for stretch in marks.stretches[wall]:
            _trace(draw, stretch, "#000000ff", BAND + 4)
            _trace(draw, stretch, f"{colour}ff", BAND)
    ink = ink.reduce(OVERSAMPLE)
    _outline_vertebrae(panel, view, reading)
    panel.paste(ink, (0, 0), ink)
    for name in marks.names:
        colour, height = (TEXT, 30) if name.is_graded else (VERTEBRA_COLOUR, 22)
        _text(panel, (name.x, name.y), name.text, colour, height)
    for wall in WALLS:
        for grade in marks.grades[wall]:
            _text(panel, (grade.x, grade.y), grade.text, WALL_COLOURS[wall], 30)


def _dash(draw: ImageDraw.ImageDraw, line: Float[np.ndarray, "2 2"], dash: float = 9.0) -> None:
    """Draw a border of a level as a broken line."""
    count = max(1, int(np.hypot(*(line[1] - line[0])) / (2 * dash)))
    for start in np.arange(count) / count:
        ends = [tuple((line[0] + s * (line[1] - line[0])) * OVERSAMPLE) for s in (start, start + 0.5 / count)]
        draw.line([*ends[0], *ends[1]], (240, 243, 246, 150), 2 * OVERSAMPLE)


def _trace(draw: ImageDraw.ImageDraw, points: Float[np.ndarray, "point 2"], colour: str, width: int) -> None:
    """Draw a line with round ends, so that a single point is seen too."""
    flat = [tuple(place) for place in (points * OVERSAMPLE).tolist()]
    draw.line(flat, colour, width * OVERSAMPLE, joint="curve")
    radius = width * OVERSAMPLE / 2
    if width > LINE:
        for x, y in (flat[0], flat[-1]):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), colour)


def _outline_vertebrae(panel: Image.Image, view: FilmView, reading: FilmReading) -> None:
    """Draw thin, faint outlines of the vertebral bodies."""
    edges = np.zeros(view.size[::-1], dtype=bool)
    for value in range(1, len(VERTEBRAE) + 1):
        mask = view.mask(reading.vertebrae == value)
        inner = mask.copy()
        for axis in (0, 1):
            for step in (-1, 1):
                inner &= np.roll(mask, step, axis)
        edges |= mask & ~inner
    strength = Image.fromarray(np.where(edges, 150, 0).astype(np.uint8))
    panel.paste(VERTEBRA_COLOUR, (0, 0), strength)


def _text(panel: Image.Image, place: tuple[float, float], text: str, colour: str, size: int) -> None:
    draw = ImageDraw.Draw(panel)
    draw.text(place, text, colour, _font(size), anchor="mm", stroke_width=2, stroke_fill="#000000")
