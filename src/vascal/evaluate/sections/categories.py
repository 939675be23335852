"""Measured against reference categories, class by class, and zero against any calcium."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vascal.evaluate.cohort import Cohort
from vascal.evaluate.confusion import accuracy_by_class, categorise, count_confusion, overall_accuracy
from vascal.evaluate.estimate import Counts
from vascal.evaluate.kappa import kappa
from vascal.evaluate.paired import bowker, stuart_maxwell
from vascal.evaluate.plan import AnalysisPlan
from vascal.evaluate.result import Cell, Column, ConfusionPlot, ResultTable, Section
from vascal.evaluate.sections.agreement import SET, STUDIES, name_set, title_of_set
from vascal.evaluate.zero import analyse_zero


def evaluate_categories(sets: Mapping[str, Cohort], plan: AnalysisPlan) -> Section:
    """Compare scores as the categories that patients are told, set by set."""
    tables = {
        name: count_confusion(
            categorise(cohort.predicted, plan.category_edges),
            categorise(cohort.reference, plan.category_edges),
            len(plan.category_names),
        )
        for name, cohort in sets.items()
    }
    has_zero = plan.category_edges[0] == 0
    return Section(
        key="categories",
        title="Agreement of categories",
        text=name_set(next(iter(tables))) + _summarise(next(iter(tables.values())), plan),
        tables=(
            _kappa_table(tables, plan),
            _class_table(tables, plan),
            *(_confusion_table(name, counts, plan) for name, counts in tables.items()),
            *((_zero_table(sets, plan),) if has_zero else ()),
        ),
        plots=tuple(
            ConfusionPlot(
                key=f"confusion-{name}",
                title=title_of_set("Categories", name),
                counts=counts,
                names=plan.category_names,
            )
            for name, counts in tables.items()
        ),
        methods=_methods(plan, has_zero),
        cautions=_cautions(tables, plan),
    )


def _kappa_table(tables: Mapping[str, Counts], plan: AnalysisPlan) -> ResultTable:
    rows = []
    for name, counts in tables.items():
        margins, symmetry = stuart_maxwell(counts), bowker(counts)
        rows.append(
            (
                name,
                int(counts.sum()),
                overall_accuracy(counts, level=plan.level),
                kappa(counts, "unweighted", level=plan.level),
                kappa(counts, "linear", level=plan.level),
                kappa(counts, "quadratic", level=plan.level),
                margins.p_value,
                symmetry.p_value,
            )
        )
    return ResultTable(
        key="kappa",
        title="Agreement of categories beyond chance",
        columns=(
            SET,
            STUDIES,
            Column(key="accuracy", title="Same category", style="share"),
            Column(key="unweighted", title="Kappa"),
            Column(key="linear", title="Linear weights"),
            Column(key="quadratic", title="Quadratic weights"),
            Column(key="stuart_maxwell_p", title="Margins p", style="p"),
            Column(key="bowker_p", title="Symmetry p", style="p"),
        ),
        rows=tuple(rows),
        note="Margins: do both use the categories equally often (Stuart-Maxwell)? Symmetry: are shifts up as frequent "
        "as shifts down (Bowker)?",
    )


def _class_table(tables: Mapping[str, Counts], plan: AnalysisPlan) -> ResultTable:
    rows = tuple(
        (
            name,
            category,
            int(counts[place].sum()),
            one.accuracy,
            one.sensitivity,
            one.specificity,
            one.npv,
            one.ppv,
            one.f1,
        )
        for name, counts in tables.items()
        for place, (category, one) in enumerate(
            zip(plan.category_names, accuracy_by_class(counts, level=plan.level), strict=True)
        )
    )
    shares = {
        "accuracy": "Accuracy",
        "sensitivity": "Sensitivity",
        "specificity": "Specificity",
        "npv": "NPV",
        "ppv": "PPV",
    }
    return ResultTable(
        key="classes",
        title="Each category against all others",
        columns=(
            SET,
            Column(key="category", title="Category", style="text"),
            STUDIES,
            *(Column(key=key, title=title, style="share") for key, title in shares.items()),
            Column(key="f1", title="F1"),
        ),
        rows=rows,
        note="Wilson score intervals. A dash means that no study could count.",
    )


def _confusion_table(name: str, counts: Counts, plan: AnalysisPlan) -> ResultTable:
    return ResultTable(
        key=f"confusion-{name}",
        title=title_of_set("Studies by reference (rows) and measured category (columns)", name),
        columns=(
            Column(key="reference", title="Reference", style="text"),
            *(Column(key=f"measured {category}", title=category, style="count") for category in plan.category_names),
            Column(key="total", title="Total", style="count"),
        ),
        rows=tuple(
            (category, *(int(cell) for cell in row), int(row.sum()))
            for category, row in zip(plan.category_names, counts, strict=True)
        ),
    )


def _zero_table(sets: Mapping[str, Cohort], plan: AnalysisPlan) -> ResultTable:
    rows: list[tuple[Cell, ...]] = []
    for name, cohort in sets.items():
        found = analyse_zero(cohort.predicted, cohort.reference, level=plan.level)
        calcium = found.calcium
        rows.append(
            (
                name, len(cohort), calcium.sensitivity, calcium.specificity, calcium.ppv, calcium.npv, found.kappa,
                found.mcnemar.p_value, calcium.false_negative, found.missed_median, found.missed_highest,
                calcium.false_positive, found.invented_median, found.invented_highest,
            )
        )  # fmt: skip
    shares = {"sensitivity": "Sensitivity", "specificity": "Specificity", "ppv": "PPV", "npv": "NPV"}
    return ResultTable(
        key="zero",
        title="Any calcium against none",
        columns=(
            SET,
            STUDIES,
            *(Column(key=key, title=title, style="share") for key, title in shares.items()),
            Column(key="kappa", title="Kappa"),
            Column(key="mcnemar_p", title="McNemar p", style="p"),
            Column(key="missed", title="Missed", style="count"),
            Column(key="missed_median", title="their median"),
            Column(key="missed_highest", title="highest"),
            Column(key="invented", title="Invented", style="count"),
            Column(key="invented_median", title="their median"),
            Column(key="invented_highest", title="highest"),
        ),
        rows=tuple(rows),
        note="Missed: measured as zero with calcium in the reference, whose scores are given. Invented: the reverse.",
    )


def _summarise(counts: Counts, plan: AnalysisPlan) -> str:
    same, agreement = overall_accuracy(counts, level=plan.level), kappa(counts, plan.kappa_weights, level=plan.level)
    apart = int(np.sum(counts[np.abs(np.subtract.outer(range(len(counts)), range(len(counts)))) > 1]))
    return (
        f"{same.value:.1%} of studies fall in the same category; {plan.kappa_weights} kappa {agreement.value:.3f} "
        f"({plan.level:.0%} CI {agreement.low:.3f} to {agreement.high:.3f}). "
        f"{apart} of {int(counts.sum())} studies are more than one category apart."
    )


def _cautions(tables: Mapping[str, Counts], plan: AnalysisPlan) -> tuple[str, ...]:
    rare = [
        f"{category} ({name}: {int(row.sum())})"
        for name, counts in tables.items()
        for category, row in zip(plan.category_names, counts, strict=True)
        if row.sum() < 10
    ]
    return (f"Categories with fewer than 10 reference studies: {', '.join(rare)}.",) if rare else ()


def _methods(plan: AnalysisPlan, has_zero: bool) -> tuple[str, ...]:
    edges = ", ".join(plan.category_names)
    zero = " Zero and non-zero scores were compared by McNemar's test and by the scores behind disagreements."
    return (
        f"Scores were put in the categories {edges}. Agreement beyond chance is Cohen's kappa, unweighted and with "
        "linear and quadratic weights [cohen1968], with large-sample intervals [fleiss1969]; shares have Wilson's "
        "intervals [wilson1927]; equal use of categories was tested by Stuart and Maxwell's test, symmetry by Bowker's."
        f"{zero if has_zero else ''}",
    )
