"""Cohorts for fusion models from CSV or Parquet, one row a visit, with every cell that can not be used named.

Rows are named by their line in the file and never by their patient.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from vascal.errors import TableError
from vascal.fusion.features import Column, Feature, Patients
from vascal.fusion.simulated_cohort import SimulatedCohort
from vascal.fusion.targets import Ends, Outcome, OutcomeData
from vascal.io.atomic import write_file
from vascal.io.evaluation_table import Table, read_table

EMPTY = frozenset({"", "na", "n/a", "nan", "null", "."})
"""Cells that hold nothing, in any case of letters; ``none`` is a word, as in "kidney disease: none"."""
ANSWERS = {"yes": 1.0, "true": 1.0, "1": 1.0, "1.0": 1.0, "no": 0.0, "false": 0.0, "0": 0.0, "0.0": 0.0}
SIMULATED = "simulated"
"""Column by which a simulated cohort says so."""
SHOWN = 8
"""Lines named in a message."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CohortTable:
    """A cohort as it was read.

    Parameters
    ----------
    patients
        Features.
    keys
        What the file calls the patient of each row; for the user's own files alone.
    digest
        SHA-256 of the file.
    is_simulated
        Whether the file says so.
    table
        All cells, for outcomes.
    """

    patients: Patients
    keys: Sequence[str]
    digest: str
    is_simulated: bool
    table: Table


def read_cohort(path: Path, features: Iterable[Feature], patient: str) -> CohortTable:
    """Read the features of a cohort.

    Parameters
    ----------
    path
        CSV (comma, semicolon or tab) or Parquet.
    features
        Columns to read.
    patient
        Column that names the patient.

    Raises
    ------
    TableError
        If a column is not there, or a cell is not what its kind says; names lines.
    """
    table, wanted = read_table(path), tuple(features)
    _require_columns(table, [patient, *(one.name for one in wanted)])
    keys = table.column(patient)
    _refuse(table, [row for row, key in enumerate(keys) if not key], f"{patient} is missing")
    columns = {one.name: _read_column(table, one) for one in wanted}
    numbers = np.unique(np.array(keys, dtype=str), return_inverse=True)[1].astype(np.int64)
    marks = {cell.lower() for cell in table.columns.get(SIMULATED, ())}
    return CohortTable(
        patients=Patients(columns=columns, patient=numbers),
        keys=keys,
        digest=table.digest,
        is_simulated=bool(marks & {"yes", "true", "1"}),
        table=table,
    )


def read_outcome(cohort: CohortTable, outcome: Outcome) -> OutcomeData:
    """Read how every row ended; rows in which neither event nor time is stated are left out.

    Raises
    ------
    TableError
        If columns are not there, only one of the two is stated, or a cell holds something else.
    """
    table = cohort.table
    _require_columns(table, [name for name in (outcome.event, outcome.time) if name])
    events = _read_causes(table, outcome)
    if outcome.time is None:
        rows = ~np.isnan(events)
        return OutcomeData(outcome=outcome, rows=rows, ends=Ends(causes=events[rows].astype(np.int64)))
    years = _read_numbers(table, outcome.time)
    _refuse(table, np.flatnonzero(years < 0).tolist(), f"{outcome.time} is negative")
    half = np.isnan(years) != np.isnan(events)
    _refuse(table, np.flatnonzero(half).tolist(), f"only one of {outcome.event} and {outcome.time} is stated")
    rows = ~np.isnan(events)
    return OutcomeData(outcome=outcome, rows=rows, ends=Ends(causes=events[rows].astype(np.int64), time=years[rows]))


