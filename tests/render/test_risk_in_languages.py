"""The risk section in German and Chinese: for any patient and score, nothing of it stays English."""

from __future__ import annotations

import html
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.render.leftovers import english_left, latin_left, texts_of
from tests.risk.make_profile import make_complete_profile
from vascal.errors import ImpossibleInputError
from vascal.render.language import LANGUAGES, LanguageCode, read_language
from vascal.render.risk_section import BEGIN, END, draw_risk_section, language_of, list_sources
from vascal.render.risk_summary import draw_risk_summary
from vascal.risk.assessment import RiskAssessment, assess_risk
from vascal.risk.epicardial_fat import compare_epicardial_fat
from vascal.risk.facts import ImageFacts
from vascal.risk.percentile import AgeBand
from vascal.risk.percentile_table import PercentileRow, build_percentile_table
from vascal.risk.profile import ClinicalProfile, find_doubts
from vascal.risk.quantity import AlbuminCreatinineRatio, Cholesterol, Creatinine, Hba1c
from vascal.risk_study import ClinicalSources, assess

TABLE = build_percentile_table(
    [
        PercentileRow(reference="Own", sex="F", ethnicity=ethnicity, band=AgeBand(low=45, high=54), percentile=percent,
                      agatston=score, line=1)
        for ethnicity in ("white", "chinese")
        for percent, score in ((50.0, 0.0), (75.0, 20.0))
    ],
    "own.csv",
)  # fmt: skip
OWN_NAMES = {"Own", "own.csv", "csv"}

known = st.sampled_from([None, True, False])
scores = st.sampled_from([0.0, 0.004, 3.0, 57.0, 120.4, 450.0, 3000.0, 20000.0])


def drawn(profile: ClinicalProfile, facts: ImageFacts, language: LanguageCode) -> list[str]:
    """Give the texts of summary and section, but citations."""
    assessed = assess_risk(profile, facts, tables=(TABLE,))
    found = replace(assessed, notes=(*assessed.notes, *find_doubts(profile)))
    return shown(found, language)


def shown(found: RiskAssessment, language: LanguageCode) -> list[str]:
    sources = {html.unescape(source) for source in list_sources(found)}
    page = draw_risk_summary(found, language) + draw_risk_section(found, language)
    return [text for text in texts_of(page) if text not in sources]


def require_nothing_english(profile: ClinicalProfile, facts: ImageFacts) -> None:
    chinese = [word for text in drawn(profile, facts, "zh") for word in latin_left(text) if word not in OWN_NAMES]
    assert chinese == []
    german = {text: english_left(text) for text in drawn(profile, facts, "de") if english_left(text)}
    assert german == {}


@st.composite
def profiles(draw: st.DrawFn) -> ClinicalProfile | None:
    """Draw what may be known of a patient; None where values contradict each other."""

    def maybe(*values: float | str) -> float | str | None:
        return draw(st.sampled_from([None, *values]))

    total, hdl, ldl = maybe(60, 150, 210, 410), maybe(15, 50, 95, 130), maybe(50, 100, 200)
    creatinine, uacr, hba1c = maybe(0.2, 0.8, 12), maybe(0.0, 10, 300), maybe(5.5, 7, 16)
    try:
        return ClinicalProfile(
            age_years=maybe(20, 31, 37, 41, 44.5, 47, 55, 61.3, 72, 80, 88, 95),  # type: ignore[arg-type]
            sex=maybe("F", "M"),  # type: ignore[arg-type]
            ethnicity=maybe("white", "black", "hispanic", "chinese", "asian", "other"),  # type: ignore[arg-type]
            total_cholesterol=None if total is None else Cholesterol.of(float(total), "mg/dL"),
            hdl=None if hdl is None else Cholesterol.of(float(hdl), "mg/dL"),
            ldl=None if ldl is None else Cholesterol.of(float(ldl), "mg/dL"),
            systolic_mmhg=maybe(75, 110, 135, 230),  # type: ignore[arg-type]
            diastolic_mmhg=maybe(70),  # type: ignore[arg-type]
            **{name: draw(known) for name in ("on_bp_treatment", "on_lipid_treatment", "on_aspirin", "has_diabetes")},
            **{name: draw(known) for name in ("is_smoker", "has_family_history", "has_cvd", "on_dialysis")},
            bmi=maybe(17, 27, 45),  # type: ignore[arg-type]
            egfr=maybe(10, 25, 85, 150),  # type: ignore[arg-type]
            creatinine=None if creatinine is None else Creatinine.of(float(creatinine), "mg/dL"),
            uacr=None if uacr is None else AlbuminCreatinineRatio.of(float(uacr), "mg/g"),
            hba1c=None if hba1c is None else Hba1c.of(float(hba1c), "%"),
            sdi_decile=maybe(1, 5, 9),  # type: ignore[arg-type]
            score2_region=maybe("low", "moderate", "high", "very-high"),  # type: ignore[arg-type]
            avc_agatston=maybe(100, 900, 1300, 1800, 2500, 4000),  # type: ignore[arg-type]
            eat_ml=maybe(100, 250.0),  # type: ignore[arg-type]
        )
    except ImpossibleInputError:
        return None


