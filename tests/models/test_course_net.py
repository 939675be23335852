"""Stage 2 around a network that knows the answer."""

from __future__ import annotations

import numpy as np
import pytest

from tests.models.truth import gated, network, on_lattice
from vascal.anatomy.lattice import Lattice
from vascal.anatomy.segmenter import RegionMap
from vascal.models import course_net
from vascal.models.course_net import ANSWER_STEP, DIVISOR, LARGEST, SPACING_MM, CourseMap, lay_box, map_courses
from vascal.models.windows import course_channels, window
from vascal.regions import COURSE_CLASSES
from vascal.simulate.ct.organs import HEART_ORGANS
from vascal.simulate.ct.regions import find_courses


def region_map() -> RegionMap:
    _, scan = gated()
    shape = tuple(int(n * s / 4) + 1 for n, s in zip(scan.volume.hu.shape, scan.volume.grid.spacing_mm, strict=True))
    lattice = Lattice(corner_mm=(0.0, 0.0, 0.0), spacing_mm=4.0, shape=(shape[0], shape[1], shape[2]))
    heart = np.isin(scan.organs.labels, HEART_ORGANS).astype(np.uint8)
    share = on_lattice(heart, scan.volume.grid.spacing_mm, lattice)
    return RegionMap(lattice=lattice, labels=share, heart=share.astype(np.float32))


def true_courses(lattice: Lattice) -> np.ndarray:
    """Nearest course of each block of the lattice."""
    phantom, scan = gated()
    courses = find_courses(phantom, scan.volume.grid)
    near = np.where(courses.distance_mm < 5, courses.nearest, 0).astype(np.uint8)
    half = (ANSWER_STEP - 1) / 2 * SPACING_MM
    k, i, j = (corner + half for corner in lattice.corner_mm)
    blocks = Lattice(
        corner_mm=(k, i, j),
        spacing_mm=SPACING_MM * ANSWER_STEP,
        shape=(lattice.shape[0] // 2, lattice.shape[1] // 2, lattice.shape[2] // 2),
    )
    return on_lattice(near, scan.volume.grid.spacing_mm, blocks)


@pytest.fixture
def courses(monkeypatch: pytest.MonkeyPatch) -> CourseMap:
    _, _, lattice = lay_box(region_map())
    logits = (12 * np.moveaxis(np.eye(COURSE_CLASSES, dtype=np.float32)[true_courses(lattice)], -1, 0))[None]
    monkeypatch.setattr(
        course_net, "load_network", lambda name, folder=None: network(name, lambda image: (logits.copy(),))
    )
    return map_courses(gated()[1].volume, region_map())


def test_the_box_holds_the_heart_and_what_lies_around_it() -> None:
    regions = region_map()
    middle, spread, lattice = lay_box(regions)
    heart = np.argwhere(regions.heart > 0.5) * 4.0
    low = np.asarray(lattice.corner_mm)
    high = low + SPACING_MM * (np.asarray(lattice.shape) - 1)
    assert np.all(low < heart.min(axis=0) - 10)
    assert np.all(high > heart.max(axis=0) + 10)
    assert np.all((low < middle) & (middle < high))
    assert np.all((spread > 40) & (spread < 90))
    assert all(n % DIVISOR == 0 and n <= most for n, most in zip(lattice.shape, LARGEST, strict=True))


def test_shares_are_found_again_at_the_voxels_of_each_artery(courses: CourseMap) -> None:
    _, scan = gated()
    for truth in scan.plaques:
        # Where an artery begins, the one it comes from is as near.
        if truth.segment is None or truth.seen_mg < 1 or truth.plaque.position < 0.1:
            continue
        index = np.flatnonzero(scan.lesions.labels.reshape(-1) == truth.number)
        share = courses.share_at(courses.lattice.places_of(scan.volume, index)).mean(axis=1)
        assert np.argmax(share[1:]) + 1 == truth.segment


def test_shares_of_all_classes_add_up_to_one(courses: CourseMap) -> None:
    assert courses.share.sum(axis=0) == pytest.approx(1, abs=1e-5)
    assert courses.hu.shape == courses.lattice.shape


def test_a_window_is_clipped_to_one_either_way() -> None:
    assert window(np.array([-500.0, -20.0, 60.0, 900.0]), -20.0, 160.0).tolist() == [-1.0, 0.0, 0.5, 1.0]


def test_place_channels_are_zero_in_the_middle_of_the_heart() -> None:
    shown = course_channels(np.zeros((5, 7, 9), dtype=np.float32), np.array([2.0, 3.0, 4.0]), np.array([2.0, 2.0, 4.0]))
    assert shown.shape == (5, 5, 7, 9)
    assert shown[2:, 2, 3, 4].tolist() == [0, 0, 0]
    assert shown[2:, 4, 3, 8].tolist() == [1, 0, 1]
