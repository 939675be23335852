"""SCORE2 and SCORE2-OP give the papers' examples and agree with the digits of the authors' own program."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import MissingInputError, OutOfRangeError
from vascal.risk.model import TITLES
from vascal.risk.profile import ClinicalProfile, Score2Region, Sex
from vascal.risk.quantity import Cholesterol
from vascal.risk.score2 import (
    SCORE2,
    SCORE2_COEFFICIENTS,
    SCORE2_OP,
    SCORE2_OP_COEFFICIENTS,
    SCORE2_REGION_OF_COUNTRY,
    estimate_score2,
)

REGIONS: tuple[Score2Region, ...] = ("low", "moderate", "high", "very-high")

# Unrounded, as in the Stata program of the working groups (Kaptoge, Pennells, Hageman): men, women; main effect and
# interaction with age. SCORE2 counts in its steps, SCORE2-OP in units.
SCORE2_TERMS = """
age     0.3742  0        0.4648  0
smoker  0.6012 -0.0755   0.7744 -0.1088
sbp     0.2777 -0.0255   0.3131 -0.0277
tc      0.1458 -0.0281   0.1002 -0.0226
hdl    -0.2698  0.0426  -0.2606  0.0613
"""
SCORE2_SCALES = """
low       -0.569857 0.747593 -0.737966 0.701868
moderate  -0.156481 0.800869 -0.314269 0.770149
high       0.320717 0.936004  0.570963 0.936893
very-high  0.583578 0.829368  0.941177 0.832923
"""
SCORE2_OP_TERMS = """
age       0.0633767915  0             0.0789191229  0
smoker    0.3523957899 -0.0247205945  0.4921147010 -0.0255496313
diabetes  0.4245248910 -0.0173654217  0.6009874438 -0.0106909701
sbp       0.0094362177 -0.0004794522  0.0101993091 -0.0004404728
tc        0.0849594156  0.0073336663  0.0604939598 -0.0009121461
hdl      -0.3563571842  0.0091317857 -0.3040280248  0.0153779923
"""
SCORE2_OP_SCALES = """
low       -0.343484 1.193038 -0.516054 1.007238
moderate   0.005320 1.248514 -0.101044 1.099621
high       0.084305 1.151902  0.375720 1.089031
very-high  0.045959 0.703625  0.379293 0.691530
"""
OLDER_MEAN_AND_EVENT: dict[Sex, tuple[float, float]] = {
    "M": (0.09285225, 0.24235298),
    "F": (0.2287676, 0.19178759),
}


def person(sex: Sex, age_years: float, systolic_mmhg: float, total: float, hdl: float) -> ClinicalProfile:
    """A smoker without diabetes; cholesterol in mmol/L."""
    return ClinicalProfile(
        age_years=age_years,
        sex=sex,
        systolic_mmhg=systolic_mmhg,
        total_cholesterol=Cholesterol.of(total, "mmol/L"),
        hdl=Cholesterol.of(hdl, "mmol/L"),
        is_smoker=True,
        has_diabetes=False,
    )


def mmol_l(low: float, high: float) -> st.SearchStrategy[Cholesterol]:
    return st.floats(low, high).map(lambda value: Cholesterol.of(value, "mmol/L"))


def profiles(
    low: float, high: float, *, diabetes: bool = False, smoker: bool | None = None
) -> st.SearchStrategy[ClinicalProfile]:
    """People of ages between the two, with values as on the charts and somewhat beyond."""
    return st.builds(
        ClinicalProfile,
        age_years=st.floats(low, high),
        sex=st.sampled_from(("F", "M")),
        score2_region=st.sampled_from(REGIONS),
        total_cholesterol=mmol_l(3, 8),
        hdl=mmol_l(0.7, 2.5),
        systolic_mmhg=st.floats(100, 180),
        has_diabetes=st.booleans() if diabetes else st.just(value=False),
        is_smoker=st.booleans() if smoker is None else st.just(value=smoker),
    )


YOUNGER = profiles(40, 69)
OLDER = profiles(70, 89, diabetes=True)


def percent(profile: ClinicalProfile, region: Score2Region | None = None) -> float:
    return 100 * estimate_score2(replace(profile, score2_region=region or profile.score2_region)).probability


def changed(profile: ClinicalProfile, name: str, value: Any) -> ClinicalProfile:
    return replace(profile, **{name: value})


def read_table(text: str, sex: Sex | None) -> dict[str, tuple[float, float]]:
    skip = 0 if sex == "M" else 2
    rows = (line.split() for line in text.strip().splitlines())
    return {name: (float(values[skip]), float(values[skip + 1])) for name, *values in rows}


def by_the_authors_program(profile: ClinicalProfile) -> float:
    """Risk, %, in the steps of the papers: uncalibrated risk, then the region's scales."""
    assert profile.age_years
    assert profile.total_cholesterol
    assert profile.hdl
    assert profile.systolic_mmhg
    older = profile.age_years >= 70
    age = profile.age_years - 73 if older else (profile.age_years - 60) / 5
    values = {
        "age": age,
        "smoker": float(bool(profile.is_smoker)),
        "diabetes": float(bool(profile.has_diabetes)),
        "sbp": profile.systolic_mmhg - 150 if older else (profile.systolic_mmhg - 120) / 20,
        "tc": profile.total_cholesterol.mmol_l - 6,
        "hdl": profile.hdl.mmol_l - 1.4 if older else (profile.hdl.mmol_l - 1.3) / 0.5,
    }
    terms = read_table(SCORE2_OP_TERMS if older else SCORE2_TERMS, profile.sex)
    predictor = sum(values[name] * main + values[name] * age * by_age for name, (main, by_age) in terms.items())
    if older:
        mean, event = OLDER_MEAN_AND_EVENT[profile.sex or "F"]
    else:
        mean, event = {"M": (0.0, 1 - 0.9605), "F": (0.0, 1 - 0.9776)}[profile.sex or "F"]
    risk = 1 - math.pow(1 - event, math.exp(predictor - mean))
    scales = read_table(SCORE2_OP_SCALES if older else SCORE2_SCALES, profile.sex)
    intercept, slope = scales[profile.score2_region or "low"]
    return 100 * (1 - math.exp(-math.exp(intercept + slope * math.log(-math.log(1 - risk)))))


