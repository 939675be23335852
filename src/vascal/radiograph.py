"""A plain radiograph: its pixels as brightness, and what its header says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float32

from vascal.errors import GeometryError, PixelError
from vascal.study import Patient

FilmArray = Float32[np.ndarray, "row column"]
"""Brightness, 0 black to 1 white; more tissue in the way of the beam is brighter."""
SpacingSource = Literal["pixel-spacing", "imager-pixel-spacing", "nominal", "stated", "assumed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmFacts:
    """What the header of a radiograph says; nothing that names a patient.

    None and empty mean that the header is silent.

    Parameters
    ----------
    modality
        ``DX``, ``CR``, ``OT`` ...; empty for a plain image file.
    view_position
        View Position (0018,5101), as written: ``LL``, ``RL``, ``LATERAL``, ``AP`` ...
    patient_orientation
        Direction of the rows and of the columns (0020,0020), as (``A``, ``F``).
    kvp, exposure_mas, grid
        As acquired.
    photometric_interpretation
        Of the stored pixels; they have been turned so that bone is bright.
    source_format
        How the film came.
    """

    study_instance_uid: str = ""
    series_instance_uid: str = ""
    sop_instance_uid: str = ""
    study_date: str = ""
    modality: str = ""
    series_number: int | None = None
    series_description: str = ""
    body_part: str = ""
    view_position: str = ""
    laterality: str = ""
    patient_orientation: tuple[str, ...] = ()
    manufacturer: str = ""
    model: str = ""
    kvp: float | None = None
    exposure_mas: float | None = None
    grid: str = ""
    photometric_interpretation: str = "MONOCHROME2"
    bits_stored: int | None = None
    image_type: tuple[str, ...] = ()
    source_format: Literal["dicom", "png", "jpeg", "tiff", "array"] = "array"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Radiograph:
    """A radiograph as a person would look at it.

    Parameters
    ----------
    pixels
        (row, column), float32 in [0, 1], bone bright. The window that the file asks for
        has been applied; where it asks for none, the full range of what is stored.
    spacing_mm
        Between rows and between columns, mm, as `spacing_source` gives it.
    spacing_source
        Where the spacing comes from. Only ``pixel-spacing`` is corrected for magnification.
    facts
        What the header says.
    patient
        Age and sex.
    notes
        What a reader should know about the reading of the file.

    Raises
    ------
    GeometryError
        If a spacing is not a positive number.
    PixelError
        If pixels are not finite or leave [0, 1].
    """

    pixels: FilmArray
    spacing_mm: tuple[float, float]
    spacing_source: SpacingSource = "pixel-spacing"
    facts: FilmFacts = field(default_factory=FilmFacts)
    patient: Patient = field(default_factory=Patient)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not all(0 < value < 100 for value in self.spacing_mm):
            raise GeometryError(f"pixels of {self.spacing_mm} mm; needed: two lengths above 0")
        if not np.isfinite(self.pixels).all():
            raise PixelError("some pixels of the film are not numbers")
        low, high = float(self.pixels.min()), float(self.pixels.max())
        if low < 0 or high > 1:
            raise PixelError(f"brightness goes from {low:g} to {high:g}; needed: 0 to 1")
