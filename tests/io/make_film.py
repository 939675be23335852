"""Small films with known pixels in each real format, and a simulated film that needs no simulator."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
)

CLASSES = {
    "DX": DigitalXRayImageStorageForPresentation,
    "CR": ComputedRadiographyImageStorage,
    "OT": SecondaryCaptureImageStorage,
}


def ramp(rows: int = 80, columns: int = 64, *, top: int = 4095) -> np.ndarray:
    """Stored values from 0 in the first corner to `top` in the last, all rows and columns different."""
    return np.linspace(0, top, rows * columns).reshape(rows, columns).round().astype(np.uint16)


def make_film(pixels: np.ndarray | None = None, *, modality: str = "DX", number: int = 1, **attributes: Any) -> Dataset:
    """A lateral film of 12 bits; an attribute of None is left out."""
    values = ramp() if pixels is None else pixels
    ds = Dataset()
    ds.file_meta, ds.preamble = FileMetaDataset(), b"\0" * 128
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = CLASSES.get(modality, CLASSES["DX"])
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = UID(f"1.2.9.4.{number}")
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.9.1", "1.2.9.2"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = "SECRET^NAME", "ID-4711", "19500301"
    ds.PatientSex, ds.StudyDate, ds.Modality = "F", "20200301", modality
    ds.ImageType, ds.SeriesNumber, ds.KVP, ds.Exposure = ["ORIGINAL", "PRIMARY"], 3, "85", "32"
    ds.BodyPartExamined, ds.ViewPosition, ds.Grid = "LSPINE", "LL", "IN"
    ds.ImagerPixelSpacing = [0.2, 0.2]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1 if values.ndim == 2 else 3, "MONOCHROME2"
    ds.Rows, ds.Columns = values.shape[:2]
    bits = 8 * values.dtype.itemsize
    ds.BitsAllocated, ds.BitsStored = bits, min(12, bits)
    ds.HighBit, ds.PixelRepresentation = ds.BitsStored - 1, int(values.dtype.kind == "i")
    if values.ndim == 3:
        ds.PlanarConfiguration = 0
    data = values.tobytes()
    ds.PixelData = data + b"\0" * (len(data) % 2)
    ds["PixelData"].VR = "OW" if bits == 16 else "OB"
    for keyword, value in attributes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    if "SOPInstanceUID" in ds:
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


def save_film(path: Path, ds: Dataset, *, syntax: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if syntax is not None:
        ds.compress(syntax, generate_instance_uid=False)
    ds.save_as(
        path, enforce_file_format="SOPInstanceUID" in ds and "SOPClassUID" in ds, little_endian=True, implicit_vr=False
    )
    return path


LEVEL_TRUTH = {
    level: {
        wall: {"grade": grade, "fraction": grade / 3, "visible_grade": max(0, grade - 1), "cnr": 2.0}
        for wall, grade in (("anterior", number % 4), ("posterior", (number + 1) % 4))
    }
    for number, level in enumerate(("L1", "L2", "L3", "L4"))
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MadeFilm:
    """The shape of a simulated film, drawn by hand."""

    seed: int = 7
    stored: np.ndarray = field(default_factory=ramp)
    bits_stored: int = 12
    spacing_mm: tuple[float, float] = (0.3, 0.3)
    photometric: Literal["MONOCHROME1", "MONOCHROME2"] = "MONOCHROME2"
    window: tuple[float, float] | None = (2048.0, 4096.0)
    facing: Literal["left", "right"] = "left"
    kvp: float = 81.5
    manufacturer: str = "Simulated B"
    modality: Literal["DX", "CR", "OT"] = "DX"
    style: str = "lumbar"
    is_shifted: bool = False
    masks: dict[str, np.ndarray] = field(
        default_factory=lambda: {name: (ramp() % 5).astype(np.uint8) for name in ("vertebrae", "walls")}
    )

    def truth_dict(self) -> dict[str, Any]:
        return {
            "aac24": 12,
            "visible_aac24": 5,
            "levels": LEVEL_TRUTH,
            "style": self.style,
            "seed": self.seed,
            "is_shifted": self.is_shifted,
            "age_years": 66.0,
        }
