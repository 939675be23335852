"""One outcome from rows to everything that is told of it: model, validation, importance, ratios, subgroups."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from vascal.evaluate.estimate import Estimate
from vascal.fusion.concordance import compare_concordance, estimate_concordance, quick_concordance
from vascal.fusion.features import Feature, Patients, is_blank
from vascal.fusion.hazard_ratios import RatioTable, estimate_ratios
from vascal.fusion.learner import Settings
from vascal.fusion.nested import HeldOut, validate
from vascal.fusion.outcome_model import OutcomeModel, fit_outcome_model
from vascal.fusion.performance import Performance, judge, observed_expected
from vascal.fusion.recipe import Recipe
from vascal.fusion.targets import Ends, OutcomeData, require_events

EVENTS_A_COLUMN = 10
"""Events a column needs for a model that hardly overfits; the rule of thumb, said and not enforced."""
FEWEST_IN_SUBGROUP = 10
"""Events, and rows without, that a subgroup needs for numbers of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """How much a feature matters.

    Parameters
    ----------
    feature
        Name.
    contribution
        Mean absolute contribution to the log hazard or log odds over the rows.
    fall, fall_low, fall_high
        Fall of concordance on held-out rows when it is shuffled: mean, lowest and highest of the outer folds.
    """

    feature: str
    contribution: float
    fall: float
    fall_low: float
    fall_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Subgroup:
    """Held-out performance among some of the rows.

    Parameters
    ----------
    name
        Such as ``sex: F``.
    observed_expected
        At the horizon; None where the outcome is yes or no.
    """

    name: str
    rows: int
    events: int
    concordance: Estimate
    observed_expected: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutcomeStudy:
    """Everything that is told of one outcome.

    Parameters
    ----------
    model
        Fitted to all rows.
    rows, events, competing
        With the outcome recorded; those with the event, and with a competing one.
    follow_up_years
        Median follow-up; None where the outcome is yes or no.
    held_out
        Performance by nested cross-validation: the one to quote.
    apparent
        Concordance of the model on the rows it was fitted to; its excess is optimism.
    by_fold
        Held-out concordance of each outer fold.
    settings
        That each outer fold chose.
    without_imaging, gain
        Held-out performance of the same kind of model without imaging, and by how much concordance rises with it.
    importance
        Of each feature.
    ratios
        Unpenalised, from complete rows.
    subgroups
        Those asked for.
    cautions
        What limits all this.
    """

    model: OutcomeModel
    rows: int
    events: int
    competing: int
    follow_up_years: float | None
    held_out: Performance
    apparent: Estimate
    by_fold: tuple[float, ...]
    settings: tuple[Settings, ...]
    without_imaging: Performance | None
    gain: Estimate | None
    importance: tuple[Importance, ...]
    ratios: RatioTable
    subgroups: tuple[Subgroup, ...]
    cautions: tuple[str, ...]

    @property
    def optimism(self) -> float:
        """Concordance on the model's own rows, less that on rows held out."""
        return self.apparent.value - self.held_out.measures["concordance"].value


def steps_of(recipe: Recipe) -> int:
    """Number of steps that a study reports."""
    return len(recipe.outcomes) * (1 + recipe.validation.outer * (2 if recipe.clinical else 1))


