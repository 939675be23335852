"""Write a simulated film as DICOM that any viewer opens, with its truth beside it.

Digital X-Ray (PS3.3 A.26), Computed Radiography (A.2), or, for a densitometer's film, Secondary
Capture (A.8); Explicit VR Little Endian. A written film always says that it is
simulated: in Patient's Name, Image Type, Manufacturer and the descriptions.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8, UInt16
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from vascal.errors import PixelError
from vascal.io.atomic import write_file
from vascal.io.ct_writer import MANUFACTURER, SIMULATED_DATE, SIMULATED_NAME, SIMULATED_TIME

NOTICE = "SIMULATED: computed from parametric anatomy; no patient was X-rayed"
CLASSES: Mapping[str, UID] = {
    "DX": DigitalXRayImageStorageForPresentation,
    "CR": ComputedRadiographyImageStorage,
    "OT": SecondaryCaptureImageStorage,
}
TRUTH_ENDING = ".truth.json"


@runtime_checkable
class WritableFilm(Protocol):
    """What a simulated film must offer to be written."""

    @property
    def stored(self) -> UInt16[np.ndarray, "row column"]:
        """Values as a file holds them, (row, column)."""

    @property
    def bits_stored(self) -> int:
        """Of each value, 8 to 16."""

    @property
    def spacing_mm(self) -> tuple[float, float]:
        """Between rows and between columns, on the detector."""

    @property
    def photometric(self) -> Literal["MONOCHROME1", "MONOCHROME2"]:
        """Photometric Interpretation."""

    @property
    def window(self) -> tuple[float, float] | None:
        """Window centre and width; None for none."""

    @property
    def facing(self) -> Literal["left", "right"]:
        """Side of the film to which the patient looks."""

    @property
    def kvp(self) -> float:
        """Tube voltage, kV."""

    @property
    def manufacturer(self) -> str:
        """Whose looks it has."""

    @property
    def modality(self) -> Literal["DX", "CR", "OT"]:
        """OT for a densitometer's."""

    @property
    def seed(self) -> int:
        """Makes the unique identifiers."""

    @property
    def masks(self) -> Mapping[str, UInt8[np.ndarray, "row column"]]:
        """Label maps on the film's pixels."""

    def truth_dict(self) -> dict[str, Any]:
        """Give the truth as JSON holds it."""


def write_film(film: WritableFilm, path: Path, *, patient_id: str = "") -> tuple[Path, ...]:
    """Write a film, its truth and its label maps side by side.

    Parameters
    ----------
    film
        Simulated.
    path
        ``NAME.dcm``; the truth becomes ``NAME.truth.json`` and each label map ``NAME.<mask>.png``.
    patient_id
        Patient ID, and the part of the name behind ``SIM^``; the seed's unless given.

    Returns
    -------
    tuple of Path
        The DICOM file first, then the truth and the label maps.

    Raises
    ------
    PixelError
        If a value does not fit the bits stored.
    OutputError
        If something can not be written.
    """
    dataset = film_dataset(film, patient_id=patient_id)
    write_file(path, _bytes_of(dataset))
    truth = path.with_name(path.stem + TRUTH_ENDING)
    content = {
        "notice": NOTICE,
        "vascal_version": version("vascal"),
        "file": path.name,
        "sop_instance_uid": str(dataset.SOPInstanceUID),
        **film.truth_dict(),
    }
    write_file(truth, json.dumps(content, indent=1, allow_nan=False).encode())
    return (path, truth, *_write_masks(film.masks, path))


def _write_masks(masks: Mapping[str, UInt8[np.ndarray, "row column"]], path: Path) -> list[Path]:
    written = []
    for name, mask in masks.items():
        place = path.with_name(f"{path.stem}.{name}.png")
        picture = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(mask)).save(picture, format="PNG")
        write_file(place, picture.getvalue())
        written.append(place)
    return written


