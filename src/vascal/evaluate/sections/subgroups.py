"""Is the measurement as good for every group of patients and every kind of scan?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np

from vascal.evaluate.accuracy import within_tolerance
from vascal.evaluate.cohort import Cohort, group_by
from vascal.evaluate.confusion import binary_accuracy, categorise, count_confusion, overall_accuracy
from vascal.evaluate.correlation import spearman
from vascal.evaluate.estimate import Counts, Estimate
from vascal.evaluate.group_difference import (
    WelchTest,
    difference_of_means,
    mean_with_interval,
    size_with_interval,
    welch_anova,
)
from vascal.evaluate.icc import icc
from vascal.evaluate.kappa import kappa
from vascal.evaluate.multiplicity import adjust_p_values
from vascal.evaluate.plan import AnalysisPlan
from vascal.evaluate.result import Cell, Column, ForestPlot, ResultTable, Section
from vascal.evaluate.roc import estimate_auc
from vascal.evaluate.sections.agreement import STUDIES
from vascal.evaluate.sections.probability import require_risk, require_target

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
    metrics = _metrics(plan)
    scores = ResultTable(
        key="subgroups",
        title="Results by subgroup",
        columns=(
            Column(key="variable", title="Variable", style="text"),
            Column(key="group", title="Group", style="text"),
            STUDIES,
            *(column for column, _ in metrics),
        ),
        rows=tuple(
            (group.variable, group.name, len(group.cohort), *(find(group.cohort) for _, find in metrics))
            for group in chain.from_iterable(groups.values())
        ),
        note="Intervals of errors: t distribution; of correlation: Fisher's scale; of ICC: F; of kappa: large sample; "
        "of shares: Wilson; of AUC: DeLong.",
    )
    comparison = _compare(groups, plan)
    small = [
        f"{g.variable} {g.name} ({len(g.cohort)})" for g in chain.from_iterable(groups.values()) if len(g.cohort) < FEW
    ]
    return Section(
        key="subgroups",
        title="Subgroups",
        text=_summarise(comparison, plan),
        tables=(scores, *((_limit_table(groups, plan),) if plan.category_edges else ()), comparison),
        plots=tuple(_plots(groups, cohort, plan)),
        methods=(
            "Groups were compared by Welch's analysis of variance [welch1951] of the errors (does bias differ?) and of "
            "the absolute errors (does accuracy differ?), with p values adjusted by Holm's method [holm1979] over all "
            f"{2 * len(groups)} tests. The worst and the best group are those of highest and lowest mean absolute "
            f"error among groups of at least {FEW} studies; their gap is picked from the data, so that its interval is "
            "optimistic.",
        ),
        cautions=(
            *_spelled_alike(groups),
            *((f"Groups of fewer than {FEW} studies, shown but not compared: {', '.join(small)}.",) if small else ()),
        ),
    )


def _spelled_alike(groups: Mapping[str, tuple[_Group, ...]]) -> Iterator[str]:
    """Point at groups that are one but for their capitals."""
    for found in groups.values():
        names = [group.name for group in found]
        alike = [name for name in names if [other.casefold() for other in names].count(name.casefold()) > 1]
        if alike:
            yield f"{found[0].variable} is spelled in several ways, and each counts as a group: {', '.join(alike)}."


def _split(cohort: Cohort, subgroup: str) -> tuple[_Group, ...]:
    variable, names, words = group_by(cohort, subgroup)
    return tuple(_Group(variable=variable, name=name, cohort=cohort.only(words == name)) for name in names)


def _metrics(plan: AnalysisPlan) -> tuple[tuple[Column, Callable[[Cohort], Cell]], ...]:
    """Name every number that a group gets, and how it is found."""
    level = plan.level
    metrics: list[tuple[Column, Callable[[Cohort], Cell]]] = [
        (Column(key="bias", title="Bias"), lambda c: mean_with_interval(c.predicted - c.reference, level=level)),
        (Column(key="mae", title="MAE"), lambda c: size_with_interval(np.abs(c.predicted - c.reference), level=level)),
        (Column(key="spearman", title="Spearman ρ"), lambda c: _spearman(c, plan)),
        (Column(key="icc", title=f"ICC({plan.icc_form})"), lambda c: _icc(c, plan)),
    ]
    if plan.category_edges:
        same = Column(key="same_category", title="Same category", style="share")
        metrics.append((same, lambda c: overall_accuracy(_counts(c, plan), level=level)))
        title = f"{plan.kappa_weights.capitalize()} kappa"
        metrics.append(
            (Column(key="kappa", title=title), lambda c: kappa(_counts(c, plan), plan.kappa_weights, level=level))
        )
    if plan.tolerance is not None:
        tolerance = plan.tolerance
        within = Column(key="within_tolerance", title=f"Within {tolerance:g} {plan.unit}", style="share")
        metrics.append((within, lambda c: within_tolerance(c.predicted, c.reference, tolerance, level=level)))
    if plan.probability:
        metrics.append((Column(key="auc", title=f"AUC of {plan.probability}"), lambda c: _probability_auc(c, plan)))
    return tuple(metrics)


def _icc(cohort: Cohort, plan: AnalysisPlan) -> Cell:
    pair = np.stack([cohort.predicted, cohort.reference], axis=1)
    return icc(pair, plan.icc_form, level=plan.level) if len(cohort) > 2 else None


def _spearman(cohort: Cohort, plan: AnalysisPlan) -> Cell:
    return spearman(cohort.predicted, cohort.reference, level=plan.level) if len(cohort) > 3 else None


def _counts(cohort: Cohort, plan: AnalysisPlan) -> Counts:
    measured, reference = (categorise(one, plan.category_edges) for one in (cohort.predicted, cohort.reference))
    return count_confusion(measured, reference, len(plan.category_names))


def _probability_auc(cohort: Cohort, plan: AnalysisPlan) -> Cell:
    is_event = require_target(cohort, plan)
    if min(int(is_event.sum()), int((~is_event).sum())) < 2:
        return None
    return estimate_auc(is_event, require_risk(cohort), level=plan.level)


def _limit_rows(group: _Group, plan: AnalysisPlan) -> Iterator[tuple[Cell, ...]]:
    """How well a group's scores tell who lies above each limit."""
    for edge in plan.category_edges:
        is_case, called = group.cohort.reference > edge, group.cohort.predicted > edge
        found = binary_accuracy(called, is_case, level=plan.level)
        both = min(int(is_case.sum()), int((~is_case).sum())) >= 2
        auc = estimate_auc(is_case, group.cohort.predicted, level=plan.level) if both else None
        yield (
            group.variable, group.name, f">{edge:g}", int(is_case.sum()), int((~is_case).sum()),
            found.sensitivity, found.specificity, found.ppv, found.npv, auc,
        )  # fmt: skip


