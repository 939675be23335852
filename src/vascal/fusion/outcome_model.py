"""The model of one outcome: what drives it, how common it is, and what competes with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from vascal.evaluate.estimate import Values
from vascal.fusion.absolute import (
    Baseline,
    LogOdds,
    learn_baseline,
    learn_log_odds,
    risk_by_horizon,
    risk_of_odds,
)
from vascal.fusion.features import Patients
from vascal.fusion.folds import assign_folds
from vascal.fusion.learner import Contributions, Learner, Scorer, Settings
from vascal.fusion.targets import Ends, Outcome, Target
from vascal.fusion.tuning import tune

LearnerName = Literal["penalised", "boosted"]
FEWEST_COMPETING = 10
"""Competing events below which everybody is given the same hazard of them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CauseModel:
    """One cause.

    Parameters
    ----------
    scorer
        Gives margins; None where the cause is too rare to model and everybody has the same hazard.
    level
        From margins to hazards or odds.
    settings
        That inner cross-validation chose.
    """

    scorer: Scorer | None
    level: Baseline | LogOdds
    settings: Settings

    def margin(self, patients: Patients) -> Values:
        """Of each row, as the scorer gives it."""
        return np.zeros(len(patients)) if self.scorer is None else self.scorer.margin(patients)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prediction:
    """What a model says of rows.

    Parameters
    ----------
    score
        Log hazard, or log odds, up to a constant.
    risk
        Of the event by the horizon, or of yes, 0 to 1.
    """

    score: Values
    risk: Values


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutcomeModel:
    """A fitted model of one outcome.

    Parameters
    ----------
    outcome
        What is foretold.
    causes
        The event, and the competing event where there is one.
    """

    outcome: Outcome
    causes: tuple[CauseModel, ...]

    def predict(self, patients: Patients) -> Prediction:
        """Foretell the outcome of rows."""
        margins = [cause.margin(patients) for cause in self.causes]
        first = self.causes[0].level
        if isinstance(first, LogOdds):
            return Prediction(score=first.slope * margins[0], risk=risk_of_odds(first, margins[0]))
        levels = [cause.level for cause in self.causes if isinstance(cause.level, Baseline)]
        return Prediction(score=first.slope * margins[0], risk=risk_by_horizon(levels, margins))

    def explain(self, patients: Patients) -> Contributions:
        """What each feature adds to the score of each row, against an average training row."""
        event = self.causes[0]
        if event.scorer is None:  # never for the event itself, whose number was checked
            return np.zeros((len(patients), 0))
        return np.asarray(event.level.slope * event.scorer.contributions(patients))


def fit_outcome_model(
    learner: Learner, patients: Patients, ends: Ends, outcome: Outcome, *, folds: int, seed: int
) -> OutcomeModel:
    """Fit a model of one outcome, settings chosen by cross-validation within these rows.

    Parameters
    ----------
    learner
        What to fit.
    patients, ends
        Training rows; nothing else is looked at.
    outcome
        What is foretold.
    folds, seed
        Of the inner cross-validation.
    """
    causes = (1, 2) if ends.has_competing else (1,)
    models = [_fit_cause(learner, patients, ends, cause, outcome, folds=folds, seed=seed) for cause in causes]
    return OutcomeModel(outcome=outcome, causes=tuple(models))


def _fit_cause(
    learner: Learner, patients: Patients, ends: Ends, cause: int, outcome: Outcome, *, folds: int, seed: int
) -> CauseModel:
    target = ends.of_cause(cause)
    if cause > 1 and target.event.sum() < max(FEWEST_COMPETING, 2 * folds):
        level = _learn_level(np.zeros(len(patients)), target, outcome)
        return CauseModel(scorer=None, level=level, settings={})
    tuned = tune(learner, patients, target, assign_folds(patients.patient, target.event, folds, seed))
    level = _learn_level(tuned.held_out, target, outcome)
    return CauseModel(scorer=tuned.scorer, level=level, settings=tuned.settings)


def _learn_level(margin: Values, target: Target, outcome: Outcome) -> Baseline | LogOdds:
    if outcome.horizon_years is None:
        return learn_log_odds(margin, target)
    return learn_baseline(margin, target, outcome.horizon_years)
