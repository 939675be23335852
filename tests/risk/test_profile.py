"""Clinical values that can not be true are refused with the likely cause."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import ImpossibleInputError, MissingInputError, OutOfRangeError
from vascal.risk.mesa_chd import MESA_CHD
from vascal.risk.model import TITLES, require_inputs, unit_of
from vascal.risk.profile import ClinicalProfile, number_of
from vascal.risk.quantity import AlbuminCreatinineRatio, Cholesterol, Creatinine, Hba1c


def test_units_are_converted_by_the_published_factors() -> None:
    assert Cholesterol.of(5.172, "mmol/L").mg_dl == pytest.approx(200)
    assert Cholesterol.of(200, "MG/DL").mmol_l == pytest.approx(5.172)
    assert Hba1c.of(48, "mmol/mol").percent == pytest.approx(6.54, abs=0.01)
    assert Creatinine.of(88.4, "µmol/L").mg_dl == pytest.approx(1)
    assert AlbuminCreatinineRatio.of(3, "mg/mmol").mg_g == pytest.approx(26.52)


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (lambda: Cholesterol.of(210, "mmol/L"), "210 mg/dL would be usual: is the unit wrong"),
        (lambda: Hba1c.of(48, "%"), "48 mmol/mol would be usual"),
        (lambda: Hba1c.of(6.5, "mmol/mol"), "6.5 % would be usual"),
        (lambda: Creatinine.of(90, "mg/dL"), "90 umol/L would be usual"),
        (lambda: Cholesterol.of(-40, "mg/dL"), "needed: 5 to 1000 mg/dL"),
        (lambda: Cholesterol.of(math.nan, "mg/dL"), "needed"),
        (lambda: Cholesterol(value=math.inf), "needed"),
        (lambda: Cholesterol.of(5, "g/L"), "needed: mg/dL or mmol/L"),
        (lambda: ClinicalProfile(age_years=12), "adults"),
        (lambda: ClinicalProfile(age_years=1961), "year of birth"),
        (lambda: ClinicalProfile(systolic_mmhg=17.3), "kPa"),
        (lambda: ClinicalProfile(bmi=1.75), "height"),
        (lambda: ClinicalProfile(sdi_decile=11), "decile of 11; needed: 1 to 10$"),
        (lambda: ClinicalProfile(egfr=math.nan), "eGFR"),
        (lambda: ClinicalProfile(total_cholesterol=Cholesterol.of(5.4, "mg/dL")), "5.4 mmol/L would be usual"),
        (lambda: ClinicalProfile(hdl=Cholesterol.of(300, "mg/dL")), "HDL cholesterol of 300 mg/dL; .* 250 mg/dL$"),
        (
            lambda: ClinicalProfile(total_cholesterol=Cholesterol.of(50, "mg/dL"), hdl=Cholesterol.of(200, "mg/dL")),
            "swapped",
        ),
        (
            lambda: ClinicalProfile(
                total_cholesterol=Cholesterol.of(200, "mg/dL"),
                hdl=Cholesterol.of(90, "mg/dL"),
                ldl=Cholesterol.of(190, "mg/dL"),
            ),
            "add up to 280",
        ),
        (lambda: ClinicalProfile(systolic_mmhg=80, diastolic_mmhg=120), "swapped"),
    ],
)
def test_what_can_not_be_true_is_refused_with_the_likely_cause(make, cause) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ImpossibleInputError, match=cause):
        make()


@given(st.floats(50, 900))
def test_units_round_trip(mg_dl: float) -> None:
    assert Cholesterol.of(Cholesterol.of(mg_dl, "mg/dL").mmol_l, "mmol/L").mg_dl == pytest.approx(mg_dl)


def test_a_formula_names_everything_it_lacks() -> None:
    with pytest.raises(MissingInputError, match="also needs sex, ethnicity, total cholesterol, HDL"):
        require_inputs(ClinicalProfile(age_years=60), MESA_CHD)


def test_no_formula_answers_for_known_disease_or_another_age(complete_profile: ClinicalProfile) -> None:
    with pytest.raises(OutOfRangeError, match="without known cardiovascular disease"):
        require_inputs(replace(complete_profile, has_cvd=True), MESA_CHD)
    with pytest.raises(OutOfRangeError, match=r"age of 40 years; .* is for 45 to 85 years"):
        require_inputs(replace(complete_profile, age_years=40), MESA_CHD)
    require_inputs(replace(complete_profile, age_years=45), MESA_CHD)


def test_variables_know_their_units_and_titles() -> None:
    assert unit_of("hdl") == "mg/dL"
    assert unit_of("age_years") == "years"
    assert unit_of("has_diabetes") == ""
    profile = ClinicalProfile(hdl=Cholesterol.of(50, "mg/dL"), is_smoker=True, age_years=50)
    assert number_of(profile, "hdl") == 50
    assert number_of(profile, "is_smoker") == 1
    assert number_of(profile, "ldl") is None
    assert profile.known() == ("age_years", "hdl", "is_smoker")
    assert set(TITLES) == set(ClinicalProfile.__dataclass_fields__)
