"""Each section's tables hold what the functions under them give, and say what they can not."""

import numpy as np
import pytest

from tests.evaluate.cohorts import simulate_aac_cohort, simulate_cac_cohort
from vascal.errors import EvaluationError
from vascal.evaluate.accuracy import accuracy
from vascal.evaluate.cohort import Cohort
from vascal.evaluate.estimate import Estimate
from vascal.evaluate.icc import icc
from vascal.evaluate.result import Cell, ResultTable, Section
from vascal.evaluate.sections.agreement import evaluate_agreement
from vascal.evaluate.sections.categories import evaluate_categories
from vascal.evaluate.sections.description import describe_sets
from vascal.evaluate.sections.discrimination import evaluate_discrimination
from vascal.evaluate.sections.probability import evaluate_probability
from vascal.evaluate.sections.readers import evaluate_readers
from vascal.evaluate.sections.sites import evaluate_sites
from vascal.evaluate.sections.subgroups import evaluate_subgroups
from vascal.evaluation import make_plan

AAC = make_plan("aac", {"readers": ("reader1", "reader2"), "resamples": 200})
CAC = make_plan("cac", {"resamples": 200})


def cell(table: ResultTable, column: str, row: int = 0) -> Cell:
    place = [found.key for found in table.columns].index(column)
    return table.rows[row][place]


def table(section: Section, key: str) -> ResultTable:
    return next(found for found in section.tables if found.key == key)


def estimate(section: Section, key: str, column: str, row: int = 0) -> Estimate:
    found = cell(table(section, key), column, row)
    assert isinstance(found, Estimate)
    return found


def test_agreement_gives_what_its_functions_give_for_each_set() -> None:
    cohort = simulate_aac_cohort()
    cohort.columns["reader1"][3] = np.nan
    sets = cohort.split("set")
    section = evaluate_agreement(sets, AAC)
    external = sets["external"]
    expected = accuracy(external.predicted, external.reference, resampling=AAC.resampling)
    assert estimate(section, "accuracy", "mae", 1) == expected["mae"]
    pair = np.stack([external.predicted, external.reference], axis=1)
    assert estimate(section, "icc", "icc_2_1", 1) == icc(pair)
    assert [plot.key for plot in section.plots] == [
        "scatter-internal", "bland-altman-internal", "scatter-external", "bland-altman-external",
    ]  # fmt: skip
    assert "ICC(2,1)" in section.text


def test_progress_runs_over_all_sets() -> None:
    told: list[tuple[int, int]] = []
    evaluate_agreement(simulate_aac_cohort().split("set"), AAC, report=lambda *step: told.append(step))
    assert told[-1] == (2 * 320, 2 * 320)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_calcium_is_drawn_as_ratios_and_other_scores_as_differences() -> None:
    section = evaluate_agreement({"all": simulate_cac_cohort()}, CAC)
    difference = section.plots[1]
    assert getattr(difference, "labels", ("", ""))[1] == "Ratio of Agatston units + 1"
    root = make_plan("other", {"bland_altman": ("sqrt",), "resamples": 200, "reference": "x"})
    plot = evaluate_agreement({"all": simulate_cac_cohort()}, root).plots[1]
    assert getattr(plot, "labels", ("", ""))[0] == "Mean of √score"


def test_categories_count_zeros_only_where_zero_is_a_category() -> None:
    calcium = evaluate_categories({"all": simulate_cac_cohort()}, CAC)
    zero = table(calcium, "zero")
    cohort = simulate_cac_cohort()
    assert cell(zero, "missed") == int(np.sum((cohort.predicted == 0) & (cohort.reference > 0)))
    aorta = evaluate_categories(simulate_aac_cohort().split("set"), AAC)
    assert "zero" not in [found.key for found in aorta.tables]
    total = sum(int(str(cell(table(aorta, "confusion-internal"), "total", row))) for row in range(3))
    assert total == 120


def test_rare_categories_are_cautioned_against() -> None:
    section = evaluate_categories({"all": simulate_aac_cohort(studies=30)}, AAC)
    assert "fewer than 10 reference studies: 16-24 (all:" in section.cautions[0]


