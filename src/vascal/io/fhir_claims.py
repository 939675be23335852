"""What conditions, procedures, drugs and the family's history in a FHIR bundle say of a patient: yes, or not known.

Nothing is a no because it is absent, unless the caller vouches for the lists;
and even then not where a code that is not known may have been the yes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from vascal.io.fhir_bundle import PatientBundle, Resource
from vascal.io.fhir_codes import (
    ATC_SYSTEMS,
    CONDITIONS_ICD10,
    CONDITIONS_SNOMED,
    DRUGS_ATC,
    DRUGS_RXNORM,
    FIRST_DEGREE,
    HEART_ATTACK_ICD10,
    HEART_ATTACK_SNOMED,
    ICD10_SYSTEMS,
    PROCEDURES_SNOMED,
    ROLES,
    RXNORM,
    SNOMED,
    Says,
)
from vascal.io.fhir_elements import Coding, Fact, When, find_by_prefix, join_says, read_codings, read_time_of, read_when

FROM_CONDITIONS = ("has_diabetes", "has_cvd", "on_dialysis")
FROM_DRUGS = ("on_bp_treatment", "on_lipid_treatment", "on_aspirin")

_DRUGS = ("MedicationStatement", "MedicationRequest")
_ACTIVE = frozenset({"active", "recurrence", "relapse"})
_REFUTED = frozenset({"refuted", "entered-in-error"})
_NOT_SURE = frozenset({"unconfirmed", "provisional", "differential"})
_LASTING = frozenset({"has_cvd", "has_family_history"})
"""What stays true after the condition has resolved."""
_ORDERS = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})
_DONE = frozenset({"completed", "in-progress"})
_NEVER_TAKEN = frozenset({"entered-in-error", "not-taken", "draft", "cancelled"})
_FAMILY = frozenset({"completed", "partial", "health-unknown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What the lists of a bundle claim.

    Parameters
    ----------
    facts
        A yes for each variable that has one.
    undecided
        Variables of which a code says neither.
    unresolved
        How many conditions or drugs have no code that is known, by the variables that they leave open.
    unknown
        Codes that mean nothing here, each with the entry that has it.
    notes
        What was left out or taken as something, and why.
    """

    facts: tuple[Fact, ...]
    undecided: tuple[str, ...]
    unresolved: Mapping[str, int]
    unknown: tuple[tuple[int, Coding], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Claim:
    """What one resource says, by which codes, and whether any of them was known."""

    resource: Resource
    says: Says
    codings: tuple[Coding, ...]
    is_resolved: bool

    def unknown(self) -> tuple[tuple[int, Coding], ...]:
        """Codes that mean nothing here."""
        unknown = (coding for coding in self.codings if _look_up(self.resource.kind, coding) is None)
        return tuple((self.resource.entry, coding) for coding in unknown)


def read_claims(bundle: PatientBundle, at: date | None) -> Claims:
    """Read what conditions, procedures, drugs and family history say.

    Parameters
    ----------
    bundle
        Of one patient.
    at
        The day of which it is asked; None for now, as the resources' status says.
    """
    claims = [*_read_conditions(bundle, at), *_read_drugs(bundle, at), *_read_family(bundle)]
    facts: dict[str, Fact] = {}
    for claim in claims:
        for variable, answer in claim.says.items():
            if answer and variable not in facts:
                facts[variable] = _fact_of(claim, variable)
    told = {variable for claim in claims for variable in claim.says}
    unknown = tuple(coding for claim in claims if not claim.is_resolved for coding in claim.unknown())
    return Claims(
        facts=tuple(facts.values()),
        undecided=tuple(sorted(told - set(facts))),
        unresolved=_count_unresolved(claims),
        unknown=unknown,
        notes=(*_notes_on(facts.values(), claims), *_notes_on_left_out(bundle, at)),
    )


def _fact_of(claim: _Claim, variable: str) -> Fact:
    coding = next(c for c in claim.codings if (_look_up(claim.resource.kind, c) or {}).get(variable))
    when = _began(claim.resource)
    return Fact(
        variable=variable, value=True, coding=coding, entry=claim.resource.entry, day=when.day if when else None
    )


def _count_unresolved(claims: Iterable[_Claim]) -> dict[str, int]:
    """Count what may hide a yes; a procedure does not, as what it was done for is among the conditions."""
    open_ones = [claim.resource.kind for claim in claims if not claim.is_resolved]
    drugs = sum(kind.startswith("Medication") for kind in open_ones)
    return {**dict.fromkeys(FROM_CONDITIONS, open_ones.count("Condition")), **dict.fromkeys(FROM_DRUGS, drugs)}


def _notes_on(facts: Iterable[Fact], claims: Iterable[_Claim]) -> Iterator[str]:
    kinds = {claim.resource.entry: claim.resource.kind for claim in claims}
    for fact in facts:
        kind = kinds[fact.entry]
        if kind == "MedicationRequest":
            yield f"{fact.variable}: an order is taken as use"
        if kind == "Procedure" and fact.variable == "on_dialysis":
            yield "on_dialysis: a procedure is taken as chronic dialysis"


def _notes_on_left_out(bundle: PatientBundle, at: date | None) -> Iterator[str]:
    """Count what was not so on the day, or not yet."""
    ended = sum(_was_meant(drug) and not _is_taken(drug, at) for drug in bundle.of_kind(*_DRUGS))
    if ended:
        how = ", by their status" if at is None else " on the day of the scan, by their dates or status"
        yield f"{ended} drugs were left out: not taken{how}"
    begun = sum(not _began_by(resource, at) for resource in bundle.of_kind("Condition", "Procedure") if _was(resource))
    if begun:
        yield f"{begun} conditions or procedures were left out: begun or first recorded after the scan"


def _look_up(kind: str, coding: Coding) -> Says | None:
    """Give what a code says in a kind of resource: empty if it is surely something else, None if it is not known."""
    if not coding.is_public:
        return None
    if kind.startswith("Medication"):
        if coding.system in ATC_SYSTEMS:
            return find_by_prefix(DRUGS_ATC, coding.code) or {}
        return DRUGS_RXNORM.get(coding.code) if coding.system == RXNORM else None
    if kind == "FamilyMemberHistory":
        return _look_up_heart_attack(coding)
    if coding.system in ICD10_SYSTEMS:
        return find_by_prefix(CONDITIONS_ICD10, coding.code) or {}
    table = PROCEDURES_SNOMED if kind == "Procedure" else CONDITIONS_SNOMED
    return table.get(coding.code) if coding.system == SNOMED else None


def _look_up_heart_attack(coding: Coding) -> Says | None:
    found: Says = {"has_family_history": True}
    if coding.system in ICD10_SYSTEMS:
        return found if find_by_prefix(dict.fromkeys(HEART_ATTACK_ICD10, found), coding.code) else {}
    return found if coding.system == SNOMED and coding.code in HEART_ATTACK_SNOMED else None


def _claim(resource: Resource, codings: tuple[Coding, ...]) -> _Claim:
    found = [_look_up(resource.kind, coding) for coding in codings]
    says = join_says(answer for answer in found if answer is not None)
    return _Claim(resource=resource, says=says, codings=codings, is_resolved=any(f is not None for f in found))


def _read_conditions(bundle: PatientBundle, at: date | None) -> Iterator[_Claim]:
    """Read conditions and procedures; what is not active any more, or not sure, leaves its variable undecided."""
    for resource in bundle.of_kind("Condition"):
        if _was(resource) and _began_by(resource, at):
            verified = _codes_of(resource.body.get("verificationStatus"))
            claim = _claim(resource, read_codings(resource.body.get("code")))
            held = frozenset(claim.says) if _was_active(resource.body, at) else _LASTING
            sure = frozenset[str]() if verified & _NOT_SURE else held
            yield replace(claim, says={name: yes if name in sure else None for name, yes in claim.says.items()})
    for resource in bundle.of_kind("Procedure"):
        if _was(resource) and _began_by(resource, at):
            yield _claim(resource, read_codings(resource.body.get("code")))


def _was(resource: Resource) -> bool:
    """Tell whether a condition was not refuted, or a procedure was done, on whichever day."""
    if resource.kind == "Procedure":
        return resource.body.get("status") in _DONE
    return not _codes_of(resource.body.get("verificationStatus")) & _REFUTED


def _codes_of(concept: Mapping[str, Any] | None) -> set[str]:
    return {coding.code for coding in read_codings(concept)}


def _was_active(body: Mapping[str, Any], at: date | None) -> bool:
    """Tell whether a condition was active on a day; one without a status is."""
    ended = read_time_of(body, "abatement")
    if at is not None and ended is not None:
        return ended.last_day > at
    status = _codes_of(body.get("clinicalStatus"))
    return not status or bool(status & _ACTIVE)


def _began(resource: Resource) -> When | None:
    """Give from when a resource holds, if it tells."""
    body = resource.body
    period = body.get("onsetPeriod") or body.get("performedPeriod") or body.get("effectivePeriod") or {}
    names = ("onsetDateTime", "performedDateTime", "effectiveDateTime", "recordedDate", "authoredOn")
    return read_when(period.get("start") or next((body[name] for name in names if body.get(name)), None))


def _began_by(resource: Resource, at: date | None) -> bool:
    """Tell whether something had begun by a day; what has no date had."""
    began = _began(resource)
    return at is None or began is None or began.moment.date() <= at


def _read_drugs(bundle: PatientBundle, at: date | None) -> Iterator[_Claim]:
    medications = _find_medications(bundle)
    for resource in bundle.of_kind(*_DRUGS):
        if _is_taken(resource, at):
            yield _claim_of_drug(resource, medications)


def _is_taken(resource: Resource, at: date | None) -> bool:
    body = resource.body
    if resource.kind == "MedicationRequest":
        return body.get("status") == "active" and _was_meant(resource) and _began_by(resource, at)
    ended = read_when((body.get("effectivePeriod") or {}).get("end"))
    if at is not None and ended is not None:
        is_use = body.get("status") in {"active", "completed", "stopped"}
        return is_use and ended.last_day >= at and _began_by(resource, at)
    return body.get("status") == "active" and _began_by(resource, at)


def _was_meant(drug: Resource) -> bool:
    """Tell whether a drug was ever to be taken: no error, no draft, and of orders no proposal."""
    is_order = drug.kind == "MedicationStatement" or drug.body.get("intent") in _ORDERS
    return is_order and not drug.body.get("doNotPerform") and drug.body.get("status") not in _NEVER_TAKEN


def _find_medications(bundle: PatientBundle) -> dict[str, Mapping[str, Any]]:
    """Index the Medication resources by every way to refer to them."""
    found: dict[str, Mapping[str, Any]] = {}
    for resource in bundle.of_kind("Medication"):
        found[resource.url] = found[f"Medication/{resource.body.get('id')}"] = resource.body
    return found


def _claim_of_drug(resource: Resource, medications: Mapping[str, Mapping[str, Any]]) -> _Claim:
    """Read a drug's code and its ingredients; it is known if the code is, or every ingredient."""
    body = resource.body
    medication = _refer(body, medications)
    whole = _claim(resource, read_codings(body.get("medicationCodeableConcept") or medication.get("code")))
    concepts = [part.get("itemCodeableConcept") for part in medication.get("ingredient") or []]
    parts = [_claim(resource, read_codings(concept)) for concept in concepts]
    return _Claim(
        resource=resource,
        says=join_says(claim.says for claim in (whole, *parts)),
        codings=tuple(coding for claim in (whole, *parts) for coding in claim.codings),
        is_resolved=whole.is_resolved or (bool(parts) and all(part.is_resolved for part in parts)),
    )


def _refer(body: Mapping[str, Any], medications: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    reference = (body.get("medicationReference") or {}).get("reference") or ""
    contained = {f"#{part.get('id')}": part for part in body.get("contained") or []}
    nowhere: Mapping[str, Any] = {}
    return contained.get(reference) or medications.get(reference) or nowhere


def _read_family(bundle: PatientBundle) -> Iterator[_Claim]:
    """Read heart attacks of parents, siblings and children; other relatives and conditions say nothing."""
    for resource in bundle.of_kind("FamilyMemberHistory"):
        body = resource.body
        relation = {c.code for c in read_codings(body.get("relationship")) if c.system == ROLES}
        if body.get("status") not in _FAMILY or not relation & FIRST_DEGREE:
            continue
        for condition in body.get("condition") or []:
            yield _claim(resource, read_codings(condition.get("code")))
