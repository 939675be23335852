"""The QRM phantom simulated as published scanners saw it, scored by this package, beside their own scores.

Resolution, noise, calcium's slope and the CT number of plastic are measured
properties of the images; nothing is fitted to scores. Writes the tables of
docs/reference/simulated-qrm.md.

    python -m bench.accuracy.qrm_simulated FOLDER_OF_SHARED_DATA [--json FILE] [--realisations 10]
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.qrm_phantom import INSERTS_MM, label_inserts, read_phantom
from vascal.calcium.candidates import find_candidates
from vascal.calcium.lesions import find_lesions
from vascal.calcium.mass import Calibration
from vascal.calcium.rule import FOUR_PIXELS, AgatstonRule
from vascal.calcium.score import CalciumScore, score_calcium
from vascal.simulate.ct.qrm import QrmPlan, simulate_qrm, vary_qrm
from vascal.simulate.ct.scanner import FC12, QR36, QR44
from vascal.volume import LabelMap, Volume

ANY_PIXEL = replace(FOUR_PIXELS, name="any-pixel", min_patch_pixels=1, in_plane_connectivity=4, lesion_connectivity=6)
"""The study's rule for Siemens: no minimum; it joins pixels over edges."""
ANY_PIXEL_100 = replace(ANY_PIXEL, name="any-pixel from 147 HU", threshold_hu=147.0)
"""Its threshold at 100 kV; the weights stay."""

SIEMENS = QrmPlan(kernel=QR36, noise_sd_hu=16.0, calcium_hu=1 / 0.771, tissue_hu=35.0)
CANON = QrmPlan(kernel=FC12, noise_sd_hu=20.0, calcium_hu=1 / 0.7144, tissue_hu=36.5)
SETTINGS: dict[tuple[str, str], tuple[QrmPlan, AgatstonRule]] = {
    ("siemens", "small"): (SIEMENS, ANY_PIXEL),
    ("siemens", "large"): (replace(SIEMENS, has_ring=True, noise_sd_hu=21.0, calcium_hu=1 / 0.8158), ANY_PIXEL),
    ("siemens", "1 mm slice thickness"): (
        replace(SIEMENS, noise_sd_hu=24.6, calcium_hu=1 / 0.746, slice_thickness_mm=1.0, spacing_between_slices_mm=1.0),
        ANY_PIXEL,
    ),
    ("siemens", "Qr44"): (replace(SIEMENS, kernel=QR44, noise_sd_hu=27.0, calcium_hu=1 / 0.7449), ANY_PIXEL),
    ("siemens", "100 kV"): (replace(SIEMENS, tissue_hu=29.0, calcium_hu=1 / 0.6555), ANY_PIXEL_100),
    ("canon", "small"): (CANON, FOUR_PIXELS),
    ("canon", "large"): (
        replace(CANON, has_ring=True, noise_sd_hu=22.0, calcium_hu=1 / 0.7253, water_hu=35.2),
        FOUR_PIXELS,
    ),
}
"""Published noise, MTF and calibration factors. Plastic: 35 HU at 120 kV and 29 HU at 100 kV as the study's program
has it for Siemens; Canon's was read beside the rods of the one public scan: water 35.2 HU behind the ring."""

REAL = replace(
    SETTINGS["canon", "large"][0],
    kernel=replace(FC12, mtf50_per_mm=0.291, mtf10_per_mm=0.532),
    noise_sd_hu=21.2,
    calcium_hu=1.373,
    field_of_view_mm=512 * 0.488,
    shift_mm=(0.92, -18.48, -0.56),
    spin_degrees=-2.6,
    tilt_degrees=(0.55, 0.0),
)
"""The public scan: places, tilt, edge of the rod, noise and rods were read from its image."""
INSERTS = tuple(INSERTS_MM)
CHANGES: dict[str, dict[str, float]] = {
    "as above": {},
    "plastic 10 HU brighter": {"tissue_hu": 10.0},
    "noise 4 HU more": {"noise_sd_hu": 4.0},
    "calcium 5 % brighter": {"calcium_hu": 1.05},
    "slice ends sharp": {"slice_blur_fwhm_mm": 0.2},
    "slice ends softer": {"slice_blur_fwhm_mm": 2.0},
    "field of view 220 mm": {"field_of_view_mm": 220.0},
    "MTF 0.02 per mm higher": {"mtf50_per_mm": 0.02, "mtf10_per_mm": 0.036},
}


