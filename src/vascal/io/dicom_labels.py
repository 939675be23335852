"""Labels from a DICOM Segmentation, put on the CT's grid by position.

Source: DICOM PS3.3, C.8.20 (Segmentation Image), C.7.6.16 (functional groups).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Integer, UInt8
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pixel_array

from vascal.errors import GridMismatchError, LabelError
from vascal.io.dicom_pixels import MAX_VOLUME_BYTES, UNDECODABLE
from vascal.io.dicom_values import integer_of, numbers_of, text_of, tolerant_reading, value_of
from vascal.volume import GRID_TOLERANCE_MM, Grid, LabelMap

SEGMENTATION_CLASSES = {"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"}
"""Segmentation Storage, Label Map Segmentation Storage."""
CORONARY_CODES = {"3227004": "LM", "59438005": "LAD", "57396003": "LCX", "13647002": "RCA"}
"""SNOMED CT codes of CID 3016, Major Coronary Artery."""
SCT_SCHEMES = {"SCT", "SNOMED-CT", "2.16.840.1.113883.6.96"}
CODE_PLACES = (
    "SegmentedPropertyTypeCodeSequence",
    "AnatomicRegionSequence",
    "PrimaryAnatomicStructureSequence",
)
"""Where a segment may say which artery it belongs to, first match first."""

PARALLEL = 1 - 1e-4
"""Cosine from which two axes are parallel (0.8 degrees); the corners are compared besides."""

Frame = Integer[np.ndarray, "row column"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FramePlace:
    """Which slice a frame lies on, which segment it shows, and how it is turned.

    Parameters
    ----------
    slice_index
        Index on the CT's grid.
    segment
        Segment number, or None where the pixels hold the numbers (LABELMAP).
    row_step, column_step
        1, or -1 where the frame runs against the CT's rows or columns.
    """

    slice_index: int
    segment: int | None
    row_step: int
    column_step: int


def read_segmentation(path: Path, grid: Grid, names: Mapping[int, str] | None = None) -> LabelMap:
    """Read a BINARY or LABELMAP segmentation onto the CT's grid.

    Parameters
    ----------
    path
        DICOM Segmentation.
    grid
        The CT's grid; a frame lies on the slice with its position, and slices
        without a frame are empty.
    names
        Names by segment number. Without them the segment's SNOMED code of a
        coronary artery counts, then its label; segments of one name become one.

    Raises
    ------
    LabelError
        If it is another kind of object, FRACTIONAL, damaged, has segments that
        share a voxel, or a segment number above 255.
    GridMismatchError
        If a frame is not one of the CT's slices.
    """
    with tolerant_reading():
        try:
            dataset = dcmread(path, force=True, stop_before_pixels=True)
        except UNDECODABLE as error:
            raise LabelError(f"{path.name} starts like DICOM, but its header is damaged") from error
        _require_segmentation(dataset, path)
        found = _segment_names(dataset) if names is None else dict(names)
        frames = _decode_frames(path, dataset)
        places = tuple(_frame_places(dataset, grid))
    if len(places) != len(frames):
        raise LabelError(f"{path.name} describes {len(places)} frames, but holds {len(frames)}")
    merged = _one_value_per_name(found)
    labels = np.zeros(grid.shape, dtype=np.uint8)
    for place, frame in zip(places, frames, strict=True):
        turned = frame[:: place.row_step, :: place.column_step]
        _paint(labels[place.slice_index], turned, place, merged)
    kept = {value: name for value, name in found.items() if value and merged.get(value, value) == value}
    return LabelMap(labels=labels, grid=grid, names=kept)


def _require_segmentation(dataset: Dataset, path: Path) -> None:
    if text_of(dataset, "SOPClassUID") not in SEGMENTATION_CLASSES:
        modality = text_of(dataset, "Modality") or "not given"
        raise LabelError(f"{path.name} has modality {modality}; needed: a DICOM Segmentation")
    kind = text_of(dataset, "SegmentationType")
    if kind not in ("BINARY", "LABELMAP"):
        raise LabelError(f"segmentation type {kind or 'not given'}; needed: BINARY or LABELMAP")
    size = [integer_of(dataset, keyword) or 0 for keyword in ("Rows", "Columns", "NumberOfFrames")]
    if min(size) < 1 or size[0] * size[1] * size[2] > MAX_VOLUME_BYTES:
        raise LabelError(f"{size[2]} frames of {size[0]} x {size[1]} pixels can not be read")


def _segment_names(dataset: Dataset) -> dict[int, str]:
    names: dict[int, str] = {}
    for segment in _items(dataset, "SegmentSequence"):
        number = integer_of(segment, "SegmentNumber")
        if number is None or number > 255:
            raise LabelError(f"segment number {number}; needed: 1 to 255")
        if number == 0:
            continue  # a label map may describe its background
        names[number] = _artery(segment) or text_of(segment, "SegmentLabel") or f"segment {number}"
    return names


def _artery(segment: Dataset) -> str | None:
    for place in CODE_PLACES:
        for code in _items(segment, place):
            if text_of(code, "CodingSchemeDesignator") in SCT_SCHEMES:
                artery = CORONARY_CODES.get(text_of(code, "CodeValue"))
                if artery is not None:
                    return artery
    return None


def _items(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    value = value_of(dataset, keyword)
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) else ()


def _one_value_per_name(names: Mapping[int, str]) -> dict[int, int]:
    """Map each segment number to the lowest with the same name: two LAD segments are the LAD."""
    lowest: dict[str, int] = {}
    for number in sorted(names):
        lowest.setdefault(names[number], number)
    return {number: lowest[name] for number, name in names.items()}


def _decode_frames(path: Path, dataset: Dataset) -> Integer[np.ndarray, "frame row column"]:
    try:
        frames = np.asarray(pixel_array(path, raw=True))
    except UNDECODABLE as error:
        raise LabelError(f"{path.name}: its pixels are cut short or can not be decoded") from error
    rows, columns = integer_of(dataset, "Rows") or 0, integer_of(dataset, "Columns") or 0
    if frames.ndim not in (2, 3) or frames.shape[-2:] != (rows, columns):
        raise LabelError(f"{path.name}: pixels of shape {frames.shape}; needed: frames of {rows} x {columns}")
    return frames.reshape(-1, rows, columns)


def _frame_places(dataset: Dataset, grid: Grid) -> Iterator[FramePlace]:
    shared = _items(dataset, "SharedFunctionalGroupsSequence")[:1]
    for groups in _items(dataset, "PerFrameFunctionalGroupsSequence"):
        yield _place_frame(dataset, (groups, *shared), grid)


def _group(groups: Sequence[Dataset], keyword: str) -> Dataset:
    """Find one functional group: the frame's own, or the shared one."""
    return next((item for one in groups for item in _items(one, keyword)), Dataset())


