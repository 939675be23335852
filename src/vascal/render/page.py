"""The report as one self-contained HTML page."""

from __future__ import annotations

import base64
from itertools import groupby

from vascal.calcium.lesions import VESSELS
from vascal.render.language import LanguageCode
from vascal.render.pages import fill_page
from vascal.render.palette import colour_of
from vascal.render.wording import VESSEL_NAMES, show_gating, show_rule, show_score, show_uncertainty
from vascal.report.report import RejectedCandidate, Report


def draw_page(report: Report, overlay_png: bytes, *, language: LanguageCode = "en") -> str:
    """Write a report as HTML that needs nothing else: picture inside, no scripts, no links out.

    Parameters
    ----------
    report
        What to say. Its texts come from image headers and are escaped.
    overlay_png
        From `draw_overlay`.
    language
        Of the page.
    """
    values = {
        "report": report,
        "score": report.score,
        "facts": list_facts(report),
        "vessels": _vessel_rows(report),
        "rule_text": show_rule(report.score.rule),
        "rejected": _count_rejected(report.rejected),
        "grave": [caveat for caveat in report.caveats if caveat.severity == "critical"],
        "cautions": [caveat for caveat in report.caveats if caveat.severity == "caution"],
        "remarks": [caveat for caveat in report.caveats if caveat.severity == "info"],
        "summary": summarise(report),
        "doubt": show_uncertainty(report.uncertainty),
        "picture": base64.b64encode(overlay_png).decode(),
        "colour_of": colour_of,
    }
    return fill_page("report.html.j2", values, language)


def summarise(report: Report) -> str:
    """Say in one sentence what was found; also the picture's text alternative."""
    score = report.score
    if not report.is_quotable:
        return f"{score.total.lesions} lesions; the total must not be quoted as a calcium score."
    if not score.lesions:
        return "No coronary calcium was found."
    named = [f"{v} {show_score(score.vessels[v].agatston)}" for v in score.vessels if score.vessels[v].lesions]
    return f"Agatston {show_score(score.total.agatston)} in {score.total.lesions} lesions: {', '.join(named)}."


def list_facts(report: Report) -> tuple[tuple[str, str], ...]:
    """List what was scanned, and how, as (name, value); what the header does not say is "not stated"."""
    series, acquisition = report.series, report.series.acquisition
    slices, rows, columns = series.shape
    spacing, row_mm, column_mm = series.spacing_mm
    pixel = f"{row_mm:.3g}" if row_mm == column_mm else f"{row_mm:.3g} × {column_mm:.3g}"
    scanner = " ".join(part for part in (acquisition.manufacturer, acquisition.model) if part)
    facts = (
        ("Series", series.series_description or "-"),
        ("Date", _date(series.study_date)),
        ("Patient", _patient(report)),
        ("Scanner", scanner or None),
        ("Tube voltage", None if acquisition.kvp is None else f"{acquisition.kvp:g} kVp"),
        ("ECG gating", show_gating(acquisition.gating.is_gated, acquisition.gating.evidence)),
        ("Kernel", " / ".join(acquisition.kernels) or None),
        ("Slices", "1" if slices == 1 else f"{slices}, every {spacing:.3g} mm{'' if series.is_even else ' (uneven)'}"),
        ("Slice thickness", _mm(acquisition.slice_thickness_mm)),
        ("Pixels", f"{rows} × {columns} of {pixel} mm"),
        ("Exposure", None if acquisition.exposure_mas is None else f"{acquisition.exposure_mas:.0f} mAs"),
        ("Noise in blood", _hu(report.findings.noise_sd_hu)),
        ("Blood in heart, aorta", f"{_hu(report.findings.blood_hu) or '-'}, {_hu(report.findings.aorta_hu) or '-'}"),
        ("Calcium marked by", "labels that were given" if report.found_by == "labels" else report.findings.finder),
    )
    return tuple((name, value or "not stated") for name, value in facts)


def _date(text: str) -> str | None:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) == 8 and text.isdigit() else None


def _mm(value: float | None) -> str | None:
    return None if value is None else f"{value:.3g} mm"


def _hu(value: float | None) -> str | None:
    return None if value is None else f"{value:.0f} HU"


def _patient(report: Report) -> str | None:
    patient = report.series.patient
    sex = {"F": "female", "M": "male", "O": "other"}.get(patient.sex or "")
    age = None if patient.age_years is None else f"{patient.age_years:.0f} years"
    bmi = None if patient.bmi is None else f"BMI {patient.bmi:.0f}"
    return ", ".join(part for part in (sex, age, bmi) if part) or None


def _vessel_rows(report: Report) -> list[dict[str, object]]:
    worst = max((vessel.agatston for vessel in report.score.vessels.values()), default=0.0)
    return [
        {
            "name": name,
            "long": VESSEL_NAMES.get(name, ""),
            "score": vessel,
            "colour": colour_of(name),
            "share": 100.0 * vessel.agatston / worst if worst else 0.0,
        }
        for name, vessel in report.score.vessels.items()
        if name in VESSELS or vessel.lesions
    ]


def _count_rejected(rejected: tuple[RejectedCandidate, ...]) -> list[tuple[str, int, float, int]]:
    """Count rejected candidates by reason: (reason, how many, mm3, highest HU)."""
    ordered = sorted(rejected, key=lambda candidate: candidate.reason)
    groups = [(reason, list(group)) for reason, group in groupby(ordered, key=lambda candidate: candidate.reason)]
    return [(r, len(g), sum(c.volume_mm3 for c in g), max(c.peak_hu for c in g)) for r, g in groups]
