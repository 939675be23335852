"""What a new probability improves on an older one, for those with the event and for those without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from vascal.errors import EvaluationError
from vascal.evaluate.cohort import Cohort
from vascal.evaluate.plan import AnalysisPlan
from vascal.evaluate.reclassification import integrated_discrimination, net_reclassification, reclassification_tables
from vascal.evaluate.result import Cell, Column, ResultTable, Section
from vascal.evaluate.roc import compare_paired_auc
from vascal.evaluate.sections.agreement import SET, title_of_set
from vascal.evaluate.sections.probability import require_risk, require_target

CUTOFFS = np.array([0.075, 0.2])
"""Risks at which guidelines change what they advise: low or borderline, intermediate, high."""
BANDS = ("<7.5 %", "7.5 to <20 %", ">=20 %")


def evaluate_improvement(sets: Mapping[str, Cohort], plan: AnalysisPlan) -> Section:
    """Compare two probabilities of the same event, set by set."""
    rows = tuple(row for name, cohort in sets.items() for row in _rows(name, cohort, plan))
    measures = ResultTable(
        key="improvement",
        title=f"{plan.probability} against {plan.baseline}",
        columns=(
            SET,
            Column(key="measure", title="Measure", style="text"),
            Column(key="events", title="With event"),
            Column(key="non_events", title="Without"),
            Column(key="total", title="Together"),
        ),
        rows=rows,
        note="NRI: net share moved the right way, up for those with the event and down for those without; the two "
        "parts say more than their sum.",
    )
    areas = ResultTable(
        key="auc_change",
        title="Area under the ROC curve, old and new",
        columns=(
            SET,
            Column(key="old", title=str(plan.baseline)),
            Column(key="new", title=str(plan.probability)),
            Column(key="difference", title="Difference"),
            Column(key="p", title="p", style="p"),
        ),
        rows=tuple(_area_row(name, cohort, plan) for name, cohort in sets.items()),
    )
    crossed = tuple(table for name, cohort in sets.items() for table in _cross_tables(name, cohort, plan))
    return Section(
        key="improvement",
        title="Improvement on an older probability",
        tables=(areas, measures, *crossed),
        methods=(
            f"The probability {plan.probability} was compared with {plan.baseline} by the difference of their areas "
            "under the ROC curve [delong1988] and by net reclassification and integrated discrimination [pencina2008], "
            "in parts for those with and without the event.",
        ),
    )


def _rows(name: str, cohort: Cohort, plan: AnalysisPlan) -> Iterator[tuple[Cell, ...]]:
    is_event, old, new = _columns(cohort, plan)
    for title, cutoffs in ((f"NRI of {', '.join(BANDS)}", CUTOFFS), ("NRI, continuous", None)):
        net = net_reclassification(is_event, old, new, cutoffs, level=plan.level)
        yield name, title, net.events, net.non_events, net.total
    idi = integrated_discrimination(is_event, old, new, level=plan.level)
    yield name, "IDI", idi.events, idi.non_events, idi.total


def _area_row(name: str, cohort: Cohort, plan: AnalysisPlan) -> tuple[Cell, ...]:
    found = compare_paired_auc(*_columns(cohort, plan), level=plan.level)
    return name, found.first, found.second, found.difference, found.difference.p_value


def _cross_tables(name: str, cohort: Cohort, plan: AnalysisPlan) -> Iterator[ResultTable]:
    tables = reclassification_tables(*_columns(cohort, plan), CUTOFFS)
    for key, counts in (("events", tables.events), ("non_events", tables.non_events)):
        who = "with the event" if key == "events" else "without the event"
        yield ResultTable(
            key=f"reclassified-{key}-{name}",
            title=title_of_set(f"Studies {who} by old (rows) and new risk (columns)", name),
            columns=(
                Column(key="old", title=str(plan.baseline), style="text"),
                *(Column(key=f"new {band}", title=band, style="count") for band in BANDS),
            ),
            rows=tuple((band, *(int(cell) for cell in row)) for band, row in zip(BANDS, counts, strict=True)),
        )


def _columns(cohort: Cohort, plan: AnalysisPlan) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    old = cohort.number(str(plan.baseline))
    if not ((old >= 0) & (old <= 1)).all():
        raise EvaluationError(f"column {plan.baseline} must hold probabilities from 0 to 1, for every study")
    return require_target(cohort, plan), old, require_risk(cohort)
