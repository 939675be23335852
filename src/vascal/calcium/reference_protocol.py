"""Opt-in corrections that bring a score back to the reference protocol: 120 kVp, 3 mm, a medium kernel.

Each correction is named, so that a report can say which were used. They were chosen
and fitted on simulated scans only (docs/explanation/compensation.md); until real data confirm
them, nobody should quote a compensated score as an Agatston score.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from vascal.calcium.rule import AGATSTON_1990, AgatstonRule
from vascal.errors import GeometryError, RuleError
from vascal.tube_voltage import REFERENCE_KV, calcium_hu_ratio
from vascal.volume import Grid, LabelMap, Volume

Correction = Literal["voltage-and-size", "three-millimetre", "reference-sharpness"]
CORRECTIONS: tuple[Correction, ...] = (
    "voltage-and-size",
    "three-millimetre",
    "reference-sharpness",
)
REFERENCE_MM = 3.0
THIN_MM = 2.0
"""Slices thinner than this are averaged; at 2.5 mm averaging did more harm than good."""
REFERENCE_MTF50_PER_MM = 0.31
REFERENCE_BMI = 26.0
WATER_MM_PER_BMI = 3.0
"""More water in the beam for each kg/m2; fitted on simulated patients, since tissue around a plaque darkens less."""
PIVOT_HU = 20.0
"""Calcium brightens at low voltage, the tissue it lies in does not: thresholds are scaled around this; fitted."""
HARDENING_PER_MM = 0.10 / 120.0
"""Calcium loses 10 % of its CT number from 20 to 32 cm of water."""
MTF50_PER_MM = MappingProxyType({"Qr44": 0.41, "LUNG": 0.62, "B60": 0.55, "B70": 0.62})
"""Of kernels that are known to be sharper than the reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanFacts:
    """What a correction needs to know; None is unknown and corrects nothing.

    Parameters
    ----------
    kvp
        Tube voltage, kV.
    bmi
        Stands for how much patient is in the beam, kg/m2.
    mtf50_per_mm
        Where the kernel keeps half of the contrast, per mm.
    """

    kvp: float | None = None
    bmi: float | None = None
    mtf50_per_mm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compensated:
    """A scan and a rule after correction.

    Parameters
    ----------
    volume
        To be scored in place of the scan.
    rule
        To score it by.
    used
        Corrections that changed something.
    """

    volume: Volume
    rule: AgatstonRule
    used: tuple[Correction, ...]


def compensate(
    volume: Volume,
    facts: ScanFacts,
    *,
    rule: AgatstonRule = AGATSTON_1990,
    corrections: tuple[Correction, ...] = CORRECTIONS,
) -> Compensated:
    """Apply corrections in their order.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU; is not changed.
    facts
        How it was scanned.
    rule
        A rule that holds at 120 kVp.
    corrections
        Which of `CORRECTIONS`.

    Raises
    ------
    RuleError
        If the rule is already adapted to another tube voltage, or a correction is unknown.
    """
    unknown = set(corrections) - set(CORRECTIONS)
    if unknown or rule.kvp != REFERENCE_KV:
        raise RuleError(
            f"compensation starts from a rule for 120 kVp and knows {', '.join(CORRECTIONS)}; "
            f"found {rule.kvp:g} kVp and {sorted(unknown)}"
        )
    used: list[Correction] = []
    scale = brightness(facts) if "voltage-and-size" in corrections else 1.0
    if abs(scale - 1) > 0.005:
        rule = _brighter(rule, scale, facts)
        used.append("voltage-and-size")
    if "three-millimetre" in corrections and volume.grid.spacing_between_slices_mm < THIN_MM:
        volume = average_to_three_mm(volume)
        used.append("three-millimetre")
    if "reference-sharpness" in corrections and (facts.mtf50_per_mm or 0) > REFERENCE_MTF50_PER_MM * 1.05:
        volume = soften(volume, float(facts.mtf50_per_mm or 0))
        used.append("reference-sharpness")
    return Compensated(volume=volume, rule=rule, used=tuple(used))


