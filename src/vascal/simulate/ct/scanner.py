"""What a scanner does to the truth: resolution, noise and its texture, and how bright calcium is.

The picture of each slice is filtered once in the frequency domain. Blur follows
the modulation transfer function (MTF) of a reconstruction kernel. Noise is that
of filtered back-projection: the ramp filter times the square of the kernel's own
transfer, so its power peaks near 0.2 per mm (Riederer et al., Phys Med Biol
1978;23:446, doi:10.1088/0031-9155/23/3/008). Focal spot and detector blur the
object but not the quantum noise, which is why noise reaches higher frequencies
than the image does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float32
from scipy import fft

from vascal.errors import SimulationError
from vascal.simulate.ct.frame import Frame, Plane, Spectrum
from vascal.simulate.ct.noise import NoiseScale
from vascal.tube_voltage import calcium_hu_ratio
from vascal.types import HuArray
from vascal.volume import Grid

Planes = Float32[np.ndarray, "slice row column"]
"""CT numbers before rounding, HU."""
BEAM_HARDENING_PER_MM = 0.10 / 120.0
"""Calcium loses a tenth of its CT number from 20 to 32 cm of water."""
REFERENCE_WATER_MM = 200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """A reconstruction kernel, by the resolution and the noise it leaves.

    Parameters
    ----------
    name
        As in DICOM Convolution Kernel (0018,1210).
    mtf50_per_mm, mtf10_per_mm
        Spatial frequencies at which the image keeps 50 % and 10 % of its contrast, per mm.
    edge_boost
        How much the kernel lifts the frequencies around `mtf50_per_mm`; sharp kernels do, 0 is none.
    aperture_fwhm_mm
        Blur by focal spot and detector, which the noise does not see, mm.
    noise_floor_per_mm
        Noise that the ramp filter leaves at zero frequency, as an offset of the ramp, per mm.
    """

    name: str
    mtf50_per_mm: float
    mtf10_per_mm: float
    edge_boost: float = 0.0
    aperture_fwhm_mm: float = 0.7
    noise_floor_per_mm: float = 0.02

    def __post_init__(self) -> None:
        if not 0 < 1.2 * self.mtf50_per_mm <= self.mtf10_per_mm:
            raise SimulationError(
                f"kernel {self.name}: contrast falls to 50 % at {self.mtf50_per_mm:g} and to 10 % at "
                f"{self.mtf10_per_mm:g} per mm; the second must be at least 1.2 times the first"
            )
        if not (0 <= self.edge_boost <= 1 and self.aperture_fwhm_mm >= 0 and self.noise_floor_per_mm >= 0):
            raise SimulationError(
                f"kernel {self.name}: boost lies between 0 and 1, aperture and floor are not negative"
            )
        beyond, within = noise_transfer(self, np.asarray([2 * self.mtf10_per_mm, self.mtf50_per_mm]))
        if beyond > within / 2:
            raise SimulationError(
                f"kernel {self.name}: an aperture of {self.aperture_fwhm_mm:g} mm blurs more than it all"
            )


def mtf(kernel: Kernel, frequency_per_mm: np.ndarray) -> np.ndarray:
    """Give the share of contrast that is left at spatial frequencies.

    Parameters
    ----------
    kernel
        The reconstruction kernel.
    frequency_per_mm
        Any shape, per mm, not negative.

    Returns
    -------
    array
        1 at zero frequency, so that sums of CT numbers (masses) are kept; 0.5 and 0.1
        at the kernel's two frequencies; smooth in between.

    Notes
    -----
    A stretched exponential, times a smooth bump of height 1 + `edge_boost` at
    `mtf50_per_mm`. Without a boost, and with ``mtf10 = 1.82 mtf50``, it is a
    Gaussian; the rod of a real phantom under Canon's FC12 fits an exponent of 1.99.
    """
    half, tenth = np.log(2 * (1 + kernel.edge_boost)), np.log(10 * _bump(kernel, kernel.mtf10_per_mm))
    power = np.log(tenth / half) / np.log(kernel.mtf10_per_mm / kernel.mtf50_per_mm)
    relative = np.asarray(frequency_per_mm) / kernel.mtf50_per_mm
    return np.asarray(_bump(kernel, frequency_per_mm) * np.exp(-half * relative**power))


def _bump(kernel: Kernel, frequency_per_mm: np.ndarray | float) -> np.ndarray:
    square = np.square(np.asarray(frequency_per_mm) / kernel.mtf50_per_mm)
    return np.asarray(1 + kernel.edge_boost * square * np.exp(1 - square))


def noise_transfer(kernel: Kernel, frequency_per_mm: np.ndarray) -> np.ndarray:
    """Give the amplitude of quantum noise at spatial frequencies: the square root of its power.

    Returns
    -------
    array
        Square root of (ramp + floor) times the kernel's transfer without the aperture; per mm to the half.
    """
    squared_sd = (kernel.aperture_fwhm_mm / 2.3548) ** 2
    frequency = np.asarray(frequency_per_mm)
    aperture = np.exp(-2 * np.pi**2 * squared_sd * np.square(frequency))
    own = mtf(kernel, frequency) / np.maximum(aperture, 1e-6)
    return np.asarray(np.sqrt(frequency + kernel.noise_floor_per_mm) * own)


def noise_gain(kernel: Kernel) -> float:
    """Give the noise that a kernel lets through, relative to `QR36`, at equal dose, thickness and body.

    It follows from `noise_transfer` alone. Measured on one scanner: Qr32 0.75, Qr44 1.69.
    """
    return _noise_integral(kernel) / _noise_integral(QR36)


def _noise_integral(kernel: Kernel) -> float:
    frequency = np.linspace(0, 2.5 * kernel.mtf10_per_mm, 2000)
    power = np.square(noise_transfer(kernel, frequency)) * frequency
    return float(np.sqrt(np.sum(power) * frequency[1]))


def noise_peak_per_mm(kernel: Kernel) -> float:
    """Give the spatial frequency at which noise has most power, per mm."""
    frequency = np.linspace(0, kernel.mtf10_per_mm, 2000)
    return float(frequency[np.argmax(noise_transfer(kernel, frequency))])


QR32 = Kernel(name="Qr32", mtf50_per_mm=0.28, mtf10_per_mm=0.51)
QR36 = Kernel(name="Qr36", mtf50_per_mm=0.31, mtf10_per_mm=0.565)
QR44 = Kernel(name="Qr44", mtf50_per_mm=0.41, mtf10_per_mm=0.75)
B35F = Kernel(name="B35f", mtf50_per_mm=0.31, mtf10_per_mm=0.56)
FC12 = Kernel(name="FC12", mtf50_per_mm=0.28, mtf10_per_mm=0.51, aperture_fwhm_mm=1.0, noise_floor_per_mm=0.08)
"""Aperture and floor follow the noise power of a real scan, which is 0.6 of its peak at 0.025 per mm."""
XCA = Kernel(name="XCA", mtf50_per_mm=0.30, mtf10_per_mm=0.55)
STANDARD = Kernel(name="STANDARD", mtf50_per_mm=0.36, mtf10_per_mm=0.64)
LUNG = Kernel(name="LUNG", mtf50_per_mm=0.62, mtf10_per_mm=0.95, edge_boost=0.5)
"""Sharp, with edges that overshoot."""
SOFT_AC = Kernel(name="AC", mtf50_per_mm=0.17, mtf10_per_mm=0.31, aperture_fwhm_mm=0.9)
"""Soft and low-dose, as for the attenuation correction of PET."""
KERNELS: Mapping[str, Kernel] = MappingProxyType(
    {kernel.name: kernel for kernel in (QR32, QR36, QR44, B35F, FC12, XCA, STANDARD, LUNG, SOFT_AC)}
)
"""Qr32 to Qr44 and FC12 were measured on phantoms; the others are set between published figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """A make of scanner: its usual kernel for calcium, and how bright it shows calcium.

    Parameters
    ----------
    vendor, model
        As in DICOM.
    kernel
        Its usual kernel for calcium scoring.
    calcium_hu
        CT number of 1 mg/cm3 of hydroxyapatite at 120 kVp behind 20 cm of water, HU.
    slice_thickness_mm
        Usual for calcium scoring, mm.
    """

    vendor: str
    model: str
    kernel: Kernel
    calcium_hu: float
    slice_thickness_mm: float = 3.0


