"""Recipes of fusion models: the example is the simulated cohort's, and errors name the entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from vascal.errors import EvaluationError
from vascal.fusion.nested import CrossValidation
from vascal.fusion.simulated_cohort import FEATURES, OBSTRUCTIVE, OUTCOMES
from vascal.io.fusion_recipe import make_recipe, read_recipe

EXAMPLE = Path(__file__).parents[2] / "recipes" / "fusion-example.toml"
SHORT = {"imaging": {"cac": {"kind": "score"}}, "outcomes": {"mi": {}}}


def test_the_example_recipe_fits_the_simulated_cohort() -> None:
    recipe = read_recipe(EXAMPLE)
    assert recipe.features == FEATURES
    assert recipe.outcomes == (*OUTCOMES, OBSTRUCTIVE)
    assert recipe.subgroups == ("sex", "diabetes")
    assert recipe.validation == CrossValidation()


def test_a_short_recipe_takes_what_is_usual() -> None:
    recipe = make_recipe(SHORT)
    assert recipe.learner == "penalised"
    assert recipe.outcomes[0].event == "mi"
    assert not recipe.outcomes[0].is_timed
    assert make_recipe({**SHORT, "l1_ratio": 1, "learner": "boosted"}).l1_ratios == (1.0,)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"featurs": {}}, "the file has an entry 'featurs'; known are title"),
        ({"imaging": {"cac": {"kind": "sore"}}}, r"imaging\.cac: kind is 'sore'; needed: number or score"),
        ({"imaging": {"cac": {}}}, r"imaging\.cac: kind is None"),
        ({"imaging": {"cac": "score"}}, r"imaging\.cac must be a table such as"),
        ({"imaging": {"cac": {"kind": "score", "units": "x"}}}, r"imaging\.cac has an entry 'units'"),
        ({"imaging": {"cac": {"kind": "score", "blank": "zero"}}}, "needed: unknown or not-applicable"),
        ({"imaging": 3}, "imaging must be a table"),
        ({"outcomes": {"mi": {"time": "t", "horizon_years": "5"}}}, "horizon_years must be a number"),
        ({"outcomes": {"mi": {"at": 3}}}, r"outcomes\.mi has an entry 'at'"),
        ({"outcomes": {"mi": {"time": "t"}}}, "go together"),
        ({"learner": "forest"}, "needed: penalised or boosted"),
        ({"title": 3}, "title must be text"),
        ({"subgroups": "sex"}, "subgroups must be text"),
        ({"validation": {"outer": 2.5}}, r"validation\.outer must be a whole number"),
        ({"validation": {"folds": 5}}, "validation has an entry 'folds'"),
        ({"l1_ratio": True}, "l1_ratio must be a number"),
    ],
)
def test_entries_that_can_not_be_used_are_named(change: dict[str, object], what: str) -> None:
    with pytest.raises(EvaluationError, match=what):
        make_recipe({**SHORT, **change})


def test_files_that_are_no_recipe_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"gone\.toml can not be read"):
        read_recipe(tmp_path / "gone.toml")
    path = tmp_path / "r.toml"
    path.write_text("title = ")
    with pytest.raises(EvaluationError, match=r"r\.toml is no TOML"):
        read_recipe(path)
    path.write_text("[outcomes]\n")
    with pytest.raises(EvaluationError, match=r"r\.toml: a recipe needs at least one feature"):
        read_recipe(path)
