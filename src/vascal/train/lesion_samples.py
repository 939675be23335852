"""Stage 3's samples: every candidate of a scan as the network sees it, and what it truly is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from vascal.anatomy.confounders import Candidate
from vascal.models.lesion_inputs import KINDS, Patches
from vascal.models.lesion_net import CORONARY as ARTERY_COUNT
from vascal.simulate.ct.organs import BLOOD_ORGANS, Organ
from vascal.volume import Volume

OTHER, CORONARY = -1, -2
"""Kinds of which only this much is known: not coronary; coronary, but in no named artery."""
LEAST_SHARE = 0.3
"""Share of a candidate's calcium that must be one thing for the candidate to be called so."""
BACKGROUND_HU = 50.0
LARGEST_NOISE_MM3 = 30.0
"""In a contrast scan, what is larger is filled with it, whatever organ it is."""
KIND_OF_SITE: Mapping[str, str] = {
    "aortic valve": "aortic valve", "mitral annulus": "mitral annulus", "ascending aorta": "aortic wall",
    "aortic arch": "aortic wall", "descending aorta": "aortic wall", "abdominal aorta": "aortic wall",
}  # fmt: skip
"""By site of a simulated plaque; calcium anywhere else is outside the heart."""
ENHANCED = (*BLOOD_ORGANS, Organ.MYOCARDIUM, Organ.LUNG_VESSEL)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LesionSamples:
    """Candidates of one scan.

    Parameters
    ----------
    patches
        As in `vascal.models.lesion_inputs.LesionInputs`.
    features
        (view, candidate, feature): the first view as there, the others with courses gone astray.
    kinds
        Place in `KINDS`, or `OTHER` or `CORONARY`.
    segments
        SCCT segment 1 to 18; 0 unknown or not coronary.
    weights
        How many candidates of the scan each stands for: of very many, some were left out.
    """

    patches: Patches
    features: Float32[np.ndarray, "view candidate feature"]
    kinds: Int64[np.ndarray, " candidate"]
    segments: Int64[np.ndarray, " candidate"]
    weights: Float32[np.ndarray, " candidate"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlaqueLabels:
    """Truth of a simulated scan.

    Parameters
    ----------
    lesions
        (slice, row, column): number of the plaque that brightens a voxel most.
    organs
        (slice, row, column): `Organ`.
    kinds, segments
        By plaque number: place in `KINDS`, and SCCT segment (0 outside the coronary arteries).
    """

    lesions: UInt8[np.ndarray, "slice row column"]
    organs: UInt8[np.ndarray, "slice row column"]
    kinds: Int64[np.ndarray, " plaque"]
    segments: Int64[np.ndarray, " plaque"]


def is_coronary(kinds: np.ndarray) -> np.ndarray:
    """Tell which kinds are coronary calcium, in a named artery or in some."""
    return np.asarray((kinds == CORONARY) | ((kinds >= 0) & (kinds < ARTERY_COUNT)))


def label_plaques(rows: Sequence[tuple[str | None, int | None, str]]) -> tuple[np.ndarray, np.ndarray]:
    """Turn vessel, segment and site of plaques 1, 2 ... into tables by plaque number; 0 is no plaque."""
    kinds = [KINDS.index(vessel or KIND_OF_SITE.get(site, "outside the heart")) for vessel, _, site in rows]
    return np.array([-1, *kinds], dtype=np.int64), np.array([0, *(s or 0 for _, s, _ in rows)], dtype=np.int64)


def name_candidate(candidate: Candidate, volume: Volume, truth: PlaqueLabels, *, is_contrast: bool) -> tuple[int, int]:
    """Say what a candidate truly is: its kind, and its segment or 0."""
    number = truth.lesions.reshape(-1)[candidate.index]
    organ = truth.organs.reshape(-1)[candidate.index]
    weight = np.maximum(volume.hu.reshape(-1)[candidate.index] - BACKGROUND_HU, 1.0)
    by_plaque = np.bincount(number, weights=weight, minlength=len(truth.kinds))
    total = by_plaque.sum()
    by_kind = np.bincount(truth.kinds[1:], weights=by_plaque[1:], minlength=len(KINDS))
    best = int(np.argmax(by_kind))
    if by_kind[best] >= LEAST_SHARE * total:
        own = np.flatnonzero(truth.kinds == best)
        return best, int(truth.segments[own[np.argmax(by_plaque[own])]])
    is_large = candidate.volume_mm3 > LARGEST_NOISE_MM3
    return KINDS.index(_other_kind(organ, weight, is_contrast=is_contrast, is_large=is_large)), 0


def _other_kind(organ: np.ndarray, weight: np.ndarray, *, is_contrast: bool, is_large: bool) -> str:
    shares = np.bincount(organ, weights=weight, minlength=256) / weight.sum()
    if shares[Organ.BONE] + shares[Organ.CARTILAGE] > 0.3:
        return "bone"
    # Struts of a stent are thinner than a voxel: few of the voxels that they brighten are theirs.
    if shares[Organ.DEVICE] > 0:
        return "metal"
    if is_contrast and (is_large or shares[list(ENHANCED)].sum() > 0.5):
        return "contrast-filled blood"
    return "noise"
