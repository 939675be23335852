"""The abdominal aorta in front of the spine: its course, its walls, and the levels they pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from vascal.simulate.xray.spine import NAMES, Spine
from vascal.wall_levels import Wall

STEP_MM = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class AortaHabit:
    """What kind of aorta is drawn: ranges, low and high, mm.

    Parameters
    ----------
    radius_mm
        At L1; it narrows by a fifth until it divides.
    gap_mm
        Between the spine and the posterior wall.
    bend_mm
        How far it swings to the front.
    widening_share
        Of aortas with an aneurysm or ectasia.
    """

    radius_mm: tuple[float, float] = (8.0, 12.5)
    gap_mm: tuple[float, float] = (1.0, 8.0)
    bend_mm: tuple[float, float] = (0.0, 7.0)
    widening_share: float = 0.08


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Aorta:
    """A centre line with a radius, from above T12 to below L5.

    Parameters
    ----------
    centres
        (point, 3), mm, from the head to the feet, every half millimetre of y.
    radii
        (point,), mm.
    division
        Index of the point where it divides into the iliac arteries.
    bounds
        (5,): indices of the points at the borders above L1, below L1, ... below L4.
    """

    centres: Float[np.ndarray, "point 3"]
    radii: Float[np.ndarray, " point"]
    division: int
    bounds: tuple[int, int, int, int, int]

    def normal(self) -> Float[np.ndarray, "point 3"]:
        """Direction to the back, across the course in the plane of the film, at each point."""
        along = np.gradient(self.centres[:, :2], axis=0)
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        return np.stack([along[:, 1], -along[:, 0], np.zeros(len(along))], axis=1)

    def wall(self, wall: Wall) -> Float[np.ndarray, "point 3"]:
        """Give the points of one wall, mm."""
        side = -1.0 if wall == "anterior" else 1.0
        return np.asarray(self.centres + side * self.radii[:, None] * self.normal())


def draw_aorta(rng: np.random.Generator, habit: AortaHabit, spine: Spine, age_years: float) -> Aorta:
    """Draw an aorta that follows the front of a spine."""
    front = spine.front()
    y = np.arange(front[0, 1], front[-4, 1], STEP_MM)
    smooth = ndimage.gaussian_filter1d(np.interp(y, front[:, 1], front[:, 0]), 22 / STEP_MM, mode="nearest")
    middle = _at(spine, "L4", y)
    radii = _draw_radii(rng, habit, y, middle)
    gap = rng.uniform(*habit.gap_mm) + _wave(rng, y, rng.uniform(0, 3)) + np.maximum(0, -(y - y[0] - 60)) * 0.03
    bend = rng.uniform(*habit.bend_mm) * np.clip((age_years - 45) / 35, 0.2, 1)
    swing = bend * np.exp(-(((y - rng.uniform(-40, 60)) / rng.uniform(30, 60)) ** 2))
    edge = np.interp(y, front[:, 1], front[:, 0])
    x = np.minimum(smooth - np.maximum(gap, 0.6) - swing, edge - 0.4) - radii
    x = ndimage.gaussian_filter1d(x, 6 / STEP_MM, mode="nearest")
    side = -rng.uniform(4, 18) * np.clip(1 - (y - y[0]) / (middle + 40 - y[0]), 0.15, 1) + _wave(rng, y, bend)
    side += ndimage.gaussian_filter1d(np.interp(y, spine.centres[:, 1], spine.centres[:, 2]), 40, mode="nearest")
    centres = np.stack([x, y, side], axis=1)
    division = int(np.searchsorted(y, middle + rng.normal(8, 9)))
    return Aorta(centres=centres, radii=radii, division=division, bounds=_bounds(spine, centres))


def _at(spine: Spine, name: str, y: Float[np.ndarray, " point"]) -> float:
    return float(np.clip(spine.centres[NAMES.index(name), 1], y[0], y[-1]))


def _wave(rng: np.random.Generator, y: Float[np.ndarray, " point"], amplitude: float) -> np.ndarray:
    return np.asarray(amplitude * np.sin(2 * np.pi * y / rng.uniform(110, 260) + rng.uniform(0, 2 * np.pi)))


def _draw_radii(rng: np.random.Generator, habit: AortaHabit, y: np.ndarray, middle: float) -> np.ndarray:
    """Narrow towards the division, with a bulge in a few."""
    radii = rng.uniform(*habit.radius_mm) * (1 - 0.2 * np.clip((y - y[0]) / (middle - y[0]), 0, 1))
    if rng.random() < habit.widening_share:
        radii = radii + rng.uniform(1.5, 9) * np.exp(-(((y - rng.uniform(0, middle)) / rng.uniform(14, 30)) ** 2))
    return np.asarray(radii)


def _bounds(spine: Spine, centres: Float[np.ndarray, "point 3"]) -> tuple[int, int, int, int, int]:
    """Find where the middle planes of the disc spaces, carried on to the front, cut the aorta."""
    found = []
    for name in NAMES[1:6]:
        middle, front = spine.border(NAMES.index(name))
        down = np.array([front[1], -front[0]]) * np.sign(-front[0])
        height = (centres[:, :2] - middle[:2]) @ down
        found.append(int(np.argmin(np.abs(height))))
    first, second, third, fourth, fifth = found
    return first, second, third, fourth, fifth
