"""Spine from neck to sacrum, ribs and cartilage, sternum, shoulder girdle, pelvis.

Bone is a shell of cortex around marrow; its mineral density falls with age.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vascal.simulate.ct.organs import Organ
from vascal.simulate.ct.patient import SimulatedPatient
from vascal.simulate.ct.shapes import Ellipsoid, Part, Row, Solid, Trunk, Tube, solid, tube, turn
from vascal.simulate.ct.tissue import Tissue, bone, soft
from vascal.simulate.ct.trunk import Build, cavity

RIB_COUNT = 12
# Curve of the spine: height and depth of the centre of the vertebral bodies.
SPINE = np.array(
    (
    (-450, 78), (-400, 76), (-350, 62), (-310, 50), (-270, 40), (-200, 37), (-130, 47), (-60, 58), (0, 62), (60, 59),
    (110, 48), (150, 36), (190, 26), (240, 20), (320, 20),
    )
)  # fmt: skip
# Height of the top of each vertebra above the disc between T8 and T9, from C4 to L5, for a phase of 0.
TOPS_MM: tuple[float, ...] = (
    245, 229, 213, 197, 180, 161, 141, 120, 98.5, 77, 55, 33, 10.5, -13, -37, -62, -88, -117, -148, -180, -213, -247,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Mineral:
    """Tissue of bone of one patient."""

    cortex: Tissue
    marrow: Tissue
    end_plate: Tissue


def mineral_of(patient: SimulatedPatient) -> Mineral:
    """Bone of a patient: 180 mg/cm3 of trabecular mineral at 30 years, 95 at 75."""
    trabecular = float(np.clip(180 - 1.9 * (patient.age_years - 30), 60, 200))
    return Mineral(cortex=bone(560.0, 30.0), marrow=bone(trabecular, 24.0), end_plate=bone(330.0, 30.0))


def spine_y(z: float) -> float:
    """Depth of the centre of the spine at a height, mm."""
    return float(np.interp(z, SPINE[:, 0], SPINE[:, 1]))


def skeleton_parts(rng: np.random.Generator, build: Build, patient: SimulatedPatient) -> list[Part]:
    """List every bone, back to front."""
    mineral = mineral_of(patient)
    shell = ((0.0, mineral.cortex), (1.5, mineral.marrow))
    parts = _spine_parts(build, mineral)
    for side in (-1.0, 1.0):
        for number in range(RIB_COUNT):
            parts += _rib_parts(rng, build, side, number, shell, patient.age_years)
        parts += _girdle_parts(side, mineral, shell, patient)
        parts += _pelvis_parts(side, mineral)
    return [*parts, *_sternum_parts(mineral), *_skull_parts(mineral)]


def _spine_parts(build: Build, mineral: Mineral) -> list[Part]:
    tops = np.asarray(TOPS_MM) + build.vertebra_phase_mm - 8
    line = np.linspace(-262, 250, 42)
    parts = [
        Part(
            solid=Solid(shapes=(Trunk(knots=tuple((z, 17.0, 14.0, 0.0, spine_y(z)) for z in line), roundness=2.5),)),
            layers=((0.0, soft(85.0, 8.0)),),
            label=Organ.CARTILAGE,
        )
    ]
    for top, bottom in zip(tops, [*tops[1:], tops[-1] - 35], strict=True):
        parts += _vertebra_parts(float(bottom), float(top), mineral)
    sacrum = Trunk(
        knots=((-372, 14, 8, 0, 74), (-340, 26, 13, 0, 66), (-300, 42, 20, 0, 56), (-284, 46, 22, 0, 48)), roundness=2.5
    )
    parts.append(_bone(sacrum, ((0.0, mineral.cortex), (1.5, mineral.marrow))))
    canal, cord = ([(0.0, spine_y(z) + 23.0, z, r) for z in np.linspace(-330, 260, 30)] for r in (8.5, 5.0))
    return [
        *parts,
        Part(solid=solid(tube(canal, steps=1)), layers=((0.0, soft(-2.0, 10.0)),), label=Organ.SPINAL_CANAL),
        Part(solid=solid(tube(cord, steps=1)), layers=((0.0, soft(36.0)),)),
    ]


def _vertebra_parts(bottom: float, top: float, mineral: Mineral) -> list[Part]:
    """One body with its end plates and arch; 4 mm below the next top lie in the disc."""
    disc = 2.5 if bottom > 120 else 4.5 if bottom > -100 else 8.0
    low, high = bottom + disc, top
    y = spine_y(0.5 * (low + high))
    grow = float(np.interp(low, (-250, -100, 60, 150, 200), (6.5, 2.5, 0.0, -3.0, -5.0)))
    w, d, tall = 17.5 + grow, 14.0 + 0.6 * grow, high - low
    body = Trunk(
        knots=(
            (low, w, d, 0, y),
            (low + 3, w - 0.5, d - 0.4, 0, y),
            (low + 0.5 * tall, w - 2.2, d - 1.2, 0, y),
            (high - 3, w - 0.5, d - 0.4, 0, y),
            (high, w, d, 0, y),
        ),
        roundness=2.5,
    )
    core = Trunk(knots=((low + 1.2, w - 1.4, d - 1.4, 0, y), (high - 1.2, w - 1.4, d - 1.4, 0, y)), roundness=2.5)
    middle = low + 0.6 * tall
    arch = [
        Part(solid=solid(t), layers=((0.0, mineral.cortex), (1.6, mineral.marrow)), label=Organ.BONE, wobble_mm=0.5)
        for t in _arch(y, middle, grow)
    ]
    return [
        Part(solid=solid(body), layers=((0.0, mineral.end_plate),), label=Organ.BONE, wobble_mm=0.4),
        Part(solid=solid(core), layers=((0.0, mineral.marrow),), only_on=(Organ.BONE,)),
        *arch,
    ]


def _arch(y: float, z: float, grow: float) -> list[Tube]:
    """Pedicles, laminae, transverse processes and spinous process of one vertebra."""
    sink = 10.0 if z > -80 else 4.0
    tubes = [tube(((0, y + 33, z - 2, 4.0), (0, y + 41, z - sink, 3.2), (0, y + 48, z - 2 * sink, 3.8)))]
    for side in (-1.0, 1.0):
        root = (side * (13.5 + grow), y + 22, z - 1, 4.4)
        lamina = (
            (side * (11.5 + grow), y + 11, z, 4.5),
            root,
            (side * 9, y + 31, z - 5, 3.8),
            (0, y + 35, z - 8, 3.4),
        )
        facet = ((side * (14 + grow), y + 25, z + 9, 4.6), (side * (14 + grow), y + 26, z - 12, 4.6))
        transverse = (root, (side * (24 + grow), y + 27, z + 1, 4.0), (side * (33 + grow), y + 30, z + 2, 4.4))
        tubes += [tube(lamina), tube(transverse), tube(facet)]
    return tubes


def _bone(shape: Ellipsoid | Tube | Trunk, layers: tuple[tuple[float, Tissue], ...], wobble_mm: float = 0.6) -> Part:
    return Part(solid=solid(shape), layers=layers, label=Organ.BONE, wobble_mm=wobble_mm)


def _rib_parts(
    rng: np.random.Generator,
    build: Build,
    side: float,
    number: int,
    shell: tuple[tuple[float, Tissue], ...],
    age_years: float,
) -> list[Part]:
    """One rib from the spine forward, and its cartilage to the sternum."""
    head_z = TOPS_MM[number + 4] + build.vertebra_phase_mm - 8
    slope = (24, 36, 46, 54, 62, 68, 72, 74, 74, 70, 54, 34)[number] * float(rng.normal(1, 0.05))
    end = (2.5, 2.55, 2.55, 2.5, 2.45, 2.38, 2.3, 2.15, 2.0, 1.85, 1.5, 1.1)[number] * float(rng.normal(1, 0.02))
    angles = np.linspace(0.40, end, 28)
    heights = head_z - slope * (angles - 0.40) / 2.2
    heights = heights + 2.0 * np.sin(3 * angles + float(rng.uniform(0, 6)))
    points = _on_cavity(side, angles, heights, 6.5)
    head = np.array([[side * 19.0, spine_y(head_z) + 10, head_z + 2]])
    line = np.vstack([head, points]).astype(np.float32)
    radii = (4.7 - 0.6 * (number == 0) + 0.5 * np.sin(np.linspace(0, 9, len(line)) + number)).astype(np.float32)
    parts = [_bone(Tube(points=line, radii=radii), shell)]
    if number < 9:
        parts.append(_cartilage_part(points[-1], side, min(number, 7), age_years))
    return parts


def _cartilage_part(start: np.ndarray, side: float, number: int, age_years: float) -> Part:
    target = np.array((side * 17.0, -90.0, max(105.0 - 21.0 * number, -28.0)))
    way = np.linspace(0, 1, 7)[:, None]
    course = start * (1 - way) + target * way
    course[:, 1] -= 3 * np.sin(np.pi * way[:, 0])
    shape = Tube(points=course.astype(np.float32), radii=np.full(7, 5.0, dtype=np.float32))
    tissue = soft(90.0 + 0.5 * (age_years - 50), 22.0)
    return Part(solid=solid(shape), layers=((0.0, tissue),), label=Organ.CARTILAGE, wobble_mm=0.6)


def _on_cavity(side: float, angles: np.ndarray, heights: np.ndarray, out_mm: float) -> np.ndarray:
    """Points around the rib cage; angle 0 is the back, pi the front."""
    wall = cavity(out_mm)
    half_width, half_depth = wall.half_axes(heights)
    half_width, half_depth = np.maximum(half_width, 34), np.maximum(half_depth, 42)
    sine, cosine = np.sin(angles), np.cos(angles)
    power = 2 / wall.roundness
    table = np.asarray(wall.knots)
    middle = np.interp(heights, table[:, 0], table[:, 4])
    x = side * half_width * np.abs(sine) ** power
    y = middle + half_depth * np.sign(cosine) * np.abs(cosine) ** power
    return np.column_stack([x, y, heights])


def _sternum_parts(mineral: Mineral) -> list[Part]:
    plates = [
        Ellipsoid(centre=(0.0, -84.0, 98.0), semi_axes=(27.0, 7.5, 26.0), axes=turn((1, 0, 0), -14)),
        Ellipsoid(centre=(0.0, -93.0, 24.0), semi_axes=(17.0, 6.5, 56.0)),
        Ellipsoid(centre=(0.0, -90.0, -40.0), semi_axes=(7.0, 3.5, 16.0)),
    ]
    return [_bone(p, ((0.0, mineral.end_plate), (1.4, mineral.marrow))) for p in plates]


def _girdle_parts(
    side: float, mineral: Mineral, shell: tuple[tuple[float, Tissue], ...], patient: SimulatedPatient
) -> list[Part]:
    """Shoulder blade with its spine, collar bone and humerus."""
    up = patient.arms == "up"
    blade_x, blade_z = (112.0, 84.0) if up else (98.0, 78.0)
    blade = Ellipsoid(
        centre=(side * blade_x, 66.0, blade_z),
        semi_axes=(36.0, 3.6, 58.0),
        axes=turn((0, 0, 1), -side * 32) @ turn((0, 1, 0), side * (18 if up else 4)),
    )
    ridge: tuple[Row, ...] = ((side * 84, 84, 112, 4), (side * 112, 76, 128, 4.5), (side * 138, 44, 146, 6))
    collar: tuple[Row, ...] = (
        (side * 20, -70, 122, 9), (side * 50, -66, 134, 6.5), (side * 92, -36, 146, 6), (side * 132, 0, 152, 6.5),
    )  # fmt: skip
    shaft: tuple[Row, ...]
    if up:
        shaft = (
            (side * 136, 18, 134, 23),
            (side * 150, 18, 168, 14),
            (side * 158, 6, 240, 12),
            (side * 150, -18, 350, 12),
        )
    else:
        shaft = (
            (side * 140, 18, 126, 23),
            (side * 160, 20, 86, 14),
            (side * 190, 26, -60, 12),
            (side * 186, 12, -210, 13),
        )
    return [
        _bone(blade, ((0.0, mineral.cortex), (1.4, mineral.marrow))),
        _bone(tube(ridge), shell),
        _bone(tube(collar), shell),
        _bone(tube(shaft), ((0.0, mineral.cortex), (3.5, mineral.marrow))),
    ]


def _pelvis_parts(side: float, mineral: Mineral) -> list[Part]:
    """Wing of the ilium and hip."""
    wing = Ellipsoid(
        centre=(side * 92.0, 26.0, -318.0),
        semi_axes=(9.0, 62.0, 56.0),
        axes=turn((0, 0, 1), side * 36) @ turn((0, 1, 0), side * 20),
    )
    joint = Ellipsoid(centre=(side * 56.0, 62.0, -310.0), semi_axes=(14.0, 24.0, 34.0), axes=turn((0, 0, 1), side * 30))
    head = Ellipsoid(centre=(side * 92.0, 0.0, -420.0), semi_axes=(24.0, 24.0, 24.0))
    socket = Ellipsoid(centre=(side * 88.0, 6.0, -404.0), semi_axes=(32.0, 34.0, 34.0))
    layers = ((0.0, mineral.cortex), (2.0, mineral.marrow))
    return [_bone(wing, layers), _bone(joint, layers), _bone(socket, layers), _bone(head, layers)]


def _skull_parts(mineral: Mineral) -> list[Part]:
    jaw = tube(((-44, 0, 262, 7), (-30, -50, 252, 7), (0, -72, 248, 8), (30, -50, 252, 7), (44, 0, 262, 7)))
    skull = Ellipsoid(centre=(0.0, 6.0, 330.0), semi_axes=(72.0, 92.0, 62.0))
    brain = ((0.0, mineral.cortex), (6.0, soft(35.0)))
    return [_bone(jaw, ((0.0, mineral.cortex), (2.5, mineral.marrow))), _bone(skull, brain)]
