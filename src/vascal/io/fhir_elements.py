"""Small parts that FHIR resources share: codes, and moments that may be as vague as a year."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from vascal.io.fhir_codes import CODE_SHAPES, Says
from vascal.risk.clinical_variables import Value

_LEAP_SECOND = re.compile(r":60(?=[.Z+-]|$)")
"""Which FHIR has and Python has not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """A code and the system that defines it."""

    system: str
    code: str

    def __str__(self) -> str:
        """Write it as FHIR does in a search: ``system|code``."""
        return f"{self.system}|{self.code}"

    @property
    def is_public(self) -> bool:
        """Whether it is of a system that is known and looks like its codes, so that it may be repeated."""
        shape = CODE_SHAPES.get(self.system)
        return shape is not None and shape.fullmatch(self.code) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A moment, as exactly as it is known.

    Parameters
    ----------
    moment
        The first it may be; of a day without a time its beginning, taken as UTC.
    last_day
        The last day that it may be, where it was recorded.
    """

    moment: datetime
    last_day: date

    @property
    def day(self) -> date | None:
        """The day, if it is known to the day."""
        return self.last_day if self.moment.date() == self.last_day else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A value, and where it is from.

    Parameters
    ----------
    variable
        Field of a `ClinicalProfile`, or ``height`` or ``weight``.
    value
        In the variable's own form.
    coding
        By which it was told.
    entry
        Its place in the bundle, from 0.
    day
        When it was measured or began; None if not told, or not to the day.
    """

    variable: str
    value: Value
    coding: Coding
    entry: int
    day: date | None


def read_codings(concept: Mapping[str, Any] | None) -> tuple[Coding, ...]:
    """List the codes of a CodeableConcept; text is never used."""
    codings = (concept or {}).get("coding") or []
    return tuple(Coding(system=c.get("system") or "", code=c["code"].strip()) for c in codings if c.get("code"))


def name_codings(found: Iterable[tuple[int, Coding]]) -> tuple[str, ...]:
    """Name codes by themselves if they are public, else by the first entry that has them; each once, sorted."""
    first: dict[Coding, int] = {}
    for entry, coding in found:
        first.setdefault(coding, entry)
    entries = {entry for coding, entry in first.items() if not coding.is_public}
    local = tuple(f"a local code, entry[{entry}]" for entry in sorted(entries))
    return (*sorted(str(coding) for coding in first if coding.is_public), *local)


def read_when(text: str | None) -> When | None:
    """Read a FHIR date or dateTime: a year, a month, a day or a moment.

    Examples
    --------
    >>> read_when("2021").last_day
    datetime.date(2021, 12, 31)
    """
    if not text:
        return None
    if "T" in text:
        moment = datetime.fromisoformat(_LEAP_SECOND.sub(":59", text))
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return When(moment=aware, last_day=moment.date())
    parts = [int(part) for part in text.split("-")]
    first = date(*[*parts, 1, 1][:3])
    return When(moment=datetime(first.year, first.month, first.day, tzinfo=UTC), last_day=_last_day(first, len(parts)))


def _last_day(first: date, parts: int) -> date:
    """Give the last day of the year or month that begins with a day, or the day itself."""
    if parts == 3:
        return first
    if parts == 1:
        return date(first.year, 12, 31)
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def read_time_of(body: Mapping[str, Any], name: str) -> When | None:
    """Read when something was, from ``nameDateTime``, ``nameInstant`` or the end, else the start, of ``namePeriod``."""
    period = body.get(f"{name}Period") or {}
    text = body.get(f"{name}DateTime") or body.get(f"{name}Instant") or period.get("end") or period.get("start")
    return read_when(text)


def count_years(first: date, last: date) -> int:
    """Count completed years between two days."""
    return last.year - first.year - ((last.month, last.day) < (first.month, first.day))


def join_says(several: Iterable[Says]) -> dict[str, bool | None]:
    """Join what codes say: a yes goes before an undecided."""
    joined: dict[str, bool | None] = {}
    for says in several:
        for variable, answer in says.items():
            joined[variable] = answer if answer is not None else joined.get(variable)
    return joined


def find_by_prefix(table: Mapping[str, Says], code: str) -> Says | None:
    """Find the longest prefix of a code in a tree of codes; dots and marks do not matter.

    Examples
    --------
    >>> find_by_prefix({"I25": {"has_cvd": True}, "I25.84": {"has_cvd": None}}, "I2584")
    {'has_cvd': None}
    """
    plain = _squeeze(code)
    found = [prefix for prefix in table if plain.startswith(_squeeze(prefix))]
    return table[max(found, key=len)] if found else None


def _squeeze(code: str) -> str:
    return "".join(letter for letter in code.upper() if letter.isalnum())
