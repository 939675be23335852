"""What the pictures of a page show: grey pixels as JPEG, and everything drawn over them as lines and places.

The lines stay lines, so that a page prints sharply at any size, and words are put in later, in the page's language.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from PIL import Image

from vascal.calcium.lesions import Lesion
from vascal.render.coronal import OVERVIEW_WINDOW_HU, choose_coronal, project_heart
from vascal.render.label_places import Box, LabelPlace, place_labels
from vascal.render.marks import Marks
from vascal.render.outlines import Matrix, list_runs, trace_outline
from vascal.render.slices import WINDOW_HU, View, choose_slices, choose_view, pixels_in_slice
from vascal.render.wording import letter_of
from vascal.volume import Volume

SIDE = 512
"""Side of a panel, in pixels of its picture and in units of its drawing."""
QUALITY = 88
ON_FRONT, IN_ALL = 3, 12
"""Slices on the first page, and altogether."""
LETTER, SMALL_LETTER, MANY = 26, 20, 16
"""Height of a letter on a panel, and on one that shows more lesions than so many."""
REASON = 17
"""Height of the words that name what was not scored."""
OBVIOUS = ("bone", "noise", "outside the heart")
"""Reasons that need no name on the picture."""
CORNERS = (Box(left=0, top=0, right=34, bottom=38), Box(left=SIDE - 34, top=0, right=SIDE, bottom=38))
"""Corners where the patient's sides are named."""
PANEL = Box(left=2, top=2, right=SIDE - 2, bottom=SIDE - 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionMark:
    """One lesion on one panel: its outline, and where its letter stands."""

    letter: str
    vessel: str
    outline: str
    place: LabelPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPanel:
    """One picture.

    Parameters
    ----------
    kind
        An axial slice, or the coronal overview.
    jpeg
        Grey pixels, `SIDE` wide and high.
    lesions, heart, rejected
        Outlines as SVG path data.
    named
        Reasons to be written beside what was not scored, with the left end of the baseline.
    number, count, z_mm
        Of a slice: which it is, counted from 1, of how many, and where, in mm.
    image
        Of a slice: its number in a viewer; None where it is not known.
    """

    kind: Literal["slice", "overview"]
    jpeg: bytes
    lesions: tuple[LesionMark, ...]
    heart: str = ""
    rejected: tuple[str, ...] = ()
    named: tuple[tuple[str, float, float], ...] = ()
    number: int = 0
    count: int = 0
    z_mm: float = 0.0
    image: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyImages:
    """The pictures of one report.

    Parameters
    ----------
    front
        Key slices of the first page, from head to feet.
    overview
        Coronal maximum of the heart.
    more
        Further key slices.
    has_heart
        Whether the heart is known and outlined.
    numbers
        Of every slice: its number in a viewer; empty where they are not known.
    """

    front: tuple[KeyPanel, ...]
    overview: KeyPanel
    more: tuple[KeyPanel, ...]
    has_heart: bool
    numbers: tuple[int, ...] = ()


def draw_key_images(volume: Volume, marks: Marks, image_numbers: tuple[int, ...] = ()) -> KeyImages:
    """Draw the pictures of one report.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    marks
        Lesions, rejected candidates and heart on the same grid.
    image_numbers
        Of every slice, from `number_images`; empty where viewers know no numbers.
    """
    numbers = image_numbers if len(image_numbers) == volume.grid.shape[0] else ()
    view = choose_view(volume.grid, marks.lesions, marks.heart)
    front = choose_slices(volume.grid, marks.lesions, marks.heart, ON_FRONT)
    every = choose_slices(volume.grid, marks.lesions, marks.heart, IN_ALL) if marks.lesions else front
    return KeyImages(
        front=tuple(_number(_draw_slice(volume, marks, view, k), numbers) for k in front),
        overview=_draw_overview(volume, marks, view),
        more=tuple(_number(_draw_slice(volume, marks, view, k), numbers) for k in every if k not in front),
        has_heart=marks.heart is not None,
        numbers=numbers,
    )


def _number(panel: KeyPanel, numbers: tuple[int, ...]) -> KeyPanel:
    return replace(panel, image=numbers[panel.number - 1]) if numbers else panel


def _draw_slice(volume: Volume, marks: Marks, view: View, k: int) -> KeyPanel:
    shape, matrix = volume.grid.shape, view.matrix(SIDE)
    masks = [(lesion, pixels_in_slice(lesion.index, shape, k)) for lesion in marks.lesions]
    lesions = _mark([(lesion, mask) for lesion, mask in masks if mask is not None], matrix)
    outside = [(reason, pixels_in_slice(index, shape, k)) for reason, index in marks.rejected]
    rejected = [(reason, mask) for reason, mask in outside if mask is not None]
    heart = None if marks.heart is None else marks.heart.labels[k] == marks.heart.value_of("heart")
    return KeyPanel(
        kind="slice",
        jpeg=_to_jpeg(view.draw(volume.hu[k], WINDOW_HU, SIDE)),
        lesions=lesions,
        heart="" if heart is None else trace_outline(heart, matrix),
        rejected=tuple(trace_outline(mask, matrix) for _, mask in rejected),
        named=_name_rejected(rejected, matrix, [mark.place.box for mark in lesions]),
        number=k + 1,
        count=shape[0],
        z_mm=float(volume.grid.index_to_mm(k, 0.0, 0.0)[2]),
    )


def _draw_overview(volume: Volume, marks: Marks, view: View) -> KeyPanel:
    coronal = choose_coronal(view, volume.grid, SIDE)
    projection = project_heart(volume, view, coronal, marks.heart)
    seen = [(lesion, coronal.footprint(lesion.index, volume.grid.shape)) for lesion in marks.lesions]
    return KeyPanel(
        kind="overview",
        jpeg=_to_jpeg(coronal.draw(projection, OVERVIEW_WINDOW_HU)),
        lesions=_mark([(lesion, mask) for lesion, mask in seen if mask.any()], coronal.matrix),
    )


def _mark(here: Sequence[tuple[Lesion, np.ndarray]], matrix: Matrix) -> tuple[LesionMark, ...]:
    height = LETTER if len(here) <= MANY else SMALL_LETTER
    sizes = [(0.68 * height * len(letter_of(lesion.id)) + 4, height) for lesion, _ in here]
    places = place_labels([_boxes(mask, matrix) for _, mask in here], sizes, PANEL, CORNERS)
    return tuple(
        LesionMark(letter=letter_of(one.id), vessel=one.vessel, outline=trace_outline(mask, matrix), place=place)
        for (one, mask), place in zip(here, places, strict=True)
    )


def _name_rejected(
    rejected: Sequence[tuple[str, np.ndarray]], matrix: Matrix, taken: Sequence[Box]
) -> tuple[tuple[str, float, float], ...]:
    """Name the largest of each kind that was not scored; small print must not hide the picture."""
    telling = sorted(rejected, key=lambda item: int(item[1].sum()))
    largest = {reason: mask for reason, mask in telling if reason not in OBVIOUS}
    shown = [(reason, _boxes(mask, matrix)) for reason, mask in largest.items()]
    sizes = [(0.55 * REASON * len(reason), REASON) for reason, _ in shown]
    places = place_labels([boxes for _, boxes in shown], sizes, PANEL, (*CORNERS, *taken))
    return tuple(
        (reason, place.box.left, place.box.bottom - 0.2 * REASON)
        for (reason, _), place in zip(shown, places, strict=True)
        if place.leader is None
    )


def _boxes(mask: np.ndarray, matrix: Matrix) -> list[Box]:
    runs = list_runs(mask, matrix)
    return [Box(left=left, top=top, right=right, bottom=bottom) for left, top, right, bottom in runs]


def _to_jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=QUALITY, optimize=True)
    return file.getvalue()
