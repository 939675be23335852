"""What people put into or onto a patient: screws, rods, cages, stents, leads, clips and buttons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from vascal.simulate.xray.aorta import Aorta
from vascal.simulate.xray.solids import NOTHING, STEEL, TITANIUM, Ellipsoid, Solid, Tube, mineral
from vascal.simulate.xray.spine import Spine

Device = Literal["screws", "cage", "plate", "lead", "catheter", "clips", "button", "filter", "graft", "cement"]
RUBBER = mineral(0.4)
HIDING: tuple[Device, ...] = ("plate", "graft")
"""Those that lie on the aorta or in front of it and hide its walls."""


def draw_device(rng: np.random.Generator, name: Device, spine: Spine, aorta: Aorta) -> list[Solid]:
    """Draw one kind of device at a place of its own."""
    return _DRAW[name](rng, spine, aorta)


def _screws(rng: np.random.Generator, spine: Spine, _: Aorta) -> list[Solid]:
    """Pedicle screws of neighbouring bodies joined by rods."""
    first = int(rng.integers(2, 7))
    last = min(7, first + int(rng.integers(1, 4)))
    solids: list[Solid] = []
    for side in (-1.0, 1.0):
        heads = []
        for body in range(first, last + 1):
            depth, turn, centre = spine.shapes[body, 0], spine.turns[body], spine.centres[body]
            tip = centre + turn @ np.array([-depth * rng.uniform(0.3, 0.75), rng.uniform(-3, 3), side * 10])
            head = centre + turn @ np.array([depth + 21, -6, side * 22])
            solids.append(Tube(points=np.array([tip, head]), radii=np.array([2.9, 3.1]), core=TITANIUM))
            solids.append(Ellipsoid(centre=head.tolist(), semi=(6, 6, 6), core=TITANIUM))
            heads.append(head)
        solids.append(Tube(points=np.array(heads), radii=np.full(len(heads), 2.8), core=TITANIUM))
    return solids


def _cage(rng: np.random.Generator, spine: Spine, _: Aorta) -> list[Solid]:
    """A ring of pins in a disc space."""
    middle, front = spine.border(int(rng.integers(2, 7)))
    solids: list[Solid] = []
    for along in (-8.0, 0.0, 8.0):
        for side in (-10.0, 10.0):
            place = middle - front * along + np.array([0, 0, side])
            ends = place + np.array([[0, -4, 0], [0, 4, 0]])
            solids.append(Tube(points=ends, radii=np.full(2, 1.0), core=TITANIUM))
    return solids


def _plate(rng: np.random.Generator, spine: Spine, _: Aorta) -> list[Solid]:
    """A plate on the front of the spine, over the posterior wall."""
    first = int(rng.integers(2, 5))
    ends = [spine.centres[n] + spine.turns[n] @ np.array([-spine.shapes[n, 0] - 3, 0, 0]) for n in (first, first + 1)]
    return [Ellipsoid(centre=((ends[0] + ends[1]) / 2).tolist(), semi=(3, 27, 10), core=TITANIUM)]


def _lead(rng: np.random.Generator, _spine: Spine, _aorta: Aorta) -> list[Solid]:
    """A wire from the skin: an electrode, or a stimulator's lead in the canal."""
    start = np.array([rng.uniform(-110, 60), rng.uniform(-140, -60), rng.choice([-1, 1]) * rng.uniform(70, 130)])
    steps = np.cumsum(rng.normal([rng.uniform(-4, 4), 12, 0], [3, 3, 3], (18, 3)), axis=0)
    return [Tube(points=start + steps, radii=np.full(18, 0.5), core=STEEL)]


