"""Data of two people never make one profile, however their records refer to them."""

import json
from collections.abc import Sequence

import pytest

from tests.io.fhir_bundles import Json, observation, patient, quantity
from vascal.errors import InputError
from vascal.io.fhir_clinical import FhirClinical, parse_fhir_clinical
from vascal.risk.quantity import Cholesterol, Hba1c

A, B = "https://a.org/fhir", "https://b.org/fhir"
MRN, NATIONAL = "http://hospital.example/mrn", "http://state.example/id"


def read(*entries: Json | tuple[str, Json]) -> FhirClinical:
    """Read resources, each alone or behind its address."""
    placed = [entry if isinstance(entry, tuple) else ("", entry) for entry in entries]
    listed = [({"fullUrl": url} if url else {}) | {"resource": body} for url, body in placed]
    return parse_fhir_clinical(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": listed}))


def hba1c(subject: Json) -> Json:
    return observation("4548-4", quantity(6.5, "%"), subject=subject)


def hdl(subject: Json) -> Json:
    return observation("2085-9", quantity(50, "mg/dL"), subject=subject)


def at(address: str) -> Json:
    return {"reference": address}


def known_as(value: str, system: str = MRN) -> Json:
    return {"identifier": {"system": system, "value": value}}


DIFFERENT: Sequence[tuple[str, list[Json | tuple[str, Json]]]] = (
    ("two servers", [hba1c(at(f"{A}/Patient/p1")), hdl(at(f"{B}/Patient/p1"))]),
    ("two servers, and an address that fits both", [
        hba1c(at(f"{A}/Patient/p1")), hba1c(at("Patient/p1")), hdl(at(f"{B}/Patient/p1")),
    ]),
    ("two servers beside a patient without an address", [
        patient(), hba1c(at(f"{A}/Patient/p1")), hdl(at(f"{B}/Patient/p1")),
    ]),
    ("another server than the patient's", [(f"{A}/Patient/p1", patient()), hba1c(at(f"{B}/Patient/p1"))]),
    ("relative addresses on two servers", [
        (f"{A}/Observation/1", hba1c(at("Patient/p1"))), (f"{B}/Observation/1", hdl(at("Patient/p1"))),
    ]),
    ("a relative address on another server than the patient's", [
        (f"{A}/Patient/p1", patient()), (f"{B}/Observation/1", hba1c(at("Patient/p1"))),
    ]),
    ("a letter of the address", [hba1c(at(f"{A}/Patient/p1")), hdl(at(f"{A}/Patient/P1"))]),
    ("two numbers", [hba1c(known_as("SECRET1")), hdl(known_as("SECRET2"))]),
    ("two systems of numbers", [hba1c(known_as("SECRET1")), hdl(known_as("SECRET1", NATIONAL))]),
    ("a number that the patient does not have", [
        patient(identifier=[{"system": MRN, "value": "SECRET1"}]), hba1c(known_as("SECRET2")),
    ]),
    ("a number, and a patient without one", [patient(identifier=None), hba1c(known_as("SECRET1"))]),
    ("one address with two numbers", [
        hba1c({**at("Patient/p1"), **known_as("SECRET1")}), hdl({**at("Patient/p1"), **known_as("SECRET2")}),
    ]),
    ("the patient's address with another number", [
        patient(identifier=[{"system": MRN, "value": "SECRET1"}]), hdl({**at("Patient/p1"), **known_as("SECRET2")}),
    ]),
    ("numbers and addresses that nothing joins", [hba1c(known_as("SECRET1")), hdl(at("Patient/p1"))]),
    ("parts of two records", [hba1c(at("#p1")), hdl(at("#p1"))]),
)  # fmt: skip


@pytest.mark.parametrize("entries", [case for _, case in DIFFERENT], ids=[name for name, _ in DIFFERENT])
def test_records_that_may_be_of_two_people_are_refused_without_naming_either(
    entries: list[Json | tuple[str, Json]],
) -> None:
    with pytest.raises(InputError, match="another patient") as refusal:
        read(*entries)
    assert not any(secret in str(refusal.value) for secret in ("SECRET", "p1", "a.org", "b.org", "example"))


SAME: Sequence[tuple[str, list[Json | tuple[str, Json]]]] = (
    ("one server", [hba1c(at(f"{A}/Patient/p1")), hdl(at(f"{A}/Patient/p1/_history/2"))]),
    ("with and without the lock of the web", [
        hba1c(at("http://A.org/fhir/Patient/p1")), hdl(at("https://a.org/fhir/Patient/p1/")),
    ]),
    ("relative and whole", [hba1c(at(f"{A}/Patient/p1")), hdl(at("Patient/p1"))]),
    ("relative on the patient's server", [
        (f"{A}/Patient/p1", patient()), (f"{A}/Observation/1", hba1c(at("Patient/p1"))), hdl(at(f"{A}/Patient/p1")),
    ]),
    ("relative in a record of a document", [
        (f"{A}/Patient/p1", patient()), ("urn:uuid:7", hba1c(at("Patient/p1"))), hdl(at("Patient/p1")),
    ]),
    ("an address of a document", [("urn:uuid:7", patient()), hba1c(at("urn:uuid:7")), hdl(at("Patient/p1"))]),
    ("one number", [hba1c(known_as("SECRET1")), hdl(known_as("SECRET1"))]),
    ("one of the patient's numbers", [
        patient(identifier=[{"system": MRN, "value": "SECRET1"}, {"system": MRN, "value": "SECRET2"}]),
        hba1c(known_as("SECRET1")), hdl(known_as("SECRET2")),
    ]),
    ("a record that joins number and address", [
        hba1c(known_as("SECRET1")), hdl({**at("Patient/p1"), **known_as("SECRET1")}), hdl(at("Patient/p1")),
    ]),
    ("numbers of two systems at one address", [
        hba1c({**at("Patient/p1"), **known_as("SECRET1")}), hdl({**at("Patient/p1"), **known_as("X", NATIONAL)}),
    ]),
)  # fmt: skip


@pytest.mark.parametrize("entries", [case for _, case in SAME], ids=[name for name, _ in SAME])
def test_one_patient_may_be_referred_to_in_several_ways(entries: list[Json | tuple[str, Json]]) -> None:
    profile = read(*entries).profile
    assert profile.hba1c == Hba1c(value=6.5)
    assert profile.hdl in (None, Cholesterol(value=50.0))


def test_a_name_alone_names_no_patient() -> None:
    found = read(patient(), hba1c({"display": "Somebody"}), hdl({"identifier": {"system": MRN}}))
    assert "2 resources name no patient; they were taken as this one's" in found.notes
