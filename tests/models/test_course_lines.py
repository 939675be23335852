"""Lines through maps whose courses are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import KDTree

from tests.models.truth import gated, on_lattice
from vascal.anatomy.lattice import Lattice
from vascal.models.anatomy_net import LearnedAnatomy
from vascal.models.course_lines import ARTERIES, CONTROL_MM, STEMS, CourseLine, to_patient, trace_courses
from vascal.models.course_net import ANSWER_STEP, CourseMap, map_courses
from vascal.regions import COURSE_CLASSES, ROOT_CLASS, SEGMENT_COUNT, VESSEL_OF_SEGMENT
from vascal.simulate.ct.coronaries import branch_along
from vascal.simulate.ct.organs import HEART_ORGANS
from vascal.simulate.ct.regions import find_courses
from vascal.volume import Grid, Volume

SD_BLOCKS = 3.5 / 3.0
"""Of the map across a course, as the network learns it."""
BLOCKS = (16, 20, 30)
GRID = Grid.even((40, 60, 60), (2.0, 1.0, 1.0), origin_mm=(-30.0, -40.0, 500.0))
VOLUME = Volume(hu=np.zeros(GRID.shape, dtype=np.int16), grid=GRID)
LATTICE = Lattice(corner_mm=(10.0, 20.0, 30.0), spacing_mm=1.5, shape=(32, 40, 60))


def straight(start: tuple[float, float, float], end: tuple[float, float, float], points: int = 200) -> np.ndarray:
    return np.linspace(start, end, points)


def made_up(lines: Mapping[int, np.ndarray], *, peak: float = 0.9, root: tuple[int, int, int] = (1, 1, 1)) -> CourseMap:
    """A map that falls from lines of blocks as the network's does."""
    places = np.indices(BLOCKS).reshape(3, -1).T
    share = np.zeros((COURSE_CLASSES, *BLOCKS), dtype=np.float32)
    share[ROOT_CLASS][root] = 0.05
    away = np.stack([KDTree(line).query(places)[0] for line in lines.values()])
    for number, mine, others in zip(lines, away, np.equal(away, away.min(axis=0)), strict=True):
        soft = np.where(others, peak * np.exp(-0.5 * (mine / SD_BLOCKS) ** 2), 0)
        share[number] += soft.reshape(BLOCKS).astype(np.float32)
    share[0] = 1 - share[1:].sum(axis=0)
    return CourseMap(
        lattice=LATTICE, share=share, hu=np.zeros(LATTICE.shape, np.float32), centre=np.ones(3), size=np.ones(3)
    )


EMPTY = made_up({2: straight((8, 10, 3), (8, 10, 26))})


def in_blocks(line: CourseLine) -> np.ndarray:
    mm = (line.points_mm - np.array(GRID.origin_mm))[:, ::-1] - np.array(LATTICE.corner_mm)
    return np.asarray((mm / 1.5 - 0.5) / 2)


def test_every_segment_belongs_to_one_artery_and_that_to_its_vessel() -> None:
    assert sorted(n for segments in ARTERIES.values() for n in segments) == list(range(1, SEGMENT_COUNT + 1))
    for name, segments in ARTERIES.items():
        branch = branch_along(name, np.eye(3))
        assert tuple(number for number, _ in branch.segments) == segments
        assert {VESSEL_OF_SEGMENT[number] for number in segments} == {branch.vessel}
    names = list(ARTERIES)
    assert all(names.index(stem) < names.index(name) for name, stems in STEMS.items() for stem in stems)


