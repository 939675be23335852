"""Scores of studies from CSV or Parquet, joined by study, with every row that can not be used named.

Rows are named by their line in the file (the header is line 1) and never by
their study, which may be a patient's number.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np

from vascal.errors import MissingExtraError, TableError
from vascal.evaluate.cohort import Cohort
from vascal.evaluate.plan import AnalysisPlan

YES_OR_NO = {"yes": "1", "true": "1", "no": "0", "false": "0"}
"""Words that an event or a target may be told with."""
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_THOUSANDS = re.compile(r",\d{3}$")
OPTIONAL = ("bmi",)
"""Columns of the reference file that calcium scores use where they are there."""
SHOWN = 8
"""Rows named in a message; a file of thousands would bury it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A file of one row a study, as text.

    Parameters
    ----------
    name
        Of the file, for messages.
    columns
        Cells by column, "" where empty.
    lines
        Line in the file of each row.
    digest
        SHA-256 of the file.
    separator
        What stands between the cells of a line; empty for Parquet.
    """

    name: str
    columns: Mapping[str, Sequence[str]]
    lines: Sequence[int]
    digest: str = ""
    separator: str = ""

    def __len__(self) -> int:
        """Rows."""
        return len(self.lines)

    def column(self, name: str) -> Sequence[str]:
        """Give a column's cells.

        Raises
        ------
        TableError
            If there is no such column; says which there are.
        """
        if name not in self.columns:
            raise TableError(f"{self.name} has no column {name!r}; it has {', '.join(self.columns)}")
        return self.columns[name]

    def only(self, rows: Sequence[int]) -> Table:
        """Keep rows by position."""
        return Table(
            name=self.name,
            columns={name: [cells[row] for row in rows] for name, cells in self.columns.items()},
            lines=[self.lines[row] for row in rows],
            digest=self.digest,
            separator=self.separator,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """How many studies each file held, and what became of them.

    Parameters
    ----------
    only_predicted, only_reference
        Studies without a partner, dropped.
    without_score
        Studies dropped for want of a score in either file.
    not_quoted
        Series of `scores.csv` that are not the one to quote of their study.
    hint
        What may be wrong with the keys of studies without a partner.
    """

    predicted: int
    reference: int
    analysed: int
    only_predicted: int = 0
    only_reference: int = 0
    without_score: int = 0
    not_quoted: int = 0
    digests: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""


def read_table(path: Path) -> Table:
    """Read a CSV (comma, semicolon or tab) or Parquet file as text.

    Raises
    ------
    TableError
        If it can not be read, has no rows, or lines of uneven length.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TableError(f"{path.name} can not be read: {error.strerror}") from error
    digest = sha256(content).hexdigest()
    if content.startswith(b"PK"):
        raise TableError(f"{path.name} is an Excel workbook or a zip file; save the sheet as CSV UTF-8")
    if path.suffix.lower() in {".parquet", ".pq"}:
        return _read_parquet(path, digest)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError(f"{path.name} is not UTF-8 text; save it as CSV UTF-8") from error
    return _read_csv(path.name, text, digest)


def join_tables(predicted: Table, reference: Table, plan: AnalysisPlan) -> tuple[Cohort, Flow]:
    """Join two tables by study into a cohort.

    Parameters
    ----------
    predicted, reference
        From `read_table`. A `scores.csv` of ``vascal score`` keeps the series to quote of each study.
    plan
        Names the columns, and says whether incomplete studies refuse the run.

    Raises
    ------
    TableError
        For missing columns, studies given twice, scores that are missing, not
        numbers, not finite or negative, and studies that only one file has.
    """
    quoted = _quoted(predicted)
    kept, without_p = _scored(quoted, plan.study, plan.predicted, plan)
    wanted, without_r = _scored(reference, plan.study, plan.reference, plan)
    rows, wanted_rows = _index(kept, plan.study), _index(wanted, plan.study)
    _require_partners(kept, wanted, rows, wanted_rows, plan)
    both = [study for study in wanted_rows if study in rows]
    if not both:
        raise TableError(
            f"{predicted.name} and {reference.name} have no study in common; compare their {plan.study} columns"
        )
    kept, wanted = kept.only([rows[study] for study in both]), wanted.only([wanted_rows[study] for study in both])
    cohort = Cohort(
        predicted=_numbers(kept, plan.predicted),
        reference=_numbers(wanted, plan.reference),
        columns={name: _guess(wanted, kept, name, plan) for name in _wanted_columns(wanted, plan)},
        probability=None if plan.probability is None else _probabilities(kept, wanted, plan.probability),
    )
    flow = Flow(
        predicted=len(quoted),
        reference=len(reference),
        analysed=len(both),
        only_predicted=sum(study not in wanted_rows for study in rows),
        only_reference=sum(study not in rows for study in wanted_rows),
        without_score=without_p + without_r,
        not_quoted=len(predicted) - len(quoted),
        digests={table.name: table.digest for table in (predicted, reference)},
        hint=hint_at_keys(rows, wanted_rows),
    )
    return cohort, flow


