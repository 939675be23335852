"""Saliency as one picture: each candidate's surroundings, and the same with what spoke for coronary calcium."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vascal.render.palette import REJECTED_COLOUR, colour_of
from vascal.render.slices import to_grey
from vascal.report.saliency import Saliency

SIDE, GAP, HEADER, CAPTION = 250, 14, 86, 58
COLUMNS = 3
BACKGROUND, TEXT, FAINT = "#101418", "#f2f5f7", "#9fb0bf"
WINDOW_HU = (-160.0, 500.0)
HEAT_SHARE = 0.55
"""The image stays visible under the hottest place."""
HEAT = np.array([(0, 0, 0), (106, 27, 124), (222, 73, 104), (254, 176, 120), (252, 253, 191)], dtype=float)
"""Dark to bright, even to the eye: the shades of "magma" (matplotlib, CC0)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One candidate and what is written under it.

    Parameters
    ----------
    saliency
        From `vascal.models.saliency.find_saliency`.
    title
        Such as ``3  LAD``; or the reason why it was rejected.
    probability
        Of coronary calcium.
    vessel
        Gives the colour; None if it was rejected.
    """

    saliency: Saliency
    title: str
    probability: float
    vessel: str | None


def draw_saliency(explained: Sequence[Explained]) -> bytes:
    """Draw the figure.

    Parameters
    ----------
    explained
        In the order to show them.

    Returns
    -------
    bytes
        PNG.
    """
    rows = max(1, -(-len(explained) // COLUMNS))
    cell = 2 * SIDE + GAP
    page = Image.new("RGB", (COLUMNS * (cell + 2 * GAP), HEADER + rows * (SIDE + CAPTION + GAP)), BACKGROUND)
    draw = ImageDraw.Draw(page)
    draw.text((GAP, 12), "What spoke for coronary calcium", TEXT, ImageFont.load_default(30))
    note = "36 mm around each candidate; right: Grad-CAM of the lesion network, cells of 6 mm. A hint, not a proof."
    draw.text((GAP, 52), note if explained else "No candidate was worth a look.", FAINT, ImageFont.load_default(18))
    for place, one in enumerate(explained):
        row, column = divmod(place, COLUMNS)
        left, top = GAP + column * (cell + 2 * GAP), HEADER + row * (SIDE + CAPTION + GAP)
        _draw_pair(page, one, left, top)
    file = io.BytesIO()
    page.save(file, "PNG", compress_level=3)
    return file.getvalue()


def _draw_pair(page: Image.Image, one: Explained, left: int, top: int) -> None:
    grey = _enlarge(Image.fromarray(to_grey(one.saliency.hu, WINDOW_HU))).convert("RGB")
    heat = _enlarge(Image.fromarray((255 * one.saliency.heat).astype(np.uint8)))
    share = np.asarray(heat, dtype=float)[..., None] / 255
    mixed = np.asarray(grey, dtype=float) * (1 - HEAT_SHARE * share) + HEAT_SHARE * share * _colour(share[..., 0])
    colour = REJECTED_COLOUR if one.vessel is None else colour_of(one.vessel)
    for panel, x in ((grey, left), (Image.fromarray(mixed.astype(np.uint8)), left + SIDE + GAP)):
        _outline(panel, one.saliency.mask, colour)
        page.paste(panel, (x, top))
    draw = ImageDraw.Draw(page)
    draw.text((left, top + SIDE + 4), one.title, colour, ImageFont.load_default(22))
    chance = f"coronary with {100 * one.probability:.0f} %"
    draw.text((left, top + SIDE + 30), chance, FAINT, ImageFont.load_default(18))


def _enlarge(image: Image.Image) -> Image.Image:
    return image.resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def _colour(share: np.ndarray) -> np.ndarray:
    steps = np.linspace(0, 1, len(HEAT))
    return np.stack([np.interp(share, steps, HEAT[:, channel]) for channel in range(3)], axis=-1)


def _outline(panel: Image.Image, mask: np.ndarray, colour: str) -> None:
    """Draw the border between the candidate's points and the others."""
    draw = ImageDraw.Draw(panel)
    step_y, step_x = SIDE / mask.shape[0], SIDE / mask.shape[1]
    padded = np.pad(mask > 0, 1)
    for i, j in np.argwhere(mask > 0):
        x, y = j * step_x, i * step_y
        for di, dj, ends in (
            (-1, 0, (x, y, x + step_x, y)), (1, 0, (x, y + step_y, x + step_x, y + step_y)),
            (0, -1, (x, y, x, y + step_y)), (0, 1, (x + step_x, y, x + step_x, y + step_y)),
        ):  # fmt: skip
            if not padded[i + 1 + di, j + 1 + dj]:
                draw.line(ends, fill=colour, width=2)
