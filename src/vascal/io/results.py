"""Results as files: `score.json`, `lesions.csv`, `scores.csv`, `failures.csv`.

The shape of `score.json` is fixed by `schema/score-1.schema.json`, shipped with
the package. Numbers are written in full precision.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

from vascal.calcium.lesions import UNASSIGNED, VESSELS
from vascal.report.report import Report
from vascal.study import Refusal

SCHEMA = "vascal.score/1"

LESION_COLUMNS = (
    "id", "vessel", "segment", "confidence", "agatston", "area_mm2", "volume_mm3", "volume_isotropic_mm3",
    "mass_mg", "mass_integrated_mg", "mass_volume_fraction_mg", "peak_hu", "mean_hu", "voxels",
    "x_mm", "y_mm", "z_mm", "first_slice", "last_slice",
)  # fmt: skip

SCORE_COLUMNS = (
    "study", "series", "series_number", "series_description", "quote", "quote_reason", "agatston", "risk_category",
    "cac_drs", "lesions", "vessels_with_calcium", *(f"agatston_{v.lower()}" for v in (*VESSELS, UNASSIGNED)),
    "agatston_other", "volume_mm3", "volume_isotropic_mm3", "mass_mg", "mass_integrated_mg",
    "mass_volume_fraction_mg", "density", "diffusivity", "repeat_limit_95",
    "agatston_low", "agatston_high", "zero_probability", "found_by", "rule", "kvp", "kernel",
    "slice_thickness_mm", "spacing_between_slices_mm", "is_gated", "caveats", "vascal_version", "folder",
)  # fmt: skip

FAILURE_COLUMNS = ("input", "study", "subject", "kind", "code", "message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One line of `failures.csv`.

    Parameters
    ----------
    input
        Name of the input it was found in.
    kind
        ``failed``: should have been scored. ``skipped``: never a candidate,
        such as a localizer.
    """

    input: str
    refusal: Refusal
    kind: str


