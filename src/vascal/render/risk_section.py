"""The part of a report that says what the scores mean for this patient."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from vascal.errors import InputError
from vascal.render.risk_figures import RiskRow, draw_percentiles, draw_risks, show_percent
from vascal.render.wording import show_number, show_score
from vascal.risk.assessment import RiskAssessment
from vascal.risk.model import TITLES, RiskEstimate, unit_of
from vascal.risk.profile import number_of
from vascal.risk.reclassification import BEYOND, CATEGORIES, RiskChange

_PAGES = Environment(
    loader=PackageLoader("vascal.render"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
BEGIN, END = "<!-- risk: begin -->", "<!-- risk: end -->"
"""Between these in a report stands the section, so that it can be replaced when more is known."""

_FAMILIES = {
    "mesa": "MESA",
    "prevent": "PREVENT",
    "pce": "Pooled cohort equations",
    "framingham": "Framingham",
    "score2": "SCORE2",
}
_OUTCOMES = {
    "chd": "coronary heart disease",
    "ascvd": "heart attack or stroke (ASCVD)",
    "cvd": "any cardiovascular disease",
    "hf": "heart failure",
    "stroke": "stroke",
}
_IN_FIGURE = (("mesa", "chd"), ("prevent", "ascvd"), ("pce", "ascvd"), ("score2", "cvd"))
_PEOPLE = {"F": "woman", "M": "man"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskLine:
    """One line of the table of risks."""

    family: str
    outcome: str
    years: int
    without: float
    with_calcium: float | None
    notes: tuple[str, ...]


def draw_risk_section(found: RiskAssessment) -> str:
    """Write the section as HTML that stands inside a report's page; empty where nothing can be said.

    Parameters
    ----------
    found
        What to say.
    """
    if not _has_meaning(found):
        return ""
    return _PAGES.get_template("risk.html.j2").render(
        found=found,
        lead=say_lead(found),
        percentile_svg=_percentiles(found),
        risk_svg=_risks(found),
        lines=tuple(list_lines(found)),
        statements=tuple(one for one in found.statements if not one.name.endswith("-measure")),
        known=list_known(found),
        sources=list_sources(found),
        show_percent=show_percent,
        sentences=tuple(say_change(found.change)) if found.change is not None else (),
    )


def replace_section(page: str, section: str) -> str:
    """Put a section into the page of a report, in place of the one before.

    Raises
    ------
    InputError
        If the page has no place for it: another version wrote it.
    """
    begin, end = page.find(BEGIN), page.find(END)
    if not 0 <= begin < end:
        raise InputError("report.html has no place for a risk section; score again with this version")
    return f"{page[: begin + len(BEGIN)]}\n{section}{page[end:]}"


def _has_meaning(found: RiskAssessment) -> bool:
    said = (found.percentiles, found.young, found.arterial_age, found.estimates, found.aac, found.valve, found.fat)
    return any(said)


def say_lead(found: RiskAssessment) -> tuple[str, ...]:
    """Say in a few plain sentences where the patient stands."""
    return tuple(_lead(found))


def _lead(found: RiskAssessment) -> Iterator[str]:
    score, profile = found.facts.agatston, found.profile
    if score is not None and found.percentiles:
        first, *others = found.percentiles
        who = f"a {_PEOPLE[profile.sex]}" if profile.sex else "a patient"
        also = "".join(f"; {other.text} by {other.reference.title}" for other in others)
        yield (
            f"For {who} of {profile.age_years:.0f} years, a score of {show_score(score)} lies {_at(first.text)} "
            f"({first.reference.title}{also})."
        )
    if found.arterial_age is not None and score is not None:
        years = f"{found.arterial_age.years:.0f}"
        yield f"It is the score expected, on average, at an age of {years} years (arterial age)."
    if found.young is not None:
        yield found.young.text


def _at(text: str) -> str:
    return f"at the {text}" if text[0].isdigit() else text


def say_change(change: RiskChange) -> Iterator[str]:
    """Say what calcium changed, and which scores would make the category another."""
    yield change.text
    ranks = {category: rank for rank, category in enumerate(CATEGORIES)}
    for edge in change.edges:
        name, score = f"{edge.probability * 100:g} %", edge.agatston
        if ranks[edge.category] == ranks[change.category_after] + 1:
            needs = (
                f"above {score:.0f}" if score is not None and score <= BEYOND else f"above {BEYOND:.0f}: out of reach"
            )
            yield f"To be called {edge.category} ({name} and more), the risk needs a calcium score {needs}."
        if edge.category == change.category_after and score is not None:
            lower = CATEGORIES[ranks[edge.category] - 1]
            yield f"With a calcium score below {max(score, 1):.0f} it would be {lower} (below {name})."


def list_lines(found: RiskAssessment) -> Iterator[RiskLine]:
    """List formulas, one line each; MESA without and with calcium share one."""
    with_calcium = {id(found.change.after)} if found.change is not None else set()
    for estimate in found.estimates:
        if id(estimate) in with_calcium:
            continue
        is_before = found.change is not None and estimate == found.change.before
        after = found.change.after if is_before and found.change is not None else None
        yield RiskLine(
            family=family_of(estimate),
            outcome=_OUTCOMES[estimate.model.outcome],
            years=estimate.model.horizon_years,
            without=estimate.probability,
            with_calcium=None if after is None else after.probability,
            notes=estimate.notes,
        )


def family_of(estimate: RiskEstimate) -> str:
    """Name the family of formulas that an estimate is from."""
    return _FAMILIES[estimate.model.name.split("-")[0]]


def list_known(found: RiskAssessment) -> tuple[tuple[str, str], ...]:
    """List the clinical variables that were used, as (name, value)."""
    return tuple((TITLES[name], _value(found, name)) for name in found.profile.known())


def _value(found: RiskAssessment, name: str) -> str:
    value = getattr(found.profile, name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    digits = 1 if name in ("bmi", "creatinine", "hba1c") else 0
    return f"{show_number(number_of(found.profile, name), digits)} {unit_of(name)}".strip()


def list_sources(found: RiskAssessment) -> tuple[str, ...]:
    """List the papers behind what is said, each once."""
    said = (
        *(one.reference.source for one in found.percentiles),
        *(() if found.young is None else (found.young.source,)),
        *(() if found.arterial_age is None else (found.arterial_age.source,)),
        *(re.sub(r",? table S12.*$", "", one.model.source) for one in found.estimates),
        *(one.source for one in found.statements),
        *(one.source for one in found.aac),
        *(one.source for one in (found.valve, found.fat) if one is not None),
    )
    return tuple(dict.fromkeys(said))


def _percentiles(found: RiskAssessment) -> str:
    score, age = found.facts.agatston, found.profile.age_years
    if not found.curves or score is None or age is None:
        return ""
    return draw_percentiles(found.curves, age, score, found.facts.interval)


def _risks(found: RiskAssessment) -> str:
    rows = []
    after = None if found.change is None else found.change.after
    for start, outcome in _IN_FIGURE:
        for one in found.estimates:
            model = one.model
            wanted = model.name.startswith(start) and model.outcome == outcome and model.horizon_years == 10
            if wanted and one is not after:
                is_before = found.change is not None and one == found.change.before
                rows.append(
                    RiskRow(
                        title=f"{family_of(one)}, {outcome.upper() if outcome != 'chd' else 'coronary'}",
                        before=one.probability,
                        after=after.probability if is_before and after is not None else None,
                        span=found.span if is_before else None,
                    )
                )
    return draw_risks(rows) if rows else ""
