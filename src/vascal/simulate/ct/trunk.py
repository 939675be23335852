"""Skin, fat, muscle, limbs, lungs, diaphragm and mediastinum, and the couch below."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vascal.simulate.ct.heart import Blood
from vascal.simulate.ct.organs import Organ
from vascal.simulate.ct.patient import SimulatedPatient
from vascal.simulate.ct.shapes import Ellipsoid, Part, Row, Shape, Solid, Trunk, Tube, solid, tube, turn
from vascal.simulate.ct.tissue import fat, soft

MUSCLE = soft(52.0, 6.0)
MARBLED = soft(46.0, 14.0)
SKIN_MM = 1.8
LUNG_FLOOR_MM = -132.0
FLATTENED_MM = 9.0
"""How much of the back the couch flattens."""

# Rows of z, half width, half depth, centre x and y: muscle and bone without fat and skin.
FRAME: tuple[Row, ...] = (
    (-460, 165, 92, 0, 10), (-400, 170, 96, 0, 10), (-330, 154, 92, 0, 8), (-280, 140, 84, 0, 5), (-230, 130, 80, 0, 3),
    (-170, 132, 88, 0, 3), (-120, 140, 97, 0, 3), (-60, 146, 102, 0, 3), (0, 147, 103, 0, 3), (60, 145, 99, 0, 3),
    (100, 142, 90, 0, 6), (130, 130, 78, 0, 9), (150, 108, 68, 0, 11), (170, 74, 60, 0, 12), (190, 60, 58, 0, 12),
    (225, 58, 62, 0, 8), (255, 68, 84, 0, 2), (300, 74, 94, 0, -4),
)  # fmt: skip
# How thick the fat is at each height, relative to the average, at the side and in front and back.
FAT_SIDE = np.array(
    (
    (-460, 1.6), (-330, 1.5), (-230, 1.4), (-120, 1.0), (0, 0.9), (100, 0.9), (150, 0.6), (190, 0.35), (300, 0.2),
    )
)  # fmt: skip
FAT_DEPTH = np.array(
    (
    (-460, 1.2), (-330, 1.5), (-230, 1.4), (-120, 0.9), (0, 0.7), (100, 0.6), (150, 0.5), (190, 0.35), (300, 0.2),
    )
)  # fmt: skip
CAVITY: tuple[Row, ...] = (
    (-190, 122, 84, 0, 2), (-130, 127, 86, 0, 2), (-60, 128, 85, 0, 2), (0, 124, 84, 0, 2), (40, 116, 81, 0, 2),
    (80, 102, 74, 0, 4), (110, 84, 63, 0, 8), (130, 64, 50, 0, 12), (143, 44, 36, 0, 14), (152, 14, 14, 0, 14),
)  # fmt: skip
PERITONEUM: tuple[Row, ...] = (
    (-450, 60, 60, 0, 20), (-380, 84, 64, 0, 6), (-320, 104, 66, 0, -4), (-260, 106, 64, 0, -6), (-220, 107, 66, 0, -5),
    (-180, 116, 76, 0, -2), (-140, 124, 83, 0, 0), (-60, 124, 84, 0, 2),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """How the trunk of one patient differs from the average.

    Parameters
    ----------
    fat_mm
        Fat under the skin, mm.
    belly_mm
        How far visceral fat pushes the wall of the abdomen out, mm.
    diaphragm_mm
        Rise of the diaphragm above the average, mm.
    vertebra_phase_mm
        Height of a disc above the origin, mm.
    """

    fat_mm: float = 13.0
    belly_mm: float = 0.0
    diaphragm_mm: float = 0.0
    vertebra_phase_mm: float = 0.0


def make_build(rng: np.random.Generator, patient: SimulatedPatient) -> Build:
    """Draw a trunk that suits the patient's BMI."""
    rise = 0.9 * float(np.clip(patient.bmi - 26, -6, 16)) + (-6.0 if patient.arms == "up" else 4.0)
    return Build(
        fat_mm=patient.skin_fat_mm,
        belly_mm=22.0 * (patient.visceral_fat - 0.8),
        diaphragm_mm=rise + float(rng.uniform(-6, 6)),
        vertebra_phase_mm=float(rng.uniform(0, 20)),
    )


def _belly(z: float, build: Build) -> float:
    return build.belly_mm * float(np.interp(z, (-420, -280, -200, -90, -20), (0.2, 0.9, 1.0, 0.6, 0.0)))


