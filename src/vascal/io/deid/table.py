"""What PS3.15 says of each attribute: Table E.1-1 of Annex E, as data.

Rows of the 2024b edition hold all columns. Rows that 2026c added hold the basic profile only: their options were
not at hand, so no option keeps them.

Source: DICOM PS3.15 annex E, Table E.1-1. Rows of 2024b as in dicom-curate (MIT), basic actions of both editions
checked against dicom-anonymizer (BSD); both were made from the published standard.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

EDITION = "2026c"
"""Of the basic profile; options are those of 2024b."""
OPTIONS = (
    "safe_private", "uids", "device", "institution", "patient", "full_dates", "modified_dates",
    "descriptors", "structured", "graphics",
)  # fmt: skip
"""Columns behind the basic profile, in the order of the standard."""
PRIVATE, CURVES, OVERLAYS = "private", "50xxxxxx", "60xx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of Table E.1-1.

    Parameters
    ----------
    tag
        Eight hexadecimal digits, x for any digit, or ``private``.
    name
        Attribute Name.
    basic
        Action of the basic profile: D, Z, X, K, C, U or several, as the standard writes them.
    options
        K or C by the name of an option; options that do not change the action are absent.
    """

    tag: str
    name: str
    basic: str
    options: Mapping[str, str]


@cache
def read_table() -> Mapping[str, Row]:
    """Give every row by its tag."""
    text = files("vascal.io.deid").joinpath("ps3.15-table-e1-1.csv").read_text(encoding="utf-8")
    return MappingProxyType({row["tag"]: _row(row) for row in csv.DictReader(text.splitlines())})


def _row(cells: Mapping[str, str]) -> Row:
    given = {name: cells[name] for name in OPTIONS if cells[name]}
    return Row(tag=cells["tag"], name=cells["name"], basic=cells["basic"], options=MappingProxyType(given))


@cache
def row_of(tag: int) -> Row | None:
    """Give the row that an attribute falls under; None if the table does not name it."""
    group = tag >> 16
    if group % 2:
        return read_table()[PRIVATE]
    if group & 0xFF00 == 0x5000:
        return read_table()[CURVES]
    if group & 0xFF00 == 0x6000:
        return read_table().get(f"{OVERLAYS}{tag & 0xFFFF:04X}")
    return read_table().get(f"{tag:08X}")
