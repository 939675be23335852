"""Fusion models are kept as plain JSON and come back to the last digit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fusion.cohorts import DEATH, FEW, MI, OBSTRUCTIVE, draw, ends_of, patients_of
from vascal.errors import MissingExtraError, ModelError
from vascal.fusion.boosting import Boosted
from vascal.fusion.encoding import learn_code
from vascal.fusion.features import Patients
from vascal.fusion.fusion_model import FusionModel
from vascal.fusion.learner import Learner
from vascal.fusion.outcome_model import LearnerName, fit_outcome_model
from vascal.fusion.penalised import Penalised
from vascal.io.fusion_model import MODEL_NAME, model_to_json, read_fusion_model


def fit(learner: Learner, name: LearnerName) -> FusionModel:
    patients = patients_of(draw(), FEW)
    outcomes = [
        fit_outcome_model(learner, patients, ends_of(draw(), one), one, folds=2, seed=0)
        for one in (MI, DEATH, OBSTRUCTIVE)
    ]
    known = tuple(learn_code(one, patients.columns[one.name]) for one in FEW)
    return FusionModel(
        title="t",
        learner=name,
        patient="patient",
        known=known,
        outcomes=tuple(outcomes),
        is_simulated=True,
        version="1",
    )


@pytest.fixture(scope="module")
def penalised() -> FusionModel:
    return fit(Penalised(features=FEW, strengths=5), "penalised")


@pytest.mark.parametrize("learner", ["penalised", "boosted"])
def test_a_model_comes_back_as_it_was(learner: LearnerName, penalised: FusionModel, tmp_path: Path) -> None:
    model = penalised if learner == "penalised" else fit(Boosted(features=FEW, depths=(2,), trees=(20,)), learner)
    (tmp_path / MODEL_NAME).write_bytes(model_to_json(model))
    found = read_fusion_model(tmp_path)
    patients = patients_of(draw(300, 9), FEW)
    assert (found.title, found.learner, found.known) == (model.title, model.learner, model.known)
    assert found.is_simulated
    for before, after in zip(model.outcomes, found.outcomes, strict=True):
        assert after.outcome == before.outcome
        assert np.array_equal(after.predict(patients).risk, before.predict(patients).risk)
        assert np.array_equal(after.explain(patients), before.explain(patients))
    assert model_to_json(found) == model_to_json(model)


def test_no_patient_can_be_read_from_a_model(penalised: FusionModel) -> None:
    text = model_to_json(penalised).decode()
    assert "SIM0" not in text
    steps = draw().columns["mi_years"] / 0.08  # of the baseline, whose moments are everybody's
    years = {repr(float(one)) for one in draw().columns["mi_years"][np.abs(steps - np.round(steps)) > 1e-9]}
    assert len(years) > 700
    numbers = set(text.replace(",", " ").replace("]", " ").split())
    assert not years & numbers


def test_a_cause_without_a_model_of_its_own_comes_back(penalised: FusionModel, tmp_path: Path) -> None:
    first = penalised.outcomes[0]
    bare = replace(first, causes=(first.causes[0], replace(first.causes[1], scorer=None)))
    (tmp_path / MODEL_NAME).write_bytes(model_to_json(replace(penalised, outcomes=(bare,))))
    patients = patients_of(draw(), FEW)
    found = read_fusion_model(tmp_path).outcomes[0].predict(patients).risk
    assert np.array_equal(found, bare.predict(patients).risk)


def _spoil(content: Any) -> None:
    del content["outcomes"][0]["causes"][0]["scorer"]["coefficients"]["agatston"]


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda content: content.update(schema="other/2"), "of the kind 'other/2'; needed"),
        (lambda content: content.pop("known"), "not a fusion model, or is damaged"),
        (_spoil, "not a fusion model, or is damaged"),
    ],
)
def test_damaged_models_are_refused(penalised: FusionModel, tmp_path: Path, spoil: Any, what: str) -> None:
    content = json.loads(model_to_json(penalised))
    spoil(content)
    (tmp_path / MODEL_NAME).write_text(json.dumps(content))
    with pytest.raises(ModelError, match=what):
        read_fusion_model(tmp_path)


def test_folders_without_a_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"holds no {MODEL_NAME}"):
        read_fusion_model(tmp_path)
    (tmp_path / MODEL_NAME).write_text("not json")
    with pytest.raises(ModelError, match="is not a fusion model"):
        read_fusion_model(tmp_path)
    (tmp_path / MODEL_NAME).write_text("[]")
    with pytest.raises(ModelError, match="is not a fusion model"):
        read_fusion_model(tmp_path)


def test_trees_without_xgboost_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / MODEL_NAME).write_bytes(model_to_json(fit(Boosted(features=FEW, depths=(1,), trees=(5,)), "boosted")))
    monkeypatch.setitem(__import__("sys").modules, "xgboost", None)
    with pytest.raises(MissingExtraError, match="vascal"):
        read_fusion_model(tmp_path)


def test_what_can_not_be_kept_is_refused(penalised: FusionModel) -> None:
    class Strange:
        def margin(self, patients: Patients) -> Any:
            return None

        def contributions(self, patients: Patients) -> Any:
            return None

    cause = replace(penalised.outcomes[0].causes[0], scorer=Strange())
    odd = replace(penalised.outcomes[0], causes=(cause,))
    with pytest.raises(ModelError, match="a Strange can not be kept"):
        model_to_json(replace(penalised, outcomes=(odd,)))


def test_a_column_without_a_range_is_kept(penalised: FusionModel, tmp_path: Path) -> None:
    code = replace(penalised.known[0], low=float("-inf"), high=float("inf"))
    (tmp_path / MODEL_NAME).write_bytes(model_to_json(replace(penalised, known=(code,))))
    assert read_fusion_model(tmp_path).known == (code,)
