"""Metal and plastic in and on the patient: wires, leads, stents, clips, electrodes.

Metal is written as very dense mineral: its CT number leaves the scale anyway.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vascal.simulate.ct.coronaries import Branch
from vascal.simulate.ct.heart import Heart
from vascal.simulate.ct.organs import Organ
from vascal.simulate.ct.patient import SimulatedPatient
from vascal.simulate.ct.shapes import Ellipsoid, Part, Row, Tube, solid, tube
from vascal.simulate.ct.tissue import Tissue, bone, soft
from vascal.simulate.ct.trunk import Build, wall

STEEL = Tissue(water=4.0, hydroxyapatite_mg_cm3=6000.0)
STRUT = bone(2400.0)
STENT_POSITION: Mapping[str, tuple[float, float]] = {"LAD": (0.16, 0.34), "RCA": (0.2, 0.4), "LCX": (0.15, 0.35)}


def device_parts(
    rng: np.random.Generator, patient: SimulatedPatient, build: Build, heart: Heart, tree: tuple[Branch, ...]
) -> list[Part]:
    """List all devices of a patient."""
    parts: list[Part] = []
    if "sternal wires" in patient.devices:
        parts += [_wire(z) for z in (96, 70, 46, 22, -2)]
    if "pacemaker" in patient.devices:
        parts += _pacemaker_parts(build, heart)
    if "stent" in patient.devices:
        vessel = str(rng.choice(sorted(STENT_POSITION)))
        branch = next(b for b in tree if b.name == vessel)
        parts += _stent_parts(branch, *STENT_POSITION[vessel])
    if "clips" in patient.devices:
        parts += [_clip(rng) for _ in range(6)]
    if "ecg leads" in patient.devices:
        parts += _electrode_parts(build)
    return parts


def _metal(shape: Tube | Ellipsoid, tissue: Tissue = STEEL, *, beats: bool = False) -> Part:
    return Part(solid=solid(shape), layers=((0.0, tissue),), label=Organ.DEVICE, beats=beats)


def _wire(z: float) -> Part:
    """A loop of steel around the sternum, twisted in front."""
    angles = np.linspace(0, 2 * np.pi, 13)
    rows = [(20 * np.sin(a), -92.0 - 10.5 * np.cos(a), z + 5 * np.sin(a), 0.5) for a in angles]
    return _metal(tube(rows, steps=1))


def _pacemaker_parts(build: Build, heart: Heart) -> list[Part]:
    front = -(88.0 + 0.3 * build.fat_mm)
    can = Ellipsoid(centre=(78.0, front, 112.0), semi_axes=(24.0, 4.5, 22.0))
    lead: tuple[Row, ...] = (
        (60, front, 122, 0.9), (40, -40, 126, 0.9), (0, -36, 116, 0.9), (-28, -20, 100, 0.9), (-30, -20, 40, 0.9),
    )  # fmt: skip
    inner: tuple[Row, ...] = ((-30, -20, 40, 0.9), (-26, -26, 4, 0.9), (2, -46, -16, 0.9), (36, -62, -26, 1.2))
    return [_metal(can), _metal(tube(lead), bone(3500.0)), _metal(heart.tube(inner), bone(3500.0), beats=True)]


def _stent_parts(branch: Branch, start: float, end: float) -> list[Part]:
    """Rings of struts on the wall of the lumen."""
    line = np.asarray(branch.points, dtype=float)
    first, last = (int(share * (len(line) - 1)) for share in (start, end))
    parts = []
    for k in range(first, max(last, first + 2)):
        way = line[k + 1] - line[k - 1]
        way /= np.linalg.norm(way)
        side = np.cross(way, (0.0, 0.0, 1.0) if abs(way[2]) < 0.9 else (1.0, 0.0, 0.0))
        side /= np.linalg.norm(side)
        other = np.cross(way, side)
        angles = np.linspace(0, 2 * np.pi, 9)[:, None]
        ring = line[k] + 1.6 * (np.cos(angles) * side + np.sin(angles) * other)
        parts.append(
            _metal(Tube(points=ring.astype(np.float32), radii=np.full(9, 0.16, np.float32)), STRUT, beats=True)
        )
    return parts


def _clip(rng: np.random.Generator) -> Part:
    """A surgical clip along the left internal mammary artery."""
    x, y, z = 22 + rng.normal(0, 2), -76 + rng.normal(0, 2), rng.uniform(-10, 110)
    return _metal(tube(((x, y, z, 0.6), (x + 1, y + 2, z + 4, 0.6)), steps=1))


def _electrode_parts(build: Build) -> list[Part]:
    """Stickers on the skin, each with a button of metal and a cable."""
    skin = wall(build, 0.0, 1.0)
    parts = []
    for x, z in ((-92.0, 110.0), (92.0, 110.0), (74.0, -70.0)):
        half_width, half_depth = (float(v) for v in skin.half_axes(z))
        share = 1 - abs(x / half_width) ** skin.roundness
        middle = skin.middle_y(z)
        y = middle - half_depth * max(share, 0.05) ** (1 / skin.roundness) - 2.0
        cable: tuple[Row, ...] = ((x, y - 4, z, 1.2), (x * 0.6, y - 12, z - 60, 1.2), (x * 0.3, y - 8, z - 200, 1.2))
        pad = Ellipsoid(centre=(x, y, z), semi_axes=(14.0, 1.6, 14.0))
        parts += [
            Part(solid=solid(pad), layers=((0.0, soft(60.0)),), label=Organ.DEVICE),
            _metal(Ellipsoid(centre=(x, y - 2, z), semi_axes=(3.0, 1.6, 3.0)), bone(2000.0)),
            _metal(tube(cable), bone(900.0)),
        ]
    return parts
