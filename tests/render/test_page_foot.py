"""Every printed sheet says whose it is, whatever the header says."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.aac.made_film import make_aac_report, make_film, make_reading
from tests.report.make_report import describe_as, make_images, make_report
from vascal.render.film_images import draw_film_images
from vascal.render.film_page import draw_film_page
from vascal.render.page import draw_page
from vascal.render.page_foot import make_foot, quote_css
from vascal.render.print_pdf import print_pdf

HOSTILE = 'Ca"; } @page { size: 5mm } </style><script>x</script> \\" \n\r\f \x00 {{ 7 }} %} ü'
IMAGES = make_images()


def read_back(escaped: str) -> str:
    """Undo escapes as CSS does."""
    return re.sub(r"\\([0-9a-f]{6})", lambda found: chr(int(found[1], 16)), escaped)


@given(st.text())
def test_no_text_can_end_the_string_or_the_style(text: str) -> None:
    quoted = str(quote_css(text))
    assert re.fullmatch(r"(?:[A-Za-z0-9]|\\[0-9a-f]{6})*", quoted)
    assert read_back(quoted) == "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def test_the_foot_names_series_day_patient_and_the_end_of_the_uid() -> None:
    facts = {"Series": "CaSc 3.0 mm", "Date": "2026-03-12", "Age, sex": "male, 60 years, BMI 26"}
    foot = read_back(make_foot(facts, "1.2.840.763774", str))
    assert foot == "CaSc 3.0 mm · 2026-03-12 · male, 60 years · …763774"


def test_what_is_not_known_is_left_out_and_long_descriptions_are_cut() -> None:
    facts = {"Series": "x" * 60, "Date": "not stated", "Age, sex": "not stated"}
    assert read_back(make_foot(facts, "film.png", str)) == "x" * 39 + "…"
    assert read_back(make_foot({**facts, "Series": "-"}, "film.png", str)) == ""


def test_hostile_text_stays_text_in_the_page() -> None:
    html = draw_page(describe_as(make_report(), HOSTILE), IMAGES)
    style = html[html.index("<style>") : html.index("</style>")]
    assert "<" not in style.removeprefix("<style>")
    assert html.count("</style>") == html.count("<style>")
    assert "size: 5mm" not in style
    assert "<script" not in html


def test_a_film_has_the_same_foot() -> None:
    report = make_aac_report()
    html = draw_film_page(report, draw_film_images(make_film(), make_reading(), report))
    found = re.search(r'@bottom-left \{ content: "([^"]*)"', html)
    assert found is not None
    assert "67 years" in read_back(found[1])


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler")
@pytest.mark.parametrize("text", ["CaSc 3.0 mm", HOSTILE])
def test_every_printed_sheet_has_it(text: str, tmp_path: Path) -> None:
    pytest.importorskip("plutoprint")
    pdf = tmp_path / "report.pdf"
    pdf.write_bytes(print_pdf(draw_page(describe_as(make_report(), text), IMAGES)))
    said = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, check=True).stdout.decode()
    sheets = said.removesuffix("\f").split("\f")
    assert len(sheets) > 1
    for sheet in sheets:
        assert "2020-01-02 · female, 58 years" in " ".join(sheet.split())
