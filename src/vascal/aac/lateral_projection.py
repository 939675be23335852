"""The lateral film's line integrals of a CT: water and hydroxyapatite in the way of each ray.

Rays run parallel from side to side. Magnification, scatter and the beam's spectrum are for whoever makes a film of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32
from scipy import ndimage

from vascal.errors import GeometryError
from vascal.types import MaskArray
from vascal.volume import Grid, Volume

PlaneF = Float32[np.ndarray, "row column"]

PIXEL_MM = 0.5
BASE_HU = 50.0
"""Marrow, muscle and blood without iodine: what calcium is mixed with."""
MIXTURE_HU = (100.0, 150.0)
"""Below the first no calcium; above the second all that exceeds `BASE_HU` is calcium; between, a ramp."""
MG_CM3_PER_HU = 100.0 / 130.0
"""100 mg/cm3 of hydroxyapatite give 130 HU at 120 kVp."""
HYDROXYAPATITE_G_CM3 = 3.16
BODY_HU = -300.0
COARSE_MM = 2.5
CORTEX_HU = 350.0
"""Bone has cortex; kidneys, liver and vessels with iodine in the venous phase have nothing this bright."""
CORTEX_SHARE = 0.02
SMALL_MM3 = 500.0
"""A smaller bright group is plaque, node or stone: calcium without cortex."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LateralProjection:
    """What lies in the way of each ray of a lateral film.

    Parameters
    ----------
    water_cm
        (row, column): soft tissue as length of water, cm. Rows run from head to feet, columns from front to back.
    hydroxyapatite_g_cm2
        (row, column): mineral of bone and calcification, g/cm2.
    spacing_mm
        Of rows and columns, mm.
    """

    water_cm: PlaneF
    hydroxyapatite_g_cm2: PlaneF
    spacing_mm: tuple[float, float] = (PIXEL_MM, PIXEL_MM)

    def film_place(self, grid: Grid, slice_index: float, row: float) -> tuple[float, float]:
        """Give the pixel (row, column) on which a slice and a row of the turned CT fall."""
        positions = np.asarray(grid.slice_positions_mm)
        down = positions[-1] - np.interp(slice_index, np.arange(positions.size), positions)
        return float(down / self.spacing_mm[0]), float(row * grid.row_spacing_mm / self.spacing_mm[1])


def project_laterally(
    volume: Volume, *, soft: MaskArray | None = None, is_enhanced: bool = False, pixel_mm: float = PIXEL_MM
) -> LateralProjection:
    """Sum a CT from side to side.

    Parameters
    ----------
    volume
        CT turned by `vascal.anatomy.standing.turn_volume`: (slice, row, column), HU.
    soft
        (slice, row, column): voxels that hold blood with iodine, such as the aorta without its calcium; they count as
        blood without.
    is_enhanced
        Whether there is contrast agent: then bright groups without cortex count as soft tissue too.
    pixel_mm
        Side of the film's square pixels, mm.

    Raises
    ------
    GeometryError
        If slices are unevenly spaced.
    """
    if not volume.grid.is_even:
        raise GeometryError("unevenly spaced slices can not be projected; needed: one distance between all slices")
    body = find_body(volume)
    iodine = np.zeros(volume.hu.shape, dtype=bool) if soft is None else soft.copy()
    if is_enhanced:
        iodine |= find_iodine(volume, iodine)
    width_cm = volume.grid.column_spacing_mm / 10.0
    water, mineral = (np.empty(volume.hu.shape[:2], dtype=np.float32) for _ in range(2))
    for k, plane in enumerate(volume.hu):
        hu = np.where(body[k], np.maximum(plane, -1000).astype(np.float32), -1000.0)
        hu = np.where(iodine[k], np.minimum(hu, BASE_HU), hu)
        parts = split_tissue(hu)
        water[k], mineral[k] = (part.sum(axis=1) * width_cm for part in parts)
    return LateralProjection(
        water_cm=_to_film(water, volume.grid, pixel_mm),
        hydroxyapatite_g_cm2=_to_film(mineral, volume.grid, pixel_mm),
        spacing_mm=(pixel_mm, pixel_mm),
    )


