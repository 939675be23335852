"""How well the measured score tells who lies above each limit of the reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from vascal.evaluate.cohort import Cohort
from vascal.evaluate.plan import AnalysisPlan
from vascal.evaluate.precision_recall import average_precision
from vascal.evaluate.result import Cell, Column, Curve, CurvePlot, Plot, ResultTable, Section
from vascal.evaluate.roc import estimate_auc, find_best_cutoff, roc_curve
from vascal.evaluate.sections.agreement import SET, title_of_set

MANY_STUDIES = 5000
"""Beyond this a closed form says the same as resampling, in no time."""
SHOWN_POINTS = 400
"""Points of a drawn curve; more can not be seen."""


def evaluate_discrimination(sets: Mapping[str, Cohort], plan: AnalysisPlan) -> Section:
    """Give ROC and precision-recall areas for each category limit, set by set."""
    rows = tuple(row for name, cohort in sets.items() for row in _rows(name, cohort, plan))
    table = ResultTable(
        key="discrimination",
        title="The measured score as a test for each limit of the reference",
        columns=(
            SET,
            Column(key="condition", title="Reference", style="text"),
            Column(key="cases", title="Cases", style="count"),
            Column(key="controls", title="Others", style="count"),
            Column(key="auc", title="AUC"),
            Column(key="average_precision", title="Average precision"),
            Column(key="youden_threshold", title="Best cut-off"),
            Column(key="youden_sensitivity", title="Sensitivity", style="share"),
            Column(key="youden_specificity", title="Specificity", style="share"),
        ),
        rows=rows,
        note="The best cut-off has the highest sensitivity + specificity on these same studies, so that both are "
        "optimistic. Limits with fewer than two studies on a side are left out.",
    )
    return Section(
        key="discrimination",
        title="Discrimination",
        tables=(table,),
        plots=tuple(_plot(name, cohort, plan) for name, cohort in sets.items()),
        methods=(
            "The area under the ROC curve has DeLong's standard error [delong1988] on the logit scale; average "
            f"precision a bootstrap interval, above {MANY_STUDIES:,} studies one on the logit scale.",
        ),
    )


def _limits(cohort: Cohort, plan: AnalysisPlan) -> Iterator[tuple[float, np.ndarray]]:
    for edge in plan.category_edges:
        is_case = cohort.reference > edge
        if min(int(is_case.sum()), int((~is_case).sum())) >= 2:
            yield edge, is_case


def _rows(name: str, cohort: Cohort, plan: AnalysisPlan) -> Iterator[tuple[Cell, ...]]:
    for edge, is_case in _limits(cohort, plan):
        best = find_best_cutoff(is_case, cohort.predicted, level=plan.level)
        yield (
            name,
            f">{edge:g}",
            int(is_case.sum()),
            int((~is_case).sum()),
            estimate_auc(is_case, cohort.predicted, level=plan.level),
            average_precision(
                is_case,
                cohort.predicted,
                interval="bootstrap" if len(cohort) <= MANY_STUDIES else "logit",
                resampling=plan.resampling,
                level=plan.level,
            ),
            best.threshold,
            best.sensitivity,
            best.specificity,
        )


def _plot(name: str, cohort: Cohort, plan: AnalysisPlan) -> Plot:
    curves = [Curve(name="", x=np.array([0.0, 1]), y=np.array([0.0, 1]), is_reference=True)]
    for edge, is_case in _limits(cohort, plan):
        roc = roc_curve(is_case, cohort.predicted)
        auc = estimate_auc(is_case, cohort.predicted).value
        chosen = _thin(len(roc.thresholds))
        curves.append(Curve(name=f">{edge:g}: AUC {auc:.3f}", x=1 - roc.specificity[chosen], y=roc.sensitivity[chosen]))
    return CurvePlot(
        key=f"roc-{name}",
        title=title_of_set("ROC curves", name),
        labels=("1 - specificity", "Sensitivity"),
        curves=tuple(curves),
        limits=((-0.01, 1.01), (-0.01, 1.02)),
    )


def _thin(points: int) -> np.ndarray:
    """Keep the ends and an even choice of the rest."""
    return np.unique(np.linspace(0, points - 1, min(points, SHOWN_POINTS)).astype(int))
