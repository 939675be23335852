"""Soft tissue: the trunk with its fat, lungs, psoas, kidneys, bowel with gas, and what calcifies there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from vascal.simulate.xray.aorta import Aorta
from vascal.simulate.xray.beam import Beam
from vascal.simulate.xray.smoothing import enlarge
from vascal.simulate.xray.solids import FAT, GAS, MUSCLE, Ellipsoid, Solid, Tube, mineral, turned, water
from vascal.simulate.xray.spine import NAMES, Spine


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkHabit:
    """What kind of body is drawn: ranges, low and high.

    Parameters
    ----------
    half_width_mm
        Along the beam.
    belly_mm
        From the front of the spine to the skin.
    fat_mm
        Under the skin.
    gas
        Mean number of gas bubbles in the bowel.
    """

    half_width_mm: tuple[float, float] = (125.0, 195.0)
    belly_mm: tuple[float, float] = (75.0, 190.0)
    fat_mm: tuple[float, float] = (8.0, 48.0)
    gas: float = 16.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """The trunk's outline: an oval that widens and narrows with height, mm."""

    front: float
    back: float
    half_width: float
    fat: float
    waist: float


def draw_trunk(rng: np.random.Generator, habit: TrunkHabit) -> Trunk:
    """Draw the outline of a trunk around a spine at the origin; large bellies are wide and fat."""
    amount = rng.random()
    return Trunk(
        front=-np.interp(np.clip(amount + rng.normal(0, 0.15), 0, 1), [0, 1], habit.belly_mm) - 17,
        back=rng.uniform(62, 88) + 20 * amount,
        half_width=float(np.interp(np.clip(amount + rng.normal(0, 0.12), 0, 1), [0, 1], habit.half_width_mm)),
        fat=float(np.interp(np.clip(amount + rng.normal(0, 0.2), 0, 1), [0, 1], habit.fat_mm)),
        waist=rng.uniform(0.0, 0.14),
    )


def sum_trunk(film: Float[np.ndarray, "3 row column"], beam: Beam, trunk: Trunk) -> None:
    """Add the trunk's water and fat to the layers of a film; it is smooth, so one pixel in eight is worked out."""
    y, x = beam.midline_axes()
    coarse_y, coarse_x = (axis[min(4, len(axis) - 1) :: 8] for axis in (y, x))
    whole = _depth(trunk, coarse_y, coarse_x, 0.0)
    lean = _depth(trunk, coarse_y, coarse_x, trunk.fat)
    amounts = np.stack([0.1 * whole + FAT[0] * (whole - lean), FAT[1] * (whole - lean)])
    for layer in range(2):
        film[layer] += enlarge(amounts[layer], beam.shape)


def _depth(trunk: Trunk, y: np.ndarray, x: np.ndarray, inset: float) -> Float[np.ndarray, "row column"]:
    """Length of rays inside the trunk less a skin of `inset` mm."""
    width = (trunk.half_width - inset) * (1 - trunk.waist * np.exp(-((y / 90) ** 2)))[:, None]
    centre, half = (trunk.front + trunk.back) / 2, (trunk.back - trunk.front) / 2 - inset
    across = np.abs((x - centre) / half)[None, :]
    return np.asarray(2 * width * np.maximum(0, 1 - across**2.6) ** (1 / 2.2))


def organs(rng: np.random.Generator, spine: Spine, aorta: Aorta, trunk: Trunk, habit: TrunkHabit) -> list[Solid]:
    """Give lungs, psoas, kidneys, liver, vessels and bowel."""
    return [
        *_lungs(rng, spine),
        *_muscles(rng, spine),
        Tube(points=aorta.centres[::12], radii=aorta.radii[::12], core=water(rng.uniform(0.05, 0.11))),
        *iliacs(rng, aorta),
        *_bowel(rng, aorta, trunk, habit),
    ]


def _lungs(rng: np.random.Generator, spine: Spine) -> list[Solid]:
    """Give both lung bases, with the diaphragm at a breath of its own height."""
    height = spine.centres[1][1] + rng.uniform(-62, 12)
    solids: list[Solid] = []
    for side in (-1.0, 1.0):
        middle = (spine.centres[1][0] - rng.uniform(25, 55), height - 105 + rng.normal(0, 9), side * 78)
        solids.append(Ellipsoid(centre=middle, semi=(rng.uniform(85, 110), 115.0, 58.0), core=water(-0.74)))
    return solids


