"""How a film's grades are said to people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vascal.aac.classes import KIDNEY, SCHEMES
from vascal.aac.total_doubt import READERS_WIDTH
from vascal.render.language import Verbatim
from vascal.report.aac_report import AacReport

GRADE_WORDS = ("none", "up to 1/3", "1/3 to 2/3", "over 2/3")
SCHEME_WORDS = {
    "kidney-thirds": "Dialysis and radiographs (CORD; Shao 2025)",
    "population": "Population (UK Biobank; densitometry cohorts)",
    "masterplan": "Chronic kidney disease (MASTERPLAN)",
}
READERS = {"labels": "labels that were given", "learned": "neural networks"}
SPACING_WORDS = {
    "pixel-spacing": "as calibrated in the header",
    "imager-pixel-spacing": "on the detector",
    "nominal": "nominal scanned size",
    "stated": "as stated by the user",
    "assumed": "assumed",
}


def show_class(report: AacReport) -> str:
    """Name the class of the first scheme with its totals, such as ``Moderate (5-15)``."""
    name = report.score.classes[KIDNEY.name]
    return f"{name.capitalize()} ({KIDNEY.span_text(name)})"


def show_meaning(report: AacReport) -> str:
    """Say class, interval and AAC-8 in one line."""
    doubt, eight = report.uncertainty, report.score.aac8
    parts = [show_class(report).lower(), f"{100 * doubt.level:.0f} % interval {doubt.low} to {doubt.high}"]
    if eight is not None:
        parts.append(f"AAC-8 {eight.total}")
    return "   ".join(parts)


def summarise_aac(report: AacReport) -> str:
    """Say in one sentence what was found; also the picture's text alternative."""
    score = report.score
    if not report.is_quotable:
        return f"Grades add up to {score.aac24}; the total must not be quoted as an AAC-24."
    if score.aac24 == 0:
        return "No aortic calcification was found at L1 to L4."
    named = ", ".join(f"{level} {points}" for level, points in score.by_level.items() if points)
    return f"AAC-24 {score.aac24}: anterior wall {score.anterior}, posterior wall {score.posterior}; {named}."


def show_aac_doubt(report: AacReport) -> str:
    """Say what the total may be instead, and how far readers differ."""
    doubt = report.uncertainty
    low, high = READERS_WIDTH
    return (
        f"Expected total {doubt.expected:.1f}. "
        f"For comparison: limits of agreement between two readers of one film are {low:g} to {high:g} points wide."
    )


def list_sums(report: AacReport) -> tuple[tuple[str, str], ...]:
    """List what else the same grades give, as (name, value)."""
    score = report.score
    eight = score.aac8
    return (
        ("Anterior wall", f"{score.anterior} of 12"),
        ("Posterior wall", f"{score.posterior} of 12"),
        ("AAC-8", "not measured" if eight is None else f"{eight.total} of 8 ({eight.anterior} + {eight.posterior})"),
        ("Affected segments", f"{score.affected_segments} of 4"),
        ("Affected walls", f"{score.antero_posterior} of 8"),
    )


def list_classes(report: AacReport) -> list[tuple[str, str, str, str, str]]:
    """List for each scheme: whose it is, the class, its totals, its probability and the source."""
    rows = []
    for scheme in SCHEMES:
        name = report.score.classes[scheme.name]
        chance = show_percent(report.uncertainty.classes[scheme.name][name])
        rows.append((SCHEME_WORDS[scheme.name], name, scheme.span_text(name), chance, scheme.source))
    return rows


def list_film_facts(report: AacReport) -> tuple[tuple[str, str], ...]:
    """List what was imaged, and how, as (name, value); what the header does not say is "not stated"."""
    film, facts = report.film, report.film.facts
    reader = "labels" if report.found_by == "labels" else report.reading.reader
    row_mm, column_mm = film.spacing_mm
    pixel = f"{row_mm:.3g}" if row_mm == column_mm else f"{row_mm:.3g} × {column_mm:.3g}"
    named = (
        ("Age, sex", _patient(report)),
        ("Date", _date(facts.study_date)),
        ("Series", Verbatim(facts.series_description or "-")),
        ("Device", Verbatim(" ".join(part for part in (facts.modality, facts.manufacturer, facts.model) if part))),
        ("View", Verbatim(facts.view_position)),
        ("Patient looks to the", f"{report.reading.facing} of the film"),
        ("Tube voltage", "" if facts.kvp is None else f"{facts.kvp:.3g} kVp"),
        ("Exposure", "" if facts.exposure_mas is None else f"{facts.exposure_mas:.3g} mAs"),
        ("Pixels", f"{film.shape[0]} × {film.shape[1]} of {pixel} mm, {SPACING_WORDS[film.spacing_source]}"),
        ("Graded by", READERS.get(reader, reader)),
    )
    return tuple((name, value or "not stated") for name, value in named)


def _date(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) == 8 and text.isdigit() else ""


def _patient(report: AacReport) -> str:
    patient = report.film.patient
    sex = {"F": "female", "M": "male", "O": "other"}.get(patient.sex or "", "")
    age = "" if patient.age_years is None else f"{patient.age_years:.0f} years"
    return ", ".join(part for part in (sex, age) if part)


def show_percent(share: float) -> str:
    """Write a probability; nothing that can be is said to be certain.

    Examples
    --------
    >>> show_percent(0.0), show_percent(0.004), show_percent(0.5), show_percent(0.999), show_percent(1.0)
    ('0 %', 'under 1 %', '50 %', 'over 99 %', '100 %')
    """
    if share in (0.0, 1.0):
        return f"{100 * share:.0f} %"
    if share > 0.995:
        return "over 99 %"
    return "under 1 %" if share < 0.005 else f"{100 * share:.0f} %"


def show_saved_film(saved: Mapping[str, Any]) -> str:
    """Say a saved `score.json` of a film in a few words."""
    total = saved["total"]
    if not saved["is_quotable"]:
        grave = ", ".join(caveat["code"] for caveat in saved["caveats"] if caveat["severity"] == "critical")
        return f"not quotable as an AAC-24 ({grave}); grades add up to {total['aac24']}"
    called, interval = total["classes"][KIDNEY.name]["class"], total["interval"]
    return f"AAC-24 {total['aac24']} ({called}), 95 % interval {interval['low']} to {interval['high']}"
