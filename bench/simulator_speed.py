"""Speed and memory of the simulator, each in a fresh process with compiled code cached.

python -m bench.simulator_speed
"""

from __future__ import annotations

import json
import subprocess
import sys

CASES = {
    "gated, image path, 46 x 512 x 512": ({}, 3.0),
    "training sample, 128 x 128 x 128": (
        {"matrix": 128, "field_mm": 180.0, "increment_mm": 1.08, "thickness_mm": 1.08},
        0.4,
    ),
    "gated, projection path, 12 x 512 x 512": ({"fidelity": "projection", "coverage": 0.25}, 18.0),
}
PROBE = """
import json, pathlib, sys, time
from dataclasses import replace
from vascal.simulate.ct.patient import SimulatedPatient
from vascal.simulate.ct.protocol import PROTOCOLS
from vascal.simulate.ct.scan import scan_patient
protocol = replace(PROTOCOLS["gated"], **json.loads(sys.argv[1]))
times = []
for seed in range(4):
    started = time.process_time()
    scan = scan_patient(SimulatedPatient(seed=seed), protocol)
    times.append(time.process_time() - started)
status = pathlib.Path("/proc/self/status").read_text()
peak_kb = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
print(json.dumps({"shape": scan.volume.hu.shape, "cpu_s": min(times[1:]), "peak_gb": int(peak_kb) / 1e6}))
"""


def main() -> None:
    """Print one row a case; the limit is what the project asks of itself."""
    print("| case | shape | CPU-s | limit | peak GB |")
    print("|---|---|---|---|---|")
    for name, (changes, limit) in CASES.items():
        command = [sys.executable, "-c", PROBE, json.dumps(changes)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        row = json.loads(done.stdout.splitlines()[-1])
        shape = " x ".join(map(str, row["shape"]))
        print(f"| {name} | {shape} | {row['cpu_s']:.2f} | {limit:g} | {row['peak_gb']:.2f} |")


if __name__ == "__main__":
    main()
