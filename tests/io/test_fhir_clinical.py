"""A FHIR bundle becomes a profile; what does not count is noted, what contradicts itself is refused."""

import builtins
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.io.fhir_bundles import (
    ATC,
    BIRTH,
    ICD10CM,
    LOINC,
    NAME,
    NUMBER,
    RXNORM,
    SNOMED,
    Json,
    blood_pressure,
    bundle,
    concept,
    condition,
    drug,
    observation,
    order,
    patient,
    procedure,
    quantity,
    race,
    relative,
    smoking,
    whole,
)
from vascal.errors import ImpossibleInputError, InputError, MissingExtraError, VascalError
from vascal.io.fhir_bundle import SHOWN
from vascal.io.fhir_clinical import FhirClinical, parse_fhir_clinical, read_fhir_clinical
from vascal.io.fhir_codes import (
    CONDITIONS_SNOMED,
    MEASURES,
    PROCEDURES_SNOMED,
    RACE_SPECIFIC,
    WEARABLES,
    Measure,
)
from vascal.io.fhir_elements import read_when
from vascal.risk.clinical_text import INPUTS
from vascal.risk.clinical_variables import Amount
from vascal.risk.profile import ClinicalProfile
from vascal.risk.quantity import AlbuminCreatinineRatio, Cholesterol, Creatinine, Hba1c, Quantity

DAY = date(2021, 3, 2)


def read(*resources: Json, at: date | None = DAY, **options: Any) -> FhirClinical:
    return parse_fhir_clinical(bundle(resources), at, **options)


def assert_nameless(text: str) -> None:
    for secret in (NAME, BIRTH, NUMBER, "1960", "p1", "Nobody"):
        assert secret not in text


def test_a_whole_bundle_becomes_a_profile(tmp_path: Path) -> None:
    path = tmp_path / "bundle.json"
    path.write_text(whole(), encoding="utf-8")
    clinical = read_fhir_clinical(path, DAY)
    assert clinical.profile == ClinicalProfile(
        age_years=60.0,
        sex="F",
        ethnicity="white",
        total_cholesterol=Cholesterol.of(210, "mg/dL"),
        hdl=Cholesterol.of(1.3, "mmol/L"),
        ldl=Cholesterol.of(130, "mg/dL"),
        systolic_mmhg=135.0,
        diastolic_mmhg=80.0,
        on_bp_treatment=True,
        on_lipid_treatment=True,
        has_diabetes=True,
        is_smoker=False,
        has_family_history=True,
        bmi=73.5 / (165 * 0.01) ** 2,
        egfr=85.0,
        creatinine=Creatinine(value=0.8),
        uacr=AlbuminCreatinineRatio(value=10.0),
        hba1c=Hba1c(value=5.5),
    )
    assert clinical.wearables == {"steps_per_day": 7000, "sleep_hours": 7}
    assert clinical.unknown_codes == (f"{LOINC}|718-7",)
    assert "1 resources of other types were not read: Encounter" in clinical.notes
    assert "on_bp_treatment: an order is taken as use" in clinical.notes


def test_everything_used_says_where_it_is_from() -> None:
    used = {fact.variable: fact for fact in parse_fhir_clinical(whole(), DAY).used}
    assert (used["hdl"].entry, str(used["hdl"].coding), used["hdl"].day) == (3, f"{LOINC}|14646-4", date(2021, 3, 1))
    assert {"height", "weight"} <= set(used)
    assert used["has_diabetes"].day is None


def test_no_name_number_or_birth_date_leaves_the_reader() -> None:
    assert_nameless(repr(parse_fhir_clinical(whole(), DAY)))


def test_what_is_absent_is_not_known_unless_the_caller_vouches_for_the_lists() -> None:
    known = read(patient(), condition(ICD10CM, "I10"), drug(ATC, "A02BC01"))
    assert known.profile.has_diabetes is None
    assert known.profile.on_aspirin is None
    vouched = read(patient(), condition(ICD10CM, "I10"), drug(ATC, "A02BC01"), absent_means_no=True)
    answers = vouched.profile
    assert (answers.has_diabetes, answers.has_cvd, answers.on_dialysis) == (False, False, False)
    assert (answers.on_bp_treatment, answers.on_lipid_treatment, answers.on_aspirin) == (False, False, False)
    assert answers.is_smoker is None
    assert answers.has_family_history is None
    assert vouched.notes[-1] == (
        "taken as no because absent, as asked: has_diabetes, has_cvd, on_dialysis, "
        "on_bp_treatment, on_lipid_treatment, on_aspirin"
    )