def _limit_table(groups: Mapping[str, tuple[_Group, ...]], plan: AnalysisPlan) -> ResultTable:
    shares = {"sensitivity": "Sensitivity", "specificity": "Specificity", "ppv": "PPV", "npv": "NPV"}
    return ResultTable(
        key="subgroup_limits",
        title="Each limit of the score by subgroup",
        columns=(
            Column(key="variable", title="Variable", style="text"),
            Column(key="group", title="Group", style="text"),
            Column(key="limit", title="Above", style="text"),
            Column(key="cases", title="Cases", style="count"),
            Column(key="others", title="Others", style="count"),
            *(Column(key=key, title=title, style="share") for key, title in shares.items()),
            Column(key="auc", title="AUC"),
        ),
        rows=tuple(row for group in chain.from_iterable(groups.values()) for row in _limit_rows(group, plan)),
    )


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
        (f"{group.variable}: {group.name}", size_with_interval(np.abs(group.errors), level=plan.level))
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
    if not any(isinstance(row[place], float) for row in comparison.rows for place in (1, 3)):
        return "No two groups were large enough to compare."
    if not differing:
        return "No difference between groups stands after adjusting for the number of tests."
    return f"Groups differ in {', '.join(differing)}, after adjusting for the number of tests."


def _is_small(cell: Cell, plan: AnalysisPlan) -> bool:
    return isinstance(cell, float) and cell < 1 - plan.level
