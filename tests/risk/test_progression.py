"""A change of the score is told from what two scans of an unchanged patient differ by."""

from __future__ import annotations

import math
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.calcium.categories import limit_of_repeat
from vascal.errors import ImpossibleInputError, MissingInputError
from vascal.risk.progression import (
    Change,
    ScanTotal,
    assess_change,
    assess_progression,
    limit_by_chance,
    volume_limit_of_repeat,
)

START = date(2020, 1, 31)
scores = st.floats(0, 5000)


def change(first: float, second: float, years: float = 4.0, bmi: float | None = 28.0, volume: float = 0.8) -> Change:
    one = ScanTotal(on=START, agatston=first, volume_mm3=volume * first, bmi=bmi)
    two = ScanTotal(on=START + timedelta(days=round(365.25 * years)), agatston=second, volume_mm3=volume * second)
    return assess_change(one, two)


def answer(found: Change, rule: str) -> tuple[float, float, str]:
    (one,) = (one for one in found.answers if one.rule == rule)
    return one.value, one.limit, one.direction


def require_answer(found: Change, rule: str, value: float, limit: float, direction: str) -> None:
    assert answer(found, rule)[:2] == pytest.approx((value, limit))
    assert answer(found, rule)[2] == direction


def test_a_change_is_put_in_units_and_percent_a_year() -> None:
    found = change(100, 180)
    assert found.years == 4.0
    assert (found.agatston, found.agatston_per_year, found.percent_per_year) == (80.0, 20.0, 20.0)
    assert found.compound_percent_per_year == pytest.approx(100 * (1.8**0.25 - 1))
    assert found.volume_mm3_per_year == pytest.approx(16.0)


@pytest.mark.parametrize(("first", "limit"), [(10.0, 18.64), (100.0, 67.38), (400.0, 167.28), (1000.0, 326.12)])
def test_the_limit_is_that_of_mesa_at_the_earlier_score(first: float, limit: float) -> None:
    found = change(first, first + 1000)
    assert found.limit == pytest.approx(limit, abs=0.006)
    assert answer(found, "mesa-agatston")[1] == found.limit


def test_a_change_must_exceed_the_limit_in_either_direction() -> None:
    limit = limit_of_repeat(400.0, 28.0).agatston
    assert change(400, 400 + limit).direction == "none"
    assert change(400, 400 + limit + 0.01).direction == "increase"
    assert change(400, 400 - limit + 0.01).direction == "none"
    assert change(400, 400 - limit - 0.01).direction == "decrease"


def test_volume_has_its_own_limit() -> None:
    # 0.16 * 400 + 4.30 * 20 + 0.23 * 25 - 5 = 150.75
    assert volume_limit_of_repeat(400.0, 25.0) == pytest.approx(150.75)
    assert volume_limit_of_repeat(0.0, 18.0) == 0.0
    found = change(500, 690, bmi=25.0)
    require_answer(found, "mesa-volume", 152.0, 150.75, "increase")
    assert found.direction == "none"  # 190 against 194.5


@pytest.mark.parametrize(
    ("score", "direction", "incident"), [(0.0, "none", False), (11.6, "none", True), (11.7, "increase", True)]
)
def test_after_no_calcium_a_score_must_exceed_eleven_point_six(score: float, direction: str, incident: bool) -> None:
    found = change(0, score)
    assert (found.direction, found.is_incident, found.limit) == (direction, incident, 11.6)
    assert found.percent_per_year is None
    assert found.compound_percent_per_year is None
    assert {one.rule for one in found.answers} == {
        "sevrukov-zero", "sevrukov-volume", "root-volume", "root-agatston",
    }  # fmt: skip
    assert answer(found, "sevrukov-volume")[1] == 9.5


def test_the_limits_of_sevrukov_grow_with_the_root_of_the_earlier_score() -> None:
    found = change(100, 160, volume=1.0)
    require_answer(found, "sevrukov-agatston", 60.0, 49.30, "increase")
    require_answer(found, "sevrukov-volume", 60.0, 34.45, "increase")
    assert found.direction == "none"  # MESA asks for 67


def test_square_roots_must_differ_by_two_and_a_half() -> None:
    found = change(100, 12.5**2, volume=1.0)
    assert answer(found, "root-volume") == (2.5, 2.5, "increase")
    assert answer(found, "root-agatston") == (2.5, 2.5, "increase")
    assert answer(change(100, 156.0, volume=1.0), "root-volume")[2] == "none"
    assert answer(change(156.25, 100, volume=1.0), "root-volume")[2] == "decrease"


def test_more_than_fifteen_percent_a_year_is_named() -> None:
    assert answer(change(100, 160), "percent") == (15.0, 15.0, "none")
    assert answer(change(100, 161), "percent")[2] == "increase"
    assert answer(change(100, 10), "percent")[2] == "none"


def test_calcium_that_is_gone_has_no_compound_rate() -> None:
    found = change(30, 0)
    assert found.compound_percent_per_year is None
    assert found.direction == "none"  # the limit at 30 is over 30
    assert not found.is_incident


@pytest.mark.parametrize(("score", "bmi"), [(0.5, 28.0), (1.0, 28.0), (3.7, 28.0), (5.0, 24.0)])
def test_the_limit_after_little_calcium_is_not_below_that_after_none(score: float, bmi: float) -> None:
    # 0.17 * 3.7 + 4.89 * sqrt(3.7) + 0.44 * 28 - 10.84 = 11.5
    assert limit_of_repeat(score, bmi).agatston < 11.6
    assert limit_by_chance(score, bmi) == 11.6
    found = change(score, score + 11.59, bmi=bmi)
    assert (found.limit, found.direction, found.answers[0].rule) == (11.6, "none", "sevrukov-zero")
    assert found.answers[1].rule == "mesa-agatston"
    assert change(score, score + 11.7, bmi=bmi).direction == "increase"


