"""How one patient's places differ from those of the average body.

Every patient is the average body, stretched along three axes and bent a little
and smoothly, so that no rib is a circle and no two patients are alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vascal.simulate.ct import kernels
from vascal.simulate.ct.shapes import Reals
from vascal.volume import Vector

TILE = 32
BEND_MM, COARSE_MM, FINE_MM = 22.0, 7.0, 1.6
"""Distance between the random numbers that bend the body, ruffle surfaces and grain tissue."""
LARGEST_SD = 3.2
"""Random numbers beyond this many standard deviations are held back."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BodyMap:
    """From a patient's places to the average body's.

    Parameters
    ----------
    scale
        Size relative to the average along x, y and z.
    bend_mm
        Standard deviation of the bending.
    tiles
        (5, z, y, x) smooth periodic random numbers of unit variance: three to bend, one that
        ruffles surfaces, one that grains tissue.
    """

    scale: Vector
    bend_mm: float
    tiles: Reals

    @property
    def slack(self) -> float:
        """How far bending takes a point at most, in the average body, mm."""
        return LARGEST_SD * self.bend_mm / min(self.scale)

    def sample(self, x: Reals, y: Reals, z: float, out: Reals) -> None:
        """Interpolate the five random fields in one plane, into (5, row, column)."""
        for tile, spacing, plane in zip(self.tiles, (BEND_MM,) * 3 + (COARSE_MM, FINE_MM), out, strict=True):
            kernels.sample_tile(_level(tile, z / spacing), x, y, np.float32(spacing), plane)

    def place(self, x: Reals, y: Reals, z: float, random: Reals, out: Reals) -> Reals:
        """Find where each pixel lies in the average body, into (3, row, column).

        Returns
        -------
        array
            x0, dx, y0, dy and z of the plane without its bends, in the average body.
        """
        bend = np.float32(self.bend_mm)
        for axis, plain in enumerate((x[None, :], y[:, None], np.float32(z))):
            np.multiply(random[axis], -bend, out=out[axis])
            out[axis] += plain
            out[axis] *= np.float32(1 / self.scale[axis])
        sx, sy, sz = self.scale
        return np.array([x[0] / sx, (x[1] - x[0]) / sx, y[0] / sy, (y[1] - y[0]) / sy, z / sz], dtype=np.float32)

    def to_patient(self, points: np.ndarray) -> np.ndarray:
        """Take points of the average body to this patient.

        Parameters
        ----------
        points
            (point, 3), mm.
        """
        plain = np.asarray(points, dtype=float) * self.scale
        found = plain
        for _ in range(8):
            found = plain + self.bend_mm * self._bends(found)
        return found

    def _bends(self, points: np.ndarray) -> np.ndarray:
        from scipy.ndimage import map_coordinates

        where = points.T[::-1] / BEND_MM
        return np.stack([map_coordinates(t, where, order=1, mode="grid-wrap") for t in self.tiles[:3]], axis=1)


def _level(tile: Reals, z: float) -> Reals:
    low = int(np.floor(z))
    share = np.float32(z - low)
    return np.asarray(tile[low % TILE] * (1 - share) + tile[(low + 1) % TILE] * share)


def make_body_map(rng: np.random.Generator, scale: Vector, bend_mm: float) -> BodyMap:
    """Draw the bends of one patient."""
    from scipy.ndimage import gaussian_filter

    tiles = np.empty((5, TILE, TILE, TILE), dtype=np.float32)
    for n, sd in enumerate((1.9, 1.9, 1.9, 1.1, 0.7)):
        smooth = gaussian_filter(rng.standard_normal((TILE, TILE, TILE)), sd, mode="wrap")
        tiles[n] = smooth / smooth.std()
    return BodyMap(scale=scale, bend_mm=bend_mm, tiles=np.clip(tiles, -LARGEST_SD, LARGEST_SD))
