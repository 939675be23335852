"""Inner cross-validation: settings and held-out margins from rows that a model was not fitted to."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss

from tests.fusion.cohorts import DEATH, FEW, OBSTRUCTIVE, draw, ends_of, patients_of
from vascal.evaluate.estimate import Values
from vascal.fusion.folds import assign_folds
from vascal.fusion.penalised import Penalised
from vascal.fusion.targets import Target
from vascal.fusion.tuning import tune

LEARNER = Penalised(features=FEW, strengths=4)


def log_likelihood(margin: Values, target: Target) -> float:
    """Breslow's partial likelihood, event by event."""
    risk = np.exp(margin)
    return float(
        sum(margin[row] - np.log(risk[target.years >= target.years[row]].sum()) for row in np.flatnonzero(target.event))
    )


def test_a_fold_costs_what_its_rows_add_to_the_partial_likelihood() -> None:
    patients, target = patients_of(draw(300), FEW), ends_of(draw(300), DEATH).target
    fold = assign_folds(patients.patient, target.event, 3, 0)
    settings = LEARNER.propose(patients, target)
    expected = np.zeros(4)
    for part in range(3):
        kept = fold != part
        for place, scorer in enumerate(LEARNER.fit_each(patients.only(kept), target.only(kept), settings)):
            margin = scorer.margin(patients)
            expected[place] += log_likelihood(margin[kept], target.only(kept)) - log_likelihood(margin, target)
    found = tune(LEARNER, patients, target, fold)
    assert found.losses == pytest.approx(expected / 300)
    assert dict(found.settings) == dict(settings[int(np.argmin(expected))])


def test_yes_or_no_costs_the_log_loss_of_rows_held_out() -> None:
    patients, target = patients_of(draw(300), FEW), ends_of(draw(300), OBSTRUCTIVE).target
    fold = assign_folds(patients.patient, target.event, 3, 0)
    found = tune(LEARNER, patients, target, fold)
    risk = 1 / (1 + np.exp(-found.held_out))
    assert found.losses.min() == pytest.approx(log_loss(target.event, risk))


def test_each_row_s_margin_is_that_of_the_model_that_was_not_fitted_to_it() -> None:
    patients, target = patients_of(draw(300), FEW), ends_of(draw(300), DEATH).target
    fold = assign_folds(patients.patient, target.event, 3, 0)
    found = tune(LEARNER, patients, target, fold)
    for part in range(3):
        kept = fold != part
        scorer = LEARNER.fit_each(patients.only(kept), target.only(kept), LEARNER.propose(patients, target))
        place = int(np.argmin(found.losses))
        assert found.held_out[~kept] == pytest.approx(scorer[place].margin(patients)[~kept])
    whole = LEARNER.fit_each(patients, target, [found.settings])[0]
    assert found.scorer.margin(patients) == pytest.approx(whole.margin(patients))
