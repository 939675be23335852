"""The part of a report that says what the scores mean."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tests.report.make_report import make_images, make_report
from tests.risk.make_profile import make_complete_profile
from vascal.errors import InputError
from vascal.render.page import draw_page
from vascal.render.risk_section import (
    BEGIN,
    END,
    draw_risk_section,
    list_lines,
    list_remarks,
    replace_section,
    say_change,
    say_lead,
)
from vascal.render.risk_wording import say_assessment, say_in_short
from vascal.render.wording import show_score
from vascal.risk.assessment import assess_risk
from vascal.risk.facts import ImageFacts
from vascal.risk.profile import ClinicalProfile
from vascal.risk.quantity import Cholesterol

IMAGES = make_images()

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
    assert "74 years" in arterial
    assert "(arterial age)" in arterial
    assert found.change is not None
    said = list(say_change(found.change, 120.0))
    assert said[0] == (
        "By MESA the ten-year risk of coronary heart disease is 2.7 % from risk factors alone, and 5.8 % with this "
        "calcium score: it moves up from low to borderline."
    )
    assert said[1].startswith("With a calcium score below 6")
    assert said[2].startswith("From a calcium score of 3")


def test_the_score_that_changes_the_category_lies_on_the_edge(complete_profile: ClinicalProfile) -> None:
    """Of a score just above what is said, the category is the next; the sentences are of the nearest edges only."""
    found = assess_risk(complete_profile, FACTS)
    assert found.change is not None
    (upper,) = [edge for edge in found.change.edges if edge.category == "borderline"]
    assert upper.agatston is not None
    above = assess_risk(complete_profile, replace(FACTS, agatston=upper.agatston * 1.001)).change
    assert above is not None
    assert above.category_after == "borderline"
    said = list(say_change(above, upper.agatston * 1.001))
    assert f"With a calcium score below {show_score(upper.agatston)} it would be low (below 5 %)." in said
    assert not any("20 %" in sentence for sentence in said)


def test_a_score_that_no_one_has_is_out_of_reach(complete_profile: ClinicalProfile) -> None:
    healthy = replace(
        complete_profile, age_years=45, ethnicity="chinese", systolic_mmhg=95, hdl=Cholesterol.of(95, "mg/dL")
    )
    change = assess_risk(healthy, replace(FACTS, agatston=0.0)).change
    assert change is not None
    assert "No calcium score up to 10000 would make it borderline (5 % and more)." in list(say_change(change, 0.0))
    assert len(list(say_change(change, 20000.0))) == 1


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
    assert "With calcium" not in section


def test_guidelines_are_said_once_without_a_figure() -> None:
    section = draw_risk_section(assess_risk(ClinicalProfile(), FACTS))
    assert section.count("<svg") == 0
    assert section.count("What guidelines say") == 1


def test_nothing_is_drawn_where_nothing_can_be_said() -> None:
    assert draw_risk_section(assess_risk(ClinicalProfile(), ImageFacts())) == ""


def test_a_score_that_must_not_be_quoted_is_said_to_mean_nothing(complete_profile: ClinicalProfile) -> None:
    section = draw_risk_section(assess_risk(ClinicalProfile(), replace(FACTS, is_quotable=False)))
    assert "must not be quoted" in section
    assert "<svg" not in section


def test_doubts_about_the_patient_stand_first() -> None:
    found = replace(assess_risk(ClinicalProfile(age_years=60, sex="F"), FACTS), doubts=("Is it the same patient?",))
    section = draw_risk_section(found)
    assert section.index("Is it the same patient?") < section.index("For a woman")
    assert say_assessment(found).startswith("  Is it the same patient?")
    assert say_in_short(found).endswith("check the patient")


def test_a_line_of_many_says_the_most_important(complete_profile: ClinicalProfile) -> None:
    full = say_in_short(assess_risk(complete_profile, FACTS))
    assert full.endswith("(Hoff 2001); MESA 2.7 %, with calcium 5.8 %")
    assert say_in_short(assess_risk(ClinicalProfile(), ImageFacts())) == "nothing could be said"
    assert "must not be quoted" in say_in_short(assess_risk(ClinicalProfile(), replace(FACTS, is_quotable=False)))
    assert say_in_short(assess_risk(complete_profile, ImageFacts())) == "7 formulas answered"


def test_remarks_are_said_once_and_known_disease_is_assumed_away_only_if_not_asked() -> None:
    profile = replace(make_complete_profile(), ethnicity="hispanic", has_cvd=None)
    remarks = list_remarks(assess_risk(profile, FACTS))
    assert len(remarks) == len(set(remarks))
    assert "The formulas assume that no cardiovascular disease is known." in remarks
    assert any(remark.startswith("Pooled cohort equations: ") for remark in remarks)
    known = list_remarks(assess_risk(replace(profile, has_cvd=False), FACTS))
    assert not any("assume that no" in remark for remark in known)


def test_a_number_and_its_per_cent_sign_stay_on_one_line(complete: str) -> None:
    assert "2.7 %" not in complete.split("<table>")[1]
    assert "2.7\u00a0%" in complete


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
    assert say_lead(found)[0].startswith("At 30 to 45 years")
    zero = assess_risk(replace(complete_profile, age_years=38, sex="M"), replace(FACTS, agatston=0.0))
    assert say_lead(zero)[-1].startswith("At 30 to 45 years")


def test_a_score_of_zero_is_said_with_how_many_share_it(complete_profile: ClinicalProfile) -> None:
    zero = assess_risk(replace(complete_profile, age_years=52), replace(FACTS, agatston=0.0))
    said = "For a woman of 52 years, a score of 0 is what at least 50 % of peers have (Hoff 2001; "
    assert say_lead(zero)[0].startswith(said)


def test_a_section_replaces_the_one_before() -> None:
    page = draw_page(make_report(), IMAGES)
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
