"""The MESA scores give what other programs print, rise with calcium, and can be turned round."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import MissingInputError, OutOfRangeError
from vascal.risk.mesa_chd import MESA_CHD, MESA_CHD_CAC, estimate_mesa_chd, find_mesa_score_for
from vascal.risk.model import TITLES
from vascal.risk.profile import ClinicalProfile, Sex
from vascal.risk.quantity import Cholesterol

# McClelland et al. 2015, table 2, as it is printed: without calcium, with calcium.
TABLE_2 = """
age               0.0455   0.0172
male              0.7496   0.4079
chinese          -0.5055  -0.3475
black            -0.2111   0.0353
hispanic         -0.1900  -0.0222
diabetes          0.5168   0.3892
smoker            0.4732   0.3717
total_mg_dl       0.0053   0.0043
hdl_mg_dl        -0.0140  -0.0114
lipid_treatment   0.2473   0.1206
systolic_mmhg     0.0085   0.0066
bp_treatment      0.3381   0.2278
family_history    0.4522   0.3239
ln_cac_plus_1     0        0.2743
survival          0.99963  0.99833
"""

PROFILES = st.builds(
    ClinicalProfile,
    age_years=st.floats(45, 85),
    sex=st.sampled_from(("F", "M")),
    ethnicity=st.sampled_from(("white", "chinese", "black", "hispanic")),
    total_cholesterol=st.floats(130, 350).map(lambda value: Cholesterol.of(value, "mg/dL")),
    hdl=st.floats(20, 120).map(lambda value: Cholesterol.of(value, "mg/dL")),
    systolic_mmhg=st.floats(90, 220),
    on_bp_treatment=st.booleans(),
    on_lipid_treatment=st.booleans(),
    has_diabetes=st.booleans(),
    is_smoker=st.booleans(),
    has_family_history=st.booleans(),
)
SCORES = st.floats(0, 5000)

MAN_OF_70 = ClinicalProfile(
    age_years=70,
    sex="M",
    ethnicity="hispanic",
    total_cholesterol=Cholesterol.of(190, "mg/dL"),
    hdl=Cholesterol.of(50, "mg/dL"),
    systolic_mmhg=130,
    on_bp_treatment=True,
    on_lipid_treatment=False,
    has_diabetes=False,
    is_smoker=False,
    has_family_history=False,
)
MAN_OF_65 = replace(
    MAN_OF_70,
    age_years=65,
    ethnicity="white",
    total_cholesterol=Cholesterol.of(210, "mg/dL"),
    hdl=Cholesterol.of(45, "mg/dL"),
    systolic_mmhg=140,
    on_bp_treatment=False,
)


def percent(profile: ClinicalProfile, agatston: float | None = None) -> float:
    return 100 * estimate_mesa_chd(profile, agatston).probability


def changed(profile: ClinicalProfile, name: str, value: Any) -> ClinicalProfile:
    return replace(profile, **{name: value})


def by_the_printed_table(profile: ClinicalProfile, agatston: float | None) -> float:
    """Risk, %, by a dot product with a column of the printed table."""
    column = 0 if agatston is None else 1
    *weights, survival = (float(line.split()[1 + column]) for line in TABLE_2.strip().splitlines())
    assert profile.total_cholesterol
    assert profile.hdl
    values = [
        profile.age_years,
        profile.sex == "M",
        profile.ethnicity == "chinese",
        profile.ethnicity == "black",
        profile.ethnicity == "hispanic",
        profile.has_diabetes,
        profile.is_smoker,
        profile.total_cholesterol.mg_dl,
        profile.hdl.mg_dl,
        profile.on_lipid_treatment,
        profile.systolic_mmhg,
        profile.on_bp_treatment,
        profile.has_family_history,
        math.log((agatston or 0) + 1),
    ]
    total = sum(weight * float(value or 0) for weight, value in zip(weights, values, strict=True))
    return 100 * (1 - math.pow(survival, math.exp(total)))


def test_another_program_says_the_same() -> None:
    assert percent(MAN_OF_70) == pytest.approx(8.61, abs=0.005)  # R's CVrisk 1.1
    assert percent(MAN_OF_70, 0) == pytest.approx(3.06, abs=0.005)


def test_calcium_can_double_a_risk() -> None:
    assert percent(MAN_OF_65) == pytest.approx(7.718, abs=0.001)
    assert percent(MAN_OF_65, 400) == pytest.approx(13.763, abs=0.001)


def test_the_answer_names_the_formula_that_gave_it() -> None:
    assert estimate_mesa_chd(MAN_OF_65).model is MESA_CHD
    assert estimate_mesa_chd(MAN_OF_65, 0).model is MESA_CHD_CAC


@given(PROFILES, SCORES | st.none())
def test_the_printed_table_says_the_same(profile: ClinicalProfile, agatston: float | None) -> None:
    assert percent(profile, agatston) == pytest.approx(by_the_printed_table(profile, agatston), rel=1e-9)


@given(PROFILES, SCORES, st.floats(0.01, 1000))
def test_more_calcium_is_more_risk(profile: ClinicalProfile, agatston: float, more: float) -> None:
    assert percent(profile, agatston + more) > percent(profile, agatston)


@given(
    PROFILES,
    SCORES | st.none(),
    st.sampled_from(("has_diabetes", "is_smoker", "on_lipid_treatment", "on_bp_treatment", "has_family_history")),
)
def test_every_yes_raises_the_risk(profile: ClinicalProfile, agatston: float | None, name: str) -> None:
    assert percent(changed(profile, name, True), agatston) > percent(changed(profile, name, False), agatston)


@given(PROFILES, SCORES | st.none(), st.floats(45, 84), st.floats(90, 219))
def test_age_and_pressure_raise_the_risk(
    profile: ClinicalProfile, agatston: float | None, age: float, systolic: float
) -> None:
    for name, low in (("age_years", age), ("systolic_mmhg", systolic)):
        lower, higher = (changed(profile, name, value) for value in (low, low + 1))
        assert percent(higher, agatston) > percent(lower, agatston)


@given(PROFILES, SCORES | st.none(), st.floats(130, 349), st.floats(20, 119))
def test_total_cholesterol_raises_and_hdl_lowers_the_risk(
    profile: ClinicalProfile, agatston: float | None, total: float, hdl: float
) -> None:
    low, high = (replace(profile, total_cholesterol=Cholesterol(value=value)) for value in (total, total + 1))
    assert percent(high, agatston) > percent(low, agatston)
    low, high = (replace(profile, hdl=Cholesterol(value=value)) for value in (hdl, hdl + 1))
    assert percent(high, agatston) < percent(low, agatston)


@given(PROFILES, st.floats(0.01, 5000))
def test_the_score_for_a_risk_is_the_one_that_gives_it(profile: ClinicalProfile, agatston: float) -> None:
    probability = estimate_mesa_chd(profile, agatston).probability
    assert find_mesa_score_for(profile, probability) == pytest.approx(agatston, rel=1e-6, abs=1e-6)


@given(PROFILES, st.floats(0.001, 0.6))
def test_a_score_is_found_just_where_calcium_can_make_the_risk(profile: ClinicalProfile, probability: float) -> None:
    score = find_mesa_score_for(profile, probability)
    if score is None:
        assert estimate_mesa_chd(profile, 0).probability >= probability
    else:
        assert score > 0
        assert estimate_mesa_chd(profile, score).probability == pytest.approx(probability)


def test_no_score_is_found_for_a_risk_that_is_there_without_calcium() -> None:
    at_zero = estimate_mesa_chd(MAN_OF_70, 0).probability
    assert find_mesa_score_for(MAN_OF_70, at_zero) is None
    assert find_mesa_score_for(MAN_OF_70, 0.03) is None
    # By hand: ln(ln(0.925) / ln(1 - 0.03059)) / 0.2743 = 3.354, and e^3.354 - 1 = 27.6.
    assert find_mesa_score_for(MAN_OF_70, 0.075) == pytest.approx(27.6, abs=0.05)


@pytest.mark.parametrize("sex", ["F", "M"])
@pytest.mark.parametrize("ethnicity", ["asian", "other"])
def test_other_ethnicities_are_refused(sex: Sex, ethnicity) -> None:  # type: ignore[no-untyped-def]
    for agatston in (None, 0.0):
        with pytest.raises(OutOfRangeError, match=f"ethnicity {ethnicity}; .* is for white, chinese, black, hispanic"):
            estimate_mesa_chd(replace(MAN_OF_70, sex=sex, ethnicity=ethnicity), agatston)


@pytest.mark.parametrize("age", [44, 86])
def test_other_ages_are_refused(age: float) -> None:
    with pytest.raises(OutOfRangeError, match="is for 45 to 85 years"):
        estimate_mesa_chd(replace(MAN_OF_70, age_years=age))


@pytest.mark.parametrize("agatston", [-1.0, math.inf, math.nan])
def test_scores_that_can_not_be_are_refused(agatston: float) -> None:
    with pytest.raises(OutOfRangeError, match="needed: 0 or more"):
        estimate_mesa_chd(MAN_OF_70, agatston)


@pytest.mark.parametrize("name", MESA_CHD_CAC.needs)
def test_without_any_of_its_variables_there_is_no_answer(name: str) -> None:
    with pytest.raises(MissingInputError, match=TITLES[name]):
        estimate_mesa_chd(changed(MAN_OF_70, name, None), 100)
