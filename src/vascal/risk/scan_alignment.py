"""How the heart of one scan lies in another, told by its calcified lesions alone.

Two scans share no frame of reference, and the patient lies and breathes
differently. Every pair of lesions of one vessel votes for a shift; the shifts
that bring most lesions together are refined into a pose: shift, a small turn
and a little stretch, each held back by what is usual (regularised least
squares), with lesions assigned one to one (Hungarian method).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64
from scipy.optimize import linear_sum_assignment

from vascal.volume import Vector

Places = Float[np.ndarray, "_ 3"]
"""Centres of one scan's lesions: (lesion, 3), LPS, mm."""
Costs = Float[np.ndarray, "earlier later"]
Partners = Int64[np.ndarray, "_"]
"""For each lesion of the earlier scan the position of its partner in the later one; -1 without."""

MOST_SEEDS = 40
"""Only so many of a scan's largest lesions vote."""
TRIED_SHIFTS, ROUNDS = 12, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRule:
    """What is usual between two scans of one heart.

    Parameters
    ----------
    noise_mm
        Standard deviation along each axis of a lesion's centre, once the hearts lie over each other.
    gate_mm
        Lesions further apart are never one lesion.
    turn_sd_deg, stretch_sd
        How far the patient is turned, degrees, and the heart larger or smaller with breath and phase.
    size_sd
        Standard deviation of the logarithm of a lesion's growth.
    relabel_cost, kin_cost
        Price of another vessel's name: any, and where names are easily confused (LM with its branches, or unassigned).
        A match at the gate costs (`gate_mm` / `noise_mm`) squared and is worth nothing.
    merge_mm
        Lesions of one scan closer than this may be one in the other.
    clear_margin
        By how much the pairing must be better than one without a pair, for that pair to be called sure.
    """

    noise_mm: float = 5.0
    gate_mm: float = 17.0
    turn_sd_deg: float = 5.0
    stretch_sd: float = 0.04
    size_sd: float = 1.5
    relabel_cost: float = 5.0
    kin_cost: float = 2.0
    merge_mm: float = 12.0
    clear_margin: float = 3.0

    @property
    def worth(self) -> float:
        """What two lesions at the same place are worth."""
        return (self.gate_mm / self.noise_mm) ** 2


