"""Bright groups that run together: cut along the map of courses, and joined again where the cut was in vain.

Calcium of the left main stem often goes on into the LAD, that of an ostium into the
aortic wall. Scores by artery need them apart, as a reader's labels keep them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from jaxtyping import Int64

from vascal.anatomy.confounders import Candidate, Verdict
from vascal.calcium.components import find_components
from vascal.calcium.finding import Judged, describe_group
from vascal.models.course_net import CourseMap
from vascal.regions import SEGMENT_COUNT, VESSEL_OF_SEGMENT
from vascal.volume import Volume

LEAST_MM3 = 25.0
"""Smaller groups stay whole: one plaque of 3 mm."""
LEAST_PART_MM3 = 8.0
LEAST_SHARE = 0.15
"""A part has at least so much, and at least this share of the whole group."""
MOST_VOXELS = 20_000
"""Larger groups are bone or contrast agent and stay whole."""
CONNECTIVITY = 26
SITES = ("LM", "LAD", "LCX", "RCA", "root", "annulus")
_OF_CLASS = np.array(
    [
        -1, *(SITES.index(VESSEL_OF_SEGMENT[n]) for n in range(1, SEGMENT_COUNT + 1)),
        SITES.index("root"), SITES.index("annulus"),
    ]
)  # fmt: skip
"""By class of the map of courses; it ends with root and annulus."""


def divide(
    volume: Volume, courses: CourseMap, candidates: Sequence[Candidate]
) -> tuple[tuple[Candidate, ...], Int64[np.ndarray, " part"]]:
    """Cut candidates where they pass from one artery to another, or to root or annulus.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    courses
        Of the same scan.
    candidates
        Connected groups of bright voxels.

    Returns
    -------
    parts, origin
        Parts in the order of the candidates, and which candidate each is of. Every voxel is in one part.
    """
    parts = [_cut(volume, courses, candidate) for candidate in candidates]
    origin = np.repeat(np.arange(len(candidates)), [len(own) for own in parts])
    return tuple(part for own in parts for part in own), origin


def _cut(volume: Volume, courses: CourseMap, candidate: Candidate) -> tuple[Candidate, ...]:
    if candidate.volume_mm3 < LEAST_MM3 or len(candidate.index) > MOST_VOXELS:
        return (candidate,)
    share = courses.share_at(courses.lattice.places_of(volume, candidate.index))
    of_site = np.stack([share[site == _OF_CLASS].sum(axis=0) for site in range(len(SITES))])
    label = _find_sites(of_site, candidate.volume_mm3)
    if label.min() == label.max():
        return (candidate,)
    label = _settle(candidate, label, volume)
    hu = volume.hu.reshape(-1)[candidate.index]
    pieces = [label == n for n in np.unique(label)]
    if len(pieces) == 1:
        return (candidate,)
    return tuple(describe_group(candidate.index[piece], hu[piece], volume.grid) for piece in pieces)


def _find_sites(of_site: np.ndarray, volume_mm3: float) -> np.ndarray:
    """Give each voxel its likeliest site, among sites that enough voxels are at."""
    allowed = np.ones(len(of_site), dtype=bool)
    least = max(LEAST_SHARE, LEAST_PART_MM3 / volume_mm3)
    while True:
        label = np.where(allowed[:, None], of_site, -1.0).argmax(axis=0)
        held = np.bincount(label, minlength=len(of_site)) / label.size
        small = np.flatnonzero(allowed & (held > 0) & (held < least))
        if not small.size or np.count_nonzero(held) == 1:
            return np.asarray(label)
        allowed[small[np.argmin(held[small])]] = False


def _settle(candidate: Candidate, label: np.ndarray, volume: Volume) -> np.ndarray:
    """Number connected parts; crumbs go to the largest part."""
    part = find_components(candidate.index, volume.grid.shape, CONNECTIVITY, label)
    voxel_mm3 = candidate.volume_mm3 / len(candidate.index)
    sizes = np.bincount(part) * voxel_mm3
    crumbs = sizes < LEAST_PART_MM3
    table = np.where(crumbs, sizes.argmax(), np.arange(sizes.size))
    return np.asarray(table[part])


def join(
    volume: Volume, parts: Sequence[Candidate], verdicts: Sequence[Verdict], origin: np.ndarray
) -> dict[int, tuple[Judged, ...]]:
    """Put parts of one candidate together again where they were taken for the same: by the candidate's number.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    parts, verdicts, origin
        As `divide` gave them, judged.
    """
    joined: dict[int, tuple[Judged, ...]] = {}
    for candidate, numbers in groupby(range(len(parts)), key=lambda n: int(origin[n])):
        of_name: dict[tuple[str | None, str | None], list[int]] = {}
        for n in numbers:
            of_name.setdefault((verdicts[n].vessel, verdicts[n].reason), []).append(n)
        joined[candidate] = tuple(
            _as_one(volume, [parts[n] for n in own], [verdicts[n] for n in own]) for own in of_name.values()
        )
    return joined


def _as_one(volume: Volume, parts: Sequence[Candidate], verdicts: Sequence[Verdict]) -> Judged:
    """Join parts; the largest speaks for all."""
    largest = max(range(len(parts)), key=lambda n: parts[n].volume_mm3)
    if len(parts) == 1:
        return Judged(candidate=parts[0], verdict=verdicts[0])
    index = np.sort(np.concatenate([part.index for part in parts]))
    whole = describe_group(index, volume.hu.reshape(-1)[index], volume.grid)
    return Judged(candidate=whole, verdict=verdicts[largest])
