"""Resources of one patient from a FHIR R4 bundle, each checked against the standard.

The resources read are the same in R4 and R4B, so models of R4B check both.
Source: HL7 FHIR release 4, https://hl7.org/fhir/R4/bundle.html.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vascal.errors import InputError, MissingExtraError
from vascal.io.fhir_subject import Names, count_strangers, names_of_patient, names_of_subject

KINDS = (
    "Patient",
    "Observation",
    "Condition",
    "Procedure",
    "MedicationStatement",
    "MedicationRequest",
    "Medication",
    "FamilyMemberHistory",
)
"""Types of resource that are read; the others are counted and left alone."""
SHOWN = 10
"""Faults in a message."""
DEEPEST = 64
"""Fields within fields; no record of a person comes near it, and Python does not read a thousand."""

_Entry = tuple[int, str, str, dict[str, Any]]
"""Place, type, address and body of a resource."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resource:
    """One checked resource.

    Parameters
    ----------
    entry
        Its place in the bundle, from 0, as FHIRPath counts: ``Bundle.entry[3]``.
    kind
        Type of resource.
    url
        Under which others refer to it; empty if the bundle gives none.
    body
        As JSON. It holds names and dates: nothing of it goes into a message.
    """

    entry: int
    kind: str
    url: str
    body: Mapping[str, Any]

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"entry[{self.entry}] ({self.kind})"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PatientBundle:
    """What a bundle holds of one patient.

    Parameters
    ----------
    resources
        Those of `KINDS`, in the bundle's order.
    is_page
        Whether the bundle is one page of several, so that what is not there may be on another.
    notes
        What was left alone.
    """

    resources: tuple[Resource, ...]
    is_page: bool
    notes: tuple[str, ...]

    def of_kind(self, *kinds: str) -> tuple[Resource, ...]:
        """Give the resources of some types."""
        return tuple(resource for resource in self.resources if resource.kind in kinds)


def read_bundle_file(path: Path) -> PatientBundle:
    """Read and check a file; as `parse_bundle`.

    Raises
    ------
    InputError
        If it can not be read, or as `parse_bundle`.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"the FHIR bundle can not be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError("the FHIR bundle is not UTF-8 text; needed: JSON") from error
    return parse_bundle(text)


def parse_bundle(text: str) -> PatientBundle:
    """Read a bundle from JSON and check every resource that matters here.

    Parameters
    ----------
    text
        A FHIR R4 Bundle of one patient.

    Raises
    ------
    InputError
        If it is not JSON or not a bundle, a resource is not as the standard wants (its place and field are
        named, never its content), or resources belong to more than one patient.
    MissingExtraError
        If fhir.resources is not installed.
    """
    bundle = _load(text)
    entries = tuple(_entries(bundle))
    resources = _check([entry for entry in entries if entry[1] in KINDS])
    nameless = _require_one_patient(resources)
    others = Counter(kind for _, kind, _, _ in entries if kind not in KINDS)
    links = _list_of(bundle, "link")
    is_page = any(link.get("relation") == "next" for link in links if isinstance(link, dict))
    notes = {
        f"{others.total()} resources of other types were not read: {', '.join(_name_kinds(others))}": bool(others),
        "the bundle is one page of several; what is on the others was not read": is_page,
        f"{nameless} resources name no patient; they were taken as this one's": bool(nameless),
    }
    return PatientBundle(
        resources=resources, is_page=is_page, notes=tuple(note for note, applies in notes.items() if applies)
    )


def _refuse_constant(name: str) -> float:
    """JSON has no NaN and no infinity, though Python's reader takes them."""
    raise ValueError(name)


def _load(text: str) -> dict[str, Any]:
    try:
        bundle = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise InputError("the FHIR bundle is not JSON; XML and NDJSON are not read") from None
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise InputError("not a FHIR bundle; needed: a JSON object whose resourceType is Bundle")
    if bundle.get("type") == "history":
        raise InputError("a history bundle holds past versions; needed: a collection, document or search result")
    return bundle


def _list_of(bundle: Mapping[str, Any], field: str) -> list[Any]:
    found = bundle.get(field, [])
    if isinstance(found, list):
        return found
    plural = {"entry": "entries", "link": "links"}[field]
    raise InputError(f"the bundle's {plural} (Bundle.{field}) are not a list; is the file damaged?")