def read_schema() -> dict[str, Any]:
    """Give the JSON Schema that every `score.json` satisfies."""
    text = resources.files("vascal.io").joinpath("schema/score-1.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def report_to_dict(report: Report) -> dict[str, Any]:
    """Lay a report out as `score.json` holds it."""
    score = report.score
    interpretation = {
        "risk_category": score.risk_category if report.is_quotable else None,
        "cac_drs": str(score.cac_drs) if report.is_quotable else None,
        "vessels_with_calcium": score.vessels_with_calcium,
        "diffusivity": score.diffusivity,
        "repeat_limit_95": asdict(score.repeat_limit),
        "uncertainty": _uncertainty_to_dict(report),
    }
    return {
        "schema": SCHEMA,
        "kind": report.kind,
        "is_quotable": report.is_quotable,
        "found_by": report.found_by,
        "series": _series_to_dict(report),
        "rule": asdict(score.rule),
        "calibration": asdict(score.calibration),
        "total": asdict(score.total),
        "vessels": {name: asdict(vessel) for name, vessel in score.vessels.items()},
        "interpretation": interpretation,
        "lesions": [asdict(lesion) for lesion in score.lesions],
        "rejected": [asdict(candidate) for candidate in report.rejected],
        "findings": asdict(report.findings),
        "caveats": [asdict(caveat) for caveat in report.caveats],
        "provenance": {**asdict(report.provenance), "options": dict(report.provenance.options)},
    }


def _uncertainty_to_dict(report: Report) -> dict[str, Any] | None:
    """Lay out what the total may be; nothing where the total must not be quoted."""
    doubt = report.uncertainty
    if doubt is None or not report.is_quotable:
        return None
    return {
        "agatston_low": doubt.low,
        "agatston_high": doubt.high,
        "level": doubt.level,
        "zero_probability": doubt.zero_probability,
        "categories": dict(doubt.categories),
    }


def _series_to_dict(report: Report) -> dict[str, Any]:
    facts = asdict(report.series)
    spacing, row, column = facts.pop("spacing_mm")
    facts["spacing_between_slices_mm"] = spacing
    facts["pixel_spacing_mm"] = [row, column]
    return facts


def report_to_json(report: Report) -> bytes:
    """Write a report as `score.json`: UTF-8, no NaN, keys in a fixed order."""
    return (
        json.dumps(report_to_dict(report), indent=1, ensure_ascii=False, allow_nan=False).encode(
            errors="backslashreplace"
        )
        + b"\n"
    )


def lesions_to_csv(report: Report) -> bytes:
    """Write one row a lesion."""
    rows = []
    for lesion in report.score.lesions:
        row = asdict(lesion)
        row["x_mm"], row["y_mm"], row["z_mm"] = lesion.center_mm
        row["first_slice"], row["last_slice"] = lesion.slices
        rows.append({name: row[name] for name in LESION_COLUMNS})
    return table_to_csv(LESION_COLUMNS, rows)


def score_row(saved: Mapping[str, Any], folder: str, choice: str | None) -> dict[str, Any]:
    """Lay one saved `score.json` out as a row of `scores.csv`.

    Parameters
    ----------
    saved
        Content of a `score.json`.
    folder
        Where it lies, relative to the results.
    choice
        Why this is the series of its study to quote; None if it is not.
    """
    series, total, meaning = saved["series"], saved["total"], saved["interpretation"]
    by_vessel = {name: vessel["agatston"] for name, vessel in saved["vessels"].items()}
    named = {f"agatston_{name.lower()}": by_vessel.get(name, 0.0) for name in (*VESSELS, UNASSIGNED)}
    doubt = meaning["uncertainty"] or {}
    other = sum(value for name, value in by_vessel.items() if name not in (*VESSELS, UNASSIGNED))
    row = {
        **total,
        **named,
        "agatston_other": other,
        "study": series["study_instance_uid"],
        "series": series["key"],
        "series_number": series["series_number"],
        "series_description": series["series_description"],
        "quote": "no" if choice is None else "yes",
        "quote_reason": choice,
        "risk_category": meaning["risk_category"],
        "cac_drs": meaning["cac_drs"],
        "vessels_with_calcium": meaning["vessels_with_calcium"],
        "diffusivity": meaning["diffusivity"],
        "repeat_limit_95": meaning["repeat_limit_95"]["agatston"],
        **{name: doubt.get(name) for name in ("agatston_low", "agatston_high", "zero_probability")},
        "found_by": saved["found_by"],
        "rule": saved["rule"]["name"],
        "kvp": series["acquisition"]["kvp"],
        "kernel": "/".join(series["acquisition"]["kernels"]),
        "slice_thickness_mm": series["acquisition"]["slice_thickness_mm"],
        "spacing_between_slices_mm": series["spacing_between_slices_mm"],
        "is_gated": series["acquisition"]["gating"]["is_gated"],
        "caveats": " ".join(caveat["code"] for caveat in saved["caveats"]),
        "vascal_version": saved["provenance"]["version"],
        "folder": folder,
    }
    return {name: row[name] for name in SCORE_COLUMNS}


def scores_to_csv(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Write `scores.csv`: one row a series."""
    return table_to_csv(SCORE_COLUMNS, rows)


def failures_to_csv(failures: Sequence[Failure]) -> bytes:
    """Write `failures.csv`: one row for everything that was not scored."""
    rows = [
        {
            "input": failure.input,
            "study": failure.refusal.study_instance_uid,
            "subject": failure.refusal.subject,
            "kind": failure.kind,
            "code": failure.refusal.code,
            "message": failure.refusal.message,
        }
        for failure in failures
    ]
    return table_to_csv(FAILURE_COLUMNS, rows)


def table_to_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Write a table whose cells a spreadsheet never runs as formulas."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in columns])
    return text.getvalue().encode(errors="backslashreplace")  # file names may be no UTF-8


def _cell(value: object) -> object:
    """Make a cell safe for spreadsheets, which run text that looks like a formula."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return "" if value is None else value
