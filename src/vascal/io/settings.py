"""Small files a user writes: names of labels, and mass calibration."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vascal.calcium.calibration_table import CalibrationRow, CalibrationTable
from vascal.calcium.mass import Calibration, Rod
from vascal.errors import LabelError, RuleError

CalibrationChoice = Calibration | CalibrationTable | tuple[Rod, Rod]


def read_label_names(path: Path) -> dict[int, str]:
    """Read a JSON object that maps label values to names, such as ``{"1": "LM", "2": "LAD"}``.

    Raises
    ------
    LabelError
        If it is not such an object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        names = {int(value): name for value, name in content.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise LabelError(f'{path.name}: expected a JSON object such as {{"1": "LM", "2": "LAD"}}') from error
    if not names or not all(isinstance(name, str) and name.strip() for name in names.values()):
        raise LabelError(f"{path.name}: every value needs a name of at least one letter")
    if not all(0 < value < 256 for value in names):
        raise LabelError(f"{path.name}: label values go from 1 to 255; 0 is background")
    return names


def read_calibration(text: str) -> CalibrationChoice:
    """Read a mass calibration: a number, a JSON file of rods, or a CSV table by scanner.

    Parameters
    ----------
    text
        ``0.75`` (mg/cm3 per HU); or ``rods.json`` with ``water`` and ``calcium``,
        each ``{"center_mm": [x, y, z], "radius_mm": r, "length_mm": l}`` and calcium
        with ``density_mg_cm3``; or ``table.csv`` with the columns
        ``manufacturer,model,kvp,kernel,factor_mg_cm3_per_hu,source``.

    Raises
    ------
    RuleError
        If it is none of these.
    """
    try:
        factor = float(text)
    except ValueError:
        return _read_calibration_file(Path(text))
    return Calibration(factor_mg_cm3_per_hu=factor, source="stated", detail=f"{factor:g} mg/cm3 per HU")


def _read_calibration_file(path: Path) -> CalibrationChoice:
    try:
        content = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".csv":
            return CalibrationTable(rows=tuple(_row(row) for row in csv.DictReader(content.splitlines())))
        rods = json.loads(content)
        return _rod(rods["water"], 0.0), _rod(rods["calcium"], float(rods["calcium"]["density_mg_cm3"]))
    except OSError as error:
        raise RuleError(f"calibration {path.name}: not a number, and no such file ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise RuleError(
            f"calibration {path.name}: expected rods as JSON or a table as CSV; {type(error).__name__}: {error}"
        ) from error


def _row(row: Mapping[str, str]) -> CalibrationRow:
    kvp = (row.get("kvp") or "").strip()
    return CalibrationRow(
        factor_mg_cm3_per_hu=float(row["factor_mg_cm3_per_hu"]),
        manufacturer=(row.get("manufacturer") or "").strip(),
        model=(row.get("model") or "").strip(),
        kvp=float(kvp) if kvp else None,
        kernel=(row.get("kernel") or "").strip(),
        source=(row.get("source") or "").strip(),
    )


def _rod(content: Mapping[str, Any], density_mg_cm3: float) -> Rod:
    x, y, z = (float(value) for value in content["center_mm"])
    return Rod(
        center_mm=(x, y, z),
        radius_mm=float(content["radius_mm"]),
        length_mm=float(content["length_mm"]),
        density_mg_cm3=density_mg_cm3,
    )
