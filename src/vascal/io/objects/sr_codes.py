"""Codes of the structured reports: what each number is called, in which unit, by which method.

Public codes where one exists, 99VASCAL where none does. Writer and reader share the tables here.
Sources: DICOM PS3.16, CID 6140 (calculation methods), 6142 (calculated values), 3016 (coronary arteries),
7181 (units); SNOMED CT as PS3.16 lists it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from vascal.io.objects.coded import (
    ANTERIOR,
    POSTERIOR,
    VERTEBRA_CODES,
    Coded,
    dicom_code,
    private_code,
    snomed,
)
from vascal.wall_levels import LEVELS, Level, Wall


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """How one number of `score.json` is written.

    Parameters
    ----------
    field
        Its name in `score.json`.
    concept, unit
        What it is, and in what.
    method
        How it was calculated; None where the concept says it.
    is_count
        Whether it is a whole number.
    """

    field: str
    concept: Coded
    unit: Coded
    method: Coded | None = None
    is_count: bool = False


def _ucum(value: str, meaning: str) -> Coded:
    return Coded(value=value, scheme="UCUM", meaning=meaning)


# Units; Agatston units are arbitrary units, as in the example of PS3.20 and in CID 7181.
ARBITRARY = _ucum("[arb'U]", "arbitrary unit")
NO_UNITS = _ucum("1", "no units")
MM, MM3, MG, KV = (
    _ucum("mm", "millimeter"),
    _ucum("mm3", "cubic millimeter"),
    _ucum("mg", "milligram"),
    _ucum("kV", "kV"),
)

# Headings and context of TID 1500.
REPORT_TITLE = dicom_code("126000", "Imaging Measurement Report")
LANGUAGE = dicom_code("121049", "Language of Content Item and Descendants")
ENGLISH = Coded(value="en", scheme="RFC5646", meaning="English")
OBSERVER_TYPE, DEVICE = dicom_code("121005", "Observer Type"), dicom_code("121007", "Device")
DEVICE_UID, DEVICE_NAME = dicom_code("121012", "Device Observer UID"), dicom_code("121013", "Device Observer Name")
DEVICE_MANUFACTURER = dicom_code("121014", "Device Observer Manufacturer")
DEVICE_MODEL = dicom_code("121015", "Device Observer Model Name")
DEVICE_SERIAL = dicom_code("121016", "Device Observer Serial Number")
PROCEDURE = dicom_code("121058", "Procedure reported")
CT_PROCEDURE = Coded(value="25045-6", scheme="LN", meaning="CT unspecified body region")
"""Of CID 100, which has no cardiac CT; a chest scan without gating is scored too."""
FILM_PROCEDURE = snomed("363679005", "Imaging procedure")
"""Of CID 100; its LN 43468-8 for X-rays is too new for some validators."""
LIBRARY, LIBRARY_GROUP = dicom_code("111028", "Image Library"), dicom_code("126200", "Image Library Group")
MODALITY, TARGET_REGION = dicom_code("121139", "Modality"), dicom_code("123014", "Target Region")
STUDY_DATE, FRAME_OF_REFERENCE = dicom_code("111060", "Study Date"), dicom_code("112227", "Frame of Reference UID")
KVP, SLICE_THICKNESS = dicom_code("113733", "KVP"), dicom_code("112225", "Slice Thickness")
SLICE_SPACING = dicom_code("112226", "Spacing between slices")
MEASUREMENTS, GROUP = dicom_code("126010", "Imaging Measurements"), dicom_code("125007", "Measurement Group")
EVALUATIONS = Coded(value="C0034375", scheme="UMLS", meaning="Qualitative Evaluations")
ALGORITHM_NAME, ALGORITHM_VERSION = dicom_code("111001", "Algorithm Name"), dicom_code("111003", "Algorithm Version")
ALGORITHM_PARAMETERS = dicom_code("111002", "Algorithm Parameters")
TRACKING_ID = dicom_code("112039", "Tracking Identifier")
TRACKING_UID = dicom_code("112040", "Tracking Unique Identifier")
FINDING, FINDING_SITE = dicom_code("121071", "Finding"), snomed("363698007", "Finding Site")
TOPOGRAPHY, METHOD = snomed("106233006", "Topographical modifier"), snomed("370129005", "Measurement Method")
REFERENCED_SEGMENT = dicom_code("121191", "Referenced Segment")
SOURCE_SERIES = dicom_code("121232", "Source series for segmentation")
SOURCE_IMAGE = dicom_code("121112", "Source of Measurement")
YES, NO = snomed("373066001", "Yes"), snomed("373067005", "No")
UNDETERMINED = snomed("373068000", "Undetermined")
MODALITIES: Mapping[str, Coded] = MappingProxyType(
    {
        "CT": dicom_code("CT", "Computed Tomography"),
        "CR": dicom_code("CR", "Computed Radiography"),
        "DX": dicom_code("DX", "Digital Radiography"),
        "RF": dicom_code("RF", "Radiofluoroscopy"),
        "RG": dicom_code("RG", "Radiographic imaging"),
        "XA": dicom_code("XA", "X-Ray Angiography"),
        "OT": dicom_code("OT", "Other Modality"),
    }
)
"""Of CID 29."""

# Places and findings.
HEART, LUMBAR_SPINE = snomed("80891009", "Heart"), snomed("122496007", "Lumbar spine")
LEVEL_CODES: Mapping[Level, Coded] = MappingProxyType({level: VERTEBRA_CODES[level] for level in LEVELS})
WALL_CODES: Mapping[Wall, Coded] = MappingProxyType({"anterior": ANTERIOR, "posterior": POSTERIOR})

# Numbers of a CT.
CALCIUM_SCORE = snomed("450360000", "Coronary artery calcium score")
AGATSTON_METHOD = dicom_code("112055", "Agatston scoring method")
LESION_COUNT = Quantity(field="lesions", concept=private_code("LESIONS"), unit=NO_UNITS, is_count=True)
QUOTED_SUMS = (
    Quantity(field="agatston", concept=CALCIUM_SCORE, unit=ARBITRARY, method=AGATSTON_METHOD),
    Quantity(
        field="volume_mm3",
        concept=dicom_code("112197", "Volume of Vascular Calcification"),
        unit=MM3,
        method=dicom_code("112056", "Volume scoring method"),
    ),
    Quantity(field="volume_isotropic_mm3", concept=private_code("VOLUME-ISO"), unit=MM3),
    Quantity(
        field="mass_mg",
        concept=dicom_code("112199", "Mass of Vascular Calcification"),
        unit=MG,
        method=dicom_code("112057", "Mass scoring method"),
    ),
    Quantity(field="mass_integrated_mg", concept=private_code("MASS-INTEGRATED"), unit=MG),
    Quantity(field="mass_volume_fraction_mg", concept=private_code("MASS-FRACTION"), unit=MG),
    Quantity(field="density", concept=private_code("DENSITY"), unit=NO_UNITS),
    LESION_COUNT,
)
"""What a vessel and the total have, where the total may be quoted."""
UNQUOTED_SUMS = (
    Quantity(field="agatston", concept=private_code("CALCIUM-SUM"), unit=ARBITRARY),
    Quantity(field="volume_mm3", concept=private_code("VOLUME-SUM"), unit=MM3),
    Quantity(field="mass_mg", concept=private_code("MASS-SUM"), unit=MG),
    LESION_COUNT,
)
"""What they have where it must not: nothing that software could take for a calcium score."""
MEANINGS = (
    Quantity(field="vessels_with_calcium", concept=private_code("VESSELS"), unit=NO_UNITS, is_count=True),
    Quantity(field="diffusivity", concept=private_code("DIFFUSIVITY"), unit=NO_UNITS),
)
"""Of `interpretation`, beside a total that may be quoted."""
REPEAT_LIMIT = Quantity(field="agatston", concept=private_code("REPEAT-LIMIT"), unit=ARBITRARY)
ZERO_PROBABILITY = Quantity(field="zero_probability", concept=private_code("ZERO-PROBABILITY"), unit=NO_UNITS)
INTERVAL_LEVEL = Quantity(field="level", concept=private_code("INTERVAL-LEVEL"), unit=NO_UNITS)
CT_INTERVAL = (
    Quantity(field="agatston_low", concept=private_code("INTERVAL-LOW"), unit=ARBITRARY),
    Quantity(field="agatston_high", concept=private_code("INTERVAL-HIGH"), unit=ARBITRARY),
    INTERVAL_LEVEL,
)

# Numbers of a film.
AAC24 = Quantity(
    field="aac24", concept=private_code("AAC24"), unit=NO_UNITS, method=private_code("AAC-METHOD"), is_count=True
)
AAC_SUM = Quantity(field="aac24", concept=private_code("AAC-SUM"), unit=NO_UNITS, is_count=True)
FILM_TOTALS = (
    Quantity(field="anterior", concept=private_code("AAC24-ANTERIOR"), unit=NO_UNITS, is_count=True),
    Quantity(field="posterior", concept=private_code("AAC24-POSTERIOR"), unit=NO_UNITS, is_count=True),
    Quantity(field="affected_segments", concept=private_code("AAC-SEGMENTS"), unit=NO_UNITS, is_count=True),
    Quantity(field="antero_posterior", concept=private_code("AAC-AP"), unit=NO_UNITS, is_count=True),
    Quantity(field="expected", concept=private_code("AAC24-EXPECTED"), unit=NO_UNITS),
    ZERO_PROBABILITY,
)
AAC8 = (
    Quantity(field="total", concept=private_code("AAC8"), unit=NO_UNITS, is_count=True),
    Quantity(field="anterior", concept=private_code("AAC8-ANTERIOR"), unit=NO_UNITS, is_count=True),
    Quantity(field="posterior", concept=private_code("AAC8-POSTERIOR"), unit=NO_UNITS, is_count=True),
)
FILM_INTERVAL = (
    Quantity(field="low", concept=private_code("INTERVAL-LOW"), unit=NO_UNITS, is_count=True),
    Quantity(field="high", concept=private_code("INTERVAL-HIGH"), unit=NO_UNITS, is_count=True),
    INTERVAL_LEVEL,
)
LEVEL_POINTS = Quantity(field="points", concept=private_code("AAC24-LEVEL"), unit=NO_UNITS, is_count=True)
LEVEL_SURE = Quantity(field="confidence", concept=private_code("AAC-LEVEL-SURE"), unit=NO_UNITS)
WALL_NUMBERS = (
    Quantity(field="grade", concept=private_code("AAC-GRADE"), unit=NO_UNITS, is_count=True),
    Quantity(field="fraction", concept=private_code("AAC-SHARE"), unit=NO_UNITS),
)

# Answers in words of `score.json`, each as a code.
CATEGORIES: Mapping[str, Coded] = MappingProxyType(
    {
        "0": private_code("CAC-0"),
        "1-10": private_code("CAC-1-10"),
        "11-100": private_code("CAC-11-100"),
        "101-400": private_code("CAC-101-400"),
        ">400": private_code("CAC-ABOVE-400"),
    }
)
FINDERS: Mapping[str, Coded] = MappingProxyType(
    {"labels": private_code("BY-LABELS"), "rules": private_code("BY-RULES"), "learned": private_code("BY-LEARNED")}
)
SEVERITIES: Mapping[str, Coded] = MappingProxyType(
    {"critical": private_code("CRITICAL"), "caution": private_code("CAUTION"), "info": private_code("INFO")}
)
HEIGHTS: Mapping[str, Coded] = MappingProxyType(
    {"vertebra": private_code("HEIGHT-VERTEBRA"), "level": private_code("HEIGHT-LEVEL")}
)
CLASS_SCHEMES: Mapping[str, Coded] = MappingProxyType(
    {
        "kidney-thirds": private_code("CLASS-KIDNEY"),
        "population": private_code("CLASS-POPULATION"),
        "masterplan": private_code("CLASS-MASTERPLAN"),
    }
)
CLASSES: Mapping[tuple[str, str], Coded] = MappingProxyType(
    {
        ("kidney-thirds", "none or mild"): private_code("KIDNEY-MILD"),
        ("kidney-thirds", "moderate"): private_code("KIDNEY-MODERATE"),
        ("kidney-thirds", "severe"): private_code("KIDNEY-SEVERE"),
        ("population", "low"): private_code("POP-LOW"),
        ("population", "moderate"): private_code("POP-MODERATE"),
        ("population", "high"): private_code("POP-HIGH"),
        ("masterplan", "below 4"): private_code("MASTER-BELOW-4"),
        ("masterplan", "4 or more"): private_code("MASTER-4-OR-MORE"),
    }
)
