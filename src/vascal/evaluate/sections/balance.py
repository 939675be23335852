"""How alike the compared groups are before any outcome."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vascal.evaluate.cohort import Cohort, as_words
from vascal.evaluate.matching import standardised_difference
from vascal.evaluate.plan import AnalysisPlan
from vascal.evaluate.result import Cell, Column, ResultTable, Section

LARGE = 0.1
"""Standardised difference from which groups are called unlike, by custom."""


def evaluate_balance(cohort: Cohort, plan: AnalysisPlan) -> Section:
    """Compare score and covariates between the groups whose outcomes are compared."""
    words = as_words(cohort.columns[str(plan.group)])
    names = [str(name) for name in np.unique(words)]
    columns = dict(_numbers(cohort, plan))
    rows = []
    for name, column in columns.items():
        parts = [column[(words == group) & np.isfinite(column)] for group in names]
        apart = None
        if len(parts) == 2 and min(len(part) for part in parts) > 1:
            apart = standardised_difference(parts[0], parts[1])
        rows.append((name, *(_mean(part) for part in parts), apart))
    unlike = [str(row[0]) for row in rows if isinstance(row[-1], float) and abs(row[-1]) > LARGE]
    titles = [Column(key=f"group {name}", title=f"{plan.group} {name}", style="text") for name in names]
    said = f"Groups differ in {', '.join(unlike)} (standardised difference above {LARGE:g})."
    return Section(
        key="balance",
        title="Balance of groups",
        tables=(
            ResultTable(
                key="balance",
                title="Balance of groups",
                columns=(
                    Column(key="covariate", title="", style="text"),
                    *titles,
                    Column(key="standardised_difference", title="Standardised difference"),
                ),
                rows=tuple(rows),
                note="Mean and standard deviation; for a yes or no, the share of yes.",
            ),
        ),
        methods=("Balance of groups was judged by standardised differences [austin2009].",),
        cautions=(said,) if unlike else (),
    )


def _numbers(cohort: Cohort, plan: AnalysisPlan) -> Iterator[tuple[str, np.ndarray]]:
    yield f"Measured, {plan.unit}", cohort.predicted
    for name in plan.covariates:
        column = cohort.columns[name]
        if name == plan.group:
            continue
        if column.dtype.kind in "fiu":
            yield name, column.astype(float)
            continue
        words = as_words(column)
        for word in np.unique(words):
            yield f"{name}: {word}", (words == word).astype(float)


def _mean(values: np.ndarray) -> Cell:
    if not len(values):
        return "-"
    if np.isin(values, (0, 1)).all():
        return f"{values.mean():.1%}"
    return f"{values.mean():.3g} ({values.std(ddof=1):.2g})" if len(values) > 1 else f"{values[0]:.3g}"
