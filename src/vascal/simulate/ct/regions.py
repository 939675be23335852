"""Truth for learned finders: regions of the body, and how near each coronary segment runs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vascal.regions import ANNULUS_CLASS, ROOT_CLASS, Region
from vascal.simulate.ct.heart import ASCENDING_AORTA, DESCENDING_AORTA
from vascal.simulate.ct.organs import HEART_ORGANS, Organ
from vascal.simulate.ct.phantom import Phantom
from vascal.simulate.ct.shapes import smooth_rows
from vascal.simulate.ct.sites import find_place
from vascal.simulate.ct.skeleton import SPINE
from vascal.simulate.ct.territories import every_mm, mark_near
from vascal.volume import Grid

Labels = NDArray[np.uint8]
VALVE_MM, ANNULUS_MM = 9.0, 7.0
ROOT_TOP_ROW, ASCENDING_TOP_ROW, ARCH_END_ROW, DIAPHRAGM_ROW = 2, 5, 9, 4
"""Rows of the aorta's course where its parts end: sinotubular junction, first branch, isthmus, diaphragm."""
COURSE_REACH_MM = 16.0
_SAME = {
    Organ.LUNG: Region.LUNG, Organ.LUNG_VESSEL: Region.LUNG, Organ.AIRWAY: Region.AIRWAY,
    Organ.PERICARDIUM: Region.PERICARDIUM, Organ.MYOCARDIUM: Region.MYOCARDIUM,
    Organ.LEFT_VENTRICLE: Region.LEFT_VENTRICLE, Organ.RIGHT_VENTRICLE: Region.RIGHT_VENTRICLE,
    Organ.LEFT_ATRIUM: Region.LEFT_ATRIUM, Organ.RIGHT_ATRIUM: Region.RIGHT_ATRIUM,
    Organ.CORONARY_LUMEN: Region.PERICARDIUM, Organ.AORTA: Region.ASCENDING_AORTA,
    Organ.PULMONARY_ARTERY: Region.PULMONARY_ARTERY, Organ.BONE: Region.OTHER_BONE, Organ.LIVER: Region.LIVER,
    Organ.TABLE: Region.TABLE,
}  # fmt: skip


class Courses(NamedTuple):
    """Nearest course of each voxel.

    Parameters
    ----------
    nearest
        (slice, row, column): SCCT segment 1 to 18, 19 aortic root or valve, 20 mitral annulus; 0 beyond reach.
    distance_mm
        To it, mm; infinite beyond reach.
    """

    nearest: Labels
    distance_mm: NDArray[np.float32]


def find_regions(phantom: Phantom, organs: Labels, grid: Grid) -> Labels:
    """Name the region of every voxel, see `vascal.regions.Region`.

    Parameters
    ----------
    phantom
        The patient.
    organs
        (slice, row, column): `Organ`.
    grid
        Upright axial grid of `organs`; meant for a few mm a voxel.
    """
    table = np.full(256, Region.BODY, dtype=np.uint8)
    table[0] = Region.OUTSIDE
    for organ, region in _SAME.items():
        table[organ] = region
    regions = table[organs]
    _split_aorta(phantom, regions, grid)
    _split_bone(phantom, organs, regions, grid)
    near, distance = _nearest(grid, _valve_lines(phantom))
    inside = np.isin(organs, (*HEART_ORGANS, Organ.AORTA))
    regions[inside & (near == ROOT_CLASS) & (distance <= VALVE_MM)] = Region.AORTIC_ROOT
    regions[inside & (near == ANNULUS_CLASS) & (distance <= ANNULUS_MM)] = Region.MITRAL_ANNULUS
    return regions


def find_courses(phantom: Phantom, grid: Grid) -> Courses:
    """Find the nearest coronary segment, valve or annulus of every voxel within reach."""
    lines = [*_valve_lines(phantom)]
    for branch in phantom.tree:
        points = phantom.body.to_patient(branch.points)
        way = np.append(0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1)))
        share = way / way[-1]
        for number, start, end in _pieces(branch.segments):
            at = np.linspace(start, end, max(2, int((end - start) * 4 * len(points))))
            lines.append((number, np.stack([np.interp(at, share, axis) for axis in points.T], axis=1)))
    return _nearest(grid, lines)


