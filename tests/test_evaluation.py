"""From two files to the content of a report."""

import csv
from pathlib import Path

import numpy as np
import pytest

from tests.evaluate.cohorts import simulate_aac_cohort, simulate_cac_cohort
from vascal.errors import PlanError
from vascal.evaluate.cohort import Cohort
from vascal.evaluate.plan import Criterion
from vascal.evaluation import evaluate_cohort, evaluate_files, make_plan

FEW = {"resamples": 100, "interval": "percentile"}


def write_csv(path: Path, header: str, *columns: np.ndarray) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split())
        writer.writerows(zip(*columns, strict=True))
    return path


def test_two_files_become_sections_facts_and_answers(tmp_path: Path) -> None:
    cohort = simulate_aac_cohort(studies=60)
    names = np.array([f"s{place}" for place in range(60)])
    predicted = write_csv(tmp_path / "p.csv", "study aac24 p", names, cohort.predicted, cohort.reference / 24)
    columns = [cohort.columns[name] for name in ("set", "sex", "site", "mace", "reader1")]
    reference = write_csv(
        tmp_path / "r.csv", "study aac24 set sex site mace reader1", names, cohort.reference, *columns
    )
    plan = make_plan(
        "aac",
        {**FEW, "set_by": "set", "subgroups": ("sex",), "site": "site", "probability": "p", "target": "mace",
         "readers": ("reader1",)},
    )  # fmt: skip
    found = evaluate_files(predicted, reference, plan, plan_digest="abc")
    assert [section.key for section in found.sections] == [
        "description", "agreement", "categories", "discrimination", "readers", "probability", "subgroups", "sites",
    ]  # fmt: skip
    facts = dict(found.facts)
    assert facts["Studies analysed"] == "60"
    assert facts["Plan"] == "written before this run, SHA-256 abc"
    assert found.answers["results.flow"] == "60 studies analysed; left out: none"
    assert "abc" in found.answers["plan.protocol"]
    assert len({table.key for table in found.tables}) == len(found.tables)
    assert len({plot.key for plot in found.plots}) == len(found.plots)


def test_calcium_is_compared_with_repeated_scans_at_the_patients_own_build() -> None:
    cohort = simulate_cac_cohort(studies=80)
    plain = evaluate_cohort(cohort, make_plan("cac", FEW))
    assumed = next(table for table in plain.tables if table.key == "repeat")
    assert "body mass index of 28 was assumed" in assumed.note
    bmi = np.where(np.arange(80) < 2, np.nan, 45.0)
    heavy = Cohort(predicted=cohort.predicted, reference=cohort.reference, columns={"bmi": bmi})
    known = next(table for table in evaluate_cohort(heavy, make_plan("cac", FEW)).tables if table.key == "repeat")
    assert "assumed" not in known.note
    shares = [getattr(table.rows[0][2], "value", 0) for table in (assumed, known)]
    assert shares[1] <= shares[0]  # a larger patient may differ more


def test_scores_without_any_calcium_have_no_relative_difference() -> None:
    zeros = Cohort(predicted=np.zeros(8), reference=np.zeros(8))
    found = evaluate_cohort(zeros, make_plan("cac", FEW))
    repeat = next(table for table in found.tables if table.key == "repeat")
    assert repeat.rows[0][4] is None


def test_criteria_are_met_missed_or_not_defined() -> None:
    criteria = (
        Criterion(table="icc", statistic="icc_2_1", limit="low", at_least=0.5),
        Criterion(table="accuracy", statistic="mae", row="all", at_most=0.001),
        Criterion(table="accuracy", statistic="n", at_least=60),
    )
    found = evaluate_cohort(simulate_aac_cohort(studies=60), make_plan("aac", {**FEW, "criteria": criteria}))
    assert [result.is_met for result in found.criteria] == [True, False, True]
    flat = Cohort(predicted=np.full(9, 3.0), reference=np.full(9, 3.0))
    undefined = evaluate_cohort(flat, make_plan("other", {**FEW, "criteria": criteria[:1]}))
    assert undefined.criteria[0].is_met is None


@pytest.mark.parametrize(
    ("criterion", "message"),
    [
        (Criterion(table="iccs", statistic="icc_2_1", at_least=0.5), "names the table 'iccs'"),
        (Criterion(table="icc", statistic="icc21", at_least=0.5), "does not have"),
        (Criterion(table="icc", statistic="icc_2_1", row="internal", at_least=0.5), "does not have"),
    ],
)
def test_a_criterion_that_names_nothing_is_refused(criterion: Criterion, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        evaluate_cohort(simulate_aac_cohort(studies=60), make_plan("aac", {**FEW, "criteria": (criterion,)}))


def test_sets_too_small_for_results_are_named_and_too_few_studies_refused() -> None:
    cohort = simulate_aac_cohort(studies=60)
    cohort.columns["set"][3:] = "large"
    cohort.columns["set"][:3] = "tiny"
    found = evaluate_cohort(cohort, make_plan("aac", {**FEW, "set_by": "set"}))
    assert "tiny (3)" in found.sections[0].cautions[0]
    with pytest.raises(PlanError, match="at least 5 studies in a set; the largest has 4"):
        evaluate_cohort(simulate_aac_cohort(studies=4), make_plan("aac", FEW))


def test_a_criterion_without_a_row_is_judged_in_every_row() -> None:
    plan = make_plan(
        "aac", {**FEW, "set_by": "set", "criteria": (Criterion(table="icc", statistic="icc_2_1", at_least=0.5),)}
    )
    found = evaluate_cohort(simulate_aac_cohort(studies=60), plan)
    assert [result.criterion for result in found.criteria] == [
        "icc.icc_2_1 (internal) at least 0.5", "icc.icc_2_1 (external) at least 0.5",
    ]  # fmt: skip


def test_outcomes_of_several_sets_say_that_they_are_of_all() -> None:
    cohort = simulate_aac_cohort(studies=80)
    rng = np.random.default_rng(0)
    columns = {**cohort.columns, "years": rng.uniform(1, 5, 80), "event": rng.integers(0, 2, 80).astype(float)}
    followed = Cohort(predicted=cohort.predicted, reference=cohort.reference, columns=columns)
    found = evaluate_cohort(followed, make_plan("aac", {**FEW, "set_by": "set", "time": "years", "event": "event"}))
    assert next(part for part in found.sections if part.key == "outcomes").cautions[0] == "All sets together."