def test_a_code_that_is_not_known_may_hide_a_yes_so_nothing_is_assumed() -> None:
    found = read(patient(), condition(SNOMED, "38341003"), drug(ATC, "A02BC01"), absent_means_no=True)
    assert found.profile.has_diabetes is None
    assert found.profile.on_aspirin is False
    assert found.unknown_codes == (f"{SNOMED}|38341003",)
    assert "has_cvd: not taken as absent, as 1 entries have no code that is known" in found.notes
    found = read(patient(), drug(RXNORM, "617310"), procedure("73761001"), absent_means_no=True)
    assert found.profile.on_lipid_treatment is None
    assert found.profile.has_cvd is False
    assert found.unknown_codes == (f"{SNOMED}|73761001", f"{RXNORM}|617310")
    both = read(condition(SNOMED, "38341003"), drug(RXNORM, "617310"), absent_means_no=True)
    assert both.profile == ClinicalProfile()
    assert not any("taken as no" in note for note in both.notes)


def test_a_known_code_beside_an_unknown_one_resolves_the_entry() -> None:
    both = condition(ICD10CM, "I10")
    both["code"] = concept((SNOMED, "38341003"), (ICD10CM, "I10"))
    found = read(patient(), both, absent_means_no=True)
    assert found.profile.has_diabetes is False
    assert found.unknown_codes == ()


def test_text_is_never_read_in_place_of_a_code() -> None:
    spoken = {**condition(ICD10CM, "E11"), "code": {"text": "Type 2 diabetes"}}
    found = read(patient(), spoken, {**drug(ATC, "C10AA05"), "medicationCodeableConcept": {"text": "atorvastatin"}})
    assert found.profile.has_diabetes is None
    assert found.profile.on_lipid_treatment is None


def test_a_page_of_several_never_tells_an_absence() -> None:
    text = bundle([patient()], type="searchset", link=[{"relation": "next", "url": "https://example.org/2"}])
    found = parse_fhir_clinical(text, DAY, absent_means_no=True)
    assert found.profile.has_diabetes is None
    assert any("one page of several" in note for note in found.notes)


# ---- the patient


@pytest.mark.parametrize(
    ("birth", "at", "age"),
    [
        ("1960-05-03", date(2021, 5, 2), 60.0),
        ("1960-05-03", date(2021, 5, 3), 61.0),
        ("1960-02-29", date(2021, 2, 28), 60.0),
        ("1960-02-29", date(2021, 3, 1), 61.0),
        ("1960-05", date(2021, 3, 1), 60.0),
        ("1960", date(2020, 12, 31), 60.0),
        ("1960", date(2021, 3, 1), None),
        (None, date(2021, 3, 1), None),
        ("1960-05-03", None, None),
    ],
)
def test_age_is_counted_in_completed_years_where_the_birth_date_allows(
    birth: str | None, at: date | None, age: float | None
) -> None:
    found = read(patient(birthDate=birth), at=at)
    assert found.profile.age_years == age
    assert any(note.startswith("age_years") for note in found.notes) is (age is None)


def test_a_patient_born_after_the_scan_is_refused_without_the_date() -> None:
    with pytest.raises(ImpossibleInputError, match="born after the day asked for") as refusal:
        read(patient(), at=date(1950, 1, 1))
    assert_nameless(str(refusal.value))


def test_a_child_is_refused() -> None:
    with pytest.raises(ImpossibleInputError, match="age of 12 years"):
        read(patient(birthDate="2009-01-01"))


@pytest.mark.parametrize(
    ("gender", "sex"), [("female", "F"), ("male", "M"), ("other", None), ("unknown", None), (None, None)]
)
def test_sex_is_the_administrative_one_where_it_is_female_or_male(gender: str | None, sex: str | None) -> None:
    found = read(patient(gender=gender))
    assert found.profile.sex == sex
    assert any(note.startswith("sex:") for note in found.notes) is (sex is None)


@pytest.mark.parametrize(
    ("extension", "ethnicity"),
    [
        (race("2106-3"), "white"),
        (race("2054-5"), "black"),
        (race("2028-9"), "asian"),
        (race("2028-9", detailed="2034-7"), "chinese"),
        (race(detailed="2034-7"), "chinese"),
        (race("1002-5"), "other"),
        (race("1002-5", "2076-8"), "other"),
        (race("2106-3", hispanic=True), "hispanic"),
        (race("2106-3", "2054-5"), None),
        (race("UNK"), None),
        ({}, None),
    ],
)
def test_ethnicity_is_read_from_us_core(extension: Json, ethnicity: str | None) -> None:
    assert read(patient(**extension)).profile.ethnicity == ethnicity


