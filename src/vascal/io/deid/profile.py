"""Which profile and options are asked for, and what they make of one attribute.

The basic profile of PS3.15 lists what is dangerous and keeps the rest. Here more goes: attributes that no current
dictionary knows, free text, names, times and bulk data that the table forgets, and whatever holds the patient's own
words elsewhere (see `known`).

Source: DICOM PS3.15 annex E.1.1 and E.3; action codes Table E.1-1a.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import Literal

from pydicom.datadict import (
    dictionary_has_tag,
    dictionary_is_retired,
    dictionary_VR,
    keyword_dict,
    keyword_for_tag,
    tag_for_keyword,
)

from vascal.errors import InputError
from vascal.io.deid.private import PrivateTag
from vascal.io.deid.table import Row, row_of

Dates = Literal["remove", "shift", "keep"]


class Action(StrEnum):
    """What is done with one attribute."""

    KEEP = "kept"
    REMOVE = "removed"
    EMPTY = "emptied"
    DUMMY = "replaced by a dummy"
    UID = "replaced by a keyed identifier"
    SHIFT = "shifted"
    AGE = "kept, 90 years and more as 090Y"
    PSEUDONYM = "replaced by a pseudonym"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The basic profile with its options; without any, nothing that an option names is kept.

    Parameters
    ----------
    dates
        remove; shift, all of a patient by the same days; or keep.
    retain_device, retain_institution, retain_patient_characteristics, retain_uids
        Options of PS3.15.
    private
        Private attributes that are kept; all others go.
    kept_text
        Keywords of descriptions that the user has read and keeps.
    """

    dates: Dates = "remove"
    retain_device: bool = False
    retain_institution: bool = False
    retain_patient_characteristics: bool = False
    retain_uids: bool = False
    private: frozenset[PrivateTag] = field(default_factory=frozenset)
    kept_text: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        """Refuse to keep as a description what is none: a misspelt keyword, a name, an identifier."""
        for keyword in sorted(self.kept_text):
            if not _is_description(tag_for_keyword(keyword)):
                near = ", ".join(_near(keyword))
                raise InputError(f"{keyword} is not the keyword of a description; there are {near} and others")


def _near(keyword: str) -> tuple[str, ...]:
    """Give a few keywords of descriptions: those that hold the letters asked for, then those of like letters."""
    asked = "".join(filter(str.isalnum, keyword)).casefold()
    known = {word.casefold(): word for word, tag in keyword_dict.items() if _is_current(tag)}
    holding = [one for one in sorted(known, key=len) if asked and asked in one]
    alike = [*holding[:_FEW], *get_close_matches(asked, known, n=_FEW, cutoff=0.75)]
    return tuple(known[one] for one in dict.fromkeys(alike))[:_FEW] or _USUAL


def _is_current(tag: int) -> bool:
    return _is_description(tag) and not dictionary_is_retired(tag)


def _is_description(tag: int | None) -> bool:
    if tag is None:
        return False
    row, vr = row_of(tag), dictionary_VR(tag)
    return vr in _DESCRIPTION_VRS and ("descriptors" in row.options if row is not None else vr in FREE_TEXT_VRS)


_FEW = 4
_USUAL = ("SeriesDescription", "StudyDescription", "ProtocolName", "ImageComments")
DATE_VRS = frozenset({"DA", "DT", "TM"})
_DESCRIPTION_VRS = frozenset({"CS", "LO", "LT", "SH", "ST", "UC", "UT"})
FREE_TEXT_VRS = frozenset({"LT", "ST", "UT", "UC", "UR"})
BULK_VRS = frozenset({"OB", "OW", "OF", "OD", "OL", "OV", "OB or OW", "US or OW", "US or SS or OW", "UN"})
_PIXELS = (
    "PixelData", "FloatPixelData", "DoubleFloatPixelData", "ExtendedOffsetTable", "ExtendedOffsetTableLengths",
    "LUTData", "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData", "AlphaPaletteColorLookupTableData", "SegmentedRedPaletteColorLookupTableData",
    "SegmentedGreenPaletteColorLookupTableData", "SegmentedBluePaletteColorLookupTableData",
    "SegmentedAlphaPaletteColorLookupTableData",
)  # fmt: skip
KEPT_BULK = frozenset(tag_for_keyword(word) or 0 for word in _PIXELS)
"""Pixels and what a viewer needs to show them."""
PIXELS = frozenset({0x7FE00001, 0x7FE00002, 0x7FE00008, 0x7FE00009, 0x7FE00010})
BEYOND = {
    0x00080119: Action.KEEP,  # Long Code Value: a code, though its representation allows any text
    0x00080120: Action.KEEP,  # URN Code Value
    0x0008010C: Action.KEEP,  # Coding Scheme UID: of a list of codes, which is no patient's
    0x00620020: Action.KEEP,  # Tracking ID: what a segment is called over time; the standard does not list it
    0x00700081: Action.EMPTY,  # Content Description: free text of a segmentation, type 2
}
"""What vascal decides for attributes outside the table."""
_SUBJECT = frozenset({0x00100010, 0x00100020})
_ACQUISITION_DATETIME = 0x0008002A
_ACQUISITION_CONTEXT = 0x00400555
_SEX_AND_AGE = {"AS": Action.AGE}


