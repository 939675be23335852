"""The spine from T11 to the sacrum: bodies of natural size on a curve, with what age does to them.

Sizes after Panjabi et al., Spine 1992;17:299-306 (lumbar) and Spine 1991;16:888-901 (thoracic), rounded;
curvature after Roussouly and Pinheiro-Franco, Eur Spine J 2011;20 Suppl 5:609-618.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

NAMES = ("T11", "T12", "L1", "L2", "L3", "L4", "L5", "S1", "S2", "S3")
HEIGHT_MM = (22.0, 23.5, 25.0, 26.0, 26.5, 26.5, 26.0, 27.0, 22.0, 19.0)
DEPTH_MM = (29.0, 30.0, 31.5, 32.5, 33.5, 34.5, 35.0, 32.0, 24.0, 19.0)
WIDTH_MM = (36.0, 39.0, 41.0, 42.5, 44.5, 47.0, 50.0, 54.0, 50.0, 46.0)
DISC_MM = (6.0, 7.0, 8.0, 9.5, 10.5, 11.5, 10.5, 1.5, 1.0)
"""Below each of `NAMES` but the last."""
SHELL_G_CM3, CORE_G_CM3 = 0.8, 0.25
SPUR_G_CM3 = 0.25
MIDDLE = NAMES.index("L3")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpineHabit:
    """What kind of spine is drawn: ranges, low and high.

    Parameters
    ----------
    size
        Of the whole, 1 being an average adult.
    lordosis_deg
        Between the upper border of L1 and the sacrum.
    scoliosis_mm
        Largest step to the side.
    rotation_deg
        Of the patient about the body's axis: no film is perfectly lateral.
    fracture_share
        Of spines with one or two broken bodies.
    spur_mm
        Length of a large osteophyte.
    """

    size: tuple[float, float] = (0.88, 1.13)
    lordosis_deg: tuple[float, float] = (28.0, 66.0)
    scoliosis_mm: tuple[float, float] = (0.0, 9.0)
    rotation_deg: tuple[float, float] = (-7.0, 7.0)
    fracture_share: float = 0.15
    spur_mm: tuple[float, float] = (2.0, 9.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spine:
    """Vertebral bodies from T11 to S3 and the spurs on their rims.

    Parameters
    ----------
    centres
        (body, 3), mm.
    turns
        (body, 3, 3): columns are the directions to the back, to the feet and along the beam.
    shapes
        (body, 12) for `chords.add_bodies`.
    spurs
        (spur, 7): centre, length, half thickness, half width, angle in the plane of the film.
    density
        How much mineral there is, 1 being a healthy adult of middle age.
    """

    centres: Float[np.ndarray, "body 3"]
    turns: Float[np.ndarray, "body 3 3"]
    shapes: Float[np.ndarray, "body 12"]
    spurs: Float[np.ndarray, "spur 7"]
    density: float

    def border(self, index: int) -> tuple[Float[np.ndarray, " 3"], Float[np.ndarray, " 3"]]:
        """Give the middle of the disc space below a body, and the direction of the space to the front.

        Parameters
        ----------
        index
            Of the body above, in `NAMES`.
        """
        below = self.centres[index] + self.turns[index][:, 1] * self.shapes[index, 1]
        above = self.centres[index + 1] - self.turns[index + 1][:, 1] * self.shapes[index + 1, 1]
        front = -(self.turns[index][:, 0] + self.turns[index + 1][:, 0])
        return (below + above) / 2, front / np.linalg.norm(front)

    def front(self) -> Float[np.ndarray, "point 3"]:
        """Give points along the front of the spine, from T11 down to S2: upper rim, middle and lower rim of each."""
        points = [
            self.centres[n] + self.turns[n] @ np.array([-self.shapes[n, 0], share * self.shapes[n, 1], 0.0])
            for n in range(9)
            for share in (-0.9, 0.0, 0.9)
        ]
        return np.array(points)


def draw_spine(rng: np.random.Generator, habit: SpineHabit, age_years: float) -> Spine:
    """Draw a spine whose L3 lies at the origin.

    Parameters
    ----------
    rng
        Source of chance.
    habit
        What kind of spine.
    age_years
        The old have thinner discs, longer spurs and less mineral.
    """
    size = rng.uniform(*habit.size)
    wear = np.clip((age_years - 40) / 50, 0, 1)
    half = np.stack([DEPTH_MM, HEIGHT_MM, WIDTH_MM], axis=1) / 2 * size * rng.normal(1, 0.025, (10, 3))
    discs = np.array(DISC_MM) * size * rng.normal(1, 0.08, 9)
    discs[:7] *= np.where(rng.random(7) < 0.15 + 0.35 * wear, rng.uniform(0.25, 0.8, 7), 1.0)
    tilt = _draw_tilts(rng, habit)
    centres = _stack(half[:, 1], discs, tilt)
    offset, lean = _draw_scoliosis(rng, habit, centres[:, 1])
    centres[:, 2] = offset
    twist = np.deg2rad(rng.uniform(*habit.rotation_deg) + 0.25 * lean * rng.uniform(-1, 1))
    turns = np.array([_turn(t, s, w) for t, s, w in zip(np.deg2rad(tilt), np.deg2rad(lean), twist, strict=True)])
    density = float(np.clip(rng.normal(1.05 - 0.45 * wear, 0.18), 0.35, 1.5))
    shapes = _draw_shapes(rng, habit, half, density, wear)
    spurs = _draw_spurs(rng, habit, centres, turns, shapes, wear)
    return Spine(centres=centres, turns=turns, shapes=shapes, spurs=spurs, density=density)


def _draw_tilts(rng: np.random.Generator, habit: SpineHabit) -> Float[np.ndarray, " 10"]:
    """Forward tilt of each body, degrees: 0 near L3, to the back below it and to the front above."""
    lordosis = rng.uniform(*habit.lordosis_deg)
    flat = rng.uniform(2.6, 4.2)
    upper = -lordosis * rng.uniform(0.22, 0.42)
    lower = lordosis + upper
    steps = np.arange(10) - flat - 1.2
    below = np.array([0.0, 0.06, 0.28, 0.68, 1.0, 1.28, 1.55])
    tilt = np.where(steps < 0, upper * np.sin(np.clip(-steps / 3.6, 0, 1.25) * np.pi / 2), 0.0)
    tilt += np.where(steps >= 0, lower * np.interp(np.maximum(steps, 0), np.arange(7), below), 0.0)
    return np.asarray(tilt + rng.normal(0, 1.2, 10) + rng.normal(0, 2.5))


def _stack(
    half_mm: Float[np.ndarray, " 10"], discs: Float[np.ndarray, " 9"], tilt: Float[np.ndarray, " 10"]
) -> np.ndarray:
    """Put bodies one below the other along the curve; the middle one lies at the origin."""
    centres = np.zeros((10, 3))
    angle = np.deg2rad(tilt)
    for n in range(9):
        steps = ((half_mm[n], angle[n]), (discs[n], (angle[n] + angle[n + 1]) / 2), (half_mm[n + 1], angle[n + 1]))
        centres[n + 1] = centres[n] + sum(length * np.array([np.sin(a), np.cos(a), 0]) for length, a in steps)
    return np.asarray(centres - centres[MIDDLE])


def _draw_scoliosis(
    rng: np.random.Generator, habit: SpineHabit, y: Float[np.ndarray, " 10"]
) -> tuple[np.ndarray, np.ndarray]:
    """Offset along the beam, mm, and lean to the side, degrees, of each body."""
    amount = rng.uniform(*habit.scoliosis_mm) * rng.choice([0.25, 0.25, 1.0]) * rng.choice([-1, 1])
    phase, length = rng.uniform(0, 2 * np.pi), rng.uniform(180, 320)
    offset = amount * np.sin(2 * np.pi * y / length + phase)
    lean = np.rad2deg(np.arctan(amount * 2 * np.pi / length * np.cos(2 * np.pi * y / length + phase)))
    return offset - offset[MIDDLE], lean + rng.normal(0, 1.5)


def _turn(tilt: float, lean: float, twist: float) -> Float[np.ndarray, "3 3"]:
    """Directions of a body: to the back, to the feet, along the beam."""
    down = np.array([np.sin(tilt) * np.cos(lean), np.cos(tilt) * np.cos(lean), np.sin(lean)])
    back = np.array([np.cos(tilt) * np.cos(twist), -np.sin(tilt) * np.cos(twist), np.sin(twist)])
    back -= down * (back @ down)
    back /= np.linalg.norm(back)
    return np.stack([back, down, np.cross(back, down)], axis=1)


def _draw_shapes(
    rng: np.random.Generator, habit: SpineHabit, half: Float[np.ndarray, "10 3"], density: float, wear: float
) -> Float[np.ndarray, "10 12"]:
    count = len(NAMES)
    shapes = np.zeros((count, 12))
    shapes[:, 0], shapes[:, 1], shapes[:, 2] = half.T
    shapes[:, 3] = rng.uniform(0.03, 0.10, count)
    shapes[:, 4:6] = rng.uniform(0.6, 2.2, (count, 2))
    shapes[:, 6] = rng.normal(0, 0.35, count) + np.array([-0.6, -0.6, -0.4, 0, 0.2, 0.5, 1.6, 1.0, 1.0, 1.0])
    shapes[:, 7] = rng.uniform(0.0, 0.05, count) + 0.03 * wear
    shapes[:, 8] = rng.uniform(0.5, 0.9, count)
    shapes[:, 9] = rng.uniform(0.6, 1.2, count) * (1 + 0.6 * wear * rng.random(count))
    shapes[:, 10] = SHELL_G_CM3 * (0.6 + 0.4 * density)
    shapes[:, 11] = CORE_G_CM3 * density * rng.normal(1, 0.06, count)
    if rng.random() < habit.fracture_share * (0.4 + wear):
        for broken in rng.choice(np.arange(1, 7), rng.integers(1, 3), replace=False):
            _break(rng, shapes[broken])
    return shapes


def _break(rng: np.random.Generator, shape: Float[np.ndarray, " 12"]) -> None:
    """Break a body: wedged in front, dished from both sides, or crushed."""
    match rng.integers(3):
        case 0:
            loss = rng.uniform(0.15, 0.4) * shape[1]
            shape[6] -= loss / 2
            shape[1] -= loss / 2
        case 1:
            shape[4:6] = rng.uniform(3.0, 6.5, 2)
        case _:
            shape[1] *= rng.uniform(0.6, 0.85)
    shape[11] *= rng.uniform(1.0, 1.5)


def _draw_spurs(
    rng: np.random.Generator,
    habit: SpineHabit,
    centres: Float[np.ndarray, "10 3"],
    turns: Float[np.ndarray, "10 3 3"],
    shapes: Float[np.ndarray, "10 12"],
    wear: float,
) -> Float[np.ndarray, "spur 7"]:
    """Draw osteophytes: beaks at the front rims, seldom bridging the disc."""
    spurs = []
    for body in range(1, 8):
        for end in (-1.0, 1.0):
            if rng.random() > 0.12 + 0.55 * wear:
                continue
            length = rng.uniform(*habit.spur_mm) * rng.choice([0.4, 0.7, 1.0])
            local = np.array([-shapes[body, 0] - 0.25 * length, end * shapes[body, 1] * 0.93, rng.uniform(-9, 9)])
            place = centres[body] + turns[body] @ local
            bend = end * rng.uniform(-0.2, 0.7)
            tilt = np.arctan2(turns[body][0, 1], turns[body][1, 1])
            spurs.append([*place, length, rng.uniform(1.0, 2.2), rng.uniform(4, 13), bend - tilt])
    return np.array(spurs).reshape(-1, 7)
