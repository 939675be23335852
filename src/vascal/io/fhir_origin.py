"""Of whom, from what images and by what software a result was made, as resources of FHIR R4.

References
----------
HL7 FHIR release 4: https://hl7.org/fhir/R4/patient.html, imagingstudy.html, device.html, provenance.html.
"""

from __future__ import annotations

from vascal.io.coded_finding import SourceImages, private
from vascal.io.fhir_measured import write_accession
from vascal.io.fhir_parts import (
    SYSTEMS,
    BundleSetting,
    Json,
    identify_uid,
    known,
    say_absent,
    write_concept,
    write_term,
)
from vascal.io.patient_identity import PatientIdentity

SEXES = {"F": "female", "M": "male", "O": "other"}
ALPHABETS = {"alphabetic": "ABC", "ideographic": "IDE", "phonetic": "SYL"}
REPRESENTATION = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"
DISCLAIMER = "For research. Not a medical device."
MODALITIES = {
    "CT": "Computed Tomography",
    "DX": "Digital Radiography",
    "CR": "Computed Radiography",
    "OT": "Other",
    "BMD": "Bone Densitometry (X-Ray)",
    "RF": "Radio Fluoroscopy",
    "XA": "X-Ray Angiography",
    "RG": "Radiographic imaging (conventional film/screen)",
}
URI_BEGINNINGS = ("http://", "https://", "urn:")


def write_patient(setting: BundleSetting, identity: PatientIdentity) -> Json:
    """Write the patient."""
    return known(
        {
            "resourceType": "Patient",
            "id": setting.ids["patient"],
            "identifier": [
                known(
                    {
                        "type": write_term("v2-0203", "MR", "Medical record number"),
                        "system": identity.id_system,
                        "value": identity.patient_id,
                        "assigner": {"display": identity.issuer} if identity.issuer else None,
                    }
                )
            ],
            "name": [_write_name(group, parts) for group, parts in identity.names.items()],
            "gender": None if identity.sex is None else SEXES[identity.sex],
            "birthDate": None if identity.birth_date is None else identity.birth_date.isoformat(),
        }
    )


def _write_name(group: str, parts: tuple[str, str, str, str, str]) -> Json:
    family, given, middle, prefix, suffix = parts
    return known(
        {
            "extension": [{"url": REPRESENTATION, "valueCode": ALPHABETS[group]}] if group != "alphabetic" else [],
            "family": family,
            "given": [name for name in (given, middle) if name],
            "prefix": [prefix] if prefix else [],
            "suffix": [suffix] if suffix else [],
        }
    )


def write_study(setting: BundleSetting, identity: PatientIdentity | None) -> Json:
    """Write the study with the series that was scored; other series of it are not known here."""
    source = setting.report.source
    number = "" if identity is None else identity.accession_number
    modality = _write_modality(source)
    return known(
        {
            "resourceType": "ImagingStudy",
            "id": setting.ids["study"],
            "identifier": [identify_uid(source.study_uid), *([write_accession(number)] if number else [])],
            "status": "available",
            "modality": [modality],
            "subject": setting.subject,
            "started": setting.day,
            "series": [
                known(
                    {
                        "uid": source.series_uid,
                        "number": source.number if source.number is None or source.number >= 0 else None,
                        "modality": modality,
                        "description": source.description,
                        "instance": [
                            {"uid": uid, "sopClass": _write_class(setting.sop_class_uid)} for uid in source.uids
                        ],
                    }
                )
            ],
        }
    )


def _write_modality(source: SourceImages) -> Json:
    meaning = MODALITIES.get(source.modality)
    return known({"system": SYSTEMS["DCM"], "code": source.modality, "display": meaning})


def _write_class(uid: str) -> Json:
    return {"system": "urn:ietf:rfc:3986", "code": f"urn:oid:{uid}"} if uid else say_absent()


def write_device(setting: BundleSetting) -> Json:
    """Write the software, its version, its finder with weights, and its rule."""
    maker = setting.report.maker
    facts = {"SCORING-RULE": maker.rule, "FINDER": maker.finder}
    return {
        "resourceType": "Device",
        "id": setting.ids["device"],
        "status": "active",
        "manufacturer": "vascal",
        "deviceName": [{"name": "vascal", "type": "model-name"}],
        "type": {"text": "Image analysis software"},
        "version": [{"value": maker.version}],
        "property": [
            {"type": write_concept([private(code)]), "valueCode": [{"text": value}]}
            for code, value in facts.items()
            if value
        ],
        "note": [{"text": DISCLAIMER}],
    }


def write_provenance(setting: BundleSetting) -> Json:
    """Say that the software made everything that was found, from these images and marks."""
    findings = (setting.report.total, *setting.report.total.members)
    moment = setting.written_at
    return {
        "resourceType": "Provenance",
        "id": setting.ids["provenance"],
        "target": [setting.refer("report"), *(setting.refer(finding.key) for finding in findings)],
        **({"_recorded": say_absent()} if moment is None else {"recorded": moment.isoformat(timespec="seconds")}),
        "agent": [
            {
                "type": write_term("provenance-participant-type", "assembler", "Assembler"),
                "who": setting.refer("device"),
            }
        ],
        "entity": _list_entities(setting),
    }


def _list_entities(setting: BundleSetting) -> list[Json]:
    source, labels = setting.report.source, setting.report.maker.labels_sha256
    if source.is_dicom:
        images = [setting.refer("study")]
    else:
        images = [{"display": f"An image file that is not DICOM, {uid}"} for uid in source.uids]
    marks = [{"display": f"Marks made outside vascal, sha256:{labels}"}] if labels else []
    return [{"role": "source", "what": what} for what in (*images, *marks)]
