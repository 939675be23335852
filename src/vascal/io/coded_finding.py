"""A result as coded findings: what FHIR and HL7 v2 say of it, before either gives it a shape.

References
----------
DICOM PS3.16 CID 3016 (arteries), CID 6140 (scoring methods), CID 6142 (calcium scores); UCUM for units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from vascal.io.private_codes import PRIVATE_CODES, SCHEME

Scheme = Literal["SCT", "LN", "DCM", "99VASCAL"]
"""Coding schemes by the names that DICOM and HL7 v2 give them."""
SCORE, ONE = "{score}", "1"
"""UCUM: a score, and a share or ratio; both have no dimension."""
UNVERIFIED = "Preliminary: made by software, not verified by a person. For research; not a medical device."


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One code with its meaning."""

    scheme: Scheme
    value: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was found.

    Parameters
    ----------
    key
        Names it inside its report.
    codes
        What it is, the most usual code first; all say the same.
    text
        What it is, for people.
    value
        A number, a text, true or false, or a code.
    unit
        UCUM; empty for counts and for what is no number.
    site, site_text
        Where in the body.
    method
        How it was measured.
    interpretation
        What the value is called.
    parts
        What belongs to it and means nothing without it.
    members
        Findings of the same kind that it is made of.
    flat
        The code where findings stand in a row and nothing says what they belong to; the first of `codes` unless given.
    """

    key: str
    codes: tuple[Code, ...]
    text: str
    value: float | int | str | bool | Code
    unit: str = ""
    site: Code | None = None
    site_text: str = ""
    method: Code | None = None
    interpretation: Code | None = None
    parts: tuple[Finding, ...] = ()
    members: tuple[Finding, ...] = ()
    flat: Code | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceImages:
    """The images that a result is about.

    Parameters
    ----------
    key
        Names the series or film inside its study.
    on
        Day of the study; None where the header has none.
    uids
        SOP Instance UIDs, or ``sha256:`` and a file's hash.
    is_dicom
        Whether all of these identifiers are DICOM's.
    """

    study_uid: str
    series_uid: str
    key: str
    modality: str
    number: int | None
    description: str
    on: date | None
    uids: tuple[str, ...]
    is_dicom: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """What made a result: software, its version, and the finder with its weights."""

    version: str
    finder: str | None
    rule: str
    labels_sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedReport:
    """A result, ready to be written in any of the formats.

    Parameters
    ----------
    title
        Of the report.
    procedure
        What was done with the patient.
    section
        Of the department, as HL7 table 0074 names it: ``CT`` or ``RX``.
    conclusion
        In two or three sentences.
    caveats
        As (severity, text, code).
    total
        The finding that all others belong to.
    """

    title: str
    procedure: Code
    section: Literal["CT", "RX"]
    conclusion: str
    caveats: tuple[tuple[str, str, str], ...]
    total: Finding
    source: SourceImages
    maker: Maker


def private(value: str) -> Code:
    """Give a code of 99VASCAL."""
    return Code(scheme=SCHEME, value=value, meaning=PRIVATE_CODES[value].meaning)


def part(code: str | Code, value: float | str | bool | Code, unit: str = "") -> Finding:
    """Say one thing that belongs to another; a text is the value of a private code."""
    what = private(code) if isinstance(code, str) else code
    return Finding(key=what.value, codes=(what,), text=what.meaning, value=value, unit=unit)


def known_parts(rows: Mapping[str, tuple[Any, str]]) -> tuple[Finding, ...]:
    """Give those parts that are known: value and unit by private code."""
    return tuple(
        part(code, tidy(value) if isinstance(value, float) else value, unit)
        for code, (value, unit) in rows.items()
        if value is not None
    )


def tidy(value: float) -> float:
    """Round to three decimals: finer than any scan, and without the tail that sums of floats have."""
    return round(float(value), 3)


def replace_controls(text: str) -> str:
    """Put a space or a mark where a text holds what messages can not: control characters and halves of characters."""
    return "".join(" " if ch < " " or ch == "\x7f" else "\ufffd" if "\ud800" <= ch <= "\udfff" else ch for ch in text)


def list_caveats(saved: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """Give severity, text and code of each caveat."""
    return tuple((str(one["severity"]), str(one["message"]), str(one["code"])) for one in saved["caveats"])


def name_reasons(saved: Mapping[str, Any]) -> str:
    """Give the critical caveats as one text."""
    return " ".join(text for severity, text, _ in list_caveats(saved) if severity == "critical")


def make_maker(saved: Mapping[str, Any], rule: str) -> Maker:
    """Say what made a result."""
    made = saved["provenance"]
    finder, labels = made["finder"] or None, made["labels_sha256"]
    return Maker(version=str(made["version"]), finder=finder, rule=rule, labels_sha256=labels)


def make_source(saved: Mapping[str, Any], where: str, modality: str) -> SourceImages:
    """Say what images a result is about, from the part of `score.json` that describes them."""
    facts = saved[where]
    study, series = str(facts["study_instance_uid"]), str(facts["series_instance_uid"])
    uids = tuple(str(uid) for uid in saved["provenance"]["source_uids"])
    return SourceImages(
        study_uid=study,
        series_uid=series,
        key=str(facts["key"]),
        modality=modality,
        number=facts["series_number"],
        description=str(facts["series_description"]),
        on=_read_day(facts["study_date"]),
        uids=uids,
        is_dicom=facts["source_format"] == "dicom" and all(map(_is_uid, (study, series, *uids))),
    )


def _is_uid(text: str) -> bool:
    """Tell an identifier of DICOM's from a file's name or hash (PS3.5 9.1)."""
    return 0 < len(text) <= 64 and all(root.isdecimal() and root.isascii() for root in text.split("."))


def _read_day(text: object) -> date | None:
    try:
        return datetime.strptime(str(text), "%Y%m%d").date()  # noqa: DTZ007 - a day has no time zone
    except ValueError:
        return None
