"""Do fusion models find simulated hazards again, and does nested cross-validation say what new patients would?

Three questions to the simulated cohort, whose hazards are known: are true hazard ratios
found in one cohort of 4,000; do 95 % intervals hold them in 95 of 100 cohorts; and
how far are held-out numbers of 1,500 patients from those of 20,000 new ones, beside
the apparent ones of the same models.

    python -m bench.fusion_recovery [--cohorts 100] [--repeats 10] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from vascal.fusion.boosting import Boosted
from vascal.fusion.concordance import quick_concordance
from vascal.fusion.features import Patients
from vascal.fusion.hazard_ratios import estimate_ratios
from vascal.fusion.learner import Learner
from vascal.fusion.nested import CrossValidation, validate
from vascal.fusion.outcome_model import fit_outcome_model
from vascal.fusion.penalised import Penalised
from vascal.fusion.performance import judge
from vascal.fusion.simulated_cohort import (
    FEATURES,
    HORIZON_YEARS,
    OBSTRUCTIVE,
    OUTCOMES,
    SimulatedCohort,
    simulate_cohort,
)
from vascal.fusion.targets import Ends, Outcome

ROWS, SMALL, NEW = 4000, 1500, 20_000
LEARNERS: dict[str, Learner] = {"penalised": Penalised(features=FEATURES), "boosted": Boosted(features=FEATURES)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """A true ratio and what was found."""

    outcome: str
    column: str
    true: float
    found: float
    low: float
    high: float


def patients_of(cohort: SimulatedCohort) -> Patients:
    columns = {one.name: cohort.columns[one.name] for one in FEATURES}
    return Patients(columns=columns, patient=np.arange(len(cohort.columns["patient"])))


def ends_of(cohort: SimulatedCohort, outcome: Outcome) -> Ends:
    causes = cohort.columns[outcome.event].astype(np.int64)
    return Ends(causes=causes, time=None if outcome.time is None else cohort.columns[outcome.time].astype(float))


def recover(seed: int) -> list[Recovered]:
    cohort = simulate_cohort(ROWS, seed)
    return [
        Recovered(
            outcome=outcome.name,
            column=one.name,
            true=float(np.exp(cohort.truth[outcome.name].get(one.name, 0.0))),
            found=one.estimate.value,
            low=one.estimate.low,
            high=one.estimate.high,
        )
        for outcome in (*OUTCOMES, OBSTRUCTIVE)
        for one in estimate_ratios(patients_of(cohort), ends_of(cohort, outcome), FEATURES).ratios
    ]


def measure_coverage(cohorts: int) -> dict[str, float]:
    held: dict[str, list[bool]] = {}
    for seed in range(cohorts):
        for one in recover(seed):
            held.setdefault(one.outcome, []).append(one.low <= one.true <= one.high)
    everything = [flag for flags in held.values() for flag in flags]
    return {name: float(np.mean(flags)) for name, flags in {**held, "all": everything}.items()}


def compare_with_new(name: str, repeats: int) -> dict[str, tuple[float, float]]:
    """Mean and standard deviation over cohorts of what is told, and of what new patients say."""
    outcome, learner = OUTCOMES[0], LEARNERS[name]
    new = simulate_cohort(NEW, 10_000)
    found: dict[str, list[float]] = {}
    for seed in range(repeats):
        cohort = simulate_cohort(SMALL, 1000 + seed)
        patients, ends = patients_of(cohort), ends_of(cohort, outcome)
        held_out = validate(learner, patients, ends, outcome, CrossValidation(seed=seed))
        model = fit_outcome_model(learner, patients, ends, outcome, folds=5, seed=seed)
        told = judge(ends, held_out.risk, HORIZON_YEARS).measures
        fresh = judge(ends_of(new, outcome), model.predict(patients_of(new)).risk, HORIZON_YEARS).measures
        row = {
            "concordance, own rows": quick_concordance(ends, model.predict(patients).risk),
            "concordance, held out": told["concordance"].value,
            "concordance, new patients": fresh["concordance"].value,
            "calibration slope, held out": told["calibration_slope"].value,
            "calibration slope, new patients": fresh["calibration_slope"].value,
            "observed / expected, held out": told["observed_expected"].value,
            "observed / expected, new patients": fresh["observed_expected"].value,
        }
        for key, value in row.items():
            found.setdefault(key, []).append(value)
    return {key: (float(np.mean(values)), float(np.std(values, ddof=1))) for key, values in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cohorts", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--json", type=Path)
    choices = parser.parse_args()
    one = recover(0)
    print("| Outcome | Column | True ratio | Found | 95 % interval |\n|---|---|---|---|---|")
    for row in one:
        mark = "" if row.low <= row.true <= row.high else " (outside)"
        print(
            f"| {row.outcome} | {row.column} | {row.true:.3f} | {row.found:.3f} | "
            f"{row.low:.3f} to {row.high:.3f}{mark} |"
        )
    coverage = measure_coverage(choices.cohorts)
    print("\nShare of intervals that hold the truth:", {name: round(share, 3) for name, share in coverage.items()})
    judged = {name: compare_with_new(name, choices.repeats) for name in LEARNERS}
    for name, rows in judged.items():
        print(f"\n{name}")
        for key, (mean, spread) in rows.items():
            print(f"  {key}: {mean:.3f} (SD {spread:.3f})")
    if choices.json:
        content = {"cohorts": choices.cohorts, "repeats": choices.repeats, "recovered": [asdict(row) for row in one]}
        content |= {"coverage": coverage, "judged": judged}
        choices.json.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
