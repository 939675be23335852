"""Whose a FHIR resource is: by address, number, or both, so that data of two people are never taken as one's.

A relative address is read on the server of the record that holds it, where that is known.
Source: HL7 FHIR release 4, https://hl7.org/fhir/R4/references.html and https://hl7.org/fhir/R4/bundle.html#references.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_Number = tuple[str, str]
"""System and value of an identifier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a record calls its patient. All of it may identify a person: nothing of it goes into a message.

    Parameters
    ----------
    address
        On the web, without scheme and version; empty if not told.
    short
        Addresses within one server or document: ``Patient/1``, ``urn:uuid:...``.
    numbers
        Identifiers.
    """

    address: str = ""
    short: frozenset[str] = frozenset()
    numbers: frozenset[_Number] = frozenset()

    def all(self) -> frozenset[str | _Number]:
        """Every name; empty if the record names nobody."""
        return self.short | self.numbers


def names_of_patient(url: str, body: Mapping[str, Any]) -> Names:
    """Read under what a Patient resource is known."""
    own = f"Patient/{body['id']}" if body.get("id") else ""
    return Names(
        address=_clean(url) if _is_web(url) else "",
        short=frozenset(name for name in (own, _shorten(url)) if name),
        numbers=frozenset(number for item in body.get("identifier") or [] for number in _read_number(item)),
    )


def names_of_subject(entry: int, url: str, subject: Mapping[str, Any] | None) -> Names:
    """Read what a record calls its patient.

    Parameters
    ----------
    entry, url
        Place and address of the record.
    subject
        Its reference to the patient.
    """
    reference = (subject or {}).get("reference") or ""
    if reference.startswith("#"):  # a part of the record itself, which no other record can mean
        reference = f"entry[{entry}]{reference}"
    whole = _resolve(reference, url)
    return Names(
        address=_clean(whole) if _is_web(whole) else "",
        short=frozenset({_shorten(reference)} - {""}),
        numbers=frozenset(_read_number((subject or {}).get("identifier") or {})),
    )


def count_strangers(patient: Names | None, subjects: Sequence[Names]) -> int:
    """Count records that are, or may be, of somebody else than the patient, or than the first record's.

    Records are of one person if names join them; yet not if they give two addresses, or two numbers of one
    system that the patient does not both have.
    """
    if not subjects:
        return 0
    first = subjects[0] if patient is None else patient
    own = _join(first, subjects)
    address = first.address
    numbers: dict[str, set[str]] = {}
    for system, value in first.numbers:
        numbers.setdefault(system, set()).add(value)
    strangers = 0
    for subject in subjects:
        address = address or subject.address
        is_known = all(value in numbers.setdefault(system, {value}) for system, value in subject.numbers)
        strangers += not (is_known and own & subject.all() and subject.address in {"", address})
    return strangers


def _join(first: Names, subjects: Sequence[Names]) -> set[str | _Number]:
    """Collect the names of one person, as far as records that give several join them."""
    own = set(first.all())
    while joined := [names for names in map(Names.all, subjects) if own & names and names - own]:
        own.update(*joined)
    return own


def _read_number(identifier: Mapping[str, Any]) -> tuple[_Number, ...]:
    value = identifier.get("value")
    return ((identifier.get("system") or "", value),) if value else ()


def _is_web(address: str) -> bool:
    return address.lower().startswith(("http://", "https://"))


def _clean(address: str) -> str:
    """Drop scheme and version, which do not make another patient; a host's case does not matter."""
    host, _, path = address.split("/_history/", maxsplit=1)[0].partition("://")[2].partition("/")
    return f"{host.lower()}/{path.rstrip('/')}"


def _shorten(address: str) -> str:
    """Drop server and version: ``Patient/1``; others, such as ``urn:uuid:...``, stay as they are."""
    parts = address.split("/_history/", maxsplit=1)[0].rstrip("/").split("/")
    return "/".join(parts[-2:]) if len(parts) >= 2 else address


def _resolve(reference: str, url: str) -> str:
    """Read a relative address on the server of the record that holds it, if that is known."""
    is_relative = "/" in reference and ":" not in reference and "#" not in reference
    if not is_relative or not _is_web(url):
        return reference
    server = url.split("/_history/", maxsplit=1)[0].rstrip("/").rsplit("/", maxsplit=2)[0]
    return f"{server}/{reference}"
