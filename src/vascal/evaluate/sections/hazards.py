"""Does the score foretell events, alone and beside what the clinic already knows?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import Resampling
from vascal.evaluate.cohort import Cohort, as_words
from vascal.evaluate.concordance import auc_by_time, harrell_c, uno_c
from vascal.evaluate.cox import HazardModel, ProportionalityTest, check_proportionality, fit_cox
from vascal.evaluate.estimate import Values
from vascal.evaluate.fine_gray import fit_fine_gray
from vascal.evaluate.incremental import AddedValue, estimate_added_value, log_cac
from vascal.evaluate.plan import AnalysisPlan
from vascal.evaluate.result import Cell, Column, ResultTable, Section
from vascal.evaluate.sections.agreement import STUDIES
from vascal.evaluate.sections.outcomes import COMMON, FollowUp, e_values, follow_up

FEW_EVENTS = 10
"""Fewer events than this support no model at all."""
EVENTS_A_TERM = 10
"""Events a term needs for a model that does not overfit; the rule of thumb, said and not enforced."""
MOST_RESAMPLES = 200
"""Each resample fits two models."""
NOT_STATED = "not stated"
Terms = Mapping[str, Values]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelData:
    """Follow-up and terms of the studies that have every covariate.

    Parameters
    ----------
    score, clinical
        Columns (study,) of the score and of the clinical model.
    left_out
        Studies that lack a covariate.
    """

    followed: FollowUp
    score: Terms
    clinical: Terms
    left_out: int

    @property
    def events(self) -> int:
        """Events among the studies modelled."""
        return int((self.followed.causes == 1).sum())


def evaluate_hazards(cohort: Cohort, plan: AnalysisPlan) -> Section:
    """Fit proportional hazards for the score, with and without clinical covariates.

    Where events are too few or no model fits, the section holds a caution that says why.
    """
    data = _model_data(cohort, plan)
    if data.events < FEW_EVENTS:
        return _no_model(
            f"{data.events} events are too few for a model of hazards; {FEW_EVENTS} are needed.", data.left_out
        )
    try:
        return _fit(data, plan)
    except EvaluationError as error:
        return _no_model(f"No model of hazards was fitted: {error}.", data.left_out)


def _no_model(reason: str, left_out: int) -> Section:
    return Section(key="hazards", title="Hazard models", cautions=(reason, *_count_left_out(left_out)))


def _model_data(cohort: Cohort, plan: AnalysisPlan) -> ModelData:
    everyone = follow_up(cohort, plan)
    score = {_score_name(plan): log_cac(cohort.predicted) if plan.kind == "cac" else cohort.predicted}
    clinical = dict(_clinical(cohort, plan))
    complete = np.isfinite(np.stack([*score.values(), *clinical.values()])).all(axis=0)
    groups = {name: members[complete] for name, members in everyone.groups.items()}
    return ModelData(
        followed=replace(everyone, time=everyone.time[complete], causes=everyone.causes[complete], groups=groups),
        score={name: column[complete] for name, column in score.items()},
        clinical={name: column[complete] for name, column in clinical.items()},
        left_out=int(np.sum(~complete)),
    )


def _fit(data: ModelData, plan: AnalysisPlan) -> Section:
    followed, score, clinical = data.followed, data.score, data.clinical
    added = _added_value(followed, clinical, score, plan) if clinical else None
    return Section(
        key="hazards",
        title="Hazard models",
        text=_summarise(fit_cox(followed.time, followed.causes == 1, score, level=plan.level), added),
        tables=(
            _hazard_table(followed, score, clinical, plan),
            _concordance_table(followed, score, plan),
            *((_added_table(added, plan),) if added else ()),
        ),
        methods=_methods(followed, plan),
        cautions=(*_count_overfit(data.events, len(score) + len(clinical)), *_count_left_out(data.left_out)),
    )


def _score_name(plan: AnalysisPlan) -> str:
    return "ln(score + 1)" if plan.kind == "cac" else f"score, per 1 of {plan.unit}"


def _clinical(cohort: Cohort, plan: AnalysisPlan) -> Iterator[tuple[str, Values]]:
    """Give covariates as numbers: words become one column for each but their first, NaN where none is stated."""
    for name in plan.covariates:
        column = cohort.columns[name]
        if column.dtype.kind in "fiu":
            yield name, column.astype(float)
            continue
        words = as_words(column)
        is_stated = words != NOT_STATED
        for word in np.unique(words[is_stated])[1:]:
            yield f"{name}: {word}", np.where(is_stated, words == word, np.nan)


def _added_value(followed: FollowUp, clinical: Terms, score: Terms, plan: AnalysisPlan) -> AddedValue:
    how = Resampling(resamples=min(plan.resamples, MOST_RESAMPLES), seed=plan.seed, method="percentile")
    return estimate_added_value(followed.time, followed.causes == 1, clinical, score, resampling=how, level=plan.level)


def _hazard_table(followed: FollowUp, score: Terms, clinical: Terms, plan: AnalysisPlan) -> ResultTable:
    is_common = float((followed.causes == 1).mean()) > COMMON
    rows: list[tuple[Cell, ...]] = []
    models = {"Cox, score alone": score, **({"Cox, with covariates": {**score, **clinical}} if clinical else {})}
    for title, terms in models.items():
        model = fit_cox(followed.time, followed.causes == 1, terms, level=plan.level)
        drift = check_proportionality(followed.time, followed.causes == 1, terms)
        rows += _model_rows(title, model, drift, is_common=is_common)
    if followed.has_competing:
        for title, terms in models.items():
            model = fit_fine_gray(followed.time, followed.causes, 1, terms, level=plan.level)
            rows += _model_rows(title.replace("Cox", "Fine-Gray"), model, None, is_common=is_common)
    return ResultTable(
        key="hazards",
        title="Hazard ratios",
        columns=(
            Column(key="model", title="Model", style="text"),
            Column(key="term", title="Term", style="text"),
            STUDIES,
            Column(key="events", title="Events", style="count"),
            Column(key="hazard_ratio", title="Hazard ratio"),
            Column(key="p", title="p", style="p"),
            Column(key="e_value", title="E-value"),
            Column(key="e_value_limit", title="of limit"),
            Column(key="proportional_p", title="Proportionality p", style="p"),
        ),
        rows=tuple(rows),
        note="E-value: of the ratio and of its limit, per unit of the term. Proportionality: a small p says that the "
        "hazard ratio changes over time (score test)."
        + (" Cox: competing events count as censored (cause-specific)." if followed.has_competing else ""),
    )


def _model_rows(
    title: str, model: HazardModel, test: ProportionalityTest | None, *, is_common: bool
) -> Iterator[tuple[Cell, ...]]:
    for name, ratio in model.hazard_ratios.items():
        drift = test.covariates[name].p_value if test else None
        robust = e_values(ratio, "hr", is_common=is_common)
        yield title, name, model.n, model.events, ratio, ratio.p_value, *robust, drift


def _concordance_table(followed: FollowUp, score: Terms, plan: AnalysisPlan) -> ResultTable:
    is_event = followed.causes == 1
    (values,) = score.values()
    # Those whose follow-up ends at the horizon itself, as when a study closes, are free of the event until then.
    is_last = not (followed.time > followed.horizon_years).any()
    until = np.nextafter(followed.horizon_years, 0) if is_last else followed.horizon_years
    (auc,) = auc_by_time(followed.time, is_event, values, np.array([until]), level=plan.level)
    return ResultTable(
        key="concordance",
        title="How well the score orders who has the event first",
        columns=(
            Column(key="measure", title="Measure", style="text"),
            Column(key="estimate", title="Estimate"),
        ),
        rows=(
            ("Harrell's C", harrell_c(followed.time, is_event, values, level=plan.level)),
            (
                f"Uno's C up to {followed.horizon_years:.3g} years",
                uno_c(followed.time, is_event, values, until=followed.horizon_years, level=plan.level),
            ),
            (f"AUC for an event by {followed.horizon_years:.3g} years", auc),
        ),
        note="0.5 is chance; intervals from each study's influence.",
    )


def _added_table(added: AddedValue, plan: AnalysisPlan) -> ResultTable:
    return ResultTable(
        key="added_value",
        title="What the score adds to the clinical model",
        columns=(
            Column(key="model", title="Model", style="text"),
            Column(key="concordance", title="Harrell's C"),
            Column(key="log_likelihood", title="Log-likelihood"),
            Column(key="p", title="Likelihood-ratio p", style="p"),
        ),
        rows=(
            (", ".join(plan.covariates), added.concordance_without, added.without.log_likelihood, None),
            ("with the score", added.concordance_within, added.within.log_likelihood, added.likelihood_ratio.p_value),
            ("change, optimism taken off", added.change, None, None),
        ),
        note="The change of C is lowered by what fitting on the same patients gains by chance, found by resampling.",
    )


def _summarise(model: HazardModel, added: AddedValue | None) -> str:
    ((name, ratio),) = model.hazard_ratios.items()
    said = f"Hazard ratio of {name}: {ratio.value:.3f} ({ratio.low:.3f} to {ratio.high:.3f})."
    if added is None:
        return said
    p_value = added.likelihood_ratio.p_value
    p = "<0.001" if p_value < 0.001 else f"{p_value:.3f}"
    change = added.change
    if not np.isfinite(change.value):
        return f"{said} Added to the clinical model, the score has a likelihood-ratio p of {p}."
    return (
        f"{said} Added to the clinical model, the score changes Harrell's C by {change.value:+.3f} "
        f"({change.low:+.3f} to {change.high:+.3f}), likelihood-ratio p {p}."
    )


def _methods(followed: FollowUp, plan: AnalysisPlan) -> tuple[str, ...]:
    competing = " and Fine and Gray's [fine1999] regression for competing events" if followed.has_competing else ""
    covariates = f" Covariates: {', '.join(plan.covariates)}." if plan.covariates else ""
    return (
        f"Hazards were modelled by Cox regression [cox1972] with Efron's ties{competing}; drifts of hazard ratios "
        "over time were looked for by score tests [grambsch1994]. Order was judged by Harrell's C [harrell1996], "
        f"Uno's C [uno2011] and the AUC for events by the horizon, weighted for censoring.{covariates}",
    )


def _count_overfit(events: int, terms: int) -> Iterator[str]:
    if events < EVENTS_A_TERM * terms:
        yield f"{events} events for {terms} terms: fewer than {EVENTS_A_TERM} a term, so that models overfit."


def _count_left_out(left_out: int) -> Iterator[str]:
    if left_out:
        yield f"{left_out} studies lack a covariate and are left out of the models."
