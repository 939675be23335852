"""Finding calcium in a CT that is in memory: the learned finder against the rule-based one, in the same run.

From the volume to lesions, warm: the first run loads the networks and does not
count. The opponent is vascal's own finder by rules, which runs no network. One
simulated patient is scanned at three slice spacings and fields. Limits on 2 cores
without a GPU: 60 slices 1.5 s, 400 slices 4 s, and 1200 MB for the whole process;
the memory is the peak of a fresh process that reads the CT from a file and finds
calcium once.

    python -m bench.finding_speed [--runs 5] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from vascal.calcium.finding import find_calcium
from vascal.calcium.rule import AGATSTON_1990
from vascal.models.finder import FinderName, choose_finder
from vascal.volume import Grid, Volume

SCANS: dict[str, tuple[str, dict[str, Any]]] = {
    "gated, 60 slices": ("gated", {"thickness_mm": 2.5, "increment_mm": 2.1}),
    "chest, 400 slices": ("chest", {"thickness_mm": 1.0, "increment_mm": 0.714}),
    "chest, field of 500 mm": ("chest", {"thickness_mm": 3.0, "increment_mm": 3.0, "field_mm": 500.0}),
}
LIMITS_S = {"gated, 60 slices": 1.5, "chest, 400 slices": 4.0}
MEMORY_LIMIT_MB = 1200

WATCH = """
import json, pathlib, sys
from bench.finding_speed import find, read_volume
find(sys.argv[2], read_volume(pathlib.Path(sys.argv[1])))
status = pathlib.Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""


def write_volume(name: str, path: Path) -> None:
    """Simulate a scan into a file, so that no memory of the simulator counts."""
    from vascal.simulate.ct.patient import draw_patient
    from vascal.simulate.ct.protocol import PROTOCOLS
    from vascal.simulate.ct.scan import scan_patient

    protocol, changes = SCANS[name]
    volume = scan_patient(draw_patient(7), replace(PROTOCOLS[protocol], **changes), agatston=300.0).volume
    np.savez(path, hu=volume.hu, spacing_mm=volume.grid.spacing_mm)


def read_volume(path: Path) -> Volume:
    with np.load(path) as stored:
        hu, (k, i, j) = stored["hu"], stored["spacing_mm"].tolist()
    return Volume(hu=hu, grid=Grid.even(hu.shape, (k, i, j)))


def find(finder: FinderName, volume: Volume) -> int:
    """Give how many lesions a finder finds."""
    chosen = choose_finder(finder)
    anatomy = chosen.segmenter.find_anatomy(volume)
    return len(find_calcium(volume, anatomy, AGATSTON_1990, chosen.judge).lesions)


def take_times(finder: FinderName, volume: Volume, runs: int) -> tuple[float, float]:
    """Give the shortest time on the clock, and of all processors together, s."""
    find(finder, volume)
    clock, busy = [], []
    for _ in range(runs):
        started = time.perf_counter(), time.process_time()
        find(finder, volume)
        clock.append(time.perf_counter() - started[0])
        busy.append(time.process_time() - started[1])
    return min(clock), min(busy)


def peak_mb(finder: FinderName, path: Path) -> float:
    """Give the peak memory of a fresh process."""
    command = [sys.executable, "-c", WATCH, str(path), finder]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1]) / 1024


def compare(name: str, path: Path, runs: int) -> dict[str, Any]:
    volume = read_volume(path)
    learned, rules = (take_times(finder, volume, runs) for finder in ("learned", "rules"))
    return {
        "scan": name,
        "shape": list(volume.hu.shape),
        "learned_seconds": round(learned[0], 2),
        "limit_seconds": LIMITS_S.get(name),
        "learned_cpu_seconds": round(learned[1], 2),
        "rules_seconds": round(rules[0], 2),
        "rules_cpu_seconds": round(rules[1], 2),
        "time_ratio": round(learned[0] / rules[0], 2),
        "learned_mb": round(peak_mb("learned", path)),
        "rules_mb": round(peak_mb("rules", path)),
        "ct_mb": round(volume.hu.nbytes / 2**20),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results" / "finding_speed.json")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in SCANS:
            path = Path(folder) / "scan.npz"
            write_volume(name, path)
            rows.append(compare(name, path, options.runs))
    print(f"{os.cpu_count()} processors\n")
    print("| scan | learned finder | limit | finder by rules | time, memory ratio |")
    print("|---|---|---|---|---|")
    for row in rows:
        limit = f"{row['limit_seconds']:g} s, " if row["limit_seconds"] else ""
        print(
            f"| {row['scan']} | {row['learned_seconds']:.2f} s, {row['learned_mb']} MB | {limit}{MEMORY_LIMIT_MB} MB "
            f"| {row['rules_seconds']:.2f} s, {row['rules_mb']} MB "
            f"| {row['time_ratio']:.2f}, {row['learned_mb'] / row['rules_mb']:.2f} |"
        )
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