def test_a_bundle_without_a_patient_is_read_without_age_and_sex() -> None:
    found = read(observation("4548-4", quantity(6.5, "%")))
    assert found.profile == ClinicalProfile(hba1c=Hba1c(value=6.5))
    assert "the bundle holds no Patient: age and sex are not known" in found.notes


def test_resources_of_several_patients_are_refused() -> None:
    other = observation("4548-4", quantity(6.5, "%"), subject={"reference": "Patient/p2"})
    with pytest.raises(InputError, match="holds 2 patients"):
        read(patient(), patient(id="p2"))
    with pytest.raises(InputError, match="1 resources are of another patient"):
        read(patient(), other)
    with pytest.raises(InputError, match="1 resources are of another patient"):
        read(observation("4548-4", quantity(6.5, "%")), other)


@pytest.mark.parametrize(
    "reference", ["Patient/p1", "https://example.org/fhir/Patient/p1/_history/3", "urn:uuid:0"], ids=str
)
def test_a_patient_may_be_referred_to_in_every_way_of_the_standard(reference: str) -> None:
    found = read(patient(), observation("4548-4", quantity(6.5, "%"), subject={"reference": reference}))
    assert found.profile.hba1c == Hba1c(value=6.5)


def test_resources_that_name_no_patient_are_counted() -> None:
    anonymous = observation("4548-4", quantity(6.5, "%"))
    del anonymous["subject"]
    assert "1 resources name no patient; they were taken as this one's" in read(patient(), anonymous).notes


# ---- observations


def test_the_newest_final_observation_on_or_before_the_day_counts() -> None:
    found = read(
        observation("4548-4", quantity(5.0, "%"), when="2019-01-01"),
        observation("4548-4", quantity(6.0, "%"), when="2021-03-02T08:00:00Z", status="amended"),
        observation("4548-4", quantity(6.1, "%"), when="2021-03-02T09:00:00+02:00"),
        observation("4548-4", quantity(7.0, "%"), when="2021-03-02T10:00:00Z", status="preliminary"),
        observation("4548-4", quantity(8.0, "%"), when="2021-03-02T11:00:00Z", status="entered-in-error"),
        observation("4548-4", quantity(8.5, "%"), when="2021-03-02T11:00:00Z", status="made up"),
        observation("4548-4", quantity(9.0, "%"), when="2021-03-03"),
        observation("4548-4", quantity(9.5, "%"), when="2021"),
        observation("4548-4", quantity(9.7, "%"), when=None),
    )
    assert found.profile.hba1c == Hba1c(value=6.0)
    assert set(found.notes[1:]) >= {
        "hba1c: preliminary (1 left out)",
        "hba1c: entered-in-error (1 left out)",
        "hba1c: status is not final (1 left out)",
        "hba1c: not surely on or before the date asked for (2 left out)",
        "hba1c: without a date (1 left out)",
    }


def test_without_a_day_the_newest_of_all_counts_and_the_undated_only_alone() -> None:
    old, new = observation("4548-4", quantity(5, "%")), observation("4548-4", quantity(6, "%"), when="2031-01-01")
    undated = observation("4548-4", quantity(7, "%"), when=None)
    assert read(old, undated, new, at=None).profile.hba1c == Hba1c(value=6.0)
    assert read(undated, at=None).profile.hba1c == Hba1c(value=7.0)


