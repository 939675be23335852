"""Calcium of the aortic wall: how much, where, and as points that carry mass.

Burden spans the whole scale evenly, so that both of its ends can be learned and tested;
along the aorta it grows towards the division, as in people (Kauppila et al. 1997; CORD).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from vascal.simulate.xray.aorta import STEP_MM, Aorta
from vascal.wall_levels import WALL_LEVELS, WALLS, Wall, grade_fraction

LEVEL_WEIGHT = (0.45, 0.75, 1.15, 1.6)
"""Chance of calcium at L1 to L4, relative to each other."""
POINT_MM = 0.45
"""Distance between points of a plaque, mm."""
LEAST_RUN_MM = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaqueHabit:
    """What calcium is like: ranges, low and high.

    Parameters
    ----------
    density_g_cm3
        Hydroxyapatite in a plaque.
    thickness_mm
        Across the wall.
    arc_deg
        Half of the angle a plaque takes of the circumference.
    faint_share
        Of patients whose plaques are a third as dense.
    """

    density_g_cm3: tuple[float, float] = (0.25, 1.0)
    thickness_mm: tuple[float, float] = (0.6, 2.2)
    arc_deg: tuple[float, float] = (20.0, 70.0)
    faint_share: float = 0.12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WallCalcium:
    """Calcium of one wall.

    Parameters
    ----------
    is_calcified
        (point,): along the aorta's centre line, where this wall is calcified.
    points
        (spot, 3), mm, and `mass_g`, (spot,), g of hydroxyapatite.
    """

    wall: Wall
    is_calcified: Bool[np.ndarray, " point"]
    points: Float[np.ndarray, "spot 3"]
    mass_g: Float[np.ndarray, " spot"]

    def fractions(self, aorta: Aorta) -> tuple[float, ...]:
        """Give the calcified share of this wall at L1 to L4."""
        return tuple(level_fractions(self.is_calcified, aorta))


def level_fractions(marked: Bool[np.ndarray, " point"], aorta: Aorta) -> list[float]:
    """Give the share of points that are marked at L1 to L4."""
    return [float(marked[top:bottom].mean()) for top, bottom in zip(aorta.bounds, aorta.bounds[1:], strict=False)]


def draw_grades(rng: np.random.Generator, total: int | None = None) -> Int[np.ndarray, " 8"]:
    """Draw the eight grades so that they sum to a total.

    Parameters
    ----------
    rng
        Source of chance.
    total
        AAC-24, 0 to 24; any, each as likely, unless given.

    Returns
    -------
    array
        (8,), in the order of `WALL_LEVELS`.
    """
    wanted = int(rng.integers(0, 25)) if total is None else total
    weight = np.repeat(LEVEL_WEIGHT, 2) * np.exp(rng.normal(0, 0.55, 8)) * np.tile(np.exp(rng.normal(0, 0.3, 2)), 4)
    grades = np.zeros(8, dtype=np.int64)
    while grades.sum() < wanted:
        room = (weight * (grades < 3) * (1 + 0.8 * grades)).astype(np.float64)
        grades[rng.choice(8, p=room / room.sum())] += 1
    return grades


def draw_calcium(
    rng: np.random.Generator, habit: PlaqueHabit, aorta: Aorta, grades: Int[np.ndarray, " 8"]
) -> tuple[WallCalcium, ...]:
    """Draw the calcium of both walls, to have the given grades.

    Above L1 and below L4 there may be some as well, which counts for nothing. Where there is
    more calcium it is denser too, and seldom faint.
    """
    burden = float(grades.sum()) / 24
    strength = 0.8 + 0.8 * burden
    if rng.random() < habit.faint_share * (1 - burden):
        strength *= 0.35
    return tuple(_draw_wall(rng, habit, aorta, grades[k::2], WALLS[k], strength) for k in range(2))


def _draw_wall(
    rng: np.random.Generator,
    habit: PlaqueHabit,
    aorta: Aorta,
    grades: Int[np.ndarray, " 4"],
    wall: Wall,
    strength: float,
) -> WallCalcium:
    marked = np.zeros(len(aorta.radii), dtype=bool)
    for level, grade in enumerate(grades):
        top, bottom = aorta.bounds[level], aorta.bounds[level + 1]
        _mark_level(rng, marked, top, bottom, int(grade))
    around = grades[[0, 3]] > 0
    if around[0] and rng.random() < 0.6:
        _mark_level(rng, marked, max(0, aorta.bounds[0] - 50), aorta.bounds[0], int(rng.integers(1, 4)))
    if around[1] and rng.random() < 0.6:
        _mark_level(rng, marked, aorta.bounds[4], min(len(marked), aorta.bounds[4] + 40), int(rng.integers(1, 4)))
    points, mass = _place_points(rng, habit, aorta, marked, wall, strength)
    return WallCalcium(wall=wall, is_calcified=marked, points=points, mass_g=mass)


def _mark_level(rng: np.random.Generator, marked: np.ndarray, top: int, bottom: int, grade: int) -> None:
    """Mark runs that together have a length of the wanted grade."""
    if grade == 0 or bottom - top < 8:
        return
    low, high = ((0.05, 0.32), (0.345, 0.655), (0.68, 1.0))[grade - 1]
    length = bottom - top
    wanted = max(int(LEAST_RUN_MM / STEP_MM), round(rng.uniform(low, high) * length))
    pieces = 1 if rng.random() < 0.45 else int(rng.integers(2, 5))
    count = min(pieces, wanted - 1) - 1 if pieces > 1 else 0
    cuts = np.sort(rng.choice(np.arange(1, wanted), count, replace=False)).tolist() if pieces > 1 else []
    runs = np.diff([0, *cuts, wanted])
    gaps = _split(rng, length - wanted, len(runs) + 1)
    at = top
    for gap, run in zip(gaps, runs, strict=False):
        at += gap
        marked[at : at + run] = True
        at += run


def _split(rng: np.random.Generator, amount: int, parts: int) -> Int[np.ndarray, " part"]:
    """Split an amount into parts at random; a tram line often touches the border of its level."""
    share = rng.dirichlet(np.full(parts, 0.8))
    whole = np.floor(share * amount).astype(np.int64)
    whole[-1] += amount - whole.sum()
    return whole


def _place_points(
    rng: np.random.Generator, habit: PlaqueHabit, aorta: Aorta, marked: np.ndarray, wall: Wall, strength: float
) -> tuple[np.ndarray, np.ndarray]:
    """Cover the marked stretches of wall with points, run by run, each with its own density, thickness and arc."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(np.int8), [0]])))
    normal, side = aorta.normal(), (-1.0 if wall == "anterior" else 1.0)
    points, masses = [], []
    for start, stop in edges.reshape(-1, 2).tolist():
        density, thickness = rng.uniform(*habit.density_g_cm3) * strength, rng.uniform(*habit.thickness_mm)
        arc = np.deg2rad(rng.uniform(*habit.arc_deg))
        swell = _swell(rng, stop - start)
        for index in range(start, stop):
            half = arc * swell[index - start]
            count = max(3, int(2 * half * aorta.radii[index] / POINT_MM))
            angle = rng.uniform(-half, half, count)
            radius = aorta.radii[index] + rng.uniform(-thickness, 0.2, count)
            points.append(
                aorta.centres[index]
                + side * (radius * np.cos(angle))[:, None] * normal[index]
                + (radius * np.sin(angle))[:, None] * np.array([0.0, 0.0, 1.0])
                + rng.uniform(-0.5, 0.5, (count, 1)) * STEP_MM * np.array([0.0, 1.0, 0.0])
            )
            volume_cm3 = 2 * half * aorta.radii[index] * thickness * swell[index - start] * STEP_MM / 1000
            masses.append(np.full(count, density * volume_cm3 / count))
    if not points:
        return np.zeros((0, 3)), np.zeros(0)
    return np.concatenate(points), np.concatenate(masses)


def _swell(rng: np.random.Generator, count: int) -> Float[np.ndarray, " step"]:
    """Let a plaque be thicker here and thinner there, and taper at its ends."""
    t = np.arange(count) * STEP_MM
    wave = 0.8 + 0.35 * np.sin(2 * np.pi * t / rng.uniform(4, 18) + rng.uniform(0, 6.3)) * rng.random()
    taper = np.minimum(1.0, np.minimum(t + 0.5, t[::-1] + 0.5) / 1.5)
    return np.asarray(wave * np.maximum(taper, 0.35))


def grades_of(calcium: tuple[WallCalcium, ...], aorta: Aorta) -> tuple[int, ...]:
    """Grade the drawn calcium: eight grades in the order of `WALL_LEVELS`."""
    by_wall = {part.wall: part.fractions(aorta) for part in calcium}
    levels = ("L1", "L2", "L3", "L4")
    return tuple(int(grade_fraction(by_wall[wall][levels.index(level)])) for level, wall in WALL_LEVELS)
