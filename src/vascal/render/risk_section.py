"""The part of a report that says what the scores mean for this patient."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from vascal.errors import InputError
from vascal.render.language import LANGUAGES, LanguageCode, read_language
from vascal.render.pages import fill_page
from vascal.render.risk_figures import HEIGHT, WIDTH, RiskRow, draw_percentiles, draw_risks, show_percent
from vascal.render.wording import show_number, show_score
from vascal.risk.aac_hazards import RATIO_IS_NO_RISK
from vascal.risk.assessment import RiskAssessment
from vascal.risk.mesa_chd import MESA_CHD, MESA_CHD_CAC
from vascal.risk.model import TITLES, RiskEstimate, unit_of
from vascal.risk.profile import number_of
from vascal.risk.reclassification import CATEGORIES, ORIENTATION, RiskChange

_LANGUAGE = re.compile(r"<html lang=\"(\w+)\"")
BEGIN, END = "<!-- risk: begin -->", "<!-- risk: end -->"
"""Between these in a report stands the section, so that it can be replaced when more is known."""

BEYOND = 10_000.0
"""Agatston units; more is beyond what people have."""
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
    "hf": "heart failure",
    "stroke": "stroke",
}
_CVD = {
    "prevent": "ASCVD or heart failure",
    "framingham": "coronary, cerebral and leg artery disease, angina, heart failure",
    "score2": "cardiovascular death, heart attack or stroke",
}
"""What "cardiovascular disease" means differs by formula."""
_IN_FIGURE = (("mesa", "chd"), ("prevent", "ascvd"), ("pce", "ascvd"), ("score2", "cvd"))
_PEOPLE = {"F": "woman", "M": "man"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskLine:
    """One line of the table of risks; `with_calcium` is None for formulas that do not know calcium."""

    family: str
    outcome: str
    years: int
    without: float
    with_calcium: float | None

    @property
    def what(self) -> str:
        """Outcome and time."""
        return f"{self.outcome}, {self.years} years"


def draw_risk_section(found: RiskAssessment, language: LanguageCode = "en", *, is_summarised: bool = False) -> str:
    """Write the section as HTML that stands inside a report's page; empty where nothing can be said.

    Parameters
    ----------
    found
        What to say.
    language
        Of the page.
    is_summarised
        Whether the first sheet already says what `draw_risk_summary` does.
    """
    if not has_meaning(found):
        return ""
    lines = tuple(list_lines(found))
    values = {
        "found": found,
        "lead": say_lead(found),
        "is_summarised": is_summarised,
        "percentile_svg": "" if is_summarised else draw_place(found, language),
        "percentile_caption": caption_percentiles(found),
        "risk_svg": _risks(found, language),
        "risk_caption": _caption_risks(found),
        "lines": lines,
        "has_calcium": any(line.with_calcium is not None for line in lines),
        "remarks": list_remarks(found),
        "known": list_known(found),
        "sources": list_sources(found),
        "sentences": tuple(say_change(found.change, found.facts.agatston)) if found.change is not None else (),
        "ratio_note": RATIO_IS_NO_RISK,
    }
    return fill_page("risk.html.j2", values, language)


def replace_section(page: str, section: str, ends: tuple[str, str] = (BEGIN, END)) -> str:
    """Put a section into the page of a report, in place of the one before.

    Parameters
    ----------
    page, section
        HTML.
    ends
        What stands before and after the section in the page.

    Raises
    ------
    InputError
        If the page has no place for it: another version wrote it.
    """
    begin, end = (page.find(mark) for mark in ends)
    if not 0 <= begin < end:
        raise InputError("report.html has no place for a risk section; score again with this version")
    return f"{page[: begin + len(ends[0])]}\n{section}{page[end:]}"


def language_of(page: str) -> LanguageCode:
    """Tell the language of a report's page, in which its section must be; English where it does not say."""
    found = _LANGUAGE.search(page)
    return next((code for code in LANGUAGES if found is not None and code == found[1]), "en")


def has_meaning(found: RiskAssessment) -> bool:
    """Whether anything can be said."""
    said = (found.percentiles, found.young, found.arterial_age, found.estimates, found.aac, found.valve, found.fat)
    return any(said) or bool(found.notes or found.doubts)


def say_lead(found: RiskAssessment) -> tuple[str, ...]:
    """Say in a few plain sentences where the patient stands."""
    return tuple(_lead(found))


def _lead(found: RiskAssessment) -> Iterator[str]:
    if found.young is not None and found.young.leads:
        yield found.young.text
    if found.percentiles:
        yield _place(found)
    if found.arterial_age is not None:
        yield found.arterial_age.text
    if found.young is not None and not found.young.leads:
        yield found.young.text


def _place(found: RiskAssessment) -> str:
    """Say where the score lies by each reference; of a score of 0, how many share it."""
    profile, (first, *others) = found.profile, found.percentiles
    who = f"a {_PEOPLE[profile.sex]}" if profile.sex else "a patient"
    for_whom = f"For {who} of {math.floor(profile.age_years or 0)} years, a score of"
    if first.is_zero:
        also = "".join(f"; {other.share_text} by {other.reference.title}" for other in others)
        return f"{for_whom} 0 is what {first.share_text} of peers have ({first.reference.title}{also})."
    also = "".join(f"; {other.text} by {other.reference.title}" for other in others)
    score = show_score(found.facts.agatston or 0.0)
    return f"{for_whom} {score} lies {_at(first.text)} ({first.reference.title}{also})."


