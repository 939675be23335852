"""Scan and measure the whole set, and write the tables of docs/reference/simulated-accuracy.md.

python -m bench.accuracy [--quick] [--cache FOLDER] [--json FILE]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.accuracy.cases import REFERENCE_CASE, Case
from bench.accuracy.measure import Row, lesion_rows, patient_row, score_volume_with_truth, true_lesions
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
