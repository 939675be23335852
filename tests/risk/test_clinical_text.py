"""What a person types becomes a value with its unit, or a message that says what to write."""

import re
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import ImpossibleInputError
from vascal.risk.clinical_text import INPUTS, Problem, find_nearest, parse_profile, read_profile
from vascal.risk.clinical_variables import BODY, VARIABLES, Amount, Choice
from vascal.risk.model import TITLES
from vascal.risk.profile import ClinicalProfile, number_of
from vascal.risk.quantity import Cholesterol, Hba1c


def test_every_variable_of_a_profile_can_be_typed_and_nothing_else() -> None:
    assert list(VARIABLES) == [field.name for field in fields(ClinicalProfile)]


@pytest.mark.parametrize(("name", "example"), [(n, e) for n, variable in INPUTS.items() for e in variable.examples])
def test_every_example_can_be_read(name: str, example: str) -> None:
    INPUTS[name].parse(example)
    if name in VARIABLES:
        assert parse_profile({name: example}).known() == (name,)


@pytest.mark.parametrize(
    ("name", "text", "number"),
    [
        ("total_cholesterol", "210 mg/dL", 210),
        ("total_cholesterol", "5.4 mmol/L", 5.4 / 0.02586),
        ("hdl", "1.3mmol/l", 1.3 / 0.02586),
        ("ldl", " 3.4  MMOL / L ", 3.4 / 0.02586),
        ("hba1c", "48 mmol/mol", 48 * 0.09148 + 2.152),
        ("hba1c", "6.5%", 6.5),
        ("creatinine", "1.1 mg/dL", 1.1),
        ("creatinine", "88.4 µmol/L", 1.0),
        ("total_cholesterol", "2.1 g/L", 210),
        ("hdl", "0,52 g/l", 52),
        ("ldl", "1300 mg/L", 130),
        ("total_cholesterol", "5,4 mmol/L", 5.4 / 0.02586),
        ("hdl", "1,32mmol/l", 1.32 / 0.02586),
        ("egfr", "85,5 mL/min/1.73 m2", 85.5),
        ("age_years", "61,5", 61.5),
        ("uacr", "3 mg/mmol", 26.52),
        ("uacr", "30 µg/mg", 30),
        ("systolic_mmhg", "135", 135),
        ("systolic_mmhg", "135 mm[Hg]", 135),
        ("systolic_mmhg", "18 kPa", 135.011),
        ("diastolic_mmhg", "80 mm Hg", 80),
        ("age_years", "61", 61),
        ("age_years", "61.5 years", 61.5),
        ("age_years", "61 y", 61),
        ("bmi", "27 kg/m²", 27),
        ("bmi", "27 kg/m^2", 27),
        ("egfr", "85 ml/min/1.73m²", 85),
        ("egfr", "85 mL/min/{1.73_m2}", 85),
        ("sdi_decile", "5.0", 5),
        ("avc_agatston", "1200 AU", 1200),
        ("eat_ml", "110 cm³", 110),
    ],
)
def test_numbers_are_read_with_their_unit(name: str, text: str, number: float) -> None:
    assert number_of(parse_profile({name: text}), name) == pytest.approx(number, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "text", "answer"),
    [
        ("sex", "w", "F"),
        ("sex", "Female", "F"),
        ("sex", " M ", "M"),
        ("ethnicity", "African-American", "black"),
        ("ethnicity", "Latina", "hispanic"),
        ("is_smoker", "YES", True),
        ("is_smoker", "former", False),
        ("is_smoker", "ex", False),
        ("is_smoker", "Ex-Smoker", False),
        ("is_smoker", "former smoker", False),
        ("is_smoker", "non-smoker", False),
        ("is_smoker", "current smoker", True),
        ("has_cvd", "0", False),
        ("has_diabetes", "true", True),
        ("score2_region", "very_high", "very-high"),
    ],
)
def test_words_are_read_in_any_case(name: str, text: str, answer: str | bool) -> None:
    assert getattr(parse_profile({name: text}), name) == answer


