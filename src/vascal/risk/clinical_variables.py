"""How each clinical variable is written: as a number with its unit, or as one of a few words.

A number without a unit is taken only where there is just one usual unit. Text
that can not be read is never repeated in a message: it may be somebody's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from vascal.errors import ImpossibleInputError
from vascal.risk.model import TITLES
from vascal.risk.profile import CHOLESTEROL_MG_DL, SPANS, USUAL_CHOLESTEROL_MG_DL
from vascal.risk.quantity import (
    AlbuminCreatinineRatio,
    Cholesterol,
    Creatinine,
    Hba1c,
    Quantity,
    Unit,
    find_likely_units,
    require_possible,
)
from vascal.risk.score2 import SCORE2_REGION_OF_COUNTRY

Value = Quantity | float | int | bool | str

_NUMBER = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*(.*)", re.DOTALL)
_DECIMAL_COMMA = re.compile(r"([+-]?\d+),(\d{1,2})(?![\d.,])")
"""Three digits behind a comma may be thousands."""
_COMMA = re.compile(r"[+-]?\d[\d.]*,\d")
_SECOND_PRESSURE = re.compile(r"/\s*\d")
_SAFE = 1e5
"""No variable is larger; a number beyond it is not repeated, as it may be a patient's."""


class Variable(Protocol):
    """A clinical variable that text can be turned into."""

    @property
    def title(self) -> str:
        """How it is called on the page."""
        ...

    @property
    def examples(self) -> tuple[str, ...]:
        """Ways to write it."""
        ...

    def parse(self, text: str) -> Value:
        """Turn text into its value; raises ImpossibleInputError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A variable that is a number, often with a unit.

    Parameters
    ----------
    title
        For messages.
    units
        By the name people write; the first is canonical. Empty for a number without a unit.
    examples
        Ways to write it.
    kind
        The quantity it becomes; None for a plain number in the canonical unit.
    usual
        What most patients have, canonical unit: tells which unit was meant.
    possible
        What may be true, canonical unit; None where only the profile checks it.
    needs_unit
        Whether a number alone is refused.
    is_whole
        Whether it counts something.
    aliases
        Other ways to write a unit, to its name.
    """

    title: str
    units: Mapping[str, Unit]
    examples: tuple[str, ...]
    kind: type[Quantity] | None = None
    usual: tuple[float, float] = (0.0, 0.0)
    possible: tuple[float, float] | None = None
    needs_unit: bool = False
    is_whole: bool = False
    aliases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def parse(self, text: str) -> Value:
        """Turn a number, with its unit where one is needed, into the value.

        Raises
        ------
        ImpossibleInputError
            If it is not a number, the unit is missing or not known, or nobody alive has such a value.
        """
        number, unit = self._split(text)
        if abs(number) >= _SAFE:
            raise ImpossibleInputError(f"{self.title} can not be so large a number")
        if unit:
            return self.of(number, unit)
        if self.needs_unit:
            raise ImpossibleInputError(self._explain_missing_unit(number))
        return self._plain(number)

    def of(self, number: float, unit: str) -> Value:
        """Turn a number in a unit into the value.

        Raises
        ------
        ImpossibleInputError
            If the unit is not one of this variable, or nobody alive has such a value.
        """
        name = self.find_unit(unit)
        if name is None:
            needed = f"needed: {' or '.join(self.units)}" if self.units else "it has none"
            likely = self._find_likely(number)
            hint = f"; the number looks like {likely}" if likely else ""
            raise ImpossibleInputError(f"{self.title} in a unit that is not known; {needed}{hint}")
        if self.possible is None:
            return self._plain(self.units[name].to_canonical(number))
        canonical = require_possible(
            number, name, title=self.title, units=self.units, possible=self.possible, usual=self.usual
        )
        return canonical if self.kind is None else self.kind(value=canonical)

    def find_unit(self, text: str) -> str | None:
        """Give the name of a unit written in any case, with or without spaces, or by its UCUM code."""
        wanted = _squeeze(text)
        for name, unit in self.units.items():
            if wanted in {_squeeze(name), _squeeze(unit.ucum)}:
                return name
        return next((name for alias, name in self.aliases.items() if wanted == _squeeze(alias)), None)

    def _split(self, text: str) -> tuple[float, str]:
        plain = with_point(text)
        if _COMMA.match(plain):
            raise ImpossibleInputError(
                f"{self.title}: a comma before more than two digits, or beside another mark, may part thousands; "
                "write decimals with a point, and no thousands"
            )
        if plain[:1] in {"<", ">", "≤", "≥"}:
            raise ImpossibleInputError(f"{self.title}: a bound is not a value; leave it out")
        number, unit = split_amount(plain)
        if not number:
            raise ImpossibleInputError(f"{self.title} is not a number; needed: such as {self.examples[0]}")
        if _SECOND_PRESSURE.match(unit):
            raise ImpossibleInputError(f"{self.title}: two numbers; give systolic and diastolic pressure apart")
        return float(number), unit

    def _plain(self, number: float) -> float | int:
        if self.is_whole:
            if number != int(number):
                raise ImpossibleInputError(f"{self.title} of {number:g}; needed: a whole number")
            return int(number)
        return number

    def _explain_missing_unit(self, number: float) -> str:
        likely = self._find_likely(number)
        hint = f". {number:g} looks like {likely}" if likely else ""
        return f"{self.title} of {number:g} without a unit; needed: {' or '.join(self.units)}{hint}"

    def _find_likely(self, number: float) -> str:
        """Name the units that a number looks like; empty if it may be in any, or in none."""
        likely = find_likely_units(number, self.units, self.usual)
        common = sum(not unit.is_rare for unit in self.units.values())
        return " or ".join(likely) if len(likely) < common else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A variable with a few answers.

    Parameters
    ----------
    title
        For messages.
    words
        What may be written, in lower case, and the answer it stands for.
    examples
        Ways to write it.
    """

    title: str
    words: Mapping[str, str | bool]
    examples: tuple[str, ...]

    def parse(self, text: str) -> Value:
        """Turn a word, in any case, into the answer.

        Raises
        ------
        ImpossibleInputError
            If it is not one of the words.
        """
        word = " ".join(text.replace("_", " ").replace("-", " ").lower().split())
        answer = self.words.get(word)
        if answer is None and word == "none" and "no" in self.words:
            raise ImpossibleInputError(f"{self.title}: none may mean no or not known; needed: yes, no or unknown")
        if answer is None:
            raise ImpossibleInputError(
                f"{self.title} is not an answer that is known; needed: {', '.join(self.examples)}"
            )
        return answer


def split_amount(text: str) -> tuple[str, str]:
    """Part a number from the unit behind it; both are empty where text does not begin with a number.

    Examples
    --------
    >>> split_amount("5.4 mmol/L")
    ('5.4', 'mmol/L')
    """
    found = _NUMBER.fullmatch(with_point(text))
    return (found[1], found[2]) if found else ("", "")


def with_point(text: str) -> str:
    """Write a decimal comma as a point, where it can mean nothing else: one, before one or two digits.

    Examples
    --------
    >>> with_point("5,4 mmol/L"), with_point("1,200 mg/g")
    ('5.4 mmol/L', '1,200 mg/g')
    """
    plain = text.strip()
    found = _DECIMAL_COMMA.match(plain)
    return f"{found[1]}.{plain[found.start(2) :]}" if found else plain


def _squeeze(unit: str) -> str:
    """Write a unit so that spaces, case and typography do not matter."""
    plain = "".join(unit.split()).lower().replace("μ", "u").replace("µ", "u")
    return plain.replace("²", "2").replace("³", "3").replace("^", "")


def _measured(name: str, kind: type[Quantity], *examples: str, aliases: Mapping[str, str] | None = None) -> Amount:
    return Amount(
        title=TITLES[name],
        units=kind.units,
        examples=examples,
        kind=kind,
        possible=CHOLESTEROL_MG_DL.get(name, kind.possible),
        usual=USUAL_CHOLESTEROL_MG_DL.get(name, kind.usual),
        needs_unit=True,
        aliases=aliases or {},
    )


def _number(name: str, units: Mapping[str, Unit], *examples: str, aliases: Mapping[str, str] | None = None) -> Amount:
    return Amount(title=TITLES[name], units=units, examples=examples, aliases=aliases or {})


_BOOLEAN: Mapping[str, bool] = {
    "yes": True, "y": True, "true": True, "1": True, "no": False, "n": False, "false": False, "0": False,
}  # fmt: skip


def _yes_or_no(name: str, more: Mapping[str, bool] | None = None, examples: tuple[str, ...] = ()) -> Choice:
    words: dict[str, str | bool] = {**_BOOLEAN, **(more or {})}
    return Choice(title=TITLES[name], words=words, examples=("yes", "no", *examples))


_SMOKES: Mapping[str, bool] = {
    "current": True, "current smoker": True, "smoker": True,
    "ex": False, "ex smoker": False, "former": False, "former smoker": False,
    "never": False, "never smoker": False, "non smoker": False, "nonsmoker": False,
}  # fmt: skip


_PRESSURE_UNITS = {"mmHg": Unit(ucum="mm[Hg]"), "kPa": Unit(ucum="kPa", factor=1 / 0.133322387415)}
"""A mmHg is 133.322387415 Pa (ISO 80000-4)."""

VARIABLES: Mapping[str, Variable] = MappingProxyType({
    "age_years": _number(
        "age_years",
        {SPANS["age_years"].unit: Unit(ucum="a")},
        "61", "61 years",
        aliases={"year": "years", "y": "years", "yr": "years", "yrs": "years"},
    ),
    "sex": Choice(
        title=TITLES["sex"],
        words={"f": "F", "female": "F", "w": "F", "woman": "F", "m": "M", "male": "M", "man": "M"},
        examples=("F", "M"),
    ),
    "ethnicity": Choice(
        title=TITLES["ethnicity"],
        words={
            "white": "white", "caucasian": "white", "black": "black", "african american": "black",
            "hispanic": "hispanic", "latino": "hispanic", "latina": "hispanic",
            "chinese": "chinese", "asian": "asian", "other": "other",
        },
        examples=("white", "black", "hispanic", "chinese", "asian", "other"),
    ),
    "total_cholesterol": _measured("total_cholesterol", Cholesterol, "210 mg/dL", "5.4 mmol/L", "2.1 g/L"),
    "hdl": _measured("hdl", Cholesterol, "50 mg/dL", "1.3 mmol/L", "0.5 g/L"),
    "ldl": _measured("ldl", Cholesterol, "130 mg/dL", "3.4 mmol/L", "1.3 g/L"),
    "systolic_mmhg": _number("systolic_mmhg", _PRESSURE_UNITS, "135", "135 mmHg", "18 kPa"),
    "diastolic_mmhg": _number("diastolic_mmhg", _PRESSURE_UNITS, "80", "80 mmHg", "10.7 kPa"),
    "on_bp_treatment": _yes_or_no("on_bp_treatment"),
    "on_lipid_treatment": _yes_or_no("on_lipid_treatment"),
    "on_aspirin": _yes_or_no("on_aspirin"),
    "has_diabetes": _yes_or_no("has_diabetes"),
    "is_smoker": _yes_or_no("is_smoker", _SMOKES, ("current", "ex", "former", "never")),
    "has_family_history": _yes_or_no("has_family_history"),
    "has_cvd": _yes_or_no("has_cvd"),
    "on_dialysis": _yes_or_no("on_dialysis"),
    "bmi": _number("bmi", {SPANS["bmi"].unit: Unit(ucum="kg/m2")}, "27", "27 kg/m2"),
    "egfr": _number("egfr", {SPANS["egfr"].unit: Unit(ucum="mL/min/{1.73_m2}")}, "85", "85 mL/min/1.73 m2"),
    "creatinine": _measured("creatinine", Creatinine, "1.1 mg/dL", "97 umol/L"),
    "uacr": _measured(
        "uacr", AlbuminCreatinineRatio, "30 mg/g", "3.4 mg/mmol", aliases={"ug/mg": "mg/g", "mcg/mg": "mg/g"}
    ),
    "hba1c": _measured("hba1c", Hba1c, "6.5 %", "48 mmol/mol"),
    "sdi_decile": Amount(title=TITLES["sdi_decile"], units={}, examples=("5",), is_whole=True),
    "score2_region": Choice(
        title=TITLES["score2_region"],
        words={
            **{"low": "low", "moderate": "moderate", "high": "high", "very high": "very-high"},
            **{country.lower(): region for country, region in SCORE2_REGION_OF_COUNTRY.items()},
        },
        examples=("low", "moderate", "high", "very-high", "DE"),
    ),
    "avc_agatston": _number(
        "avc_agatston",
        {SPANS["avc_agatston"].unit: Unit(ucum="{Agatston_U}")},
        "1200",
        aliases={"AU": "Agatston units"},
    ),
    "eat_ml": _number("eat_ml", {SPANS["eat_ml"].unit: Unit(ucum="mL")}, "110", "110 ml", aliases={"cm3": "ml"}),
})  # fmt: skip
"""By field of a `ClinicalProfile`; a test holds the two together."""

BODY: Mapping[str, Amount] = MappingProxyType({
    "height": Amount(
        title="height",
        units={"m": Unit(ucum="m"), "cm": Unit(ucum="cm", factor=0.01), "in": Unit(ucum="[in_i]", factor=0.0254)},
        examples=("1.75 m", "175 cm", "69 in"),
        usual=(1.3, 2.2),
        possible=(1.0, 2.6),
        needs_unit=True,
    ),
    "weight": Amount(
        title="weight",
        units={"kg": Unit(ucum="kg"), "lb": Unit(ucum="[lb_av]", factor=0.45359237), "g": Unit(ucum="g", factor=0.001)},
        examples=("80 kg", "176 lb"),
        usual=(40.0, 200.0),
        possible=(20.0, 650.0),
        needs_unit=True,
        aliases={"lbs": "lb"},
    ),
})  # fmt: skip
"""Two more that can be given in place of the body mass index."""
