"""Solid shapes of a phantom, as distances to their surface.

Points are LPS millimetres: x to the patient's left, y to the back, z to the
head. A distance is negative inside, exact on the surface and approximate
elsewhere; that is enough to soften an edge over one pixel. What is written
here is only the description; `vascal.simulate.ct.painting` paints it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vascal.simulate.ct.tissue import Tissue
from vascal.volume import Vector

Reals = NDArray[np.float32]
UPRIGHT = np.eye(3, dtype=np.float32)
Row = tuple[float, ...]


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tube:
    """A tube along a polyline, with a radius at each point and round ends.

    Parameters
    ----------
    points
        (point, 3), LPS, mm.
    radii
        (point,), mm.
    """

    points: Reals
    radii: Reals


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trunk:
    """An upright column whose cross-section is a rounded rectangle that changes with height.

    Parameters
    ----------
    knots
        Rows of z, half width, half depth, centre x, centre y, mm; z ascends, and the column
        ends at the first and the last.
    roundness
        Exponent of the superellipse, 2, 2.5, 3 or 4: 2 is an ellipse, more is boxier.
    """

    knots: tuple[Row, ...]
    roundness: float = 2.5

    def half_axes(self, z: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Half width and half depth at a height, mm."""
        table = np.asarray(self.knots)
        half_width, half_depth = (np.asarray(np.interp(z, table[:, 0], table[:, k])) for k in (1, 2))
        return half_width, half_depth

    def middle_y(self, z: float) -> float:
        """Depth of the axis at a height, mm."""
        table = np.asarray(self.knots)
        return float(np.interp(z, table[:, 0], table[:, 4]))


Shape = Ellipsoid | Tube | Trunk


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solid:
    """Shapes joined as if a membrane were drawn over them, and cut by planes.

    Parameters
    ----------
    shapes
        What the membrane covers.
    fillet_mm
        How far apart two surfaces may be for the membrane to bridge them; 0 is a plain union.
    margin_mm
        Distance from the shapes to the membrane.
    cuts
        Planes (normal x, y, z, offset): the side the normal points to is taken away.
    """

    shapes: tuple[Shape, ...]
    fillet_mm: float = 0.0
    margin_mm: float = 0.0
    cuts: tuple[tuple[float, float, float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One structure to paint.

    Parameters
    ----------
    solid
        Where it is.
    layers
        From the outside in: depth below the surface, mm, and tissue.
    label
        Organ its voxels are; None leaves the organ that was there.
    only_on
        Organs it must lie on; empty is anywhere.
    wobble_mm
        How far its surface strays, at random, from the ideal one.
    beats
        Whether it moves with the heart.
    """

    solid: Solid
    layers: tuple[tuple[float, Tissue], ...]
    label: int | None = None
    only_on: tuple[int, ...] = ()
    wobble_mm: float = 0.0
    beats: bool = False


def solid(*shapes: Shape) -> Solid:
    """Join shapes without a membrane."""
    return Solid(shapes=shapes)


def tube(rows: Sequence[Row] | np.ndarray, offset: Vector = (0.0, 0.0, 0.0), *, steps: int = 3) -> Tube:
    """Make a smooth tube from rows of x, y, z and radius, mm."""
    table = smooth_rows(np.asarray(rows, dtype=float), steps)
    return Tube(points=(table[:, :3] + offset).astype(np.float32), radii=table[:, 3].astype(np.float32))


def smooth_rows(rows: np.ndarray, steps: int) -> np.ndarray:
    """Interpolate rows smoothly: through each of them, without overshoot worth the name.

    A cubic Hermite spline whose slopes are central differences (Catmull-Rom).
    """
    slopes = np.empty_like(rows)
    slopes[0], slopes[-1] = rows[1] - rows[0], rows[-1] - rows[-2]
    slopes[1:-1] = 0.5 * (rows[2:] - rows[:-2])
    t = (np.arange(steps) / steps)[:, None]
    weights = (2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t, -2 * t**3 + 3 * t**2, t**3 - t**2)
    pieces = [
        weight * values[:, None, :]
        for weight, values in zip(weights, (rows[:-1], slopes[:-1], rows[1:], slopes[1:]), strict=True)
    ]
    fine = sum(pieces[1:], start=pieces[0]).reshape(-1, rows.shape[1])
    return np.concatenate([fine, rows[-1:]])


def turn(axis: Vector, degrees: float) -> Reals:
    """Rotation matrix about an axis through the origin."""
    from scipy.spatial.transform import Rotation

    unit = np.asarray(axis, dtype=float) / np.linalg.norm(axis)
    return np.asarray(Rotation.from_rotvec(unit * np.deg2rad(degrees)).as_matrix(), dtype=np.float32)


def frame(long_axis: Vector) -> Reals:
    """Right-handed axes whose first column is `long_axis` and whose second lies level."""
    first = np.asarray(long_axis, dtype=float) / np.linalg.norm(long_axis)
    second = np.cross((0.0, 0.0, 1.0), first)
    second /= np.linalg.norm(second)
    return np.column_stack([first, second, np.cross(first, second)]).astype(np.float32)
