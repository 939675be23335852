"""Headers of DICOM images: what stacking needs to know of each slice.

A multi-frame object (Enhanced CT, Legacy Converted Enhanced CT) becomes one
header per frame, so that everything behind this file sees slices only.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BufferedIOBase
from typing import Literal, cast

from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.tag import Tag
from pydicom.uid import UID

from vascal.errors import PixelError, UnsupportedImageError
from vascal.io.dicom_acquisition import image_type_of, phase_percent_of, trigger_time_ms_of
from vascal.io.dicom_files import FileRef
from vascal.io.dicom_values import (
    UNREADABLE,
    integer_of,
    number_of,
    numbers_of,
    positive_of,
    text_of,
    texts_of,
    value_of,
)
from vascal.study import ImageSource, StoredPixels

KEPT_ATTRIBUTES = (
    "SpecificCharacterSet", "ImageType", "SOPClassUID", "SOPInstanceUID", "StudyDate", "Modality", "Manufacturer",
    "StudyDescription", "SeriesDescription", "ManufacturerModelName", "PatientBirthDate", "PatientSex", "PatientAge",
    "PatientSize", "PatientWeight", "ContrastBolusAgent", "BodyPartExamined", "ScanOptions", "SliceThickness", "KVP",
    "ProtocolName", "ContrastBolusRoute", "TriggerTime", "HeartRate", "CardiacRRIntervalSpecified",
    "ReconstructionDiameter", "GantryDetectorTilt", "ExposureTime", "XRayTubeCurrent", "Exposure", "ExposureInuAs",
    "FilterMaterial", "ConvolutionKernel", "CTDIvol", "CardiacSynchronizationTechnique", "StudyInstanceUID",
    "SeriesInstanceUID", "SeriesNumber", "AcquisitionNumber", "InstanceNumber", "ImagePositionPatient",
    "ImageOrientationPatient", "FrameOfReferenceUID", "TemporalPositionIndex", "TemporalPositionIdentifier",
    "ImageComments", "NominalPercentageOfCardiacPhase", "SamplesPerPixel", "PhotometricInterpretation",
    "NumberOfFrames", "Rows", "Columns", "PixelSpacing", "BitsAllocated", "BitsStored", "HighBit",
    "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit", "RescaleIntercept", "RescaleSlope",
    "RescaleType", "LossyImageCompression", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
)  # fmt: skip
KEPT_TAGS = frozenset(Tag(keyword) for keyword in KEPT_ATTRIBUTES)
"""All that is kept of a header; the rest, names included, is dropped at once."""

MAX_SIDE = 8192
"""Rows or columns beyond any CT matrix: a damaged or hostile header."""
MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"

EXPLICIT_HEAD_BYTES = 12
"""Tag, representation and length of a pixel element; compressed files are always explicit."""
LONG_VRS = (b"OW", b"OB", b"UN")
PIXEL_DATA = struct.pack("<HH", 0x7FE0, 0x0010)

Direction = tuple[float, float, float]
Encoding = Literal["native", "other", "compressed", "deflated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelPlace:
    """Where a file's pixels begin, and whether they lie there as plain little-endian words."""

    start: int
    encoding: Encoding
    transfer_syntax_uid: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SliceHeader:
    """One slice as its header describes it; None where the header is silent.

    Parameters
    ----------
    file, frame
        Where it is kept; frame is None in a single-frame object.
    position_mm
        Image Position (Patient), LPS.
    along_row, along_column
        Image Orientation (Patient): where the column index, and the row index, grows.
    spacing_mm
        Between rows, between columns.
    pixels, padding
        How stored values are laid out; the lowest and highest without meaning.
    dataset
        The attributes themselves, a frame's functional groups merged in. Never
        shown: it holds a birth date.
    """

    file: FileRef
    frame: int | None
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    frame_of_reference_uid: str
    modality: str
    image_type: tuple[str, ...]
    rows: int
    columns: int
    samples_per_pixel: int
    pixels: StoredPixels
    spacing_mm: tuple[float, float] | None
    position_mm: Direction | None
    along_row: Direction | None
    along_column: Direction | None
    slope: float | None
    intercept: float | None
    padding: tuple[int, int] | None
    kvp: float | None
    kernels: tuple[str, ...]
    thickness_mm: float | None
    instance_number: int | None
    acquisition_number: int | None
    temporal_index: int | None
    phase_percent: float | None
    trigger_time_ms: float | None
    dataset: Dataset = field(repr=False)


