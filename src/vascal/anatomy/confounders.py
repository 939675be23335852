"""What else is bright near the heart, and how it differs from coronary calcium.

Coronary calcium lies in the outer shell of the heart or in its grooves, with
epicardial fat beside it. Bone, metal, noise, the aorta's wall, the valves, the
edge of moving lung and contrast-filled blood each give themselves away; what is
left gets an artery by its position.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import ndimage

from vascal.anatomy.segmenter import Anatomy
from vascal.anatomy.surroundings import NEVER_MM, Surroundings, measure_surroundings
from vascal.anatomy.territory import HeartFrame, assign_vessel, locate_ascending_aorta, measure_frame
from vascal.types import VoxelHu, VoxelIndex
from vascal.volume import Vector, Volume

Reason = Literal[
    "bone",
    "metal",
    "noise",
    "aortic wall",
    "aortic root or valve",
    "outside the heart",
    "lung edge",
    "contrast-filled blood",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """One connected group of bright voxels.

    Parameters
    ----------
    index
        Flat positions of its voxels on the CT's grid, ascending.
    peak_hu
        Highest CT number, HU.
    volume_mm3
        Volume of its voxels, mm3.
    center_mm
        Centre, LPS, mm.
    center_index
        Centre as fractional slice, row, column.
    """

    index: VoxelIndex
    peak_hu: float
    volume_mm3: float
    center_mm: Vector
    center_index: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a candidate is taken for.

    Parameters
    ----------
    vessel
        LM, LAD, LCX, RCA or unassigned; None if it is not coronary calcium.
    reason
        Why it is not; None if it is.
    confidence
        0 to 1. From rules a prior, from a network the calibrated probability of the verdict.
    segment
        SCCT segment 1 to 18; None where it can not be told.
    probability
        Calibrated probability that this is coronary calcium, whatever the verdict; None from rules.
    """

    vessel: str | None
    reason: str | None
    confidence: float
    segment: int | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfounderRule:
    """The numbers by which candidates are judged.

    Parameters
    ----------
    metal_hu
        Calcium rarely exceeds 1500 HU even with sharp kernels; clips, leads and
        valve rings do, up to the scanner's limit.
    streak_metal_hu, streak_hu
        From this peak on, a dark streak beside it in tissue betrays metal.
    noise_sds, noise_mm3
        Among a million voxels the greatest of Gaussian noise lies about 5 standard
        deviations above the mean; a group of pixels larger than this is no noise.
    contrast_sds, contrast_hu, chamber_mm3
        In a contrast scan calcium must stand this far above the blood and above
        this; larger groups are blood-filled chambers.
    bone_share, bone_mm
        Share of voxels in, and distance to, bone.
    lung_mm, lung_share
        A group most of whose voxels lie this close to lung follows the edge of the
        moving heart, or is the overshoot of a sharp kernel; fat and pericardium
        keep arteries farther away.
    edge_hu, edge_fat, beyond_fat_hu
        A fainter group with less fat than this share beside it, and something darker
        than fat, is the blurred edge of the moving heart.
    root_radius_mm, root_length_mm
        Cylinder below the ascending aorta that holds root and valve; coronary
        ostia lie on its rim.
    deep_mm
        Arteries do not run deeper than this below the surface of the sac; valves do.
    """

    metal_hu: float = 2000.0
    streak_metal_hu: float = 1300.0
    streak_hu: float = -300.0
    noise_sds: float = 5.0
    noise_mm3: float = 60.0
    contrast_sds: float = 3.0
    contrast_hu: float = 300.0
    chamber_mm3: float = 2000.0
    bone_share: float = 0.25
    bone_mm: float = 2.0
    lung_mm: float = 2.5
    lung_share: float = 0.6
    edge_hu: float = 400.0
    edge_fat: float = 0.15
    beyond_fat_hu: float = -200.0
    root_radius_mm: float = 12.0
    root_length_mm: float = 35.0
    deep_mm: float = 36.0


DEFAULT_RULE = ConfounderRule()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Setting:
    """What is the same for all candidates of a scan.

    Parameters
    ----------
    volume, anatomy
        The scan and what was found in it.
    near
        Distances around the heart.
    frame
        Box of the heart.
    root_mm
        Lowest centre of the ascending aorta, LPS, mm; None if not found.
    rule
        Numbers to judge by.
    """

    volume: Volume
    anatomy: Anatomy
    near: Surroundings
    frame: HeartFrame
    root_mm: Vector | None
    rule: ConfounderRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Rim:
    """The tissue within a few mm of a candidate, in its slices.

    Parameters
    ----------
    hu, darkest_hu
        Median, and lowest, of what is not lung, HU.
    fat
        Share of fat in it, away from lung, where partial volume looks like fat.
    """

    hu: float
    darkest_hu: float
    fat: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateContext:
    """What is around one candidate.

    Parameters
    ----------
    in_heart, in_aorta, in_bone
        Share of its voxels in each, 0 to 1.
    bone_mm
        Least distance of its voxels from bone, mm.
    depth_mm
        Median depth of its voxels below the surface of the sac, mm.
    at_lung
        Share of its voxels within `ConfounderRule.lung_mm` of lung, in their slice.
    rim
        What is around it.
    """

    in_heart: float
    in_aorta: float
    in_bone: float
    bone_mm: float
    depth_mm: float
    at_lung: float
    rim: Rim