def _wanted_columns(reference: Table, plan: AnalysisPlan) -> tuple[str, ...]:
    known = [name for name in OPTIONAL if plan.kind == "cac" and name in reference.columns]
    return tuple(dict.fromkeys([*plan.reference_columns, *known]))


def _read_csv(name: str, text: str, digest: str) -> Table:
    if not text.strip():
        raise TableError(f"{name} is empty; a header and a row a study are needed")
    first = text.lstrip("\r\n").splitlines()[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=separator)
    header = [cell.strip() for cell in next(reader)]
    doubled = sorted({column for column in header if header.count(column) > 1})
    if doubled:
        raise TableError(f"{name} has the column {doubled[0]!r} more than once")
    rows, numbers = [], []
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise TableError(f"{name}, line {reader.line_num}: {len(row)} cells where the header has {len(header)}")
        rows.append([cell.strip() for cell in row])
        numbers.append(reader.line_num)
    if not rows:
        raise TableError(f"{name} has a header and no rows")
    columns = dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))
    return Table(name=name, columns=columns, lines=numbers, digest=digest, separator=separator)


def _read_parquet(path: Path, digest: str) -> Table:
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError("Parquet needs an optional part: pip install 'vascal[evaluate]'") from error
    try:
        found = parquet.read_table(path)
    except arrow.ArrowException as error:
        raise TableError(f"{path.name} is not a Parquet file that can be read") from error
    if not found.num_rows:
        raise TableError(f"{path.name} has columns and no rows")
    columns = {name: [_as_text(cell) for cell in found.column(name).to_pylist()] for name in found.column_names}
    return Table(name=path.name, columns=columns, lines=range(2, found.num_rows + 2), digest=digest)


def _as_text(cell: object) -> str:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    return repr(cell) if isinstance(cell, float) else str(cell)


def _quoted(table: Table) -> Table:
    """Keep the series to quote where a file says which that is, as `scores.csv` does."""
    if "quote" not in table.columns or "quote_reason" not in table.columns:
        return table
    rows = [row for row, cell in enumerate(table.columns["quote"]) if cell == "yes"]
    if not rows:
        raise TableError(f"{table.name} has no series to quote: its column quote never says yes")
    return table.only(rows)


def _scored(table: Table, study: str, score: str, plan: AnalysisPlan) -> tuple[Table, int]:
    """Check a table's studies and scores; rows without a score are refused, or dropped and counted."""
    for name, option in ((study, "--study"), (score, "--predicted-column or --reference-column")):
        if name not in table.columns:
            raise TableError(
                f"{table.name} has no column {name!r}; it has {', '.join(table.columns)}: name another with {option}"
            )
    names, scores = table.column(study), table.column(score)
    _refuse(table, [row for row, name in enumerate(names) if not name], f"{study} is missing")
    _refuse_twice(table, names, study)
    empty = {row for row, cell in enumerate(scores) if _is_missing(cell)}
    if plan.incomplete == "refuse":
        _refuse(table, sorted(empty), f"{score} is missing", hint="; --incomplete drop leaves them out and counts them")
    kept = table.only([row for row in range(len(table)) if row not in empty])
    values = _numbers(kept, score)
    _refuse(kept, np.flatnonzero(values < 0).tolist(), f"{score} is negative")
    return kept, len(empty)


def _refuse_twice(table: Table, names: Sequence[str], study: str) -> None:
    seen = defaultdict(list)
    for row, name in enumerate(names):
        seen[name].append(table.lines[row])
    twice = [lines for lines in seen.values() if len(lines) > 1]
    if twice:
        shown = "; ".join(" and ".join(map(str, lines)) for lines in twice[:SHOWN])
        more = f" and {len(twice) - SHOWN} more" if len(twice) > SHOWN else ""
        raise TableError(f"{table.name}: {len(twice)} values of {study} stand in more than one line: {shown}{more}")


def _is_missing(cell: str) -> bool:
    return cell.lower() in {"", "na", "n/a", "null", "none"}