def wall(build: Build, grow_mm: float, fat_share: float) -> Trunk:
    """Trunk at a depth: muscle (fat share 0) or skin (1), grown by some mm."""
    rows = []
    for z, half_width, half_depth, x, y in FRAME:
        side = fat_share * build.fat_mm * float(np.interp(z, FAT_SIDE[:, 0], FAT_SIDE[:, 1]))
        deep = fat_share * build.fat_mm * float(np.interp(z, FAT_DEPTH[:, 0], FAT_DEPTH[:, 1]))
        belly = _belly(z, build)
        rows.append(
            (
                z,
                half_width + side + 0.6 * belly + grow_mm,
                half_depth + deep + 0.8 * belly + grow_mm,
                x,
                y - 0.6 * belly,
            )
        )
    return Trunk(knots=tuple(rows), roundness=2.5)


def cavity(grow_mm: float) -> Trunk:
    """Inside of the rib cage."""
    return Trunk(knots=tuple((z, w + grow_mm, d + grow_mm, x, y) for z, w, d, x, y in CAVITY), roundness=2.5)


def peritoneum(build: Build) -> Trunk:
    """Inside of the abdominal wall."""
    rows = []
    for z, w, d, x, y in PERITONEUM:
        belly = _belly(z, build)
        rows.append((z, w + 0.6 * belly, d + 0.8 * belly, x, y - 0.7 * belly))
    return Trunk(knots=tuple(rows), roundness=2.5)


def wall_parts(build: Build, patient: SimulatedPatient) -> list[Part]:
    """List arms, skin, fat, muscle and lungs, before anything lies on them."""
    fatty = fat()
    below = ((0.0, 0.0, -1.0, -(LUNG_FLOOR_MM + build.diaphragm_mm)),)
    lining = Solid(shapes=(cavity(2.5),), cuts=below)
    lungs = Solid(shapes=(cavity(0.0),), cuts=below)
    return [
        *arm_parts(patient, build),
        Part(solid=_skin(build, patient, 0.0), layers=((0.0, soft(10.0)),), label=Organ.BODY, wobble_mm=0.6),
        Part(solid=_skin(build, patient, SKIN_MM), layers=((0.0, fatty),), label=Organ.FAT, wobble_mm=0.6),
        *(_gland_parts(build) if patient.sex == "F" else ()),
        *_muscle_parts(build),
        Part(solid=lining, layers=((0.0, fatty),), label=Organ.BODY, wobble_mm=1.0),
        Part(solid=lungs, layers=((0.0, soft(-858.0, 22.0)),), label=Organ.LUNG, wobble_mm=1.0),
    ]


def _skin(build: Build, patient: SimulatedPatient, depth_mm: float) -> Solid:
    """Trunk, and breasts flattened by lying on the back."""
    trunk = wall(build, -depth_mm, 1.0)
    flat = ((0.0, 1.0, 0.0, back_y(build) - FLATTENED_MM - depth_mm),)
    if patient.sex == "M":
        return Solid(shapes=(trunk,), cuts=flat)
    size = 1.0 + 0.012 * build.fat_mm
    front = -(100.0 + 0.6 * build.fat_mm)
    breasts = [
        Ellipsoid(
            centre=(side * 88.0, front + 14, 4.0),
            semi_axes=(62.0 * size - depth_mm, 26.0 * size - depth_mm, 64.0 * size - depth_mm),
            axes=turn((0, 0, 1), side * 18),
        )
        for side in (-1.0, 1.0)
    ]
    return Solid(shapes=(trunk, *breasts), fillet_mm=22.0, cuts=flat)


def _muscle_parts(build: Build) -> list[Part]:
    """The wall's muscle, less its grooves, and the muscles that lie on it."""
    parts = [
        Part(
            solid=solid(wall(build, -7.0, 0.0)),
            layers=((0.0, MUSCLE), (5.5, fat(-70.0, 30.0)), (9.0, MUSCLE)),
            label=Organ.MUSCLE,
            only_on=(Organ.FAT,),
            wobble_mm=1.4,
        ),
        Part(solid=solid(peritoneum(build)), layers=((0.0, fat()),), label=Organ.ABDOMINAL_FAT, wobble_mm=1.5),
    ]
    for side in (-1.0, 1.0):
        shapes: list[Shape] = [
            Ellipsoid(centre=(side * 112.0, 34.0, 118.0), semi_axes=(44.0, 30.0, 58.0)),  # shoulder, behind
            Ellipsoid(centre=(side * 128.0, 12.0, 128.0), semi_axes=(36.0, 36.0, 34.0)),  # deltoid
            Ellipsoid(centre=(side * 118.0, 44.0, 40.0), semi_axes=(17.0, 40.0, 70.0), axes=turn((0, 0, 1), side * 30)),
            Ellipsoid(centre=(side * 66.0, -82.0, 72.0), semi_axes=(58.0, 10.0, 58.0)),  # pectoral
            Ellipsoid(centre=(side * 46.0, 70.0, 140.0), semi_axes=(60.0, 14.0, 48.0)),  # trapezius
        ]
        parts += [
            Part(
                solid=solid(s),
                layers=((0.0, MARBLED),),
                label=Organ.MUSCLE,
                only_on=(Organ.FAT, Organ.BODY),
                wobble_mm=2.0,
            )
            for s in shapes
        ]
    return parts


