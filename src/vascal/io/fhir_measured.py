"""What was found, as resources of FHIR R4: observations, and the diagnostic report that holds them together.

References
----------
HL7 FHIR release 4: https://hl7.org/fhir/R4/observation.html and https://hl7.org/fhir/R4/diagnosticreport.html.
"""

from __future__ import annotations

import base64
import html

from vascal.io.coded_finding import Finding
from vascal.io.fhir_parts import BundleSetting, Json, known, write_concept, write_term, write_value
from vascal.io.patient_identity import PatientIdentity

STATUS = "preliminary"
"""As long as nobody has verified it; a person who does makes it final in the system that keeps it."""
SECTIONS = {"CT": "CAT Scan", "RX": "Radiograph"}


def write_observation(setting: BundleSetting, finding: Finding) -> Json:
    """Write a finding with its parts; the total also refers to its members and carries the caveats."""
    is_total = finding is setting.report.total
    return known(
        {
            "resourceType": "Observation",
            "id": setting.ids[finding.key],
            "status": STATUS,
            "category": [write_term("observation-category", "imaging", "Imaging")],
            "code": write_concept(finding.codes, finding.text),
            "subject": setting.subject,
            "effectiveDateTime": setting.day,
            **write_value(finding),
            "interpretation": _interpret(finding),
            "note": [{"text": f"{grade}: {text} [{code}]"} for grade, text, code in setting.report.caveats]
            if is_total
            else [],
            "bodySite": None if finding.site is None else write_concept([finding.site], finding.site_text),
            "method": None if finding.method is None else write_concept([finding.method], finding.method.meaning),
            "device": setting.refer("device"),
            "hasMember": [setting.refer(member.key) for member in finding.members],
            "derivedFrom": _refer_to_images(setting),
            "component": [
                {"code": write_concept(part.codes, part.text), **write_value(part)} for part in finding.parts
            ],
        }
    )


def write_report(setting: BundleSetting, identity: PatientIdentity | None, pdf: bytes | None) -> Json:
    """Write the report that refers to everything else."""
    report = setting.report
    number = "" if identity is None else identity.accession_number
    return known(
        {
            "resourceType": "DiagnosticReport",
            "id": setting.ids["report"],
            "text": {
                "status": "generated",
                "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{html.escape(report.conclusion)}</p></div>',
            },
            "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{setting.ids['report']}"}],
            "basedOn": [{"type": "ServiceRequest", "identifier": write_accession(number)}] if number else [],
            "status": STATUS,
            "category": [write_term("v2-0074", report.section, SECTIONS[report.section])],
            "code": write_concept([report.procedure], report.title),
            "subject": setting.subject,
            "effectiveDateTime": setting.day,
            "issued": None if setting.written_at is None else setting.written_at.isoformat(timespec="seconds"),
            "result": [setting.refer(report.total.key)],
            "imagingStudy": _refer_to_images(setting),
            "conclusion": report.conclusion,
            "conclusionCode": [] if report.total.interpretation is None else _interpret(report.total),
            "presentedForm": [] if pdf is None else [_attach(pdf, report.title)],
        }
    )


def write_accession(number: str) -> Json:
    """Write the accession number of a request."""
    return {"type": write_term("v2-0203", "ACSN", "Accession ID"), "value": number}


def _interpret(finding: Finding) -> list[Json]:
    name = finding.interpretation
    return [] if name is None else [write_concept([name], name.meaning)]


def _refer_to_images(setting: BundleSetting) -> list[Json]:
    return [setting.refer("study")] if setting.report.source.is_dicom else []


def _attach(pdf: bytes, title: str) -> Json:
    return {"contentType": "application/pdf", "data": base64.b64encode(pdf).decode(), "title": title}
