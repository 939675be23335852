"""Coronary arteries: a tree of centrelines, named by the 18 segments of the SCCT.

Source of the segments: Raff et al., J Cardiovasc Comput Tomogr 2009;3:122-136,
doi:10.1016/j.jcct.2009.01.001, figure 1. Lumen diameters: Dodge et al.,
Circulation 1992;86:232-246 (LM 4.5, LAD 3.7 to 1.9, LCX 3.4, RCA 3.9 to 2.8 mm).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vascal.errors import SimulationError
from vascal.simulate.ct.heart import Heart
from vascal.simulate.ct.painting import Scene, distance_in, flatten
from vascal.simulate.ct.patient import SimulatedPatient
from vascal.simulate.ct.shapes import Part, Reals, Tube, smooth_rows
from vascal.volume import Vector

Vessel = Literal["LM", "LAD", "LCX", "RCA"]
VESSELS: Mapping[int, Vessel] = {1: "LM", 2: "LAD", 3: "LCX", 4: "RCA"}
EPICARDIAL_DEPTH_MM = 2.6
"""Distance from the muscle to the axis of a coronary artery."""
POINTS_A_CONTROL = 10
"""Points of a centreline from one control point to the next."""

# Rough courses on the average heart; `coronary_tree` lays them on the muscle.
LM: tuple[Vector, ...] = ((17, -22, 33), (24, -21, 36), (31, -21, 35))
LAD: tuple[Vector, ...] = (
    (31, -21, 35), (33, -38, 28), (36, -55, 17), (44, -68, 4), (55, -76, -10), (66, -80, -24), (76, -76, -36),
)  # fmt: skip
LCX: tuple[Vector, ...] = ((31, -21, 35), (42, -12, 29), (52, 2, 20), (52, 14, 6), (44, 20, -8), (32, 20, -18))
LCX_TO_CRUX: tuple[Vector, ...] = (*LCX, (18, 14, -26), (4, 4, -32))
RCA: tuple[Vector, ...] = (
    (-3, -38, 30), (-10, -52, 24), (-20, -62, 10), (-26, -64, -8), (-26, -54, -26), (-18, -34, -40), (-2, -8, -38),
)  # fmt: skip
BRANCHES: Mapping[str, tuple[Vector, ...]] = {
    "D1": ((36, -52, 19), (52, -54, 14), (66, -52, 2), (78, -50, -12)),
    "D2": ((44, -68, 4), (60, -68, -4), (74, -64, -20), (82, -62, -32)),
    "OM1": ((47, -6, 25), (64, -14, 14), (78, -20, -2), (86, -28, -18)),
    "OM2": ((53, 6, 14), (66, 4, -2), (74, -4, -18), (78, -18, -32)),
    "ramus": ((31, -21, 35), (46, -32, 24), (62, -36, 12), (76, -36, -4)),
    "right PDA": ((-2, -8, -38), (14, -26, -44), (34, -44, -48), (52, -56, -50)),
    "right PLB": ((-2, -8, -38), (14, 2, -30), (32, -2, -34), (50, -14, -40)),
    "left PDA": ((4, 4, -32), (16, -18, -42), (36, -40, -48), (52, -54, -50)),
    "left PLB": ((32, 20, -18), (46, 8, -30), (58, -6, -38)),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Branch:
    """One artery or side branch.

    Parameters
    ----------
    name
        LM, LAD, LCX, RCA, D1 ...
    vessel
        Of the four that a calcium score names.
    points
        (point, 3) centreline from its origin, LPS, mm, on the average body.
    radii
        (point,) of the lumen, mm.
    segments
        SCCT segments along it, and the fraction of its length where each ends.
    """

    name: str
    vessel: Vessel
    points: Reals
    radii: Reals
    segments: tuple[tuple[int, float], ...]

    @property
    def lumen(self) -> Tube:
        """Blood and wall as a tube."""
        return Tube(points=self.points, radii=(self.radii + np.float32(0.5)).astype(np.float32))

    def segment_at(self, position: float) -> int:
        """Give the SCCT segment at a fraction of the length."""
        return next((number for number, end in self.segments if position <= end), self.segments[-1][0])


_MAIN: Mapping[str, tuple[Vessel, float, float, tuple[tuple[int, float], ...]]] = {
    "LM": ("LM", 2.25, 2.1, ((5, 1.0),)),
    "LAD": ("LAD", 1.85, 0.9, ((6, 0.25), (7, 0.6), (8, 1.0))),
    "LCX": ("LCX", 1.7, 1.0, ((11, 0.3), (13, 1.0))),
    "RCA": ("RCA", 1.95, 1.4, ((1, 0.3), (2, 0.65), (3, 1.0))),
    "D1": ("LAD", 1.1, 0.6, ((9, 1.0),)),
    "D2": ("LAD", 1.0, 0.5, ((10, 1.0),)),
    "OM1": ("LCX", 1.2, 0.6, ((12, 1.0),)),
    "OM2": ("LCX", 1.1, 0.6, ((14, 1.0),)),
    "ramus": ("LAD", 1.2, 0.6, ((17, 1.0),)),
    "right PDA": ("RCA", 1.2, 0.6, ((4, 1.0),)),
    "right PLB": ("RCA", 1.2, 0.6, ((16, 1.0),)),
    "left PDA": ("LCX", 1.2, 0.6, ((15, 1.0),)),
    "left PLB": ("LCX", 1.1, 0.6, ((18, 1.0),)),
}


def coronary_tree(rng: np.random.Generator, heart: Heart, patient: SimulatedPatient) -> tuple[Branch, ...]:
    """Lay the coronary arteries of one patient into the fat on the heart's muscle.

    Parameters
    ----------
    rng
        Draws how each artery strays.
    heart
        Heart that they lie on.
    patient
        Decides the dominance.
    """
    left = patient.dominance == "left"
    guides = {"LM": LM, "LAD": LAD, "LCX": LCX_TO_CRUX if left else LCX, "RCA": RCA[:5] if left else RCA}
    wanted = ["D1", "D2", "OM1", "OM2"]
    wanted += {"right": ["right PDA", "right PLB"], "left": ["left PDA", "left PLB"]}.get(
        patient.dominance, ["right PDA", "left PLB"]
    )
    if rng.random() < 0.25:
        wanted.append("ramus")
    courses = {name: _lay(rng, heart, np.asarray(guide, float), name == "LM") for name, guide in guides.items()}
    courses["LAD"][0] = courses["LCX"][0] = courses["LM"][-1]
    for name in wanted:
        course = _lay(rng, heart, np.asarray(BRANCHES[name], float), False)
        courses[name] = _join(course, courses, _MAIN[name][0])
    return tuple(_branch(name, course, heart.size) for name, course in courses.items())


def _lay(rng: np.random.Generator, heart: Heart, guide: np.ndarray, free_start: bool) -> np.ndarray:
    """Step a guide to the surface of the muscle, keeping its ends where they belong."""
    strayed = (
        guide + rng.normal(0, 1.2, guide.shape) * np.linspace(0.0 if not free_start else 0.2, 1.5, len(guide))[:, None]
    )
    points = heart.pose(smooth_rows(strayed, 10))
    start = points[0].copy()
    muscle = flatten([Part(solid=heart.muscle, layers=())])
    for _ in range(10):
        points = _step_to_surface(muscle, points)
        if not free_start:
            points[0] = start
    return _relax(points)


def _step_to_surface(muscle: Scene, points: np.ndarray) -> np.ndarray:
    around = [points, *(points + half * axis for axis in np.eye(3) for half in (0.5, -0.5))]
    here, *sides = np.split(distance_in(muscle, np.concatenate(around)).astype(float), 7)
    slope = np.stack([sides[2 * axis] - sides[2 * axis + 1] for axis in range(3)], axis=1)
    away = slope * ((here - EPICARDIAL_DEPTH_MM) / np.maximum(np.square(slope).sum(axis=1), 0.25))[:, None]
    return np.asarray(points - np.clip(away, -4, 4))


def _relax(points: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter1d

    smooth = np.asarray(gaussian_filter1d(points, 1.8, axis=0, mode="nearest"))
    smooth[0], smooth[-1] = points[0], points[-1]
    return smooth


def _join(course: np.ndarray, courses: Mapping[str, np.ndarray], vessel: Vessel) -> np.ndarray:
    """Start a side branch on the nearest point of its vessel."""
    stem = courses[vessel]
    nearest = stem[np.argmin(np.square(stem - course[0]).sum(axis=1))]
    pull = np.exp(-np.arange(len(course)) / 5.0)[:, None]
    return np.asarray(course + pull * (nearest - course[0]))


def branch_along(name: str, control_mm: np.ndarray) -> Branch:
    """Make an artery of a course drawn by hand or found in a scan.

    Parameters
    ----------
    name
        LM, LAD, LCX, RCA or a side branch: it gives vessel, segments and usual diameter of the lumen.
    control_mm
        (point, 3) from its origin on, LPS, mm; the centreline runs smoothly through each.

    Raises
    ------
    SimulationError
        If no artery has this name, or fewer than two different finite points are given.
    """
    if name not in _MAIN:
        raise SimulationError(f"no coronary artery is called {name!r}; there are {', '.join(_MAIN)}")
    control = np.asarray(control_mm, dtype=float)
    is_line = control.ndim == 2 and control.shape[1:] == (3,) and len(control) >= 2 and bool(np.isfinite(control).all())
    if not is_line or np.linalg.norm(np.diff(control, axis=0), axis=1).min() <= 0:
        raise SimulationError(
            f"the course of {name} has shape {control.shape}; needed: two or more finite points of x, y, z, each "
            "different from the one before"
        )
    return _branch(name, smooth_rows(control, POINTS_A_CONTROL), 1.0)


def _branch(name: str, course: np.ndarray, size: float) -> Branch:
    vessel, first, last, segments = _MAIN[name]
    radii = size * np.linspace(first, last, len(course))
    return Branch(
        name=name, vessel=vessel, points=course.astype(np.float32), radii=radii.astype(np.float32), segments=segments
    )