def back_muscle_parts(spine_rows: np.ndarray) -> list[Part]:
    """Erectors of the spine and psoas, along (point, 2) rows of z and y of the vertebral bodies."""
    parts = []
    for side in (-1.0, 1.0):
        inner = [(side * 17.0, y + 36.0, z, 12.0) for z, y in spine_rows if z > -340]
        erector = [(side * 35.0, y + 33.0, z, 16.0 if z < 60 else 13.0) for z, y in spine_rows if z > -340]
        outer = [(side * 54.0, y + 30.0, z, 13.0) for z, y in spine_rows if -330 < z < 60]
        psoas = [
            (side * (26.0 + 0.14 * max(0.0, -150 - z)), y + 2.0 - 0.05 * max(0.0, -200 - z), z,
             float(np.interp(z, (-420, -320, -230, -130), (14, 19, 18, 7))))
            for z, y in spine_rows if -430 < z < -120
        ]  # fmt: skip
        back = Solid(shapes=tuple(tube(rows, steps=2) for rows in (inner, erector, outer)), fillet_mm=14.0)
        parts += [
            Part(solid=shape, layers=((0.0, MARBLED),), label=Organ.MUSCLE, wobble_mm=1.2)
            for shape in (back, solid(tube(psoas, steps=2)))
        ]
    return parts


def _gland_parts(build: Build) -> list[Part]:
    """Strands of gland in the fat of the breasts."""
    front = -(100.0 + 0.6 * build.fat_mm)
    glands = (Ellipsoid(centre=(s * 90.0, front - 2, 4.0), semi_axes=(34.0, 12.0, 34.0)) for s in (-1.0, 1.0))
    return [
        Part(
            solid=solid(g),
            layers=((0.0, soft(-30.0, 45.0)),),
            label=Organ.BREAST,
            only_on=(Organ.FAT,),
            wobble_mm=5.0,
        )
        for g in glands
    ]


def arm_parts(patient: SimulatedPatient, build: Build) -> list[Part]:
    """Upper arms (and forearms, if down): skin, fat, muscle and the humerus."""
    parts: list[Part] = []
    flesh = 33.0 + 0.5 * build.fat_mm
    for side in (-1.0, 1.0):
        if patient.arms == "up":
            rows = [(side * 128, 20, 128), (side * 156, 16, 180), (side * 160, 4, 260), (side * 150, -20, 360)]
        else:
            out = 172 + 1.2 * build.fat_mm + 0.6 * build.belly_mm
            rows = [
                (side * 138, 18, 128), (side * out, 22, 60), (side * (out + 12), 26, -60),
                (side * (out + 10), 14, -200), (side * (out - 4), -10, -330), (side * (out - 10), -20, -450),
            ]  # fmt: skip
        for shrink, layers, label in (
            (0.0, ((0.0, soft(10.0)), (SKIN_MM, fat())), Organ.FAT),
            (6.0 + 0.4 * build.fat_mm, ((0.0, MARBLED),), Organ.MUSCLE),
        ):
            shape = tube([(*row, flesh - shrink) for row in rows])
            parts.append(Part(solid=solid(shape), layers=layers, label=label, wobble_mm=1.5))
    return parts


def mediastinum_parts() -> list[Part]:
    """List the fat between the lungs."""
    z = (-260.0, -60.0, 20.0, 60.0, 105.0, 150.0, 200.0)
    column = Trunk(
        knots=tuple(
            zip(z, (22, 20, 17, 22, 30, 36, 36), (40, 38, 34, 42, 44, 44, 44), (4,) * 7, (24,) * 7, strict=True)
        )
    )
    front = Trunk(knots=tuple(zip(z, (14, 12, 7, 7, 16, 24, 24), (55,) * 7, (2,) * 7, (-42,) * 7, strict=True)))
    behind = Trunk(knots=((-260, 25, 34, 0, 74), (200, 25, 34, 0, 74)))
    joined = Solid(shapes=(column, front, behind), fillet_mm=16.0)
    return [
        Part(
            solid=joined,
            layers=((0.0, fat(-96.0)),),
            label=Organ.MEDIASTINUM,
            only_on=(Organ.LUNG, Organ.BODY),
            wobble_mm=1.2,
        )
    ]


