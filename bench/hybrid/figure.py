"""Draw plaques inserted into a simulated scan: docs/explanation/img/hybrid-plaques.png.

python -m bench.hybrid.figure
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from vascal.simulate.ct.coronaries import Branch, branch_along
from vascal.simulate.ct.example import EXAMPLE_PATIENT
from vascal.simulate.ct.insertion import insert_plaques, time_ungated_scan
from vascal.simulate.ct.plaques import Plaque
from vascal.simulate.ct.protocol import PROTOCOLS
from vascal.simulate.ct.scan import SimulatedScan, scan_patient
from vascal.simulate.ct.scan_matching import match_scan
from vascal.simulate.ct.scanner import KERNELS
from vascal.study import Acquisition
from vascal.volume import Volume

OUT = Path(__file__).parents[2] / "docs" / "explanation" / "img" / "hybrid-plaques.png"
WINDOW_HU = (-160.0, 400.0)
SIDE_MM, SCALE = 80.0, 4
NOISE_HU = {"AC": 12.0, "B35f": 14.0, "LUNG": 40.0}
PLAQUES = (
    Plaque(site="LAD", mass_mg=30.0, density_mg_cm3=450.0, position=0.22, kind="linear"),
    Plaque(site="LAD", mass_mg=8.0, density_mg_cm3=400.0, position=0.27, kind="spotty", angle_deg=90.0),
)


def main() -> None:
    rows = [row(kernel) for kernel in NOISE_HU]
    image = Image.fromarray(np.vstack(rows))
    draw = ImageDraw.Draw(image)
    for number, kernel in enumerate(NOISE_HU):
        draw.text((6, number * image.height // len(NOISE_HU) + 6), f"{kernel}: empty, inserted, in motion", fill=255)
    image.save(OUT, optimize=True)


def row(kernel: str) -> np.ndarray:
    """A scan without calcium, with plaques, and with plaques blurred by the beating heart."""
    protocol = replace(PROTOCOLS["chest"], kernel=kernel, noise_sd_hu=NOISE_HU[kernel], field_mm=300.0)
    scan = scan_patient(EXAMPLE_PATIENT, protocol, plaques=())
    courses = [branch_along("LAD", scan.centrelines["LAD"][::8])]
    seen = Acquisition(kvp=120.0, kernels=(kernel,), slice_thickness_mm=3.0, manufacturer="SIEMENS")
    match = match_scan(scan.volume, seen, kernel=KERNELS[kernel])
    timing = time_ungated_scan(scan.volume.grid, heart_rate_bpm=75.0, seed=1)
    still = insert_plaques(scan.volume, PLAQUES, courses, match)
    moving = insert_plaques(scan.volume, PLAQUES, courses, match, timing=timing)
    k = int(np.argmax(np.count_nonzero(still.lesions.labels, axis=(1, 2))))
    return np.hstack([picture(volume, k, courses[0], scan) for volume in (scan.volume, still.volume, moving.volume)])


def picture(volume: Volume, k: int, course: Branch, scan: SimulatedScan) -> np.ndarray:
    grid = scan.volume.grid
    middle = course.points[np.argmin(np.abs(course.points[:, 2] - grid.slice_positions_mm[k]))]
    row, column = (
        int((middle[axis] - grid.origin_mm[axis]) / spacing)
        for axis, spacing in ((1, grid.row_spacing_mm), (0, grid.column_spacing_mm))
    )
    half = int(SIDE_MM / 2 / grid.row_spacing_mm)
    plane = volume.hu[k, row - half : row + half, column - half : column + half].astype(float)
    grey = np.clip((plane - WINDOW_HU[0]) / (WINDOW_HU[1] - WINDOW_HU[0]) * 255, 0, 255).astype(np.uint8)
    size = round(SIDE_MM * SCALE)
    return np.asarray(Image.fromarray(grey).resize((size, size), Image.Resampling.BICUBIC))


if __name__ == "__main__":
    main()
