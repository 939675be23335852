"""Labels from a DICOM Segmentation, put on the CT's grid by position.

Source: DICOM PS3.3, C.8.20 (Segmentation Image), C.7.6.16 (functional groups).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Integer, UInt8
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pixel_array
from pydicom.uid import DeflatedExplicitVRLittleEndian

from vascal.errors import LabelError
from vascal.io.dicom_frame_places import FramePlace, place_frames
from vascal.io.dicom_pixels import MAX_VOLUME_BYTES, UNDECODABLE
from vascal.io.dicom_segment_names import NamedSegment, name_segments
from vascal.io.dicom_values import integer_of, text_of, tolerant_reading
from vascal.types import LabelArray, MaskArray
from vascal.volume import Grid, LabelMap

SEGMENTATION_CLASSES = {"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"}
"""Segmentation Storage, Label Map Segmentation Storage."""
KINDS = ("BINARY", "LABELMAP", "FRACTIONAL")

Frame = Integer[np.ndarray, "row column"]
Covered = Integer[np.ndarray, "covered_row covered_column"]
Frames = Integer[np.ndarray, "frame row column"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Placed:
    """Frames, turned to run along the CT's rows and columns, with their places."""

    frames: tuple[Frame, ...]
    places: tuple[FramePlace, ...]
    grid: Grid


def read_segmentation(path: Path, grid: Grid, names: Mapping[int, str] | None = None) -> LabelMap:
    """Read a segmentation onto the CT's grid.

    Parameters
    ----------
    path
        DICOM Segmentation: BINARY, LABELMAP, or FRACTIONAL with nothing between none and all.
    grid
        The CT's grid; a frame lies on the slice with its position, and slices
        without a frame are empty. Frames may be smaller than slices.
    names
        Names by segment number; segments without one are left out. Not given, the
        segment's SNOMED code of a coronary artery counts, then its label; segments
        of one name become one.

    Raises
    ------
    LabelError
        If it is another kind of object, holds fractions, is damaged, has segments that
        share a voxel, a segment number above 255, codes and label that name different
        vessels, or a segment of all calcium that is not what the vessels hold.
    GridMismatchError
        If a frame does not lie on the CT's pixels.

    Notes
    -----
    A segment of all calcium beside segments of vessels says nothing new and is left out: one
    that vascal wrote by its code, any other by holding exactly what the others hold together.
    Where it is the only one, it is read as calcium of no known vessel. Where it holds something
    else than the vessels, one of them was edited, and which one counts is not ours to say.
    """
    with tolerant_reading():
        dataset = _read_header(path)
        segments = name_segments(dataset)
        frames = _decode_frames(path, dataset)
        places = tuple(place_frames(dataset, grid))
    if len(places) != len(frames):
        raise LabelError(f"{path.name} describes {len(places)} frames, but holds {len(frames)}")
    kept = _choose(segments, names)
    placed = _Placed(frames=_turn(frames, places), places=places, grid=grid)
    if names is None:
        _require_true_sum(placed, segments)
    left_out = {one.number for one in segments} - {one.number for one in kept}
    return _merge(placed, kept, left_out)


def list_other_vessels(path: Path) -> frozenset[str]:
    """List the names that a segmentation by vascal gives to vessels besides the four arteries."""
    with tolerant_reading():
        segments = name_segments(_read_header(path))
    return frozenset(one.name for one in segments if one.is_known and not one.is_vessel)


def _read_header(path: Path) -> Dataset:
    try:
        dataset = dcmread(path, force=True, stop_before_pixels=True)
    except UNDECODABLE as error:
        raise LabelError(f"{path.name} starts like DICOM, but its header is damaged") from error
    _require_segmentation(dataset, path)
    return dataset


def _choose(segments: Sequence[NamedSegment], names: Mapping[int, str] | None) -> tuple[NamedSegment, ...]:
    """Keep the segments that the caller names; else all, but what says that it is the sum of the others."""
    if names is not None:
        return tuple(NamedSegment(number=number, name=name) for number, name in names.items() if number)
    return tuple(one for one in segments if not one.is_sum) or tuple(segments)


