"""Sparse connected components against scipy's dense ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from vascal.calcium.components import find_components

RANK = {4: 1, 8: 2, 6: 1, 18: 2, 26: 3}
CONNECTIVITIES = tuple(RANK)


def structure(connectivity: int) -> np.ndarray:
    if connectivity in (6, 18, 26):
        return np.asarray(ndimage.generate_binary_structure(3, RANK[connectivity]))
    flat = np.zeros((3, 3, 3), dtype=bool)
    flat[1] = ndimage.generate_binary_structure(2, RANK[connectivity])
    return flat


def parts(mask: np.ndarray, connectivity: int, group: np.ndarray | None = None) -> np.ndarray:
    slices, rows, columns = mask.shape
    index = np.flatnonzero(mask)
    return find_components(
        index, (slices, rows, columns), connectivity, None if group is None else group.reshape(-1)[index]
    )


def same_partition(one: np.ndarray, other: np.ndarray) -> bool:
    return len(set(zip(one, other, strict=True))) == len(set(one)) == len(set(other))


@st.composite
def masks(draw: st.DrawFn) -> np.ndarray:
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 9), st.integers(1, 9)))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return np.asarray(random.random(shape) < draw(st.floats(0, 1)))


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
@given(mask=masks())
def test_components_are_those_of_scipy(connectivity: int, mask: np.ndarray) -> None:
    dense, count = ndimage.label(mask, structure(connectivity))
    found = parts(mask, connectivity)
    assert same_partition(found, dense[mask])
    assert len(set(found)) == count


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
@given(mask=masks(), seed=st.integers(0, 1000))
def test_components_of_groups_are_those_of_each_group_alone(connectivity: int, mask: np.ndarray, seed: int) -> None:
    group = np.random.default_rng(seed).integers(0, 3, mask.shape).astype(np.uint8)
    expected = np.zeros(mask.shape, dtype=np.int64)
    for value in range(3):
        dense, _ = ndimage.label(mask & (group == value), structure(connectivity))
        expected += np.where(dense > 0, dense + 1000 * value, 0)
    assert same_partition(parts(mask, connectivity, group), expected[mask])


@given(mask=masks(), connectivity=st.sampled_from(CONNECTIVITIES))
def test_components_are_numbered_from_zero_in_order_of_appearance(mask: np.ndarray, connectivity: int) -> None:
    found = parts(mask, connectivity)
    _, first = np.unique(found, return_index=True)
    assert found.size == 0 or (found[0] == 0 and found.max() + 1 == first.size)
    assert np.all(np.diff(first) > 0)


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_the_end_of_a_row_does_not_join_the_start_of_the_next(connectivity: int) -> None:
    mask = np.zeros((1, 3, 5), dtype=bool)
    mask[0, 0, 4] = mask[0, 1, 0] = True
    assert parts(mask, connectivity).tolist() == [0, 1]


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_the_end_of_a_slice_does_not_join_the_start_of_the_next(connectivity: int) -> None:
    mask = np.zeros((2, 3, 5), dtype=bool)
    mask[0, 2, :] = mask[1, 0, :] = True
    assert parts(mask, connectivity).tolist() == [0] * 5 + [1] * 5


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_full_rows_join_as_scipy_joins_them(connectivity: int) -> None:
    mask = np.zeros((3, 4, 4), dtype=bool)
    mask[0, 1:3] = mask[1, 0] = mask[2, 3] = True
    assert same_partition(parts(mask, connectivity), ndimage.label(mask, structure(connectivity))[0][mask])


@pytest.mark.parametrize(
    ("step", "joined_by"),
    [
        ((0, 0, 1), {4, 8, 6, 18, 26}),
        ((0, 1, 0), {4, 8, 6, 18, 26}),
        ((0, 1, 1), {8, 18, 26}),
        ((0, 1, -1), {8, 18, 26}),
        ((1, 0, 0), {6, 18, 26}),
        ((1, 0, 1), {18, 26}),
        ((1, -1, 0), {18, 26}),
        ((1, -1, 1), {26}),
        ((1, 1, -1), {26}),
        ((0, 0, 2), set()),
        ((0, 2, 0), set()),
        ((2, 0, 0), set()),
    ],
    ids=str,
)
def test_two_voxels_join_by_the_step_between_them(step: tuple[int, int, int], joined_by: set[int]) -> None:
    mask = np.zeros((5, 5, 5), dtype=bool)
    mask[2, 2, 2] = mask[2 + step[0], 2 + step[1], 2 + step[2]] = True
    for connectivity in CONNECTIVITIES:
        assert (set(parts(mask, connectivity)) == {0}) == (connectivity in joined_by)


def test_a_long_winding_lesion_is_one() -> None:
    mask = np.zeros((1, 101, 60), dtype=bool)
    mask[0, ::2] = True
    mask[0, 1::4, -1] = mask[0, 3::4, 0] = True
    assert set(parts(mask, 4)) == {0}


def test_no_voxels_make_no_components() -> None:
    assert find_components(np.zeros(0, dtype=np.int64), (2, 3, 4), 26).size == 0
