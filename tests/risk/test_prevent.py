"""What follows from the PREVENT equations, which of them answers, and for whom."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.risk.prevent_people import OUTCOMES, S25, SEXES, add, people, risk_of
from vascal.errors import MissingInputError, OutOfRangeError
from vascal.risk.model import Outcome
from vascal.risk.prevent import PREVENT, estimate_prevent
from vascal.risk.profile import ClinicalProfile, Sex
from vascal.risk.quantity import AlbuminCreatinineRatio, Cholesterol, Creatinine, Hba1c


@given(people(), st.floats(0.5, 30))
def test_smoking_diabetes_pressure_and_failing_kidneys_never_lower_the_risk(
    profile: ClinicalProfile, change: float
) -> None:
    risk = risk_of(profile)
    assert risk_of(replace(profile, is_smoker=True)) >= risk
    assert risk_of(replace(profile, has_diabetes=True)) >= risk
    pressed = replace(profile, systolic_mmhg=max(profile.systolic_mmhg or 0, 110))
    worse = replace(pressed, systolic_mmhg=min((pressed.systolic_mmhg or 0) + change, 200))
    assert risk_of(worse) >= risk_of(pressed) * (1 - 1e-12)
    weaker = replace(profile, egfr=max((profile.egfr or 0) - change, 15))
    assert risk_of(weaker) >= risk * (1 - 1e-12)


@given(people(max_age=74), st.floats(0.1, 5))
def test_years_never_lower_the_risk_without_diabetes_high_pressure_and_kidney_disease(
    profile: ClinicalProfile, years: float
) -> None:
    plain = replace(
        profile,
        has_diabetes=False,
        systolic_mmhg=min(profile.systolic_mmhg or 0, 160),
        egfr=max(profile.egfr or 0, 60),
    )
    assert risk_of(replace(plain, age_years=(plain.age_years or 0) + years)) > risk_of(plain)


def test_with_all_of_them_the_published_equation_falls_with_age() -> None:
    # Each risk factor weighs less in the old; in a corner where all are extreme they outweigh age itself.
    corner = replace(
        S25,
        age_years=60,
        total_cholesterol=Cholesterol.of(320, "mg/dL"),
        hdl=Cholesterol.of(20, "mg/dL"),
        systolic_mmhg=200,
        is_smoker=True,
        egfr=15,
    )
    assert risk_of(replace(corner, age_years=70)) < risk_of(corner)


def test_below_110_mmhg_less_pressure_means_more_risk() -> None:
    assert risk_of(replace(S25, systolic_mmhg=90)) > risk_of(replace(S25, systolic_mmhg=110))


def test_over_thirty_years_failing_kidneys_lower_the_risk_of_men_above_52() -> None:
    # -0.0218789 - 0.0712547 (age - 55) / 10 changes its sign at 51.9 years: other deaths come first.
    young, old = (replace(S25, sex="M", age_years=age, egfr=60) for age in (50, 54))
    assert risk_of(replace(young, egfr=30), "ascvd", 30) > risk_of(young, "ascvd", 30)
    assert risk_of(replace(old, egfr=30), "ascvd", 30) < risk_of(old, "ascvd", 30)


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize("diabetic", [False, True])
def test_added_variables_bracket_the_base_equation(outcome: Outcome, sex: Sex, diabetic: bool) -> None:
    plain = replace(S25, sex=sex, has_diabetes=diabetic)
    base = risk_of(plain, outcome)
    for variant in ("uacr", "hba1c", "sdi", "full"):
        good = risk_of(add(plain, variant, uacr=2, hba1c=4.5, sdi_decile=1), outcome)
        bad = risk_of(add(plain, variant, uacr=500, hba1c=12, sdi_decile=10), outcome)
        assert good < base < bad


@given(people(added=True), st.floats(0.1, 3))
def test_more_albumin_and_hba1c_never_lower_the_risk(profile: ClinicalProfile, more: float) -> None:
    risk = risk_of(profile)
    if profile.uacr is not None:
        albumin = AlbuminCreatinineRatio(value=profile.uacr.mg_g * (1 + more))
        assert risk_of(replace(profile, uacr=albumin)) > risk
    if profile.hba1c is not None:
        sugar = Hba1c(value=min(profile.hba1c.percent + more, 15))
        assert risk_of(replace(profile, hba1c=sugar)) >= risk


@pytest.mark.parametrize(
    ("known", "variant"),
    [
        ((), "base"),
        (("uacr",), "uacr"),
        (("hba1c",), "hba1c"),
        (("sdi",), "sdi"),
        (("uacr", "hba1c"), "full"),
        (("uacr", "sdi"), "full"),
        (("hba1c", "sdi"), "full"),
        (("uacr", "hba1c", "sdi"), "full"),
    ],
)
def test_what_is_known_decides_which_equation_answers(known: tuple[str, ...], variant: str) -> None:
    profile = S25
    for name in known:
        profile = add(profile, name, uacr=40, hba1c=7.5, sdi_decile=8)
    answer = estimate_prevent(profile, "ascvd", 30)
    assert answer.model.name == f"prevent-{variant}-ascvd-30y-2023"
    unknown = [note for note in answer.notes if "not known" in note]
    assert len(unknown) == (3 - len(known) if variant == "full" else 0)


def test_every_equation_says_what_it_is() -> None:
    assert len({model.name for model in PREVENT.values()}) == len(PREVENT) == 50
    model = PREVENT["sdi", "hf", 30]
    assert model.title == "PREVENT 30-year risk of heart failure, with social deprivation index decile"
    assert model.source.endswith("table S12I")
    assert (model.outcome, model.horizon_years) == ("hf", 30)
    assert "sdi_decile" in model.needs
    assert PREVENT["full", "cvd", 10].title.endswith(", with albuminuria, HbA1c and social deprivation")
    assert PREVENT["base", "cvd", 10].title == "PREVENT 10-year risk of cardiovascular disease"


def test_only_heart_failure_asks_for_the_body_mass_and_only_the_others_for_lipids() -> None:
    thin = replace(S25, bmi=None)
    assert risk_of(thin) == risk_of(S25)
    lean = replace(S25, total_cholesterol=None, hdl=None, on_lipid_treatment=None)
    assert risk_of(lean, "hf") == risk_of(S25, "hf")
    with pytest.raises(MissingInputError, match=r"risk of heart failure also needs body mass index$"):
        estimate_prevent(thin, "hf")
    with pytest.raises(MissingInputError, match=r"needs total cholesterol, HDL cholesterol, lipid-lowering treatment$"):
        estimate_prevent(lean, "ascvd")


@pytest.mark.parametrize("name", PREVENT["base", "ascvd", 10].needs)
def test_what_is_not_known_is_named(name: str) -> None:
    with pytest.raises(MissingInputError, match=r"PREVENT 10-year risk of atherosclerotic .* also needs"):
        estimate_prevent(replace(S25, **{name: None}))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("age_years", 29, r"age of 29 years; .* is for 30 to 79 years"),
        ("age_years", 80.0, r"is for 30 to 79 years"),
        ("systolic_mmhg", 89, r"is for 90 to 200 mmHg"),
        ("systolic_mmhg", 201, r"is for 90 to 200 mmHg"),
        ("total_cholesterol", Cholesterol(value=129), r"total cholesterol of 129 mg/dL; .* is for 130 to 320 mg/dL"),
        ("total_cholesterol", Cholesterol(value=321), r"is for 130 to 320 mg/dL"),
        ("hdl", Cholesterol(value=19), r"is for 20 to 100 mg/dL"),
        ("hdl", Cholesterol(value=101), r"is for 20 to 100 mg/dL"),
        ("bmi", 18.4, r"is for 18.5 to 39.99 kg/m2"),
        ("bmi", 40, r"body mass index of 40 kg/m2; .* is for 18.5 to 39.99 kg/m2"),
        ("egfr", 14, r"is for 15 to 140 mL/min/1.73 m2"),
        ("egfr", 141, r"is for 15 to 140 mL/min/1.73 m2"),
        ("hba1c", Hba1c(value=15.1), r"HbA1c of 15.1 %; .* is for 3 to 15 %"),
        ("has_cvd", True, r"without known cardiovascular disease"),
    ],
)
def test_people_of_another_kind_are_refused_with_the_range(name: str, value: object, said: str) -> None:
    with pytest.raises(OutOfRangeError, match=said):
        estimate_prevent(replace(S25, **{name: value}))  # type: ignore[arg-type]


@pytest.mark.parametrize("edge", [{"age_years": 30}, {"age_years": 79}, {"bmi": 39.9}, {"egfr": 15}, {"egfr": 140}])
def test_the_edges_belong_to_the_ranges(edge: dict[str, float]) -> None:
    assert 0 < risk_of(replace(S25, **edge)) < 1  # type: ignore[arg-type]


def test_thirty_years_are_for_people_below_60() -> None:
    assert risk_of(replace(S25, age_years=59), horizon=30) > 0
    with pytest.raises(OutOfRangeError, match=r"age of 60 years; PREVENT 30-year .* is for 30 to 59 years"):
        estimate_prevent(replace(S25, age_years=60), horizon_years=30)


def test_creatinine_serves_where_the_egfr_is_not_known_and_a_note_says_so() -> None:
    creatinine = replace(S25, egfr=None, creatinine=Creatinine.of(1.4, "mg/dL"))
    answer = estimate_prevent(creatinine)
    egfr = 142 * 1.012 * 2**-1.2 * 0.9938**50
    assert answer.probability == pytest.approx(risk_of(replace(S25, egfr=egfr)), rel=1e-12)
    assert answer.notes == ("eGFR of 46 mL/min/1.73 m2 estimated from creatinine by CKD-EPI 2021",)
    assert estimate_prevent(replace(creatinine, egfr=90)).notes == ()
    with pytest.raises(OutOfRangeError, match=r"eGFR of .* is for 15 to 140"):
        estimate_prevent(replace(creatinine, creatinine=Creatinine.of(8, "mg/dL")))


def test_a_lipid_drug_is_taken_as_a_statin_where_the_equation_asks_for_one() -> None:
    treated = replace(S25, on_lipid_treatment=True)
    assert estimate_prevent(treated).notes == ("lipid-lowering treatment taken as a statin",)
    assert estimate_prevent(treated, "hf").notes == ()


def test_no_albumin_counts_as_the_least_that_the_equation_takes() -> None:
    none, least = (replace(S25, uacr=AlbuminCreatinineRatio.of(value, "mg/g")) for value in (0, 0.1))
    assert risk_of(none) == risk_of(least)
    assert estimate_prevent(none).notes == ("urine albumin-creatinine ratio below 0.1 mg/g taken as 0.1 mg/g",)
    assert estimate_prevent(least).notes == ()


@pytest.mark.parametrize(("low", "high"), [(1, 3), (4, 6), (7, 10)])
def test_deprivation_counts_in_three_bands(low: int, high: int) -> None:
    assert risk_of(replace(S25, sdi_decile=low)) == risk_of(replace(S25, sdi_decile=high))
    if high < 10:
        assert risk_of(replace(S25, sdi_decile=high)) < risk_of(replace(S25, sdi_decile=high + 1))
