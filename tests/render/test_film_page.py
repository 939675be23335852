"""The page of a film: complete, self-contained, safe with untrusted text, drawn the way the patient looks."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.aac.made_film import FACTS, make_aac_report, make_film, make_reading
from tests.render.test_page import Page
from vascal.render.aorta_diagram import draw_aorta, draw_scale
from vascal.render.film_images import draw_film_images
from vascal.render.film_page import draw_film_page
from vascal.render.film_wording import list_film_facts, show_meaning, summarise_aac
from vascal.report.aac_report import AacReport
from vascal.study import Patient

NONE = make_reading(shares=(0.0,) * 8)
IMAGES = draw_film_images(make_film(), make_reading(), make_aac_report())


def page(report: AacReport) -> Page:
    return Page(draw_film_page(report, IMAGES))


def test_every_table_has_a_caption_and_every_picture_an_alternative() -> None:
    found = page(make_aac_report())
    assert found.tables == found.captions == 4
    assert [drawing["aria-label"] for drawing in found.drawings] == [
        "13 on the scale from 0 to 24; interval 9 to 16.",
        "The film, plain.",
        "The film with walls, levels and calcification.",
        "Aorta with its walls at L1 to L4: anterior 6, posterior 7.",
    ]
    assert "AAC-24 13: anterior wall 6, posterior wall 7; L1 1, L2 2, L3 4, L4 6." in found.text


def test_the_page_needs_nothing_from_outside() -> None:
    html = draw_film_page(make_aac_report(), IMAGES)
    assert Page(html).scripts == 0
    assert all(link.startswith("data:image/jpeg;base64,") for link in Page(html).links)
    assert "://" not in html


def test_the_page_says_total_class_interval_and_how_far_readers_differ() -> None:
    text = page(make_aac_report()).text
    assert "13 / 24" in text
    assert "Moderate (5-15)" in text
    assert "95 % interval 9 to 16" in text
    assert "4.7 to 9.4 points wide" in text
    assert "high (6-24)" in text
    assert "Peeters" in text


def test_a_critical_caveat_comes_first_and_strikes_the_total() -> None:
    report = make_aac_report(reading=make_reading(lateral_probability=0.2))
    html = draw_film_page(report, IMAGES)
    text = Page(html).text
    assert text.index("Do not quote this total") < text.index("Sum of what was found")
    assert 'class="total off"' in html
    assert "Moderate" not in text
    assert "What the total is called" not in text
    assert "must not be quoted" in summarise_aac(report)


def test_untrusted_text_is_escaped() -> None:
    facts = replace(FACTS, series_description="<script>alert(1)</script>", manufacturer="<b>", view_position="<i>")
    html = draw_film_page(make_aac_report(make_film(facts=facts)), IMAGES)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "<b>" not in html


def test_no_calcification_is_said_in_words() -> None:
    report = make_aac_report(reading=NONE)
    assert "No calcification found" in page(report).text
    assert summarise_aac(report) == "No aortic calcification was found at L1 to L4."


def test_facts_that_the_header_lacks_are_not_stated() -> None:
    bare = replace(
        FACTS, kvp=None, exposure_mas=None, modality="", manufacturer="", model="", study_date="", view_position=""
    )
    film = replace(make_film(facts=bare), patient=Patient())
    facts = dict(list_film_facts(make_aac_report(film)))
    lacking = {name for name, value in facts.items() if value == "not stated"}
    assert lacking == {"Date", "Age, sex", "Device", "View", "Tube voltage", "Exposure"}
    whole = dict(list_film_facts(replace(make_aac_report(), found_by="labels")))
    assert whole["Age, sex"] == "female, 67 years"
    assert whole["Graded by"] == "labels that were given"
    assert whole["Pixels"] == "160 × 80 of 2.81 mm, as calibrated in the header"


def test_pixels_that_are_not_square_are_written_with_both_sides() -> None:
    film = replace(make_film(), spacing_mm=(2.0, 1.0), spacing_source="stated")
    assert dict(list_film_facts(make_aac_report(film)))["Pixels"] == "160 × 80 of 2 × 1 mm, as stated by the user"


def test_a_score_without_lengths_and_levels_has_no_aac8_and_no_confidence() -> None:
    report = make_aac_report(reading=make_reading(level_confidence={}))
    report = replace(report, score=replace(report.score, aac8=None))
    assert "not measured" in page(report).text
    assert show_meaning(report) == "moderate (5-15)   95 % interval 9 to 16"


def _places(svg: str, word: str) -> list[float]:
    return [float(x) for x in re.findall(rf'<text x="([\d.]+)"[^>]*>{word}</text>', svg)]


@pytest.mark.parametrize(("facing", "first"), [("left", "anterior"), ("right", "posterior")])
def test_the_drawn_aorta_looks_the_way_the_patient_does(facing: str, first: str) -> None:
    svg = draw_aorta(make_aac_report(reading=make_reading(facing=facing)))
    (front,), (back,) = _places(svg, "anterior"), _places(svg, "posterior")
    assert (front < back) == (first == "anterior")
    (body,) = _places(svg, "L1")
    assert (body > back) == (first == "anterior")


def test_the_drawn_aorta_shows_every_grade_and_share_and_every_stretch() -> None:
    svg = draw_aorta(make_aac_report())
    words = re.findall(r">([^<>\n]+)</text>", svg)
    assert [word for word in words if word.isdigit()] == ["0", "1", "1", "1", "2", "2", "3", "3"]
    assert {"0 %", "10 %", "90 %"} <= set(words)
    assert svg.count("stroke-width") == 7
    assert draw_aorta(make_aac_report(reading=NONE)).count("stroke-width") == 0


def test_the_scale_marks_total_and_interval_in_proportion() -> None:
    def marks(svg: str) -> tuple[float, float, float]:
        (arrow,) = re.findall(r'd="M ([\d.]+) 22', svg)
        ((left, width),) = re.findall(r'x="([\d.]+)" y="41" width="([\d.]+)"', svg)
        return float(arrow), float(left), float(width)

    arrow, left, width = marks(draw_scale(make_aac_report()))
    step = 280 / 25
    assert arrow == pytest.approx(10 + 13.5 * step, abs=0.1)
    assert (left, width) == pytest.approx((10 + 9 * step, 8 * step), abs=0.1)