def read_headers(stream: BufferedIOBase, file: FileRef) -> tuple[SliceHeader, ...]:
    """Read one file's header; nothing if it is not DICOM.

    Parameters
    ----------
    stream
        The open file, at its start.
    file
        Where it is, for messages.

    Returns
    -------
    tuple of SliceHeader
        One per frame; empty if the file is something else than DICOM.

    Raises
    ------
    UnsupportedImageError
        If the file starts like DICOM but its header can not be read.
    PixelError
        If the file ends before its pixels do.
    """
    start = stream.read(132)
    if not looks_like_dicom(start):
        return ()
    stream.seek(0)
    try:
        whole = dcmread(stream, force=True, stop_before_pixels=True)
        dataset = _keep_needed(whole)
        place = _pixel_place(whole, stream)
        headers = _split_frames(dataset, file, place)
    except (*UNREADABLE, InvalidDicomError, BytesLengthException, EOFError, RecursionError) as error:
        raise UnsupportedImageError("starts like DICOM, but its header is damaged or cut short") from error
    if not headers and start[128:] == b"DICM" and not _is_directory(whole):
        raise UnsupportedImageError("starts like DICOM, but does not say what it is: damaged or cut short")
    if headers:
        _require_pixels(headers[0], place, len(headers), file.size_bytes)
    return headers


def _is_directory(whole: FileDataset) -> bool:
    return text_of(whole.file_meta, "MediaStorageSOPClassUID") == MEDIA_DIRECTORY


def _keep_needed(whole: FileDataset) -> Dataset:
    kept = Dataset()
    kept._dict.update({tag: element for tag, element in whole._dict.items() if tag in KEPT_TAGS})
    return kept


def looks_like_dicom(start: bytes) -> bool:
    """Tell DICOM by its mark, or, without a preamble, by the group of its first element."""
    if start[128:132] == b"DICM":
        return True
    return start[:4] in (b"\x02\x00\x00\x00", b"\x08\x00\x00\x00") or start[:4] in {
        bytes((8, 0, element, 0)) for element in (0x01, 0x05, 0x08, 0x12, 0x16, 0x18)
    }


def _pixel_place(whole: FileDataset, stream: BufferedIOBase) -> PixelPlace:
    """Look at what follows the header, where reading stopped."""
    syntax = whole.file_meta.get("TransferSyntaxUID") if hasattr(whole, "file_meta") else None
    if isinstance(syntax, UID) and syntax.is_transfer_syntax and (syntax.is_deflated or syntax.is_compressed):
        # A deflated file has been read to its end; where the pixels are in it means nothing.
        start, encoding = (0, "deflated") if syntax.is_deflated else (stream.tell() + EXPLICIT_HEAD_BYTES, "compressed")
        return PixelPlace(start=start, encoding=cast(Encoding, encoding), transfer_syntax_uid=str(syntax))
    is_implicit, is_little_endian = whole.original_encoding
    head = stream.read(8 if is_implicit else 12)
    is_plain = head[:4] == PIXEL_DATA and head[-4:] != b"\xff\xff\xff\xff" and (is_implicit or head[4:6] in LONG_VRS)
    is_native = is_plain and is_little_endian
    return PixelPlace(
        start=stream.tell(), encoding="native" if is_native else "other", transfer_syntax_uid=str(syntax or "")
    )


def _stored_pixels(dataset: Dataset, place: PixelPlace, frame: int) -> StoredPixels:
    allocated = integer_of(dataset, "BitsAllocated") or 0
    stored = integer_of(dataset, "BitsStored") or allocated
    high = integer_of(dataset, "HighBit")
    frame_bytes = 2 * (integer_of(dataset, "Rows") or 0) * (integer_of(dataset, "Columns") or 0)
    is_native = place.encoding == "native" and allocated == 16
    is_multiframe = (integer_of(dataset, "NumberOfFrames") or 1) > 1
    return StoredPixels(
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=stored - 1 if high is None else high,
        is_signed=integer_of(dataset, "PixelRepresentation") == 1,
        native_offset=place.start + frame * frame_bytes if is_native else None,
        encoded_offset=place.start if place.encoding == "compressed" and not is_multiframe else None,
        transfer_syntax_uid=place.transfer_syntax_uid,
    )


def _split_frames(dataset: Dataset, file: FileRef, place: PixelPlace) -> tuple[SliceHeader, ...]:
    sop_class = text_of(dataset, "SOPClassUID")
    if sop_class == MEDIA_DIRECTORY or not text_of(dataset, "Modality"):
        return ()
    per_frame = cast(Sequence[Dataset], value_of(dataset, "PerFrameFunctionalGroupsSequence") or ())
    if not per_frame or text_of(dataset, "Modality") != "CT":
        return (_parse_slice(dataset, file, place, None),)
    shared = _flatten(value_of(dataset, "SharedFunctionalGroupsSequence"))
    return tuple(
        _parse_slice(_merge(dataset, shared, _flatten([groups])), file, place, frame)
        for frame, groups in enumerate(per_frame)
    )


def _flatten(items: object) -> Dataset:
    """Collect the attributes inside the functional groups of one item."""
    flat = Dataset()
    for groups in items if isinstance(items, Sequence) else ():
        for group in groups:
            for item in group.value if group.VR == "SQ" else ():
                flat.update({element.tag: element for element in item})
    return flat


def _merge(*datasets: Dataset) -> Dataset:
    merged = Dataset()
    for dataset in datasets:
        merged._dict.update(dataset._dict)
    return merged