def _pieces(segments: tuple[tuple[int, float], ...]) -> list[tuple[int, float, float]]:
    starts = [0.0, *(end for _, end in segments)]
    return [(number, start, end) for (number, end), start in zip(segments, starts, strict=False)]


def _nearest(grid: Grid, lines: list[tuple[int, NDArray[np.float64]]]) -> Courses:
    dense = [every_mm(line) for _, line in lines]
    values = np.concatenate([np.full(len(d), n, np.uint8) for d, (n, _) in zip(dense, lines, strict=True)])
    labels = np.zeros(grid.shape, dtype=np.uint8)
    square = np.full(grid.shape, np.inf, dtype=np.float32)
    origin, spacing = np.array(grid.origin_mm), np.array(grid.spacing_mm)
    mark_near(np.concatenate(dense), values, origin, spacing, COURSE_REACH_MM, square, labels)
    return Courses(nearest=labels, distance_mm=np.sqrt(square))


def _valve_lines(phantom: Phantom) -> list[tuple[int, NDArray[np.float64]]]:
    sites = {ROOT_CLASS: "aortic valve", ANNULUS_CLASS: "mitral annulus"}
    lines = [(number, find_place(phantom, site).course.points) for number, site in sites.items()]
    rows = smooth_rows(np.asarray(ASCENDING_AORTA[: ROOT_TOP_ROW + 1], dtype=float), 4)
    return [*lines, (ROOT_CLASS, phantom.body.to_patient(phantom.heart.pose(rows[:, :3])))]


def _points_mm(grid: Grid, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    index = np.argwhere(mask)[:, ::-1] * np.array(grid.spacing_mm[::-1])
    return np.asarray(index + np.array(grid.origin_mm))


def _split_aorta(phantom: Phantom, regions: Labels, grid: Grid) -> None:
    """Give each voxel of the aorta the part of the nearest point of its course."""
    from scipy.spatial import cKDTree

    upper = smooth_rows(np.asarray(ASCENDING_AORTA, dtype=float), 6)
    lower = smooth_rows(np.asarray(DESCENDING_AORTA, dtype=float), 6)
    parts = np.full(len(upper) + len(lower), Region.ABDOMINAL_AORTA, dtype=np.uint8)
    ends = (
        (ROOT_TOP_ROW, Region.AORTIC_ROOT), (ASCENDING_TOP_ROW, Region.ASCENDING_AORTA),
        (ARCH_END_ROW, Region.AORTIC_ARCH), (len(ASCENDING_AORTA), Region.DESCENDING_AORTA),
    )  # fmt: skip
    start = 0
    for end, region in ends:
        parts[start * 6 : min(end * 6, len(upper))] = region
        start = end
    parts[(len(ASCENDING_AORTA) - 1) * 6 : len(upper) + DIAPHRAGM_ROW * 6] = Region.DESCENDING_AORTA
    posed = phantom.heart.pose(upper[:, :3])
    course = phantom.body.to_patient(np.concatenate([posed, lower[:, :3]]))
    aorta = regions == Region.ASCENDING_AORTA
    if aorta.any():
        _, nearest = cKDTree(course).query(_points_mm(grid, aorta))
        regions[aorta] = parts[nearest]


def _split_bone(phantom: Phantom, organs: Labels, regions: Labels, grid: Grid) -> None:
    """Name bones by where they lie in the average body."""
    bone = organs == Organ.BONE
    x, y, z = (_points_mm(grid, bone) / np.asarray(phantom.body.scale)).T
    spine = (np.abs(x) < 46) & (y > np.interp(z, SPINE[:, 0], SPINE[:, 1]) - 22) & (z < 255)
    sternum = (np.abs(x) < 29) & (y < -66) & (z > -60) & (z < 126)
    wide = np.interp(z, (-130, -20, 90, 150), (150, 146, 136, 80))
    ribs = (z > -150) & (z < 145) & (np.hypot(x, 1.25 * (y - 4)) < wide)
    names = np.where(ribs, Region.RIBS, Region.OTHER_BONE)
    names = np.where(sternum, Region.STERNUM, names)
    regions[bone] = np.where(spine, Region.SPINE, names).astype(np.uint8)
    cartilage = organs == Organ.CARTILAGE
    cx, cy, _ = (_points_mm(grid, cartilage) / np.asarray(phantom.body.scale)).T
    regions[cartilage] = np.where((cy > 0) & (np.abs(cx) < 40), Region.SPINE, Region.RIBS).astype(np.uint8)
