"""Statements are chosen by score, place, age and what is known, and never order anything."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import OutOfRangeError
from vascal.risk.guidelines import MITRAL_ANNULUS, THORACIC_AORTA, GuidelineStatement, find_statements
from vascal.risk.profile import ClinicalProfile
from vascal.risk.quantity import Cholesterol

NOBODY = ClinicalProfile(age_years=60)


def named(
    agatston: float, profile: ClinicalProfile = NOBODY, percentile: float | None = None, *, is_gated: bool = True
) -> dict[str, GuidelineStatement]:
    found = find_statements(agatston, 0 if agatston == 0 else 2, percentile, profile, is_gated=is_gated)
    return {statement.name: statement for statement in found}


@pytest.mark.parametrize(
    ("agatston", "percentile", "name"),
    [
        (0, None, "zero"),
        (0, 90, "zero"),
        (0.5, 50, "low"),
        (99.9, 74.9, "low"),
        (99.9, None, "low"),
        (20, 75, "high"),
        (100, None, "high"),
    ],
)
def test_one_statement_on_statins_is_chosen_by_score_and_percentile(agatston, percentile, name) -> None:  # type: ignore[no-untyped-def]
    about_statins = {f"cholesterol-2018-{part}" for part in ("zero", "low", "high")}
    assert about_statins & set(named(agatston, percentile=percentile)) == {f"cholesterol-2018-{name}"}


def test_a_score_of_zero_with_a_known_exception_says_so() -> None:
    smoker = replace(NOBODY, is_smoker=True, has_diabetes=False)
    text = named(0, smoker)["cholesterol-2018-zero"].text
    assert "excepts cigarette smoking, known here" in text
    assert "withhold" not in text


def test_a_score_of_zero_names_what_is_not_known() -> None:
    text = named(0)["cholesterol-2018-zero"].text
    assert "withhold a statin" in text
    assert "Not known here: diabetes, cigarette smoking, a family history" in text
    healthy = replace(NOBODY, is_smoker=False, has_diabetes=False, has_family_history=False)
    assert "Not known" not in named(0, healthy)["cholesterol-2018-zero"].text


def test_between_1_and_99_age_55_is_named() -> None:
    assert named(50, replace(NOBODY, age_years=55))["cholesterol-2018-low"].text.endswith(
        "This patient is of that age."
    )
    assert named(50, replace(NOBODY, age_years=54.9))["cholesterol-2018-low"].text.endswith("is below that age.")
    assert named(50, ClinicalProfile())["cholesterol-2018-low"].text.endswith("from 55 years of age on.")


def test_why_a_score_is_high_is_said() -> None:
    assert "is 100 or more" in named(150, percentile=80)["cholesterol-2018-high"].text
    assert "at the 75th percentile" in named(50, percentile=80)["cholesterol-2018-high"].text


def test_diabetes_and_severe_ldl_have_their_own_statements() -> None:
    assert "cholesterol-2018-diabetes" in named(50, replace(NOBODY, has_diabetes=True))
    assert "cholesterol-2018-diabetes" not in named(50, replace(NOBODY, has_diabetes=False))
    assert "cholesterol-2018-severe-ldl" in named(0, replace(NOBODY, ldl=Cholesterol.of(190, "mg/dL")))
    assert "cholesterol-2018-severe-ldl" not in named(0, replace(NOBODY, ldl=Cholesterol.of(189, "mg/dL")))


@pytest.mark.parametrize(("age", "is_covered"), [(39.9, False), (40, True), (75.9, True), (76, False)])
def test_the_american_guidelines_speak_of_40_to_75_years(age: float, is_covered: bool) -> None:
    found = named(200, ClinicalProfile(age_years=age))
    assert ("cholesterol-2018-high" in found) is is_covered
    assert ("scct-2017-measure" in found) is is_covered
    assert "cac-drs-2018" in found


@pytest.mark.parametrize(
    ("agatston", "words"),
    [
        (0, "A0/N0: very low risk; a statin is generally not"),
        (99, "A1/N2: mildly"),
        (100, "A2/N2: moderately increased risk; a statin of moderate to high intensity and aspirin 81 mg"),
        (300, "A3/N2: moderately to severely"),
    ],
)
def test_cac_drs_names_category_and_action(agatston: float, words: str) -> None:
    assert words in named(agatston)["cac-drs-2018"].text


def test_an_ungated_scan_has_words_instead_of_cac_drs() -> None:
    found = named(200, is_gated=False)
    assert "cac-drs-2018" not in found
    assert "none, mild, moderate or severe" in found["ungated-chest-ct"].text
    assert "ungated-chest-ct" not in named(200)


def test_with_known_disease_nothing_is_said() -> None:
    assert find_statements(200, 2, None, replace(NOBODY, has_cvd=True)) == ()


@given(st.floats(0, 5000), st.one_of(st.none(), st.floats(0, 100)), st.booleans())
def test_every_statement_has_a_source_and_orders_nothing(agatston, percentile, is_gated) -> None:  # type: ignore[no-untyped-def]
    for statement in named(agatston, percentile=percentile, is_gated=is_gated).values():
        assert any(mark in statement.source for mark in ("doi:", "PMC"))
        assert statement.applies_to
        assert not {"must", "start", "prescribe"} & set(statement.text.lower().split())


def test_a_score_that_can_not_be_is_refused() -> None:
    with pytest.raises(OutOfRangeError):
        find_statements(-1, 0, None, NOBODY)


def test_calcium_elsewhere_has_no_threshold() -> None:
    for sentence in (THORACIC_AORTA, MITRAL_ANNULUS):
        assert "no part of the coronary score" in sentence
        assert "No threshold" in sentence
