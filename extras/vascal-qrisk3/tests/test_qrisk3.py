"""QRISK3 gives what ClinRisk's code gives, refuses what it was not made for, and never loses its disclaimer."""

import doctest
import math
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal_qrisk3 import DISCLAIMER, Qrisk3Estimate, Qrisk3InputError, Qrisk3Inputs, estimate_qrisk3
from vascal_qrisk3.inputs import CHOICES, FLAGS, RANGES, Diabetes, Ethnicity, Sex, Smoking
from vascal_qrisk3.men import MEN
from vascal_qrisk3.women import WOMEN

HEALTHY = Qrisk3Inputs(
    age_years=65,
    sex="M",
    ethnicity="white",
    smoking="non",
    diabetes="none",
    bmi=70 / 1.7**2,
    cholesterol_ratio=4,
    systolic_mmhg=120,
    systolic_sd_mmhg=10,
    townsend=0,
    has_atrial_fibrillation=False,
    on_atypical_antipsychotics=False,
    on_corticosteroids=False,
    has_migraine=False,
    has_rheumatoid_arthritis=False,
    has_chronic_kidney_disease=False,
    has_severe_mental_illness=False,
    has_lupus=False,
    has_treated_hypertension=False,
    has_family_history=False,
    has_erectile_dysfunction=False,
)


def changed(inputs: Qrisk3Inputs, **changes: Any) -> Qrisk3Inputs:
    return replace(inputs, **changes)


def percent(inputs: Qrisk3Inputs) -> float:
    return 100 * estimate_qrisk3(inputs).probability


def people(sex: Sex) -> st.SearchStrategy[Qrisk3Inputs]:
    flags = {name: st.booleans() for name in FLAGS if sex == "M" or name != "has_erectile_dysfunction"}
    numbers = {name: st.floats(low, min(high, 40)) for name, (low, high) in RANGES.items() if name != "systolic_mmhg"}
    choices = {name: st.sampled_from(get_args(answers)) for name, answers in CHOICES.items()}
    answers: dict[str, st.SearchStrategy[Any]] = {**flags, **numbers, **choices}
    answers |= {"sex": st.just(sex), "age_years": st.integers(25, 84), "systolic_mmhg": st.floats(70, 210)}
    return st.builds(Qrisk3Inputs, **answers)


PEOPLE = people("F") | people("M")


@pytest.mark.parametrize(
    ("age", "ratio", "men", "women"), [(75, 4, 24.593, 18.111), (65, 4, 12.658, 8.034), (55, 8, 11.718, 6.111)]
)
def test_clinrisks_code_says_the_same(age: int, ratio: float, men: float, women: float) -> None:
    person = replace(HEALTHY, age_years=age, cholesterol_ratio=ratio)
    assert percent(person) == pytest.approx(men, abs=0.0005)
    assert percent(replace(person, sex="F")) == pytest.approx(women, abs=0.0005)


@pytest.mark.parametrize(
    ("age", "ratio", "ethnicity", "men", "women"),
    [
        (35, 3.5, "white", 0.6, 0.4),
        (75, 4, "indian", 31.1, 23.2),
        (65, 4, "pakistani", 19.5, 13.7),
        (55, 8, "bangladeshi", 19.1, 8.1),
        (35, 3.5, "chinese", 0.4, 0.3),
    ],
)
def test_another_port_says_the_same(  # the JavaScript port of Sisu Health
    age: int, ratio: float, ethnicity: Ethnicity, men: float, women: float
) -> None:
    person = replace(HEALTHY, age_years=age, cholesterol_ratio=ratio, ethnicity=ethnicity)
    assert round(percent(person), 1) == men
    assert round(percent(replace(person, sex="F")), 1) == women


@given(PEOPLE)
def test_a_risk_is_a_probability(inputs: Qrisk3Inputs) -> None:
    assert 0 < estimate_qrisk3(inputs).probability <= 1


@given(PEOPLE, st.sampled_from(["on_atypical_antipsychotics", "has_rheumatoid_arthritis", "has_severe_mental_illness"]))
def test_conditions_that_do_not_change_with_age_raise_the_hazard_by_their_own_effect(
    inputs: Qrisk3Inputs, name: str
) -> None:
    equation = WOMEN if inputs.sex == "F" else MEN
    without, having = (estimate_qrisk3(changed(inputs, **{name: value})).probability for value in (False, True))
    if having < 0.999:
        ratio = math.log1p(-having) / math.log1p(-without)
        assert ratio == pytest.approx(math.exp(equation.effects[name][0]), rel=1e-6)


