"""One dataset in, a cleaned copy out, sequences included.

Kept elements are passed on as they are, so pixels stay byte for byte. What can not be understood goes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pydicom.charset import python_encoding
from pydicom.datadict import dictionary_description, dictionary_has_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from vascal.io.deid.dates import limit_age, shift_value
from vascal.io.deid.keyed import Key, is_well_known
from vascal.io.deid.known import KnownWords, values_of
from vascal.io.deid.private import private_tag_of
from vascal.io.deid.profile import BULK_VRS, DATE_VRS, PIXELS, Action, Profile, action_for
from vascal.io.deid.table import row_of
from vascal.io.dicom_values import UNREADABLE

REMOVED = "REMOVED"
DUMMIES: Mapping[str, object] = MappingProxyType(
    dict.fromkeys(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"), REMOVED)
    | {"AS": "000Y", "DA": "19000101", "DT": "19000101000000", "TM": "000000", "DS": "0", "IS": "0"}
    | {"UR": "urn:removed", "FD": 0.0, "FL": 0.0, "OB": b"\0\0", "UN": b"\0\0", "OW": b"\0\0"}
    | dict.fromkeys(("SL", "SS", "SV", "UL", "US", "UV"), 0)
)
"""A valid value of each representation that says nothing."""
TEXT_VRS = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
NUMBER_VRS = frozenset({"DS", "IS"})
TERMS = frozenset(python_encoding) | frozenset((
    "ORIGINAL", "DERIVED", "PRIMARY", "SECONDARY", "AXIAL", "LOCALIZER", "OTHER", "VOLUME", "MIXED", "NONE",
    "MONOCHROME1", "MONOCHROME2", "RGB", "PALETTE", "CT", "MR", "PT", "CR", "DX", "MG", "SEG", "HFS", "HFP", "FFS",
    "FFP", "HFDR", "HFDL", "FFDR", "FFDL", "SUPINE", "PRONE", "YES", "NO", "HEAD", "NECK", "CHEST", "HEART",
    "ABDOMEN", "PELVIS", "SPINE", "LSPINE", "TSPINE", "CSPINE", "BREAST", "LEFT", "RIGHT", "BINARY", "FRACTIONAL",
    "LABELMAP", "AUTOMATIC", "MANUAL", "SEMIAUTOMATIC", "PRESENTATION", "PROCESSING", "PATIENT", "CENTER", "POINT",
    "HELICAL", "SCAN", "BODY", "LARGE", "SMALL", "MEDIUM", "ART", "FLAT", "ROUND", "LINEAR",
))  # fmt: skip
"""Terms of the standard that are also names: in a code string they are terms."""
_STAND_IN = 0x00181020
"""A public attribute outside the table (Software Versions): there the representation alone decides."""
_NUMBER = re.compile(r"[-+\d.,eE ]*")
_ZONE = re.compile(r"[+-]\d{4}")


class Change:
    """Names of what is done beside the profile's own actions; the report shows them."""

    UNREADABLE = "removed: not readable"
    WORDS = "held words of the patient: replaced"
    BAD_DATE = "removed: not a date"
    BAD_AGE = "removed: not an age"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cleaning:
    """All that decides what becomes of one file.

    Parameters
    ----------
    profile, key
        What is asked for, and the secret.
    subject
        The pseudonym.
    days_back
        Days that every date is moved into the past; used with shifted dates only.
    is_multiframe
        See `action_for`.
    words
        Of this file's patient.
    changes
        Counts what was done; filled while cleaning.
    """

    profile: Profile
    key: Key
    subject: str
    days_back: int
    is_multiframe: bool
    words: KnownWords
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)

    def note(self, tag: BaseTag, outcome: str) -> None:
        """Count one change of an attribute."""
        self.changes[label_of(tag), outcome] += 1


def label_of(tag: BaseTag) -> str:
    """Name an attribute as the report does; a private one has no name that may be shown."""
    if tag.is_private:
        return "private attributes"
    if tag >> 24 in (0x50, 0x60):
        return "curves" if tag >> 24 == 0x50 else "overlays"
    if dictionary_has_tag(tag):
        return f"({tag.group:04X},{tag.element:04X}) {dictionary_description(tag)}"
    row = row_of(tag)
    return f"({tag.group:04X},{tag.element:04X}) {row.name if row else 'unknown to the dictionary'}"