@settings(max_examples=40, deadline=None)
@given(
    profile=profiles(),
    agatston=scores,
    has_interval=st.booleans(),
    is_gated=known,
    aac24=st.sampled_from([None, 0, 1, 3, 5, 8, 16]),
    is_quotable=st.sampled_from([True, True, True, False]),
)
def test_nothing_stays_english_whoever_the_patient_is(
    profile: ClinicalProfile | None,
    agatston: float,
    has_interval: bool,
    is_gated: bool | None,
    aac24: int | None,
    is_quotable: bool,
) -> None:
    facts = ImageFacts(
        agatston=agatston,
        interval=(0.7 * agatston, 1.3 * agatston + 2) if has_interval else None,
        vessels_with_calcium=int(agatston > 0),
        is_gated=is_gated,
        aac24=aac24,
        is_quotable=is_quotable,
    )
    require_nothing_english(profile or make_complete_profile(), facts)


@pytest.mark.parametrize("agatston", [0.0, 5.0, 90.0, 150.0])
@pytest.mark.parametrize("is_gated", [True, False, None])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"is_smoker": True, "has_family_history": True},
        {"is_smoker": True},
        {"has_family_history": True, "has_diabetes": None, "is_smoker": None},
        {"has_family_history": None, "age_years": 52.0},
        {"on_dialysis": True},
        {"has_diabetes": True},
        {"on_lipid_treatment": True},
        {"age_years": 30.0},
        {"age_years": 80.0},
        {"age_years": 50.0, "ethnicity": "asian"},
        {"ldl": Cholesterol.of(60, "mg/dL")},
        {"ldl": Cholesterol.of(195, "mg/dL"), "total_cholesterol": Cholesterol.of(300, "mg/dL")},
        {"systolic_mmhg": 190.0, "is_smoker": False, "age_years": 74.0, "sex": "M"},
        {"systolic_mmhg": 95.0, "age_years": 41.0},
        {"has_cvd": True},
    ],
)
def test_what_guidelines_say_is_said(agatston: float, is_gated: bool | None, changes: dict[str, object]) -> None:
    profile = replace(make_complete_profile(), **changes)  # type: ignore[arg-type]
    found = assess_risk(profile, ImageFacts(agatston=agatston, vessels_with_calcium=1, is_gated=is_gated))
    texts = [*found.notes, *(one.text for one in found.statements)]
    for text in (*texts, *(f"For {one.applies_to}." for one in found.statements)):
        assert [word for word in latin_left(read_language("zh").say(text)) if word not in OWN_NAMES] == []
        assert english_left(read_language("de").say(text)) == []


@pytest.mark.parametrize("surface", [1.5, 2.5])
def test_epicardial_fat_over_body_surface_is_said(surface: float) -> None:
    found = replace(assess_risk(ClinicalProfile(), ImageFacts()), fat=compare_epicardial_fat(140, surface))
    assert [word for text in shown(found, "zh") for word in latin_left(text)] == []
    assert [word for text in shown(found, "de") for word in english_left(text)] == []


def test_german_has_commas_in_every_decimal_but_those_of_citations() -> None:
    found = assess_risk(make_complete_profile(), ImageFacts(agatston=120.4, interval=(80.5, 170.0), is_gated=True))
    assert not [text for text in shown(found, "de") if "1.7" in text or "2.7" in text]
    assert any("2,7 %" in text.replace("\u00a0", " ") for text in shown(found, "de"))
    page = draw_risk_section(found, "de")
    assert all(html.escape(source, quote=False).replace("'", "&#39;") in page for source in list_sources(found))


def test_the_section_is_in_the_language_of_its_page() -> None:
    for code in LANGUAGES:
        assert language_of(f'<!DOCTYPE html>\n<html lang="{code}">') == code
    assert language_of('<html lang="fr">') == language_of("<html>") == language_of("") == "en"
    assert BEGIN in f"{BEGIN}\n{END}"


def test_english_is_the_default() -> None:
    found = assess_risk(make_complete_profile(), ImageFacts(agatston=120.0, is_gated=True))
    assert draw_risk_section(found) == draw_risk_section(found, "en")
    assert "What it means for this patient" in draw_risk_section(found)
    assert "Bedeutung im vorliegenden Fall" in draw_risk_section(found, "de")
    assert "临床意义" in draw_risk_section(found, "zh")


def test_a_typed_patient_is_assessed_in_every_language() -> None:
    typed = {"age_years": "61", "sex": "F", "total_cholesterol": "5.4 mmol/L"}
    found = assess(ImageFacts(agatston=12.0), ClinicalSources(typed=typed)).found
    assert "61 Jahre" in draw_risk_section(found, "de")
    assert "总胆固醇 209 mg/dL" in draw_risk_section(found, "zh")


def test_categories_of_risk_are_told_from_classes_of_calcification() -> None:
    zh = read_language("zh")
    assert [zh.say(word, "risk") for word in ("low", "borderline", "intermediate", "high")] == [
        "低危", "临界", "中危", "高危",
    ]  # fmt: skip
    assert [zh.say(word) for word in ("low", "moderate", "high")] == ["低", "中度", "高"]
