"""How the images were made and of whom: DICOM attributes as vascal's values.

Single-frame CT and the functional groups of enhanced CT name some things
differently; both names are read here.
Source: DICOM PS3.3, C.8.2.1 (CT Image), C.8.15 (Enhanced CT), C.7.6.18.1
(Cardiac Synchronization), C.7.1.3 and C.7.2.2 (Patient, Patient Study).
"""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from pydicom.dataset import Dataset

from vascal.io.dicom_values import number_of, positive_of, text_of, texts_of
from vascal.study import Acquisition, Gating, Patient

NOT_GATED = re.compile(
    r"\b(non|not|un|no|without|w/o)[\s_-]*((ecg|ekg|cardiac)[\s_-]*)?(gat(ed|ing)|trigger)", re.IGNORECASE
)
"""``non-gated``, ``ungated``, ``no ECG gating`` ..."""
GATED = re.compile(
    r"\b(gated|gating|ecg|ekg|casc|ca[\s_-]?scor\w*|calcium|cardiac|cor(onary)?cta|coronar\w*"
    r"|best\s?(diast|syst)\w*|diastol\w*|systol\w*|prosp\w*[\s_-]*trig\w*|snapshot\s?(pulse|segment))",
    re.IGNORECASE,
)
PHASE = re.compile(r"(?<![\d.])\d{1,2}\s?%")
"""A percentage of the heart beat: ``75%``."""
BLENDING = re.compile(r"asir|idose|safire|admire|veo|dlir|aidr|kvp?\b", re.IGNORECASE)
"""Where a percentage means the strength of iterative reconstruction instead."""

VIRTUAL_WORDS = {"VNC", "VUE", "MAT_REMOVED", "VIRTUAL_NON_CONTRAST", "VIRTUALNONCONTRAST"}
"""In Image Type: dual-energy images from which iodine was taken (PS3.3 C.8.15.3.10.1; makers' VNC and VUE)."""
VIRTUAL = re.compile(r"\b(VNC|VUE|virtual\s+(non|un)[\s_-]*(contrast|enhanced)\w*)\b", re.IGNORECASE)

DAYS_PER_YEAR = 365.25
AGE_UNITS_PER_YEAR = {"Y": 1.0, "M": 12.0, "W": DAYS_PER_YEAR / 7, "D": DAYS_PER_YEAR}


def parse_acquisition(dataset: Dataset) -> Acquisition:
    """Tell how an image was made, from its header."""
    return Acquisition(
        kvp=positive_of(dataset, "KVP"),
        kernels=texts_of(dataset, "ConvolutionKernel"),
        slice_thickness_mm=positive_of(dataset, "SliceThickness"),
        exposure_mas=_exposure_mas(dataset),
        tube_current_ma=positive_of(dataset, "XRayTubeCurrent") or positive_of(dataset, "XRayTubeCurrentInmA"),
        exposure_time_ms=positive_of(dataset, "ExposureTime") or positive_of(dataset, "ExposureTimeInms"),
        ctdi_vol_mgy=positive_of(dataset, "CTDIvol"),
        filter_material=text_of(dataset, "FilterMaterial") or None,
        reconstruction_diameter_mm=positive_of(dataset, "ReconstructionDiameter"),
        gating=parse_gating(dataset),
        contrast_agent=text_of(dataset, "ContrastBolusAgent") or None,
        contrast_route=text_of(dataset, "ContrastBolusRoute") or None,
        image_type=image_type_of(dataset),
        manufacturer=text_of(dataset, "Manufacturer") or None,
        model=text_of(dataset, "ManufacturerModelName") or None,
        protocol_name=text_of(dataset, "ProtocolName") or None,
        body_part=text_of(dataset, "BodyPartExamined") or None,
        is_virtual_non_contrast=is_virtual_non_contrast(dataset),
    )


def is_virtual_non_contrast(dataset: Dataset) -> bool:
    """Tell whether iodine was subtracted by dual energy, by Image Type or the series' own words."""
    words = {part for one in image_type_of(dataset) for part in one.split()}
    texts = (text_of(dataset, keyword).replace("_", " ") for keyword in ("SeriesDescription", "ImageComments"))
    return bool(words & VIRTUAL_WORDS) or any(VIRTUAL.search(one) for one in texts)