def judge_candidates(
    volume: Volume,
    anatomy: Anatomy,
    candidates: Sequence[Candidate],
    rule: ConfounderRule = DEFAULT_RULE,
) -> tuple[Verdict, ...]:
    """Judge every candidate: a coronary artery, or a reason why not.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    anatomy
        What was found around the heart, on the same grid.
    candidates
        Connected groups of bright voxels in and near the heart.
    rule
        Numbers to judge by.

    Returns
    -------
    tuple of Verdict
        One a candidate, in the same order.
    """
    near, frame = measure_surroundings(anatomy), measure_frame(anatomy)
    if near is None or frame is None:
        return tuple(Verdict(vessel=None, reason="outside the heart", confidence=1.0) for _ in candidates)
    setting = Setting(
        volume=volume,
        anatomy=anatomy,
        near=near,
        frame=frame,
        root_mm=locate_ascending_aorta(anatomy, frame),
        rule=rule,
    )
    return tuple(judge(candidate, setting) for candidate in candidates)


def judge(candidate: Candidate, setting: Setting) -> Verdict:
    """Judge one candidate."""
    if is_contrast_blood(candidate, setting):
        return Verdict(vessel=None, reason="contrast-filled blood", confidence=0.8)
    if is_noise(candidate, setting):
        return Verdict(vessel=None, reason="noise", confidence=0.8)
    context = describe(candidate, setting)
    reason = find_confounder(candidate, context, setting)
    if reason is not None:
        return Verdict(vessel=None, reason=reason, confidence=0.8)
    guess = assign_vessel(candidate.center_mm, setting.frame)
    trust = _trust(candidate, context, setting)
    return Verdict(vessel=guess.vessel, reason=None, confidence=round(guess.confidence * trust, 3))


def is_contrast_blood(candidate: Candidate, setting: Setting) -> bool:
    """Tell whether a bright group of a contrast scan is no more than blood."""
    if not setting.anatomy.is_contrast_enhanced:
        return False
    limit_hu = calcium_above_contrast_hu(setting.anatomy, setting.rule)
    return candidate.peak_hu <= limit_hu or candidate.volume_mm3 > setting.rule.chamber_mm3


def calcium_above_contrast_hu(anatomy: Anatomy, rule: ConfounderRule = DEFAULT_RULE) -> float:
    """Give the CT number above which a voxel of a contrast scan may be calcium, HU.

    Above the brightest blood by three standard deviations of noise, and at least
    300 HU. A score taken so is an estimate and misses what is less dense.
    """
    pool_hu = max(anatomy.blood_hu or 0.0, anatomy.aorta_hu or 0.0)
    return max(rule.contrast_hu, pool_hu + rule.contrast_sds * (anatomy.noise_sd_hu or 0.0))


def is_noise(candidate: Candidate, setting: Setting) -> bool:
    """Tell whether a small group is within what noise does to blood and muscle."""
    anatomy, rule = setting.anatomy, setting.rule
    if anatomy.noise_sd_hu is None or candidate.volume_mm3 > rule.noise_mm3:
        return False
    return candidate.peak_hu < (anatomy.blood_hu or 0.0) + rule.noise_sds * anatomy.noise_sd_hu


def find_confounder(candidate: Candidate, context: CandidateContext, setting: Setting) -> Reason | None:
    """Name what a candidate is if it is not coronary calcium: the surest signs first."""
    rule = setting.rule
    if _is_metal(candidate, context, rule):
        return "metal"
    if context.in_bone >= rule.bone_share or (context.in_heart < 0.5 and context.bone_mm <= rule.bone_mm):
        return "bone"
    if context.in_aorta > 0.5 or (context.in_heart < 0.5 and context.in_aorta > 0):
        return "aortic wall"
    if is_lung_edge(candidate, context, setting):
        return "lung edge"
    if context.in_heart < 0.5:
        return "outside the heart"
    is_central = is_in_root(candidate.center_mm, setting) or context.depth_mm > rule.deep_mm
    return "aortic root or valve" if is_central else None


def _is_metal(candidate: Candidate, context: CandidateContext, rule: ConfounderRule) -> bool:
    has_streak = candidate.peak_hu >= rule.streak_metal_hu and context.rim.darkest_hu < rule.streak_hu
    return candidate.peak_hu >= rule.metal_hu or has_streak


