r"""A result as an HL7 version 2.5.1 message of unsolicited observations, ORU^R01.

Every line of result has a code of its own, as receivers look at the code and not at what a line belongs to: the score
of an artery never has the code of the total. All are preliminary (status ``P``): no person has verified them.

References
----------
HL7 version 2.5.1, chapters 2 (control; 2.7 escape sequences), 3 (PID) and 7 (OBR, OBX); table 0074, 0085, 0200, 0203.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from vascal.errors import InputError
from vascal.io.coded_finding import Code, CodedReport, Finding, replace_controls
from vascal.io.coded_report import code_report
from vascal.io.patient_identity import PatientIdentity

ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}
ALPHABETS = {"alphabetic": "A", "ideographic": "I", "phonetic": "P"}
STUDY_UID = Code(scheme="DCM", value="110180", meaning="Study Instance UID")
SERIES_UID = Code(scheme="DCM", value="112002", meaning="Series Instance UID")
DOCUMENT = Code(scheme="LN", value="18748-4", meaning="Diagnostic imaging study")
PRELIMINARY = "P"
LONGEST_TEXT = 199
"""Characters of a value of type ST."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Between which systems a message goes, and what for.

    Parameters
    ----------
    sender, sender_place, receiver, receiver_place
        Application and facility of each.
    processing
        ``P`` production, ``T`` training, ``D`` debugging.
    """

    sender: str = "VASCAL"
    sender_place: str = ""
    receiver: str = ""
    receiver_place: str = ""
    processing: str = "P"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One line of result: its code, its kind, its value as it stands in the message, and its unit."""

    codes: Sequence[Code]
    kind: str
    value: str
    unit: str = ""
    method: Code | None = None
    notes: Sequence[str] = field(default=())


def report_to_hl7(
    saved: Mapping[str, Any],
    *,
    identity: PatientIdentity | None = None,
    pdf: bytes | None = None,
    route: Route | None = None,
    written_at: datetime | None = None,
) -> bytes:
    r"""Write a saved result as an ORU^R01 message.

    Parameters
    ----------
    saved
        Content of a `score.json`: coronary calcium or AAC-24.
    identity
        Whose images these are; None names the patient by the study, as anonymous.
    pdf
        The report as PDF, sent as a line of its own.
    route
        Sender and receiver.
    written_at
        The moment, with its time zone; None gives midnight of the study's day, so that the same result gives the same
        bytes.

    Returns
    -------
    bytes
        UTF-8, each segment closed by a carriage return, without the frame of MLLP.

    Raises
    ------
    InputError
        If the result is damaged or of another kind, or the moment has no time zone.
    """
    if written_at is not None and written_at.tzinfo is None:
        raise InputError("the moment has no time zone; the message needs one")
    report = code_report(saved)
    body = [
        _patient(report, identity),
        _request(report, identity, written_at),
        *_number(_list_lines(report, pdf), report),
    ]
    control = hashlib.sha256("\r".join(body).encode()).hexdigest()[:20].upper()
    segments = [_header(route or Route(), control, _moment(report, written_at)), *body]
    return "".join(f"{segment}\r" for segment in segments).encode()


def escape(text: str) -> str:
    r"""Write a text so that none of it is taken for a delimiter.

    Examples
    --------
    >>> escape("A&B^C")
    'A\\T\\B\\S\\C'
    """
    return "".join(ESCAPES.get(sign, sign) for sign in replace_controls(text))


def _header(route: Route, control: str, moment: str) -> str:
    names = [escape(name) for name in (route.sender, route.sender_place, route.receiver, route.receiver_place)]
    fields = ["MSH", "^~\\&", *names, moment, "", "ORU^R01^ORU_R01", control, route.processing, "2.5.1"]
    return "|".join([*fields, "", "", "", "", "", "UNICODE UTF-8"])


def _patient(report: CodedReport, identity: PatientIdentity | None) -> str:
    if identity is None:
        return f"PID|1||{escape(report.source.study_uid)}^^^^ANON||Anonymous^^^^^^S"
    number = f"{escape(identity.patient_id)}^^^{_issuer(identity.issuer, identity.id_system)}^MR"
    names = "~".join(_name(group, parts) for group, parts in identity.names.items()) or "^^^^^^U"
    born = "" if identity.birth_date is None else identity.birth_date.strftime("%Y%m%d")
    return f"PID|1||{number}||{names}||{born}|{identity.sex or 'U'}"