def test_from_four_units_on_mesa_decides() -> None:
    # 0.17 * 4 + 4.89 * 2 + 0.44 * 28 - 10.84 = 11.94
    found = change(4.0, 10.0)
    assert found.limit == pytest.approx(11.94)
    assert found.answers[0].rule == "mesa-agatston"
    assert "sevrukov-zero" not in {one.rule for one in found.answers}


@given(scores, scores, st.floats(15, 60))
def test_the_limit_never_falls_as_the_score_rises(one: float, two: float, bmi: float) -> None:
    low, high = sorted((one, two))
    assert limit_by_chance(low, bmi) <= limit_by_chance(high, bmi)


@pytest.mark.parametrize(("days", "is_short"), [(1, True), (179, True), (180, False)])
def test_nothing_is_put_per_year_over_a_short_time(days: int, is_short: bool) -> None:
    one = ScanTotal(on=START, agatston=261.0, volume_mm3=200.0)
    two = ScanTotal(on=START + timedelta(days=days), agatston=392.0, volume_mm3=300.0)
    found = assess_change(one, two)
    rates = (
        found.agatston_per_year,
        found.volume_mm3_per_year,
        found.percent_per_year,
        found.compound_percent_per_year,
    )
    assert [rate is None for rate in rates] == [is_short] * 4
    assert (found.is_short, found.direction) == (is_short, "increase")
    assert ("percent" in {one.rule for one in found.answers}) != is_short


def test_growth_too_fast_for_a_number_is_left_out() -> None:
    one = ScanTotal(on=START, agatston=1e-300, volume_mm3=1.0)
    two = ScanTotal(on=START + timedelta(days=180), agatston=1e3, volume_mm3=1.0)
    assert assess_change(one, two).compound_percent_per_year is None


def test_the_body_mass_index_of_either_scan_is_used_and_28_said_to_be_assumed() -> None:
    days = [START, START + timedelta(days=400)]
    first, second = (ScanTotal(on=day, agatston=50.0, volume_mm3=40.0) for day in days)
    assert (assess_change(first, second).bmi, assess_change(first, second).bmi_is_assumed) == (28.0, True)
    weighed = ScanTotal(on=days[1], agatston=50.0, volume_mm3=40.0, bmi=33.0)
    assert (assess_change(first, weighed).bmi, assess_change(first, weighed).bmi_is_assumed) == (33.0, False)


def test_chance_around_a_single_score_is_known_too() -> None:
    assert limit_by_chance(0.0, 40.0) == 11.6
    assert limit_by_chance(100.0) == pytest.approx(67.38, abs=0.006)
    assert limit_by_chance(100.0, 38.0) == pytest.approx(67.38 + 4.4, abs=0.006)


def test_a_series_is_compared_step_by_step_and_from_end_to_end() -> None:
    totals = [
        ScanTotal(on=START + timedelta(days=365 * i), agatston=a, volume_mm3=a) for i, a in enumerate((50, 90, 200))
    ]
    found = assess_progression(totals)
    assert [step.agatston for step in found.steps] == [40, 110]
    assert found.overall.agatston == 150
    assert found.overall.direction == "increase"
    assert found.hidden_steps == ()


def test_changes_that_first_and_last_scan_hide_are_known() -> None:
    def directions(*scores: float) -> list[str]:
        totals = [ScanTotal(on=START + timedelta(days=700 * i), agatston=a, volume_mm3=a) for i, a in enumerate(scores)]
        return [step.direction for step in assess_progression(totals).hidden_steps]

    assert directions(100, 400, 150) == ["increase", "decrease"]
    assert directions(100, 400, 200) == ["decrease"]
    assert directions(100, 110, 400) == []
    assert directions(0, 200, 5) == ["increase", "decrease"]


@pytest.mark.parametrize("days", [0, -1])
def test_scans_of_one_day_or_in_the_wrong_order_are_refused(days: int) -> None:
    one = ScanTotal(on=START, agatston=1.0, volume_mm3=1.0)
    with pytest.raises(ImpossibleInputError, match="scans of different days"):
        assess_change(one, ScanTotal(on=START + timedelta(days=days), agatston=1.0, volume_mm3=1.0))


def test_one_scan_is_no_series() -> None:
    with pytest.raises(MissingInputError, match="two scans or more; found 1"):
        assess_progression([ScanTotal(on=START, agatston=1.0, volume_mm3=1.0)])


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_a_total_that_can_not_be_is_refused(bad: float) -> None:
    with pytest.raises(ImpossibleInputError, match="Agatston score"):
        ScanTotal(on=START, agatston=bad, volume_mm3=1.0)
    with pytest.raises(ImpossibleInputError, match="volume"):
        ScanTotal(on=START, agatston=1.0, volume_mm3=bad)


@given(scores, scores, scores)
def test_a_larger_second_score_never_turns_an_increase_into_none(first: float, second: float, third: float) -> None:
    low, high = sorted((second, third))
    order = ["decrease", "none", "increase"]
    assert order.index(change(first, low).direction) <= order.index(change(first, high).direction)


@given(scores, st.floats(0.1, 20))
def test_an_unchanged_score_is_no_change_by_any_rule(score: float, years: float) -> None:
    assert {one.direction for one in change(score, score, years).answers} == {"none"}
