"""Age, sex and ethnicity from a FHIR Patient; nothing else of it is read, and its birth date goes nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from vascal.errors import ImpossibleInputError
from vascal.io.fhir_codes import CHINESE, ETHNICITY_EXTENSION, HISPANIC, RACE_EXTENSION, RACES
from vascal.io.fhir_elements import count_years, read_when
from vascal.risk.profile import Ethnicity, Sex

_SEXES: Mapping[str, Sex] = {"female": "F", "male": "M"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who a patient is, as far as formulas ask.

    Parameters
    ----------
    age_years
        Completed years on the day asked for.
    sex, ethnicity
        As recorded.
    notes
        Why something is not known, or may be another's.
    """

    age_years: float | None
    sex: Sex | None
    ethnicity: Ethnicity | None
    notes: tuple[str, ...]


def read_person(body: Mapping[str, Any], at: date | None) -> Person:
    """Read a checked Patient resource.

    Parameters
    ----------
    body
        As JSON.
    at
        The day on which the age is wanted; None leaves it unknown.

    Raises
    ------
    ImpossibleInputError
        If the patient was born after that day.
    """
    notes: list[str] = []
    died = read_when(body.get("deceasedDateTime"))
    if died is not None and at is not None and died.last_day < at:
        notes.append("the Patient had died before the scan, by the bundle: is it this patient's?")
    return Person(
        age_years=_read_age(body.get("birthDate"), at, notes),
        sex=_read_sex(body.get("gender"), notes),
        ethnicity=_read_ethnicity(body, notes),
        notes=tuple(notes),
    )


def _read_age(birth: str | None, at: date | None, notes: list[str]) -> float | None:
    """Count completed years; of a birth date without its day, only where the day makes no difference."""
    born = read_when(birth)
    if born is None or at is None:
        lacking = "the patient has no birth date" if born is None else "no day was given to count it on"
        notes.append(f"age_years: {lacking}")
        return None
    oldest, youngest = (count_years(day, at) for day in (born.moment.date(), born.last_day))
    if oldest < 0:
        raise ImpossibleInputError("the patient was born after the day asked for; is it the day of the scan?")
    if oldest != youngest:
        notes.append(f"age_years: the birth date is not known to the day; {oldest} or {youngest} years")
        return None
    return float(oldest)


def _read_sex(gender: str | None, notes: list[str]) -> Sex | None:
    sex = _SEXES.get(gender or "")
    if sex is None:
        notes.append("sex: administrative gender is neither female nor male; the formulas need one of the two")
    return sex


def _read_ethnicity(body: Mapping[str, Any], notes: list[str]) -> Ethnicity | None:
    """Read the categories of US Core; Hispanic goes before race, as the cohorts asked."""
    if HISPANIC in set(_codes(body, ETHNICITY_EXTENSION)):
        return "hispanic"
    codes = set(_codes(body, RACE_EXTENSION))
    races = {RACES[code] for code in codes if code in RACES}
    if len(races) > 1:
        notes.append("ethnicity: several races are recorded; left unknown")
        return None
    if CHINESE in codes and races <= {"asian"}:
        return "chinese"
    return next(iter(races), None)


def _codes(body: Mapping[str, Any], url: str) -> Iterator[str]:
    for extension in body.get("extension") or []:
        if extension.get("url") == url:
            for part in extension.get("extension") or []:
                yield (part.get("valueCoding") or {}).get("code") or ""