def known_mtf50_per_mm(kernels: tuple[str, ...]) -> float | None:
    """Give where the first kernel whose sharpness is known keeps half of the contrast, per mm."""
    return next((mtf50 for name in kernels for known, mtf50 in MTF50_PER_MM.items() if name.startswith(known)), None)


def brightness(facts: ScanFacts) -> float:
    """How bright calcium is, relative to 120 kVp and a patient of BMI 26."""
    ratio = 1.0 if facts.kvp is None else calcium_hu_ratio(facts.kvp)
    if facts.bmi is None:
        return ratio
    return ratio * (1 - HARDENING_PER_MM * WATER_MM_PER_BMI * (facts.bmi - REFERENCE_BMI))


def _brighter(rule: AgatstonRule, scale: float, facts: ScanFacts) -> AgatstonRule:
    return replace(
        rule,
        threshold_hu=PIVOT_HU + (rule.threshold_hu - PIVOT_HU) * scale,
        weight_edges_hu=tuple(PIVOT_HU + (edge - PIVOT_HU) * scale for edge in rule.weight_edges_hu),
        kvp=REFERENCE_KV if facts.kvp is None else facts.kvp,
    )


def average_to_three_mm(volume: Volume) -> Volume:
    """Average thin slices to slices of 3 mm, each old slice counted by what of it lies in the new one.

    Parameters
    ----------
    volume
        Slices less than 3 mm apart.

    Raises
    ------
    GeometryError
        If the stack is lower than two slices of 3 mm.

    Returns
    -------
    Volume
        As many whole slices of 3 mm as fit, from the feet on.
    """
    weights, grid = _three_mm(volume.grid)
    averaged = np.tensordot(weights, volume.hu.astype(np.float32), axes=(1, 0))
    return Volume(hu=np.rint(averaged).astype(np.int16), grid=grid)


def labels_to_three_mm(labels: LabelMap) -> LabelMap:
    """Take labels to the slices of `average_to_three_mm`: the largest value of the slices that matter.

    Parameters
    ----------
    labels
        On the grid of the thin slices.
    """
    weights, grid = _three_mm(labels.grid)
    merged = np.zeros(grid.shape, dtype=labels.labels.dtype)
    for k, row in enumerate(weights):
        merged[k] = labels.labels[row > 0.02].max(axis=0)
    return LabelMap(labels=merged, grid=grid, names=labels.names)


def _three_mm(grid: Grid) -> tuple[NDArray[np.float32], Grid]:
    step, positions = grid.spacing_between_slices_mm, np.asarray(grid.slice_positions_mm)
    low = positions[0] - step / 2
    count = int((positions[-1] + step / 2 - low + 1e-6) // REFERENCE_MM)
    if count < 2:
        raise GeometryError(f"{len(positions)} slices of {step:g} mm make no stack of 3 mm; needed: 6 mm or more")
    starts = low + REFERENCE_MM * np.arange(count)[:, None]
    inside = np.minimum(starts + REFERENCE_MM, positions + step / 2) - np.maximum(starts, positions - step / 2)
    weights = np.maximum(inside, 0).astype(np.float32)
    weights /= weights.sum(axis=1, keepdims=True)
    middles = (starts[:, 0] + REFERENCE_MM / 2).tolist()
    along = middles[0] - positions[0]
    origin = tuple(o + along * a for o, a in zip(grid.origin_mm, grid.slice_axis, strict=True))
    shape = (count, *grid.shape[1:])
    return weights, replace(grid, shape=shape, slice_positions_mm=tuple(middles), origin_mm=origin)


def soften(volume: Volume, mtf50_per_mm: float) -> Volume:
    """Blur a sharp image in plane until it keeps half of the contrast where the reference does.

    Taken as Gaussians: variances add, and the MTF is a half at 0.1874 over the standard deviation.
    """
    variance = 0.1874**2 * (1 / REFERENCE_MTF50_PER_MM**2 - 1 / mtf50_per_mm**2)
    sigma = [np.sqrt(variance) / spacing for spacing in volume.grid.spacing_mm[1:]]
    blurred = ndimage.gaussian_filter(volume.hu.astype(np.float32), (0, *sigma), mode="nearest")
    return Volume(hu=np.rint(blurred).astype(np.int16), grid=volume.grid)
