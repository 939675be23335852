"""Measurements, smoking and wearables from FHIR observations: the newest final one of each, in a unit that fits.

Observations that can not count are noted; one that counts and contradicts
itself (a unit that its code does not have) is refused.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from statistics import fmean
from typing import Any

from vascal.errors import ImpossibleInputError
from vascal.io.fhir_bundle import Resource
from vascal.io.fhir_codes import (
    LOINC,
    MEASURES,
    PANELS,
    RACE_SPECIFIC,
    SMOKING_ANSWERS,
    SMOKING_STATUS,
    UCUM,
    WEARABLES,
    Measure,
)
from vascal.io.fhir_elements import Coding, Fact, When, count_years, join_says, read_codings, read_time_of
from vascal.risk.clinical_text import INPUTS
from vascal.risk.clinical_variables import Amount, Value
from vascal.risk.quantity import Quantity

FINAL = frozenset({"final", "amended", "corrected"})
SAME = 0.02
"""Share by which two values of one moment may differ and still be one, rounded or in another unit."""
OLD_YEARS, TOO_OLD_YEARS = 2, 10
"""Completed years before the scan from which a value is noted, and from which it is not used; a judgement, as no
formula says how old its variables may be."""

_MEASURES = {measure.code: measure for measure in (*MEASURES, *WEARABLES)}
_AMOUNTS = {name: variable for name, variable in INPUTS.items() if isinstance(variable, Amount)}
_KNOWN = frozenset({*_MEASURES, *RACE_SPECIFIC, SMOKING_STATUS})
_RANK = {measure.code: -rank for rank, measure in enumerate(MEASURES)}
_WEARABLE = frozenset(measure.variable for measure in WEARABLES)
_ANNOTATION = re.compile(r"\{[^{}]*\}")
_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What the observations of a bundle tell.

    Parameters
    ----------
    facts
        One a variable.
    wearables
        Means over everything that counts, by name.
    unknown
        Codes that mean nothing here, each with the entry that has it.
    notes
        What was left out, and why.
    problems
        Why values that count can not be used.
    """

    facts: tuple[Fact, ...]
    wearables: Mapping[str, float]
    unknown: tuple[tuple[int, Coding], ...]
    notes: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Statement:
    """An observation, or a component of one, with one of the codes that are known."""

    place: str
    entry: int
    code: str
    variable: str
    status: str
    when: When | None
    body: Mapping[str, Any]

    @property
    def order(self) -> tuple[datetime, int]:
        """Later goes before earlier; of one moment, the preferred code before the others."""
        return (self.when.moment if self.when else _EARLIEST, _RANK.get(self.code, 0))


def read_observations(resources: Iterable[Resource], at: date | None) -> Observed:
    """Read measurements from observations.

    Parameters
    ----------
    resources
        Observations.
    at
        The last day that counts; None for all days.
    """
    known, unknown = _sort_out(resources)
    left_out: Counter[str] = Counter()
    groups: dict[str, list[_Statement]] = defaultdict(list)
    for statement in known:
        reason = _reason_to_skip(statement, at)
        if reason:
            left_out[f"{statement.variable}: {reason}"] += 1
        else:
            groups[statement.variable].append(statement)
    facts, notes, problems = _choose_each({name: found for name, found in groups.items() if name not in _WEARABLE}, at)
    wearables, worn = _average_each({name: found for name, found in groups.items() if name in _WEARABLE})
    counted = [f"{reason} ({times} left out)" for reason, times in sorted(left_out.items())]
    return Observed(
        facts=facts, wearables=wearables, unknown=unknown, notes=(*counted, *notes), problems=(*problems, *worn)
    )


