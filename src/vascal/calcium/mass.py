"""Mass of calcium (hydroxyapatite), and the calibration behind it.

The threshold mass is a factor times volume times mean CT number (McCollough et
al., Radiology 2007;243:527-538, doi:10.1148/radiol.2432050808). It loses what
partial volume pushes below the threshold. The integrated and the
volume-fraction mass do not: they add up all intensity above background in a
region that holds the whole blurred lesion (Black, Xiao & Molloi, 2023,
doi:10.1101/2023.01.12.23284482; doi:10.1002/mp.16326).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter

from vascal.calcium.lesions import Lesion
from vascal.calcium.volume_score import box_around, mask_in_box, voxel_volumes_mm3
from vascal.errors import RuleError
from vascal.tube_voltage import calcium_hu_ratio
from vascal.volume import Grid, Vector, Volume

CalibrationSource = Literal["assumed", "rods", "table", "stated"]

ASSUMED_FACTOR_MG_CM3_PER_HU = 100.0 / 130.0
"""100 mg/cm3 of hydroxyapatite give 130 HU at 120 kVp."""

HALO_MM = 2.0
"""How far blur carries a lesion's intensity: twice the FWHM half-width of a
routine cardiac kernel (about 1 mm)."""

RING_MM = 4.0
"""Outer distance of the ring that measures the background."""

NEARNESS_MM = 0.6
"""How soon a part of the ring counts less with its distance: standard deviation.
Chosen among 0.6 to 3 mm and no weighting on the fitting half of `bench/accuracy`."""

ONE_TISSUE_SD_HU = 25.0
"""Noise of routine scans: a ring that spreads less holds one tissue."""

FEWEST_BACKGROUND = 10
"""Voxels of background without which only the threshold mass is known."""

LEAST_WEIGHT = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Turns CT numbers into density.

    Parameters
    ----------
    factor_mg_cm3_per_hu
        Density of hydroxyapatite that adds 1 HU, mg/cm3 per HU.
    source
        ``assumed``: 100 mg/cm3 at 130 HU and 120 kVp, scaled to the tube
        voltage. ``rods``: measured in this image. ``table``: by scanner and
        protocol. ``stated``: given as a number.
    detail
        Which rods, row or number.
    """

    factor_mg_cm3_per_hu: float
    source: CalibrationSource
    detail: str = ""

    def __post_init__(self) -> None:
        if not 0.1 < self.factor_mg_cm3_per_hu < 10:
            raise RuleError(
                f"calibration factor {self.factor_mg_cm3_per_hu:g} mg/cm3 per HU is not plausible; expected about 0.8"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rod:
    """A cylinder along the slice axis with known content.

    Parameters
    ----------
    center_mm
        Its middle in LPS, mm.
    radius_mm, length_mm
        Part to average over; keep clear of its edge.
    density_mg_cm3
        Hydroxyapatite, mg/cm3; 0 for water.
    """

    center_mm: Vector
    radius_mm: float
    length_mm: float
    density_mg_cm3: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MassScore:
    """Mass of one lesion, measured in three ways, mg.

    The last two are None where no clean background surrounds the lesion.
    """

    mass_mg: float
    integrated_mg: float | None
    volume_fraction_mg: float | None


def assume_calibration(kvp: float | None) -> Calibration:
    """Give the default calibration: 100 mg/cm3 at 130 HU, scaled to the tube voltage.

    Examples
    --------
    >>> round(assume_calibration(120).factor_mg_cm3_per_hu, 3)
    0.769
    """
    ratio = 1.0 if kvp is None else calcium_hu_ratio(kvp)
    return Calibration(
        factor_mg_cm3_per_hu=ASSUMED_FACTOR_MG_CM3_PER_HU / ratio,
        source="assumed",
        detail=f"100 mg/cm3 = 130 HU at 120 kVp, scaled to {120 if kvp is None else kvp:g} kVp",
    )


VIRTUAL_NON_CONTRAST = 2.8
"""Taking iodine away takes most of the calcium with it: three-material decomposition of every pair of spectra from
80/140 to 70/Sn150 kV keeps 34 to 37 % of its CT number at 120 kVp, so mass is 2.7 to 2.9 times what is seen (computed
for a base of water and iodine; with fat and muscle as base 47 to 50 % remain, and the factor is 2.0 to 2.1)."""


def correct_virtual(calibration: Calibration) -> Calibration:
    """Make up for the calcium that a virtual non-contrast image has lost with the iodine."""
    return Calibration(
        factor_mg_cm3_per_hu=calibration.factor_mg_cm3_per_hu * VIRTUAL_NON_CONTRAST,
        source=calibration.source,
        detail=f"{calibration.detail}; times {VIRTUAL_NON_CONTRAST:g} for a virtual non-contrast image",
    )


def calibrate_from_rods(volume: Volume, water: Rod, calcium: Rod) -> Calibration:
    """Measure the calibration from rods scanned with the patient or phantom.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    water, calcium
        Where the rods lie, and what they hold.

    Returns
    -------
    Calibration
        Factor = (density difference) / (HU difference).

    Raises
    ------
    RuleError
        If a rod lies outside the image, or calcium is not brighter than water.
    """
    hu = [float(np.mean(volume.hu.reshape(-1)[_rod_voxels(volume.grid, rod)])) for rod in (water, calcium)]
    if hu[1] - hu[0] < 10:
        raise RuleError(f"the calcium rod ({hu[1]:.1f} HU) must be brighter than the water rod ({hu[0]:.1f} HU)")
    return Calibration(
        factor_mg_cm3_per_hu=(calcium.density_mg_cm3 - water.density_mg_cm3) / (hu[1] - hu[0]),
        source="rods",
        detail=f"water {hu[0]:.1f} HU, {calcium.density_mg_cm3:g} mg/cm3 {hu[1]:.1f} HU",
    )


def _rod_voxels(grid: Grid, rod: Rod) -> np.ndarray:
    away = np.subtract(rod.center_mm, grid.origin_mm)
    row = np.arange(grid.shape[1]) * grid.row_spacing_mm - away @ np.asarray(grid.row_axis)
    column = np.arange(grid.shape[2]) * grid.column_spacing_mm - away @ np.asarray(grid.column_axis)
    first = grid.slice_positions_mm[0]
    along = np.asarray(grid.slice_positions_mm) - first - away @ np.asarray(grid.slice_axis)
    disc = np.flatnonzero(row[:, None] ** 2 + column[None, :] ** 2 <= rod.radius_mm**2)
    slices = np.flatnonzero(np.abs(along) <= rod.length_mm / 2)
    if disc.size == 0 or slices.size == 0:
        raise RuleError(f"no voxel lies in the rod at {rod.center_mm} mm, radius {rod.radius_mm:g} mm")
    return np.asarray((slices[:, None] * (grid.shape[1] * grid.shape[2]) + disc[None, :]).reshape(-1))


def score_mass(volume: Volume, lesion: Lesion, calibration: Calibration, bright: np.ndarray) -> MassScore:
    """Measure the mass of one lesion in three published ways.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    lesion
        Voxels that reached the threshold.
    calibration
        Turns HU into mg/cm3.
    bright
        Flat positions, ascending, of all voxels of *any* lesion: kept out of
        this lesion's halo and background.

    Notes
    -----
    All three share one factor. The integrated mass sums (HU - background) over
    lesion and halo, where the background of a voxel is the mean of the ring
    weighted by nearness: a plaque lies between fat, muscle and blood, and one
    mean for all of them reads 6 % too much calcium in simulated hearts. The
    volume-fraction mass gives each voxel the fraction (HU - tissue) / (HU of
    pure calcium - tissue), with the ring's median as tissue. On a linear scale
    the density of the pure calcium cancels out. Halo that lies between two
    lesions belongs to the nearer one, so that no calcium counts twice.
    """
    grid = volume.grid
    mm3 = voxel_volumes_mm3(lesion, grid)
    factor_mg_mm3 = calibration.factor_mg_cm3_per_hu / 1000.0
    mass_mg = factor_mg_mm3 * float(np.sum(mm3 * lesion.hu))
    region = _find_surroundings(volume, lesion, bright)
    if region is None:
        return MassScore(mass_mg=mass_mg, integrated_mg=None, volume_fraction_mg=None)
    above = region.hu - _background_nearby(region)
    above_median = region.hu - np.median(region.hu[region.ring])
    return MassScore(
        mass_mg=mass_mg,
        integrated_mg=factor_mg_mm3 * float(np.sum(above * region.halo_mm3)),
        volume_fraction_mg=factor_mg_mm3 * float(np.sum(above_median * region.halo_mm3)),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Surroundings:
    """A lesion's box: (slice, row, column).

    Parameters
    ----------
    hu
        CT numbers, HU.
    halo_mm3
        Volume of each voxel of lesion and halo, 0 elsewhere; half where two lesions are equally near, mm3.
    ring
        Background.
    reach
        Halo along each axis, voxels.
    """

    hu: np.ndarray
    halo_mm3: np.ndarray
    ring: np.ndarray
    reach: tuple[float, ...]


def _find_surroundings(volume: Volume, lesion: Lesion, bright: np.ndarray) -> _Surroundings | None:
    """Find the halo and the ring of a lesion; None if the ring is empty.

    Across slices the halo reaches at least one slice, since partial volume
    always reaches the next.
    """
    grid = volume.grid
    reach_mm = (max(HALO_MM, grid.spacing_mm[0]), HALO_MM, HALO_MM)
    reach = tuple(r / s for r, s in zip(reach_mm, grid.spacing_mm, strict=True))
    k, i, j = (int(np.ceil(r * RING_MM / HALO_MM)) for r in reach)
    box = box_around(lesion, grid.shape, (k, i, j))
    mask = mask_in_box(lesion, grid.shape, box)
    foreign = _bright_in_box(bright, grid.shape, box) & ~mask
    away, away_foreign = _reaches_from(mask, reach), _reaches_from(foreign, reach)
    # Lung and air in the ring would pull the background far below tissue.
    usable = ~foreign & (volume.hu[box] > -200)
    ring = (away > 1.0) & (away <= RING_MM / HALO_MM) & usable
    clean = ring & (away_foreign > 1.0)
    if np.count_nonzero(clean) >= FEWEST_BACKGROUND:
        ring = clean
    elif np.count_nonzero(ring) < FEWEST_BACKGROUND:
        return None
    share = np.where(away < away_foreign, 1.0, np.where(away == away_foreign, 0.5, 0.0))
    voxel_mm3 = (grid.slice_extents_mm()[box[0]] * grid.pixel_area_mm2)[:, None, None]
    halo_mm3 = share * ((away <= 1.0) & usable) * voxel_mm3
    return _Surroundings(hu=volume.hu[box].astype(np.float64), halo_mm3=halo_mm3, ring=ring, reach=reach)


def _reaches_from(mask: np.ndarray, reach: tuple[float, ...]) -> np.ndarray:
    """Distance of every voxel from a mask, in reaches of the halo; infinite from nothing."""
    if not mask.any():
        return np.full(mask.shape, np.inf)
    return np.asarray(distance_transform_edt(~mask, sampling=[1 / r for r in reach]))


def _background_nearby(region: _Surroundings) -> np.ndarray:
    """Give every voxel the mean of the ring around it, weighted by a Gaussian of distance.

    A ring that spreads no more than noise holds one tissue, whose plain mean is
    the steadier estimate: nearness counts by the share of variance above that. Deep inside a large lesion no part
    of the ring is near; it then gets the whole ring's mean.
    """
    mean_hu = float(np.mean(region.hu[region.ring]))
    sigma = [NEARNESS_MM / HALO_MM * r for r in region.reach]
    weight = gaussian_filter(region.ring.astype(np.float64), sigma, mode="constant", truncate=8)
    over_mean = np.where(region.ring, region.hu - mean_hu, 0.0)
    summed = gaussian_filter(over_mean, sigma, mode="constant", truncate=8)
    near = weight > LEAST_WEIGHT
    variance = float(np.var(region.hu[region.ring]))
    tissues = max(0.0, 1 - ONE_TISSUE_SD_HU**2 / variance) if variance > 0 else 0.0
    return np.asarray(mean_hu + tissues * np.divide(summed, weight, out=np.zeros_like(summed), where=near))


def _bright_in_box(bright: np.ndarray, shape: tuple[int, int, int], box: tuple[slice, slice, slice]) -> np.ndarray:
    """Mark voxels of any lesion inside a box; only its slices are looked at."""
    pixels = shape[1] * shape[2]
    first, last = np.searchsorted(bright, (box[0].start * pixels, box[0].stop * pixels))
    k, i, j = np.unravel_index(bright[first:last], shape)
    inside = (i >= box[1].start) & (i < box[1].stop) & (j >= box[2].start) & (j < box[2].stop)
    mask = np.zeros(tuple(s.stop - s.start for s in box), dtype=bool)
    mask[k[inside] - box[0].start, i[inside] - box[1].start, j[inside] - box[2].start] = True
    return mask
