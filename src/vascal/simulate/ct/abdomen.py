"""Diaphragm, liver, stomach, spleen, kidneys, pancreas and bowel."""

from __future__ import annotations

import numpy as np

from vascal.simulate.ct.heart import Blood
from vascal.simulate.ct.organs import Organ
from vascal.simulate.ct.patient import SimulatedPatient
from vascal.simulate.ct.shapes import Ellipsoid, Part, Row, Solid, Trunk, solid, tube, turn
from vascal.simulate.ct.tissue import fat, soft
from vascal.simulate.ct.trunk import Build
from vascal.volume import Vector

COLON_GAS_SHARE = 0.6


def abdomen_parts(rng: np.random.Generator, build: Build, patient: SimulatedPatient, blood: Blood) -> list[Part]:
    """List what lies below the lungs, back to front."""
    up = build.diaphragm_mm
    return [
        *_diaphragm_parts(up),
        *_bowel_parts(rng, patient),
        *_upper_organ_parts(rng, up, patient, blood),
        *_kidney_parts(rng, blood),
    ]


def _diaphragm_parts(up: float) -> list[Part]:
    right = Ellipsoid(centre=(-64.0, 4.0, -128.0 + up), semi_axes=(74.0, 92.0, 100.0))
    left = Ellipsoid(centre=(66.0, 2.0, -130.0 + up), semi_axes=(70.0, 90.0, 92.0))
    middle = Ellipsoid(centre=(14.0, -20.0, -131.0 + up), semi_axes=(60.0, 76.0, 88.0))
    dome = Solid(shapes=(right, left, middle), fillet_mm=14.0)
    return [
        Part(
            solid=dome,
            layers=((0.0, soft(48.0)), (3.5, fat(-98.0))),
            label=Organ.ABDOMINAL_FAT,
            only_on=(Organ.LUNG, Organ.LUNG_VESSEL, Organ.BODY),
            wobble_mm=0.8,
        )
    ]


def _upper_organ_parts(rng: np.random.Generator, up: float, patient: SimulatedPatient, blood: Blood) -> list[Part]:
    uptake = 0.35 * blood.organs
    fatty = float(np.clip(60 - 1.6 * max(0.0, patient.bmi - 27) + rng.normal(0, 5), 5, 68))
    inside: tuple[Organ, ...] = (Organ.ABDOMINAL_FAT, Organ.BOWEL, Organ.LIVER, Organ.STOMACH)
    liver = Solid(
        shapes=(
            Ellipsoid(centre=(-62.0, 4.0, -126.0 + up), semi_axes=(68.0, 85.0, 95.0)),
            Ellipsoid(centre=(-78.0, 22.0, -168.0 + up), semi_axes=(42.0, 52.0, 62.0)),
            Ellipsoid(centre=(4.0, -36.0, -104.0 + up), semi_axes=(50.0, 38.0, 50.0)),
        ),
        fillet_mm=22.0,
    )
    stomach = Solid(
        shapes=(
            Ellipsoid(centre=(60.0, 2.0, -92.0 + up), semi_axes=(36.0, 44.0, 42.0)),
            Ellipsoid(centre=(44.0, -36.0, -134.0 + up), semi_axes=(34.0, 26.0, 44.0)),
            Ellipsoid(centre=(10.0, -40.0, -160.0 + up), semi_axes=(40.0, 20.0, 22.0)),
        ),
        fillet_mm=24.0,
    )
    level = float(rng.uniform(-44, -14))
    gas = Solid(shapes=stomach.shapes, fillet_mm=24.0, margin_mm=-4.5, cuts=((0.0, 1.0, 0.0, level),))
    food = Solid(shapes=stomach.shapes, fillet_mm=24.0, margin_mm=-4.5)
    spleen = Ellipsoid(
        centre=(98.0, 36.0, -108.0 + up), semi_axes=(20.0, 40.0, 52.0), axes=turn((0, 0, 1), float(rng.normal(-24, 6)))
    )
    pancreas = tube(
        ((-34, -10, -172, 12), (-8, -14, -164, 9), (20, -8, -152, 9), (54, 14, -138, 10), (76, 28, -128, 7))
    )
    gall = Ellipsoid(centre=(-46.0, -42.0, -186.0 + up), semi_axes=(13.0, 18.0, 26.0))
    return [
        Part(solid=solid(pancreas), layers=((0.0, soft(34.0, 16.0).with_iodine(uptake)),), label=Organ.PANCREAS,
             only_on=inside, wobble_mm=2.0),
        Part(solid=stomach, layers=((0.0, soft(42.0)),), label=Organ.STOMACH, only_on=inside, wobble_mm=1.5),
        Part(solid=food, layers=((0.0, soft(18.0, 22.0)),), only_on=(Organ.STOMACH,), wobble_mm=1.5),
        Part(solid=gas, layers=((0.0, soft(-985.0)),), only_on=(Organ.STOMACH,)),
        Part(solid=liver, layers=((0.0, soft(fatty, 5.0).with_iodine(uptake)),), label=Organ.LIVER, only_on=inside,
             wobble_mm=1.5),
        *(Part(solid=solid(tube(rows)), layers=((0.0, soft(38.0, 3.0).with_iodine(0.8 * blood.veins)),),
               only_on=(Organ.LIVER,)) for rows in _liver_veins(up)),
        Part(solid=solid(gall), layers=((0.0, soft(40.0)), (2.0, soft(8.0))), label=Organ.LIVER, only_on=inside),
        Part(solid=solid(spleen), layers=((0.0, soft(48.0, 4.0).with_iodine(1.3 * uptake)),), label=Organ.SPLEEN,
             only_on=(*inside, Organ.LUNG), wobble_mm=2.0),
    ]  # fmt: skip


