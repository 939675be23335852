"""What is left in a cleaned folder that should not be: by what its files claim, and against the originals."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import reduce
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.multival import MultiValue
from pydicom.uid import DeflatedExplicitVRLittleEndian

from vascal.errors import InputError
from vascal.io.deid.change_report import REPORT_JSON, REPORT_TEXT
from vascal.io.deid.clean import DUMMIES, NUMBER_VRS, TERMS, TEXT_VRS, holds_words, label_of
from vascal.io.deid.dates import limit_age
from vascal.io.deid.keyed import is_new_uid, is_well_known
from vascal.io.deid.kinds import MULTI_FRAME, SINGLE_FRAME
from vascal.io.deid.known import KnownWords, collect_words, readable_elements, values_of
from vascal.io.deid.one_file import BROKEN, patient_of
from vascal.io.deid.plain_pixels import plain_bytes
from vascal.io.deid.private import PrivateTag, private_tag_of
from vascal.io.deid.profile import PIXELS, Action, Profile, action_for
from vascal.io.deid.table import row_of
from vascal.io.dicom_files import UNREADABLE_FILE, find_files, open_images
from vascal.io.dicom_header import looks_like_dicom
from vascal.io.dicom_values import text_of, tolerant_reading

_META = frozenset({0x00020000, 0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020012, 0x00020013})
HOLDS = "holds words of an original"
LOOK = (
    "is YES: look at the images; then clean the originals again, with --pixels mask-reviewed where the mask hides all "
    "text, with --pixels reviewed where none was masked and none names the patient"
)


Problem = tuple[str, str]
"""Where, and what is wrong."""


_REPORTED = re.compile(r"\([0-9A-F]{4},[0-9A-F]{4}\) [^:\"\n]*|\b\d{1,6}\b(?: (?:time|file)s?\b)?")
"""What a report says of any patient: numbers and names of attributes, and counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Residue:
    """One thing that should not be there.

    Parameters
    ----------
    file
        Number of the file, in the order of names.
    attribute
        Where: an attribute, or a part of the file.
    problem
        What is wrong; never the value.
    """

    file: int
    attribute: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check saw.

    Parameters
    ----------
    files
        DICOM files looked at.
    compared
        How many of them were found again among the originals by their pixels.
    residues
        Empty if nothing was found.
    """

    files: int
    compared: int
    residues: tuple[Residue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Originals:
    """Words by patient; patient and dates of every original by the digest of its pixels."""

    by_patient: dict[str, KnownWords] = field(repr=False)
    by_pixels: dict[str, list[tuple[str, dict[str, str]]]] = field(repr=False)

    def words_for(self, digest: str) -> KnownWords:
        """Give the words of the patient whose pixels these are; of all patients if it is not known whose."""
        patients = {patient for patient, _ in self.by_pixels.get(digest, ()) if digest} or set(self.by_patient)
        return reduce(KnownWords.joined_with, (self.by_patient[one] for one in patients), KnownWords())


def check_residue(
    folder: Path,
    *,
    against: Path | None = None,
    private: frozenset[PrivateTag] = frozenset(),
    kept_text: frozenset[str] = frozenset(),
) -> Checked:
    """Look for what de-identification should have taken away.

    Parameters
    ----------
    folder
        Cleaned files, by vascal or by another tool.
    against
        The originals, or None. With them their names, numbers, identifiers and dates are looked for everywhere.
    private, kept_text
        Private attributes and descriptions that were kept on purpose.

    Returns
    -------
    Checked
        A file is judged by the options that its own method codes claim.

    Raises
    ------
    InputError
        If there is nothing to check.
    """
    files = compared = 0
    found: list[Residue] = []
    with tolerant_reading():
        claimed = _claims(folder, private, kept_text)
        originals = _read_originals(against, claimed)
        for number, (name, content) in enumerate(_contents(folder), start=1):
            dataset = _parse(content)
            files += dataset is not None
            compared += dataset is not None and _pixel_digest(dataset) in originals.by_pixels
            problems = _of_file(name, content, dataset, claimed, originals)
            found += [Residue(file=number, attribute=where, problem=what) for where, what in dict.fromkeys(problems)]
    return Checked(files=files, compared=compared, residues=tuple(found))


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    with open_images() as open_one:
        for file in find_files(path):
            try:
                with open_one(file.path, file.member) as stream:
                    yield file.subject, stream.read()
            except (*UNREADABLE_FILE, InputError):
                yield file.subject, b""


def _parse(content: bytes) -> FileDataset | None:
    """Read a file that looks like DICOM; None if it does not, or can not be read."""
    if not looks_like_dicom(content[:1024]):
        return None
    try:
        return pydicom.dcmread(BytesIO(content), force=True)
    except BROKEN:
        return None


def _claims(folder: Path, private: frozenset[PrivateTag], kept_text: frozenset[str]) -> Profile:
    """Read the options that the first file claims: one run has one profile."""
    for _, content in _contents(folder):
        dataset = _parse(content)
        if dataset is not None:
            return _profile_of(dataset, private, kept_text)
    raise InputError("no DICOM file was found to check")


def _profile_of(dataset: Dataset, private: frozenset[PrivateTag], kept_text: frozenset[str]) -> Profile:
    codes = {text_of(item, "CodeValue") for item in dataset.get("DeidentificationMethodCodeSequence") or ()}
    return Profile(
        dates="keep" if "113106" in codes else "shift" if "113107" in codes else "remove",
        retain_device="113109" in codes,
        retain_institution="113112" in codes,
        retain_patient_characteristics="113108" in codes,
        retain_uids="113110" in codes,
        private=private,
        kept_text=kept_text,
    )


def _read_originals(path: Path | None, profile: Profile) -> _Originals:
    originals = _Originals(by_patient={}, by_pixels={})
    for _, content in () if path is None else _contents(path):
        dataset = _parse(content)
        if dataset is not None:
            patient = patient_of(dataset)
            words = originals.by_patient.get(patient, KnownWords())
            originals.by_patient[patient] = words.joined_with(collect_words(dataset, profile))
            dated = patient, dict(_dates_in(dataset))
            originals.by_pixels.setdefault(_pixel_digest(dataset), []).append(dated)
    return originals


def _pixel_digest(dataset: Dataset) -> str:
    pixels = _pixels(dataset)
    with suppress(*BROKEN):  # damaged ones as they are
        pixels = plain_bytes(dataset, pixels)
    return hashlib.sha256(pixels).hexdigest() if pixels else ""


def _pixels(dataset: Dataset) -> bytes:
    element = dataset.get_item("PixelData") if "PixelData" in dataset else None
    return element.value if element is not None and isinstance(element.value, bytes) else b""


def _dates_in(dataset: Dataset, path: str = "") -> Iterator[tuple[str, str]]:
    for element in readable_elements(dataset):
        if element.VR == "SQ":
            for number, item in enumerate(element.value or ()):
                yield from _dates_in(item, f"{path}{element.tag}{number}")
        elif element.VR in ("DA", "DT") and values_of(element):
            yield f"{path}{element.tag}", "\\".join(text[:8] for text in values_of(element))


def _of_file(
    name: str, content: bytes, dataset: FileDataset | None, claimed: Profile, originals: _Originals
) -> Iterator[Problem]:
    digest = "" if dataset is None else _pixel_digest(dataset)
    words = originals.words_for(digest)
    if words.found_in(name):
        yield "file name", HOLDS
    if dataset is None:
        yield from _of_other(name, content, words)
        return
    own = _profile_of(dataset, claimed.private, claimed.kept_text)
    is_multiframe = text_of(dataset, "SOPClassUID") in MULTI_FRAME
    yield from _of_frame(dataset, content)
    yield from _of_picture(dataset)
    yield from _of_dataset(dataset, _Look(profile=own, words=words, is_multiframe=is_multiframe))
    yield from _of_bytes(dataset, content, words)
    if own.dates == "shift":
        yield from _of_dates(dataset, [dates for _, dates in originals.by_pixels.get(digest, ())])


def _of_other(name: str, content: bytes, words: KnownWords) -> Iterator[Problem]:
    if name not in (REPORT_JSON, REPORT_TEXT):
        yield "file", "is not DICOM, or damaged, and was not looked into"
    elif words.found_in(_REPORTED.sub("", content.decode("utf-8", "replace"))):
        yield "report", HOLDS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What a dataset is looked at with."""

    profile: Profile
    words: KnownWords
    is_multiframe: bool