def score(volume: Volume, labels: LabelMap, plan: QrmPlan, rule: AgatstonRule) -> CalciumScore:
    calibration = Calibration(factor_mg_cm3_per_hu=1 / plan.calcium_hu, source="rods", detail="published factor")
    lesions = find_lesions(find_candidates(volume, labels, rule), rule)
    return score_calcium(volume, lesions, rule=rule, calibration=calibration)


def measure(plan: QrmPlan, rule: AgatstonRule) -> dict[str, float]:
    scan = simulate_qrm(plan)
    seen = score(scan.volume, scan.labels, plan, rule)
    by_insert = {name: seen.vessels[name].agatston if name in seen.vessels else 0.0 for name in INSERTS}
    integrated = [lesion.mass_integrated_mg or 0.0 for lesion in seen.lesions]
    return {
        **by_insert,
        "total": seen.total.agatston,
        "volume_mm3": seen.total.volume_mm3,
        "mass_mg": seen.total.mass_mg,
        "integrated_mg": float(sum(integrated)),
    }


def repeat(plan: QrmPlan, rule: AgatstonRule, realisations: int, seed: int = 7) -> dict[str, tuple[float, float]]:
    """Mean and standard deviation over scans that were set up anew each time."""
    rng = np.random.default_rng(seed)
    runs = [measure(replace(plan, **vary_qrm(plan, rng)), rule) for _ in range(realisations)]  # type: ignore[arg-type]
    return {
        key: (float(np.mean([r[key] for r in runs])), float(np.std([r[key] for r in runs], ddof=1))) for key in runs[0]
    }


def read_published(shared_data: Path) -> dict[tuple[str, str], dict[str, Any]]:
    with (shared_data / "qrm-phantom" / "vendor-means.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        (row["vendor"], row["setting"]): {
            **{name: float(row[name.replace("-", "_")]) for name in INSERTS},
            "total": float(row["total_agatston"]),
            "total_sd": float(row["total_sd"]) if row["total_sd"] else None,
            "mass_mg": float(row["total_mass_mg"]),
            "scans": float(row["scans"]),
        }
        for row in rows
    }


def judge(simulated: tuple[float, float], measured: float, scans: float) -> str:
    """Within 20 %, within twice the standard error of what was measured, or out."""
    if measured and abs(simulated[0] / measured - 1) <= 0.20:
        return ""
    return " (noise)" if abs(simulated[0] - measured) <= 2 * max(simulated[1], 0.5) / np.sqrt(scans) else " (!)"


