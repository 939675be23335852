"""The pooled cohort equations give what the guideline and other programs print, and turn where the table turns."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vascal.errors import MissingInputError, OutOfRangeError
from vascal.risk.model import TITLES
from vascal.risk.pce import PCE, estimate_pce
from vascal.risk.profile import ClinicalProfile, Ethnicity, Sex
from vascal.risk.quantity import Cholesterol

# Goff et al. 2013, table A, as it is printed: white women, black women, white men, black men.
TABLE_A = """
ln_age           -29.799   17.114   12.344    2.469
ln_age_squared     4.884    0        0        0
ln_tc             13.540    0.940   11.853    0.302
ln_age_ln_tc      -3.114    0       -2.664    0
ln_hdl           -13.578  -18.920   -7.990   -0.307
ln_age_ln_hdl      3.149    4.475    1.769    0
ln_treated         2.019   29.291    1.797    1.916
ln_age_ln_treated  0       -6.432    0        0
ln_untreated       1.957   27.820    1.764    1.809
ln_age_ln_untreat  0       -6.087    0        0
smoker             7.574    0.691    7.837    0.549
ln_age_smoker     -1.665    0       -1.795    0
diabetes           0.661    0.874    0.658    0.645
mean             -29.18    86.61    61.18    19.54
survival           0.9665   0.9533   0.9144   0.8954
"""


def mg_dl(low: float, high: float) -> st.SearchStrategy[Cholesterol]:
    return st.floats(low, high).map(lambda value: Cholesterol.of(value, "mg/dL"))


def profiles(
    age_years: tuple[float, float] = (40, 79),
    sex: tuple[Sex, ...] = ("F", "M"),
    ethnicity: tuple[Ethnicity, ...] = ("white", "black", "hispanic", "chinese", "asian", "other"),
) -> st.SearchStrategy[ClinicalProfile]:
    return st.builds(
        ClinicalProfile,
        age_years=st.floats(*age_years),
        sex=st.sampled_from(sex),
        ethnicity=st.sampled_from(ethnicity),
        total_cholesterol=mg_dl(130, 320),
        hdl=mg_dl(20, 100),
        systolic_mmhg=st.floats(90, 200),
        on_bp_treatment=st.booleans(),
        has_diabetes=st.booleans(),
        is_smoker=st.booleans(),
    )


def percent(profile: ClinicalProfile) -> float:
    return 100 * estimate_pce(profile).probability


def changed(profile: ClinicalProfile, name: str, value: Any) -> ClinicalProfile:
    return replace(profile, **{name: value})


def by_the_printed_table(profile: ClinicalProfile) -> float:
    """Risk, %, by a dot product with the column of the printed table."""
    column = {("F", False): 0, ("F", True): 1, ("M", False): 2, ("M", True): 3}
    place = column[profile.sex or "F", profile.ethnicity == "black"]
    table = {name: float(values[place]) for name, *values in (line.split() for line in TABLE_A.strip().splitlines())}
    mean, survival = table.pop("mean"), table.pop("survival")
    assert profile.age_years
    assert profile.total_cholesterol
    assert profile.hdl
    assert profile.systolic_mmhg
    age, tc, hdl, sbp = map(
        math.log, (profile.age_years, profile.total_cholesterol.mg_dl, profile.hdl.mg_dl, profile.systolic_mmhg)
    )
    treated, smoker = bool(profile.on_bp_treatment), bool(profile.is_smoker)
    row = (
        *(age, age**2, tc, age * tc, hdl, age * hdl),
        *(treated * sbp, treated * age * sbp, (not treated) * sbp, (not treated) * age * sbp),
        *(smoker, smoker * age, bool(profile.has_diabetes)),
    )
    individual = sum(weight * value for weight, value in zip(table.values(), row, strict=True))
    return 100 * (1 - math.pow(survival, math.exp(individual - mean)))


EXAMPLE = ClinicalProfile(
    age_years=55,
    total_cholesterol=Cholesterol.of(213, "mg/dL"),
    hdl=Cholesterol.of(50, "mg/dL"),
    systolic_mmhg=120,
    on_bp_treatment=False,
    has_diabetes=False,
    is_smoker=False,
)


@pytest.mark.parametrize(
    ("sex", "ethnicity", "printed", "computed"),
    [
        ("F", "white", 2.1, 2.056),
        ("F", "black", 3.0, 3.032),
        ("M", "white", 5.3, 5.376),
        ("M", "black", 6.1, 6.059),
    ],
)
def test_the_guidelines_example_is_met(sex: Sex, ethnicity: Ethnicity, printed: float, computed: float) -> None:
    found = percent(replace(EXAMPLE, sex=sex, ethnicity=ethnicity))
    assert found == pytest.approx(printed, abs=0.1)
    assert found == pytest.approx(computed, abs=0.001)


@pytest.mark.parametrize(
    ("changed", "expected", "tolerance"),
    [
        # In the order of table A: other programs for the same person, with one variable changed. Programs that carry
        # more digits than the table differ by some hundredths.
        ({"systolic_mmhg": 140}, (2.76, 5.08, 7.01, 7.95), 0.03),  # R's CVrisk 1.1
        ({"on_bp_treatment": True}, (2.8, 4.6, 6.3, 9.9), 0.1),  # R's PooledCohort 0.0.2
        ({"is_smoker": True}, (5.0, 5.9, 10.0, 10.3), 0.1),
    ],
)
def test_other_programs_say_the_same(
    changed: Mapping[str, float | bool], expected: tuple[float, ...], tolerance: float
) -> None:
    person = replace(EXAMPLE, **changed)  # type: ignore[arg-type]
    columns: tuple[tuple[Sex, Ethnicity], ...] = (("F", "white"), ("F", "black"), ("M", "white"), ("M", "black"))
    found = [percent(replace(person, sex=sex, ethnicity=ethnicity)) for sex, ethnicity in columns]
    assert found == pytest.approx(expected, abs=tolerance)


def test_a_smoker_with_diabetes_is_judged_as_by_another_program() -> None:
    man = replace(EXAMPLE, sex="M", ethnicity="white", age_years=54, systolic_mmhg=157, is_smoker=True)
    man = replace(man, has_diabetes=True, total_cholesterol=Cholesterol.of(170, "mg/dL"))
    assert percent(man) == pytest.approx(20.8, abs=0.05)  # R's PooledCohort 0.0.2


@pytest.mark.parametrize("ethnicity", ["white", "black"])
@pytest.mark.parametrize("sex", ["F", "M"])
@given(profile=profiles(), answers=st.tuples(st.booleans(), st.booleans(), st.booleans()))
@example(profile=EXAMPLE, answers=(True, True, False))
@example(profile=EXAMPLE, answers=(False, False, True))
def test_the_printed_table_says_the_same(
    profile: ClinicalProfile, answers: tuple[bool, bool, bool], sex: Sex, ethnicity: Ethnicity
) -> None:
    treated, smoker, diabetic = answers
    profile = replace(
        profile, sex=sex, ethnicity=ethnicity, on_bp_treatment=treated, is_smoker=smoker, has_diabetes=diabetic
    )
    assert percent(profile) == pytest.approx(by_the_printed_table(profile), rel=0.003)
    assert 0 < percent(profile) < 100


@given(profiles())
def test_diabetes_raises_the_risk(profile: ClinicalProfile) -> None:
    assert percent(replace(profile, has_diabetes=True)) > percent(replace(profile, has_diabetes=False))


@given(profiles(), st.floats(90, 199))
def test_pressure_raises_the_risk(profile: ClinicalProfile, lower: float) -> None:
    assert percent(replace(profile, systolic_mmhg=lower + 1)) > percent(replace(profile, systolic_mmhg=lower))


@given(profiles(age_years=(40, 78)))
def test_smoking_raises_the_risk_until_78_years(profile: ClinicalProfile) -> None:
    assert percent(replace(profile, is_smoker=True)) > percent(replace(profile, is_smoker=False))


@given(profiles(age_years=(40, 77)), st.floats(130, 319))
def test_total_cholesterol_raises_the_risk_until_77_years(profile: ClinicalProfile, lower: float) -> None:
    low, high = (replace(profile, total_cholesterol=Cholesterol.of(value, "mg/dL")) for value in (lower, lower + 1))
    assert percent(high) > percent(low)


@given(profiles(age_years=(40, 68)), st.floats(20, 99))
def test_hdl_lowers_the_risk_until_68_years(profile: ClinicalProfile, lower: float) -> None:
    low, high = (replace(profile, hdl=Cholesterol.of(value, "mg/dL")) for value in (lower, lower + 1))
    assert percent(high) < percent(low)


@given(profiles(age_years=(40, 78), sex=("M",)))
def test_men_are_at_more_risk_when_older(profile: ClinicalProfile) -> None:
    assert profile.age_years
    assert percent(replace(profile, age_years=profile.age_years + 1)) > percent(profile)


@given(profiles(age_years=(40, 78), sex=("F",)), mg_dl(130, 250), mg_dl(50, 100), st.floats(90, 140))
def test_women_with_usual_values_are_at_more_risk_when_older(
    profile: ClinicalProfile, total: Cholesterol, hdl: Cholesterol, systolic: float
) -> None:
    woman = replace(profile, total_cholesterol=total, hdl=hdl, systolic_mmhg=systolic, is_smoker=False)
    assert woman.age_years
    assert percent(replace(woman, age_years=woman.age_years + 1)) > percent(woman)


@pytest.mark.parametrize(
    ("sex", "ethnicity", "last_age", "first", "second"),
    [
        (
            "F",
            "white",
            77,
            {"total_cholesterol": Cholesterol(value=200)},
            {"total_cholesterol": Cholesterol(value=260)},
        ),
        ("F", "white", 74, {"hdl": Cholesterol(value=60)}, {"hdl": Cholesterol(value=40)}),
        ("F", "black", 68, {"hdl": Cholesterol(value=60)}, {"hdl": Cholesterol(value=40)}),
        ("M", "white", 78, {"is_smoker": False}, {"is_smoker": True}),
    ],
)
def test_columns_turn_in_old_age_as_published(  # type: ignore[no-untyped-def]
    sex: Sex, ethnicity: Ethnicity, last_age: int, first, second
) -> None:
    before = replace(EXAMPLE, sex=sex, ethnicity=ethnicity, age_years=last_age)
    after = replace(before, age_years=last_age + 1)
    assert percent(replace(before, **second)) > percent(replace(before, **first))
    assert percent(replace(after, **second)) < percent(replace(after, **first))


def test_the_white_column_stands_in_for_others_and_says_so(complete_profile: ClinicalProfile) -> None:
    white = estimate_pce(complete_profile)
    other = estimate_pce(replace(complete_profile, ethnicity="chinese"))
    assert white.notes == ()
    assert estimate_pce(replace(complete_profile, ethnicity="black")).notes == ()
    assert other.probability == white.probability
    assert "that for white people was used (ethnicity: chinese)" in other.notes[0]


@pytest.mark.parametrize("name", PCE.needs)
def test_without_any_of_its_variables_there_is_no_answer(complete_profile: ClinicalProfile, name: str) -> None:
    with pytest.raises(MissingInputError, match=TITLES[name]):
        estimate_pce(changed(complete_profile, name, None))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"age_years": 39}, "age of 39 years; .* is for 40 to 79 years"),
        ({"age_years": 80}, "age of 80 years"),
        ({"total_cholesterol": Cholesterol(value=129)}, "total cholesterol of 129 mg/dL; .* 130 to 320 mg/dL"),
        ({"total_cholesterol": Cholesterol(value=321)}, "total cholesterol of 321 mg/dL"),
        ({"hdl": Cholesterol(value=19)}, "HDL cholesterol of 19 mg/dL; .* 20 to 100 mg/dL"),
        ({"hdl": Cholesterol(value=101), "ldl": None}, "HDL cholesterol of 101 mg/dL"),
        ({"systolic_mmhg": 89}, "systolic blood pressure of 89 mmHg; .* 90 to 200 mmHg"),
        ({"systolic_mmhg": 201}, "systolic blood pressure of 201 mmHg"),
        ({"has_cvd": True}, "without known cardiovascular disease"),
    ],
)
def test_patients_for_whom_it_was_not_made_are_refused(complete_profile, changed, said) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(OutOfRangeError, match=said):
        estimate_pce(replace(complete_profile, **{"diastolic_mmhg": None, "ldl": None, **changed}))
