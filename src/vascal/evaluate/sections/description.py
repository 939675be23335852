"""Who and what was measured: the first table of a paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from vascal.evaluate.cohort import Cohort, as_words
from vascal.evaluate.confusion import categorise
from vascal.evaluate.plan import AnalysisPlan
from vascal.evaluate.result import Column, ResultTable, Section

MANY_VALUES = 6
"""A column of numbers with more values than this is described by its median."""


def describe_sets(sets: Mapping[str, Cohort], plan: AnalysisPlan) -> Section:
    """Describe studies, scores, categories and covariates of each set."""
    described = {name: dict(_describe(cohort, plan)) for name, cohort in sets.items()}
    names = list(dict.fromkeys(name for rows in described.values() for name in rows))
    table = ResultTable(
        key="description",
        title="Studies",
        columns=(
            Column(key="what", title="", style="text"),
            *(Column(key=f"set {name}", title=name if len(sets) > 1 else "All", style="text") for name in sets),
        ),
        rows=tuple((name, *(rows.get(name, "0") for rows in described.values())) for name in names),
        note="Numbers are medians with the middle half, or counts with their share.",
    )
    return Section(key="description", title="Studies", tables=(table,))


def _describe(cohort: Cohort, plan: AnalysisPlan) -> Iterator[tuple[str, str]]:
    yield "Studies", f"{len(cohort):,}"
    yield f"Reference, {plan.unit}", _middle(cohort.reference)
    yield f"Measured, {plan.unit}", _middle(cohort.predicted)
    if plan.category_edges:
        category = categorise(cohort.reference, plan.category_edges)
        for place, name in enumerate(plan.category_names):
            yield f"Reference {name}", _share(int(np.sum(category == place)), len(cohort))
    for name, column in cohort.columns.items():
        if name in {plan.set_by, plan.time, plan.event, *plan.readers}:
            continue
        if column.dtype.kind in "fiu" and len(np.unique(column[np.isfinite(column)])) > MANY_VALUES:
            yield name, _middle(column.astype(float))
            continue
        words = as_words(column)
        for word in np.unique(words):
            yield f"{name}: {word}", _share(int(np.sum(words == word)), len(cohort))


def _middle(values: np.ndarray) -> str:
    known = values[np.isfinite(values)]
    if not len(known):
        return "not stated"
    low, median, high = np.quantile(known, [0.25, 0.5, 0.75])
    missing = f"; {len(values) - len(known)} not stated" if len(known) < len(values) else ""
    return f"{median:.4g} ({low:.4g} to {high:.4g}){missing}"


def _share(count: int, total: int) -> str:
    return f"{count:,} ({count / total:.1%})"