def split_tissue(hu: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split CT numbers into water and hydroxyapatite.

    Parameters
    ----------
    hu
        Any shape, not below -1000.

    Returns
    -------
    tuple
        Water as a share of its own density, and hydroxyapatite, g/cm3; together they give the CT number at 120 kVp.

    Examples
    --------
    >>> water, mineral = split_tissue(np.array([-1000.0, 0.0, 50.0, 310.0]))
    >>> mineral.round(3).tolist()
    [0.0, 0.0, 0.0, 0.2]
    >>> water.round(3).tolist()
    [0.0, 1.0, 1.05, 0.987]
    """
    ramp = np.clip((hu - MIXTURE_HU[0]) / (MIXTURE_HU[1] - MIXTURE_HU[0]), 0, 1)
    base = np.where(hu > MIXTURE_HU[0], (1 - ramp) * hu + ramp * BASE_HU, hu)
    mineral = MG_CM3_PER_HU * (hu - base) / 1000.0
    water = np.maximum(1 + base / 1000.0, 0) - mineral / HYDROXYAPATITE_G_CM3
    return water, mineral


def find_body(volume: Volume) -> MaskArray:
    """Mark the patient without table and blankets: (slice, row, column); gas inside counts as inside.

    In each slice the large regions of tissue that are thicker than a table's board, with what they enclose and the air
    next to them: air adds nothing to a ray.
    """
    body = np.zeros(volume.hu.shape, dtype=bool)
    skip = max(1, round(COARSE_MM / volume.grid.row_spacing_mm))
    for k, plane in enumerate(volume.hu):
        tissue = plane[::skip, ::skip] > BODY_HU
        labels, count = ndimage.label(ndimage.binary_opening(tissue, iterations=2))
        if count:
            sizes = np.bincount(labels.ravel())
            sizes[0] = 0
            kept = np.isin(labels, np.flatnonzero(sizes >= 0.1 * sizes.max()))
            filled = ndimage.binary_fill_holes(ndimage.binary_dilation(kept, iterations=3))
            near = np.repeat(np.repeat(filled, skip, axis=0), skip, axis=1)[: plane.shape[0], : plane.shape[1]]
            body[k] = near
    return body


def find_iodine(volume: Volume, known: Bool[np.ndarray, "slice row column"]) -> MaskArray:
    """Mark bright groups that hold iodine, not mineral: large, and with hardly a voxel as bright as cortex."""
    bright = (volume.hu > MIXTURE_HU[0]) & ~known
    labels, count = ndimage.label(bright)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    cortex = np.bincount(labels[volume.hu > CORTEX_HU], minlength=count + 1)
    voxel_mm3 = float(np.prod(volume.grid.spacing_mm))
    is_iodine = (cortex < CORTEX_SHARE * sizes) & ((sizes * voxel_mm3 > SMALL_MM3) | (cortex == 0))
    is_iodine[0] = False
    return np.asarray(is_iodine[labels])


def _to_film(plane: np.ndarray, grid: Grid, pixel_mm: float) -> PlaneF:
    """Bring (slice, row) sums to square pixels, head first."""
    down = np.arange(0.0, (grid.shape[0] - 1) * grid.spacing_between_slices_mm + 1e-6, pixel_mm)
    back = np.arange(0.0, (grid.shape[1] - 1) * grid.row_spacing_mm + 1e-6, pixel_mm)
    slices = (grid.shape[0] - 1) - down / grid.spacing_between_slices_mm
    places = np.meshgrid(slices, back / grid.row_spacing_mm, indexing="ij")
    return np.asarray(ndimage.map_coordinates(plane, places, order=1, mode="nearest"), dtype=np.float32)


def expose_simply(projection: LateralProjection, *, water_per_cm: float = 0.19, mineral_cm2_g: float = 0.34) -> PlaneF:
    """Show a projection as a film would, with one energy and no scatter: brightness 0 to 1, bone bright.

    Parameters
    ----------
    projection
        From `project_laterally`.
    water_per_cm, mineral_cm2_g
        Attenuation of water, 1/cm, and of hydroxyapatite, cm2/g, at about 60 keV (NIST XCOM 0.206 and 0.31 to 0.34).
    """
    line = water_per_cm * projection.water_cm + mineral_cm2_g * projection.hydroxyapatite_g_cm2
    inside = line[line > 0.5]
    if inside.size == 0:
        return np.zeros_like(line)
    low, high = np.percentile(inside, (2, 99.5))
    return np.asarray(np.clip((line - low) / max(float(high - low), 1e-6), 0, 1), dtype=np.float32)
