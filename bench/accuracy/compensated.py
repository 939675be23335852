"""Opt-in corrections on the fixed set: fitted on even patients, judged on odd ones. All simulated.

python -m bench.accuracy.compensated [--cache FOLDER]
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from bench.accuracy.cases import CASES, PATIENTS, REFERENCE_CASE, Case
from bench.accuracy.scans import CutScan, load_or_scan
from vascal.calcium.candidates import find_candidates
from vascal.calcium.compensation import Compensated, ScanFacts, choose_compensations, compensate, thicken_labels
from vascal.calcium.lesions import find_lesions
from vascal.calcium.rule import AGATSTON_1990
from vascal.calcium.score import score_calcium

EDGES = (1.0, 100.0, 400.0)
"""Agatston categories 0, 1-99, 100-399, 400 and more."""
Method = Callable[[CutScan, ScanFacts], Compensated]


def facts_of(case: Case, seed: int) -> ScanFacts:
    """What header and image tell; the noise is what was simulated."""
    protocol = case.protocol
    return ScanFacts(
        kvp=protocol.kvp,
        slice_mm=protocol.increment_mm,
        kernel=protocol.kernel,
        noise_sd_hu=None if protocol.denoising != "none" else protocol.noise_sd_hu,
        bmi=case.patient(seed).bmi,
        denoising=protocol.denoising,
    )


METHODS: Mapping[str, Method] = {
    "as scanned": lambda scan, _: compensate(scan.volume, AGATSTON_1990, ()),
    "compensated": lambda scan, facts: compensate(scan.volume, AGATSTON_1990, choose_compensations(facts)),
}


def agatston(scan: CutScan, result: Compensated) -> float:
    """Score with the truth's labels."""
    vessels = scan.vessels
    if result.volume.grid.shape != scan.volume.grid.shape:
        vessels = thicken_labels(vessels, result.volume.grid.spacing_between_slices_mm)
    lesions = find_lesions(find_candidates(result.volume, vessels, result.rule), result.rule)
    return score_calcium(result.volume, lesions, rule=result.rule).total.agatston


def measure(cache: Path | None) -> list[dict[str, object]]:
    """Score every scan of the set by every method."""
    rows: list[dict[str, object]] = []
    for seed in PATIENTS:
        for case in CASES:
            if case.factor == "straight motion":
                continue
            scan = load_or_scan(seed, case, cache)
            facts = None if scan is None else facts_of(case, seed)
            for name, method in METHODS.items():
                score = 0.0 if scan is None or facts is None else agatston(scan, method(scan, facts))
                rows.append(
                    {"patient": seed, "factor": case.factor, "level": case.level, "method": name, "agatston": score}
                )
        print(seed, flush=True)
    return rows


def table(rows: Sequence[Mapping[str, object]], odd: bool) -> str:
    """Bias of the summed score and agreement of categories, by case and method."""
    half = [r for r in rows if int(str(r["patient"])) % 2 == int(odd)]
    reference = {
        r["patient"]: float(str(r["agatston"])) for r in half if r["factor"] == "reference" and r["method"] == "plain"
    }
    lines = [f"| factor | {' | '.join(METHODS)} |", "|---" * (len(METHODS) + 1) + "|"]
    for case in (c for c in CASES if c.factor != "straight motion"):
        cells = []
        for method in METHODS:
            mine = {r["patient"]: float(str(r["agatston"])) for r in half
                    if (r["factor"], r["level"], r["method"]) == (case.factor, case.level, method)}  # fmt: skip
            both = np.array([(reference[p], mine[p]) for p in reference])
            bias = 100 * (both[:, 1].sum() / both[:, 0].sum() - 1)
            same = np.mean(np.digitize(both[:, 0], EDGES) == np.digitize(both[:, 1], EDGES))
            cells.append(f"{bias:+.0f} %, {100 * same:.0f}")
        lines.append(f"| {case.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=None)
    parser.add_argument("--results", type=Path, default=Path("bench/results"))
    args = parser.parse_args()
    assert REFERENCE_CASE in CASES
    rows = measure(args.cache)
    with (args.results / "accuracy-compensated.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, "agatston": f"{float(str(row['agatston'])):.2f}"} for row in rows)
    for odd in (False, True):
        print(f"\n{'odd patients (judged)' if odd else 'even patients (fitted)'}\n")
        print(table(rows, odd))


if __name__ == "__main__":
    main()