def study_outcome(
    patients: Patients, data: OutcomeData, recipe: Recipe, report: Callable[[], None] = lambda: None
) -> OutcomeStudy:
    """Fit, validate and explain the model of one outcome.

    Parameters
    ----------
    patients
        All rows of the cohort.
    data
        The outcome; rows without it are left out.
    recipe
        What to fit.
    report
        Called after each step; see `steps_of`.

    Raises
    ------
    EvaluationError
        If the outcome has too few events or too short a follow-up.
    """
    require_events(data)
    rows, ends, outcome, how = patients.only(data.rows), data.ends, data.outcome, recipe.validation
    learner = recipe.make_learner(recipe.features)
    held_out = validate(learner, rows, ends, outcome, how, shuffled=recipe.features, report=report)
    clinical = None
    if recipe.clinical:
        clinical = validate(recipe.make_learner(recipe.clinical), rows, ends, outcome, how, report=report)
    model = fit_outcome_model(learner, rows, ends, outcome, folds=how.inner, seed=how.seed)
    report()
    found = judge(ends, held_out.risk, outcome.horizon_years)
    ratios = estimate_ratios(rows, ends, recipe.features)
    return OutcomeStudy(
        model=model,
        rows=len(rows),
        events=int((ends.causes == 1).sum()),
        competing=int((ends.causes == 2).sum()),
        follow_up_years=None if ends.time is None else float(np.median(ends.time)),
        held_out=found,
        apparent=estimate_concordance(ends, model.predict(rows).risk),
        by_fold=tuple(_by_fold(held_out, ends)),
        settings=held_out.settings,
        without_imaging=None if clinical is None else judge(ends, clinical.risk, outcome.horizon_years),
        gain=None if clinical is None else compare_concordance(ends, clinical.risk, held_out.risk),
        importance=_rank(recipe.features, model, rows, held_out),
        ratios=ratios,
        subgroups=tuple(_subgroups(rows, ends, held_out, recipe.subgroups, outcome.horizon_years)),
        cautions=tuple(_cautions(rows, ends, recipe, found, ratios)),
    )


def _by_fold(held_out: HeldOut, ends: Ends) -> Iterator[float]:
    for part in np.unique(held_out.fold):
        rows = held_out.fold == part
        yield quick_concordance(ends.only(rows), held_out.risk[rows])


def _rank(
    features: tuple[Feature, ...], model: OutcomeModel, patients: Patients, held_out: HeldOut
) -> tuple[Importance, ...]:
    size = np.abs(model.explain(patients)).mean(axis=0)
    found = [
        Importance(
            feature=feature.name,
            contribution=float(mean),
            fall=float(falls.mean()),
            fall_low=float(falls.min()),
            fall_high=float(falls.max()),
        )
        for feature, mean, falls in zip(features, size, held_out.falls.T, strict=True)
    ]
    return tuple(sorted(found, key=lambda one: -one.contribution))


def _subgroups(
    patients: Patients, ends: Ends, held_out: HeldOut, names: tuple[str, ...], horizon: float | None
) -> Iterator[Subgroup]:
    for name in names:
        column = patients.columns[name]
        for value in np.unique(column[~is_blank(column)]):
            rows = column == value
            part, risk = ends.only(rows), held_out.risk[rows]
            events = int((part.causes == 1).sum())
            if min(events, len(risk) - events) < FEWEST_IN_SUBGROUP:
                continue
            word = value if column.dtype.kind == "U" else {1.0: "yes", 0.0: "no"}[float(value)]
            yield Subgroup(
                name=f"{name}: {word}",
                rows=len(risk),
                events=events,
                concordance=estimate_concordance(part, risk),
                observed_expected=None if horizon is None else observed_expected(part, risk, horizon),
            )


def _cautions(patients: Patients, ends: Ends, recipe: Recipe, found: Performance, ratios: RatioTable) -> Iterator[str]:
    events, columns = int((ends.causes == 1).sum()), len(recipe.features)
    if events < EVENTS_A_COLUMN * columns:
        yield f"{events} events for {columns} features: fewer than {EVENTS_A_COLUMN} a feature."
    if len(np.unique(patients.patient)) < len(patients):
        yield "Some patients have several rows. They never cross folds, but intervals count rows as independent."
    yield from doubt_calibration(found)
    if ratios.caution:
        yield f"No table of ratios: {ratios.caution}."
    elif ratios.rows < 0.5 * len(patients):
        yield f"Ratios rest on the {ratios.rows} of {len(patients)} rows in which nothing is unknown."
    if ends.has_competing:
        yield "Contributions explain the hazard of the event alone; the competing event also moves the risk."
    if math.isfinite(found.measures["concordance"].low) and found.measures["concordance"].low <= 0.5:
        yield "Held-out concordance can not be told from chance."


def doubt_calibration(found: Performance) -> Iterator[str]:
    """Say what is wrong with the slope of held-out risks."""
    slope = found.measures.get("calibration_slope")
    if slope is None:
        yield "Held-out risks have no calibration slope: they hardly differ between patients."
    elif not slope.low <= 1 <= slope.high:
        how = "spread out" if slope.value < 1 else "close together"
        yield f"The held-out calibration slope is {slope.value:.2f}: risks are too {how}."
