"""Is the measurement as good for every group of patients and every kind of scan?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np

from vascal.evaluate.accuracy import within_tolerance
from vascal.evaluate.cohort import Cohort, group_by
from vascal.evaluate.confusion import categorise, count_confusion
from vascal.evaluate.estimate import Estimate
from vascal.evaluate.group_difference import WelchTest, difference_of_means, mean_with_interval, welch_anova
from vascal.evaluate.icc import icc
from vascal.evaluate.kappa import kappa
from vascal.evaluate.multiplicity import adjust_p_values
from vascal.evaluate.plan import AnalysisPlan
from vascal.evaluate.result import Cell, Column, ForestPlot, ResultTable, Section
from vascal.evaluate.sections.agreement import STUDIES

FEW = 10
"""Groups smaller than this are shown but not compared: their chance is too large."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Group:
    variable: str
    name: str
    cohort: Cohort

    @property
    def errors(self) -> np.ndarray:
        return np.asarray(self.cohort.predicted - self.cohort.reference)


def evaluate_subgroups(cohort: Cohort, plan: AnalysisPlan) -> Section:
    """Give every metric by subgroup, test whether groups differ, and name the worst."""
    groups = {subgroup: _split(cohort, subgroup) for subgroup in plan.subgroups}
    scores = ResultTable(
        key="subgroups",
        title="Results by subgroup",
        columns=_columns(plan),
        rows=tuple(_row(group, plan) for group in chain.from_iterable(groups.values())),
        note="Intervals of errors: t distribution; of ICC: F; of kappa: large sample; of shares: Wilson.",
    )
    comparison = _compare(groups, plan)
    small = [
        f"{g.variable} {g.name} ({len(g.cohort)})" for g in chain.from_iterable(groups.values()) if len(g.cohort) < FEW
    ]
    return Section(
        key="subgroups",
        title="Subgroups",
        text=_summarise(comparison, plan),
        tables=(scores, comparison),
        plots=tuple(_plots(groups, cohort, plan)),
        methods=(
            "Groups were compared by Welch's analysis of variance [welch1951] of the errors (does bias differ?) and of "
            "the absolute errors (does accuracy differ?), with p values adjusted by Holm's method [holm1979] over all "
            f"{2 * len(groups)} tests. The worst and the best group are those of highest and lowest mean absolute "
            f"error among groups of at least {FEW} studies; their gap is picked from the data, so that its interval is "
            "optimistic.",
        ),
        cautions=(f"Groups of fewer than {FEW} studies, shown but not compared: {', '.join(small)}.",) if small else (),
    )


def _split(cohort: Cohort, subgroup: str) -> tuple[_Group, ...]:
    variable, names, words = group_by(cohort, subgroup)
    return tuple(_Group(variable=variable, name=name, cohort=cohort.only(words == name)) for name in names)


def _columns(plan: AnalysisPlan) -> tuple[Column, ...]:
    columns = [
        Column(key="variable", title="Variable", style="text"),
        Column(key="group", title="Group", style="text"),
        STUDIES,
        Column(key="bias", title="Bias"),
        Column(key="mae", title="MAE"),
        Column(key="icc", title=f"ICC({plan.icc_form})"),
    ]
    if plan.category_edges:
        columns.append(Column(key="kappa", title=f"{plan.kappa_weights.capitalize()} kappa"))
    if plan.tolerance is not None:
        columns.append(Column(key="within_tolerance", title=f"Within {plan.tolerance:g} {plan.unit}", style="share"))
    return tuple(columns)


