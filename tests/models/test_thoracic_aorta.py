"""The aorta in the chest: parts from a map of regions that is drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest

from vascal.anatomy.lattice import Lattice
from vascal.anatomy.segmenter import RegionMap
from vascal.models import thoracic_aorta
from vascal.models.anatomy_net import LearnedAnatomy
from vascal.models.thoracic_aorta import NAMES, find_thoracic_aorta, name_parts
from vascal.regions import Region
from vascal.volume import Grid, Volume

SHAPE = (30, 40, 40)


def draw_chest(*, ascending: bool = True) -> RegionMap:
    """Ascending aorta before, descending behind, an arch between them, a speck far away; points of 4 mm."""
    labels = np.full(SHAPE, Region.BODY, dtype=np.uint8)
    labels[4:6, 14:20, 16:24] = Region.AORTIC_ROOT
    if ascending:
        labels[6:22, 14:20, 16:24] = Region.ASCENDING_AORTA
    labels[22:26, 14:32, 18:24] = Region.AORTIC_ARCH
    labels[4:22, 27:32, 18:23] = Region.DESCENDING_AORTA
    labels[2:5, 2:6, 2:6] = Region.ASCENDING_AORTA
    heart = np.zeros(SHAPE, dtype=np.float32)
    heart[2:10, 12:30, 20:35] = 1
    return RegionMap(
        lattice=Lattice(corner_mm=(0.0, 0.0, 0.0), spacing_mm=4.0, shape=SHAPE), labels=labels, heart=heart
    )


def test_parts_are_those_of_the_largest_piece_without_the_root() -> None:
    parts = name_parts(draw_chest())
    assert parts[10, 16, 20] == 1
    assert parts[23, 20, 20] == 2
    assert parts[10, 29, 20] == 3
    assert not parts[4:6, 14:20, 16:24].any()
    assert not parts[2:5, 2:6, 2:6].any()


def test_what_is_called_arch_far_below_is_not_taken_for_one() -> None:
    chest = draw_chest()
    chest.labels[4:8, 27:32, 18:23] = Region.AORTIC_ARCH
    parts = name_parts(chest)
    assert not parts[4:8, 27:32, 18:23].any()
    assert parts[23, 20, 20] == 2


def test_without_an_ascending_aorta_it_is_no_chest() -> None:
    assert not name_parts(draw_chest(ascending=False)).any()
    nothing = draw_chest()
    nothing.labels[:] = Region.BODY
    assert not name_parts(nothing).any()


def test_parts_come_to_the_grid_of_the_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    class Found:
        regions = draw_chest()
        finder = "a-network"

    monkeypatch.setattr(LearnedAnatomy, "find_anatomy", lambda _self, _volume: Found())
    positions = tuple(np.arange(60) * 2.0)
    grid = Grid(shape=(60, 80, 80), row_spacing_mm=2.0, column_spacing_mm=2.0, slice_positions_mm=positions)
    answer = find_thoracic_aorta(Volume(hu=np.zeros(grid.shape, dtype=np.int16), grid=grid))
    assert answer is not None
    found, finder = answer
    assert (found.names, finder) == (NAMES, "a-network")
    # Point n of the map lies at 4 n mm, voxel n of the scan at 2 n mm; surfaces halfway between points.
    ascending = np.argwhere(found.labels == 1)
    assert ascending.min(axis=0).tolist() == [12, 28, 32]
    assert ascending.max(axis=0).tolist() == [43, 38, 46]
    assert (found.labels[20, 58, 40], found.labels[46, 40, 40]) == (3, 2)
    Found.regions.heart[:] = 0
    assert find_thoracic_aorta(Volume(hu=np.zeros(grid.shape, dtype=np.int16), grid=grid)) is None


def test_its_names_are_parts_of_the_aorta() -> None:
    from vascal.calcium.aorta import PARTS, THORACIC_PARTS

    assert tuple(thoracic_aorta.NAMES.values()) == THORACIC_PARTS
    assert set(THORACIC_PARTS) <= set(PARTS.values())
