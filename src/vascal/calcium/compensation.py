"""Bring scans of other kinds back to the reference that the Agatston score was defined on. Opt-in.

The reference is 120 kVp, slices of 3 mm, a medium kernel (50 % of contrast at
0.31 per mm) and filtered back-projection. A `Compensation` says what is done to the
image, to the rule and to the score; several are applied one after the other. What
each was fitted on, how well it did on patients it was not fitted on, and what was
tried in vain is in ``docs/explanation/compensation.md``. All of it was simulated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vascal.calcium.rule import AgatstonRule
from vascal.errors import RuleError
from vascal.tube_voltage import REFERENCE_KV, calcium_hu_ratio
from vascal.volume import Grid, LabelMap, Volume

TISSUE_HU = 20.0
"""CT number of what plaques lie in, a mix of muscle, blood and fat; fitted at 70 kVp."""
HARDENING_PER_BMI = 0.0023
"""Share by which the rule falls with each kg/m2. Beam hardening alone asks for 0.0044 (a tenth for 12 cm of water,
half a centimetre for each kg/m2); a larger patient's greater noise makes up for half of it."""
MEAN_BMI = 26.0
REFERENCE_SLICE_MM = 3.0
AVERAGED_UP_TO_MM = 2.0
"""Slices up to this are averaged to 3 mm; those of 2.5 mm would lose more by it than they gain."""
THICK_FROM_MM = 4.0
THICK_SCALE = 0.90
"""Threshold and weights for slices of 5 mm."""
KERNEL_BLUR_MM: Mapping[str, float] = MappingProxyType({"Qr36": 0.0, "B35f": 0.0, "Qr44": 0.4, "LUNG": 0.6})
"""What brings a kernel to 50 % of contrast at 0.31 per mm. Qr44 needs what the two modulation transfer functions
ask for (0.40 mm); names were simulated as `vascal.simulate.ct.scanner` has them."""
SOFT_KERNEL_SCALE: Mapping[str, float] = MappingProxyType({"Qr32": 0.95})
"""Kernels softer than the reference are not sharpened; the rule is lowered."""
NOISE_BLUR_MM: Mapping[float, float] = MappingProxyType({38.0: 0.3, 27.0: 0.2})
"""Blur for noise from so many HU on, highest first."""
DENOISED_SCALE: Mapping[str, float] = MappingProxyType({"iterative": 0.975, "deep": 0.95})
"""Denoising flattens small lesions. How strongly is not in the header; 0.95 lies between what half strength (0.975)
and full strength (0.925) of deep-learning denoising ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compensation:
    """One correction towards the reference.

    Parameters
    ----------
    name
        How reports call it.
    kvp
        Tube voltage that the rule then holds for; None leaves it.
    calcium_scale, pivot_hu
        Threshold and weight edges move to ``pivot + (edge - pivot) * scale``: calcium is brighter by
        this factor, the tissue it lies in (`pivot_hu`, HU) is not.
    blur_sd_mm
        Standard deviation of a Gaussian blur within slices, mm.
    slice_mm
        Slices are averaged to this thickness and spacing, mm.
    min_patch_mm2
        Smallest patch that counts, mm2; None leaves it.
    score_factor
        What the score is multiplied by.
    """

    name: str
    kvp: float | None = None
    calcium_scale: float = 1.0
    pivot_hu: float = 0.0
    blur_sd_mm: float = 0.0
    slice_mm: float | None = None
    min_patch_mm2: float | None = None
    score_factor: float = 1.0

    def __post_init__(self) -> None:
        if not (0.2 <= self.calcium_scale <= 5 and 0.2 <= self.score_factor <= 5 and 0 <= self.blur_sd_mm <= 3):
            raise RuleError(
                f"compensation {self.name}: scale and factor lie from 0.2 to 5, blur from 0 to 3 mm; found "
                f"{self.calcium_scale:g}, {self.score_factor:g}, {self.blur_sd_mm:g}"
            )
        if self.slice_mm is not None and self.slice_mm <= 0:
            raise RuleError(f"compensation {self.name}: slices need a positive thickness; found {self.slice_mm:g} mm")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanFacts:
    """What decides on compensation; None is unknown and leaves its factor alone.

    Parameters
    ----------
    kvp
        Tube voltage, kV.
    slice_mm
        Spacing between slices that touch, mm.
    kernel
        Convolution kernel; one that is not in `KERNEL_BLUR_MM` or `SOFT_KERNEL_SCALE` is left as it is.
    noise_sd_hu
        Noise of one pixel in soft tissue, HU.
    bmi
        Body mass index, kg/m2.
    denoising
        ``iterative`` or ``deep``.
    """

    kvp: float | None = None
    slice_mm: float | None = None
    kernel: str | None = None
    noise_sd_hu: float | None = None
    bmi: float | None = None
    denoising: Literal["none", "iterative", "deep"] = "none"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compensated:
    """What to score, how, and what was done.

    Parameters
    ----------
    volume
        Image after blur and averaging of slices.
    rule
        Thresholds after all compensations.
    score_factor
        Multiply the Agatston score by it.
    names
        Compensations used, in order.
    """

    volume: Volume
    rule: AgatstonRule
    score_factor: float
    names: tuple[str, ...]


def choose_compensations(facts: ScanFacts) -> tuple[Compensation, ...]:
    """Choose what each known fact asks for; a scan at the reference needs nothing.

    Noise is met only where neither averaging nor a kernel's blur lowers it already.

    Raises
    ------
    RuleError
        If the tube voltage is outside 70 to 150 kVp.

    Examples
    --------
    >>> [one.name for one in choose_compensations(ScanFacts(kvp=100.0, slice_mm=1.5, kernel="Qr44"))]
    ['100 kVp', '1.5 mm slices', 'kernel Qr44']
    """
    image = (*_for_slices(facts.slice_mm), *_for_kernel(facts.kernel))
    is_smoothed = any(one.slice_mm or one.blur_sd_mm for one in image)
    noise = () if is_smoothed else _for_noise(facts.noise_sd_hu)
    return (*_for_voltage(facts.kvp), *_for_size(facts.bmi), *image, *noise, *_for_denoising(facts.denoising))


def known_kernel(kernels: Sequence[str]) -> str | None:
    """Find the first convolution kernel whose compensation is known, whatever letter ends its name.

    Examples
    --------
    >>> known_kernel(("Qr44f", "3"))
    'Qr44'
    """
    known = (*KERNEL_BLUR_MM, *SOFT_KERNEL_SCALE)
    return next((name for kernel in kernels for name in known if kernel.startswith(name)), None)


def _for_voltage(kvp: float | None) -> tuple[Compensation, ...]:
    if kvp is None or kvp == REFERENCE_KV:
        return ()
    return (Compensation(name=f"{kvp:g} kVp", kvp=kvp, calcium_scale=calcium_hu_ratio(kvp), pivot_hu=TISSUE_HU),)


def _for_size(bmi: float | None) -> tuple[Compensation, ...]:
    """Beam hardening of patients larger or smaller than average, between 15 and 60 kg/m2."""
    if bmi is None or bmi == MEAN_BMI:
        return ()
    scale = 1 - HARDENING_PER_BMI * (min(max(bmi, 15.0), 60.0) - MEAN_BMI)
    return (Compensation(name=f"BMI {bmi:.0f}", calcium_scale=scale, pivot_hu=TISSUE_HU),)


def _for_slices(slice_mm: float | None) -> tuple[Compensation, ...]:
    if slice_mm is None or AVERAGED_UP_TO_MM < slice_mm < THICK_FROM_MM:
        return ()
    name = f"{slice_mm:g} mm slices"
    if slice_mm <= AVERAGED_UP_TO_MM:
        return (Compensation(name=name, slice_mm=REFERENCE_SLICE_MM),)
    return (Compensation(name=name, calcium_scale=THICK_SCALE),)


def _for_kernel(kernel: str | None) -> tuple[Compensation, ...]:
    if kernel is None:
        return ()
    if kernel in SOFT_KERNEL_SCALE:
        return (Compensation(name=f"kernel {kernel}", calcium_scale=SOFT_KERNEL_SCALE[kernel]),)
    blur = KERNEL_BLUR_MM.get(kernel, 0.0)
    return (Compensation(name=f"kernel {kernel}", blur_sd_mm=blur),) if blur else ()


def _for_denoising(kind: str) -> tuple[Compensation, ...]:
    if kind not in DENOISED_SCALE:
        return ()
    return (Compensation(name=f"{kind} denoising", calcium_scale=DENOISED_SCALE[kind]),)


def _for_noise(sd_hu: float | None) -> tuple[Compensation, ...]:
    for least_hu, blur in NOISE_BLUR_MM.items():
        if sd_hu is not None and sd_hu >= least_hu:
            return (Compensation(name=f"noise from {least_hu:g} HU", blur_sd_mm=blur),)
    return ()


def compensate(volume: Volume, rule: AgatstonRule, compensations: Sequence[Compensation]) -> Compensated:
    """Apply compensations one after the other; the input stays as it is.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    rule
        A rule that holds at 120 kVp.
    compensations
        From `choose_compensations`, or one's own.

    Raises
    ------
    RuleError
        If the rule already holds for another tube voltage, or slices would have to be made thinner.
    """
    if rule.kvp != REFERENCE_KV:
        raise RuleError(f"rule {rule.name} already holds for {rule.kvp:g} kVp; compensation starts from 120 kVp")
    factor = 1.0
    for one in compensations:
        volume = blur_slices(volume, one.blur_sd_mm)
        volume = volume if one.slice_mm is None else thicken(volume, one.slice_mm)
        rule = _adapt(rule, one)
        factor *= one.score_factor
    return Compensated(volume=volume, rule=rule, score_factor=factor, names=tuple(one.name for one in compensations))


def _adapt(rule: AgatstonRule, one: Compensation) -> AgatstonRule:
    def moved(hu: float) -> float:
        return one.pivot_hu + (hu - one.pivot_hu) * one.calcium_scale

    return replace(
        rule,
        threshold_hu=moved(rule.threshold_hu),
        weight_edges_hu=tuple(moved(edge) for edge in rule.weight_edges_hu),
        min_patch_mm2=rule.min_patch_mm2 if one.min_patch_mm2 is None else one.min_patch_mm2,
        kvp=rule.kvp if one.kvp is None else one.kvp,
    )


def blur_slices(volume: Volume, sd_mm: float) -> Volume:
    """Blur every slice by a Gaussian of this standard deviation, mm; sums of HU are kept."""
    if sd_mm == 0:
        return volume
    from scipy.ndimage import gaussian_filter

    grid = volume.grid
    sigma = (0.0, sd_mm / grid.row_spacing_mm, sd_mm / grid.column_spacing_mm)
    return Volume(hu=_to_hu(gaussian_filter(volume.hu.astype(np.float32), sigma, mode="nearest")), grid=grid)


def thicken(volume: Volume, slice_mm: float) -> Volume:
    """Average slices to touching slices of a greater thickness.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    slice_mm
        Thickness and spacing of the new slices, mm. They begin where the first old slice does, so that whole
        numbers of old slices are averaged where that can be; what is left over at the other end is dropped.

    Raises
    ------
    RuleError
        If slices would have to be made thinner, or the scan is shorter than two.
    """
    grid, weights = _thicker(volume.grid, slice_mm)
    pixels = volume.hu.reshape(volume.grid.shape[0], -1)
    hu = np.empty((len(weights), pixels.shape[1]), dtype=np.int16)
    for k, row in enumerate(weights):
        used = np.flatnonzero(row)
        hu[k] = _to_hu(np.tensordot(row[used], pixels[used].astype(np.float64), axes=1))
    return Volume(hu=hu.reshape(grid.shape), grid=grid)


def thicken_labels(labels: LabelMap, slice_mm: float) -> LabelMap:
    """Bring labels to the grid of `thicken`: each voxel gets the label that fills most of it, background last."""
    grid, weights = _thicker(labels.grid, slice_mm)
    out = np.zeros(grid.shape, dtype=labels.labels.dtype)
    for k, row in enumerate(weights):
        for source in np.flatnonzero(row)[np.argsort(row[row > 0], kind="stable")]:
            plane = labels.labels[source]
            out[k][plane != 0] = plane[plane != 0]
    return LabelMap(labels=out, grid=grid, names=labels.names)


def _thicker(grid: Grid, slice_mm: float) -> tuple[Grid, NDArray[np.float64]]:
    """Grid of thicker slices, and what each takes of the old ones: (new, old), rows sum to 1."""
    extents, middles = grid.slice_extents_mm(), np.asarray(grid.slice_positions_mm)
    if slice_mm < float(np.median(extents)) * (1 - 1e-6):
        raise RuleError(f"slices of {np.median(extents):g} mm can not be made {slice_mm:g} mm thin")
    first, last = middles[0] - extents[0] / 2, middles[-1] + extents[-1] / 2
    count = int(np.floor((last - first) / slice_mm + 1e-6))
    if count < 2:
        raise RuleError(f"a scan of {last - first:g} mm is too short for two slices of {slice_mm:g} mm")
    lows = first + slice_mm * np.arange(count)[:, None]
    overlap = np.minimum(lows + slice_mm, middles + extents / 2) - np.maximum(lows, middles - extents / 2)
    weights = np.clip(overlap, 0, None)
    weights[weights < 1e-6 * slice_mm] = 0
    weights /= weights.sum(axis=1, keepdims=True)
    positions = first + slice_mm * (np.arange(count) + 0.5)
    x, y, z = (o + a * (positions[0] - middles[0]) for o, a in zip(grid.origin_mm, grid.slice_axis, strict=True))
    thicker = replace(
        grid,
        shape=(count, *grid.shape[1:]),
        slice_positions_mm=tuple(float(p) for p in positions),
        origin_mm=(float(x), float(y), float(z)),
    )
    return thicker, weights


def _to_hu(hu: NDArray[np.floating]) -> NDArray[np.int16]:
    return np.asarray(np.clip(np.rint(hu), -32768, 32767), dtype=np.int16)