@pytest.mark.parametrize(
    ("region", "men", "women"),
    [("low", 6.3, 4.3), ("moderate", 8.1, 5.2), ("high", 8.8, 7.1)],
)
def test_the_examples_of_the_supplement_are_met(region: Score2Region, men: float, women: float) -> None:
    assert percent(person("M", 50, 140, 6.3, 1.4), region) == pytest.approx(men, abs=0.05)
    assert percent(person("F", 50, 140, 6.3, 1.4), region) == pytest.approx(women, abs=0.05)


def test_the_examples_of_the_abstract_are_met() -> None:
    man, woman = (person(sex, 50, 140, 5.5, 1.3) for sex in ("M", "F"))
    assert [round(percent(who, "low"), 1) for who in (man, woman)] == [5.9, 4.2]
    assert [round(percent(who, "very-high"), 1) for who in (man, woman)] == [14.0, 13.7]


def test_the_example_of_older_people_is_met() -> None:
    assert percent(person("M", 75, 140, 5.5, 1.3), "low") == pytest.approx(18.6, abs=0.05)
    assert percent(person("F", 75, 140, 5.5, 1.3), "low") == pytest.approx(15.2, abs=0.05)


@pytest.mark.parametrize(
    ("who", "smokes", "region", "expected"),
    [
        (person("M", 45, 110, 5, 2), False, "low", 1),
        (person("F", 45, 140, 5, 2), True, "very-high", 6),
        (person("M", 48, 160, 8, 2), True, "high", 10),
        (person("M", 50, 140, 6.3, 1.4), True, "very-high", 15),
        (person("F", 50, 140, 6.3, 1.4), True, "very-high", 14),
        (person("M", 75, 140, 5.5, 1.3), False, "low", 13),
        (person("F", 75, 110, 5, 2), False, "low", 6),
        (person("M", 75, 140, 5.5, 1.3), True, "moderate", 24),
        (person("F", 75, 140, 5.5, 1.3), True, "moderate", 20),
        (person("M", 75, 140, 6, 1.3), True, "high", 29),
        (person("F", 75, 110, 5, 2), True, "high", 19),
        (person("M", 75, 140, 6, 1.3), True, "very-high", 41),
        (person("F", 75, 140, 6, 1.3), True, "very-high", 46),
    ],
)
def test_the_escs_own_calculator_says_the_same(  # as the tests of R's RiskScorescvd noted HeartScore's answers
    who: ClinicalProfile, smokes: bool, region: Score2Region, expected: int
) -> None:
    assert round(percent(replace(who, is_smoker=smokes), region)) == expected


