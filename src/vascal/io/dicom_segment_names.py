"""Which vessel a segment of a DICOM Segmentation is, by its codes, or else by the words of its label.

Programs code a calcified vessel in three ways: the artery as the property's type, calcification as the type with the
artery as anatomic region (dcmqi, 3D Slicer, vascal), or nothing but a label that a person typed.

Source: DICOM PS3.3 C.8.20.4 (Segment Description Macro); PS3.16 CID 3014 to 3016, and annex L for the older SRT codes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from vascal.calcium.lesions import UNASSIGNED, VESSELS
from vascal.errors import LabelError
from vascal.io.dicom_values import integer_of, text_of, value_of
from vascal.io.private_codes import SCHEME

ARTERIES: Mapping[str, tuple[str, ...]] = {
    "LM": ("3227004", "T-43107", "1256091001"),
    "LAD": ("59438005", "T-43110", "68787002", "91748002", "36672000", "91750005", "91751009", "91752002"),
    "LCX": ("57396003", "T-43120", "52433000", "91753007", "6511003", "91754001", "91755000", "91756004"),
    "RCA": ("13647002", "T-43200", "56789007", "91083009", "450960006", "41879009"),
}
"""Artery (SCT, SRT), then its ostium, its proximal, middle and distal part, and its diagonal or marginal branches."""
VESSEL_OF_CODE = {code: vessel for vessel, codes in ARTERIES.items() for code in codes}
SCHEMES = {"SCT", "SNOMED-CT", "2.16.840.1.113883.6.96", "SRT", "SNM3", "99SDM"}
CODE_PLACES = (
    "SegmentedPropertyTypeCodeSequence",
    "AnatomicRegionSequence",
    "PrimaryAnatomicStructureSequence",
)
"""Where a segment may say which artery it belongs to, first match first."""
WORDS: Mapping[str, str] = {
    "LM": r"lm|lmca|lmcx|left main",
    "LAD": r"lad|left anterior descending",
    "LCX": r"lcx|cx|circumflex|left circumflex",
    "RCA": r"rca|right coronary artery|right coronary",
}
FILLING = (
    r"(?:calcium|calcified|calcifications?|calcs?|plaques?|lesions?|coronary|arter(?:y|ies)|cac|score|agatston|mask|"
    r"segment(?:ation)?|label|vessel|of|the|in|branch|trunk|\d+)"
)
"""Words of a label that say nothing against its being the vessel's calcium."""
LABEL_PATTERNS = {vessel: re.compile(rf"(?:{FILLING} )*(?:{words})(?: {FILLING})*") for vessel, words in WORDS.items()}
SUMS = ("ALL-CORONARY", "vascal all")
"""Private modifier and Tracking ID of vascal's segment of all calcium."""
NO_VESSEL = ("UNASSIGNED", "vascal unassigned")
OTHER_VESSEL = "OTHER-VESSEL"
"""Private modifier of a vessel that the user named."""
CORONARY = dict.fromkeys(("41801008", "T-43000"), "coronary")
"""Coronary artery, no matter which (SCT, SRT)."""
CORONARY_WORDS = re.compile(rf"(?:{FILLING} )*coronary(?: {FILLING})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSegment:
    """A segment and what it stands for.

    Parameters
    ----------
    number
        Segment Number.
    name
        Vessel, or the segment's label.
    is_vessel
        Whether codes or label name one of the four arteries.
    is_sum
        Whether it says of itself that it holds all coronary calcium, which other segments hold by vessel.
    is_known
        Whether it is known to be coronary calcium; another name could be anything, such as bone.
    """

    number: int
    name: str
    is_vessel: bool = False
    is_sum: bool = False
    is_known: bool = False


def name_segments(dataset: Dataset) -> tuple[NamedSegment, ...]:
    """Name the segments of a segmentation.

    Raises
    ------
    LabelError
        If a segment's number is not 1 to 255, two have the same, or codes and label of one name different vessels.
    """
    named: list[NamedSegment] = []
    for segment in items_of(dataset, "SegmentSequence"):
        number = integer_of(segment, "SegmentNumber")
        if number is None or not 0 <= number <= 255:
            raise LabelError(f"segment number {number}; needed: 1 to 255")
        if number in {one.number for one in named}:
            raise LabelError(f"two segments have number {number}; needed: one each")
        if number > 0:  # a label map may describe its background
            named.append(_name(number, segment))
    return tuple(named)


def items_of(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """Give the items of a sequence; none if it is absent or malformed."""
    value = value_of(dataset, keyword)
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) else ()


def _name(number: int, segment: Dataset) -> NamedSegment:
    marks, label = _marks(segment), text_of(segment, "SegmentLabel")
    coded, worded = _coded_artery(segment, VESSEL_OF_CODE), _worded_artery(label)
    if marks & {*SUMS, *NO_VESSEL}:
        coded = coded or UNASSIGNED
    if coded is not None and worded is not None and coded != worded:
        raise LabelError(
            f"segment {number} is labelled {worded} and coded {coded}; change both in the editor, or say which "
            "vessel each number is with --label-names"
        )
    vessel = coded or worded
    return NamedSegment(
        number=number,
        name=vessel or label or f"segment {number}",
        is_vessel=vessel in VESSELS,
        is_sum=bool(marks & set(SUMS)) and vessel == UNASSIGNED,
        is_known=vessel is not None or OTHER_VESSEL in marks or _is_coronary(segment, label),
    )


def _marks(segment: Dataset) -> set[str]:
    """Collect what vascal itself writes: private modifiers of the type, and the Tracking ID."""
    codes = (
        modifier
        for kind in items_of(segment, "SegmentedPropertyTypeCodeSequence")
        for modifier in items_of(kind, "SegmentedPropertyTypeModifierCodeSequence")
    )
    private = {text_of(code, "CodeValue") for code in codes if text_of(code, "CodingSchemeDesignator") == SCHEME}
    return private | {text_of(segment, "TrackingID")}


def _coded_artery(segment: Dataset, names: Mapping[str, str]) -> str | None:
    """Find the first code of a table, in the order of places, and give its name."""
    for place in CODE_PLACES:
        for code in items_of(segment, place):
            if text_of(code, "CodingSchemeDesignator") in SCHEMES:
                artery = names.get(text_of(code, "CodeValue"))
                if artery is not None:
                    return artery
    return None


def _is_coronary(segment: Dataset, label: str) -> bool:
    return bool(_coded_artery(segment, CORONARY) or CORONARY_WORDS.fullmatch(_words_of(label)))


def _worded_artery(label: str) -> str | None:
    """Find the artery that a label names, such as ``LAD calcification`` or ``left_main``; other words forbid it."""
    words = _words_of(label)
    return next((vessel for vessel, pattern in LABEL_PATTERNS.items() if pattern.fullmatch(words)), None)


def _words_of(label: str) -> str:
    return " ".join(re.findall(r"[a-z]+|\d+", label.lower()))