def _require_true_sum(placed: _Placed, segments: Sequence[NamedSegment]) -> None:
    """Refuse a segment of all calcium that is not what the vessels hold: it, or they, were edited since."""
    parts = {one.number for one in segments if one.is_known and not one.is_sum}
    sums = {one.number for one in segments if one.is_sum} & {place.segment for place in placed.places}
    if not parts or not sums:
        return
    total, vessels = _mask(placed, sums), _mask(placed, parts)
    more, less = int(np.count_nonzero(total & ~vessels)), int(np.count_nonzero(vessels & ~total))
    if more or less:
        raise LabelError(
            f"segment {min(sums)} should hold all coronary calcium, but {more} of its voxels are in no vessel and "
            f"{less} voxels of vessels are not in it, so one of them was edited; delete segment {min(sums)} to score "
            "the vessels, or say which segments count with --label-names"
        )


def _require_segmentation(dataset: Dataset, path: Path) -> None:
    if text_of(dataset, "SOPClassUID") not in SEGMENTATION_CLASSES:
        modality = text_of(dataset, "Modality") or "not given"
        raise LabelError(f"{path.name} has modality {modality}; needed: a DICOM Segmentation")
    kind = text_of(dataset, "SegmentationType")
    if kind not in KINDS:
        raise LabelError(f"segmentation type {kind or 'not given'}; needed: {', '.join(KINDS)}")
    size = [integer_of(dataset, keyword) or 0 for keyword in ("Rows", "Columns", "NumberOfFrames")]
    if min(size) < 1 or size[0] * size[1] * size[2] > MAX_VOLUME_BYTES:
        raise LabelError(f"{size[2]} frames of {size[0]} x {size[1]} pixels can not be read")


def _decode_frames(path: Path, dataset: Dataset) -> Frames:
    try:
        frames = np.asarray(pixel_array(_pixel_source(path, dataset), raw=True))
    except UNDECODABLE as error:
        raise LabelError(f"{path.name}: its pixels are cut short or can not be decoded") from error
    rows, columns = integer_of(dataset, "Rows") or 0, integer_of(dataset, "Columns") or 0
    if frames.ndim not in (2, 3) or frames.shape[-2:] != (rows, columns):
        raise LabelError(f"{path.name}: pixels of shape {frames.shape}; needed: frames of {rows} x {columns}")
    stacked = frames.reshape(-1, rows, columns)
    if text_of(dataset, "SegmentationType") == "FRACTIONAL":
        _require_whole(stacked, dataset)
    return stacked


def _pixel_source(path: Path, dataset: Dataset) -> Path | Dataset:
    """Give what pixels are decoded from: the file, unless all of it has to be inflated first."""
    deflated = dataset.file_meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian
    return dcmread(path) if deflated else path


def _require_whole(frames: Frames, dataset: Dataset) -> None:
    """Take a FRACTIONAL segmentation that knows only none and all; where to cut fractions is not ours to say."""
    top = integer_of(dataset, "MaximumFractionalValue") or 255
    between = int(np.count_nonzero((frames != 0) & (frames != top)))
    if between:
        raise LabelError(
            f"a FRACTIONAL segmentation with {between} pixels between 0 and {top}; needed: BINARY, LABELMAP, "
            "or fractions of none and all only"
        )


def _turn(frames: Frames, places: Sequence[FramePlace]) -> tuple[Frame, ...]:
    """Turn frames along the CT's rows and columns."""
    return tuple(frame[:: place.row_step, :: place.column_step] for frame, place in zip(frames, places, strict=True))


def _merge(placed: _Placed, segments: Sequence[NamedSegment], left_out: set[int]) -> LabelMap:
    """Paint segments on the grid; one name, one value."""
    try:
        return _paint(placed, segments, left_out)
    except LabelError:
        total = _find_total(placed, segments)
        if total is None:
            raise
    return _paint(placed, [one for one in segments if one.number != total], left_out | {total})


