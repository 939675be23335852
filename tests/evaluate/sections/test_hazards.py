"""Hazard models: every cell is what the function under it gives, and where no model fits the section says so."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from tests.evaluate.cohorts import simulate_outcome_cohort
from tests.evaluate.sections.test_outcomes import FOLLOWED, cells, table
from vascal.evaluate import incremental
from vascal.evaluate.bootstrap import Resampling
from vascal.evaluate.cohort import Cohort
from vascal.evaluate.concordance import auc_by_time, harrell_c, uno_c
from vascal.evaluate.cox import check_proportionality, fit_cox
from vascal.evaluate.fine_gray import fit_fine_gray
from vascal.evaluate.incremental import estimate_added_value, log_cac
from vascal.evaluate.sections.hazards import evaluate_hazards
from vascal.evaluation import make_plan

PLAN = make_plan("cac", {**FOLLOWED, "horizon_years": 4.0, "resamples": 100})
WITH_CLINIC = make_plan("cac", {**FOLLOWED, "horizon_years": 4.0, "resamples": 100, "covariates": ("age", "sex")})


def with_columns(cohort: Cohort, **columns: np.ndarray) -> Cohort:
    held: Mapping[str, np.ndarray] = {**cohort.columns, **columns}
    return Cohort(predicted=cohort.predicted, reference=cohort.reference, columns=held)


@pytest.fixture
def unresampled(monkeypatch: pytest.MonkeyPatch) -> list[Resampling]:
    """Take resampling out, which is slow and has tests of its own; gives how it was asked for."""
    asked: list[Resampling] = []

    def resample(*arguments: object) -> np.ndarray:
        asked.extend(found for found in arguments if isinstance(found, Resampling))
        return np.full((100, 2), 0.01)

    monkeypatch.setattr(incremental, "_resample", resample)
    return asked


@pytest.mark.usefixtures("unresampled")
def test_rows_are_those_of_cox_and_of_fine_and_gray() -> None:
    cohort = simulate_outcome_cohort()
    section = evaluate_hazards(cohort, WITH_CLINIC)
    found = table(section, "hazards")
    years, causes = cohort.columns["years"], cohort.columns["event"].astype(np.int64)
    score = {"ln(score + 1)": log_cac(cohort.predicted)}
    every = {**score, "age": cohort.columns["age"], "sex: M": (cohort.columns["sex"] == "M").astype(float)}
    models = [
        fit_cox(years, causes == 1, score), fit_cox(years, causes == 1, every),
        fit_fine_gray(years, causes, 1, score), fit_fine_gray(years, causes, 1, every),
    ]  # fmt: skip
    ratios = [ratio for model in models for ratio in model.hazard_ratios.values()]
    assert cells(found, "hazard_ratio") == ratios
    assert cells(found, "p") == [ratio.p_value for ratio in ratios]
    assert cells(found, "term") == ["ln(score + 1)", *every] * 2
    assert [str(name) for name in cells(found, "model")] == [
        f"{model}, {terms}" for model in ("Cox", "Fine-Gray") for terms in ("score alone", *["with covariates"] * 3)
    ]
    assert cells(found, "events")[0] == int(np.sum(causes == 1))
    drift = check_proportionality(years, causes == 1, every).covariates
    assert cells(found, "proportional_p")[1:4] == [drift[name].p_value for name in every]
    assert cells(found, "proportional_p")[4:] == [None] * 4
    assert all(isinstance(number, float) and number >= 1 for number in cells(found, "e_value"))
    assert "cause-specific" in found.note
    assert "[fine1999]" in section.methods[0]
    assert "Covariates: age, sex." in section.methods[0]


def test_concordance_is_that_of_the_score_alone() -> None:
    cohort = simulate_outcome_cohort(competing=False)
    section = evaluate_hazards(cohort, PLAN)
    score, years = log_cac(cohort.predicted), cohort.columns["years"]
    is_event = cohort.columns["event"] == 1
    assert cells(table(section, "concordance"), "estimate") == [
        harrell_c(years, is_event, score),
        uno_c(years, is_event, score, until=4.0),
        auc_by_time(years, is_event, score, np.array([4.0]))[0],
    ]
    assert cells(table(section, "concordance"), "measure")[1:] == [
        "Uno's C up to 4 years",
        "AUC for an event by 4 years",
    ]
    assert [found.key for found in section.tables] == ["hazards", "concordance"]
    assert cells(table(section, "hazards"), "model") == ["Cox, score alone"]
    assert "cause-specific" not in table(section, "hazards").note
    assert "fine1999" not in section.methods[0]
    assert "Covariates" not in section.methods[0]
    ratio = fit_cox(years, is_event, {"x": score}).hazard_ratios["x"]
    assert section.text == f"Hazard ratio of ln(score + 1): {ratio.value:.3f} ({ratio.low:.3f} to {ratio.high:.3f})."


def test_added_value_is_that_of_its_function(unresampled: list[Resampling]) -> None:
    cohort = simulate_outcome_cohort()
    section = evaluate_hazards(cohort, replace(WITH_CLINIC, resamples=1000, seed=3))
    expected = estimate_added_value(
        cohort.columns["years"],
        cohort.columns["event"] == 1,
        {"age": cohort.columns["age"], "sex: M": (cohort.columns["sex"] == "M").astype(float)},
        {"ln(score + 1)": log_cac(cohort.predicted)},
        resampling=Resampling(resamples=200, seed=3, method="percentile"),
    )
    assert unresampled[0] == unresampled[1]
    found = table(section, "added_value")
    assert cells(found, "concordance") == [expected.concordance_without, expected.concordance_within, expected.change]
    assert cells(found, "log_likelihood") == [expected.without.log_likelihood, expected.within.log_likelihood, None]
    assert cells(found, "p") == [None, expected.likelihood_ratio.p_value, None]
    assert section.text.endswith(f"likelihood-ratio p {expected.likelihood_ratio.p_value:.3f}.")
    assert f"changes Harrell's C by {expected.change.value:+.3f}" in section.text


@pytest.mark.usefixtures("unresampled")
def test_a_p_value_below_one_in_a_thousand_is_not_written_out() -> None:
    cohort = simulate_outcome_cohort()
    oracle = np.where(cohort.columns["event"] == 1, 8.0, 4.0) + np.random.default_rng(5).normal(0, 2, 300)
    changed = Cohort(predicted=oracle, reference=oracle, columns=cohort.columns)
    section = evaluate_hazards(changed, make_plan("other", {**FOLLOWED, "resamples": 100, "covariates": ("age",)}))
    assert section.text.endswith("likelihood-ratio p <0.001.")
    assert "Hazard ratio of score, per 1 of score" in section.text


def test_fewer_than_10_events_support_no_model() -> None:
    cohort = simulate_outcome_cohort()
    rare = with_columns(
        cohort, event=np.where(np.cumsum(cohort.columns["event"] == 1) <= 9, cohort.columns["event"], 0)
    )
    section = evaluate_hazards(rare, PLAN)
    assert section.tables == ()
    assert section.methods == ()
    assert section.cautions == ("9 events are too few for a model of hazards; 10 are needed.",)
    enough = with_columns(
        cohort, event=np.where(np.cumsum(cohort.columns["event"] == 1) <= 10, cohort.columns["event"], 0)
    )
    assert table(evaluate_hazards(enough, PLAN), "hazards").rows


@pytest.mark.usefixtures("unresampled")
def test_studies_without_a_covariate_are_left_out_and_counted_whether_numbers_or_words() -> None:
    cohort = simulate_outcome_cohort()
    cohort.columns["age"][:7] = np.nan
    cohort.columns["sex"][5:12] = ""
    section = evaluate_hazards(cohort, WITH_CLINIC)
    assert set(cells(table(section, "hazards"), "n")) == {288}
    assert cells(table(section, "hazards"), "term")[1:4] == ["ln(score + 1)", "age", "sex: M"]
    assert "12 studies lack a covariate and are left out of the models." in section.cautions
    cohort.columns["age"][7:] = np.nan
    assert evaluate_hazards(cohort, WITH_CLINIC).cautions == (
        "0 events are too few for a model of hazards; 10 are needed.",
        "300 studies lack a covariate and are left out of the models.",
    )


@pytest.mark.usefixtures("unresampled")
def test_words_make_a_column_for_each_but_the_first() -> None:
    cohort = simulate_outcome_cohort()
    race = np.random.default_rng(1).choice(["Asian", "Black", "White"], 300)
    plan = make_plan("cac", {**FOLLOWED, "resamples": 100, "covariates": ("race",)})
    terms = cells(table(evaluate_hazards(with_columns(cohort, race=race), plan), "hazards"), "term")
    assert terms[1:4] == ["ln(score + 1)", "race: Black", "race: White"]


def test_words_that_are_all_the_same_make_no_clinical_model() -> None:
    cohort = with_columns(simulate_outcome_cohort(), sex=np.full(300, "F"))
    plan = make_plan("cac", {**FOLLOWED, "resamples": 100, "covariates": ("sex",)})
    assert [found.key for found in evaluate_hazards(cohort, plan).tables] == ["hazards", "concordance"]


@pytest.mark.usefixtures("unresampled")
def test_more_terms_than_events_carry_are_cautioned_against() -> None:
    cohort = simulate_outcome_cohort(studies=60)
    events = int(np.sum(cohort.columns["event"] == 1))
    assert 10 <= events < 30
    section = evaluate_hazards(cohort, WITH_CLINIC)
    assert f"{events} events for 3 terms: fewer than 10 a term, so that models overfit." in section.cautions


@pytest.mark.parametrize("kind", ["constant covariate", "a covariate that is the event", "one score for all"])
def test_where_no_model_fits_the_section_says_why_and_the_evaluation_goes_on(kind: str) -> None:
    cohort = simulate_outcome_cohort()
    column = {
        "constant covariate": np.full(300, 3.0),
        "a covariate that is the event": np.where(cohort.columns["event"] == 1, "yes", "no"),
        "one score for all": cohort.columns["age"],
    }[kind]
    changed = with_columns(cohort, extra=column)
    if kind == "one score for all":
        changed = Cohort(predicted=np.full(300, 5.0), reference=cohort.reference, columns=changed.columns)
    plan = make_plan("cac", {**FOLLOWED, "resamples": 100, "covariates": ("extra",)})
    section = evaluate_hazards(changed, plan)
    assert section.tables == ()
    assert section.cautions[0].startswith("No model of hazards was fitted: ")


def test_a_change_that_can_not_be_resampled_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    cohort = simulate_outcome_cohort()
    monkeypatch.setattr(incremental, "_resample", lambda *_: np.full((100, 2), np.nan))
    section = evaluate_hazards(cohort, WITH_CLINIC)
    change = cells(table(section, "added_value"), "concordance")[2]
    assert math.isnan(getattr(change, "value", 0))
    assert "nan" not in section.text
    assert section.text.endswith("the score has a likelihood-ratio p of 0.001.")