MATCH_RULE = MatchRule()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Where the earlier scan's points lie in the later one: a small turn and stretch about a point, then a shift.

    Parameters
    ----------
    shift_mm
        LPS, mm.
    turn_rad
        Around x, y and z.
    stretch
        0.01 makes distances 1 % longer.
    about_mm
        The point that only shifts, in the earlier scan.
    """

    shift_mm: Vector
    turn_rad: Vector = (0.0, 0.0, 0.0)
    stretch: float = 0.0
    about_mm: Vector = (0.0, 0.0, 0.0)

    def place(self, points: Places) -> Places:
        """Give the places, in the later scan, of (point, 3) of the earlier one, mm."""
        arm = points - np.asarray(self.about_mm)
        turned = np.cross(np.asarray(self.turn_rad), arm)
        return np.asarray(points + np.asarray(self.shift_mm) + turned + self.stretch * arm)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """A pose, who is whose partner in it, and how good both are: the higher `gain`, the better."""

    pose: Pose
    partners: Partners
    gain: float


def fit_poses(
    earlier: Places, later: Places, extra: Costs, sizes: tuple[np.ndarray, np.ndarray], rule: MatchRule
) -> tuple[Fit, ...]:
    """Find poses that bring the lesions of two scans together, the best first; none if no two are alike.

    Parameters
    ----------
    earlier, later
        Centres (lesion, 3), mm, one lesion or more each.
    extra
        Cost of each pair besides its distance: size and name of the vessel.
    sizes
        Of the lesions of both scans; the largest vote.
    rule
        What is usual.
    """
    fits = [_refine(shift, earlier, later, extra, rule) for shift in _vote(earlier, later, extra, sizes, rule)]
    return tuple(sorted(fits, key=lambda fit: -fit.gain))


def assign_lesions(cost: Costs, rule: MatchRule) -> tuple[Partners, float]:
    """Pair lesions one to one so that what the pairs are worth, less their cost, is highest; give both."""
    gains = np.maximum(rule.worth - cost, 0.0)
    rows, columns = linear_sum_assignment(gains, maximize=True)
    partners = np.full(len(cost), -1, dtype=np.int64)
    kept = gains[rows, columns] > 0
    partners[rows[kept]] = columns[kept]
    return partners, float(gains[rows, columns].sum())


def pair_costs(pose: Pose, earlier: Places, later: Places, extra: Costs, rule: MatchRule) -> Costs:
    """Give the cost of each pair in a pose."""
    gap = later[None, :, :] - pose.place(earlier)[:, None, :]
    return np.asarray(np.square(gap).sum(axis=2) / rule.noise_mm**2 + extra)


def _vote(
    earlier: Places, later: Places, extra: Costs, sizes: tuple[np.ndarray, np.ndarray], rule: MatchRule
) -> Iterator[np.ndarray]:
    """Yield the shifts that bring most lesions together, no two of them alike.

    Only lesions of one vessel, or of vessels that are easily confused, vote: where a single pair gives the shift, its
    name and size are all that speaks for it.
    """
    seeds = [np.argsort(-size, kind="stable")[:MOST_SEEDS] for size in sizes]
    rows, columns = (axis.ravel() for axis in np.meshgrid(*seeds, indexing="ij"))
    likely = extra[rows, columns] < min(rule.relabel_cost, rule.worth)
    shifts = later[columns[likely]] - earlier[rows[likely]]
    votes = np.array([_count_votes(shift, earlier, later, extra, rule) for shift in shifts])
    for _ in range(min(TRIED_SHIFTS, len(shifts))):
        best = int(np.argmax(votes))
        if votes[best] <= -np.inf:
            return
        yield shifts[best]
        votes[np.linalg.norm(shifts - shifts[best], axis=1) < rule.noise_mm] = -np.inf


def _count_votes(shift: np.ndarray, earlier: Places, later: Places, extra: Costs, rule: MatchRule) -> float:
    """Add up what the nearest partners are worth; turn and stretch are not known yet, so distance counts half."""
    gap = np.square(later[None, :, :] - (earlier + shift)[:, None, :]).sum(axis=2)
    gains = np.maximum(rule.worth - extra - 0.5 * gap / rule.noise_mm**2, 0.0)
    both = (float(gains.max(axis=1).sum()), float(gains.max(axis=0).sum()))
    return min(both) - _shift_cost(shift)


def _shift_cost(shift: np.ndarray) -> float:
    """Of two shifts as good as each other, prefer the shorter; never worth a pair."""
    return min(float(np.linalg.norm(shift)) / 100.0, 1.0)


def _refine(shift: np.ndarray, earlier: Places, later: Places, extra: Costs, rule: MatchRule) -> Fit:
    """Pair, fit the pose to the pairs, and again until the pairs stay.

    Never without pairs: the shift brings one together, and fitting lowers the cost of all together.
    """
    pose = Pose(shift_mm=_vector(shift))
    partners, gain = assign_lesions(pair_costs(pose, earlier, later, extra, rule), rule)
    for _ in range(ROUNDS):
        pose = _fit_pose(earlier[partners >= 0], later[partners[partners >= 0]], rule)
        again, gain = assign_lesions(pair_costs(pose, earlier, later, extra, rule), rule)
        if np.array_equal(again, partners):
            break
        partners = again
    turn = np.square(pose.turn_rad).sum() / np.radians(rule.turn_sd_deg) ** 2
    unusual = turn + (pose.stretch / rule.stretch_sd) ** 2 + _shift_cost(np.asarray(pose.shift_mm))
    return Fit(pose=pose, partners=partners, gain=float(gain - unusual))


def _fit_pose(earlier: Places, later: Places, rule: MatchRule) -> Pose:
    """Fit shift, turn and stretch to one pair or more; turn and stretch are drawn to none as far as is usual."""
    about = earlier.mean(axis=0)
    arm = earlier - about
    design = np.zeros((3 * len(arm) + 4, 7))
    design[: 3 * len(arm), :3] = np.tile(np.eye(3), (len(arm), 1))
    design[: 3 * len(arm), 3:6] = np.cross(np.eye(3)[None, :, :], arm[:, None, :]).transpose(0, 2, 1).reshape(-1, 3)
    design[: 3 * len(arm), 6] = arm.ravel()
    held = np.array([rule.noise_mm / np.radians(rule.turn_sd_deg)] * 3 + [rule.noise_mm / rule.stretch_sd])
    design[3 * len(arm) :, 3:] = np.diag(held)
    wanted = np.concatenate([(later - earlier).ravel(), np.zeros(4)])
    found = np.linalg.lstsq(design, wanted, rcond=None)[0]
    return Pose(
        shift_mm=_vector(found[:3]), turn_rad=_vector(found[3:6]), stretch=float(found[6]), about_mm=_vector(about)
    )


def _vector(values: np.ndarray) -> Vector:
    return (float(values[0]), float(values[1]), float(values[2]))
