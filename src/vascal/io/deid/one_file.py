"""From the bytes of one file to the bytes of its cleaned copy."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from types import MappingProxyType

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import UID, ImplicitVRLittleEndian

from vascal.errors import InputError, UnsupportedImageError
from vascal.io.deid.clean import Cleaning, clean_dataset
from vascal.io.deid.keyed import Key
from vascal.io.deid.kinds import require_kind
from vascal.io.deid.known import KnownWords, collect_words
from vascal.io.deid.markers import make_file_meta, mark_cleaned
from vascal.io.deid.pixels import PixelPolicy, settle_pixels
from vascal.io.deid.plain_pixels import tidy_pixels
from vascal.io.deid.profile import Profile
from vascal.io.dicom_values import UNREADABLE, text_of, tolerant_reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds for all files of a run.

    Parameters
    ----------
    profile, key
        What is asked for, and the secret.
    patients
        New names by Patient ID, or None: then they come from the key.
    pixels
        What to do with text in the pixels.
    implementation
        Implementation Version Name.
    """

    profile: Profile
    key: Key
    patients: Mapping[str, str] | None = field(default=None, repr=False)
    pixels: PixelPolicy = "refuse"
    implementation: str = "VASCAL"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CleanFile:
    """A cleaned file that is not written yet.

    Parameters
    ----------
    content
        The whole file.
    place
        Where it belongs, relative: patient, study, series and file, all named anew.
    patient, old_patient
        New and old Patient ID.
    changes
        How often what was done to which attribute.
    notes
        Said in the report.
    """

    content: bytes = field(repr=False)
    place: str
    patient: str
    old_patient: str = field(repr=False)
    changes: Counter[tuple[str, str]]
    notes: tuple[str, ...]


BROKEN = (*UNREADABLE, EOFError, OSError, LookupError, RecursionError, MemoryError, zlib.error)
"""What pydicom raises on files that are damaged, or made to do damage."""
_UID = re.compile(r"\d[\d.]{0,63}")
NO_PATIENT = "has no Patient ID: its study stands for the patient, so dates of other studies move by other days"


def patient_of(dataset: Dataset) -> str:
    """Say whose a dataset is: Patient ID, or, without one, Study Instance UID."""
    return " ".join(text_of(dataset, "PatientID").split()) or text_of(dataset, "StudyInstanceUID")


def clean_file(content: bytes, rules: Rules, words: Mapping[str, KnownWords] = MappingProxyType({})) -> CleanFile:
    """Clean one DICOM file.

    Parameters
    ----------
    content
        The file.
    rules
        What to do.
    words
        Words by patient, from his other files; those of this file are always known.

    Raises
    ------
    UnsupportedImageError
        If it is of a kind that can not be cleaned, or shows text in its pixels.
    InputError
        If it can not be read, or its patient is not in the table of patients.
    """
    with tolerant_reading():
        try:
            return _clean(pydicom.dcmread(BytesIO(content), force=True), rules, words)
        except BROKEN as error:
            if isinstance(error, InputError):
                raise
            raise UnsupportedImageError(f"can not be read or written as DICOM ({type(error).__name__})") from error


def _clean(dataset: Dataset, rules: Rules, words: Mapping[str, KnownWords]) -> CleanFile:
    is_multiframe = require_kind(dataset)
    tidy_pixels(dataset)
    notes = settle_pixels(dataset, rules.pixels)
    old = " ".join(text_of(dataset, "PatientID").split())
    subject = patient_of(dataset)
    cleaning = Cleaning(
        profile=rules.profile,
        key=rules.key,
        subject=_rename(old, subject, rules),
        days_back=rules.key.days_back(subject),
        is_multiframe=is_multiframe,
        words=collect_words(dataset, rules.profile).joined_with(words.get(subject, KnownWords())),
    )
    cleaned = clean_dataset(dataset, cleaning)
    mark_cleaned(cleaned, rules.profile, cleaning.subject)
    return CleanFile(
        content=_to_bytes(cleaned, _syntax_of(dataset), rules.implementation),
        place=_place_of(cleaned, cleaning.subject),
        patient=cleaning.subject,
        old_patient=old,
        changes=cleaning.changes,
        notes=notes if old else (*notes, NO_PATIENT),
    )


def _place_of(cleaned: Dataset, subject: str) -> str:
    """Name the file by its identifiers; those that were kept may be anything."""
    uids = [text_of(cleaned, word) for word in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")]
    if not all(_UID.fullmatch(uid) for uid in uids):
        raise UnsupportedImageError("has identifiers that are none: digits and points, at most 64")
    return f"{subject}/{'/'.join(uids)}.dcm"


def _rename(old: str, subject: str, rules: Rules) -> str:
    if rules.patients is None:
        return rules.key.pseudonym(subject)
    if old not in rules.patients:
        raise InputError("its patient is not in the table of patients")
    return rules.patients[old]


def _syntax_of(dataset: Dataset) -> UID:
    meta = getattr(dataset, "file_meta", None)
    return UID(meta.get("TransferSyntaxUID", ImplicitVRLittleEndian)) if meta is not None else ImplicitVRLittleEndian


def _to_bytes(cleaned: Dataset, syntax: UID, implementation: str) -> bytes:
    cleaned.file_meta = make_file_meta(cleaned, syntax, implementation)
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, cleaned, enforce_file_format=True)
    return buffer.getvalue()
