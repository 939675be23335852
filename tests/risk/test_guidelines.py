"""Statements are chosen by score, place, age and what is known; they order nothing and contradict nothing."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import OutOfRangeError
from vascal.risk.guidelines import GuidelineStatement, find_statements
from vascal.risk.profile import ClinicalProfile
from vascal.risk.quantity import Cholesterol

ADULT = ClinicalProfile(age_years=60)
HEALTHY = replace(ADULT, is_smoker=False, has_diabetes=False, has_family_history=False)
DECIDING = {"cholesterol-2018-zero", "cholesterol-2018-low", "cholesterol-2018-high"}


def named(
    agatston: float,
    profile: ClinicalProfile = ADULT,
    percentile: float | None = None,
    *,
    is_gated: bool | None = True,
    reference: str = "",
    pce_risk: float | None = None,
) -> dict[str, GuidelineStatement]:
    found = find_statements(
        agatston,
        0 if agatston == 0 else 2,
        percentile,
        profile,
        is_gated=is_gated,
        percentile_reference=reference,
        pce_risk=pce_risk,
    )
    assert len({statement.name for statement in found}) == len(found)
    return {statement.name: statement for statement in found}


def on_score(agatston: float, profile: ClinicalProfile = ADULT, **known: object) -> GuidelineStatement:
    """Give the one statement on what follows from the score."""
    (found,) = [one for one in named(agatston, profile, **known).values() if one.kind == "score"]  # type: ignore[arg-type]
    return found


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
    assert on_score(agatston, percentile=percentile).name == f"cholesterol-2018-{name}"


def test_nothing_is_said_of_measuring_a_score_that_is_there() -> None:
    for agatston in (0, 50, 500):
        assert not [name for name in named(agatston) if name.endswith("measure")]


@pytest.mark.parametrize(
    ("known", "name", "words"),
    [
        (
            {"ldl": Cholesterol.of(190, "mg/dL")},
            "severe-ldl",
            "LDL cholesterol is 190 mg/dL or more: the guideline recommends a statin of high intensity",
        ),
        ({"has_diabetes": True}, "diabetes", "recommends a statin of moderate intensity whatever the estimated risk"),
        ({"on_lipid_treatment": True}, "treated", "for people who take no statin"),
        ({"on_dialysis": True}, "dialysis", "does not recommend to begin a statin on dialysis (class III, no benefit)"),
        ({"age_years": 39.9}, "age", "for people of 40 to 75 years; this patient is 39"),
        ({"age_years": 76}, "age", "for people of 40 to 75 years; this patient is 76"),
        ({"age_years": None}, "age", "for people of 40 to 75 years; the age is not known"),
        ({"ldl": Cholesterol.of(69, "mg/dL")}, "low-ldl", "for LDL cholesterol of 70 to 189 mg/dL; here it is below"),
    ],
)
@pytest.mark.parametrize("agatston", [0.0, 50.0, 500.0])
def test_where_the_score_does_not_decide_one_statement_says_why(known, name, words, agatston) -> None:  # type: ignore[no-untyped-def]
    found = on_score(agatston, replace(HEALTHY, **known))
    assert found.name == f"cholesterol-2018-{name}"
    assert words in found.text
    assert "the calcium score does not decide" in found.text or "none is given" in found.text


def test_limits_of_ldl_and_age_are_those_of_the_guideline() -> None:
    for inside in (70, 189):
        assert on_score(50, replace(ADULT, ldl=Cholesterol.of(inside, "mg/dL"))).name in DECIDING
    for age in (40, 75.9):
        assert on_score(50, replace(ADULT, age_years=age)).name in DECIDING
    severe = replace(ADULT, ldl=Cholesterol.of(200, "mg/dL"))
    names = [on_score(0, replace(severe, age_years=age)).name for age in (19, 20, 75.9, 76, None)]
    assert [name.removeprefix("cholesterol-2018-") for name in names] == (
        ["age", "severe-ldl", "severe-ldl", "age", "severe-ldl"]
    )


def test_of_several_reasons_the_one_is_given_that_no_other_contradicts() -> None:
    severe = Cholesterol.of(200, "mg/dL")
    everything = replace(ADULT, on_dialysis=True, ldl=severe, on_lipid_treatment=True, has_diabetes=True)
    names = []
    for known in ({}, {"on_dialysis": False}, {"ldl": None}, {"on_lipid_treatment": False}, {"has_diabetes": False}):
        everything = replace(everything, **known)
        names.append(on_score(0, everything).name.removeprefix("cholesterol-2018-"))
    assert names == ["dialysis", "severe-ldl", "treated", "diabetes", "zero"]


def test_a_score_of_zero_in_a_smoker_is_an_exception_and_nothing_is_withheld() -> None:
    text = on_score(0, replace(HEALTHY, is_smoker=True)).text
    assert "excepts cigarette smoking, as in this patient" in text
    assert "does not speak against a statin" in text
    assert "withhold" not in text
    both = on_score(0, replace(HEALTHY, is_smoker=True, has_family_history=True)).text
    assert "a family history of premature coronary disease (age of the relative not known here)" in both


def test_a_family_history_at_any_age_is_never_called_premature() -> None:
    text = on_score(0, replace(HEALTHY, has_family_history=True)).text
    assert "a family history of premature coronary disease (age of the relative not known here)" in text
    assert "before 55 (a man) or 65 (a woman)" in text
    for smokes in (True, False, None):
        assert "premature coronary disease, known here" not in on_score(0, replace(HEALTHY, is_smoker=smokes)).text


def test_a_score_of_zero_names_what_is_not_known() -> None:
    text = on_score(0).text
    assert "reasonable to withhold a statin" in text
    assert text.endswith("Not known here: diabetes, cigarette smoking, a family history of premature coronary disease.")
    assert "not known" not in on_score(0, HEALTHY).text.lower()


@pytest.mark.parametrize(("is_gated", "words"), [(False, "was not ECG-gated"), (None, "Nothing says whether")])
def test_a_score_of_zero_without_gating_has_another_meaning(is_gated: bool | None, words: str) -> None:
    found = on_score(0, HEALTHY, is_gated=is_gated)
    assert found.name == "cholesterol-2018-zero-ungated"
    assert words in found.text
    assert "does not carry the guideline's meaning of zero" in found.text
    assert "withhold" not in found.text
    assert on_score(50, HEALTHY, is_gated=is_gated).name == "cholesterol-2018-low"


def test_between_1_and_99_age_55_is_named() -> None:
    assert on_score(50, replace(ADULT, age_years=55)).text.endswith("This patient is of that age.")
    assert on_score(50, replace(ADULT, age_years=54.9)).text.endswith("This patient is below that age.")


def test_why_a_score_is_high_is_said() -> None:
    assert "The score is 100 or more:" in on_score(150, percentile=80, reference="Hoff 2001").text
    assert "is at the 75th percentile or above (Hoff 2001; the guideline means age, sex and race):" in (
        on_score(50, percentile=80, reference="Hoff 2001").text
    )
    assert "or above (the guideline means age, sex and race):" in on_score(50, percentile=80).text


@pytest.mark.parametrize("agatston", [0.0, 50.0, 500.0])
@pytest.mark.parametrize(
    ("pce_risk", "said"),
    [
        (0.0001, "below 0.1 %"),
        (0.011, "1.1 %"),
        (0.0494, "4.9 %"),
        (0.0499, "just below 5 %"),
        (0.2, "20.0 %"),
        (0.31, "31.0 %"),
    ],
)
def test_a_risk_outside_the_range_is_named_last(agatston: float, pce_risk: float, said: str) -> None:
    found = on_score(agatston, HEALTHY, pce_risk=pce_risk)
    assert "a ten-year ASCVD risk of 5 to below 20 %" in found.text
    assert found.text.endswith(f"this patient's risk by the pooled cohort equations is {said}, outside that range.")


@pytest.mark.parametrize("pce_risk", [None, 0.05, 0.1, 0.1999])
def test_a_risk_within_the_range_or_not_known_is_not_named(pce_risk: float | None) -> None:
    assert "pooled cohort" not in on_score(50, HEALTHY, pce_risk=pce_risk).text


def test_where_the_score_does_not_decide_the_risk_is_not_named() -> None:
    assert "pooled cohort" not in on_score(50, replace(HEALTHY, has_diabetes=True), pce_risk=0.01).text
    assert "pooled cohort" not in on_score(0, HEALTHY, is_gated=False, pce_risk=0.01).text


@pytest.mark.parametrize(
    ("agatston", "words"),
    [
        (0, "CAC-DRS A0/N0: very low risk."),
        (99, "CAC-DRS A1/N2: mildly increased risk."),
        (100, "CAC-DRS A2/N2: moderately increased risk."),
        (300, "CAC-DRS A3/N2: moderately to severely increased risk."),
    ],
)
def test_cac_drs_names_category_and_no_drug(agatston: float, words: str) -> None:
    found = named(agatston)["cac-drs-2018"]
    assert (found.text, found.kind) == (words, "category")


def test_cac_drs_is_for_gated_scans_and_words_for_ungated_ones() -> None:
    names = {is_gated: set(named(200, is_gated=is_gated)) for is_gated in (True, False, None)}
    assert "cac-drs-2018" in names[True]
    assert "ungated-chest-ct" not in names[True]
    assert "cac-drs-2018" not in names[False] | names[None]
    assert "ungated-chest-ct" in names[False]
    assert "ungated-chest-ct" not in names[None]
    ungated = named(200, is_gated=False)["ungated-chest-ct"]
    assert "none, mild, moderate or severe" in ungated.text
    assert ungated.kind == "category"


def test_gating_is_not_known_unless_told() -> None:
    assert [one.name for one in find_statements(200, 2, None, ADULT)] == ["cholesterol-2018-high"]


def test_with_known_disease_nothing_is_said() -> None:
    assert find_statements(200, 2, None, replace(ADULT, has_cvd=True)) == ()


@given(
    st.floats(0, 5000),
    st.one_of(st.none(), st.floats(0, 100)),
    st.sampled_from([True, False, None]),
    st.one_of(st.none(), st.floats(18, 100)),
    st.dictionaries(
        st.sampled_from(["has_diabetes", "is_smoker", "has_family_history", "on_lipid_treatment", "on_dialysis"]),
        st.booleans(),
    ),
    st.one_of(st.none(), st.floats(0, 1)),
)
def test_every_statement_has_a_source_and_orders_nothing(  # type: ignore[no-untyped-def]
    agatston, percentile, is_gated, age, known, pce_risk
) -> None:
    profile = ClinicalProfile(age_years=age, **known)
    found = named(agatston, profile, percentile, is_gated=is_gated, pce_risk=pce_risk)
    assert [one.kind for one in found.values()].count("score") == 1
    for statement in found.values():
        assert "doi:" in statement.source
        assert statement.applies_to
        assert statement.text.endswith(".")
        assert not {"must", "start", "prescribe", "should", "aspirin"} & set(statement.text.lower().split())


@pytest.mark.parametrize("pce_risk", [-0.01, 1.01, float("nan"), 12.0])
def test_a_risk_that_is_no_probability_is_refused(pce_risk: float) -> None:
    with pytest.raises(OutOfRangeError, match="needed: 0 to 1"):
        find_statements(50, 1, None, ADULT, pce_risk=pce_risk)


def test_a_score_that_can_not_be_is_refused() -> None:
    with pytest.raises(OutOfRangeError):
        find_statements(-1, 0, None, ADULT)
