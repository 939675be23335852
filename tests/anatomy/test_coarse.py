from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from vascal.anatomy.coarse import Upsampler, average_blocks, bounding_box, measure_depth
from vascal.volume import Grid, Volume


def make_volume(hu: np.ndarray, spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Volume:
    return Volume(hu=hu.astype(np.int16), grid=Grid.even((hu.shape[0], hu.shape[1], hu.shape[2]), spacing))


def test_a_block_is_the_mean_of_its_voxels() -> None:
    hu = np.arange(4 * 8 * 8).reshape(4, 8, 8)
    coarse = average_blocks(make_volume(hu), 4.0)
    assert coarse.hu.shape == (1, 2, 2)
    assert coarse.hu[0, 0, 1] == pytest.approx(hu[:, :4, 4:].mean())


@given(st.integers(5, 19), st.integers(5, 19), st.integers(2, 9))
def test_the_last_block_may_be_smaller(rows: int, columns: int, slices: int) -> None:
    hu = np.random.default_rng(rows * columns).integers(-900, 900, (slices, rows, columns))
    coarse = average_blocks(make_volume(hu), 4.0)
    last = hu[(slices - 1) // coarse.block[0] * coarse.block[0] :, (rows - 1) // 4 * 4 :, (columns - 1) // 4 * 4 :]
    assert coarse.hu[-1, -1, -1] == pytest.approx(last.mean(), abs=1e-2)


def test_padding_is_one_low_value_in_every_slice() -> None:
    hu = np.random.default_rng(0).integers(-1024, -990, (4, 8, 8))
    hu[:, :, 4:] = -2048
    coarse = average_blocks(make_volume(hu), 4.0)
    assert coarse.padding[0].tolist() == [[False, True], [False, True]]


def test_values_below_air_do_not_pull_the_mean() -> None:
    assert average_blocks(make_volume(np.full((4, 4, 4), -3024)), 4.0).hu.item() == -1024


def test_a_smooth_mask_keeps_its_volume_on_the_way_back() -> None:
    rows, columns = np.indices((20, 20)) - 9.5
    disc = (np.hypot(rows, columns) < 6).astype(np.float32)
    up = Upsampler(shape=(2, 80, 80), block=(2, 4, 4))
    fine = up.smooth(np.stack([disc]), 0, (slice(0, 20), slice(0, 20))) > 0.5
    assert fine.sum() == pytest.approx(16 * disc.sum(), rel=0.05)


def test_the_box_around_nothing_is_nothing() -> None:
    assert bounding_box(np.zeros((2, 2, 2), dtype=bool), (1, 1, 1)) is None


def test_the_box_stays_inside_the_array() -> None:
    mask = np.zeros((3, 5, 7), dtype=bool)
    mask[0, 2, 6] = True
    assert bounding_box(mask, (1, 1, 1)) == (slice(0, 2), slice(1, 4), slice(5, 7))


def test_dense_is_the_share_of_voxels_above_200_hu() -> None:
    hu = np.zeros((4, 8, 8))
    hu[:3, :2, :4] = 201
    hu[3, :2, :4] = 200
    assert average_blocks(make_volume(hu), 4.0).dense[0, 0].tolist() == [pytest.approx(24 / 64), 0]


@settings(max_examples=20)
@given(st.integers(0, 1000), st.sampled_from([1, 2, 3]))
def test_the_way_back_is_linear_between_the_middles_of_blocks(seed: int, step: int) -> None:
    soft = np.random.default_rng(seed).random((3, 6, 7)).astype(np.float32)
    up = Upsampler(shape=(3 * step, 6 * 4, 7 * 4 - 1), block=(step, 4, 4))
    rows, columns = slice(1, 5), slice(2, 7)
    for k in range(3 * step):
        places = np.meshgrid(
            (k + 0.5) / step - 0.5, *((np.arange(4 * n) + 0.5) / 4 - 0.5 for n in (4, 5)), indexing="ij"
        )
        wanted = ndimage.map_coordinates(soft[:, rows, columns], places, order=1, mode="nearest")[0]
        assert up.smooth(soft, k, (rows, columns)) == pytest.approx(wanted[:, :19], abs=1e-6)


@given(st.integers(0, 10_000), st.floats(0.01, 0.99))
def test_depth_in_a_mask_is_the_distance_to_what_is_not_in_it(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    mask = np.zeros((5, 9, 8), dtype=bool)
    mask[1:4, 2:9, 1:6] = rng.random((3, 7, 5)) < share
    spacing = (3.0, 1.5, 2.0)
    assert np.array_equal(measure_depth(mask, spacing), ndimage.distance_transform_edt(mask, sampling=spacing))


def test_nothing_has_no_depth() -> None:
    assert measure_depth(np.zeros((2, 3, 4), dtype=bool), (1.0, 1.0, 1.0)).tolist() == np.zeros((2, 3, 4)).tolist()