def _issuer(issuer: str, id_system: str) -> str:
    """Write who gave a number (HD): a name, and what makes it unique, an ISO identifier before any other URI."""
    oid, name = id_system.removeprefix("urn:oid:"), "" if _is_oid(issuer) else escape(issuer)
    unique = oid if _is_oid(oid) else issuer if _is_oid(issuer) else ""
    if unique:
        return f"{name}&{unique}&ISO"
    return f"{name}&{escape(id_system)}&URI" if id_system else name


def _is_oid(text: str) -> bool:
    return text.count(".") > 1 and text.replace(".", "").isdecimal()


def _name(group: str, parts: tuple[str, str, str, str, str]) -> str:
    family, given, middle, prefix, suffix = map(escape, parts)
    return "^".join((family, given, middle, suffix, prefix, "", "L", ALPHABETS[group]))


def _request(report: CodedReport, identity: PatientIdentity | None, written_at: datetime | None) -> str:
    number = "" if identity is None else escape(identity.accession_number)
    fields = {1: "1", 3: number or escape(report.source.study_uid), 4: _coded([report.procedure]), 7: _day(report)}
    fields |= {18: number, 22: _moment(report, written_at), 24: report.section, 25: PRELIMINARY}
    return _segment("OBR", fields)


def _moment(report: CodedReport, written_at: datetime | None) -> str:
    if written_at is not None:
        return written_at.strftime("%Y%m%d%H%M%S%z")
    return f"{_day(report) or '19000101'}000000"


def _day(report: CodedReport) -> str:
    return "" if report.source.on is None else report.source.on.strftime("%Y%m%d")


def _list_lines(report: CodedReport, pdf: bytes | None) -> Iterator[_Line]:
    total = report.total
    notes = [report.conclusion, *(f"{grade}: {text} [{code}]" for grade, text, code in report.caveats)]
    yield _line(total, total.codes, notes)
    for one in total.parts:
        yield _line(one, one.codes)
    for member in total.members:
        yield _line(member, member.codes if member.flat is None else [member.flat])
        if member.flat is None:  # its parts have codes that stand alone
            yield from (_line(one, one.codes) for one in member.parts if one.key != "AAC-LEVEL-SURE")
    if report.source.is_dicom:
        yield _Line(codes=[STUDY_UID], kind="ST", value=report.source.study_uid)
        yield _Line(codes=[SERIES_UID], kind="ST", value=report.source.series_uid)
    if pdf is not None:
        yield _Line(codes=[DOCUMENT], kind="ED", value=f"^application^pdf^Base64^{base64.b64encode(pdf).decode()}")


def _line(finding: Finding, codes: Sequence[Code], notes: Sequence[str] = ()) -> _Line:
    kind, value = _write_value(finding.value)
    return _Line(codes=codes, kind=kind, value=value, unit=finding.unit, method=finding.method, notes=notes)


def _write_value(value: float | str | bool | Code) -> tuple[str, str]:
    if isinstance(value, Code):
        return "CE", _coded([value])
    if isinstance(value, bool):
        return "CE", "Y^Yes^HL70136" if value else "N^No^HL70136"
    if isinstance(value, str):
        return "ST", escape(value[:LONGEST_TEXT])
    return "NM", f"{value:.3f}".rstrip("0").rstrip(".")


def _number(lines: Iterator[_Line], report: CodedReport) -> Iterator[str]:
    """Write lines with their place, and notes behind the line that they belong to."""
    before: Counter[str] = Counter()
    device = escape(f"vascal {report.maker.version} {report.maker.finder or ''}".strip()[:LONGEST_TEXT])
    for place, line in enumerate(lines, start=1):
        unit = f"{escape(line.unit)}^^UCUM" if line.unit else ""
        fields = {1: str(place), 2: line.kind, 3: _coded(line.codes), 5: line.value, 6: unit, 11: PRELIMINARY}
        before[line.codes[0].value] += 1
        again = before[line.codes[0].value]
        fields |= {
            4: str(again) if again > 1 else "",
            14: _day(report),
            17: "" if line.method is None else _coded([line.method]),
        }
        yield _segment("OBX", {**fields, 18: device})
        for number, note in enumerate(line.notes, start=1):
            yield f"NTE|{number}|L|{escape(note)}"


def _coded(codes: Sequence[Code]) -> str:
    """Write a code, and a second one that says the same."""
    return "^".join(f"{escape(code.value)}^{escape(code.meaning)}^{code.scheme}" for code in codes[:2])


def _segment(name: str, fields: Mapping[int, str]) -> str:
    return "|".join([name, *(fields.get(place, "") for place in range(1, max(fields) + 1))]).rstrip("|")
