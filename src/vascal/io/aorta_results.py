"""The aorta's result as files: `score.json` of kind ``aorta``, `lesions.csv`, a row of `aorta_scores.csv`.

The shape of `score.json` is fixed by `schema/aorta-1.schema.json`, shipped with the package.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib import resources
from typing import Any

from vascal.calcium.aorta import PARTS
from vascal.report.aorta_report import AortaReport
from vascal.wall_levels import LEVELS, WALLS

SCHEMA = "vascal.aorta/1"
ROW_COLUMNS = (
    "study", "series", "series_number", "series_description", "agatston", "volume_mm3", "mass_mg", "lesions",
    *(f"agatston_{name.replace(' ', '_').lower()}" for name in PARTS.values()),
    "aac24", "aac8", *(f"{level.lower()}_{wall}" for level in LEVELS for wall in WALLS),
    "phase", "blood_hu", "rule_thoracic", "rule_abdominal", "threshold_abdominal_hu", "level_source",
    "level_confidence", "finder", "caveats", "vascal_version", "folder",
)  # fmt: skip


def read_aorta_schema() -> dict[str, Any]:
    """Give the JSON Schema that every `score.json` of kind ``aorta`` satisfies."""
    text = resources.files("vascal.io").joinpath("schema/aorta-1.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def aorta_to_dict(report: AortaReport) -> dict[str, Any]:
    """Lay a report out as `score.json` holds it."""
    levels = report.found.vertebrae
    return {
        "schema": SCHEMA,
        "kind": "aorta",
        "is_quotable": all(caveat.severity != "critical" for caveat in report.caveats),
        "series": _series_to_dict(report),
        "blood": asdict(report.blood),
        "rules": {place: asdict(rule) for place, rule in report.rules.items()},
        "calibration": asdict(report.score.calibration),
        "total": asdict(report.score.total),
        "parts": {name: asdict(part) for name, part in report.parts.items()},
        "aac": _grades_to_dict(report),
        "levels": {
            "source": levels.source,
            "confidence": levels.confidence,
            "borders_mm": {
                name: {"above": above.z_mm, "below": below.z_mm} for name, (above, below) in levels.levels.items()
            },
        },
        "lesions": [asdict(lesion) for lesion in report.score.lesions],
        "rejected": [{"reason": reason, "voxels": int(index.size)} for reason, index in report.rejected],
        "caveats": [asdict(caveat) for caveat in report.caveats],
        "provenance": {**asdict(report.provenance), "options": dict(report.provenance.options)},
    }


def _grades_to_dict(report: AortaReport) -> dict[str, Any]:
    """Lay out shares and grades by level; the total is null unless all of L1 to L4 are in the scan."""
    grades = report.grades
    by_level = {
        level: {
            wall: {
                "fraction": report.fractions[level, wall],
                "grade": None if grades is None else grades.grades[level, wall],
            }
            for wall in WALLS
        }
        for level in LEVELS
        if (level, WALLS[0]) in report.fractions
    }
    total = None
    if grades is not None:
        total = {
            "aac24": grades.aac24,
            "aac8": None if grades.aac8 is None else grades.aac8.total,
            "affected_segments": grades.affected_segments,
            "antero_posterior": grades.antero_posterior,
            "classes": dict(grades.classes),
        }
    return {"equivalent_of": "AAC-24 on the CT's own lateral projection", "total": total, "levels": by_level}


def _series_to_dict(report: AortaReport) -> dict[str, Any]:
    series, grid = report.series, report.volume.grid
    acquisition = series.acquisition
    return {
        "study_instance_uid": series.study_instance_uid,
        "series_instance_uid": series.series_instance_uid,
        "key": series.key,
        "series_number": series.series_number,
        "series_description": series.series_description,
        "shape": list(grid.shape),
        "spacing_between_slices_mm": grid.spacing_between_slices_mm,
        "pixel_spacing_mm": [grid.row_spacing_mm, grid.column_spacing_mm],
        "kvp": acquisition.kvp,
        "kernel": "/".join(acquisition.kernels),
        "slice_thickness_mm": acquisition.slice_thickness_mm,
        "contrast_agent": acquisition.contrast_agent,
        "patient": asdict(series.patient),
    }


def aorta_to_json(report: AortaReport) -> bytes:
    """Write a report as `score.json`: UTF-8, no NaN."""
    text = json.dumps(aorta_to_dict(report), indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode(errors="backslashreplace") + b"\n"


def aorta_row(report: AortaReport, folder: str) -> dict[str, Any]:
    """Lay a report out as a row of `aorta_scores.csv`; parts and levels that are not in the scan stay empty."""
    total, grades, series = report.score.total, report.grades, report.series
    row: dict[str, Any] = dict.fromkeys(ROW_COLUMNS)
    row |= {f"agatston_{name.replace(' ', '_').lower()}": part.agatston for name, part in report.parts.items()}
    if grades is not None:
        row |= {f"{level.lower()}_{wall}": grade for (level, wall), grade in grades.grades.items()}
        row |= {"aac24": grades.aac24, "aac8": None if grades.aac8 is None else grades.aac8.total}
    return row | {
        "study": series.study_instance_uid,
        "series": series.key,
        "series_number": series.series_number,
        "series_description": series.series_description,
        "agatston": total.agatston,
        "volume_mm3": total.volume_mm3,
        "mass_mg": total.mass_mg,
        "lesions": total.lesions,
        "phase": report.blood.phase,
        "blood_hu": report.blood.median_hu,
        "rule_thoracic": report.rules["thoracic"].name,
        "rule_abdominal": report.rules["abdominal"].name,
        "threshold_abdominal_hu": report.rules["abdominal"].threshold_hu,
        "level_source": report.found.vertebrae.source,
        "level_confidence": report.found.vertebrae.confidence,
        "finder": report.found.finder,
        "caveats": " ".join(caveat.code for caveat in report.caveats),
        "vascal_version": report.provenance.version,
        "folder": folder,
    }


def aorta_rows_to_csv(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Write `aorta_scores.csv`: one row a series."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(ROW_COLUMNS)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in ROW_COLUMNS])
    return text.getvalue().encode(errors="backslashreplace")


def _cell(value: object) -> object:
    """Make a cell safe for spreadsheets, which run text that looks like a formula."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return "" if value is None else value
