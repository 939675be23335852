"""Kinds of objects that can be cleaned, and why others can not.

A list of what is taken, not of what is refused: a kind nobody thought of is refused.
"""

from __future__ import annotations

from pydicom.dataset import Dataset

from vascal.errors import UnsupportedImageError
from vascal.io.dicom_values import text_of

SINGLE_FRAME = {
    "1.2.840.10008.5.1.4.1.1.1": "Computed Radiography Image",
    "1.2.840.10008.5.1.4.1.1.1.1": "Digital X-Ray Image, for presentation",
    "1.2.840.10008.5.1.4.1.1.1.1.1": "Digital X-Ray Image, for processing",
    "1.2.840.10008.5.1.4.1.1.1.2": "Digital Mammography X-Ray Image, for presentation",
    "1.2.840.10008.5.1.4.1.1.1.2.1": "Digital Mammography X-Ray Image, for processing",
    "1.2.840.10008.5.1.4.1.1.2": "CT Image",
    "1.2.840.10008.5.1.4.1.1.4": "MR Image",
    "1.2.840.10008.5.1.4.1.1.128": "Positron Emission Tomography Image",
}
MULTI_FRAME = {
    "1.2.840.10008.5.1.4.1.1.2.1": "Enhanced CT Image",
    "1.2.840.10008.5.1.4.1.1.2.2": "Legacy Converted Enhanced CT Image",
    "1.2.840.10008.5.1.4.1.1.4.1": "Enhanced MR Image",
    "1.2.840.10008.5.1.4.1.1.4.4": "Legacy Converted Enhanced MR Image",
    "1.2.840.10008.5.1.4.1.1.130": "Enhanced PET Image",
    "1.2.840.10008.5.1.4.1.1.128.1": "Legacy Converted Enhanced PET Image",
    "1.2.840.10008.5.1.4.1.1.66.4": "Segmentation",
    "1.2.840.10008.5.1.4.1.1.66.7": "Label Map Segmentation",
}
"""Kinds in which content date and time are of type 1."""
TEXT = "holds text written for people, which no rule can clean; leave it out or clean it by hand"
SCREEN = "is a picture of a screen or document, which mostly shows names; leave it out"
REFUSED = (
    ("1.2.840.10008.5.1.4.1.1.88.", "a structured report", TEXT),
    ("1.2.840.10008.5.1.4.1.1.104.", "an encapsulated document", TEXT),
    ("1.2.840.10008.5.1.4.1.1.7", "a secondary capture", SCREEN),
    ("1.2.840.10008.5.1.4.1.1.11.", "a presentation state", "may hold text drawn over the image; leave it out"),
    ("1.2.840.10008.5.1.4.1.1.9.", "a waveform", "holds annotations and data that are not looked into; leave it out"),
    ("1.2.840.10008.5.1.4.1.1.66", "raw data or registration", "holds data that are not looked into; leave it out"),
    ("1.2.840.10008.5.1.4.1.1.6", "an ultrasound image", "shows the patient's name in its pixels on most devices"),
    ("1.2.840.10008.5.1.4.1.1.3", "an ultrasound image", "shows the patient's name in its pixels on most devices"),
    ("1.2.840.10008.1.3.10", "a directory of media", "repeats names and file names; make a new one"),
)
"""Beginnings of SOP Class UIDs, what they are and why they are refused."""
NEEDED = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")


class UncleanKindError(UnsupportedImageError):
    """An object of a kind that can not be cleaned: no part of a scan, so that the scan is whole without it."""


def require_kind(dataset: Dataset) -> bool:
    """Make sure that an object is of a kind that can be cleaned; tell whether it is multi-frame by its class.

    Raises
    ------
    UncleanKindError
        Saying what it is and why it is left out.
    UnsupportedImageError
        If it can not be named.
    """
    sop_class = text_of(dataset, "SOPClassUID")
    if sop_class not in SINGLE_FRAME and sop_class not in MULTI_FRAME:
        raise UncleanKindError(_why(sop_class))
    if missing := [word for word in NEEDED if not text_of(dataset, word)]:
        raise UnsupportedImageError(f"has no {', '.join(missing)}; without, references to it can not be kept whole")
    return sop_class in MULTI_FRAME


def _why(sop_class: str) -> str:
    for start, name, reason in REFUSED:
        if sop_class.startswith(start):
            return f"is {name}: it {reason}"
    taken = "CT, MR, PET, radiographs, mammograms and segmentations"
    return f"is of a kind that is not known to be clean; taken are {taken}" if sop_class else "has no SOP class"