def _sort_out(resources: Iterable[Resource]) -> tuple[list[_Statement], tuple[tuple[int, Coding], ...]]:
    """Part statements with a known code from codes that are not known."""
    known: list[_Statement] = []
    unknown: list[tuple[int, Coding]] = []
    for resource in resources:
        for codings, body in _parts(resource.body):
            codes = [coding.code for coding in codings if coding.system == LOINC]
            meant = [code for code in codes if code in _KNOWN]
            if meant:
                known.append(_state(resource, _choose_code(meant, body), body))
            elif not PANELS & set(codes):
                unknown += [(resource.entry, coding) for coding in codings]
    return known, tuple(unknown)


def _choose_code(codes: Sequence[str], body: Mapping[str, Any]) -> str:
    """Of several codes of one value, such as by mass and by moles, take the one that its unit fits."""
    unit = (body.get("valueQuantity") or {}).get("code") or ""
    return next((code for code in codes if code in _MEASURES and unit in _MEASURES[code].units), codes[0])


def _parts(body: Mapping[str, Any]) -> Iterator[tuple[tuple[Coding, ...], Mapping[str, Any]]]:
    """Give the codes and values of an observation, and of each of its components."""
    components = body.get("component") or []
    if not components or any(key.startswith("value") for key in body):
        yield read_codings(body["code"]), body
    for component in components:
        yield read_codings(component["code"]), component


def _state(resource: Resource, code: str, body: Mapping[str, Any]) -> _Statement:
    whole = resource.body
    variable = _MEASURES[code].variable if code in _MEASURES else ("is_smoker" if code == SMOKING_STATUS else "egfr")
    return _Statement(
        place=f"{resource.place}, LOINC {code}",
        entry=resource.entry,
        code=code,
        variable=variable,
        status="of another than the patient" if whole.get("focus") else whole.get("status") or "without a status",
        when=read_time_of(whole, "effective"),
        body=body,
    )


def _reason_to_skip(statement: _Statement, at: date | None) -> str:
    """Say why a statement does not count; empty if it does."""
    if statement.status not in FINAL:
        return statement.status if statement.status in _STATUSES else "status is not final"
    if at is not None and statement.when is None:
        return "without a date"
    if at is not None and statement.when is not None and statement.when.last_day > at:
        return "not surely on or before the date asked for"
    if statement.code in RACE_SPECIFIC:
        return "by a formula that asks for race"
    if statement.variable in _WEARABLE and _years_before(statement, at) >= TOO_OLD_YEARS:
        return f"{TOO_OLD_YEARS} years before the scan or more"
    return "" if statement.code == SMOKING_STATUS else _reason_without_number(statement.body.get("valueQuantity") or {})


_STATUSES = frozenset({
    "registered", "preliminary", "cancelled", "entered-in-error", "unknown", "without a status",
    "of another than the patient",
})  # fmt: skip
"""What may be repeated in a note."""


def _reason_without_number(quantity: Mapping[str, Any]) -> str:
    if quantity.get("value") is None:
        return "without a number"
    if quantity.get("comparator"):
        return "a bound rather than a value"
    if quantity.get("system") != UCUM or not quantity.get("code"):
        return "without a UCUM code of its unit"
    return ""


def _years_before(statement: _Statement, at: date | None) -> int:
    return count_years(statement.when.last_day, at) if statement.when and at else 0


def _describe_age(variable: str, years: int) -> str:
    verb = "recorded" if variable == "is_smoker" else "measured"
    return f"{INPUTS[variable].title} was {verb} {years} years before the scan"


def _choose_each(
    groups: Mapping[str, Sequence[_Statement]], at: date | None
) -> tuple[tuple[Fact, ...], list[str], list[str]]:
    facts: list[Fact] = []
    notes: list[str] = []
    problems: list[str] = []
    for variable, statements in groups.items():
        order = max(statement.order for statement in statements)
        newest = [statement for statement in statements if statement.order == order]
        years = _years_before(newest[0], at)
        if years >= TOO_OLD_YEARS:
            notes.append(f"{_describe_age(variable, years)}; left out, as it is {TOO_OLD_YEARS} years old or more")
            continue
        try:
            fact, doubt = _choose(variable, newest)
        except ImpossibleInputError as error:
            problems.append(str(error))
            continue
        facts += [fact] if fact else []
        is_old = years >= OLD_YEARS and variable != "height"
        notes += [doubt] if doubt else [_describe_age(variable, years)] if is_old else []
    return tuple(facts), notes, problems


