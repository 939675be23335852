"""What an assessment says, in the few lines that a terminal shows."""

from __future__ import annotations

from collections.abc import Iterator

from vascal.render.risk_figures import show_percent
from vascal.render.risk_section import list_lines, say_change, say_lead
from vascal.risk.assessment import RiskAssessment


def say_assessment(found: RiskAssessment) -> str:
    """Say an assessment in lines of plain text, two spaces before each."""
    return "\n".join(f"  {line}" for line in _lines(found))


def _lines(found: RiskAssessment) -> Iterator[str]:
    yield from found.notes
    yield from say_lead(found)
    for line in list_lines(found):
        after = "" if line.with_calcium is None else f", with calcium {show_percent(line.with_calcium)}"
        yield f"{line.family}, {line.years} years, {line.outcome}: {show_percent(line.without)}{after}"
    if found.change is not None:
        yield from say_change(found.change)
    yield from (hazard.text for hazard in found.aac)
    if found.valve is not None:
        yield f"Aortic valve: {found.valve.text}"
    if found.fat is not None:
        yield found.fat.text
    yield from (f"Not said: {one.title}: {one.message}" for one in found.unanswered)
