"""Files that name a patient in every way, and the words to look for afterwards."""

from __future__ import annotations

from io import BytesIO

import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.io.make_ct import make_slice
from vascal.io.deid.keyed import Key
from vascal.io.deid.one_file import Rules
from vascal.io.deid.pixels import PixelPolicy
from vascal.io.deid.profile import Profile

SECRET = "Zyxwvutsr"
SECRET_ID = "ZQ-4711-88"
SECRET_UID = "1.2.826.0.1.3680043.9.7777.424242"
SECRET_DAY = "19770913"
KEY = Key(b"sixteen bytes or more")
SHIFT = Profile(dates="shift")


def rules(profile: Profile | None = None, *, key: Key = KEY, pixels: PixelPolicy = "reviewed") -> Rules:
    return Rules(profile=profile or Profile(), key=key, pixels=pixels)


def make_named(index: int = 0) -> Dataset:
    """One CT slice whose header repeats its patient wherever a scanner would."""
    ds = make_slice(index, (-10.0, -20.0, 3.0 * index))
    ds.preamble = f"{SECRET:<128}".encode("ascii")
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = f"{SECRET}^Anna", SECRET_ID, SECRET_DAY
    ds.StudyInstanceUID, ds.FrameOfReferenceUID = SECRET_UID, f"{SECRET_UID}.1"
    ds.StudyDate, ds.StudyTime, ds.AcquisitionDateTime = SECRET_DAY, "101112", f"{SECRET_DAY}101112.5+0100"
    ds.PatientAge, ds.PatientSex, ds.PatientSize = "093Y", "F", 1.6
    ds.Manufacturer, ds.ManufacturerModelName, ds.DeviceSerialNumber = "Maker", "Model 7", "SN-12345"
    ds.InstitutionName, ds.StationName = "House of Healing", "CT-ROOM-9"
    ds.SeriesDescription, ds.ImageComments = "CaSc 3.0", f"{SECRET} came late"
    ds.BodyPartExamined, ds.ConvolutionKernel = "HEART", f"B35f {SECRET}"
    ds.ReferencedImageSequence = Sequence([_reference(f"{SECRET_UID}.2")])
    ds.OtherPatientIDsSequence = Sequence([_with_id(SECRET_ID)])
    block = ds.private_block(0x0029, "SOMEBODY", create=True)
    block.add_new(0x01, "LO", SECRET)
    block.add_new(0x02, "SQ", Sequence([_with_id(SECRET_ID)]))
    ds.private_block(0x0019, "GEMS_ACQU_01", create=True).add_new(0x23, "DS", "37.5")
    ds.file_meta.SourceApplicationEntityTitle = "HOSPITAL_CT"
    return ds


def _reference(uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", uid
    return item


def _with_id(text: str) -> Dataset:
    item = Dataset()
    item.PatientID, item.IssuerOfPatientID = text, SECRET
    return item


def to_bytes(ds: Dataset) -> bytes:
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def from_bytes(content: bytes) -> pydicom.FileDataset:
    return pydicom.dcmread(BytesIO(content))
