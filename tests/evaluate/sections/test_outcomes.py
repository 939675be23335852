"""Outcomes: every cell is what the function under it gives, and what does not exist is left empty."""

import math

import numpy as np
import pytest

from tests.evaluate.cohorts import simulate_outcome_cohort
from vascal.errors import EvaluationError
from vascal.evaluate.cohort import Cohort
from vascal.evaluate.competing_risks import cumulative_incidence, incidence_at
from vascal.evaluate.e_value import TwoGroups, e_value, estimate_odds_ratio, estimate_risk_difference
from vascal.evaluate.estimate import Estimate
from vascal.evaluate.proportion import wilson
from vascal.evaluate.result import Cell, CurvePlot, ResultTable, Section
from vascal.evaluate.sections.outcomes import evaluate_outcomes, follow_up
from vascal.evaluate.survival import kaplan_meier, log_rank, numbers_at_risk, survival_at
from vascal.evaluation import make_plan

FOLLOWED = {"time": "years", "event": "event"}
BY_DIALYSIS = make_plan("cac", {**FOLLOWED, "group": "dialysis", "horizon_years": 4.0})


def make(time: object, event: object, scores: object = None, **columns: object) -> Cohort:
    years = np.asarray(time, dtype=float)
    values = np.arange(len(years), dtype=float) if scores is None else np.asarray(scores, dtype=float)
    held = {"years": years, "event": np.asarray(event, dtype=float)}
    return Cohort(
        predicted=values,
        reference=values,
        columns={**held, **{name: np.asarray(column) for name, column in columns.items()}},
    )


def two_groups(events: int, total: int, other_events: int, other_total: int) -> Cohort:
    """All followed for 2 years but those with the event, who had it spread over the first."""
    flags = np.concatenate([np.arange(total) < events, np.arange(other_total) < other_events])
    time = np.where(flags, np.linspace(0.1, 1, len(flags)), 2.0)
    return make(time, flags, group=np.array(["exposed"] * total + ["reference"] * other_total))


def table(section: Section, key: str) -> ResultTable:
    return next(found for found in section.tables if found.key == key)


def cells(found: ResultTable, column: str) -> list[Cell]:
    place = [one.key for one in found.columns].index(column)
    return [row[place] for row in found.rows]


def plot(section: Section) -> CurvePlot:
    (found,) = section.plots
    assert isinstance(found, CurvePlot)
    return found


def test_groups_are_counted_and_their_risks_are_those_of_aalen_and_johansen() -> None:
    cohort = simulate_outcome_cohort()
    section = evaluate_outcomes(cohort, BY_DIALYSIS)
    found = table(section, "outcome_groups")
    years, event = cohort.columns["years"], cohort.columns["event"].astype(np.int64)
    assert cells(found, "group") == ["dialysis 0", "dialysis 1"]
    for row, members in enumerate(cohort.columns["dialysis"] == code for code in (0, 1)):
        events, n = int(np.sum(event[members] == 1)), int(members.sum())
        assert cells(found, "n")[row] == n
        assert cells(found, "events")[row] == events
        assert cells(found, "competing")[row] == int(np.sum(event[members] == 2))
        assert cells(found, "share")[row] == wilson(events, n)
        curve = cumulative_incidence(years[members], event[members], 1)
        assert cells(found, "incidence")[row] == incidence_at(curve, 4.0)
        assert cells(found, "follow_up")[row] == np.median(years[members])
    assert "Risk at 4 years" in [column.title for column in found.columns]
    assert "competing events as such" in found.note
    assert "Aalen and Johansen" in section.methods[0]
    assert plot(section).title == "Cumulative incidence of the event"


