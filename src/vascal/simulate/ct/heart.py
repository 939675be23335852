"""Heart, great vessels, oesophagus and airways of the average adult, lying on the back.

The origin is the midline at the height of the middle of the heart. Sizes:
Lang et al., J Am Soc Echocardiogr 2015;28:1-39 for chambers and walls; aorta 33,
27 and 24 mm wide in its root, behind the heart and at the diaphragm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vascal.simulate.ct.organs import Organ
from vascal.simulate.ct.patient import SimulatedPatient
from vascal.simulate.ct.shapes import Ellipsoid, Part, Reals, Row, Solid, Tube, frame, solid, tube, turn
from vascal.simulate.ct.tissue import Tissue, fat, soft
from vascal.volume import Vector

MYOCARDIUM_HU = 48.0
WALL_HU = 42.0
BLOOD_HU = 42.0
SAC_MARGIN_MM = 3.6
CHEST_WALL_Y_MM = -82.0
"""The pericardium stays behind the ribs and the sternum."""
PIVOT = np.array((14.0, -26.0, 0.0))

ASCENDING_AORTA: tuple[Row, ...] = (
    (7, -18, 16, 13.5), (5, -21, 24, 16.5), (0, -26, 34, 15.5), (-6, -30, 48, 15), (-11, -29, 66, 15),
    (-11, -20, 84, 14.5), (-4, -6, 96, 14), (8, 8, 100, 13.5), (19, 20, 95, 13), (25, 30, 82, 12.5), (26, 36, 62, 12),
)  # fmt: skip
DESCENDING_AORTA: tuple[Row, ...] = (
    (26, 36, 62, 12), (26, 39, 30, 12), (25, 40, -10, 12), (20, 38, -55, 11.5), (12, 29, -100, 11),
    (7, 18, -145, 10), (5, 10, -200, 9), (4, 9, -240, 8.5), (3, 11, -252, 8.5),
)  # fmt: skip
ILIAC_ARTERIES: tuple[tuple[Row, ...], ...] = (
    ((3, 11, -250, 7), (16, 16, -280, 6), (36, 28, -320, 5.5), (58, 12, -370, 5), (76, -28, -430, 4.5)),
    ((3, 11, -250, 7), (-12, 16, -280, 6), (-34, 28, -320, 5.5), (-58, 12, -370, 5), (-76, -28, -430, 4.5)),
)
VISCERAL_ARTERIES: tuple[tuple[Row, ...], ...] = (
    ((9, 20, -130, 4.5), (8, 2, -132, 4), (14, -12, -126, 3.5), (40, -6, -118, 3)),
    ((7, 15, -150, 4.5), (6, -2, -160, 4), (2, -12, -200, 3.5), (-10, -18, -250, 3)),
    ((8, 16, -155, 3.5), (32, 32, -160, 3), (48, 42, -162, 2.5)),
    ((3, 16, -157, 3.5), (-28, 36, -163, 3), (-46, 44, -166, 2.5)),
)
PULMONARY_TRUNK: tuple[Row, ...] = (
    (10, -54, 22, 13), (16, -46, 38, 14), (21, -32, 54, 14), (24, -16, 64, 13), (34, 2, 68, 11), (50, 14, 62, 8),
)  # fmt: skip
RIGHT_PULMONARY_ARTERY: tuple[Row, ...] = ((22, -18, 60, 12), (2, -6, 60, 11), (-22, -3, 57, 10.5), (-46, 4, 50, 8))
SUPERIOR_VENA_CAVA: tuple[Row, ...] = (
    (-30, -20, 22, 11), (-31, -20, 45, 10), (-30, -19, 80, 9.5), (-27, -20, 110, 9), (-28, -22, 128, 8),
    (-36, -14, 160, 7), (-40, -4, 230, 6),
)  # fmt: skip
LEFT_BRACHIOCEPHALIC_VEIN: tuple[Row, ...] = (
    (-27, -20, 110, 8), (0, -38, 116, 7), (24, -30, 126, 7), (38, -14, 160, 7), (40, -4, 230, 6),
)  # fmt: skip
INFERIOR_VENA_CAVA: tuple[Row, ...] = (
    (-20, 2, -22, 12), (-20, 8, -50, 12), (-19, 12, -90, 12), (-18, 12, -150, 11), (-18, 14, -200, 11),
    (-16, 18, -256, 11),
)  # fmt: skip
ARCH_BRANCHES: tuple[tuple[Row, ...], ...] = (
    ((-6, -8, 98, 7), (-14, -10, 118, 7), (-22, -4, 142, 5), (-30, 4, 230, 4)),
    ((6, 6, 102, 5), (8, 4, 120, 4.5), (16, 4, 150, 4), (30, 6, 230, 3.5)),
    ((18, 19, 100, 5.5), (22, 18, 118, 5), (34, 16, 140, 5), (70, 0, 146, 4.5), (110, -2, 132, 4)),
)
PULMONARY_VEINS: tuple[tuple[Row, ...], ...] = (
    ((12, 8, 26, 7), (36, 14, 30, 6), (54, 20, 34, 4)),
    ((14, 12, 14, 7), (34, 24, 8, 6), (54, 34, 0, 4)),
    ((2, 8, 24, 7), (-26, 8, 26, 6), (-48, 10, 28, 4)),
    ((2, 12, 14, 7), (-24, 22, 8, 6), (-46, 34, 0, 4)),
)
TRACHEA: tuple[Row, ...] = ((0, 0, 235, 8.5), (0, 4, 190, 8.5), (0, 16, 140, 8.5), (1, 24, 100, 8.5), (1, 27, 80, 9))
BRONCHI: tuple[tuple[Row, ...], ...] = (
    ((1, 27, 80, 8), (-20, 25, 66, 7), (-36, 24, 52, 5.5), (-46, 28, 36, 4)),
    ((1, 27, 80, 7.5), (24, 26, 62, 6.5), (40, 28, 50, 5), (50, 32, 36, 4)),
    ((-46, 28, 36, 3.5), (-58, 36, 12, 2.8), (-66, 50, -20, 2.0)),
    ((50, 32, 36, 3.5), (62, 38, 12, 2.8), (70, 52, -20, 2.0)),
    ((-30, 24, 58, 4), (-54, 14, 74, 3), (-70, 4, 96, 2.0)),
    ((36, 26, 54, 4), (56, 8, 68, 3), (70, -6, 92, 2.0)),
)
OESOPHAGUS: tuple[Row, ...] = (
    (3, 14, 230, 6), (4, 20, 180, 6), (5, 34, 120, 6.5), (4, 40, 70, 6.5), (6, 37, 30, 7), (10, 32, -10, 7),
    (20, 24, -55, 8), (30, 12, -80, 9),
)  # fmt: skip
LEFT_APPENDAGE: tuple[Row, ...] = ((36, -2, 28, 9), (44, -14, 32, 9), (44, -28, 32, 8), (36, -38, 33, 5))
RIGHT_APPENDAGE: tuple[Row, ...] = ((-24, -36, 22, 12), (-14, -50, 30, 10), (-2, -56, 34, 7))
CORONARY_SINUS: tuple[Row, ...] = ((46, 18, 2, 3.5), (34, 22, -10, 4.5), (14, 18, -18, 5.5), (-6, 4, -20, 6))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heart:
    """Chambers of one heart, and what lies over them.

    Parameters
    ----------
    left_ventricle, right_ventricle, left_atrium, right_atrium
        Outer surfaces.
    size
        Relative to the average.
    rotation
        (3, 3) pose.
    offset
        Shift of the whole heart, LPS, mm.
    fat
        Epicardial fat relative to the average.
    """

    left_ventricle: Ellipsoid
    right_ventricle: Ellipsoid
    left_atrium: Ellipsoid
    right_atrium: Ellipsoid
    size: float
    rotation: Reals
    offset: Vector
    fat: float

    @property
    def chambers(self) -> tuple[Ellipsoid, ...]:
        """All four chambers."""
        return (self.left_ventricle, self.right_ventricle, self.left_atrium, self.right_atrium)

    @property
    def sac(self) -> Solid:
        """Pericardium: a membrane over the chambers and the fat in their grooves."""
        return Solid(shapes=self.chambers, fillet_mm=34.0, margin_mm=SAC_MARGIN_MM * self.fat)

    @property
    def muscle(self) -> Solid:
        """Chambers without the fat, grooves kept."""
        return Solid(shapes=self.chambers, fillet_mm=5.0)

    def pose(self, points: np.ndarray) -> np.ndarray:
        """Take (point, 3) of the average heart to this one."""
        return np.asarray(PIVOT + self.size * (np.asarray(points) - PIVOT) @ self.rotation.T + self.offset)

    def tube(self, rows: tuple[Row, ...]) -> Tube:
        """Make a tube of rows that belong to the average heart."""
        table = np.asarray(rows, dtype=float)
        posed = np.column_stack([self.pose(table[:, :3]), table[:, 3] * self.size])
        return tube(posed)


def make_heart(rng: np.random.Generator, patient: SimulatedPatient) -> Heart:
    """Make a heart of seeded pose and place, behind the chest wall."""
    size = patient.heart_size
    x, y, z = (float(v) for v in rng.normal(0, (3.0, 1.5, 4.0)))
    rotation = turn((0, 0, 1), float(rng.normal(0, 5))) @ turn((0, 1, 0), float(rng.normal(0, 6)))
    spread = tuple(float(v) for v in rng.normal(1, 0.05, 4))
    margin = SAC_MARGIN_MM * patient.epicardial_fat
    loose = _posed(size, rotation, (x, y, z), patient.epicardial_fat, spread)
    front = min(c.centre[1] - c.reach_mm[1] for c in loose.chambers) - margin
    return _posed(size, rotation, (x, y + max(0.0, CHEST_WALL_Y_MM - front), z), patient.epicardial_fat, spread)


def _posed(size: float, rotation: Reals, offset: Vector, fat_share: float, spread: tuple[float, ...]) -> Heart:
    def chamber(centre: Vector, semi_axes: Vector, long_axis: Vector, share: float) -> Ellipsoid:
        moved = PIVOT + rotation @ (size * (np.asarray(centre) - PIVOT)) + offset
        a, b, c = (float(s) * size * share for s in semi_axes)
        axes = (rotation @ frame(long_axis)).astype(np.float32)
        return Ellipsoid(centre=(float(moved[0]), float(moved[1]), float(moved[2])), semi_axes=(a, b, c), axes=axes)

    return Heart(
        left_ventricle=chamber((42.0, -32.0, -10.0), (49.0, 32.0, 33.0), (0.72, -0.56, -0.42), spread[0]),
        right_ventricle=chamber((14.0, -51.0, -8.0), (46.0, 24.0, 33.0), (0.84, -0.30, -0.46), spread[1]),
        left_atrium=chamber((10.0, 6.0, 20.0), (36.0, 19.0, 25.0), (1.0, 0.10, 0.0), spread[2]),
        right_atrium=chamber((-26.0, -24.0, 0.0), (28.0, 25.0, 33.0), (0.35, -0.9, 0.1), spread[3]),
        size=size,
        rotation=rotation,
        offset=offset,
        fat=fat_share,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Blood:
    """Iodine in each part of the circulation, mg/ml.

    Parameters
    ----------
    right
        Caval veins, right heart, pulmonary arteries.
    left
        Pulmonary veins, left heart.
    aorta
        Aorta, coronary and visceral arteries.
    veins
        Inferior caval vein, portal and renal veins.
    organs
        Share that liver, kidney and muscle take up.
    """

    right: float = 0.0
    left: float = 0.0
    aorta: float = 0.0
    veins: float = 0.0
    organs: float = 0.0

    def tissue(self, iodine_mg_ml: float) -> Tissue:
        """Blood with contrast agent."""
        return soft(BLOOD_HU, 3.0).with_iodine(iodine_mg_ml)

    @property
    def is_contrast(self) -> bool:
        """Whether contrast agent was given."""
        return max(self.right, self.left, self.aorta, self.veins) > 0


def _vessel(shape: Tube, blood: Tissue, organ: Organ, wall_mm: float = 1.2, *, beats: bool = False) -> Part:
    layers = ((0.0, soft(WALL_HU)), (wall_mm, blood))
    return Part(solid=solid(shape), layers=layers, label=organ, beats=beats)


def great_vessel_parts(blood: Blood) -> list[Part]:
    """List what to paint outside the pericardium, back to front."""
    veins = blood.tissue(blood.veins)
    right, aorta = blood.tissue(blood.right), blood.tissue(blood.aorta)
    airways = [tube(rows) for rows in (TRACHEA, *BRONCHI)]
    gullet = solid(tube(OESOPHAGUS))
    return [
        Part(solid=gullet, layers=((0.0, soft(35.0)), (4.6, soft(-60.0, 60.0))), label=Organ.OESOPHAGUS),
        *(_vessel(tube(rows), right, Organ.VENA_CAVA) for rows in (SUPERIOR_VENA_CAVA, LEFT_BRACHIOCEPHALIC_VEIN)),
        _vessel(tube(INFERIOR_VENA_CAVA), veins, Organ.VENA_CAVA),
        *(_vessel(tube(rows), aorta, Organ.ARTERY) for rows in (*ARCH_BRANCHES, *VISCERAL_ARTERIES)),
        *(_vessel(tube(rows), aorta, Organ.ILIAC_ARTERY) for rows in ILIAC_ARTERIES),
        *(Part(solid=solid(way), layers=((-1.4, soft(30.0)),), label=Organ.MEDIASTINUM) for way in airways),
        *(Part(solid=solid(way), layers=((0.0, soft(-995.0, 2.0)),), label=Organ.AIRWAY) for way in airways),
        _vessel(tube(DESCENDING_AORTA), aorta, Organ.AORTA),
    ]


def heart_parts(heart: Heart, lumens: list[Tube], blood: Blood) -> list[Part]:
    """List what to paint of the heart and of the vessels at its base, back to front."""
    sac_fat = fat(-92.0, 6.0)
    right, left, aorta = blood.tissue(blood.right), blood.tissue(blood.left), blood.tissue(blood.aorta)
    root = heart.tube(ASCENDING_AORTA)
    trunk = heart.tube(PULMONARY_TRUNK)
    myocardium = soft(MYOCARDIUM_HU, 4.0).with_iodine(0.25 * blood.left)
    return [
        *(_vessel(heart.tube(rows), left, Organ.PULMONARY_VEIN, beats=True) for rows in PULMONARY_VEINS),
        _vessel(trunk, right, Organ.PULMONARY_ARTERY, beats=True),
        _vessel(heart.tube(RIGHT_PULMONARY_ARTERY), right, Organ.PULMONARY_ARTERY, beats=True),
        Part(
            solid=heart.sac,
            layers=((-1.2, soft(18.0)), (0.3, sac_fat)),
            label=Organ.PERICARDIUM,
            wobble_mm=1.0,
            beats=True,
        ),
        _vessel(heart.tube(CORONARY_SINUS), right, Organ.PERICARDIUM, 0.6, beats=True),
        *_chamber(heart.tube(LEFT_APPENDAGE), left, myocardium, 1.6, Organ.LEFT_ATRIUM),
        *_chamber(heart.tube(RIGHT_APPENDAGE), right, myocardium, 1.6, Organ.RIGHT_ATRIUM),
        _vessel(heart.tube(SUPERIOR_VENA_CAVA[:2]), right, Organ.RIGHT_ATRIUM, beats=True),
        Part(solid=heart.muscle, layers=((0.0, myocardium),), label=Organ.MYOCARDIUM, wobble_mm=0.7, beats=True),
        *_chamber(heart.right_atrium, right, myocardium, 2.5, Organ.RIGHT_ATRIUM),
        *_chamber(heart.left_atrium, left, myocardium, 2.5, Organ.LEFT_ATRIUM),
        *_chamber(heart.right_ventricle, right, myocardium, 3.8, Organ.RIGHT_VENTRICLE),
        *_chamber(heart.left_ventricle, left, myocardium, 10.0, Organ.LEFT_VENTRICLE),
        *_papillary_parts(heart, myocardium),
        _vessel(heart.tube(PULMONARY_TRUNK[:4]), right, Organ.PULMONARY_ARTERY, beats=True),
        _vessel(heart.tube(RIGHT_PULMONARY_ARTERY[:3]), right, Organ.PULMONARY_ARTERY, beats=True),
        Part(
            solid=Solid(shapes=(root,), cuts=((0.0, 0.0, -1.0, -22.0),), margin_mm=1.8),
            layers=((0.0, sac_fat),),
            label=None,
            beats=True,
        ),
        _vessel(root, aorta, Organ.AORTA, beats=True),
        *(_vessel(lumen, aorta, Organ.CORONARY_LUMEN, 0.5, beats=True) for lumen in lumens),
    ]


def _chamber(shape: Ellipsoid | Tube, blood: Tissue, wall: Tissue, wall_mm: float, organ: Organ) -> list[Part]:
    """Paint wall and cavity; only the cavity carries the chamber's name, the wall is myocardium."""
    cavity = Solid(shapes=(shape,), margin_mm=-wall_mm)
    return [
        Part(solid=solid(shape), layers=((0.0, wall),), label=Organ.MYOCARDIUM, wobble_mm=0.5, beats=True),
        Part(solid=cavity, layers=((0.0, blood),), label=organ, wobble_mm=0.5, beats=True),
    ]


def _papillary_parts(heart: Heart, muscle: Tissue) -> list[Part]:
    rows: tuple[tuple[Row, ...], ...] = (
        ((54, -28, -26, 5), (44, -26, -18, 4), (36, -26, -12, 2)),
        ((60, -46, -10, 5), (48, -40, -8, 4), (38, -34, -6, 2)),
    )
    return [
        Part(solid=solid(heart.tube(row)), layers=((0.0, muscle),), label=Organ.MYOCARDIUM, beats=True) for row in rows
    ]