@pytest.mark.parametrize("text", ["", "  ", "unknown", "NA", "n/a", "NaN", "null", "-", " – ", "—"])
def test_what_is_not_known_stays_unknown_rather_than_absent(text: str) -> None:
    assert parse_profile({"has_diabetes": text, "hdl": text}) == ClinicalProfile()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("total_cholesterol", "5.4", "5.4 without a unit; needed: mg/dL or mmol/L or g/L or mg/L. .* like mmol/L"),
        ("total_cholesterol", "210", "210 looks like mg/dL"),
        ("hba1c", "48", "needed: % or mmol/mol. 48 looks like mmol/mol"),
        ("hba1c", "6.5", "6.5 looks like %"),
        ("creatinine", "1.1", "1.1 looks like mg/dL"),
        ("creatinine", "90", "90 looks like umol/L"),
        ("uacr", "30", "needed: mg/g or mg/mmol$"),
        ("height", "175", "175 looks like cm"),
        ("weight", "80", "needed: kg or lb or g"),
        ("hdl", "1.1", "of 1.1 without a unit; .*. 1.1 looks like mmol/L or g/L"),
        ("hdl", "0.5", "0.5 looks like g/L"),
        ("total_cholesterol", "2.1", "2.1 looks like g/L"),
        ("uacr", "1,200 mg/g", "may part thousands; write decimals with a point, and no thousands"),
        ("uacr", "1.200,5 mg/g", "no thousands"),
        ("uacr", "1,200,5 mg/g", "no thousands"),
        ("uacr", "1,200.5 mg/g", "no thousands"),
        ("uacr", "1,2,5 mg/g", "no thousands"),
        ("total_cholesterol", "5.4 mol", "in a unit that is not known; needed: mg/dL .*the number looks like mmol/L"),
        ("creatinine", "1.1 mmol/L", "not known; needed: mg/dL or umol/L; the number looks like mg/dL"),
        ("creatinine", "90 mmol/L", "not known; needed: mg/dL or umol/L; the number looks like umol/L"),
        ("egfr", "85 mL/min", "in a unit that is not known; needed: mL/min/1.73 m2$"),
        ("egfr", "1.1", "of 1.1 mL/min/1.73 m2; needed: 3 to 200 .*creatinine"),
        ("bmi", "80", "of 80 kg/m2; needed: 10 to 75 kg/m2 .is it a weight"),
        ("bmi", "1.75", "of 1.75 kg/m2; needed: 10 to 75 kg/m2 .is it a height"),
        ("hba1c", "14 mmol/mol", "14 % would be usual: is the unit wrong"),
        ("hba1c", "20 mmol/mol", "of 20 mmol/mol; needed: 20.2 to 195.1 mmol/mol"),
        ("total_cholesterol", "210 g/L", "of 210 g/L; needed: 0.4 to 10 g/L. 210 mg/dL would be usual"),
        ("total_cholesterol", "200 mg/L", "of 200 mg/L; needed: 400 to 10000 mg/L. 200 mg/dL would be usual"),
        ("ldl", "2.1 mg/dL", "2.1 mmol/L or g/L would be usual"),
        ("hdl", "50 mmol/L", "of 50 mmol/L; needed: 0.1293 to 6.465 mmol/L. 50 mg/dL would be usual"),
        ("sdi_decile", "5 deciles", "not known; it has none"),
        ("egfr", ">60", "a bound is not a value"),
        ("systolic_mmhg", "135/80", "give systolic and diastolic pressure apart"),
        ("systolic_mmhg", "high", "is not a number; needed: such as 135"),
        ("systolic_mmhg", "17.3", "kPa"),
        ("age_years", "1961", "year of birth"),
        ("age_years", "19610503", "can not be so large a number$"),
        ("total_cholesterol", "210 mmol/L", "210 mg/dL would be usual"),
        ("total_cholesterol", "5.4 mg/dL", "5.4 mmol/L would be usual"),
        ("sdi_decile", "5.5", "whole number"),
        ("height", "1.75 cm", "of 1.75 cm; needed: 100 to 260 cm. 1.75 m would be usual"),
        ("sex", "x", "is not an answer that is known; needed: F, M"),
        ("on_aspirin", "none", "none may mean no or not known; needed: yes, no or unknown"),
        ("sex", "none", "is not an answer that is known; needed: F, M"),
        ("is_smoker", "sometimes", "needed: yes, no, current, ex, former, never"),
        ("total_cholestrol", "210 mg/dL", "no such variable; did you mean total_cholesterol"),
        ("zzz", "1", "no such variable$"),
    ],
)  # fmt: skip
def test_what_can_not_be_read_is_refused_with_what_to_write(name: str, text: str, message: str) -> None:
    with pytest.raises(ImpossibleInputError, match=f"^{re.escape(called(name))}.*{message}"):
        parse_profile({name: text})


def called(name: str) -> str:
    title = TITLES.get(name, name)
    return title if title.lower().replace(" ", "_") == name else f"{title} ({name})"


def test_a_refusal_says_what_a_person_calls_the_variable_and_its_name_here() -> None:
    with pytest.raises(ImpossibleInputError, match=r"^blood pressure treatment \(on_bp_treatment\) is not an answer"):
        parse_profile({"on_bp_treatment": "perhaps"})
    assert str(Problem(variable="hdl", message="too odd")) == "HDL cholesterol (hdl): too odd"
    assert str(Problem(variable="sex", message="sex is odd")) == "sex is odd"
    assert str(Problem(variable="total_cholesterol", message="too odd")) == "total cholesterol: too odd"
    assert str(Problem(variable="creatinine", message="too odd")) == "creatinine: too odd"
    assert str(Problem(variable="height", message="needs a weight")) == "height: needs a weight"
    assert str(Problem(variable="zzz", message="no such variable")) == "zzz: no such variable"
    assert str(Problem(variable="", message="odd together")) == "odd together"