def test_without_competing_events_risk_and_curve_are_one_less_kaplan_meier() -> None:
    cohort = simulate_outcome_cohort(competing=False)
    section = evaluate_outcomes(cohort, BY_DIALYSIS)
    members = cohort.columns["dialysis"] == 1
    curve = kaplan_meier(cohort.columns["years"][members], cohort.columns["event"][members] == 1)
    risk = cells(table(section, "outcome_groups"), "incidence")[1]
    free = survival_at(curve, 4.0)
    assert isinstance(risk, Estimate)
    assert (risk.value, risk.low, risk.high) == (1 - free.value, 1 - free.high, 1 - free.low)
    drawn = plot(section).curves[1]
    at = np.searchsorted(drawn.x, 4.0, side="right") - 1
    assert drawn.low is not None
    assert drawn.high is not None
    assert (drawn.y[at], drawn.low[at], drawn.high[at]) == (risk.value, risk.low, risk.high)
    assert (drawn.x[0], drawn.y[0]) == (0, 0)
    assert plot(section).title == "Share with the event"
    assert "Johansen" not in section.methods[0]


def test_the_sentence_quotes_the_log_rank_test() -> None:
    cohort = simulate_outcome_cohort()
    years, is_event = cohort.columns["years"], cohort.columns["event"] == 1
    p = log_rank(years, is_event, cohort.columns["dialysis"]).p_value
    text = evaluate_outcomes(cohort, BY_DIALYSIS).text
    assert text.endswith(f"The log-rank test finds no difference between groups (p {p:.3f}, cause-specific).")
    bold = make_plan("cac", {**FOLLOWED, "group": "dialysis", "level": 0.8})
    assert evaluate_outcomes(cohort, bold).text.endswith(f"Groups differ with a log-rank p of {p:.3f}, cause-specific.")
    assert (
        f"{int(is_event.sum())} of 300 had the event, {int(np.sum(cohort.columns['event'] == 2))} a competing" in text
    )
    same = np.tile([1.0, 2, 3, 4, 5], 12)
    alike = make(same, np.ones(60), group=np.repeat(["a", "b"], 30))
    text = evaluate_outcomes(alike, make_plan("other", {**FOLLOWED, "group": "group"})).text
    assert text.endswith("The log-rank test finds no difference between groups (p 1.000).")
    assert "competing" not in text
    far = evaluate_outcomes(two_groups(90, 100, 5, 100), make_plan("other", {**FOLLOWED, "group": "group"}))
    assert "log-rank p of <0.001" in far.text


def test_fifteen_of_100_against_7_of_100_is_a_risk_ratio_of_2_14_and_an_e_value_of_3_71() -> None:
    section = evaluate_outcomes(two_groups(15, 100, 7, 100), make_plan("other", {**FOLLOWED, "group": "group"}))
    found = table(section, "outcome_ratios")
    ratio, odds, difference = cells(found, "estimate")
    assert isinstance(ratio, Estimate)
    assert round(ratio.value, 2) == 2.14
    assert [round(float(str(cell)), 2) for cell in cells(found, "e_value")[:1]] == [3.71]
    assert cells(found, "e_value_limit")[0] == 1.0  # the interval holds 1
    groups = TwoGroups(events=15, total=100, reference_events=7, reference_total=100)
    assert odds == estimate_odds_ratio(groups)
    assert difference == estimate_risk_difference(groups)
    assert cells(found, "e_value")[2] is None
    assert found.title == "group exposed compared with group reference"


def test_the_group_with_more_events_is_compared_with_the_other_whatever_their_names() -> None:
    section = evaluate_outcomes(two_groups(7, 100, 15, 100), make_plan("other", {**FOLLOWED, "group": "group"}))
    assert table(section, "outcome_ratios").title == "group reference compared with group exposed"
    ratio = cells(table(section, "outcome_ratios"), "estimate")[0]
    assert isinstance(ratio, Estimate)
    assert round(ratio.value, 2) == 2.14


@pytest.mark.parametrize(("events", "other", "is_common"), [(20, 11, True), (20, 10, False)])
def test_odds_of_common_outcomes_are_converted_before_their_e_value(events: int, other: int, is_common: bool) -> None:
    section = evaluate_outcomes(two_groups(events, 100, other, 100), make_plan("other", {**FOLLOWED, "group": "group"}))
    groups = TwoGroups(events=events, total=100, reference_events=other, reference_total=100)
    odds = estimate_odds_ratio(groups)
    expected = e_value(odds.value, odds.low, odds.high, measure="or", is_common=is_common)
    found = table(section, "outcome_ratios")
    assert cells(found, "e_value")[1] == expected.of_estimate
    assert cells(found, "e_value_limit")[1] == expected.of_limit