def is_lung_edge(candidate: Candidate, context: CandidateContext, setting: Setting) -> bool:
    """Tell whether a group is the bright edge between heart and lung: motion or a sharp kernel."""
    rule = setting.rule
    if context.at_lung >= rule.lung_share:
        return True
    dark_hu = rule.beyond_fat_hu - 3 * (setting.anatomy.noise_sd_hu or 0.0)
    is_beside_lung = context.at_lung > 0.1 or context.rim.darkest_hu < dark_hu
    return is_beside_lung and candidate.peak_hu < rule.edge_hu and context.rim.fat < rule.edge_fat


def is_in_root(center_mm: Vector, setting: Setting) -> bool:
    """Tell whether a point lies in the aortic root or on its valve.

    The root goes on from the ascending aorta down, to the left and to the back.
    """
    if setting.root_mm is None:
        return False
    below = setting.root_mm[2] - center_mm[2]
    if not -5.0 <= below <= setting.rule.root_length_mm:
        return False
    axis = np.asarray(setting.root_mm[:2]) + max(below, 0.0) * np.asarray(ROOT_SLOPE)
    return bool(np.hypot(*(np.asarray(center_mm[:2]) - axis)) <= setting.rule.root_radius_mm)


ROOT_SLOPE = (0.3, 0.25)
"""To the left and to the back for each mm down: the outflow tract points up, right and forward."""


def _trust(candidate: Candidate, context: CandidateContext, setting: Setting) -> float:
    """Lower the confidence of what could still be something else."""
    trust = 1.0 if context.rim.fat >= 0.05 else 0.8
    if setting.anatomy.is_contrast_enhanced:
        trust *= 0.5
    if candidate.peak_hu < setting.rule.edge_hu and context.at_lung > 0.1:
        trust *= 0.7
    return trust


RIM_MM = 4.0
LUNG_RIM_HU = -400
FAT_RIM_HU = (-200, -30)


def describe(candidate: Candidate, setting: Setting) -> CandidateContext:
    """Measure what is around a candidate."""
    near, labels = setting.near, setting.anatomy.structures.labels.reshape(-1)[candidate.index]
    value_of = setting.anatomy.structures.value_of
    at_lung, rim = look_around(candidate, setting.volume, setting.rule.lung_mm)
    return CandidateContext(
        in_heart=float(np.mean(labels == value_of("heart"))),
        in_aorta=float(np.mean(labels == value_of("aorta"))),
        in_bone=float(np.mean(labels == value_of("bone"))),
        bone_mm=float(np.min(near.at(near.to_bone, candidate.index))),
        depth_mm=float(np.median(near.at(near.depth, candidate.index))),
        at_lung=at_lung,
        rim=rim,
    )


def look_around(candidate: Candidate, volume: Volume, lung_mm: float) -> tuple[float, Rim]:
    """Measure the share of a candidate's voxels close to lung, and the rim around it.

    Distances are taken inside each slice: lung in the next slice, 3 or 5 mm away,
    says little.
    """
    places = np.unravel_index(candidate.index, volume.grid.shape)
    spacing = volume.grid.spacing_mm
    reach = (0, *(round((RIM_MM + lung_mm) / s) for s in spacing[1:]))
    box = tuple(slice(max(0, int(p.min()) - r), int(p.max()) + r + 1) for p, r in zip(places, reach, strict=True))
    crop = volume.hu[box]
    own = np.zeros(crop.shape, dtype=bool)
    own[tuple(p - b.start for p, b in zip(places, box, strict=True))] = True
    to_lung, to_own = _slice_distance(crop < LUNG_RIM_HU, spacing), _slice_distance(own, spacing)
    rim = (to_own > 1.5 * spacing[1]) & (to_own <= RIM_MM) & (crop >= LUNG_RIM_HU)
    return float(np.mean(to_lung[own] <= lung_mm)), _describe_rim(crop[rim], to_lung[rim] > lung_mm)


def _slice_distance(mask: np.ndarray, spacing_mm: Vector) -> np.ndarray:
    """Distance from a mask inside each slice, mm; very large in slices without any of it."""
    if not mask.any():
        return np.full(mask.shape, NEVER_MM)
    across = (NEVER_MM, spacing_mm[1], spacing_mm[2])
    return np.asarray(ndimage.distance_transform_edt(~mask, sampling=across))


def _describe_rim(hu: VoxelHu, is_away_from_lung: np.ndarray) -> Rim:
    if hu.size == 0:
        return Rim(hu=0.0, darkest_hu=0.0, fat=0.0)
    clear = hu[is_away_from_lung]
    fat = (clear > FAT_RIM_HU[0]) & (clear < FAT_RIM_HU[1])
    return Rim(hu=float(np.median(hu)), darkest_hu=float(hu.min()), fat=float(fat.mean()) if clear.size else 0.0)
