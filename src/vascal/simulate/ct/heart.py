"""Heart, great vessels and coronary arteries of the phantom.

Lengths are those of an average adult lying on the back, arms raised. The
origin is the midline at the height of the middle of the heart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vascal.simulate.ct.shapes import Blend, Clipped, Ellipsoid, Part, Reals, Shape, Tube
from vascal.volume import Vector

FAT_HU = -92.0
MYOCARDIUM_HU = 50.0
LUMEN_RADIUS_MM = 1.7
EPICARDIAL_DEPTH_MM = 2.4
"""Distance from the muscle to the axis of a coronary artery."""
SAC_MARGIN_MM = 6.5
CHEST_WALL_Y_MM = -80.0
"""The pericardium stays behind the ribs and the sternum."""
HEART, AORTA, LUNGS, AIRWAY, BONE, BODY, TABLE = range(1, 8)
STRUCTURE_NAMES = {
    HEART: "heart",
    AORTA: "aorta",
    LUNGS: "lungs",
    AIRWAY: "airway",
    BONE: "bone",
    BODY: "body",
    TABLE: "table",
}

# Rows are points: x, y, z, radius, mm.
ASCENDING_AORTA = (
    (6, -19, 18, 14), (2, -25, 32, 17), (-6, -30, 48, 16), (-11, -29, 66, 15.5), (-11, -20, 84, 15),
    (-4, -6, 96, 14), (8, 8, 100, 13.5), (19, 20, 95, 13), (25, 30, 82, 12.5), (26, 36, 62, 12),
)  # fmt: skip
DESCENDING_AORTA = (
    (26, 36, 62, 12), (25, 38, 30, 12), (24, 38, -10, 11.5), (19, 36, -55, 11.5), (11, 33, -100, 11),
    (5, 30, -200, 10.5),
)  # fmt: skip
PULMONARY_TRUNK = (
    (10, -54, 22, 13), (16, -46, 38, 14), (21, -32, 54, 14), (24, -16, 64, 13), (34, 2, 68, 11), (50, 14, 62, 8),
)  # fmt: skip
RIGHT_PULMONARY_ARTERY = ((22, -18, 60, 12), (2, -6, 60, 11), (-22, -3, 57, 10.5), (-46, 4, 50, 8))
SUPERIOR_VENA_CAVA = (
    (-30, -20, 22, 11), (-31, -20, 45, 10), (-30, -19, 80, 9.5), (-27, -20, 110, 9), (-30, -22, 135, 8),
    (-34, -20, 200, 7),
)  # fmt: skip
LEFT_BRACHIOCEPHALIC_VEIN = ((-27, -20, 110, 8), (0, -38, 118, 7), (22, -32, 128, 7), (34, -20, 200, 7))
INFERIOR_VENA_CAVA = ((-20, 2, -22, 12), (-20, 8, -50, 12), (-19, 14, -90, 12), (-17, 18, -200, 11))
ARCH_BRANCHES = (
    ((-6, -8, 98, 7), (-14, -10, 118, 7), (-22, -6, 140, 5), (-28, -4, 200, 4)),
    ((6, 6, 102, 5), (8, 4, 120, 4.5), (14, 2, 150, 4), (22, 0, 200, 3.5)),
    ((18, 19, 100, 5.5), (22, 18, 118, 5), (30, 16, 145, 5), (38, 14, 200, 5)),
)
PULMONARY_VEINS = (
    ((12, 8, 26, 7), (36, 14, 30, 6), (54, 20, 34, 4)),
    ((14, 12, 14, 7), (34, 24, 8, 6), (54, 34, 0, 4)),
    ((2, 8, 24, 7), (-26, 8, 26, 6), (-48, 10, 28, 4)),
    ((2, 12, 14, 7), (-24, 22, 8, 6), (-46, 34, 0, 4)),
)
TRACHEA = ((0, 14, 200, 8.5), (0, 19, 130, 8.5), (1, 25, 100, 8.5), (1, 28, 78, 9))
BRONCHI = (
    ((1, 28, 78, 8), (-20, 25, 66, 7), (-36, 24, 52, 5.5), (-46, 28, 36, 4)),
    ((1, 28, 78, 7.5), (24, 26, 62, 6.5), (40, 28, 50, 5), (50, 32, 36, 4)),
)
OESOPHAGUS = (
    (4, 28, 200, 6),
    (5, 36, 120, 6.5),
    (4, 40, 70, 6.5),
    (6, 36, 30, 7),
    (10, 30, -10, 7),
    (22, 20, -55, 8),
    (32, 10, -75, 9),
)

# Rough courses; `coronary_courses` lays them on the muscle.
CORONARY_GUIDES: Mapping[str, tuple[Vector, ...]] = {
    "LM": ((17, -20, 33), (24, -20, 36), (31, -21, 34)),
    "LAD": ((31, -21, 34), (33, -38, 28), (36, -55, 17), (44, -68, 4), (55, -76, -10), (66, -80, -24), (76, -76, -36)),
    "LCX": ((31, -21, 34), (42, -12, 29), (52, 2, 20), (52, 14, 6), (44, 20, -8), (32, 20, -20)),
    "RCA": (
        (-3, -38, 30),
        (-10, -52, 24),
        (-20, -62, 10),
        (-26, -64, -8),
        (-26, -54, -26),
        (-18, -34, -40),
        (-2, -8, -38),
        (14, 2, -32),
    ),
}
AORTIC_VALVE: Vector = (8.0, -17.0, 16.0)


def tube(rows: tuple[tuple[float, ...], ...], offset: Vector = (0.0, 0.0, 0.0)) -> Tube:
    """Make a smooth tube from rows of x, y, z and radius, mm."""
    table = _smooth(np.asarray(rows, dtype=float), 3)
    return Tube(points=(table[:, :3] + offset).astype(np.float32), radii=table[:, 3].astype(np.float32))


def _smooth(rows: np.ndarray, steps: int) -> np.ndarray:
    """Catmull-Rom interpolation of rows: passes through each, without overshoot worth the name."""
    from scipy.interpolate import CubicHermiteSpline

    knots = np.arange(len(rows), dtype=float)
    fine = np.linspace(0, len(rows) - 1, steps * (len(rows) - 1) + 1)
    return np.asarray(CubicHermiteSpline(knots, rows, np.gradient(rows, axis=0))(fine))


def _turn(axis: Vector, degrees: float) -> np.ndarray:
    from scipy.spatial.transform import Rotation

    return np.asarray(Rotation.from_rotvec(np.asarray(axis) * np.deg2rad(degrees)).as_matrix())


def _frame(long_axis: Vector) -> np.ndarray:
    """Right-handed axes whose first column is `long_axis` and whose second lies level."""
    first = np.asarray(long_axis) / np.linalg.norm(long_axis)
    second = np.cross((0.0, 0.0, 1.0), first)
    second /= np.linalg.norm(second)
    return np.column_stack([first, second, np.cross(first, second)])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heart:
    """Chambers of one heart, and what lies over them.

    Parameters
    ----------
    left_ventricle, right_ventricle, left_atrium, right_atrium
        Outer surfaces.
    offset
        Shift of the whole heart, LPS, mm.
    """

    left_ventricle: Ellipsoid
    right_ventricle: Ellipsoid
    left_atrium: Ellipsoid
    right_atrium: Ellipsoid
    offset: Vector

    @property
    def chambers(self) -> tuple[Ellipsoid, ...]:
        """All four chambers."""
        return (self.left_ventricle, self.right_ventricle, self.left_atrium, self.right_atrium)

    @property
    def sac(self) -> Blend:
        """Pericardium: a membrane over the chambers and the fat in their grooves."""
        return Blend(shapes=self.chambers, fillet_mm=30.0, margin_mm=SAC_MARGIN_MM)

    @property
    def muscle(self) -> Blend:
        """Chambers without the fat, grooves kept."""
        return Blend(shapes=self.chambers, fillet_mm=5.0)


def make_heart(rng: np.random.Generator) -> Heart:
    """Make a heart of seeded size, pose and place, behind the chest wall."""
    size = float(rng.normal(1.0, 0.03))
    x, y, z = (float(v) for v in rng.normal(0, (2.0, 1.5, 2.5)))
    turn = _turn((0, 0, 1), float(rng.normal(0, 4))) @ _turn((0, 1, 0), float(rng.normal(0, 4)))
    front = min(c.front_mm for c in _posed_heart(size, turn, (x, y, z)).chambers) - SAC_MARGIN_MM
    return _posed_heart(size, turn, (x, y + max(0.0, CHEST_WALL_Y_MM - front), z))


def _posed_heart(size: float, turn: np.ndarray, offset: Vector) -> Heart:
    pivot = np.array((14.0, -26.0, 0.0))

    def chamber(centre: Vector, semi_axes: Vector, long_axis: Vector) -> Ellipsoid:
        moved = pivot + turn @ (size * (np.asarray(centre) - pivot)) + offset
        a, b, c = (float(s) * size for s in semi_axes)
        axes = (turn @ _frame(long_axis)).astype(np.float32)
        return Ellipsoid(centre=(float(moved[0]), float(moved[1]), float(moved[2])), semi_axes=(a, b, c), axes=axes)

    return Heart(
        left_ventricle=chamber((42.0, -32.0, -10.0), (49.0, 32.0, 33.0), (0.72, -0.56, -0.42)),
        right_ventricle=chamber((14.0, -51.0, -8.0), (46.0, 24.0, 33.0), (0.84, -0.30, -0.46)),
        left_atrium=chamber((10.0, 6.0, 20.0), (35.0, 19.0, 24.0), (1.0, 0.10, 0.0)),
        right_atrium=chamber((-26.0, -24.0, 0.0), (27.0, 25.0, 32.0), (0.35, -0.9, 0.1)),
        offset=offset,
    )


def coronary_courses(heart: Heart) -> dict[str, Reals]:
    """Lay the coronary arteries into the fat on the heart's muscle.

    Returns
    -------
    dict of str to array
        Centreline of LM, LAD, LCX and RCA: (point, 3), LPS mm, from the ostium on.
    """
    courses = {}
    for vessel, guide in CORONARY_GUIDES.items():
        points = _smooth(np.asarray(guide, dtype=float), 12) + heart.offset
        for _ in range(12):
            laid = _step_to_surface(heart.muscle, points, EPICARDIAL_DEPTH_MM)
            points = laid if vessel == "LM" else np.vstack([points[:1], laid[1:]])
        courses[vessel] = points
    courses["LAD"][0] = courses["LCX"][0] = courses["LM"][-1]
    return {vessel: _relax(points).astype(np.float32) for vessel, points in courses.items()}


def _step_to_surface(shape: Shape, points: np.ndarray, height_mm: float) -> np.ndarray:
    def depth(p: np.ndarray) -> np.ndarray:
        x, y, z = (np.ascontiguousarray(c, dtype=np.float32) for c in p.T)
        return np.asarray(shape.distance(x, y, z), dtype=float)

    here = depth(points)
    slope = np.stack([depth(points + 0.5 * step) - depth(points - 0.5 * step) for step in np.eye(3)], axis=1)
    away = slope * ((here - height_mm) / np.maximum(np.square(slope).sum(axis=1), 0.25))[:, None]
    return np.asarray(points - np.clip(away, -4, 4))


def _relax(points: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter1d

    smooth = np.asarray(gaussian_filter1d(points, 2.0, axis=0, mode="nearest"))
    smooth[0], smooth[-1] = points[0], points[-1]
    return smooth


def heart_parts(heart: Heart, courses: Mapping[str, Reals], blood_hu: float) -> list[Part]:
    """List what to paint of heart, great vessels, oesophagus and airways, back to front."""
    vessel_wall = ((0.0, 45.0), (1.2, blood_hu))
    veins = (SUPERIOR_VENA_CAVA, LEFT_BRACHIOCEPHALIC_VEIN, INFERIOR_VENA_CAVA, *ARCH_BRANCHES)
    trunk = (PULMONARY_TRUNK, RIGHT_PULMONARY_ARTERY, *PULMONARY_VEINS)
    airways = [tube(rows) for rows in (TRACHEA, *BRONCHI)]
    aorta = tube(ASCENDING_AORTA, heart.offset)
    above_valve = Clipped(shape=aorta, normal=(0.0, 0.0, -1.0), offset_mm=-26.0)
    return [
        Part(shape=tube(OESOPHAGUS), layers=((0.0, 35.0), (4.5, -150.0)), label=BODY),
        *(Part(shape=tube(rows), layers=vessel_wall, label=BODY) for rows in veins),
        *(Part(shape=tube(rows, heart.offset), layers=vessel_wall, label=BODY) for rows in trunk),
        *(Part(shape=way, layers=((-1.5, 30.0),)) for way in airways),
        *(Part(shape=way, layers=((0.0, -990.0),), label=AIRWAY) for way in airways),
        Part(shape=tube(DESCENDING_AORTA), layers=vessel_wall, label=AORTA),
        Part(shape=heart.sac, layers=((-1.0, 20.0), (0.2, FAT_HU)), label=HEART),
        Part(shape=tube(SUPERIOR_VENA_CAVA[:2], heart.offset), layers=vessel_wall),
        *_chamber_parts(heart, blood_hu),
        Part(shape=tube(PULMONARY_TRUNK[:4], heart.offset), layers=vessel_wall),
        Part(shape=tube(RIGHT_PULMONARY_ARTERY, heart.offset), layers=vessel_wall),
        Part(shape=above_valve, layers=((-1.8, FAT_HU),)),
        Part(shape=aorta, layers=vessel_wall),
        Part(shape=above_valve, layers=(), label=AORTA),
        *(Part(shape=_lumen(points), layers=((0.0, blood_hu),)) for points in courses.values()),
    ]


def _lumen(points: Reals) -> Tube:
    radii = LUMEN_RADIUS_MM * np.linspace(1.15, 0.7, len(points))
    return Tube(points=points, radii=radii.astype(np.float32))


def _chamber_parts(heart: Heart, blood_hu: float) -> list[Part]:
    thin = ((0.0, MYOCARDIUM_HU), (2.5, blood_hu))
    thick = ((0.0, MYOCARDIUM_HU), (10.0, blood_hu))
    return [
        Part(shape=heart.muscle, layers=((0.0, MYOCARDIUM_HU),)),
        Part(shape=heart.right_atrium, layers=thin),
        Part(shape=heart.left_atrium, layers=thin),
        Part(shape=heart.right_ventricle, layers=((0.0, MYOCARDIUM_HU), (3.5, blood_hu))),
        Part(shape=heart.left_ventricle, layers=thick),
    ]
