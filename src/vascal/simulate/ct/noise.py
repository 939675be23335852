"""How much quantum noise a scan has, and how it varies over the body.

The variance of filtered back-projection in one pixel is the mean, over all views,
of the variance of the ray through that pixel, and a ray's variance grows with the
exponential of what it has crossed (Brooks and Di Chiro, Med Phys 1976;3:237,
doi:10.1118/1.594240). Where rays from left to right cross more than those from
front to back, noise forms horizontal streaks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from scipy import sparse

from vascal.errors import SimulationError
from vascal.volume import Grid

WATER_PER_MM = 0.0195
"""Attenuation of water at 120 kVp's effective energy, per mm."""
REFERENCE_SD_HU = 16.0
REFERENCE_MAS = 44.0
REFERENCE_THICKNESS_MM = 3.0
REFERENCE_WATER_DIAMETER_MM = 211.0
"""Kernel Qr36 on the small QRM thorax phantom, 120 kVp: 44 mAs and 3 mm leave 16 HU."""
OUTPUT_POWER = 2.5
"""A tube's output grows with about this power of its voltage."""
COARSE_MM = 7.0
"""Pixels on which paths through the body are traced."""
VIEWS = 12
REFERENCE_RADIUS_MM = 50.0
"""Noise is quoted for a disc of this radius in the middle of the image."""


def expected_noise_sd_hu(
    *,
    gain: float,
    tube_load_mas: float,
    slice_thickness_mm: float,
    water_diameter_mm: float,
    kvp: float = 120.0,
) -> float:
    """Predict the noise in the middle of a body.

    Parameters
    ----------
    gain
        Of the kernel, relative to Qr36: `vascal.simulate.ct.scanner.noise_gain`.
    tube_load_mas
        Tube current times the exposure time of one view of the body, mAs.
    slice_thickness_mm
        Slice thickness, mm.
    water_diameter_mm
        Diameter of the cylinder of water that attenuates as the body does, mm.
    kvp
        Tube voltage, kV.

    Returns
    -------
    float
        Standard deviation of one pixel, HU.

    Raises
    ------
    SimulationError
        If any of these is not positive.

    Notes
    -----
    Photons that reach the detector: mAs times kVp^2.5 times thickness times exp(-attenuation x diameter).
    The standard deviation is one over the root of their number. The QRM phantom with its ring, 100 mm of
    water more, was measured at 194 mAs: 21 HU; predicted 20.2 HU.

    Examples
    --------
    >>> round(expected_noise_sd_hu(gain=1, tube_load_mas=194, slice_thickness_mm=3, water_diameter_mm=311), 1)
    20.2
    """
    if min(gain, tube_load_mas, slice_thickness_mm, water_diameter_mm, kvp) <= 0:
        raise SimulationError("gain, tube load, thickness, diameter and tube voltage must be positive")
    dose = tube_load_mas / REFERENCE_MAS * (kvp / 120.0) ** OUTPUT_POWER
    photons = dose * slice_thickness_mm / REFERENCE_THICKNESS_MM
    body = np.exp(WATER_PER_MM * (water_diameter_mm - REFERENCE_WATER_DIAMETER_MM) / 2)
    return float(REFERENCE_SD_HU * gain * body / np.sqrt(photons))


def water_diameter_mm(body_hu: np.ndarray, pixel_area_mm2: float) -> float:
    """Give the diameter of the cylinder of water that attenuates as one slice, or the mean of slices, mm.

    Source: AAPM Report 220 (2014), equation 4: the image must hold the whole body.
    """
    water = np.maximum(1 + np.asarray(body_hu, dtype=np.float64) / 1000, 0)
    slices = body_hu.shape[0] if body_hu.ndim == 3 else 1
    return float(2 * np.sqrt(water.sum() / slices * pixel_area_mm2 / np.pi))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NoiseScale:
    """How noise varies with place and direction.

    Parameters
    ----------
    relative_sd
        (slice, coarse row, coarse column): standard deviation relative to the reference, 1 in the
        middle of the image on the average of its slices.
    anisotropy
        By slice, -1 to 1: how much more power noise has along columns' direction (x) than along
        rows' direction (y). Negative where rays from left to right are weak: horizontal streaks.
    down, across
        (row, coarse row) and (column, coarse column): weights that interpolate to pixels.
    """

    relative_sd: Float32[np.ndarray, "slice coarse_row coarse_column"]
    anisotropy: Float32[np.ndarray, " slice"]
    down: sparse.csr_array
    across: sparse.csr_array

    def plane(self, slice_index: int) -> Float32[np.ndarray, "row column"]:
        """Interpolate the relative standard deviation of every pixel of one slice."""
        rows = self.down @ self.relative_sd[slice_index]
        return np.ascontiguousarray((self.across @ rows.T).T, dtype=np.float32)