def _of_frame(dataset: FileDataset, content: bytes) -> Iterator[Problem]:
    """Look at what surrounds the dataset, and at what it says of its cleaning."""
    if content[128:132] == b"DICM" and any(content[:128]):
        yield "preamble", "is not empty"
    yield from ((f"file header {one.tag}", "should be gone") for one in dataset.file_meta if one.tag not in _META)
    if text_of(dataset, "PatientIdentityRemoved") != "YES":
        yield "(0012,0062) Patient Identity Removed", "is not YES"
    codes = {text_of(item, "CodeValue") for item in dataset.get("DeidentificationMethodCodeSequence") or ()}
    if "113100" not in codes:
        yield "(0012,0064) De-identification Method Code Sequence", "does not name the basic profile"


def _of_picture(dataset: FileDataset) -> Iterator[Problem]:
    """Look at the kind of object, and for bytes beside the picture."""
    sop_class = text_of(dataset, "SOPClassUID")
    if sop_class not in SINGLE_FRAME and sop_class not in MULTI_FRAME:
        yield "(0008,0016) SOP Class UID", "is of a kind that can not be cleaned"
    if text_of(dataset, "BurnedInAnnotation").upper() == "YES":
        yield "(0028,0301) Burned In Annotation", LOOK
    if "PixelData" in dataset:
        try:
            if plain_bytes(dataset, _pixels(dataset)) != _pixels(dataset):
                yield "pixels", "hold comments or bytes that are no part of the picture"
        except BROKEN:
            yield "pixels", "are damaged, or compressed in a way that is not looked into"


