"""Results as FHIR R4: valid by the standard's models, closed in themselves, and never more than was found."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.io.result_kinds import IDENTITY, KINDS, make_ct, make_enhanced_ct, make_graded_film, make_odd_ct
from vascal.errors import InputError
from vascal.io.fhir_bundle import parse_bundle
from vascal.io.fhir_report import report_to_fhir
from vascal.io.private_codes import PRIVATE_CODES, SCHEME_URI

Json = dict[str, Any]
SCORE_CODES = {"450734004", "450360000"}
NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def resources(bundle: bytes, kind: str) -> list[Json]:
    return [entry["resource"] for entry in json.loads(bundle)["entry"] if entry["resource"]["resourceType"] == kind]


def parts_of(content: object) -> Iterator[Json]:
    """Every object inside a JSON value."""
    if isinstance(content, dict):
        yield content
    inside = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    for part in inside:
        yield from parts_of(part)


def codes_of(concept: Json) -> set[str]:
    return {coding["code"] for coding in concept["coding"]}


def total_of(bundle: bytes) -> Json:
    [report] = resources(bundle, "DiagnosticReport")
    [result] = report["result"]
    return next(one for one in resources(bundle, "Observation") if result["reference"] == f"urn:uuid:{one['id']}")


def component(observation: Json, code: str) -> Json:
    return next(part for part in observation["component"] if code in codes_of(part["code"]))


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("identity", [None, IDENTITY], ids=["anonymous", "named"])
@pytest.mark.parametrize("written_at", [None, NOW], ids=["undated", "dated"])
def test_every_bundle_is_valid_by_the_models_of_the_standard(
    make: Callable[[], Json], identity: Any, written_at: datetime | None
) -> None:
    bundle = report_to_fhir(make(), identity=identity, pdf=b"%PDF-1.7", written_at=written_at)
    Bundle.model_validate_json(bundle)


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_every_reference_leads_to_one_resource_of_the_bundle(make: Callable[[], Json]) -> None:
    bundle = json.loads(report_to_fhir(make(), identity=IDENTITY))
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    assert all(entry["fullUrl"] == f"urn:uuid:{entry['resource']['id']}" for entry in bundle["entry"])
    references = {part["reference"] for part in parts_of(bundle) if "reference" in part}
    assert references <= set(urls)
    kinds = {entry["fullUrl"]: entry["resource"]["resourceType"] for entry in bundle["entry"]}
    reached = {kinds[url] for url in references}
    assert {"Patient", "Observation", "Device", "DiagnosticReport"} <= reached


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_the_same_result_gives_the_same_bytes_and_nothing_is_final(make: Callable[[], Json]) -> None:
    bundle = report_to_fhir(make())
    assert bundle == report_to_fhir(make())
    found = resources(bundle, "Observation") + resources(bundle, "DiagnosticReport")
    assert {one["status"] for one in found} == {"preliminary"}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_private_codes_are_those_of_the_table(make: Callable[[], Json]) -> None:
    codings = [part for part in parts_of(json.loads(report_to_fhir(make()))) if part.get("system") == SCHEME_URI]
    assert codings
    assert all(PRIVATE_CODES[coding["code"]].meaning == coding["display"] for coding in codings)


def test_the_total_holds_its_arteries_category_and_interval() -> None:
    bundle = report_to_fhir(make_ct(), identity=IDENTITY)
    total = total_of(bundle)
    assert codes_of(total["code"]) == SCORE_CODES
    assert total["valueQuantity"] == {
        "value": 12.5, "unit": "score", "system": "http://unitsofmeasure.org", "code": "{score}"
    }  # fmt: skip
    assert codes_of(total["interpretation"][0]) == {"CAC-11-100"}
    assert codes_of(total["bodySite"]) == {"41801008"}
    assert codes_of(total["method"]) == {"112055"}
    assert component(total, "INTERVAL-LOW")["valueQuantity"]["value"] == 8.0
    assert component(total, "INTERVAL-HIGH")["valueQuantity"]["value"] == 20.0
    assert component(total, "INTERVAL-LEVEL")["valueQuantity"]["value"] == 0.95
    assert component(total, "112197")["valueQuantity"]["code"] == "mm3"
    assert component(total, "VESSELS")["valueInteger"] == 2
    members = {one["reference"] for one in total["hasMember"]}
    arteries = [one for one in resources(bundle, "Observation") if f"urn:uuid:{one['id']}" in members]
    scores = {min(codes_of(one["bodySite"])): one["valueQuantity"]["value"] for one in arteries}
    assert scores == {"3227004": 4.5, "59438005": 0.0, "57396003": 0.0, "13647002": 8.0}
    assert [one["text"].split(":")[0] for one in total["note"]][-1] == "info"


def test_only_the_total_has_members_so_that_no_artery_is_taken_for_it() -> None:
    observations = resources(report_to_fhir(make_ct()), "Observation")
    assert sum("hasMember" in one for one in observations) == 1
    assert sum("interpretation" in one for one in observations) == 1


@pytest.mark.parametrize("make", [make_enhanced_ct, KINDS["refused film"]], ids=["ct", "film"])
def test_a_total_that_must_not_be_quoted_is_nowhere_coded_as_a_score(make: Callable[[], Json]) -> None:
    bundle = report_to_fhir(make())
    used = {part["code"] for part in parts_of(json.loads(bundle)) if "code" in part and isinstance(part["code"], str)}
    assert not used & {*SCORE_CODES, "AAC24", "CAC-CATEGORY", "112197", "112199", "112055"}
    [observation] = resources(bundle, "Observation")
    assert codes_of(observation["code"]) <= {"CALCIUM-SUM", "AAC-SUM"}
    assert component(observation, "QUOTABLE")["valueBoolean"] is False
    [report] = resources(bundle, "DiagnosticReport")
    assert "must not be quoted" in report["conclusion"]
    assert "conclusionCode" not in report


def test_a_film_has_its_levels_and_walls() -> None:
    bundle = report_to_fhir(make_graded_film())
    total = total_of(bundle)
    assert codes_of(total["code"]) == {"AAC24"}
    assert total["valueQuantity"]["value"] == 13
    assert codes_of(component(total, "CLASS-KIDNEY")["valueCodeableConcept"]) == {"KIDNEY-MODERATE"}
    assert codes_of(component(total, "AAC8-UNIT")["valueCodeableConcept"]) == {"HEIGHT-LEVEL"}
    levels = [one for one in resources(bundle, "Observation") if "hasMember" not in one]
    assert [one["valueQuantity"]["value"] for one in levels] == [1, 2, 4, 6]
    assert component(levels[3], "GRADE-L4-POST")["valueQuantity"]["value"] == 3
    assert component(levels[3], "SHARE-L4-ANTE")["valueQuantity"]["value"] == 0.8
    [study] = resources(bundle, "ImagingStudy")
    assert study["series"][0]["modality"]["code"] == "DX"


def test_source_images_are_named_and_their_class_is_not_guessed() -> None:
    [study] = resources(report_to_fhir(make_ct()), "ImagingStudy")
    assert study["identifier"] == [{"system": "urn:dicom:uid", "value": "urn:oid:1.2"}]
    [series] = study["series"]
    assert (series["uid"], series["modality"]["code"], series["number"]) == ("1.2.3", "CT", 3)
    assert [one["uid"] for one in series["instance"]] == ["1.2.3.1", "1.2.3.2"]
    assert series["instance"][0]["sopClass"]["extension"][0]["valueCode"] == "unknown"
    told = report_to_fhir(make_ct(), sop_class_uid="1.2.840.10008.5.1.4.1.1.2")
    [study] = resources(told, "ImagingStudy")
    assert study["series"][0]["instance"][0]["sopClass"]["code"] == "urn:oid:1.2.840.10008.5.1.4.1.1.2"


def test_images_that_are_no_dicom_make_no_imaging_study() -> None:
    bundle = report_to_fhir(make_odd_ct())
    assert not resources(bundle, "ImagingStudy")
    [provenance] = resources(bundle, "Provenance")
    shown = [one["what"]["display"] for one in provenance["entity"]]
    assert ["0" * 64 in shown[0], "1" * 64 in shown[1]] == [True, True]
    assert "effectiveDateTime" not in total_of(bundle)


def test_vessels_of_other_names_have_places_of_their_own() -> None:
    sites = [one["bodySite"] for one in resources(report_to_fhir(make_odd_ct()), "Observation")][-2:]
    assert [codes_of(site) for site in sites] == [{"UNASSIGNED"}, {"OTHER-VESSEL"}]
    assert sites[1]["text"] == "D1 <&|^~\\>"


def test_software_is_a_device_with_its_version_weights_and_rule() -> None:
    bundle = report_to_fhir(make_ct(), written_at=NOW)
    [device] = resources(bundle, "Device")
    assert device["version"] == [{"value": "0.1.0"}]
    assert "udiCarrier" not in device
    assert [one["valueCode"][0]["text"] for one in device["property"]] == ["agatston-1990"]
    [provenance] = resources(bundle, "Provenance")
    assert provenance["agent"][0]["who"]["reference"] == f"urn:uuid:{device['id']}"
    assert provenance["recorded"] == "2024-05-06T07:08:09+00:00"
    assert len(provenance["target"]) == 1 + len(resources(bundle, "Observation"))


def test_without_a_moment_nothing_says_when_it_was_written() -> None:
    [provenance] = resources(report_to_fhir(make_ct()), "Provenance")
    assert "recorded" not in provenance
    assert provenance["_recorded"]["extension"][0]["valueCode"] == "unknown"


def test_the_patient_is_written_as_the_header_writes_names() -> None:
    bundle = report_to_fhir(make_ct(), identity=IDENTITY)
    [patient] = resources(bundle, "Patient")
    assert patient["identifier"][0]["value"] == "P|77"
    assert patient["identifier"][0]["system"] == "urn:oid:1.2.276.0.76"
    assert patient["name"][0] == {
        "family": "Müller", "given": ["Jörg", "Otto"], "prefix": ["Dr"], "suffix": ["jun"]
    }  # fmt: skip
    assert patient["name"][1]["extension"][0]["valueCode"] == "IDE"
    assert (patient["gender"], patient["birthDate"]) == ("male", "1950-01-02")
    [report] = resources(bundle, "DiagnosticReport")
    assert report["basedOn"][0]["identifier"]["value"] == "A&1"


def test_without_identity_nothing_names_the_patient() -> None:
    bundle = report_to_fhir(make_ct())
    assert not resources(bundle, "Patient")
    subjects = [part["subject"] for part in parts_of(json.loads(bundle)) if "subject" in part]
    assert all(set(subject) == {"display"} for subject in subjects)


def test_a_pdf_is_presented() -> None:
    [report] = resources(report_to_fhir(make_ct(), pdf=b"%PDF-1.7 \x00"), "DiagnosticReport")
    assert base64.b64decode(report["presentedForm"][0]["data"]) == b"%PDF-1.7 \x00"


def test_a_transaction_updates_by_identifier_and_finds_the_patient_by_number() -> None:
    bundle = report_to_fhir(make_ct(), identity=IDENTITY, bundle_type="transaction")
    Bundle.model_validate_json(bundle)
    requests = {entry["resource"]["resourceType"]: entry["request"] for entry in json.loads(bundle)["entry"]}
    assert requests["DiagnosticReport"]["method"] == "PUT"
    assert requests["Patient"]["method"] == "POST"
    assert requests["Patient"]["ifNoneExist"] == "identifier=urn%3Aoid%3A1.2.276.0.76%7CP%5C%7C77"
    [patient] = resources(bundle, "Patient")
    assert "id" not in patient


def test_a_transaction_refuses_a_number_that_may_be_another_issuers() -> None:
    with pytest.raises(InputError, match="id_system"):
        report_to_fhir(make_ct(), identity=replace(IDENTITY, id_system=""), bundle_type="transaction")


def test_a_moment_without_time_zone_is_refused() -> None:
    with pytest.raises(InputError, match="time zone"):
        report_to_fhir(make_ct(), written_at=NOW.replace(tzinfo=None))


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_the_reader_of_clinical_bundles_takes_what_was_written(make: Callable[[], Json]) -> None:
    for identity in (None, IDENTITY):
        read = parse_bundle(report_to_fhir(make(), identity=identity).decode())
        assert len(read.of_kind("Patient")) == (identity is not None)
        assert read.of_kind("Observation")


def test_a_result_of_another_kind_and_a_damaged_one_are_refused() -> None:
    with pytest.raises(InputError, match="kind that is not sent"):
        report_to_fhir({"schema": "vascal.aorta/1"})
    damaged = make_ct()
    del damaged["total"]
    with pytest.raises(InputError, match="damaged"):
        report_to_fhir(damaged)


@settings(max_examples=25)
@given(st.text())
def test_any_text_of_a_header_gives_a_valid_bundle(text: str) -> None:
    saved = make_ct()
    saved["series"]["series_description"] = text
    bundle = report_to_fhir(saved, identity=replace(IDENTITY, name=text, accession_number=text, issuer=text))
    Bundle.model_validate_json(bundle)


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_every_code_that_is_written_is_in_the_documentation(make: Callable[[], Json]) -> None:
    page = (Path(__file__).parents[2] / "docs/reference/fhir-output.md").read_text(encoding="utf-8")
    walls = [f"{kind}-L{n}-{wall}" for kind in ("GRADE", "SHARE") for n in (2, 3, 4) for wall in ("ANTE", "POST")]
    named = {*re.findall(r"[A-Z0-9][A-Z0-9-]*", page), *walls, "A1", "A2", "N1", "N2", "N3"}  # the page says: A0 to A3
    codings = [part for part in parts_of(json.loads(report_to_fhir(make()))) if "system" in part and "code" in part]
    systems = (SCHEME_URI, "http://snomed.info/sct", "http://loinc.org", "http://dicom.nema.org/resources/ontology/DCM")
    used = {coding["code"] for coding in codings if coding["system"] in systems} - {"CT", "DX"}
    assert used
    assert used <= named
