"""Clinical values that can not be true are refused with the likely cause."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import ImpossibleInputError, MissingInputError, OutOfRangeError
from vascal.risk.mesa_chd import MESA_CHD
from vascal.risk.model import TITLES, require_inputs, unit_of
from vascal.risk.profile import ClinicalProfile, find_doubts, number_of
from vascal.risk.quantity import AlbuminCreatinineRatio, Cholesterol, Creatinine, Hba1c


def test_units_are_converted_by_the_published_factors() -> None:
    assert Cholesterol.of(5.172, "mmol/L").mg_dl == pytest.approx(200)
    assert Cholesterol.of(200, "MG/DL").mmol_l == pytest.approx(5.172)
    assert Cholesterol.of(2.1, "g/L").mg_dl == pytest.approx(210)
    assert Cholesterol.of(2100, "mg/L").mg_dl == pytest.approx(210)
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
        (lambda: Cholesterol.of(20, "g/L"), "needed: 0.05 to 10 g/L. 20 mg/dL would be usual"),
        (lambda: Cholesterol.of(5, "g/dL"), "needed: mg/dL or mmol/L or g/L or mg/L"),
        (lambda: Hba1c.of(3.9, "%"), "HbA1c of 3.9 %; needed: 4 to 20 %$"),
        (lambda: Hba1c.of(20, "mmol/mol"), "needed: 20.2 to 195.1 mmol/mol"),
        (lambda: AlbuminCreatinineRatio.of(30000, "mg/g"), "needed: 0 to 25000 mg/g$"),
        (lambda: ClinicalProfile(egfr=2.9), "needed: 3 to 200 mL/min/1.73 m2 .is it a creatinine"),
        (lambda: ClinicalProfile(bmi=75.5), r"needed: 10 to 75 kg/m2 \(is it a weight\?\)"),
        (lambda: ClinicalProfile(total_cholesterol=Cholesterol(value=20.0)), "needed: 40 to 1000 mg/dL$"),
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


def mg_dl(value: float) -> Cholesterol:
    return Cholesterol.of(value, "mg/dL")


@pytest.mark.parametrize(
    ("profile", "doubt"),
    [
        (
            ClinicalProfile(hba1c=Hba1c(value=6.5), has_diabetes=False),
            "HbA1c of 6.5 % is in the range of diabetes, and diabetes is given as no: check both.",
        ),
        (
            ClinicalProfile(egfr=20.5, on_dialysis=True),
            "eGFR of 20.5 mL/min/1.73 m2 is unusual on dialysis: check both.",
        ),
        (ClinicalProfile(total_cholesterol=mg_dl(1000)), "Total cholesterol of 1000 mg/dL is unusual: check it."),
        (ClinicalProfile(total_cholesterol=mg_dl(99)), "Total cholesterol of 99 mg/dL is unusual: check it."),
        (ClinicalProfile(hdl=mg_dl(121)), "HDL cholesterol of 121 mg/dL is unusual: check it."),
        (ClinicalProfile(hdl=mg_dl(19)), "HDL cholesterol of 19 mg/dL is unusual: check it."),
        (ClinicalProfile(systolic_mmhg=221), "Systolic blood pressure of 221 mmHg is unusual: check it."),
        (ClinicalProfile(systolic_mmhg=79), "Systolic blood pressure of 79 mmHg is unusual: check it."),
    ],
)
def test_what_is_possible_and_odd_is_questioned(profile: ClinicalProfile, doubt: str) -> None:
    assert find_doubts(profile) == (doubt,)


def test_several_doubts_are_told_together() -> None:
    profile = ClinicalProfile(hdl=Cholesterol.of(3.5, "mmol/L"), systolic_mmhg=240.0)
    assert [doubt.split(" of ")[0] for doubt in find_doubts(profile)] == ["HDL cholesterol", "Systolic blood pressure"]


def test_what_is_usual_or_not_known_is_not_questioned(complete_profile: ClinicalProfile) -> None:
    assert find_doubts(complete_profile) == find_doubts(ClinicalProfile()) == ()
    sugar = ClinicalProfile(hba1c=Hba1c(value=7.0))
    assert find_doubts(sugar) == find_doubts(replace(sugar, has_diabetes=True)) == ()
    assert find_doubts(ClinicalProfile(hba1c=Hba1c(value=6.4), has_diabetes=False)) == ()
    assert find_doubts(ClinicalProfile(egfr=60, on_dialysis=False)) == ()
    assert find_doubts(ClinicalProfile(egfr=20, on_dialysis=True)) == ()
    edges = ClinicalProfile(total_cholesterol=mg_dl(400), hdl=mg_dl(120), systolic_mmhg=220)
    assert find_doubts(edges) == ()
    assert find_doubts(ClinicalProfile(total_cholesterol=mg_dl(100), hdl=mg_dl(20), systolic_mmhg=80)) == ()
