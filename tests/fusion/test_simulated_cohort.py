"""The simulated cohort is what it says: hazards as stated, gaps by chance, and found again by regression."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from tests.fusion.cohorts import AF, DEATH, FEATURES, MI, OBSTRUCTIVE, OUTCOMES, draw, ends_of, patients_of
from vascal.errors import SimulationError
from vascal.evaluate.survival import kaplan_meier, survival_at
from vascal.fusion.hazard_ratios import estimate_ratios
from vascal.fusion.simulated_cohort import LOG_HAZARDS, LOG_ODDS, SimulatedCohort, log_hazard, simulate_cohort
from vascal.fusion.targets import Outcome


def count_covered(cohort: SimulatedCohort, outcome: Outcome) -> tuple[int, int]:
    """Count true ratios that lie in their interval, and all."""
    table = estimate_ratios(patients_of(cohort), ends_of(cohort, outcome), FEATURES)
    truth: Mapping[str, float] = cohort.truth[outcome.name]
    inside = [one.estimate.low <= np.exp(truth.get(one.name, 0.0)) <= one.estimate.high for one in table.ratios]
    return sum(inside), len(inside)


def test_one_cohort_of_4000_gives_the_true_hazard_ratios_back() -> None:
    cohort = draw(4000)
    found = [count_covered(cohort, outcome) for outcome in (*OUTCOMES, OBSTRUCTIVE)]
    assert all(total == 15 for _, total in found)
    assert sum(inside for inside, _ in found) >= 0.88 * sum(total for _, total in found)
    table = estimate_ratios(patients_of(cohort), ends_of(cohort), FEATURES)
    agatston = next(one for one in table.ratios if one.name == "agatston")
    assert np.log(agatston.estimate.value) == pytest.approx(LOG_HAZARDS["mi"]["agatston"], abs=0.12)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    found = [count_covered(simulate_cohort(1500, seed), outcome) for seed in range(100, 108) for outcome in (MI, DEATH)]
    inside, total = (sum(part) for part in zip(*found, strict=True))
    # 240 intervals that are not independent: 0.90 to 0.99 is what chance leaves.
    assert 0.90 <= inside / total <= 0.99


@pytest.mark.slow
def test_coverage_over_100_cohorts_is_that_of_the_intervals() -> None:
    outcomes = (*OUTCOMES, OBSTRUCTIVE)
    found = [count_covered(simulate_cohort(4000, seed), outcome) for seed in range(100) for outcome in outcomes]
    inside, total = (sum(part) for part in zip(*found, strict=True))
    assert inside / total == pytest.approx(0.95, abs=0.012)


def test_the_same_seed_draws_the_same_patients() -> None:
    first, again, other = (simulate_cohort(200, seed) for seed in (3, 3, 4))
    for name, column in first.columns.items():
        assert np.array_equal(column, again.columns[name], equal_nan=column.dtype.kind == "f")
    assert not np.array_equal(first.columns["agatston"], other.columns["agatston"])


def test_gaps_are_where_they_are_said_to_be_and_nowhere_else() -> None:
    whole, gaps = draw(4000, has_gaps=False), draw(4000)
    assert not np.isnan(whole.columns["ldl_mg_dl"]).any()
    assert np.isnan(gaps.columns["ldl_mg_dl"]).mean() == pytest.approx(0.06, abs=0.015)
    assert np.array_equal(gaps.columns["mi_years"], whole.columns["mi_years"])
    watch = np.isnan(gaps.columns["steps_1000_per_day"])
    assert np.array_equal(watch, np.isnan(gaps.columns["resting_heart_rate_bpm"]))
    old = gaps.columns["age_years"] > 70
    assert watch[old].mean() > 1.5 * watch[~old].mean()
    assert np.array_equal(np.isnan(gaps.columns["density"]), gaps.columns["agatston"] == 0)


def test_vessels_add_up_to_the_total() -> None:
    columns = draw(4000).columns
    parts = np.sum([columns[f"agatston_{name}"] for name in ("lm", "lad", "lcx", "rca")], axis=0)
    assert parts == pytest.approx(columns["agatston"], abs=0.3)
    assert (columns["lesions"] > 0).tolist() == (columns["agatston"] > 0).tolist()


def test_death_competes_or_censors() -> None:
    competing, censoring = draw(4000), draw(4000, death_competes=False)
    assert np.array_equal(competing.columns["mi_years"], censoring.columns["mi_years"])
    assert set(np.unique(competing.columns["mi"])) == {0.0, 1.0, 2.0}
    assert set(np.unique(censoring.columns["mi"])) == {0.0, 1.0}
    assert not (competing.columns["death"] == 2).any()


def test_the_average_patient_has_the_event_as_often_as_stated() -> None:
    cohort = draw(4000, has_gaps=False, death_competes=False)
    hazard = log_hazard(cohort.columns, LOG_HAZARDS["af"])
    average = np.abs(hazard) < 0.25
    time, event = cohort.columns["af_years"][average], cohort.columns["af"][average] == 1
    share = 1 - survival_at(kaplan_meier(time, event), 8.0).value
    assert AF.horizon_years == 8.0
    assert share == pytest.approx(0.07, abs=0.025)


def test_effects_are_against_an_average_patient() -> None:
    columns = {"agatston": np.array([np.e**2.5 - 1, 0.0]), "density": np.array([3.7, np.nan])}
    found = log_hazard(columns, {"agatston": 0.2, "density": -0.4})
    assert found == pytest.approx([-0.4, -0.5])
    assert set(LOG_ODDS) <= {"agatston", "density", "vessels", "sex: M", "ldl_mg_dl", "diabetes"}


def test_a_handful_of_patients_is_no_cohort() -> None:
    with pytest.raises(SimulationError, match="10 or more"):
        simulate_cohort(9, 0)
