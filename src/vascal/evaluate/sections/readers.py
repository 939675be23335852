"""Readers among themselves and against the measurement: what agreement can be expected at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np

from vascal.evaluate.accuracy import within_tolerance
from vascal.evaluate.cohort import Cohort
from vascal.evaluate.confusion import categorise, count_confusion
from vascal.evaluate.estimate import Estimate, Values
from vascal.evaluate.icc import FORMS, icc
from vascal.evaluate.icc_missing import icc_of_all_ratings
from vascal.evaluate.kappa import kappa
from vascal.evaluate.plan import AnalysisPlan
from vascal.evaluate.result import Cell, Column, ForestPlot, ResultTable, Section
from vascal.evaluate.sections.agreement import SET, STUDIES

MEASURED = "measured"


def evaluate_readers(sets: Mapping[str, Cohort], plan: AnalysisPlan) -> Section:
    """Compare every pair of readers, each reader with the measurement, and all readers at once."""
    pairs = _pair_table(sets, plan)
    first = next(iter(sets))
    return Section(
        key="readers",
        title="Readers",
        tables=(pairs, *((_all_readers(sets, plan),) if len(plan.readers) > 1 else ())),
        plots=(_forest(pairs, plan, has_sets=len(sets) > 1),),
        text=f"{_count(plan)} scored the studies; {_holes(sets[first], plan)}",
        methods=(
            "Readers were compared pairwise with each other and with the measurement, on the studies that both scored; "
            "the agreement of all readers is the ICC over complete studies.",
        ),
    )


def _pair_table(sets: Mapping[str, Cohort], plan: AnalysisPlan) -> ResultTable:
    columns = [
        SET,
        Column(key="pair", title="Pair", style="text"),
        STUDIES,
        Column(key="icc", title=f"ICC({plan.icc_form})"),
        Column(key="mae", title="Mean absolute difference"),
    ]
    if plan.category_edges:
        columns.append(Column(key="kappa", title=f"{plan.kappa_weights.capitalize()} kappa"))
    if plan.tolerance is not None:
        columns.append(Column(key="within_tolerance", title=f"Within {plan.tolerance:g} {plan.unit}", style="share"))
    return ResultTable(
        key="readers",
        title="Agreement of readers and of the measurement with each of them",
        columns=tuple(columns),
        rows=tuple(_rows(sets, plan)),
        note="Only studies that both scored.",
    )


def _forest(pairs: ResultTable, plan: AnalysisPlan, *, has_sets: bool) -> ForestPlot:
    rows = tuple(
        (f"{row[1]}, {row[0]}" if has_sets else str(row[1]), row[3])
        for row in pairs.rows
        if isinstance(row[3], Estimate)
    )
    return ForestPlot(
        key="readers",
        title=f"ICC({plan.icc_form}) of each pair",
        label=f"ICC({plan.icc_form})",
        rows=rows,
    )


def _rows(sets: Mapping[str, Cohort], plan: AnalysisPlan) -> Iterator[tuple[Cell, ...]]:
    for one, other in combinations((*plan.readers, MEASURED), 2):
        for name, cohort in sets.items():
            first = cohort.number(one)
            second = cohort.predicted if other == MEASURED else cohort.number(other)
            both = np.isfinite(first) & np.isfinite(second)
            yield (name, f"{one} and {other}", int(both.sum()), *_compare(first[both], second[both], plan))


def _compare(first: Values, second: Values, plan: AnalysisPlan) -> Iterator[Cell]:
    if len(first) < 3:
        yield from (None,) * (2 + bool(plan.category_edges) + (plan.tolerance is not None))
        return
    yield icc(np.stack([first, second], axis=1), plan.icc_form, level=plan.level)
    yield float(np.abs(first - second).mean())
    if plan.category_edges:
        one, other = categorise(first, plan.category_edges), categorise(second, plan.category_edges)
        yield kappa(count_confusion(other, one, len(plan.category_names)), plan.kappa_weights, level=plan.level)
    if plan.tolerance is not None:
        yield within_tolerance(second, first, plan.tolerance, level=plan.level)


def _all_readers(sets: Mapping[str, Cohort], plan: AnalysisPlan) -> ResultTable:
    rows: list[tuple[Cell, ...]] = []
    for name, cohort in sets.items():
        ratings = np.stack([cohort.number(reader) for reader in plan.readers], axis=1)
        complete = int(np.sum(~np.isnan(ratings).any(axis=1)))
        cells = [icc(ratings, form, level=plan.level) if complete > 1 else None for form in FORMS]
        wide = icc(ratings, "2,1", interval="generalised", level=plan.level) if complete > 1 else None
        rows.append((name, "complete studies", complete, *cells, wide))
        has_holes = complete < len(ratings)
        if has_holes and _can_fit(ratings):
            fitted = icc_of_all_ratings(ratings, plan.icc_form, level=plan.level)
            only = [fitted if form == plan.icc_form else None for form in FORMS]
            rows.append((name, "all ratings (REML)", fitted.n, *only, None))
    return ResultTable(
        key="all_readers",
        title=f"Agreement of all {len(plan.readers)} readers",
        columns=(
            SET,
            Column(key="ratings", title="Ratings", style="text"),
            STUDIES,
            *(Column(key=f"icc_{form.replace(',', '_')}", title=f"ICC({form})") for form in FORMS),
            Column(key="icc_2_1_generalised", title="ICC(2,1), generalised"),
        ),
        rows=tuple(rows),
        note="With few readers and many studies the F-based interval of ICC(2,·) is "
        "too narrow for a claim about other readers; the generalised one holds. All ratings: the plan's form "
        "by restricted maximum likelihood with 200 resamples of studies, where a reader left some out.",
    )


def _count(plan: AnalysisPlan) -> str:
    return "1 reader" if len(plan.readers) == 1 else f"{len(plan.readers)} readers"


def _can_fit(ratings: np.ndarray) -> bool:
    """Whether two readers each scored something, and two studies have two scores."""
    given = ~np.isnan(ratings)
    return int(given.any(axis=0).sum()) > 1 and int((given.sum(axis=1) > 1).sum()) > 1


def _holes(cohort: Cohort, plan: AnalysisPlan) -> str:
    missing = {reader: int(np.sum(np.isnan(cohort.number(reader)))) for reader in plan.readers}
    said = [f"{reader} left out {count}" for reader, count in missing.items() if count]
    return "; ".join(said) + "." if said else "none left out a study."
