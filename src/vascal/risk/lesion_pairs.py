"""Which lesion of an earlier scan is which of a later one: the same, grown together, divided, new or vanished.

The scans are not registered. Lesions are matched by vessel, size and their
place among the other lesions of the same scan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from vascal.calcium.lesions import UNASSIGNED, vessel_order
from vascal.risk.assignment_margins import find_margins
from vascal.risk.scan_alignment import (
    MATCH_RULE,
    Costs,
    Fit,
    MatchRule,
    Partners,
    Places,
    Pose,
    fit_poses,
    pair_costs,
)
from vascal.volume import Vector

PairKind = Literal["same", "merged", "split", "new", "vanished"]
LEFT_MAIN_KIN = frozenset({"LM", "LAD", "LCX"})
MERGED_SHARE = 0.6
"""Least volume of a merged lesion, as a share of its parts' volumes together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedLesion:
    """What matching needs to know of a lesion: name of its vessel, centre (LPS, mm), volume (mm3), Agatston units."""

    id: int
    vessel: str
    center_mm: Vector
    volume_mm3: float
    agatston: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionPair:
    """Lesions of two scans that are one.

    Parameters
    ----------
    kind
        ``same``: one in each; ``merged``: several became one; ``split``: one became several;
        ``new`` and ``vanished``: in one scan only.
    earlier, later
        Their `id` in each scan.
    distance_mm
        Between the centres once the scans lie over each other, mm; of merged parts, from their common centre. None
        where one scan has none.
    is_sure
        Whether any other pairing would fit clearly worse.
    """

    kind: PairKind
    earlier: tuple[int, ...]
    later: tuple[int, ...]
    distance_mm: float | None = None
    is_sure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionMatching:
    """All lesions of two scans, each in one pair.

    Parameters
    ----------
    pairs
        By vessel, then from head to feet.
    pose
        How the earlier scan lies in the later one; None where no two lesions are alike.
    """

    pairs: tuple[LesionPair, ...]
    pose: Pose | None

    def count(self, kind: PairKind) -> int:
        """Count the pairs of a kind."""
        return sum(pair.kind == kind for pair in self.pairs)


def match_lesions(
    earlier: Sequence[PlacedLesion], later: Sequence[PlacedLesion], rule: MatchRule = MATCH_RULE
) -> LesionMatching:
    """Match the lesions of two scans of one patient.

    Parameters
    ----------
    earlier, later
        Lesions of each scan; `id` is unique in its scan. Either may be empty.
    rule
        What is usual between two scans.

    Returns
    -------
    LesionMatching
        The same for the same lesions, in whatever order they come.

    Notes
    -----
    A calcified lesion rarely vanishes. So a lesion without partner that lies beside a matched one of the same vessel
    is taken for a part of it, where the other scan's lesion is large enough to hold both.
    """
    first, second = (tuple(sorted(scan, key=lambda lesion: lesion.id)) for scan in (earlier, later))
    scans = _Scans(first=first, second=second, extra=_extra_costs(first, second, rule), rule=rule)
    sizes = tuple(np.array([lesion.volume_mm3 for lesion in scan], dtype=float) for scan in (first, second))
    both = bool(first and second)
    fits = fit_poses(_places(first), _places(second), scans.extra, (sizes[0], sizes[1]), rule) if both else ()
    if not fits:
        lonely = (*(_lonely(lesion, "vanished") for lesion in first), *(_lonely(lesion, "new") for lesion in second))
        return LesionMatching(pairs=_sorted(lonely, first, second, None), pose=None)
    pose = fits[0].pose
    pairs = _join_parts(_describe(scans, fits), scans, pose)
    return LesionMatching(pairs=_sorted(pairs, first, second, pose), pose=pose)


def _places(lesions: Sequence[PlacedLesion]) -> Places:
    return np.array([lesion.center_mm for lesion in lesions], dtype=float).reshape(-1, 3)


def _extra_costs(first: Sequence[PlacedLesion], second: Sequence[PlacedLesion], rule: MatchRule) -> Costs:
    """Cost of each pair's vessels and sizes."""
    sizes = [np.log1p([lesion.volume_mm3 for lesion in scan]) for scan in (first, second)]
    growth = (sizes[1][None, :] - sizes[0][:, None]) / rule.size_sd
    names = [[_name_cost(one.vessel, two.vessel, rule) for two in second] for one in first]
    return np.asarray(np.square(growth) + np.array(names, dtype=float).reshape(growth.shape))


def _name_cost(one: str, two: str, rule: MatchRule) -> float:
    if one == two:
        return 0.0
    kin = UNASSIGNED in {one, two} or ({one, two} <= LEFT_MAIN_KIN and "LM" in {one, two})
    return rule.kin_cost if kin else rule.relabel_cost


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scans:
    """Both scans' lesions, by `id`, and what matching them costs besides distance."""

    first: tuple[PlacedLesion, ...]
    second: tuple[PlacedLesion, ...]
    extra: Costs
    rule: MatchRule

    def costs(self, pose: Pose) -> Costs:
        return pair_costs(pose, _places(self.first), _places(self.second), self.extra, self.rule)