@given(PEOPLE, st.floats(1, 11.9), st.floats(0, 39))
def test_cholesterol_and_uneven_pressure_raise_the_risk(inputs: Qrisk3Inputs, ratio: float, sd: float) -> None:
    inputs = replace(inputs, age_years=50, bmi=25.0)
    for name, low in (("cholesterol_ratio", ratio), ("systolic_sd_mmhg", sd)):
        lower, higher = (changed(inputs, **{name: value}) for value in (low, low + 0.1))
        assert percent(higher) >= percent(lower)


@pytest.mark.parametrize(
    ("sex", "name"), [("M", name) for name in FLAGS] + [("F", name) for name in FLAGS if name in WOMEN.effects]
)
def test_every_condition_raises_the_risk_of_someone_otherwise_healthy(sex: Sex, name: str) -> None:
    for age in (40, 55, 70):
        person = replace(HEALTHY, sex=sex, age_years=age)
        assert percent(changed(person, **{name: True})) > percent(person)


@pytest.mark.parametrize("sex", ["F", "M"])
def test_smoke_and_diabetes_raise_the_risk_in_their_order(sex: Sex) -> None:
    person = replace(HEALTHY, sex=sex, age_years=55)
    by_smoke = [percent(changed(person, smoking=answer)) for answer in get_args(Smoking)]
    assert by_smoke == sorted(by_smoke)
    none, type1, type2 = (percent(changed(person, diabetes=answer)) for answer in get_args(Diabetes))
    assert none < type2 < type1


def test_every_effect_belongs_to_an_answer_and_references_have_none() -> None:
    answers = {
        f"{name}:{answer}" for name in ("ethnicity", "smoking", "diabetes") for answer in get_args(CHOICES[name])
    }
    names = answers | set(FLAGS) | set(MEN.centres)
    references = {"ethnicity:white", "smoking:non", "diabetes:none"}
    assert set(MEN.effects) == names - references
    assert set(WOMEN.effects) == names - references - {"has_erectile_dysfunction"}
    assert set(WOMEN.centres) == set(MEN.centres) == {"bmi_1", "bmi_2", *RANGES} - {"age_years", "bmi"}


@given(PEOPLE)
def test_no_score_is_without_its_disclaimer(inputs: Qrisk3Inputs) -> None:
    estimate = estimate_qrisk3(inputs)
    assert estimate.notes == (DISCLAIMER,)
    assert float(estimate) == estimate.probability
    assert Qrisk3Estimate(probability=0.1).notes == (DISCLAIMER,)


def test_the_disclaimer_stands_in_the_readme_and_above_the_code(readme: Path) -> None:
    page = " ".join(readme.read_text(encoding="utf-8").replace("\n> ", " ").split())
    code = (readme.parent / "src/vascal_qrisk3/disclaimer.py").read_text(encoding="utf-8")
    assert DISCLAIMER in page
    assert DISCLAIMER in " ".join(code.replace("\n#", " ").split())


def test_the_readmes_examples_run(readme: Path) -> None:
    pytest.importorskip("vascal.risk.model")
    assert doctest.testfile(str(readme), module_relative=False).failed == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"age_years": 24}, "age_years of 24; QRISK3 is for 25 to 84"),
        ({"age_years": 85}, "age_years of 85"),
        ({"age_years": 64.5}, "completed years"),
        ({"bmi": 19.9}, "bmi of 19.9; QRISK3 is for 20 to 40"),
        ({"bmi": 41}, "bmi of 41"),
        ({"cholesterol_ratio": 0.9}, "cholesterol_ratio of 0.9; QRISK3 is for 1 to 12"),
        ({"cholesterol_ratio": 12.1}, "cholesterol_ratio of 12.1"),
        ({"systolic_mmhg": 69}, "systolic_mmhg of 69; QRISK3 is for 70 to 210"),
        ({"systolic_mmhg": 211}, "systolic_mmhg of 211"),
        ({"systolic_sd_mmhg": -1}, "systolic_sd_mmhg of -1"),
        ({"systolic_sd_mmhg": math.inf}, "systolic_sd_mmhg of inf"),
        ({"townsend": math.nan}, "townsend of nan"),
        ({"townsend": -7.1}, "townsend of -7.1; QRISK3 is for -7 to 11"),
        ({"townsend": 11.1}, "townsend of 11.1"),
        ({"smoking": "sometimes"}, "smoking 'sometimes'; needed: non, ex, light, moderate, heavy"),
        ({"ethnicity": "asian"}, "ethnicity 'asian'; needed: white, indian"),
        ({"sex": "male"}, "sex 'male'; needed: F, M"),
        ({"diabetes": True}, "diabetes True; needed: none, type1, type2"),
        ({"has_erectile_dysfunction": None}, "also needs has_erectile_dysfunction of men"),
        ({"sex": "F", "has_erectile_dysfunction": True}, "asked of men only"),
    ],
)
def test_people_for_whom_it_was_not_made_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(Qrisk3InputError, match=said):
        changed(HEALTHY, **changes)
