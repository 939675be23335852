"""What an assessment says, in the few lines that a terminal shows."""

from __future__ import annotations

from collections.abc import Iterator

from vascal.render.risk_figures import show_percent
from vascal.render.risk_section import list_lines, list_remarks, say_change, say_lead
from vascal.risk.assessment import RiskAssessment
from vascal.risk.reclassification import ORIENTATION


def say_assessment(found: RiskAssessment) -> str:
    """Say an assessment in lines of plain text, two spaces before each."""
    return "\n".join(f"  {line}" for line in _lines(found))


def say_in_short(found: RiskAssessment) -> str:
    """Say an assessment in a few words, for a line of many."""
    parts = [f"{one.text} ({one.reference.title})" for one in found.percentiles[:1]]
    if found.change is not None:
        before, after = found.change.before.probability, found.change.after.probability
        parts.append(f"MESA {show_percent(before)}, with calcium {show_percent(after)}")
    parts += ["check the patient"] if found.doubts else []
    if not parts:
        parts = [f"{len(found.estimates)} formulas answered"] if found.estimates else [*found.notes[:1]]
    return "; ".join(parts) or "nothing could be said"


def _lines(found: RiskAssessment) -> Iterator[str]:
    yield from found.doubts
    yield from found.notes
    yield from say_lead(found)
    for line in list_lines(found):
        after = "" if line.with_calcium is None else f", with calcium {show_percent(line.with_calcium)}"
        yield f"{line.family}, {line.years} years, {line.outcome}: {show_percent(line.without)}{after}"
    if found.change is not None:
        yield from say_change(found.change, found.facts.agatston)
        yield ORIENTATION
    yield from (hazard.text for hazard in found.aac)
    if found.valve is not None:
        yield f"Aortic valve: {found.valve.text}"
    if found.fat is not None:
        yield found.fat.text
    yield from list_remarks(found)
    yield from (f"Not said: {one.title}: {one.message}" for one in found.unanswered)
