from __future__ import annotations

import numpy as np

from vascal.anatomy.standing import turn_labels, turn_volume
from vascal.volume import Grid, LabelMap, Volume


def flipped_grid() -> Grid:
    return Grid(
        shape=(2, 3, 4), row_spacing_mm=2.0, column_spacing_mm=1.0, slice_positions_mm=(0.0, 3.0),
        origin_mm=(10.0, 20.0, 0.0), row_axis=(0.0, -1.0, 0.0), column_axis=(-1.0, 0.0, 0.0),
    )  # fmt: skip


def test_a_turned_ct_keeps_each_voxel_at_its_place_in_the_patient() -> None:
    hu = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    turned = turn_volume(Volume(hu=hu, grid=flipped_grid()))
    assert turned.grid.row_axis == (0.0, 1.0, 0.0)
    assert turned.grid.column_axis == (1.0, 0.0, 0.0)
    for k, i, j in ((0, 0, 0), (1, 2, 1)):
        assert turned.hu[k, 2 - i, 3 - j] == hu[k, i, j]
        assert np.allclose(turned.grid.index_to_mm(k, 2 - i, 3 - j), flipped_grid().index_to_mm(k, i, j))


def test_a_ct_that_stands_already_stays() -> None:
    volume = Volume(hu=np.zeros((2, 3, 4), dtype=np.int16), grid=Grid.even((2, 3, 4), (3.0, 1.0, 1.0)))
    assert turn_volume(volume).grid == volume.grid


def test_labels_turn_with_their_ct() -> None:
    labels = np.zeros((2, 3, 4), dtype=np.uint8)
    labels[1, 0, 0] = 7
    turned = turn_labels(LabelMap(labels=labels, grid=flipped_grid(), names={7: "aorta"}))
    assert np.argwhere(turned.mask("aorta")).tolist() == [[1, 2, 3]]