def write_simulated_cohort(cohort: SimulatedCohort, path: Path) -> Path:
    """Write a simulated cohort as CSV, and the hazards behind it beside it.

    Returns
    -------
    Path
        The file of true hazards: ``<name>-truth.csv``.
    """
    names = list(cohort.columns)
    cells = zip(*([_write_cell(cell) for cell in column] for column in cohort.columns.values()), strict=True)
    write_file(path, _csv([names, *cells]))
    truth = path.with_name(f"{path.stem}-truth.csv")
    rows = [
        (outcome, name, repr(effect), repr(float(np.exp(effect))))
        for outcome, effects in cohort.truth.items()
        for name, effect in effects.items()
    ]
    write_file(truth, _csv([("outcome", "column", "log_ratio", "ratio"), *rows]))
    return truth


def _read_column(table: Table, feature: Feature) -> Column:
    if feature.kind == "category":
        return np.array(["" if _is_empty(cell) else cell for cell in table.column(feature.name)], dtype=str)
    if feature.kind == "yes-no":
        return _read_answers(table, feature.name)
    values = _read_numbers(table, feature.name)
    if feature.kind == "score":
        _refuse(table, np.flatnonzero(values < 0).tolist(), f"{feature.name} is a score and negative")
    return values


def _read_numbers(table: Table, name: str) -> np.ndarray:
    cells = table.column(name)
    values, wrong = np.full(len(cells), np.nan), []
    for row, cell in enumerate(cells):
        if _is_empty(cell):
            continue
        try:
            values[row] = float(cell)
        except ValueError:
            wrong.append(row)
    with_comma = any("," in cells[row] for row in wrong)
    hint = "; write decimals with a point and no thousands" if with_comma else ""
    _refuse(table, wrong, f"{name} is not a number{hint}")
    _refuse(table, np.flatnonzero(np.isinf(values)).tolist(), f"{name} is not finite")
    return values


def _read_answers(table: Table, name: str) -> np.ndarray:
    cells = [cell.lower() for cell in table.column(name)]
    _refuse(
        table,
        [row for row, cell in enumerate(cells) if not _is_empty(cell) and cell not in ANSWERS],
        f"{name} must say yes or no, or 1 or 0",
    )
    return np.array([ANSWERS.get(cell, np.nan) for cell in cells])


def _read_causes(table: Table, outcome: Outcome) -> np.ndarray:
    """Read 0, 1 and, where there is a follow-up, 2; NaN where not stated."""
    known = {**ANSWERS, "2": 2.0, "2.0": 2.0} if outcome.is_timed else ANSWERS
    needed = "0 (without), 1 (event) or 2 (competing event)" if outcome.is_timed else "0 or 1"
    cells = [cell.lower() for cell in table.column(outcome.event)]
    wrong = [row for row, cell in enumerate(cells) if not _is_empty(cell) and cell not in known]
    _refuse(table, wrong, f"{outcome.event} must be {needed}")
    return np.array([known.get(cell, np.nan) for cell in cells])


def _is_empty(cell: str) -> bool:
    return cell.lower() in EMPTY


def _require_columns(table: Table, names: Sequence[str]) -> None:
    """Name every column that is not there, and which one may be meant: a unit may be another."""
    missing = [name for name in names if name not in table.columns]
    if not missing:
        return
    hints = []
    for name in missing:
        near = get_close_matches(name, list(table.columns), n=1, cutoff=0.5)
        same = near and near[0].split("_", maxsplit=1)[0] == name.split("_", maxsplit=1)[0]
        hints.append(f"{name} (is it {near[0]}? then convert its unit and rename it)" if same else name)
    raise TableError(f"{table.name} lacks columns: {', '.join(hints)}")


def _refuse(table: Table, rows: Sequence[int], what: str) -> None:
    if rows:
        shown = ", ".join(str(table.lines[row]) for row in rows[:SHOWN])
        more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
        raise TableError(f"{table.name}, line{'s' if len(rows) > 1 else ''} {shown}{more}: {what}")


def _write_cell(cell: object) -> str:
    if isinstance(cell, str):
        return str(cell)
    number = float(cell)  # type: ignore[arg-type]
    return "" if np.isnan(number) else f"{number:.10g}"


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()