def _parse_slice(dataset: Dataset, file: FileRef, place: PixelPlace, frame: int | None) -> SliceHeader:
    position = numbers_of(dataset, "ImagePositionPatient", 3)
    cosines = numbers_of(dataset, "ImageOrientationPatient", 6)
    spacing = numbers_of(dataset, "PixelSpacing", 2)
    return SliceHeader(
        file=file,
        frame=frame,
        study_instance_uid=text_of(dataset, "StudyInstanceUID"),
        series_instance_uid=text_of(dataset, "SeriesInstanceUID"),
        sop_instance_uid=text_of(dataset, "SOPInstanceUID"),
        sop_class_uid=text_of(dataset, "SOPClassUID"),
        frame_of_reference_uid=text_of(dataset, "FrameOfReferenceUID"),
        modality=text_of(dataset, "Modality"),
        image_type=image_type_of(dataset),
        rows=integer_of(dataset, "Rows") or 0,
        columns=integer_of(dataset, "Columns") or 0,
        samples_per_pixel=integer_of(dataset, "SamplesPerPixel") or 1,
        pixels=_stored_pixels(dataset, place, frame or 0),
        spacing_mm=(spacing[0], spacing[1]) if spacing else None,
        position_mm=(position[0], position[1], position[2]) if position else None,
        along_row=(cosines[0], cosines[1], cosines[2]) if cosines else None,
        along_column=(cosines[3], cosines[4], cosines[5]) if cosines else None,
        slope=number_of(dataset, "RescaleSlope"),
        intercept=number_of(dataset, "RescaleIntercept"),
        padding=padding_range(dataset),
        kvp=positive_of(dataset, "KVP"),
        kernels=texts_of(dataset, "ConvolutionKernel"),
        thickness_mm=positive_of(dataset, "SliceThickness"),
        instance_number=integer_of(dataset, "InstanceNumber"),
        acquisition_number=_first_integer(dataset, "AcquisitionNumber", "FrameAcquisitionNumber"),
        temporal_index=_first_integer(dataset, "TemporalPositionIndex", "TemporalPositionIdentifier"),
        phase_percent=phase_percent_of(dataset),
        trigger_time_ms=trigger_time_ms_of(dataset),
        dataset=dataset,
    )


def _first_integer(dataset: Dataset, *keywords: str) -> int | None:
    return next((one for one in (integer_of(dataset, keyword) for keyword in keywords) if one is not None), None)


def padding_range(dataset: Dataset) -> tuple[int, int] | None:
    """Give the range of stored values without meaning, lowest first.

    The representation may be ambiguous (US or SS) or contradict the pixels', so
    the 16 bits are read again as Pixel Representation says. PS3.3, C.7.5.1.1.2.
    """
    is_signed = integer_of(dataset, "PixelRepresentation") == 1
    value = _stored_value(value_of(dataset, "PixelPaddingValue"), is_signed=is_signed)
    limit = _stored_value(value_of(dataset, "PixelPaddingRangeLimit"), is_signed=is_signed)
    if value is None:
        return None
    limit = value if limit is None else limit
    return (min(value, limit), max(value, limit))


def _stored_value(value: object, *, is_signed: bool) -> int | None:
    if isinstance(value, bytes):
        value = int.from_bytes(value[:2], "little") if len(value) >= 2 else None
    if not isinstance(value, int):
        return None
    bits = value & 0xFFFF
    return bits - 0x10000 if is_signed and bits >= 0x8000 else bits


def _require_pixels(first: SliceHeader, place: PixelPlace, frames: int, file_bytes: int) -> None:
    """Refuse a CT file that ends before its pixels do, while that is still cheap to tell."""
    if first.modality != "CT":
        return
    left = file_bytes - place.start
    if left <= 0:
        raise PixelError("the file is cut short: it ends before its pixels")
    if max(first.rows, first.columns) > MAX_SIDE:
        raise PixelError(f"{first.rows} x {first.columns} pixels claimed; at most {MAX_SIDE} x {MAX_SIDE} are read")
    needed = first.rows * first.columns * first.samples_per_pixel * frames * first.pixels.bits_allocated // 8
    if place.encoding in ("native", "other") and left < needed:
        raise PixelError(f"the file is cut short: its pixels need {needed} bytes, {left} are left")


def image_source(header: SliceHeader) -> ImageSource:
    """Keep of a header what reading its pixels needs.

    The header must have a position and a rescale; `require_scoreable` sees to that.
    """
    if header.position_mm is None or header.slope is None or header.intercept is None:
        raise UnsupportedImageError("a slice without position or rescale can not become an image source")
    return ImageSource(
        path=header.file.path,
        member=header.file.member,
        frame=header.frame,
        sop_instance_uid=header.sop_instance_uid,
        position_mm=header.position_mm,
        instance_number=header.instance_number,
        slope=header.slope,
        intercept=header.intercept,
        padding=header.padding,
        pixels=header.pixels,
    )