def _at(text: str) -> str:
    return f"at the {text}" if text[0].isdigit() else text


def say_change(change: RiskChange, agatston: float | None) -> Iterator[str]:
    """Say what calcium changed, and which scores would make the category another.

    Parameters
    ----------
    change
        By the MESA formulas.
    agatston
        The patient's score.
    """
    before, after = show_percent(change.before.probability), show_percent(change.after.probability)
    moved = f"it moves {'up' if change.steps > 0 else 'down'} from {change.category_before} to {change.category_after}"
    became = moved if change.steps else f"it stays {change.category_after}"
    yield (
        f"By MESA the ten-year risk of coronary heart disease is {before} from risk factors alone, "
        f"and {after} with this calcium score: {became}."
    )
    ranks = {category: rank for rank, category in enumerate(CATEGORIES)}
    for edge in change.edges:
        name, score = f"{edge.probability * 100:g} %", edge.agatston
        if ranks[edge.category] == ranks[change.category_after] + 1:
            if score is not None and score <= BEYOND:
                yield f"From a calcium score of {show_score(score)} on it would be {edge.category} ({name} and more)."
            elif (agatston or 0.0) < BEYOND:
                yield f"No calcium score up to {BEYOND:.0f} would make it {edge.category} ({name} and more)."
        if edge.category == change.category_after and score is not None:
            lower = CATEGORIES[ranks[edge.category] - 1]
            yield f"With a calcium score below {show_score(score)} it would be {lower} (below {name})."


def list_lines(found: RiskAssessment) -> Iterator[RiskLine]:
    """List formulas, one line each; MESA without and with calcium share one."""
    with_calcium = next((one for one in found.estimates if one.model == MESA_CHD_CAC), None)
    for estimate in found.estimates:
        if estimate.model == MESA_CHD_CAC:
            continue
        is_mesa = estimate.model == MESA_CHD and with_calcium is not None
        yield RiskLine(
            family=family_of(estimate),
            outcome=_outcome(estimate),
            years=estimate.model.horizon_years,
            without=estimate.probability,
            with_calcium=with_calcium.probability if is_mesa and with_calcium is not None else None,
        )


def list_remarks(found: RiskAssessment) -> tuple[str, ...]:
    """List what a reader should know of the answers, each once."""
    remarks = [f"{family_of(one)}: {note}" for one in found.estimates for note in one.notes]
    remarks += [f"{one.reference.title}: {one.note}" for one in found.percentiles if one.note]
    remarks += [] if found.arterial_age is None else found.arterial_age.notes
    if found.estimates and found.profile.has_cvd is None:
        remarks.append("The formulas assume that no cardiovascular disease is known.")
    remarks += [f"{remark[0].upper()}{remark[1:]}" for remark in found.remarks]
    return tuple(dict.fromkeys(remark if remark.endswith(".") else f"{remark}." for remark in remarks))


def _outcome(estimate: RiskEstimate) -> str:
    model = estimate.model
    return _CVD[model.name.split("-")[0]] if model.outcome == "cvd" else _OUTCOMES[model.outcome]


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


def draw_place(found: RiskAssessment, language: LanguageCode, size: tuple[int, int] = (WIDTH, HEIGHT)) -> str:
    """Draw where the score lies among peers; nothing where that is not known."""
    score, age = found.facts.agatston, found.profile.age_years
    if not found.curves or score is None or age is None:
        return ""
    words = read_language(language)
    return draw_percentiles(found.curves, age, score, found.facts.interval, language=words, size=size)


def caption_percentiles(found: RiskAssessment) -> tuple[str, ...]:
    """Say what that drawing shows."""
    if not found.percentiles:
        return ()
    first = found.percentiles[0]
    bar = "" if found.facts.interval is None else ", the bar what the score may be instead (95 %)"
    return (
        f"Percentiles by age: {first.reference.title}, {first.age_band} compared.",
        f"The dot is this patient{bar}.",
    )


def _risks(found: RiskAssessment, language: LanguageCode) -> str:
    rows = [row for wanted in _IN_FIGURE for row in _rows(found, *wanted)]
    return draw_risks(rows, language=read_language(language)) if rows else ""


def _caption_risks(found: RiskAssessment) -> tuple[str, ...]:
    dot = "" if found.change is None else "; dot: with calcium"
    bar = "" if found.span is None else "; the pale bar follows the score's interval"
    return ("Risk within ten years.", f"Ring: from risk factors alone{dot}{bar}.", ORIENTATION)


def _rows(found: RiskAssessment, start: str, outcome: str) -> Iterator[RiskRow]:
    """Give the rows of one family over ten years."""
    title = "coronary" if outcome == "chd" else outcome.upper()
    for one in found.estimates:
        model = one.model
        if model == MESA_CHD_CAC or model.horizon_years != 10 or model.outcome != outcome:
            continue
        if model.name.startswith(start):
            change = found.change if model == MESA_CHD else None
            yield RiskRow(
                title=f"{family_of(one)}, {title}",
                before=one.probability,
                after=None if change is None else change.after.probability,
                span=None if change is None else found.span,
            )
