"""Where the frames of a DICOM Segmentation lie on a CT's grid.

A frame may be smaller or larger than the CT's slices: it need only lie on their pixels.

Source: DICOM PS3.3 A.51.5 and C.7.6.16.2 (Plane Position, Plane Orientation, Pixel Measures).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from pydicom.dataset import Dataset

from vascal.errors import GridMismatchError, LabelError
from vascal.io.dicom_segment_names import items_of
from vascal.io.dicom_values import integer_of, numbers_of, text_of
from vascal.volume import GRID_TOLERANCE_MM, Grid

PARALLEL = 1 - 1e-4
"""Cosine from which two axes are parallel (0.8 degrees); the corners are compared besides."""

Corners = Float[np.ndarray, "2 2 3"]


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
    first_row, first_column
        The CT's row and column of the frame's first pixel once it is turned; may lie outside the CT.
    """

    slice_index: int
    segment: int | None
    row_step: int
    column_step: int
    first_row: int = 0
    first_column: int = 0


def place_frames(dataset: Dataset, grid: Grid) -> Iterator[FramePlace]:
    """Place every frame on a CT's grid.

    Raises
    ------
    LabelError
        If a frame does not say where it lies or which segment it shows.
    GridMismatchError
        If a frame's pixels are not the CT's.
    """
    shared = items_of(dataset, "SharedFunctionalGroupsSequence")[:1]
    for groups in items_of(dataset, "PerFrameFunctionalGroupsSequence"):
        yield _place(dataset, (groups, *shared), grid)


def _place(dataset: Dataset, groups: Sequence[Dataset], grid: Grid) -> FramePlace:
    position = numbers_of(_group(groups, "PlanePositionSequence"), "ImagePositionPatient", 3)
    cosines = numbers_of(_group(groups, "PlaneOrientationSequence"), "ImageOrientationPatient", 6)
    spacing = numbers_of(_group(groups, "PixelMeasuresSequence"), "PixelSpacing", 2)
    if position is None or cosines is None or spacing is None:
        raise LabelError("a frame has no position, orientation or pixel spacing; needed to place it on the CT")
    shape = (integer_of(dataset, "Rows") or 0, integer_of(dataset, "Columns") or 0)
    _require_spacing(spacing, shape, grid)
    row_step = _direction(cosines[3:], grid.row_axis)
    column_step = _direction(cosines[:3], grid.column_axis)
    corners = _corners(position, cosines, spacing, shape)[::row_step, ::column_step]
    slice_index = _nearest_slice(corners, grid)
    row, column = _first_pixel(corners, slice_index, grid)
    _require_on_pixels(corners, (slice_index, row, column), shape, grid)
    return FramePlace(
        slice_index=slice_index,
        segment=_segment(dataset, groups),
        row_step=row_step,
        column_step=column_step,
        first_row=row,
        first_column=column,
    )


def _group(groups: Sequence[Dataset], keyword: str) -> Dataset:
    """Find one functional group: the frame's own, or the shared one."""
    return next((item for one in groups for item in items_of(one, keyword)), Dataset())


def _segment(dataset: Dataset, groups: Sequence[Dataset]) -> int | None:
    if text_of(dataset, "SegmentationType") == "LABELMAP":
        return None
    number = integer_of(_group(groups, "SegmentIdentificationSequence"), "ReferencedSegmentNumber")
    if number is None or not 1 <= number <= 255:
        raise LabelError(f"a frame refers to segment {number}; needed: 1 to 255")
    return number


def _require_spacing(spacing: Sequence[float], shape: tuple[int, int], grid: Grid) -> None:
    wanted = (grid.row_spacing_mm, grid.column_spacing_mm)
    drift = max(abs(found - one) * n for found, one, n in zip(spacing, wanted, shape, strict=True))
    if drift > GRID_TOLERANCE_MM:
        raise GridMismatchError(
            f"pixels of {spacing[0]:.4g} x {spacing[1]:.4g} mm on a CT of {wanted[0]:.4g} x {wanted[1]:.4g} mm; "
            "needed: the CT's own pixels, labels are never resampled"
        )


def _direction(axis: Sequence[float], wanted: Sequence[float]) -> int:
    cosine = float(np.dot(axis, wanted))
    if abs(cosine) < PARALLEL:
        raise GridMismatchError("the segmentation's rows and columns do not run along the CT's")
    return 1 if cosine > 0 else -1


def _corners(
    position: Sequence[float], cosines: Sequence[float], spacing: Sequence[float], shape: tuple[int, int]
) -> Corners:
    """Give the centres of a frame's four corner pixels, (row end, column end, LPS), mm."""
    down = np.asarray(cosines[3:]) * spacing[0] * (shape[0] - 1)
    across = np.asarray(cosines[:3]) * spacing[1] * (shape[1] - 1)
    first = np.asarray(position)
    return np.array([[first, first + across], [first + down, first + down + across]])


def _nearest_slice(corners_mm: Corners, grid: Grid) -> int:
    along = float((corners_mm[0, 0] - np.asarray(grid.origin_mm)) @ np.asarray(grid.slice_axis))
    offsets = np.asarray(grid.slice_positions_mm) - grid.slice_positions_mm[0]
    return int(np.argmin(np.abs(offsets - along)))


def _first_pixel(corners_mm: Corners, slice_index: int, grid: Grid) -> tuple[int, int]:
    """Find the CT's row and column that lie nearest to a frame's first pixel."""
    away = corners_mm[0, 0] - np.asarray(grid.index_to_mm(slice_index, 0, 0))
    row = float(away @ np.asarray(grid.row_axis)) / grid.row_spacing_mm
    column = float(away @ np.asarray(grid.column_axis)) / grid.column_spacing_mm
    return round(row), round(column)


def _require_on_pixels(corners_mm: Corners, first: tuple[int, int, int], shape: tuple[int, int], grid: Grid) -> None:
    index, row, column = first
    rows, columns = (row, row + shape[0] - 1), (column, column + shape[1] - 1)
    wanted = np.array([[grid.index_to_mm(index, i, j) for j in columns] for i in rows])
    apart = float(np.abs(corners_mm - wanted).max())
    if apart > GRID_TOLERANCE_MM:
        raise GridMismatchError(
            f"a frame lies {apart:.2f} mm from the nearest CT slice; at most {GRID_TOLERANCE_MM} mm is one place"
        )