def action_for(tag: int, vr: str, profile: Profile, *, is_multiframe: bool) -> Action:
    """Decide what becomes of a public attribute.

    Parameters
    ----------
    tag
        Of an even group.
    vr
        Its value representation.
    profile
        What is asked for.
    is_multiframe
        Whether the object is one of the enhanced kinds, or a segmentation: there some dates are of type 1.
    """
    if tag in _SUBJECT:
        return Action.PSEUDONYM
    if tag >> 24 in (0x50, 0x60):
        return Action.REMOVE  # a curve or overlay without its data is none
    row = row_of(tag)
    if row is None:
        return _beyond_the_table(tag, vr, profile)
    return _by_option(row, tag, vr, profile) or _basic(row.basic, tag, vr, is_multiframe=is_multiframe)


def _by_option(row: Row, tag: int, vr: str, profile: Profile) -> Action | None:
    """Give what an option makes of a row; None if the basic profile holds."""
    if "full_dates" in row.options:  # also decides for dates of a device, which its own option would keep
        return {"remove": None, "shift": Action.SHIFT, "keep": Action.KEEP}[profile.dates]
    if keyword_for_tag(tag) in profile.kept_text:
        return Action.KEEP
    if not any(row.options.get(name) == "K" for name in _retained(profile)):
        return None
    return _SEX_AND_AGE.get(vr, Action.KEEP)


def _retained(profile: Profile) -> tuple[str, ...]:
    asked = {
        "device": profile.retain_device,
        "institution": profile.retain_institution,
        "patient": profile.retain_patient_characteristics,
        "uids": profile.retain_uids,
    }
    return tuple(name for name, wanted in asked.items() if wanted)


def _basic(basic: str, tag: int, vr: str, *, is_multiframe: bool) -> Action:
    """Resolve an action of several letters so that the object stays valid, whatever its type is in this object.

    The last letter is the one that is valid for every type: a dummy where type 1 is possible, nothing where type 2
    is. Dates and sequences are removed where they may be, since a dummy date is read as a date.
    """
    letters = basic.split("/")
    if "U" in letters:
        return Action.UID
    if vr == "SQ":
        return _of_sequence(letters, tag)
    if vr in DATE_VRS:
        return _of_date(letters, tag, is_multiframe=is_multiframe)
    return {"X": Action.REMOVE, "Z": Action.EMPTY, "D": Action.DUMMY}[letters[-1]]


def _of_sequence(letters: list[str], tag: int) -> Action:
    if "U*" in letters:
        return Action.KEEP  # its items are cleaned, references in them replaced
    if "X" in letters:  # of type 3, where an empty one is not valid; but for one of type 2
        return Action.EMPTY if tag == _ACQUISITION_CONTEXT else Action.REMOVE
    return Action.EMPTY if letters[-1] == "Z" else Action.REMOVE


def _of_date(letters: list[str], tag: int, *, is_multiframe: bool) -> Action:
    if letters == ["D"] or (is_multiframe and (tag == _ACQUISITION_DATETIME or letters == ["Z", "D"])):
        return Action.DUMMY
    return Action.EMPTY if letters in (["Z"], ["X", "Z"], ["Z", "D"]) else Action.REMOVE


def _beyond_the_table(tag: int, vr: str, profile: Profile) -> Action:
    if tag in BEYOND:
        return BEYOND[tag]
    if not dictionary_has_tag(tag) or dictionary_is_retired(tag):
        return Action.REMOVE
    if vr in DATE_VRS:
        return {"remove": Action.REMOVE, "shift": Action.SHIFT, "keep": Action.KEEP}[profile.dates]
    if vr in FREE_TEXT_VRS and keyword_for_tag(tag) in profile.kept_text:
        return Action.KEEP
    return _by_representation(tag, vr, profile)


def _by_representation(tag: int, vr: str, profile: Profile) -> Action:
    if vr == "UI":
        return Action.KEEP if profile.retain_uids else Action.UID
    if vr == "AS":
        return Action.AGE if profile.retain_patient_characteristics else Action.REMOVE
    if vr == "PN":
        return Action.EMPTY
    if vr in FREE_TEXT_VRS or vr == "AE" or (vr in BULK_VRS and tag not in KEPT_BULK):
        return Action.REMOVE
    return Action.KEEP
