"""Coefficients of the PREVENT equations: supplemental table S12, panels A to J.

``prevent_coefficients.csv`` keeps the table as it is printed: a row is a term, a column an outcome of one
sex, and a blank a term that the equation does not have. Left out are only the rows for a missing variable
in the panels of one added variable: those panels are for patients of whom it is known.
Source: Khan et al., Circulation 2024;149:430-449, doi:10.1161/CIRCULATIONAHA.123.067626, table S12.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

from vascal.risk.model import Outcome
from vascal.risk.profile import Sex

Variant = Literal["base", "uacr", "hba1c", "sdi", "full"]
Horizon = Literal[10, 30]

PANELS: Mapping[tuple[Variant, Horizon], str] = MappingProxyType(
    {
        ("base", 10): "A",
        ("uacr", 10): "B",
        ("hba1c", 10): "C",
        ("sdi", 10): "D",
        ("full", 10): "E",
        ("base", 30): "F",
        ("uacr", 30): "G",
        ("hba1c", 30): "H",
        ("sdi", 30): "I",
        ("full", 30): "J",
    }
)
"""Of table S12, by the added variable and the years foretold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A coefficient, and the variables whose product it weighs; the constant weighs none."""

    variables: tuple[str, ...]
    coefficient: float


def read_equation(variant: Variant, horizon_years: Horizon, outcome: Outcome, sex: Sex) -> tuple[Term, ...]:
    """Give one equation: its log odds are the sum of the terms.

    Parameters
    ----------
    variant
        Which variables are added to the base equation.
    horizon_years, outcome, sex
        As in the table.

    Returns
    -------
    tuple of Term
        In the table's order.

    References
    ----------
    Khan et al., Circulation 2024;149:430-449, doi:10.1161/CIRCULATIONAHA.123.067626, table S12.

    Examples
    --------
    >>> read_equation("base", 10, "ascvd", "F")[-1]
    Term(variables=(), coefficient=-3.819975)
    """
    return _read_table()[PANELS[variant, horizon_years], f"{outcome}_{sex}"]


@cache
def _read_table() -> Mapping[tuple[str, str], tuple[Term, ...]]:
    """Read all equations, by panel and column."""
    text = (files("vascal.risk") / "prevent_coefficients.csv").read_text(encoding="utf-8")
    equations: dict[tuple[str, str], tuple[Term, ...]] = {}
    for row in csv.DictReader(text.splitlines()):
        panel, name = row.pop("panel"), row.pop("term")
        variables = () if name == "constant" else tuple(name.split("_x_"))
        for column, number in row.items():
            if number:
                term = Term(variables=variables, coefficient=float(number))
                equations[panel, column] = (*equations.get((panel, column), ()), term)
    return MappingProxyType(equations)
