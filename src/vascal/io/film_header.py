"""Headers of radiographs: which files are films at all, what they say, and what they can not show.

A film is a projection X-ray image (DX, CR, fluoroscopy ...) or a secondary capture
that may hold one, as densitometers export. CT slices and everything else is left to others.
Source: DICOM PS3.3, C.8.1 (CR), C.8.11 (DX), C.8.6 (Secondary Capture), C.7.6.1.1.1 (Patient Orientation).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BufferedIOBase
from typing import BinaryIO, cast

from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from vascal.errors import FilmError, PixelError, UnsupportedImageError, ViewError
from vascal.io.dicom_acquisition import image_type_of, parse_acquisition, parse_patient
from vascal.io.dicom_header import looks_like_dicom
from vascal.io.dicom_values import UNREADABLE, integer_of, text_of, texts_of, value_of
from vascal.radiograph import FilmFacts
from vascal.study import Patient

MODALITY_TAG = 0x00080060
FILM_MODALITIES = {"", "DX", "CR", "RG", "RF", "XA", "MG", "PX", "IO", "OT", "SC", "BMD", "DXA"}
XRAY_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.1",  # Computed Radiography
    "1.2.840.10008.5.1.4.1.1.1.1",  # Digital X-Ray, for presentation
    "1.2.840.10008.5.1.4.1.1.1.1.1",  # Digital X-Ray, for processing
    "1.2.840.10008.5.1.4.1.1.1.2",  # Digital Mammography
    "1.2.840.10008.5.1.4.1.1.1.2.1",
    "1.2.840.10008.5.1.4.1.1.1.3",  # Digital Intra-Oral
    "1.2.840.10008.5.1.4.1.1.1.3.1",
    "1.2.840.10008.5.1.4.1.1.12.1",  # X-Ray Angiographic
    "1.2.840.10008.5.1.4.1.1.12.2",  # X-Ray Radiofluoroscopic
}
CAPTURE_CLASSES = {"1.2.840.10008.5.1.4.1.1.7"} | {f"1.2.840.10008.5.1.4.1.1.7.{n}" for n in (1, 2, 3, 4)}
"""Secondary capture, single frame and the four multi-frame ones."""
FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"

OTHER_EXAMINATIONS = {
    "MG": "mammography", "PX": "a panoramic film of the jaw", "IO": "a dental film", "XA": "angiography",
}  # fmt: skip
OTHER_PARTS = {
    "CHEST", "THORAX", "LUNG", "HEART", "BREAST", "SKULL", "HEAD", "BRAIN", "FACE", "JAW", "MANDIBLE", "MAXILLA",
    "NOSE", "ORBIT", "EYE", "SINUS", "TMJ", "NECK", "CSPINE", "CERVICALSPINE", "SHOULDER", "CLAVICLE", "SCAPULA",
    "ARM", "HUMERUS", "ELBOW", "FOREARM", "WRIST", "HAND", "FINGER", "THUMB", "LEG", "THIGH", "FEMUR", "KNEE",
    "PATELLA", "ANKLE", "FOOT", "TOE", "CALCANEUS", "HEEL", "EXTREMITY", "UPPEREXTREMITY", "LOWEREXTREMITY",
}  # fmt: skip
"""Body parts on which L1 to L4 are not seen. Whatever is not here passes: many consoles leave a default in place."""
FRONTAL_VIEWS = {"AP", "PA", "FRONTAL", "ANTEROPOSTERIOR", "POSTEROANTERIOR"}
OBLIQUE_VIEWS = {"LLO", "RLO", "LAO", "RAO", "LPO", "RPO", "OBL", "OBLIQUE"}
LATERAL_VIEWS = {"LL", "RL", "LAT", "LATERAL", "LLAT", "RLAT", "XTABLE"}
NOT_A_PICTURE = {"DOSE_INFO", "DOSE", "PROTOCOL", "LOCALIZER", "VASCAL"}
"""Values of Image Type; the last marks pictures that vascal itself stored beside a film."""

SMALLEST_SIDE = 64
"""Pixels; below this no wall of an aorta is seen on a film of the lumbar spine."""
LARGEST_SIDE = 16384
LARGEST_PIXELS = 100_000_000
"""Beyond the largest detector and the longest film that is stitched: a damaged or hostile header."""
UNPARSABLE = (*UNREADABLE, InvalidDicomError, BytesLengthException, EOFError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmHeader:
    """What is kept of a film's header before its pixels are read; nothing that names a patient."""

    facts: FilmFacts
    patient: Patient
    refusal: FilmError | UnsupportedImageError | PixelError | None


