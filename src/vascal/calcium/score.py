"""The calcium score of one series: total, by vessel, by lesion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from vascal.calcium.agatston import score_agatston
from vascal.calcium.categories import (
    CacDrs,
    RepeatLimit,
    RiskCategory,
    find_cac_drs,
    find_diffusivity,
    find_risk_category,
    limit_of_repeat,
)
from vascal.calcium.lesions import VESSELS, Lesion, vessel_order
from vascal.calcium.mass import Calibration, assume_calibration, score_mass
from vascal.calcium.rule import AGATSTON_1990, AgatstonRule
from vascal.calcium.volume_score import score_volume, voxel_volumes_mm3
from vascal.volume import Grid, Vector, Volume


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionScore:
    """Everything measured on one lesion.

    Parameters
    ----------
    id, vessel, segment, confidence
        As of the `Lesion`.
    agatston
        Agatston units, full precision.
    area_mm2
        Calcified area, scaled to 3 mm slices, mm2; Agatston = area * mean weight.
    volume_mm3, volume_isotropic_mm3
        By voxels, and after isotropic interpolation, mm3.
    mass_mg, mass_integrated_mg, mass_volume_fraction_mg
        By threshold, and the two that survive partial volume, mg.
    peak_hu, mean_hu
        Highest and mean CT number, HU.
    voxels
        Number of voxels.
    center_mm
        Centre of its voxels, weighted by their volume, LPS, mm.
    slices
        Index of its first and last slice, from 0 at the feet.
    """

    id: int
    vessel: str
    segment: int | None
    confidence: float | None
    agatston: float
    area_mm2: float
    volume_mm3: float
    volume_isotropic_mm3: float
    mass_mg: float
    mass_integrated_mg: float | None
    mass_volume_fraction_mg: float | None
    peak_hu: int
    mean_hu: float
    voxels: int
    center_mm: Vector
    slices: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class VesselScore:
    """Sums over the lesions of one vessel, or of all.

    `density` is Agatston / area (1 to 4; Criqui et al., JAMA 2014;311:271-278,
    doi:10.1001/jama.2013.282535), None without calcium. A robust mass is None
    as soon as one lesion has none.
    """

    agatston: float = 0.0
    volume_mm3: float = 0.0
    volume_isotropic_mm3: float = 0.0
    mass_mg: float = 0.0
    mass_integrated_mg: float | None = 0.0
    mass_volume_fraction_mg: float | None = 0.0
    density: float | None = None
    lesions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalciumScore:
    """What one series scores, and by which rule.

    Parameters
    ----------
    rule, calibration
        The convention and the mass factor behind the numbers.
    total
        Sum over all lesions.
    vessels
        By vessel name; the four coronary vessels are always there.
    lesions
        One entry a lesion.
    vessels_with_calcium
        How many of LM, LAD, LCX and RCA have a lesion.
    diffusivity
        Share of calcium outside the worst vessel; None without calcium.
    risk_category, cac_drs, repeat_limit
        What the total is called, and how far a second scan may differ.
    """

    rule: AgatstonRule
    calibration: Calibration
    total: VesselScore
    vessels: Mapping[str, VesselScore]
    lesions: tuple[LesionScore, ...]
    vessels_with_calcium: int
    diffusivity: float | None
    risk_category: RiskCategory
    cac_drs: CacDrs
    repeat_limit: RepeatLimit


def score_calcium(
    volume: Volume,
    lesions: Sequence[Lesion],
    *,
    rule: AgatstonRule = AGATSTON_1990,
    calibration: Calibration | None = None,
    bmi: float | None = None,
) -> CalciumScore:
    """Score lesions by one rule.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    lesions
        What counts, from `find_lesions`.
    rule
        The convention they were found by.
    calibration
        For the mass; 100 mg/cm3 at 130 HU (at 120 kVp) unless given.
    bmi
        Body mass index for the repeatability limit, kg/m2.

    Returns
    -------
    CalciumScore
        Full precision; rounding is for the page.
    """
    used = calibration or assume_calibration(rule.kvp)
    bright = np.sort(np.concatenate([lesion.index for lesion in lesions])) if lesions else np.zeros(0, dtype=np.int64)
    scored = tuple(_score_lesion(volume, lesion, rule, used, bright) for lesion in lesions)
    names = sorted({*VESSELS, *(lesion.vessel for lesion in scored)}, key=vessel_order)
    vessels = {name: _sum([s for s in scored if s.vessel == name]) for name in names}
    total = _sum(scored)
    affected = sum(vessels[name].lesions > 0 for name in VESSELS)
    return CalciumScore(
        rule=rule,
        calibration=used,
        total=total,
        vessels=MappingProxyType(vessels),
        lesions=scored,
        vessels_with_calcium=affected,
        diffusivity=find_diffusivity(tuple(v.agatston for v in vessels.values())),
        risk_category=find_risk_category(total.agatston),
        cac_drs=find_cac_drs(total.agatston, affected),
        repeat_limit=limit_of_repeat(total.agatston, bmi),
    )


def _score_lesion(
    volume: Volume, lesion: Lesion, rule: AgatstonRule, calibration: Calibration, bright: np.ndarray
) -> LesionScore:
    area = score_agatston(lesion, volume.grid, rule)
    size = score_volume(volume, lesion, rule)
    mass = score_mass(volume, lesion, calibration, bright)
    slices = lesion.index // (volume.grid.shape[1] * volume.grid.shape[2])
    return LesionScore(
        id=lesion.id,
        vessel=lesion.vessel,
        segment=lesion.segment,
        confidence=lesion.confidence,
        agatston=area.agatston,
        area_mm2=area.area_mm2,
        volume_mm3=size.voxel_mm3,
        volume_isotropic_mm3=size.isotropic_mm3,
        mass_mg=mass.mass_mg,
        mass_integrated_mg=mass.integrated_mg,
        mass_volume_fraction_mg=mass.volume_fraction_mg,
        peak_hu=int(lesion.hu.max()),
        mean_hu=float(lesion.hu.mean()),
        voxels=int(lesion.index.size),
        center_mm=find_center_mm(lesion, volume.grid),
        slices=(int(slices.min()), int(slices.max())),
    )


def find_center_mm(lesion: Lesion, grid: Grid) -> Vector:
    """Give a lesion's centre, weighted by voxel volume, in LPS, mm."""
    volumes = voxel_volumes_mm3(lesion, grid)
    share = volumes / np.sum(volumes)
    k, i, j = np.unravel_index(lesion.index, grid.shape)
    along = share @ np.asarray(grid.slice_positions_mm)[k]
    row, column = share @ i, share @ j
    slice_index = np.interp(along, grid.slice_positions_mm, np.arange(grid.shape[0]))
    return grid.index_to_mm(float(slice_index), float(row), float(column))


def _sum(scores: Sequence[LesionScore]) -> VesselScore:
    area = sum(s.area_mm2 for s in scores)
    agatston = sum(s.agatston for s in scores)
    return VesselScore(
        agatston=float(agatston),
        volume_mm3=float(sum(s.volume_mm3 for s in scores)),
        volume_isotropic_mm3=float(sum(s.volume_isotropic_mm3 for s in scores)),
        mass_mg=float(sum(s.mass_mg for s in scores)),
        mass_integrated_mg=_sum_known([s.mass_integrated_mg for s in scores]),
        mass_volume_fraction_mg=_sum_known([s.mass_volume_fraction_mg for s in scores]),
        density=agatston / area if area > 0 else None,
        lesions=len(scores),
    )


def _sum_known(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return float(sum(known)) if len(known) == len(values) else None