def _catheter(rng: np.random.Generator, _spine: Spine, aorta: Aorta) -> list[Solid]:
    """A tube in front of the spine: its wall is seen as two faint lines, as those of the aorta are."""
    x = float(np.median(aorta.centres[:, 0])) + rng.uniform(-45, 15)
    y = np.linspace(-150, rng.uniform(-40, 130), 24)
    points = np.stack(
        [x + 12 * np.sin(y / rng.uniform(40, 90) + rng.uniform(0, 6)), y, np.full(24, rng.uniform(-25, 25))], axis=1
    )
    return [Tube(points=points, radii=np.full(24, rng.uniform(1.0, 2.6)), core=NOTHING, shell=RUBBER, shell_mm=0.6)]


def _clips(rng: np.random.Generator, _spine: Spine, aorta: Aorta) -> list[Solid]:
    """Surgical clips: short bright strokes, in a cluster."""
    centre = np.array(
        [float(np.median(aorta.centres[:, 0])) - rng.uniform(-10, 80), rng.uniform(-110, 110), rng.uniform(-40, 60)]
    )
    solids: list[Solid] = []
    for _ in range(int(rng.integers(2, 8))):
        place, along = centre + rng.normal(0, 9, 3), rng.normal(0, 1, 3)
        along *= rng.uniform(1.5, 3.5) / np.linalg.norm(along)
        solids.append(Tube(points=np.array([place - along, place + along]), radii=np.full(2, 0.6), core=TITANIUM))
    return solids


def _button(rng: np.random.Generator, _spine: Spine, _aorta: Aorta) -> list[Solid]:
    """A round button or electrode on the skin."""
    size = rng.uniform(4, 9)
    place = [rng.uniform(-120, 60), rng.uniform(-140, 140), rng.choice([-1, 1]) * 150.0]
    return [Ellipsoid(centre=place, semi=(size, size, 0.8), core=STEEL)]


def _filter(rng: np.random.Generator, _spine: Spine, aorta: Aorta) -> list[Solid]:
    """A filter in the vena cava: thin legs that meet in a point, beside the aorta at L2 or L3."""
    top = aorta.centres[aorta.bounds[int(rng.integers(1, 3))]] + np.array([rng.uniform(-3, 6), 0, 25])
    legs = [top + np.array([9 * np.cos(a), 38, 9 * np.sin(a)]) for a in np.linspace(0, 2 * np.pi, 6, endpoint=False)]
    return [Tube(points=np.array([top, leg]), radii=np.full(2, 0.35), core=STEEL) for leg in legs]


def _graft(_rng: np.random.Generator, _spine: Spine, aorta: Aorta) -> list[Solid]:
    """A stent graft: zigzag rings of wire in the aorta."""
    first, last = aorta.bounds[1], aorta.division
    solids: list[Solid] = []
    for index in range(first, last, 24):
        angle = np.linspace(0, 2 * np.pi, 25)
        rise = np.where(np.arange(25) % 2, 4.5, -4.5)
        ring = np.stack([np.cos(angle), rise / aorta.radii[index], np.sin(angle)], axis=1) * aorta.radii[index] * 0.95
        solids.append(Tube(points=aorta.centres[index] + ring, radii=np.full(25, 0.3), core=STEEL))
    return solids


def _cement(rng: np.random.Generator, spine: Spine, _aorta: Aorta) -> list[Solid]:
    """Bone cement in a body, as after vertebroplasty."""
    body = int(rng.integers(1, 7))
    centre = spine.centres[body] + rng.normal(0, 3, 3)
    dense = (0.0, 0.07, 0.0)
    return [
        Ellipsoid(centre=(centre + rng.normal(0, 4, 3)).tolist(), semi=rng.uniform(4, 10, 3).tolist(), core=dense)
        for _ in range(4)
    ]


_DRAW: Mapping[Device, Callable[[np.random.Generator, Spine, Aorta], list[Solid]]] = {
    "screws": _screws,
    "cage": _cage,
    "plate": _plate,
    "lead": _lead,
    "catheter": _catheter,
    "clips": _clips,
    "button": _button,
    "filter": _filter,
    "graft": _graft,
    "cement": _cement,
}