def claims_dicom(stream: BufferedIOBase) -> bool:
    """Tell whether an open DICOM file is a film, from the few elements up to its modality.

    Parameters
    ----------
    stream
        At its start; left at its start.

    Returns
    -------
    bool
        True for projection X-ray images and secondary captures that are of no other
        modality, whether they can be graded or not; False for CT slices, reports, and what is
        no DICOM.
    """
    start = stream.read(132)
    stream.seek(0)
    if not looks_like_dicom(start):
        return False
    try:
        dataset = read_partial(cast(BinaryIO, stream), stop_when=_is_past_modality, force=True)
    except UNPARSABLE:
        return False
    finally:
        stream.seek(0)
    sop_class, modality = text_of(dataset, "SOPClassUID"), text_of(dataset, "Modality").upper()
    if sop_class in XRAY_CLASSES | CAPTURE_CLASSES:
        return modality in FILM_MODALITIES
    return not sop_class and modality in FILM_MODALITIES - {"", "OT"}


def _is_past_modality(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return bool(tag > MODALITY_TAG)


def read_film_header(stream: BufferedIOBase) -> FilmHeader:
    """Read what a film says of itself, and whether that rules it out.

    Raises
    ------
    UnsupportedImageError
        If the header can not be read.
    """
    try:
        dataset = dcmread(cast(BinaryIO, stream), force=True, stop_before_pixels=True)
        facts, patient = parse_facts(dataset), parse_patient(dataset)
    except UNPARSABLE as error:
        raise UnsupportedImageError("starts like DICOM, but its header is damaged or cut short") from error
    try:
        require_film(dataset, facts)
    except (FilmError, UnsupportedImageError, PixelError) as error:
        return FilmHeader(facts=facts, patient=patient, refusal=error)
    return FilmHeader(facts=facts, patient=patient, refusal=None)


def parse_facts(dataset: Dataset) -> FilmFacts:
    """Give what the header of a film says, names left out."""
    acquisition = parse_acquisition(dataset)
    return FilmFacts(
        study_instance_uid=text_of(dataset, "StudyInstanceUID"),
        series_instance_uid=text_of(dataset, "SeriesInstanceUID"),
        sop_instance_uid=text_of(dataset, "SOPInstanceUID"),
        study_date=text_of(dataset, "StudyDate"),
        modality=text_of(dataset, "Modality").upper(),
        series_number=integer_of(dataset, "SeriesNumber"),
        series_description=text_of(dataset, "SeriesDescription"),
        body_part=text_of(dataset, "BodyPartExamined") or _meaning(dataset, "AnatomicRegionSequence"),
        view_position=text_of(dataset, "ViewPosition") or _meaning(dataset, "ViewCodeSequence"),
        laterality=text_of(dataset, "ImageLaterality") or text_of(dataset, "Laterality"),
        patient_orientation=texts_of(dataset, "PatientOrientation"),
        manufacturer=text_of(dataset, "Manufacturer"),
        model=text_of(dataset, "ManufacturerModelName"),
        kvp=acquisition.kvp,
        exposure_mas=acquisition.exposure_mas,
        grid=text_of(dataset, "Grid"),
        photometric_interpretation=text_of(dataset, "PhotometricInterpretation") or "MONOCHROME2",
        bits_stored=integer_of(dataset, "BitsStored"),
        image_type=image_type_of(dataset),
        source_format="dicom",
    )


def _meaning(dataset: Dataset, keyword: str) -> str:
    """Give the words of the first code in a sequence; empty if there is none."""
    items = value_of(dataset, keyword)
    if not isinstance(items, Sequence) or not items:
        return ""
    return text_of(cast(Dataset, items[0]), "CodeMeaning")


def is_for_processing(dataset: Dataset) -> bool:
    """Tell a detector's raw signal from an image that is ready to look at."""
    intent = text_of(dataset, "PresentationIntentType").upper()
    return intent == "FOR PROCESSING" or text_of(dataset, "SOPClassUID") == FOR_PROCESSING


def require_film(dataset: Dataset, facts: FilmFacts) -> None:
    """Refuse what can not be a lateral film of the lumbar spine, whatever its pixels are.

    Raises
    ------
    UnsupportedImageError
        If it is mammography, dental, angiographic, multi-frame, or no picture of a patient.
    FilmError
        If the body part is one on which L1 to L4 are not seen.
    ViewError
        If the view or the orientation is frontal or oblique.
    PixelError
        If it has no pixels, or too few or too many.

    Notes
    -----
    A decubitus position (LLD, RLD) passes: it says how the patient lies, and the beam may
    go either way. So does every body part that is not surely another one.
    """
    _require_examination(dataset, facts)
    part = re.sub(r"[^A-Z]", "", facts.body_part.upper())
    if part in OTHER_PARTS:
        raise FilmError(f"the body part is {part}; needed: a film that shows L1 to L4")
    require_lateral(facts.view_position, facts.patient_orientation)
    require_size(integer_of(dataset, "Rows") or 0, integer_of(dataset, "Columns") or 0)


def _require_examination(dataset: Dataset, facts: FilmFacts) -> None:
    if facts.modality in OTHER_EXAMINATIONS:
        raise UnsupportedImageError(f"{OTHER_EXAMINATIONS[facts.modality]}; needed: a lateral film of the lumbar spine")
    if NOT_A_PICTURE & set(facts.image_type):
        raise UnsupportedImageError(f"no picture of a patient (Image Type {chr(92).join(facts.image_type)})")
    frames = integer_of(dataset, "NumberOfFrames") or 1
    if frames > 1:
        raise UnsupportedImageError(f"{frames} frames in one file; needed: a single image")


def require_lateral(view: str, orientation: tuple[str, ...]) -> None:
    """Refuse a view that a header calls frontal or oblique.

    Parameters
    ----------
    view
        View Position, or the words of the view's code; empty passes.
    orientation
        Patient Orientation: direction of the rows and of the columns.

    Raises
    ------
    ViewError
        If either says so. Where they contradict each other, the words decide: Patient Orientation is often a default.
    """
    words = set(re.split(r"[^A-Z]+", view.upper().replace("ANTERO-", "ANTERO").replace("POSTERO-", "POSTERO")))
    if words & LATERAL_VIEWS and not words & OBLIQUE_VIEWS:
        return
    if words & FRONTAL_VIEWS:
        raise ViewError(f"the view is {_shown(view)}; needed: a lateral view")
    if words & OBLIQUE_VIEWS:
        raise ViewError(f"the view is oblique ({_shown(view)}); needed: a lateral view")
    if any(one[:1].upper() in ("L", "R") for one in orientation):
        raise ViewError(
            f"the patient's left or right lies along the image (Patient Orientation {chr(92).join(orientation)}); "
            "needed: a lateral view"
        )


def _shown(view: str) -> str:
    """Show no more of a free text than words that describe a view."""
    known = FRONTAL_VIEWS | OBLIQUE_VIEWS
    return " ".join(word for word in re.split(r"[^A-Z]+", view.upper().replace("-", "")) if word in known) or "frontal"


def require_size(rows: int, columns: int) -> None:
    """Refuse films too small to show a wall of the aorta, or too large to be one.

    Raises
    ------
    PixelError
        If so.
    """
    if min(rows, columns) < SMALLEST_SIDE:
        raise PixelError(f"{rows} x {columns} pixels; needed: at least {SMALLEST_SIDE} x {SMALLEST_SIDE}")
    if max(rows, columns) > LARGEST_SIDE or rows * columns > LARGEST_PIXELS:
        raise PixelError(
            f"{rows} x {columns} pixels claimed; at most {LARGEST_PIXELS} in all and {LARGEST_SIDE} on a side are read"
        )


def read_whole(stream: BufferedIOBase) -> FileDataset:
    """Read header and pixel element of a film.

    Raises
    ------
    PixelError
        If the file is damaged or cut short.
    """
    try:
        dataset = dcmread(cast(BinaryIO, stream), force=True)
        if not dataset.file_meta.get("TransferSyntaxUID"):  # a file without its head: the encoding was found by looking
            is_implicit, is_little_endian = dataset.original_encoding
            plain = ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian
            dataset.file_meta.TransferSyntaxUID = plain if is_little_endian else ExplicitVRBigEndian
    except UNPARSABLE as error:
        raise PixelError("the file is damaged or cut short") from error
    return dataset