def test_a_period_counts_by_its_end() -> None:
    span = {"start": "2020-01-01", "end": "2021-04-01"}
    assert read(observation("4548-4", quantity(5, "%"), when=None, effectivePeriod=span)).profile.hba1c is None
    begun = {"start": "2020-01-01"}
    assert read(observation("4548-4", quantity(5, "%"), when=None, effectivePeriod=begun)).profile.hba1c is not None
    moment = "2020-01-01T00:00:00Z"
    assert read(observation("4548-4", quantity(5, "%"), when=None, effectiveInstant=moment)).profile.hba1c is not None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"valueQuantity": quantity(60, "mL/min/{1.73_m2}", comparator=">")}, "a bound rather than a value"),
        ({"valueQuantity": {"value": 60, "unit": "mL/min"}}, "without a UCUM code of its unit"),
        ({"valueQuantity": {"value": 60, "system": "http://example.org", "code": "u"}}, "without a UCUM code"),
        ({"valueString": "sixty"}, "without a number"),
        ({"dataAbsentReason": concept(("x", "y"))}, "without a number"),
        ({"focus": [{"reference": "Patient/child"}]}, "of another than the patient"),
    ],
)
def test_what_has_no_usable_value_leaves_the_one_before_it(change: Json, reason: str) -> None:
    newest = {**observation("98979-8", when="2021-03-01"), **change}
    found = read(observation("98979-8", quantity(85, "mL/min/{1.73_m2}"), when="2020-01-01"), newest)
    assert found.profile.egfr == 85
    assert any(note.startswith(f"egfr: {reason}") for note in found.notes)


def test_formulas_that_ask_for_race_are_left_out() -> None:
    found = read(observation("48642-3", quantity(85, "mL/min/{1.73_m2}")))
    assert found.profile.egfr is None
    assert "egfr: by a formula that asks for race (1 left out)" in found.notes


def test_of_two_codes_of_one_moment_the_preferred_counts() -> None:
    found = read(
        observation("33914-3", quantity(70, "mL/min/{1.73_m2}")),
        observation("98979-8", quantity(85, "mL/min/{1.73_m2}")),
        observation("62238-1", quantity(80, "mL/min/{1.73_m2}")),
    )
    assert found.profile.egfr == 85


def test_values_of_one_moment_that_differ_leave_the_variable_unknown() -> None:
    found = read(observation("2085-9", quantity(50, "mg/dL")), observation("2085-9", quantity(60, "mg/dL")))
    assert found.profile.hdl is None
    assert "hdl: 2 values of one moment that differ; left unknown" in found.notes
    found = read(observation("2085-9", quantity(50, "mg/dL")), observation("2085-9", quantity(50.4, "mg/dL")))
    assert found.profile.hdl == Cholesterol(value=50.0)
    assert read(smoking(SNOMED, "77176002"), smoking(SNOMED, "8517006")).profile.is_smoker is None


def test_one_value_coded_by_mass_and_by_moles_is_read_by_its_unit() -> None:
    twice = observation("2093-3", quantity(5.4, "mmol/L"))
    twice["code"] = concept((LOINC, "2093-3"), (LOINC, "14647-2"))
    assert read(twice).profile.total_cholesterol == Cholesterol.of(5.4, "mmol/L")


@pytest.mark.parametrize(
    ("code", "value", "message"),
    [
        (
            "2093-3",
            quantity(5.4, "mmol/L"),
            "than mg/dL or g/L or mg/L; mmol/L is the unit of LOINC 14647-2: is the code or",
        ),
        ("4548-4", quantity(48, "mmol/mol"), "mmol/mol is the unit of LOINC 59261-8"),
        ("8480-6", quantity(135, "Testperson"), "in another unit than mm.Hg. or kPa$"),
        ("2093-3", quantity(5.4, "mg/dL"), "5.4 mmol/L would be usual"),
        ("4548-4", quantity(48, "%"), "48 mmol/mol would be usual"),
        ("8480-6", quantity(17, "mm[Hg]"), "kPa"),
        ("41950-7", quantity(8000, "m"), "steps_per_day in another unit than /d"),
        ("41950-7", quantity(-1, "/d"), "steps_per_day of -1; needed: 0 or more"),
    ],
)
def test_a_unit_that_the_code_does_not_have_is_refused_with_the_likely_cause(
    code: str, value: Json, message: str
) -> None:
    with pytest.raises(
        ImpossibleInputError, match=rf"^entry\[1\] \(.*{code}.*\).*{message}|^entry\[1\].*{message}"
    ) as refusal:
        read(patient(), observation(code, value))
    assert_nameless(str(refusal.value))


def test_every_value_at_fault_is_named_at_once_and_old_ones_do_not_matter() -> None:
    with pytest.raises(ImpossibleInputError) as refusal:
        read(
            observation("2093-3", quantity(5.4, "mmol/L")),
            observation("8480-6", quantity(17, "mm[Hg]")),
            observation("4548-4", quantity(48, "mmol/mol"), when="2001-01-01"),
            observation("4548-4", quantity(6, "%")),
        )
    assert [line.split()[0] for line in str(refusal.value).splitlines()] == ["entry[0]", "entry[1]"]