def _numbers(table: Table, name: str) -> np.ndarray:
    """Read a column of finite numbers."""
    values, wrong = _parse(_with_points(table.column(name)))
    hint = (
        "; write decimals with a point and no thousands" if any("," in table.column(name)[row] for row in wrong) else ""
    )
    _refuse(table, wrong, f"{name} is not a number", hint=hint)
    _refuse(table, np.flatnonzero(~np.isfinite(values)).tolist(), f"{name} is not finite")
    return values


def _probabilities(predicted: Table, reference: Table, name: str) -> np.ndarray:
    """Read a probability from the predicted file, or from the other where only that has it."""
    table = reference if name not in predicted.columns and name in reference.columns else predicted
    values = _numbers(table, name)
    _refuse(table, np.flatnonzero((values < 0) | (values > 1)).tolist(), f"{name} lies outside 0 to 1")
    return values


def _guess(reference: Table, predicted: Table, name: str, plan: AnalysisPlan) -> np.ndarray:
    """Read a further column as numbers where all of its cells are, else as words; the reference file goes first."""
    table = predicted if name not in reference.columns and name in predicted.columns else reference
    cells = table.column(name)
    answers = YES_OR_NO if name in {plan.event, plan.target} else {}
    read = ["nan" if _is_missing(cell) else answers.get(cell.lower(), cell) for cell in _with_points(cells)]
    values, wrong = _parse(read)
    followed = {plan.time, plan.event}
    missing = [row for row, cell in enumerate(cells) if _is_missing(cell)]
    if name in followed or name == plan.target or name in plan.readers:
        _refuse(table, wrong, f"{name} is not a number")
        _refuse(table, np.flatnonzero(np.isinf(values)).tolist(), f"{name} is not finite")
    if name == plan.target:
        _refuse(table, missing, f"{name} is missing")
    if name in followed:
        other = table.column(str(plan.event if name == plan.time else plan.time))
        _refuse(
            table, [row for row in missing if not _is_missing(other[row])], f"{name} is missing, in spite of the other"
        )
    if name in followed or name == plan.target:
        _refuse(table, np.flatnonzero(values < 0).tolist(), f"{name} is negative")
    return np.array(["" if _is_missing(cell) else cell for cell in cells]) if wrong else values


def _with_points(cells: Sequence[str]) -> Sequence[str]:
    """Write decimal commas as points, where a column can mean nothing else.

    A column with a point, or whose commas all stand before three digits, may
    mean thousands; it is left as it is, and refused.
    """
    with_comma = [cell for cell in cells if "," in cell]
    is_decimal = all(_DECIMAL_COMMA.fullmatch(cell) for cell in with_comma) and not any("." in cell for cell in cells)
    if not with_comma or not is_decimal or all(_THOUSANDS.search(cell) for cell in with_comma):
        return cells
    return [cell.replace(",", ".") for cell in cells]


def _parse(cells: Iterable[str]) -> tuple[np.ndarray, list[int]]:
    values, wrong = [], []
    for row, cell in enumerate(cells):
        try:
            values.append(float(cell))
        except ValueError:
            values.append(float("nan"))
            wrong.append(row)
    return np.array(values), wrong


def _index(table: Table, study: str) -> dict[str, int]:
    return {name: row for row, name in enumerate(table.column(study))}


def _require_partners(
    kept: Table, wanted: Table, rows: Mapping[str, int], wanted_rows: Mapping[str, int], plan: AnalysisPlan
) -> None:
    if plan.incomplete == "drop":
        return
    hint = "; --incomplete drop leaves them out and counts them" + hint_at_keys(rows, wanted_rows)
    _refuse(
        kept,
        [row for study, row in rows.items() if study not in wanted_rows],
        f"no partner in {wanted.name}",
        hint=hint,
    )
    _refuse(
        wanted,
        [row for study, row in wanted_rows.items() if study not in rows],
        f"no partner in {kept.name}",
        hint=hint,
    )


def hint_at_keys(one: Iterable[str], other: Iterable[str]) -> str:
    """Say how many keys without a partner differ from one only by case, spaces or leading zeros."""
    first, second = ({_plain(key) for key in keys} for keys in (set(one) - set(other), set(other) - set(one)))
    alike = len(first & second)
    return f"; {alike} of them match but for case, spaces or leading zeros" if alike else ""


def _plain(key: str) -> str:
    return "".join(key.casefold().split()).lstrip("0")


def _refuse(table: Table, rows: Sequence[int], what: str, *, hint: str = "") -> None:
    """Refuse a table whose rows have a fault, naming their lines."""
    if rows:
        shown = ", ".join(str(table.lines[row]) for row in rows[:SHOWN])
        more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
        plural = "lines" if len(rows) > 1 else "line"
        raise TableError(f"{table.name}, {plural} {shown}{more}: {what}{hint}")
