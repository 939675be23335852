"""The report page: complete, accessible, self-contained, and safe with untrusted text."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tests.report.make_report import ACQUISITION, describe_as, make_images, make_report
from vascal.calcium.score import score_calcium
from vascal.render.page import draw_page, list_facts, summarise
from vascal.render.wording import show_rule
from vascal.report.report import Report
from vascal.study import Gating
from vascal.volume import Grid, Volume

IMAGES = make_images()


class Page(HTMLParser):
    """Collects what the tests ask about."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables = self.captions = 0
        self.drawings: list[dict[str, str | None]] = []
        self.links: list[str] = []
        self.scripts = 0
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tables += tag == "table"
        self.captions += tag == "caption"
        self.scripts += tag == "script"
        found = dict(attrs)
        if tag == "svg":
            self.drawings.append(found)
        self.links += [value for name, value in attrs if name in ("href", "src") and value is not None]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page(report: Report) -> Page:
    return Page(draw_page(report, IMAGES))


def test_every_table_has_a_caption_and_every_picture_an_alternative() -> None:
    found = page(make_report())
    assert found.tables == found.captions >= 4
    labels = [str(drawing["aria-label"]) for drawing in found.drawings]
    assert labels[0] == "12.5 on the scale of categories."
    assert labels[1:] == [
        "Slice 4 of 6, z 109.0 mm. RCA B",
        "Slice 3 of 6, z 106.0 mm. LM A",
        "Coronal maximum, seen from the front. LM A; RCA B",
    ]
    assert "Agatston 12.5 in 2 lesions: LM 4.5, RCA 8." in found.text


def test_the_page_needs_nothing_from_outside() -> None:
    found = page(make_report())
    assert found.scripts == 0
    assert found.links
    assert all(link.startswith("data:image/jpeg;base64,") for link in found.links)
    assert "://" not in draw_page(make_report(), IMAGES)


def test_scores_are_rounded_on_the_page_only() -> None:
    text = page(make_report()).text
    assert "Category 11–100" in text
    assert "CAC-DRS A1/N2" in text
    assert str(make_report().score.total.mass_mg) not in text


def test_a_critical_caveat_comes_first_and_strikes_the_total() -> None:
    report = make_report(quotable=False)
    text = page(report).text
    assert text.index("Do not quote this total") < text.index("Sum of what was found")
    assert "Agatston score" not in text.replace("Not an Agatston score", "")
    assert '<table class="off">' in draw_page(report, IMAGES)
    assert 'class="total off"' in draw_page(report, IMAGES)
    assert "Category" not in text
    assert "must not be quoted" in summarise(report)


def test_an_ungated_scan_says_that_cac_drs_is_for_gated_ones() -> None:
    text = page(make_report(acquisition=replace(ACQUISITION, gating=Gating()))).text
    assert "(defined for gated scans)" in text
    assert "unknown: the header says nothing" in text


def test_untrusted_text_is_escaped() -> None:
    html = draw_page(describe_as(make_report(), "<script>alert(1)</script>"), IMAGES)
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_no_calcium_is_said_in_words() -> None:
    report = make_report()
    grid = Grid.even((3, 8, 8), (3.0, 1.0, 1.0))
    import numpy as np

    empty = score_calcium(Volume(hu=np.zeros(grid.shape, dtype=np.int16), grid=grid), ())
    text = page(replace(report, score=empty)).text
    assert "No calcium found" in text
    assert "No coronary calcium was found." in text


def test_facts_that_the_header_lacks_are_not_stated() -> None:
    facts = dict(list_facts(make_report(acquisition=replace(ACQUISITION, kvp=None, manufacturer=None, model=None))))
    assert facts["Tube voltage"] == "not stated"
    assert facts["Scanner"] == "not stated"
    assert facts["Age, sex"] == "female, 58 years"
    assert facts["Date"] == "2020-01-02"


def test_the_rule_is_said_in_words() -> None:
    sentences = show_rule(make_report().score.rule)
    assert sentences[0] == "At least 130 HU counts as calcium (for 120 kVp)."
    assert "at least 1 mm²" in sentences[1]


@pytest.mark.parametrize("name", ["x" * 40, "Aorta & <valve>"])
def test_any_vessel_name_is_shown(name: str) -> None:
    report = make_report()
    vessels = {**report.score.vessels, name: report.score.vessels["LM"]}
    assert name in page(replace(report, score=replace(report.score, vessels=vessels))).text
