"""Find coronary calcium without labels: candidates in the heart, judged one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vascal.anatomy.confounders import Candidate, Verdict, judge_candidates
from vascal.anatomy.segmenter import Anatomy
from vascal.calcium.candidates import Candidates, find_candidates
from vascal.calcium.components import find_components
from vascal.calcium.lesions import Lesion, keep_patches, vessel_order
from vascal.calcium.rule import AgatstonRule
from vascal.errors import AnatomyError
from vascal.types import VoxelIndex
from vascal.volume import Grid, LabelMap, Volume

MARGIN_MM = 10.0
"""Bright things are followed this far out of heart and aorta, so that a bone
or a chest wall vessel shows itself as what it is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rejected:
    """A bright component that is not scored.

    Parameters
    ----------
    reason
        What it was taken for.
    candidate
        Where it is and how bright.
    """

    reason: str
    candidate: Candidate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finding:
    """What the search in one scan came to."""

    lesions: tuple[Lesion, ...]
    rejected: tuple[Rejected, ...]


def require_heart(anatomy: Anatomy) -> None:
    """Refuse a scan in which no heart was found.

    Raises
    ------
    AnatomyError
        Without a heart there is nothing to search, and 0 would be a wrong score.
    """
    value = anatomy.structures.value_of("heart")
    if not np.any(anatomy.structures.labels == value):
        raise AnatomyError(
            "no heart was found in the field of view, so a score of 0 would mean nothing; "
            "give the vessels with --labels if the heart is there"
        )


def find_calcium(volume: Volume, anatomy: Anatomy, rule: AgatstonRule) -> Finding:
    """Find, name and judge coronary calcium.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    anatomy
        Heart and surroundings on the same grid.
    rule
        Threshold, minimum patch and connectivity.

    Returns
    -------
    Finding
        Lesions by vessel, then from head to feet; everything else with a reason.

    Raises
    ------
    AnatomyError
        If there is no heart.
    """
    require_heart(anatomy)
    region = _search_region(anatomy)
    bright = find_candidates(volume, region, rule)
    kept = keep_patches(bright, rule)
    candidates = _as_candidates(bright, kept, anatomy, rule)
    verdicts = judge_candidates(volume, anatomy, candidates)
    return Finding(
        lesions=_lesions(volume, candidates, verdicts),
        rejected=tuple(
            Rejected(reason=v.reason or "unknown", candidate=c)
            for c, v in zip(candidates, verdicts, strict=True)
            if v.vessel is None
        ),
    )


def _search_region(anatomy: Anatomy) -> LabelMap:
    """Box around heart and aorta, as a label map without a copy for every slice."""
    structures = anatomy.structures
    inside = _is_searched(structures)
    boxes = [np.flatnonzero(inside.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    labels = np.zeros(structures.grid.shape, dtype=np.uint8)
    k, i, j = (
        slice(max(0, int(box[0]) - round(MARGIN_MM / s)), int(box[-1]) + round(MARGIN_MM / s) + 1)
        for box, s in zip(boxes, structures.grid.spacing_mm, strict=True)
    )
    labels[k, i, j] = 1
    return LabelMap(labels=labels, grid=structures.grid, names={1: "bright"})


def _is_searched(structures: LabelMap) -> np.ndarray:
    searched = [value for value, name in structures.names.items() if name in {"heart", "aorta"}]
    lookup = np.zeros(256, dtype=bool)
    lookup[searched] = True
    return np.asarray(lookup[structures.labels])


def _as_candidates(bright: Candidates, kept: np.ndarray, anatomy: Anatomy, rule: AgatstonRule) -> tuple[Candidate, ...]:
    """Join kept voxels into components that touch the heart or the aorta."""
    index, hu = bright.index[kept], bright.hu[kept]
    if index.size == 0:
        return ()
    component = find_components(index, bright.grid.shape, rule.lesion_connectivity)
    searched = [v for v, name in anatomy.structures.names.items() if name in {"heart", "aorta"}]
    inside = np.isin(anatomy.structures.labels.reshape(-1)[index], searched)
    touches = np.flatnonzero(np.bincount(component, weights=inside) > 0)
    order = np.argsort(component, kind="stable")
    first = np.searchsorted(component[order], touches, side="left")
    last = np.searchsorted(component[order], touches, side="right")
    parts = [order[a:b] for a, b in zip(first, last, strict=True)]
    return tuple(_candidate(index[part], hu[part], bright.grid) for part in parts)


def _candidate(index: VoxelIndex, hu: np.ndarray, grid: Grid) -> Candidate:
    k, i, j = np.unravel_index(index, grid.shape)
    center = (float(k.mean()), float(i.mean()), float(j.mean()))
    return Candidate(
        index=index,
        peak_hu=float(hu.max()),
        volume_mm3=float(np.sum(grid.slice_extents_mm()[k]) * grid.pixel_area_mm2),
        center_mm=grid.index_to_mm(*center),
        center_index=center,
    )


def _lesions(volume: Volume, candidates: tuple[Candidate, ...], verdicts: tuple[Verdict, ...]) -> tuple[Lesion, ...]:
    accepted = [(v.vessel, v.confidence, c) for c, v in zip(candidates, verdicts, strict=True) if v.vessel is not None]
    accepted.sort(key=lambda item: (*vessel_order(item[0]), -int(item[2].index[-1])))
    flat = volume.hu.reshape(-1)
    return tuple(
        Lesion(id=n, vessel=vessel, index=c.index, hu=flat[c.index], confidence=confidence)
        for n, (vessel, confidence, c) in enumerate(accepted, start=1)
    )