def test_values_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ImpossibleInputError, match="swapped"):
        read(blood_pressure(80, 120))


def test_body_mass_index_goes_before_height_and_weight() -> None:
    height, weight = observation("8302-2", quantity(65, "[in_i]")), observation("29463-7", quantity(162, "[lb_av]"))
    assert read(height, weight).profile.bmi == pytest.approx(26.96, abs=0.01)
    found = read(height, weight, observation("39156-5", quantity(27.5, "kg/m2")))
    assert found.profile.bmi == 27.5
    assert [fact.variable for fact in found.used] == ["bmi"]
    assert read(height).profile.bmi is None
    assert read(height).used == ()


@pytest.mark.parametrize(
    ("system", "code", "answer"),
    [
        (SNOMED, "449868002", True),
        (SNOMED, "428041000124106", True),
        (SNOMED, "8517006", False),
        (SNOMED, "266919005", False),
        (LOINC, "LA18978-9", False),
        (SNOMED, "266927001", None),
        (SNOMED, "999", None),
    ],
)
def test_smoking_is_read_from_its_answer(system: str, code: str, answer: bool | None) -> None:
    found = read(smoking(system, code), smoking(SNOMED, "77176002", when="2011-01-01"))
    assert found.profile.is_smoker is answer
    assert ("is_smoker: the newest answer does not tell" in found.notes) is (answer is None)


def test_unknown_codes_are_listed_once_and_sorted_without_panels() -> None:
    found = read(
        observation("718-7", quantity(14, "g/dL")),
        observation("718-7", quantity(15, "g/dL")),
        observation("2951-2", quantity(140, "mmol/L")),
        observation("85354-9", quantity(1, "1")),
        blood_pressure(135, 80),
    )
    assert found.unknown_codes == (f"{LOINC}|2951-2", f"{LOINC}|718-7")


def test_wearables_are_averaged_up_to_the_day() -> None:
    found = read(
        observation("40443-4", quantity(60, "/min"), when="2021-01-01"),
        observation("40443-4", quantity(70, "{beats}/min"), when="2021-02-01"),
        observation("40443-4", quantity(90, "/min"), when="2022-02-01"),
        observation("93832-4", quantity(6, "h"), when="2021-02-01"),
        observation("93832-4", quantity(480, "min"), when="2021-02-02"),
    )
    assert found.wearables == {"resting_heart_rate_bpm": 65, "sleep_hours": 7}


@pytest.mark.parametrize("code", ["2093-3", "2085-9", "18262-6", "13457-7", "2089-1"])
def test_cholesterol_by_mass_may_come_in_grams_and_creatinine_may_not(code: str) -> None:
    for value, unit in ((0.6, "g/L"), (600, "mg/L")):
        found = read(observation(code, quantity(value, unit))).used[0].value
        assert isinstance(found, Cholesterol)
        assert found.mg_dl == pytest.approx(60)
    with pytest.raises(ImpossibleInputError, match="creatinine in another unit than mg/dL"):
        read(observation("2160-0", quantity(0.01, "g/L")))


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(MEASURES), st.data())
def test_every_measure_reads_as_the_same_text_does(measure: Measure, data: st.DataObject) -> None:
    reader = INPUTS[measure.variable]
    assert isinstance(reader, Amount)
    code, unit = data.draw(st.sampled_from(list(measure.units.items())))
    text = next(e for e in reader.examples if e[0].isdigit())
    example = reader.parse(text)
    canonical = example.value if isinstance(example, Quantity) else float(example)
    scale = reader.units[unit]
    number = round((canonical - scale.offset) / scale.factor, 6)
    found = read(observation(measure.code, quantity(number, code)))
    expected = reader.of(number, unit)
    if measure.variable in {"height", "weight"}:
        assert found.used == ()
    else:
        assert getattr(found.profile, measure.variable) == expected
        assert found.used[0].value == expected


def test_every_measure_has_a_meaning_and_units_that_its_variable_knows() -> None:
    assert len({m.code for m in (*MEASURES, *WEARABLES)}) == len(MEASURES) + len(WEARABLES)
    for measure in MEASURES:
        reader = INPUTS[measure.variable]
        assert isinstance(reader, Amount)
        assert measure.meaning.endswith(".")
        assert all(reader.find_unit(unit) == unit for unit in measure.units.values())
        assert all(float(unit) > 0 for wearable in WEARABLES for unit in wearable.units.values())


