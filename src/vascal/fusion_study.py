"""Fusion models from files to files: read, fit, draw, write; and read, apply, write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from vascal.errors import MissingExtraError
from vascal.evaluate.bootstrap import Report
from vascal.evaluate.result import Curve, CurvePlot, ForestPlot, Plot
from vascal.fusion.applicability import find_caveats, forget_new_words, require_same_units
from vascal.fusion.features import Patients
from vascal.fusion.fusion_model import FusionModel
from vascal.fusion.outcome_study import OutcomeStudy
from vascal.fusion.recipe import Recipe
from vascal.fusion.study import FusionStudy, study_cohort
from vascal.io.fusion_folder import require_own_folder, write_fusion, write_table
from vascal.io.fusion_model import read_fusion_model
from vascal.io.fusion_table import CohortTable, read_cohort, read_outcome
from vascal.render.figures import draw_plot

NEEDED = ("matplotlib", "statsmodels")


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What came of applying a model.

    Parameters
    ----------
    rows
        Predicted.
    with_caveats
        Rows that have one.
    is_simulated
        Whether the model was fitted to simulated patients.
    """

    rows: int
    with_caveats: int
    is_simulated: bool


def fit_fusion(cohort: Path, recipe: Recipe, out: Path, *, report: Report | None = None) -> FusionStudy:
    """Fit models of several outcomes to a cohort, and write all that is told of them.

    Parameters
    ----------
    cohort
        CSV or Parquet, one row a visit.
    recipe
        What to fit.
    out
        Folder for model, card, numbers and figures.
    report
        Told of the progress.

    Raises
    ------
    TableError
        If a column or a cell can not be used.
    EvaluationError
        If an outcome can not be modelled.
    MissingExtraError
        Without the libraries of the extra `fusion`.
    OutputError
        If the folder holds something else or can not be written.
    """
    require_fusion_extra(recipe)
    require_own_folder(out)
    table = read_cohort(cohort, recipe.features, recipe.patient)
    outcomes = [read_outcome(table, outcome) for outcome in recipe.outcomes]
    study = study_cohort(
        table.patients,
        outcomes,
        recipe,
        digest=table.digest,
        version=version("vascal"),
        is_simulated=table.is_simulated,
        report=report,
    )
    mark = "SIMULATED: " if table.is_simulated else ""
    figures = {f"{plot.key}.svg": draw_plot(plot)["svg"] for one in study.outcomes for plot in plots_of(one, mark)}
    write_fusion(study, out, figures)
    return study


def apply_fusion(folder: Path, cohort: Path, out: Path, *, explain: Path | None = None) -> Applied:
    """Foretell the outcomes of patients with a fitted model.

    Parameters
    ----------
    folder
        That `fit_fusion` wrote.
    cohort
        CSV or Parquet with the model's columns, in its units.
    out
        CSV of risks, and of caveats where a row is unlike the training rows.
    explain
        CSV of what each feature adds to each row's score.

    Raises
    ------
    ModelError
        If the folder holds no model that can be read.
    TableError
        If columns are missing, hold something else, or look as if they were in another unit.
    """
    model = read_fusion_model(folder)
    table = read_cohort(cohort, model.features, model.patient)
    require_same_units(table.patients, model.known)
    caveats = find_caveats(table.patients, model.known)
    patients = forget_new_words(table.patients, model.known)
    write_table(out, _predictions(model, table, patients, caveats))
    if explain is not None:
        write_table(explain, _explanations(model, table, patients))
    return Applied(rows=len(patients), with_caveats=sum(map(bool, caveats)), is_simulated=model.is_simulated)


def require_fusion_extra(recipe: Recipe) -> None:
    """Refuse at the start what could not be computed or drawn at the end.

    Raises
    ------
    MissingExtraError
        With the command that installs it.
    """
    needed = (*NEEDED, "xgboost") if recipe.learner == "boosted" else NEEDED
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"vascal fuse needs {', '.join(missing)}: pip install 'vascal[fusion]'")


def plots_of(one: OutcomeStudy, mark: str = "") -> Iterator[Plot]:
    """Give the figures of an outcome: calibration, and ratios where there are any; `mark` begins their titles."""
    outcome = one.model.outcome
    name = re.sub(r"[^\w.-]+", "_", outcome.name)
    by = "" if outcome.horizon_years is None else f" by {outcome.horizon_years:g} years"
    yield _calibration_plot(one, f"calibration-{name}", f"{mark}{outcome.name}{by}, held out")
    kind = "odds" if outcome.horizon_years is None else "hazard"
    if one.ratios.ratios:
        yield ForestPlot(
            key=f"ratios-{name}",
            title=f"{mark}{outcome.name}, {kind} ratios",
            label=f"{kind.capitalize()} ratio of 1 SD, of yes, or of the level",
            rows=tuple((ratio.name, ratio.per_spread) for ratio in one.ratios.ratios),
            line_at=1.0,
        )


def _calibration_plot(one: OutcomeStudy, key: str, title: str) -> CurvePlot:
    bins = one.held_out.bins
    top = 1.02 * max(value for group in bins for value in (group.predicted, _or_zero(group.observed.high)))
    ideal = Curve(name="ideal", x=np.array([0.0, top]), y=np.array([0.0, top]), is_reference=True)
    values = np.array(
        [[group.predicted, group.observed.value, group.observed.low, group.observed.high] for group in bins]
    )
    limits = np.where(np.isnan(values), values[:, [1]], values)  # nobody, or everybody, had the event: no limits
    observed = Curve(name="groups of like risk", x=values[:, 0], y=values[:, 1], low=limits[:, 2], high=limits[:, 3])
    return CurvePlot(
        key=key,
        title=title,
        labels=("Predicted risk", "Observed risk"),
        curves=(ideal, observed),
        kind="points",
        limits=((0.0, top), (0.0, top)),
    )


def _or_zero(value: float) -> float:
    return value if np.isfinite(value) else 0.0


def _predictions(
    model: FusionModel, table: CohortTable, patients: Patients, caveats: list[tuple[str, ...]]
) -> Iterator[tuple[object, ...]]:
    found = [one.predict(patients).risk for one in model.outcomes]
    names = [f"{one.outcome.name}_risk" for one in model.outcomes]
    simulated = ("simulated_model",) if model.is_simulated else ()
    yield (model.patient, *names, "caveats", *simulated)
    for row, key in enumerate(table.keys):
        yield (key, *(float(risk[row]) for risk in found), "; ".join(caveats[row]), *(("yes",) if simulated else ()))


def _explanations(model: FusionModel, table: CohortTable, patients: Patients) -> Iterator[tuple[object, ...]]:
    yield (model.patient, "outcome", "feature", "value", "contribution")
    for one in model.outcomes:
        parts = one.explain(patients)
        for row, key in enumerate(table.keys):
            for place, feature in enumerate(model.features):
                value = patients.columns[feature.name][row]
                shown = value if feature.is_word else "" if np.isnan(value) else float(value)
                yield key, one.outcome.name, feature.name, shown, float(parts[row, place])
