"""A comparison of scans as one self-contained HTML page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from vascal.calcium.lesions import VESSELS
from vascal.render.follow_up_chart import NARROW, WIDE, draw_follow_up_chart
from vascal.render.follow_up_wording import (
    KINDS,
    show_answer,
    show_course,
    show_percent_rate,
    show_signed,
    show_track_numbers,
    show_years,
    shown_places,
    summarise_change,
    title_of,
)
from vascal.render.palette import colour_of
from vascal.render.wording import VESSEL_NAMES, show_number, show_score
from vascal.report.follow_up import FollowUp
from vascal.report.scan_score import ScanScore
from vascal.risk.lesion_tracks import LesionTrack
from vascal.risk.progression import SOURCES, limit_by_chance

_PAGES = Environment(
    loader=PackageLoader("vascal.render"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _keep_days(text: str) -> Markup:
    """Escape a text, and keep its days from being broken over lines."""
    return Markup(DAY.sub(r'<span class="nowrap">\g<0></span>', str(escape(text))))  # noqa: S704 - escaped here


_PAGES.filters.update(days=_keep_days, score=show_score, number=show_number, signed=show_signed, years=show_years)


def draw_follow_up_page(found: FollowUp) -> str:
    """Write a comparison as HTML that needs nothing else: drawing inside, no scripts, no links out.

    Parameters
    ----------
    found
        What to say. Its texts come from image headers and are escaped.
    """
    overall, places = found.progression.overall, shown_places(len(found.scans))
    return _PAGES.get_template("follow_up.html.j2").render(
        found=found,
        overall=overall,
        tone=_tone(found),
        title=title_of(found),
        summary=summarise_change(found),
        percent_rate=show_percent_rate(overall),
        course=show_course(found),
        charts=[draw_follow_up_chart(found, width) for width in (WIDE, NARROW)],
        scans=[_scan_row(found, place) for place in range(len(found.scans))],
        columns=[_scan_row(found, place) for place in places],
        steps=found.progression.steps,
        answers=[
            (*show_answer(answer, is_judged=found.is_comparable), SOURCES[answer.rule]) for answer in overall.answers
        ],
        vessels=_vessel_rows(found, places),
        tracks=[_track_row(track, places) for track in found.tracks if _is_shown(track, places)],
        left_out=sum(not _is_shown(track, places) for track in found.tracks),
        grave=[caveat for caveat in found.caveats if caveat.severity == "critical"],
        cautions=[caveat for caveat in found.caveats if caveat.severity == "caution"],
        remarks=[caveat for caveat in found.caveats if caveat.severity == "info"],
    )


def _tone(found: FollowUp) -> str:
    """Choose how the verdict looks."""
    if not found.is_comparable:
        return "off"
    direction = found.progression.overall.direction
    return "between" if direction == "none" and found.progression.hidden_steps else direction


def _is_shown(track: LesionTrack, places: Sequence[int]) -> bool:
    return len(places) == len(track.ids) or any(track.ids[place] for place in places)


def _scan_row(found: FollowUp, place: int) -> dict[str, object]:
    scan = found.scans[place]
    return {
        "number": place + 1,
        "day": "" if scan.on is None else scan.on.isoformat(),
        "years": found.years[place],
        "scan": scan,
        "limit": limit_by_chance(scan.agatston, scan.bmi),
        "how": _how(scan),
        "series": scan.series_key if scan.has_real_uids else None,
    }


def _how(scan: ScanScore) -> str:
    """Say in one line how a scan was made and read."""
    facts = scan.facts
    thickness = facts.slice_thickness_mm or facts.spacing_between_slices_mm
    parts = (
        "tube voltage unknown" if facts.kvp is None else f"{facts.kvp:g} kVp",
        f"{thickness:g} mm",
        "gated" if facts.is_gated else "not gated" if facts.is_gated is False else "gating unknown",
        "/".join(facts.kernels),
        facts.scanner or "",
        f"rule {facts.rule}",
        "labels given" if facts.found_by == "labels" else "found automatically",
    )
    return ", ".join(part for part in parts if part)


def _vessel_rows(found: FollowUp, places: Sequence[int]) -> list[dict[str, object]]:
    worst = max((score for scores in found.vessels.values() for score in scores), default=0.0)
    return [
        {
            "name": name,
            "long": VESSEL_NAMES.get(name, ""),
            "scores": [scores[place] for place in places],
            "change": scores[-1] - scores[0],
            "colour": colour_of(name),
            "shares": [100.0 * score / worst if worst else 0.0 for score in (scores[0], scores[-1])],
        }
        for name, scores in found.vessels.items()
        if name in VESSELS or any(scores)
    ]


def _track_row(track: LesionTrack, places: Sequence[int]) -> dict[str, object]:
    return {
        "numbers": show_track_numbers(track),
        "vessels": track.vessels,
        "colour": colour_of(track.vessels[-1]),
        "kind": track.kind,
        "word": KINDS[track.kind],
        "scores": [track.agatston[place] if track.ids[place] else None for place in places],
        "change": track.agatston[-1] - track.agatston[0],
        "is_sure": track.is_sure,
    }