def test_the_reference_names_every_variable_and_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "clinical-input.md").read_text(encoding="utf-8")
    codes = {*RACE_SPECIFIC, *CONDITIONS_SNOMED, *PROCEDURES_SNOMED, *(m.code for m in (*MEASURES, *WEARABLES))}
    assert [name for name in (*INPUTS, *codes) if name not in page] == []


# ---- conditions, procedures, drugs, family


@pytest.mark.parametrize(
    ("system", "code", "variable", "answer"),
    [
        (ICD10CM, "E11.9", "has_diabetes", True),
        (ICD10CM, "E1165", "has_diabetes", True),
        ("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "E10.90+", "has_diabetes", True),
        ("http://hl7.org/fhir/sid/icd-10", "e14", "has_diabetes", True),
        (ICD10CM, "E09.9", "has_diabetes", None),
        (SNOMED, "44054006", "has_diabetes", True),
        (ICD10CM, "I21.4", "has_cvd", True),
        (ICD10CM, "I25.10", "has_cvd", True),
        (ICD10CM, "I25.84", "has_cvd", None),
        (ICD10CM, "I70.0", "has_cvd", None),
        (ICD10CM, "I70.213", "has_cvd", True),
        (ICD10CM, "G45.4", "has_cvd", None),
        (SNOMED, "399211009", "has_cvd", True),
        (ICD10CM, "Z99.2", "on_dialysis", True),
        (SNOMED, "105502003", "on_dialysis", True),
        (ICD10CM, "Z82.49", "has_family_history", None),
        ("http://example.org", "E11", "has_diabetes", None),
    ],
)
def test_conditions_are_read_by_code(system: str, code: str, variable: str, answer: bool | None) -> None:
    assert getattr(read(condition(system, code)).profile, variable) is answer


@pytest.mark.parametrize(
    ("change", "diabetes", "disease"),
    [
        ({"status": "active"}, True, True),
        ({"status": "relapse"}, True, True),
        ({"status": "resolved"}, None, True),
        ({"status": "remission"}, None, True),
        ({"verified": "refuted"}, False, False),
        ({"verified": "entered-in-error"}, False, False),
        ({"verified": "provisional"}, None, None),
        ({"onsetDateTime": "2021-03-03"}, False, False),
        ({"onsetDateTime": "2020"}, True, True),
        ({"recordedDate": "2021-05-01"}, False, False),
        ({"onsetPeriod": {"start": "2020-01-01"}}, True, True),
        ({"abatementDateTime": "2020-01-01"}, None, True),
        ({"abatementDateTime": "2021-03-02"}, None, True),
        ({"abatementDateTime": "2021-06-01", "status": "resolved"}, True, True),
        ({"clinicalStatus": None, "verificationStatus": None}, True, True),
    ],
)
def test_a_condition_counts_if_it_was_there_on_the_day_and_sure(
    change: Json, diabetes: bool | None, disease: bool | None
) -> None:
    found = read(condition(ICD10CM, "E11", **change), condition(ICD10CM, "I21", **change), absent_means_no=True)
    assert (found.profile.has_diabetes, found.profile.has_cvd) == (diabetes, disease)
    undecided = [note for note in found.notes if note.endswith("a code says neither yes nor no")]
    assert len(undecided) == [diabetes, disease].count(None)


def test_a_sure_condition_goes_before_an_unsure_one() -> None:
    assert read(condition(ICD10CM, "E09"), condition(ICD10CM, "E11")).profile.has_diabetes is True


@pytest.mark.parametrize(
    ("resource", "variable", "answer"),
    [
        (procedure("415070008"), "has_cvd", True),
        (procedure("415070008", "not-done"), "has_cvd", None),
        (procedure("415070008", performedDateTime="2021-05-01"), "has_cvd", None),
        (procedure("415070008", performedPeriod={"start": "2020-05-01"}), "has_cvd", True),
        (procedure("265764009", "in-progress"), "on_dialysis", True),
    ],
)
def test_procedures_count_once_they_are_done(resource: Json, variable: str, answer: bool | None) -> None:
    found = read(resource)
    assert getattr(found.profile, variable) is answer
    assert ("on_dialysis: a procedure is taken as chronic dialysis" in found.notes) is (variable == "on_dialysis")


@pytest.mark.parametrize(
    ("system", "code", "lipids", "pressure", "aspirin"),
    [
        (ATC, "C10AA05", True, False, False),
        (ATC, "C10BX03", True, None, None),
        (ATC, "C09AA05", False, True, False),
        (ATC, "C02KX01", False, None, False),
        (ATC, "C07FX03", False, True, True),
        (ATC, "B01AC06", False, False, True),
        (ATC, "N02BA01", False, False, None),
        ("http://fhir.de/CodeSystem/bfarm/atc", "A10BH51", True, False, False),
        (ATC, "A10BA02", False, False, False),
        (RXNORM, "83367", True, False, False),
        (RXNORM, "1191", False, False, True),
        (RXNORM, "6809", None, None, None),
    ],
)
def test_drugs_are_read_by_class_or_ingredient(
    system: str, code: str, lipids: bool | None, pressure: bool | None, aspirin: bool | None
) -> None:
    found = read(drug(system, code), absent_means_no=True).profile
    assert (found.on_lipid_treatment, found.on_bp_treatment, found.on_aspirin) == (lipids, pressure, aspirin)


@pytest.mark.parametrize(
    ("resource", "is_taken"),
    [
        (drug(ATC, "C10AA05"), True),
        (drug(ATC, "C10AA05", "completed"), None),
        (drug(ATC, "C10AA05", "not-taken"), None),
        (drug(ATC, "C10AA05", effectiveDateTime="2021-04-01"), None),
        (drug(ATC, "C10AA05", effectivePeriod={"start": "2020-01-01", "end": "2020-06-01"}), None),
        (drug(ATC, "C10AA05", "completed", effectivePeriod={"start": "2020-01-01", "end": "2021-06-01"}), True),
        (drug(ATC, "C10AA05", "stopped", effectivePeriod={"start": "2020-01-01", "end": "2021-03-02"}), True),
        (drug(ATC, "C10AA05", "completed", effectivePeriod={"start": "2021-04-01", "end": "2021-06-01"}), None),
        (drug(ATC, "C10AA05", "not-taken", effectivePeriod={"start": "2020-01-01", "end": "2021-06-01"}), None),
        (order(ATC, "C10AA05"), True),
        (order(ATC, "C10AA05", "stopped"), None),
        (order(ATC, "C10AA05", intent="proposal"), None),
        (order(ATC, "C10AA05", doNotPerform=True), None),
        (order(ATC, "C10AA05", authoredOn="2021-04-01"), None),
        (order(ATC, "C10AA05", authoredOn="2021-03-02T23:00:00-05:00"), True),
    ],
)
def test_a_drug_counts_while_it_is_taken_or_ordered(resource: Json, is_taken: bool | None) -> None:
    assert read(resource).profile.on_lipid_treatment is is_taken


def test_a_drug_may_be_a_resource_of_its_own_with_ingredients() -> None:
    ingredients = [{"itemCodeableConcept": concept((RXNORM, code))} for code in ("83367", "17767")]
    medication: Json = {"resourceType": "Medication", "id": "m1", "code": concept((RXNORM, "597987"))}
    medication["ingredient"] = ingredients
    for reference, extra in (("Medication/m1", {}), ("urn:uuid:0", {}), ("#m1", {"contained": [medication]})):
        taken = {**drug(ATC, "x"), "medicationReference": {"reference": reference}, **extra}
        del taken["medicationCodeableConcept"]
        found = read(*([] if extra else [medication]), patient(), taken, absent_means_no=True)
        profile = found.profile
        assert (profile.on_lipid_treatment, profile.on_bp_treatment, profile.on_aspirin) == (True, True, False)
    lost = {**drug(ATC, "x"), "medicationReference": {"reference": "Medication/m9"}}
    del lost["medicationCodeableConcept"]
    assert read(lost, absent_means_no=True).profile.on_aspirin is None
    medication["ingredient"] = [*ingredients[:1], {"itemCodeableConcept": concept((RXNORM, "6809"))}]
    taken = {**lost, "medicationReference": {"reference": "Medication/m1"}}
    found = read(medication, taken, absent_means_no=True)
    assert (found.profile.on_lipid_treatment, found.profile.on_bp_treatment) == (True, None)
    assert found.unknown_codes == (f"{RXNORM}|597987", f"{RXNORM}|6809")


@pytest.mark.parametrize(
    ("resource", "answer"),
    [
        (relative("FTH", ICD10CM, "I21.9"), True),
        (relative("NSIS", SNOMED, "22298006"), True),
        (relative("FTH", ICD10CM, "I10"), None),
        (relative("FTH", SNOMED, "53741008"), None),
        (relative("UNCLE", ICD10CM, "I21.9"), None),
        (relative("FTH", ICD10CM, "I21.9", "entered-in-error"), None),
    ],
)
def test_a_heart_attack_of_parents_siblings_and_children_counts(resource: Json, answer: bool | None) -> None:
    assert read(resource).profile.has_family_history is answer


# ---- what is no bundle


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("<Bundle/>", "is not JSON"),
        ('{"resourceType": "Bundle", "total": NaN}', "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "not a FHIR bundle"),
        ('{"resourceType": "Patient"}', "not a FHIR bundle"),
        ('{"resourceType": "Bundle", "type": "history"}', "history bundle"),
        ('{"resourceType": "Bundle", "entry": {}}', "entry. are not a list"),
        ('{"resourceType": "Bundle", "entry": [{"resource": {}}]}', r"entry\[0\] holds no resource of FHIR"),
        ('{"resourceType": "Bundle", "entry": [{"resource": 5}]}', r"entry\[0\] holds no resource of FHIR"),
    ],
)
def test_what_is_no_bundle_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_fhir_clinical(text)


