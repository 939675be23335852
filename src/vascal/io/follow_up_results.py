"""A comparison of scans as `follow-up.json`, whose shape `schema/follow-up-1.schema.json` fixes."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import resources
from typing import Any

from vascal.report.follow_up import FollowUp
from vascal.report.scan_score import ScanScore
from vascal.risk.progression import SOURCES, Change, limit_by_chance

SCHEMA = "vascal.follow-up/1"


def read_follow_up_schema() -> dict[str, Any]:
    """Give the JSON Schema that every `follow-up.json` satisfies."""
    text = resources.files("vascal.io").joinpath("schema/follow-up-1.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def follow_up_to_dict(found: FollowUp) -> dict[str, Any]:
    """Lay a comparison out as `follow-up.json` holds it."""
    return {
        "schema": SCHEMA,
        "kind": "follow-up",
        "is_comparable": found.is_comparable,
        "patient": {"age_years": found.age_years, "sex": found.sex},
        "scans": [_scan(scan, years) for scan, years in zip(found.scans, found.years, strict=True)],
        "overall": _change(found.progression.overall, is_judged=found.is_comparable),
        "steps": [_change(step, is_judged=found.is_comparable) for step in found.progression.steps],
        "vessels": {name: list(scores) for name, scores in found.vessels.items()},
        "course": _course(found),
        "lesions": [asdict(track) for track in found.tracks],
        "caveats": [asdict(caveat) for caveat in found.caveats],
        "provenance": {"software": "vascal", "version": found.version},
    }


def follow_up_to_json(found: FollowUp) -> bytes:
    """Write a comparison as `follow-up.json`: UTF-8, no NaN, keys in a fixed order."""
    text = json.dumps(follow_up_to_dict(found), indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode(errors="backslashreplace") + b"\n"


def _scan(scan: ScanScore, years: float) -> dict[str, Any]:
    facts = scan.facts
    return {
        "study_instance_uid": scan.study_instance_uid,
        "series": scan.series_key,
        "date": None if scan.on is None else scan.on.isoformat(),
        "years": years,
        "age_years": scan.age_years,
        "bmi": scan.bmi,
        "agatston": scan.agatston,
        "chance_limit_95": limit_by_chance(scan.agatston, scan.bmi),
        "volume_mm3": scan.volume_mm3,
        "volume_isotropic_mm3": scan.volume_isotropic_mm3,
        "risk_category": scan.risk_category,
        "lesions": len(scan.lesions),
        "rule": facts.rule,
        "kvp": facts.kvp,
        "slice_thickness_mm": facts.slice_thickness_mm,
        "spacing_between_slices_mm": facts.spacing_between_slices_mm,
        "is_gated": facts.is_gated,
        "is_contrast_enhanced": facts.is_contrast_enhanced,
        "found_by": facts.found_by,
        "finder": facts.finder,
        "kernel": "/".join(facts.kernels),
        "scanner": facts.scanner,
        "vascal_version": facts.version,
    }


def _change(change: Change, *, is_judged: bool) -> dict[str, Any]:
    """Lay a change out; without a verdict where the scans are not comparable."""
    withheld: dict[str, Any] = {} if is_judged else {"direction": None}
    return {
        "from": change.earlier.on.isoformat(),
        "to": change.later.on.isoformat(),
        "years": change.years,
        "agatston": change.agatston,
        "agatston_per_year": change.agatston_per_year,
        "percent_per_year": change.percent_per_year,
        "compound_percent_per_year": change.compound_percent_per_year,
        "volume_isotropic_mm3": change.volume_mm3,
        "volume_isotropic_mm3_per_year": change.volume_mm3_per_year,
        "direction": change.direction if is_judged else None,
        "limit_95": change.limit,
        "is_incident": change.is_incident,
        "bmi": change.bmi,
        "bmi_is_assumed": change.bmi_is_assumed,
        "rules": [{**asdict(answer), **withheld, "source": SOURCES[answer.rule]} for answer in change.answers],
    }


def _course(found: FollowUp) -> dict[str, Any]:
    course = found.course
    later = [
        None if one is None else {**asdict(one.expected), "pace": one.pace if found.is_comparable else None}
        for one in course.later
    ]
    return {
        "percent": None if course.followed is None else course.followed.percent,
        "later": later,
        "missing": course.missing or None,
    }
