"""A graded film as SVG that stands in a page: the picture, and walls, levels and calcification as lines over it."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape

import numpy as np

from vascal.aac.reading import VERTEBRAE, FilmReading
from vascal.radiograph import Radiograph
from vascal.render.film_marks import HEIGHT, FilmMarks, PlacedWord, mark_film
from vascal.render.film_view import choose_film_view
from vascal.render.outlines import trace_outline
from vascal.render.palette import VERTEBRA_COLOUR, WALL_COLOURS
from vascal.report.aac_report import AacReport
from vascal.wall_levels import WALLS

LARGEST = (560, 860)
"""Width and height that a picture may have, in pixels and in units of its drawing."""
QUALITY = 88
TEXT = "#f0f3f6"
BAND, LINE = 8.0, 2.2
"""Width of the mark beside calcified wall, and of the wall's own line, on a picture of full height."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FilmImages:
    """The part of a film that was graded, and what is drawn over it.

    Parameters
    ----------
    jpeg
        Grey pixels.
    size
        Width and height.
    marks
        Lines and places.
    vertebrae
        Outlines, as SVG path data.
    """

    jpeg: bytes
    size: tuple[int, int]
    marks: FilmMarks
    vertebrae: str


def draw_film_images(film: Radiograph, reading: FilmReading, report: AacReport) -> FilmImages:
    """Draw the pictures of one graded film.

    Parameters
    ----------
    film
        As it was graded.
    reading
        Walls, borders and vertebrae on the film's pixels.
    report
        Gives the grades.
    """
    view = choose_film_view(film, reading, LARGEST)
    file = io.BytesIO()
    view.picture(film.pixels).convert("L").save(file, "JPEG", quality=QUALITY, optimize=True)
    marks = mark_film(view, reading, report, scale=view.size[1] / HEIGHT)
    bodies = (reading.vertebrae == value for value in range(1, len(VERTEBRAE) + 1))
    outlines = "".join(trace_outline(np.asarray(body), marks.matrix) for body in bodies)
    return FilmImages(jpeg=file.getvalue(), size=view.size, marks=marks, vertebrae=outlines)


def draw_plain_film(images: FilmImages, say: Callable[[str], str]) -> str:
    """Draw the film alone."""
    return _svg(images, say("The film, plain."), [])


def draw_marked_film(images: FilmImages, say: Callable[[str], str]) -> str:
    """Draw the film with walls, levels and calcification."""
    return _svg(images, say("The film with walls, levels and calcification."), list(_marks(images)))


def _svg(images: FilmImages, label: str, parts: list[str]) -> str:
    width, height = images.size
    picture = base64.b64encode(images.jpeg).decode()
    inside = "\n".join(
        [f'<image width="{width}" height="{height}" href="data:image/jpeg;base64,{picture}"/>', *parts],
    )
    said = escape(label)
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{said}" class="panel">\n'
        f"<title>{said}</title>\n{inside}\n</svg>"
    )


def _marks(images: FilmImages) -> Iterator[str]:
    marks, scale = images.marks, images.marks.scale
    yield '<g fill="none" stroke-linecap="round" stroke-linejoin="round">'
    yield f'<path d="{images.vertebrae}" stroke="{VERTEBRA_COLOUR}" stroke-opacity="0.7" stroke-width="{scale:.2f}"/>'
    for (x1, y1), (x2, y2) in marks.borders.tolist():
        ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        dash = f'stroke-dasharray="{9 * scale:.1f} {9 * scale:.1f}" stroke-width="{2 * scale:.2f}"'
        yield f'<line {ends} stroke="{TEXT}" stroke-opacity="0.65" {dash}/>'
    for wall in WALLS:
        colour = WALL_COLOURS[wall]
        yield _trace(marks.walls[wall], f'stroke="{colour}" stroke-opacity="0.75"', LINE * scale)
        for stretch in marks.stretches[wall]:
            yield _trace(stretch, 'stroke="#000"', (BAND + 4) * scale)
            yield _trace(stretch, f'stroke="{colour}"', BAND * scale)
    yield "</g>"
    for name in marks.names:
        colour, height = (TEXT, 32) if name.is_graded else (VERTEBRA_COLOUR, 24)
        yield from _write(name, height * scale, colour)
    for wall in WALLS:
        for grade in marks.grades[wall]:
            yield from _write(grade, 36 * scale, WALL_COLOURS[wall])


def _trace(points: np.ndarray, style: str, width: float) -> str:
    """Draw a path; a lone point as a dot."""
    places = points.tolist() if len(points) > 1 else [*points.tolist(), *points.tolist()]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return f'<polyline points="{line}" {style} stroke-width="{width:.2f}"/>'


def _write(word: PlacedWord, size: float, colour: str) -> Iterator[str]:
    place = f'x="{word.x:.1f}" y="{word.y + 0.36 * size:.1f}" text-anchor="middle" font-size="{size:.1f}"'
    shadow = f'fill="#000" stroke="#000" stroke-width="{size / 6:.1f}" stroke-linejoin="round" aria-hidden="true"'
    weight = f'font-weight="{700 if word.is_graded else 400}"'
    yield f"<text {place} {weight} {shadow}>{escape(word.text)}</text>"
    yield f'<text {place} {weight} fill="{colour}">{escape(word.text)}</text>'
