"""Score a scan whose calcium is known: by patient, and by lesion.

Plaques whose blurred images touch under the reference protocol cannot be told apart by
anyone: they are one true lesion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bench.accuracy.scans import CutScan
from vascal.calcium.candidates import find_candidates
from vascal.calcium.lesions import Lesion, find_lesions
from vascal.calcium.mass import Calibration
from vascal.calcium.rule import AgatstonRule
from vascal.calcium.score import CalciumScore, score_calcium
from vascal.volume import LabelMap, Volume

Row = dict[str, float | str | int]
SIZES_MM = (1.0, 3.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """What was measured on one scan, with the lesions behind it."""

    lesions: tuple[Lesion, ...]
    score: CalciumScore


def true_calibration(scan: CutScan) -> Calibration:
    """As if rods had been scanned inside the patient: errors of calibration are not errors of measuring."""
    return Calibration(factor_mg_cm3_per_hu=1 / scan.calcium_hu, source="stated", detail="true slope")


def score_volume_with_truth(
    volume: Volume, scan: CutScan, rule: AgatstonRule, vessels: LabelMap | None = None
) -> Scored:
    lesions = find_lesions(find_candidates(volume, vessels or scan.vessels, rule), rule)
    return Scored(lesions=lesions, score=score_calcium(volume, lesions, rule=rule, calibration=true_calibration(scan)))


def true_lesions(reference: CutScan) -> NDArray[np.int64]:
    """Number, from 1, of the true lesion each plaque belongs to; index 0 is background."""
    labels = reference.lesions.labels
    components, _ = ndimage.label(labels > 0, structure=np.ones((3, 3, 3)))
    count = len(reference.mass_mg)
    parent = list(range(count + 1))

    def root(n: int) -> int:
        while parent[n] != n:
            n = parent[n]
        return n

    here = labels > 0
    pairs = np.unique(np.stack([labels[here].astype(np.int64), components[here].astype(np.int64)]), axis=1)
    for component in np.unique(pairs[1]):
        members = pairs[0][pairs[1] == component]
        for other in members[1:]:
            parent[root(int(other))] = root(int(members[0]))
    return np.array([root(n) for n in range(count + 1)], dtype=np.int64)


def patient_row(scan: CutScan, scored: Scored) -> Row:
    total = scored.score.total
    lesions = scored.score.lesions
    return {
        "true_mg": float(scan.mass_mg.sum()),
        "true_mm3": float(scan.volume_mm3.sum()),
        "plaques": len(scan.mass_mg),
        "agatston": total.agatston,
        "volume_mm3": total.volume_mm3,
        "isotropic_mm3": total.volume_isotropic_mm3,
        "mass_mg": total.mass_mg,
        "integrated_mg": sum(known(s.mass_integrated_mg) for s in lesions),
        "volume_fraction_mg": sum(known(s.mass_volume_fraction_mg) for s in lesions),
        "without_background": sum(s.mass_integrated_mg is None for s in lesions),
        "lesions": len(lesions),
        "missed_plaques": int(np.count_nonzero(~seen_plaques(scan, scored))),
    }


def known(value: float | None) -> float:
    return 0.0 if value is None else value


def seen_plaques(scan: CutScan, scored: Scored) -> NDArray[np.bool_]:
    seen = np.zeros(len(scan.mass_mg) + 1, dtype=bool)
    for lesion in scored.lesions:
        seen[np.unique(scan.lesions.labels.reshape(-1)[lesion.index])] = True
    return seen[1:]


def lesion_rows(scan: CutScan, scored: Scored, lesion_of_plaque: NDArray[np.int64]) -> list[Row]:
    """One row for each true lesion; measured lesions go to the one they lie on most."""
    labels = scan.lesions.labels.reshape(-1)
    rows: dict[int, Row] = {}
    for number in np.unique(lesion_of_plaque[1:]):
        mine = lesion_of_plaque[1:] == number
        mass, volume = float(scan.mass_mg[mine].sum()), float(scan.volume_mm3[mine].sum())
        rows[int(number)] = {
            "lesion": int(number), "plaques": int(mine.sum()), "true_mg": mass, "true_mm3": volume,
            "diameter_mm": float((6 * volume / np.pi) ** (1 / 3)), "density_mg_cm3": 1000 * mass / volume,
            "agatston": 0.0, "volume_mm3": 0.0, "isotropic_mm3": 0.0, "mass_mg": 0.0, "integrated_mg": 0.0,
            "volume_fraction_mg": 0.0, "found": 0,
        }  # fmt: skip
    for lesion, seen in zip(scored.lesions, scored.score.lesions, strict=True):
        plaque = int(np.bincount(labels[lesion.index]).argmax())
        row = rows[int(lesion_of_plaque[plaque])]
        for name, value in (
            ("agatston", seen.agatston), ("volume_mm3", seen.volume_mm3), ("isotropic_mm3", seen.volume_isotropic_mm3),
            ("mass_mg", seen.mass_mg), ("integrated_mg", known(seen.mass_integrated_mg)),
            ("volume_fraction_mg", known(seen.mass_volume_fraction_mg)), ("found", 1),
        ):  # fmt: skip
            row[name] = 1 if name == "found" else float(row[name]) + value
    return list(rows.values())
