from __future__ import annotations

import numpy as np
import pytest

from tests.anatomy.abdomens import DISCS_MM, FRONT_ROW, STEP, make_abdomen
from vascal.anatomy.coarse import average_blocks
from vascal.anatomy.spine_curve import find_spine_curve
from vascal.anatomy.vertebrae import DiscPlane, find_vertebrae, levels_of_labels
from vascal.volume import Grid, LabelMap, Volume


def test_levels_are_counted_upwards_from_the_sacrum() -> None:
    ct = average_blocks(make_abdomen(), 2.0)
    spine = find_spine_curve(ct)
    assert spine is not None
    assert np.median(spine.front_mm[60:]) == pytest.approx(FRONT_ROW * STEP, abs=4)
    found = find_vertebrae(ct, spine)
    assert found.source == "sacrum"
    for name, below, above in zip(("L5", "L4", "L3", "L2", "L1"), DISCS_MM, DISCS_MM[1:], strict=False):
        assert found.levels[name][0].z_mm == pytest.approx(above, abs=5)
        assert found.levels[name][1].z_mm == pytest.approx(below, abs=10 if name == "L5" else 5)


def test_without_a_sacrum_no_level_is_named() -> None:
    ct = average_blocks(make_abdomen(sacrum=False), 2.0)
    spine = find_spine_curve(ct)
    assert spine is not None
    found = find_vertebrae(ct, spine)
    assert not found.levels
    assert "sacrum" in found.notes[0]


@pytest.mark.parametrize("hu", [-1000, 40])
def test_where_no_bone_is_there_is_no_spine(hu: int) -> None:
    grid = Grid.even((20, 40, 40), (3.0, 3.0, 3.0))
    volume = Volume(hu=np.full(grid.shape, hu, dtype=np.int16), grid=grid)
    assert find_spine_curve(average_blocks(volume, 2.0)) is None


def test_a_scan_with_bone_but_no_column_has_no_spine() -> None:
    hu = np.full((20, 40, 40), 40, dtype=np.int16)
    hu[:3, 18:24, 18:24] = 900
    volume = Volume(hu=hu, grid=Grid.even(hu.shape, (3.0, 3.0, 3.0)))
    assert find_spine_curve(average_blocks(volume, 2.0)) is None


def test_a_disc_plane_falls_backwards_by_its_slope() -> None:
    plane = DiscPlane(z_mm=100.0, y_mm=50.0, slope=0.5)
    assert plane.height_at(50.0) == 100.0
    assert plane.height_at(30.0) == 110.0


def test_labelled_levels_meet_midway_and_the_outer_ones_end_with_their_bodies() -> None:
    labels = np.zeros((40, 20, 20), dtype=np.uint8)
    labels[2:12, 8:16, 8:12] = 1
    labels[16:26, 8:16, 8:12] = 2
    grid = Grid.even(labels.shape, (3.0, 3.0, 3.0))
    found = levels_of_labels(LabelMap(labels=labels, grid=grid, names={1: "L3", 2: "L2", 3: "L1"}))
    assert set(found.levels) == {"L2", "L3"}
    assert found.levels["L3"][0].z_mm == pytest.approx(found.levels["L2"][1].z_mm)
    assert found.levels["L3"][0].z_mm == pytest.approx(13.5 * 3)
    assert found.levels["L2"][0].z_mm == pytest.approx(25 * 3)
    assert found.confidence == 1.0


def test_labels_without_vertebrae_name_no_level() -> None:
    labels = np.ones((4, 4, 4), dtype=np.uint8)
    found = levels_of_labels(LabelMap(labels=labels, grid=Grid.even((4, 4, 4), (3.0, 3.0, 3.0)), names={1: "aorta"}))
    assert not found.levels
    assert found.confidence == 0.0
