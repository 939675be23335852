"""A simulated cohort whose hazards are known: for tests, for the tutorial, and never for a patient.

Calcium rises with age, male sex, diabetes and kidney disease; each outcome has a
Weibull baseline and the log hazards of `LOG_HAZARDS`. These numbers were chosen to
look like a cohort of prevention. They are no estimates of anything.

Times are drawn by inversion: Bender, Augustin & Blettner, Stat Med 2005;24:1713-1723, doi:10.1002/sim.2059.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy import ndarray

from vascal.errors import SimulationError
from vascal.evaluate.estimate import Values
from vascal.fusion.features import Column, Feature
from vascal.fusion.targets import Outcome

HORIZON_YEARS = 8.0
FEATURES: tuple[Feature, ...] = (
    Feature(name="agatston", kind="score", block="imaging", unit="Agatston units"),
    Feature(name="density", kind="number", block="imaging", unit="points", blank="not-applicable"),
    Feature(name="vessels", kind="number", block="imaging", unit="vessels"),
    Feature(name="aac24", kind="number", block="imaging", unit="points"),
    Feature(name="eat_ml", kind="number", block="imaging", unit="ml"),
    Feature(name="age_years", kind="number", block="clinical", unit="years"),
    Feature(name="sex", kind="category", block="clinical"),
    Feature(name="ldl_mg_dl", kind="number", block="clinical", unit="mg/dL"),
    Feature(name="systolic_mmhg", kind="number", block="clinical", unit="mmHg"),
    Feature(name="diabetes", kind="yes-no", block="clinical"),
    Feature(name="smoker", kind="yes-no", block="clinical"),
    Feature(name="kidney", kind="category", block="clinical"),
    Feature(name="steps_1000_per_day", kind="number", block="clinical", unit="1000 steps a day"),
    Feature(name="resting_heart_rate_bpm", kind="number", block="clinical", unit="beats/min"),
)
"""Columns that drive outcomes, or might; the cohort has more, such as scores by vessel."""

LOG_HAZARDS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "mi": {
            "agatston": 0.25, "density": -0.40, "age_years": 0.025, "sex: M": 0.35, "ldl_mg_dl": 0.006,
            "systolic_mmhg": 0.008, "diabetes": 0.45, "smoker": 0.60, "kidney: ckd": 0.30, "kidney: dialysis": 0.80,
        },
        "stroke": {
            "agatston": 0.10, "aac24": 0.06, "age_years": 0.05, "systolic_mmhg": 0.015, "diabetes": 0.40,
            "smoker": 0.50, "kidney: dialysis": 0.60,
        },
        "hf": {
            "agatston": 0.12, "eat_ml": 0.006, "age_years": 0.05, "systolic_mmhg": 0.010, "diabetes": 0.55,
            "kidney: ckd": 0.50, "kidney: dialysis": 1.10, "resting_heart_rate_bpm": 0.020,
        },
        "af": {
            "eat_ml": 0.010, "age_years": 0.065, "sex: M": 0.35, "systolic_mmhg": 0.008, "kidney: ckd": 0.25,
            "steps_1000_per_day": -0.05,
        },
        "death": {
            "agatston": 0.12, "aac24": 0.04, "age_years": 0.075, "sex: M": 0.25, "diabetes": 0.40, "smoker": 0.70,
            "kidney: ckd": 0.40, "kidney: dialysis": 1.30, "steps_1000_per_day": -0.08,
        },
    }
)  # fmt: skip
"""By outcome and column: log hazard ratio of one unit; of ln(1 + x) for scores, of the level for words."""
LOG_ODDS: Mapping[str, float] = MappingProxyType(
    {"agatston": 0.45, "density": -0.30, "vessels": 0.25, "sex: M": 0.30, "ldl_mg_dl": 0.008, "diabetes": 0.40}
)
"""Of the outcome that is yes or no, `OBSTRUCTIVE`."""
OBSTRUCTIVE = Outcome(name="obstructive", event="obstructive")
"""A stenosis that obstructs, found at the same visit."""
OUTCOMES: tuple[Outcome, ...] = tuple(
    Outcome(name=name, event=name, time=f"{name}_years", horizon_years=HORIZON_YEARS) for name in LOG_HAZARDS
)

_SHARE_BY_HORIZON = {"mi": 0.05, "stroke": 0.04, "hf": 0.05, "af": 0.07, "death": 0.07}
"""Of the average patient, were nothing else to happen."""
_SHAPE = {"mi": 1.1, "stroke": 1.2, "hf": 1.3, "af": 1.3, "death": 1.4}
"""Of the Weibull baseline; above 1 the hazard rises."""
_CENTRES = {
    "agatston": 2.5, "density": 2.7, "vessels": 1.4, "aac24": 4.0, "eat_ml": 95.0, "age_years": 60.0,
    "ldl_mg_dl": 118.0, "systolic_mmhg": 128.0, "steps_1000_per_day": 6.5, "resting_heart_rate_bpm": 68.0,
}  # fmt: skip
_MISSING = {"ldl_mg_dl": 0.06, "systolic_mmhg": 0.03, "eat_ml": 0.08, "steps_1000_per_day": 0.15}
"""Share of cells that are emptied by chance; those of the wearable twice as often above 70 years."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedCohort:
    """Patients that do not exist.

    Parameters
    ----------
    columns
        By name (row,): features, and for each outcome how and when it ended; NaN or "" where empty.
    truth
        Log hazard ratios, and log odds ratios of `OBSTRUCTIVE`, by outcome and column.
    """

    columns: Mapping[str, Column]
    truth: Mapping[str, Mapping[str, float]] = field(
        default_factory=lambda: MappingProxyType({**LOG_HAZARDS, OBSTRUCTIVE.name: LOG_ODDS})
    )


