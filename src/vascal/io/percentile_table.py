"""A user's percentile table as a CSV file: one row a percentile of one group of peers.

.. code-block:: text

    reference,sex,ethnicity,age_low,age_high,percentile,agatston
    My cohort 2020,F,,45,54,50,0
    My cohort 2020,F,,45,54,75,4

Sex is F or M; ethnicity is one of `vascal.risk.profile.Ethnicity`, or empty for any; ages are whole
years, both included. Comma, semicolon or tab; UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast, get_args

from vascal.errors import TableError
from vascal.io.evaluation_table import Table, read_table
from vascal.risk.percentile import AgeBand
from vascal.risk.percentile_table import SHOWN, PercentileRow, PercentileTable, build_percentile_table
from vascal.risk.profile import Ethnicity, Sex

COLUMNS = ("reference", "sex", "ethnicity", "age_low", "age_high", "percentile", "agatston")
NUMBERS = ("percentile", "agatston")
_YEARS = re.compile(r"[0-9]{1,3}")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+|,[0-9]{1,2})?")
"""A comma before three digits may mean thousands: it is refused."""


def read_percentile_table(path: Path) -> PercentileTable:
    """Read a user's percentile table.

    Parameters
    ----------
    path
        CSV file as above; further columns are left alone.

    Raises
    ------
    TableError
        If it can not be read, lacks a column, or holds what can not be; names the lines.
    """
    table = read_table(path)
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise TableError(f"{table.name} has no column {', '.join(missing)}; needed: {', '.join(COLUMNS)}")
    lines = list(zip(_cells_of(table), table.lines, strict=True))
    faults = [f"line {line}: {', '.join(wrong)}" for cells, line in lines if (wrong := _find_wrong_cells(cells))]
    if faults:
        more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise TableError(f"{table.name}: {'; '.join(faults[:SHOWN])}{more}")
    return build_percentile_table((_row_of(cells, line) for cells, line in lines), table.name)


def _cells_of(table: Table) -> list[dict[str, str]]:
    columns = [table.column(name) for name in COLUMNS]
    return [dict(zip(COLUMNS, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _row_of(cells: Mapping[str, str], line: int) -> PercentileRow:
    """Turn a line whose cells are right into a row."""
    return PercentileRow(
        reference=cells["reference"],
        sex=cast("Sex", cells["sex"].upper()),
        ethnicity=cast("Ethnicity", cells["ethnicity"].lower()) if cells["ethnicity"] else None,
        band=AgeBand(low=int(cells["age_low"]), high=int(cells["age_high"])),
        percentile=_number(cells["percentile"]),
        agatston=_number(cells["agatston"]),
        line=line,
    )


def _find_wrong_cells(cells: Mapping[str, str]) -> list[str]:
    known = get_args(Ethnicity)
    rules = (
        ("sex", cells["sex"].upper() in get_args(Sex), "F or M"),
        ("ethnicity", cells["ethnicity"].lower() in {"", *known}, f"{', '.join(known)}, or empty"),
        *((name, bool(_YEARS.fullmatch(cells[name])), "whole years") for name in ("age_low", "age_high")),
        *((name, bool(_NUMBER.fullmatch(cells[name])), "a number, without thousands") for name in NUMBERS),
    )
    return [f"{name} is {cells[name]!r}; needed: {needed}" for name, is_right, needed in rules if not is_right]


def _number(cell: str) -> float:
    """Read a decimal number, with a point or a comma."""
    return float(cell.replace(",", "."))
