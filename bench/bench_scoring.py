"""Scoring 30 lesions: vascal against labelling slice by slice with scipy, in the same run.

Both get the same CT and vessel labels in memory. The opponent is what one
writes first: for each slice and vessel a mask, `scipy.ndimage.label`, and a
loop over patches; it gives the Agatston score, the volume and the threshold
mass. Vascal also groups lesions in three dimensions and measures isotropic
volume and two masses more. Agatston, volume and mass must be equal.

Time: the shortest of several runs. Memory: the CT and the highest sum of
what scoring had allocated at once (tracemalloc), over the size of the CT.

    python -m bench.bench_scoring [--runs 7] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from vascal.calcium.candidates import find_candidates
from vascal.calcium.lesions import find_lesions
from vascal.calcium.mass import ASSUMED_FACTOR_MG_CM3_PER_HU
from vascal.calcium.rule import AGATSTON_1990
from vascal.calcium.score import CalciumScore, score_calcium
from vascal.volume import Grid, LabelMap, Volume

NAMES = {1: "LM", 2: "LAD", 3: "LCX", 4: "RCA"}
SCANS = {"60 slices": (60, 3.0), "400 slices": (400, 0.5)}
TIME_LIMITS_MS = {"60 slices": 60.0, "400 slices": 400.0}
MEMORY_LIMIT = 1.3
RATIO_LIMIT = 5.0
Sums = tuple[float, float, float]


def make_scan(slices: int, spacing_mm: float, *, lesions: int = 30) -> tuple[Volume, LabelMap]:
    """Scatter lesions of 1.4 to 4.4 mm (full width at half maximum) along four vessels; labels reach 3 mm further."""
    random = np.random.default_rng(11)
    grid = Grid.even((slices, 512, 512), (spacing_mm, 0.4, 0.4))
    hu = random.normal(40, 20, grid.shape).astype(np.int16)
    labels = np.zeros(grid.shape, dtype=np.uint8)
    for number in range(lesions):
        vessel = 1 + number % 4
        center = (float(random.integers(slices // 10, slices - slices // 10)), 120 + 60 * vessel, 100 + 9 * number)
        radius, peak = random.uniform(0.8, 2.2), random.uniform(400, 1200)
        reach = [int(np.ceil((radius + 3.0) / s)) for s in grid.spacing_mm]
        box = tuple(
            slice(max(0, int(c) - r), min(n, int(c) + r + 1)) for c, r, n in zip(center, reach, grid.shape, strict=True)
        )
        steps = [(np.arange(b.start, b.stop) - c) * s for b, c, s in zip(box, center, grid.spacing_mm, strict=True)]
        k, i, j = np.meshgrid(*steps, indexing="ij")
        away = np.sqrt(k**2 + i**2 + j**2)
        hu[box] = np.maximum(hu[box], (peak * np.exp2(-((away / radius) ** 2))).astype(np.int16))
        labels[box][away <= radius + 3.0] = vessel
    return Volume(hu=hu, grid=grid), LabelMap(labels=labels, grid=grid, names=NAMES)


def score_with_vascal(volume: Volume, labels: LabelMap) -> CalciumScore:
    return score_calcium(volume, find_lesions(find_candidates(volume, labels, AGATSTON_1990), AGATSTON_1990))


def score_slice_by_slice(volume: Volume, labels: LabelMap) -> dict[str, Sums]:
    """Score by the definition, with full-slice masks."""
    spacing, pixel_mm2 = volume.grid.spacing_between_slices_mm, volume.grid.pixel_area_mm2
    scores = {}
    for value, name in labels.names.items():
        agatston = volume_mm3 = mass_mg = 0.0
        for k in range(volume.grid.shape[0]):
            patches, count = ndimage.label((labels.labels[k] == value) & (volume.hu[k] >= 130), np.ones((3, 3)))
            for patch in range(1, count + 1):
                hu = volume.hu[k][patches == patch]
                if hu.size * pixel_mm2 < 1.0:
                    continue
                weight = 1 + sum(hu.max() >= edge for edge in (200, 300, 400))
                agatston += hu.size * pixel_mm2 * weight * spacing / 3.0
                volume_mm3 += hu.size * pixel_mm2 * spacing
                mass_mg += ASSUMED_FACTOR_MG_CM3_PER_HU / 1000 * float(hu.sum()) * pixel_mm2 * spacing
        scores[name] = (agatston, volume_mm3, mass_mg)
    return scores


def take_time(step: Callable[[], Any], runs: int) -> float:
    """Give the shortest time of several runs, ms."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


def peak_bytes(step: Callable[[], Any]) -> int:
    tracemalloc.start()
    step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def compare(name: str, runs: int) -> dict[str, Any]:
    volume, labels = make_scan(*SCANS[name])
    ours, plain = score_with_vascal(volume, labels), score_slice_by_slice(volume, labels)
    for vessel, sums in plain.items():
        seen = ours.vessels[vessel]
        np.testing.assert_allclose((seen.agatston, seen.volume_mm3, seen.mass_mg), sums, rtol=1e-9)
    milliseconds = take_time(lambda: score_with_vascal(volume, labels), runs)
    opponent = take_time(lambda: score_slice_by_slice(volume, labels), min(runs, 3))
    return {
        "scan": name,
        "lesions": ours.total.lesions,
        "agatston": round(ours.total.agatston, 3),
        "milliseconds": round(milliseconds, 1),
        "limit_milliseconds": TIME_LIMITS_MS[name],
        "slice_by_slice_milliseconds": round(opponent, 1),
        "times_faster": round(opponent / milliseconds, 1),
        "memory_over_ct": round(1 + peak_bytes(lambda: score_with_vascal(volume, labels)) / volume.hu.nbytes, 3),
        "slice_by_slice_memory_over_ct": round(
            1 + peak_bytes(lambda: score_slice_by_slice(volume, labels)) / volume.hu.nbytes, 3
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results" / "scoring.json")
    options = parser.parse_args()
    rows = [compare(name, options.runs) for name in SCANS]
    print("| scan | lesions | vascal | limit | slice by slice | times faster (limit) | memory / CT (limit) |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| 512 x 512 x {row['scan']} | {row['lesions']} | {row['milliseconds']:.1f} ms "
            f"| {row['limit_milliseconds']:.0f} ms | {row['slice_by_slice_milliseconds']:.0f} ms "
            f"| {row['times_faster']:.1f} ({RATIO_LIMIT:g}) | {row['memory_over_ct']:.3f} ({MEMORY_LIMIT:g}) |"
        )
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