def simulate_cohort(patients: int, seed: int, *, has_gaps: bool = True, death_competes: bool = True) -> SimulatedCohort:
    """Draw a cohort with several outcomes.

    Parameters
    ----------
    patients
        How many.
    seed
        The same seed draws the same patients.
    has_gaps
        Whether cells are emptied by chance.
    death_competes
        Whether death ends the other follow-ups as a competing event (2) instead of as censoring (0).

    Returns
    -------
    SimulatedCohort

    Raises
    ------
    SimulationError
        For fewer than 10 patients.
    """
    if patients < 10:
        raise SimulationError(f"a cohort of {patients} patients; needed: 10 or more")
    rng = np.random.default_rng(seed)
    people = _draw_people(rng, patients)
    complete = {**people, **_draw_calcium(rng, people)}
    columns: dict[str, Column] = {
        "patient": np.array([f"SIM{number:06d}" for number in range(patients)]),
        **complete,
        **_draw_outcomes(rng, complete, death_competes=death_competes),
        "simulated": np.full(patients, "yes"),
    }
    return SimulatedCohort(columns={**columns, **(_empty_cells(rng, complete) if has_gaps else {})})


def log_hazard(columns: Mapping[str, Column], effects: Mapping[str, float]) -> Values:
    """Add up the effects of complete columns, against an average patient (row,)."""
    return np.asarray(np.sum([effect * _centred(columns, name) for name, effect in effects.items()], axis=0))


def _centred(columns: Mapping[str, Column], name: str) -> Values:
    column, _, level = name.partition(": ")
    values = columns[column]
    if level:
        return np.asarray((values == level).astype(float))
    if column in {"diabetes", "smoker"}:
        return values.astype(float)
    moved = (np.log1p(values) if column == "agatston" else values) - _CENTRES[column]
    return np.where(np.isnan(moved), 0.0, moved)  # density where there is no calcium


def _draw_people(rng: np.random.Generator, n: int) -> dict[str, Column]:
    age = np.round(np.clip(rng.normal(60, 9, n), 40, 84))
    male = rng.random(n) < 0.45
    diabetes = rng.random(n) < _chance(-1.9 + 0.02 * (age - 60) + 0.2 * male)
    kidney = rng.random(n)
    cut = _chance(-2.1 + 0.05 * (age - 60) + 0.6 * diabetes)
    active = rng.normal(0, 1, n)
    return {
        "age_years": age,
        "sex": np.where(male, "M", "F"),
        "ldl_mg_dl": np.round(np.clip(rng.normal(118, 32, n), 30, 300)),
        "systolic_mmhg": np.round(np.clip(rng.normal(126 + 0.4 * (age - 60) + 4 * diabetes, 16, n), 85, 230)),
        "diabetes": diabetes.astype(float),
        "smoker": (rng.random(n) < _chance(-1.7 - 0.03 * (age - 60) + 0.3 * male)).astype(float),
        "kidney": np.select([kidney < 0.2 * cut, kidney < cut], ["dialysis", "ckd"], "none"),
        "steps_1000_per_day": np.round(np.clip(6.8 - 0.08 * (age - 60) + 2.2 * active, 0.3, 25), 1),
        "resting_heart_rate_bpm": np.round(np.clip(68 - 3 * active + rng.normal(0, 8, n), 40, 120)),
    }


