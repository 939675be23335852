"""The lateral projection of a CT, read as a film, beside the grades that the CT itself gives.

python -m bench.ct_films CT [CT ...] [--pictures FOLDER]

The film is made of the CT's own line integrals with the simulator's beam, scatter, grain and displays, and closed to
the spine; the reader is the one of `vascal score FILM`. Rays are parallel; all is
magnified alike, as the midline is on a usual film.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from vascal.aac.lateral_projection import LateralProjection
from vascal.anatomy.vertebrae import DiscPlane
from vascal.aorta_scoring import score_aorta
from vascal.errors import FilmError
from vascal.io.reading import read_input, read_volume
from vascal.models.film_geometry import MapFinding
from vascal.models.film_inputs import StripPlace, row_lines
from vascal.models.film_reader import LearnedFilmReader
from vascal.radiograph import Radiograph
from vascal.report.aorta_report import AortaReport, project_report
from vascal.report.provenance import Provenance
from vascal.simulate.xray.beam import Beam
from vascal.simulate.xray.display import Display, Look, show
from vascal.simulate.xray.exposure import Technique, add_quanta, expose
from vascal.wall_levels import LEVELS, WALL_LEVELS

TECHNIQUE = Technique(kvp=80.0, mas=80.0, scatter=0.35, blur_mm=0.2, grain_mm=0.2)
FOCUS_MM, DETECTOR_MM = 950.0, 200.0
AHEAD_MM, BEHIND_MM, BEYOND_MM = 95.0, 95.0, 85.0
"""The radiographer's shutters: in front of the aorta, behind it, and above L1 and below L4."""
BODY_MM, DISC_MM = 33.0, 4.0
"""A vertebral body from front to back, and half of a disc space with an endplate."""
LOOKS: tuple[Look, ...] = ("plain", "sigmoid", "pyramid", "equalised", "hard")


def film_of(report: AortaReport, look: Look, seed: int = 0) -> Radiograph:
    """Expose a film of the CT's patient."""
    projection = project_report(report)
    water = projection.water_cm
    layers = np.stack([water, projection.hydroxyapatite_g_cm2, np.zeros_like(water)])
    pixel = projection.spacing_mm[0] * (FOCUS_MM + DETECTOR_MM) / FOCUS_MM
    beam = Beam(focus_mm=FOCUS_MM, detector_mm=DETECTOR_MM, shape=water.shape, pixel_mm=pixel, centre_mm=(0.0, 0.0))
    signal = add_quanta(expose(layers, beam, TECHNIQUE), beam, TECHNIQUE, np.random.default_rng(seed))
    pixels = show(signal[_open(report, projection)], pixel, Display(look=look))
    return Radiograph(pixels=pixels, spacing_mm=(pixel, pixel), spacing_source="imager-pixel-spacing")


def _open(report: AortaReport, projection: LateralProjection) -> tuple[slice, slice]:
    """Close the shutters to the lumbar spine."""
    aorta, grid = report.found.vessels["aorta"], report.volume.grid
    inside = report.projection.level[aorta.slices] >= 0
    at = np.array(
        [
            projection.film_place(grid, k, y / grid.row_spacing_mm)
            for k, y in zip(aorta.slices[inside], aorta.center_mm[inside, 0], strict=True)
        ]
    )
    pixel = projection.spacing_mm[0]
    low = np.array([at[:, 0].min() - BEYOND_MM / pixel, at[:, 1].mean() - AHEAD_MM / pixel])
    high = np.array([at[:, 0].max() + BEYOND_MM / pixel, at[:, 1].mean() + BEHIND_MM / pixel])
    low, high = np.maximum(low, 0).astype(int), high.astype(int)
    return slice(low[0], high[0]), slice(low[1], high[1])


