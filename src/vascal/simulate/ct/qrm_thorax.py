"""The thorax around the heart insert of the QRM phantom, as one slice that is the same at every height.

Outer dimensions are the maker's; lungs, spine and materials were read from a real
scan (Canon, 120 kVp) whose own rods gave the scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vascal.volume import Grid

Reals = NDArray[np.float64]
Material = Literal["tissue", "wall", "lung", "ring", "shell", "core", "bone", "air"]

INSERT_RADIUS_MM, BORE_RADIUS_MM, COLLAR_RADIUS_MM = 49.9, 50.05, 54.5
BODY_BEHIND_MM = 19.0
"""The middle of the body lies this far behind the axis of the insert."""
HALF_RING_MM, HALF_BODY_MM, HALF_CAVITY_MM = (200.0, 150.0), (150.0, 100.0), (131.0, 80.0)
RING_POWER, BODY_POWER, CAVITY_POWER = 2.3, 3.0, 2.5
"""Exponents of the superellipses; 2 would be an ellipse."""
FRONT_NECK_MM, BACK_NECK_MM = 26.0, 9.0
"""Half width of what joins the collar to the chest wall and to the spine."""
FILLET_MM = 8.0
SPINE_BEHIND_MM, SPINE_RADIUS_MM, SPINE_CORE_MM = 70.9, 17.7, 15.2
AIR_HOLE_MM = (94.1, 21.7, 9.5)
"""An empty bore in the left lung: x and y from the axis of the insert, radius."""

TRUE_HU: Mapping[Material, float] = MappingProxyType({"wall": 45.0, "lung": -816.0, "ring": -105.0, "air": -1000.0})
CALCIUM_MG_CM3: Mapping[Material, float] = MappingProxyType({"shell": 330.0, "core": 55.0, "bone": 300.0})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plastic:
    """How bright a scanner shows the phantom's materials.

    Parameters
    ----------
    tissue_hu
        True CT number of the tissue-equivalent plastic.
    water_hu
        CT number the scanner gives to water inside this phantom: all else is off in proportion.
    calcium_hu
        CT number of 1 mg/cm3 of hydroxyapatite, HU.
    """

    tissue_hu: float
    water_hu: float
    calcium_hu: float

    def hu(self, material: Material) -> float:
        """Give the CT number of a material on this scanner."""
        true = TRUE_HU.get(material, self.tissue_hu)
        calcium = CALCIUM_MG_CM3.get(material, 0.0) * self.calcium_hu
        return (1 + self.water_hu / 1000) * (1000 + true) - 1000 + calcium


def pixel_places(grid: Grid) -> tuple[Reals, Reals]:
    """Give x of every column and y of every row, mm."""
    x = grid.origin_mm[0] + grid.column_spacing_mm * np.arange(grid.shape[2])
    y = grid.origin_mm[1] + grid.row_spacing_mm * np.arange(grid.shape[1])
    return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)


def paint_thorax(grid: Grid, axis_mm: tuple[float, float], plastic: Plastic, *, has_ring: bool) -> Reals:
    """Paint the phantom where it holds neither rods nor calcifications.

    Parameters
    ----------
    grid
        Where to paint.
    axis_mm
        x and y of the axis of the heart insert, mm.
    plastic
        Brightness of the materials.
    has_ring
        Whether the ring is on.

    Returns
    -------
    array
        (row, column), HU; edges are as soft as a pixel is wide.
    """
    x, y = pixel_places(grid)
    u, v = x[None, :] - axis_mm[0], y[:, None] - axis_mm[1]
    pixel = max(grid.row_spacing_mm, grid.column_spacing_mm)
    hu = np.full(grid.shape[1:], -1000.0)

    def lay(material: Material, depth_mm: Reals) -> None:
        cover = np.clip(0.5 + depth_mm / pixel, 0, 1)
        hu[:] += cover * (plastic.hu(material) - hu)

    axis = np.hypot(u, v)
    if has_ring:
        lay("ring", _inside_superellipse(u, v - BODY_BEHIND_MM, HALF_RING_MM, RING_POWER))
    lay("wall", _inside_superellipse(u, v - BODY_BEHIND_MM, HALF_BODY_MM, BODY_POWER))
    lay("lung", _inside_lungs(u, v))
    lay("air", AIR_HOLE_MM[2] - np.hypot(u - AIR_HOLE_MM[0], v - AIR_HOLE_MM[1]))
    lay("tissue", COLLAR_RADIUS_MM - axis)
    lay("air", BORE_RADIUS_MM - axis)
    lay("tissue", INSERT_RADIUS_MM - axis)
    lay("wall", np.minimum(v - SPINE_BEHIND_MM - 12.0 - 0.37 * np.abs(u), 55.0 - v + SPINE_BEHIND_MM - 27.0))
    for processes in _inside_processes(np.abs(u), v - SPINE_BEHIND_MM):
        lay("bone", processes)
    spine = np.hypot(u, v - SPINE_BEHIND_MM)
    lay("shell", SPINE_RADIUS_MM - spine)
    lay("core", SPINE_CORE_MM - spine)
    return hu


def _inside_superellipse(x: Reals, y: Reals, half_mm: tuple[float, float], power: float) -> Reals:
    """Depth inside a superellipse, about, mm."""
    level = (np.abs(x / half_mm[0]) ** power + np.abs(y / half_mm[1]) ** power) ** (1 / power)
    return np.asarray((1 - level) * min(half_mm))


def _inside_lungs(u: Reals, v: Reals) -> Reals:
    """Depth inside the lungs: the chest's cavity without collar, neck and spine, corners rounded, mm."""
    beside_neck = np.abs(u) - np.where(v < 0, FRONT_NECK_MM, BACK_NECK_MM)
    beside_collar = np.hypot(u, v) - COLLAR_RADIUS_MM
    cavity = _inside_superellipse(u, v - BODY_BEHIND_MM, HALF_CAVITY_MM, CAVITY_POWER)
    return _round_both(_round_both(beside_neck, beside_collar), cavity)


def _round_both(one: Reals, other: Reals) -> Reals:
    """Depth inside both of two shapes, with the corner where they meet rounded off."""
    near = np.maximum(FILLET_MM - np.abs(one - other), 0) / FILLET_MM
    return np.asarray(np.minimum(one, other) - FILLET_MM / 4 * np.square(near))


def _inside_processes(beside: Reals, behind: Reals) -> tuple[Reals, Reals]:
    """Depth inside the transverse and the spinous processes, from the middle of the spine, mm."""
    wings = np.minimum(34.0 - beside, np.minimum(24.0 - behind, behind - 10.8 - 0.37 * beside))
    spine = np.minimum(4.2 - beside, np.minimum(behind - 15.0, 45.5 - behind))
    return np.asarray(wings), np.asarray(spine)
