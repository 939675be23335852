"""The tables of the accuracy bench."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.accuracy.cases import REFERENCE_CASE, Case
from bench.accuracy.figures import (
    category_agreement,
    limits_of_agreement,
    markdown,
    median_change_percent,
    rmse,
    summed_change_percent,
)
from bench.accuracy.measure import Row
from vascal.calcium.rule import AGATSTON_1990, choose_rule

LEAST_AGATSTON = 10.0
"""Patients whose own change is counted."""
MASSES = ("mass_mg", "integrated_mg", "volume_fraction_mg")
VOLUMES = ("volume_mm3", "isotropic_mm3")
SIZES: dict[str, tuple[float, float]] = {"< 1 mm": (0, 1), "1 to 3 mm": (1, 3), "> 3 mm": (3, 1e9)}
DENSITIES: dict[str, tuple[float, float]] = {
    "< 300 mg/cm3": (0, 300), "300 to 450 mg/cm3": (300, 450), "> 450 mg/cm3": (450, 1e9),
}  # fmt: skip


def column(rows: Sequence[Row], name: str) -> NDArray[np.float64]:
    return np.array([float(row[name]) for row in rows])


def rows_of(rows: Sequence[Row], case: str, rule: str) -> list[Row]:
    return sorted((r for r in rows if r["case"] == case and r["rule"] == rule), key=lambda r: int(r["patient"]))


def paired(rows: Sequence[Row], reference: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Rows of the same patients in both."""
    base = {row["patient"]: row for row in reference}
    kept = [row for row in rows if row["patient"] in base]
    return kept, [base[row["patient"]] for row in kept]


def agatston_table(patients: Sequence[Row], cases: Sequence[Case], empty: int) -> str:
    """Change against the reference protocol; patients without calcium score 0 in both."""
    reference = rows_of(patients, REFERENCE_CASE.name, AGATSTON_1990.name)
    lines: list[tuple[str, ...]] = []
    for case in cases:
        names = dict.fromkeys((AGATSTON_1990.name, choose_rule(case.protocol.kvp).name))
        for rule in names:
            rows, base = paired(rows_of(patients, case.name, rule), reference)
            value, truth = column(rows, "agatston"), column(base, "agatston")
            mean, low, high = limits_of_agreement(value, truth)
            same, kappa = category_agreement(np.append(value, np.zeros(empty)), np.append(truth, np.zeros(empty)))
            lines.append((
                case.name, rule.removeprefix("agatston-"), f"{summed_change_percent(value, truth):+.0f}",
                f"{median_change_percent(value, truth, LEAST_AGATSTON):+.0f}", f"{rmse(value, truth):.0f}",
                f"{mean:+.0f} ({low:+.0f} to {high:+.0f})", f"{100 * same:.0f}", f"{kappa:.2f}",
                str(np.count_nonzero((value < 1) & (truth >= 1))), str(np.count_nonzero((value >= 1) & (truth < 1))),
            ))  # fmt: skip
    header = ("protocol", "rule", "sum, %", "median, %", "RMSE", "mean difference (limits of agreement)",
              "same category, %", "kappa", "lost", "gained")  # fmt: skip
    return markdown(header, lines)


def truth_table(patients: Sequence[Row], cases: Sequence[Case]) -> str:
    """Mass and volume against the truth, and plaques that no voxel was found of."""
    lines = []
    for case in cases:
        rows = rows_of(patients, case.name, choose_rule(case.protocol.kvp).name)
        mg, mm3 = column(rows, "true_mg"), column(rows, "true_mm3")
        cells = [
            f"{summed_change_percent(column(rows, name), mg):+.0f} / {rmse(column(rows, name), mg):.1f}"
            for name in MASSES
        ]
        sizes = [f"{summed_change_percent(column(rows, name), mm3):+.0f}" for name in VOLUMES]
        missed = 100 * column(rows, "missed_plaques").sum() / column(rows, "plaques").sum()
        lines.append((case.name, *cells, *sizes, f"{missed:.0f}"))
    header = ("protocol", "Agatston mass: bias % / RMSE mg", "integrated", "volume fraction", "voxel volume: bias %",
              "isotropic", "plaques missed, %")  # fmt: skip
    return markdown(header, lines)


def lesion_table(lesions: Sequence[Row], groups: dict[str, tuple[float, float]], by: str) -> str:
    lines = []
    for name, (low, high) in groups.items():
        rows = [r for r in lesions if low <= float(r[by]) < high]
        if not rows:
            continue
        found = [r for r in rows if r["found"]]
        mg, mm3 = column(found, "true_mg"), column(found, "true_mm3")
        cells = [
            f"{summed_change_percent(column(found, m), mg):+.0f} / {rmse(column(found, m), mg):.2f}" if found else "-"
            for m in MASSES
        ]
        volume = f"{summed_change_percent(column(found, 'volume_mm3'), mm3):+.0f}" if found else "-"
        lines.append((name, len(rows), f"{100 * (1 - len(found) / len(rows)):.0f}", *cells, volume))
    header = ("true lesions", "number", "missed, %", "Agatston mass: bias % / RMSE mg", "integrated", "volume fraction",
              "voxel volume: bias %")  # fmt: skip
    return markdown(header, lines)


def small_lesions_by_case(lesions: Sequence[Row], cases: Sequence[Case]) -> str:
    """Missed lesions by size and protocol, %."""

    def missed(rows: Sequence[Row]) -> str:
        return f"{100 * (1 - np.mean(column(rows, 'found'))):.0f}" if rows else "-"

    lines = []
    for case in cases:
        mine = [r for r in lesions if r["case"] == case.name]
        by_size = [[r for r in mine if low <= float(r["diameter_mm"]) < high] for low, high in SIZES.values()]
        lines.append((case.name, *(missed(rows) for rows in by_size), missed(mine)))
    return markdown(("protocol", *SIZES, "all"), lines)


def write_report(patients: Sequence[Row], lesions: Sequence[Row], cases: Sequence[Case], people: int) -> str:
    reference = rows_of(patients, REFERENCE_CASE.name, AGATSTON_1990.name)
    at_reference = [r for r in lesions if r["case"] == REFERENCE_CASE.name]
    parts: list[tuple[str, Callable[[], str]]] = [
        (
            "Agatston score against the reference protocol",
            lambda: agatston_table(patients, cases, people - len(reference)),
        ),
        ("Mass and volume against the truth", lambda: truth_table(patients, cases)),
        ("By size, reference protocol", lambda: lesion_table(at_reference, SIZES, "diameter_mm")),
        ("By density, reference protocol", lambda: lesion_table(at_reference, DENSITIES, "density_mg_cm3")),
        ("Lesions missed, %", lambda: small_lesions_by_case(lesions, cases)),
    ]
    head = f"{people} simulated patients, {len(reference)} with coronary calcium.\n"
    return "\n".join([head, *(f"### {title}\n\n{make()}\n" for title, make in parts)])