def neck_parts() -> list[Part]:
    """List the muscles and the thyroid of the neck, and the skull's floor."""
    parts = []
    for side in (-1.0, 1.0):
        muscle = tube(((side * 28, -30, 126, 9), (side * 34, -18, 165, 12), (side * 44, 6, 230, 14)))
        gland = Ellipsoid(centre=(side * 16.0, 0.0, 168.0), semi_axes=(9.0, 11.0, 24.0))
        parts += [
            Part(solid=solid(muscle), layers=((0.0, MUSCLE),), label=Organ.MUSCLE, wobble_mm=1.0),
            Part(solid=solid(gland), layers=((0.0, soft(100.0, 8.0)),), label=Organ.THYROID, wobble_mm=0.8),
        ]
    return parts


def lung_vessel_parts(rng: np.random.Generator, blood: Blood) -> list[Part]:
    """Grow a tree of vessels from each hilum; drawn on lung only."""
    tissue = blood.tissue(0.8 * blood.right)
    parts = []
    for side in (-1.0, 1.0):
        hilum = np.array((side * 42.0, 14.0, 44.0))
        for goal in _lung_goals(rng, side):
            parts += _branches(rng, hilum, goal, 5.4, 0)
    return [
        Part(solid=solid(t), layers=((0.0, tissue),), label=Organ.LUNG_VESSEL, only_on=(Organ.LUNG, Organ.LUNG_VESSEL))
        for t in parts
    ]


def _lung_goals(rng: np.random.Generator, side: float) -> np.ndarray:
    goals = np.array(
        ((70, -50, 100), (60, 45, 115), (105, -10, 75), (80, -70, 25), (110, 5, 15), (95, 55, 25),
         (60, 70, -20), (100, 45, -50), (90, 10, -80), (70, 80, -80))
    )  # fmt: skip
    return np.asarray((goals + rng.normal(0, 8, goals.shape)) * (side, 1, 1))


def _branches(rng: np.random.Generator, start: np.ndarray, goal: np.ndarray, radius: float, depth: int) -> list[Tube]:
    """Bend half the way to the goal, then fork around it."""
    middle = start + 0.5 * (goal - start) + rng.normal(0, 4, 3)
    points = np.vstack([start, 0.5 * (start + middle) + rng.normal(0, 2, 3), middle])
    radii = radius * np.array((1.0, 0.85, 0.7))
    tubes = [Tube(points=points.astype(np.float32), radii=radii.astype(np.float32))]
    if depth < 5:
        spread = 0.55 * float(np.linalg.norm(goal - middle))
        for _ in range(2):
            tubes += _branches(rng, middle, goal + rng.normal(0, spread, 3), 0.75 * radius, depth + 1)
    return tubes


def back_y(build: Build) -> float:
    """Where the back would end if lying on it did not flatten it, mm."""
    return float(max(half_depth + y for z, _, half_depth, _, y in wall(build, 0.0, 1.0).knots if -130 < z < 110))


def table_parts(build: Build) -> list[Part]:
    """List the couch under the patient: a curved shell around foam, and a mattress."""
    top = back_y(build) - FLATTENED_MM
    ends = (-1000.0, 1000.0)
    parts = []
    for margin, tissue, label in ((0.0, soft(90.0, 2.0), Organ.TABLE), (2.4, soft(-940.0, 6.0), None)):
        bowl = Trunk(knots=tuple((z, 216 - margin, 52 - margin, 0.0, top - 14.0) for z in ends), roundness=2.5)
        shape = Solid(shapes=(bowl,), cuts=((0.0, -1.0, 0.0, -(top + 4.0 + margin)),))
        parts.append(Part(solid=shape, layers=((0.0, tissue),), label=label))
    mattress = Trunk(knots=tuple((z, 200.0, 6.0, 0.0, top + 1.0) for z in ends), roundness=4.0)
    return [*parts, Part(solid=solid(mattress), layers=((0.0, soft(-900.0, 6.0)),), label=Organ.TABLE)]
