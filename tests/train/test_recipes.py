"""The recipes of the how-to pages: their script runs on a small data set, and its files fit together."""

from __future__ import annotations

import csv
import runpy
from pathlib import Path

import pytest

from tests.train.hearts import chest, write_index
from vascal.calcium.candidates import find_candidates
from vascal.calcium.lesions import find_lesions
from vascal.calcium.rule import AGATSTON_1990
from vascal.calcium.score import score_calcium
from vascal.train.config import FILM_TASKS, read_config
from vascal.train.tasks import find_recipe

RECIPES = Path(__file__).parents[2] / "recipes"
TRAININGS = sorted(path for path in RECIPES.glob("*.toml") if not path.name.startswith("fusion-"))


@pytest.mark.parametrize("path", TRAININGS, ids=lambda path: path.stem)
def test_every_recipe_is_a_training_that_can_be_set_up(path: Path) -> None:
    config = read_config(path)
    assert find_recipe(config).prepare is not None
    assert path.stem.endswith(config.task) or (path.stem.startswith("shao-2025") and config.task in FILM_TASKS)


def test_the_test_side_is_scored_by_its_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_index(tmp_path)
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(RECIPES / "test_side.py"))["list_test_side"](tmp_path)
    with Path("reference.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    candidates = find_candidates(chest().volume, chest().vessels, AGATSTON_1990)
    lesions = find_lesions(candidates, AGATSTON_1990)
    wanted = score_calcium(chest().volume, lesions).total.agatston
    assert float(row["agatston"]) == pytest.approx(wanted, rel=1e-6)
    assert wanted > 0
    assert Path("test-scans.txt").read_text() == f"{tmp_path / 'scan.nii.gz'}\n"
