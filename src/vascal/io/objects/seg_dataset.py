"""The parts of a DICOM Segmentation that follow from segments and planes, put into an object that has been started.

Made by hand: a careless header of a source (a missing Study ID, say) must not stop it, films have no frame of
reference, and frames may be smaller than images. Other software (highdicom, dcmtk) reads it in the tests.

Source: DICOM PS3.3 A.51 (Segmentation IOD), C.8.20 (Segmentation modules), C.7.6.16, C.7.6.17.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRLittleEndian, RLELossless, SegmentationStorage

from vascal.io.objects.coded import dicom_code
from vascal.io.objects.seg_frames import (
    Frame,
    Plane,
    Window,
    decimal,
    describe_frame,
    list_frames,
    pack_bits,
    paint_numbers,
    refer_to,
    smallest_window,
)
from vascal.io.objects.segments import Algorithm, Segment, describe_segment
from vascal.io.objects.study_copy import copied_value
from vascal.volume import Grid

Encoding = Literal["binary", "labelmap"]
LABEL_MAP_STORAGE = UID("1.2.840.10008.5.1.4.1.1.66.7")
"""Label Map Segmentation Storage (2024); pydicom has no name for it yet."""
SEG_CLASSES: dict[Encoding, UID] = {"binary": SegmentationStorage, "labelmap": LABEL_MAP_STORAGE}
BACKGROUND = dicom_code("125040", "Background")
LOSSY = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where planes lie in the patient.

    Parameters
    ----------
    grid
        Of the planes.
    frame_of_reference_uid, position_reference_indicator
        As in the source.
    slice_thickness_mm
        As in the source.
    """

    grid: Grid
    frame_of_reference_uid: str
    position_reference_indicator: str = ""
    slice_thickness_mm: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentationPlan:
    """What a segmentation says.

    Parameters
    ----------
    segments
        At least one; each with at least one voxel.
    shape
        Planes, rows and columns that the segments' voxels count in.
    planes
        The images, in the order of the planes.
    place
        Where they lie; None for films, which lie nowhere in the patient.
    source
        Header of one of the images.
    algorithm
        What drew the segments.
    label, description
        Content Label and Content Description.
    encoding
        ``binary`` is read everywhere and may overlap; ``labelmap`` is small, may not, and older software does not
        know it.
    is_cropped
        Whether frames are cut to the smallest window that holds every segment.
    """

    segments: tuple[Segment, ...]
    shape: tuple[int, int, int]
    planes: tuple[Plane, ...]
    place: Place | None
    source: Dataset
    algorithm: Algorithm
    label: str
    description: str
    encoding: Encoding = "binary"
    is_cropped: bool = False


def fill_segmentation(dataset: Dataset, plan: SegmentationPlan) -> None:
    """Put segments, frames and pixels into a started object, in place."""
    is_labelmap = plan.encoding == "labelmap"
    frames = list_frames(plan.segments, plan.shape[1] * plan.shape[2], is_labelmap=is_labelmap)
    window = smallest_window(plan.segments, plan.shape) if plan.is_cropped else (0, 0, *plan.shape[1:])
    _describe_content(dataset, plan)
    _describe_frame_of_reference(dataset, plan)
    _describe_dimensions(dataset, plan, is_labelmap=is_labelmap)
    _describe_frames(dataset, plan, frames, window)
    _refer_to_sources(dataset, plan, frames)
    _put_pixels(dataset, plan, frames, window)


def _describe_content(dataset: Dataset, plan: SegmentationPlan) -> None:
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.ContentLabel = plan.label
    dataset.ContentDescription = plan.description[:64]
    dataset.ContentCreatorName = ""
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "01" if copied_value(plan.source, LOSSY[0]) == "01" else "00"
    for keyword in LOSSY[1:]:
        value = copied_value(plan.source, keyword)
        if dataset.LossyImageCompression == "01" and value:
            setattr(dataset, keyword, value)
    described = [describe_segment(n, segment, plan.algorithm) for n, segment in enumerate(plan.segments, start=1)]
    if plan.encoding == "labelmap":
        described.insert(0, _describe_background())
    dataset.SegmentSequence = described


def _describe_background() -> Dataset:
    item = Dataset()
    item.SegmentNumber, item.SegmentLabel, item.SegmentAlgorithmType = 0, "Background", "AUTOMATIC"
    item.SegmentAlgorithmName = "vascal"
    item.SegmentedPropertyCategoryCodeSequence = [BACKGROUND.to_item()]
    item.SegmentedPropertyTypeCodeSequence = [BACKGROUND.to_item()]
    return item


def _describe_frame_of_reference(dataset: Dataset, plan: SegmentationPlan) -> None:
    if plan.place is None:
        dataset.PatientOrientation = copied_value(plan.source, "PatientOrientation") or ""
        return
    dataset.FrameOfReferenceUID = UID(plan.place.frame_of_reference_uid)
    dataset.PositionReferenceIndicator = plan.place.position_reference_indicator


