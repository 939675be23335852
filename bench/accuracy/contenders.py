"""Which compensation brings each factor back best: chosen on even patients, judged on odd ones.

python -m bench.accuracy.contenders --cache FOLDER [--json FILE]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache as remember
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.accuracy.cases import CASES, PATIENTS, REFERENCE_CASE, Case
from bench.accuracy.figures import category_agreement, markdown, rmse, summed_change_percent
from bench.accuracy.scans import CutScan, load_or_scan
from vascal.calcium.agatston import score_agatston
from vascal.calcium.candidates import find_candidates
from vascal.calcium.compensation import (
    Compensation,
    ScanFacts,
    choose_compensations,
    compensate,
    thicken_labels,
)
from vascal.calcium.lesions import find_lesions
from vascal.calcium.rule import AGATSTON_1990, AgatstonRule, choose_rule
from vascal.tube_voltage import calcium_hu_ratio

BLURS_MM = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
SCALES = tuple(round(float(s), 3) for s in np.arange(0.70, 1.301, 0.025))
FACTORS = tuple(round(float(f), 3) for f in np.arange(0.4, 2.001, 0.025))
PATCHES_MM2 = (1.5, 2.0, 2.5, 3.0, 4.0, 6.0)
PIVOTS_HU = tuple(float(p) for p in range(0, 81, 10))
Found = dict[str, object]


def agatston(scan: CutScan, compensations: Sequence[Compensation]) -> float:
    done = compensate(scan.volume, AGATSTON_1990, compensations)
    vessels = scan.vessels
    for one in compensations:
        vessels = vessels if one.slice_mm is None else thicken_labels(vessels, one.slice_mm)
    lesions = find_lesions(find_candidates(done.volume, vessels, done.rule), done.rule)
    return done.score_factor * sum(score_agatston(lesion, done.volume.grid, done.rule).agatston for lesion in lesions)


@remember
def scans(case_name: str, cache: Path) -> tuple[tuple[int, CutScan], ...]:
    case = next(case for case in CASES if case.name == case_name)
    found = [(seed, load_or_scan(seed, case, cache)) for seed in PATIENTS]
    return tuple((seed, scan) for seed, scan in found if scan is not None)


@remember
def scores(case_name: str, compensations: tuple[Compensation, ...], cache: Path) -> NDArray[np.float64]:
    """Score of every patient with calcium."""
    return np.array([agatston(scan, compensations) for _, scan in scans(case_name, cache)])


def loss(values: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Root mean square difference of square roots: small and large scores count alike."""
    return rmse(np.sqrt(values), np.sqrt(truth))


def families(case: Case) -> dict[str, list[tuple[Compensation, ...]]]:
    """Contenders for one case by family; each family is a list to choose from."""
    kvp, ratio = case.protocol.kvp, calcium_hu_ratio(case.protocol.kvp)
    thin = case.protocol.increment_mm < 3.0
    base = Compensation(name="calcium is brighter", kvp=kvp, calcium_scale=ratio)
    out: dict[str, list[tuple[Compensation, ...]]] = {
        "nothing": [()],
        "factor on the score": [(Compensation(name="factor", score_factor=f),) for f in FACTORS],
        "scaled threshold and weights": [(Compensation(name="scale", calcium_scale=s),) for s in SCALES],
        "blur": [(Compensation(name="blur", blur_sd_mm=b),) for b in BLURS_MM],
        "larger patches": [(Compensation(name="patch", min_patch_mm2=p),) for p in PATCHES_MM2],
    }
    if kvp != 120:
        out["by tube voltage"] = [(base,)]
        out["by tube voltage, above tissue"] = [(replace(base, pivot_hu=p),) for p in PIVOTS_HU]
    if thin:
        thicker = Compensation(name="3 mm", slice_mm=3.0)
        out["slices averaged to 3 mm"] = [(thicker,)]
        out["averaged, then a factor"] = [
            (thicker, Compensation(name="factor", score_factor=f)) for f in FACTORS[12:40]
        ]
    if kvp != 120 and thin:
        both = (replace(base, pivot_hu=40.0), Compensation(name="3 mm", slice_mm=3.0))
        out["tube voltage and 3 mm"] = [both]
        out["tube voltage, 3 mm and blur"] = [(*both, Compensation(name="blur", blur_sd_mm=b)) for b in BLURS_MM]
    return out


