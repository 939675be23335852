"""Improvement on an older probability, balance of groups, and sites held out."""

import numpy as np
import pytest

from tests.evaluate.cohorts import simulate_aac_cohort
from tests.evaluate.sections.test_sections import cell, estimate, table
from vascal.errors import EvaluationError, PlanError
from vascal.evaluate.cohort import Cohort
from vascal.evaluate.plan import AnalysisPlan
from vascal.evaluate.reclassification import integrated_discrimination
from vascal.evaluate.sections.balance import evaluate_balance
from vascal.evaluate.sections.improvement import evaluate_improvement
from vascal.evaluate.sections.sites import evaluate_sites
from vascal.evaluation import evaluate_cohort, make_plan

PLAN = make_plan("aac", {"probability": "p", "target": "mace", "baseline": "old", "resamples": 100})


def with_older_model(studies: int = 400) -> Cohort:
    cohort = simulate_aac_cohort(studies=studies)
    old = np.clip(0.1 + 0.5 * np.random.default_rng(2).uniform(size=studies), 0, 1)
    return Cohort(
        predicted=cohort.predicted,
        reference=cohort.reference,
        columns={**cohort.columns, "old": old},
        probability=cohort.probability,
    )


def test_a_better_probability_improves_events_and_non_events() -> None:
    cohort = with_older_model()
    section = evaluate_improvement({"all": cohort}, PLAN)
    assert cohort.probability is not None
    expected = integrated_discrimination(cohort.columns["mace"] == 1, cohort.columns["old"], cohort.probability)
    assert estimate(section, "improvement", "total", 2) == expected.total
    difference = estimate(section, "auc_change", "difference")
    assert difference.low > 0
    crossed = [sum(int(str(count)) for row in found.rows for count in row[1:]) for found in section.tables[2:]]
    assert crossed == [int(cohort.columns["mace"].sum()), 400 - int(cohort.columns["mace"].sum())]


def test_an_older_probability_must_be_one_for_every_study() -> None:
    cohort = with_older_model()
    cohort.columns["old"][0] = np.nan
    with pytest.raises(EvaluationError, match="column old must hold probabilities"):
        evaluate_improvement({"all": cohort}, PLAN)
    with pytest.raises(PlanError, match="name that too"):
        AnalysisPlan(baseline="old")


def test_groups_that_differ_are_named() -> None:
    cohort = simulate_aac_cohort()
    sex, age = cohort.columns["sex"], cohort.columns["age"]
    age[sex == "M"] += 20
    age[:2] = np.nan
    plan = make_plan("aac", {"group": "sex", "covariates": ("age", "site", "sex", "mace")})
    section = evaluate_balance(cohort, plan)
    rows = [row[0] for row in table(section, "balance").rows]
    assert rows == ["Measured, points", "age", "site: A", "site: B", "site: C", "site: D", "mace"]
    assert "age" in section.cautions[0]
    apart = cell(table(section, "balance"), "standardised_difference", 1)
    assert isinstance(apart, float)
    assert apart == pytest.approx(-2, abs=0.4)


def test_three_groups_or_a_group_of_one_have_means_and_no_difference() -> None:
    cohort = simulate_aac_cohort(studies=30)
    cohort.columns["sex"][:] = "M"
    cohort.columns["sex"][0] = "F"
    cohort.columns["age"][0] = np.nan
    plan = make_plan("aac", {"group": "sex", "covariates": ("age",)})
    found = table(evaluate_balance(cohort, plan), "balance")
    assert found.rows[0][1] == f"{cohort.predicted[0]:.3g}"
    assert found.rows[1][1:] == ("-", found.rows[1][2], None)
    assert not evaluate_balance(cohort, plan).cautions


def test_a_site_unlike_the_others_falls_outside_what_they_predict() -> None:
    cohort = simulate_aac_cohort(studies=400)
    predicted = np.where(cohort.columns["site"] == "D", cohort.predicted + 6, cohort.predicted)
    changed = Cohort(predicted=predicted, reference=cohort.reference, columns=cohort.columns)
    held_out = table(evaluate_sites(changed, make_plan("aac", {"site": "site"})), "held_out")
    assert {row[0]: row[-1] for row in held_out.rows}["D"] == "no"


def test_sites_of_which_one_never_varies_are_held_out_as_far_as_they_can() -> None:
    site = np.repeat(["A", "B", "C"], 20)
    rng = np.random.default_rng(0)
    reference = rng.uniform(0, 20, 60)
    predicted = np.where(site == "C", reference, reference + rng.normal(size=60))
    cohort = Cohort(predicted=predicted, reference=reference, columns={"site": site})
    found = evaluate_sites(cohort, make_plan("aac", {"site": "site"}))
    assert [part.key for part in found.tables] == ["sites"]


def test_only_those_who_were_followed_have_outcomes() -> None:
    cohort = simulate_aac_cohort(studies=120)
    rng = np.random.default_rng(0)
    years, event = rng.uniform(1, 5, 120), rng.integers(0, 2, 120).astype(float)
    years[:20] = event[:20] = np.nan
    columns = {**cohort.columns, "years": years, "event": event}
    followed = Cohort(predicted=cohort.predicted, reference=cohort.reference, columns=columns)
    choices = {"time": "years", "event": "event", "resamples": 100}
    found = evaluate_cohort(followed, make_plan("aac", choices))
    outcomes = next(section for section in found.sections if section.key == "outcomes")
    assert outcomes.cautions[0] == "100 of 120 studies have a follow-up and are in this section."
    grouped = evaluate_cohort(followed, make_plan("aac", {**choices, "group": "sex", "covariates": ("age",)}))
    assert [section.key for section in grouped.sections][-3:] == ["outcomes", "balance", "hazards"]
    years[4:] = np.nan
    with pytest.raises(PlanError, match="at least 5 studies with follow-up; 0 have it"):
        evaluate_cohort(followed, make_plan("aac", choices))
