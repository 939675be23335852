"""A result as a FHIR R4 bundle: a diagnostic report with its observations, and what they were made of and by.

Plain JSON, so that writing needs no other package. Identifiers come from those of the images: the result of the same
series, sent again, has the same. Nothing is final: no person has verified it.

References
----------
HL7 FHIR release 4: https://hl7.org/fhir/R4/bundle.html, https://hl7.org/fhir/R4/http.html#transaction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from vascal.errors import InputError
from vascal.io.coded_finding import CodedReport, Finding, replace_controls
from vascal.io.coded_report import code_report
from vascal.io.fhir_measured import write_observation, write_report
from vascal.io.fhir_origin import write_device, write_patient, write_provenance, write_study
from vascal.io.fhir_parts import BundleSetting, Json, known, make_id, refer
from vascal.io.patient_identity import PatientIdentity

BundleType = Literal["collection", "transaction"]
"""To be kept or sent as a file, or to be posted to a server, which then creates or updates every resource."""
NOBODY = "The patient of the images, not identified"


def report_to_fhir(
    saved: Mapping[str, Any],
    *,
    identity: PatientIdentity | None = None,
    sop_class_uid: str = "",
    pdf: bytes | None = None,
    written_at: datetime | None = None,
    bundle_type: BundleType = "collection",
) -> bytes:
    """Write a saved result as a FHIR R4 bundle.

    Parameters
    ----------
    saved
        Content of a `score.json`: coronary calcium or AAC-24.
    identity
        Whose images these are; None leaves the patient without name, number and resource.
    sop_class_uid
        SOP Class of the images; said to be unknown where it is empty.
    pdf
        The report as PDF, to be presented.
    written_at
        The moment, with its time zone; None says that it is unknown, so that the same result gives the same bytes.
    bundle_type
        ``transaction`` adds what a server needs: update by identifier, the patient found by number.

    Returns
    -------
    bytes
        JSON, UTF-8.

    Raises
    ------
    InputError
        If the result is damaged or of another kind, the moment has no time zone, or a transaction could find
        another issuer's patient of the same number.
    """
    _require_sendable(identity, written_at, bundle_type)
    report = code_report(saved)
    setting = _set_up(report, identity, sop_class_uid, written_at)
    resources = [
        write_report(setting, identity, pdf),
        *(write_observation(setting, finding) for finding in _all_findings(report)),
        write_device(setting),
        *([write_study(setting, identity)] if report.source.is_dicom else []),
        *([] if identity is None else [write_patient(setting, identity)]),
        write_provenance(setting),
    ]
    bundle = known(
        {
            "resourceType": "Bundle",
            "id": setting.ids["bundle"],
            "type": bundle_type,
            "timestamp": None if written_at is None else written_at.isoformat(timespec="seconds"),
            "entry": [_enter(resource, identity, bundle_type) for resource in resources],
        }
    )
    return json.dumps(_clean(bundle), indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _require_sendable(identity: PatientIdentity | None, written_at: datetime | None, bundle_type: BundleType) -> None:
    if written_at is not None and written_at.tzinfo is None:
        raise InputError("the moment has no time zone; FHIR needs one")
    if bundle_type == "transaction" and identity is not None and not identity.id_system:
        raise InputError(
            "a transaction finds the patient by number, and the issuer's numbers are known by no URI: it could find "
            "another issuer's patient; needed: id_system"
        )


def _set_up(
    report: CodedReport, identity: PatientIdentity | None, sop_class_uid: str, written_at: datetime | None
) -> BundleSetting:
    source, maker = report.source, report.maker
    roles = ("bundle", "report", "provenance", *(finding.key for finding in _all_findings(report)))
    ids = {role: make_id(role, source.study_uid, source.key, report.procedure.value) for role in roles}
    ids["device"] = make_id("device", maker.version, maker.finder or "", maker.rule)
    ids["study"] = make_id("study", source.study_uid, source.series_uid)
    subject: Json = {"display": NOBODY}
    if identity is not None:
        ids["patient"] = make_id("patient", identity.id_system or identity.issuer, identity.patient_id)
        subject = refer(ids["patient"])
    return BundleSetting(
        report=report,
        ids=ids,
        subject=subject,
        day=None if source.on is None else source.on.isoformat(),
        written_at=written_at,
        sop_class_uid=sop_class_uid,
    )


def _all_findings(report: CodedReport) -> tuple[Finding, ...]:
    return (report.total, *report.total.members)


def _enter(resource: Json, identity: PatientIdentity | None, bundle_type: BundleType) -> Json:
    """Put a resource into the bundle; a server updates it by identifier, but never changes a patient it knows."""
    kind, identifier = resource["resourceType"], resource["id"]
    entry: Json = {"fullUrl": f"urn:uuid:{identifier}", "resource": resource}
    if bundle_type == "collection":
        return entry
    if kind != "Patient" or identity is None:
        return {**entry, "request": {"method": "PUT", "url": f"{kind}/{identifier}"}}
    nameless = {name: value for name, value in resource.items() if name != "id"}
    found_by = f"identifier={_search(identity.id_system)}%7C{_search(identity.patient_id)}"
    return {**entry, "resource": nameless, "request": {"method": "POST", "url": "Patient", "ifNoneExist": found_by}}


def _clean(content: object) -> object:
    """Keep to what FHIR's texts may hold, whatever a header or a file's name holds, and drop what is then empty."""
    if isinstance(content, dict):
        return known({name: _clean(value) for name, value in content.items()})
    if isinstance(content, list):
        return [item for item in map(_clean, content) if item not in ("", {}, [])]
    return _clean_text(content) if isinstance(content, str) else content


def _clean_text(text: str) -> str:
    """Put plain spaces where other white space or controls stand, and none at the ends."""
    if text.isascii() and text.isprintable():
        return text.strip()  # a PDF in base64 has a hundred thousand signs
    return "".join(" " if sign.isspace() else sign for sign in replace_controls(text)).strip()


def _search(text: str) -> str:
    r"""Write a value of a search, where ``,``, ``|`` and ``$`` stand behind a backslash (FHIR R4, search, escaping)."""
    for sign in ("\\", ",", "|", "$"):
        text = text.replace(sign, f"\\{sign}")
    return quote(text, safe="")
