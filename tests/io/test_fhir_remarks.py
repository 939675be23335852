"""What is not read is said in words that name nobody: known types and codes by name, others by their place."""

from typing import Any

import pytest

from tests.io.fhir_bundles import (
    ATC,
    ICD10CM,
    LOINC,
    NAME,
    RXNORM,
    SNOMED,
    Json,
    bundle,
    condition,
    drug,
    observation,
    patient,
    procedure,
    quantity,
    relative,
)
from tests.io.test_fhir_clinical import DAY, read
from vascal.io.fhir_clinical import parse_fhir_clinical

LOCAL = "http://local/Testperson"


def coded(system: str, code: str) -> Json:
    body = observation("718-7", quantity(14, "g/dL"))
    body["code"] = {"coding": [{"system": system, "code": code}]}
    return body


def test_types_that_fhir_does_not_know_are_counted_and_not_named() -> None:
    strange: Json = {"resourceType": "Testperson"}
    found = read(patient(), {"resourceType": "Encounter"}, strange, strange)
    note = "3 resources of other types were not read: Encounter, types that FHIR does not know"
    assert note in found.notes
    assert "Testperson" not in repr(found)


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (LOCAL, "Testperson MRN"),
        ("", "Testperson"),
        ("", "718-7"),
        (LOINC, "Testperson"),
        (LOINC, "718-7 Testperson"),
        (SNOMED, "Testperson"),
        (ICD10CM, "E11 Testperson"),
        (RXNORM, "Testperson"),
        (ATC, "Testperson"),
        (ATC, "C10AA05 Testperson"),
        ("urn:Testperson", "718-7"),
    ],
)
@pytest.mark.parametrize("make", [coded, condition, drug, relative], ids=["observation", "condition", "drug", "family"])
def test_a_local_code_is_named_by_its_place_alone(make: Any, system: str, code: str) -> None:
    resource = make("FTH", system, code) if make is relative else make(system, code)
    found = parse_fhir_clinical(bundle([patient(), resource, resource]), DAY, absent_means_no=True)
    assert found.unknown_codes == ("a local code, entry[1]",)
    assert found.used == ()
    assert "Testperson" not in repr(found)
    assert NAME not in repr(found)


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        (coded(LOINC, "718-7"), f"{LOINC}|718-7"),
        (coded(LOINC, "LP1234-5"), f"{LOINC}|LP1234-5"),
        (coded(ICD10CM, "S72.001A"), f"{ICD10CM}|S72.001A"),
        (coded(ATC, "A10BA02"), f"{ATC}|A10BA02"),
        (drug(RXNORM, "617310"), f"{RXNORM}|617310"),
        (procedure("73761001"), f"{SNOMED}|73761001"),
    ],
)
def test_a_code_of_a_known_system_is_named(resource: Json, code: str) -> None:
    assert read(patient(), resource).unknown_codes == (code,)


def test_several_local_codes_are_named_in_the_order_of_their_places() -> None:
    resources = [coded(LOCAL, f"{number}") for number in range(11)]
    assert read(*resources).unknown_codes[1:3] == ("a local code, entry[1]", "a local code, entry[2]")
