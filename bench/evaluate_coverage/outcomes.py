"""How often 95 % intervals of outcome statistics hold the truth: `python -m bench.evaluate_coverage.outcomes`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

import numpy as np
from numpy import ndarray

from vascal.evaluate.competing_risks import cumulative_incidence, incidence_at
from vascal.evaluate.concordance import auc_by_time, brier_at, harrell_c, uno_c
from vascal.evaluate.cox import fit_cox
from vascal.evaluate.e_value import TwoGroups, estimate_odds_ratio, estimate_risk_difference, estimate_risk_ratio
from vascal.evaluate.estimate import Estimate
from vascal.evaluate.fine_gray import fit_fine_gray
from vascal.evaluate.survival import kaplan_meier, median_survival, restricted_mean, survival_at

REPLICATES = 1000
EFFECT = 0.7
Row = tuple[str, int, int, float, float]
"""Name, studies, replicates, nominal and reached coverage."""


def survive(rng: np.random.Generator, n: int, loss: float = 0.5) -> tuple[ndarray, ndarray, ndarray]:
    """Exponential times whose rate doubles per standard deviation of a score; `loss` is the rate of censoring."""
    score = rng.normal(size=n)
    failure, lost = rng.exponential(np.exp(-EFFECT * score)), np.minimum(rng.exponential(1 / loss, n), 3.0)
    return np.minimum(failure, lost), failure <= lost, score


def coverage_survival(n: int) -> Iterable[Row]:
    def draw(rng: np.random.Generator) -> dict[str, Estimate]:
        failure, lost = rng.exponential(1.0, n), rng.uniform(1, 3, n)
        time, event = np.minimum(failure, lost), failure <= lost
        curve = kaplan_meier(time, event)
        return {
            "survival": survival_at(curve, 0.5),
            "median": median_survival(curve),
            "restricted mean": restricted_mean(time, event, 1.0),
        }

    truth = {"survival": np.exp(-0.5), "median": np.log(2), "restricted mean": 1 - np.exp(-1)}
    return _count(draw, truth, n)


def coverage_concordance(n: int) -> Iterable[Row]:
    def draw(rng: np.random.Generator, size: int = n) -> dict[str, Estimate]:
        time, event, score = survive(rng, size)
        risk = 1 - np.exp(-np.exp(EFFECT * score))
        return {
            "Harrell C": harrell_c(time, event, score),
            "Uno C": uno_c(time, event, score, until=2.0),
            "AUC at 1": auc_by_time(time, event, score, np.array([1.0]))[0],
            "Brier at 1": brier_at(time, event, risk, 1.0),
        }

    truth = {name: estimate.value for name, estimate in draw(np.random.default_rng(99), 1_000_000).items()}
    return _count(draw, truth, n)


def coverage_cox(n: int) -> Iterable[Row]:
    def draw(rng: np.random.Generator) -> dict[str, Estimate]:
        time, event, score = survive(rng, n)
        return {
            "Cox hazard ratio": fit_cox(time, event, {"x": score}).hazard_ratios["x"],
            "Cox hazard ratio, robust": fit_cox(time, event, {"x": score}, cluster=np.arange(n)).hazard_ratios["x"],
        }

    return _count(draw, dict.fromkeys(("Cox hazard ratio", "Cox hazard ratio, robust"), np.exp(EFFECT)), n)


def coverage_competing(n: int) -> Iterable[Row]:
    """Fine & Gray's own simulation: unit subdistribution 1 - (1 - 0.4 (1 - exp(-t)))^exp(0.7 x)."""

    def draw(rng: np.random.Generator) -> dict[str, Estimate]:
        x = (np.arange(n) % 2).astype(float)
        never = 0.6 ** np.exp(EFFECT * x)
        u = rng.random(n)
        first = u < 1 - never
        inner = np.where(first, 1 - (1 - (1 - u) ** np.exp(-EFFECT * x)) / 0.4, 1.0)
        failure = np.where(first, -np.log(inner), rng.exponential(1.0, n))
        lost = rng.uniform(0.5, 3, n)
        time, causes = np.minimum(failure, lost), np.where(failure <= lost, np.where(first, 1, 2), 0)
        zero = x == 0
        return {
            "Fine-Gray hazard ratio": fit_fine_gray(time, causes, 1, {"x": x}).hazard_ratios["x"],
            "cumulative incidence": incidence_at(cumulative_incidence(time[zero], causes[zero], 1), 1.0),
        }

    truth = {"Fine-Gray hazard ratio": np.exp(EFFECT), "cumulative incidence": 0.4 * (1 - np.exp(-1))}
    return _count(draw, truth, n)


def coverage_two_groups(n: int) -> Iterable[Row]:
    def draw(rng: np.random.Generator) -> dict[str, Estimate]:
        groups = TwoGroups(
            events=int(rng.binomial(n // 2, 0.2)),
            total=n // 2,
            reference_events=int(rng.binomial(n // 2, 0.1)),
            reference_total=n // 2,
        )
        return {
            "risk ratio": estimate_risk_ratio(groups),
            "odds ratio": estimate_odds_ratio(groups),
            "risk difference": estimate_risk_difference(groups),
        }

    return _count(draw, {"risk ratio": 2.0, "odds ratio": 2.25, "risk difference": 0.1}, n)


def _count(draw, truth: Mapping[str, float], n: int) -> list[Row]:  # type: ignore[no-untyped-def]
    held = dict.fromkeys(truth, 0)
    for seed in range(REPLICATES):
        for name, estimate in draw(np.random.default_rng([seed, n])).items():
            held[name] += estimate.low <= truth[name] <= estimate.high
    return [(name, n, REPLICATES, 0.95, count / REPLICATES) for name, count in held.items()]


def rows() -> Iterable[Row]:
    for n in (100, 400):
        for part in (coverage_two_groups, coverage_survival, coverage_concordance, coverage_cox, coverage_competing):
            yield from part(n)


if __name__ == "__main__":
    for name, n, replicates, nominal, reached in rows():
        sys.stdout.write(f"{name:28} n {n:5} replicates {replicates:5} nominal {nominal:.3f} reached {reached:.3f}\n")
        sys.stdout.flush()