def test_an_empty_bundle_tells_nothing() -> None:
    text = '{"resourceType": "Bundle", "type": "batch-response", "entry": [{"response": {"status": "200"}}, 5]}'
    assert parse_fhir_clinical(text).profile == ClinicalProfile()


@pytest.mark.parametrize(
    ("resource", "field"),
    [
        ({"resourceType": "Observation", "code": concept((LOINC, "718-7"))}, "status is missing"),
        ({**observation("718-7"), "code": None}, "code is missing"),
        (observation("718-7", when=f"{NAME}"), "effectiveDateTime can not be used"),
        ({**observation("718-7"), NAME: 1}, "the resource has a field that FHIR R4 does not know"),
        ({**observation("718-7"), "code": {"coding": [{NAME: 1}]}}, "code.coding.0 has a field that FHIR R4 does not"),
        (observation("718-7", quantity(1, "%"), valueString="1"), "the resource can not be used"),
    ],
)
def test_a_resource_that_is_not_as_the_standard_wants_is_named_by_place_and_field(resource: Json, field: str) -> None:
    with pytest.raises(InputError) as refusal:
        read(patient(), resource)
    assert f"entry[1] (Observation): {field}" in str(refusal.value)
    assert_nameless(str(refusal.value))


def test_many_faults_are_counted_rather_than_listed() -> None:
    with pytest.raises(InputError, match=r"\nand 3 more$"):
        read(*[observation("718-7", when="soon")] * (SHOWN + 3))