@pytest.mark.parametrize("sex", ["M", "F"])
def test_what_is_printed_is_the_authors_program_rounded(sex: Sex) -> None:
    for terms, scales, weights, digits in (
        (SCORE2_TERMS, SCORE2_SCALES, SCORE2_COEFFICIENTS[sex], 4),
        (SCORE2_OP_TERMS, SCORE2_OP_SCALES, SCORE2_OP_COEFFICIENTS[sex], 2),
    ):
        expected = {name: (round(main, 4), round(by_age, 4)) for name, (main, by_age) in read_table(terms, sex).items()}
        assert expected.pop("age") == (weights.age, 0)
        assert expected.pop("diabetes", (0, 0)) == weights.diabetes
        assert expected == {
            "smoker": weights.smoker,
            "sbp": weights.systolic,
            "tc": weights.total_cholesterol,
            "hdl": weights.hdl,
        }
        pairs = read_table(scales, sex).items()
        assert weights.scales == {region: (round(a, digits), round(b, digits)) for region, (a, b) in pairs}
    mean, event = OLDER_MEAN_AND_EVENT[sex]
    assert (SCORE2_OP_COEFFICIENTS[sex].mean, SCORE2_OP_COEFFICIENTS[sex].survival) == (
        round(mean, 4),
        round(1 - event, 4),
    )


@given(YOUNGER)
def test_the_authors_program_says_the_same(profile: ClinicalProfile) -> None:
    assert percent(profile) == pytest.approx(by_the_authors_program(profile), abs=0.01)


@given(OLDER)
def test_the_authors_program_says_nearly_the_same_of_older_people(profile: ClinicalProfile) -> None:
    # The paper prints four decimals of what is multiplied by years and mmHg: at most 1.2 percentage points.
    assert percent(profile) == pytest.approx(by_the_authors_program(profile), abs=1.3)


def test_seventy_years_decide_between_the_two() -> None:
    who = replace(person("M", 69, 140, 5.5, 1.3), score2_region="low")
    assert estimate_score2(who).model is SCORE2
    assert estimate_score2(replace(who, age_years=70)).model is SCORE2_OP


@given(YOUNGER, st.floats(40, 68))
def test_the_younger_are_at_more_risk_when_older(profile: ClinicalProfile, age: float) -> None:
    assert percent(replace(profile, age_years=age + 1)) > percent(replace(profile, age_years=age))


@given(profiles(70, 89, smoker=False), st.floats(70, 88))
def test_old_people_without_smoke_or_diabetes_are_at_more_risk_when_older(profile: ClinicalProfile, age: float) -> None:
    assert percent(replace(profile, age_years=age + 1)) > percent(replace(profile, age_years=age))


@given(YOUNGER | profiles(70, 87, diabetes=True))
def test_smoking_raises_the_risk_until_87_years(profile: ClinicalProfile) -> None:
    assert percent(replace(profile, is_smoker=True)) > percent(replace(profile, is_smoker=False))


