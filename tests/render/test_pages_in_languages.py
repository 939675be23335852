"""Whole pages in German and Chinese: nothing that they show or read out stays English."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.aac.made_film import FACTS, make_aac_report, make_film, make_reading
from tests.render.leftovers import english_left, latin_left, texts_of
from tests.report.make_report import ACQUISITION, make_images, make_report
from tests.risk.make_profile import make_complete_profile
from vascal.calcium.categories import RiskCategory
from vascal.calcium.rule import RULES
from vascal.calcium.score import score_calcium
from vascal.calcium.uncertainty import TotalUncertainty
from vascal.render.film_images import draw_film_images
from vascal.render.film_page import draw_film_page
from vascal.render.language import LANGUAGES, LanguageCode
from vascal.render.page import draw_page
from vascal.render.risk_summary import put_risk
from vascal.report.aac_report import AacReport
from vascal.report.caveats import Caveat
from vascal.report.report import RejectedCandidate, Report
from vascal.risk.assessment import assess_risk
from vascal.risk.facts import ImageFacts
from vascal.study import Gating, Patient
from vascal.volume import Grid, Volume

IMAGES = make_images()
FILM_IMAGES = draw_film_images(make_film(), make_reading(), make_aac_report())
_WORDS = "CaSc Qr36 Qr36d Bone Maker Model DX LL Spine lateral test finder made up reader "
_WORDS += "orcascore threshold hu OT abcd"
FROM_HEADERS = frozenset(_WORDS.split())
SOURCES = ("doi", "et al.")
"""Citations stay as they are."""

CONTRAST = (
    Caveat(
        code="contrast",
        message="Blood is contrast-enhanced (heart 250 HU, aorta 310 HU). Iodine exceeds the calcium threshold: "
        "the total is not an Agatston score and must not be quoted as one.",
        severity="critical",
    ),
)


def _zero() -> Report:
    grid = Grid.even((3, 8, 8), (3.0, 1.0, 1.0))
    volume = Volume(hu=np.zeros(grid.shape, dtype=np.int16), grid=grid)
    return replace(make_report(), score=score_calcium(volume, ()))


def _doubted(high: float) -> Report:
    categories: dict[RiskCategory, float] = {"0": 0.3, "1-10": 0.1, "11-100": 0.6, "101-400": 0.0, ">400": 0.0}
    doubt = TotalUncertainty(low=0.0, high=high, level=0.95, zero_probability=0.002, categories=categories)
    return replace(make_report(acquisition=replace(ACQUISITION, gating=Gating())), uncertainty=doubt, found_by="rules")


def _changed_by_hand() -> Report:
    report = make_report()
    reasons = ("bone", "aortic root or valve", "noise")
    rejected = tuple(
        RejectedCandidate(reason=reason, volume_mm3=12.5, peak_hu=400, center_mm=(1.0, 2.0, 3.0), slices=(0, 1))
        for reason in reasons
    )
    rule = replace(RULES["orcascore"], changed=("threshold_hu",))
    series = replace(report.series, is_even=False, patient=Patient(age_years=61.0, sex="M", size_m=1.8, weight_kg=80.0))
    score = replace(report.score, rule=rule)
    return replace(report, score=score, rejected=rejected, series=series, found_by="learned")


def _bare() -> Report:
    bare = replace(
        ACQUISITION, kvp=None, kernels=(), manufacturer=None, model=None, slice_thickness_mm=None, gating=Gating()
    )
    report = make_report(acquisition=bare)
    return replace(report, series=replace(report.series, patient=Patient(), study_date="", series_description=""))


def _named_like_words() -> Report:
    report = make_report(acquisition=replace(ACQUISITION, kernels=("Bone",)))
    return replace(report, series=replace(report.series, series_description="Bone"))


SCANS: dict[str, Callable[[], Report]] = {
    "whole": make_report,
    "zero": _zero,
    "not-quotable": lambda: replace(make_report(), is_quotable=False, caveats=make_report().caveats + CONTRAST),
    "doubted": lambda: _doubted(80.0),
    "likely-none": lambda: _doubted(0.0),
    "changed-by-hand": _changed_by_hand,
    "bare": _bare,
}
FILMS: dict[str, Callable[[], AacReport]] = {
    "whole": make_aac_report,
    "none": lambda: make_aac_report(reading=make_reading(shares=(0.0,) * 8)),
    "not-quotable": lambda: make_aac_report(reading=make_reading(lateral_probability=0.2)),
    "hidden": lambda: make_aac_report(reading=make_reading(obstacles={"hardware": 0.2, "overlap": 0.3})),
    "right": lambda: make_aac_report(reading=make_reading(facing="right", level_confidence={"L1": 0.7, "L2": 0.9})),
    "bare": lambda: replace(
        make_aac_report(make_film(facts=replace(FACTS, kvp=None, exposure_mas=None, study_date="", modality="OT"))),
        found_by="labels",
    ),
}


def require_nothing_english(page: str, language: LanguageCode) -> None:
    """Require it of all but citations and words of headers."""
    left_over = latin_left if language == "zh" else english_left
    texts = [text for text in texts_of(page) if not any(source in text for source in SOURCES)]
    left = {text: [word for word in left_over(text) if word not in FROM_HEADERS] for text in texts}
    assert {text: words for text, words in left.items() if words} == {}


@pytest.mark.parametrize("language", LANGUAGES[1:])
@pytest.mark.parametrize("case", SCANS)
def test_nothing_of_a_scans_page_stays_english(case: str, language: LanguageCode) -> None:
    require_nothing_english(draw_page(SCANS[case](), IMAGES, language=language), language)


@pytest.mark.parametrize("language", LANGUAGES[1:])
@pytest.mark.parametrize("case", FILMS)
def test_nothing_of_a_films_page_stays_english(case: str, language: LanguageCode) -> None:
    require_nothing_english(draw_film_page(FILMS[case](), FILM_IMAGES, language=language), language)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_risk_comes_to_a_page_in_its_language(language: LanguageCode) -> None:
    found = assess_risk(make_complete_profile(), ImageFacts(agatston=12.5, vessels_with_calcium=2, is_gated=True))
    page = put_risk(draw_page(make_report(), IMAGES, language=language), found)
    assert f'<html lang="{language}">' in page
    require_nothing_english(page, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_the_header_stay_as_they_are(language: LanguageCode) -> None:
    texts = texts_of(draw_page(_named_like_words(), IMAGES, language=language))
    assert texts.count("Bone") == 2


def test_german_pages_have_commas_and_chinese_ones_points() -> None:
    german = texts_of(draw_page(make_report(), IMAGES, language="de"))
    assert "12,5" in german
    assert "12.5" not in german
    assert "12.5" in texts_of(draw_page(make_report(), IMAGES, language="zh"))


def test_pictures_are_described_with_the_marks_of_the_language() -> None:
    page = draw_page(make_report(), IMAGES, language="zh")
    labels = [label for label in re.findall('aria-label="([^"]*)"', page) if "层，z" in label]
    assert labels
    assert not any(mark in label for label in labels for mark in (". ", "; ", ", "))


@pytest.mark.parametrize("language", LANGUAGES[:2])
def test_a_number_and_its_per_cent_sign_stay_on_one_line(language: LanguageCode) -> None:
    texts = texts_of(draw_page(_doubted(80.0), IMAGES, language=language))
    assert any("38\u00a0%" in text for text in texts)
    assert not [text for text in texts if re.search(r"\d %", text)]


@pytest.mark.parametrize(("language", "said"), [("en", "in 1 lesion:"), ("de", "in 1 Läsion:"), ("zh", "，1 个病灶：")])
def test_one_lesion_is_counted_in_the_singular(language: LanguageCode, said: str) -> None:
    report = make_report()
    score = replace(report.score, total=replace(report.score.total, lesions=1))
    assert said in draw_page(replace(report, score=score), IMAGES, language=language)
