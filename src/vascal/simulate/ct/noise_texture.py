"""How fine the noise of a real scan is, and what that says of its resolution.

Filtered back-projection shapes noise by the ramp filter and the square of the
kernel's own transfer, so that the spectrum of the noise in even tissue tells how
much the kernel blurs (Riederer et al., Phys Med Biol 1978;23:446,
doi:10.1088/0031-9155/23/3/008). What blurs the patient and not the noise, focal
spot and detector, can not be seen in it and is assumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.lib.stride_tricks import sliding_window_view
from scipy import ndimage

from vascal.errors import SimulationError
from vascal.simulate.ct.scanner import Kernel, noise_transfer
from vascal.volume import Volume

BLOCK_MM = 20.0
SMOOTHING_MM = 2.0
TISSUE_HU = (-20.0, 110.0)
"""Blood, muscle and solid organs, once noise is smoothed away."""
FEWEST_BLOCKS, MOST_BLOCKS = 12, 60
MOST_SLICES = 40
LEAST_NOISE_HU = 1.5
"""Below this, rounding to whole HU is a sizeable part of what is seen."""
LOWEST_PER_MM = 0.14
"""What is slower than this is anatomy as much as noise."""
APERTURE_MM, APERTURE_SHARE = 1.0, 0.35
"""Focal spot and detector, mm, as a real scan of a phantom with a known kernel needs it (`scanner.FC12`); in sharp
kernels a share of what `mtf50_per_mm` leaves, since the whole must be blurrier than a part of it."""
NOISE_FLOOR_PER_MM = 0.08
MTF10_TO_MTF50 = 1.82
"""Kernels are taken to be Gaussian, which those for soft tissue nearly are."""
MTF50_TRIED_PER_MM = np.round(np.arange(0.12, 0.80, 0.01), 2)

Image = Float[np.ndarray, "row column"]
Blocks = Float[np.ndarray, "block side side"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NoiseTexture:
    """Noise of a scan in even tissue.

    Parameters
    ----------
    sd_hu
        Standard deviation of one pixel, HU.
    frequency_per_mm
        (frequency,), per mm, up to the limit of the pixels.
    power
        (frequency,), mean over all directions; only its shape has a meaning.
    limit_per_mm
        Highest frequency that the pixels can hold, per mm.
    blocks
        How many squares of tissue were used.
    """

    sd_hu: float
    frequency_per_mm: Float[np.ndarray, " frequency"]
    power: Float[np.ndarray, " frequency"]
    limit_per_mm: float
    blocks: int


def measure_texture(volume: Volume) -> NoiseTexture:
    """Measure the noise's strength and spectrum in the evenest squares of soft tissue.

    Parameters
    ----------
    volume
        CT without contrast edges in most of its soft tissue: (slice, row, column), HU.

    Raises
    ------
    SimulationError
        If too little even tissue is there, or hardly any noise.

    Notes
    -----
    Squares of 20 mm whose smoothed CT numbers lie between -20 and 110 HU, the 60
    whose smoothed surface is closest to a plane or a bowl; that surface is taken
    off, and the median of their spectra resists the one with a vessel in it.
    """
    spacing = (volume.grid.row_spacing_mm, volume.grid.column_spacing_mm)
    side = 2 * max(round(BLOCK_MM / max(spacing) / 2), 4)
    blocks, roughness = _tissue_blocks(volume, side)
    if len(blocks) < FEWEST_BLOCKS:
        raise SimulationError(
            f"{len(blocks)} squares of even soft tissue were found; {FEWEST_BLOCKS} are needed to measure resolution "
            "by noise, so the kernel must be stated"
        )
    even = _without_surface(blocks[np.argsort(roughness, kind="stable")[:MOST_BLOCKS]])
    sd_hu = float(np.median(even.std(axis=(1, 2))))
    if sd_hu < LEAST_NOISE_HU:
        raise SimulationError(
            f"noise of {sd_hu:.1f} HU is too little to measure resolution by; the kernel must be stated"
        )
    frequency, power = _radial_power(even, spacing)
    return NoiseTexture(
        sd_hu=sd_hu, frequency_per_mm=frequency, power=power, limit_per_mm=0.5 / max(spacing), blocks=len(even)
    )


def match_kernel(texture: NoiseTexture, *, name: str = "as the noise") -> Kernel:
    """Find the kernel whose noise would look like this.

    Parameters
    ----------
    texture
        From `measure_texture`.
    name
        What the kernel is called.

    Returns
    -------
    Kernel
        Gaussian, with a focal spot and detector of 0.7 mm.

    Notes
    -----
    On a real scan of the QRM phantom in Canon's FC12, half contrast comes out at 0.30 per mm;
    measured with its rods: 0.26 to 0.29. On simulated scans, whose focal spot is smaller, it is
    up to 11 % too low in kernels from 0.17 to 0.31 per mm, 17 % at 0.41, and 30 % in a kernel for
    lung, which is far from Gaussian. Denoising makes noise coarser than the image, so a denoised
    scan is taken to be blurrier than it is. Nothing beyond the pixels' own limit can be seen.
    """
    seen = texture.frequency_per_mm >= LOWEST_PER_MM
    frequency, power = texture.frequency_per_mm[seen], texture.power[seen] / texture.power[seen].max()
    # Pixels show nothing beyond their own limit: the sharpest kernels can not be told from one another.
    kernels = [gaussian_kernel(name, float(mtf50)) for mtf50 in MTF50_TRIED_PER_MM if mtf50 <= texture.limit_per_mm]
    return min(kernels, key=lambda kernel: _misfit(frequency, power, kernel))


def gaussian_kernel(name: str, mtf50_per_mm: float) -> Kernel:
    """Make a kernel of which only the frequency of half contrast is known, per mm.

    Raises
    ------
    SimulationError
        If the frequency is not positive.
    """
    if not mtf50_per_mm > 0:
        raise SimulationError(f"kernel {name}: half contrast at {mtf50_per_mm:g} per mm; needed: above 0")
    return Kernel(
        name=name,
        mtf50_per_mm=mtf50_per_mm,
        mtf10_per_mm=MTF10_TO_MTF50 * mtf50_per_mm,
        aperture_fwhm_mm=min(APERTURE_MM, APERTURE_SHARE / mtf50_per_mm),
        noise_floor_per_mm=NOISE_FLOOR_PER_MM,
    )


def _misfit(frequency: np.ndarray, power: np.ndarray, kernel: Kernel) -> float:
    """Squared relative error at the best scale; the weakest frequencies count less."""
    model = np.square(noise_transfer(kernel, frequency))
    model *= (model @ power) / (model @ model)
    weight = 1 / (model + 0.05)
    model *= ((weight * model) @ power) / ((weight * model) @ model)
    return float(np.sum(np.square(weight * (power - model))))


def _tissue_blocks(volume: Volume, side: int) -> tuple[Blocks, np.ndarray]:
    """Squares of soft tissue, and how uneven each of them is without its noise."""
    found = list(_blocks_by_slice(volume, side))
    blocks = np.concatenate([blocks for blocks, _ in found])
    smooth = np.concatenate([smooth for _, smooth in found])
    roughness = _without_surface(smooth).std(axis=(1, 2)) if len(smooth) else np.zeros(0)
    return blocks, roughness


def _blocks_by_slice(volume: Volume, side: int) -> Iterator[tuple[Blocks, Blocks]]:
    count = volume.grid.shape[0]
    sigma = (SMOOTHING_MM / volume.grid.row_spacing_mm, SMOOTHING_MM / volume.grid.column_spacing_mm)
    for k in np.unique(np.linspace(0, count - 1, min(count, MOST_SLICES)).round().astype(int)):
        plane = volume.hu[k].astype(np.float64)
        if min(plane.shape) < side:
            yield np.zeros((0, side, side)), np.zeros((0, side, side))
            continue
        step = slice(None, None, side // 2)
        smooth = sliding_window_view(ndimage.gaussian_filter(plane, sigma), (side, side))[step, step]
        sparse = smooth[..., ::3, ::3]
        tissue = (sparse.min(axis=(2, 3)) > TISSUE_HU[0]) & (sparse.max(axis=(2, 3)) < TISSUE_HU[1])
        yield sliding_window_view(plane, (side, side))[step, step][tissue], smooth[tissue]


def _without_surface(blocks: Blocks) -> Blocks:
    """Take a surface of second degree off each square."""
    side = blocks.shape[1]
    y, x = (axis.ravel() / side - 0.5 for axis in np.mgrid[:side, :side])
    terms = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)
    flat = blocks.reshape(len(blocks), -1)
    return np.asarray(flat - flat @ np.linalg.pinv(terms).T @ terms.T).reshape(blocks.shape)


def _radial_power(even: Blocks, spacing_mm: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Median of the squares' spectra, averaged over directions."""
    side = even.shape[1]
    taper = np.hanning(side)[:, None] * np.hanning(side)
    power = np.square(np.abs(np.fft.fft2(even * taper)))
    down, across = (np.fft.fftfreq(side, mm) for mm in spacing_mm)
    frequency = np.hypot(down[:, None], across)
    ring = np.rint(frequency * side * max(spacing_mm)).astype(int)
    rings = [ring == number for number in range(2, side // 2)]
    return (
        np.array([frequency[one].mean() for one in rings]),
        np.array([np.median(power[:, one].mean(axis=1)) for one in rings]),
    )