def image_type_of(dataset: Dataset) -> tuple[str, ...]:
    """Give Image Type, or Frame Type of an enhanced image's frame, in capitals."""
    return tuple(one.upper() for one in texts_of(dataset, "FrameType") or texts_of(dataset, "ImageType"))


def phase_percent_of(dataset: Dataset) -> float | None:
    """Give Nominal Percentage of Cardiac Phase (0020,9241)."""
    return number_of(dataset, "NominalPercentageOfCardiacPhase")


def trigger_time_ms_of(dataset: Dataset) -> float | None:
    """Give Trigger Time (0018,1060) or Nominal Cardiac Trigger Delay Time (0020,9153), ms."""
    return positive_of(dataset, "TriggerTime") or positive_of(dataset, "NominalCardiacTriggerDelayTime")


def parse_gating(dataset: Dataset) -> Gating:
    """Tell whether a scan was synchronised to the heart, and how that is known.

    Notes
    -----
    Attributes decide where there are any: Cardiac Synchronization Technique,
    then a phase, a trigger time, a heart rate or an R-R interval above zero.
    Otherwise words in Series Description, Protocol Name, Image Comments and
    Scan Options are weak evidence; a denial ("non-gated") outweighs the rest.
    """
    technique = text_of(dataset, "CardiacSynchronizationTechnique") or None
    phase = phase_percent_of(dataset)
    trigger = trigger_time_ms_of(dataset)
    rate = positive_of(dataset, "HeartRate")
    interval = positive_of(dataset, "CardiacRRIntervalSpecified") or positive_of(dataset, "RRIntervalTimeNominal")
    is_gated, evidence = _judge_words(dataset)
    if technique is not None:
        is_gated, evidence = technique.upper() != "NONE", "attributes"
    elif any(one is not None for one in (phase, trigger, rate, interval)):
        is_gated, evidence = True, "attributes"
    return Gating(
        is_gated=is_gated,
        evidence=evidence,
        technique=technique,
        phase_percent=phase,
        trigger_time_ms=trigger,
        heart_rate_bpm=rate,
    )


def _judge_words(dataset: Dataset) -> tuple[bool | None, Literal["attributes", "description", "none"]]:
    keywords = ("SeriesDescription", "ProtocolName", "ImageComments", "ScanOptions")
    texts = [text_of(dataset, keyword).replace("\\", " ").replace("_", " ") for keyword in keywords]
    if any(NOT_GATED.search(one) for one in texts):
        return False, "description"
    if any(GATED.search(one) or (PHASE.search(one) and not BLENDING.search(one)) for one in texts):
        return True, "description"
    return None, "none"


def _exposure_mas(dataset: Dataset) -> float | None:
    in_uas = positive_of(dataset, "ExposureInuAs")
    if in_uas is not None:
        return in_uas / 1000
    return positive_of(dataset, "Exposure") or positive_of(dataset, "ExposureInmAs")


def parse_patient(dataset: Dataset) -> Patient:
    """Keep of a patient what risk needs: age, sex, size and weight.

    Notes
    -----
    The birth date serves to work out the age at the study and goes no further.
    A size above 2.6 (centimetres written as metres) or a weight above 400 kg is dropped.
    """
    size = positive_of(dataset, "PatientSize")
    weight = positive_of(dataset, "PatientWeight")
    return Patient(
        age_years=_age_years(dataset),
        sex=_sex(text_of(dataset, "PatientSex")),
        size_m=size if size is not None and size <= 2.6 else None,
        weight_kg=weight if weight is not None and weight <= 400 else None,
    )


def _sex(text: str) -> Literal["F", "M", "O"] | None:
    known: dict[str, Literal["F", "M", "O"]] = {"F": "F", "M": "M", "O": "O"}
    return known.get(text.upper())


def _age_years(dataset: Dataset) -> float | None:
    match = re.fullmatch(r"(\d{1,3})([DWMY])", text_of(dataset, "PatientAge").upper())
    if match and int(match[1]) > 0:
        return int(match[1]) / AGE_UNITS_PER_YEAR[match[2]]
    born, scanned = _date_of(dataset, "PatientBirthDate"), _date_of(dataset, "StudyDate")
    if born is None or scanned is None or scanned < born:
        return None
    years = (scanned - born).days / DAYS_PER_YEAR
    return round(years, 1) if 0 < years < 120 else None


def _date_of(dataset: Dataset, keyword: str) -> date | None:
    match = re.fullmatch(r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})", text_of(dataset, keyword))
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None
