"""Clinical variables of many patients from one CSV table, every fault named by line and column.

.. code-block:: text

    study,      age_years, sex, total_cholesterol [mmol/L], hdl,        is_smoker
    1.2.840...,        61,   F,                        5.4, 1.3 mmol/L,        no

A row's key may be a patient's number, so no message repeats it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vascal.errors import TableError
from vascal.io.evaluation_table import Table, read_table
from vascal.risk.clinical_text import INPUTS, UNKNOWN, find_nearest, read_profile
from vascal.risk.clinical_variables import Amount, split_amount, with_point
from vascal.risk.profile import ClinicalProfile

KEY = "study"
SHOWN = 20
"""Faults in a message; a table of thousands would bury them."""

_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?!\d)")
_HEADER = re.compile(r"([^\[\]]+?)\s*(?:\[([^\[\]]*)\])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """A column of values: its heading, the variable, and the unit that the heading states."""

    heading: str
    variable: str
    unit: str


def read_clinical_table(path: Path) -> Mapping[str, ClinicalProfile]:
    """Read one profile for each row of a table.

    Parameters
    ----------
    path
        CSV (comma, semicolon or tab) or Parquet. Column ``study`` holds a key for each row, such as the
        Study Instance UID; the others are named as the fields of a `ClinicalProfile`, or ``height`` and
        ``weight``. A unit stands in the cell (``5.4 mmol/L``) or in the heading (``hdl [mmol/L]``).
        An empty cell is not known. Decimals may have a comma where semicolons part the columns.

    Returns
    -------
    Mapping of str to ClinicalProfile
        By key, in the table's order.

    Raises
    ------
    TableError
        If the file can not be read, a column is not known or there twice, a key is missing or there twice, or
        values can not be used: all of those at once, by line (the heading is line 1) and column.
    """
    table = read_table(path)
    if KEY not in table.columns:
        raise TableError(f"{table.name} has no column {KEY!r}; needed: a first line with {KEY} and names of variables")
    keys = table.column(KEY)
    columns = _read_headings(table)
    faults = _check_keys(table, keys) + _check_decimals(table, columns)
    profiles = {}
    for row, key in enumerate(keys):
        profiles[key], found = _read_row(table, columns, row)
        faults += found
    _refuse(table, faults)
    return profiles


def _read_headings(table: Table) -> tuple[_Column, ...]:
    """Tell variables and units from the headings, or refuse every one that is not known."""
    columns = []
    faults = []
    for heading in table.columns:
        if heading == KEY:
            continue
        column, fault = _read_heading(heading)
        columns.append(column)
        if fault:
            faults.append(f"column {heading!r}: {fault}")
    variables = [column.variable for column in columns]
    faults += [f"{name} has more than one column" for name in sorted({v for v in variables if variables.count(v) > 1})]
    _refuse(table, faults)
    return tuple(columns)


def _read_heading(heading: str) -> tuple[_Column, str]:
    found = _HEADER.fullmatch(heading)
    variable, unit = (found[1].strip(), (found[2] or "").strip()) if found else (heading, "")
    column = _Column(heading=heading, variable=variable, unit=unit)
    reader = INPUTS.get(variable)
    if reader is None:
        nearest = find_nearest(variable)
        return column, "no such variable" + (f"; did you mean {nearest}?" if nearest else "")
    if unit and (not isinstance(reader, Amount) or reader.find_unit(unit) is None):
        units = " or ".join(reader.units) if isinstance(reader, Amount) else ""
        return column, f"{variable} has no such unit; " + (f"needed: {units}" if units else "it has none")
    return column, ""


def _check_keys(table: Table, keys: Sequence[str]) -> list[str]:
    lines = defaultdict(list)
    for key, line in zip(keys, table.lines, strict=True):
        lines[key].append(line)
    faults = [f"line {line}: {KEY} is missing" for line in lines.pop("", [])]
    doubled = [" and ".join(map(str, found)) for found in lines.values() if len(found) > 1]
    return faults + [f"lines {found}: the same {KEY}; needed: one row each" for found in doubled]


def _check_decimals(table: Table, columns: Sequence[_Column]) -> list[str]:
    """Refuse decimal commas in all tables but those of semicolons, and in these what may part thousands beside them."""
    amounts = [column.heading for column in columns if isinstance(INPUTS[column.variable], Amount)]
    cells = [(line, name, table.columns[name][row]) for row, line in enumerate(table.lines) for name in amounts]
    with_comma = [(line, name) for line, name, cell in cells if with_point(cell) != cell.strip()]
    if table.separator != ";":
        wrong, message = with_comma, "a decimal comma; needed: a point, or semicolons between the columns"
    else:
        wrong = [(line, name) for line, name, cell in cells if with_comma and _THOUSANDS.match(cell)]
        message = "a point before three digits may part thousands, as other cells have decimal commas"
    return [f"line {line}, column {name!r}: {message}" for line, name in wrong]


def _read_row(table: Table, columns: Sequence[_Column], row: int) -> tuple[ClinicalProfile, list[str]]:
    headings = {column.variable: column.heading for column in columns}
    cells = {column.variable: table.columns[column.heading][row] for column in columns}
    where = f"line {table.lines[row]}"
    faults = []
    for column in columns:
        cell = cells[column.variable]
        if column.unit and cell.lower() not in UNKNOWN:
            cells[column.variable], fault = _with_unit(cell, column)
            faults += [f"{where}, column {column.heading!r}: {fault}"] if fault else []
    reading = read_profile(cells)
    for problem in reading.problems:
        place = f", column {headings[problem.variable]!r}" if problem.variable else ""
        faults.append(f"{where}{place}: {problem.message}")
    return reading.profile, faults


def _with_unit(cell: str, column: _Column) -> tuple[str, str]:
    """Give a cell its heading's unit, unless it states one itself, which must be the same."""
    reader = INPUTS[column.variable]
    number, unit = split_amount(cell)
    if number and not unit:
        return f"{cell} {column.unit}", ""
    if isinstance(reader, Amount) and reader.find_unit(unit) not in {None, reader.find_unit(column.unit)}:
        return "", "the cell states another unit than the heading"
    return cell, ""


def _refuse(table: Table, faults: Sequence[str]) -> None:
    if faults:
        more = f"\nand {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise TableError(f"{table.name} can not be used:\n" + "\n".join(faults[:SHOWN]) + more)