def clean_dataset(dataset: Dataset, cleaning: Cleaning) -> Dataset:
    """Give a copy that holds what the profile leaves.

    Parameters
    ----------
    dataset
        The file's dataset or an item of a sequence; not changed.
    cleaning
        What decides; its counts are filled.
    """
    cleaned = Dataset()
    for tag in sorted(dataset.keys()):
        for element in _clean_element(dataset, tag, cleaning):
            cleaned.add(element)
    return cleaned


def _clean_element(dataset: Dataset, tag: BaseTag, cleaning: Cleaning) -> Iterator[DataElement]:
    if tag.element == 0 or tag.is_private_creator:
        return  # lengths of groups are counted anew; creators come with what they claim
    try:
        element = dataset[tag]
        left = _clean_private(dataset, element, cleaning) if tag.is_private else _clean_public(element, cleaning)
    except UNREADABLE:
        cleaning.note(tag, Change.UNREADABLE)
        return
    yield from left


def _clean_private(dataset: Dataset, element: DataElement, cleaning: Cleaning) -> tuple[DataElement, ...]:
    """Keep a listed attribute with its creator; what it holds is still judged by its representation."""
    known = private_tag_of(dataset, element.tag)
    if known is None or known not in cleaning.profile.private or element.VR in BULK_VRS - {"UN"} | {"PN", "LT", "ST"}:
        cleaning.note(element.tag, Action.REMOVE)
        return ()
    left = _apply(_action_for_private(element.VR, cleaning.profile), element, cleaning)
    if not left:
        return ()
    creator = DataElement((element.tag.group, element.tag.element >> 8), "LO", known.creator)
    return creator, *left


def _action_for_private(vr: str, profile: Profile) -> Action:
    if vr == "UN":
        return Action.KEEP
    return action_for(_STAND_IN, vr, profile, is_multiframe=False)


def _clean_public(element: DataElement, cleaning: Cleaning) -> tuple[DataElement, ...]:
    action = action_for(element.tag, element.VR, cleaning.profile, is_multiframe=cleaning.is_multiframe)
    return _apply(action, element, cleaning)


def _apply(action: Action, element: DataElement, cleaning: Cleaning) -> tuple[DataElement, ...]:
    if element.VR == "SQ" and action is not Action.REMOVE:
        return _clean_sequence(action, element, cleaning)
    return _ACTIONS[action](element, cleaning)


def _clean_sequence(action: Action, element: DataElement, cleaning: Cleaning) -> tuple[DataElement, ...]:
    if action is not Action.KEEP:
        cleaning.note(element.tag, Action.EMPTY)
        return (DataElement(element.tag, "SQ", Sequence()),)
    items = [clean_dataset(item, cleaning) for item in element.value or ()]
    return (DataElement(element.tag, "SQ", Sequence(items)),)


def _keep(element: DataElement, cleaning: Cleaning) -> tuple[DataElement, ...]:
    is_uid = element.VR == "UI" and not cleaning.profile.retain_uids  # of a device or a coding scheme
    if is_uid and _is_of_the_patient(element, cleaning.words):
        return _replace_uid(element, cleaning)
    if element.VR in TEXT_VRS | NUMBER_VRS:
        return _keep_text(element, cleaning)
    if element.tag not in PIXELS and isinstance(element.value, bytes) and cleaning.words.found_in_bytes(element.value):
        cleaning.note(element.tag, Change.WORDS)
        return ()
    return (element,)


def _is_of_the_patient(element: DataElement, words: KnownWords) -> bool:
    """Tell whether an identifier holds words of the patient, or lies under one of his."""
    own = tuple(f"{uid}." for uid in words.uids)
    return any(words.found_in(uid) or uid.startswith(own) for uid in values_of(element))