def _choose(variable: str, newest: Sequence[_Statement]) -> tuple[Fact | None, str]:
    """Join the values of one moment; if they do not agree or do not tell, say so."""
    found = [_read_value(statement) for statement in newest]
    values = [fact.value for fact in found if fact is not None]
    if len(values) < len(found):
        return None, f"{variable}: the newest answer does not tell"
    if not _is_one(values):
        return None, f"{variable}: {len(values)} values of one moment that differ; left unknown"
    return found[0], ""


def _is_one(values: Sequence[Value]) -> bool:
    numbers = [_as_number(value) for value in values]
    return all(math.isclose(number, numbers[0], rel_tol=SAME) for number in numbers)


def _as_number(value: Value) -> float:
    return value.value if isinstance(value, Quantity) else float(value)


def _read_value(statement: _Statement) -> Fact | None:
    """Read what counts; None if the patient's answer tells nothing."""
    value = _read_smoking(statement) if statement.code == SMOKING_STATUS else _read_number(statement)
    if value is None:
        return None
    day = statement.when.day if statement.when else None
    coding = Coding(system=LOINC, code=statement.code)
    return Fact(variable=statement.variable, value=value, coding=coding, entry=statement.entry, day=day)


def _read_smoking(statement: _Statement) -> bool | None:
    codings = read_codings(statement.body.get("valueCodeableConcept"))
    return join_says(SMOKING_ANSWERS.get((c.system, c.code), {}) for c in codings).get("is_smoker")


def _read_number(statement: _Statement) -> Value:
    measure = _MEASURES[statement.code]
    unit = _find_unit(statement, measure)
    number = _number_of(statement)
    try:
        return _AMOUNTS[measure.variable].of(number, unit)
    except ImpossibleInputError as error:
        raise ImpossibleInputError(f"{statement.place}: {error}") from error


def _number_of(statement: _Statement) -> float:
    try:
        return float(statement.body["valueQuantity"]["value"])
    except OverflowError:
        raise ImpossibleInputError(f"{statement.place}: the number is too large to be true") from None


def _find_unit(statement: _Statement, measure: Measure) -> str:
    """Look a UCUM code up among those of a measure; annotations such as {creat} mean nothing in UCUM."""
    code = statement.body["valueQuantity"]["code"]
    unit = measure.units.get(code) or measure.units.get(_ANNOTATION.sub("", code))
    if unit is not None:
        return unit
    for other in _MEASURES.values():
        if other.variable == measure.variable and code in other.units:
            hint = f"; {code} is the unit of LOINC {other.code}: is the code or the unit wrong?"
            break
    else:
        hint = ""
    needed = " or ".join(measure.units)
    raise ImpossibleInputError(f"{statement.place}: {measure.variable} in another unit than {needed}{hint}")


def _average_each(groups: Mapping[str, Sequence[_Statement]]) -> tuple[dict[str, float], list[str]]:
    """Average what wearables measured."""
    means: dict[str, float] = {}
    problems: list[str] = []
    for variable, statements in groups.items():
        numbers = []
        for statement in statements:
            try:
                numbers.append(_read_worn(statement))
            except ImpossibleInputError as error:
                problems.append(str(error))
        if numbers:
            means[variable] = fmean(numbers)
    return means, problems


def _read_worn(statement: _Statement) -> float:
    number = _number_of(statement) / float(_find_unit(statement, _MEASURES[statement.code]))
    if number < 0:
        raise ImpossibleInputError(f"{statement.place}: {statement.variable} of {number:g}; needed: 0 or more")
    return number