def _find_total(placed: _Placed, segments: Sequence[NamedSegment]) -> int | None:
    """Find the segment that is no vessel and holds exactly what all others hold together."""
    marked: Counter[int] = Counter()
    for frame, place in zip(placed.frames, placed.places, strict=True):
        if place.segment is None:
            return None  # nothing overlaps in a label map
        marked[place.segment] += int(np.count_nonzero(frame))
    for one in segments:
        others = [other for other in segments if other.number != one.number]
        if one.is_vessel or marked[one.number] < max(marked.values()):
            continue
        if (len(others) > 1 or any(other.is_vessel for other in others)) and np.array_equal(
            _mask(placed, {one.number}), _mask(placed, {other.number for other in others})
        ):
            return one.number
    return None


def _mask(placed: _Placed, numbers: set[int]) -> MaskArray:
    marked = np.zeros(placed.grid.shape, dtype=np.bool_)
    for frame, place in zip(placed.frames, placed.places, strict=True):
        if place.segment in numbers:
            plane, inside = _common(marked[place.slice_index], frame, place)
            plane |= inside != 0
    return marked


def _paint(placed: _Placed, segments: Sequence[NamedSegment], left_out: set[int]) -> LabelMap:
    values = _one_value_per_name(segments) | dict.fromkeys(left_out, 0)
    labels: LabelArray = np.zeros(placed.grid.shape, dtype=np.uint8)
    for frame, place in zip(placed.frames, placed.places, strict=True):
        plane, inside = _common(labels[place.slice_index], frame, place)
        _paint_frame(plane, inside, place, values)
    kept = {one.number: one.name for one in segments if values[one.number] == one.number}
    return LabelMap(labels=labels, grid=placed.grid, names=kept)


def _one_value_per_name(segments: Sequence[NamedSegment]) -> dict[int, int]:
    """Map each segment number to the lowest with the same name: two LAD segments are the LAD."""
    lowest: dict[str, int] = {}
    for one in sorted(segments, key=lambda one: one.number):
        lowest.setdefault(one.name, one.number)
    return {one.number: lowest[one.name] for one in segments}


def _common(plane: np.ndarray, frame: Frame, place: FramePlace) -> tuple[np.ndarray, Covered]:
    """Give the part of a slice that a frame covers, and the part of the frame that covers it.

    Raises
    ------
    LabelError
        If something is marked outside the slice.
    """
    spans = []
    for first, length, room in zip((place.first_row, place.first_column), frame.shape, plane.shape, strict=True):
        start, stop = max(first, 0), max(0, min(first + length, room))
        spans.append((slice(start, stop), slice(start - first, max(start, stop) - first)))
    (rows, frame_rows), (columns, frame_columns) = spans
    inside = frame[frame_rows, frame_columns]
    if inside.size < frame.size and np.count_nonzero(inside) < np.count_nonzero(frame):
        raise LabelError("a frame marks pixels outside the CT's slices")
    return plane[rows, columns], inside


def _paint_frame(
    plane: UInt8[np.ndarray, "covered_row covered_column"], frame: Covered, place: FramePlace, values: Mapping[int, int]
) -> None:
    """Put one frame's labels on a slice, and refuse to paint over another structure."""
    if place.segment is None:
        if frame.max(initial=0) > 255:
            raise LabelError(f"label value {frame.max()}; needed: 0 to 255")
        painted = np.array([values.get(value, value) for value in range(256)], dtype=np.uint8)[frame]
    else:
        painted = np.where(frame != 0, np.uint8(values.get(place.segment, place.segment)), np.uint8(0))
    taken = (painted != 0) & (plane != 0) & (plane != painted)
    if taken.any():
        others = sorted({int(value) for value in np.unique(plane[taken])})
        raise LabelError(
            f"segments {others} and {sorted({int(v) for v in np.unique(painted[taken])})} share "
            f"{int(taken.sum())} voxels of one slice; needed: segments that do not overlap"
        )
    np.copyto(plane, painted, where=painted != 0)