def test_every_pair_of_readers_is_compared_where_both_scored() -> None:
    cohort = simulate_aac_cohort()
    cohort.columns["reader1"][:4] = np.nan
    section = evaluate_readers({"all": cohort}, AAC)
    pairs = [row[1] for row in table(section, "readers").rows]
    assert pairs == ["reader1 and reader2", "reader1 and measured", "reader2 and measured"]
    assert cell(table(section, "readers"), "n") == 236
    assert section.text.endswith("reader1 left out 4.")
    assert cell(table(section, "all_readers"), "n") == 236
    assert cell(table(section, "all_readers"), "n", 1) == 240
    assert (
        abs(estimate(section, "all_readers", "icc_2_1", 1).value - estimate(section, "all_readers", "icc_2_1").value)
        < 0.01
    )


def test_a_reader_who_scored_hardly_anything_has_no_numbers() -> None:
    cohort = simulate_aac_cohort()
    cohort.columns["reader1"][2:] = np.nan
    section = evaluate_readers({"all": cohort}, AAC)
    assert cell(table(section, "readers"), "icc") is None
    cohort.columns["reader1"][1:] = np.nan
    assert cell(table(evaluate_readers({"all": cohort}, AAC), "all_readers"), "icc_2_1") is None


def test_one_reader_and_plain_scores_need_no_kappa() -> None:
    plan = make_plan("other", {"readers": ("reader1",), "resamples": 200})
    section = evaluate_readers({"all": simulate_aac_cohort()}, plan)
    assert [found.key for found in table(section, "readers").columns] == ["set", "pair", "n", "icc", "mae"]
    assert section.text == "1 reader scored the studies; none left out a study."
    assert len(section.tables) == 1


def test_a_group_that_is_measured_worse_is_found_and_named() -> None:
    cohort = simulate_aac_cohort(studies=400)
    worse = cohort.columns["sex"] == "M"
    rng = np.random.default_rng(1)
    predicted = np.where(worse, cohort.predicted + rng.normal(0, 5, 400), cohort.predicted)
    changed = Cohort(predicted=predicted, reference=cohort.reference, columns=cohort.columns)
    section = evaluate_subgroups(changed, make_plan("aac", {"subgroups": ("sex", "age:40,60,70")}))
    tests = table(section, "subgroup_tests")
    assert section.text.startswith("Groups differ in sex")
    assert (cell(tests, "worst"), cell(tests, "best")) == ("M", "F")
    adjusted, plain = cell(tests, "error_p_adjusted"), cell(tests, "error_p")
    assert isinstance(adjusted, float)
    assert isinstance(plain, float)
    assert plain < adjusted < 0.001


def test_small_groups_are_shown_and_not_compared() -> None:
    cohort = simulate_aac_cohort(studies=60)
    few = np.array(["rare"] * 2 + ["common"] * 58)
    changed = Cohort(predicted=cohort.predicted, reference=cohort.reference, columns={"kernel": few})
    section = evaluate_subgroups(changed, make_plan("other", {"subgroups": ("kernel",)}))
    assert cell(table(section, "subgroup_tests"), "gap") is None
    assert cell(table(section, "subgroups"), "icc", 1) is None
    assert "kernel rare (2)" in section.cautions[0]
    assert section.text == "No two groups were large enough to compare."


def test_limits_without_studies_on_both_sides_are_left_out() -> None:
    cohort = simulate_aac_cohort(studies=40)
    low = Cohort(predicted=cohort.predicted, reference=np.minimum(cohort.reference, 12), columns=cohort.columns)
    section = evaluate_discrimination({"all": low}, AAC)
    assert [row[1] for row in section.tables[0].rows] == [">4.5"]
    assert estimate(section, "discrimination", "auc").value > 0.8


def test_a_probability_that_made_the_outcomes_is_calibrated() -> None:
    plan = make_plan("aac", {"probability": "p", "target": "mace", "resamples": 200})
    section = evaluate_probability({"all": simulate_aac_cohort(studies=1500)}, plan)
    slope = estimate(section, "probability", "slope")
    assert slope.low < 1 < slope.high
    assert [row[1] for row in table(section, "decision").rows] == ["5.0%", "7.5%", "10.0%", "20.0%", "30.0%"]