def _muscles(rng: np.random.Generator, spine: Spine) -> list[Solid]:
    """Give psoas and kidneys in retroperitoneal fat."""
    solids: list[Solid] = []
    for side in (-1.0, 1.0):
        path = np.array([spine.centres[n] + np.array([2 - 3 * n, 0, side * (24 + 6 * n)]) for n in range(2, 8)])
        radii = np.linspace(9, 25, 6) * rng.uniform(0.8, 1.2)
        solids.append(Tube(points=path, radii=radii, core=MUSCLE))
        kidney = spine.centres[2] + np.array([rng.uniform(-12, 12), rng.uniform(-20, 35), side * rng.uniform(58, 72)])
        semi = (rng.uniform(21, 28), rng.uniform(48, 60), rng.uniform(20, 27))
        solids.append(Ellipsoid(centre=kidney.tolist(), semi=semi, turn=turned(rng.uniform(-20, 20)), core=water(0.09)))
        if rng.random() < 0.04:
            stone = kidney + rng.normal(0, 10, 3)
            solids.append(
                Ellipsoid(centre=stone.tolist(), semi=rng.uniform(2, 7, 3).tolist(), core=mineral(rng.uniform(0.3, 1)))
            )
    liver = spine.centres[1] + np.array([-rng.uniform(50, 80), rng.uniform(-20, 30), 70.0])
    solids.append(
        Ellipsoid(centre=liver.tolist(), semi=(rng.uniform(60, 85), rng.uniform(55, 85), 65), core=water(0.06))
    )
    return solids


def iliacs(rng: np.random.Generator, aorta: Aorta) -> list[Solid]:
    """Give the common iliac arteries from the division on."""
    start, radius = aorta.centres[aorta.division], aorta.radii[aorta.division]
    solids: list[Solid] = []
    for side in (-1.0, 1.0):
        path = iliac_path(rng, start, side)
        solids.append(Tube(points=path, radii=np.full(len(path), 0.62 * radius), core=water(0.06)))
    return solids


def iliac_path(rng: np.random.Generator, start: Float[np.ndarray, " 3"], side: float) -> Float[np.ndarray, "point 3"]:
    """Give the course of one iliac artery: down, to the side, and back along the pelvis."""
    t = np.linspace(0, 1, 14)[:, None]
    reach = np.array([rng.uniform(5, 38), rng.uniform(65, 90), side * rng.uniform(32, 50)])
    bow = np.array([rng.uniform(-8, 6), 0.0, 0.0])
    return np.asarray(start + t * reach + np.sin(np.pi * t) * bow)


def _bowel(rng: np.random.Generator, aorta: Aorta, trunk: Trunk, habit: TrunkHabit) -> list[Solid]:
    """Give loops with folds, stool and gas, most of them in front of the aorta."""
    solids: list[Solid] = []
    room = float(np.median(aorta.centres[:, 0])) - trunk.front
    for _ in range(int(rng.poisson(habit.gas))):
        forward = rng.beta(2.0, 2.2) * room
        place = np.array([trunk.front + trunk.fat * 0.6 + forward, rng.uniform(-120, 150), rng.uniform(-80, 80)])
        place[0] = min(place[0], aorta.centres[0, 0] + rng.uniform(-30, 12))
        size = float(np.exp(rng.normal(2.1, 0.5)))
        solids.extend(_bubble(rng, place, size))
    for _ in range(int(rng.poisson(5))):
        loop = (trunk.front + rng.uniform(0.2, 0.8) * room, rng.uniform(-60, 150), rng.uniform(-110, 110))
        solids.append(
            Ellipsoid(
                centre=loop,
                semi=rng.uniform(10, 30, 3).tolist(),
                turn=turned(rng.uniform(0, 90)),
                core=water(rng.uniform(-0.12, 0.1)),
            )
        )
    return solids


