"""A plan of simulated scans as a CSV file: one row a scan, one column a number.

A column that is left out, or a cell that is empty, takes what the row's protocol
and patient seed say; so a plan may be as short as ``patient_id`` and ``protocol``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

from vascal.errors import InputError, SimulationError
from vascal.io.atomic import write_file
from vascal.simulate.ct.patient import SimulatedPatient, draw_patient
from vascal.simulate.ct.protocol import Protocol, choose_protocol
from vascal.simulate.ct.study_plan import PlannedScan, require_consistent

OWN_COLUMNS = ("patient_id", "series_number", "seed", "agatston")
PATIENT_COLUMNS = tuple(f.name for f in fields(SimulatedPatient) if f.name != "seed")
PROTOCOL_COLUMNS = tuple(f.name for f in fields(Protocol) if f.name != "name")
COLUMNS = (*OWN_COLUMNS, "patient_seed", *PATIENT_COLUMNS, "protocol", *PROTOCOL_COLUMNS)
SEPARATOR = ";"


def write_plan(scans: Sequence[PlannedScan], path: Path) -> None:
    """Write every number of a plan, so that the file alone makes the same scans."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for scan in scans:
        row: dict[str, Any] = {name: getattr(scan, name) for name in OWN_COLUMNS}
        row |= {"patient_seed": scan.patient.seed, "protocol": scan.protocol.name}
        row |= {name: getattr(scan.patient, name) for name in PATIENT_COLUMNS}
        row |= {name: getattr(scan.protocol, name) for name in PROTOCOL_COLUMNS}
        writer.writerow({name: _to_text(value) for name, value in row.items()})
    write_file(path, text.getvalue().encode())


def read_plan(path: Path) -> tuple[PlannedScan, ...]:
    """Read a plan.

    Raises
    ------
    InputError
        If the file can not be read, or names an unknown column.
    SimulationError
        If a cell holds what can not be simulated, or rows contradict each other.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            unknown = sorted(set(reader.fieldnames or ()) - set(COLUMNS))
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"the plan can not be read: {error}") from error
    if unknown:
        raise InputError(f"the plan has unknown columns {unknown}; there are {', '.join(COLUMNS)}")
    scans = tuple(_scan_of(number, row) for number, row in enumerate(rows, start=1))
    require_consistent(scans)
    return scans


def _scan_of(number: int, row: Mapping[str, Any]) -> PlannedScan:
    cells = {name: text.strip() for name, text in row.items() if isinstance(text, str) and text.strip()}
    try:
        own = _parsed(PlannedScan, {name: cells[name] for name in OWN_COLUMNS if name in cells})
        seed = own.get("seed", number - 1)
        drawn = draw_patient(int(cells.get("patient_seed", seed)))
        patient = replace(drawn, **_parsed(SimulatedPatient, {n: cells[n] for n in PATIENT_COLUMNS if n in cells}))
        preset = choose_protocol(cells.get("protocol", "gated"))
        protocol = replace(preset, **_parsed(Protocol, {n: cells[n] for n in PROTOCOL_COLUMNS if n in cells}))
        given = {"patient_id": f"SIM{seed:05d}", **own, "seed": seed}
        return PlannedScan(patient=patient, protocol=protocol, **given)
    except (SimulationError, ValueError) as error:
        raise SimulationError(f"row {number} of the plan: {error}") from error


def _parsed(kind: type, cells: Mapping[str, str]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {name: _from_text(name, text, hints[name]) for name, text in cells.items()}


def _to_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return SEPARATOR.join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _from_text(name: str, text: str, hint: Any) -> Any:
    """Turn a cell into a value of its type; `ValueError` says what was found and needed."""
    options = get_args(hint)
    if hint is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError(f"{name} is true or false; found {text!r}")
        return text.lower() == "true"
    if hint is int:
        return int(text)
    if hint is str:
        return text
    if hint is float or (float in options and type(None) in options):
        return float(text)
    if Ellipsis in options or (options and all(option is float for option in options)):
        parts = [part.strip() for part in text.split(SEPARATOR)]
        return tuple(float(part) for part in parts) if float in options else tuple(parts)
    if text not in options:
        raise ValueError(f"{name} is one of {', '.join(map(str, options))}; found {text!r}")
    return text
