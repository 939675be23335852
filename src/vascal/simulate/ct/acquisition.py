"""What the scanner does to the truth: blur and noise, and how bright calcium is.

Sources: hydroxyapatite slopes of Siemens, Canon, Philips and GE scanners at
120 kVp lie between 1.10 and 1.40 HU per mg/cm3; calcium scoring kernels have an
MTF of 50 % at 0.26 to 0.31 per mm and noise of 15 to 24 HU whose power peaks near
0.2 per mm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from vascal.simulate.ct.shapes import Reals
from vascal.tube_voltage import calcium_hu_ratio
from vascal.volume import Grid

HYDROXYAPATITE_HU_120_KVP = 1.30
"""HU per mg/cm3 of hydroxyapatite at 120 kVp."""
FWHM_PER_SD = 2.3548
LOW_FREQUENCY_FLOOR = 0.01
"""Noise that the ramp filter does not remove, per mm: real noise is never quite flat."""


def calcium_slope_hu(kvp: float) -> float:
    """Give the CT number of 1 mg/cm3 of hydroxyapatite, HU.

    Raises
    ------
    RuleError
        Outside 70 to 150 kVp.
    """
    return HYDROXYAPATITE_HU_120_KVP * calcium_hu_ratio(kvp)


def blur_in_plane(planes: Reals, grid: Grid, psf_fwhm_mm: float) -> Reals:
    """Blur each slice by a Gaussian point spread function; sums are kept inside."""
    sd = psf_fwhm_mm / FWHM_PER_SD
    sigma = (0.0, sd / grid.row_spacing_mm, sd / grid.column_spacing_mm)
    return np.asarray(ndimage.gaussian_filter(planes, sigma, mode="nearest", truncate=3.5), dtype=np.float32)


def noise_hu(grid: Grid, sd_hu: float, thickness_mm: float, psf_fwhm_mm: float, rng: np.random.Generator) -> Reals:
    """Draw noise with the texture of filtered back-projection.

    Its power grows with frequency, as the ramp filter leaves it, and falls with
    the square of the kernel's MTF: with a kernel of 1.3 mm the peak lies at 0.2 per mm.
    Overlapping slices share part of their noise.

    Parameters
    ----------
    sd_hu
        Standard deviation of one pixel, HU.
    thickness_mm
        Slice thickness, mm.
    psf_fwhm_mm
        Width of the point spread function, mm.

    Returns
    -------
    array
        (slice, row, column), HU.
    """
    if sd_hu == 0:
        return np.zeros(grid.shape, dtype=np.float32)
    transfer = _noise_transfer(grid, psf_fwhm_mm)
    noise = np.empty(grid.shape, dtype=np.float32)
    for plane in noise:
        white = rng.standard_normal(plane.shape, dtype=np.float32)
        plane[:] = fft.irfft2(fft.rfft2(white) * transfer, s=plane.shape)
    overlap = round(thickness_mm / grid.spacing_between_slices_mm)
    if overlap > 1:
        noise = np.asarray(ndimage.uniform_filter1d(noise, overlap, axis=0, mode="wrap"))
    noise *= np.float32(sd_hu / noise.std())
    return noise


def _noise_transfer(grid: Grid, psf_fwhm_mm: float) -> Reals:
    """Amplitude at each spatial frequency of one slice, arbitrary scale."""
    down = np.fft.fftfreq(grid.shape[1], grid.row_spacing_mm)[:, None]
    across = np.fft.rfftfreq(grid.shape[2], grid.column_spacing_mm)[None]
    frequency = np.hypot(down, across)
    sd_mm = psf_fwhm_mm / FWHM_PER_SD
    amplitude = np.sqrt(frequency + LOW_FREQUENCY_FLOOR) * np.exp(-2 * np.square(np.pi * sd_mm * frequency))
    return np.asarray(amplitude, dtype=np.float32)


def to_stored_hu(hu: Reals) -> NDArray[np.int16]:
    """Round to whole HU inside what 12 bits with intercept -1024 can hold."""
    return np.clip(np.rint(hu), -1024, 3071).astype(np.int16)