def _describe(scans: _Scans, fits: Sequence[Fit]) -> list[LesionPair]:
    """Say which pairs the best fit has, and which of them no other pairing that is about as good lacks."""
    best, rule = fits[0], scans.rule
    costs = scans.costs(best.pose)
    gaps = np.sqrt(np.maximum(costs - scans.extra, 0.0)) * rule.noise_mm
    margins = find_margins(costs, rule.worth)
    pairs = []
    for row, column in enumerate(best.partners.tolist()):
        lost = margins.forced[row].min() if column < 0 else margins.without[row, column]
        sure = min(float(lost), _lead(fits, row, column)) >= rule.clear_margin
        if column < 0:
            pairs.append(_lonely(scans.first[row], "vanished", is_sure=sure))
            continue
        ids = ((scans.first[row].id,), (scans.second[column].id,))
        pairs.append(
            LesionPair(kind="same", earlier=ids[0], later=ids[1], distance_mm=float(gaps[row, column]), is_sure=sure)
        )
    turned = [replace(fit, partners=_turn(fit.partners, len(scans.second))) for fit in fits]
    for column in np.flatnonzero(turned[0].partners < 0).tolist():
        lost = margins.forced[:, column].min()
        sure = min(float(lost), _lead(turned, column, -1)) >= rule.clear_margin
        pairs.append(_lonely(scans.second[column], "new", is_sure=sure))
    return pairs


def _turn(partners: Partners, later: int) -> Partners:
    """Give the partners as the later scan sees them."""
    turned = np.full(later, -1, dtype=np.int64)
    turned[partners[partners >= 0]] = np.flatnonzero(partners >= 0)
    return turned


def _lead(fits: Sequence[Fit], row: int, column: int) -> float:
    """Give by how much the best pose is better than the best one with another answer for a lesion."""
    others = [fit.gain for fit in fits if fit.partners[row] != column]
    return fits[0].gain - max(others, default=-np.inf)


def _lonely(lesion: PlacedLesion, kind: Literal["new", "vanished"], *, is_sure: bool = True) -> LesionPair:
    ids = (lesion.id,)
    gone = kind == "vanished"
    return LesionPair(kind=kind, earlier=ids if gone else (), later=() if gone else ids, is_sure=is_sure)


def _join_parts(pairs: list[LesionPair], scans: _Scans, pose: Pose) -> list[LesionPair]:
    """Take lesions without partner, the largest first, for parts of the pairs they lie in."""
    here = {lesion.id: replace(lesion, center_mm=_moved(lesion, pose)) for lesion in scans.first}
    there = {lesion.id: lesion for lesion in scans.second}
    for kind, parts in (("vanished", here), ("new", there)):
        lonely = [pair for pair in pairs if pair.kind == kind]
        for one in sorted(lonely, key=lambda pair: -parts[(pair.earlier or pair.later)[0]].volume_mm3):
            joined = [_join(pair, one, here, there, scans.rule) for pair in pairs]
            found = [(new, pair) for new, pair in zip(joined, pairs, strict=True) if new is not None]
            if found:
                new, old = min(found, key=lambda item: item[0].distance_mm or 0.0)
                pairs = [new if pair is old else pair for pair in pairs if pair is not one]
    return pairs


def _moved(lesion: PlacedLesion, pose: Pose) -> Vector:
    x, y, z = pose.place(np.array([lesion.center_mm], dtype=float))[0].tolist()
    return (x, y, z)


def _join(
    pair: LesionPair,
    one: LesionPair,
    here: Mapping[int, PlacedLesion],
    there: Mapping[int, PlacedLesion],
    rule: MatchRule,
) -> LesionPair | None:
    """Put a lonely lesion into a pair, if it may be a part of the pair's whole; None if not."""
    kind: PairKind = "merged" if one.kind == "vanished" else "split"
    if pair.kind not in ("same", kind):
        return None
    earlier, later = (*pair.earlier, *one.earlier), (*pair.later, *one.later)
    old, new = [here[i] for i in earlier], [there[i] for i in later]
    parts, whole = (old, new[0]) if kind == "merged" else (new, old[0])
    distance = _distance_as_parts(parts, whole, rule)
    if distance is None:
        return None
    return LesionPair(
        kind=kind, earlier=tuple(sorted(earlier)), later=tuple(sorted(later)), distance_mm=distance, is_sure=False
    )


def _distance_as_parts(parts: Sequence[PlacedLesion], whole: PlacedLesion, rule: MatchRule) -> float | None:
    """Give how far the common centre of parts is from a lesion that may be all of them; None if it can not be."""
    *others, last = parts
    sizes = np.array([part.volume_mm3 for part in parts])
    places = _places(parts)
    near = np.linalg.norm(places[:-1] - places[-1], axis=1).min() <= rule.merge_mm
    kin = all(_name_cost(part.vessel, last.vessel, rule) < rule.relabel_cost for part in others)
    large = whole.volume_mm3 >= max(MERGED_SHARE * sizes.sum(), sizes.max())
    distance = float(np.linalg.norm(sizes @ places / sizes.sum() - np.asarray(whole.center_mm)))
    return distance if near and kin and large and distance <= 2 * rule.noise_mm else None


def _sorted(
    pairs: Sequence[LesionPair], first: Sequence[PlacedLesion], second: Sequence[PlacedLesion], pose: Pose | None
) -> tuple[LesionPair, ...]:
    """Order pairs by vessel, then from head to feet."""
    here = {lesion.id: lesion for lesion in first}
    there = {lesion.id: lesion for lesion in second}

    def place(pair: LesionPair) -> tuple[tuple[int, str], float]:
        lesion = there[pair.later[0]] if pair.later else here[pair.earlier[0]]
        z = lesion.center_mm[2] if pair.later or pose is None else _moved(lesion, pose)[2]
        return vessel_order(lesion.vessel), -z

    return tuple(sorted(pairs, key=place))
