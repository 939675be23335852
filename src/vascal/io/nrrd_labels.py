"""Labels from NRRD: 3D Slicer's segmentations, which cover a part of the CT, and plain masks.

Slicer crops a segmentation to what is drawn, keeps overlapping segments in
layers, and names each segment in the header. The file's own origin and
directions say where it lies; ``Segmentation_ReferenceImageExtentOffset`` says
the same in voxels of an image that may be another one, and is not used.
Source: 3D Slicer developer guide, "Segmentation labelmap file format (.seg.nrrd)",
https://slicer.readthedocs.io/en/latest/developer_guide/modules/segmentations.html.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped, UInt8

from vascal.errors import GeometryError, GridMismatchError, LabelError
from vascal.io.nrrd_image import NrrdVoxels, load_nrrd, orient_nrrd
from vascal.io.oriented import OrientedImage
from vascal.types import LabelArray
from vascal.volume import GRID_TOLERANCE_MM, Grid, LabelMap

PartLabels = UInt8[np.ndarray, "part_slice part_row part_column"]
_SEGMENT = re.compile(r"Segment(\d+)_LabelValue$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One structure of a segmentation.

    Parameters
    ----------
    name
        As shown in Slicer.
    layer, value
        Which of the file's images holds it, and as which number.
    """

    name: str
    layer: int
    value: int


def read_nrrd_labels(path: Path, grid: Grid, names: Mapping[int, str] | None, default: Mapping[int, str]) -> LabelMap:
    """Read a Slicer segmentation or a plain mask onto the CT's grid.

    Parameters
    ----------
    path
        ``.seg.nrrd`` or ``.nrrd``.
    grid
        The CT's grid. A segmentation may cover a part of it, or reach beyond
        it where nothing is drawn.
    names
        What each value means. Segments are numbered from 1 in the order of the file.
    default
        What values of a mask without segments mean, where `names` is None.

    Raises
    ------
    GridMismatchError
        If voxels do not coincide with the CT's to a tenth of a millimetre, or some drawn lie outside it.
    LabelError
        If segments share a voxel, or values are no whole numbers from 0 to 255.
    InputError, UnsupportedImageError, OrientationError, PixelError, MissingExtraError
        As `load_nrrd`.
    """
    voxels = load_nrrd(path)
    segments = read_segments(voxels.header)
    if segments and voxels.layers[0].size == 1:
        # Slicer's way to write a segmentation in which nothing is drawn.
        return LabelMap(labels=np.zeros(grid.shape, dtype=np.uint8), grid=grid, names=_names(segments, names))
    if segments:
        return _paint_segments(path, voxels, segments, grid, names)
    if len(voxels.layers) != 1:
        raise LabelError(f"{path.name} has {len(voxels.layers)} layers and no segments; needed: one label map")
    labels = np.zeros(grid.shape, dtype=np.uint8)
    image, corner = _place(path, voxels, 0, grid)
    _paint(labels, _whole(image.values, path), corner, path)
    return LabelMap(labels=labels, grid=grid, names=default if names is None else names)


def read_segments(header: Mapping[str, Any]) -> tuple[Segment, ...]:
    """List the segments that a header describes, in its own order; none for a plain mask.

    Raises
    ------
    LabelError
        If a segment's number or layer is not a number.
    """
    numbers = sorted((found[1] for key in header if (found := _SEGMENT.match(key))), key=int)
    try:
        return tuple(
            Segment(
                name=str(header.get(f"Segment{n}_Name", f"segment {int(n) + 1}")).strip(),
                layer=int(header.get(f"Segment{n}_Layer", 0)),
                value=int(header[f"Segment{n}_LabelValue"]),
            )
            for n in numbers
        )
    except ValueError as error:
        raise LabelError("a segment's label value or layer is not a number") from error


def _names(segments: tuple[Segment, ...], names: Mapping[int, str] | None) -> dict[int, str]:
    if names is not None:
        return dict(names)
    if len(segments) > 255:
        raise LabelError(f"{len(segments)} segments; at most 255 can be told apart")
    lowest: dict[str, int] = {}
    for number, segment in enumerate(segments, start=1):
        lowest.setdefault(segment.name or f"segment {number}", number)
    return {number: name for name, number in lowest.items()}