def test_files_that_can_not_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_fhir_clinical(tmp_path / "none.json")
    path = tmp_path / "latin.json"
    path.write_bytes(b'{"\xe9": 1}')
    with pytest.raises(InputError, match="not UTF-8"):
        read_fhir_clinical(path)


def test_without_the_extra_its_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    known = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name.startswith("fhir"):
            raise ImportError(name)
        return known(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(MissingExtraError, match=r"vascal\[fhir\]"):
        parse_fhir_clinical(bundle([patient()]))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "2021", "2021-02-30", "x", "%", "final"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["coding", "code", "system", "value", "status", "valueQuantity", "component", "extension"]),
        inner,
        max_size=4,
    ),
    max_leaves=8,
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(st.sampled_from([json.loads(whole())["entry"][i]["resource"] for i in (0, 1, 2, 12, 14, 15, 16)]), st.data())
def test_damaged_resources_are_read_or_refused_but_never_crash(resource: Json, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(sorted(set(resource) - {"resourceType"})))
    damaged = {**resource, field: data.draw(_JSON)}
    try:
        outcome = repr(parse_fhir_clinical(bundle([damaged]), DAY))
    except VascalError as error:
        outcome = str(error)
    assert NAME not in outcome


def test_moments_are_as_vague_as_they_are_written() -> None:
    for text, last in (("2020", (2020, 12, 31)), ("2020-02", (2020, 2, 29)), ("2021-12", (2021, 12, 31))):
        when = read_when(text)
        assert when is not None
        assert when.last_day == date(*last)
        assert when.day is None
    naive = read_when("2021-01-01T10:00:00")
    assert naive is not None
    assert naive.day == date(2021, 1, 1)
    assert read_when(None) is None
    assert read_when("2016-12-31T23:59:60Z") == read_when("2016-12-31T23:59:59Z")
