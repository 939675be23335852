"""What became of the patients: events by group, curves over time, and what confounding could explain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from vascal.errors import EvaluationError
from vascal.evaluate.cohort import Cohort, as_words, group_by
from vascal.evaluate.competing_risks import cumulative_incidence, incidence_at
from vascal.evaluate.confusion import categorise
from vascal.evaluate.e_value import (
    Measure,
    TwoGroups,
    e_value,
    estimate_odds_ratio,
    estimate_risk_difference,
    estimate_risk_ratio,
)
from vascal.evaluate.estimate import Estimate
from vascal.evaluate.plan import AnalysisPlan
from vascal.evaluate.proportion import wilson
from vascal.evaluate.result import Cell, Column, Curve, CurvePlot, ResultTable, Section
from vascal.evaluate.sections.agreement import STUDIES
from vascal.evaluate.survival import LogRank, kaplan_meier, log_rank, numbers_at_risk, survival_at

MOST_YEARS = 100
"""Nobody is followed longer; days are."""
COMMON = 0.15
"""Outcomes of more people than this are common: odds and hazard ratios then overstate risks."""
MOST_GROUPS = 12
"""More groups than this can be neither drawn nor read."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FollowUp:
    """Follow-up of a cohort in years, and what ended it.

    Parameters
    ----------
    causes
        0 censored, 1 the event, 2 a competing event (study,).
    groups
        Name and place of the studies of each group, in order.
    horizon_years
        Where risks are compared.
    """

    time: np.ndarray
    causes: np.ndarray
    groups: Mapping[str, np.ndarray]
    horizon_years: float

    @property
    def has_competing(self) -> bool:
        """Whether anybody had a competing event."""
        return bool((self.causes == 2).any())


def follow_up(cohort: Cohort, plan: AnalysisPlan) -> FollowUp:
    """Read follow-up and groups from a cohort.

    Raises
    ------
    EvaluationError
        If events are not 0, 1 or 2, nobody had the event, nobody was followed
        at all, or there are more groups than can be told apart.
    """
    time, event = cohort.number(str(plan.time)), cohort.number(str(plan.event))
    if not np.isin(event, (0, 1, 2)).all():
        raise EvaluationError(f"column {plan.event} must be 0 (censored), 1 (event) or 2 (competing event)")
    if not (event == 1).any():
        raise EvaluationError(f"nobody had the event: column {plan.event} has no 1")
    if np.median(time) > MOST_YEARS:
        raise EvaluationError(
            f"column {plan.time} must hold years; its median is {np.median(time):.4g}: divide days by 365.25"
        )
    if not time.max() > 0:
        raise EvaluationError(f"nobody was followed: column {plan.time} has nothing above 0")
    return FollowUp(
        time=time,
        causes=event.astype(np.int64),
        groups=_groups(cohort, plan),
        horizon_years=plan.horizon_years or float(np.median(time)),
    )


def _groups(cohort: Cohort, plan: AnalysisPlan) -> dict[str, np.ndarray]:
    if plan.group:
        words = as_words(cohort.columns[plan.group])
        if (count := len(np.unique(words))) > MOST_GROUPS:
            raise EvaluationError(f"column {plan.group} makes {count} groups; at most {MOST_GROUPS} can be compared")
        return {f"{plan.group} {word}": words == word for word in group_by(cohort, plan.group)[1]}
    if plan.category_edges:
        category = categorise(cohort.predicted, plan.category_edges)
        found = {name: category == place for place, name in enumerate(plan.category_names)}
    else:
        upper = cohort.predicted > np.median(cohort.predicted)
        found = {"score up to its median": ~upper, "score above its median": upper}
    return {name: members for name, members in found.items() if members.any()}


def evaluate_outcomes(cohort: Cohort, plan: AnalysisPlan) -> Section:
    """Compare events between groups: counts, curves, tests, and E-values where there are two groups."""
    followed = follow_up(cohort, plan)
    test = _compare(followed)
    tables = [_group_table(cohort, followed, plan)]
    if test is not None:
        tables.append(_test_table(followed, test))
    if len(followed.groups) == 2:
        tables.append(_ratio_table(followed, plan))
    return Section(
        key="outcomes",
        title="Outcomes",
        text=_summarise(followed, test, plan),
        tables=tuple(tables),
        plots=(_plot(followed, plan),),
        methods=_methods(followed),
        cautions=_cautions(followed, test),
    )


