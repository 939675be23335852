"""Codes as DICOM writes them: one item of a code sequence.

Source: DICOM PS3.3 section 8.8 (Code Sequence Macro); meanings as PS3.16 and SNOMED CT give them.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset

from vascal.io.private_codes import PRIVATE_CODES, SCHEME


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A concept and the scheme that defines it.

    Parameters
    ----------
    value, scheme, meaning
        Code Value, Coding Scheme Designator, and Code Meaning in English.
    """

    value: str
    scheme: str
    meaning: str

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from other concepts: value and scheme; meanings differ between authors."""
        return self.value, self.scheme

    def to_item(self) -> Dataset:
        """Give an item of a code sequence."""
        item = Dataset()
        item.CodeValue = self.value
        item.CodingSchemeDesignator = self.scheme
        item.CodeMeaning = self.meaning
        return item


def snomed(value: str, meaning: str) -> Coded:
    """Name a concept of SNOMED CT."""
    return Coded(value=value, scheme="SCT", meaning=meaning)


def dicom_code(value: str, meaning: str) -> Coded:
    """Name a concept of DICOM's own scheme (PS3.16 annex D)."""
    return Coded(value=value, scheme="DCM", meaning=meaning)


def private_code(value: str) -> Coded:
    """Name a concept of vascal's scheme."""
    return Coded(value=value, scheme=SCHEME, meaning=PRIVATE_CODES[value].meaning)


ABNORMAL_STRUCTURE = snomed("49755003", "Morphologically Abnormal Structure")
ANATOMICAL_STRUCTURE = snomed("91723000", "Anatomical Structure")
VASCULAR_CALCIFICATION = snomed("237897009", "Vascular calcification")
CORONARY_ARTERY = snomed("41801008", "Coronary artery")
ABDOMINAL_AORTA = snomed("7832008", "Abdominal aorta")
ANTERIOR = snomed("255549009", "Anterior")
POSTERIOR = snomed("255551008", "Posterior")
VESSEL_CODES = {
    "LM": snomed("3227004", "Left Main Coronary Artery"),
    "LAD": snomed("59438005", "Left Anterior Descending Coronary Artery"),
    "LCX": snomed("57396003", "Circumflex Coronary Artery"),
    "RCA": snomed("13647002", "Right Coronary Artery"),
}
"""CID 3016, Major Coronary Artery."""
VERTEBRA_CODES = {
    "L1": snomed("66794005", "L1 vertebra"),
    "L2": snomed("14293000", "L2 vertebra"),
    "L3": snomed("36470004", "L3 vertebra"),
    "L4": snomed("11994002", "L4 vertebra"),
}
SEGMENTATION = dicom_code("113076", "Segmentation")
SOURCE_FOR_PROCESSING = dicom_code("121322", "Source image for image processing operation")
