"""Nested cross-validation is honest: nothing of a row reaches the model that foretells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from tests.fusion.cohorts import FEW, MI, OBSTRUCTIVE, draw, ends_of, patients_of, shuffle
from vascal.errors import EvaluationError
from vascal.fusion.boosting import Boosted
from vascal.fusion.concordance import quick_concordance
from vascal.fusion.features import Patients
from vascal.fusion.learner import Learner, Scorer, Settings
from vascal.fusion.nested import CrossValidation, validate
from vascal.fusion.outcome_model import fit_outcome_model
from vascal.fusion.penalised import Penalised
from vascal.fusion.targets import Outcome, Target

PENALISED = Penalised(features=FEW, strengths=6)
BOOSTED = Boosted(features=FEW, depths=(1, 2), trees=(20, 60))
BOTH = pytest.mark.parametrize("learner", [PENALISED, BOOSTED], ids=["penalised", "boosted"])
HOW = CrossValidation(outer=3, inner=3)


@dataclass(frozen=True, kw_only=True)
class Spy:
    """Fits as another learner does, and remembers whom it was shown."""

    inner: Penalised
    shown: list[frozenset[int]] = field(default_factory=list)

    def propose(self, patients: Patients, target: Target) -> tuple[Settings, ...]:
        self.shown.append(frozenset(patients.patient.tolist()))
        return self.inner.propose(patients, target)

    def fit_each(self, patients: Patients, target: Target, settings: Sequence[Settings]) -> Sequence[Scorer]:
        self.shown.append(frozenset(patients.patient.tolist()))
        return self.inner.fit_each(patients, target, settings)


def test_no_model_is_shown_a_row_that_it_foretells() -> None:
    spy = Spy(inner=PENALISED)
    patients, ends = patients_of(draw(death_competes=False), FEW), ends_of(draw(death_competes=False))
    found = validate(spy, patients, ends, MI, HOW)
    each = len(spy.shown) // 3  # propose, three inner folds, all rows of the outer fold
    assert each == 5
    for part in range(3):
        held = set(patients.patient[found.fold == part].tolist())
        for shown in spy.shown[part * each : (part + 1) * each]:
            assert not held & shown


@BOTH
def test_what_a_row_holds_changes_no_other_prediction_of_its_fold(learner: Learner) -> None:
    patients, ends = patients_of(draw(), FEW), ends_of(draw())
    first = validate(learner, patients, ends, MI, HOW)
    ldl = patients.columns["ldl_mg_dl"].copy()
    ldl[0] = 900.0
    changed = Patients(columns={**patients.columns, "ldl_mg_dl": ldl}, patient=patients.patient)
    second = validate(learner, changed, ends, MI, HOW)
    same_fold = first.fold == first.fold[0]
    same_fold[0] = False
    assert np.array_equal(first.risk[same_fold], second.risk[same_fold])
    assert not np.array_equal(first.risk[~same_fold], second.risk[~same_fold])


@BOTH
@pytest.mark.parametrize("outcome", [MI, OBSTRUCTIVE], ids=["competing", "yes-no"])
def test_labels_without_meaning_are_not_foretold(learner: Learner, outcome: Outcome) -> None:
    patients = patients_of(draw(), FEW)
    found = []
    for seed in range(3):
        ends = shuffle(ends_of(draw(), outcome), seed)
        held_out = validate(learner, patients, ends, outcome, HOW)
        found += [
            quick_concordance(ends.only(held_out.fold == part), held_out.risk[held_out.fold == part])
            for part in range(3)
        ]
    assert np.mean(found) == pytest.approx(0.5, abs=0.05)


def test_fitting_on_all_rows_looks_better_than_it_is_and_holding_out_does_not() -> None:
    learner = Boosted(features=FEW, depths=(3,), trees=(200,), fewest=0.1)
    patients, ends = patients_of(draw(), FEW), ends_of(draw())
    model = fit_outcome_model(learner, patients, ends, MI, folds=3, seed=0)
    held_out = validate(learner, patients, ends, MI, HOW)
    new = draw(4000, 77)
    truth = quick_concordance(ends_of(new), model.predict(patients_of(new, FEW)).risk)
    apparent = quick_concordance(ends, model.predict(patients).risk)
    honest = np.mean(
        [quick_concordance(ends.only(held_out.fold == one), held_out.risk[held_out.fold == one]) for one in range(3)]
    )
    assert apparent > truth + 0.1
    assert honest == pytest.approx(truth, abs=0.06)


def test_visits_of_a_patient_never_cross_folds() -> None:
    patients, ends = patients_of(draw(), FEW), ends_of(draw())
    twice = np.repeat(np.arange(len(patients)), 2)
    doubled = patients.only(twice)
    found = validate(PENALISED, doubled, ends.only(twice), MI, HOW)
    assert np.array_equal(found.fold[::2], found.fold[1::2])
    assert found.risk[::2] == pytest.approx(found.risk[1::2])


def test_shuffling_tells_what_matters() -> None:
    calls = []
    patients, ends = patients_of(draw(4000), FEW), ends_of(draw(4000))
    found = validate(PENALISED, patients, ends, MI, HOW, shuffled=FEW, report=lambda: calls.append(1))
    falls = dict(zip((one.name for one in FEW), found.falls.mean(axis=0), strict=True))
    assert max(falls, key=lambda name: falls[name]) == "agatston"
    assert found.falls.shape == (3, len(FEW))
    assert len(calls) == len(found.settings) == 3


@pytest.mark.parametrize("choice", [{"outer": 1}, {"inner": 21}, {"seed": -1}])
def test_odd_folds_are_refused(choice: dict[str, int]) -> None:
    with pytest.raises(EvaluationError, match="2 to 20 folds"):
        CrossValidation(**choice)