def estimate_noise_scale(
    body_hu: np.ndarray, body_grid: Grid, grid: Grid, *, current_modulation: float = 0.0
) -> NoiseScale:
    """Trace how much of the body each ray crosses, and what noise that leaves.

    Parameters
    ----------
    body_hu
        (slice, row, column) on `body_grid`, HU, without noise. It should hold the whole body, arms and
        table; what lies outside counts as air. It may be coarse.
    body_grid
        Where these voxels lie.
    grid
        Grid of the image that gets the noise.
    current_modulation
        How well the tube current follows the body, 0 to 1: each view's output is raised by the exponential
        of this share of its longest path.

    Returns
    -------
    NoiseScale
        For `grid`.

    Raises
    ------
    SimulationError
        If `body_hu` does not lie on `body_grid`.
    """
    if body_hu.shape != body_grid.shape:
        raise SimulationError(f"a body of shape {body_hu.shape} on a grid of {body_grid.shape}")
    steps = [max(round(COARSE_MM / mm), 1) for mm in (body_grid.row_spacing_mm, body_grid.column_spacing_mm)]
    water = _block_means(np.maximum(1 + body_hu[_nearest_slices(body_grid, grid)] / 1000, 0), steps)
    y = _block_centers_mm(body_grid.origin_mm[1], body_grid.row_spacing_mm, steps[0], water.shape[1])
    x = _block_centers_mm(body_grid.origin_mm[0], body_grid.column_spacing_mm, steps[1], water.shape[2])
    variance, cosine = _back_projected_variance(water, y, x, current_modulation)
    down = _linear_weights(y, grid.origin_mm[1] + grid.row_spacing_mm * np.arange(grid.shape[1]))
    across = _linear_weights(x, grid.origin_mm[0] + grid.column_spacing_mm * np.arange(grid.shape[2]))
    middle = _middle(y, x, grid)
    return NoiseScale(
        relative_sd=np.sqrt(variance / variance[:, middle].mean()).astype(np.float32),
        anisotropy=(cosine[:, middle].mean(axis=1) / variance[:, middle].mean(axis=1)).astype(np.float32),
        down=down,
        across=across,
    )


def _nearest_slices(body_grid: Grid, grid: Grid) -> np.ndarray:
    apart = np.subtract.outer(grid.slice_positions_mm, body_grid.slice_positions_mm)
    return np.asarray(np.argmin(np.abs(apart), axis=1))


def _block_means(planes: np.ndarray, steps: list[int]) -> np.ndarray:
    """Average blocks of pixels; an incomplete block at the far edge is dropped."""
    slices, rows, columns = planes.shape
    down, across = rows // steps[0], columns // steps[1]
    cut = planes[:, : down * steps[0], : across * steps[1]]
    return np.asarray(cut.reshape(slices, down, steps[0], across, steps[1]).mean(axis=(2, 4)))


def _block_centers_mm(origin_mm: float, spacing_mm: float, step: int, blocks: int) -> np.ndarray:
    return origin_mm + spacing_mm * (step * np.arange(blocks) + (step - 1) / 2)


def _back_projected_variance(
    water: np.ndarray, y: np.ndarray, x: np.ndarray, modulation: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give the mean over views of each pixel's ray variance, and twice its mean times cos(2 angle).

    The angle is that between the detector and x: it is the direction in which noise from that view varies.
    """
    flat = water.reshape(water.shape[0], -1).T
    pixel_mm = float(abs(y[1] - y[0]) * abs(x[1] - x[0])) ** 0.5
    variance, cosine = np.zeros(flat.shape), np.zeros(flat.shape)
    for angle in np.arange(VIEWS) * np.pi / VIEWS:
        rays = _rays(y, x, angle, pixel_mm)
        path = WATER_PER_MM * pixel_mm * (rays.T @ flat)
        ray_variance = np.exp(path - modulation * path.max(axis=0))
        seen = rays @ ray_variance
        variance += seen / VIEWS
        cosine += seen * (2 * np.cos(2 * angle) / VIEWS)
    return variance.T.reshape(water.shape), cosine.T.reshape(water.shape)


def _rays(y: np.ndarray, x: np.ndarray, angle: float, pixel_mm: float) -> sparse.csr_array:
    """Share of each pixel (row of the matrix) in each ray (column), by linear interpolation on the detector."""
    place = (x[None, :] * np.cos(angle) + y[:, None] * np.sin(angle)).reshape(-1) / pixel_mm
    place = place - np.floor(place.min())
    low = np.floor(place).astype(np.int64)
    share = place - low
    pixels = np.arange(place.size)
    entries = (np.append(1 - share, share), (np.append(pixels, pixels), np.append(low, low + 1)))
    return sparse.csr_array(entries, shape=(place.size, int(low.max()) + 2))


def _linear_weights(coarse_mm: np.ndarray, fine_mm: np.ndarray) -> sparse.csr_array:
    """Weights that interpolate from coarse places to fine ones; flat beyond the ends.

    Sparse, since multiplying small dense matrices wakes threads that cost more than they do.
    """
    place = np.clip((fine_mm - coarse_mm[0]) / (coarse_mm[1] - coarse_mm[0]), 0, coarse_mm.size - 1)
    low = np.minimum(place.astype(np.int64), coarse_mm.size - 2)
    weights = np.zeros((fine_mm.size, coarse_mm.size), dtype=np.float32)
    fine = np.arange(fine_mm.size)
    weights[fine, low] = 1 - (place - low)
    weights[fine, low + 1] = place - low
    return sparse.csr_array(weights)


def _middle(y: np.ndarray, x: np.ndarray, grid: Grid) -> np.ndarray:
    """Mark coarse pixels within the reference radius of the image's middle, or the nearest one."""
    center = grid.index_to_mm(0, (grid.shape[1] - 1) / 2, (grid.shape[2] - 1) / 2)
    away = np.hypot(x[None, :] - center[0], y[:, None] - center[1])
    return np.asarray(away <= max(REFERENCE_RADIUS_MM, float(away.min())))