def test_a_straight_artery_comes_back_in_millimetres_of_the_patient() -> None:
    # Block 8 of 3 mm has its middle 8 * 3 + 0.75 mm from the corner's point: 34.75 mm above the first slice.
    courses = made_up({1: straight((8, 10, 3), (8, 10, 12)), 2: straight((8, 10, 12), (8, 10, 26))}, root=(8, 10, 1))
    (line,) = trace_courses(VOLUME, courses)
    assert line.name == "RCA"
    np.testing.assert_allclose(line.points_mm[:, 2], 500 + 34.75, atol=0.01)
    np.testing.assert_allclose(line.points_mm[:, 1], -40 + 20 + 30.75, atol=0.01)
    first, last = line.points_mm[[0, -1], 0]
    assert first == pytest.approx(-30 + 30 + 3 * 3 + 0.75, abs=4)
    assert last == pytest.approx(-30 + 30 + 26 * 3 + 0.75, abs=4)
    steps = np.linalg.norm(np.diff(line.points_mm, axis=0), axis=1)
    np.testing.assert_allclose(steps, CONTROL_MM, rtol=0.1)
    assert line.share == pytest.approx(0.9, abs=0.05)


def test_a_bent_artery_is_followed_without_cutting_its_corner() -> None:
    angles = np.linspace(0, np.pi, 200)
    arc = np.stack([np.full(200, 8.0), 4 + 9 * np.sin(angles), 15 - 9 * np.cos(angles)], axis=1)
    (line,) = trace_courses(VOLUME, made_up({13: arc}))
    away = 3 * np.asarray(KDTree(arc).query(in_blocks(line))[0])
    assert away.mean() < 1.0
    assert away.max() < 3.0
    # From the side of the root on.
    assert line.points_mm[0, 0] < line.points_mm[-1, 0]


@pytest.mark.parametrize("root", [(8, 10, 1), (8, 10, 28)])
def test_an_artery_begins_where_it_is_nearest_to_the_root(root: tuple[int, int, int]) -> None:
    (line,) = trace_courses(VOLUME, made_up({2: straight((8, 10, 4), (8, 10, 25))}, root=root))
    assert abs(in_blocks(line)[0, 2] - root[2]) < 5


def test_a_branch_begins_where_it_springs_from_its_stem() -> None:
    lines = {7: straight((8, 4, 3), (8, 4, 26)), 9: straight((8, 7, 14), (8, 17, 16))}
    lad, diagonal = trace_courses(VOLUME, made_up(lines, root=(8, 19, 16)))
    assert (lad.name, diagonal.name) == ("LAD", "D1")
    assert in_blocks(diagonal)[0, 1] < in_blocks(diagonal)[-1, 1]


def test_without_a_left_main_the_circumflex_begins_at_the_lad() -> None:
    lines = {6: straight((8, 4, 3), (8, 4, 26)), 13: straight((8, 8, 4), (8, 17, 20))}
    _, circumflex = trace_courses(VOLUME, made_up(lines, root=(8, 18, 22)))
    assert circumflex.name == "LCX"
    assert in_blocks(circumflex)[0, 1] < in_blocks(circumflex)[-1, 1]


def test_what_is_faint_or_short_is_no_course() -> None:
    line = straight((8, 10, 4), (8, 10, 25))
    assert trace_courses(VOLUME, made_up({2: line}, peak=0.45)) == ()
    assert trace_courses(VOLUME, made_up({2: straight((8, 10, 4), (8, 10, 4.5))})) == ()


def test_what_is_clear_at_its_ends_only_is_no_course() -> None:
    doubtful = made_up({2: straight((8, 10, 3), (8, 10, 26))})
    doubtful.share[2, :, :, 6:24] *= 0.45
    assert trace_courses(VOLUME, doubtful) == ()


def test_of_two_parts_the_larger_one_stays_and_a_faint_stretch_is_bridged() -> None:
    parts = made_up({2: straight((8, 4, 3), (8, 4, 8)), 3: straight((8, 15, 6), (8, 15, 26))})
    (line,) = trace_courses(VOLUME, parts)
    np.testing.assert_allclose(in_blocks(line)[:, 1], 15, atol=0.2)
    whole = made_up({2: straight((8, 10, 3), (8, 10, 26))})
    whole.share[2, :, :, 13:16] *= 0.4
    (line,) = trace_courses(VOLUME, whole)
    assert np.ptp(in_blocks(line)[:, 2]) > 20