def _test_table(followed: FollowUp, test: LogRank) -> ResultTable:
    return ResultTable(
        key="log_rank",
        title="Log-rank test of the groups",
        columns=(
            Column(key="groups", title="Groups", style="count"),
            Column(key="statistic", title="Chi-squared"),
            Column(key="degrees_of_freedom", title="Degrees of freedom", style="count"),
            Column(key="p", title="p", style="p"),
        ),
        rows=((len(followed.groups), test.statistic, test.freedom, test.p_value),),
        note="Competing events count as censored: the test is of the cause-specific hazard."
        if followed.has_competing
        else "",
    )


def _compare(followed: FollowUp) -> LogRank | None:
    """Log-rank test; None with one group, or where groups were never at risk together."""
    place = np.sum([number * members for number, members in enumerate(followed.groups.values())], axis=0)
    try:
        return log_rank(followed.time, followed.causes == 1, place)
    except EvaluationError:  # `_cautions` says so
        return None


def _group_table(cohort: Cohort, followed: FollowUp, plan: AnalysisPlan) -> ResultTable:
    rows = tuple(
        (
            name,
            int(members.sum()),
            int((followed.causes[members] == 1).sum()),
            int((followed.causes[members] == 2).sum()),
            wilson(int((followed.causes[members] == 1).sum()), int(members.sum()), level=plan.level),
            _incidence(followed, members, plan),
            float(np.median(followed.time[members])),
            _middle(cohort.predicted[members]),
        )
        for name, members in followed.groups.items()
    )
    return ResultTable(
        key="outcome_groups",
        title="Events by group",
        columns=(
            Column(key="group", title="Group", style="text"),
            STUDIES,
            Column(key="events", title="Events", style="count"),
            Column(key="competing", title="Competing", style="count"),
            Column(key="share", title="Share with event", style="share"),
            Column(key="incidence", title=f"Risk at {followed.horizon_years:.3g} years", style="share"),
            Column(key="follow_up", title="Median follow-up, years"),
            Column(key="score", title=f"Measured, {plan.unit}", style="text"),
        ),
        rows=rows,
        note="Share: of all studies, whatever their follow-up (Wilson). Risk: with censoring taken into account"
        f"{', competing events as such' if followed.has_competing else ''}. Score: median and range.",
    )


def _incidence(followed: FollowUp, members: np.ndarray, plan: AnalysisPlan) -> Estimate | float:
    """Risk by the horizon, as it is drawn; plain 0 where nobody of the group had the event."""
    time, causes = followed.time[members], followed.causes[members]
    if not (causes == 1).any():
        return 0.0
    if followed.has_competing:
        return incidence_at(cumulative_incidence(time, causes, 1, level=plan.level), followed.horizon_years)
    free = survival_at(kaplan_meier(time, causes == 1, level=plan.level), followed.horizon_years)
    return replace(free, value=1 - free.value, low=1 - free.high, high=1 - free.low, method=f"1 - {free.method}")


def _middle(values: np.ndarray) -> str:
    return f"{np.median(values):.3g} ({values.min():.3g} to {values.max():.3g})"


def _ratio_table(followed: FollowUp, plan: AnalysisPlan) -> ResultTable:
    (name, first), (other, second) = sorted(
        followed.groups.items(), key=lambda item: -float((followed.causes[item[1]] == 1).mean())
    )
    groups = TwoGroups(
        events=int((followed.causes[first] == 1).sum()),
        total=int(first.sum()),
        reference_events=int((followed.causes[second] == 1).sum()),
        reference_total=int(second.sum()),
    )
    is_common = float((followed.causes == 1).mean()) > COMMON
    ratio, odds = estimate_risk_ratio(groups, level=plan.level), estimate_odds_ratio(groups, level=plan.level)
    return ResultTable(
        key="outcome_ratios",
        title=f"{name} compared with {other}",
        columns=(
            Column(key="measure", title="Measure", style="text"),
            Column(key="estimate", title="Estimate"),
            Column(key="e_value", title="E-value"),
            Column(key="e_value_limit", title="E-value of the limit"),
        ),
        rows=(
            ("Risk ratio", ratio, *e_values(ratio, "rr", is_common=is_common)),
            ("Odds ratio", odds, *e_values(odds, "or", is_common=is_common)),
            ("Risk difference", estimate_risk_difference(groups, level=plan.level), None, None),
        ),
        note="E-value: how strongly a confounder that is not measured would have to be tied to both group and event, "
        "as risk ratios, to explain the ratio; that of the limit is 1 where the interval holds no difference.",
    )


