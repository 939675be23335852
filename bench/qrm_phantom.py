"""The QRM calcification phantom, as a real scanner saw it: scores, masses, calibration and false calcium.

Prints the tables of docs/reference/phantom-check.md. The scan is public
(doi 10.1002/mp.14912, MIT licence) but not part of the project.

    python -m bench.qrm_phantom FOLDER_OF_SHARED_DATA [--json FILE]
"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from vascal.calcium.candidates import find_candidates
from vascal.calcium.lesions import find_lesions
from vascal.calcium.mass import Calibration, Rod, assume_calibration, calibrate_from_rods
from vascal.calcium.rule import AGATSTON_1990, FOUR_PIXELS, AgatstonRule
from vascal.calcium.score import CalciumScore, score_calcium
from vascal.io.dicom import read_studies, read_volume
from vascal.volume import Grid, LabelMap, Volume

INSERTS_MM = {
    "large-HD": (-40.7, 1.5),
    "medium-HD": (-28.2, 1.7),
    "small-HD": (-15.9, 1.5),
    "large-MD": (13.7, -32.5),
    "medium-MD": (8.3, -21.5),
    "small-MD": (2.6, -10.9),
    "large-LD": (17.2, 31.4),
    "medium-LD": (10.6, 21.0),
    "small-LD": (4.2, 10.6),
}
"""Centres, LPS x and y. The small MD and LD inserts can not be seen; they lie in line with the others."""
INSERT_Z_MM = (596.0, 606.0)
DIAMETER_MM = {"large": 5.0, "medium": 3.0, "small": 1.0}
DENSITY_MG_CM3 = {"HD": 800.0, "MD": 400.0, "LD": 200.0}
CYLINDER_MM = (-2.5, 0.2)
WATER_Z_MM = (570.0, 623.0)
"""Between the lower end of the water-equivalent cylinder and the rods."""
ROD_Z_MM = 630.875
WATER_ROD = Rod(center_mm=(-15.3, -18.2, ROD_Z_MM), radius_mm=6.0, length_mm=7.0, density_mg_cm3=0.0)
CALCIUM_ROD = Rod(center_mm=(-2.5, 0.2, ROD_Z_MM), radius_mm=7.0, length_mm=7.0, density_mg_cm3=200.0)
NO_MINIMUM = replace(AGATSTON_1990, name="no minimum", min_patch_mm2=0.0)


def read_phantom(shared_data: Path) -> Volume:
    return read_volume(read_studies(shared_data / "qrm-phantom" / "dicom")[0].series[0])


def published_scores(shared_data: Path) -> dict[str, float]:
    with (shared_data / "qrm-phantom" / "reference.csv").open(newline="") as file:
        return {row["insert"]: float(row["agatston"]) for row in csv.DictReader(file)}


def disc(grid: Grid, center_mm: tuple[float, float], radius_mm: float) -> np.ndarray:
    """Mark pixels around a place: (row, column), bool."""
    x = grid.origin_mm[0] + grid.column_spacing_mm * np.arange(grid.shape[2])
    y = grid.origin_mm[1] + grid.row_spacing_mm * np.arange(grid.shape[1])
    return np.asarray((x[None, :] - center_mm[0]) ** 2 + (y[:, None] - center_mm[1]) ** 2 <= radius_mm**2)


def slices_between(grid: Grid, low_mm: float, high_mm: float) -> np.ndarray:
    return np.flatnonzero([low_mm < z < high_mm for z in grid.slice_positions_mm])


def label_inserts(grid: Grid) -> LabelMap:
    labels = np.zeros(grid.shape, dtype=np.uint8)
    for value, center in enumerate(INSERTS_MM.values(), start=1):
        for k in slices_between(grid, *INSERT_Z_MM):
            labels[k][disc(grid, center, 5.0)] = value
    return LabelMap(labels=labels, grid=grid, names=dict(enumerate(INSERTS_MM, start=1)))


def label_water(grid: Grid) -> LabelMap:
    """Label the water-equivalent cylinder, 5 mm inside its edge and 9 mm clear of inserts."""
    labels = np.zeros(grid.shape, dtype=np.uint8)
    for k in slices_between(grid, *WATER_Z_MM):
        labels[k][disc(grid, CYLINDER_MM, 45.0)] = 1
    for k in slices_between(grid, INSERT_Z_MM[0] - 6, INSERT_Z_MM[1] + 6):
        for center in INSERTS_MM.values():
            labels[k][disc(grid, center, 9.0)] = 0
    return LabelMap(labels=labels, grid=grid, names={1: "water"})


def score(volume: Volume, labels: LabelMap, rule: AgatstonRule, calibration: Calibration | None = None) -> CalciumScore:
    lesions = find_lesions(find_candidates(volume, labels, rule), rule)
    return score_calcium(volume, lesions, rule=rule, calibration=calibration)


def physical_mass_mg(insert: str) -> float:
    size, density = insert.split("-")
    return float(np.pi / 4 * DIAMETER_MM[size] ** 3 * DENSITY_MG_CM3[density] / 1000)


def measure_inserts(volume: Volume, shared_data: Path, calibration: Calibration) -> list[dict[str, Any]]:
    scores = {
        rule.name: score(volume, label_inserts(volume.grid), rule, calibration) for rule in (FOUR_PIXELS, AGATSTON_1990)
    }
    published = published_scores(shared_data)
    rows = []
    for insert in INSERTS_MM:
        seen = scores[FOUR_PIXELS.name].vessels.get(insert)
        rows.append(
            {
                "insert": insert,
                "published": published[insert],
                **{
                    name: score.vessels[insert].agatston if insert in score.vessels else 0.0
                    for name, score in scores.items()
                },
                "physical_mg": physical_mass_mg(insert),
                "threshold_mg": seen.mass_mg if seen else 0.0,
                "integrated_mg": seen.mass_integrated_mg if seen else 0.0,
            }
        )
    return rows


def measure_water(volume: Volume) -> dict[str, Any]:
    """Count what is called calcium where there is none."""
    region = label_water(volume.grid)
    inside = region.labels == 1
    slices = len(slices_between(volume.grid, *WATER_Z_MM))
    cm3 = np.count_nonzero(inside) * volume.grid.pixel_area_mm2 * volume.grid.spacing_between_slices_mm / 1000
    scores = {rule.name: score(volume, region, rule) for rule in (NO_MINIMUM, FOUR_PIXELS, AGATSTON_1990)}
    return {
        "cm3": cm3,
        "slices": slices,
        "mean_hu": float(volume.hu[inside].mean()),
        "sd_hu": float(volume.hu[inside].std()),
        "by_rule": {
            name: {
                "voxels_per_cm3": sum(lesion.voxels for lesion in seen.lesions) / cm3,
                "lesions_per_100_cm3": 100 * seen.total.lesions / cm3,
                "agatston_per_slice": seen.total.agatston / slices,
                "agatston": seen.total.agatston,
            }
            for name, seen in scores.items()
        },
    }


def print_tables(rods: Calibration, inserts: list[dict[str, Any]], water: dict[str, Any]) -> None:
    print(f"Rods: {rods.detail}; slope {1 / rods.factor_mg_cm3_per_hu:.3f} HU/(mg/cm3), ", end="")
    assumed = assume_calibration(120.0).factor_mg_cm3_per_hu
    print(f"factor {rods.factor_mg_cm3_per_hu:.4f} mg/cm3 per HU (assumed without rods: {assumed:.4f}).\n")
    print("| insert | published | four-pixels | agatston-1990 | true, mg | threshold, mg | integrated, mg |")
    print("|---|---|---|---|---|---|---|")
    for row in inserts:
        integrated = "-" if row["integrated_mg"] is None else f"{row['integrated_mg']:.2f}"
        print(
            f"| {row['insert']} | {row['published']:.2f} | {row['four-pixels']:.2f} | {row['agatston-1990']:.2f} "
            f"| {row['physical_mg']:.2f} | {row['threshold_mg']:.2f} | {integrated} |"
        )
    print(f"\nWater-equivalent region: {water['cm3']:.0f} cm3 in {water['slices']} slices, ", end="")
    print(f"{water['mean_hu']:.1f} HU, standard deviation {water['sd_hu']:.1f} HU.\n")
    print(
        "| rule | voxels called calcium per cm3 | lesions per 100 cm3 | Agatston per slice | Agatston, whole region |"
    )
    print("|---|---|---|---|---|")
    for name, row in water["by_rule"].items():
        print(
            f"| {name} | {row['voxels_per_cm3']:.3f} | {row['lesions_per_100_cm3']:.2f} "
            f"| {row['agatston_per_slice']:.3f} | {row['agatston']:.2f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared_data", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    volume = read_phantom(options.shared_data)
    rods = calibrate_from_rods(volume, WATER_ROD, CALCIUM_ROD)
    inserts = measure_inserts(volume, options.shared_data, rods)
    water = measure_water(volume)
    print_tables(rods, inserts, water)
    if options.json:
        result = {"factor_mg_cm3_per_hu": rods.factor_mg_cm3_per_hu, "inserts": inserts, "water": water}
        options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