def _keep_text(element: DataElement, cleaning: Cleaning) -> tuple[DataElement, ...]:
    old = list(element.value) if element.VM > 1 else [element.value]
    instead = "0" if element.VR in NUMBER_VRS else REMOVED
    held = [holds_words(element, str(one).strip(" \0"), cleaning.words) for one in old]
    if not any(held):
        return (element,)
    left = [instead if hit else one for one, hit in zip(old, held, strict=True)]  # each in its place
    cleaning.note(element.tag, Change.WORDS)
    return (DataElement(element.tag, element.VR, left if len(left) > 1 else left[0]),)


def holds_words(element: DataElement, text: str, words: KnownWords) -> bool:
    """Tell whether one value of a text holds words of the patient, or one of a number is one."""
    if element.VR in NUMBER_VRS:
        if not _NUMBER.fullmatch(text):
            return words.found_in(text)
        return text in words.words or text.lstrip("0") in words.words  # some devices number series by the patient
    return not (element.VR == "CS" and text in TERMS) and words.found_in(text)


def _remove(element: DataElement, cleaning: Cleaning) -> tuple[DataElement, ...]:
    cleaning.note(element.tag, Action.REMOVE)
    return ()


def _empty(element: DataElement, cleaning: Cleaning) -> tuple[DataElement, ...]:
    cleaning.note(element.tag, Action.EMPTY)
    return (DataElement(element.tag, element.VR, None),)


def _put_dummy(element: DataElement, cleaning: Cleaning) -> tuple[DataElement, ...]:
    if element.VR == "UI":
        return _replace_uid(element, cleaning)
    cleaning.note(element.tag, Action.DUMMY)
    return (DataElement(element.tag, element.VR, DUMMIES.get(element.VR)),)


def _replace_uid(element: DataElement, cleaning: Cleaning) -> tuple[DataElement, ...]:
    names_an_instance = row_of(element.tag) is not None
    old = values_of(element)
    new = [uid if is_well_known(uid, names_an_instance=names_an_instance) else cleaning.key.new_uid(uid) for uid in old]
    if list(old) == new:
        return (element,)
    cleaning.note(element.tag, Action.UID)
    return (DataElement(element.tag, "UI", new if len(new) > 1 else new[0]),)


def _shift(element: DataElement, cleaning: Cleaning) -> tuple[DataElement, ...]:
    if element.VR not in DATE_VRS:
        is_zone = all(_ZONE.fullmatch(text) for text in values_of(element))
        return (element,) if is_zone and element.VR == "SH" else _remove(element, cleaning)
    old = values_of(element)
    new = [shift_value(element.VR, text, cleaning.days_back) for text in old]
    if not old or None in new:
        outcome = Change.BAD_DATE if old else Action.KEEP
        cleaning.note(element.tag, outcome)
        return (DataElement(element.tag, element.VR, None),) if row_of(element.tag) else ()
    cleaning.note(element.tag, Action.SHIFT)
    return (DataElement(element.tag, element.VR, new if len(new) > 1 else new[0]),)


def _keep_age(element: DataElement, cleaning: Cleaning) -> tuple[DataElement, ...]:
    ages = [limit_age(text) for text in values_of(element)]
    if len(ages) != 1 or ages[0] is None:
        cleaning.note(element.tag, Change.BAD_AGE)
        return ()
    cleaning.note(element.tag, Action.AGE)
    return (DataElement(element.tag, "AS", ages[0]),)


def _put_pseudonym(element: DataElement, cleaning: Cleaning) -> tuple[DataElement, ...]:
    cleaning.note(element.tag, Action.PSEUDONYM)
    return (DataElement(element.tag, element.VR, cleaning.subject),)


_ACTIONS: Mapping[Action, Callable[[DataElement, Cleaning], tuple[DataElement, ...]]] = MappingProxyType(
    {
        Action.KEEP: _keep,
        Action.REMOVE: _remove,
        Action.EMPTY: _empty,
        Action.DUMMY: _put_dummy,
        Action.UID: _replace_uid,
        Action.SHIFT: _shift,
        Action.AGE: _keep_age,
        Action.PSEUDONYM: _put_pseudonym,
    }
)
