"""Whose images were scored: what results need to say to reach the right record, and `score.json` never holds.

Nothing of it goes into a message or a log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydicom.dataset import Dataset

from vascal.errors import TableError
from vascal.io.dicom_values import text_of, tolerant_reading
from vascal.io.evaluation_table import Table, read_table

GROUPS = ("alphabetic", "ideographic", "phonetic")
"""The three ways of writing a name that DICOM parts by ``=`` (PS3.5 6.2.1)."""
OPTIONAL = ("name", "issuer", "id_system", "birth_date", "sex", "accession_number", "record_id")
SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientIdentity:
    """A patient, and the request that the images were made for.

    Parameters
    ----------
    patient_id
        Patient ID.
    issuer
        Who gave it: a name, or an identifier of the issuer.
    id_system
        URI under which FHIR knows the issuer's numbers; empty if it is not known.
    name
        As DICOM writes it: ``family^given^middle^prefix^suffix``, other scripts behind ``=``.
    birth_date
        None if not known.
    sex
        None if not known.
    accession_number
        Of the request.
    """

    patient_id: str = field(repr=False)
    issuer: str = ""
    id_system: str = ""
    name: str = field(default="", repr=False)
    birth_date: date | None = field(default=None, repr=False)
    sex: Literal["F", "M", "O"] | None = None
    accession_number: str = field(default="", repr=False)

    @property
    def names(self) -> Mapping[str, tuple[str, str, str, str, str]]:
        """Family, given, middle, prefix and suffix, by the way they are written."""
        found = {}
        for group, text in zip(GROUPS, self.name.split("="), strict=False):
            parts = [part.strip() for part in text.split("^")][:5]
            if any(parts):
                family, given, middle, prefix, suffix = parts + [""] * (5 - len(parts))
                found[group] = (family, given, middle, prefix, suffix)
        return MappingProxyType(found)


def identity_of(dataset: Dataset) -> PatientIdentity | None:
    """Read whose images these are from a header; None if it has no Patient ID.

    Parameters
    ----------
    dataset
        Header of any image of the study.
    """
    with tolerant_reading():
        number = text_of(dataset, "PatientID")
        if not number:
            return None
        return PatientIdentity(
            patient_id=number,
            issuer=text_of(dataset, "IssuerOfPatientID"),
            name=text_of(dataset, "PatientName"),
            birth_date=_read_day(text_of(dataset, "PatientBirthDate")),
            sex=_read_sex(text_of(dataset, "PatientSex")),
            accession_number=text_of(dataset, "AccessionNumber"),
        )


def read_identities(path: Path) -> Mapping[str, PatientIdentity]:
    """Read whose studies these are from a table.

    Parameters
    ----------
    path
        CSV or Parquet. Columns ``study`` (Study Instance UID) and ``patient_id``; any of `OPTIONAL` may be there.

    Returns
    -------
    Mapping of str to PatientIdentity
        By study.

    Raises
    ------
    TableError
        If the file can not be read, a column is missing or not known, or cells can not be used. Cells are not repeated.
    """
    table = read_table(path)
    _require_columns(table, ("study", "patient_id"), OPTIONAL)
    _require_cells(table, ("study", "patient_id"))
    rows = [{name: column[row].strip() for name, column in table.columns.items()} for row in range(len(table.lines))]
    faults = [fault for row, line in zip(rows, table.lines, strict=True) for fault in _find_faults(row, line)]
    _refuse(table, faults)
    return MappingProxyType({row["study"]: _make_identity(row) for row in rows})


def read_record_ids(path: Path) -> Mapping[str, str]:
    """Read a study's record in another database from a table with columns ``study`` and ``record_id``.

    Raises
    ------
    TableError
        As `read_identities`.
    """
    table = read_table(path)
    _require_columns(table, ("study", "record_id"), (*OPTIONAL, "patient_id"))
    _require_cells(table, ("study", "record_id"))
    pairs = zip(table.column("study"), table.column("record_id"), strict=True)
    return MappingProxyType({study.strip(): record.strip() for study, record in pairs})


def _make_identity(row: Mapping[str, str]) -> PatientIdentity:
    return PatientIdentity(
        patient_id=row["patient_id"],
        issuer=row.get("issuer", ""),
        id_system=row.get("id_system", ""),
        name=row.get("name", ""),
        birth_date=_read_day(row.get("birth_date", "").replace("-", "")),
        sex=_read_sex(row.get("sex", "")),
        accession_number=row.get("accession_number", ""),
    )


def _require_columns(table: Table, needed: Sequence[str], others: Sequence[str]) -> None:
    if missing := [name for name in needed if name not in table.columns]:
        raise TableError(
            f"{table.name} has no column {' and no column '.join(missing)}; needed: {' and '.join(needed)}"
        )
    if strange := [name for name in table.columns if name not in (*needed, *others)]:
        raise TableError(
            f"{table.name}: no such column: {', '.join(strange)}; there are {', '.join((*needed, *others))}"
        )


def _require_cells(table: Table, needed: Sequence[str]) -> None:
    """Refuse empty cells, and a study that has two rows."""
    faults = [
        f"line {line}: {name} is missing"
        for name in needed
        for line, cell in zip(table.lines, table.column(name), strict=True)
        if not cell.strip()
    ]
    studies = [study.strip() for study in table.column("study")]
    lines = [line for line, study in zip(table.lines, studies, strict=True) if study and studies.count(study) > 1]
    faults += [f"lines {', '.join(map(str, lines))}: the same study; needed: one row each"] if lines else []
    _refuse(table, faults)


def _find_faults(row: Mapping[str, str], line: int) -> list[str]:
    born, sex = row.get("birth_date", ""), row.get("sex", "")
    faults = [f"line {line}: birth_date is no day; needed: as 1960-03-05"]
    found = faults if born and _read_day(born.replace("-", "")) is None else []
    return found + ([f"line {line}: sex is not F, M or O"] if sex and _read_sex(sex) is None else [])


def _refuse(table: Table, faults: Sequence[str]) -> None:
    if faults:
        more = f"\nand {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise TableError(f"{table.name} can not be used:\n" + "\n".join(faults[:SHOWN]) + more)


def _read_day(text: str) -> date | None:
    if len(text) != 8 or not text.isascii() or not text.isdecimal():
        return None
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day has no time zone
    except ValueError:
        return None


def _read_sex(text: str) -> Literal["F", "M", "O"] | None:
    sexes: Mapping[str, Literal["F", "M", "O"]] = {"F": "F", "M": "M", "O": "O"}
    return sexes.get(text.upper())
