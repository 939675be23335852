"""Rods and cylinders of known mass in soft tissue, at rest and moving: integrated against Agatston mass.

Stands beside Black, Xiao and Molloi (2023, doi:10.1101/2023.01.12.23284482): rods of
5 x 10 mm with 196 to 800 mg/cm3 at 0 to 30 mm/s, and cylinders of 1, 3 and 5 mm from
25 to 800 mg/cm3. A place is known beforehand, as it is there.

python -m bench.accuracy.rods
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.accuracy.figures import markdown, rmse
from bench.accuracy.measure import Row, known
from vascal.calcium.candidates import find_candidates
from vascal.calcium.lesions import Lesion, find_lesions
from vascal.calcium.mass import Calibration, score_mass
from vascal.calcium.rule import AGATSTON_1990
from vascal.calcium.score import score_calcium
from vascal.simulate.ct.calcium_layer import MovingPoints, image_plaque
from vascal.simulate.ct.plaques import STEPS
from vascal.simulate.ct.scanner import QR36, make_image, to_stored_hu
from vascal.volume import Grid, LabelMap, Volume

CALCIUM_HU, TISSUE_HU, NOISE_SD_HU, SLICE_MM, PIXEL_MM = 1.23, 40.0, 18.0, 3.0, 0.43
WINDOW_S = 0.14
SPEEDS_MM_S = (0.0, 10.0, 20.0, 30.0)
ROD_DENSITIES = (196.0, 380.0, 408.0, 800.0)
INSERT_DENSITIES = (25.0, 50.0, 100.0, 200.0, 400.0, 800.0)
INSERT_MM = (1.0, 3.0, 5.0)
PLACES = {1: "known place"}
PUBLISHED = {
    "stationary RMSE, mg": (2.87, 4.07), "moving RMSE, mg": (9.70, 19.98), "false negatives, %": (15.0, 28.3),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Cylinder:
    """One cylinder, and how it is scanned."""

    diameter_mm: float
    length_mm: float
    density_mg_cm3: float
    speed_mm_s: float
    realisation: int

    @property
    def mass_mg(self) -> float:
        return self.density_mg_cm3 * np.pi / 4 * self.diameter_mm**2 * self.length_mm / 1000


def cylinder_points(cylinder: Cylinder) -> NDArray[np.float64]:
    """(point, 3): even filling, along the table."""
    n = np.mod(0.5 + np.arange(1, 4001)[:, None] * STEPS, 1.0)
    radius, angle = 0.5 * cylinder.diameter_mm * np.sqrt(n[:, 0]), 2 * np.pi * n[:, 1]
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle), cylinder.length_mm * (n[:, 2] - 0.5)])


def scan_cylinder(cylinder: Cylinder) -> tuple[Volume, LabelMap, NDArray[np.int64]]:
    """Image, the place where calcium may be, and the voxels that its core fills."""
    rng = np.random.default_rng(
        (cylinder.realisation, round(cylinder.density_mg_cm3), round(10 * cylinder.diameter_mm))
    )
    grid = Grid.even((13, 100, 100), (SLICE_MM, PIXEL_MM, PIXEL_MM), origin_mm=(-21.5, -21.5, -18.0))
    shift = rng.uniform(-0.5, 0.5, 3) * (PIXEL_MM, PIXEL_MM, SLICE_MM)
    angle = rng.uniform(0, 2 * np.pi)
    way = np.linspace(-0.5, 0.5, 15) * cylinder.speed_mm_s * WINDOW_S
    offset = np.stack([way * np.cos(angle), way * np.sin(angle), 0 * way], axis=1)[None]
    moving = MovingPoints(points=cylinder_points(cylinder) + shift, mass_mg=cylinder.mass_mg, offset_mm=offset)
    plain = np.full(grid.shape, TISSUE_HU, dtype=np.float32)
    hu = make_image(plain, grid, QR36, noise_sd_hu=NOISE_SD_HU, rng=rng, slice_thickness_mm=SLICE_MM)
    patch = image_plaque(moving, grid, SLICE_MM, QR36)
    if patch is not None:
        hu[patch.where] += patch.mg * np.float32(CALCIUM_HU * 1000 / (grid.pixel_area_mm2 * SLICE_MM))
    z, y, x = np.meshgrid(*_axes(grid), indexing="ij")
    half = 0.5 * cylinder.diameter_mm + 0.5 * PIXEL_MM
    across = np.hypot(x - shift[0], y - shift[1])
    along = np.abs(z - shift[2])
    core = (across <= half) & (along <= max(0.5 * cylinder.length_mm, 0.26 * SLICE_MM) + 0.25 * SLICE_MM)
    near = (across <= half + 3.0) & (along <= 0.5 * cylinder.length_mm + SLICE_MM)
    labels = LabelMap(labels=near.astype(np.uint8), grid=grid, names=PLACES)
    return Volume(hu=to_stored_hu(hu), grid=grid), labels, np.flatnonzero(core)


def _axes(grid: Grid) -> tuple[NDArray[np.float64], ...]:
    return tuple(
        np.asarray(grid.origin_mm[xyz] + np.arange(size) * step, dtype=np.float64)
        for xyz, size, step in zip((2, 1, 0), grid.shape, grid.spacing_mm, strict=True)
    )


def measure_cylinder(cylinder: Cylinder) -> Row:
    volume, labels, core = scan_cylinder(cylinder)
    calibration = Calibration(factor_mg_cm3_per_hu=1 / CALCIUM_HU, source="rods")
    score = score_calcium(
        volume, find_lesions(find_candidates(volume, labels, AGATSTON_1990), AGATSTON_1990), calibration=calibration
    ).total
    drawn = Lesion(id=1, vessel=PLACES[1], index=core, hu=volume.hu.reshape(-1)[core])
    placed = score_mass(volume, drawn, calibration, core)
    return {
        "diameter_mm": cylinder.diameter_mm, "density_mg_cm3": cylinder.density_mg_cm3,
        "speed_mm_s": cylinder.speed_mm_s, "true_mg": cylinder.mass_mg, "agatston": score.agatston,
        "mass_mg": score.mass_mg, "integrated_mg": known(score.mass_integrated_mg),
        "placed_mg": known(placed.integrated_mg), "placed_volume_fraction_mg": known(placed.volume_fraction_mg),
    }  # fmt: skip


def study(realisations: int) -> dict[str, list[Row]]:
    rods = [
        Cylinder(diameter_mm=5.0, length_mm=10.0, density_mg_cm3=d, speed_mm_s=v, realisation=r)
        for d in ROD_DENSITIES for v in SPEEDS_MM_S for r in range(realisations)
    ]  # fmt: skip
    inserts = [
        Cylinder(diameter_mm=s, length_mm=s, density_mg_cm3=d, speed_mm_s=0.0, realisation=r)
        for s in INSERT_MM for d in (0.0, *INSERT_DENSITIES) for r in range(2 * realisations)
    ]  # fmt: skip
    return {"rods": [measure_cylinder(c) for c in rods], "inserts": [measure_cylinder(c) for c in inserts]}


def missed(inserts: Sequence[Row], least_mg_cm3: float = 1.0) -> dict[str, float]:
    """False negatives, %: no score; and a mass below 1.5 standard deviations of empty places of that size."""
    limits = {}
    for size in INSERT_MM:
        empty = [float(r["placed_mg"]) for r in inserts if r["diameter_mm"] == size and r["density_mg_cm3"] == 0]
        limits[size] = float(np.mean(empty) + 1.5 * np.std(empty, ddof=1))
    full = [r for r in inserts if float(r["density_mg_cm3"]) >= least_mg_cm3]
    by_mass = [float(r["placed_mg"]) <= limits[float(r["diameter_mm"])] for r in full]
    return {
        "integrated": 100 * float(np.mean(by_mass)),
        "agatston": 100 * float(np.mean([r["agatston"] == 0 for r in full])),
    }


def errors(rows: Sequence[Row]) -> tuple[float, float, float]:
    truth = [float(r["true_mg"]) for r in rows]
    found = [rmse([float(r[name]) for r in rows], truth) for name in ("placed_mg", "integrated_mg", "mass_mg")]
    return found[0], found[1], found[2]


def report(found: dict[str, list[Row]]) -> str:
    rods, inserts = found["rods"], [r for r in found["inserts"] if float(r["density_mg_cm3"]) > 0]
    groups = {
        "rods at rest": [r for r in rods if r["speed_mm_s"] == 0],
        **{f"rods at {v:g} mm/s": [r for r in rods if r["speed_mm_s"] == v] for v in SPEEDS_MM_S[1:]},
        "all moving rods": [r for r in rods if float(r["speed_mm_s"]) > 0],
        "inserts, 200 to 800 mg/cm3": [r for r in inserts if float(r["density_mg_cm3"]) >= 200],
        "inserts, 25 to 100 mg/cm3": [r for r in inserts if float(r["density_mg_cm3"]) < 200],
    }
    rows = []
    for name, group in groups.items():
        placed, integrated, agatston = errors(group)
        rows.append(
            (name, len(group), f"{placed:.2f}", f"{integrated:.2f}", f"{agatston:.2f}", f"{placed / agatston:.2f}")
        )
    lost, dense = missed(found["inserts"]), missed(found["inserts"], 200.0)
    table = markdown(
        ("simulated", "scans", "integrated, place known, mg", "integrated, above threshold, mg", "Agatston mass, mg",
         "ratio"), rows,
    )  # fmt: skip
    return (
        f"{table}\n\nFalse negatives among the inserts: integrated {lost['integrated']:.1f} %, Agatston "
        f"{lost['agatston']:.1f} %; of those with 200 mg/cm3 or more {dense['integrated']:.1f} % and "
        f"{dense['agatston']:.1f} %."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--realisations", type=int, default=20)
    parser.add_argument("--json", type=Path, default=None)
    args = parser.parse_args()
    found = study(args.realisations)
    print(report(found))
    if args.json:
        args.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
