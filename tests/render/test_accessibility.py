"""Reports for everyone: text alternatives, headings in order, tables with heads, colours that can be read."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from itertools import combinations

import pytest

from tests.aac.made_film import make_aac_report, make_film, make_reading
from tests.report.make_report import make_images, make_report
from tests.risk.make_profile import make_complete_profile
from vascal.render import aorta_diagram, category_scale, risk_figures
from vascal.render.film_images import draw_film_images
from vascal.render.film_page import draw_film_page
from vascal.render.language import LANGUAGES, LanguageCode
from vascal.render.page import draw_page
from vascal.render.palette import HEART_COLOUR, REJECTED_COLOUR, VESSEL_COLOURS, WALL_COLOURS
from vascal.render.risk_summary import put_risk
from vascal.risk.assessment import assess_risk
from vascal.risk.facts import ImageFacts

READABLE = 4.5
"""WCAG 2.2, success criterion 1.4.3: contrast of text, level AA."""
SEEN = 3.0
"""Success criterion 1.4.11: contrast of marks."""
COVERS = frozenset(["img", "svg"])
FACTS = ImageFacts(agatston=261.0, vessels_with_calcium=3, is_gated=True, interval=(119.0, 339.0))


class Seen(HTMLParser):
    """Collects what a screen reader needs."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.labelled_by: list[str] = []
        self.language = ""
        self.in_head = self.has_caption = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.labelled_by += [value for name, value in attrs if name == "aria-labelledby" and value]
        if tag == "html":
            self.language = found.get("lang") or ""
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "svg" and not (found.get("role") == "img" and found.get("aria-label")):
            self.faults.append(f"a drawing without words: {found}")
        if tag == "img" and not found.get("alt"):
            self.faults.append("a picture without words")
        if tag == "th" and found.get("scope") not in ("col", "row", "colgroup", "rowgroup"):
            self.faults.append(f"a head of nothing: {found}")
        if tag == "table":
            self.has_caption = False
        self.has_caption |= tag == "caption"
        if tag == "tbody" and not self.has_caption:
            self.faults.append("a table without a caption")


def every_page(language: LanguageCode = "en") -> dict[str, str]:
    found = assess_risk(make_complete_profile(), FACTS)
    report, images = make_report(), make_images()
    film = make_aac_report()
    drawn = draw_film_images(make_film(), make_reading(), film)
    unsure = make_aac_report(reading=make_reading(lateral_probability=0.2))
    return {
        "scan": put_risk(draw_page(report, images, language=language), found),
        "refused scan": draw_page(make_report(quotable=False), images, language=language),
        "bare scan": draw_page(replace(report, rejected=(), caveats=()), images, language=language),
        "film": put_risk(draw_film_page(film, drawn, language=language), found),
        "refused film": draw_film_page(unsure, drawn, language=language),
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["scan", "refused scan", "bare scan", "film", "refused film"])
def test_pages_can_be_read_aloud(language: LanguageCode, name: str) -> None:
    seen = Seen(every_page(language)[name])
    assert seen.faults == []
    assert seen.language == language
    assert seen.headings[0] == 1
    assert seen.headings.count(1) == 1
    steps = [later - earlier for earlier, later in zip(seen.headings, seen.headings[1:], strict=False)]
    assert max(steps) <= 1
    assert len(set(seen.ids)) == len(seen.ids)
    assert set(seen.labelled_by) <= set(seen.ids)


def luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    shares = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_counted_as_the_guideline_does() -> None:
    assert contrast("#fff", "#000000") == pytest.approx(21.0)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_letters_on_paper_can_be_read() -> None:
    page = every_page()["scan"]
    named = dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6})", page))
    texts = {*re.findall(r"(?<!-)color: (#[0-9a-f]{3,6})", page), *(named[name] for name in ("ink", "soft", "good"))}
    for background in ("#ffffff", "#fdf0ef", "#fff8e6"):
        assert all(contrast(text, background) >= READABLE for text in texts - {"#6d7883"}), background
    assert contrast("#6d7883", "#ffffff") >= READABLE
    drawn = {category_scale.SOFT, risk_figures.SOFT, risk_figures.INK, aorta_diagram.SOFT, aorta_diagram.INK}
    assert all(contrast(text, "#ffffff") >= READABLE for text in drawn)
    assert all(contrast(risk_figures.INK, fill) >= READABLE for fill in risk_figures.FILLS)


def test_marks_on_pictures_stand_out_from_blood_and_air() -> None:
    blood = "#616161"
    """Soft tissue of 60 HU in the window of slices; letters have a dark rim besides."""
    for colour in (*VESSEL_COLOURS.values(), *WALL_COLOURS.values(), REJECTED_COLOUR, HEART_COLOUR):
        assert contrast(colour, "#000000") >= READABLE
    for colour in (*VESSEL_COLOURS.values(), *WALL_COLOURS.values()):
        assert contrast(colour, blood) >= 2.0


DEFICIENCIES = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
"""Machado, Oliveira & Fernandes, IEEE Trans Vis Comput Graph 2009;15:1291-1298, severity 1, on linear RGB."""


XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
WHITE = (0.95047, 1.0, 1.08883)
APART = 15.0
"""Distance in CIELAB (1976) that is seen at a glance; 2 can just be told side by side."""


def times(matrix: tuple[tuple[float, ...], ...], colour: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(sum(m * c for m, c in zip(row, colour, strict=True)) for row in matrix)


def linear(colour: str) -> tuple[float, ...]:
    shares = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    return tuple(s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)


def lab(rgb: tuple[float, ...]) -> tuple[float, ...]:
    shares = [c / w for c, w in zip(times(XYZ, tuple(min(max(c, 0.0), 1.0) for c in rgb)), WHITE, strict=True)]
    x, y, z = (s ** (1 / 3) if s > 0.008856 else 7.787 * s + 16 / 116 for s in shares)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("colours", [VESSEL_COLOURS, WALL_COLOURS])
def test_vessels_and_walls_are_told_apart_by_colour_blind_readers(deficiency: str, colours: Mapping[str, str]) -> None:
    seen = {name: lab(times(DEFICIENCIES[deficiency], linear(colour))) for name, colour in colours.items()}
    for one, other in combinations(seen, 2):
        assert math.dist(seen[one], seen[other]) >= APART, (one, other)