def _describe_dimensions(dataset: Dataset, plan: SegmentationPlan, *, is_labelmap: bool) -> None:
    uid = UID(f"{dataset.SOPInstanceUID}.1" if len(dataset.SOPInstanceUID) < 62 else str(dataset.SOPInstanceUID))
    dimensions = [] if is_labelmap else [(0x0062000B, 0x0062000A, "Segment")]
    if plan.place is not None:
        dimensions.append((0x00200032, 0x00209113, "Position"))
    dataset.DimensionOrganizationSequence = [Dataset()]
    dataset.DimensionOrganizationSequence[0].DimensionOrganizationUID = uid
    dataset.DimensionIndexSequence = [_dimension(uid, *dimension) for dimension in dimensions]


def _dimension(uid: UID, pointer: int, group: int, label: str) -> Dataset:
    item = Dataset()
    item.DimensionOrganizationUID = uid
    item.DimensionIndexPointer, item.FunctionalGroupPointer = Tag(pointer), Tag(group)
    item.DimensionDescriptionLabel = label
    return item


def _describe_frames(dataset: Dataset, plan: SegmentationPlan, frames: Sequence[Frame], window: Window) -> None:
    shared = Dataset()
    if plan.place is not None:
        grid = plan.place.grid
        shared.PixelMeasuresSequence = [_pixel_measures(plan.place)]
        shared.PlaneOrientationSequence = [Dataset()]
        axes = [decimal(value) for value in (*grid.column_axis, *grid.row_axis)]
        shared.PlaneOrientationSequence[0].ImageOrientationPatient = axes
    dataset.SharedFunctionalGroupsSequence = [shared]
    used = sorted({frame.plane for frame in frames})
    moved = {k: _move(plan.planes[k], plan.place, window) for k in used}
    dataset.PerFrameFunctionalGroupsSequence = [
        describe_frame(frame, moved[frame.plane], used, is_whole=not plan.is_cropped) for frame in frames
    ]


def _pixel_measures(place: Place) -> Dataset:
    item = Dataset()
    item.PixelSpacing = [decimal(place.grid.row_spacing_mm), decimal(place.grid.column_spacing_mm)]
    item.SliceThickness = decimal(place.slice_thickness_mm)
    if place.grid.is_even and place.grid.shape[0] > 1:
        item.SpacingBetweenSlices = decimal(place.grid.spacing_between_slices_mm)
    return item


def _move(plane: Plane, place: Place | None, window: Window) -> Plane:
    """Move a plane's position to the first pixel of the window."""
    if place is None or plane.position_mm is None or window[:2] == (0, 0):
        return plane
    grid = place.grid
    down = window[0] * grid.row_spacing_mm * np.asarray(grid.row_axis)
    across = window[1] * grid.column_spacing_mm * np.asarray(grid.column_axis)
    x, y, z = (float(value) for value in np.asarray(plane.position_mm) + down + across)
    return replace(plane, position_mm=(x, y, z))


def _refer_to_sources(dataset: Dataset, plan: SegmentationPlan, frames: Sequence[Frame]) -> None:
    """List the images that frames refer to, each once; viewers find the series by this."""
    used = [replace(plan.planes[k], frame=None) for k in sorted({frame.plane for frame in frames})]
    images = {plane.sop_instance_uid: plane for plane in used}
    series = Dataset()
    series.SeriesInstanceUID = UID(str(plan.source.SeriesInstanceUID))
    series.ReferencedInstanceSequence = [refer_to(plane) for plane in images.values()]
    dataset.ReferencedSeriesSequence = [series]


def _put_pixels(dataset: Dataset, plan: SegmentationPlan, frames: Sequence[Frame], window: Window) -> None:
    is_labelmap = plan.encoding == "labelmap"
    bits = 8 if is_labelmap else 1
    dataset.SegmentationType = "LABELMAP" if is_labelmap else "BINARY"
    dataset.SegmentsOverlap = "YES" if not is_labelmap and _overlap(plan.segments) else "NO"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PixelRepresentation = 1, "MONOCHROME2", 0
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = window[2], window[3], len(frames)
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    if is_labelmap:
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.PixelPaddingValue = 0
        painted = paint_numbers(plan.segments, frames, plan.shape, window)
        frames_or_one = painted if len(frames) > 1 else painted[0]  # pydicom wants one frame as rows and columns
        dataset.compress(RLELossless, frames_or_one, generate_instance_uid=False)
    else:
        dataset.PixelData = pack_bits(plan.segments, frames, plan.shape, window)
        dataset["PixelData"].VR = "OB"


def _overlap(segments: Sequence[Segment]) -> bool:
    everything = np.concatenate([segment.index for segment in segments])
    return bool(np.unique(everything).size < everything.size)
