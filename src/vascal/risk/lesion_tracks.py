"""Each lesion through a series of scans: pairs from scan to scan, strung together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from vascal.calcium.lesions import vessel_order
from vascal.risk.lesion_pairs import LesionMatching, PlacedLesion, match_lesions

TrackKind = Literal["same", "merged", "split", "mixed", "new", "vanished", "passing"]
Node = tuple[int, int]
"""Scan, from 0, and a lesion's number in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionTrack:
    """One lesion, or one that grew together or was divided, through all scans.

    Parameters
    ----------
    kind
        From the first scan to the last. ``merged``: of several, one is left, or fewer; ``split``: more than there were;
        ``mixed``: several, as many as before; ``passing``: in neither the first nor the last.
    ids
        Of its lesions in each scan; empty where it has none.
    vessels
        What its vessel is called in the scans that have it, each name once.
    agatston, volume_mm3
        Sum of its lesions in each scan.
    is_sure
        Whether no other matching fits about as well.
    """

    kind: TrackKind
    ids: tuple[tuple[int, ...], ...]
    vessels: tuple[str, ...]
    agatston: tuple[float, ...]
    volume_mm3: tuple[float, ...]
    is_sure: bool


def track_lesions(scans: Sequence[Sequence[PlacedLesion]]) -> tuple[LesionTrack, ...]:
    """Follow every lesion from scan to scan.

    Parameters
    ----------
    scans
        Lesions of each scan, in order of the scans' days; two scans or more.

    Returns
    -------
    tuple of LesionTrack
        Each lesion of each scan is in one of them; by vessel, then from head to feet. A lesion that one scan misses
        ends there; found again, it is another track.
    """
    matchings = [match_lesions(one, two) for one, two in pairwise(scans)]
    by_id = [{lesion.id: lesion for lesion in lesions} for lesions in scans]
    groups = _string_together(matchings, [tuple(lesions) for lesions in by_id])
    unsure = {
        node
        for step, matching in enumerate(matchings)
        for pair in matching.pairs
        if not pair.is_sure
        for node in (*((step, i) for i in pair.earlier), *((step + 1, i) for i in pair.later))
    }
    groups.sort(key=lambda group: _rank(group, by_id))
    return tuple(_describe(group, by_id, is_sure=unsure.isdisjoint(group)) for group in groups)


def _string_together(matchings: Sequence[LesionMatching], ids: Sequence[Sequence[int]]) -> list[list[Node]]:
    """Join lesions that any pair links, directly or through others."""
    group_of: dict[Node, list[Node]] = {(scan, i): [(scan, i)] for scan, found in enumerate(ids) for i in found}
    for step, matching in enumerate(matchings):
        for pair in matching.pairs:
            nodes = [*((step, i) for i in pair.earlier), *((step + 1, i) for i in pair.later)]
            joined = sorted({node for one in nodes for node in group_of[one]})
            for node in joined:
                group_of[node] = joined
    return [group for node, group in sorted(group_of.items()) if group[0] == node]


def _rank(group: list[Node], scans: Sequence[Mapping[int, PlacedLesion]]) -> tuple[tuple[int, str], int, float, Node]:
    """Order by vessel; within it by the last scan that has the track, from head to feet."""
    scan, i = max(group, key=lambda node: (node[0], -node[1]))
    lesion = scans[scan][i]
    return vessel_order(lesion.vessel), -scan, -lesion.center_mm[2], group[0]


def _describe(group: list[Node], scans: Sequence[Mapping[int, PlacedLesion]], *, is_sure: bool) -> LesionTrack:
    ids = tuple(tuple(i for scan, i in group if scan == wanted) for wanted in range(len(scans)))
    lesions = [[scans[scan][i] for i in found] for scan, found in enumerate(ids)]
    return LesionTrack(
        kind=_kind(len(ids[0]), len(ids[-1])),
        ids=ids,
        vessels=tuple(dict.fromkeys(lesion.vessel for found in lesions for lesion in found)),
        agatston=tuple(float(sum(lesion.agatston for lesion in found)) for found in lesions),
        volume_mm3=tuple(float(sum(lesion.volume_mm3 for lesion in found)) for found in lesions),
        is_sure=is_sure,
    )


def _kind(first: int, last: int) -> TrackKind:
    """Name what became of lesions, by how many there are in the first scan and in the last."""
    if not first or not last:
        return "new" if last else "vanished" if first else "passing"
    if first == last:
        return "same" if first == 1 else "mixed"
    return "merged" if last < first else "split"
