"""What an evaluation itself can answer of the checklists that journals ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vascal.evaluate.plan import AnalysisPlan
from vascal.evaluate.result import Section

_PLACES = (
    ("results.characteristics", "description", "the studies are described in the table 'description'"),
    (
        "results.performance",
        "accuracy",
        "tables 'accuracy', 'correlation', 'icc' and 'bland_altman', each with intervals",
    ),
    ("results.accuracy", "kappa", "tables 'kappa' and 'classes', each with intervals"),
    ("results.cross_table", "kappa", "tables 'confusion' give reference by measured category"),
    ("results.severity", "kappa", "the tables 'confusion' give how many studies fall in each reference category"),
    ("results.reader_agreement", "readers", "table 'readers'"),
    ("results.reader_agreement", "all_readers", "tables 'readers' and 'all_readers'"),
    ("results.heterogeneity", "pooled", "tables 'sites' and 'pooled' (random effects, prediction interval)"),
    ("plan.heterogeneity", "pooled", "random effects over sites with Hartung-Knapp and prediction intervals"),
    ("data.centres", "sites", "the studies of each site are counted in the table 'sites'"),
    ("results.events", "outcome_groups", "events and follow-up are in the section 'Outcomes'"),
)
"""Answers that hold when a table is there; a later one goes before an earlier one."""


def answer_checklists(plan: AnalysisPlan, sections: Sequence[Section], facts: Mapping[str, str]) -> dict[str, str]:
    """Answer what the plan and the results answer, by the keys of the checklists.

    Parameters
    ----------
    facts
        Of the run, by name: studies, what was left out, files, plan, software.

    Returns
    -------
    dict
        Only what is known; a person answers the rest.
    """
    present = {table.key for section in sections for table in section.tables}
    answers = {key: said for key, table, said in _PLACES if table in present}
    answers["plan.metrics"] = f"chosen in the plan: ICC({plan.icc_form}), errors, limits of agreement" + (
        f", {plan.kappa_weights} kappa of the categories {', '.join(plan.category_names)}"
        if plan.category_edges
        else ""
    )
    answers["plan.statistics"] = (
        f"{plan.level:.0%} intervals: {plan.resampling.describe()}, seed {plan.seed}; methods.md"
    )
    answers["plan.missing_data"] = {
        "refuse": "a study without a score or a partner refuses the run; none was left out for it",
        "drop": f"studies without a score or a partner were left out: {facts.get('Left out', 'none')}",
    }[plan.incomplete]
    answers["results.flow"] = (
        f"{facts.get('Studies analysed', '?')} studies analysed; left out: {facts.get('Left out', '?')}"
    )
    left_out = facts.get("Left out", "?")
    answers["results.failures"] = f"left out: {left_out}; largest differences in the Bland-Altman figures"
    answers["provenance.software"] = facts.get("Software", "")
    if plan.category_edges:
        edges = ", ".join(f"{edge:g}" for edge in plan.category_edges)
        answers["plan.thresholds"] = f"highest scores of the categories, fixed in the plan: {edges}"
        answers["plan.reference_thresholds"] = answers["plan.thresholds"]
    if plan.subgroups:
        names = ", ".join(name.split(":")[0] for name in plan.subgroups)
        said = f"every metric by {names}; tests of difference adjusted by Holm's method: section 'Subgroups'"
        answers["plan.subgroups"] = answers["plan.fairness"] = said
    if "Plan" in facts and facts["Plan"].startswith("written before"):
        answers["plan.protocol"] = f"analysis plan {facts['Plan']}"
    return {key: answer for key, answer in answers.items() if answer}