def contest(case: Case, cache: Path) -> list[Found]:
    """Fit each family on even patients; judge all on odd ones."""
    seeds = np.array([seed for seed, _ in scans(case.name, cache)])
    even = seeds % 2 == 0
    truth = scores(REFERENCE_CASE.name, (), cache)
    people = np.array([sum(1 for s in PATIENTS if s % 2 == half) for half in (0, 1)])
    rows: list[Found] = []
    plain = scores(case.name, (), cache)
    for family, contenders in families(case).items():
        if family.startswith("factor"):
            values = [plain * one[0].score_factor for one in contenders]
        elif family == "averaged, then a factor":
            values = [scores(case.name, one[:1], cache) * one[1].score_factor for one in contenders]
        else:
            values = [scores(case.name, one, cache) for one in contenders]
        best = int(np.argmin([loss(v[even], truth[even]) for v in values]))
        value, held = values[best], ~even
        empty = np.zeros(int(people[1] - held.sum()))
        same, kappa = category_agreement(np.append(value[held], empty), np.append(truth[held], empty))
        rows.append({
            "case": case.name, "family": family, "chosen": _describe(contenders[best]),
            "loss_even": loss(value[even], truth[even]), "loss_odd": loss(value[held], truth[held]),
            "sum_odd": summed_change_percent(value[held], truth[held]), "rmse_odd": rmse(value[held], truth[held]),
            "same_odd": 100 * same, "kappa_odd": kappa,
        })  # fmt: skip
    return rows


def _describe(compensations: tuple[Compensation, ...]) -> str:
    plain = Compensation(name="")
    said = [
        f"{field} {getattr(one, field):g}"
        for one in compensations
        for field in ("calcium_scale", "pivot_hu", "blur_sd_mm", "slice_mm", "min_patch_mm2", "score_factor")
        if getattr(one, field) != getattr(plain, field)
    ]
    return ", ".join(said)


def table(rows: Sequence[Found]) -> str:
    lines = []
    for case in dict.fromkeys(row["case"] for row in rows):
        mine = [row for row in rows if row["case"] == case]
        winner = min(mine, key=lambda row: row["loss_even"])  # type: ignore[arg-type,return-value]
        for row in mine:
            mark = "**" if row is winner else ""
            lines.append((
                row["case"], f"{mark}{row['family']}{mark}", row["chosen"], f"{row['loss_even']:.2f}",
                f"{row['loss_odd']:.2f}", f"{row['sum_odd']:+.0f}", f"{row['rmse_odd']:.0f}", f"{row['same_odd']:.0f}",
                f"{row['kappa_odd']:.2f}",
            ))  # fmt: skip
    header = ("protocol", "contender", "chosen on even patients", "error of roots, even", "odd", "sum, odd, %",
              "RMSE, odd", "same category, odd, %", "kappa, odd")  # fmt: skip
    return markdown(header, lines)


def facts_of(case: Case, scan: CutScan) -> ScanFacts:
    """What a header, a ruler on the image and the patient's size would tell."""
    protocol = case.protocol
    bmi = case.bmi
    return ScanFacts(
        kvp=protocol.kvp, slice_mm=protocol.increment_mm, kernel=protocol.kernel,
        noise_sd_hu=None if protocol.denoising != "none" else scan.noise_sd_hu, bmi=bmi,
        denoising=protocol.denoising,
    )  # fmt: skip


def before_and_after(cache: Path) -> str:
    """The shipped choice on odd patients, every factor."""
    lines = []
    truth_by_seed = {seed: agatston(scan, ()) for seed, scan in scans(REFERENCE_CASE.name, cache)}
    people = sum(1 for seed in PATIENTS if seed % 2 == 1)
    for case in CASES:
        if case.factor not in WANTED:
            continue
        odd = [(seed, scan) for seed, scan in scans(case.name, cache) if seed % 2 == 1]
        truth = np.array([truth_by_seed[seed] for seed, _ in odd])
        empty = np.zeros(people - len(odd))
        default = choose_rule(case.protocol.kvp)
        cells: list[str] = []
        names: tuple[str, ...] = ()
        for values in (
            np.array([_by_rule(scan, default) for _, scan in odd]),
            np.array([agatston(scan, choose_compensations(facts_of(case, scan))) for _, scan in odd]),
        ):
            same, kappa = category_agreement(np.append(values, empty), np.append(truth, empty))
            cells += [f"{summed_change_percent(values, truth):+.0f}", f"{rmse(values, truth):.0f}",
                      f"{loss(values, truth):.2f}", f"{100 * same:.0f} ({kappa:.2f})"]  # fmt: skip
        names = tuple(dict.fromkeys(one.name for _, s in odd for one in choose_compensations(facts_of(case, s))))
        lines.append((case.name, "; ".join(names) or "none", *cells))
        scans.cache_clear()
    header = ("protocol", "used", "sum before, %", "RMSE", "roots", "same category, % (kappa)", "sum after, %", "RMSE",
              "roots", "same category, % (kappa)")  # fmt: skip
    return markdown(header, lines)


def _by_rule(scan: CutScan, rule: AgatstonRule) -> float:
    lesions = find_lesions(find_candidates(scan.volume, scan.vessels, rule), rule)
    return sum(score_agatston(lesion, scan.volume.grid, rule).agatston for lesion in lesions)


WANTED = ("kVp", "slices", "kernel", "noise", "denoising", "BMI", "all at once", "reference, another noise")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--shipped", action="store_true", help="only what ships, before and after")
    args = parser.parse_args()
    if args.shipped:
        print(before_and_after(args.cache))
        return
    rows: list[Found] = []
    for case in CASES:
        if case.factor in WANTED:
            found = contest(case, args.cache)
            rows += found
            print(table(found), flush=True)
            scans.cache_clear()
    print(table(rows))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
