"""The report of one scored series: facts, numbers, caveats, provenance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vascal.calcium.score import CalciumScore
from vascal.calcium.uncertainty import TotalUncertainty
from vascal.report.caveats import Caveat, FoundBy
from vascal.report.provenance import Provenance
from vascal.study import Acquisition, Patient
from vascal.volume import Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFacts:
    """What was scored; no name, number or birth date of the patient.

    Parameters
    ----------
    shape
        Slices, rows, columns.
    spacing_mm
        Between slices (median), rows, columns, mm.
    is_even
        Whether the slices are evenly spaced.
    """

    study_instance_uid: str
    series_instance_uid: str
    key: str
    series_number: int | None
    series_description: str
    study_date: str
    shape: tuple[int, int, int]
    spacing_mm: Vector
    is_even: bool
    acquisition: Acquisition
    patient: Patient
    source_format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedCandidate:
    """Something bright in or near the heart that was not scored, and why.

    `probability` is that of coronary calcium after all; None where the finder gives none.
    """

    reason: str
    volume_mm3: float
    peak_hu: int
    center_mm: Vector
    slices: tuple[int, int]
    probability: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFindings:
    """What the pixels said about the scan as a whole; None where it could not be measured."""

    finder: str | None = None
    heart_volume_ml: float | None = None
    blood_hu: float | None = None
    aorta_hu: float | None = None
    noise_sd_hu: float | None = None
    is_contrast_enhanced: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report:
    """Everything vascal says about one series.

    Parameters
    ----------
    series
        What was scored.
    found_by
        ``labels``: a person or another program marked the vessels;
        ``learned`` or ``rules``: vascal's own finder did.
    score
        The numbers.
    is_quotable
        False when a caveat forbids quoting the total as a calcium score.
    rejected
        Bright things that were not scored.
    findings
        Noise, contrast and heart, measured in the image.
    caveats
        What a reader must know, gravest first.
    provenance
        Version and inputs that made it.
    uncertainty
        What the total may be instead; None where nothing gives probabilities.
    """

    series: SeriesFacts
    found_by: FoundBy
    score: CalciumScore
    is_quotable: bool
    rejected: tuple[RejectedCandidate, ...]
    findings: ImageFindings
    caveats: tuple[Caveat, ...]
    provenance: Provenance
    uncertainty: TotalUncertainty | None = None
    kind: Literal["cac"] = "cac"
