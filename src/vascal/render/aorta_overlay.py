"""Picture of the aorta on CT: slices with outlined calcium, and the lateral projection with levels and walls."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from vascal.aac.lateral_projection import expose_simply
from vascal.report.aorta_report import AortaReport, mark_scored, project_report
from vascal.wall_levels import LEVELS

PANEL, GAP, HEADER = 300, 8, 90
HALF_FIELD_MM = 45.0
WINDOW_HU = (-150.0, 600.0)
MOST_PANELS = 12
LEAST_FILM_MM = 100.0
"""A lower scan gives a strip on which nothing can be recognised."""
BACKGROUND, TEXT, FAINT, CALCIUM, REJECTED, VESSEL, BORDER = (
    "#0d1117", "#f0f3f6", "#9aa7b4", "#ff5252", "#ffb74d", "#4fc3f7", "#b2ff59",
)  # fmt: skip


def draw_aorta(report: AortaReport) -> bytes:
    """Draw the picture of one report as PNG.

    Parameters
    ----------
    report
        From `score_aorta`.
    """
    panels = [_draw_slice(report, k) for k in _choose_slices(report)]
    film = _draw_film(report)
    columns = 4
    rows = -(-len(panels) // columns)
    width = GAP + columns * (PANEL + GAP)
    height = HEADER + max(rows * (PANEL + GAP), 0 if film is None else film.height + GAP)
    page = Image.new("RGB", (width + (0 if film is None else film.width + GAP), height), BACKGROUND)
    for place, panel in enumerate(panels):
        row, column = divmod(place, columns)
        page.paste(panel, (GAP + column * (PANEL + GAP), HEADER + row * (PANEL + GAP)))
    if film is not None:
        page.paste(film, (width, HEADER))
    draw = ImageDraw.Draw(page)
    draw.text((GAP, 8), headline(report), TEXT, _font(26))
    draw.text((GAP, 48), f"{report.rules['abdominal'].name}   For research. Not a medical device.", FAINT, _font(17))
    file = io.BytesIO()
    page.save(file, "PNG", compress_level=3)
    return file.getvalue()


def headline(report: AortaReport) -> str:
    """Say in one line what was found."""
    total = report.score.total
    aac = "" if report.grades is None else f"; AAC-24 equivalent {report.grades.aac24}"
    phase = "without contrast agent" if report.blood.phase == "none" else f"{report.blood.phase} contrast"
    return f"Aorta {total.agatston:.0f} ({phase}), {total.volume_mm3:.0f} mm3{aac}"


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _choose_slices(report: AortaReport) -> list[int]:
    """Slices with most calcium, one of each neighbourhood; evenly spread ones where there is none."""
    aorta = report.found.vessels["aorta"]
    voxels = np.zeros(report.volume.grid.shape[0])
    pixels = report.volume.grid.shape[1] * report.volume.grid.shape[2]
    for lesion in report.lesions:
        np.add.at(voxels, lesion.index // pixels, 1)
    chosen: list[int] = []
    for k in np.argsort(-voxels, kind="stable"):
        if voxels[k] and all(abs(int(k) - other) > 1 for other in chosen) and len(chosen) < MOST_PANELS:
            chosen.append(int(k))
    if not chosen:
        chosen = (
            np.linspace(aorta.slices[0], aorta.slices[-1], min(MOST_PANELS, len(aorta.slices))).astype(int).tolist()
        )
    return sorted(set(chosen), reverse=True)


def _draw_slice(report: AortaReport, k: int) -> Image.Image:
    grid = report.volume.grid
    spacing = np.asarray((grid.row_spacing_mm, grid.column_spacing_mm))
    middle = _middle_mm(report, k) / spacing
    half = np.maximum(np.rint(HALF_FIELD_MM / spacing).astype(int), 2)
    first = np.clip(np.rint(middle).astype(int) - half, 0, np.maximum(np.asarray(grid.shape[1:]) - 2 * half, 0))
    box = tuple(slice(int(a), int(a + 2 * h)) for a, h in zip(first, half, strict=True))
    image = _gray(report.volume.hu[k][box], WINDOW_HU).resize((PANEL, PANEL), Image.Resampling.BILINEAR)
    pixels = np.asarray(image.convert("RGB")).copy()
    _outline(pixels, report.regions.labels[k][box] > 0, VESSEL)
    for index, colour in _marks(report):
        mask = _in_slice(index, grid.shape, k)
        if mask is not None:
            _outline(pixels, mask[box], colour)
    image = Image.fromarray(pixels)
    regions = report.regions
    names = ", ".join(regions.names[n] for n in np.unique(regions.labels[k]).tolist() if n in regions.names)
    words = f"slice {k + 1}  {names}"
    ImageDraw.Draw(image).text((6, 4), words, TEXT, _font(16), stroke_width=1, stroke_fill="black")
    return image


def _middle_mm(report: AortaReport, k: int) -> np.ndarray:
    """Middle of what was scored in a slice, or of the vessels; of the nearest slice that has one."""
    grid = report.volume.grid
    scored = [
        np.argwhere(mask) for lesion in report.lesions if (mask := _in_slice(lesion.index, grid.shape, k)) is not None
    ]
    if scored:
        places = np.concatenate(scored)
        middle = (places.min(axis=0) + places.max(axis=0)) / 2
        return np.asarray(middle * (grid.row_spacing_mm, grid.column_spacing_mm))
    here = [v.center_mm[np.flatnonzero(v.slices == k)[0]] for v in report.found.vessels.values() if k in v.slices]
    if here:
        return np.asarray(np.mean(here, axis=0))
    aorta = report.found.vessels["aorta"]
    return np.asarray(aorta.center_mm[int(np.abs(aorta.slices - k).argmin())])


def _marks(report: AortaReport) -> list[tuple[np.ndarray, str]]:
    rejected = [(index, REJECTED) for _, index in report.rejected]
    return rejected + [(lesion.index, CALCIUM) for lesion in report.lesions]


def _in_slice(index: np.ndarray, shape: tuple[int, int, int], k: int) -> np.ndarray | None:
    pixels = shape[1] * shape[2]
    here = index[index // pixels == k] % pixels
    if here.size == 0:
        return None
    mask = np.zeros(pixels, dtype=bool)
    mask[here] = True
    return mask.reshape(shape[1:])


def _gray(plane: np.ndarray, window: tuple[float, float]) -> Image.Image:
    shown = np.clip((plane.astype(np.float32) - window[0]) / (window[1] - window[0]), 0, 1)
    return Image.fromarray((shown * 255).astype(np.uint8))


def _outline(pixels: np.ndarray, mask: np.ndarray, colour: str) -> None:
    size = (pixels.shape[1], pixels.shape[0])
    large = np.asarray(Image.fromarray(mask.astype(np.uint8) * 255).resize(size, Image.Resampling.NEAREST)) > 127
    edge = large & ~ndimage.binary_erosion(large)
    pixels[edge] = tuple(int(colour[n : n + 2], 16) for n in (1, 3, 5))


def _draw_film(report: AortaReport) -> Image.Image | None:
    """Draw the lateral projection with levels, the aorta's walls and the calcium; None if uneven or short."""
    grid = report.volume.grid
    if not grid.is_even or grid.shape[0] * grid.spacing_between_slices_mm < LEAST_FILM_MM:
        return None
    scored, film = mark_scored(report), project_report(report)
    image = _gray(expose_simply(film), (0.0, 1.0)).convert("RGB")
    draw = ImageDraw.Draw(image)
    aorta = report.found.vessels["aorta"]
    for side in (-1, 1):
        rows = (aorta.center_mm[:, 0] + side * aorta.radius_mm) / grid.row_spacing_mm
        line = [film.film_place(grid, float(k), float(row))[::-1] for k, row in zip(aorta.slices, rows, strict=True)]
        draw.line(line, fill=VESSEL, width=1)
    for k, row in np.argwhere(scored.any(axis=2)):
        y, x = film.film_place(grid, float(k), float(row))
        draw.rectangle((x - 1, y - 1, x + 1, y + 1), fill=CALCIUM)
    _draw_levels(draw, report, film.spacing_mm[0], image.height)
    wanted = min(PANEL * 3, max(PANEL, image.height))
    return image.resize((max(1, round(image.width * wanted / image.height)), wanted))


def _draw_levels(draw: ImageDraw.ImageDraw, report: AortaReport, pixel_mm: float, height: int) -> None:
    for name, (above, below) in report.found.vertebrae.levels.items():
        ends = [(above.y_mm + mm, float(above.height_at(above.y_mm + mm))) for mm in (-45.0, 25.0)]
        draw.line([(y / pixel_mm, height - 1 - z / pixel_mm) for y, z in ends], fill=BORDER, width=1)
        if name in LEVELS:
            middle = (above.z_mm + below.z_mm) / 2
            place = (above.y_mm / pixel_mm + 20, height - 1 - middle / pixel_mm - 8)
            draw.text(place, name, BORDER, _font(18), stroke_width=1, stroke_fill="black")
