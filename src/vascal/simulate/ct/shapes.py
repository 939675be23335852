"""Solid shapes of a phantom, as distances to their surface, and how they are painted.

Points are LPS millimetres: x to the patient's left, y to the back, z to the
head. A distance is negative inside, exact on the surface and approximate
elsewhere; that is enough to soften an edge over one pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from vascal.volume import Vector

Reals = NDArray[np.float32]
Box = tuple[float, float, float, float]
"""Lowest and highest x, lowest and highest y, mm."""
EVERYWHERE: Box = (-np.inf, np.inf, -np.inf, np.inf)
UPRIGHT = np.eye(3, dtype=np.float32)


@runtime_checkable
class Shape(Protocol):
    """A solid that knows how far a point is from its surface."""

    def bounds(self, z: float) -> Box | None:
        """Box around the shape at one height; None where it is not."""
        ...

    def distance(self, x: Reals, y: Reals, z: float | Reals) -> Reals:
        """Distance to the surface, mm, negative inside; x, y and z broadcast."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ellipsoid:
    """An ellipsoid.

    Parameters
    ----------
    centre
        LPS, mm.
    semi_axes
        Half lengths along the columns of `axes`, mm.
    axes
        (3, 3) rotation; column j is the direction of semi-axis j.
    """

    centre: Vector
    semi_axes: Vector
    axes: Reals = field(default_factory=lambda: UPRIGHT)

    @property
    def reach_mm(self) -> Vector:
        """Half extent along x, y and z, mm."""
        x, y, z = np.sqrt(np.square(self.axes * np.asarray(self.semi_axes)).sum(axis=1)).tolist()
        return (x, y, z)

    @property
    def front_mm(self) -> float:
        """The y of the foremost point, mm."""
        return self.centre[1] - self.reach_mm[1]

    def bounds(self, z: float) -> Box | None:
        """Box around the whole ellipsoid, if it reaches this height."""
        reach = self.reach_mm
        if abs(z - self.centre[2]) > reach[2]:
            return None
        cx, cy, _ = self.centre
        return (cx - reach[0], cx + reach[0], cy - reach[1], cy + reach[1])

    def distance(self, x: Reals, y: Reals, z: float | Reals) -> Reals:
        """First-order distance: value over gradient of the quadratic form."""
        value: float | Reals = 0.0
        slope: float | Reals = 0.0
        dx, dy, dz = x - self.centre[0], y - self.centre[1], z - self.centre[2]
        for j, half in enumerate(self.semi_axes):
            ax, ay, az = (float(a) / half for a in self.axes[:, j])
            term = np.square(dx * ax + (dy * ay + dz * az))
            value = value + term
            slope = slope + term * (1 / half**2)
        radius = np.sqrt(value)
        return np.asarray((radius - 1) * radius / np.sqrt(slope + np.float32(1e-9)), dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tube:
    """A tube along a polyline, with a radius at each point.

    Parameters
    ----------
    points
        (point, 3), LPS, mm.
    radii
        (point,), mm.
    """

    points: Reals
    radii: Reals
    _lowest: Reals = field(init=False, repr=False)
    _highest: Reals = field(init=False, repr=False)
    _span: tuple[float, float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        room = (np.maximum(self.radii[:-1], self.radii[1:]) + 1)[:, None]
        lowest = np.minimum(self.points[:-1], self.points[1:]) - room
        highest = np.maximum(self.points[:-1], self.points[1:]) + room
        object.__setattr__(self, "_lowest", lowest)
        object.__setattr__(self, "_highest", highest)
        object.__setattr__(self, "_span", (float(lowest[:, 2].min()), float(highest[:, 2].max())))

    def _near(self, z: float) -> NDArray[np.int64]:
        return np.flatnonzero((z > self._lowest[:, 2]) & (z < self._highest[:, 2]))

    def bounds(self, z: float) -> Box | None:
        """Box around the segments that come near this height."""
        if not self._span[0] < z < self._span[1]:
            return None
        near = self._near(z)
        if near.size == 0:
            return None
        low, high = self._lowest[near].min(axis=0), self._highest[near].max(axis=0)
        return (float(low[0]), float(high[0]), float(low[1]), float(high[1]))

    def distance(self, x: Reals, y: Reals, z: float | Reals) -> Reals:
        """Distance to the nearest segment near this height."""
        near = self._near(z).tolist() if isinstance(z, (int, float)) else range(len(self.points) - 1)
        best: Reals = np.full(np.broadcast_shapes(np.shape(x), np.shape(y), np.shape(z)), 1e3, dtype=np.float32)
        for k in near:
            np.minimum(best, self._to_segment(k, x, y, z), out=best)
        return best

    def _to_segment(self, k: int, x: Reals, y: Reals, z: float | Reals) -> Reals:
        start, end = self.points[k].tolist(), self.points[k + 1].tolist()
        way = [b - a for a, b in zip(start, end, strict=True)]
        dx, dy, dz = x - start[0], y - start[1], z - start[2]
        length2 = max(way[0] ** 2 + way[1] ** 2 + way[2] ** 2, 1e-6)
        projected = dx * way[0] + (dy * way[1] + dz * way[2])
        along = np.minimum(np.maximum(projected * (1 / length2), 0), 1)
        # Pythagoras on what is left: |d|^2 - 2 t (d.w) + t^2 |w|^2, in three passes instead of nine.
        apart = np.square(dx) + (np.square(dy) + dz * dz) + along * (along * length2 - 2 * projected)
        np.maximum(apart, 0, out=apart)
        first, last = float(self.radii[k]), float(self.radii[k + 1])
        return np.asarray(np.sqrt(apart) - (first + along * (last - first)), dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trunk:
    """An upright column whose cross-section is a rounded rectangle that changes with height.

    Parameters
    ----------
    heights
        (knot,), ascending z, mm; the column ends at the first and the last.
    half_widths, half_depths
        (knot,), half extent along x and along y, mm.
    centre
        x and y of the axis, mm.
    roundness
        Exponent of the superellipse: 2 is an ellipse, more is boxier.
    """

    heights: tuple[float, ...]
    half_widths: tuple[float, ...]
    half_depths: tuple[float, ...]
    centre: tuple[float, float] = (0.0, 0.0)
    roundness: float = 2.4

    def half_axes(self, z: float | Reals) -> tuple[Reals, Reals]:
        """Half width and half depth at a height, mm."""
        return (
            np.asarray(np.interp(z, self.heights, self.half_widths), dtype=np.float32),
            np.asarray(np.interp(z, self.heights, self.half_depths), dtype=np.float32),
        )

    def bounds(self, z: float) -> Box | None:
        """Box around the cross-section."""
        if not self.heights[0] <= z <= self.heights[-1]:
            return None
        half_width, half_depth = map(float, self.half_axes(z))
        cx, cy = self.centre
        return (cx - half_width, cx + half_width, cy - half_depth, cy + half_depth)

    def distance(self, x: Reals, y: Reals, z: float | Reals) -> Reals:
        """Distance linearised at the surface, with the smaller half axis as scale."""
        half_width, half_depth = self.half_axes(z)
        across = np.abs((x - self.centre[0]) / half_width) ** self.roundness
        along = np.abs((y - self.centre[1]) / half_depth) ** self.roundness
        scale = np.minimum(half_width, half_depth) / self.roundness
        return np.asarray((across + (along - 1)) * scale, dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Blend:
    """Several shapes joined as if a membrane were drawn over them.

    Parameters
    ----------
    shapes
        What the membrane covers.
    fillet_mm
        How far apart two surfaces may be for the membrane to bridge them.
    margin_mm
        Distance from the shapes to the membrane.
    """

    shapes: tuple[Shape, ...]
    fillet_mm: float
    margin_mm: float = 0.0

    def bounds(self, z: float) -> Box | None:
        """Box around all parts, with room for fillet and margin."""
        room = self.margin_mm + self.fillet_mm / 4
        boxes = [b for s in self.shapes for h in (z - room, z, z + room) if (b := s.bounds(h)) is not None]
        if not boxes:
            return None
        low_x, high_x, low_y, high_y = np.array(boxes).T
        return (low_x.min() - room, high_x.max() + room, low_y.min() - room, high_y.max() + room)

    def distance(self, x: Reals, y: Reals, z: float | Reals) -> Reals:
        """Polynomial smooth minimum of the distances, less the margin."""
        best = self.shapes[0].distance(x, y, z)
        for shape in self.shapes[1:]:
            other = shape.distance(x, y, z)
            lack = np.maximum(self.fillet_mm - np.abs(best - other), 0)
            best = np.minimum(best, other) - np.square(lack) * np.float32(0.25 / self.fillet_mm)
        return np.asarray(best - np.float32(self.margin_mm), dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clipped:
    """The part of a shape on one side of a plane.

    Parameters
    ----------
    shape
        What is cut.
    normal
        Unit vector that points to the side taken away.
    offset_mm
        Position of the plane along `normal`.
    """

    shape: Shape
    normal: Vector
    offset_mm: float

    def bounds(self, z: float) -> Box | None:
        """Box of the uncut shape."""
        return self.shape.bounds(z)

    def distance(self, x: Reals, y: Reals, z: float | Reals) -> Reals:
        """Larger of the distances to shape and plane."""
        plane = x * self.normal[0] + y * self.normal[1] + (z * self.normal[2] - self.offset_mm)
        return np.asarray(np.maximum(self.shape.distance(x, y, z), plane), dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One structure to paint.

    Parameters
    ----------
    shape
        Where it is.
    layers
        From the outside in: depth below the surface, mm, and CT number, HU.
    label
        Value its voxels get; None leaves the label that was there.
    only_on
        Label it must lie on; None is anywhere.
    """

    shape: Shape
    layers: tuple[tuple[float, float], ...]
    label: int | None = None
    only_on: int | None = None


def _crop(axis: Reals, low: float, high: float, margin: float) -> slice:
    start, stop = np.searchsorted(axis, (low - margin, high + margin))
    return slice(int(start), int(stop))


def paint_plane(
    parts: Sequence[Part], x: Reals, y: Reals, z: float, *, air_hu: float = -1000.0
) -> tuple[Reals, NDArray[np.uint8]]:
    """Paint one axial plane, each part over the ones before it.

    Parameters
    ----------
    parts
        What to paint, from the back to the front.
    x, y
        (column,) and (row,) positions of the pixel centres, ascending, LPS mm.
    z
        Height of the plane, mm.

    Returns
    -------
    hu, labels
        (row, column): CT numbers, edges softened over one pixel; label of the
        part that covers the pixel's centre.
    """
    hu = np.full((y.size, x.size), air_hu, dtype=np.float32)
    labels = np.zeros((y.size, x.size), dtype=np.uint8)
    pixel = float(max(x[1] - x[0], y[1] - y[0]))
    for part in parts:
        box = part.shape.bounds(z)
        if box is None:
            continue
        rows, columns = _crop(y, box[2], box[3], pixel), _crop(x, box[0], box[1], pixel)
        if rows.start < rows.stop and columns.start < columns.stop:
            depth = part.shape.distance(x[None, columns], y[rows, None], z)
            _paint_part(part, depth * np.float32(1 / pixel), pixel, hu[rows, columns], labels[rows, columns])
    return hu, labels


def _paint_part(part: Part, depth: Reals, pixel: float, hu: Reals, labels: NDArray[np.uint8]) -> None:
    """Paint one part in place; `depth` is in pixels."""
    allowed = None if part.only_on is None else labels == part.only_on
    for inset_mm, value in part.layers:
        cover = np.minimum(np.maximum(np.float32(0.5 - inset_mm / pixel) - depth, 0), 1)
        if allowed is not None:
            cover *= allowed
        cover *= value - hu
        hu += cover
    if part.label is not None:
        inside = depth < 0 if allowed is None else (depth < 0) & allowed
        labels[inside] = part.label
