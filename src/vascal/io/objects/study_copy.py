"""Patient and study attributes of a source image, as its result objects repeat them.

Names and numbers by which an archive finds the patient and the study are repeated as they are, valid or not: an
object under a mended number is another patient's. Of everything else, a value that breaks its representation's
rules is left out, so that a good object is made from a careless one.

Source: DICOM PS3.3 C.7.1 (Patient), C.7.2 (Study), C.7.1.3 and C.7.2.3 (Clinical Trial); PS3.5 6.1 and 6.2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy

import pydicom.config
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.valuerep import validate_value

from vascal.io.dicom_values import UNREADABLE, text_of, tolerant_reading, value_of

CHARACTER_SET = "ISO_IR 192"
"""UTF-8: the source's own may lack letters of what is written here."""
REQUIRED = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex",
    "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName",
)  # fmt: skip
"""Present in every object, empty where the source is silent (type 2)."""
COPIED = (
    "IssuerOfPatientID", "PatientAge", "PatientSize", "PatientWeight", "EthnicGroup", "OtherPatientIDsSequence",
    "PatientBirthTime", "TypeOfPatientID",
    "StudyDescription", "IssuerOfAccessionNumberSequence", "ProcedureCodeSequence", "AdmissionID",
    "PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence",
    "LongitudinalTemporalInformationModified", "TimezoneOffsetFromUTC",
    "ClinicalTrialSponsorName", "ClinicalTrialProtocolID",
    "ClinicalTrialProtocolName", "ClinicalTrialSiteID", "ClinicalTrialSiteName", "ClinicalTrialSubjectID",
    "ClinicalTrialTimePointID", "ClinicalTrialTimePointDescription",
)  # fmt: skip
"""Copied where the source has them."""
IDENTIFYING = {"PatientName", "PatientID", "IssuerOfPatientID", "StudyInstanceUID", "StudyID", "AccessionNumber"}
"""Copied whatever they hold: archives match by them."""
CLOCK = re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d|60)?(\.\d{1,6})?)?")


def copy_study(source: Dataset) -> Dataset:
    """Copy patient and study attributes; those that must be there are empty where the source lacks them."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = CHARACTER_SET
    with tolerant_reading():
        for keyword in (*REQUIRED, *COPIED):
            value = copied_value(source, keyword)
            if value or keyword in REQUIRED:
                setattr(dataset, keyword, value or "")
    return dataset


def copied_value(source: Dataset, keyword: str) -> object:
    """Give an attribute's value for another object; None if it is absent, malformed or breaks its rules.

    Items of sequences are decoded, since their text may be in another character set.
    """
    vr = dictionary_VR(keyword)
    if vr == "DA":
        return day_of(source, keyword) or None
    if vr == "TM":
        return time_of(source, keyword) or None
    value = value_of(source, keyword)
    if value is None or value == "":
        return None
    if vr == "SQ":
        return _decoded(value)
    return value if keyword in IDENTIFYING or _is_valid(vr, value) else None


def day_of(source: Dataset, keyword: str) -> str:
    """Give a date as DICOM writes it; ``2020-01-31`` and ``2020.01.31`` become ``20200131``, nonsense is empty."""
    day = text_of(source, keyword).replace("-", "").replace(".", "")
    return day if _is_valid("DA", day) else ""


def time_of(source: Dataset, keyword: str) -> str:
    """Give a time as DICOM writes it; ``12:30:00`` becomes ``123000``, nonsense is empty."""
    clock = text_of(source, keyword).replace(":", "")
    return clock if CLOCK.fullmatch(clock) else ""


def _is_valid(vr: str, value: object) -> bool:
    values = value if isinstance(value, (MultiValue, list)) else [value]
    try:
        for one in values:
            validate_value(vr, str(one), pydicom.config.RAISE)
    except UNREADABLE:
        return False
    return True


def _decoded(value: object) -> list[Dataset] | None:
    """Copy the items of a sequence with their text decoded; None if one is malformed."""
    if not isinstance(value, Sequence) or not value:
        return None
    items = [deepcopy(item) for item in value]
    try:
        for item in items:
            item.decode()
            for _ in item.iterall():
                pass  # what is still encoded as in the source is converted on the way
            if "SpecificCharacterSet" in item:
                del item.SpecificCharacterSet
    except UNREADABLE:
        return None
    return items
