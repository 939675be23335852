"""Groups that run together: cut where another artery begins, and joined again if both parts are one."""

from __future__ import annotations

import numpy as np
import pytest

from vascal.anatomy.confounders import Candidate, Verdict
from vascal.anatomy.lattice import Lattice
from vascal.calcium.finding import describe_group
from vascal.models.course_net import CourseMap
from vascal.models.division import MOST_VOXELS, divide, join
from vascal.regions import COURSE_CLASSES, ROOT_CLASS
from vascal.volume import Grid, Volume

GRID = Grid.even((16, 32, 48), (1.5, 0.75, 0.75))
LM, LAD = 5, 6


def courses(border_mm: float, left: int = LM, right: int = LAD) -> CourseMap:
    """One class left of a border, another right of it."""
    share = np.full((COURSE_CLASSES, 8, 8, 12), 0.01, dtype=np.float32)
    is_right = (np.arange(12) + 0.25) * 3.0 > border_mm
    share[left, :, :, ~is_right] = 0.6
    share[right, :, :, is_right] = 0.6
    lattice = Lattice(corner_mm=(0.0, 0.0, 0.0), spacing_mm=1.5, shape=(16, 16, 24))
    middle = np.array([8.0, 8.0, 12.0])
    return CourseMap(lattice=lattice, share=share, hu=np.zeros((16, 16, 24), np.float32), centre=middle, size=middle)


def bar(first: int, last: int, rows: int = 3) -> tuple[Volume, Candidate]:
    """Bright bar along a row from one column to another."""
    hu = np.zeros(GRID.shape, dtype=np.int16)
    hu[6:9, 10 : 10 + rows, first:last] = 400
    volume = Volume(hu=hu, grid=GRID)
    index = np.flatnonzero(hu)
    return volume, describe_group(index, hu.reshape(-1)[index], GRID)


def lesion(vessel: str, segment: int, probability: float = 0.9) -> Verdict:
    return Verdict(vessel=vessel, reason=None, confidence=probability, segment=segment, probability=probability)


def test_a_group_is_cut_where_another_artery_begins() -> None:
    volume, candidate = bar(8, 40)
    parts, origin = divide(volume, courses(18.0), [candidate])
    assert origin.tolist() == [0, 0]
    columns = [np.unravel_index(part.index, GRID.shape)[2] for part in parts]
    assert columns[0].max() + 1 == columns[1].min()
    assert columns[1].min() * 0.75 == pytest.approx(18.0, abs=1.5)
    assert sorted(np.concatenate([part.index for part in parts])) == candidate.index.tolist()
    assert sum(part.volume_mm3 for part in parts) == pytest.approx(candidate.volume_mm3)


def test_a_small_group_and_one_with_a_small_rest_stay_whole() -> None:
    volume, small = bar(22, 26, rows=1)
    assert divide(volume, courses(18.0), [small])[0] == (small,)
    volume, grazing = bar(22, 46)
    assert divide(volume, courses(18.0), [grazing])[0] == (grazing,)


def test_a_group_of_one_artery_stays_whole_whatever_its_segments() -> None:
    volume, candidate = bar(8, 40)
    assert divide(volume, courses(18.0, left=6, right=7), [candidate])[0] == (candidate,)
    assert len(divide(volume, courses(18.0, left=ROOT_CLASS), [candidate])[0]) == 2


def test_a_very_large_group_stays_whole() -> None:
    index = np.arange(MOST_VOXELS + 1)
    volume = Volume(hu=np.full(GRID.shape, 300, dtype=np.int16), grid=GRID)
    huge = describe_group(index, volume.hu.reshape(-1)[index], GRID)
    assert divide(volume, courses(18.0), [huge])[0] == (huge,)


def test_parts_that_are_taken_for_the_same_are_one_again_and_the_larger_speaks() -> None:
    volume, candidate = bar(8, 40)
    other = bar(2, 5, rows=1)[1]
    parts, origin = divide(volume, courses(15.0), [candidate, other])
    assert origin.tolist() == [0, 0, 1]
    verdicts = [lesion("LAD", 6, 0.7), lesion("LAD", 7, 0.8), lesion("LM", 5)]
    joined = join(volume, parts, verdicts, origin)
    (whole,) = joined[0]
    assert np.array_equal(whole.candidate.index, candidate.index)
    assert whole.candidate.peak_hu == 400
    assert (whole.verdict.segment, whole.verdict.confidence) == (7, 0.8)
    assert joined[1][0].candidate is parts[2]


def test_parts_that_are_taken_for_different_things_stay_apart() -> None:
    volume, candidate = bar(8, 40)
    parts, origin = divide(volume, courses(18.0), [candidate])
    wall = Verdict(vessel=None, reason="aortic wall", confidence=0.8, probability=0.2)
    joined = join(volume, parts, [wall, lesion("LAD", 6)], origin)
    assert [one.verdict.vessel for one in joined[0]] == [None, "LAD"]
