"""Printed reports: the sheet to sign is one sheet, fonts are inside, and the same page gives the same bytes."""

from __future__ import annotations

import re
import sys
import time
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.aac.made_film import make_aac_report, make_film, make_reading
from tests.report.make_report import make_images, make_report
from tests.risk.make_profile import make_complete_profile
from vascal.errors import MissingExtraError, OutputError
from vascal.render.film_images import draw_film_images
from vascal.render.film_page import draw_film_page
from vascal.render.language import LANGUAGES, LanguageCode
from vascal.render.page import draw_page
from vascal.render.pdf_catalog import add_to_catalog
from vascal.render.print_pdf import Paper, print_pdf
from vascal.render.risk_summary import put_risk
from vascal.report.caveats import Caveat
from vascal.risk.assessment import assess_risk
from vascal.risk.facts import ImageFacts

pytest.importorskip("plutoprint")

IMAGES = make_images()
FACTS = ImageFacts(agatston=261.0, vessels_with_calcium=3, is_gated=True, interval=(119.0, 339.0))


def page(language: LanguageCode = "en", cautions: int = 0) -> str:
    report = make_report()
    told = Caveat(code="noise", message="Noise of 36 HU (limit 30): specks of noise reach the threshold and small "
                  "calcium is uncertain.", severity="caution")  # fmt: skip
    report = replace(report, caveats=(*report.caveats, *([told] * cautions)))
    return put_risk(draw_page(report, IMAGES, language=language), assess_risk(make_complete_profile(), FACTS))


def inside(pdf: bytes) -> bytes:
    """Give the PDF with its compressed objects laid open."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    return pdf + b"".join(_open(stream) for stream in streams)


def _open(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def sheets(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\s", inside(pdf)))


def front(html: str) -> str:
    return re.sub(r'<div class="annex">.*</main>', "", html, flags=re.DOTALL)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_what_is_to_be_signed_fits_on_one_sheet_in_every_language(language: LanguageCode, paper: Paper) -> None:
    html = page(language, cautions=4)
    assert sheets(print_pdf(front(html), language, paper=paper)) == 1
    whole = print_pdf(html, language, paper=paper)
    assert 2 <= sheets(whole) <= 5
    box = b"595.2" if paper == "a4" else b"612"
    assert b"/MediaBox [ 0 0 " + box in inside(whole)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_film_fits_too(language: LanguageCode) -> None:
    report = make_aac_report()
    images = draw_film_images(make_film(), make_reading(), report)
    html = draw_film_page(report, images, language=language)
    assert sheets(print_pdf(front(html), language, paper="letter")) == 1


def test_the_same_page_gives_the_same_bytes_and_no_time_is_written() -> None:
    html = page()
    one = print_pdf(html)
    time.sleep(1.1)  # a clock in the file would show
    assert print_pdf(html) == one
    assert b"CreationDate" not in inside(one)


@pytest.mark.parametrize("language", LANGUAGES)
def test_title_and_language_are_told_and_only_own_fonts_are_inside(language: LanguageCode) -> None:
    pdf = inside(print_pdf(page(language), language))
    assert f"/Lang ({language})".encode() in pdf
    assert b"/Title" in pdf
    assert b"/DisplayDocTitle true" in pdf
    fonts = set(re.findall(rb"/BaseFont /\w+\+([\w-]+)", pdf))
    assert fonts
    assert all(font.startswith(b"VascalSans") for font in fonts), fonts
    assert b"<fffd>" not in pdf  # every glyph says which character it is: text can be copied and searched


def test_folded_parts_are_printed_unfolded() -> None:
    html = page()
    assert "<details>" in html
    assert sheets(print_pdf(html)) >= sheets(print_pdf(re.sub(r"<details>.*?</details>", "", html, flags=re.DOTALL)))
    shorter = print_pdf(re.sub(r"<details>.*?</details>", "<details><summary>x</summary></details>", html, flags=re.S))
    assert len(print_pdf(html)) > len(shorter)


def test_a_page_can_not_reach_out(tmp_path: Path) -> None:
    style = tmp_path / "style.css"
    style.write_text("@page { size: 50mm 50mm !important; }", encoding="utf-8")
    html = page().replace("</title>", f'</title><link rel="stylesheet" href="{style.as_uri()}">')
    assert b"/MediaBox [ 0 0 595.2" in inside(print_pdf(html))


def test_without_plutoprint_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plutoprint", None)
    with pytest.raises(MissingExtraError, match=r"vascal\[pdf\]"):
        print_pdf(page())


def test_the_catalog_is_appended_and_what_was_there_stays() -> None:
    pdf = print_pdf("<html><head><title>x</title></head><body>y</body></html>", "de")
    starts = [int(start) for start in re.findall(rb"startxref\s+(\d+)", pdf)]
    assert len(starts) == 2
    assert f"/Prev {starts[0]} ".encode() in pdf
    assert re.match(rb"\d+ 0 obj\n<< /Type /XRef", pdf[starts[1] :])
    assert pdf.count(b"/Type /Catalog") == 1


@pytest.mark.parametrize("broken", [b"", b"%PDF-1.4\nstartxref\n0\n%%EOF\n"])
def test_another_kind_of_pdf_is_refused(broken: bytes) -> None:
    with pytest.raises(OutputError, match="cross-reference"):
        add_to_catalog(broken, "/Lang (en)")
