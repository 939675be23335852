"""Outer cross-validation: every row is foretold by a model that saw nothing of it.

Imputation, standardisation, penalty, trees, slope and baseline all come from the other
folds. Varma & Simon, BMC Bioinformatics 2006;7:91, doi:10.1186/1471-2105-7-91.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.estimate import Values
from vascal.fusion.concordance import quick_concordance
from vascal.fusion.features import Feature, Patients
from vascal.fusion.folds import FoldOfRow, assign_folds
from vascal.fusion.learner import Learner, Settings
from vascal.fusion.outcome_model import OutcomeModel, fit_outcome_model
from vascal.fusion.targets import Ends, Outcome

SHUFFLES = 5
"""Times each feature is shuffled for its importance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossValidation:
    """How rows are held back.

    Parameters
    ----------
    outer, inner
        Folds that estimate performance, and within each those that choose settings.
    seed
        Of all that is left to chance.
    """

    outer: int = 5
    inner: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.outer, self.inner) < 2 or max(self.outer, self.inner) > 20 or self.seed < 0:
            raise EvaluationError(
                f"2 to 20 folds and a seed of 0 or more are needed; outer {self.outer}, inner {self.inner}, "
                f"seed {self.seed} found"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldOut:
    """What was foretold of rows by models that had not seen them.

    Parameters
    ----------
    fold
        Outer fold of each row (row,).
    score, risk
        As of a `Prediction` (row,).
    settings
        That each outer fold's inner cross-validation chose.
    falls
        How much concordance falls on held-out rows when a feature is shuffled (fold, feature).
    """

    fold: FoldOfRow
    score: Values
    risk: Values
    settings: tuple[Settings, ...]
    falls: Float[ndarray, "fold feature"]


def validate(
    learner: Learner,
    patients: Patients,
    ends: Ends,
    outcome: Outcome,
    how: CrossValidation,
    *,
    shuffled: tuple[Feature, ...] = (),
    report: Callable[[], None] = lambda: None,
) -> HeldOut:
    """Foretell every row by nested cross-validation.

    Parameters
    ----------
    learner
        What to fit.
    patients, ends
        All rows with the outcome.
    outcome
        What is foretold.
    how
        Folds.
    shuffled
        Features whose importance is wanted.
    report
        Called after each outer fold.
    """
    fold = assign_folds(patients.patient, ends.causes == 1, how.outer, how.seed)
    score, risk = np.zeros(len(patients)), np.zeros(len(patients))
    settings, falls = [], np.zeros((how.outer, len(shuffled)))
    for part in range(how.outer):
        kept, held = fold != part, fold == part
        model = fit_outcome_model(
            learner, patients.only(kept), ends.only(kept), outcome, folds=how.inner, seed=how.seed + 1 + part
        )
        found = model.predict(patients.only(held))
        score[held], risk[held] = found.score, found.risk
        settings.append(model.causes[0].settings)
        falls[part] = _falls(model, patients.only(held), ends.only(held), shuffled, how.seed)
        report()
    return HeldOut(fold=fold, score=score, risk=risk, settings=tuple(settings), falls=falls)


def _falls(
    model: OutcomeModel, patients: Patients, ends: Ends, features: tuple[Feature, ...], seed: int
) -> Float[ndarray, " feature"]:
    """Concordance less that with a feature shuffled among the rows, mean over shuffles."""
    if not features:
        return np.zeros(0)
    whole = quick_concordance(ends, model.causes[0].margin(patients))
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(len(patients)) for _ in range(SHUFFLES)]
    return np.array([whole - np.mean([_shuffled(model, patients, ends, one, order) for order in orders])
                     for one in features])  # fmt: skip


def _shuffled(model: OutcomeModel, patients: Patients, ends: Ends, feature: Feature, order: ndarray) -> float:
    columns = {**patients.columns, feature.name: patients.columns[feature.name][order]}
    moved = Patients(columns=columns, patient=patients.patient)
    return quick_concordance(ends, model.causes[0].margin(moved))