def _liver_veins(up: float) -> tuple[tuple[Row, ...], ...]:
    z = up - 80.0
    return (
        ((-22, 8, z, 6), (-50, 4, z - 18, 4.5), (-90, 2, z - 44, 3)),
        ((-22, 4, z, 6), (-40, -22, z - 14, 4.5), (-62, -50, z - 32, 3)),
        ((-20, 2, z, 5), (-2, -24, z - 10, 4), (20, -42, z - 22, 2.5)),
        ((-14, -4, z - 80, 7), (-34, 4, z - 64, 6.5), (-66, 14, z - 56, 4.5), (-96, 16, z - 70, 3)),
    )


def _kidney_parts(rng: np.random.Generator, blood: Blood) -> list[Part]:
    parts = []
    for side in (-1.0, 1.0):
        z = -184.0 + (8.0 if side > 0 else -6.0) + float(rng.normal(0, 6))
        axes = turn((0, 0, 1), side * 38) @ turn((0, 1, 0), side * 12)
        kidney = Ellipsoid(centre=(side * 62.0, 46.0, z), semi_axes=(28.0, 23.0, 54.0), axes=axes)
        hilum = Ellipsoid(centre=(side * 46.0, 36.0, z), semi_axes=(15.0, 9.0, 26.0), axes=axes)
        cushion = Ellipsoid(centre=(side * 62.0, 46.0, z), semi_axes=(42.0, 36.0, 70.0), axes=axes)
        parts += [
            Part(solid=solid(cushion), layers=((0.0, fat()),), only_on=(Organ.ABDOMINAL_FAT, Organ.BOWEL),
                 label=Organ.ABDOMINAL_FAT, wobble_mm=2.0),
            Part(solid=solid(kidney), layers=((0.0, soft(34.0, 4.0).with_iodine(1.1 * blood.organs)),),
                 label=Organ.KIDNEY, wobble_mm=1.2),
            Part(solid=solid(hilum), layers=((0.0, fat(-80.0, 20.0)),), only_on=(Organ.KIDNEY,), wobble_mm=2.0),
        ]  # fmt: skip
    return parts