def place_of_ct(report: AortaReport, film: Radiograph) -> tuple[MapFinding, StripPlace]:
    """Lay the strip where the CT has levels and aorta, for films that the first network refuses.

    Returns
    -------
    finding, place
        Boxes between the disc planes as vertebral bodies, and the strip, both in pixels of the film.
    """
    projection = project_report(report)
    rows, columns = _open(report, projection)
    grid, step = report.volume.grid, projection.spacing_mm[0]
    top_mm = grid.slice_positions_mm[-1] - grid.slice_positions_mm[0]

    def on_film(z_mm: float, y_mm: float) -> tuple[float, float]:
        return (top_mm - z_mm) / step - rows.start, y_mm / step - columns.start

    def on_plane(plane: DiscPlane, behind_mm: float, gap_mm: float = 0.0) -> tuple[float, float]:
        y_mm = plane.y_mm + behind_mm
        return on_film(float(plane.height_at(y_mm)) + gap_mm, y_mm)

    levels = report.found.vertebrae.levels
    planes = [levels["L1"][0], *(levels[name][1] for name in LEVELS)]
    borders = np.array([[on_plane(plane, BODY_MM / 2), on_plane(plane, BODY_MM / 2 - 90)] for plane in planes])
    bone = Image.new("L", film.pixels.shape[::-1])
    for above, below in levels.values():
        corners = [
            on_plane(above, 0, -DISC_MM), on_plane(above, BODY_MM, -DISC_MM),
            on_plane(below, BODY_MM, DISC_MM), on_plane(below, 0, DISC_MM),
        ]  # fmt: skip
        ImageDraw.Draw(bone).polygon([(column, row) for row, column in corners], fill=1)
    empty = 1 - np.asarray(bone, dtype=np.float32)
    finding = MapFinding(
        bodies=np.stack([empty, *[np.zeros_like(empty)] * 7]),
        zones=np.zeros((7, *empty.shape), dtype=np.float32),
        scale=np.ones(2),
    )
    aorta = report.found.vessels["aorta"]
    heights = np.asarray(grid.slice_positions_mm)[aorta.slices] - grid.slice_positions_mm[0]
    middle = np.array([on_film(z, y) for z, y in zip(heights, aorta.center_mm[:, 0], strict=True)])
    start, forward = row_lines(borders)
    away = middle[None] - start[:, None]
    off = np.abs(away @ np.array([[0.0, 1.0], [-1.0, 0.0]]) @ forward[..., None])[..., 0].argmin(axis=1)
    pixel = film.spacing_mm[0]
    along = (away[np.arange(len(off)), off] * forward).sum(axis=1) * pixel
    half = aorta.radius_mm[off] * pixel / step
    return finding, StripPlace(borders=borders, centre_mm=along, half_mm=half, pixel_mm=pixel)


def grade_of_ct(report: AortaReport) -> str:
    """Say the CT's own eight grades: what is not in the scan is a dot."""
    return " ".join(str(report.grades.grades[place]) if report.grades else "." for place in WALL_LEVELS)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("scans", type=Path, nargs="+")
    parser.add_argument("--pictures", type=Path)
    chosen = parser.parse_args()
    for path in chosen.scans:
        for series in (series for study in read_input(path) for series in study.series):
            report = score_aorta(series, read_volume(series), provenance=Provenance(software="vascal", version="bench"))
            print(f"{path.name}: CT {grade_of_ct(report)}")
            for look in LOOKS:
                film = film_of(report, look)
                if chosen.pictures:
                    chosen.pictures.mkdir(parents=True, exist_ok=True)
                    picture = Image.fromarray(np.rint(film.pixels * 255).astype(np.uint8))
                    picture.save(chosen.pictures / f"{path.name}-{look}.png")
                try:
                    reading = LearnedFilmReader().read_film(film)
                except FilmError as error:
                    print(f"  film, {look}: refused: {error}")
                else:
                    grades = [int(wall.grade) for wall in reading.walls]
                    print(f"  film, {look}: {' '.join(map(str, grades))}, total {sum(grades)}")
                if report.grades:
                    given = LearnedFilmReader().read_strip(film.pixels, *place_of_ct(report, film)).grades
                    grades = (np.cumsum(given, axis=1) < 0.5).sum(axis=1).tolist()
                    print(f"    at the CT's own places: {' '.join(map(str, grades))}, total {sum(grades)}")


if __name__ == "__main__":
    main()
