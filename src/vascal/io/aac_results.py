"""Results of a graded film as files: its `score.json` and its row of `aac_scores.csv`.

The shape of a film's `score.json` is fixed by `schema/aac-1.schema.json`, shipped with
the package. Numbers are written in full precision.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib import resources
from typing import Any

from vascal.aac.classes import SCHEMES, ClassScheme
from vascal.io.results import table_to_csv
from vascal.report.aac_report import AacReport
from vascal.wall_levels import LEVELS, WALL_LEVELS, WALLS, Level

SCHEMA = "vascal.aac/1"

AAC_COLUMNS = (
    "study", "series", "film", "series_number", "series_description", "view_position", "quote", "quote_reason",
    "aac24", "aac24_low", "aac24_high", "aac24_expected", "zero_probability", "aac8", "aac8_unit",
    "anterior", "posterior", "affected_segments", "antero_posterior",
    *(f"class_{scheme.name.replace('-', '_')}" for scheme in SCHEMES),
    *(f"{level.lower()}_{wall}" for level, wall in WALL_LEVELS),
    *(f"{level.lower()}_{wall}_fraction" for level, wall in WALL_LEVELS),
    "found_by", "reader", "facing", "lateral_probability", "modality", "manufacturer", "kvp",
    "row_spacing_mm", "column_spacing_mm", "spacing_source", "age_years", "sex", "caveats", "vascal_version", "folder",
)  # fmt: skip


def read_aac_schema() -> dict[str, Any]:
    """Give the JSON Schema that every `score.json` of a film satisfies."""
    text = resources.files("vascal.io").joinpath("schema/aac-1.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def aac_to_dict(report: AacReport) -> dict[str, Any]:
    """Lay a film's report out as `score.json` holds it."""
    return {
        "schema": SCHEMA,
        "kind": report.kind,
        "is_quotable": report.is_quotable,
        "found_by": report.found_by,
        "film": _film_to_dict(report),
        "total": _total_to_dict(report),
        "levels": {level: _level_to_dict(report, level) for level in LEVELS},
        "reading": _reading_to_dict(report),
        "caveats": [asdict(caveat) for caveat in report.caveats],
        "provenance": {**asdict(report.provenance), "options": dict(report.provenance.options)},
    }


def aac_to_json(report: AacReport) -> bytes:
    """Write a film's report as `score.json`: UTF-8, no NaN, keys in a fixed order."""
    text = json.dumps(aac_to_dict(report), indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode(errors="backslashreplace") + b"\n"


def _film_to_dict(report: AacReport) -> dict[str, Any]:
    film = report.film
    return {
        "key": film.key,
        **asdict(film.facts),
        "shape": list(film.shape),
        "pixel_spacing_mm": list(film.spacing_mm),
        "spacing_source": film.spacing_source,
        "patient": asdict(film.patient),
    }


def _total_to_dict(report: AacReport) -> dict[str, Any]:
    """Lay the sums out; class and interval are null where the total must not be quoted."""
    score, doubt = report.score, report.uncertainty
    interval = {"low": doubt.low, "high": doubt.high, "level": doubt.level}
    return {
        "aac24": score.aac24,
        "aac8": None if score.aac8 is None else {**asdict(score.aac8), "total": score.aac8.total},
        "affected_segments": score.affected_segments,
        "antero_posterior": score.antero_posterior,
        "anterior": score.anterior,
        "posterior": score.posterior,
        "interval": interval if report.is_quotable else None,
        "expected": doubt.expected if report.is_quotable else None,
        "zero_probability": doubt.zero_probability if report.is_quotable else None,
        "classes": {scheme.name: _class_to_dict(report, scheme) for scheme in SCHEMES} if report.is_quotable else None,
    }


def _class_to_dict(report: AacReport, scheme: ClassScheme) -> dict[str, Any]:
    name = report.score.classes[scheme.name]
    return {
        "class": name,
        "span": scheme.span_text(name),
        "probabilities": dict(report.uncertainty.classes[scheme.name]),
        "source": scheme.source,
    }


def _level_to_dict(report: AacReport, level: Level) -> dict[str, Any]:
    walls = {wall: report.wall(level, wall) for wall in WALLS}
    graded: dict[str, Any] = {
        wall: {"grade": one.grade, "fraction": one.fraction, "probabilities": list(one.probabilities)}
        for wall, one in walls.items()
    }
    sure = report.reading.level_confidence.get(level)
    return {**graded, "points": report.score.by_level[level], "confidence": sure}


def _reading_to_dict(report: AacReport) -> dict[str, Any]:
    facts = asdict(report.reading)
    del facts["level_confidence"]  # beside each level
    return facts


def aac_row(saved: Mapping[str, Any], folder: str, choice: str | None) -> dict[str, Any]:
    """Lay one saved `score.json` of a film out as a row of `aac_scores.csv`.

    Parameters
    ----------
    saved
        Content of a film's `score.json`.
    folder
        Where it lies, relative to the results.
    choice
        Why this is the film of its study to quote; None if it is not.
    """
    film, total, levels = saved["film"], saved["total"], saved["levels"]
    interval, eight, classes = total["interval"] or {}, total["aac8"] or {}, total["classes"] or {}
    row = {
        **{name: film[name] for name in ("series_number", "series_description", "view_position", "modality")},
        **{name: film[name] for name in ("manufacturer", "kvp", "spacing_source")},
        **{name: total[name] for name in ("aac24", "anterior", "posterior", "affected_segments", "antero_posterior")},
        "study": film["study_instance_uid"],
        "series": film["series_instance_uid"],
        "film": film["key"],
        "quote": "no" if choice is None else "yes",
        "quote_reason": choice,
        "aac24_low": interval.get("low"),
        "aac24_high": interval.get("high"),
        "aac24_expected": total["expected"],
        "zero_probability": total["zero_probability"],
        "aac8": eight.get("total"),
        "aac8_unit": eight.get("unit"),
        **{f"class_{s.name.replace('-', '_')}": classes.get(s.name, {}).get("class") for s in SCHEMES},
        **{f"{level.lower()}_{wall}": levels[level][wall]["grade"] for level, wall in WALL_LEVELS},
        **{f"{level.lower()}_{wall}_fraction": levels[level][wall]["fraction"] for level, wall in WALL_LEVELS},
        "found_by": saved["found_by"],
        **{name: saved["reading"][name] for name in ("reader", "facing", "lateral_probability")},
        "row_spacing_mm": film["pixel_spacing_mm"][0],
        "column_spacing_mm": film["pixel_spacing_mm"][1],
        **{name: film["patient"][name] for name in ("age_years", "sex")},
        "caveats": " ".join(caveat["code"] for caveat in saved["caveats"]),
        "vascal_version": saved["provenance"]["version"],
        "folder": folder,
    }
    return {name: row[name] for name in AAC_COLUMNS}


def aac_scores_to_csv(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Write `aac_scores.csv`: one row a film."""
    return table_to_csv(AAC_COLUMNS, rows)
