"""Bones around the vertebral bodies: arches, facets and spines, ribs, iliac wings and the sacrum's back."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from vascal.simulate.xray.solids import CORTEX, Ellipsoid, Solid, Tube, mineral, turned
from vascal.simulate.xray.spine import NAMES, SPUR_G_CM3, Spine


def _local(spine: Spine, body: int, back: float, down: float, side: float) -> Float[np.ndarray, " 3"]:
    """Give a place from the back rim of a body, in the body's own directions, mm."""
    return np.asarray(spine.centres[body] + spine.turns[body] @ np.array([spine.shapes[body, 0] + back, down, side]))


def arches(rng: np.random.Generator, spine: Spine) -> list[Solid]:
    """Give pedicles, facet joints, laminae and spinous processes of T11 to S1."""
    solids: list[Solid] = []
    bone, thin = mineral(0.42 * spine.density), 0.4
    for body in range(8):
        h, b = spine.shapes[body, 1], spine.shapes[body, 2]
        slope = float(np.rad2deg(np.arctan2(spine.turns[body][1, 0], spine.turns[body][0, 0])))
        for side in (-1.0, 1.0):
            off = side * b * rng.uniform(0.5, 0.6)
            ends = np.array([_local(spine, body, -3, -0.4 * h, off), _local(spine, body, 13, -0.35 * h, off)])
            solids.append(
                Tube(points=ends, radii=np.full(2, rng.uniform(4.2, 6.5)), core=bone, shell=CORTEX, shell_mm=1.0)
            )
            for end, lean in ((-1.0, -12.0), (1.0, 10.0)):
                centre = _local(spine, body, rng.uniform(15, 19), end * h * rng.uniform(0.75, 1.0), off * 1.1)
                semi = (rng.uniform(3.5, 6), rng.uniform(8, 11.5), rng.uniform(5, 8))
                turn = turned(slope + lean + rng.normal(0, 4))
                solids.append(
                    Ellipsoid(centre=centre.tolist(), semi=semi, turn=turn, core=bone, shell=CORTEX, shell_mm=thin)
                )
            tip = _local(spine, body, 6, rng.uniform(-6, 2), side * (b + rng.uniform(14, 26)))
            root = _local(spine, body, 8, rng.uniform(-5, 0), side * b * 0.7)
            solids.append(
                Tube(points=np.array([root, tip]), radii=np.array([4.0, 2.8]), core=bone, shell=CORTEX, shell_mm=0.5)
            )
        centre = _local(spine, body, rng.uniform(31, 36), h * rng.uniform(0.3, 0.8), 0.0)
        semi = (rng.uniform(14, 19), rng.uniform(8, 12), rng.uniform(2.2, 3.5))
        turn = turned(slope + rng.uniform(8, 22))
        solids.append(Ellipsoid(centre=centre.tolist(), semi=semi, turn=turn, core=bone, shell=CORTEX, shell_mm=thin))
    return solids


def spurs(spine: Spine) -> list[Solid]:
    """Give the osteophytes of a spine."""
    return [
        Ellipsoid(
            centre=(x, y, z),
            semi=(length / 2 + 1, thick, wide),
            turn=turned(float(np.rad2deg(angle))),
            core=mineral(SPUR_G_CM3 * spine.density),
            shell=mineral(0.8 * spine.density),
            shell_mm=0.6,
        )
        for x, y, z, length, thick, wide, angle in spine.spurs
    ]


def ribs(rng: np.random.Generator, spine: Spine) -> list[Solid]:
    """Give ribs 9 to 12 of both sides; the last ones end freely, with a rounded tip."""
    solids: list[Solid] = []
    top, second = spine.centres[NAMES.index("T11")], spine.centres[NAMES.index("T12")]
    step = second - top
    lengths = {9: 250.0, 10: 215.0, 11: rng.uniform(120, 190), 12: rng.uniform(35, 130)}
    droop = rng.uniform(0.55, 1.0)
    for number, length in lengths.items():
        head = top + step * (number - 11)
        for side in (-1.0, 1.0):
            reach = length * rng.uniform(0.9, 1.1)
            t = np.linspace(0, 1, 26)
            angle = t * reach / 105.0
            wide = rng.uniform(98, 118)
            along = np.stack(
                [
                    head[0] + 22 + 22 * np.sin(np.minimum(angle * 1.9, np.pi / 2)) - wide * 0.95 * (1 - np.cos(angle)),
                    head[1] - 8 + droop * reach * 0.62 * t**1.15,
                    head[2] + side * (14 + wide * np.sin(np.minimum(angle, 1.9))),
                ],
                axis=1,
            )
            radii = 4.4 * np.interp(t, [0, 0.08, 0.3, 0.9, 1.0], [0.75, 1.0, 1.15, 1.05, 0.55 if number > 10 else 1.0])
            solids.append(
                Tube(points=along, radii=radii, core=mineral(0.12), shell=CORTEX, shell_mm=rng.uniform(0.5, 0.9))
            )
            if number < 11 and rng.random() < 0.5:
                solids.extend(_cartilage(rng, along[-1]))
    return solids


def _cartilage(rng: np.random.Generator, end: Float[np.ndarray, " 3"]) -> list[Solid]:
    """Give specks of calcium in the cartilage that goes on from a rib."""
    places = end + np.cumsum(rng.normal([-6, -3, -3], 3, (int(rng.integers(4, 16)), 3)), axis=0)
    return [
        Ellipsoid(centre=place.tolist(), semi=rng.uniform(1, 4, 3).tolist(), core=mineral(rng.uniform(0.1, 0.4)))
        for place in places
    ]


def pelvis(rng: np.random.Generator, spine: Spine) -> list[Solid]:
    """Give both iliac wings as bent plates whose crests reach L4 or L5, and the hips below."""
    solids: list[Solid] = []
    crest = spine.centres[NAMES.index("L4")] + (spine.centres[5] - spine.centres[4]) * rng.uniform(0.0, 1.1)
    deep = rng.uniform(62, 80)
    for side in (-1.0, 1.0):
        apart = side * rng.uniform(105, 128)
        middle = np.array([crest[0] - rng.uniform(0, 22), crest[1] + 62 + rng.normal(0, 4), apart])
        semi = (deep, 62.0, rng.uniform(9, 13))
        turn = turned(rng.uniform(-14, 14))
        solids.append(
            Ellipsoid(centre=middle.tolist(), semi=semi, turn=turn, core=mineral(0.16), shell=CORTEX, shell_mm=0.9)
        )
        joint = np.array([spine.centres[7][0] + 8, spine.centres[7][1] + 18, side * 48])
        solids.append(
            Ellipsoid(
                centre=joint.tolist(),
                semi=(24, 36, 12),
                turn=turned(-28),
                core=mineral(0.2),
                shell=CORTEX,
                shell_mm=1.0,
            )
        )
        hip = middle + np.array([-10, 96, -side * 20])
        solids.append(Ellipsoid(centre=hip.tolist(), semi=(30, 34, 26), core=mineral(0.2), shell=CORTEX, shell_mm=1.4))
    return solids