def _bytes_of(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def film_dataset(film: WritableFilm, *, patient_id: str = "") -> Dataset:
    """Make the DICOM object of a film.

    Raises
    ------
    PixelError
        If a value does not fit the bits stored, or there are fewer than 8 or more than 16 of them.
    """
    truth = film.truth_dict()
    name = patient_id or name_of(film)
    parts = (
        _patient_and_study(name, truth.get("age_years")),
        _series_and_equipment(film),
        _image(film),
        _MODULES[film.modality](film),
        _pixels(film),
    )
    dataset = Dataset()
    for part in parts:
        for keyword, value in part.items():
            setattr(dataset, keyword, value)
    dataset.SOPClassUID = CLASSES[film.modality]
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        setattr(dataset, keyword, _uid(keyword, film.seed, name, film.modality, truth.get("style", "")))
    dataset["PixelData"].VR = "OW" if dataset.BitsAllocated == 16 else "OB"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def name_of(film: WritableFilm) -> str:
    """Name the patient of a film by its seed; an S behind it for a film from settings that no training has seen."""
    return f"SIM{film.seed:05d}{'S' if film.truth_dict().get('is_shifted') else ''}"


def _uid(*what: object) -> UID:
    """Make an identifier that depends on how the film was made and on nothing else."""
    return generate_uid(entropy_srcs=[MANUFACTURER, "film", *map(str, what)])


def _patient_and_study(name: str, age: float | None) -> Mapping[str, Any]:
    """Patient, General Study and Patient Study modules (C.7.1.1, C.7.2.1, C.7.2.2)."""
    return {
        "SpecificCharacterSet": "ISO_IR 192",
        "PatientName": SIMULATED_NAME + name,
        "PatientID": name,
        "PatientBirthDate": "",
        "PatientSex": "",
        **({} if age is None else {"PatientAge": f"{int(age):03d}Y"}),
        "StudyID": "1",
        "StudyDate": SIMULATED_DATE,
        "StudyTime": SIMULATED_TIME,
        "StudyDescription": "SIMULATED film",
        "ReferringPhysicianName": "",
        "AccessionNumber": "",
    }


def _series_and_equipment(film: WritableFilm) -> Mapping[str, Any]:
    """General Series and General Equipment modules (C.7.3.1, C.7.5.1)."""
    return {
        "Modality": film.modality,
        "SeriesNumber": 1,
        "SeriesDescription": f"SIMULATED lateral lumbar spine, {film.manufacturer}"[:64],
        "SeriesDate": SIMULATED_DATE,
        "SeriesTime": SIMULATED_TIME,
        "BodyPartExamined": "LSPINE",
        "Manufacturer": MANUFACTURER,
        "ManufacturerModelName": film.manufacturer[:64],
        "DeviceSerialNumber": "0",
        "SoftwareVersions": version("vascal"),
        "InstitutionName": "",
    }


def _image(film: WritableFilm) -> Mapping[str, Any]:
    """General Image module (C.7.6.1): what every film has."""
    return {
        "ImageType": ["DERIVED", "PRIMARY", "", "SIMULATED"],
        "InstanceNumber": 1,
        "AcquisitionDate": SIMULATED_DATE,
        "AcquisitionTime": SIMULATED_TIME,
        "ContentDate": SIMULATED_DATE,
        "ContentTime": SIMULATED_TIME,
        "DerivationDescription": NOTICE,
        "PatientOrientation": ["A" if film.facing == "right" else "P", "F"],
        "BurnedInAnnotation": "NO",
        "LossyImageCompression": "00",
    }


def _digital(film: WritableFilm) -> Mapping[str, Any]:
    """DX Series, DX Anatomy Imaged, DX Image, DX Detector and DX Positioning modules (C.8.11)."""
    return {
        "PresentationIntentType": "FOR PRESENTATION",
        "ImageLaterality": "U",
        "AnatomicRegionSequence": _code("122496007", "SCT", "Lumbar spine"),
        "PixelIntensityRelationship": "LOG",
        "PixelIntensityRelationshipSign": -1 if film.photometric == "MONOCHROME2" else 1,
        "RescaleIntercept": "0",
        "RescaleSlope": "1",
        "RescaleType": "US",
        "PresentationLUTShape": "IDENTITY" if film.photometric == "MONOCHROME2" else "INVERSE",
        "DetectorType": "DIRECT",
        "DetectorID": "SIMULATED",
        "ImagerPixelSpacing": _decimals(film),
        "ViewPosition": _view(film),
        "ViewCodeSequence": _view_code(film),
        "AcquisitionContextSequence": DicomSequence([]),
        "KVP": _decimal(film.kvp),
        "PositionerType": "NONE",
    }


def _computed(film: WritableFilm) -> Mapping[str, Any]:
    """CR Series and CR Image modules (C.8.1)."""
    return {
        "ViewPosition": _view(film),
        "KVP": _decimal(film.kvp),
        "PlateID": "SIMULATED",
        "ImagerPixelSpacing": _decimals(film),
        "AcquisitionNumber": 1,
    }


def _captured(film: WritableFilm) -> Mapping[str, Any]:
    """SC Equipment and SC Image modules (C.8.6), as densitometers export films."""
    return {
        "ConversionType": "WSD",
        "SecondaryCaptureDeviceManufacturer": MANUFACTURER,
        "NominalScannedPixelSpacing": _decimals(film),
    }


_MODULES = {"DX": _digital, "CR": _computed, "OT": _captured}


def _pixels(film: WritableFilm) -> Mapping[str, Any]:
    """Image Pixel and VOI LUT modules (C.7.6.3, C.11.2)."""
    bits = film.bits_stored
    if not 8 <= bits <= 16:
        raise PixelError(f"{bits} bits stored; needed: 8 to 16")
    if int(film.stored.max()) >= 1 << bits:
        raise PixelError(f"a value of {int(film.stored.max())} does not fit {bits} bits")
    kind = "<u1" if bits == 8 else "<u2"
    data = film.stored.astype(kind).tobytes()
    window = film.window
    if window is None and film.modality == "DX":  # which must have one (C.8.11.3); this one shows all
        window = (2.0 ** (bits - 1), 2.0**bits)
    return {
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": film.photometric,
        "Rows": film.stored.shape[0],
        "Columns": film.stored.shape[1],
        "BitsAllocated": 8 if bits == 8 else 16,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": 0,
        **({} if window is None else {"WindowCenter": _decimal(window[0]), "WindowWidth": _decimal(window[1])}),
        "PixelData": data + b"\0" * (len(data) % 2),
    }


def _view(film: WritableFilm) -> str:
    """Name the side at the detector: who is seen from the right, and so looks to the right, has the left side there."""
    return "LL" if film.facing == "right" else "RL"


def _view_code(film: WritableFilm) -> DicomSequence:
    if _view(film) == "LL":
        return _code("399173006", "SCT", "left lateral")
    return _code("399198007", "SCT", "right lateral")


def _code(value: str, scheme: str, meaning: str) -> DicomSequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    if meaning.endswith("lateral"):
        item.ViewModifierCodeSequence = DicomSequence([])
    return DicomSequence([item])


def _decimals(film: WritableFilm) -> list[str]:
    return [_decimal(one) for one in film.spacing_mm]


def _decimal(value: float) -> str:
    """Write a Decimal String: at most 16 characters, enough for a nanometre."""
    return f"{round(value, 6) + 0.0:.6f}".rstrip("0").rstrip(".")