def e_values(ratio: Estimate, measure: Measure, *, is_common: bool) -> Iterator[Cell]:
    """Give the E-value of a ratio and that of its limit; two times None where the ratio has no interval."""
    if not (0 < ratio.value < np.inf and np.isfinite(ratio.high)):
        yield from (None, None)
        return
    found = e_value(ratio.value, ratio.low, ratio.high, measure=measure, is_common=is_common)
    yield found.of_estimate
    yield found.of_limit


def _plot(followed: FollowUp, plan: AnalysisPlan) -> CurvePlot:
    end = float(followed.time.max())
    times = np.arange(0, end + 1e-9, max(1.0, np.ceil(end / 8))) if end >= 2 else np.linspace(0, end, 6)
    curves = tuple(_curve(name, followed, members, plan) for name, members in followed.groups.items())
    top = min(1.0, 1.25 * max(float(np.nanmax(curve.y)) for curve in curves) + 0.02)
    return CurvePlot(
        key="outcomes",
        title="Cumulative incidence of the event" if followed.has_competing else "Share with the event",
        labels=("Years", "Share with event"),
        curves=curves,
        kind="steps",
        limits=((0.0, end), (0.0, top)),
        risk_times=tuple(float(time) for time in times),
        at_risk={
            name: tuple(int(count) for count in numbers_at_risk(followed.time[members], times))
            for name, members in followed.groups.items()
        },
    )


def _curve(name: str, followed: FollowUp, members: np.ndarray, plan: AnalysisPlan) -> Curve:
    """One group's curve: Aalen-Johansen, or one less Kaplan-Meier where nobody had a competing event."""
    time, causes = followed.time[members], followed.causes[members]
    if not (causes == 1).any():
        ends = np.array([0.0, time.max()])
        return Curve(name=name, x=ends, y=np.zeros(2))
    if not followed.has_competing:
        survival = kaplan_meier(time, causes == 1, level=plan.level)
        x, y, low, high = survival.time, 1 - survival.survival, 1 - survival.high, 1 - survival.low
    else:
        found = cumulative_incidence(time, causes, 1, level=plan.level)
        x, y, low, high = found.time, found.incidence, found.low, found.high
    start = (np.concatenate([[0.0], part]) for part in (x, y, np.nan_to_num(low), np.where(np.isnan(high), y, high)))
    x, y, low, high = start
    return Curve(name=name, x=x, y=y, low=np.minimum(low, y), high=np.maximum(high, y))


def _summarise(followed: FollowUp, test: LogRank | None, plan: AnalysisPlan) -> str:
    events, n = int((followed.causes == 1).sum()), len(followed.time)
    competing = int((followed.causes == 2).sum())
    also = f", {competing} a competing event" if competing else ""
    compared = ""
    if test is not None:
        of = ", cause-specific" if competing else ""
        p = "<0.001" if test.p_value < 0.001 else f"{test.p_value:.3f}"
        compared = (
            f" Groups differ with a log-rank p of {p}{of}."
            if test.p_value < 1 - plan.level
            else f" The log-rank test finds no difference between groups (p {p}{of})."
        )
    return (
        f"{events} of {n} had the event{also} in a median of {np.median(followed.time):.3g} years observed.{compared}"
    )


def _methods(followed: FollowUp) -> tuple[str, ...]:
    competing = (
        " Competing events were counted as such: cumulative incidences are those of Aalen and Johansen."
        if followed.has_competing
        else ""
    )
    return (
        "Events were counted by group; risks over time are one less Kaplan and Meier's estimate [kaplan1958] with "
        f"log-log limits, compared by the log-rank test.{competing} With two groups, risk and odds ratios have "
        "intervals on the log scale and E-values [vanderweele2017].",
    )


def _cautions(followed: FollowUp, test: LogRank | None) -> tuple[str, ...]:
    events = int((followed.causes == 1).sum())
    few = [name for name, members in followed.groups.items() if int((followed.causes[members] == 1).sum()) < 5]
    cautions = []
    if test is None and len(followed.groups) > 1:
        cautions.append("No log-rank test: groups were not followed at the same times as events happened.")
    if few:
        cautions.append(f"Groups with fewer than 5 events: {', '.join(few)}.")
    if events < 20:
        cautions.append(f"{events} events in all: every comparison is imprecise, and models with covariates overfit.")
    return tuple(cautions)
