"""Framingham's general profile gives the paper's examples, and every risk factor raises it."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import MissingInputError, OutOfRangeError
from vascal.risk.framingham import FRAMINGHAM_CVD, estimate_framingham
from vascal.risk.model import TITLES
from vascal.risk.profile import ClinicalProfile, number_of
from vascal.risk.quantity import Cholesterol

# D'Agostino et al. 2008, table 2, as it is printed: women, men.
TABLE_2 = """
age_years          2.32888   3.06117
total_cholesterol  1.20904   1.12370
hdl               -0.70833  -0.93263
untreated          2.76157   1.93303
treated            2.82263   1.99881
is_smoker          0.52873   0.65451
has_diabetes       0.69154   0.57367
mean              26.1931   23.9802
survival           0.95012   0.88936
"""

PROFILES = st.builds(
    ClinicalProfile,
    age_years=st.floats(30, 74),
    sex=st.sampled_from(("F", "M")),
    total_cholesterol=st.floats(110, 400).map(lambda value: Cholesterol.of(value, "mg/dL")),
    hdl=st.floats(15, 105).map(lambda value: Cholesterol.of(value, "mg/dL")),
    systolic_mmhg=st.floats(80, 240),
    on_bp_treatment=st.booleans(),
    has_diabetes=st.booleans(),
    is_smoker=st.booleans(),
)


def percent(profile: ClinicalProfile) -> float:
    return 100 * estimate_framingham(profile).probability


def changed(profile: ClinicalProfile, name: str, value: Any) -> ClinicalProfile:
    return replace(profile, **{name: value})


def by_the_printed_table(profile: ClinicalProfile) -> float:
    """Risk, %, as a product of powers of the variables themselves."""
    column = 1 if profile.sex == "M" else 0
    rows = (line.split() for line in TABLE_2.strip().splitlines())
    table = {name: float(values[column]) for name, *values in rows}
    hazard = math.exp(-table["mean"])
    for name in ("age_years", "total_cholesterol", "hdl"):
        hazard *= (number_of(profile, name) or 0) ** table[name]
    hazard *= (profile.systolic_mmhg or 0) ** table["treated" if profile.on_bp_treatment else "untreated"]
    for name in ("is_smoker", "has_diabetes"):
        hazard *= math.exp(table[name]) if getattr(profile, name) else 1
    return 100 * (1 - math.pow(table["survival"], hazard))


WOMAN_OF_61 = ClinicalProfile(
    age_years=61,
    sex="F",
    total_cholesterol=Cholesterol.of(180, "mg/dL"),
    hdl=Cholesterol.of(47, "mg/dL"),
    systolic_mmhg=124,
    on_bp_treatment=False,
    has_diabetes=False,
    is_smoker=True,
)
MAN_OF_53 = ClinicalProfile(
    age_years=53,
    sex="M",
    total_cholesterol=Cholesterol.of(161, "mg/dL"),
    hdl=Cholesterol.of(55, "mg/dL"),
    systolic_mmhg=125,
    on_bp_treatment=True,
    has_diabetes=True,
    is_smoker=False,
)


def test_the_papers_examples_are_met() -> None:
    assert percent(WOMAN_OF_61) == pytest.approx(10.48, abs=0.005)
    assert percent(MAN_OF_53) == pytest.approx(15.62, abs=0.005)


def test_another_program_says_the_same() -> None:
    person = replace(
        MAN_OF_53,
        age_years=55,
        total_cholesterol=Cholesterol.of(213, "mg/dL"),
        hdl=Cholesterol.of(50, "mg/dL"),
        systolic_mmhg=140,
        on_bp_treatment=False,
        has_diabetes=False,
    )
    assert percent(person) == pytest.approx(13.53, abs=0.005)  # R's CVrisk 1.1


@given(PROFILES)
def test_the_printed_table_says_the_same(profile: ClinicalProfile) -> None:
    assert percent(profile) == pytest.approx(by_the_printed_table(profile), rel=1e-9)


@given(PROFILES, st.sampled_from(("has_diabetes", "is_smoker", "on_bp_treatment")))
def test_diabetes_smoking_and_treated_pressure_raise_the_risk(profile: ClinicalProfile, name: str) -> None:
    assert percent(changed(profile, name, True)) > percent(changed(profile, name, False))


@given(PROFILES, st.floats(30, 73), st.floats(80, 239))
def test_age_and_pressure_raise_the_risk(profile: ClinicalProfile, age: float, systolic: float) -> None:
    assert percent(replace(profile, age_years=age + 1)) > percent(replace(profile, age_years=age))
    assert percent(replace(profile, systolic_mmhg=systolic + 1)) > percent(replace(profile, systolic_mmhg=systolic))


@given(PROFILES, st.floats(110, 399), st.floats(15, 104))
def test_total_cholesterol_raises_and_hdl_lowers_the_risk(profile: ClinicalProfile, total: float, hdl: float) -> None:
    low, high = (replace(profile, total_cholesterol=Cholesterol(value=value)) for value in (total, total + 1))
    assert percent(high) > percent(low)
    low, high = (replace(profile, hdl=Cholesterol(value=value)) for value in (hdl, hdl + 1))
    assert percent(high) < percent(low)


@pytest.mark.parametrize("name", FRAMINGHAM_CVD.needs)
def test_without_any_of_its_variables_there_is_no_answer(complete_profile: ClinicalProfile, name: str) -> None:
    with pytest.raises(MissingInputError, match=TITLES[name]):
        estimate_framingham(changed(complete_profile, name, None))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"age_years": 29}, "age of 29 years; .* is for 30 to 74 years"),
        ({"age_years": 75}, "age of 75 years"),
        ({"has_cvd": True}, "without known cardiovascular disease"),
    ],
)
def test_patients_for_whom_it_was_not_made_are_refused(complete_profile, changed, said) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(OutOfRangeError, match=said):
        estimate_framingham(replace(complete_profile, **changed))
