"""Scored coronary calcium as DICOM Segmentation: one segment a vessel, and one of all.

`vascal score --labels` on the file that is written here gives the score it was made of.

Source: DICOM PS3.3 A.51 (Segmentation IOD).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from vascal.calcium.lesions import UNASSIGNED, Lesion, vessel_order
from vascal.errors import GridMismatchError, InputError
from vascal.io.dicom_files import UNREADABLE_FILE
from vascal.io.dicom_values import integer_of, positive_of, text_of
from vascal.io.objects.context import ObjectContext
from vascal.io.objects.envelope import HEART, Kind, describe_scheme, start_object, to_bytes
from vascal.io.objects.seg_dataset import SEG_CLASSES, Encoding, Place, SegmentationPlan, fill_segmentation
from vascal.io.objects.seg_frames import Plane
from vascal.io.objects.segments import ALL, Algorithm, Segment, SegReference, code_vessel, tracking_uid
from vascal.study import Series

LABELS: Mapping[str, str] = {ALL: "All coronary calcium", UNASSIGNED: "Unassigned coronary calcium"}
"""What a viewer shows where the name alone would not do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegLayout:
    """How a segmentation is stored.

    Parameters
    ----------
    encoding
        ``binary`` is read everywhere. ``labelmap`` is small, but has no room for the segment of all calcium, which
        shares its voxels with the vessels, and software from before 2024 does not know it.
    is_cropped
        Cut frames to the smallest window that holds the calcium: a tenth of the size. Valid, and read by highdicom;
        OHIF and other viewers that expect frames as large as the images do not show it.
    is_deflated
        Deflated transfer syntax: a hundredth of the size; not every archive takes it.
    """

    encoding: Encoding = "binary"
    is_cropped: bool = False
    is_deflated: bool = False

    @property
    def number(self) -> int:
        """Instance Number: what is stored in another way is another object, and has another identifier."""
        return 1 + 4 * (self.encoding == "labelmap") + 2 * self.is_cropped + self.is_deflated


def layout_number(path: Path) -> int | None:
    """Tell by which layout a segmentation of vascal is stored, as `SegLayout.number`; None if it can not be read."""
    try:
        return integer_of(dcmread(path, stop_before_pixels=True), "InstanceNumber")
    except (*UNREADABLE_FILE, InvalidDicomError):
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSeg:
    """A segmentation, and how another object refers to it."""

    data: bytes
    reference: SegReference


def segment_lesions(
    lesions: Sequence[Lesion], context: ObjectContext, colours: Mapping[str, str], *, with_all: bool = True
) -> tuple[Segment, ...]:
    """Make a segment of each vessel that has calcium, and one of all calcium.

    Parameters
    ----------
    lesions
        Scored lesions.
    context
        Gives tracking identifiers.
    colours
        ``#rrggbb`` by vessel; others have none.
    with_all
        Whether to add the segment of all calcium, under the name ``all``.

    Returns
    -------
    tuple of Segment
        LM, LAD, LCX, RCA, others, all; empty if there is no lesion.
    """
    vessels = sorted({lesion.vessel for lesion in lesions}, key=vessel_order)
    parts = [(name, [one.index for one in lesions if one.vessel == name]) for name in vessels]
    if with_all and parts:
        parts.append((ALL, [one.index for one in lesions]))
    return tuple(
        Segment(
            name=name,
            label=LABELS.get(name, name),
            code=code_vessel(name),
            index=np.unique(np.concatenate(indices)),
            colour=colours.get(name),
            tracking_uid=tracking_uid(context, name),
        )
        for name, indices in parts
    )


def write_result_seg(
    lesions: Sequence[Lesion],
    series: Series,
    context: ObjectContext,
    *,
    algorithm: Algorithm,
    colours: Mapping[str, str],
    layout: SegLayout | None = None,
) -> WrittenSeg | None:
    """Write the scored calcium of a series as DICOM Segmentation.

    Parameters
    ----------
    lesions
        Scored lesions; their voxels count on the grid of `series`.
    series
        The CT, from DICOM.
    context
        Headers of its images.
    algorithm
        What found the calcium.
    colours
        ``#rrggbb`` by vessel.
    layout
        How it is stored; full binary frames unless given.

    Returns
    -------
    WrittenSeg or None
        None where there is no calcium: a segmentation without a frame is not valid.

    Raises
    ------
    InputError
        If the series is not from DICOM, or the context is that of other images.
    GridMismatchError
        If lesions lie outside the series' grid.
    """
    chosen = layout or SegLayout()
    segments = segment_lesions(lesions, context, colours, with_all=chosen.encoding == "binary")
    if not segments:
        return None
    _require_inside(segments, series)
    dataset = start_object(
        context,
        Kind(
            name="seg",
            sop_class_uid=SEG_CLASSES[chosen.encoding],
            description="vascal coronary calcium",
            number=chosen.number,
            body_part=HEART,
        ),
    )
    plan = SegmentationPlan(
        segments=segments,
        shape=series.grid.shape,
        planes=find_planes(series, context),
        place=find_place(series, context),
        source=context.sources[0],
        algorithm=algorithm,
        label="CALCIUM",
        description="Coronary calcium that counts in the score",
        encoding=chosen.encoding,
        is_cropped=chosen.is_cropped,
    )
    fill_segmentation(dataset, plan)
    describe_scheme(dataset)
    return WrittenSeg(data=to_bytes(dataset, is_deflated=chosen.is_deflated), reference=refer_to_seg(dataset, segments))


def refer_to_seg(dataset: Dataset, segments: Sequence[Segment]) -> SegReference:
    """Give what another object needs to refer to segments."""
    return SegReference(
        sop_class_uid=str(dataset.SOPClassUID),
        sop_instance_uid=str(dataset.SOPInstanceUID),
        series_instance_uid=str(dataset.SeriesInstanceUID),
        segment_numbers={segment.name: number for number, segment in enumerate(segments, start=1)},
    )


def find_planes(series: Series, context: ObjectContext) -> tuple[Plane, ...]:
    """List the images of a series, or the frames of one, in the order of its slices.

    Raises
    ------
    InputError
        If one is not among the context's sources.
    """
    classes = {text_of(one, "SOPInstanceUID"): text_of(one, "SOPClassUID") for one in context.sources}
    missing = [image for image in series.images if image.sop_instance_uid not in classes]
    if missing:
        raise InputError(f"{len(missing)} of {len(series.images)} slices are not among the DICOM images given")
    return tuple(
        Plane(
            sop_class_uid=classes[image.sop_instance_uid],
            sop_instance_uid=image.sop_instance_uid,
            frame=None if image.frame is None else image.frame + 1,
            position_mm=image.position_mm,
        )
        for image in series.images
    )


def find_place(series: Series, context: ObjectContext) -> Place:
    """Say where a series lies. Images that name no frame of reference get one of this object's own."""
    source = context.sources[0]
    return Place(
        grid=series.grid,
        frame_of_reference_uid=text_of(source, "FrameOfReferenceUID") or context.make_uid("frame of reference"),
        position_reference_indicator=text_of(source, "PositionReferenceIndicator"),
        slice_thickness_mm=positive_of(source, "SliceThickness") or series.grid.spacing_between_slices_mm,
    )


def _require_inside(segments: Sequence[Segment], series: Series) -> None:
    slices, rows, columns = series.grid.shape
    if max(int(segment.index[-1]) for segment in segments) >= slices * rows * columns:
        raise GridMismatchError("lesions lie outside the series; needed: lesions scored on its own slices")