def test_a_group_without_events_has_no_ratio_no_e_value_and_a_risk_of_zero() -> None:
    section = evaluate_outcomes(two_groups(12, 40, 0, 40), make_plan("other", {**FOLLOWED, "group": "group"}))
    found = table(section, "outcome_ratios")
    ratio = cells(found, "estimate")[0]
    assert isinstance(ratio, Estimate)
    assert ratio.value == math.inf
    assert math.isnan(ratio.high)
    assert cells(found, "e_value") == [None, None, None]
    assert cells(table(section, "outcome_groups"), "incidence")[1] == 0.0
    flat = plot(section).curves[1]
    assert flat.x.tolist() == [0, 2]
    assert flat.y.tolist() == [0, 0]
    assert flat.low is None
    assert "Groups with fewer than 5 events: group reference." in section.cautions
    assert "12 events in all: every comparison is imprecise, and models with covariates overfit." in section.cautions


def test_everybody_with_the_event_has_a_ratio_without_interval() -> None:
    section = evaluate_outcomes(two_groups(20, 20, 20, 20), make_plan("other", {**FOLLOWED, "group": "group"}))
    assert cells(table(section, "outcome_ratios"), "e_value") == [None, None, None]
    drawn = plot(section).curves[0]
    assert drawn.y[-1] == 1
    assert drawn.low is not None
    assert drawn.high is not None
    assert np.isfinite(drawn.low).all()
    assert np.isfinite(drawn.high).all()


def test_one_group_is_described_and_not_compared() -> None:
    alone = make([1.0, 2, 3, 4], [1, 1, 0, 2], group=np.array(["all"] * 4))
    section = evaluate_outcomes(alone, make_plan("other", {**FOLLOWED, "group": "group"}))
    assert [found.key for found in section.tables] == ["outcome_groups"]
    assert section.text == "2 of 4 had the event, 1 a competing event in a median of 2.5 years observed."
    assert not any("log-rank" in caution for caution in section.cautions)


def test_groups_never_at_risk_together_have_no_test_and_a_caution() -> None:
    apart = make([1.0, 1, 1, 2, 3, 4], [0, 0, 0, 1, 1, 0], group=np.array(list("aaabbb")))
    section = evaluate_outcomes(apart, make_plan("other", {**FOLLOWED, "group": "group"}))
    assert section.cautions[0].startswith("No log-rank test")
    assert "log-rank" not in section.text


def test_groups_are_categories_or_halves_of_the_score_unless_named() -> None:
    cohort = simulate_outcome_cohort()
    names = list(follow_up(cohort, make_plan("cac", FOLLOWED)).groups)
    assert names == ["0", "1-10", "11-100", "101-400", ">400"]
    few = cohort.only((cohort.predicted == 0) | (cohort.predicted > 400))
    assert list(follow_up(few, make_plan("cac", FOLLOWED)).groups) == ["0", ">400"]
    halves = follow_up(cohort, make_plan("other", FOLLOWED)).groups
    assert [int(members.sum()) for members in halves.values()] == [150, 150]
    assert np.stack(list(halves.values())).sum(axis=0).tolist() == [1] * 300


def test_a_score_that_never_varies_makes_one_group() -> None:
    cohort = make([1.0, 2, 3, 4], [1, 0, 1, 0], scores=np.full(4, 7.0))
    section = evaluate_outcomes(cohort, make_plan("other", FOLLOWED))
    assert cells(table(section, "outcome_groups"), "group") == ["score up to its median"]
    assert cells(table(section, "outcome_groups"), "score") == ["7 (7 to 7)"]


