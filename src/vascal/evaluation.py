"""An evaluation, from two files to a report's content: reads, joins, analyses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from vascal.calcium.categories import MEAN_BMI, limit_of_repeat
from vascal.errors import PlanError
from vascal.evaluate.answers import answer_checklists
from vascal.evaluate.bootstrap import Report
from vascal.evaluate.cohort import Cohort
from vascal.evaluate.estimate import Estimate
from vascal.evaluate.plan import AnalysisPlan, Criterion, describe_differences, require_known_words
from vascal.evaluate.result import CriterionResult, Evaluation, ResultTable, Section
from vascal.evaluate.sections.agreement import SMALL, evaluate_agreement
from vascal.evaluate.sections.balance import evaluate_balance
from vascal.evaluate.sections.categories import evaluate_categories
from vascal.evaluate.sections.description import describe_sets
from vascal.evaluate.sections.discrimination import evaluate_discrimination
from vascal.evaluate.sections.hazards import evaluate_hazards
from vascal.evaluate.sections.improvement import evaluate_improvement
from vascal.evaluate.sections.outcomes import evaluate_outcomes
from vascal.evaluate.sections.probability import evaluate_probability
from vascal.evaluate.sections.readers import evaluate_readers
from vascal.evaluate.sections.repeat import evaluate_repeat_limit
from vascal.evaluate.sections.sites import evaluate_sites
from vascal.evaluate.sections.subgroups import evaluate_subgroups
from vascal.io.evaluation_table import Flow, join_tables, read_table

BMI = "bmi"
"""Column of the body mass index, kg/m2, among subgroups or covariates."""
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "cac": {
        "predicted": "agatston",
        "reference": "agatston",
        "unit": "Agatston units",
        "category_edges": (0.0, 10.0, 100.0, 400.0),
        "category_names": ("0", "1-10", "11-100", "101-400", ">400"),
        "bland_altman": ("raw", "log1p"),
    },
    "aac": {
        "predicted": "aac24",
        "reference": "aac24",
        "unit": "points",
        "category_edges": (4.5, 15.5),  # whole points: a continuous 4.3 is nearer to 4 than to 5
        "category_names": ("0-4", "5-15", "16-24"),
        "tolerance": 4.0,
    },
    "other": {},
}
"""What is usual for a kind of score; every entry can be replaced."""


def make_plan(kind: str, choices: Mapping[str, Any]) -> AnalysisPlan:
    """Make a plan from what is usual for a kind of score and what was chosen instead.

    Parameters
    ----------
    kind
        ``cac``, ``aac`` or ``other``.
    choices
        Entries of `AnalysisPlan`; None leaves what is usual.
    """
    require_known_words({"kind": kind})
    chosen = {name: value for name, value in choices.items() if value is not None}
    require_known_words(chosen)
    return AnalysisPlan(**{"kind": kind, **PRESETS[kind], **chosen})


def require_followed(plan: AnalysisPlan, kind: str | None, choices: Mapping[str, Any]) -> None:
    """Refuse choices that depart from a written plan.

    Raises
    ------
    PlanError
        Names each difference. Choices that say the same as the plan are fine.
    """
    asked = {**choices, **({"kind": kind} if kind else {})}
    require_known_words(asked)
    differences = describe_differences(plan, replace(plan, **asked))
    if differences:
        raise PlanError(f"this run departs from its plan; {'; '.join(differences)}")


def evaluate_files(
    predicted: Path, reference: Path, plan: AnalysisPlan, *, plan_digest: str = "", report: Report | None = None
) -> Evaluation:
    """Evaluate the scores of one file against those of another.

    Parameters
    ----------
    predicted, reference
        CSV or Parquet, one row a study.
    plan
        What to analyse.
    plan_digest
        SHA-256 of the plan's file, where one was written before.
    report
        Told about the progress of resampling.

    Raises
    ------
    TableError
        If rows or columns can not be used; the message names them.
    """
    cohort, flow = join_tables(read_table(predicted), read_table(reference), plan)
    found = evaluate_cohort(cohort, plan, report=report)
    facts = _facts(flow, plan, plan_digest)
    return replace(found, facts=facts, answers=answer_checklists(plan, found.sections, dict(facts)))


def evaluate_cohort(cohort: Cohort, plan: AnalysisPlan, *, report: Report | None = None) -> Evaluation:
    """Run every analysis that the plan asks for."""
    parts = cohort.split(plan.set_by)
    sets = {name: part for name, part in parts.items() if len(part) >= SMALL}
    if not sets:
        raise PlanError(f"an evaluation needs at least {SMALL} studies in a set; the largest has {_largest(parts)}")
    sections = [section for section in _sections(cohort, sets, plan, report) if section is not None]
    left_out = [f"{name} ({len(part)})" for name, part in parts.items() if name not in sets]
    if left_out:
        caution = f"Sets of fewer than {SMALL} studies have no results of their own: {', '.join(left_out)}."
        sections[0] = replace(sections[0], cautions=(caution, *sections[0].cautions))
    tables = {table.key: table for section in sections for table in section.tables}
    return Evaluation(
        title=plan.title,
        sections=tuple(sections),
        criteria=tuple(result for criterion in plan.criteria for result in _judge(criterion, tables)),
    )


def _sections(
    cohort: Cohort, sets: Mapping[str, Cohort], plan: AnalysisPlan, report: Report | None
) -> tuple[Section | None, ...]:
    """Every section in the order of the report; None where the plan does not ask for it."""

    def wanted(is_wanted: object, make: Callable[[], Section]) -> Section | None:
        return make() if is_wanted else None

    return (
        describe_sets(sets, plan),
        evaluate_agreement(sets, plan, report=report),
        wanted(plan.category_edges, lambda: evaluate_categories(sets, plan)),
        wanted(plan.kind == "cac", lambda: _repeat(sets, plan)),
        wanted(plan.category_edges, lambda: evaluate_discrimination(sets, plan)),
        wanted(plan.readers, lambda: evaluate_readers(sets, plan)),
        wanted(plan.probability, lambda: evaluate_probability(sets, plan)),
        wanted(plan.baseline, lambda: evaluate_improvement(sets, plan)),
        *(_follow(cohort, plan) if plan.time else ()),
        wanted(plan.subgroups, lambda: evaluate_subgroups(cohort, plan)),
        wanted(plan.site, lambda: evaluate_sites(cohort, plan)),
    )


def _follow(cohort: Cohort, plan: AnalysisPlan) -> tuple[Section | None, ...]:
    """Say what became of those who were followed; the others count for everything else."""
    is_followed = np.isfinite(cohort.number(str(plan.time)))
    if is_followed.sum() < SMALL:
        raise PlanError(f"outcomes need at least {SMALL} studies with follow-up; {int(is_followed.sum())} have it")
    followed = cohort.only(is_followed)
    outcomes = evaluate_outcomes(followed, plan)
    if not is_followed.all():
        said = f"{int(is_followed.sum())} of {len(cohort)} studies have a follow-up and are in this section."
        outcomes = replace(outcomes, cautions=(said, *outcomes.cautions))
    if plan.set_by:
        outcomes = replace(outcomes, cautions=("All sets together.", *outcomes.cautions))
    balance = evaluate_balance(followed, plan) if plan.group and plan.covariates else None
    return outcomes, balance, evaluate_hazards(followed, plan)


def _repeat(sets: Mapping[str, Cohort], plan: AnalysisPlan) -> Section:
    """Compare Agatston scores with MESA's repeat limits, at each patient's body mass index where it is known."""
    limits = {name: _repeat_limits(cohort) for name, cohort in sets.items()}
    has_bmi = all(BMI in cohort.columns for cohort in sets.values())
    assumed = (
        ""
        if has_bmi
        else f"A body mass index of {MEAN_BMI:g} was assumed; name a column {BMI} to use the patients' own."
    )
    return evaluate_repeat_limit(sets, limits, plan, assumed=assumed)


def _repeat_limits(cohort: Cohort) -> np.ndarray:
    """Limit of each study; at the mean of both scores, as neither is the truth."""
    bmi = cohort.number(BMI) if BMI in cohort.columns else np.full(len(cohort), MEAN_BMI)
    scores = (cohort.predicted + cohort.reference) / 2
    pairs = zip(scores, np.where(np.isfinite(bmi), bmi, MEAN_BMI), strict=True)
    return np.array([limit_of_repeat(float(score), float(index)).agatston for score, index in pairs])


def _judge(criterion: Criterion, tables: Mapping[str, ResultTable]) -> Iterator[CriterionResult]:
    """Look a success criterion's numbers up and compare them: without a row it must hold in every one."""
    if criterion.table not in tables:
        raise PlanError(f"a criterion names the table {criterion.table!r}; this evaluation has {', '.join(tables)}")
    cells = [
        (about, cell)
        for about, column, cell in tables[criterion.table].numbers()
        if column.key == criterion.statistic and (not criterion.row or about == criterion.row)
    ]
    if not cells:
        raise PlanError(f"a criterion names what table {criterion.table!r} does not have: {criterion.describe()}")
    for about, cell in cells:
        number = getattr(cell, criterion.limit) if isinstance(cell, Estimate) else float(cell)
        named = replace(criterion, row=about)
        yield CriterionResult(
            criterion=named.describe(),
            found=f"{number:.4g}",
            is_met=named.holds(number) if np.isfinite(number) else None,
        )


def _facts(flow: Flow, plan: AnalysisPlan, plan_digest: str) -> tuple[tuple[str, str], ...]:
    dropped = {
        "measured without a reference": flow.only_predicted,
        "reference without a measurement": flow.only_reference,
        "without a score": flow.without_score,
        "series not to be quoted": flow.not_quoted,
    }
    left_out = ", ".join(f"{count} {what}" for what, count in dropped.items() if count)
    return (
        ("Studies analysed", f"{flow.analysed:,}"),
        ("Left out", f"{left_out}{flow.hint}" if left_out else "none"),
        *((f"File {name}", f"SHA-256 {digest}") for name, digest in flow.digests.items()),
        ("Plan", f"written before this run, SHA-256 {plan_digest}" if plan_digest else "made for this run"),
        ("Columns", f"{plan.predicted} against {plan.reference}, joined by {plan.study}"),
        ("Software", f"vascal {version('vascal')}"),
        ("Date", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")),
    )


def _largest(parts: Mapping[str, Cohort]) -> int:
    return max(len(part) for part in parts.values())
