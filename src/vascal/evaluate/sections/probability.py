"""A predicted probability against what happened: discrimination, calibration and net benefit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vascal.errors import EvaluationError
from vascal.evaluate.calibration import (
    Calibration,
    estimate_brier,
    estimate_calibration,
    expected_calibration_error,
    reliability_curve,
)
from vascal.evaluate.cohort import Cohort
from vascal.evaluate.decision_curve import DecisionPoint, decision_curve
from vascal.evaluate.estimate import Flags, Values
from vascal.evaluate.plan import AnalysisPlan
from vascal.evaluate.precision_recall import average_precision
from vascal.evaluate.result import Cell, Column, Curve, CurvePlot, Plot, ResultTable, Section
from vascal.evaluate.roc import estimate_auc
from vascal.evaluate.sections.agreement import SET, STUDIES, title_of_set

THRESHOLDS = np.round(np.arange(0.01, 0.51, 0.01), 2)
"""Risks at which one would act; above one in two nobody waits for a model."""
PRINTED_THRESHOLDS = (0.05, 0.075, 0.1, 0.2, 0.3)
"""Rows of the table: the limits at which guidelines discuss a statin, and two above."""


def evaluate_probability(sets: Mapping[str, Cohort], plan: AnalysisPlan) -> Section:
    """Judge a predicted probability, set by set."""
    decisions = {
        name: decision_curve(
            require_target(cohort, plan),
            require_risk(cohort),
            np.unique([*THRESHOLDS, *PRINTED_THRESHOLDS]),
            resampling=plan.resampling,
            level=plan.level,
        )
        for name, cohort in sets.items()
    }
    return Section(
        key="probability",
        title="Predicted probability",
        tables=(_table(sets, plan), _decision_table(decisions)),
        plots=tuple(plot for name, cohort in sets.items() for plot in _plots(name, cohort, decisions[name], plan)),
        methods=(
            f"The predicted probability {plan.probability} of {plan.target} was judged by the area under the ROC curve "
            "[delong1988], by calibration in the large, calibration slope and observed over expected events "
            "[vancalster2016], by Brier's score, by the expected calibration error over ten bins of as many studies "
            "each, beside the one that chance alone gives, and by net benefit over risk thresholds [vickers2006].",
        ),
        cautions=_uncalibrated(sets, plan),
    )


def _table(sets: Mapping[str, Cohort], plan: AnalysisPlan) -> ResultTable:
    rows: list[tuple[Cell, ...]] = []
    for name, cohort in sets.items():
        is_event, risk = require_target(cohort, plan), require_risk(cohort)
        calibration, _ = _calibrate(is_event, risk, plan)
        brier = estimate_brier(is_event, risk, level=plan.level)
        error = expected_calibration_error(is_event, risk, seed=plan.seed)
        rows.append(
            (
                name,
                len(cohort),
                int(is_event.sum()),
                estimate_auc(is_event, risk, level=plan.level),
                average_precision(is_event, risk, resampling=plan.resampling, level=plan.level),
                calibration.intercept if calibration else None,
                calibration.slope if calibration else None,
                calibration.observed_expected if calibration else None,
                brier.brier,
                brier.scaled,
                error.value,
                error.by_chance,
            )
        )
    titles = {
        "auc": "AUC", "average_precision": "Average precision", "intercept": "Calibration in the large",
        "slope": "Slope", "observed_expected": "Observed / expected", "brier": "Brier", "brier_scaled": "scaled",
        "ece": "ECE", "ece_by_chance": "by chance",
    }  # fmt: skip
    return ResultTable(
        key="probability",
        title="Discrimination and calibration of the predicted probability",
        columns=(
            SET,
            STUDIES,
            Column(key="events", title="Events", style="count"),
            *(Column(key=key, title=title) for key, title in titles.items()),
        ),
        rows=tuple(rows),
        note="Perfect calibration has 0 in the large, slope 1 and observed / expected 1. ECE is never 0 by chance: "
        "compare it with the one beside it.",
    )


def _calibrate(is_event: Flags, risk: Values, plan: AnalysisPlan) -> tuple[Calibration | None, str]:
    """Calibrate, or say why that can not be done; everything else still can."""
    try:
        return estimate_calibration(is_event, risk, level=plan.level), ""
    except EvaluationError as error:
        return None, str(error)


def _uncalibrated(sets: Mapping[str, Cohort], plan: AnalysisPlan) -> tuple[str, ...]:
    found = {
        name: _calibrate(require_target(cohort, plan), require_risk(cohort), plan)[1] for name, cohort in sets.items()
    }
    return tuple(f"No calibration slope ({name}): {why}." for name, why in found.items() if why)


def _decision_table(decisions: Mapping[str, tuple[DecisionPoint, ...]]) -> ResultTable:
    rows = tuple(
        (name, f"{point.threshold:.1%}", point.model, point.treat_all, point.gain)
        for name, points in decisions.items()
        for point in points
        if any(abs(point.threshold - printed) < 1e-9 for printed in PRINTED_THRESHOLDS)
    )
    return ResultTable(
        key="decision",
        title="Net benefit",
        columns=(
            SET,
            Column(key="threshold", title="Risk threshold", style="text"),
            Column(key="model", title="Model"),
            Column(key="treat_all", title="Treat all"),
            Column(key="gain", title="Model less treat all"),
        ),
        rows=rows,
        note="In true positives per study; treating nobody has 0.",
    )


def _plots(name: str, cohort: Cohort, decisions: tuple[DecisionPoint, ...], plan: AnalysisPlan) -> tuple[Plot, Plot]:
    bins = reliability_curve(require_target(cohort, plan), require_risk(cohort), level=plan.level)
    top = max(highest for one in bins for highest in (one.predicted, one.observed.high))
    ideal = Curve(name="ideal", x=np.array([0.0, top]), y=np.array([0.0, top]), is_reference=True)
    observed = Curve(
        name="tenths of studies",
        x=np.array([one.predicted for one in bins]),
        y=np.array([one.observed.value for one in bins]),
        low=np.array([one.observed.low for one in bins]),
        high=np.array([one.observed.high for one in bins]),
    )
    x = np.array([point.threshold for point in decisions])
    model, everybody = np.array([point.model.value for point in decisions]), [p.treat_all.value for p in decisions]
    low = np.array([point.model.low for point in decisions])
    high = np.array([point.model.high for point in decisions])
    bottom = -0.15 * float(max(model.max(), 0.01))
    return (
        CurvePlot(
            key=f"calibration-{name}",
            title=title_of_set("Calibration", name),
            labels=("Predicted probability", "Observed share"),
            curves=(ideal, observed),
            kind="points",
        ),
        CurvePlot(
            key=f"decision-{name}",
            title=title_of_set("Net benefit", name),
            labels=("Risk threshold", "Net benefit"),
            curves=(
                Curve(name="model", x=x, y=model, low=np.maximum(low, 2 * bottom), high=high),
                Curve(name="treat all", x=x, y=np.maximum(np.array(everybody), 2 * bottom)),
                Curve(name="treat nobody", x=x, y=np.zeros_like(x), is_reference=True),
            ),
            limits=((0.0, float(x.max())), (bottom, 1.1 * float(max(high.max(), everybody[0])))),
        ),
    )


def require_target(cohort: Cohort, plan: AnalysisPlan) -> np.ndarray:
    """Give the plan's target as yes or no; refuses anything but 0 and 1."""
    values = cohort.number(str(plan.target))
    if not np.isin(values, (0, 1)).all():
        raise EvaluationError(f"column {plan.target} must be 0 or 1; found {np.unique(values)[:5].tolist()}")
    return np.asarray(values == 1)


def require_risk(cohort: Cohort) -> Values:
    """Give the predicted probability; refuses a cohort without one."""
    if cohort.probability is None:
        raise EvaluationError("no probability was read; name its column")
    return cohort.probability