def test_numbered_groups_are_in_their_order_and_missing_ones_are_a_group() -> None:
    stage = np.array([10.0, 2, 2, 10, np.nan, 1])
    cohort = make([1.0, 2, 3, 4, 5, 6], [1, 0, 1, 0, 1, 0], stage=stage)
    groups = follow_up(cohort, make_plan("other", {**FOLLOWED, "group": "stage"})).groups
    assert list(groups) == ["stage 1", "stage 2", "stage 10", "stage not stated"]


def test_more_groups_than_can_be_told_apart_are_refused() -> None:
    cohort = make(np.arange(1.0, 14), np.ones(13), age=np.arange(13.0))
    with pytest.raises(EvaluationError, match="column age makes 13 groups; at most 12"):
        evaluate_outcomes(cohort, make_plan("other", {**FOLLOWED, "group": "age"}))


@pytest.mark.parametrize(
    ("time", "event", "message"),
    [
        ([1.0, 2, 3], [0, 1, 3], "column event must be 0"),
        ([1.0, 2, 3], [0, 1, 0.5], "column event must be 0"),
        ([1.0, 2, 3], [0, 1, math.nan], "column event must be 0"),
        ([1.0, 2, 3], [0, 2, 0], "nobody had the event"),
        ([0.0, 0, 0], [0, 1, 0], "nobody was followed"),
    ],
)
def test_codes_and_times_that_say_nothing_are_refused(time: list[float], event: list[float], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        follow_up(make(time, event), make_plan("other", FOLLOWED))


def test_the_horizon_is_the_median_follow_up_unless_planned() -> None:
    cohort = make([1.0, 2, 9], [1, 0, 1])
    assert follow_up(cohort, make_plan("other", FOLLOWED)).horizon_years == 2
    assert follow_up(cohort, make_plan("other", {**FOLLOWED, "horizon_years": 5.0})).horizon_years == 5


def test_numbers_at_risk_are_those_of_each_group_at_whole_times() -> None:
    cohort = simulate_outcome_cohort()
    drawn = plot(evaluate_outcomes(cohort, BY_DIALYSIS))
    assert drawn.risk_times == tuple(float(year) for year in range(8))
    members = cohort.columns["dialysis"] == 0
    expected = numbers_at_risk(cohort.columns["years"][members], np.array(drawn.risk_times))
    assert drawn.at_risk["dialysis 0"] == tuple(expected.tolist())
    short = plot(evaluate_outcomes(make([0.5, 1, 1.5], [1, 0, 1]), make_plan("other", FOLLOWED)))
    assert short.risk_times == pytest.approx((0, 0.3, 0.6, 0.9, 1.2, 1.5))


def test_bands_hold_their_curves_and_stay_within_zero_and_one() -> None:
    for competing in (True, False):
        drawn = plot(evaluate_outcomes(simulate_outcome_cohort(competing=competing), make_plan("cac", FOLLOWED)))
        with_band = [curve for curve in drawn.curves if curve.low is not None]
        assert len(with_band) == 4  # nobody of 1-10 had the event
        for curve in with_band:
            assert curve.low is not None
            assert curve.high is not None
            assert ((curve.low >= 0) & (curve.low <= curve.y) & (curve.y <= curve.high) & (curve.high <= 1)).all()
            assert (np.diff(curve.y) >= 0).all()


def test_the_log_rank_test_stands_in_a_table_of_its_own() -> None:
    cohort = simulate_outcome_cohort()
    found = table(evaluate_outcomes(cohort, BY_DIALYSIS), "log_rank")
    expected = log_rank(cohort.columns["years"], cohort.columns["event"] == 1, cohort.columns["dialysis"])
    assert found.rows == ((2, expected.statistic, expected.freedom, expected.p_value),)
    assert "cause-specific" in found.note


def test_days_are_not_taken_for_years() -> None:
    cohort = simulate_outcome_cohort()
    cohort.columns["years"][:] *= 365.25
    with pytest.raises(EvaluationError, match=r"must hold years; .* divide days by 365"):
        evaluate_outcomes(cohort, BY_DIALYSIS)