def _place_frame(dataset: Dataset, groups: Sequence[Dataset], grid: Grid) -> FramePlace:
    position = numbers_of(_group(groups, "PlanePositionSequence"), "ImagePositionPatient", 3)
    cosines = numbers_of(_group(groups, "PlaneOrientationSequence"), "ImageOrientationPatient", 6)
    spacing = numbers_of(_group(groups, "PixelMeasuresSequence"), "PixelSpacing", 2)
    if position is None or cosines is None or spacing is None:
        raise LabelError("a frame has no position, orientation or pixel spacing; needed to place it on the CT")
    shape = (integer_of(dataset, "Rows") or 0, integer_of(dataset, "Columns") or 0)
    if shape != grid.shape[1:]:
        raise GridMismatchError(f"frames of {shape} rows and columns on a CT of {grid.shape[1:]}")
    row_step = _direction(cosines[3:], grid.row_axis)
    column_step = _direction(cosines[:3], grid.column_axis)
    corners = _corners(position, cosines, spacing, shape)[::row_step, ::column_step]
    is_labelmap = text_of(dataset, "SegmentationType") == "LABELMAP"
    number = integer_of(_group(groups, "SegmentIdentificationSequence"), "ReferencedSegmentNumber")
    if not is_labelmap and (number is None or not 1 <= number <= 255):
        raise LabelError(f"a frame refers to segment {number}; needed: 1 to 255")
    return FramePlace(
        slice_index=_slice_at(corners, grid),
        segment=None if is_labelmap else number,
        row_step=row_step,
        column_step=column_step,
    )


def _direction(axis: Sequence[float], wanted: Sequence[float]) -> int:
    cosine = float(np.dot(axis, wanted))
    if abs(cosine) < PARALLEL:
        raise GridMismatchError("the segmentation's rows and columns do not run along the CT's")
    return 1 if cosine > 0 else -1


def _corners(
    position: Sequence[float], cosines: Sequence[float], spacing: Sequence[float], shape: tuple[int, int]
) -> Float[np.ndarray, "2 2 3"]:
    """Give the centres of a frame's four corner pixels, (row end, column end, LPS), mm."""
    down = np.asarray(cosines[3:]) * spacing[0] * (shape[0] - 1)
    across = np.asarray(cosines[:3]) * spacing[1] * (shape[1] - 1)
    first = np.asarray(position)
    return np.array([[first, first + across], [first + down, first + down + across]])


def _slice_at(corners_mm: Float[np.ndarray, "2 2 3"], grid: Grid) -> int:
    """Find the slice on which a frame's corners lie."""
    along = float((corners_mm[0, 0] - np.asarray(grid.origin_mm)) @ np.asarray(grid.slice_axis))
    offsets = np.asarray(grid.slice_positions_mm) - grid.slice_positions_mm[0]
    index = int(np.argmin(np.abs(offsets - along)))
    ends = (0, grid.shape[1] - 1), (0, grid.shape[2] - 1)
    wanted = np.array([[grid.index_to_mm(index, row, column) for column in ends[1]] for row in ends[0]])
    apart = float(np.abs(corners_mm - wanted).max())
    if apart > GRID_TOLERANCE_MM:
        raise GridMismatchError(
            f"a frame lies {apart:.2f} mm from the nearest CT slice; at most {GRID_TOLERANCE_MM} mm is one place"
        )
    return index


def _paint(plane: UInt8[np.ndarray, "row column"], frame: Frame, place: FramePlace, merged: Mapping[int, int]) -> None:
    """Put one frame's labels on a slice, and refuse to paint over another structure."""
    if place.segment is None:
        if frame.max() > 255:
            raise LabelError(f"label value {frame.max()}; needed: 0 to 255")
        values = np.array([merged.get(value, value) for value in range(256)], dtype=np.uint8)[frame]
    else:
        values = np.where(frame != 0, np.uint8(merged.get(place.segment, place.segment)), np.uint8(0))
    taken = (values != 0) & (plane != 0) & (plane != values)
    if taken.any():
        others = sorted({int(value) for value in np.unique(plane[taken])})
        raise LabelError(
            f"segments {others} and {sorted({int(v) for v in np.unique(values[taken])})} share "
            f"{int(taken.sum())} voxels of one slice; needed: segments that do not overlap"
        )
    np.copyto(plane, values, where=values != 0)
