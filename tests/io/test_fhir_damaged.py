"""A damaged bundle is refused in plain words, never with a crash and never with a sentence of Python's."""

import json
from typing import Any

import pytest

from tests.io.fhir_bundles import Json, observation, patient, quantity
from tests.io.test_fhir_clinical import DAY, read
from vascal.errors import ImpossibleInputError, InputError
from vascal.io.fhir_clinical import parse_fhir_clinical


def nest(times: int, inside: Any = "x", *, name: str = "") -> Any:
    for _ in range(times):
        inside = {name: inside} if name else [inside]
    return inside


@pytest.mark.parametrize("resource", [
    patient(name=nest(900)),
    patient(extension=nest(900, name="extension")),
    observation("718-7", component=nest(900)),
], ids=["lists", "fields", "components"])  # fmt: skip
def test_what_is_nested_too_deeply_is_refused_by_its_place(resource: Json) -> None:
    with pytest.raises(InputError, match=r"^entry\[1\] \(\w+\) holds fields within fields more than 64 deep"):
        read(observation("4548-4", quantity(6, "%")), resource)


def test_a_depth_that_records_may_have_is_read() -> None:
    deep: Json = {"url": "http://x", "valueString": "y"}
    for _ in range(20):
        deep = {"url": "http://x", "extension": [deep]}
    assert read(patient(extension=[deep])).profile.sex == "F"


def test_a_number_too_large_for_a_computer_is_refused() -> None:
    for code, unit in (("2093-3", "mg/dL"), ("41950-7", "/d")):
        with pytest.raises(ImpossibleInputError, match=rf"entry\[0\] \(Observation\), LOINC {code}: the number is too"):
            read(observation(code, quantity(10**400, unit)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"entry": None}, r"the bundle's entries \(Bundle.entry\) are not a list; is the file damaged\?"),
        ({"entry": {}}, r"the bundle's entries \(Bundle.entry\) are not a list"),
        ({"entry": "x"}, r"the bundle's entries \(Bundle.entry\) are not a list"),
        ({"link": 5}, r"the bundle's links \(Bundle.link\) are not a list"),
        ({"link": {"relation": "next"}}, r"the bundle's links \(Bundle.link\) are not a list"),
        ({"entry": [{"resource": []}]}, r"entry\[0\] holds no resource of FHIR: its resourceType is missing"),
        ({"entry": [{"resource": {"resourceType": 5}}]}, r"entry\[0\] holds no resource of FHIR"),
    ],
)
def test_the_frame_of_a_bundle_is_checked_in_plain_words(change: Json, message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        parse_fhir_clinical(json.dumps({"resourceType": "Bundle", "type": "collection", **change}), DAY)
    assert not any(word in str(refusal.value) for word in ("None", "str", "dict", "indices"))
