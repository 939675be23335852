"""Frames of a DICOM Segmentation: which there are, where they lie, and their pixels.

Frames without a marked pixel are left out. Frames are as large as the images unless a smaller window is asked for.

Source: DICOM PS3.3 A.51.5 (functional groups of the Segmentation IOD), C.7.6.16 (multi-frame), C.7.6.17
(dimensions); PS3.5 8.1.1 (bits of several frames follow each other without a gap).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pydicom.valuerep import DSfloat

from vascal.errors import LabelError
from vascal.io.objects.coded import SEGMENTATION, SOURCE_FOR_PROCESSING
from vascal.io.objects.segments import Segment

Window = tuple[int, int, int, int]
"""First row, first column, number of rows, number of columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """One image, or frame of an image, on which segments lie.

    Parameters
    ----------
    sop_class_uid, sop_instance_uid
        The image.
    frame
        Frame of a multi-frame image, from 1, or None.
    position_mm
        Centre of its first pixel in LPS, mm; None where images have no place in the patient.
    """

    sop_class_uid: str
    sop_instance_uid: str
    frame: int | None = None
    position_mm: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame: a segment on a plane; segment None where pixels hold the segments' numbers."""

    segment: int | None
    plane: int


def list_frames(segments: Sequence[Segment], plane_pixels: int, *, is_labelmap: bool) -> tuple[Frame, ...]:
    """List the frames that hold a marked pixel, by segment and plane."""
    planes = [np.unique(segment.index // plane_pixels) for segment in segments]
    if is_labelmap:
        return tuple(Frame(segment=None, plane=int(plane)) for plane in np.unique(np.concatenate(planes)))
    return tuple(
        Frame(segment=number, plane=int(plane)) for number, found in enumerate(planes, start=1) for plane in found
    )


def smallest_window(segments: Sequence[Segment], shape: tuple[int, int, int]) -> Window:
    """Give the window that holds every marked pixel; its width is a multiple of 8, so that frames fill whole bytes."""
    everything = np.concatenate([segment.index for segment in segments])
    rows, columns = np.divmod(everything % (shape[1] * shape[2]), shape[2])
    width = min(shape[2], int(columns.max() - columns.min()) // 8 * 8 + 8)
    first = min(int(columns.min()), shape[2] - width)
    return int(rows.min()), first, int(rows.max() - rows.min()) + 1, width


def pack_bits(
    segments: Sequence[Segment], frames: Sequence[Frame], shape: tuple[int, int, int], window: Window
) -> bytes:
    """Write the frames of a BINARY segmentation: one bit a pixel, the first pixel in the lowest bit."""
    pixels = window[2] * window[3]
    packed = np.zeros(-(-pixels * len(frames) // 8), dtype=np.uint8)
    for number, segment in enumerate(segments, start=1):
        place = np.full(shape[0], -1)
        for at, frame in enumerate(frames):
            if frame.segment == number:
                place[frame.plane] = at
        plane, inside = _in_window(segment, shape, window)
        bit = place[plane] * pixels + inside
        first, last = int(bit[0]) >> 3, int(bit[-1]) >> 3
        # Bits of one segment are all different, so that their sum in a byte is their union.
        bytes_of_segment = np.bincount((bit >> 3) - first, weights=1 << (bit & 7), minlength=last - first + 1)
        packed[first : last + 1] |= bytes_of_segment.astype(np.uint8)
    return packed.tobytes() + b"\0" * (packed.size % 2)


def paint_numbers(
    segments: Sequence[Segment], frames: Sequence[Frame], shape: tuple[int, int, int], window: Window
) -> UInt8[np.ndarray, "frame row column"]:
    """Make the frames of a label map: each pixel holds the number of its segment.

    Raises
    ------
    LabelError
        If two segments share a voxel.
    """
    place = np.full(shape[0], -1)
    place[[frame.plane for frame in frames]] = np.arange(len(frames))
    painted = np.zeros((len(frames), window[2] * window[3]), dtype=np.uint8)
    for number, segment in enumerate(segments, start=1):
        plane, inside = _in_window(segment, shape, window)
        if np.any(painted[place[plane], inside]):
            raise LabelError(f"{segment.label} shares voxels with another segment; a label map has no room for that")
        painted[place[plane], inside] = number
    return painted.reshape(len(frames), window[2], window[3])


def describe_frame(frame: Frame, plane: Plane, used: Sequence[int], *, is_whole: bool) -> Dataset:
    """Make the item of the Per-Frame Functional Groups Sequence.

    Parameters
    ----------
    frame, plane
        What it shows, and on which image; the plane's position is that of the frame's first pixel.
    used
        Planes that have a frame, ascending: a frame's place among them is its index along the dimension of position.
    is_whole
        Whether frames are as large as the images, pixel for pixel.
    """
    item = Dataset()
    item.DerivationImageSequence = [_derivation(plane, is_whole=is_whole)]
    content = Dataset()
    indices = [] if frame.segment is None else [frame.segment]
    if plane.position_mm is not None:
        indices.append(used.index(frame.plane) + 1)
        item.PlanePositionSequence = [Dataset()]
        item.PlanePositionSequence[0].ImagePositionPatient = [decimal(value) for value in plane.position_mm]
    content.DimensionIndexValues = indices if len(indices) > 1 else indices[0]
    item.FrameContentSequence = [content]
    if frame.segment is not None:
        item.SegmentIdentificationSequence = [Dataset()]
        item.SegmentIdentificationSequence[0].ReferencedSegmentNumber = frame.segment
    return item


def decimal(value: float) -> DSfloat:
    """Write a number as DICOM's decimal string, with as many digits as fit into 16 characters."""
    return DSfloat(value, auto_format=True)


def refer_to(plane: Plane) -> Dataset:
    """Refer to an image, or to one frame of it."""
    item = Dataset()
    item.ReferencedSOPClassUID = UID(plane.sop_class_uid)
    item.ReferencedSOPInstanceUID = UID(plane.sop_instance_uid)
    if plane.frame is not None:
        item.ReferencedFrameNumber = plane.frame
    return item


def _derivation(plane: Plane, *, is_whole: bool) -> Dataset:
    source = refer_to(plane)
    source.PurposeOfReferenceCodeSequence = [SOURCE_FOR_PROCESSING.to_item()]
    source.SpatialLocationsPreserved = "YES" if is_whole else "NO"
    item = Dataset()
    item.SourceImageSequence = [source]
    item.DerivationCodeSequence = [SEGMENTATION.to_item()]
    return item


def _in_window(segment: Segment, shape: tuple[int, int, int], window: Window) -> tuple[np.ndarray, np.ndarray]:
    plane, inside = np.divmod(segment.index, shape[1] * shape[2])
    row, column = np.divmod(inside, shape[2])
    return plane, (row - window[0]) * window[3] + (column - window[1])
