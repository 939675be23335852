"""The made-up film as files, for tests of whole commands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from tests.aac.made_film import make_film

PATIENT_ID = "SECRET-4711"


def write_film(path: Path, *, uid: str = "1.2.3.4.5", study: str = "1.2.3", view: str = "LL", rows: int = 320) -> Path:
    """Write the made-up film as a digital radiograph."""
    pixels = np.round(make_film(rows).pixels * 4095).astype(np.uint16)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = UID(uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    film.SOPClassUID = DigitalXRayImageStorageForPresentation
    film.SOPInstanceUID, film.StudyInstanceUID, film.SeriesInstanceUID = uid, study, f"{study}.4"
    film.Modality, film.ViewPosition, film.BodyPartExamined = "DX", view, "LSPINE"
    film.PatientID, film.PatientName, film.PatientSex = PATIENT_ID, "Secret^Name", "F"
    film.SeriesNumber, film.StudyDate, film.KVP = 2, "20200102", 85
    film.PatientOrientation = ["P", "F"] if view == "LL" else ["L", "F"]
    film.ImageType = ["ORIGINAL", "PRIMARY"]
    film.PixelSpacing = film.ImagerPixelSpacing = [450 / rows, 450 / rows]
    film.PixelSpacingCalibrationType = "GEOMETRY"
    film.Rows, film.Columns = pixels.shape
    film.SamplesPerPixel, film.PhotometricInterpretation = 1, "MONOCHROME2"
    film.BitsAllocated, film.BitsStored, film.HighBit, film.PixelRepresentation = 16, 12, 11, 0
    film.PixelIntensityRelationship, film.PixelIntensityRelationshipSign = "LIN", 1
    film.PixelData = pixels.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, film, enforce_file_format=True)
    return path


def write_picture(path: Path, rows: int = 320) -> Path:
    """Write the made-up film as a plain picture that says nothing of itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.round(make_film(rows).pixels * 255).astype(np.uint8)).save(path)
    return path
