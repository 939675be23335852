"""A CT volume, its grid in the patient, and labels on that grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from vascal.errors import GeometryError, GridMismatchError, LabelError
from vascal.types import HuArray, LabelArray, MaskArray, SliceMm, VoxelIndex

Vector = tuple[float, float, float]

THICKNESS_MM = (0.2, 20.0)
"""Thinnest and thickest slice that is believed: CT slices measure 0.2 to 10 mm."""
GRID_TOLERANCE_MM = 0.1
"""Two grids are one when every corner agrees to a tenth of a millimetre:
far below a pixel, far above what a file format rounds away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Where the voxels of an axial stack lie in the patient.

    Slices are ordered from the feet to the head: index 0 has the lowest
    position along `slice_axis`.

    Parameters
    ----------
    shape
        Number of slices, rows and columns.
    row_spacing_mm, column_spacing_mm
        Distance between the centres of neighbouring rows, and of neighbouring
        columns, mm (DICOM Pixel Spacing, in its order).
    slice_positions_mm
        Position of each slice along `slice_axis`, ascending, mm.
    origin_mm
        Centre of voxel (0, 0, 0) in LPS, mm.
    row_axis, column_axis
        Unit vectors in LPS along which the *row index* and the *column index*
        grow. For the usual supine axial CT: (0, 1, 0) and (1, 0, 0).
    slice_axis
        Unit vector in LPS along which the slice index grows; its z is positive.
    """

    shape: tuple[int, int, int]
    row_spacing_mm: float
    column_spacing_mm: float
    slice_positions_mm: tuple[float, ...]
    origin_mm: Vector = (0.0, 0.0, 0.0)
    row_axis: Vector = (0.0, 1.0, 0.0)
    column_axis: Vector = (1.0, 0.0, 0.0)
    slice_axis: Vector = (0.0, 0.0, 1.0)

    def __post_init__(self) -> None:
        if len(self.slice_positions_mm) != self.shape[0]:
            raise GeometryError(f"{len(self.slice_positions_mm)} slice positions for {self.shape[0]} slices")
        if self.shape[0] < 2:
            raise GeometryError(f"a volume needs at least 2 slices; found {self.shape[0]}")
        _require_spacings(self)
        if np.any(np.diff(self.slice_positions_mm) <= 0):
            raise GeometryError("slice positions must ascend along the slice axis")

    @classmethod
    def even(
        cls,
        shape: tuple[int, int, int],
        spacing_mm: Vector,
        *,
        origin_mm: Vector = (0.0, 0.0, 0.0),
    ) -> Grid:
        """Make an evenly spaced supine axial grid.

        Parameters
        ----------
        shape
            Number of slices, rows, columns.
        spacing_mm
            Distance between slices, rows, columns, mm.
        origin_mm
            Centre of voxel (0, 0, 0) in LPS, mm.
        """
        return cls(
            shape=shape,
            row_spacing_mm=spacing_mm[1],
            column_spacing_mm=spacing_mm[2],
            slice_positions_mm=tuple(origin_mm[2] + spacing_mm[0] * k for k in range(shape[0])),
            origin_mm=origin_mm,
        )

    @property
    def spacing_between_slices_mm(self) -> float:
        """Median distance between neighbouring slices, mm."""
        return _median_step_mm(self.slice_positions_mm)

    @property
    def spacing_mm(self) -> Vector:
        """Distance between slices (median), rows and columns, mm."""
        return (self.spacing_between_slices_mm, self.row_spacing_mm, self.column_spacing_mm)

    @property
    def pixel_area_mm2(self) -> float:
        """Area of one pixel, from both spacings, mm2."""
        return self.row_spacing_mm * self.column_spacing_mm

    @property
    def is_even(self) -> bool:
        """Whether all slices are equally far apart, to 1 % of the spacing or 0.05 mm."""
        return _is_even(self.slice_positions_mm)

    def slice_extents_mm(self) -> SliceMm:
        """Length of patient that each slice stands for, mm.

        Half the way to both neighbours; the first and the last slice reach as
        far out as in. On an even stack every value is the spacing between
        slices, whatever the (possibly overlapping) slice thickness is.
        """
        return _slice_extents_mm(self.slice_positions_mm)

    def index_to_mm(self, slice_index: float, row: float, column: float) -> Vector:
        """Turn a (fractional) voxel index into LPS millimetres."""
        positions = self.slice_positions_mm
        along = float(np.interp(slice_index, np.arange(len(positions)), positions)) - positions[0]
        point = (
            np.asarray(self.origin_mm)
            + along * np.asarray(self.slice_axis)
            + row * self.row_spacing_mm * np.asarray(self.row_axis)
            + column * self.column_spacing_mm * np.asarray(self.column_axis)
        )
        return (float(point[0]), float(point[1]), float(point[2]))

    def corners_mm(self) -> tuple[Vector, ...]:
        """Give the centres of the eight corner voxels in LPS, mm."""
        last = tuple(n - 1 for n in self.shape)
        return tuple(self.index_to_mm(k, i, j) for k in (0, last[0]) for i in (0, last[1]) for j in (0, last[2]))

    def _from_first_slice_mm(self) -> SliceMm:
        return np.asarray(self.slice_positions_mm) - self.slice_positions_mm[0]

    def require_same(self, other: Grid) -> None:
        """Refuse another grid that does not coincide with this one.

        Raises
        ------
        GridMismatchError
            If shape differs, or a corner or a slice is more than 0.1 mm away.
        """
        if self.shape != other.shape:
            raise GridMismatchError(f"expected {self.shape} slices, rows, columns; found {other.shape}")
        corners = np.subtract(self.corners_mm(), other.corners_mm())
        # Corners do not show how slices are spread between the first and the last.
        spread = np.subtract(self._from_first_slice_mm(), other._from_first_slice_mm())
        apart = max(np.abs(corners).max(), np.abs(spread).max())
        if apart > GRID_TOLERANCE_MM:
            raise GridMismatchError(
                f"same shape {self.shape}, but corners or slices lie up to {apart:.2f} mm apart; "
                f"at most {GRID_TOLERANCE_MM} mm is one grid"
            )


def _require_spacings(grid: Grid) -> None:
    if not np.all(np.isfinite((grid.row_spacing_mm, grid.column_spacing_mm, *grid.slice_positions_mm))):
        raise GeometryError("spacings and slice positions must be finite")
    if min(grid.row_spacing_mm, grid.column_spacing_mm) <= 0:
        raise GeometryError("pixel spacing must be positive")


@dataclass(frozen=True, slots=True, kw_only=True)
class OneSliceGrid(Grid):
    """Where the pixels of a slice that stands alone lie.

    Parameters
    ----------
    slice_thickness_mm
        Nominal thickness, mm. Nothing else tells what length of patient the slice
        stands for: it has no neighbours.
    """

    slice_thickness_mm: float

    def __post_init__(self) -> None:
        if self.shape[0] != 1 or len(self.slice_positions_mm) != 1:
            raise GeometryError(
                f"{self.shape[0]} slices at {len(self.slice_positions_mm)} positions; needed: one slice"
            )
        _require_spacings(self)
        if not THICKNESS_MM[0] <= self.slice_thickness_mm <= THICKNESS_MM[1]:
            raise GeometryError(
                f"a slice of {self.slice_thickness_mm:g} mm; needed: a thickness of {THICKNESS_MM[0]:g} to "
                f"{THICKNESS_MM[1]:g} mm, stated with --slice-thickness-mm if the header is wrong"
            )

    @property
    def spacing_between_slices_mm(self) -> float:
        """Nominal thickness, mm: where the next slice would touch this one."""
        return self.slice_thickness_mm

    @property
    def is_even(self) -> bool:
        """One slice is as even as any."""
        return True

    def slice_extents_mm(self) -> SliceMm:
        """Length of patient that the slice stands for: its nominal thickness, mm."""
        return np.array([self.slice_thickness_mm])


# Every lesion asks its grid for these; a stack has hundreds of slices and a scan dozens of lesions.
@lru_cache(maxsize=16)
def _median_step_mm(positions_mm: tuple[float, ...]) -> float:
    return float(np.median(np.diff(positions_mm)))


@lru_cache(maxsize=16)
def _is_even(positions_mm: tuple[float, ...]) -> bool:
    return bool(np.ptp(np.diff(positions_mm)) <= 2 * max(0.05, 0.01 * _median_step_mm(positions_mm)))


@lru_cache(maxsize=16)
def _slice_extents_mm(positions_mm: tuple[float, ...]) -> SliceMm:
    steps = np.diff(positions_mm)
    if _is_even(positions_mm):
        extents = np.full(len(positions_mm), float(np.mean(steps)))
    else:
        extents = np.asarray((np.append(steps, steps[-1]) + np.insert(steps, 0, steps[0])) / 2)
    extents.setflags(write=False)
    return extents


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Volume:
    """CT numbers on a grid.

    Parameters
    ----------
    hu
        (slice, row, column), HU. Made read-only.
    grid
        Where the voxels are.
    """

    hu: HuArray
    grid: Grid

    def __post_init__(self) -> None:
        if self.hu.shape != self.grid.shape:
            raise GeometryError(f"pixels of shape {self.hu.shape} on a grid of {self.grid.shape}")
        self.hu.setflags(write=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelMap:
    """Named structures on a grid.

    Parameters
    ----------
    labels
        (slice, row, column); 0 is background. Made read-only.
    grid
        Where the voxels are.
    names
        What each value means. A value without a name may occur: it is ignored.
    """

    labels: LabelArray
    grid: Grid
    names: Mapping[int, str]

    def __post_init__(self) -> None:
        if self.labels.shape != self.grid.shape:
            raise GridMismatchError(f"labels of shape {self.labels.shape} on a grid of {self.grid.shape}")
        if 0 in self.names:
            raise LabelError("0 is background and can not be named")
        if not all(1 <= value <= 255 for value in self.names):
            raise LabelError(f"values of labels lie between 1 and 255; found {sorted(self.names)}")
        self.labels.setflags(write=False)
        object.__setattr__(self, "names", MappingProxyType(dict(self.names)))

    def value_of(self, name: str) -> int:
        """Give the value that stands for a structure.

        Raises
        ------
        LabelError
            If no value has this name.
        """
        for value, known in self.names.items():
            if known == name:
                return value
        raise LabelError(f"no structure is called {name!r}; there are {sorted(self.names.values())}")

    def mask(self, name: str) -> MaskArray:
        """Mark the voxels of one structure."""
        return np.asarray(self.labels == self.value_of(name))

    def voxels(self, name: str) -> VoxelIndex:
        """List the voxels of one structure as flat indices."""
        return np.flatnonzero(self.labels.reshape(-1) == self.value_of(name))
