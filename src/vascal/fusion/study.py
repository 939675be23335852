"""A whole fusion study: several outcomes of one cohort, from columns to everything that is told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import Report
from vascal.fusion.encoding import learn_code
from vascal.fusion.features import Patients, is_blank, require_usable
from vascal.fusion.fusion_model import FusionModel
from vascal.fusion.outcome_study import OutcomeStudy, steps_of, study_outcome
from vascal.fusion.recipe import Recipe
from vascal.fusion.targets import OutcomeData


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FusionStudy:
    """Everything that a fusion study found.

    Parameters
    ----------
    recipe
        What was asked for.
    model
        What was fitted.
    outcomes
        One study each.
    rows, patients
        Of the cohort.
    empty
        Share of rows whose cell is empty, by feature.
    digest
        SHA-256 of the cohort's file.
    """

    recipe: Recipe
    model: FusionModel
    outcomes: tuple[OutcomeStudy, ...]
    rows: int
    patients: int
    empty: Mapping[str, float]
    digest: str


def study_cohort(
    patients: Patients,
    outcomes: Sequence[OutcomeData],
    recipe: Recipe,
    *,
    digest: str = "",
    version: str = "",
    is_simulated: bool = False,
    report: Report | None = None,
) -> FusionStudy:
    """Fit, validate and explain models of several outcomes.

    Parameters
    ----------
    patients, outcomes
        Features and outcomes of the cohort's rows.
    recipe
        What to fit.
    digest, version, is_simulated
        Told in the card.
    report
        Told of the progress.

    Raises
    ------
    TableError
        If a feature can not tell patients apart.
    EvaluationError
        If an outcome has too few events, or is not there.
    """
    if not outcomes:
        raise EvaluationError("a study needs at least one outcome; none found")
    require_usable(patients, recipe.features)
    done, total = 0, steps_of(recipe)

    def step() -> None:
        nonlocal done
        done += 1
        if report is not None:
            report(done, total)

    found = tuple(study_outcome(patients, data, recipe, step) for data in outcomes)
    model = FusionModel(
        title=recipe.title,
        learner=recipe.learner,
        patient=recipe.patient,
        known=tuple(learn_code(one, patients.columns[one.name]) for one in recipe.features),
        outcomes=tuple(one.model for one in found),
        is_simulated=is_simulated,
        version=version,
    )
    return FusionStudy(
        recipe=recipe,
        model=model,
        outcomes=found,
        rows=len(patients),
        patients=len(np.unique(patients.patient)),
        empty={one.name: float(is_blank(patients.columns[one.name]).mean()) for one in recipe.features},
        digest=digest,
    )
