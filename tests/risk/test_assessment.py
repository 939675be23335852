"""Everything a patient's scores come to, or why not."""

from dataclasses import replace

import pytest

from vascal.risk.assessment import (
    GATING_UNKNOWN,
    KNOWN_CVD,
    NOT_GATED,
    NOT_QUOTABLE,
    ON_DIALYSIS,
    UNSURE_ZERO,
    RiskAssessment,
    assess_risk,
)
from vascal.risk.facts import ImageFacts
from vascal.risk.mesa_chd import estimate_mesa_chd
from vascal.risk.percentile import AgeBand
from vascal.risk.percentile_table import PercentileRow, build_percentile_table
from vascal.risk.profile import ClinicalProfile

FACTS = ImageFacts(agatston=120.0, interval=(80.0, 170.0), vessels_with_calcium=2, is_gated=True)
TABLE = build_percentile_table(
    [
        PercentileRow(
            reference="own", sex="F", ethnicity=None, band=AgeBand(low=55, high=64), percentile=p, agatston=s, line=n
        )
        for n, (p, s) in enumerate(((25.0, 0.0), (50.0, 10.0), (75.0, 100.0), (90.0, 300.0)), start=2)
    ],
    "own.csv",
)


def titles(found: RiskAssessment) -> list[str]:
    return [one.title for one in found.unanswered]


def test_a_patient_of_whom_all_is_known_gets_every_answer(complete_profile: ClinicalProfile) -> None:
    found = assess_risk(replace(complete_profile, age_years=58, avc_agatston=100.0, eat_ml=90.0), FACTS)
    assert found.unanswered == ()
    assert found.notes == ()
    names = [one.model.name for one in found.estimates]
    assert len(names) == len(set(names)) == 1 + 6 + 1 + 1 + 1 + 1
    assert found.change is not None
    assert found.change.before.model.name == "mesa-chd-2015"
    assert found.change.after.model.name == "mesa-chd-cac-2015"
    assert [one.reference.name for one in found.percentiles] == ["hoff-2001", found.percentiles[1].reference.name]
    assert found.curves
    assert found.valve is not None
    assert found.fat is not None


def test_the_interval_of_the_score_becomes_one_of_the_risk(complete_profile: ClinicalProfile) -> None:
    found = assess_risk(complete_profile, FACTS)
    assert found.span == tuple(estimate_mesa_chd(complete_profile, score).probability for score in (80.0, 170.0))
    assert assess_risk(complete_profile, replace(FACTS, interval=None)).span is None


def test_a_users_table_goes_first_and_is_drawn(complete_profile: ClinicalProfile) -> None:
    found = assess_risk(complete_profile, FACTS, tables=[TABLE])
    assert found.percentiles[0].reference.name == "own"
    assert [curve.percent for curve in found.curves] == [25, 50, 75, 90]
    assert found.curves[2].points == ((55.0, 100.0), (65.0, 100.0))
    other = assess_risk(replace(complete_profile, age_years=70), FACTS, tables=[TABLE])
    assert "own" in titles(other)


def test_what_is_lacking_is_named_once_for_each_family() -> None:
    found = assess_risk(ClinicalProfile(age_years=50, sex="F"), FACTS)
    assert titles(found) == [
        "MESA without calcium",
        "PREVENT, 10 years",
        "PREVENT, 30 years",
        "Pooled cohort equations",
        "Framingham",
        "SCORE2",
        "MESA with calcium",
    ]
    assert {one.code for one in found.unanswered} == {"missing-input"}
    assert found.percentiles
    assert found.change is None


@pytest.mark.parametrize(
    ("profile", "lacking"),
    [
        (ClinicalProfile(), "age and sex"),
        (ClinicalProfile(age_years=60), "sex"),
        (ClinicalProfile(sex="M"), "age"),
    ],
)
def test_a_percentile_needs_age_and_sex(profile: ClinicalProfile, lacking: str) -> None:
    found = assess_risk(profile, FACTS)
    assert found.percentiles == ()
    assert found.curves == ()
    assert found.young is None
    assert f"a percentile also needs {lacking}" in [one.message for one in found.unanswered]


def test_a_score_that_must_not_be_quoted_is_not_interpreted(complete_profile: ClinicalProfile) -> None:
    found = assess_risk(complete_profile, replace(FACTS, is_quotable=False, aac24=8))
    assert found.notes == (NOT_QUOTABLE,)
    assert found.change is None
    assert (found.percentiles, found.arterial_age, found.statements, found.aac) == ((), None, (), ())
    assert found.estimates  # they do not use the images


def test_scans_without_gating_are_said_so(complete_profile: ClinicalProfile) -> None:
    assert assess_risk(complete_profile, replace(FACTS, is_gated=False)).notes == (NOT_GATED,)
    assert assess_risk(complete_profile, replace(FACTS, is_gated=None)).notes == (GATING_UNKNOWN,)
    assert assess_risk(complete_profile, ImageFacts(aac24=3)).notes == ()


@pytest.mark.parametrize("is_gated", [False, None])
def test_a_zero_without_gating_gets_no_arterial_age(complete_profile: ClinicalProfile, is_gated: bool | None) -> None:
    found = assess_risk(complete_profile, replace(FACTS, agatston=0.0, interval=None, is_gated=is_gated))
    assert found.arterial_age is None
    assert found.notes[-1] == UNSURE_ZERO
    gated = assess_risk(complete_profile, replace(FACTS, agatston=0.0, interval=None))
    assert gated.arterial_age is not None
    assert gated.notes == ()


def test_known_disease_is_beyond_every_formula(complete_profile: ClinicalProfile) -> None:
    found = assess_risk(replace(complete_profile, has_cvd=True), FACTS)
    assert found.estimates == ()
    assert found.statements == ()
    assert KNOWN_CVD in found.notes


def test_dialysis_is_said_and_cac_drs_calls_no_such_patient_low(complete_profile: ClinicalProfile) -> None:
    found = assess_risk(replace(complete_profile, on_dialysis=True), replace(FACTS, agatston=0.0))
    assert ON_DIALYSIS in found.notes
    assert [one.text for one in found.statements if one.kind == "category"] == ["CAC-DRS A0/N2."]
    quoted = assess_risk(replace(complete_profile, on_dialysis=True), replace(FACTS, is_quotable=False))
    assert quoted.notes == (NOT_QUOTABLE, ON_DIALYSIS)


def test_known_disease_is_said_before_anything_that_is_lacking() -> None:
    found = assess_risk(ClinicalProfile(age_years=60, sex="F", has_cvd=True), FACTS)
    assert {one.code for one in found.unanswered} == {"out-of-range"}


def test_without_vessels_cac_drs_is_not_named(complete_profile: ClinicalProfile) -> None:
    named = {one.name for one in assess_risk(complete_profile, FACTS).statements}
    unnamed = {one.name for one in assess_risk(complete_profile, replace(FACTS, vessels_with_calcium=None)).statements}
    assert named - unnamed == {"cac-drs-2018"}


def test_films_bring_hazard_ratios_and_young_adults_a_sentence(complete_profile: ClinicalProfile) -> None:
    assert assess_risk(complete_profile, ImageFacts(aac24=8)).aac
    young = assess_risk(replace(complete_profile, age_years=38), FACTS).young
    assert young is not None


def test_a_valve_needs_a_sex(complete_profile: ClinicalProfile) -> None:
    found = assess_risk(ClinicalProfile(avc_agatston=1500), ImageFacts())
    assert found.valve is None
    assert "Aortic valve calcium" in titles(found)