SCANNERS: Mapping[str, Scanner] = MappingProxyType(
    {
        scanner.vendor: scanner
        for scanner in (
            Scanner(vendor="SIEMENS", model="SOMATOM Force", kernel=QR36, calcium_hu=1.30),
            Scanner(vendor="TOSHIBA", model="Aquilion ONE", kernel=FC12, calcium_hu=1.39),
            Scanner(vendor="Philips", model="iCT 256", kernel=XCA, calcium_hu=1.265),
            Scanner(
                vendor="GE MEDICAL SYSTEMS",
                model="Revolution CT",
                kernel=STANDARD,
                calcium_hu=1.12,
                slice_thickness_mm=2.5,
            ),
        )
    }
)
"""Slopes lie amid those measured with phantoms: 1.23-1.34, 1.38-1.40, 1.25-1.28 and 1.10-1.14."""


def calcium_slope_hu(scanner: Scanner, kvp: float, water_mm: float = REFERENCE_WATER_MM) -> float:
    """Give the CT number of 1 mg/cm3 of hydroxyapatite, HU.

    Parameters
    ----------
    scanner
        Its slope at 120 kVp is scaled.
    kvp
        Tube voltage, kV, from 70 to 150.
    water_mm
        Water-equivalent diameter of the body, mm: beam hardening takes 10 % from 20 to 32 cm.

    Raises
    ------
    RuleError
        Outside 70 to 150 kVp.
    """
    hardening = 1 - BEAM_HARDENING_PER_MM * (water_mm - REFERENCE_WATER_MM)
    return scanner.calcium_hu * calcium_hu_ratio(kvp) * hardening