def test_smoking_does_not_raise_the_risk_of_men_from_88_years_as_published() -> None:
    man, woman = (replace(person(sex, 88, 140, 5.5, 1.3), score2_region="low") for sex in ("M", "F"))
    assert percent(replace(man, is_smoker=True)) < percent(replace(man, is_smoker=False))
    assert percent(replace(woman, is_smoker=True)) > percent(replace(woman, is_smoker=False))


@given(OLDER)
def test_diabetes_raises_the_risk_of_older_people(profile: ClinicalProfile) -> None:
    assert percent(replace(profile, has_diabetes=True)) > percent(replace(profile, has_diabetes=False))


@given(YOUNGER | OLDER, st.floats(100, 179), st.floats(3, 7.9), st.floats(0.7, 2.4))
def test_pressure_and_cholesterol_raise_and_hdl_lowers_the_risk(
    profile: ClinicalProfile, systolic: float, total: float, hdl: float
) -> None:
    assert percent(replace(profile, systolic_mmhg=systolic + 1)) > percent(replace(profile, systolic_mmhg=systolic))
    low, high = (Cholesterol.of(value, "mmol/L") for value in (total, total + 0.1))
    assert percent(replace(profile, total_cholesterol=high)) > percent(replace(profile, total_cholesterol=low))
    low, high = (Cholesterol.of(value, "mmol/L") for value in (hdl, hdl + 0.1))
    assert percent(replace(profile, hdl=high)) < percent(replace(profile, hdl=low))


@given(YOUNGER)
def test_the_very_high_region_has_the_highest_risk(profile: ClinicalProfile) -> None:
    assert max(REGIONS, key=lambda region: percent(profile, region)) == "very-high"


def test_diabetes_below_seventy_is_another_models_matter(complete_profile: ClinicalProfile) -> None:
    with pytest.raises(OutOfRangeError, match="made without people who have it: SCORE2-Diabetes is for them"):
        estimate_score2(replace(complete_profile, has_diabetes=True))


def test_notes_say_where_the_older_formula_is_stretched(complete_profile: ClinicalProfile) -> None:
    assert estimate_score2(complete_profile).notes == ()
    assert estimate_score2(replace(complete_profile, age_years=89)).notes == ()
    diabetic, oldest = estimate_score2(replace(complete_profile, age_years=92, has_diabetes=True)).notes
    assert "assesses people who have it separately" in diabetic
    assert "end at 89 years" in oldest


@pytest.mark.parametrize("age", [60, 75])
@pytest.mark.parametrize("name", SCORE2.needs)
def test_without_any_of_its_variables_there_is_no_answer(
    complete_profile: ClinicalProfile, name: str, age: float
) -> None:
    with pytest.raises(MissingInputError, match=TITLES[name]):
        estimate_score2(changed(replace(complete_profile, age_years=age), name, None))


def test_patients_for_whom_it_was_not_made_are_refused(complete_profile: ClinicalProfile) -> None:
    with pytest.raises(OutOfRangeError, match=r"age of 39 years; .* is for 40 to 69 years"):
        estimate_score2(replace(complete_profile, age_years=39))
    with pytest.raises(OutOfRangeError, match="without known cardiovascular disease"):
        estimate_score2(replace(complete_profile, has_cvd=True))


def test_countries_have_the_region_that_the_esc_gives_them() -> None:
    assert len(SCORE2_REGION_OF_COUNTRY) == 56
    assert [list(SCORE2_REGION_OF_COUNTRY.values()).count(region) for region in REGIONS] == [10, 13, 10, 23]
    found = {code: SCORE2_REGION_OF_COUNTRY[code] for code in ("GB", "DE", "PL", "RO")}
    assert found == {"GB": "low", "DE": "moderate", "PL": "high", "RO": "very-high"}
    assert "US" not in SCORE2_REGION_OF_COUNTRY
