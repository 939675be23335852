"""Whole days back, at the precision given."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.io.deid.dates import limit_age, shift_value

DAYS = st.integers(1, 3652)


@given(st.dates(date(1930, 1, 1)), st.dates(date(1930, 1, 1)), DAYS)
def test_intervals_between_dates_stay(first: date, second: date, days: int) -> None:
    moved = [shift_value("DA", f"{one:%Y%m%d}", days) for one in (first, second)]
    days_of = [datetime.strptime(text or "", "%Y%m%d").date() for text in moved]  # noqa: DTZ007
    assert days_of[1] - days_of[0] == second - first
    assert days_of[0] == first - timedelta(days=days)


@pytest.mark.parametrize(
    ("vr", "text", "days", "expected"),
    [
        ("DA", "20240301", 1, "20240229"),
        ("DA", "20230301", 1, "20230228"),
        ("DA", "2024.03.01", 1, "20240229"),
        ("DA", "20240101", 366, "20221231"),
        ("DA", " 20240301 ", 1, "20240229"),
        ("DT", "20240301", 1, "20240229"),
        ("DT", "20240301235959.123456-0500", 1, "20240229235959.123456-0500"),
        ("DT", "202403", 1, "202402"),
        ("DT", "2024", 1, "2023"),
        ("TM", "101112.5", 99, "101112.5"),
        ("TM", "10:11:12", 99, "10:11:12"),
    ],
)
def test_dates_move_by_hand_arithmetic(vr: str, text: str, days: int, expected: str) -> None:
    assert shift_value(vr, text, days) == expected


@pytest.mark.parametrize(
    ("vr", "text"),
    [
        ("DA", "20241301"), ("DA", "20230229"), ("DA", "unknown"), ("DA", "20240101-20240201"), ("DA", "00010101"),
        ("DA", ""), ("DT", "20240301Miller"), ("DT", "20241"), ("TM", "Miller"), ("TM", "1"),
    ],
)  # fmt: skip
def test_what_is_no_date_is_none(vr: str, text: str) -> None:
    assert shift_value(vr, text, 30) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("089Y", "089Y"), ("090Y", "090Y"), ("091Y", "090Y"), ("104Y", "090Y"), ("999M", "999M"), ("006M", "006M"),
        ("010D", "010D"), ("064", None), ("Anna", None), ("", None),
    ],
)  # fmt: skip
def test_ages_above_89_years_are_one_class(text: str, expected: str | None) -> None:
    assert limit_age(text) == expected
