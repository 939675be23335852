"""The report of a CT series as one self-contained HTML page: a first sheet to sign, then details."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from vascal.calcium.lesions import VESSELS
from vascal.render.category_scale import draw_category_scale
from vascal.render.image_numbers import show_span
from vascal.render.key_figures import Say, caption_panel, draw_panel
from vascal.render.key_images import KeyImages, KeyPanel
from vascal.render.language import LanguageCode, Verbatim, read_language
from vascal.render.page_foot import make_foot
from vascal.render.pages import fill_page
from vascal.render.palette import colour_of
from vascal.render.wording import (
    VESSEL_NAMES,
    letter_of,
    show_gating,
    show_number,
    show_range,
    show_rule,
    show_score,
    show_uncertainty,
)
from vascal.report.caveats import Caveat
from vascal.report.report import RejectedCandidate, Report

WHOSE = ("Age, sex", "Date", "Series")
"""Facts at the head of the first sheet."""
PROTOCOL = ("Scanner", "Tube voltage", "ECG gating", "Kernel", "Slices", "Slice thickness", "Rule", "Calcium marked by")
"""Facts that a score depends on most; they stand on the first sheet, the others among the details."""

FINDERS = {"labels": "labels that were given", "learned": "neural networks", "rules": "anatomy rules"}


def draw_page(report: Report, images: KeyImages, *, language: LanguageCode = "en") -> str:
    """Write a report as HTML that needs nothing else: pictures inside, no scripts, no links out.

    Parameters
    ----------
    report
        What to say. Its texts come from image headers and are escaped.
    images
        From `draw_key_images`.
    language
        Of the page.
    """
    say, facts = read_language(language).say, dict(list_facts(report))
    score, shown = report.score, (*images.front, images.overview)
    values: dict[str, object] = {
        "report": report,
        "score": score,
        "whose": [(name, facts[name]) for name in WHOSE],
        "protocol": [(name, facts[name]) for name in PROTOCOL],
        "scan": [(name, value) for name, value in facts.items() if name not in (*WHOSE, *PROTOCOL)],
        "measures": list_measures(report),
        "meaning": f"Category {show_range(score.risk_category)}" if score.total.agatston else "No calcium found",
        "interval": _say_interval(report),
        "total_text": _describe_total(report) if report.is_quotable else (),
        "scale": draw_category_scale(score.total.agatston, _span(report), say),
        "vessels": _vessel_rows(report),
        "front": [_drawing(panel, say) for panel in shown],
        "more": [_drawing(panel, say) for panel in images.more],
        "legend": (summarise(report), *_describe_images(report, images)),
        "hidden": _name_hidden(report, images),
        "rule_text": show_rule(score.rule),
        "rejected": _count_rejected(report.rejected),
        "sources": f"{len(report.provenance.source_uids)} source images are listed in score.json.",
        **sort_caveats(report.caveats),
        "colour_of": colour_of,
        "letter_of": letter_of,
        "has_segments": any(lesion.segment is not None for lesion in score.lesions),
        "span_title": "Images" if images.numbers else "Slices",
        "span_of": lambda slices: show_span(slices, images.numbers),
        "foot": make_foot(facts, report.series.key, say),
    }
    return fill_page("report.html.j2", values, language)


def sort_caveats(caveats: tuple[Caveat, ...]) -> dict[str, object]:
    """Sort caveats by where on a page they stand."""
    kept = {"grave": "critical", "cautions": "caution", "remarks": "info"}
    return {name: [one for one in caveats if one.severity == severity] for name, severity in kept.items()}


def _drawing(panel: KeyPanel, say: Say) -> dict[str, str]:
    return {"drawing": draw_panel(panel, say), "caption": caption_panel(panel)}


def _span(report: Report) -> tuple[float, float] | None:
    doubt = report.uncertainty
    return None if doubt is None else (doubt.low, doubt.high)


def _say_interval(report: Report) -> str:
    doubt = report.uncertainty
    if doubt is None or doubt.high == 0:
        return ""
    return f"95 % interval {show_score(doubt.low)} to {show_score(doubt.high)}"


def _describe_total(report: Report) -> tuple[str, ...]:
    """Say in small print what the total is called, and how far it may be trusted."""
    score = report.score
    gated = "" if report.series.acquisition.gating.is_gated else " (defined for gated scans)"
    spread = f"{score.vessels_with_calcium} of 4 vessels, {count_lesions(score.total.lesions)}."
    said = (f"CAC-DRS {score.cac_drs}{gated}.", spread, _say_repeat(report), show_uncertainty(report.uncertainty))
    return tuple(text for text in said if text and (score.total.agatston or text != spread))


def _say_repeat(report: Report) -> str:
    """Say what a second scan may find by chance."""
    limit = report.score.repeat_limit
    if not report.score.total.agatston:
        return "Of pairs of scans in MESA, 4.1 % had calcium in one and none in the other."
    body = f"BMI {show_number(limit.bmi, 0)}{', assumed' if limit.bmi_is_assumed else ''}"
    return (
        f"By chance alone, a repeated scan may differ by up to {show_number(limit.agatston, 0)} (95 %, MESA; {body})."
    )


def count_lesions(count: int) -> str:
    """Count lesions in words that fit.

    Examples
    --------
    >>> count_lesions(1), count_lesions(7)
    ('1 lesion', '7 lesions')
    """
    return "1 lesion" if count == 1 else f"{count} lesions"


def _describe_images(report: Report, images: KeyImages) -> Iterator[str]:
    """Say what the lines on the key images are."""
    if report.score.lesions:
        yield "Letters are those of the table of lesions, colours those of the vessels."
    yield "The patient's right is on the left."
    if images.has_heart:
        yield "Thin line: the heart."
    if report.rejected:
        yield "Grey, broken lines: not scored."


def _name_hidden(report: Report, images: KeyImages) -> str:
    """Name lesions that no slice shows, for want of room."""
    seen = {mark.letter for panel in (*images.front, *images.more) for mark in panel.lesions}
    missing = [letter for lesion in report.score.lesions if (letter := letter_of(lesion.id)) not in seen]
    return f"On no slice shown: {', '.join(missing)}." if missing and seen else ""


def summarise(report: Report) -> str:
    """Say in one sentence what was found."""
    score = report.score
    if not report.is_quotable:
        return f"{count_lesions(score.total.lesions)}; the total must not be quoted as a calcium score."
    if not score.lesions:
        return "No coronary calcium was found."
    named = [f"{v} {show_score(score.vessels[v].agatston)}" for v in score.vessels if score.vessels[v].lesions]
    return f"Agatston {show_score(score.total.agatston)} in {count_lesions(score.total.lesions)}: {', '.join(named)}."


def list_facts(report: Report) -> tuple[tuple[str, str], ...]:
    """List what was scanned, and how, as (name, value); what the header does not say is "not stated"."""
    series, acquisition = report.series, report.series.acquisition
    slices, rows, columns = series.shape
    spacing, row_mm, column_mm = series.spacing_mm
    pixel = f"{row_mm:.3g}" if row_mm == column_mm else f"{row_mm:.3g} × {column_mm:.3g}"
    scanner = " ".join(part for part in (acquisition.manufacturer, acquisition.model) if part)
    facts = (
        ("Age, sex", _patient(report)),
        ("Date", _date(series.study_date)),
        ("Series", Verbatim(series.series_description or "-")),
        ("Scanner", Verbatim(scanner) or None),
        ("Tube voltage", None if acquisition.kvp is None else f"{acquisition.kvp:g} kVp"),
        ("ECG gating", show_gating(acquisition.gating.is_gated, acquisition.gating.evidence)),
        ("Kernel", Verbatim(" / ".join(acquisition.kernels)) or None),
        ("Slices", "1" if slices == 1 else f"{slices}, every {spacing:.3g} mm{'' if series.is_even else ' (uneven)'}"),
        ("Slice thickness", _mm(acquisition.slice_thickness_mm)),
        ("Rule", _rule(report)),
        ("Pixels", f"{rows} × {columns} of {pixel} mm"),
        ("Exposure", None if acquisition.exposure_mas is None else f"{acquisition.exposure_mas:.0f} mAs"),
        ("Noise in blood", _hu(report.findings.noise_sd_hu)),
        ("Blood in heart, aorta", f"{_hu(report.findings.blood_hu) or '-'}, {_hu(report.findings.aorta_hu) or '-'}"),
        ("Calcium marked by", FINDERS[report.found_by]),
    )
    return tuple((name, value or "not stated") for name, value in facts)


def list_measures(report: Report) -> tuple[tuple[str, str], ...]:
    """List what else was measured, as (name, value)."""
    score, heart = report.score, report.findings.heart_volume_ml
    return (
        ("Volume, isotropic", f"{show_number(score.total.volume_isotropic_mm3)} mm³"),
        ("Mass, integrated", f"{show_number(score.total.mass_integrated_mg)} mg"),
        ("Mass, volume fraction", f"{show_number(score.total.mass_volume_fraction_mg)} mg"),
        ("Diffusivity index", show_number(score.diffusivity, 2)),
        ("Heart with its fat", f"{show_number(heart, 0)} ml" if heart else "not found"),
        ("Mass calibration", f"{score.calibration.source}: {score.calibration.detail}"),
    )


def _rule(report: Report) -> str:
    rule = report.score.rule
    return f"{rule.name}, changed by hand: {', '.join(rule.changed)}" if rule.changed else rule.name


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
