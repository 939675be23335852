"""What a cleaned file says of its cleaning, and the header of the file itself.

Source: DICOM PS3.15 E.1.1 and PS3.3 C.7.1.1 (De-identification Method), codes of CID 7050.
"""

from __future__ import annotations

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, UID

from vascal.io.deid.profile import Profile
from vascal.io.deid.table import EDITION

CODES = {
    "113100": "Basic Application Confidentiality Profile",
    "113106": "Retain Longitudinal Temporal Information Full Dates Option",
    "113107": "Retain Longitudinal Temporal Information Modified Dates Option",
    "113108": "Retain Patient Characteristics Option",
    "113109": "Retain Device Identity Option",
    "113110": "Retain UIDs Option",
    "113111": "Retain Safe Private Option",
    "113112": "Retain Institution Identity Option",
}
LONGITUDINAL = {"remove": "REMOVED", "shift": "MODIFIED", "keep": "UNMODIFIED"}
METHOD = (
    f"vascal, PS3.15 {EDITION} basic profile with the options coded",  # each at most 64 characters
    "Unknown and retired attributes, free text, names: removed too",
)


def codes_of(profile: Profile) -> tuple[str, ...]:
    """List the codes of a profile and its options."""
    asked = {
        "113100": True,
        "113106": profile.dates == "keep",
        "113107": profile.dates == "shift",
        "113108": profile.retain_patient_characteristics,
        "113109": profile.retain_device,
        "113110": profile.retain_uids,
        "113111": bool(profile.private),
        "113112": profile.retain_institution,
    }
    return tuple(code for code, wanted in asked.items() if wanted)


def mark_cleaned(cleaned: Dataset, profile: Profile, subject: str) -> None:
    """Say in a dataset that, and how, it was de-identified."""
    cleaned.PatientID = cleaned.PatientName = subject  # also where they were absent: both are of type 2
    for keyword in ("PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber", "StudyID"):
        if keyword not in cleaned:
            setattr(cleaned, keyword, None)
    cleaned.PatientIdentityRemoved = "YES"
    cleaned.DeidentificationMethod = list(METHOD)
    cleaned.DeidentificationMethodCodeSequence = Sequence([_code(value) for value in codes_of(profile)])
    cleaned.LongitudinalTemporalInformationModified = LONGITUDINAL[profile.dates]


def _code(value: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", CODES[value]
    return item


def make_file_meta(cleaned: Dataset, transfer_syntax: UID, implementation: str) -> FileMetaDataset:
    """Write the file's header anew: application entities and private information are not taken over."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = cleaned.SOPClassUID
    meta.MediaStorageSOPInstanceUID = cleaned.SOPInstanceUID
    meta.TransferSyntaxUID = transfer_syntax
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    meta.ImplementationVersionName = implementation[:16]
    return meta
