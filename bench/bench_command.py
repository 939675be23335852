"""The whole command, cold start included, on simulated studies.

`vascal score STUDY --out DIR` in a fresh process: start, read, find, score,
draw, write. Opponent in the same run: a bare pydicom loop in a fresh process
that only reads the same study. Limits: 60 slices 3 s; 400 slices 8 s and
900 MB, on 2 cores.

    python -m bench.bench_command [--runs 3] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

STUDIES: dict[str, dict[str, Any]] = {
    "cardiac, 60 slices": {"thickness_mm": 2.3, "increment_mm": 2.3},
    "chest, 400 slices": {
        "region": "chest",
        "field_mm": 360.0,
        "thickness_mm": 0.78,
        "increment_mm": 0.78,
        "is_gated": False,
    },
}
LIMITS = {"cardiac, 60 slices": (3.0, None), "chest, 400 slices": (8.0, 900.0)}

BARE_LOOP = """
import sys, pathlib, numpy as np, pydicom
datasets = [pydicom.dcmread(p) for p in pathlib.Path(sys.argv[1]).iterdir()]
datasets.sort(key=lambda d: d.ImagePositionPatient[2])
volume = np.empty((len(datasets), datasets[0].Rows, datasets[0].Columns), np.int16)
for k, d in enumerate(datasets):
    volume[k] = d.pixel_array * float(d.RescaleSlope) + float(d.RescaleIntercept)
"""

WATCH = """
import json, pathlib, runpy, sys
sys.argv = sys.argv[1:]
code = 0
try:
    runpy.run_module("vascal", run_name="__main__") if sys.argv[0] == "vascal" else exec(sys.argv[0], {})
except SystemExit as end:
    code = end.code or 0
status = pathlib.Path("/proc/self/status").read_text()  # getrusage would include the parent's peak
peak_kb = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
print(json.dumps({"mb": int(peak_kb) / 1024, "code": code}))
"""


def write_study(folder: Path, plan: dict[str, Any]) -> None:
    from vascal.io.ct_writer import CtDescription, write_ct_series
    from vascal.simulate.ct.example import EXAMPLE_PATIENT, EXAMPLE_PLAQUES
    from vascal.simulate.ct.protocol import Protocol
    from vascal.simulate.ct.scan import scan_patient

    scan = scan_patient(EXAMPLE_PATIENT, Protocol(**plan), plaques=EXAMPLE_PLAQUES)
    write_ct_series(scan.volume, folder, description=CtDescription())


def measure(arguments: list[str]) -> tuple[float, float]:
    """Give seconds and peak MB of one fresh process."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", WATCH, *arguments], capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - started
    result = json.loads(done.stdout.splitlines()[-1])
    if result["code"] != 0:
        raise SystemExit(f"the command failed:\n{done.stdout}\n{done.stderr}")
    return seconds, result["mb"]


def bench_study(name: str, folder: Path, runs: int) -> dict[str, Any]:
    ours, bare = [], []
    for _ in range(runs):
        out = folder.parent / "out"
        ours.append(measure(["vascal", "score", str(folder), "--out", str(out)]))
        bare.append(measure([BARE_LOOP, str(folder)]))
        shutil.rmtree(out)
    seconds, megabytes = min(s for s, _ in ours), max(m for _, m in ours)
    bare_seconds, bare_megabytes = min(s for s, _ in bare), max(m for _, m in bare)
    return {
        "study": name,
        "seconds": round(seconds, 2),
        "limit_seconds": LIMITS[name][0],
        "megabytes": round(megabytes),
        "limit_megabytes": LIMITS[name][1],
        "bare_loop_seconds": round(bare_seconds, 2),
        "bare_loop_megabytes": round(bare_megabytes),
        "time_ratio": round(seconds / bare_seconds, 2),
        "memory_ratio": round(megabytes / bare_megabytes, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = []
    for name, plan in STUDIES.items():
        with tempfile.TemporaryDirectory() as place:
            write_study(Path(place) / "study", plan)
            rows.append(bench_study(name, Path(place) / "study", options.runs))
    print("| study | vascal score | limit | bare pydicom loop | ratio |")
    print("|---|---|---|---|---|")
    for row in rows:
        limit = f"{row['limit_seconds']:g} s" + (f", {row['limit_megabytes']:.0f} MB" if row["limit_megabytes"] else "")
        print(
            f"| {row['study']} | {row['seconds']:.2f} s, {row['megabytes']} MB | {limit} "
            f"| {row['bare_loop_seconds']:.2f} s, {row['bare_loop_megabytes']} MB "
            f"| {row['time_ratio']:.2f}, {row['memory_ratio']:.2f} |"
        )
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
