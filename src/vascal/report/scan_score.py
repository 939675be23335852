"""What is kept of a scored scan when it is laid beside another one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from vascal.report.caveats import FoundBy
from vascal.risk.lesion_pairs import PlacedLesion
from vascal.risk.profile import Sex

UID = re.compile(r"[0-9]+(\.[a-z]?[0-9]+)+")
"""A letter stands in the name of one of several stacks of a series."""
LONGEST_UID = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanFacts:
    """How a scan was made and read: what must be alike for two scores to be compared.

    Parameters
    ----------
    rule
        Name of the scoring rule.
    rule_numbers
        Its threshold, weights, smallest patch and connectivity, as text, by name.
    rule_kvp
        Tube voltage that the rule's numbers are for.
    kvp, slice_thickness_mm, spacing_between_slices_mm, kernels, scanner
        Of the acquisition; None where the header is silent.
    is_gated, is_contrast_enhanced
        None where nothing tells.
    found_by, finder
        Who marked the calcium.
    caveats
        Codes of the caveats of that score.
    version
        Of vascal.
    """

    rule: str
    rule_numbers: Mapping[str, str]
    rule_kvp: float
    kvp: float | None
    slice_thickness_mm: float | None
    spacing_between_slices_mm: float
    kernels: tuple[str, ...]
    scanner: str | None
    is_gated: bool | None
    is_contrast_enhanced: bool | None
    found_by: FoundBy
    finder: str | None
    caveats: tuple[str, ...]
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VesselTotal:
    """Agatston units, volume (by voxels, mm3) and number of lesions of one vessel."""

    agatston: float
    volume_mm3: float
    lesions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanScore:
    """One scored scan.

    Parameters
    ----------
    study_instance_uid, series_key
        What was scored.
    on
        Day of the scan; None where the header does not say.
    is_quotable
        False if the total must not be quoted as a calcium score.
    critical
        Codes of the caveats that forbid it.
    agatston
        Total.
    volume_mm3, volume_isotropic_mm3
        By voxels, and after isotropic interpolation.
    risk_category
        None where the total is not quotable.
    vessels
        By name; LM, LAD, LCX and RCA are always there.
    lesions
        With centre, LPS, mm.
    age_years, sex, bmi, size_m
        Of the patient, as the header says; None where it does not.
    facts
        How the scan was made and read.
    """

    study_instance_uid: str
    series_key: str
    on: date | None
    is_quotable: bool
    critical: tuple[str, ...]
    agatston: float
    volume_mm3: float
    volume_isotropic_mm3: float
    risk_category: str | None
    vessels: Mapping[str, VesselTotal]
    lesions: tuple[PlacedLesion, ...]
    age_years: float | None
    sex: Sex | None
    bmi: float | None
    size_m: float | None
    facts: ScanFacts

    @property
    def has_real_uids(self) -> bool:
        """Whether the study's and the series' names are DICOM's, and not those of files."""
        return is_uid(self.study_instance_uid) and is_uid(self.series_key)


def is_uid(name: str) -> bool:
    """Tell a DICOM unique identifier from the name of a file.

    Examples
    --------
    >>> is_uid("1.2.840.10008.1"), is_uid("scan"), is_uid("2019")
    (True, False, False)
    """
    return len(name) <= LONGEST_UID and UID.fullmatch(name) is not None
