"""Elements of FHIR R4 that written resources share, as plain JSON.

References
----------
HL7 FHIR release 4: https://hl7.org/fhir/R4/datatypes.html, https://hl7.org/fhir/R4/terminologies-systems.html,
https://hl7.org/fhir/R4/extension-data-absent-reason.html.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from vascal.io.coded_finding import Code, CodedReport, Finding, Scheme
from vascal.io.private_codes import SCHEME_URI

Json = dict[str, object]
"""An element or a resource."""
SYSTEMS: Mapping[Scheme, str] = MappingProxyType(
    {
        "SCT": "http://snomed.info/sct",
        "LN": "http://loinc.org",
        "DCM": "http://dicom.nema.org/resources/ontology/DCM",
        "99VASCAL": SCHEME_URI,
    }
)
UCUM = "http://unitsofmeasure.org"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
DICOM_UID = "urn:dicom:uid"
UNIT_NAMES: Mapping[str, str] = MappingProxyType({"{score}": "score", "mm3": "mm³", "1": "1"})
_FAMILY = uuid.uuid5(uuid.NAMESPACE_URL, SCHEME_URI)


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleSetting:
    """What all resources of one bundle share.

    Parameters
    ----------
    report
        What is written.
    ids
        Identifiers of resources by their role: ``report``, ``study``, a finding's key ...
    subject
        Reference to the patient.
    day
        Of the study, as FHIR writes it; None if it is not known.
    written_at
        When the bundle was written, with its time zone; None where nothing shall say so.
    sop_class_uid
        Of the images; empty if it is not known.
    """

    report: CodedReport
    ids: Mapping[str, str]
    subject: Json
    day: str | None
    written_at: datetime | None
    sop_class_uid: str

    def refer(self, role: str) -> Json:
        """Refer to a resource by its role."""
        return refer(self.ids[role])


def make_id(*what: str) -> str:
    """Give the identifier that these words always get."""
    return str(uuid.uuid5(_FAMILY, "\0".join(what)))


def refer(identifier: str) -> Json:
    """Refer to a resource of the same bundle."""
    return {"reference": f"urn:uuid:{identifier}"}


def write_coding(code: Code) -> Json:
    """Write one code."""
    return {"system": SYSTEMS[code.scheme], "code": code.value, "display": code.meaning}


def write_concept(codes: Sequence[Code], text: str = "") -> Json:
    """Write codes that say the same, and what they say in words."""
    concept: Json = {"coding": [write_coding(code) for code in codes]} if codes else {}
    return {**concept, "text": text} if text else concept


def write_term(system: str, value: str, display: str) -> Json:
    """Write a code of HL7's own terminology."""
    return {"coding": [{"system": f"{TERMINOLOGY}/{system}", "code": value, "display": display}]}


def write_value(finding: Finding) -> Json:
    """Write a value as the kind that it is."""
    value = finding.value
    if isinstance(value, Code):
        return {"valueCodeableConcept": write_concept([value], value.meaning)}
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, str):
        return {"valueString": value}
    if finding.unit:
        unit = UNIT_NAMES.get(finding.unit, finding.unit)
        return {"valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": finding.unit}}
    return {"valueInteger": int(value)}


def say_absent(reason: str = "unknown") -> Json:
    """Stand for a value that the standard wants and nobody knows."""
    return {"extension": [{"url": ABSENT, "valueCode": reason}]}


def known(fields: Mapping[str, object]) -> Json:
    """Leave out what is None, empty text or an empty list, which FHIR's JSON does not have."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", [], {})}


def identify_uid(uid: str) -> Json:
    """Write a DICOM unique identifier as FHIR identifies studies."""
    return {"system": DICOM_UID, "value": f"urn:oid:{uid}"}