def test_a_target_that_is_not_0_or_1_and_a_missing_probability_are_refused() -> None:
    cohort = simulate_aac_cohort()
    plan = make_plan("aac", {"probability": "p", "target": "age", "resamples": 200})
    with pytest.raises(EvaluationError, match="column age must be 0 or 1"):
        evaluate_probability({"all": cohort}, plan)
    bare = Cohort(predicted=cohort.predicted, reference=cohort.reference, columns=cohort.columns)
    with pytest.raises(EvaluationError, match="no probability was read"):
        evaluate_probability({"all": bare}, make_plan("aac", {"probability": "p", "target": "mace"}))


def test_sites_are_pooled_and_small_ones_left_out() -> None:
    cohort = simulate_aac_cohort()
    cohort.columns["site"][:3] = "t"
    section = evaluate_sites(cohort, make_plan("aac", {"site": "site"}))
    assert [row[0] for row in table(section, "sites").rows] == ["A", "B", "C", "D"]
    assert "t (3)" in section.cautions[0]
    mean, other = estimate(section, "pooled", "mean", 1), estimate(section, "pooled", "prediction", 1)
    assert other.low <= mean.low < mean.value < mean.high <= other.high


def test_one_site_or_sites_that_never_vary_are_not_pooled() -> None:
    cohort = simulate_aac_cohort()
    cohort.columns["site"][:] = "A"
    section = evaluate_sites(cohort, make_plan("aac", {"site": "site"}))
    assert [found.key for found in section.tables] == ["sites"]
    assert section.text == ""
    half = np.where(np.arange(240) < 120, "A", "B")
    same = Cohort(predicted=cohort.reference, reference=cohort.reference, columns={"site": half})
    assert [found.key for found in evaluate_sites(same, make_plan("aac", {"site": "site"})).tables] == ["sites"]


def test_the_first_table_describes_studies_and_counts_what_is_missing() -> None:
    cohort = simulate_aac_cohort()
    cohort.columns["age"][:2] = np.nan
    rows = {str(row[0]): str(row[1]) for row in describe_sets({"all": cohort}, AAC).tables[0].rows}
    assert rows["Studies"] == "240"
    assert rows["age"].endswith("2 not stated")
    assert rows["mace: 1"] == f"{int(cohort.columns['mace'].sum())} ({cohort.columns['mace'].mean():.1%})"
    unknown = Cohort(predicted=np.ones(9), reference=np.ones(9), columns={"bmi": np.full(9, np.nan)})
    bmi = {str(row[0]): row[1] for row in describe_sets({"all": unknown}, CAC).tables[0].rows}
    assert bmi["bmi: not stated"] == "9 (100.0%)"


def test_a_probability_of_one_has_no_slope_and_keeps_the_rest() -> None:
    cohort = simulate_aac_cohort()
    assert cohort.probability is not None
    cohort.probability[0] = 1.0
    plan = make_plan("aac", {"probability": "p", "target": "mace", "resamples": 200})
    section = evaluate_probability({"all": cohort}, plan)
    assert cell(table(section, "probability"), "slope") is None
    assert estimate(section, "probability", "auc").value > 0.6
    assert section.cautions[0].startswith("No calibration slope (all): log-odds need risks above 0")


def test_every_group_gets_limits_and_the_probability_its_auc() -> None:
    plan = make_plan("aac", {"subgroups": ("sex",), "probability": "p", "target": "mace"})
    cohort = simulate_aac_cohort()
    section = evaluate_subgroups(cohort, plan)
    women = cohort.columns["sex"] == "F"
    limits = table(section, "subgroup_limits")
    assert [row[:3] for row in limits.rows[:2]] == [("sex", "F", ">4.5"), ("sex", "F", ">15.5")]
    called = cohort.predicted[women] > 4.5
    cases = cohort.reference[women] > 4.5
    assert estimate(section, "subgroup_limits", "sensitivity").value == called[cases].mean()
    assert estimate(section, "subgroups", "auc").value > 0.6
    cohort.columns["mace"][women] = 0
    assert cell(table(evaluate_subgroups(cohort, plan), "subgroups"), "auc") is None


def test_groups_that_differ_in_capitals_only_are_pointed_at() -> None:
    cohort = simulate_aac_cohort()
    cohort.columns["sex"][:50] = "f"
    section = evaluate_subgroups(cohort, make_plan("aac", {"subgroups": ("sex", "site")}))
    assert section.cautions == ("sex is spelled in several ways, and each counts as a group: F, f.",)