def _entries(bundle: Mapping[str, Any]) -> Iterator[_Entry]:
    """Give place, type, address and body of every resource."""
    for index, entry in enumerate(_list_of(bundle, "entry")):
        body = entry.get("resource") if isinstance(entry, dict) else None
        if body is None:
            continue
        kind = body.get("resourceType") if isinstance(body, dict) else None
        if not isinstance(kind, str) or not kind.isalpha():
            raise InputError(f"entry[{index}] holds no resource of FHIR: its resourceType is missing")
        url = entry.get("fullUrl")
        yield index, kind, url if isinstance(url, str) else "", body


def _check(entries: Sequence[_Entry]) -> tuple[Resource, ...]:
    """Let the models of the standard check and tidy up each resource."""
    try:
        from fhir.resources.R4B import get_fhir_model_class
        from pydantic import ValidationError
    except ImportError as error:
        raise MissingExtraError("a FHIR bundle needs an optional part: pip install 'vascal[fhir]'") from error
    resources = []
    faults: list[str] = []
    for index, kind, url, body in entries:
        if _is_too_deep(body):
            raise InputError(f"entry[{index}] ({kind}) holds fields within fields more than {DEEPEST} deep")
        try:
            checked = get_fhir_model_class(kind).model_validate(_without_nulls(body)).model_dump(mode="json")
        except ValidationError as error:
            faults += [f"entry[{index}] ({kind}): {_explain(item)}" for item in error.errors(include_input=False)]
            continue
        resources.append(Resource(entry=index, kind=kind, url=url, body=checked))
    if faults:
        more = f"\nand {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise InputError("resources are not as FHIR R4 wants them:\n" + "\n".join(faults[:SHOWN]) + more)
    return tuple(resources)


def _name_kinds(kinds: Collection[str]) -> list[str]:
    """Name types of resource; what is none of FHIR's may be anything, and is not repeated."""
    from fhir.resources.R4B import fhirtypes

    known = sorted(kind for kind in kinds if hasattr(fhirtypes, f"{kind}Type"))
    return known if len(known) == len(kinds) else [*known, "types that FHIR does not know"]


def _is_too_deep(part: Any) -> bool:
    """Tell whether fields hold fields deeper than any record does, level by level, as this may be very deep."""
    level = [part]
    for _ in range(DEEPEST):
        inside = [list(item.values()) if isinstance(item, dict) else item for item in level]
        level = [item for items in inside if isinstance(items, list) for item in items]
    return bool(level)


def _without_nulls(part: Any) -> Any:
    """Drop fields that are null, which FHIR's JSON does not have and its models take for a value."""
    if isinstance(part, dict):
        return {name: _without_nulls(value) for name, value in part.items() if value is not None}
    return [_without_nulls(item) for item in part] if isinstance(part, list) else part


def _explain(fault: Mapping[str, Any]) -> str:
    """Name the field at fault and how, without its content; a field that FHIR does not know is not named."""
    path = [str(part) for part in fault["loc"]]
    how = "can not be used"
    if fault["type"] == "extra_forbidden":
        path, how = path[:-1], "has a field that FHIR R4 does not know"
    elif "missing" in fault["type"]:
        how = "is missing"
    return f"{'.'.join(path) or 'the resource'} {how}"


def _require_one_patient(resources: tuple[Resource, ...]) -> int:
    """Refuse resources of several patients; count those that name none."""
    patients = [names_of_patient(found.url, found.body) for found in resources if found.kind == "Patient"]
    if len(patients) > 1:
        raise InputError(f"the bundle holds {len(patients)} patients; needed: one")
    subjects = [_subject(resource) for resource in resources if resource.kind not in {"Patient", "Medication"}]
    named = [names for names in subjects if names.all()]
    strangers = count_strangers(patients[0] if patients else None, named)
    if strangers:
        raise InputError(
            f"{strangers} resources are of another patient than the others, or may be, by the address or the number "
            "that they give; needed: one patient"
        )
    return len(subjects) - len(named)


def _subject(resource: Resource) -> Names:
    field = "patient" if resource.kind == "FamilyMemberHistory" else "subject"
    return names_of_subject(resource.entry, resource.url, resource.body.get(field))