def _bowel_parts(rng: np.random.Generator, patient: SimulatedPatient) -> list[Part]:
    """Colon as a frame with gas and stool; loops of small bowel; the rest is fat."""
    squeeze = float(np.interp(patient.visceral_fat, (0.3, 2.2), (1.15, 0.85)))
    inside = (Organ.ABDOMINAL_FAT, Organ.BOWEL)
    parts: list[Part] = []
    for rows in _small_bowel(rng, squeeze):
        content = soft(float(rng.uniform(5, 40)), 14.0)
        parts.append(
            Part(
                solid=solid(tube(rows, steps=2)),
                layers=((0.0, soft(42.0)), (2.2, content)),
                label=Organ.BOWEL,
                only_on=inside,
                wobble_mm=1.6,
            )
        )
    for course in _colon(rng):
        shape = tube(course, steps=4)
        gassy = rng.random() < COLON_GAS_SHARE
        stool = soft(30.0, 90.0) if not gassy else soft(20.0, 30.0)
        parts.append(
            Part(solid=solid(shape), layers=((0.0, soft(40.0)), (2.5, stool)), label=Organ.BOWEL, only_on=inside,
                 wobble_mm=3.2)
        )  # fmt: skip
        if gassy:
            level = float(np.mean([row[1] for row in course])) + float(rng.uniform(-6, 8))
            parts.append(
                Part(
                    solid=Solid(shapes=(shape,), margin_mm=-3.0, cuts=((0.0, 1.0, 0.0, level),)),
                    layers=((0.0, soft(-980.0)),),
                    only_on=(Organ.BOWEL,),
                    wobble_mm=2.5,
                )
            )
    bladder = Trunk(knots=((-450, 38, 28, 0, -18), (-420, 40, 30, 0, -18), (-392, 20, 14, 0, -20)))
    parts.append(Part(solid=solid(bladder), layers=((0.0, soft(35.0)), (3.0, soft(4.0))), label=Organ.BLADDER))
    return parts


def _colon(rng: np.random.Generator) -> tuple[tuple[Row, ...], ...]:
    def row(x: float, y: float, z: float, radius: float) -> Row:
        jitter = rng.normal(0, (4, 4, 4, 2.0))
        return (x + jitter[0], y + jitter[1], z + jitter[2], max(radius + jitter[3], 11.0))

    return (
        (row(-90, 0, -330, 26), row(-98, 10, -290, 24), row(-98, 16, -245, 21), row(-92, 8, -212, 20)),
        (row(-90, 0, -210, 20), row(-60, -46, -222, 20), row(-10, -62, -232, 19), row(45, -58, -214, 19),
         row(84, -24, -176, 19), row(98, 20, -150, 18)),
        (row(100, 24, -156, 17), row(104, 30, -210, 16), row(102, 22, -270, 15), row(92, 14, -330, 15),
         row(60, 6, -370, 15), row(10, 20, -380, 16)),
    )  # fmt: skip


def _small_bowel(rng: np.random.Generator, squeeze: float) -> list[list[Row]]:
    """Wandering loops that turn back before they leave the middle of the abdomen."""
    loops = []
    for centre in _loop_centres(rng):
        heading = rng.normal(0, 1, 3)
        point = np.asarray(centre, dtype=float)
        rows: list[Row] = []
        for _ in range(9):
            heading = heading + rng.normal(0, 0.8, 3) + 0.02 * (np.asarray(centre) - point)
            heading /= np.linalg.norm(heading)
            point = point + 17.0 * heading
            rows.append((float(point[0]), float(point[1]), float(point[2]), float(squeeze * rng.normal(11.5, 1.5))))
        loops.append(rows)
    return loops


def _loop_centres(rng: np.random.Generator) -> list[Vector]:
    centres: list[Vector] = []
    for z in (-200.0, -235.0, -270.0, -305.0, -340.0):
        for x in (-52.0, -18.0, 18.0, 52.0):
            for y in (-46.0, -18.0):
                jx, jy, jz = (float(v) for v in rng.normal(0, 7, 3))
                centres.append((x + jx, y + jy, z + jz))
    return centres
