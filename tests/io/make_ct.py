"""Small CT series with known pixels, and a knob for everything that can be wrong with one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import UID, ExplicitVRLittleEndian

CT_IMAGE = UID("1.2.840.10008.5.1.4.1.1.2")
ENHANCED_CT = UID("1.2.840.10008.5.1.4.1.1.2.1")
STUDY, SERIES, FRAME = "1.2.3.1", "1.2.3.2", "1.2.3.3"

Change = Callable[[int, Dataset], None]
"""Alters slice number k in place."""


def stored_pixels(index: int, rows: int = 6, columns: int = 8) -> np.ndarray:
    """Stored values, different in every pixel of every slice: 1000 * slice + row * columns + column."""
    return (np.arange(rows * columns).reshape(rows, columns) + 100 * index).astype(np.uint16)


def make_slice(
    index: int,
    position: Sequence[float],
    *,
    orientation: Sequence[float] = (1, 0, 0, 0, 1, 0),
    pixels: np.ndarray | None = None,
    **attributes: Any,
) -> Dataset:
    values = stored_pixels(index) if pixels is None else pixels
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = CT_IMAGE
    ds.SOPClassUID, ds.Modality, ds.ImageType = CT_IMAGE, "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = UID(f"1.2.3.4.{index + 1}")
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = STUDY, SERIES, FRAME
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.StudyDate = "SECRET^NAME", "ID-4711", "19500301", "20200301"
    ds.InstanceNumber, ds.SeriesNumber, ds.AcquisitionNumber = index + 1, 3, 1
    ds.KVP, ds.ConvolutionKernel, ds.SliceThickness = "120", "B35f", "3"
    ds.ImagePositionPatient, ds.ImageOrientationPatient = list(position), list(orientation)
    ds.PixelSpacing, (ds.Rows, ds.Columns) = [0.5, 0.75], values.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.RescaleSlope, ds.RescaleIntercept = "1", "-1024"
    ds.PixelData = values.astype(np.uint16 if values.dtype.kind == "u" else np.int16).tobytes()
    ds["PixelData"].VR = "OW"
    for keyword, value in attributes.items():
        if value is None:
            del ds[keyword]
        else:
            setattr(ds, keyword, value)
    return ds


def write_slice(folder: Path, name: str, ds: Dataset, *, syntax: str | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if syntax is not None:
        ds.compress(syntax, generate_instance_uid=False)
    ds.save_as(path, enforce_file_format=True)
    return path


def write_series(
    folder: Path,
    heights_mm: Sequence[float] = (0.0, 3.0, 6.0, 9.0, 12.0),
    *,
    change: Change = lambda index, ds: None,
    prefix: str = "",
    syntax: str | None = None,
    **attributes: Any,
) -> Path:
    """Write one axial slice per height, named so that file order is not slice order."""
    for index, height in enumerate(heights_mm):
        ds = make_slice(index, (-10.0, -20.0, height), **attributes)
        change(index, ds)
        write_slice(folder, f"{prefix}{(index * 7) % 10}{index:03d}", ds, syntax=syntax)
    return folder


def make_enhanced(heights_mm: Sequence[float], **attributes: Any) -> Dataset:
    """One multi-frame object; frames in the order given."""
    ds = make_slice(0, (0, 0, 0), ImagePositionPatient=None, ImageOrientationPatient=None, PixelSpacing=None)
    for keyword in ("RescaleSlope", "RescaleIntercept", "KVP", "SliceThickness", "ConvolutionKernel"):
        del ds[keyword]
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = ENHANCED_CT
    shared = Dataset()
    shared.PlaneOrientationSequence = _item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    shared.PixelMeasuresSequence = _item(PixelSpacing=[0.5, 0.75], SliceThickness="3")
    shared.CTImageFrameTypeSequence = _item(FrameType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"])
    shared.CTXRayDetailsSequence = _item(KVP=100.0)
    ds.SharedFunctionalGroupsSequence = DicomSequence([shared])
    frames = []
    for index, height in enumerate(heights_mm):
        groups = Dataset()
        groups.PlanePositionSequence = _item(ImagePositionPatient=[-10.0, -20.0, height])
        groups.PixelValueTransformationSequence = _item(
            RescaleSlope="2", RescaleIntercept=str(-1000 - index), RescaleType="HU"
        )
        frames.append(groups)
    ds.PerFrameFunctionalGroupsSequence = DicomSequence(frames)
    ds.NumberOfFrames = len(frames)
    ds.PixelData = b"".join(stored_pixels(index).tobytes() for index in range(len(frames)))
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def _item(**attributes: Any) -> DicomSequence:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return DicomSequence([item])
