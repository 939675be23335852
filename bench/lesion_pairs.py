"""How often lesions of two scans of one simulated patient are matched rightly.

    python -m bench.lesion_pairs [--patients 2000] [--json FILE]

Coronary trees and plaques are those of the simulator. In the second scan every plaque has grown, some are new and a few
small ones are missed; plaques that touch are one lesion. Then the heart is moved: a shift of up to 40 mm, a turn of
5 degrees about any axis, a stretch of up to 3 %, and 3 mm of noise (SD along each axis) on every lesion's centre. The
name of another vessel is given to 3 % of lesions. The truth is which lesions share a plaque. One factor is worse at a
time in the further rows.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vascal.calcium.lesions import VESSELS
from vascal.risk.lesion_pairs import LesionMatching, PlacedLesion, match_lesions
from vascal.simulate.ct.burden import BRANCH_SHARES, draw_agatston, draw_plaque, draw_plaques
from vascal.simulate.ct.coronaries import coronary_tree
from vascal.simulate.ct.heart import make_heart
from vascal.simulate.ct.patient import draw_patient


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """What differs between the scans besides growth."""

    shift_mm: float = 40.0
    turn_deg: float = 5.0
    stretch: float = 0.03
    noise_mm: float = 3.0
    renamed: float = 0.03
    missed: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A plaque at its place: volume at both scans, mm3; 0 where it is not there."""

    vessel: str
    place: tuple[float, float, float]
    volumes: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Two scans, and the plaques of each lesion."""

    earlier: tuple[PlacedLesion, ...]
    later: tuple[PlacedLesion, ...]
    plaques: tuple[dict[int, frozenset[int]], dict[int, frozenset[int]]]


CONDITIONS = {
    "usual": Motion(),
    "no motion, no noise": Motion(shift_mm=0, turn_deg=0, stretch=0, noise_mm=0, renamed=0),
    "shift of 400 mm": Motion(shift_mm=400),
    "turn of 10 degrees": Motion(turn_deg=10),
    "noise of 5 mm": Motion(noise_mm=5),
    "15 % renamed": Motion(renamed=0.15),
}
NEW_SHARE, NEW_LEAST = 0.3, 0.4
"""New plaques: Poisson, this share of those that were there, plus this."""
GROWTH_MEDIAN, GROWTH_SD = 1.6, 0.4
SMALL_MM3 = 4.0
"""Smaller lesions are missed now and then."""


def draw_case(seed: int, motion: Motion) -> Case:
    """Draw a patient with calcium at the first scan, and both scans."""
    rng = np.random.default_rng((seed, 0xF0))
    spots = _draw_spots(seed, rng)
    scans = [_see(spots, scan, rng, motion) for scan in (0, 1)]
    moved = _move(scans[1][0], rng, motion)
    return Case(earlier=scans[0][0], later=moved, plaques=(scans[0][1], scans[1][1]))


def _draw_spots(seed: int, rng: np.random.Generator) -> tuple[Spot, ...]:
    patient = draw_patient(seed)
    tree = {branch.name: branch for branch in coronary_tree(rng, make_heart(rng, patient), patient)}
    agatston = 0.0
    while agatston <= 0:
        agatston = draw_agatston(rng, patient)
    old = [p for p in draw_plaques(seed, patient, tuple(tree), agatston=agatston) if p.site in tree]
    names = [name for name in BRANCH_SHARES if name in tree]
    odds = np.array([BRANCH_SHARES[name] for name in names])
    fresh = rng.poisson(NEW_SHARE * len(old) + NEW_LEAST)
    new = [
        draw_plaque(rng, str(rng.choice(names, p=odds / odds.sum())), rng.exponential(4.0) + 0.5) for _ in range(fresh)
    ]
    spots = []
    for number, plaque in enumerate((*old, *new)):
        branch = tree[plaque.site]
        x, y, z = branch.points[round(plaque.position * (len(branch.points) - 1))].tolist()
        grown = plaque.volume_mm3 * float(rng.lognormal(np.log(GROWTH_MEDIAN), GROWTH_SD))
        volumes = (plaque.volume_mm3, grown) if number < len(old) else (0.0, plaque.volume_mm3)
        spots.append(Spot(vessel=branch.vessel, place=(x, y, z), volumes=volumes))
    return tuple(spots)


def _see(
    spots: Sequence[Spot], scan: int, rng: np.random.Generator, motion: Motion
) -> tuple[tuple[PlacedLesion, ...], dict[int, frozenset[int]]]:
    """Join plaques that touch into lesions; miss a few small ones, misname a few."""
    lesions, plaques = [], {}
    for group in _groups(spots, scan):
        volume = sum(spots[i].volumes[scan] for i in group)
        if volume < SMALL_MM3 and rng.random() < motion.missed:
            continue
        weights = np.array([spots[i].volumes[scan] for i in group])
        x, y, z = (weights @ np.array([spots[i].place for i in group]) / weights.sum()).tolist()
        vessel = spots[group[0]].vessel
        if rng.random() < motion.renamed:
            vessel = str(rng.choice([name for name in (*VESSELS, "unassigned") if name != vessel]))
        number = len(lesions) + 1
        lesions.append(PlacedLesion(id=number, vessel=vessel, center_mm=(x, y, z), volume_mm3=volume, agatston=volume))
        plaques[number] = frozenset(group)
    return tuple(lesions), plaques


def _groups(spots: Sequence[Spot], scan: int) -> Iterator[list[int]]:
    """Yield plaques that touch, directly or through others."""
    left = {i for i, spot in enumerate(spots) if spot.volumes[scan] > 0}
    while left:
        group, edge = [], [left.pop()]
        while edge:
            one = edge.pop()
            group.append(one)
            near = {i for i in left if _touch(spots[one], spots[i], scan)}
            left -= near
            edge += sorted(near)
        yield sorted(group)


def _touch(one: Spot, two: Spot, scan: int) -> bool:
    reach = sum(1.0 + 0.7 * spot.volumes[scan] ** (1 / 3) for spot in (one, two))
    return one.vessel == two.vessel and float(np.linalg.norm(np.subtract(one.place, two.place))) <= reach


def _move(lesions: Sequence[PlacedLesion], rng: np.random.Generator, motion: Motion) -> tuple[PlacedLesion, ...]:
    """Turn and stretch about the middle of the heart, shift, and add noise."""
    axis, direction = (v / np.linalg.norm(v) for v in rng.normal(size=(2, 3)))
    k = np.cross(np.eye(3), axis)
    angle = np.radians(motion.turn_deg)
    turn = np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k
    stretch = 1 + rng.uniform(-motion.stretch, motion.stretch)
    shift = direction * rng.uniform(0, motion.shift_mm)
    middle = np.array([25.0, -35.0, 0.0])
    moved = []
    for lesion in lesions:
        place = middle + stretch * turn @ (np.array(lesion.center_mm) - middle) + shift
        x, y, z = (place + rng.normal(0, motion.noise_mm, 3)).tolist()
        moved.append(replace(lesion, center_mm=(x, y, z)))
    return tuple(moved)


def count_right(case: Case, found: LesionMatching) -> Counter[str]:
    """Count links (a lesion of each scan that share a plaque) and what became of them."""
    true = {(i, j) for i, a in case.plaques[0].items() for j, b in case.plaques[1].items() if a & b}
    links = {(i, j): pair for pair in found.pairs for i in pair.earlier for j in pair.later}
    counts = Counter(true=len(true), said=len(links), right=len(true & links.keys()))
    sure = {link for link, pair in links.items() if pair.is_sure}
    counts += Counter(sure=len(sure), sure_right=len(sure & true))
    both = {i for i, _ in true}, {j for _, j in true}
    for kind, number, lonely in (("vanished", 0, both[0]), ("new", 1, both[1])):
        real = case.plaques[number].keys() - lonely
        said = {(p.earlier or p.later)[0] for p in found.pairs if p.kind == kind}
        counts += Counter({f"{kind}_true": len(real), f"{kind}_said": len(said), f"{kind}_right": len(real & said)})
    counts += Counter(cases=1, whole=int(true == links.keys()))
    return counts


def measure(patients: int, motion: Motion) -> dict[str, float]:
    """Give shares over many patients, percent."""
    total: Counter[str] = Counter()
    for seed in range(patients):
        case = draw_case(seed, motion)
        total += count_right(case, match_lesions(case.earlier, case.later))
    shares = {
        "pairs found": ("right", "true"),
        "pairs right": ("right", "said"),
        "sure, of pairs": ("sure", "said"),
        "sure pairs right": ("sure_right", "sure"),
        "new found": ("new_right", "new_true"),
        "new right": ("new_right", "new_said"),
        "patients without error": ("whole", "cases"),
    }
    return {name: round(100 * total[a] / max(total[b], 1), 1) for name, (a, b) in shares.items()} | {
        "pairs": total["true"]
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=2000)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    table = {name: measure(chosen.patients, motion) for name, motion in CONDITIONS.items()}
    columns = list(next(iter(table.values())))
    print("| condition | " + " | ".join(columns) + " |\n|---|" + "---|" * len(columns))
    for name, row in table.items():
        print(f"| {name} | " + " | ".join(f"{value:g}" for value in row.values()) + " |")
    if chosen.json:
        chosen.json.write_text(json.dumps({"patients": chosen.patients, "conditions": table}, indent=1) + "\n")


if __name__ == "__main__":
    main()
