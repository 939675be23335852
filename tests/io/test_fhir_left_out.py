"""What was not so on the day of the scan is left out aloud, and a patient who had died is questioned."""

from datetime import date
from typing import Any

import pytest

from tests.io.fhir_bundles import ATC, ICD10CM, Json, condition, drug, order, patient, procedure
from tests.io.test_fhir_clinical import read

DRUGS = "{} drugs were left out: not taken on the day of the scan, by their dates or status"
BEGUN = "{} conditions or procedures were left out: begun or first recorded after the scan"
DIED = "the Patient had died before the scan, by the bundle: is it this patient's?"


@pytest.mark.parametrize("resource", [
    drug(ATC, "C10AA05", effectivePeriod={"start": "2020-01-01", "end": "2020-06-01"}),
    drug(ATC, "C10AA05", effectivePeriod={"start": "2021-04-01"}),
    drug(ATC, "C10AA05", effectiveDateTime="2021-04-01"),
    drug(ATC, "C10AA05", "stopped"),
    drug(ATC, "C10AA05", "completed"),
    order(ATC, "C10AA05", authoredOn="2021-04-01"),
    order(ATC, "C10AA05", "stopped"),
])  # fmt: skip
def test_drugs_ended_or_begun_later_are_counted_in_one_note(resource: Json) -> None:
    notes = read(patient(), resource, resource, drug(ATC, "B01AC06")).notes
    assert [note for note in notes if "left out" in note] == [DRUGS.format(2)]


def test_drugs_that_were_taken_are_not_counted() -> None:
    assert not any("left out" in note for note in read(patient(), drug(ATC, "C10AA05"), order(ATC, "C10AA05")).notes)


@pytest.mark.parametrize("status", ["entered-in-error", "draft"])
def test_orders_that_were_none_are_not_counted(status: str) -> None:
    assert not any("left out" in note for note in read(patient(), order(ATC, "C10AA05", status)).notes)


def test_conditions_and_procedures_of_later_are_counted_in_one_note() -> None:
    found = read(
        patient(),
        condition(ICD10CM, "E11", onsetDateTime="2021-03-03"),
        condition(ICD10CM, "E11", onsetDateTime="2021-03-03", verified="refuted"),
        condition(ICD10CM, "I21", recordedDate="2022-01-01"),
        procedure("415070008", performedDateTime="2021-05-01"),
        procedure("415070008", "not-done", performedDateTime="2021-05-01"),
        condition(ICD10CM, "I10"),
    )
    assert [note for note in found.notes if "left out" in note] == [BEGUN.format(3)]
    assert found.profile.has_diabetes is None


def test_without_a_day_only_the_status_tells() -> None:
    found = read(patient(), drug(ATC, "C10AA05", "stopped"), condition(ICD10CM, "E11", onsetDateTime="2050"), at=None)
    assert [note for note in found.notes if "left out" in note] == ["1 drugs were left out: not taken, by their status"]
    assert found.profile.has_diabetes is True


@pytest.mark.parametrize(
    ("more", "at", "is_noted"),
    [
        ({"deceasedDateTime": "2021-03-01"}, date(2021, 3, 2), True),
        ({"deceasedDateTime": "2020"}, date(2021, 3, 2), True),
        ({"deceasedDateTime": "2021-03-01T10:00:00Z"}, date(2021, 3, 2), True),
        ({"deceasedDateTime": "2021-03-02"}, date(2021, 3, 2), False),
        ({"deceasedDateTime": "2021"}, date(2021, 3, 2), False),
        ({"deceasedDateTime": "2030-01-01"}, date(2021, 3, 2), False),
        ({"deceasedDateTime": "2020"}, None, False),
        ({"deceasedBoolean": True}, date(2021, 3, 2), False),
        ({}, date(2021, 3, 2), False),
    ],
)
def test_a_patient_who_had_died_before_the_scan_is_questioned(more: Json, at: Any, is_noted: bool) -> None:
    found = read(patient(**more), at=at)
    assert (DIED in found.notes) is is_noted
    assert found.profile.sex == "F"
