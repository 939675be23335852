"""Write a simulated CT volume as a DICOM series that any viewer opens.

CT Image Storage (PS3.3 A.3), Explicit VR Little Endian, 16 bits allocated and
12 stored, slope 1 and intercept -1024. A written series always says that it is
simulated: in Patient's Name, Image Type, Manufacturer and the descriptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from vascal.errors import OutputError, PixelError
from vascal.study import Patient
from vascal.volume import Grid, Vector, Volume

INTERCEPT_HU = -1024
LARGEST_STORED = 4095
SIMULATED_NAME = "SIM^"
IMAGE_TYPE = ["DERIVED", "PRIMARY", "AXIAL", "SIMULATED"]
MANUFACTURER = "vascal simulator"
SIMULATED_DATE, SIMULATED_TIME = "20000101", "120000"
"""A date that shows no scan was made then, and is the same on every run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CtDescription:
    """What the header of a simulated series says beside its geometry.

    Parameters
    ----------
    seed
        Makes the unique identifiers: the same seed and series number give the same ones.
    patient_id
        Patient ID; also the part of the name behind ``SIM^``.
    patient
        Age, sex, size and weight.
    kvp, kernel, slice_thickness_mm, exposure_mas
        How the images claim to have been made; a thickness of None is the
        distance between slices.
    is_gated
        Whether to write prospective cardiac triggering.
    trigger_time_ms, phase_percent, heart_rate_bpm
        Written only when gated.
    contrast_agent
        Contrast/Bolus Agent, or None.
    series_description, series_number, body_part
        As in the standard.
    """

    seed: int = 0
    patient_id: str = "SIM0"
    patient: Patient = field(default_factory=lambda: Patient(age_years=60, sex="M", size_m=1.76, weight_kg=82.0))
    kvp: float = 120.0
    kernel: str = "Qr36f"
    slice_thickness_mm: float | None = None
    exposure_mas: float = 80.0
    is_gated: bool = True
    trigger_time_ms: float = 700.0
    phase_percent: float = 70.0
    heart_rate_bpm: int = 60
    contrast_agent: str | None = None
    series_description: str = "SIMULATED CaSc 3.0 mm gated"
    series_number: int = 1
    body_part: Literal["HEART", "CHEST", "ABDOMEN", "WHOLEBODY"] = "HEART"

    def uid(self, *what: str | int) -> str:
        """Make a unique identifier that depends on seed, patient and `what` alone."""
        return generate_uid(entropy_srcs=[MANUFACTURER, str(self.seed), self.patient_id, *map(str, what)])


def write_ct_series(volume: Volume, folder: Path, *, description: CtDescription) -> list[Path]:
    """Write one file for each slice, from the feet to the head.

    Parameters
    ----------
    volume
        Simulated scan, -1024 to 3071 HU.
    folder
        Made if absent; files of the same names are replaced.
    description
        The rest of the header.

    Returns
    -------
    list of Path
        ``CT0001.dcm`` and on, in the order of the slices.

    Raises
    ------
    PixelError
        If a value does not fit 12 bits with intercept -1024.
    OutputError
        If the folder can not be written.
    """
    stored = _stored_values(volume)
    common = _common_header(volume.grid, description)
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for k, plane in enumerate(stored):
            path = folder / f"CT{k + 1:04d}.dcm"
            _slice_dataset(common, volume.grid, k, plane, description).save_as(path, enforce_file_format=True)
            paths.append(path)
    except OSError as error:
        raise OutputError(f"the series can not be written to {folder}: {error.strerror}") from error
    return paths


def _stored_values(volume: Volume) -> np.ndarray[Any, np.dtype[np.uint16]]:
    low, high = int(volume.hu.min()), int(volume.hu.max())
    if low < INTERCEPT_HU or high > LARGEST_STORED + INTERCEPT_HU:
        raise PixelError(
            f"found {low} to {high} HU; 12 bits with intercept {INTERCEPT_HU} hold "
            f"{INTERCEPT_HU} to {LARGEST_STORED + INTERCEPT_HU} HU"
        )
    return (volume.hu.astype(np.int32) - INTERCEPT_HU).astype(np.uint16)


def _common_header(grid: Grid, description: CtDescription) -> Dataset:
    """Everything that is the same in each slice."""
    parts = (
        _patient_and_study(description),
        _series_and_equipment(description),
        _acquisition(grid, description),
        _gating(description) if description.is_gated else {},
        _pixel_description(grid),
    )
    dataset = Dataset()
    for part in parts:
        for keyword, value in part.items():
            setattr(dataset, keyword, value)
    return dataset