def _of_dataset(dataset: Dataset, look: _Look) -> Iterator[Problem]:
    readable = {element.tag for element in readable_elements(dataset)}
    yield from ((label_of(tag), "can not be read") for tag in list(dataset.keys()) if tag not in readable)
    for element in readable_elements(dataset):
        if element.tag.is_private_creator or element.tag.element == 0:
            continue
        problem = _of_element(dataset, element, look)
        if problem is not None:
            yield label_of(element.tag), problem
        elif element.VR == "SQ":
            for item in element.value or ():
                yield from _of_dataset(item, look)


def _of_element(dataset: Dataset, element: DataElement, look: _Look) -> str | None:
    if element.tag.is_private:
        known = private_tag_of(dataset, element.tag)
        is_listed = known is not None and known in look.profile.private
        return _of_words(element, look.words) if is_listed else "should be gone"
    action = action_for(element.tag, element.VR, look.profile, is_multiframe=look.is_multiframe)
    return _of_action(action, element) or _of_words(element, look.words)


def _of_action(action: Action, element: DataElement) -> str | None:
    """Say what is wrong with a value under the action that should have been taken."""
    if action is Action.REMOVE:
        return "should be gone"
    values = list(element.value or ()) if element.VR == "SQ" else list(values_of(element))
    if not values or element.VR == "SQ":
        return "should be empty" if values and action is Action.EMPTY else None
    return _of_values(action, element, [str(one) for one in values])


def _of_values(action: Action, element: DataElement, values: list[str]) -> str | None:
    if action is Action.EMPTY:
        return "should be empty"
    if action is Action.DUMMY and element.VR != "UI" and not _is_dummy(element):
        return "should be a dummy"
    names_an_instance = row_of(element.tag) is not None
    if action in (Action.UID, Action.DUMMY) and element.VR == "UI":
        is_clean = all(is_new_uid(u) or is_well_known(u, names_an_instance=names_an_instance) for u in values)
        return None if is_clean else "is an identifier that was not made by a key"
    if action is Action.AGE and any(limit_age(text) != text for text in values):
        return "is an age above 89 years, or none"
    return None


def _is_dummy(element: DataElement) -> bool:
    value = element.value
    several = list(value) if isinstance(value, MultiValue) else [value]
    return all(str(one) == str(DUMMIES.get(element.VR)) for one in several)


def _of_words(element: DataElement, words: KnownWords) -> str | None:
    """Look for the originals' words in text and bytes."""
    if element.VR in TEXT_VRS | NUMBER_VRS | {"UI"}:
        return HOLDS if any(holds_words(element, text, words) for text in values_of(element)) else None
    is_data = element.tag not in PIXELS and isinstance(element.value, bytes)
    return HOLDS if is_data and words.found_in_bytes(element.value) else None


def _of_bytes(dataset: Dataset, content: bytes, words: KnownWords) -> Iterator[Problem]:
    """Look once more at the bytes outside the pixels, whatever they are read as."""
    pixels = _pixels(dataset)
    rest = content.replace(pixels, b"", 1) if pixels else content
    not_terms = KnownWords(words=words.words - {term.casefold() for term in TERMS}, uids=words.uids)
    if not_terms.found_in_bytes(rest) or not_terms.found_in_bytes(_inflated(dataset, content)):
        yield "bytes outside the pixels", HOLDS


def _inflated(dataset: Dataset, content: bytes) -> bytes:
    """Give a deflated dataset written out: its bytes say nothing as they are."""
    meta = getattr(dataset, "file_meta", None)
    if meta is None or meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return b""
    start = 132 + 12 + int(meta.get("FileMetaInformationGroupLength", 0))
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(content[start:])
    except zlib.error:
        return b""


def _of_dates(dataset: Dataset, originals: list[dict[str, str]]) -> Iterator[Problem]:
    """Compare dates with those of originals of the same pixels."""
    for path, dates in _dates_in(dataset):
        if originals and all(one.get(path) == dates for one in originals):
            yield "dates", "are those of the original"
