"""Regions that a learned finder tells apart: finer than `STRUCTURES`, coarser than organs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class Region(IntEnum):
    """Value of a region on the coarse grid; 0 is air around the patient."""

    OUTSIDE = 0
    BODY = 1
    LUNG = 2
    AIRWAY = 3
    PERICARDIUM = 4
    MYOCARDIUM = 5
    LEFT_VENTRICLE = 6
    RIGHT_VENTRICLE = 7
    LEFT_ATRIUM = 8
    RIGHT_ATRIUM = 9
    AORTIC_ROOT = 10
    MITRAL_ANNULUS = 11
    ASCENDING_AORTA = 12
    AORTIC_ARCH = 13
    DESCENDING_AORTA = 14
    ABDOMINAL_AORTA = 15
    PULMONARY_ARTERY = 16
    SPINE = 17
    RIBS = 18
    STERNUM = 19
    OTHER_BONE = 20
    LIVER = 21
    TABLE = 22


HEART_REGIONS = (
    Region.PERICARDIUM, Region.MYOCARDIUM, Region.LEFT_VENTRICLE, Region.RIGHT_VENTRICLE, Region.LEFT_ATRIUM,
    Region.RIGHT_ATRIUM, Region.MITRAL_ANNULUS,
)  # fmt: skip
"""What lies inside the pericardial sac; the root of the aorta is counted to the aorta."""
AORTA_REGIONS = (
    Region.AORTIC_ROOT, Region.ASCENDING_AORTA, Region.AORTIC_ARCH, Region.DESCENDING_AORTA, Region.ABDOMINAL_AORTA,
)  # fmt: skip
BONE_REGIONS = (Region.SPINE, Region.RIBS, Region.STERNUM, Region.OTHER_BONE)

SEGMENTS: Mapping[int, str] = {
    1: "proximal RCA", 2: "mid RCA", 3: "distal RCA", 4: "right PDA", 5: "left main", 6: "proximal LAD", 7: "mid LAD",
    8: "distal LAD", 9: "first diagonal", 10: "second diagonal", 11: "proximal LCX", 12: "first obtuse marginal",
    13: "mid and distal LCX", 14: "second obtuse marginal", 15: "left PDA", 16: "right posterolateral",
    17: "ramus intermedius", 18: "left posterolateral",
}  # fmt: skip
"""SCCT segment number and name."""
SEGMENT_COUNT = 18
ROOT_CLASS, ANNULUS_CLASS = 19, 20
COURSE_CLASSES = 21
"""Classes of the map of courses: 0 elsewhere, 1 to 18 the SCCT segments, aortic root with valve, mitral annulus."""
VESSEL_OF_SEGMENT: Mapping[int, str] = {
    1: "RCA", 2: "RCA", 3: "RCA", 4: "RCA", 5: "LM", 6: "LAD", 7: "LAD", 8: "LAD", 9: "LAD", 10: "LAD", 11: "LCX",
    12: "LCX", 13: "LCX", 14: "LCX", 15: "LCX", 16: "RCA", 17: "LAD", 18: "LCX",
}  # fmt: skip
"""Artery under which a calcium score counts each SCCT segment; the ramus intermedius goes with the LAD."""