def _patient_and_study(description: CtDescription) -> Mapping[str, Any]:
    """Patient, Patient Study and General Study modules (C.7.1.1, C.7.2.1, C.7.2.2)."""
    patient = description.patient
    known = {
        "PatientAge": None if patient.age_years is None else f"{int(patient.age_years):03d}Y",
        "PatientSize": None if patient.size_m is None else _decimal(patient.size_m),
        "PatientWeight": None if patient.weight_kg is None else _decimal(patient.weight_kg),
    }
    return {
        "SpecificCharacterSet": "ISO_IR 192",
        "PatientName": SIMULATED_NAME + description.patient_id,
        "PatientID": description.patient_id,
        "PatientBirthDate": "",
        "PatientSex": patient.sex or "",
        **{keyword: value for keyword, value in known.items() if value is not None},
        "StudyInstanceUID": description.uid("study"),
        "StudyID": "1",
        "StudyDate": SIMULATED_DATE,
        "StudyTime": SIMULATED_TIME,
        "StudyDescription": "SIMULATED CT",
        "ReferringPhysicianName": "",
        "AccessionNumber": "",
    }


def _series_and_equipment(description: CtDescription) -> Mapping[str, Any]:
    """General Series, Frame of Reference and General Equipment modules (C.7.3.1, C.7.4.1, C.7.5.1)."""
    return {
        "Modality": "CT",
        "SeriesInstanceUID": description.uid("series", description.series_number),
        "SeriesNumber": description.series_number,
        "SeriesDescription": description.series_description,
        "SeriesDate": SIMULATED_DATE,
        "SeriesTime": SIMULATED_TIME,
        "ProtocolName": "SIMULATED",
        "BodyPartExamined": description.body_part,
        "PatientPosition": "HFS",
        "FrameOfReferenceUID": description.uid("frame of reference"),
        "PositionReferenceIndicator": "",
        "Manufacturer": MANUFACTURER,
        "ManufacturerModelName": "parametric thorax",
        "InstitutionName": "",
    }


def _acquisition(grid: Grid, description: CtDescription) -> Mapping[str, Any]:
    """CT Image module (C.8.2.1)."""
    thickness = description.slice_thickness_mm or grid.spacing_between_slices_mm
    agent = description.contrast_agent
    return {
        "ImageType": IMAGE_TYPE,
        "DerivationDescription": "Simulated from a parametric phantom; no patient was scanned",
        "AcquisitionNumber": 1,
        "AcquisitionDate": SIMULATED_DATE,
        "AcquisitionTime": SIMULATED_TIME,
        "ContentDate": SIMULATED_DATE,
        "ContentTime": SIMULATED_TIME,
        "KVP": _decimal(description.kvp),
        "Exposure": round(description.exposure_mas),
        "ConvolutionKernel": description.kernel,
        "SliceThickness": _decimal(thickness),
        "SpacingBetweenSlices": _decimal(grid.spacing_between_slices_mm),
        "ReconstructionDiameter": _decimal(grid.shape[2] * grid.column_spacing_mm),
        "GantryDetectorTilt": "0",
        "BurnedInAnnotation": "NO",
        "LossyImageCompression": "00",
        **({"ContrastBolusAgent": agent, "ContrastBolusRoute": "IV"} if agent else {}),
    }


def _gating(description: CtDescription) -> Mapping[str, Any]:
    """Prospective triggering, as scanners write it (C.7.6.18.1, C.8.2.1)."""
    return {
        "CardiacSynchronizationTechnique": "PROSPECTIVE",
        "TriggerTime": _decimal(description.trigger_time_ms),
        "NominalPercentageOfCardiacPhase": description.phase_percent,
        "HeartRate": description.heart_rate_bpm,
    }


def _pixel_description(grid: Grid) -> Mapping[str, Any]:
    """Image Pixel and Image Plane modules (C.7.6.2, C.7.6.3)."""
    return {
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": grid.shape[1],
        "Columns": grid.shape[2],
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "RescaleIntercept": str(INTERCEPT_HU),
        "RescaleSlope": "1",
        "RescaleType": "HU",
        "WindowCenter": "40",
        "WindowWidth": "400",
        "PixelSpacing": [_decimal(grid.row_spacing_mm), _decimal(grid.column_spacing_mm)],
        # The standard names the direction of a row first: the one along which columns count up.
        "ImageOrientationPatient": [*map(_decimal, grid.column_axis), *map(_decimal, grid.row_axis)],
    }


def _slice_dataset(
    common: Dataset, grid: Grid, k: int, plane: np.ndarray[Any, np.dtype[np.uint16]], description: CtDescription
) -> Dataset:
    dataset = Dataset()
    dataset.update(common)
    position: Vector = grid.index_to_mm(k, 0, 0)
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = description.uid("series", description.series_number, "slice", k)
    dataset.InstanceNumber = grid.shape[0] - k  # scanners count from the head
    dataset.ImagePositionPatient = [_decimal(v) for v in position]
    dataset.SliceLocation = _decimal(position[2])
    dataset.PixelData = plane.astype("<u2").tobytes()
    dataset["PixelData"].VR = "OW"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def _decimal(value: float) -> str:
    """Write a Decimal String: at most 16 characters, enough for a nanometre."""
    return f"{round(value, 6) + 0.0:.6f}".rstrip("0").rstrip(".")  # + 0.0 makes -0 a 0
