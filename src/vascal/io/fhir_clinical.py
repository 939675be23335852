"""Clinical variables of one patient from a FHIR R4 bundle, with what was used, left out and not understood.

Names, numbers and the birth date never leave the reader: a profile holds an age
and values, a message says where in the bundle something is. Needs fhir.resources
(BSD), which `vascal.io.fhir_bundle` alone imports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from vascal.errors import ImpossibleInputError
from vascal.io.fhir_bundle import PatientBundle, parse_bundle, read_bundle_file
from vascal.io.fhir_claims import FROM_CONDITIONS, FROM_DRUGS, Claims, read_claims
from vascal.io.fhir_elements import Fact, name_codings
from vascal.io.fhir_observations import read_observations
from vascal.io.fhir_patient import Person, read_person
from vascal.risk.profile import ClinicalProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class FhirClinical:
    """What a bundle tells of a patient.

    Parameters
    ----------
    profile
        Clinical variables.
    used
        Where each but age, sex and ethnicity is from.
    unknown_codes
        Codes that mean nothing here, as ``system|code``, sorted; local ones, which may hold a name, by their entry.
    notes
        What was left out or assumed, and why.
    wearables
        Means over all that counts: ``steps_per_day``, ``resting_heart_rate_bpm``, ``heart_rate_bpm``,
        ``sleep_hours``, ``hrv_sdnn_ms``.
    """

    profile: ClinicalProfile
    used: tuple[Fact, ...]
    unknown_codes: tuple[str, ...]
    notes: tuple[str, ...]
    wearables: Mapping[str, float]


def read_fhir_clinical(path: Path, at: date | None = None, *, absent_means_no: bool = False) -> FhirClinical:
    """Read clinical variables from a file that holds a FHIR R4 bundle in JSON.

    Parameters
    ----------
    path, at, absent_means_no
        As for `parse_fhir_clinical`.
    """
    return _read(read_bundle_file(path), at, absent_means_no=absent_means_no)


def parse_fhir_clinical(text: str, at: date | None = None, *, absent_means_no: bool = False) -> FhirClinical:
    """Read clinical variables from a FHIR R4 bundle in JSON.

    Parameters
    ----------
    text
        A bundle of one patient: Patient, Observation, Condition, Procedure, MedicationStatement,
        MedicationRequest, Medication and FamilyMemberHistory are read.
    at
        The day of the scan: age is counted on it, and nothing later is used. None leaves the age unknown.
    absent_means_no
        Whether the bundle holds the patient's whole list of problems and drugs, so that what is not in it is a
        no. Even so nothing is a no where a code that is not known might have been it.

    Raises
    ------
    InputError
        If it is not a FHIR R4 bundle of one patient.
    ImpossibleInputError
        If values that count have units that their codes do not have, or can not be true: all of them at once.
    MissingExtraError
        If fhir.resources is not installed.

    Notes
    -----
    Of each variable the newest observation that is final (or amended, or corrected) counts. A condition that is
    not in the bundle is not known, never absent.
    """
    return _read(parse_bundle(text), at, absent_means_no=absent_means_no)


def _read(bundle: PatientBundle, at: date | None, *, absent_means_no: bool) -> FhirClinical:
    person, strangeness = _read_person(bundle, at)
    observed = read_observations(bundle.of_kind("Observation"), at)
    claims = read_claims(bundle, at)
    facts = _keep_needed((*observed.facts, *claims.facts))
    problems = (*strangeness, *observed.problems, *_check_each(facts))
    if problems:
        raise ImpossibleInputError("\n".join(problems))
    values = _values_of(person, facts)
    undecided = [f"{name}: a code says neither yes nor no" for name in claims.undecided]
    assumed, why = _assume_no(bundle, claims, values) if absent_means_no else ({}, ())
    return FhirClinical(
        profile=_make_profile({**values, **assumed}),
        used=facts,
        unknown_codes=name_codings((*observed.unknown, *claims.unknown)),
        notes=(*bundle.notes, *person.notes, *observed.notes, *claims.notes, *undecided, *why),
        wearables=observed.wearables,
    )


def _read_person(bundle: PatientBundle, at: date | None) -> tuple[Person, tuple[str, ...]]:
    """Read the patient; one born after the day asked for is a problem among others."""
    notes = ("the bundle holds no Patient: age and sex are not known",)
    nobody = Person(age_years=None, sex=None, ethnicity=None, notes=notes)
    try:
        patients = [read_person(resource.body, at) for resource in bundle.of_kind("Patient")]
    except ImpossibleInputError as error:
        return nobody, (str(error),)
    return (patients[0] if patients else nobody), ()


def _keep_needed(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """Drop height and weight where the body mass index is known, or one of the two is not."""
    names = {fact.variable for fact in facts}
    is_needed = {"height", "weight"} <= names and "bmi" not in names
    return tuple(fact for fact in facts if is_needed or fact.variable not in {"height", "weight"})


def _check_each(facts: Sequence[Fact]) -> list[str]:
    """Let a profile of nothing else check each value."""
    problems = []
    for fact in facts:
        try:
            _make_profile(_values_of(None, [fact]))
        except ImpossibleInputError as error:
            problems.append(f"entry[{fact.entry}] ({fact.coding}): {error}")
    return problems


def _values_of(person: Person | None, facts: Sequence[Fact]) -> dict[str, Any]:
    values: dict[str, Any] = {fact.variable: fact.value for fact in facts}
    height, weight = values.pop("height", None), values.pop("weight", None)
    if height and weight:
        values["bmi"] = weight / height**2
    if person is not None:
        values |= {"age_years": person.age_years, "sex": person.sex, "ethnicity": person.ethnicity}
    return values


def _make_profile(values: Mapping[str, Any]) -> ClinicalProfile:
    return ClinicalProfile(**values)


def _assume_no(bundle: PatientBundle, claims: Claims, values: Mapping[str, Any]) -> tuple[dict[str, bool], list[str]]:
    """Take what is absent as a no, unless it may hide on another page or behind a code that is not known."""
    wanted = [name for name in (*FROM_CONDITIONS, *FROM_DRUGS) if name not in values and name not in claims.undecided]
    if bundle.is_page:
        return {}, [f"{', '.join(wanted)}: not taken as absent, as the bundle is one page of several"] if wanted else []
    hidden = [name for name in wanted if claims.unresolved[name]]
    assumed = [name for name in wanted if name not in hidden]
    notes = [
        f"{name}: not taken as absent, as {claims.unresolved[name]} entries have no code that is known"
        for name in hidden
    ]
    if assumed:
        notes.append(f"taken as no because absent, as asked: {', '.join(assumed)}")
    return dict.fromkeys(assumed, False), notes