def totals_table(results: dict[str, dict[str, Any]]) -> list[str]:
    lines = [
        "| scanner | rule | Agatston measured | simulated | difference | mass measured, mg | simulated | difference "
        "| integrated, mg (true 168.2) |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, result in results.items():
        real, sim = result["published"], result["simulated"]
        spread = "" if real["total_sd"] is None else f" ± {real['total_sd']:.0f}"
        agatston, mass = sim["total"], sim["mass_mg"]
        cells = (
            name,
            f"`{result['rule']}`",
            f"{real['total']:.0f}{spread}",
            f"{agatston[0]:.0f} ± {agatston[1]:.0f}",
            f"{100 * (agatston[0] / real['total'] - 1):+.1f} %",
            f"{real['mass_mg']:.1f}",
            f"{mass[0]:.1f} ± {mass[1]:.1f}",
            f"{100 * (mass[0] / real['mass_mg'] - 1):+.1f} %",
            f"{sim['integrated_mg'][0]:.1f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def inserts_table(results: dict[str, dict[str, Any]]) -> list[str]:
    lines = ["| scanner | " + " | ".join(INSERTS) + " |", "|---" * (len(INSERTS) + 1) + "|"]
    for name, result in results.items():
        real, sim = result["published"], result["simulated"]
        cells = [
            f"{real[i]:.1f} / {sim[i][0]:.1f} ± {sim[i][1]:.1f}{judge(sim[i], real[i], real['scans'])}" for i in INSERTS
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def real_scan_table(shared_data: Path, realisations: int) -> tuple[list[str], dict[str, Any]]:
    volume = read_phantom(shared_data)
    seen = score(volume, label_inserts(volume.grid), REAL, FOUR_PIXELS)
    real = {name: seen.vessels[name].agatston if name in seen.vessels else 0.0 for name in INSERTS}
    runs = [measure(replace(REAL, seed=seed), FOUR_PIXELS) for seed in range(realisations)]
    sim = {i: (float(np.mean([r[i] for r in runs])), float(np.std([r[i] for r in runs], ddof=1))) for i in INSERTS}
    total = [float(sum(run[i] for i in INSERTS)) for run in runs]
    sim["total"] = (float(np.mean(total)), float(np.std(total, ddof=1)))
    real["total"] = sum(real.values())
    lines = ["| insert | real scan | simulated | difference |", "|---|---|---|---|"]
    for name in (*INSERTS, "total"):
        change = f"{100 * (sim[name][0] / real[name] - 1):+.0f} %" if real[name] else "-"
        lines.append(f"| {name} | {real[name]:.1f} | {sim[name][0]:.1f} ± {sim[name][1]:.1f} | {change} |")
    return lines, {"real": real, "simulated": sim}


def change(plan: QrmPlan, changes: dict[str, float]) -> QrmPlan:
    """Add to HU and to the kernel's frequencies, multiply calcium's slope, replace lengths."""
    for name, value in changes.items():
        if name.startswith("mtf"):
            plan = replace(plan, kernel=replace(plan.kernel, **{name: getattr(plan.kernel, name) + value}))
        elif name == "calcium_hu":
            plan = replace(plan, calcium_hu=plan.calcium_hu * value)
        elif name.endswith("_hu"):
            plan = replace(plan, **{name: getattr(plan, name) + value})
        else:
            plan = replace(plan, **{name: value})  # type: ignore[arg-type]
    return plan


def sensitivity_table(realisations: int) -> tuple[list[str], dict[str, Any]]:
    settings = (("siemens", "small"), ("canon", "small"), ("canon", "large"))
    lines = ["| change | " + " | ".join(f"{a} {b}" for a, b in settings) + " |", "|---|---|---|---|"]
    found: dict[str, Any] = {}
    for name, changes in CHANGES.items():
        totals = [repeat(change(SETTINGS[s][0], changes), SETTINGS[s][1], realisations)["total"][0] for s in settings]
        found[name] = totals
        base = found["as above"]
        cells = [f"{t:.0f} ({100 * (t / b - 1):+.1f} %)" for t, b in zip(totals, base, strict=True)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines, found


def phase_table(realisations: int) -> tuple[list[str], dict[str, Any]]:
    """How the scores hang on where slices cut the inserts, which no publication tells."""
    plan, rule = SETTINGS["siemens", "small"]
    shown = [name for name in INSERTS if not name.startswith("small")]
    lines = [
        "| middle of the inserts from a slice, mm | total | " + " | ".join(shown) + " |",
        "|---" * (len(shown) + 2) + "|",
    ]
    found: dict[str, Any] = {}
    for z in (0.0, 0.5, 1.0, 1.5):
        runs = [measure(replace(plan, shift_mm=(0.0, 0.0, z), seed=seed), rule) for seed in range(realisations)]
        found[f"{z:g}"] = means = {name: float(np.mean([run[name] for run in runs])) for name in ("total", *shown)}
        lines.append(f"| {z:g} | " + " | ".join(f"{mean:.0f}" for mean in means.values()) + " |")
    return lines, found


def compare_vendors(shared_data: Path, realisations: int) -> dict[str, dict[str, Any]]:
    published = read_published(shared_data)
    return {
        " ".join(key): {
            "rule": rule.name,
            "published": published[key],
            "simulated": repeat(plan, rule, realisations),
        }
        for key, (plan, rule) in SETTINGS.items()
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared_data", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--realisations", type=int, default=10)
    options = parser.parse_args(arguments)
    results = compare_vendors(options.shared_data, options.realisations)
    real_lines, real = real_scan_table(options.shared_data, options.realisations)
    phase_lines, phases = phase_table(options.realisations)
    change_lines, changes = sensitivity_table(options.realisations)
    for block in (totals_table(results), inserts_table(results), phase_lines, real_lines, change_lines):
        print("\n".join(block), end="\n\n")
    if options.json:
        everything = {"vendors": results, "slice_phase": phases, "real_scan": real, "sensitivity": changes}
        options.json.write_text(json.dumps(everything, indent=1) + "\n")


if __name__ == "__main__":
    main()
