"""Both kinds of model: they find what was put in, explain it exactly, and take gaps as they come."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from tests.fusion.cohorts import (
    DEATH,
    FEATURES,
    FEW,
    MI,
    OBSTRUCTIVE,
    STROKE,
    data_of,
    draw,
    ends_of,
    noise,
    patients_of,
    shuffle,
)
from vascal.errors import EvaluationError, MissingExtraError
from vascal.fusion.absolute import LogOdds
from vascal.fusion.boosting import Boosted, load_booster
from vascal.fusion.features import Feature, Patients
from vascal.fusion.folds import assign_folds
from vascal.fusion.learner import Learner
from vascal.fusion.outcome_model import fit_outcome_model
from vascal.fusion.penalised import Penalised
from vascal.fusion.simulated_cohort import LOG_HAZARDS, log_hazard
from vascal.fusion.targets import Ends, Outcome, Target, require_events
from vascal.fusion.tuning import names_of, tune

PENALISED = Penalised(features=FEW, strengths=8)
BOOSTED = Boosted(features=FEW, depths=(1, 2), trees=(20, 60))
BOTH = pytest.mark.parametrize("learner", [PENALISED, BOOSTED], ids=["penalised", "boosted"])
EACH = pytest.mark.parametrize("outcome", [MI, DEATH, OBSTRUCTIVE], ids=["competing", "alone", "yes-no"])


def test_standardised_coefficients_of_a_large_cohort_come_near_the_truth() -> None:
    cohort = draw(4000, has_gaps=False, death_competes=False)
    learner = Penalised(features=FEATURES)
    patients, ends = patients_of(cohort), ends_of(cohort)
    fold = assign_folds(patients.patient, ends.target.event, 5, 0)
    scorer = tune(learner, patients, ends.target, fold).scorer
    truth = log_hazard(cohort.columns, LOG_HAZARDS["mi"])
    assert np.corrcoef(scorer.margin(patients), truth)[0, 1] > 0.97


@BOTH
@EACH
def test_contributions_add_up_to_the_score(learner: Learner, outcome: Outcome) -> None:
    patients, ends = patients_of(draw(), FEW), ends_of(draw(), outcome)
    model = fit_outcome_model(learner, patients, ends, outcome, folds=3, seed=0)
    parts, score = model.explain(patients), model.predict(patients).score
    assert parts.shape == (800, len(FEW))
    rest = score - parts.sum(axis=1)
    assert rest == pytest.approx(rest[0], abs=1e-4)
    assert parts.std(axis=0).max() > 0.05


@BOTH
def test_a_feature_that_a_row_shares_with_the_average_adds_nothing_in_a_regression(learner: Learner) -> None:
    patients, ends = patients_of(draw(), FEW), ends_of(draw())
    model = fit_outcome_model(learner, patients, ends, MI, folds=3, seed=0)
    if isinstance(learner, Penalised):
        assert model.explain(patients).mean(axis=0) == pytest.approx(0.0, abs=1e-9)
    assert model.predict(patients).risk.min() >= 0
    assert model.predict(patients).risk.max() <= 1


@BOTH
def test_the_same_rows_give_the_same_model(learner: Learner) -> None:
    patients, ends = patients_of(draw(), FEW), ends_of(draw())
    first, again = (fit_outcome_model(learner, patients, ends, MI, folds=3, seed=0) for _ in range(2))
    assert np.array_equal(first.predict(patients).risk, again.predict(patients).risk)


@BOTH
@EACH
def test_labels_without_meaning_give_everybody_nearly_the_same_risk(learner: Learner, outcome: Outcome) -> None:
    patients, ends = patients_of(draw(), FEW), shuffle(ends_of(draw(), outcome))
    found = fit_outcome_model(learner, patients, ends, outcome, folds=5, seed=0).predict(patients)
    honest = fit_outcome_model(learner, patients, ends_of(draw(), outcome), outcome, folds=5, seed=0)
    assert found.risk.std() < 0.5 * honest.predict(patients).risk.std()


@BOTH
def test_unknown_cells_need_no_filling_by_the_user(learner: Learner) -> None:
    cohort = draw()
    patients, ends = patients_of(cohort, FEW), ends_of(cohort)
    model = fit_outcome_model(learner, patients, ends, MI, folds=3, seed=0)
    unknown = {**patients.columns, "ldl_mg_dl": np.full(800, np.nan), "sex": np.full(800, "")}
    risk = model.predict(Patients(columns=unknown, patient=patients.patient)).risk
    assert np.isfinite(risk).all()
    assert 0.5 < risk.mean() / model.predict(patients).risk.mean() < 2


def test_a_competing_event_too_rare_to_model_has_one_hazard_for_all() -> None:
    cohort = draw(death_competes=False)
    ends = ends_of(cohort)
    causes = ends.causes.copy()
    causes[np.flatnonzero(causes == 0)[:4]] = 2
    model = fit_outcome_model(
        PENALISED, patients_of(cohort, FEW), Ends(causes=causes, time=ends.time), MI, folds=3, seed=0
    )
    assert [cause.scorer is None for cause in model.causes] == [False, True]
    assert model.causes[1].settings == {}
    assert model.causes[1].margin(patients_of(cohort, FEW)).tolist() == [0.0] * 800
    silent = replace(model, causes=(model.causes[1],))
    assert silent.explain(patients_of(cohort, FEW)).shape == (800, 0)


def test_competing_deaths_lower_the_risk_of_the_event() -> None:
    patients = patients_of(draw(4000, has_gaps=False), FEW)
    competing, censoring = (
        fit_outcome_model(
            PENALISED, patients, ends_of(draw(4000, has_gaps=False, death_competes=flag)), MI, folds=3, seed=0
        )
        for flag in (True, False)
    )
    less, more = (model.predict(patients).risk for model in (competing, censoring))
    assert np.all(less <= more + 1e-9)
    assert less.mean() < 0.99 * more.mean()


def test_settings_are_said_in_words_and_the_strongest_penalty_comes_first() -> None:
    assert names_of([{"l1_ratio": 0.5, "strength": 0.0123456}]) == ("l1 ratio 0.5, strength 0.0123",)
    patients, target = patients_of(draw(), FEW), ends_of(draw()).target
    proposed = PENALISED.propose(patients, target)
    assert [one["strength"] for one in proposed] == sorted((one["strength"] for one in proposed), reverse=True)
    first = PENALISED.fit_each(patients, target, proposed[:1])[0]
    assert first.coefficients == pytest.approx(0.0, abs=1e-9)


def test_trees_follow_an_effect_that_no_line_does() -> None:
    x = noise(1500)
    rng = np.random.default_rng(5)
    event = rng.random(1500) < np.where(np.abs(x) > 1, 0.7, 0.1)
    patients = Patients(columns={"x": x}, patient=np.arange(1500))
    feature = (Feature(name="x", kind="number", block="clinical"),)
    outcome = Outcome(name="y", event="y")
    ends = Ends(causes=event.astype(np.int64))
    trees = fit_outcome_model(Boosted(features=feature, trees=(50,)), patients, ends, outcome, folds=3, seed=0)
    line = fit_outcome_model(Penalised(features=feature), patients, ends, outcome, folds=3, seed=0)
    assert isinstance(trees.causes[0].level, LogOdds)
    assert np.corrcoef(trees.predict(patients).risk, np.abs(x) > 1)[0, 1] > 0.9
    assert line.predict(patients).risk.std() < 0.1


def test_trees_need_xgboost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'vascal\[fusion\]'"):
        load_booster(b"{}")


def test_outcomes_that_can_not_be_checked_are_refused() -> None:
    data = data_of(draw(), STROKE)
    some = replace(data, ends=data.ends.only(np.arange(60)))
    with pytest.raises(EvaluationError, match=r"stroke has [0-9]+ events in 60 rows; at least 20"):
        require_events(some)
    far = replace(data, outcome=replace(STROKE, horizon_years=13.5))
    with pytest.raises(EvaluationError, match=r"followed beyond the horizon of 13\.5 years"):
        require_events(far)
    near = replace(data, outcome=replace(STROKE, horizon_years=0.1))
    with pytest.raises(EvaluationError, match=r"fewer than 20 events by 0\.1 years"):
        require_events(near)
    require_events(data_of(draw(), OBSTRUCTIVE))


def test_times_and_horizons_go_together() -> None:
    with pytest.raises(EvaluationError, match="go together"):
        Outcome(name="mi", event="mi", time="years")
    with pytest.raises(EvaluationError, match="above 0 years"):
        Outcome(name="mi", event="mi", time="years", horizon_years=0)
    assert MI.is_timed
    assert not OBSTRUCTIVE.is_timed
    with pytest.raises(EvaluationError, match="times of follow-up are needed"):
        Target(event=np.ones(3, dtype=bool)).stratum(np.ones((3, 1)))
