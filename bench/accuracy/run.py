"""Scan and measure the whole set, and write the tables of docs/reference/simulated-accuracy.md.

python -m bench.accuracy [--quick] [--cache FOLDER] [--json FILE]
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.accuracy import rods
from bench.accuracy.cases import CASES, PATIENTS, QUICK_CASES, QUICK_PATIENTS, REFERENCE_CASE, Case
from bench.accuracy.measure import Row, lesion_rows, patient_row, score_volume_with_truth, true_lesions
from bench.accuracy.report import write_report
from bench.accuracy.scans import CutScan, load_or_scan
from vascal.calcium.rule import AGATSTON_1990, choose_rule


def scans_of(seed: int, cases: Sequence[Case], cache: Path | None) -> Iterator[tuple[Case, CutScan]]:
    """Every scan of one patient; none without coronary calcium."""
    for case in cases:
        scan = load_or_scan(seed, case, cache)
        if scan is not None:
            yield case, scan


def measure_patient(seed: int, cases: Sequence[Case], cache: Path | None) -> tuple[list[Row], list[Row]]:
    """Rows by scan and rule, and by true lesion; the reference tells which plaques are one."""
    reference = load_or_scan(seed, REFERENCE_CASE, cache)
    if reference is None:
        return [], []
    groups = true_lesions(reference)
    patients: list[Row] = []
    lesions: list[Row] = []
    for case, scan in scans_of(seed, cases, cache):
        adapted = choose_rule(case.protocol.kvp)
        for rule in {AGATSTON_1990.name: AGATSTON_1990, adapted.name: adapted}.values():
            scored = score_volume_with_truth(scan.volume, scan, rule)
            facts: Row = {"patient": seed, "case": case.name, "factor": case.factor, "level": case.level,
                          "rule": rule.name}  # fmt: skip
            patients.append({**facts, **patient_row(scan, scored)})
            if rule is adapted:
                lesions += [{**facts, **row} for row in lesion_rows(scan, scored, groups)]
    return patients, lesions


def measure_all(seeds: Sequence[int], cases: Sequence[Case], cache: Path | None) -> tuple[list[Row], list[Row]]:
    patients: list[Row] = []
    lesions: list[Row] = []
    for number, seed in enumerate(seeds, start=1):
        more_patients, more_lesions = measure_patient(seed, cases, cache)
        patients += more_patients
        lesions += more_lesions
        print(f"patient {number} of {len(seeds)}: {len(more_patients)} scores", flush=True)
    return patients, lesions


def write_rows(rows: Sequence[Row], path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows([{k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three patients, three protocols: seconds")
    parser.add_argument("--cache", type=Path, default=None, help="keep scans here, so that tables can be remade")
    parser.add_argument("--results", type=Path, default=Path("bench/results"), help="folder for accuracy*.csv and .md")
    args = parser.parse_args()
    seeds, cases = (QUICK_PATIENTS, QUICK_CASES) if args.quick else (PATIENTS, CASES)
    patients, lesions = measure_all(seeds, cases, args.cache)
    text = write_report(patients, lesions, cases, len(seeds))
    text += f"\n### Rods and inserts\n\n{rods.report(rods.study(2 if args.quick else 20))}\n"
    print(text)
    if not args.quick:
        args.results.mkdir(parents=True, exist_ok=True)
        write_rows(patients, args.results / "accuracy.csv")
        at_reference = [row for row in lesions if row["case"] == REFERENCE_CASE.name]
        write_rows(at_reference, args.results / "accuracy-lesions.csv")
        (args.results / "accuracy-tables.md").write_text(text)
