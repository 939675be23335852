"""Reached percentiles of the Agatston score of simulated men and women, beside Heinz Nixdorf's.

python -m bench.accuracy.prior [--patients 150]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from bench.accuracy.cases import REFERENCE_CASE
from bench.accuracy.scans import phantom_of, scan_cut
from vascal.calcium.candidates import find_candidates
from vascal.calcium.lesions import find_lesions
from vascal.calcium.rule import AGATSTON_1990
from vascal.calcium.score import score_calcium
from vascal.simulate.ct.burden import draw_agatston
from vascal.simulate.ct.patient import Sex, draw_patient

HEINZ_NIXDORF = {"M": (2.3, 41.0, 192.6, 557.0), "F": (0.0, 1.0, 24.5, 139.8)}
PERCENTILES = (25, 50, 75, 90)


def measure_one(seed: int, sex: Sex) -> dict[str, float]:
    """Aim, mass and measured score of one simulated patient under the reference protocol."""
    patient = draw_patient(seed, sex=sex)
    aim = draw_agatston(np.random.default_rng(np.random.SeedSequence((seed, 0xCA))), patient)
    if aim == 0:
        return {"seed": seed, "aim": 0.0, "mass_mg": 0.0, "agatston": 0.0}
    scan = scan_cut(patient, REFERENCE_CASE)
    phantom_of.cache_clear()
    if scan is None:
        return {"seed": seed, "aim": aim, "mass_mg": 0.0, "agatston": 0.0}
    lesions = find_lesions(find_candidates(scan.volume, scan.vessels, AGATSTON_1990), AGATSTON_1990)
    agatston = score_calcium(scan.volume, lesions).total.agatston
    return {"seed": seed, "aim": aim, "mass_mg": float(scan.mass_mg.sum()), "agatston": agatston}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=150, help="of each sex")
    parser.add_argument("--json", type=Path, default=None)
    args = parser.parse_args()
    found = {}
    print(f"{args.patients} simulated patients of each sex")
    print("| sex | | 25 % | 50 % | 75 % | 90 % | zero, % |\n|---|---|---|---|---|---|---|")
    for sex in ("M", "F"):
        rows = [measure_one(2000 + number, sex) for number in range(args.patients)]
        found[sex] = rows
        for name in ("aim", "agatston"):
            values = np.array([row[name] for row in rows])
            cells = " | ".join(f"{v:.1f}" for v in np.percentile(values, PERCENTILES))
            print(f"| {sex} | {name} | {cells} | {100 * np.mean(values == 0):.0f} |", flush=True)
        print(f"| {sex} | Heinz Nixdorf | {' | '.join(f'{v:g}' for v in HEINZ_NIXDORF[sex])} | |")
    if args.json:
        args.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
