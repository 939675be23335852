"""`risk.json`: what the scores of a patient mean, beside the `score.json` that they are in.

Its shape is fixed by `schema/risk-1.schema.json`, shipped with the package. Numbers are in full precision.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any

from vascal.io.results import table_to_csv
from vascal.risk.assessment import RiskAssessment
from vascal.risk.model import RiskEstimate, unit_of
from vascal.risk.profile import ClinicalProfile, number_of

SCHEMA = "vascal.risk/1"
RISK_COLUMNS = (
    "study", "is_quotable", "is_gated", "age_years", "sex", "agatston", "aac24",
    "percentile_reference", "percentile_low", "percentile_high", "arterial_age_years",
    "mesa_chd_10y", "mesa_chd_cac_10y", "category_before", "category_after", "prevent_ascvd_10y", "prevent_cvd_10y",
    "prevent_ascvd_30y", "prevent_cvd_30y", "pce_ascvd_10y", "framingham_cvd_10y", "score2_cvd_10y",
    "unanswered", "remarks", "folder",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskProvenance:
    """What made an assessment.

    Parameters
    ----------
    software, version
        ``vascal`` and its version.
    sources
        Where clinical variables came from: ``image header``, ``FHIR bundle``, ``table``, ``typed``.
    remarks
        What was noted on reading them, such as codes that are not known.
    """

    software: str
    version: str
    sources: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def read_risk_schema() -> dict[str, Any]:
    """Give the JSON Schema that every `risk.json` satisfies."""
    text = resources.files("vascal.io").joinpath("schema/risk-1.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def read_known(path: Path) -> tuple[str, ...]:
    """Name the clinical variables that an earlier `risk.json` knew; none if there is no such file or it is damaged."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))["profile"]
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    names = {field.name for field in fields(ClinicalProfile)}
    return tuple(name for name in known if name in names)


def risk_to_dict(found: RiskAssessment, provenance: RiskProvenance) -> dict[str, Any]:
    """Lay an assessment out as `risk.json` holds it."""
    change = found.change
    return {
        "schema": SCHEMA,
        "profile": _profile_to_dict(found.profile),
        "facts": asdict(found.facts),
        "percentiles": [{**asdict(one), "text": one.text} for one in found.percentiles],
        "young": None if found.young is None else asdict(found.young),
        "arterial_age": None if found.arterial_age is None else asdict(found.arterial_age),
        "estimates": [_estimate_to_dict(one) for one in found.estimates],
        "change": None
        if change is None
        else {
            "before": change.before.model.name,
            "after": change.after.model.name,
            "category_before": change.category_before,
            "category_after": change.category_after,
            "after_interval": None if found.span is None else list(found.span),
            "edges": [asdict(edge) for edge in change.edges],
            "notes": list(change.notes),
        },
        "statements": [asdict(one) for one in found.statements],
        "aac": [asdict(one) for one in found.aac],
        "valve": None if found.valve is None else asdict(found.valve),
        "epicardial_fat": None if found.fat is None else asdict(found.fat),
        "unanswered": [asdict(one) for one in found.unanswered],
        "doubts": list(found.doubts),
        "notes": list(found.notes),
        "provenance": asdict(provenance),
    }


def risk_to_json(found: RiskAssessment, provenance: RiskProvenance) -> bytes:
    """Write an assessment as `risk.json`: UTF-8, no NaN, keys in a fixed order."""
    text = json.dumps(risk_to_dict(found, provenance), indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode(errors="backslashreplace") + b"\n"


def _profile_to_dict(profile: ClinicalProfile) -> dict[str, Any]:
    return {name: {"value": _plain(profile, name), "unit": unit_of(name) or None} for name in profile.known()}


def _plain(profile: ClinicalProfile, name: str) -> object:
    value = getattr(profile, name)
    return value if isinstance(value, (bool, str, int)) else number_of(profile, name)


def _estimate_to_dict(estimate: RiskEstimate) -> dict[str, Any]:
    model = estimate.model
    return {
        "model": model.name,
        "title": model.title,
        "outcome": model.outcome,
        "horizon_years": model.horizon_years,
        "probability": estimate.probability,
        "notes": list(estimate.notes),
        "source": model.source,
    }


def risk_row(found: RiskAssessment, study: str, folder: str) -> dict[str, Any]:
    """Lay an assessment out as a row of `risk.csv`."""
    first = found.percentiles[0] if found.percentiles else None
    by_start = {
        "mesa_chd_10y": ("mesa-chd-2015", 10),
        "mesa_chd_cac_10y": ("mesa-chd-cac", 10),
        "pce_ascvd_10y": ("pce-", 10),
        "framingham_cvd_10y": ("framingham", 10),
        "score2_cvd_10y": ("score2", 10),
    }
    return {
        "study": study,
        "is_quotable": found.facts.is_quotable,
        "is_gated": found.facts.is_gated,
        "age_years": found.profile.age_years,
        "sex": found.profile.sex,
        "agatston": found.facts.agatston,
        "aac24": found.facts.aac24,
        "percentile_reference": None if first is None else first.reference.name,
        "percentile_low": None if first is None else first.low,
        "percentile_high": None if first is None else first.high,
        "arterial_age_years": None if found.arterial_age is None else found.arterial_age.years,
        **{column: _probability(found, start, years) for column, (start, years) in by_start.items()},
        **{
            f"prevent_{outcome}_{years}y": _probability(found, "prevent", years, outcome)
            for outcome in ("ascvd", "cvd")
            for years in (10, 30)
        },
        "category_before": None if found.change is None else found.change.category_before,
        "category_after": None if found.change is None else found.change.category_after,
        "unanswered": "; ".join(one.title for one in found.unanswered),
        "remarks": " ".join((*found.doubts, *found.notes)),
        "folder": folder,
    }


def _probability(found: RiskAssessment, start: str, years: int, outcome: str | None = None) -> float | None:
    for one in found.estimates:
        model = one.model
        if model.name.startswith(start) and model.horizon_years == years and outcome in (None, model.outcome):
            return one.probability
    return None


def risks_to_csv(rows: Sequence[dict[str, Any]]) -> bytes:
    """Write `risk.csv`: one row a `score.json`."""
    return table_to_csv(RISK_COLUMNS, rows)