def make_image(
    unblurred_hu: Planes,
    grid: Grid,
    kernel: Kernel,
    *,
    noise_sd_hu: float,
    rng: np.random.Generator,
    slice_thickness_mm: float | None = None,
    noise_scale: NoiseScale | None = None,
    holds_pixel_means: bool = False,
) -> Planes:
    """Blur every slice by a kernel and add its noise, in one pass of Fourier transforms.

    Parameters
    ----------
    unblurred_hu
        The truth in each slice, thickness included, HU.
    grid
        Where its voxels lie.
    kernel
        Resolution and texture of noise.
    noise_sd_hu
        Standard deviation of one pixel, HU; 0 is none. With `noise_scale`, at its reference.
    rng
        Source of the noise.
    slice_thickness_mm
        Neighbouring slices that overlap share part of their noise, mm; None: no overlap.
    noise_scale
        How noise varies with place and direction; None: the same everywhere.
    holds_pixel_means
        Whether pixels hold means over their area, which are blurred already, rather than
        samples at their centres. The kernel then makes up for it.

    Returns
    -------
    array
        (slice, row, column), HU, not rounded.

    Raises
    ------
    SimulationError
        If shapes differ, or noise or thickness is negative.
    """
    if unblurred_hu.shape != grid.shape:
        raise SimulationError(f"a picture of shape {unblurred_hu.shape} on a grid of {grid.shape}")
    thickness = grid.spacing_between_slices_mm if slice_thickness_mm is None else slice_thickness_mm
    if noise_sd_hu < 0 or thickness <= 0:
        raise SimulationError(
            f"found noise of {noise_sd_hu:g} HU and slices of {thickness:g} mm; neither may be negative"
        )
    frame = Frame.around(grid)
    blur = mtf(kernel, frame.frequency_per_mm).astype(np.float32)
    if holds_pixel_means:
        blur /= frame.pixel_transfer()
    noises = _noise_spectra(frame, kernel, noise_sd_hu, thickness / grid.spacing_between_slices_mm, rng)
    image = np.empty(grid.shape, dtype=np.float32)
    for k, plane in enumerate(unblurred_hu):
        spectrum = fft.rfft2(frame.mirror(plane))
        spectrum *= blur
        if noise_sd_hu == 0:
            image[k] = frame.inverse(spectrum)
            continue
        noise = next(noises)
        if noise_scale is None:
            spectrum += noise
            image[k] = frame.inverse(spectrum)
        else:
            noise *= frame.streaks(float(noise_scale.anisotropy[k]))
            image[k] = frame.inverse(spectrum)
            image[k] += frame.inverse(noise) * noise_scale.plane(k)
    return image


def _noise_spectra(
    frame: Frame, kernel: Kernel, sd_hu: float, slices_shared: float, rng: np.random.Generator
) -> Iterator[Spectrum]:
    """Yield the Fourier transform of each slice's noise.

    Random numbers are drawn for the frequencies themselves, which saves one
    transform a slice. A slice `slices_shared` spacings thick is the running sum of that many
    independent slabs.
    """
    amplitude = _noise_amplitude(frame, kernel, sd_hu)
    whole = max(int(np.ceil(slices_shared - 1e-6)), 1)
    weights = np.ones(whole, dtype=np.float32)
    weights[-1] = max(slices_shared, 1.0) - (whole - 1)
    weights /= np.float32(np.linalg.norm(weights))
    slabs = deque((_white(amplitude.shape, rng) for _ in range(whole - 1)), maxlen=whole)
    while True:
        slabs.append(_white(amplitude.shape, rng))
        mixed = slabs[0] * weights[0] if whole > 1 else slabs[0].copy()
        for weight, slab in zip(weights[1:], list(slabs)[1:], strict=True):
            mixed += weight * slab
        mixed *= amplitude
        yield mixed


def _white(shape: tuple[int, ...], rng: np.random.Generator) -> Spectrum:
    return np.asarray(rng.standard_normal((*shape[:-1], 2 * shape[-1]), dtype=np.float32).view(np.complex64))


def _noise_amplitude(frame: Frame, kernel: Kernel, sd_hu: float) -> Plane:
    """Amplitude of each frequency's real and imaginary part, for a standard deviation of `sd_hu`."""
    amplitude = noise_transfer(kernel, frame.frequency_per_mm)
    rows, columns = frame.padded
    twice = np.full(amplitude.shape[1], 2.0)
    own_mirror = [0, -1] if columns % 2 == 0 else [0]
    twice[own_mirror] = 1.0
    mean_power = float(np.sum(np.square(amplitude) * twice)) / (rows * columns)
    # These columns are their own mirror image: half of what is drawn for them cancels.
    amplitude[:, own_mirror] *= np.sqrt(2)
    return np.asarray(amplitude * (sd_hu * np.sqrt(rows * columns / 2 / mean_power)), dtype=np.float32)


def to_stored_hu(hu: Planes) -> HuArray:
    """Round to whole HU inside what 12 bits with intercept -1024 can hold."""
    return np.asarray(np.clip(np.rint(hu), -1024, 3071), dtype=np.int16)
