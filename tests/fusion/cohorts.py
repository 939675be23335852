"""Small simulated cohorts for tests of fusion models."""

from __future__ import annotations

from functools import cache

import numpy as np

from vascal.evaluate.estimate import Values
from vascal.fusion.features import Feature, Patients
from vascal.fusion.simulated_cohort import FEATURES, OBSTRUCTIVE, OUTCOMES, SimulatedCohort, simulate_cohort
from vascal.fusion.targets import Ends, Outcome, OutcomeData

MI, STROKE, HF, AF, DEATH = OUTCOMES
FEW = tuple(one for one in FEATURES if one.name in {"agatston", "density", "age_years", "sex", "ldl_mg_dl", "smoker"})
"""Enough to be fast: a score, a number that is not always applicable, one with gaps, words, yes or no."""


@cache
def draw(patients: int = 800, seed: int = 0, *, has_gaps: bool = True, death_competes: bool = True) -> SimulatedCohort:
    return simulate_cohort(patients, seed, has_gaps=has_gaps, death_competes=death_competes)


def patients_of(cohort: SimulatedCohort, features: tuple[Feature, ...] = FEATURES) -> Patients:
    columns = {one.name: cohort.columns[one.name] for one in features}
    return Patients(columns=columns, patient=np.arange(len(cohort.columns["patient"])))


def ends_of(cohort: SimulatedCohort, outcome: Outcome = MI) -> Ends:
    causes = cohort.columns[outcome.event].astype(np.int64)
    return Ends(causes=causes, time=None if outcome.time is None else cohort.columns[outcome.time].astype(float))


def data_of(cohort: SimulatedCohort, outcome: Outcome = MI) -> OutcomeData:
    ends = ends_of(cohort, outcome)
    return OutcomeData(outcome=outcome, rows=np.ones(len(ends.causes), dtype=bool), ends=ends)


def shuffle(ends: Ends, seed: int = 0) -> Ends:
    """Part outcomes from patients: nothing can foretell them."""
    return ends.only(np.random.default_rng(seed).permutation(len(ends.causes)))


def noise(rows: int, seed: int = 0) -> Values:
    return np.random.default_rng(seed).normal(size=rows)


__all__ = ["AF", "DEATH", "FEATURES", "FEW", "HF", "MI", "OBSTRUCTIVE", "OUTCOMES", "STROKE"]