@given(
    flips=st.tuples(st.booleans(), st.booleans()),
    voxel=st.tuples(st.integers(0, 39), st.integers(0, 59), st.integers(0, 59)),
)
def test_places_in_the_patient_are_those_of_the_scans_voxels_whichever_way_its_axes_run(
    flips: tuple[bool, bool], voxel: tuple[int, int, int]
) -> None:
    grid = replace(
        GRID, row_axis=(0.0, -1.0 if flips[0] else 1.0, 0.0), column_axis=(-1.0 if flips[1] else 1.0, 0.0, 0.0)
    )
    volume = Volume(hu=VOLUME.hu, grid=grid)
    index = np.array([np.ravel_multi_index(voxel, GRID.shape)])
    blocks = (LATTICE.places_of(volume, index).T.astype(float) - (ANSWER_STEP - 1) / 2) / ANSWER_STEP
    np.testing.assert_allclose(to_patient(blocks, volume, EMPTY)[0], grid.index_to_mm(*voxel), atol=1e-3)


def away_mm(line: CourseLine) -> np.ndarray:
    """Distance of a line's points from the true course."""
    return np.asarray(KDTree(gated()[1].centrelines[line.name]).query(line.points_mm)[0])


def true_map() -> CourseMap:
    """What a perfect network would answer on a simulated heart."""
    phantom, scan = gated()
    spacing = scan.volume.grid.spacing_mm
    truth = find_courses(phantom, scan.volume.grid)
    heart = np.argwhere(np.isin(scan.organs.labels, HEART_ORGANS)) * spacing
    corner = heart.min(axis=0) - 9
    k, i, j = (int(np.ceil((high - low + 9) / 6)) * 4 for high, low in zip(heart.max(axis=0), corner, strict=True))
    lattice = Lattice(corner_mm=(corner[0], corner[1], corner[2]), spacing_mm=1.5, shape=(k, i, j))
    middles = Lattice(
        corner_mm=(corner[0] + 0.75, corner[1] + 0.75, corner[2] + 0.75), spacing_mm=3.0, shape=(k // 2, i // 2, j // 2)
    )
    near = on_lattice(truth.nearest, spacing, middles)
    away = on_lattice(truth.distance_mm, spacing, middles)
    soft = np.where(near > 0, np.exp(-0.5 * (away / 3.5) ** 2), 0).astype(np.float32)
    share = np.where(np.arange(COURSE_CLASSES)[:, None, None, None] == near, soft, 0).astype(np.float32)
    share[0] = 1 - soft
    return CourseMap(
        lattice=lattice, share=share, hu=np.zeros(lattice.shape, np.float32), centre=np.ones(3), size=np.ones(3)
    )


def test_true_courses_of_a_simulated_heart_are_followed_within_a_block() -> None:
    lines = {line.name: line for line in trace_courses(gated()[1].volume, true_map())}
    assert set(lines) == set(gated()[1].centrelines)
    for name, line in lines.items():
        assert away_mm(line).mean() < 3.0, name
    for name in ("LAD", "LCX", "RCA"):
        assert away_mm(lines[name]).mean() < 1.5
        true = gated()[1].centrelines[name]
        assert np.linalg.norm(lines[name].points_mm[0] - true[0]) < 10
        assert np.linalg.norm(lines[name].points_mm[-1] - true[-1]) < 10


def test_the_embedded_networks_find_the_great_arteries_of_a_simulated_heart() -> None:
    volume = gated()[1].volume
    regions = LearnedAnatomy().find_anatomy(volume).regions
    assert regions is not None
    lines = {line.name: line for line in trace_courses(volume, map_courses(volume, regions))}
    for name in ("LAD", "LCX", "RCA"):
        assert away_mm(lines[name]).mean() < 8.0
