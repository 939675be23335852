"""What else is bright near the heart, and how it differs from coronary calcium.

Coronary calcium lies in the outer shell of the heart or in its grooves, with
epicardial fat beside it. Bone, metal, noise, the aorta's wall, the valves, the
edge of moving lung and contrast-filled blood each give themselves away; what is
left gets an artery by its position.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from vascal.anatomy.segmenter import Anatomy
from vascal.anatomy.surroundings import Surroundings, measure_surroundings
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
        0 to 1. A prior by rule and position, not a calibrated probability.
    """

    vessel: str | None
    reason: str | None
    confidence: float


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
    lung_mm, lung_hu
        A faint rim this close to lung is the edge of the moving heart.
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
    lung_hu: float = 300.0
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
class CandidateContext:
    """What is around one candidate.

    Parameters
    ----------
    in_heart, in_aorta, in_bone
        Share of its voxels in each, 0 to 1.
    lung_mm, bone_mm, aorta_mm
        Median distance of its voxels from each, mm.
    depth_mm
        Median depth below the surface of the sac, mm.
    rim_hu, darkest_hu
        Median, and lowest without lung, of the rim around it, HU.
    lung_rim, fat_rim
        Share of the rim that is lung, and fat.
    """

    in_heart: float
    in_aorta: float
    in_bone: float
    lung_mm: float
    bone_mm: float
    aorta_mm: float
    depth_mm: float
    rim_hu: float
    darkest_hu: float
    lung_rim: float
    fat_rim: float


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
    context = describe(candidate, setting)
    reason = find_confounder(candidate, context, setting)
    if reason is not None:
        return Verdict(vessel=None, reason=reason, confidence=0.8)
    guess = assign_vessel(candidate.center_mm, setting.frame)
    trust = _trust(candidate, context, setting)
    return Verdict(vessel=guess.vessel, reason=None, confidence=round(guess.confidence * trust, 3))


def find_confounder(candidate: Candidate, context: CandidateContext, setting: Setting) -> Reason | None:
    """Name what a candidate is if it is not coronary calcium: the surest signs first."""
    rule = setting.rule
    if _is_metal(candidate, context, rule):
        return "metal"
    if is_contrast_blood(candidate, context, setting):
        return "contrast-filled blood"
    if context.in_bone >= rule.bone_share or (context.in_heart < 0.5 and context.bone_mm <= rule.bone_mm):
        return "bone"
    if is_noise(candidate, context, setting):
        return "noise"
    return _find_place(candidate, context, setting)


def _find_place(candidate: Candidate, context: CandidateContext, setting: Setting) -> Reason | None:
    """Name a confounder by where the candidate lies."""
    rule = setting.rule
    is_edge = context.lung_mm <= rule.lung_mm and candidate.peak_hu < rule.lung_hu
    if context.in_aorta > 0.5 or (context.in_heart < 0.5 and context.in_aorta > 0):
        return "aortic wall"
    if context.in_heart < 0.5:
        return "lung edge" if context.lung_mm <= rule.lung_mm else "outside the heart"
    if is_edge and context.lung_rim >= 0.15:
        return "lung edge"
    if is_in_root(candidate.center_mm, setting) or context.depth_mm > rule.deep_mm:
        return "aortic root or valve"
    return None


def _is_metal(candidate: Candidate, context: CandidateContext, rule: ConfounderRule) -> bool:
    has_streak = candidate.peak_hu >= rule.streak_metal_hu and context.darkest_hu < rule.streak_hu
    return candidate.peak_hu >= rule.metal_hu or has_streak


def is_contrast_blood(candidate: Candidate, context: CandidateContext, setting: Setting) -> bool:
    """Tell whether a bright group of a contrast scan is no more than blood."""
    anatomy, rule = setting.anatomy, setting.rule
    if not anatomy.is_contrast_enhanced:
        return False
    pool_hu = max(anatomy.blood_hu or 0.0, anatomy.aorta_hu or 0.0, context.rim_hu)
    limit_hu = max(rule.contrast_hu, pool_hu + rule.contrast_sds * (anatomy.noise_sd_hu or 0.0))
    return candidate.peak_hu <= limit_hu or candidate.volume_mm3 > rule.chamber_mm3


def is_noise(candidate: Candidate, context: CandidateContext, setting: Setting) -> bool:
    """Tell whether a small group is within what noise does to the tissue around it."""
    anatomy, rule = setting.anatomy, setting.rule
    if anatomy.noise_sd_hu is None or candidate.volume_mm3 > rule.noise_mm3:
        return False
    tissue_hu = max(context.rim_hu, 0.0 if anatomy.blood_hu is None else anatomy.blood_hu)
    return candidate.peak_hu < tissue_hu + rule.noise_sds * anatomy.noise_sd_hu


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
    trust = 1.0 if context.fat_rim >= 0.05 else 0.8
    if setting.anatomy.is_contrast_enhanced:
        trust *= 0.5
    if candidate.peak_hu < setting.rule.lung_hu and context.lung_mm <= 2 * setting.rule.lung_mm:
        trust *= 0.7
    return trust


RIM_MM = 4.0
LUNG_RIM_HU = -400
FAT_RIM_HU = (-200, -10)


def describe(candidate: Candidate, setting: Setting) -> CandidateContext:
    """Measure what is around a candidate."""
    near, labels = setting.near, setting.anatomy.structures.labels.reshape(-1)[candidate.index]
    value_of = setting.anatomy.structures.value_of
    rim = rim_of(candidate, setting.volume)
    tissue = rim[rim > LUNG_RIM_HU]
    context = CandidateContext(
        in_heart=float(np.mean(labels == value_of("heart"))),
        in_aorta=float(np.mean(labels == value_of("aorta"))),
        in_bone=float(np.mean(labels == value_of("bone"))),
        lung_mm=float(np.median(near.at(near.to_lung, candidate.index))),
        bone_mm=float(np.min(near.at(near.to_bone, candidate.index))),
        aorta_mm=float(np.median(near.at(near.to_aorta, candidate.index))),
        depth_mm=float(np.median(near.at(near.depth, candidate.index))),
        rim_hu=float(np.median(tissue)) if tissue.size else 0.0,
        darkest_hu=float(tissue.min()) if tissue.size else 0.0,
        lung_rim=float(np.mean(rim <= LUNG_RIM_HU)) if rim.size else 0.0,
        fat_rim=float(np.mean((rim > FAT_RIM_HU[0]) & (rim < FAT_RIM_HU[1]))) if rim.size else 0.0,
    )
    return context if rim.size else replace(context, rim_hu=candidate.peak_hu)


def rim_of(candidate: Candidate, volume: Volume) -> VoxelHu:
    """List the CT numbers in a box 4 mm around a candidate, without its own voxels and their neighbours."""
    places = np.unravel_index(candidate.index, volume.grid.shape)
    spacing = volume.grid.spacing_mm
    reach = [0 if s > RIM_MM else round(RIM_MM / s) for s in spacing]
    box = tuple(
        slice(max(0, int(p.min()) - r), int(p.max()) + r + 1) for p, r in zip(places, reach, strict=True)
    )
    crop = volume.hu[box]
    own = np.zeros(crop.shape, dtype=bool)
    own[tuple(p - b.start for p, b in zip(places, box, strict=True))] = True
    grown = own.copy()
    for axis in (1, 2):
        for shift in (-1, 1):
            grown |= np.roll(own, shift, axis=axis)
    return np.asarray(crop[~grown])