def _paint_segments(
    path: Path, voxels: NrrdVoxels, segments: tuple[Segment, ...], grid: Grid, names: Mapping[int, str] | None
) -> LabelMap:
    kept = _names(segments, names)
    value_of = {name: value for value, name in _names(segments, None).items()}
    labels = np.zeros(grid.shape, dtype=np.uint8)
    for number, segment in enumerate(segments, start=1):
        if segment.layer >= len(voxels.layers):
            raise LabelError(f"{path.name} puts a segment in layer {segment.layer}, but has {len(voxels.layers)}")
        image, corner = _place(path, voxels, segment.layer, grid)
        value = number if names is not None else value_of[segment.name or f"segment {number}"]
        _paint(labels, np.where(image.values == segment.value, np.uint8(value), np.uint8(0)), corner, path)
    return LabelMap(labels=labels, grid=grid, names=kept)


def _place(path: Path, voxels: NrrdVoxels, layer: int, grid: Grid) -> tuple[OrientedImage, tuple[int, int, int]]:
    """Turn a layer like the CT and find the CT's voxel on which its first one lies."""
    try:
        image = orient_nrrd(voxels, layer, (grid.slice_axis, grid.row_axis, grid.column_axis), margin=1)
    except GeometryError as error:
        raise GridMismatchError(f"{path.name}: {error}") from error
    away = np.subtract(image.grid.origin_mm, grid.origin_mm)
    along = [float(away @ np.asarray(axis)) for axis in (grid.slice_axis, grid.row_axis, grid.column_axis)]
    corner = tuple(round(length / step) for length, step in zip(along, grid.spacing_mm, strict=True))
    ends = [n - 1 for n in image.grid.shape]
    apart = max(
        float(np.abs(np.subtract(image.grid.index_to_mm(*place), _index_to_mm(grid, corner, place))).max())
        for place in np.array(np.meshgrid(*[(0, end) for end in ends])).reshape(3, -1).T.tolist()
    )
    if apart > GRID_TOLERANCE_MM or not grid.is_even:
        raise GridMismatchError(
            f"{path.name}: voxels lie up to {apart:.2f} mm from the CT's; at most {GRID_TOLERANCE_MM} mm is one grid"
        )
    return image, (corner[0], corner[1], corner[2])


def _index_to_mm(grid: Grid, corner: tuple[int, ...], place: list[int]) -> np.ndarray:
    """Place of a voxel counted from `corner`, which may lie outside the grid, LPS, mm."""
    steps = (grid.slice_axis, grid.row_axis, grid.column_axis)
    index = np.add(corner, place)
    ways = [np.asarray(axis) * n * step for axis, n, step in zip(steps, index, grid.spacing_mm, strict=True)]
    return np.asarray(np.asarray(grid.origin_mm) + np.sum(ways, axis=0))


def _paint(labels: LabelArray, values: PartLabels, corner: tuple[int, int, int], path: Path) -> None:
    """Put a part's labels on the CT's grid, and refuse to lose some or to paint over others."""
    inside = tuple(
        slice(max(0, -start), max(0, min(n, whole - start)))
        for start, n, whole in zip(corner, values.shape, labels.shape, strict=True)
    )
    part = values[inside]
    if np.count_nonzero(part) != np.count_nonzero(values):
        lost = np.count_nonzero(values) - np.count_nonzero(part)
        raise GridMismatchError(f"{path.name}: {lost} labelled voxels lie outside the CT")
    if part.size == 0:
        return
    target = labels[
        tuple(slice(start + own.start, start + own.stop) for start, own in zip(corner, inside, strict=True))
    ]
    shared = int(np.count_nonzero((part != 0) & (target != 0) & (part != target)))
    if shared:
        raise LabelError(f"{path.name}: segments share {shared} voxels; needed: segments that do not overlap")
    np.copyto(target, part, where=part != 0)


def _whole(values: Shaped[np.ndarray, "part_slice part_row part_column"], path: Path) -> PartLabels:
    if values.dtype.kind not in "iuf" or not np.array_equal(values, np.rint(values)):
        raise LabelError(f"{path.name}: label values are not whole numbers; needed: one a structure, 0 to 255")
    if values.min() < 0 or values.max() > 255:
        raise LabelError(f"{path.name}: label values run from {values.min()} to {values.max()}; needed: 0 to 255")
    return np.ascontiguousarray(values, dtype=np.uint8)