def _row(group: _Group, plan: AnalysisPlan) -> tuple[Cell, ...]:
    cohort, level = group.cohort, plan.level
    cells: list[Cell] = [
        group.variable,
        group.name,
        len(cohort),
        mean_with_interval(group.errors, level=level),
        mean_with_interval(np.abs(group.errors), level=level),
        icc(np.stack([cohort.predicted, cohort.reference], axis=1), plan.icc_form, level=level)
        if len(cohort) > 2
        else None,
    ]
    if plan.category_edges:
        one, other = (
            categorise(cohort.predicted, plan.category_edges),
            categorise(cohort.reference, plan.category_edges),
        )
        cells.append(kappa(count_confusion(one, other, len(plan.category_names)), plan.kappa_weights, level=level))
    if plan.tolerance is not None:
        cells.append(within_tolerance(cohort.predicted, cohort.reference, plan.tolerance, level=level))
    return tuple(cells)


def _compare(groups: Mapping[str, tuple[_Group, ...]], plan: AnalysisPlan) -> ResultTable:
    """One row a variable: tests of bias and of accuracy, worst and best group, and their gap."""
    large = {name: [group for group in found if len(group.cohort) >= FEW] for name, found in groups.items()}
    tests = {name: _tests(found) for name, found in large.items()}
    adjusted = adjust_p_values(np.array([test.p_value if test else np.nan for pair in tests.values() for test in pair]))
    rows = []
    for place, (name, found) in enumerate(large.items()):
        by_error = sorted(found, key=lambda group: float(np.abs(group.errors).mean()))
        worst, best = (by_error[-1], by_error[0]) if len(by_error) > 1 else (None, None)
        gap = None
        if worst and best:
            gap = difference_of_means(np.abs(worst.errors), np.abs(best.errors), level=plan.level)
        bias, error = tests[name]
        rows.append(
            (
                name.split(":")[0],
                bias.p_value if bias else None,
                float(adjusted[2 * place]) if bias else None,
                error.p_value if error else None,
                float(adjusted[2 * place + 1]) if error else None,
                worst.name if worst else "",
                best.name if best else "",
                gap,
            )
        )
    return ResultTable(
        key="subgroup_tests",
        title="Do groups differ?",
        columns=(
            Column(key="variable", title="Variable", style="text"),
            Column(key="bias_p", title="Bias p", style="p"),
            Column(key="bias_p_adjusted", title="adjusted", style="p"),
            Column(key="error_p", title="Accuracy p", style="p"),
            Column(key="error_p_adjusted", title="adjusted", style="p"),
            Column(key="worst", title="Worst group", style="text"),
            Column(key="best", title="Best group", style="text"),
            Column(key="gap", title="Gap of MAE"),
        ),
        rows=tuple(rows),
        note="Adjusted by Holm's method over all tests of this table.",
    )


def _tests(groups: list[_Group]) -> tuple[WelchTest | None, WelchTest | None]:
    if len(groups) < 2:
        return None, None
    return welch_anova([group.errors for group in groups]), welch_anova([np.abs(group.errors) for group in groups])


def _plots(groups: Mapping[str, tuple[_Group, ...]], cohort: Cohort, plan: AnalysisPlan) -> list[ForestPlot]:
    rows: list[tuple[str, Estimate]] = [
        (f"{group.variable}: {group.name}", mean_with_interval(np.abs(group.errors), level=plan.level))
        for group in chain.from_iterable(groups.values())
        if len(group.cohort) > 1
    ]
    overall = float(np.abs(cohort.predicted - cohort.reference).mean())
    return [
        ForestPlot(
            key="subgroups",
            title="Mean absolute error by subgroup",
            label=f"Mean absolute error, {plan.unit}",
            rows=tuple(rows),
            line_at=overall,
        )
    ]


def _summarise(comparison: ResultTable, plan: AnalysisPlan) -> str:
    differing = [str(row[0]) for row in comparison.rows if any(_is_small(row[place], plan) for place in (2, 4))]
    if not differing:
        return "No difference between groups stands after adjusting for the number of tests."
    return f"Groups differ in {', '.join(differing)}, after adjusting for the number of tests."


def _is_small(cell: Cell, plan: AnalysisPlan) -> bool:
    return isinstance(cell, float) and cell < 1 - plan.level
