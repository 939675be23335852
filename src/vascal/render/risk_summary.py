"""What the scores mean for this patient, in short: for the first sheet of a report."""

from __future__ import annotations

from vascal.render.language import LanguageCode
from vascal.render.pages import fill_page
from vascal.render.risk_figures import NARROW
from vascal.render.risk_section import (
    caption_percentiles,
    draw_place,
    draw_risk_section,
    has_meaning,
    language_of,
    replace_section,
    say_change,
    say_lead,
)
from vascal.risk.aac_hazards import RATIO_IS_NO_RISK
from vascal.risk.assessment import RiskAssessment

BEGIN, END = "<!-- risk-summary: begin -->", "<!-- risk-summary: end -->"


def draw_risk_summary(found: RiskAssessment, language: LanguageCode = "en") -> str:
    """Write the summary as HTML that stands on the first sheet; empty where nothing can be said.

    Parameters
    ----------
    found
        What to say.
    language
        Of the page.
    """
    if not has_meaning(found):
        return ""
    values = {
        "found": found,
        "sentences": list_headlines(found),
        "percentile_svg": draw_place(found, language, NARROW),
        "percentile_caption": caption_percentiles(found),
    }
    return fill_page("risk_summary.html.j2", values, language)


def list_headlines(found: RiskAssessment) -> tuple[str, ...]:
    """List the few sentences that matter most."""
    changed = () if found.change is None else tuple(say_change(found.change, found.facts.agatston))[:1]
    return (*say_lead(found), *changed, *_say_hazard(found))


def _say_hazard(found: RiskAssessment) -> tuple[str, ...]:
    """Say the first of what cohorts found of people with such an aorta."""
    first = next((one for one in found.aac if one.hazard_ratio is not None), None)
    if first is None:
        return ()
    against = f"{first.class_name} against {first.reference_class}"
    return (f"{first.cohort}: {first.outcome}, {against}: hazard ratio {first.ratio_text}.", RATIO_IS_NO_RISK)


def put_risk(page: str, found: RiskAssessment) -> str:
    """Put summary and section into the page of a report, in its language, in place of the ones before.

    Raises
    ------
    InputError
        If the page has no place for them: another version wrote it.
    """
    language = language_of(page)
    page = replace_section(page, draw_risk_summary(found, language), (BEGIN, END))
    return replace_section(page, draw_risk_section(found, language, is_summarised=True))
