"""Dates and ages, moved or coarsened.

Whole days only: times of day and time zones stay. A value that is no date is None, and goes.

References
----------
DICOM PS3.5 6.2 (DA, DT, AS).
"""

from __future__ import annotations

import re
from datetime import date, timedelta

OLDEST_YEARS = 90
"""Ages above 89 years single people out (45 CFR 164.514(b)(2)(i)(C))."""
_DA = re.compile(r"(\d{4})(\d{2})(\d{2})|(\d{4})\.(\d{2})\.(\d{2})")
_DT = re.compile(r"(\d{4})(\d{2})?(\d{2})?(\d{0,6}(?:\.\d{1,6})?)([+-]\d{4})?")
_TM = re.compile(r"\d{2}(:?\d{2}(:?\d{2}(\.\d{1,6})?)?)?")
_AS = re.compile(r"(\d{3})([DWMY])")
_IN_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}


def shift_value(vr: str, text: str, days_back: int) -> str | None:
    """Shift one value of a date, a date with time, or a time; None if it is not one.

    >>> shift_value("DA", "20200301", 1)
    '20200229'
    >>> shift_value("DT", "20200301120000.5+0100", 366)
    '20190301120000.5+0100'
    """
    text = text.strip(" \0")
    if vr == "TM":
        return text if _TM.fullmatch(text) else None
    return _shift_date(text, days_back) if vr == "DA" else _shift_datetime(text, days_back)


def _shift_date(text: str, days_back: int) -> str | None:
    found = _DA.fullmatch(text)
    if found is None:
        return None
    moved = _move(*(int(one) for one in found.groups() if one is not None), days_back=days_back)
    return None if moved is None else f"{moved.year:04d}{moved.month:02d}{moved.day:02d}"


def _shift_datetime(text: str, days_back: int) -> str | None:
    """Shift at the precision that is given: a year or month alone counts from its first day."""
    found = _DT.fullmatch(text)
    if found is None or (found[4] and found[3] is None):
        return None
    moved = _move(int(found[1]), int(found[2] or 1), int(found[3] or 1), days_back=days_back)
    if moved is None:
        return None
    digits = 8 if found[3] else 6 if found[2] else 4
    return f"{moved.year:04d}{moved.month:02d}{moved.day:02d}"[:digits] + (found[4] or "") + (found[5] or "")


def _move(year: int, month: int, day: int, *, days_back: int) -> date | None:
    try:
        return date(year, month, day) - timedelta(days=days_back)
    except (ValueError, OverflowError):
        return None


def limit_age(text: str) -> str | None:
    """Keep an age, from 90 years on as ``090Y``; None if it is not one.

    >>> limit_age("089Y"), limit_age("094Y"), limit_age("006M")
    ('089Y', '090Y', '006M')
    """
    found = _AS.fullmatch(text.strip(" \0"))
    if found is None:
        return None
    years = int(found[1]) * _IN_YEARS[found[2]]
    return f"{OLDEST_YEARS:03d}Y" if years >= OLDEST_YEARS else found[0]
