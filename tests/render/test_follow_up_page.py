"""The page of a comparison: complete, accessible, self-contained, and safe with untrusted text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.render.test_page import Page
from tests.report.make_scans import make_scan
from tests.risk.lesion_sets import grow, make_lesions, move
from vascal.render.follow_up_chart import NARROW, WIDE, draw_follow_up_chart, nice_step
from vascal.render.follow_up_page import draw_follow_up_page
from vascal.render.follow_up_wording import show_course, show_signed, show_years, summarise_change, title_of
from vascal.report.follow_up import FollowUp, compare_scans
from vascal.report.scan_score import ScanScore
from vascal.risk.lesion_pairs import PlacedLesion

Make = Callable[..., ScanScore]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def scan(lesions: tuple[PlacedLesion, ...], day: str, age: float | None = None, sex: str | None = "M") -> ScanScore:
        return make_scan(lesions, tmp_path / day, day=day, age=age, sex=sex)

    return scan


def compare(*scans: ScanScore) -> FollowUp:
    return compare_scans(scans, version="0.1.0")


@pytest.fixture
def found(make: Make) -> FollowUp:
    """170 Agatston units at 58 years, 425 at 63, with a new lesion."""
    old = make_lesions()[1:4]
    later = (*grow(move(old, (9.0, 3.0, -70.0)), 2.0), move(make_lesions()[8:], (9.0, 3.0, -70.0))[0])
    later = (*later[:-1], replace(later[-1], agatston=85.0))
    return compare(make(old, "20190301", 58.0), make(later, "20240301", 63.0))


def test_every_table_has_a_caption_and_the_charts_an_alternative(found: FollowUp) -> None:
    html = draw_follow_up_page(found)
    page = Page(html)
    assert page.tables == page.captions == 4
    assert html.count('role="img"') == 2
    assert len(re.findall(r'<svg [^>]*aria-label="Agatston score 170 at first, 425 after 5.0 years', html)) == 2
    assert len(re.findall(r"<th[ >]", html)) == html.count('<th scope="')


def test_the_page_needs_nothing_from_outside(found: FollowUp) -> None:
    html = draw_follow_up_page(found)
    page = Page(html)
    assert page.scripts == 0
    assert page.links == []
    assert "http" not in html


def test_the_outcome_comes_first_in_words_and_numbers(found: FollowUp) -> None:
    text = Page(draw_follow_up_page(found)).text
    assert "Calcium has increased beyond chance" in text
    assert "Agatston score 170 at first, 425 after 5.0 years, a change of +255" in text
    assert "±94.1" in text
    assert text.index("beyond chance") < text.index("Scans")
    assert "BMI 28, assumed" in text


def test_lesions_then_and_now_are_listed_with_what_became_of_them(found: FollowUp) -> None:
    text = Page(draw_follow_up_page(found)).text
    assert "2 → 2" in text
    assert "– → 9" in text
    assert "new" in text


def test_lesions_that_vanished_merged_or_are_unsure_are_marked(make: Make) -> None:
    lesions = make_lesions()
    x, y, z = lesions[1].center_mm
    part = replace(lesions[1], id=10, center_mm=(x, y - 8.0, z), volume_mm3=30.0, agatston=60.0)
    joined = replace(lesions[1], volume_mm3=110.0, agatston=220.0)
    first = make((*lesions, part), "20190301")
    second = make((lesions[0], joined, *lesions[2:8]), "20240301")
    html = draw_follow_up_page(compare(first, second))
    text = Page(html).text
    assert "2 + 10 → 2" in text
    assert "grown together" in text
    assert "match uncertain" in text
    assert "9 → –" in text
    assert "not found again" in text


def test_scans_that_were_not_made_alike_are_under_a_banner_and_no_verdict(make: Make) -> None:
    old, new = make(make_lesions(), "20190301"), make(grow(make_lesions(), 2.0), "20240301")
    unlike = replace(new, facts=replace(new.facts, kvp=80.0, found_by="rules", is_gated=False))
    html = draw_follow_up_page(compare(old, unlike))
    text = Page(html).text
    assert text.index("The scans were not made or read alike") < text.index(
        "These scans can not be compared as they are"
    )
    assert "so that this is no change of the calcium alone" in text
    assert 'class="verdict off"' in html
    assert "80 kVp" in text
    rules = text[text.index("by published rules") :]
    assert "withheld" in rules
    assert not any(word in rules for word in ("increase", "within"))
    assert "not gated" in text
    assert "found automatically" in text


def test_facts_that_are_not_known_are_said_to_be_so(make: Make) -> None:
    scans = [make(make_lesions(), day) for day in ("20190301", "20240301")]
    facts = [
        replace(scan.facts, kvp=None, is_gated=None, scanner=None, kernels=(), slice_thickness_mm=None)
        for scan in scans
    ]
    bare = [replace(scan, facts=one) for scan, one in zip(scans, facts, strict=True)]
    text = Page(draw_follow_up_page(compare(*bare))).text
    assert "tube voltage unknown, 3 mm, gating unknown, rule agatston-1990, labels given" in text


def test_more_scans_have_their_steps(make: Make) -> None:
    scans = [
        make(grow(make_lesions(), factor), day)
        for factor, day in ((1.0, "20190301"), (1.9, "20220301"), (1.0, "20240301"), (1.1, "20260301"))
    ]
    page = Page(draw_follow_up_page(compare(*scans)))
    assert page.tables == page.captions == 5
    assert "yes, increase" in page.text
    assert "yes, decrease" in page.text


def test_changes_in_between_are_the_outcome_where_first_and_last_scan_hide_them(make: Make) -> None:
    scans = [
        make(grow(make_lesions(), factor), day)
        for factor, day in ((1.0, "20190301"), (4.0, "20220301"), (1.2, "20240301"))
    ]
    found = compare(*scans)
    title = "Calcium has changed beyond chance between 2019-03-01 and 2022-03-01, and between 2022-03-01 and 2024-03-01"
    assert title_of(found) == title
    html = draw_follow_up_page(found)
    assert 'class="verdict between"' in html
    assert "No change beyond chance" not in Page(html).text
    assert "It changed beyond chance between 2019-03-01 and 2022-03-01" in summarise_change(found)
    assert title_of(compare(scans[0], scans[2])) == "No change beyond chance"
    zeros = compare(make((), "20100301"), scans[1], make((), "20250301"))
    assert title_of(zeros).startswith("Calcium has changed beyond chance")
    assert "It changed beyond chance" in summarise_change(zeros)
    up = compare(*scans[:2], make(grow(make_lesions(), 2.0), "20270301"))
    assert title_of(up) == "Calcium has increased beyond chance"
    assert summarise_change(up).endswith("Yet it fell beyond chance between 2022-03-01 and 2027-03-01.")
    assert '<span class="nowrap">2022-03-01</span>, and between' in html
    many = compare(*(make(grow(make_lesions(), 1 + 3 * (i % 2)), f"{2000 + i}0301") for i in range(5)))
    assert title_of(many).endswith("2001-03-01 and 2002-03-01, and 2 more")


def test_of_many_scans_tables_and_chart_show_first_and_last(make: Make) -> None:
    days = [f"{2005 + i}0301" for i in range(15)]
    lesions = make_lesions()
    scans = [make(lesions if i % 14 else lesions[:7], day) for i, day in enumerate(days)]
    found = compare(*scans)
    html = draw_follow_up_page(found)
    text = Page(html).text
    assert "1 → 1" in text
    assert "1 → 1 → 1" not in text
    assert "First and last scan only; those in between and 2 lesion(s) seen in none but them" in text
    vessels = html[html.index("Agatston units by vessel") :]
    assert vessels[: vessels.index("</thead>")].count("<th") == 5  # with thead
    drawing = ET.fromstring(draw_follow_up_chart(found))
    assert len(drawing.findall("circle")) == 15
    assert sum(text.attrib["font-size"] == "17" for text in drawing.findall("text")) <= 3


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_numbers_in_the_chart_do_not_overlap(make: Make, width: int) -> None:
    days = ("20190301", "20190401", "20190501", "20190601", "20190701", "20260301")
    found = compare(*(make(grow(make_lesions(), 1 + 0.01 * i), day) for i, day in enumerate(days)))
    drawing = ET.fromstring(draw_follow_up_chart(found, width))
    boxes = []
    for text in drawing.findall("text"):
        if text.attrib["font-size"] == "17":
            x, wide = float(text.attrib["x"]), 10.0 * len(text.text or "")
            left = x - wide if text.attrib["text-anchor"] == "end" else x
            boxes.append((left, left + wide, float(text.attrib["y"])))
    assert len(boxes) >= 2
    for place, (left, right, y) in enumerate(boxes):
        assert all(right <= a or left >= b or abs(y - c) > 17 for a, b, c in boxes[:place])


def test_a_decrease_is_not_drawn_as_good_news(make: Make) -> None:
    html = draw_follow_up_page(compare(make(make_lesions(), "20190301"), make(make_lesions()[:1], "20240301")))
    (rule,) = re.findall(r"\.verdict\.decrease[^{]*{[^}]*border-color[^}]*}", html)
    assert "--good" not in rule
    assert 'class="verdict decrease"' in html


def test_over_a_short_time_nothing_is_said_per_year(make: Make) -> None:
    found = compare(make(make_lesions(), "20190301"), make(grow(make_lesions(), 1.5), "20190302"))
    text = Page(draw_follow_up_page(found)).text
    assert "418 at first, 627 after 1 day" in text
    assert "too short a time" in text
    assert "Rise a year, Raggi" not in text


def test_after_little_calcium_the_page_says_whose_limit_it_is(make: Make) -> None:
    lesion = make_lesions()[3:4]
    found = compare(make(grow(lesion, 0.3), "20190301"), make(lesion, "20240301"))
    text = Page(draw_follow_up_page(found)).text
    assert "±11.6" in text
    assert "Sevrukov, after 0" in text
    assert "the larger of the two decides" in text


def test_names_of_files_are_not_in_the_footer(make: Make) -> None:
    scans = [make(make_lesions(), day) for day in ("20190301", "20240301")]
    assert "1.2.20190301.3" in Page(draw_follow_up_page(compare(*scans))).text
    named = [replace(scan, study_instance_uid="DOE^JOHN", series_key="DOE^JOHN") for scan in scans]
    assert "DOE" not in draw_follow_up_page(compare(*named))


def test_on_a_telephone_how_a_scan_was_made_has_a_row_of_its_own(found: FollowUp) -> None:
    html = draw_follow_up_page(found)
    assert html.count('<tr class="below">') == 2
    assert "Category 101-400, 85.0 mm³, 3 lesion(s); 120 kVp" in Page(html).text
    assert ".beside { display: none; } .below { display: table-row; }" in html


def test_untrusted_text_is_escaped(make: Make) -> None:
    evil = "<script>alert(1)</script>"
    scans = [make((replace(make_lesions()[0], vessel=evil),), day) for day in ("20190301", "20240301")]
    bad = [
        replace(s, series_key=f"{evil}{i}", risk_category=evil, facts=replace(s.facts, scanner=evil))
        for i, s in enumerate(scans)
    ]
    html = draw_follow_up_page(compare(*bad))
    assert "<script" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    ("first", "second", "title"),
    [
        ((), (), "No coronary calcium in any scan"),
        ((), (0,), "Calcium has appeared"),
        ((), (3,), "First calcium, within chance"),
        ((1,), (1,), "No change beyond chance"),
        ((0, 1, 2, 5), (3,), "Calcium has decreased beyond chance"),
    ],
)
def test_each_outcome_has_its_title(make: Make, first: tuple[int, ...], second: tuple[int, ...], title: str) -> None:
    lesions = make_lesions()
    scans = [
        make(tuple(lesions[i] for i in chosen), day) for chosen, day in ((first, "20190301"), (second, "20240301"))
    ]
    found = compare(*scans)
    assert title_of(found) == title
    assert title in Page(draw_follow_up_page(found)).text
    ET.fromstring(draw_follow_up_chart(found))


def test_new_calcium_has_no_percentage_and_its_own_limit(make: Make) -> None:
    found = compare(make((), "20190301"), make(make_lesions()[:1], "20240301"))
    text = Page(draw_follow_up_page(found)).text
    assert "after a score of 0, a second scan shows up to 11.6 by chance (95 %)" in text
    assert "no percentage after 0" in text
    assert "+11.6" in text
    zero = compare(make((), "20190301"), make((), "20240301"))
    assert summarise_change(zero) == "Agatston score 0 at first, 0 after 5.0 years."


def test_without_a_verdict_the_course_and_the_steps_have_none(found: FollowUp, make: Make) -> None:
    first, second = found.scans
    third = make(grow(second.lesions, 3.0), "20260301", 65.0)
    unlike = replace(first, facts=replace(first.facts, kvp=80.0))
    withheld = compare(unlike, second, third)
    text = Page(draw_follow_up_page(withheld)).text
    assert "The expected course is withheld" in text
    assert not any(f"course is {word}" in text for word in ("as", "slower", "faster"))
    assert "yes, increase" not in text
    assert "beyond chance between" not in text
    assert "acceptance range" not in text
    drawing = ET.fromstring(draw_follow_up_chart(withheld))
    assert drawing.findall("polygon") == []
    assert drawing.findall("rect") == []


def test_the_expected_course_is_drawn_and_said(found: FollowUp) -> None:
    assert "On that percentile" in show_course(found)
    assert "faster than expected" in show_course(found)
    drawing = ET.fromstring(draw_follow_up_chart(found))
    assert len(drawing.findall("polygon")) == 1
    assert len(drawing.findall("polyline")) == 2
    assert "acceptance range" in Page(draw_follow_up_page(found)).text


def test_a_course_is_drawn_as_far_as_the_tool_reaches(make: Make) -> None:
    old = make_lesions()[1:4]
    found = compare(make(old, "20100301", 58.0), make(grow(old, 2.0), "20240301", 72.0))
    assert "lies beyond what the tool foretells" in show_course(found)
    drawing = ET.fromstring(draw_follow_up_chart(found))
    (band,) = drawing.findall("polygon")
    ends = [float(point.split(",")[0]) for point in band.attrib["points"].split()]
    last = max(float(dot.attrib["cx"]) for dot in drawing.findall("circle"))
    assert max(ends) < 0.8 * last


def test_without_age_there_is_no_course(make: Make) -> None:
    found = compare(*(make(make_lesions(), day) for day in ("20190301", "20240301")))
    assert show_course(found) == "No expected course: age or sex is not known."
    assert ET.fromstring(draw_follow_up_chart(found)).findall("polygon") == []


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_everything_lies_inside_the_chart_and_no_dates_overlap(make: Make, width: int) -> None:
    days = ("20190301", "20190901", "20191001", "20260301")
    found = compare(
        *(make(grow(make_lesions(), factor), day) for factor, day in zip((1, 1.2, 1.3, 8), days, strict=True))
    )
    drawing = ET.fromstring(draw_follow_up_chart(found, width))
    *_, wide, high = (float(number) for number in drawing.attrib["viewBox"].split())
    assert wide == width
    texts = drawing.findall("text")
    assert all(0 < float(text.attrib["x"]) < wide and 0 < float(text.attrib["y"]) < high for text in texts)
    dates = [
        (float(t.attrib["x"]), float(t.attrib["y"])) for t in texts if re.fullmatch(r"\d{4}-\d\d-\d\d", t.text or "")
    ]
    assert len(dates) == 4
    for place, (x, y) in enumerate(dates):
        assert all(abs(x - a) >= 84 or y != b for a, b in dates[:place])
    dots = [float(dot.attrib["cy"]) for dot in drawing.findall("circle")]
    assert dots == sorted(dots, reverse=True)


def test_the_two_drawings_do_not_share_a_pattern(found: FollowUp) -> None:
    html = draw_follow_up_page(found)
    identifiers = re.findall(r'id="(hatching-\d+)"', html)
    assert sorted(identifiers) == sorted(set(identifiers))
    assert all(f"url(#{identifier})" in html for identifier in identifiers)


@pytest.mark.parametrize(
    ("most", "step"), [(1.0, 0.2), (11.6, 2.0), (38, 10.0), (90, 20.0), (430, 100.0), (9000, 2000.0)]
)
def test_grid_lines_are_round_and_few(most: float, step: float) -> None:
    assert nice_step(most) == pytest.approx(step)
    assert 3 <= most / nice_step(most) <= 9


def test_signs_and_intervals_are_written_for_people() -> None:
    assert [show_signed(value) for value in (255.0, -4.26, 0.0)] == ["+255", "−4.3", "0"]
    intervals = [show_years(years) for years in (5.002, 1.4, 0.17, 0.16, 0.1, 1 / 365.25)]
    assert intervals == ["5.0 years", "17 months", "2 months", "58 days", "37 days", "1 day"]
