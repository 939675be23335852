"""Plaques whose mass and volume are known exactly, on the wall of a vessel.

A plaque is a cloud of points of equal mass. Each point is shared among the
slices and pixels around it so that no mass is lost, whatever the voxel size or
the path it takes while it is scanned; the kernel's blur keeps the sum too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from vascal.errors import SimulationError

PlaqueKind = Literal["spotty", "linear", "annular", "nodular"]
POINT_MM3 = 0.004
"""A point stands for about this volume."""
FEWEST_POINTS, MOST_POINTS = 400, 12_000
ARC_DEG = {"linear": 75.0, "annular": 250.0}
LONGEST_MM = 28.0
NODULES = 4
# Additive recurrence of three irrational steps: evenly spread points without a lattice
# (Roberts 2018, "The unreasonable effectiveness of quasirandom sequences").
STEPS = np.array([0.8191725133961645, 0.6710436067037893, 0.5497004779019703])

Points = Float[np.ndarray, "point 3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plaque:
    """A calcified plaque as it is ordered.

    Parameters
    ----------
    site
        A coronary branch (LM, LAD, D1, LCX ...) or a place outside the coronary arteries, see
        `vascal.simulate.ct.sites.SITES`.
    mass_mg
        Hydroxyapatite, mg, on top of the soft tissue it lies in.
    density_mg_cm3
        Hydroxyapatite in a cm3 of plaque; with the mass it gives the volume.
    position
        Where along the centreline: 0 at its origin, 1 at its end.
    kind
        ``spotty`` is a ball in the wall; ``linear`` a shell along it over a fifth of the
        circumference, ``annular`` over two thirds; ``nodular`` a row of balls.
    angle_deg
        Where around the vessel.
    """

    site: str
    mass_mg: float
    density_mg_cm3: float = 400.0
    position: float = 0.2
    kind: PlaqueKind = "linear"
    angle_deg: float = 0.0

    def __post_init__(self) -> None:
        if not (self.mass_mg > 0 and self.density_mg_cm3 > 0 and 0 <= self.position <= 1):
            raise SimulationError(
                "a plaque needs a positive mass and density and a position from 0 to 1; "
                f"found {self.mass_mg:g} mg, {self.density_mg_cm3:g} mg/cm3, {self.position:g}"
            )

    @property
    def volume_mm3(self) -> float:
        """Volume that mass and density ask for, mm3."""
        return 1000 * self.mass_mg / self.density_mg_cm3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """The centreline of a vessel, with the radius of its lumen.

    Parameters
    ----------
    points
        (point, 3), LPS, mm.
    radii
        (point,), mm.
    """

    points: NDArray[np.float64]
    radii: NDArray[np.float64]

    @property
    def distances_mm(self) -> NDArray[np.float64]:
        """Way from the origin to each point, mm."""
        return np.append(0, np.cumsum(np.linalg.norm(np.diff(self.points, axis=0), axis=1)))

    def at(self, distance_mm: NDArray[np.float64]) -> tuple[Points, NDArray[np.float64]]:
        """Give centres and radii at ways along the course; straight on beyond its ends."""
        way = self.distances_mm
        centre = np.stack([np.interp(distance_mm, way, axis) for axis in self.points.T], axis=-1)
        over = distance_mm - np.clip(distance_mm, 0, way[-1])
        ends = np.where((distance_mm < 0)[:, None], self._direction(0.0), self._direction(float(way[-1])))
        return centre + over[:, None] * ends, np.interp(distance_mm, way, self.radii)

    def _direction(self, distance_mm: float) -> NDArray[np.float64]:
        way = self.distances_mm
        low, high = max(distance_mm - 1.0, 0.0), min(distance_mm + 1.0, float(way[-1]))
        step = np.array([np.interp(high, way, axis) - np.interp(low, way, axis) for axis in self.points.T])
        return np.asarray(step / max(float(np.linalg.norm(step)), 1e-9))

    def frame_at(self, distance_mm: float) -> NDArray[np.float64]:
        """Directions along the vessel, and two across it, as rows."""
        along = self._direction(distance_mm)
        across = np.cross(along, (0.0, 0.0, 1.0) if abs(along[2]) < 0.9 else (1.0, 0.0, 0.0))
        across /= np.linalg.norm(across)
        return np.stack([along, across, np.cross(along, across)])


def plaque_points(plaque: Plaque, course: Course) -> Points:
    """Fill a plaque with points of equal mass.

    Parameters
    ----------
    plaque
        What to fill.
    course
        The vessel it lies on, in the patient.

    Returns
    -------
    array
        (point, 3), LPS, mm.
    """
    count = int(np.clip(plaque.volume_mm3 / POINT_MM3, FEWEST_POINTS, MOST_POINTS))
    random = np.mod(0.5 + np.arange(1, count + 1)[:, None] * STEPS, 1.0)
    where = plaque.position * course.distances_mm[-1]
    if plaque.kind in ARC_DEG:
        return _shell(plaque, course, float(where), random)
    return _balls(plaque, course, float(where), random, NODULES if plaque.kind == "nodular" else 1)


def _shell(plaque: Plaque, course: Course, where: float, random: Points) -> Points:
    """Part of a pipe around the lumen: as long as its volume asks for."""
    arc = np.deg2rad(ARC_DEG[plaque.kind])
    _, radius = course.at(np.array([where]))
    thickness = float(np.clip(0.30 * plaque.volume_mm3 ** (1 / 3), 0.5, 2.5))
    length = _shell_length(plaque.volume_mm3, arc, float(radius[0]), thickness)
    while length > LONGEST_MM:
        thickness *= 1.2
        length = _shell_length(plaque.volume_mm3, arc, float(radius[0]), thickness)
    along = where + length * (random[:, 0] - 0.5)
    angle = np.deg2rad(plaque.angle_deg) + arc * (random[:, 1] - 0.5)
    inner, outer = radius[0], radius[0] + thickness
    out = np.sqrt(inner**2 + random[:, 2] * (outer**2 - inner**2))
    centre, _ = course.at(along)
    _, across, other = course.frame_at(where)
    return np.asarray(centre + out[:, None] * (np.cos(angle)[:, None] * across + np.sin(angle)[:, None] * other))


def _shell_length(volume_mm3: float, arc: float, radius: float, thickness: float) -> float:
    return volume_mm3 / (0.5 * arc * ((radius + thickness) ** 2 - radius**2))


def _balls(plaque: Plaque, course: Course, where: float, random: Points, count: int) -> Points:
    """Balls side by side along the wall, each half sunk into it."""
    radius = (3 * plaque.volume_mm3 / count / (4 * np.pi)) ** (1 / 3)
    number = np.arange(len(random)) % count
    centre, lumen = course.at(where + 2.1 * radius * (np.arange(count) - (count - 1) / 2))
    _, across, other = course.frame_at(where)
    angle = np.deg2rad(plaque.angle_deg)
    middle = centre + (lumen + 0.4)[:, None] * (np.cos(angle) * across + np.sin(angle) * other)
    up = 2 * random[:, 0] - 1
    side = np.sqrt(1 - up**2)
    turn = 2 * np.pi * random[:, 1]
    direction = np.stack([side * np.cos(turn), side * np.sin(turn), up], axis=1)
    return np.asarray(middle[number] + radius * np.cbrt(random[:, 2])[:, None] * direction)
