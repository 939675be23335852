"""Images of any format with an affine: axes exchanged and turned, so that arrays are (slice, row, column).

An image's axes are turned round or exchanged, which moves voxels and changes none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped

from vascal.errors import GantryTiltError, GeometryError, OrientationError, PixelError, UnsupportedImageError
from vascal.io.dicom_pixels import PADDING_HU
from vascal.io.dicom_stack import AXIAL_TOLERANCE_DEGREES
from vascal.study import Acquisition, Gating, ImageSource, Series
from vascal.types import HuArray
from vascal.volume import Grid, Vector, Volume

SUPINE_AXIAL: tuple[Vector, Vector, Vector] = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
"""Where slices, rows and columns grow: to the head, the back and the left."""
SHEAR_TOLERANCE = 2e-3
"""Cosine between two axes up to which they stand at a right angle."""

Array3D = Shaped[np.ndarray, "first second third"]
Matrix = Float[np.ndarray, "3 3"]
Point = Float[np.ndarray, " 3"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrientedImage:
    """An image with its axes brought to (slice, row, column).

    Parameters
    ----------
    values
        (slice, row, column), a view where possible.
    grid
        Where the voxels lie, in LPS.
    """

    values: Array3D
    grid: Grid


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedFacts:
    """What a user says of a scan whose format does not.

    Parameters
    ----------
    kvp
        Tube voltage, kV.
    is_gated
        Whether the scan was synchronised to the heart.
    slice_thickness_mm
        Nominal slice thickness, mm.
    """

    kvp: float | None = None
    is_gated: bool | None = None
    slice_thickness_mm: float | None = None


def orient_image(
    values: Array3D, steps_mm: Matrix, origin_mm: Point, *, axes: tuple[Vector, Vector, Vector]
) -> OrientedImage:
    """Exchange and turn an image's axes so that they run along given ones.

    Parameters
    ----------
    values
        In the file's order of axes.
    steps_mm
        One column an axis of `values`: the way to the next voxel along it, LPS, mm.
    origin_mm
        Centre of the first voxel, LPS, mm.
    axes
        Unit vectors in LPS along which slices, rows and columns shall grow;
        each of the image's axes takes the place of the nearest.

    Raises
    ------
    GeometryError
        If voxels have no size, or there are fewer than 2 slices.
    GantryTiltError
        If the axes are sheared.
    OrientationError
        If they lie at 45 degrees to the wanted ones.
    """
    order, flipped = _match_axes(steps_mm, np.asarray(axes))
    values = values.transpose(order)
    steps, origin = steps_mm[:, list(order)], origin_mm
    for axis in np.flatnonzero(flipped):
        origin = origin + (values.shape[axis] - 1) * steps[:, axis]
        steps[:, axis] *= -1
        values = np.flip(values, axis=int(axis))
    return OrientedImage(values=values, grid=_grid(values.shape, steps, origin))


def make_scan(
    image: OrientedImage, path: Path, source_format: Literal["nifti", "metaimage", "nrrd"], facts: StatedFacts
) -> tuple[Series, Volume]:
    """Make the series and the volume of a CT in a format that says nothing of how it was made.

    Returns
    -------
    tuple of Series and Volume
        HU are rounded and clipped to 16 bits; not-a-number becomes `PADDING_HU`.

    Raises
    ------
    OrientationError
        If its axes are oblique to the body's by more than 5 degrees.
    UnsupportedImageError
        If its voxels are no numbers.
    PixelError
        If some are infinite.
    """
    _require_axial(image.grid)
    hu = _to_hu(image.values)
    name = path.name.removesuffix(".gz").rpartition(".")[0]
    gating = Gating() if facts.is_gated is None else Gating(is_gated=facts.is_gated, evidence="stated")
    series = Series(
        study_instance_uid=name,
        series_instance_uid=name,
        key=name,
        images=tuple(
            ImageSource(path=path, frame=index, position_mm=image.grid.index_to_mm(index, 0, 0))
            for index in range(image.grid.shape[0])
        ),
        grid=image.grid,
        acquisition=Acquisition(kvp=facts.kvp, slice_thickness_mm=facts.slice_thickness_mm, gating=gating),
        series_description=name,
        source_format=source_format,
        notes=("no voxel is below 0 HU: is this a CT in HU?",) if hu.min() >= 0 else (),
    )
    return series, Volume(hu=hu, grid=image.grid)


def _match_axes(steps: Matrix, wanted: Matrix) -> tuple[tuple[int, int, int], list[bool]]:
    """Find which image axis runs along each wanted one, and whether backwards."""
    lengths = np.linalg.norm(steps, axis=0)
    if not np.all(np.isfinite(steps)) or lengths.min() <= 0:
        raise GeometryError("voxels have no size; the file's affine can not be used")
    cosines = wanted @ (steps / lengths)
    if np.abs((steps / lengths).T @ (steps / lengths) - np.eye(3)).max() > SHEAR_TOLERANCE:
        raise GantryTiltError("the image's axes are sheared; needed: axes at right angles")
    order = tuple(int(axis) for axis in np.argmax(np.abs(cosines), axis=1))
    if sorted(order) != [0, 1, 2]:
        raise OrientationError("the image lies at 45 degrees to the wanted axes; needed: axes along the body's")
    return (order[0], order[1], order[2]), [bool(cosines[row, axis] < 0) for row, axis in enumerate(order)]


def _grid(shape: tuple[int, ...], steps: Matrix, origin: Point) -> Grid:
    lengths = np.linalg.norm(steps, axis=0)
    slice_axis, row_axis, column_axis = (_vector(axis) for axis in (steps / lengths).T)
    start = float(origin @ np.asarray(slice_axis))
    return Grid(
        shape=(shape[0], shape[1], shape[2]),
        row_spacing_mm=float(lengths[1]),
        column_spacing_mm=float(lengths[2]),
        slice_positions_mm=tuple(start + float(lengths[0]) * index for index in range(shape[0])),
        origin_mm=_vector(origin),
        row_axis=row_axis,
        column_axis=column_axis,
        slice_axis=slice_axis,
    )


def _vector(values: Point) -> Vector:
    return (float(values[0]), float(values[1]), float(values[2]))


def _require_axial(grid: Grid) -> None:
    least = math.cos(math.radians(AXIAL_TOLERANCE_DEGREES))
    if min(grid.slice_axis[2], grid.row_axis[1], grid.column_axis[0]) < least:
        raise OrientationError(
            f"the image's axes are oblique; needed: along the body's to {AXIAL_TOLERANCE_DEGREES:g} degrees"
        )


def _to_hu(values: Array3D) -> HuArray:
    if values.dtype.kind not in "iuf":
        raise UnsupportedImageError(f"voxels are {values.dtype}; needed: numbers in HU")
    if values.dtype.kind == "f" and np.isinf(values).any():
        raise PixelError("some voxels are infinite; needed: CT numbers in HU")
    hu = np.empty(values.shape, dtype=np.int16)
    for index, plane in enumerate(values):
        whole = np.nan_to_num(np.rint(plane), nan=PADDING_HU) if values.dtype.kind == "f" else plane
        hu[index] = np.clip(whole, -32768, 32767)
    return hu
