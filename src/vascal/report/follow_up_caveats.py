"""What must be known of a comparison of scans: of the scans, of the patient, of the change and of the lesions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vascal.report.caveats import Caveat
from vascal.risk.lesion_tracks import LesionTrack
from vascal.risk.progression import (
    DISCORDANT_ZERO_PERCENT,
    SHORTEST_DAYS,
    ZERO_LIMIT_AGATSTON,
    Change,
    Progression,
)

RISES = {"increase": "rise", "decrease": "fall", "none": "change"}


def find_caveats_of_change(
    progression: Progression, tracks: Sequence[LesionTrack], *, is_comparable: bool
) -> Iterator[Caveat]:
    """Yield what must be known of a change.

    Parameters
    ----------
    progression
        From scan to scan, and from the first to the last.
    tracks
        Every lesion.
    is_comparable
        If not, nothing that judges the change is said.
    """
    if is_comparable:
        yield from _in_between(progression)
        yield from _decrease(progression)
    yield from _limits(progression.overall)
    if any(step.is_short for step in (*progression.steps, progression.overall)):
        yield Caveat(
            code="short-interval",
            message=f"Nothing is put per year where scans are less than {SHORTEST_DAYS} days apart: chance would be "
            "multiplied.",
            severity="info",
        )
    yield from _names(tracks)
    yield Caveat(
        code="lesions-not-registered",
        message="Lesions were matched by vessel, size and place among each other; the images were not registered.",
        severity="info",
    )
    yield Caveat(code="not-a-medical-device", message="For research. Not a medical device.", severity="info")


def _in_between(progression: Progression) -> Iterator[Caveat]:
    """Name changes that the first and the last scan alone do not show."""
    hidden = progression.hidden_steps
    if hidden:
        steps = ", and between ".join(
            f"{_span(step)} (a {RISES[step.direction]} of {abs(step.agatston):.0f})" for step in hidden
        )
        yield Caveat(
            code="changes-in-between",
            message=f"The score changed beyond chance between {steps}, which first and last scan alone do not show.",
        )


def _decrease(progression: Progression) -> Iterator[Caveat]:
    falls = [step for step in (*progression.steps, progression.overall) if step.direction == "decrease"]
    if falls:
        spans = ", ".join(dict.fromkeys(_span(step) for step in falls))
        yield Caveat(
            code="decrease",
            message=f"The score fell beyond chance between {spans}. Calcified plaque seldom goes away: look for "
            "lesions that the later scan missed, or that the earlier took wrongly.",
        )


def _span(change: Change) -> str:
    return f"{change.earlier.on.isoformat()} and {change.later.on.isoformat()}"


def _limits(overall: Change) -> Iterator[Caveat]:
    """Say where the limit of chance is from, if that is not plain."""
    if overall.is_incident:
        yield Caveat(
            code="incident",
            message=f"There was no calcium at first. Of pairs of scans made one after the other, "
            f"{DISCORDANT_ZERO_PERCENT:g} % disagree whether there is any (MESA); after 0, a score above "
            f"{ZERO_LIMIT_AGATSTON:g} is more than chance (Sevrukov 2005).",
            severity="info",
        )
    elif overall.answers[0].rule == "sevrukov-zero" and overall.earlier.agatston > 0:
        yield Caveat(
            code="small-first-score",
            message=f"At so small a first score MESA's limit is below the one that Sevrukov gives after 0 "
            f"({ZERO_LIMIT_AGATSTON:g}); the larger of the two decides.",
            severity="info",
        )
    if overall.bmi_is_assumed:
        yield Caveat(
            code="bmi-assumed",
            message=f"Body mass index unknown; {overall.bmi:g} assumed for the limits of chance.",
            severity="info",
        )


def _names(tracks: Sequence[LesionTrack]) -> Iterator[Caveat]:
    """Name lesions whose calcium moved from one vessel's sum to another's by its name alone."""
    renamed = [f"{' / '.join(track.vessels)} ({track.agatston[-1]:.0f})" for track in tracks if len(track.vessels) > 1]
    if renamed:
        yield Caveat(
            code="vessel-names-differ",
            message=f"{len(renamed)} lesion(s) bear another vessel's name in another scan, with Agatston units in the "
            f"last: {', '.join(renamed)}. The vessels' sums change by that too; the total does not.",
        )