def _draw_calcium(rng: np.random.Generator, people: Mapping[str, Column]) -> dict[str, Column]:
    age, n = people["age_years"], len(people["age_years"])
    atheroma = (
        0.07 * (age - 60)
        + 0.9 * (people["sex"] == "M")
        + 0.4 * people["diabetes"]
        + 0.4 * people["smoker"]
        + 0.5 * (people["kidney"] == "ckd")
        + 1.3 * (people["kidney"] == "dialysis")
        + rng.normal(0, 1.5, n)
    )
    has_calcium = atheroma > 0.1
    agatston = np.where(has_calcium, np.round(np.clip(np.exp(2.3 + 1.15 * atheroma), 1, 8000), 1), 0.0)
    density = np.where(has_calcium, np.round(np.clip(rng.normal(2.7, 0.45, n), 1, 4), 2), np.nan)
    vessels = np.where(has_calcium, np.clip(np.round(0.9 + 0.75 * atheroma + rng.normal(0, 0.6, n)), 1, 4), 0)
    lean = rng.dirichlet((0.4, 3.0, 1.2, 2.0), n)
    order = np.argsort(np.argsort(-lean, axis=1), axis=1)
    share = np.where(order < np.maximum(vessels, 1)[:, None], lean, 0.0)
    share /= share.sum(axis=1, keepdims=True)
    by_vessel = np.round(agatston[:, None] * share, 1)
    aorta = 0.75 * atheroma + 0.05 * (age - 60) + rng.normal(0, 1.2, n)
    return {
        "agatston": agatston,
        **{f"agatston_{name}": by_vessel[:, at] for at, name in enumerate(("lm", "lad", "lcx", "rca"))},
        "volume_mm3": np.where(
            has_calcium,
            np.round(0.8 * agatston * 2.7 / np.nan_to_num(density, nan=2.7) * rng.lognormal(0, 0.06, n)),
            0.0,
        ),
        "density": density,
        "lesions": np.where(has_calcium, 1.0 + rng.poisson(np.sqrt(agatston) / 5), 0.0),
        "vessels": vessels,
        "diffusivity": np.where(has_calcium, np.round(1 - share.max(axis=1), 3), np.nan),
        "aac24": np.clip(np.round(1.5 + 2.6 * aorta), 0, 24),
        "eat_ml": np.round(np.clip(rng.lognormal(4.45, 0.35, n) * (1 + 0.06 * np.clip(atheroma, -2, 3)), 15, 500)),
    }


def _draw_outcomes(
    rng: np.random.Generator, columns: Mapping[str, Column], *, death_competes: bool
) -> dict[str, Column]:
    n = len(columns["agatston"])
    until = np.minimum(rng.uniform(5, 14, n), rng.exponential(60, n))
    times = {name: _draw_times(rng, name, log_hazard(columns, effects)) for name, effects in LOG_HAZARDS.items()}
    death = times["death"]
    found: dict[str, Column] = {}
    for name, time in times.items():
        ended = np.minimum(until, death)
        other = np.where(death < until, 2.0 if death_competes else 0.0, 0.0)
        is_event = time <= ended
        found[name] = np.where(is_event, 1.0, 0.0 if name == "death" else other)
        found[f"{name}_years"] = np.maximum(np.round(np.where(is_event, time, ended), 4), 1e-4)
    odds = -1.6 + log_hazard(columns, LOG_ODDS)
    return {**found, OBSTRUCTIVE.event: (rng.random(n) < _chance(odds)).astype(float)}


def _draw_times(rng: np.random.Generator, name: str, log_hazards: Values) -> Values:
    """Weibull times; by the horizon the average patient has the event as often as `_SHARE_BY_HORIZON` says."""
    reached = -np.log1p(-_SHARE_BY_HORIZON[name])
    spent = rng.exponential(1.0, len(log_hazards)) / np.exp(log_hazards)
    return np.asarray(HORIZON_YEARS * (spent / reached) ** (1 / _SHAPE[name]))


def _empty_cells(rng: np.random.Generator, columns: Mapping[str, Column]) -> dict[str, Column]:
    is_old = columns["age_years"] > 70
    found: dict[str, Column] = {}
    for name, share in _MISSING.items():
        chance = share * np.where(is_old & (name == "steps_1000_per_day"), 2.0, 1.0)
        found[name] = np.where(rng.random(len(is_old)) < chance, np.nan, columns[name])
    gone = np.isnan(found["steps_1000_per_day"])  # one watch measures both
    return {**found, "resting_heart_rate_bpm": np.where(gone, np.nan, columns["resting_heart_rate_bpm"])}


def _chance(log_odds: ndarray) -> ndarray:
    return np.asarray(1 / (1 + np.exp(-log_odds)))
