"""The part of a report that says what the scores mean."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tests.report.make_report import make_report
from tests.risk.make_profile import make_complete_profile
from vascal.errors import InputError
from vascal.render.page import draw_page
from vascal.render.risk_section import BEGIN, END, draw_risk_section, list_lines, replace_section, say_change, say_lead
from vascal.render.risk_wording import say_assessment
from vascal.risk.assessment import assess_risk
from vascal.risk.facts import ImageFacts
from vascal.risk.profile import ClinicalProfile
from vascal.risk.quantity import Cholesterol

FACTS = ImageFacts(agatston=120.0, interval=(80.0, 170.0), vessels_with_calcium=2, is_gated=True)


@pytest.fixture
def complete_profile() -> ClinicalProfile:
    return make_complete_profile()


@pytest.fixture
def complete(complete_profile: ClinicalProfile) -> str:
    return draw_risk_section(assess_risk(complete_profile, FACTS))


class Counter(HTMLParser):
    """Counts what stays open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in {"br", "img", "meta"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_every_element_is_closed_and_nothing_comes_from_outside(complete: str) -> None:
    assert Counter(complete).open == []
    assert "http" not in complete.replace("https://doi.org", "")
    assert "<script" not in complete


def test_it_says_where_the_patient_stands_and_what_calcium_changed(complete_profile: ClinicalProfile) -> None:
    found = assess_risk(complete_profile, FACTS)
    first, arterial = say_lead(found)
    assert first.startswith("For a woman of 60 years, a score of 120 lies at the ")
    assert "(Hoff 2001; " in first
    assert arterial == "It is the score expected, on average, at an age of 74 years (arterial age)."
    assert found.change is not None
    said = list(say_change(found.change))
    assert said[0].startswith("With calcium the ten-year risk goes from 2.7 % to 5.8 %: up")
    assert any("needs a calcium score above" in sentence for sentence in said)


def test_the_score_that_changes_the_category_lies_on_the_edge(complete_profile: ClinicalProfile) -> None:
    """Of a score just above what is said, the category is the next; the sentences are of the nearest edges only."""
    found = assess_risk(complete_profile, FACTS)
    assert found.change is not None
    (upper,) = [edge for edge in found.change.edges if edge.category == "borderline"]
    assert upper.agatston is not None
    above = assess_risk(complete_profile, replace(FACTS, agatston=upper.agatston * 1.001)).change
    assert above is not None
    assert above.category_after == "borderline"
    assert any(f"below {upper.agatston:.0f} it would be low (below 5 %)" in sentence for sentence in say_change(above))
    assert not any("20 %" in sentence for sentence in say_change(above))


def test_a_score_that_no_one_has_is_out_of_reach(complete_profile: ClinicalProfile) -> None:
    healthy = replace(
        complete_profile, age_years=45, ethnicity="chinese", systolic_mmhg=95, hdl=Cholesterol.of(95, "mg/dL")
    )
    change = assess_risk(healthy, replace(FACTS, agatston=0.0)).change
    assert change is not None
    assert any("above 10000: out of reach" in sentence for sentence in say_change(change))


def test_mesa_without_and_with_calcium_share_a_line(complete_profile: ClinicalProfile) -> None:
    lines = list(list_lines(assess_risk(complete_profile, FACTS)))
    mesa = [line for line in lines if line.family == "MESA"]
    assert len(mesa) == 1
    assert mesa[0].with_calcium is not None
    alone = list(list_lines(assess_risk(complete_profile, ImageFacts())))
    assert [line.with_calcium for line in alone if line.family == "MESA"] == [None]


def test_without_risk_factors_guidelines_stand_beside_the_percentiles() -> None:
    section = draw_risk_section(assess_risk(ClinicalProfile(age_years=60, sex="M"), FACTS))
    assert Counter(section).open == []
    assert section.count("<svg") == 1
    assert section.count("What guidelines say") == 1
    assert "What could not be said (7)" in section


def test_guidelines_are_said_once_without_a_figure() -> None:
    section = draw_risk_section(assess_risk(ClinicalProfile(), FACTS))
    assert section.count("<svg") == 0
    assert section.count("What guidelines say") == 1


def test_nothing_is_drawn_where_nothing_can_be_said() -> None:
    assert draw_risk_section(assess_risk(ClinicalProfile(), ImageFacts())) == ""
    assert draw_risk_section(assess_risk(ClinicalProfile(), replace(FACTS, is_quotable=False))) == ""


def test_films_valves_and_fat_are_said() -> None:
    profile = ClinicalProfile(age_years=70, sex="F", avc_agatston=1700, eat_ml=150)
    found = assess_risk(profile, ImageFacts(aac24=8))
    section = draw_risk_section(found)
    assert "Abdominal aortic calcification: what cohorts found" in section
    assert "<strong>Aortic valve.</strong>" in section
    assert "Epicardial fat of 150 ml" in section
    text = say_assessment(found)
    assert "Aortic valve: " in text
    assert "hazard ratio" in text
    assert all(line.startswith("  ") for line in text.splitlines())


def test_young_adults_get_a_sentence_of_their_own(complete_profile: ClinicalProfile) -> None:
    found = assess_risk(replace(complete_profile, age_years=38), FACTS)
    assert say_lead(found)[-1].startswith("At 30 to 45 years")


def test_a_section_replaces_the_one_before() -> None:
    page = draw_page(make_report(), b"png")
    once = replace_section(page, "<p>one</p>\n")
    twice = replace_section(once, "<p>two</p>\n")
    assert "<p>one</p>" in once
    assert "<p>one</p>" not in twice
    assert "<p>two</p>" in twice
    assert replace_section(twice, "") == replace_section(page, "")
    assert twice.count(BEGIN) == twice.count(END) == 1


def test_a_page_of_another_version_is_left_alone() -> None:
    with pytest.raises(InputError, match="no place for a risk section"):
        replace_section("<html></html>", "x")
