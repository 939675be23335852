"""A table that names scans: with their scores (weak labels), their label maps, or both."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vascal.calcium.lesions import VESSELS
from vascal.dataset import WeakScores
from vascal.errors import InputError, TableError
from vascal.io.datasets.paired import label_reader
from vascal.io.datasets.raw_case import Found, RawCase, Unusable
from vascal.io.evaluation_table import Table, read_table

TOTALS = ("agatston", "total", "agatston_total")
YES_OR_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def find_listed(path: Path, names: Mapping[int, str] | None = None, *, needs_labels: bool = False) -> Found:
    """List the scans of a table.

    Parameters
    ----------
    path
        CSV with one row a scan. ``image`` is its place, relative to the table;
        ``labels`` that of a label map; ``case`` a name for it; ``patient`` whatever tells patients
        apart; ``gated`` yes or no; ``agatston`` (or ``total``), ``agatston_lm``
        (or ``lm``), ``..._lad``, ``..._lcx`` and ``..._rca`` the scores. A cell may be empty.
    names
        What values of label maps mean; None for formats that say so themselves.
    needs_labels
        Whether it is label maps that are wanted; otherwise scores are.

    Raises
    ------
    TableError
        If the table can not be read, or lacks the column that is wanted.
    """
    table = read_table(path)
    columns = {name.strip().lower(): name for name in table.columns}
    wanted = ("labels",) if needs_labels else (*TOTALS, *(f"agatston_{vessel.lower()}" for vessel in VESSELS))
    if "image" not in columns or not any(name in columns for name in wanted):
        raise TableError(
            f"{path.name} has the columns {', '.join(table.columns)}; needed: image and {' or '.join(wanted[:2])}"
        )
    return _list_rows(path.parent, table, columns, names)


def _list_rows(folder: Path, table: Table, columns: Mapping[str, str], names: Mapping[int, str] | None) -> Found:
    for place, line in enumerate(table.lines):
        row = {key: table.columns[name][place].strip() for key, name in columns.items()}
        try:
            yield _make_case(folder, row, names)
        except ValueError as error:
            message = str(error) if isinstance(error, InputError) else "a score is no number; needed: numbers from 0 up"
            yield Unusable(name=f"{table.name}, line {line}", code=TableError.code, message=message)


def _make_case(folder: Path, row: Mapping[str, str], names: Mapping[int, str] | None) -> RawCase:
    image, labels, gated = row["image"], row.get("labels"), row.get("gated", "").lower()
    if not image:
        raise InputError("no image is named")
    if gated and gated not in YES_OR_NO:
        raise InputError(f"gated is {gated!r}; needed: yes, no or nothing")
    return RawCase(
        name=row.get("case") or image,
        image=folder / image,
        read_labels=label_reader(folder / labels, names) if labels else None,
        scores=_scores(row),
        patient=row.get("patient") or None,
        is_gated=YES_OR_NO[gated] if gated else None,
    )


def _scores(row: Mapping[str, str]) -> WeakScores | None:
    total = next((row[name] for name in TOTALS if row.get(name)), None)
    cells = {vessel: row.get(f"agatston_{vessel.lower()}") or row.get(vessel.lower()) for vessel in VESSELS}
    vessels = {vessel: float(cell) for vessel, cell in cells.items() if cell}
    if total is None and not vessels:
        return None
    return WeakScores(total=None if total is None else float(total), vessels=vessels)
