"""Find coronary calcium without labels: candidates in the heart, judged one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from vascal.anatomy.confounders import Candidate, Verdict, judge_candidates
from vascal.anatomy.segmenter import Anatomy
from vascal.calcium.candidates import Candidates, find_candidates_in_box
from vascal.calcium.components import find_components
from vascal.calcium.lesions import Lesion, keep_patches, vessel_order
from vascal.calcium.rule import AgatstonRule
from vascal.errors import AnatomyError
from vascal.types import VoxelIndex
from vascal.volume import Grid, Volume

MARGIN_MM = 10.0
"""Bright things are followed this far out of heart and aorta, so that a bone
or a chest wall vessel shows itself as what it is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """A candidate, or a part of one, and what it was taken for."""

    candidate: Candidate
    verdict: Verdict


@runtime_checkable
class Judge(Protocol):
    """Anything that tells coronary calcium from the rest."""

    def __call__(self, volume: Volume, anatomy: Anatomy, candidates: Sequence[Candidate]) -> tuple[Judged, ...]:
        """Judge every candidate, in the same order; one that is several things comes back in parts."""
        ...


def judge_by_rules(volume: Volume, anatomy: Anatomy, candidates: Sequence[Candidate]) -> tuple[Judged, ...]:
    """Judge every candidate by rules of anatomy; implements `Judge`."""
    verdicts = judge_candidates(volume, anatomy, candidates)
    return pair(candidates, verdicts)


def pair(candidates: Sequence[Candidate], verdicts: Sequence[Verdict]) -> tuple[Judged, ...]:
    """Put each candidate together with its verdict."""
    return tuple(Judged(candidate=c, verdict=v) for c, v in zip(candidates, verdicts, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rejected:
    """A bright component that is not scored.

    Parameters
    ----------
    reason
        What it was taken for.
    candidate
        Where it is and how bright.
    probability
        That it is coronary calcium after all, 0 to 1; None where the judge gives none.
    """

    reason: str
    candidate: Candidate
    probability: float | None = None


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
    if _heart_slices(anatomy).size == 0:
        raise AnatomyError(
            "no heart was found in the field of view, so a score of 0 would mean nothing; "
            "give the vessels with --labels if the heart is there"
        )


def find_calcium(volume: Volume, anatomy: Anatomy, rule: AgatstonRule, judge: Judge = judge_by_rules) -> Finding:
    """Find, name and judge coronary calcium.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    anatomy
        Heart and surroundings on the same grid.
    rule
        Threshold, minimum patch and connectivity.
    judge
        Tells coronary calcium from the rest.

    Returns
    -------
    Finding
        Lesions by vessel, then from head to feet; everything else with a reason.

    Raises
    ------
    AnatomyError
        If there is no heart.
    """
    judged = judge(volume, anatomy, collect_candidates(volume, anatomy, rule))
    return Finding(
        lesions=_lesions(volume, judged),
        rejected=tuple(
            Rejected(
                reason=one.verdict.reason or "unknown", candidate=one.candidate, probability=one.verdict.probability
            )
            for one in judged
            if one.verdict.vessel is None
        ),
    )


def collect_candidates(volume: Volume, anatomy: Anatomy, rule: AgatstonRule) -> tuple[Candidate, ...]:
    """List the connected groups of bright voxels in and near the heart.

    Raises
    ------
    AnatomyError
        If there is no heart.
    """
    require_heart(anatomy)
    bright = find_candidates_in_box(volume, _search_box(anatomy), rule)
    return _as_candidates(bright, keep_patches(bright, rule), anatomy, rule)


def _search_box(anatomy: Anatomy) -> tuple[slice, slice, slice]:
    """Box around heart and aorta in the slices of the heart.

    Measured on every second row and column: structures are far larger, and the
    margin is wider than what that can miss.
    """
    grid, labels = anatomy.structures.grid, anatomy.structures.labels[:, ::2, ::2]
    heart = _heart_slices(anatomy)
    flat = np.any(np.isin(labels[heart[0] : heart[-1] + 1], _searched_values(anatomy)), axis=0)
    spans = (heart, 2 * np.flatnonzero(flat.any(axis=1)), 2 * np.flatnonzero(flat.any(axis=0)))
    k, i, j = (
        slice(max(0, int(span[0]) - round(MARGIN_MM / step)), min(n, int(span[-1]) + round(MARGIN_MM / step) + 1))
        for span, step, n in zip(spans, grid.spacing_mm, grid.shape, strict=True)
    )
    return k, i, j


def _heart_slices(anatomy: Anatomy) -> np.ndarray:
    """List the slices with heart; a region that falls between every second row and column is none."""
    value = anatomy.structures.value_of("heart")
    return np.flatnonzero([np.any(labels[::2, ::2] == value) for labels in anatomy.structures.labels])


def _searched_values(anatomy: Anatomy) -> list[int]:
    return [anatomy.structures.value_of(name) for name in ("heart", "aorta")]


def _as_candidates(bright: Candidates, kept: np.ndarray, anatomy: Anatomy, rule: AgatstonRule) -> tuple[Candidate, ...]:
    """Join kept voxels into components that touch the heart or the aorta."""
    index, hu = bright.index[kept], bright.hu[kept]
    if index.size == 0:
        return ()
    component = find_components(index, bright.grid.shape, rule.lesion_connectivity)
    inside = np.isin(anatomy.structures.labels.reshape(-1)[index], _searched_values(anatomy))
    touches = np.flatnonzero(np.bincount(component, weights=inside) > 0)
    order = np.argsort(component, kind="stable")
    first = np.searchsorted(component[order], touches, side="left")
    last = np.searchsorted(component[order], touches, side="right")
    parts = [order[a:b] for a, b in zip(first, last, strict=True)]
    return tuple(describe_group(index[part], hu[part], bright.grid) for part in parts)


def describe_group(index: VoxelIndex, hu: np.ndarray, grid: Grid) -> Candidate:
    """Describe a connected group of voxels by its flat positions and CT numbers."""
    k, i, j = np.unravel_index(index, grid.shape)
    center = (float(k.mean()), float(i.mean()), float(j.mean()))
    return Candidate(
        index=index,
        peak_hu=float(hu.max()),
        volume_mm3=float(np.sum(grid.slice_extents_mm()[k]) * grid.pixel_area_mm2),
        center_mm=grid.index_to_mm(*center),
        center_index=center,
    )


def _lesions(volume: Volume, judged: Sequence[Judged]) -> tuple[Lesion, ...]:
    accepted = [(j.verdict.vessel, j.verdict, j.candidate) for j in judged if j.verdict.vessel is not None]
    accepted.sort(key=lambda item: (*vessel_order(item[0]), -int(item[2].index[-1])))
    flat = volume.hu.reshape(-1)
    return tuple(
        Lesion(id=n, vessel=vessel, index=c.index, hu=flat[c.index], confidence=v.confidence, segment=v.segment)
        for n, (vessel, v, c) in enumerate(accepted, start=1)
    )
