"""Plaques whose mass of hydroxyapatite is known exactly.

A plaque is a cloud of points that carry milligrams. Each point is shared among
the slices and the pixels around it so that no mass is lost, whatever the voxel
size; blurring comes later and keeps the sum too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vascal.errors import GeometryError
from vascal.simulate.ct.shapes import Reals
from vascal.volume import Grid, Vector

POINT_DISTANCE_MM = 0.2
PlaqueShape = Literal["spot", "spindle"]
SPINDLE_ASPECT = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plaque:
    """A calcified plaque as it is ordered.

    Parameters
    ----------
    vessel
        LM, LAD, LCX or RCA; or a place outside the coronary arteries, see
        `vascal.simulate.ct.phantom.OTHER_SITES`.
    mass_mg
        Hydroxyapatite, mg, on top of the soft tissue it lies in.
    density_mg_cm3
        Hydroxyapatite in a cm3 of plaque; with the mass it gives the size.
    position
        Where along the centreline: 0 at the ostium, 1 at the end.
    shape
        ``spot`` is a ball; ``spindle`` is three times as long as wide, along the vessel.
    """

    vessel: str
    mass_mg: float
    density_mg_cm3: float = 400.0
    position: float = 0.2
    shape: PlaqueShape = "spindle"

    def __post_init__(self) -> None:
        if min(self.mass_mg, self.density_mg_cm3) <= 0 or not 0 <= self.position <= 1:
            raise GeometryError(
                "a plaque needs a positive mass and density and a position from 0 to 1; "
                f"found {self.mass_mg:g} mg, {self.density_mg_cm3:g} mg/cm3, {self.position:g}"
            )

    @property
    def volume_mm3(self) -> float:
        """Volume that mass and density ask for, mm3."""
        return 1000 * self.mass_mg / self.density_mg_cm3


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedPlaque:
    """A plaque and where it came to lie.

    Parameters
    ----------
    plaque
        What was ordered; its mass is exact.
    centre_mm
        Centre of mass, LPS, mm.
    direction
        Unit vector along the vessel.
    is_in_field
        Whether all of it lies inside the volume.
    """

    plaque: Plaque
    centre_mm: Vector
    direction: Vector
    is_in_field: bool


def plaque_points(plaque: Plaque, centre_mm: Vector, direction: Vector) -> NDArray[np.float64]:
    """Fill a plaque with evenly spaced points of equal mass.

    Returns
    -------
    array
        (point, 3), LPS, mm; their mean is exactly `centre_mm`.
    """
    aspect = SPINDLE_ASPECT if plaque.shape == "spindle" else 1.0
    half_width = (plaque.volume_mm3 * 3 / (4 * np.pi * aspect)) ** (1 / 3)
    count = int(np.clip(np.ceil(half_width / POINT_DISTANCE_MM), 4, 24))
    ticks = (np.arange(2 * count) + 0.5) / count - 1
    ball = np.stack(np.meshgrid(ticks, ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 3)
    ball = ball[np.square(ball).sum(axis=1) < 1]
    along = np.asarray(direction) / np.linalg.norm(direction)
    stretched = half_width * (ball + (aspect - 1) * (ball @ along)[:, None] * along)
    return np.asarray(stretched + np.asarray(centre_mm))


def share_mass(
    points: NDArray[np.float64], mass_mg: float, grid: Grid, thickness_mm: float
) -> tuple[slice, NDArray[np.float64]]:
    """Share a plaque's mass among voxels.

    Along z each point counts in every slice whose thickness holds it, in equal
    parts; inside a slice it is split linearly among its four pixels.

    Parameters
    ----------
    points
        (point, 3), LPS, mm.
    mass_mg
        What all points weigh together, mg.
    grid
        Upright axial grid.
    thickness_mm
        Slice thickness, at least the distance between slices.

    Returns
    -------
    slices, mass
        Range of slices touched, and (slice, row, column) mg in them. The sum
        is `mass_mg` if every point lies inside the grid; mass outside is lost.
    """
    positions = np.asarray(grid.slice_positions_mm)
    holds = np.abs(points[:, 2, None] - positions) <= thickness_mm / 2 + 1e-9
    touched = np.flatnonzero(holds.any(axis=0))
    if touched.size == 0:
        return slice(0, 0), np.zeros((0, *grid.shape[1:]))
    slices = slice(int(touched[0]), int(touched[-1]) + 1)
    share = holds[:, slices] / np.maximum(holds.sum(axis=1), 1)[:, None]
    column = (points[:, 0] - grid.origin_mm[0]) / grid.column_spacing_mm
    row = (points[:, 1] - grid.origin_mm[1]) / grid.row_spacing_mm
    mass = np.zeros((slices.stop - slices.start, *grid.shape[1:]))
    for index, plane in enumerate(mass):
        _splat(plane, row, column, share[:, index] * (mass_mg / len(points)))
    return slices, mass


def _splat(plane: NDArray[np.float64], row: np.ndarray, column: np.ndarray, mass: np.ndarray) -> None:
    """Add points to one slice, each split linearly among its four pixels, in place."""
    low_row, low_column = np.floor(row).astype(int), np.floor(column).astype(int)
    for down in (0, 1):
        for right in (0, 1):
            i, j = low_row + down, low_column + right
            weight = mass * (1 - np.abs(row - i)) * (1 - np.abs(column - j))
            inside = (i >= 0) & (i < plane.shape[0]) & (j >= 0) & (j < plane.shape[1])
            np.add.at(plane, (i[inside], j[inside]), weight[inside])


def point_on_course(course: Reals, position: float, aside_mm: float) -> tuple[Vector, Vector]:
    """Find a point beside a centreline, and the direction of the vessel there.

    Parameters
    ----------
    course
        (point, 3), LPS, mm.
    position
        Fraction of the length, from 0 to 1.
    aside_mm
        Distance from the centreline: plaque sits in the wall.
    """
    line = np.asarray(course, dtype=float)
    length = np.append(0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1)))
    where = position * length[-1]
    here, before, after = (
        np.array([np.interp(at, length, line[:, j]) for j in range(3)])
        for at in (where, max(where - 1.0, 0.0), min(where + 1.0, length[-1]))
    )
    direction = (after - before) / np.linalg.norm(after - before)
    aside = np.cross(direction, (0.0, 0.0, 1.0) if abs(direction[2]) < 0.9 else (1.0, 0.0, 0.0))
    here = here + aside_mm * aside / np.linalg.norm(aside)
    return _vector(here), _vector(direction)


def _vector(values: Sequence[float] | np.ndarray) -> Vector:
    x, y, z = (float(v) for v in values)
    return (x, y, z)
