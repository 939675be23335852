"""How often 95 % intervals hold the truth: `python -m bench.evaluate_coverage.classification`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy import ndarray
from scipy.special import expit
from scipy.stats import chi2, f, norm

from vascal.evaluate.calibration import estimate_brier, estimate_calibration
from vascal.evaluate.decision_curve import decision_curve
from vascal.evaluate.estimate import Estimate
from vascal.evaluate.meta_analysis import PooledInterval, pool_sites
from vascal.evaluate.precision_recall import average_precision
from vascal.evaluate.reclassification import integrated_discrimination, net_reclassification
from vascal.evaluate.roc import AucInterval, compare_paired_auc, compare_unpaired_auc, estimate_auc
from vascal.evaluate.sample_size import icc_power, kappa_power, limits_power, limits_width, studies_for_power
from vascal.evaluate.sample_size_accuracy import auc_power

INTERVALS: tuple[PooledInterval, ...] = ("hartung-knapp", "truncated-hartung-knapp", "normal")
PARTS = ("events", "non_events", "total")
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


def risks(rng: np.random.Generator, n: int, noise: float = 0.0) -> tuple[ndarray, ndarray, ndarray]:
    """Events drawn from true risks; a blurred reading of those risks, and the true ones."""
    log_odds = rng.normal(-1.2, 1.0, n)
    true = expit(log_odds)
    return rng.random(n) < true, expit(log_odds + noise * rng.normal(size=n)), true


def coverage_calibration(replicates: int = 1000) -> list[Row]:
    rows = []
    for n in (200, 1000):
        rng = np.random.default_rng(4)
        big_event, big_risk, _ = risks(np.random.default_rng(40), 2_000_000)
        truth = estimate_brier(big_event, big_risk)
        held: dict[str, list[bool]] = {"intercept": [], "slope": [], "observed/expected": [], "Brier": [], "scaled": []}
        for _ in range(replicates):
            event, risk, _ = risks(rng, n)
            found, brier = estimate_calibration(event, risk), estimate_brier(event, risk)
            held["intercept"].append(holds(found.intercept, 0))
            held["slope"].append(holds(found.slope, 1))
            held["observed/expected"].append(holds(found.observed_expected, 1))
            held["Brier"].append(holds(brier.brier, truth.brier.value))
            held["scaled"].append(holds(brier.scaled, truth.scaled.value))
        rows += [reached(f"calibration: {name}", n, replicates, trials) for name, trials in held.items()]
    return rows


def coverage_decision_curve(replicates: int = 1000) -> list[Row]:
    event, risk, _ = risks(np.random.default_rng(50), 2_000_000, 0.5)
    truth = float(np.mean(np.where(risk >= 0.25, np.where(event, 1.0, -1 / 3), 0.0)))
    gain = truth - float(np.mean(np.where(event, 1.0, -1 / 3)))
    rng, held, gained = np.random.default_rng(5), [], []
    for _ in range(replicates):
        event, risk, _ = risks(rng, 300, 0.5)
        (point,) = decision_curve(event, risk, np.array([0.25]))
        held.append(holds(point.model, truth))
        gained.append(holds(point.gain, gain))
    return [
        reached("net benefit at 0.25", 300, replicates, held),
        reached("net benefit less treat-all", 300, replicates, gained),
    ]


def coverage_reclassification(replicates: int = 2000) -> list[Row]:
    cuts = np.array([0.1, 0.25])
    event, old, new = risks(np.random.default_rng(60), 2_000_000, 0.6)
    truths = {
        "category": net_reclassification(event, old, new, cuts),
        "continuous": net_reclassification(event, old, new),
        "IDI": integrated_discrimination(event, old, new),
    }
    rows = []
    for n in (150, 600):
        rng = np.random.default_rng(6)
        held: dict[tuple[str, str], list[bool]] = {(name, part): [] for name in truths for part in PARTS}
        for _ in range(replicates):
            event, old, new = risks(rng, n, 0.6)
            found = {
                "category": net_reclassification(event, old, new, cuts),
                "continuous": net_reclassification(event, old, new),
                "IDI": integrated_discrimination(event, old, new),
            }
            for (name, part), trials in held.items():
                trials.append(holds(getattr(found[name], part), getattr(truths[name], part).value))
        rows += [reached(f"{name}, {part}", n, replicates, trials) for (name, part), trials in held.items()]
    return rows


def coverage_meta_analysis(replicates: int = 2000) -> list[Row]:
    rows = []
    for sites in (4, 8):
        for tau2 in (0.0, 0.05):
            for interval in INTERVALS:
                rng = np.random.default_rng(7)
                held, predicted = [], []
                for _ in range(replicates):
                    variances = rng.uniform(0.01, 0.1, sites)
                    pooled = pool_sites(rng.normal(0.4, np.sqrt(variances + tau2)), variances, interval=interval)
                    held.append(holds(pooled.mean, 0.4))
                    predicted.append(holds(pooled.prediction, 0.4 + math.sqrt(tau2) * rng.normal()))
                name = f"pooled mean, tau2 {tau2}, {interval}"
                rows.append(reached(name, sites, replicates, held))
                rows.append(reached(f"prediction, tau2 {tau2}, {interval}", sites, replicates, predicted))
    return rows


def power_sample_size(replicates: int = 2000) -> list[Row]:
    """Planned power in place of nominal coverage, against the share of simulated studies that succeed."""
    rng = np.random.default_rng(8)
    n = studies_for_power(lambda size: icc_power(size, icc=0.8, null=0.6, readers=2))
    scores = math.sqrt(0.8) * rng.normal(size=(replicates, n, 1)) + math.sqrt(0.2) * rng.normal(size=(replicates, n, 2))
    ratio = 2 * scores.mean(axis=2).var(axis=1, ddof=1) / scores.var(axis=2, ddof=1).mean(axis=1)
    won = ratio / (1 + 2 * 0.6 / 0.4) > f.isf(0.05, n - 1, n)
    rows = [reached("power of ICC 0.8 against 0.6", n, replicates, won, icc_power(n, icc=0.8, null=0.6, readers=2))]

    n = studies_for_power(lambda size: kappa_power(size, kappa=0.9, null=0.6, prevalence=0.3))
    true = np.array([0.09 + 0.9 * 0.21, 0.42 * 0.1, 0.49 + 0.9 * 0.21])
    counts = rng.multinomial(n, true, size=replicates)
    share = (2 * counts[:, 0] + counts[:, 1]) / (2 * n)
    mixed = share * (1 - share)
    kappa = 1 - counts[:, 1] / (2 * n * mixed)
    cells = np.stack([share**2 + 0.6 * mixed, 0.8 * mixed, (1 - share) ** 2 + 0.6 * mixed], axis=1)
    won = (np.sum((counts - n * cells) ** 2 / (n * cells), axis=1) > chi2.isf(0.05, 1)) & (kappa > 0.6)
    planned = kappa_power(n, kappa=0.9, null=0.6, prevalence=0.3)
    rows.append(reached("power of kappa 0.9 against 0.6", n, replicates, won, planned))

    n = studies_for_power(lambda size: limits_power(size, bias=0.3, sd=1.0, allowed=2.9))
    drawn = rng.normal(0.3, 1.0, (replicates, n))
    outer = (norm.isf(0.025) + limits_width(n, sd=1.0) / 2) * drawn.std(axis=1, ddof=1)
    won = np.abs(drawn.mean(axis=1)) + outer < 2.9
    rows.append(
        reached("power of limits of agreement", n, replicates, won, limits_power(n, bias=0.3, sd=1.0, allowed=2.9))
    )

    n = studies_for_power(lambda size: auc_power(size, auc=0.8, null=0.7, prevalence=0.3))
    won_auc = []
    for _ in range(replicates):
        is_case, (score,) = binormal(rng, round(0.3 * n), n - round(0.3 * n), 0.8)
        won_auc.append(estimate_auc(is_case, score).low > 0.7)
    planned = auc_power(n, auc=0.8, null=0.7, prevalence=0.3)
    rows.append(reached("power of AUC 0.8 against 0.7", n, replicates, won_auc, planned))
    return rows


COVERAGES: tuple[Callable[[], list[Row]], ...] = (
    coverage_auc,
    coverage_auc_difference,
    coverage_average_precision,
    coverage_calibration,
    coverage_decision_curve,
    coverage_reclassification,
    coverage_meta_analysis,
    power_sample_size,
)


def main() -> None:
    for coverage in COVERAGES:
        for name, n, replicates, nominal, share in coverage():
            print(f"{name:50s} n={n:5d} replicates={replicates} nominal={nominal:.2f} reached={share:.4f}", flush=True)


if __name__ == "__main__":
    main()
