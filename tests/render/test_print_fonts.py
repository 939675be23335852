"""The fonts of printed reports have every character that reports use."""

from __future__ import annotations

from functools import cache
from importlib import resources

import pytest
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from vascal.render.language import LANGUAGES
from vascal.render.print_fonts import FACES, FONTS, LATIN, list_texts, write_font_faces

CUT_AGAIN = "run tools/subset_fonts.py"


@cache
def characters(file: str) -> frozenset[str]:
    return frozenset(chr(code) for code in TTFont(FONTS / file).getBestCmap())


def lacking(text: str, weight: int) -> set[str]:
    fonts = [file for faces in FACES.values() for _, file, own in faces if own == weight]
    return {one for one in text if one.isprintable()} - set().union(*(characters(file) for file in fonts))


@pytest.mark.parametrize("weight", [400, 700])
def test_every_character_of_every_translation_is_there(weight: int) -> None:
    assert lacking("".join(list_texts()), weight) == set(), CUT_AGAIN


@pytest.mark.parametrize("weight", [400, 700])
def test_every_character_of_templates_and_of_european_names_is_there(weight: int) -> None:
    templates = resources.files("vascal.render").joinpath("templates").iterdir()
    texts = [file.read_text(encoding="utf-8") for file in templates if file.name.startswith(("report", "film", "risk"))]
    assert lacking("".join(texts) + "Größe Łódź Çelik Ørsted ½ µ → ≥ ² ³", weight) == set()
    assert lacking(LATIN, weight) <= {"ŉ"}, CUT_AGAIN


def test_they_are_small_and_bring_their_licences() -> None:
    files = list(FONTS.iterdir())
    assert sum(file.stat().st_size for file in files) < 600_000
    licences = [file.read_text(encoding="utf-8") for file in files if file.name.startswith("OFL")]
    assert len(licences) == 2
    assert all("SIL OPEN FONT LICENSE Version 1.1" in text and "Copyright" in text for text in licences)


def test_a_page_brings_the_fonts_of_its_language_only() -> None:
    faces = {language: write_font_faces(language) for language in LANGUAGES}
    assert faces["en"] == faces["de"]
    assert faces["de"].count("@font-face") == 2
    assert faces["zh"].count("@font-face") == 4
    assert "://" not in faces["zh"]
