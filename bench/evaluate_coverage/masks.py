"""How often 95 % intervals of masks and lesions hold the truth: `python -m bench.evaluate_coverage.masks`."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import numpy as np
from numpy import ndarray

from vascal.evaluate.bootstrap import Resampling
from vascal.evaluate.estimate import Estimate
from vascal.evaluate.froc import Candidates, find_froc_curve, score_froc
from vascal.evaluate.lesion_detection import score_detection
from vascal.evaluate.lesion_matching import LesionMatch, MatchedLesion
from vascal.evaluate.study_means import PERCENTILE, all_of, mean_of, median_of, ratio_of_sums, resample_patients

Row = tuple[str, int, int, float, float]
"""Name, studies, replicates, nominal and reached coverage."""
BCA = Resampling(method="bca")
MANY = 400_000


def holds(estimate: Estimate, truth: float) -> bool:
    return bool(estimate.low <= truth <= estimate.high)


def row(name: str, n: int, trials: Iterable[bool]) -> Row:
    hits = list(trials)
    return name, n, len(hits), 0.95, float(np.mean(hits))


def draw_overlaps(rng: np.random.Generator, studies: int) -> tuple[ndarray, ndarray]:
    """Twice the shared volume and the sum of both; small lesions overlap less."""
    volume = rng.lognormal(4, 1, studies)
    dice = rng.beta(2 + volume / 25, 1.5)
    return dice * volume, volume


def coverage_overlap(replicates: int = 1000, studies: int = 60) -> list[Row]:
    rng = np.random.default_rng(1)
    shared, volume = draw_overlaps(rng, MANY)
    truth = {
        "mean": np.mean(shared / volume),
        "median": np.median(shared / volume),
        "pooled": shared.sum() / volume.sum(),
    }
    held: dict[str, list[bool]] = {}
    for _ in range(replicates):
        shared, volume = draw_overlaps(rng, studies)
        dice = shared / volume
        statistics = all_of({"mean": mean_of(dice), "median": median_of(dice), "pooled": ratio_of_sums(shared, volume)})
        for how in (PERCENTILE, BCA):
            for name, estimate in resample_patients(statistics, studies, resampling=how).items():
                held.setdefault(f"Dice, {name}, {how.method}", []).append(holds(estimate, float(truth[name])))
    return [row(name, studies, trials) for name, trials in held.items()]


def draw_counts(rng: np.random.Generator, patients: int, alike: bool) -> tuple[ndarray, ndarray, ndarray]:
    """Lesions, lesions found and false positives of each patient; found alike within a patient, or not."""
    lesions = rng.poisson(4, patients)
    chance = rng.beta(3, 1, patients) if alike else np.full(patients, 0.75)
    return lesions, rng.binomial(lesions, chance), rng.poisson(1.2, patients)


def as_match(lesions: int, found: int, wrong: int) -> LesionMatch:
    def lesion(number: int, matched: int | None) -> MatchedLesion:
        return MatchedLesion(lesion=number, vessel=0, size_mm3=1.0, matched=matched)

    return LesionMatch(
        reference=tuple(lesion(n, n if n < found else None) for n in range(lesions)),
        predicted=tuple(lesion(n, n if n < found else None) for n in range(found + wrong)),
        rule="simulated",
        has_vessels=False,
    )


def coverage_lesions(replicates: int = 1000, patients: int = 60) -> list[Row]:
    held: dict[str, list[bool]] = {}
    for alike in (True, False):
        rng = np.random.default_rng(2)
        lesions, found, wrong = (column.sum() for column in draw_counts(rng, MANY, alike))
        truth = {
            "sensitivity": found / lesions,
            "precision": found / (found + wrong),
            "f1": 2 * found / (lesions + found + wrong),
            "false_positives_per_study": wrong / MANY,
            "sensitivity_wilson": found / lesions,
        }
        kind = "lesions of a patient alike" if alike else "lesions strangers"
        for _ in range(replicates):
            studies = zip(*(column.tolist() for column in draw_counts(rng, patients, alike)), strict=True)
            score = score_detection([as_match(*study) for study in studies])
            for name, value in truth.items():
                held.setdefault(f"{name}, {kind}", []).append(holds(getattr(score, name), float(value)))
    return [row(name, patients, trials) for name, trials in held.items()]


def draw_candidates(rng: np.random.Generator, scans: int) -> Candidates:
    lesions, wrong = rng.poisson(3, scans), rng.poisson(4, scans)
    lesion_scan = np.repeat(np.arange(scans), lesions)
    ease = rng.normal(1.5, 0.7, scans)
    seen = rng.random(len(lesion_scan)) < 0.95
    hit = np.flatnonzero(seen)
    scan = np.concatenate([lesion_scan[hit], np.repeat(np.arange(scans), wrong)])
    score = np.concatenate([rng.normal(ease[lesion_scan[hit]]), rng.normal(size=wrong.sum())])
    return Candidates(
        score=score,
        scan=scan,
        lesion=np.concatenate([hit, np.full(wrong.sum(), -1)]),
        lesion_scan=lesion_scan,
        scans=scans,
        lesion_vessel=np.zeros(len(lesion_scan), dtype=np.int64),
        lesion_size_mm3=np.ones(len(lesion_scan)),
    )


def coverage_froc(replicates: int = 1000, scans: int = 60) -> list[Row]:
    rng = np.random.default_rng(3)
    curve = find_froc_curve(draw_candidates(rng, MANY))
    rates = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
    at = np.searchsorted(curve.false_positives_per_scan, rates, side="right") - 1
    truth = dict(zip(rates, curve.sensitivity[at].tolist(), strict=True))
    held: dict[str, list[bool]] = {}
    for _ in range(replicates):
        made = draw_candidates(rng, scans)
        for between in ("step", "line"):
            score = score_froc(made, between=between)
            mean = sum(truth.values()) / len(truth)
            held.setdefault(f"CPM, {between}", []).append(holds(score.mean_sensitivity, mean))
            for rate in (0.125, 1.0, 4.0):
                name = f"sensitivity at {rate:g} per scan, {between}"
                held.setdefault(name, []).append(holds(score.sensitivity[rate], truth[rate]))
    return [row(name, scans, trials) for name, trials in held.items()]


def main() -> None:
    replicates = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    for coverage, studies in (
        (coverage_overlap, 60),
        (coverage_overlap, 300),
        (coverage_lesions, 60),
        (coverage_froc, 60),
        (coverage_froc, 200),
    ):
        for name, n, times, nominal, found in coverage(replicates, studies):
            print(f"{name:55s} n={n:<4d} {times} replicates: {nominal:.0%} nominal, {found:.1%} reached", flush=True)


if __name__ == "__main__":
    main()
