"""A study and its series: what a header says, before any pixel is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from vascal.volume import Grid

GatingEvidence = Literal["attributes", "description", "stated", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gating:
    """Whether, and by what evidence, the scan was synchronised to the heart.

    Parameters
    ----------
    is_gated
        What the evidence says; None when there is none.
    evidence
        ``attributes``: cardiac synchronisation, phase or trigger attributes.
        ``description``: words in series description or protocol name (weak).
        ``stated``: the user said so. ``none``: nothing speaks for or against.
    technique
        Cardiac Synchronization Technique (0018,9037), if given.
    phase_percent
        Nominal Percentage of Cardiac Phase (0020,9241), if given.
    trigger_time_ms
        Trigger Time (0018,1060), if given.
    heart_rate_bpm
        Heart Rate (0018,1088), if given.
    """

    is_gated: bool | None = None
    evidence: GatingEvidence = "none"
    technique: str | None = None
    phase_percent: float | None = None
    trigger_time_ms: float | None = None
    heart_rate_bpm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """How the images were made, as far as the header tells.

    None means the header is silent, never zero.
    """

    kvp: float | None = None
    kernels: tuple[str, ...] = ()
    slice_thickness_mm: float | None = None
    exposure_mas: float | None = None
    tube_current_ma: float | None = None
    exposure_time_ms: float | None = None
    ctdi_vol_mgy: float | None = None
    filter_material: str | None = None
    reconstruction_diameter_mm: float | None = None
    gating: Gating = field(default_factory=Gating)
    contrast_agent: str | None = None
    contrast_route: str | None = None
    image_type: tuple[str, ...] = ()
    manufacturer: str | None = None
    model: str | None = None
    protocol_name: str | None = None
    body_part: str | None = None
    is_virtual_non_contrast: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What risk needs to know of a patient; nothing that names one."""

    age_years: float | None = None
    sex: Literal["F", "M", "O"] | None = None
    size_m: float | None = None
    weight_kg: float | None = None

    @property
    def bmi(self) -> float | None:
        """Body mass index, kg/m2; None unless both measures are there and sane."""
        if not self.size_m or not self.weight_kg or not 0.5 < self.size_m < 2.6:
            return None
        return self.weight_kg / self.size_m**2


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPixels:
    """How a slice's pixels are laid out in its file.

    Parameters
    ----------
    bits_allocated, bits_stored, high_bit
        Bits of a stored word, bits of it that hold the value, and the highest of those.
    is_signed
        Whether stored values are two's complement.
    native_offset
        Byte at which the slice begins if its pixels are uncompressed 16-bit
        little-endian words; None if they must be decoded.
    encoded_offset
        Byte at which the value of the pixel element begins if it holds one
        compressed slice; None otherwise.
    transfer_syntax_uid
        How the file is encoded; empty if it does not say.
    """

    bits_allocated: int = 16
    bits_stored: int = 16
    high_bit: int = 15
    is_signed: bool = True
    native_offset: int | None = None
    encoded_offset: int | None = None
    transfer_syntax_uid: str = ""

    @property
    def value_range(self) -> tuple[int, int]:
        """Lowest and highest value that the stored bits can hold."""
        half = 1 << (self.bits_stored - 1)
        return (-half, half - 1) if self.is_signed else (0, 2 * half - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSource:
    """One slice of a series and where its pixels are kept.

    Parameters
    ----------
    path
        File that holds the slice.
    member
        Name inside a zip archive, or None.
    frame
        Frame of a multi-frame object, from 0, or None.
    sop_instance_uid
        SOP Instance UID; empty for formats without one.
    position_mm
        Image Position (Patient): centre of the first pixel in LPS, mm.
    instance_number
        Instance Number: shown to people, never used for order.
    slope, intercept
        Rescale of this slice: HU = stored * slope + intercept.
    padding
        Lowest and highest stored value that mean "no pixel here", or None.
    pixels
        How the stored values are laid out.
    """

    path: Path
    member: str | None = None
    frame: int | None = None
    sop_instance_uid: str = ""
    position_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    instance_number: int | None = None
    slope: float = 1.0
    intercept: float = 0.0
    padding: tuple[int, int] | None = None
    pixels: StoredPixels = field(default_factory=StoredPixels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One CT series whose slices make one even axial stack.

    Parameters
    ----------
    study_instance_uid, series_instance_uid
        DICOM UIDs; for other formats a name made from the file's.
    key
        Names this stack inside its study. The series UID, with ``.aN`` behind
        it where one DICOM series held several stacks (acquisitions) and was split.
    images
        The slices, ordered like `grid`: from the feet to the head.
    grid
        Where the voxels lie. Uneven only if the caller accepted that.
    """

    study_instance_uid: str
    series_instance_uid: str
    key: str
    images: tuple[ImageSource, ...]
    grid: Grid
    acquisition: Acquisition = field(default_factory=Acquisition)
    patient: Patient = field(default_factory=Patient)
    series_number: int | None = None
    series_description: str = ""
    frame_of_reference_uid: str = ""
    source_format: Literal["dicom", "nifti", "metaimage", "nrrd", "array"] = "dicom"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Something in the input that can not be scored, and why.

    Parameters
    ----------
    subject
        The series UID, or the file's path relative to the input.
    code
        `VascalError.code` of what refused it.
    message
        What was found and what is needed.
    """

    subject: str
    code: str
    message: str
    study_instance_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One patient's study: the series that can be scored, and those that can not."""

    study_instance_uid: str
    series: tuple[Series, ...]
    refusals: tuple[Refusal, ...] = ()
    study_date: str = ""
    study_description: str = ""