def _bubble(rng: np.random.Generator, place: Float[np.ndarray, " 3"], size: float) -> list[Solid]:
    """Give one bubble, or a row of them parted by folds."""
    turn = turned(rng.uniform(0, 180))
    count = int(rng.choice([1, 1, 1, 2, 3, 5]))
    return [
        Ellipsoid(
            centre=(place + turn[:, 0] * size * 1.25 * k).tolist(),
            semi=(size * rng.uniform(0.5, 1.0), size * rng.uniform(0.7, 1.4), size * rng.uniform(0.6, 1.4)),
            turn=turn,
            core=(GAS[0] * rng.uniform(0.6, 1.0), 0.0, 0.0),
        )
        for k in range(count)
    ]


def calcified_others(rng: np.random.Generator, spine: Spine, aorta: Aorta, trunk: Trunk) -> list[Solid]:
    """Give what else calcifies in front of the spine: nodes, gallstones, iliac, splenic and visceral arteries."""
    solids: list[Solid] = []
    if rng.random() < 0.12:
        centre = aorta.centres[aorta.bounds[int(rng.integers(1, 5))]] + np.array(
            [-rng.uniform(18, 60), rng.normal(0, 12), rng.uniform(-30, 30)]
        )
        count = int(rng.integers(3, 14))
        solids.extend(_speck(rng, centre + rng.normal(0, 3.5, 3), (0.7, 2.6)) for _ in range(count))
    if rng.random() < 0.06:
        centre = np.array([trunk.front * rng.uniform(0.45, 0.75), spine.centres[2][1] + rng.uniform(-25, 30), 55.0])
        for _ in range(int(rng.integers(1, 8))):
            size = rng.uniform(2.5, 8)
            place = (centre + rng.normal(0, 8, 3)).tolist()
            solids.append(
                Ellipsoid(centre=place, semi=(size, size, size), core=mineral(0.03), shell=mineral(0.35), shell_mm=1.0)
            )
    if rng.random() < 0.25:
        for side in (-1.0, 1.0):
            path = iliac_path(rng, aorta.centres[aorta.division], side)
            along = rng.integers(1, len(path), int(rng.integers(1, 9)))
            solids.extend(_speck(rng, path[index] + rng.normal(0, [4, 2, 3]), (0.8, 3.0)) for index in along)
    if rng.random() < 0.10:
        level = aorta.centres[aorta.bounds[int(rng.integers(0, 2))]]
        path = level + np.stack(
            [-np.linspace(8, 45, 9), np.linspace(0, 25, 9) * rng.uniform(-0.4, 1.2), rng.normal(0, 1.5, 9)], axis=1
        )
        solids.append(
            Tube(
                points=path,
                radii=np.full(9, 3.0),
                core=(0.0, 0.0, 0.0),
                shell=mineral(rng.uniform(0.15, 0.4)),
                shell_mm=0.7,
            )
        )
    return solids


def _speck(rng: np.random.Generator, place: Float[np.ndarray, " 3"], size: tuple[float, float]) -> Ellipsoid:
    return Ellipsoid(centre=place.tolist(), semi=rng.uniform(*size, 3).tolist(), core=mineral(rng.uniform(0.15, 0.7)))


def clutter(rng: np.random.Generator, beam: Beam) -> Float[np.ndarray, "row column"]:
    """Give the uneven rest of the abdomen as cm of water: a random field with a power-law spectrum.

    Natural anatomy has a radial power spectrum near 1/f^3 (Burgess et al., Med Phys 2001;28:419-437).
    """
    rows, columns = (length // 2 + 8 for length in beam.shape)
    fy, fx = np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None, :]
    frequency = np.sqrt(fy**2 + fx**2) / (2 * beam.midline_pixel_mm)
    amplitude = 1 / (frequency + 0.004) ** rng.uniform(1.4, 1.75)
    amplitude[0, 0] = 0.0
    spectrum = amplitude * (
        rng.standard_normal((rows, frequency.shape[1])) + 1j * rng.standard_normal((rows, frequency.shape[1]))
    )
    field = np.fft.irfft2(spectrum, s=(rows, columns))
    field *= rng.uniform(0.15, 0.5) / field.std()
    return enlarge(field, beam.shape)


def level_of(spine: Spine, name: str) -> Float[np.ndarray, " 3"]:
    """Give the centre of a named body, mm."""
    return np.asarray(spine.centres[NAMES.index(name)])
