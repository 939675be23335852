"""Truth for learned finders: regions and courses."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from vascal.regions import ANNULUS_CLASS, AORTA_REGIONS, HEART_REGIONS, ROOT_CLASS, VESSEL_OF_SEGMENT, Region
from vascal.simulate.ct.coronaries import VESSELS
from vascal.simulate.ct.organs import HEART_ORGANS, Organ
from vascal.simulate.ct.patient import SimulatedPatient
from vascal.simulate.ct.phantom import Phantom, build_phantom
from vascal.simulate.ct.protocol import Protocol
from vascal.simulate.ct.regions import find_courses, find_regions
from vascal.simulate.ct.scan import SimulatedScan, scan_patient

COARSE = Protocol(
    name="coarse", region="trunk", field_mm=480, matrix=80, thickness_mm=6, increment_mm=6, is_gated=False
)


@cache
def scanned() -> tuple[Phantom, SimulatedScan, np.ndarray]:
    patient = SimulatedPatient(seed=3)
    phantom, scan = build_phantom(patient), scan_patient(patient, COARSE, plaques=())
    return phantom, scan, find_regions(phantom, scan.organs.labels, scan.volume.grid)


def heights(regions: np.ndarray, region: Region) -> np.ndarray:
    return np.flatnonzero((regions == region).any(axis=(1, 2)))


def test_every_region_is_somewhere_in_a_trunk() -> None:
    _, _, regions = scanned()
    assert set(np.unique(regions)) == {int(region) for region in Region}


def test_heart_and_aorta_are_divided_but_keep_their_extent() -> None:
    _, scan, regions = scanned()
    organs = scan.organs.labels
    inside = np.isin(organs, (*HEART_ORGANS, Organ.AORTA))
    assert np.array_equal(inside, np.isin(regions, (*HEART_REGIONS, *AORTA_REGIONS)))


def test_parts_of_the_aorta_follow_each_other_from_the_valve_to_the_pelvis() -> None:
    _, _, regions = scanned()
    middle = {region: heights(regions, region).mean() for region in AORTA_REGIONS}
    assert middle[Region.AORTIC_ARCH] > middle[Region.ASCENDING_AORTA] > middle[Region.AORTIC_ROOT]
    assert middle[Region.AORTIC_ARCH] > middle[Region.DESCENDING_AORTA] > middle[Region.ABDOMINAL_AORTA]


def test_bones_lie_where_they_belong() -> None:
    _, _, regions = scanned()
    rows = {region: np.argwhere(regions == region)[:, 1].mean() for region in (Region.SPINE, Region.STERNUM)}
    heart = np.argwhere(np.isin(regions, HEART_REGIONS))[:, 1].mean()
    assert rows[Region.STERNUM] < heart < rows[Region.SPINE]


def test_on_its_own_course_a_segment_is_the_nearest() -> None:
    phantom, scan, _ = scanned()
    courses = find_courses(phantom, scan.volume.grid)
    grid = scan.volume.grid
    points = phantom.body.to_patient(next(b for b in phantom.tree if b.name == "LAD").points)
    index = np.round((points - np.asarray(grid.origin_mm)) / np.asarray(grid.spacing_mm[::-1])).astype(int)
    near = courses.nearest[index[:, 2], index[:, 1], index[:, 0]]
    assert np.mean(np.isin(near, (6, 7, 8))) > 0.8
    assert np.max(courses.distance_mm[index[:, 2], index[:, 1], index[:, 0]]) < 6


def test_valve_and_annulus_are_courses_too_and_far_places_have_none() -> None:
    phantom, scan, _ = scanned()
    courses = find_courses(phantom, scan.volume.grid)
    assert {ROOT_CLASS, ANNULUS_CLASS} <= set(np.unique(courses.nearest))
    assert np.all(np.isinf(courses.distance_mm[courses.nearest == 0]))


@pytest.mark.parametrize("seed", [1, 4, 9])
def test_each_segment_belongs_to_the_artery_that_scores_it(seed: int) -> None:
    for branch in build_phantom(SimulatedPatient(seed=seed)).tree:
        assert {VESSEL_OF_SEGMENT[number] for number, _ in branch.segments} <= set(VESSELS.values())
        assert {VESSEL_OF_SEGMENT[number] for number, _ in branch.segments} == {branch.vessel}
