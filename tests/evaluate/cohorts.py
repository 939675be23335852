"""Simulated readings with a known truth, for tests of evaluation."""

from __future__ import annotations

import numpy as np

from vascal.evaluate.cohort import Cohort


def simulate_aac_cohort(seed: int = 0, studies: int = 240) -> Cohort:
    """Draw AAC-24 scores, two readers, a model, sites and covariates."""
    rng = np.random.default_rng(seed)
    truth = np.clip(np.round(rng.gamma(2.0, 4.2, studies)), 0, 24)
    readers = {f"reader{number}": np.clip(np.round(truth + rng.normal(0, 0.7, studies)), 0, 24) for number in (1, 2)}
    predicted = np.clip(0.9 * truth + 1 + rng.normal(0, 2, studies), 0, 24)
    risk = 1 / (1 + np.exp(-(predicted - 14) / 4))
    columns = {
        **readers,
        "set": np.where(np.arange(studies) < studies // 2, "internal", "external"),
        "sex": rng.choice(["F", "M"], studies),
        "age": np.round(rng.normal(66, 10, studies)),
        "site": rng.choice(list("ABCD"), studies),
        "mace": (rng.uniform(size=studies) < risk).astype(float),
    }
    return Cohort(predicted=predicted, reference=truth, columns=columns, probability=risk)


def simulate_cac_cohort(seed: int = 0, studies: int = 200) -> Cohort:
    """Draw Agatston scores, a third of them zero, and a measurement that errs more where there is more."""
    rng = np.random.default_rng(seed)
    truth = np.where(rng.uniform(size=studies) < 0.35, 0.0, rng.lognormal(4, 1.6, studies))
    measured = np.where(truth > 0, truth * np.exp(rng.normal(0.02, 0.2, studies)), 0.0)
    measured[(truth > 0) & (truth < 8) & (rng.uniform(size=studies) < 0.5)] = 0.0
    measured[(truth == 0) & (rng.uniform(size=studies) < 0.1)] = 3.0
    return Cohort(predicted=measured, reference=truth)


def simulate_outcome_cohort(seed: int = 0, studies: int = 300, *, competing: bool = True) -> Cohort:
    """Draw calcium scores, dialysis, age and sex, and a follow-up whose hazard rises with the first three."""
    rng = np.random.default_rng(seed)
    scores = np.where(rng.uniform(size=studies) < 0.3, 0.0, rng.lognormal(4.5, 1.5, studies))
    age, sex = np.round(rng.normal(62, 9, studies)), rng.choice(["F", "M"], studies)
    dialysis = (rng.uniform(size=studies) < 0.4).astype(float)
    hazard = 0.02 * np.exp(0.25 * np.log1p(scores) + 0.5 * dialysis + 0.03 * (age - 62))
    to_event = rng.exponential(1 / hazard)
    to_other = rng.exponential(20.0, studies) if competing else np.full(studies, np.inf)
    until = rng.uniform(1, 8, studies)
    first = np.argmin(np.stack([until, to_event, to_other]), axis=0)
    columns = {
        "years": np.minimum(np.minimum(until, to_event), to_other),
        "event": first.astype(float),
        "dialysis": dialysis,
        "age": age,
        "sex": sex,
    }
    return Cohort(predicted=scores, reference=scores, columns=columns)
