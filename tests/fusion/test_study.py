"""A whole study of several outcomes, its card, and what a recipe may ask for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.fusion.cohorts import DEATH, FEW, MI, OBSTRUCTIVE, data_of, draw, patients_of, shuffle
from vascal.errors import EvaluationError, MissingExtraError, TableError
from vascal.evaluate.calibration import ReliabilityBin
from vascal.evaluate.estimate import Estimate
from vascal.fusion import recipe as recipe_module
from vascal.fusion.boosting import Boosted
from vascal.fusion.card import write_fusion_card
from vascal.fusion.features import Feature, Patients
from vascal.fusion.nested import CrossValidation
from vascal.fusion.outcome_study import doubt_calibration
from vascal.fusion.penalised import Penalised
from vascal.fusion.performance import Performance
from vascal.fusion.recipe import Recipe
from vascal.fusion.study import FusionStudy, study_cohort
from vascal.fusion_study import plots_of

HOW = CrossValidation(outer=2, inner=2)
RECIPE = Recipe(
    features=FEW, outcomes=(MI, OBSTRUCTIVE), title="A | title", subgroups=("sex", "smoker"), validation=HOW
)


@pytest.fixture(scope="module")
def study() -> FusionStudy:
    cohort = draw()
    steps: list[tuple[int, int]] = []
    found = study_cohort(
        patients_of(cohort, FEW),
        [data_of(cohort, outcome) for outcome in RECIPE.outcomes],
        RECIPE,
        digest="abc",
        version="9.9",
        is_simulated=True,
        report=lambda done, total: steps.append((done, total)),
    )
    assert steps == [(done, 10) for done in range(1, 11)]
    return found


def test_every_outcome_is_fitted_validated_and_explained(study: FusionStudy) -> None:
    assert [one.model.outcome.name for one in study.outcomes] == ["mi", "obstructive"]
    for one in study.outcomes:
        assert one.held_out.measures["concordance"].value > 0.6
        assert one.optimism == pytest.approx(one.apparent.value - one.held_out.measures["concordance"].value)
        assert len(one.by_fold) == len(one.settings) == 2
        assert {part.feature for part in one.importance} == {feature.name for feature in FEW}
        assert all(part.fall_low <= part.fall <= part.fall_high for part in one.importance)
        assert all(isinstance(group, ReliabilityBin) for group in one.held_out.bins)
    mi, obstructive = study.outcomes
    assert mi.competing > 0
    assert obstructive.competing == 0
    assert obstructive.follow_up_years is None
    assert obstructive.gain is not None
    assert obstructive.gain.low > 0
    assert [part.name for part in mi.subgroups] == ["sex: F", "sex: M", "smoker: no", "smoker: yes"]
    assert sum(part.rows for part in mi.subgroups[:2]) == mi.rows
    assert obstructive.subgroups[0].observed_expected is None


def test_the_card_says_what_a_reader_must_know(study: FusionStudy) -> None:
    card = write_fusion_card(study)
    assert card.startswith("# A \\| title\n\n**SIMULATED.**")
    for words in (
        "## mi within 8 years", "## obstructive\n", "Odds ratios", "Hazard ratios", "Calibration slope", "optimism",
        "Imaging changes concordance by", "(not applicable)", "no decision about a patient",
        "vascal 9.9", "file SHA-256 `abc`", "death or another competing event", "800 rows of 800 patients",
    ):  # fmt: skip
        assert words in card
    assert "SIM0" not in card
    real = write_fusion_card(replace(study, model=replace(study.model, is_simulated=False)))
    assert "SIMULATED" not in real
    assert "Not a medical device" in real


def test_cautions_are_told(study: FusionStudy) -> None:
    cohort = draw(250)
    data = data_of(cohort, DEATH)
    data = replace(data, ends=shuffle(data.ends, 4))
    twice = Patients(columns=patients_of(cohort, FEW).columns, patient=np.arange(250) // 2)
    found = study_cohort(twice, [data], replace(RECIPE, outcomes=(DEATH,), subgroups=()))
    said = " ".join(found.outcomes[0].cautions)
    assert "fewer than 10 a feature" in said
    assert "several rows" in said
    assert "can not be told from chance" in said
    card = write_fusion_card(found)
    assert "Whether imaging adds to the clinical features can not be told here" in card
    assert "Subgroups" not in card
    assert found.patients == 125


@pytest.mark.parametrize(
    ("slope", "what"),
    [(0.5, "slope is 0.50: risks are too spread out"), (1.6, "too close together"), (1.1, ""), (None, "hardly differ")],
)
def test_a_slope_that_is_off_is_doubted(slope: float | None, what: str) -> None:
    measures = {}
    if slope is not None:
        limits = {"low": slope - 0.2, "high": slope + 0.2}
        measures["calibration_slope"] = Estimate(value=slope, n=100, method="", **limits)
    said = " ".join(doubt_calibration(Performance(measures=measures)))
    assert what in said
    assert bool(said) == bool(what)


def test_without_imaging_or_without_clinical_features_nothing_is_compared() -> None:
    cohort = draw()
    clinical = tuple(one for one in FEW if one.block == "clinical")
    recipe = Recipe(features=clinical, outcomes=(DEATH,), subgroups=("sex", "smoker"), validation=HOW)
    columns = {**patients_of(cohort, clinical).columns, "smoker": (np.arange(800) < 10).astype(float)}
    rare = Patients(columns=columns, patient=np.arange(800))
    found = study_cohort(rare, [data_of(cohort, DEATH)], recipe)
    assert found.outcomes[0].gain is None
    assert [one.name for one in found.outcomes[0].subgroups] == ["sex: F", "sex: M", "smoker: no"]
    assert "Without imaging" not in write_fusion_card(found)


def test_ratios_that_rest_on_few_rows_or_none_are_said_to() -> None:
    cohort = draw()
    columns = dict(patients_of(cohort, FEW).columns)
    columns["ldl_mg_dl"] = np.where(np.arange(800) % 3 > 0, np.nan, columns["ldl_mg_dl"])
    clinical = tuple(one for one in FEW if one.block == "clinical")
    recipe = replace(RECIPE, features=clinical, outcomes=(DEATH,))
    found = study_cohort(Patients(columns=columns, patient=np.arange(800)), [data_of(cohort, DEATH)], recipe)
    assert "in which nothing is unknown" in " ".join(found.outcomes[0].cautions)
    columns["copy"] = columns["age_years"]
    copy = Feature(name="copy", kind="number", block="clinical")
    doubled = replace(recipe, features=(*clinical, copy))
    found = study_cohort(Patients(columns=columns, patient=np.arange(800)), [data_of(cohort, DEATH)], doubled)
    assert "No table of ratios" in " ".join(found.outcomes[0].cautions)
    assert "None: covariates that vary" in write_fusion_card(found)
    assert [plot.key for plot in plots_of(found.outcomes[0])] == ["calibration-death"]


def test_a_study_needs_outcomes_and_usable_columns() -> None:
    patients = patients_of(draw(), FEW)
    with pytest.raises(EvaluationError, match="at least one outcome"):
        study_cohort(patients, [], RECIPE)
    columns = {**patients.columns, "age_years": np.full(800, 60.0)}
    with pytest.raises(TableError, match="age_years is the same in every row"):
        study_cohort(Patients(columns=columns, patient=patients.patient), [data_of(draw())], RECIPE)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"features": ()}, "at least one feature"),
        ({"outcomes": ()}, "at least one feature and one outcome"),
        ({"l1_ratios": (1.5,)}, "between 0 and 1"),
        ({"features": (*FEW, FEW[0])}, "feature agatston is given twice"),
        ({"outcomes": (MI, MI)}, "outcome mi is given twice"),
        ({"subgroups": ("agatston",)}, "category or yes-no; agatston is not"),
        ({"features": (Feature(name="mi_years", kind="number", block="clinical"),)}, "mi_years is a feature and also"),
    ],
)
def test_recipes_that_contradict_themselves_are_refused(change: dict[str, object], what: str) -> None:
    with pytest.raises(EvaluationError, match=what):
        replace(RECIPE, **{"subgroups": (), **change})  # type: ignore[arg-type]


def test_a_recipe_makes_the_learner_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert RECIPE.make_learner(FEW) == Penalised(features=FEW)
    assert replace(RECIPE, learner="boosted").make_learner(FEW) == Boosted(features=FEW)

    def refuse() -> None:
        raise MissingExtraError("no trees")

    monkeypatch.setattr(recipe_module, "require_trees", refuse)
    with pytest.raises(MissingExtraError):
        replace(RECIPE, learner="boosted").make_learner(FEW)
