"""Laboratory quantities that carry their unit, so that mg/dL never meets mmol/L.

A number whose unit does not fit it is refused, and where the same number would be
usual in another unit the message says so: that is the likely cause.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, TypeVar

from vascal.errors import ImpossibleInputError

AnyQuantity = TypeVar("AnyQuantity", bound="Quantity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A linear unit: canonical = value * `factor` + `offset`. `ucum` is its code in UCUM.

    One that `is_rare` is read where it is written, and never thought to have been meant.
    """

    ucum: str
    factor: float = 1.0
    offset: float = 0.0
    is_rare: bool = False

    def to_canonical(self, value: float) -> float:
        """Convert to the canonical unit."""
        return value * self.factor + self.offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A measured amount in the canonical unit of its kind; make one with `of`.

    Parameters
    ----------
    value
        In the first of `units`.

    Raises
    ------
    ImpossibleInputError
        If nobody alive has such a value.
    """

    value: float

    title: ClassVar[str] = "quantity"
    units: ClassVar[Mapping[str, Unit]] = MappingProxyType({})
    """By the name people write; the first is canonical."""
    possible: ClassVar[tuple[float, float]] = (0.0, math.inf)
    """What may be seen in a living adult, canonical unit."""
    usual: ClassVar[tuple[float, float]] = (0.0, math.inf)
    """What most patients have, canonical unit: tells which unit was meant."""

    def __post_init__(self) -> None:
        self._require(self.value, next(iter(self.units)))

    @classmethod
    def of(cls: type[AnyQuantity], value: float, unit: str) -> AnyQuantity:
        """Make a quantity from a number in a unit, by its usual name or UCUM code.

        Raises
        ------
        ImpossibleInputError
            If the unit is not one of this quantity, or nobody alive has such a value.
        """
        found = find_unit(cls.units, unit)
        if found is None:
            raise ImpossibleInputError(f"{cls.title} in {unit!r}; needed: {' or '.join(cls.units)}")
        return cls(value=cls._require(value, found[0]))

    @classmethod
    def _require(cls, value: float, unit: str) -> float:
        return require_possible(value, unit, title=cls.title, units=cls.units, possible=cls.possible, usual=cls.usual)


def require_possible(
    value: float,
    unit: str,
    *,
    title: str,
    units: Mapping[str, Unit],
    possible: tuple[float, float],
    usual: tuple[float, float],
) -> float:
    """Convert a number to the canonical unit, or refuse it and name the unit that was likely meant.

    Parameters
    ----------
    value, unit
        The number, and the name of its unit in `units`.
    title
        For the message.
    units
        By name; the first is canonical.
    possible, usual
        Lowest and highest value of a living adult, and of most patients; canonical unit.

    Raises
    ------
    ImpossibleInputError
        If nobody alive has such a value.
    """
    scale, (low, high) = units[unit], possible
    canonical = scale.to_canonical(value)
    if math.isfinite(value) and low <= canonical <= high:
        return canonical
    least, most = ((edge - scale.offset) / scale.factor for edge in possible)
    message = f"{title} of {value:g} {unit}; needed: {_show(least)} to {_show(most)} {unit}"
    likely = [name for name in find_likely_units(value, units, usual) if name != unit]
    hint = f". {value:g} {' or '.join(likely)} would be usual: is the unit wrong?" if likely else ""
    raise ImpossibleInputError(message + hint)


def find_likely_units(value: float, units: Mapping[str, Unit], usual: tuple[float, float]) -> tuple[str, ...]:
    """Name the units in which a number would be a usual value."""
    low, high = usual
    return tuple(name for name, unit in units.items() if not unit.is_rare and low <= unit.to_canonical(value) <= high)


def _show(edge: float) -> str:
    """Write a number with four digits, and without a power of ten."""
    return f"{float(f'{edge:.4g}'):g}"


def find_unit(units: Mapping[str, Unit], text: str) -> tuple[str, Unit] | None:
    """Find a unit by the name people write, in any case, or by its UCUM code; None if it is not there."""
    plain = text.strip().replace("μ", "u").replace("µ", "u")
    for name, unit in units.items():
        if plain == unit.ucum or plain.lower() == name.lower():
            return name, unit
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cholesterol(Quantity):
    """Total, HDL or LDL cholesterol; canonical mg/dL.

    Examples
    --------
    >>> round(Cholesterol.of(5.0, "mmol/L").mg_dl, 1), round(Cholesterol.of(200, "mg/dL").mmol_l, 3)
    (193.3, 5.172)
    """

    title: ClassVar[str] = "cholesterol"
    units: ClassVar[Mapping[str, Unit]] = MappingProxyType(
        {
            "mg/dL": Unit(ucum="mg/dL"),
            "mmol/L": Unit(ucum="mmol/L", factor=1 / 0.02586),
            "g/L": Unit(ucum="g/L", factor=100.0),
            "mg/L": Unit(ucum="mg/L", factor=0.1, is_rare=True),
        }
    )
    possible: ClassVar[tuple[float, float]] = (5.0, 1000.0)
    usual: ClassVar[tuple[float, float]] = (20.0, 400.0)

    @property
    def mg_dl(self) -> float:
        """In mg/dL."""
        return self.value

    @property
    def mmol_l(self) -> float:
        """In mmol/L, by the factor 0.02586 of PREVENT and SCORE2."""
        return self.value * 0.02586


@dataclass(frozen=True, slots=True, kw_only=True)
class Hba1c(Quantity):
    """Glycated haemoglobin; canonical NGSP %.

    The IFCC's mmol/mol are 10.93 * % - 23.5 (Weykamp et al., Clin Chem 2008;54:240-248,
    doi:10.1373/clinchem.2007.097402: NGSP = 0.09148 IFCC + 2.152).
    """

    title: ClassVar[str] = "HbA1c"
    units: ClassVar[Mapping[str, Unit]] = MappingProxyType(
        {"%": Unit(ucum="%"), "mmol/mol": Unit(ucum="mmol/mol", factor=0.09148, offset=2.152)}
    )
    possible: ClassVar[tuple[float, float]] = (4.0, 20.0)
    """From 20 mmol/mol: fewer are a share in % with the wrong unit."""
    usual: ClassVar[tuple[float, float]] = (4.0, 18.0)

    @property
    def percent(self) -> float:
        """In %, NGSP."""
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Creatinine(Quantity):
    """Creatinine in serum; canonical mg/dL (88.4 umol/L)."""

    title: ClassVar[str] = "creatinine"
    units: ClassVar[Mapping[str, Unit]] = MappingProxyType(
        {"mg/dL": Unit(ucum="mg/dL"), "umol/L": Unit(ucum="umol/L", factor=1 / 88.4)}
    )
    possible: ClassVar[tuple[float, float]] = (0.1, 30.0)
    usual: ClassVar[tuple[float, float]] = (0.4, 5.0)

    @property
    def mg_dl(self) -> float:
        """In mg/dL."""
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbuminCreatinineRatio(Quantity):
    """Albumin to creatinine in urine; canonical mg/g (1 mg/mmol is 8.84 mg/g)."""

    title: ClassVar[str] = "albumin-creatinine ratio"
    units: ClassVar[Mapping[str, Unit]] = MappingProxyType(
        {"mg/g": Unit(ucum="mg/g"), "mg/mmol": Unit(ucum="mg/mmol", factor=8.84)}
    )
    possible: ClassVar[tuple[float, float]] = (0.0, 25000.0)
    usual: ClassVar[tuple[float, float]] = (1.0, 5000.0)

    @property
    def mg_g(self) -> float:
        """In mg/g."""
        return self.value
