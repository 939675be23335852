"""Chest wall, bones, lungs and upper abdomen of the phantom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vascal.simulate.ct.heart import BODY, BONE, LUNGS, TABLE, tube
from vascal.simulate.ct.shapes import Blend, Clipped, Ellipsoid, Part, Reals, Shape, Trunk, Tube

BODY_FAT_HU = -105.0
MUSCLE_HU = 55.0
LUNG_HU = -865.0
HEIGHTS_MM = (-260.0, -120.0, -40.0, 40.0, 100.0, 135.0, 160.0, 200.0)
BODY_HALF_WIDTHS_MM = (150.0, 154.0, 160.0, 165.0, 170.0, 162.0, 120.0, 75.0)
BODY_HALF_DEPTHS_MM = (108.0, 109.0, 110.0, 110.0, 104.0, 92.0, 80.0, 66.0)
LUNG_HEIGHTS_MM = (-260.0, -130.0, -60.0, 0.0, 40.0, 80.0, 110.0, 130.0, 143.0, 150.0)
LUNG_HALF_WIDTHS_MM = (124.0, 127.0, 128.0, 124.0, 116.0, 102.0, 84.0, 64.0, 42.0, 12.0)
LUNG_HALF_DEPTHS_MM = (86.0, 86.0, 85.0, 84.0, 81.0, 74.0, 64.0, 52.0, 38.0, 12.0)
LUNG_FLOOR_MM = -128.0
SPINE_Y_MM = 60.0
VERTEBRA_MM = 23.5
RIB_COUNT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """How one person differs from the average.

    Parameters
    ----------
    width, depth
        Scale of the chest, 1 is average.
    fat_mm
        Extra fat under the skin, mm.
    vertebra_phase_mm
        Height of the first disc above the origin, mm.
    diaphragm_mm
        Rise of the diaphragm above the average, mm.
    """

    width: float = 1.0
    depth: float = 1.0
    fat_mm: float = 0.0
    vertebra_phase_mm: float = 0.0
    diaphragm_mm: float = 0.0


def make_build(rng: np.random.Generator) -> Build:
    """Draw a person."""
    return Build(
        width=float(rng.uniform(0.98, 1.03)),
        depth=float(rng.uniform(0.99, 1.03)),
        fat_mm=float(rng.uniform(-3, 5)),
        vertebra_phase_mm=float(rng.uniform(0, VERTEBRA_MM)),
        diaphragm_mm=float(rng.uniform(-6, 5)),
    )


def _trunk(build: Build, grow_mm: float) -> Trunk:
    return Trunk(
        heights=HEIGHTS_MM,
        half_widths=tuple(w * build.width + build.fat_mm + grow_mm for w in BODY_HALF_WIDTHS_MM),
        half_depths=tuple(d * build.depth + 0.4 * build.fat_mm + grow_mm for d in BODY_HALF_DEPTHS_MM),
        centre=(0.0, 3.0),
    )


def _cavity(build: Build, grow_mm: float) -> Trunk:
    return Trunk(
        heights=LUNG_HEIGHTS_MM,
        half_widths=tuple(w * build.width + grow_mm for w in LUNG_HALF_WIDTHS_MM),
        half_depths=tuple(d * build.depth + grow_mm for d in LUNG_HALF_DEPTHS_MM),
        centre=(0.0, 2.0),
        roundness=2.3,
    )


def wall_parts(build: Build) -> list[Part]:
    """List skin, fat, muscle and lungs, before anything lies on them."""
    neck = Trunk(heights=(120.0, 200.0), half_widths=(60.0, 52.0), half_depths=(60.0, 50.0), centre=(0.0, 12.0))
    muscles: list[Shape] = [neck, _cavity(build, 15.0)]
    for side in (-1.0, 1.0):
        muscles += [
            Ellipsoid(centre=(side * 105.0, 35.0, 125.0), semi_axes=(50.0, 38.0, 60.0)),  # shoulder
            Ellipsoid(centre=(side * 26.0, 90.0, 0.0), semi_axes=(24.0, 15.0, 400.0)),  # erector of the spine
            Ellipsoid(centre=(side * 62.0, -84.0, 70.0), semi_axes=(58.0, 13.0, 60.0)),  # pectoral
        ]
    return [
        Part(shape=_trunk(build, 0.0), layers=((0.0, 15.0),), label=BODY),
        Part(shape=_trunk(build, -2.0), layers=((0.0, BODY_FAT_HU),)),
        *(Part(shape=muscle, layers=((0.0, MUSCLE_HU),), only_on=BODY) for muscle in muscles),
        Part(shape=_cavity(build, 2.5), layers=((0.0, BODY_FAT_HU),)),
        Part(shape=_cavity(build, 0.0), layers=((0.0, LUNG_HU),), label=LUNGS),
    ]


def abdomen_parts(build: Build) -> list[Part]:
    """List diaphragm, liver, stomach and spleen."""
    up = build.diaphragm_mm
    right = Ellipsoid(centre=(-64.0, 4.0, -128.0 + up), semi_axes=(74.0, 92.0, 100.0))
    left = Ellipsoid(centre=(66.0, 2.0, -130.0 + up), semi_axes=(70.0, 90.0, 92.0))
    middle = Ellipsoid(centre=(14.0, -20.0, -131.0 + up), semi_axes=(60.0, 76.0, 88.0))
    dome = Blend(shapes=(right, left, middle), fillet_mm=14.0)
    stomach = Ellipsoid(centre=(58.0, -18.0, -100.0 + up), semi_axes=(38.0, 42.0, 42.0))
    gas = Clipped(shape=stomach, normal=(0.0, 1.0, 0.0), offset_mm=-34.0)
    liver = Blend(
        shapes=(
            Ellipsoid(centre=(-62.0, 4.0, -128.0 + up), semi_axes=(72.0, 89.0, 97.5)),
            Ellipsoid(centre=(2.0, -34.0, -104.0 + up), semi_axes=(52.0, 46.0, 54.0)),
        ),
        fillet_mm=20.0,
    )
    floor = Clipped(shape=_cavity(build, 0.0), normal=(0.0, 0.0, 1.0), offset_mm=LUNG_FLOOR_MM + up)
    return [
        Part(shape=floor, layers=((0.0, -98.0),), label=BODY),
        Part(shape=dome, layers=((0.0, 50.0), (3.5, -98.0)), label=BODY, only_on=LUNGS),
        Part(shape=dome, layers=((3.5, -98.0),)),
        Part(shape=liver, layers=((0.0, 60.0),)),
        Part(shape=Ellipsoid(centre=(86.0, 42.0, -104.0 + up), semi_axes=(28.0, 36.0, 44.0)), layers=((0.0, 50.0),)),
        Part(shape=stomach, layers=((0.0, 45.0), (4.0, 20.0))),
        Part(shape=gas, layers=((4.0, -980.0),)),
    ]


def mediastinum_parts() -> list[Part]:
    """List the fat between the lungs."""
    heights = (-260.0, -60.0, 20.0, 60.0, 105.0, 150.0, 200.0)
    column = Trunk(
        heights=heights,
        half_widths=(26.0, 26.0, 26.0, 30.0, 34.0, 36.0, 36.0),
        half_depths=(40.0, 40.0, 40.0, 46.0, 44.0, 44.0, 44.0),
        centre=(2.0, 20.0),
        roundness=2.2,
    )
    front = Trunk(
        heights=heights,
        half_widths=(14.0, 12.0, 7.0, 7.0, 16.0, 24.0, 24.0),
        half_depths=(55.0,) * 7,
        centre=(2.0, -42.0),
        roundness=2.2,
    )
    paravertebral = Trunk(
        heights=(-260.0, 200.0), half_widths=(25.0, 25.0), half_depths=(34.0, 34.0), centre=(0.0, 74.0)
    )
    fat = Blend(shapes=(column, front, paravertebral), fillet_mm=16.0)
    return [Part(shape=fat, layers=((0.0, BODY_FAT_HU + 10),), label=BODY, only_on=LUNGS)]


def bone_parts(build: Build, mineral: float) -> list[Part]:
    """List spine, ribs, cartilage, sternum, clavicles and shoulder blades.

    Parameters
    ----------
    mineral
        CT number of calcium relative to 120 kVp.
    """
    cortex, marrow = 620.0 * mineral, 170.0 * mineral
    bone = ((0.0, cortex), (1.8, marrow))
    parts = _spine_parts(build, cortex, marrow)
    for side in (-1.0, 1.0):
        for number in range(RIB_COUNT):
            parts += _rib_parts(build, side, number, bone)
        blade = Ellipsoid(
            centre=(side * 104.0, 62.0, 95.0), semi_axes=(34.0, 4.5, 52.0), axes=_level_turn(-side * 0.45)
        )
        parts.append(Part(shape=blade, layers=((0.0, cortex), (2.0, marrow)), label=BONE, only_on=BODY))
        clavicle = tube(((side * 20, -72, 118, 8), (side * 60, -74, 130, 6), (side * 105, -48, 146, 6)))
        parts.append(Part(shape=clavicle, layers=bone, label=BONE, only_on=BODY))
    return [*parts, *_sternum_parts(build, cortex, marrow)]


def _level_turn(radians: float) -> Reals:
    c, s = np.cos(radians), np.sin(radians)
    return np.array(((c, -s, 0), (s, c, 0), (0, 0, 1)), dtype=np.float32)


def _spine_parts(build: Build, cortex: float, marrow: float) -> list[Part]:
    y = SPINE_Y_MM
    discs = Trunk(
        heights=(-260.0, 200.0), half_widths=(17.0, 15.0), half_depths=(14.5, 12.5), centre=(0.0, y), roundness=2.2
    )
    parts = [Part(shape=discs, layers=((0.0, 85.0),), label=BODY)]
    for number in range(-11, 9):
        z = build.vertebra_phase_mm + number * VERTEBRA_MM
        body = Trunk(
            heights=(z, z + 2.5, z + 10, z + 17.5, z + 20),
            half_widths=(18.5, 18.0, 17.0, 18.0, 18.5),
            half_depths=(15.5, 15.0, 14.5, 15.0, 15.5),
            centre=(0.0, y),
            roundness=2.2,
        )
        core = Trunk(
            heights=(z + 1.5, z + 18.5),
            half_widths=(16.0, 16.0),
            half_depths=(13.0, 13.0),
            centre=(0.0, y),
            roundness=2.2,
        )
        parts += [
            Part(shape=body, layers=((0.0, 0.6 * cortex),), label=BONE),
            Part(shape=core, layers=((0.0, marrow),)),
        ]
        parts += [Part(shape=t, layers=((0.0, 0.8 * cortex), (1.6, marrow)), label=BONE) for t in _arch(y, z + 12)]
    canal = Ellipsoid(centre=(0.0, y + 22.5, 0.0), semi_axes=(10.0, 8.0, 900.0))
    cord = Ellipsoid(centre=(0.0, y + 22.5, 0.0), semi_axes=(5.5, 4.5, 900.0))
    return [
        *parts,
        Part(shape=canal, layers=((0.0, -5.0),), label=BODY),
        Part(shape=cord, layers=((0.0, 38.0),)),
    ]


def _arch(y: float, z: float) -> list[Tube]:
    """Pedicles, laminae, transverse processes and spinous process of one vertebra."""
    tubes = [tube(((0, y + 32, z - 2, 4.0), (0, y + 39, z - 14, 3.2), (0, y + 43, z - 24, 3.5)))]
    for side in (-1.0, 1.0):
        root = (side * 13.0, y + 22, z - 1, 4.2)
        pedicle_and_lamina = (
            (side * 11, y + 11, z, 4.5),
            root,
            (side * 8, y + 31, z - 5, 3.6),
            (0, y + 34, z - 8, 3.4),
        )
        transverse = (root, (side * 24, y + 27, z + 1, 4.0), (side * 33, y + 30, z + 2, 4.6))
        tubes += [tube(pedicle_and_lamina), tube(transverse)]
    return tubes


def _rib_parts(build: Build, side: float, number: int, bone: tuple[tuple[float, float], ...]) -> list[Part]:
    """One rib from the spine forward, and its cartilage to the sternum."""
    head_z = build.vertebra_phase_mm + (6 - number) * VERTEBRA_MM
    slope = (24.0, 36.0, 46.0, 54.0, 62.0, 68.0, 72.0, 74.0, 74.0, 70.0, 54.0, 34.0)[number]
    end = (2.5, 2.55, 2.55, 2.5, 2.45, 2.38, 2.3, 2.15, 2.0, 1.85, 1.5, 1.1)[number]
    angles = np.linspace(0.40, end, 28)
    heights = head_z - slope * (angles - 0.40) / 2.2
    points = _on_cavity(build, side, angles, heights, 6.5)
    head = np.array([[side * 19.0, SPINE_Y_MM + 10, head_z + 2]])
    line = np.vstack([head, points]).astype(np.float32)
    radii = np.full(len(line), 4.6 - 0.6 * (number == 0), dtype=np.float32)
    parts = [Part(shape=Tube(points=line, radii=radii), layers=bone, label=BONE)]
    if number < 8:
        target = np.array((side * 15.0, -88.0, max(105.0 - 21.0 * number, -28.0)))
        way = np.linspace(0, 1, 7)[:, None]
        cartilage = points[-1] * (1 - way) + target * way
        cartilage[:, 1] -= 3 * np.sin(np.pi * way[:, 0])
        shape = Tube(points=cartilage.astype(np.float32), radii=np.full(7, 4.8, dtype=np.float32))
        parts.append(Part(shape=shape, layers=((0.0, 95.0),), label=BODY, only_on=BODY))
    return parts


def _on_cavity(build: Build, side: float, angles: np.ndarray, heights: np.ndarray, out_mm: float) -> np.ndarray:
    """Points around the rib cage; angle 0 is the back, pi the front."""
    wall = _cavity(build, out_mm)
    half_width, half_depth = wall.half_axes(heights.astype(np.float32))
    half_width, half_depth = np.maximum(half_width, 34), np.maximum(half_depth, 42)
    sine, cosine = np.sin(angles), np.cos(angles)
    power = 2 / wall.roundness
    x = side * half_width * np.abs(sine) ** power
    y = wall.centre[1] + half_depth * np.sign(cosine) * np.abs(cosine) ** power
    return np.column_stack([x, y, heights])


def _sternum_parts(build: Build, cortex: float, marrow: float) -> list[Part]:
    y = -92.0 * build.depth
    plates = [
        Ellipsoid(centre=(0.0, y + 6, 96.0), semi_axes=(26.0, 7.5, 26.0)),
        Ellipsoid(centre=(0.0, y + 1, 24.0), semi_axes=(17.0, 6.5, 56.0)),
    ]
    return [Part(shape=p, layers=((0.0, 0.6 * cortex), (1.6, 0.8 * marrow)), label=BONE) for p in plates]


def table_parts() -> list[Part]:
    """List the couch under the patient."""
    z = (-1000.0, 1000.0)
    shell = Trunk(heights=z, half_widths=(215.0,) * 2, half_depths=(14.0,) * 2, centre=(0.0, 132.0), roundness=4.0)
    foam = Trunk(heights=z, half_widths=(212.0,) * 2, half_depths=(11.5,) * 2, centre=(0.0, 132.0), roundness=4.0)
    return [
        Part(shape=shell, layers=((0.0, 40.0),), label=TABLE),
        Part(shape=foam, layers=((0.0, -930.0),)),
    ]


def lung_vessel_parts(rng: np.random.Generator, blood_hu: float) -> list[Part]:
    """Grow a tree of vessels from each hilum; drawn on lung only."""
    parts = []
    for side in (-1.0, 1.0):
        hilum = np.array((side * 42.0, 14.0, 44.0))
        for goal in _lung_goals(rng, side):
            parts += _branch(rng, hilum, goal, 5.0, 0)
    return [Part(shape=t, layers=((0.0, min(blood_hu, 45.0 + 0.8 * (blood_hu - 45.0))),), only_on=LUNGS) for t in parts]


def _lung_goals(rng: np.random.Generator, side: float) -> np.ndarray:
    goals = np.array(
        ((70, -50, 100), (60, 45, 115), (105, -10, 75), (80, -70, 25), (110, 5, 15), (95, 55, 25),
         (60, 70, -20), (100, 45, -50))
    )  # fmt: skip
    return np.asarray((goals + rng.normal(0, 8, goals.shape)) * (side, 1, 1))


def _branch(rng: np.random.Generator, start: np.ndarray, goal: np.ndarray, radius: float, depth: int) -> list[Tube]:
    """Bend half the way to the goal, then fork around it."""
    middle = start + 0.5 * (goal - start) + rng.normal(0, 4, 3)
    points = np.vstack([start, 0.5 * (start + middle) + rng.normal(0, 2, 3), middle])
    radii = radius * np.array((1.0, 0.85, 0.7))
    tubes = [Tube(points=points.astype(np.float32), radii=radii.astype(np.float32))]
    if depth < 4:
        spread = 0.55 * float(np.linalg.norm(goal - middle))
        for _ in range(2):
            tubes += _branch(rng, middle, goal + rng.normal(0, spread, 3), 0.72 * radius, depth + 1)
    return tubes