@pytest.mark.parametrize("name", list(INPUTS))
def test_text_that_can_not_be_read_is_not_repeated(name: str) -> None:
    for text in ("Doe John", "61 John Doe", "MRN 00123456", "1234567890", "1234 Doe", "1.234 Doe"):
        (problem,) = read_profile({name: text}).problems
        assert not re.search("doe|john|mrn|1234|1.23", str(problem).lower())


def test_every_problem_is_reported_at_once() -> None:
    values = {"age_years": "7", "hdl": "1.3", "sex": "q", "total_cholesterol": "210 mg/dL", "ldl": "300 mg/dL"}
    with pytest.raises(ImpossibleInputError) as refusal:
        parse_profile(values)
    lines = str(refusal.value).splitlines()
    assert [line.split(" of ")[0] for line in lines[:2]] == ["age (age_years)", "HDL cholesterol (hdl)"]
    assert lines[2].startswith("sex is not")
    assert lines[3].startswith("LDL cholesterol of 300 mg/dL is not below the total of 210")
    assert len(lines) == 4


def test_what_could_be_read_is_kept_beside_the_problems() -> None:
    reading = read_profile({"age_years": "60", "hdl": "1.3"})
    assert reading.profile == ClinicalProfile(age_years=60.0)
    assert [problem.variable for problem in reading.problems] == ["hdl"]


def test_typed_values_go_before_those_known_from_elsewhere() -> None:
    base = ClinicalProfile(age_years=60.0, hdl=Cholesterol.of(50, "mg/dL"))
    assert parse_profile({"age_years": "61", "sex": "F", "hdl": ""}, base) == ClinicalProfile(
        age_years=61.0, sex="F", hdl=Cholesterol.of(50, "mg/dL")
    )


def test_height_and_weight_give_the_body_mass_index() -> None:
    assert parse_profile({"height": "1.75 m", "weight": "80 kg"}).bmi == pytest.approx(26.1224, abs=1e-4)
    assert parse_profile({"height": "69 in", "weight": "176 lbs"}).bmi == pytest.approx(26.0, abs=0.05)
    assert parse_profile({"height": "175 cm", "weight": "80000 g", "bmi": "26"}).bmi == 26


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"height": "1.75 m"}, "height: needs a weight beside it"),
        ({"weight": "80 kg"}, "weight: needs a height beside it"),
        (
            {"height": "1.75 m", "weight": "80 kg", "bmi": "31"},
            "body mass index .bmi. of 31 kg/m2, but height and weight give 26.1",
        ),
        ({"height": "1 m", "weight": "180 kg"}, "body mass index of 180"),
    ],
)
def test_height_and_weight_that_give_none_are_refused(values: dict[str, str], message: str) -> None:
    with pytest.raises(ImpossibleInputError, match=message):
        parse_profile(values)


def test_names_are_suggested_only_where_one_is_near() -> None:
    assert find_nearest("BMI") == "bmi"
    assert find_nearest("glucose level") == ""


_AMOUNTS = {name: v for name, v in {**VARIABLES, **BODY}.items() if isinstance(v, Amount)}


@given(st.sampled_from(["total_cholesterol", "hba1c", "creatinine", "uacr"]), st.data())
def test_a_quantity_written_in_any_of_its_units_comes_back(name: str, data: st.DataObject) -> None:
    variable = _AMOUNTS[name]
    assert variable.kind is not None
    low, high = variable.kind.usual
    canonical = data.draw(st.floats(max(low, 40.0) if name == "total_cholesterol" else low, high))
    unit = data.draw(st.sampled_from(list(variable.units)))
    scale = variable.units[unit]
    written = (canonical - scale.offset) / scale.factor
    profile = parse_profile({name: f"{written:.12f} {unit}"})
    assert number_of(profile, name) == pytest.approx(canonical)


@given(st.sampled_from([(n, v) for n, v in VARIABLES.items() if isinstance(v, Choice)]), st.data())
def test_every_word_of_a_choice_is_read_whatever_its_case(case: tuple[str, Choice], data: st.DataObject) -> None:
    name, variable = case
    word = data.draw(st.sampled_from(list(variable.words)))
    assert getattr(parse_profile({name: word.upper()}), name) == variable.words[word]


@given(st.text(max_size=30))
def test_no_text_makes_the_reader_crash(text: str) -> None:
    for name in INPUTS:
        read_profile({name: text})


def test_quantities_carry_their_kind() -> None:
    assert parse_profile({"hba1c": "6.5 %"}).hba1c == Hba1c(value=6.5)


def test_a_country_stands_for_its_region() -> None:
    assert parse_profile({"score2_region": "DE"}).score2_region == "moderate"
    assert parse_profile({"score2_region": "ro"}).score2_region == "very-high"
    with pytest.raises(ImpossibleInputError, match="very-high, DE"):
        parse_profile({"score2_region": "US"})
