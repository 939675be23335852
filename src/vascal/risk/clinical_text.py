"""Clinical variables as people write them, read into a profile with every problem named at once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vascal.errors import ImpossibleInputError
from vascal.risk.clinical_variables import BODY, VARIABLES, Value, Variable
from vascal.risk.model import TITLES
from vascal.risk.profile import ClinicalProfile

INPUTS: Mapping[str, Variable] = {**VARIABLES, **BODY}
"""Everything that can be given, by name: fields of a profile, height and weight."""
UNKNOWN = frozenset({"", "unknown", "na", "n/a", "nan", "null", "-", "\N{EN DASH}", "\N{EM DASH}"})
"""Ways to say that a variable is not known; never that something is absent."""
SAME_BMI = 1.0
"""kg/m2 by which a body mass index may lie off that of height and weight, for rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a value can not be used.

    Parameters
    ----------
    variable
        Its name; empty where values contradict each other.
    message
        What was found and what is needed.
    """

    variable: str
    message: str

    def __str__(self) -> str:
        """Write it as one line, with what people call the variable and its name here."""
        if not self.variable:
            return self.message
        title = TITLES.get(self.variable, self.variable)
        called = title if title.lower().replace(" ", "_") == self.variable else f"{title} ({self.variable})"
        if self.message.startswith(title):
            return called + self.message.removeprefix(title)
        return f"{called}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileReading:
    """What text came to.

    Parameters
    ----------
    profile
        Of the values that could be used.
    problems
        With the others.
    """

    profile: ClinicalProfile
    problems: tuple[Problem, ...]


def parse_profile(values: Mapping[str, str], base: ClinicalProfile | None = None) -> ClinicalProfile:
    """Read a profile from text by variable.

    Parameters
    ----------
    values
        By name of a `ClinicalProfile`'s field, ``height`` or ``weight``: ``{"hdl": "1.3 mmol/L"}``. Words such
        as "unknown" and empty text leave a variable unknown.
    base
        What is known from elsewhere; `values` go before it.

    Raises
    ------
    ImpossibleInputError
        With every problem, one a line.

    Examples
    --------
    >>> profile = parse_profile({"age_years": "61", "total_cholesterol": "5.4 mmol/L", "is_smoker": "no"})
    >>> round(profile.total_cholesterol.mg_dl), profile.is_smoker
    (209, False)
    """
    reading = read_profile(values, base)
    if reading.problems:
        raise ImpossibleInputError("\n".join(map(str, reading.problems)))
    return reading.profile


def read_profile(values: Mapping[str, str], base: ClinicalProfile | None = None) -> ProfileReading:
    """Read what can be read, and list what can not.

    Parameters
    ----------
    values, base
        As for `parse_profile`.
    """
    known, problems = _parse_each({name: text for name, text in values.items() if text.strip().lower() not in UNKNOWN})
    problems += _add_bmi(known)
    base = base or ClinicalProfile()
    joined: dict[str, Any] = {name: getattr(base, name) for name in base.known()} | known
    try:
        return ProfileReading(profile=ClinicalProfile(**joined), problems=tuple(problems))
    except ImpossibleInputError as error:
        return ProfileReading(profile=base, problems=(*problems, Problem(variable="", message=str(error))))


def find_nearest(name: str) -> str:
    """Suggest the variable that a name may have meant; empty if none is near.

    Examples
    --------
    >>> find_nearest("total_cholestrol")
    'total_cholesterol'
    """
    return next(iter(difflib.get_close_matches(name.lower(), INPUTS, n=1)), "")


def _parse_each(values: Mapping[str, str]) -> tuple[dict[str, Value], list[Problem]]:
    known: dict[str, Value] = {}
    problems = []
    for name, text in values.items():
        try:
            known[name] = _parse_one(name, text)
        except ImpossibleInputError as error:
            problems.append(Problem(variable=name, message=str(error)))
    return known, problems


def _parse_one(name: str, text: str) -> Value:
    """Parse a value, and let a profile of nothing else check it."""
    if name not in INPUTS:
        nearest = find_nearest(name)
        raise ImpossibleInputError("no such variable" + (f"; did you mean {nearest}?" if nearest else ""))
    value = INPUTS[name].parse(text)
    if name in VARIABLES:
        alone: dict[str, Any] = {name: value}
        ClinicalProfile(**alone)
    return value


def _add_bmi(known: dict[str, Value]) -> list[Problem]:
    """Turn height and weight into a body mass index; one without the other is no use."""
    height, weight, stated = known.pop("height", None), known.pop("weight", None), known.get("bmi")
    if height is None and weight is None:
        return []
    if not isinstance(height, float) or not isinstance(weight, float):
        given, lacking = ("height", "weight") if weight is None else ("weight", "height")
        return [Problem(variable=given, message=f"needs a {lacking} beside it, for the body mass index")]
    bmi = weight / height**2
    if isinstance(stated, float) and abs(stated - bmi) > SAME_BMI:
        message = f"body mass index of {stated:g} kg/m2, but height and weight give {bmi:.1f}"
        return [Problem(variable="bmi", message=message)]
    known.setdefault("bmi", bmi)
    return []
