"""Where calcium can lie: coronary branches, and the places that are mistaken for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vascal.errors import SimulationError
from vascal.simulate.ct import heart as anatomy
from vascal.simulate.ct.coronaries import Vessel
from vascal.simulate.ct.heart import Heart
from vascal.simulate.ct.phantom import Phantom
from vascal.simulate.ct.plaques import Course
from vascal.simulate.ct.shapes import Row, smooth_rows

Mover = Literal["LM", "LAD", "LCX", "RCA", "valve", "annulus", "heart", "nothing"]
LYMPH_NODES: tuple[Row, ...] = ((-4, 22, 66, 5), (6, 26, 58, 6), (-40, 16, 44, 5), (42, 18, 44, 5), (-14, 8, 74, 5))
AORTIC_VALVE: tuple[Row, ...] = tuple(
    (7 + 8 * np.cos(a), -19 + 8 * np.sin(a), 20 + 3 * np.cos(a), 1.0) for a in np.linspace(0, 5.5, 9)
)
MITRAL_ANNULUS: tuple[Row, ...] = tuple(
    (34 + 17 * np.cos(a), -4 + 13 * np.sin(a), 10 - 15 * np.sin(a + 0.4), 2.0) for a in np.linspace(-1.0, 2.6, 11)
)
PERICARDIUM: tuple[Row, ...] = ((-30, -60, 6, 3), (0, -77, 0, 3), (30, -86, -6, 3), (64, -80, -20, 3))
CARTILAGE: tuple[Row, ...] = ((-84, -76, 18, 4), (-60, -86, 14, 4), (-40, -90, 10, 4), (-22, -92, 6, 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place outside the coronary arteries where calcium is found.

    Parameters
    ----------
    rows
        Course: x, y, z and radius, mm, in the average body.
    mover
        What it moves with.
    in_heart
        Whether the course turns and grows with the heart.
    """

    rows: tuple[Row, ...]
    mover: Mover = "nothing"
    in_heart: bool = False


SITES: Mapping[str, Site] = {
    "aortic valve": Site(rows=AORTIC_VALVE, mover="valve", in_heart=True),
    "mitral annulus": Site(rows=MITRAL_ANNULUS, mover="annulus", in_heart=True),
    "ascending aorta": Site(rows=anatomy.ASCENDING_AORTA[1:6], mover="nothing", in_heart=True),
    "aortic arch": Site(rows=anatomy.ASCENDING_AORTA[5:]),
    "descending aorta": Site(rows=anatomy.DESCENDING_AORTA[:5]),
    "abdominal aorta": Site(rows=anatomy.DESCENDING_AORTA[4:]),
    "left iliac artery": Site(rows=anatomy.ILIAC_ARTERIES[0]),
    "right iliac artery": Site(rows=anatomy.ILIAC_ARTERIES[1]),
    "pericardium": Site(rows=PERICARDIUM, mover="heart", in_heart=True),
    "lymph node": Site(rows=LYMPH_NODES),
    "costal cartilage": Site(rows=CARTILAGE),
    "bronchus": Site(rows=anatomy.BRONCHI[0]),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """A site in one patient.

    Parameters
    ----------
    course
        Where it runs, in the patient, LPS, mm.
    vessel
        LM, LAD, LCX or RCA; None outside the coronary arteries.
    mover
        What it moves with.
    """

    course: Course
    vessel: Vessel | None
    mover: Mover


def find_place(phantom: Phantom, site: str) -> Place:
    """Find a site in a patient.

    Raises
    ------
    SimulationError
        If the patient has no such site.
    """
    for branch in phantom.tree:
        if branch.name == site:
            course = Course(points=phantom.body.to_patient(branch.points), radii=branch.radii.astype(float))
            return Place(course=course, vessel=branch.vessel, mover=branch.vessel)
    if site not in SITES:
        known = [*(branch.name for branch in phantom.tree), *SITES]
        raise SimulationError(f"this patient has no site {site!r}; there are {known}")
    return _other_place(phantom, SITES[site])


def _other_place(phantom: Phantom, site: Site) -> Place:
    rows = _posed(site.rows, phantom.heart) if site.in_heart else np.asarray(site.rows, dtype=float)
    fine = smooth_rows(rows, 4)
    course = Course(points=phantom.body.to_patient(fine[:, :3]), radii=fine[:, 3])
    return Place(course=course, vessel=None, mover=site.mover)


def _posed(rows: tuple[Row, ...], heart: Heart) -> np.ndarray:
    table = np.asarray(rows, dtype=float)
    return np.column_stack([heart.pose(table[:, :3]), table[:, 3] * heart.size])
