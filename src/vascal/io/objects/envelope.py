"""What every result object has besides its content: patient, study, series, equipment, and the file around it.

Source: DICOM PS3.3 C.7.3.1 (General Series), C.7.5.1 (General Equipment), C.7.5.2 (Enhanced General Equipment),
C.12.1 (SOP Common); PS3.10 (file format).
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from vascal.io.dicom_values import tolerant_reading
from vascal.io.objects.coded import Coded
from vascal.io.objects.context import MANUFACTURER, ObjectContext, ObjectKind
from vascal.io.private_codes import SCHEME, SCHEME_NAME, SCHEME_UID

IMPLEMENTATION_UID = "2.25.294428689198020220481221468368960064513"
"""Names this writer in the file's meta information; from a name-based UUID."""
IMPLEMENTATION_NAME = "VASCAL"
MODEL = "vascal"
HEART, ABDOMEN = "HEART", "ABDOMEN"
"""Body Part Examined of what is about CT and about films."""
MODALITIES: dict[ObjectKind, str] = {"seg": "SEG", "sr": "SR", "pdf": "DOC", "capture": "OT", "key-objects": "KO"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Which object is made.

    Parameters
    ----------
    name
        Decides series and numbers.
    sop_class_uid
        Its SOP class.
    description
        Series Description.
    number
        Instance Number inside its series, from 1.
    body_part
        Body Part Examined, for images: what the result is about, never a paired part, so that Laterality has no
        place. None for documents, which have no such attribute.
    refers_to
        Objects of this result that it refers to, if that is not always the same: it decides the identifier too.
    """

    name: ObjectKind
    sop_class_uid: str
    description: str
    number: int = 1
    body_part: str | None = None
    refers_to: str = ""


def start_object(context: ObjectContext, kind: Kind) -> Dataset:
    """Make an object that says whose it is, of what kind, and who made it."""
    with tolerant_reading():
        dataset = context.describe_study()
        dataset.SOPClassUID = UID(kind.sop_class_uid)
        dataset.SOPInstanceUID = UID(context.instance_uid(kind.name, kind.number, kind.refers_to))
        dataset.Modality = MODALITIES[kind.name]
        dataset.SeriesInstanceUID = UID(context.series_uid(kind.name))
        dataset.SeriesNumber = context.series_number(kind.name)
        dataset.SeriesDescription = kind.description
        if kind.body_part is not None:
            dataset.BodyPartExamined = kind.body_part
        dataset.InstanceNumber = kind.number
        dataset.SeriesDate, dataset.SeriesTime = dataset.ContentDate, dataset.ContentTime = context.moment
        dataset.Manufacturer = MANUFACTURER
        dataset.ManufacturerModelName = MODEL
        dataset.DeviceSerialNumber = dataset.SoftwareVersions = context.version
    return dataset


def describe_scheme(dataset: Dataset) -> None:
    """Say what the designator 99VASCAL stands for (0008,0110)."""
    item = Dataset()
    item.CodingSchemeDesignator = SCHEME
    item.CodingSchemeUID = UID(SCHEME_UID)
    item.CodingSchemeName = SCHEME_NAME
    item.CodingSchemeResponsibleOrganization = MANUFACTURER
    dataset.CodingSchemeIdentificationSequence = [item]


def code_sequence(*codes: Coded) -> list[Dataset]:
    """Make a code sequence."""
    return [code.to_item() for code in codes]


def to_bytes(dataset: Dataset, *, is_deflated: bool = False) -> bytes:
    """Write an object as a DICOM file, Explicit VR Little Endian unless it is compressed already.

    Parameters
    ----------
    dataset
        The object; complete.
    is_deflated
        Deflate everything behind the meta information (PS3.5 A.5): small, but not every archive takes it.
    """
    syntax = DeflatedExplicitVRLittleEndian if is_deflated else ExplicitVRLittleEndian
    meta = getattr(dataset, "file_meta", None) or FileMetaDataset()
    meta.TransferSyntaxUID = meta.get("TransferSyntaxUID", syntax)
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.ImplementationClassUID = UID(IMPLEMENTATION_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_NAME
    dataset.file_meta = meta
    buffer = BytesIO()
    with tolerant_reading():
        pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()
