"""How often 95 % intervals hold the truth: `python -m bench.evaluate_coverage.classification`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy import ndarray
from scipy.stats import norm

from vascal.evaluate.estimate import Estimate
from vascal.evaluate.precision_recall import average_precision
from vascal.evaluate.roc import AucInterval, compare_paired_auc, compare_unpaired_auc, estimate_auc

Row = tuple[str, int, int, float, float]
"""Name, studies, replicates, nominal and reached coverage."""


def holds(estimate: Estimate, truth: float) -> bool:
    return estimate.low <= truth <= estimate.high


def binormal(rng: np.random.Generator, cases: int, controls: int, *areas: float) -> tuple[ndarray, list[ndarray]]:
    """Cases, and one score per area; the scores share half of their variance."""
    is_case = np.arange(cases + controls) < cases
    shared = rng.normal(size=cases + controls)
    own = [rng.normal(size=cases + controls) for _ in areas]
    shifts = [math.sqrt(2) * norm.ppf(area) for area in areas]
    return is_case, [
        (shared + noise) / math.sqrt(2) + shift * is_case for noise, shift in zip(own, shifts, strict=True)
    ]


def reached(name: str, n: int, replicates: int, trials: Iterable[bool], nominal: float = 0.95) -> Row:
    return name, n, replicates, nominal, float(np.mean(list(trials)))


def coverage_auc(replicates: int = 2000) -> list[Row]:
    rows = []
    for interval in ("logit", "wald", "newcombe"):
        for area, cases, controls in ((0.75, 40, 60), (0.9, 30, 70), (0.95, 30, 70), (0.98, 20, 80), (0.95, 100, 300)):
            rng = np.random.default_rng(1)
            trials = [_auc_holds(rng, area, cases, controls, interval) for _ in range(replicates)]
            rows.append(reached(f"AUC {area} {interval}, {cases} cases", cases + controls, replicates, trials))
    return rows


def _auc_holds(rng: np.random.Generator, area: float, cases: int, controls: int, interval: AucInterval) -> bool:
    is_case, (score,) = binormal(rng, cases, controls, area)
    return holds(estimate_auc(is_case, score, interval=interval), area)


def coverage_auc_difference(replicates: int = 2000) -> list[Row]:
    rng = np.random.default_rng(2)
    paired, unpaired = [], []
    for _ in range(replicates):
        is_case, (one, two) = binormal(rng, 40, 80, 0.8, 0.88)
        paired.append(holds(compare_paired_auc(is_case, one, two).difference, 0.08))
        other, (three,) = binormal(rng, 30, 50, 0.88)
        unpaired.append(holds(compare_unpaired_auc((is_case, one), (other, three)).difference, 0.08))
    return [
        reached("AUC difference, paired", 120, replicates, paired),
        reached("AUC difference, unpaired", 200, replicates, unpaired),
    ]


def coverage_average_precision(replicates: int = 1000) -> list[Row]:
    rows = []
    for cases, controls in ((30, 120), (100, 400)):
        rng = np.random.default_rng(3)
        is_case, (score,) = binormal(rng, 100_000, 400_000, 0.85)
        truth = average_precision(is_case, score, interval="logit").value
        logit, resampled = [], []
        for _ in range(replicates):
            is_case, (score,) = binormal(rng, cases, controls, 0.85)
            logit.append(holds(average_precision(is_case, score, interval="logit"), truth))
            resampled.append(holds(average_precision(is_case, score), truth))
        rows.append(reached(f"average precision {truth:.3f}, logit", cases + controls, replicates, logit))
        rows.append(reached(f"average precision {truth:.3f}, BCa", cases + controls, replicates, resampled))
    return rows


COVERAGES: tuple[Callable[[], list[Row]], ...] = (
    coverage_auc,
    coverage_auc_difference,
    coverage_average_precision,
)


def main() -> None:
    for coverage in COVERAGES:
        for name, n, replicates, nominal, share in coverage():
            print(f"{name:50s} n={n:5d} replicates={replicates} nominal={nominal:.2f} reached={share:.4f}", flush=True)


if __name__ == "__main__":
    main()
