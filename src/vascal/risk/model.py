"""What every published risk formula says of itself, and what it answers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Literal

from vascal.errors import MissingInputError, OutOfRangeError
from vascal.risk.profile import SPANS, ClinicalProfile, number_of
from vascal.risk.quantity import Quantity

Outcome = Literal["chd", "ascvd", "cvd", "hf", "stroke"]

TITLES = {
    **{name: span.title for name, span in SPANS.items()},
    "sex": "sex",
    "ethnicity": "ethnicity",
    "total_cholesterol": "total cholesterol",
    "hdl": "HDL cholesterol",
    "ldl": "LDL cholesterol",
    "on_bp_treatment": "blood pressure treatment",
    "on_lipid_treatment": "lipid-lowering treatment",
    "on_aspirin": "aspirin",
    "has_diabetes": "diabetes",
    "is_smoker": "current smoking",
    "has_family_history": "family history of heart attack",
    "has_cvd": "known cardiovascular disease",
    "on_dialysis": "dialysis",
    "creatinine": "creatinine",
    "uacr": "urine albumin-creatinine ratio",
    "hba1c": "HbA1c",
    "score2_region": "SCORE2 risk region",
}
"""How variables of a `ClinicalProfile` are called on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskModel:
    """One published formula.

    Parameters
    ----------
    name
        Stable short name with the year, such as ``mesa-chd-cac-2015``.
    title
        For people.
    outcome, horizon_years
        What is foretold, and over how many years.
    needs
        Variables of a `ClinicalProfile` without which there is no answer.
    ranges
        Lowest and highest value for which it was made, canonical units, both included; ages in whole years.
    source
        Paper with DOI.
    """

    name: str
    title: str
    outcome: Outcome
    horizon_years: int
    needs: tuple[str, ...]
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=lambda: MappingProxyType({}))
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskEstimate:
    """An answer of a formula.

    Parameters
    ----------
    model
        The formula.
    probability
        Of the outcome within the horizon, 0 to 1, unrounded.
    notes
        What a reader should know: assumptions, inputs held at an edge.
    """

    model: RiskModel
    probability: float
    notes: tuple[str, ...] = ()


def require_inputs(profile: ClinicalProfile, model: RiskModel) -> None:
    """Refuse a patient for whom a formula was not made.

    Raises
    ------
    MissingInputError
        Naming every variable that it needs and that is not known.
    OutOfRangeError
        Naming what was found and the range, or known cardiovascular disease: these formulas are for people without.
    """
    if profile.has_cvd:
        raise OutOfRangeError(f"{model.title} is for people without known cardiovascular disease")
    missing = [TITLES[name] for name in model.needs if getattr(profile, name) is None]
    if missing:
        raise MissingInputError(f"{model.title} also needs {', '.join(missing)}")
    for name, (low, high) in model.ranges.items():
        value = number_of(profile, name)
        # Someone of 79.9 years is 79 to every table.
        compared = math.floor(value) if value is not None and name == "age_years" else value
        if value is not None and compared is not None and not low <= compared <= high:
            unit = f" {unit_of(name)}" if unit_of(name) else ""
            message = f"{TITLES[name]} of {value:g}{unit}; {model.title} is for {low:g} to {high:g}{unit}"
            raise OutOfRangeError(message)


_TYPES: Mapping[str, str] = {f.name: str(f.type).split(" |", maxsplit=1)[0] for f in fields(ClinicalProfile)}


def unit_of(name: str) -> str:
    """Name the canonical unit of a variable; empty if it has none."""
    if name in SPANS:
        return SPANS[name].unit
    kinds = {kind.__name__: kind for kind in Quantity.__subclasses__()}
    kind = kinds.get(_TYPES[name])
    return "" if kind is None else next(iter(kind.units))
