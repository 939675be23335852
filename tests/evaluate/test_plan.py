from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vascal.errors import PlanError
from vascal.evaluate.plan import AnalysisPlan, Criterion, describe_differences
from vascal.evaluation import make_plan, require_followed
from vascal.io.analysis_plan import read_plan, write_plan


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"category_edges": (1.0,), "category_names": ("a",)}, "1 edges make 2 categories; 1 names"),
        ({"level": 1.0}, "between 0.5 and 1"),
        ({"time": "years"}, "both a time and an event"),
        ({"target": "mace"}, "needs its target"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        AnalysisPlan(**wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"bland_altman": ("log",)}, "bland_altman is one of raw, ratio, log1p, sqrt; found 'log'"),
        ({"icc_form": "4,1"}, "icc_form"),
        ({"kappa_weights": "cubic"}, "kappa_weights"),
        ({"interval": "normal"}, "interval"),
        ({"incomplete": "ignore"}, "incomplete"),
        ({"kind": "dxa"}, "kind is one of cac, aac, other; found 'dxa'"),
    ],
)
def test_words_that_a_plan_does_not_know_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        make_plan(wrong.get("kind", "cac"), wrong)
    with pytest.raises(PlanError, match=message):
        require_followed(make_plan("cac", {}), None, wrong)


def test_a_criterion_has_one_bound_and_a_known_limit() -> None:
    with pytest.raises(PlanError, match="either at_least or at_most"):
        Criterion(table="icc", statistic="icc_2_1")
    low = Criterion(table="icc", statistic="icc_2_1", row="internal", limit="low", at_least=0.9)
    assert low.describe() == "lower limit of icc.icc_2_1 (internal) at least 0.9"
    assert Criterion(table="accuracy", statistic="mae", at_most=2).describe() == "accuracy.mae at most 2"


def test_a_written_plan_reads_back_as_it_was(tmp_path: Path) -> None:
    criteria = (Criterion(table="icc", statistic="icc_2_1", limit="low", at_least=0.9),)
    choices = {"readers": ("r1", "r2"), "subgroups": ("age:50,60",), "title": 'A "quoted" title', "criteria": criteria}
    plan = make_plan("cac", choices)
    write_plan(plan, tmp_path / "plan.toml", is_before=True)
    found, digest = read_plan(tmp_path / "plan.toml")
    assert found == plan
    assert len(digest) == 64


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = ", "is not a TOML file"),
        ("titel = 'x'", "entries that are not known: titel"),
        ("[[criteria]]\ntable = 'icc'\nbound = 1", "criteria has entries that are not known: bound"),
        ("[[criteria]]\ntable = 'icc'\nat_least = 1", "lacks an entry"),
        ("level = 'high'", "level must be a number"),
        ("icc_form = '9,1'", "icc_form is one of"),
        ("[[criteria]]\ntable = 'icc'\nlimit = 'middle'", "limit is one of value, low, high"),
    ],
)
def test_plans_that_can_not_be_read_say_why(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(PlanError, match=message):
        read_plan(path)


def test_a_plan_that_is_no_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="can not be read"):
        read_plan(tmp_path)


def test_departing_from_a_plan_is_refused_by_name_and_repeating_it_is_fine() -> None:
    plan = make_plan("aac", {"readers": ("r1",)})
    require_followed(plan, "aac", {"readers": ("r1",)})
    with pytest.raises(PlanError, match=r"level: the plan says 0\.95, this run 0\.9"):
        require_followed(plan, None, {"level": 0.9})
    assert describe_differences(plan, replace(plan, seed=3, unit="p")) == (
        "unit: the plan says 'points', this run 'p'",
        "seed: the plan says 0, this run 3",
    )


def test_kinds_of_score_bring_what_is_usual() -> None:
    assert make_plan("cac", {}).category_names == ("0", "1-10", "11-100", "101-400", ">400")
    assert make_plan("aac", {"tolerance": 2.0}).tolerance == 2


def test_columns_of_the_reference_are_named_once() -> None:
    plan = make_plan(
        "aac", {"readers": ("r1",), "subgroups": ("age:50", "sex"), "covariates": ("age",), "site": "site"}
    )
    assert plan.reference_columns == ("r1", "age", "sex", "site")
