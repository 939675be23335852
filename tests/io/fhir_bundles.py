"""FHIR bundles of a patient who does not exist: small parts to put together, and one whole."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
ATC = "http://www.whocc.no/atc"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
NAME, BIRTH, NUMBER = "Testperson-Invented", "1960-05-03", "MRN-NOT-REAL-77"
SUBJECT = {"reference": "Patient/p1"}

Json = dict[str, Any]


def concept(*codings: tuple[str, str]) -> Json:
    return {"coding": [{"system": system, "code": code, "display": f"shown {NAME}"} for system, code in codings]}


def quantity(value: float, code: str, **more: Any) -> Json:
    return {"value": value, "unit": code, "system": UCUM, "code": code, **more}


def patient(**more: Any) -> Json:
    return {
        "resourceType": "Patient",
        "id": "p1",
        "identifier": [{"value": NUMBER}],
        "name": [{"family": NAME, "given": ["Nobody"]}],
        "gender": "female",
        "birthDate": BIRTH,
        **more,
    }


def observation(code: str, value: Json | None = None, when: str | None = "2021-03-01", **more: Any) -> Json:
    body: Json = {"resourceType": "Observation", "status": "final", "code": concept((LOINC, code)), "subject": SUBJECT}
    body |= {"valueQuantity": value} if value else {}
    body |= {"effectiveDateTime": when} if when else {}
    return body | more


def blood_pressure(systolic: float, diastolic: float, when: str = "2021-03-01") -> Json:
    parts = [("8480-6", systolic), ("8462-4", diastolic)]
    component = [{"code": concept((LOINC, code)), "valueQuantity": quantity(value, "mm[Hg]")} for code, value in parts]
    return observation("85354-9", when=when, component=component)


def smoking(system: str, code: str, when: str = "2021-03-01") -> Json:
    return observation("72166-2", when=when, valueCodeableConcept=concept((system, code)))


def condition(system: str, code: str, status: str = "active", verified: str = "confirmed", **more: Any) -> Json:
    terms = "http://terminology.hl7.org/CodeSystem/condition-"
    return {
        "resourceType": "Condition",
        "code": concept((system, code)),
        "subject": SUBJECT,
        "clinicalStatus": concept((f"{terms}clinical", status)),
        "verificationStatus": concept((f"{terms}ver-status", verified)),
        **more,
    }


def procedure(code: str, status: str = "completed", **more: Any) -> Json:
    return {"resourceType": "Procedure", "status": status, "code": concept((SNOMED, code)), "subject": SUBJECT, **more}


def drug(system: str, code: str, status: str = "active", **more: Any) -> Json:
    return {
        "resourceType": "MedicationStatement",
        "status": status,
        "medicationCodeableConcept": concept((system, code)),
        "subject": SUBJECT,
        **more,
    }


def order(system: str, code: str, status: str = "active", intent: str = "order", **more: Any) -> Json:
    return {**drug(system, code, status), "resourceType": "MedicationRequest", "intent": intent, **more}


def relative(role: str, system: str, code: str, status: str = "completed") -> Json:
    return {
        "resourceType": "FamilyMemberHistory",
        "status": status,
        "patient": SUBJECT,
        "relationship": concept(("http://terminology.hl7.org/CodeSystem/v3-RoleCode", role)),
        "condition": [{"code": concept((system, code))}],
    }


def race(*categories: str, detailed: str = "", hispanic: bool = False) -> Json:
    core = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
    system = "urn:oid:2.16.840.1.113883.6.238"
    parts = [{"url": "ombCategory", "valueCoding": {"system": system, "code": code}} for code in categories]
    parts += [{"url": "detailed", "valueCoding": {"system": system, "code": detailed}}] if detailed else []
    origin = "2135-2" if hispanic else "2186-5"
    return {
        "extension": [
            {"url": f"{core}race", "extension": [*parts, {"url": "text", "valueString": NAME}]},
            {
                "url": f"{core}ethnicity",
                "extension": [{"url": "ombCategory", "valueCoding": {"system": system, "code": origin}}],
            },
        ]
    }


def bundle(resources: Iterable[Mapping[str, Any]], **more: Any) -> str:
    entries = [{"fullUrl": f"urn:uuid:{i}", "resource": dict(resource)} for i, resource in enumerate(resources)]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries, **more})


def whole() -> str:
    """Everything that is read, of an invented woman of 60."""
    return bundle([
        patient(**race("2106-3")),
        blood_pressure(135, 80),
        observation("2093-3", quantity(210, "mg/dL")),
        observation("14646-4", quantity(1.3, "mmol/L")),
        observation("13457-7", quantity(130, "mg/dL")),
        observation("2160-0", quantity(0.8, "mg/dL")),
        observation("98979-8", quantity(85, "mL/min/{1.73_m2}")),
        observation("4548-4", quantity(5.5, "%")),
        observation("9318-7", quantity(10, "mg/g{creat}")),
        observation("8302-2", quantity(165, "cm")),
        observation("29463-7", quantity(73.5, "kg")),
        smoking(SNOMED, "8517006"),
        condition(ICD10CM, "E11.9"),
        condition(ICD10CM, "I10"),
        drug(ATC, "C10AA05"),
        order(RXNORM, "29046"),
        relative("FTH", ICD10CM, "I21.9"),
        observation("41950-7", quantity(8000, "/d"), when="2021-02-01"),
        observation("41950-7", quantity(6000, "{steps}/d"), when="2021-02-02"),
        observation("93832-4", quantity(420, "min")),
        observation("718-7", quantity(14, "g/dL")),
        {"resourceType": "Encounter", "status": "finished"},
    ])  # fmt: skip
