"""Grids, volumes and label maps."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import GeometryError, GridMismatchError, LabelError
from vascal.volume import Grid, LabelMap, Volume

SHAPE = (3, 4, 5)
GRID = Grid.even(SHAPE, (3.0, 0.5, 0.7), origin_mm=(-10.0, -20.0, 30.0))


def grid_at(*positions_mm: float, row_mm: float = 0.5, column_mm: float = 0.5) -> Grid:
    return Grid(
        shape=(len(positions_mm), 4, 5),
        row_spacing_mm=row_mm,
        column_spacing_mm=column_mm,
        slice_positions_mm=positions_mm,
    )


def test_an_even_grid_knows_its_spacings() -> None:
    assert GRID.spacing_mm == pytest.approx((3.0, 0.5, 0.7))
    assert GRID.pixel_area_mm2 == pytest.approx(0.35)
    assert GRID.slice_positions_mm == (30.0, 33.0, 36.0)
    assert GRID.is_even


def test_voxels_of_a_supine_patient_lie_along_the_axes() -> None:
    assert GRID.index_to_mm(0, 0, 0) == (-10.0, -20.0, 30.0)
    assert GRID.index_to_mm(2, 3, 4) == pytest.approx((-10 + 4 * 0.7, -20 + 3 * 0.5, 36.0))
    assert GRID.index_to_mm(0.5, 0, 0) == pytest.approx((-10.0, -20.0, 31.5))


def test_voxels_of_a_turned_grid_lie_along_its_own_axes() -> None:
    prone = Grid(
        shape=SHAPE,
        row_spacing_mm=0.5,
        column_spacing_mm=0.7,
        slice_positions_mm=(5.0, 8.0, 13.0),
        origin_mm=(1.0, 2.0, 3.0),
        row_axis=(0.0, -1.0, 0.0),
        column_axis=(-1.0, 0.0, 0.0),
    )
    assert prone.index_to_mm(1, 2, 3) == pytest.approx((1 - 2.1, 2 - 1.0, 6.0))
    assert prone.index_to_mm(1.5, 0, 0) == pytest.approx((1.0, 2.0, 8.5))


def test_corners_are_the_eight_extremes() -> None:
    corners = np.array(GRID.corners_mm())
    assert len({tuple(c) for c in corners.tolist()}) == 8
    assert corners.min(axis=0) == pytest.approx((-10.0, -20.0, 30.0))
    assert corners.max(axis=0) == pytest.approx((-7.2, -18.5, 36.0))


@pytest.mark.parametrize(
    ("positions", "extents"),
    [
        ((0.0, 3.0), (3.0, 3.0)),
        ((0.0, 1.5, 3.0, 4.5), (1.5, 1.5, 1.5, 1.5)),
        ((0.0, 2.98, 6.0), (3.0, 3.0, 3.0)),
        ((0.0, 2.96, 6.0, 8.96), (8.96 / 3,) * 4),
        ((0.0, 3.0, 9.0), (3.0, 4.5, 6.0)),
        ((-7.0, -2.0, 0.0, 3.0), (5.0, 3.5, 2.5, 3.0)),
    ],
)
def test_a_slice_stands_for_half_the_way_to_its_neighbours(
    positions: tuple[float, ...], extents: tuple[float, ...]
) -> None:
    assert grid_at(*positions).slice_extents_mm() == pytest.approx(extents)


@given(st.lists(st.floats(0.1, 10.0), min_size=1, max_size=12))
def test_extents_add_up_to_the_stack_with_half_a_step_at_either_end(steps: list[float]) -> None:
    grid = grid_at(*(float(p) for p in np.concatenate([[0.0], np.cumsum(steps)])))
    ends = 2 * float(np.mean(steps)) if grid.is_even else steps[0] + steps[-1]
    assert float(np.sum(grid.slice_extents_mm())) == pytest.approx(sum(steps) + ends / 2)


def test_extents_can_not_be_edited() -> None:
    with pytest.raises(ValueError, match="read-only"):
        GRID.slice_extents_mm()[0] = 1.0


@pytest.mark.parametrize(
    ("positions", "even"),
    [
        ((0.0, 3.0, 6.0), True),
        ((0.0, 3.05, 6.0), True),
        ((0.0, 3.06, 6.0), False),
        ((0.0, 10.1, 20.0), True),
        ((0.0, 10.11, 20.0), False),
        ((0.0, 3.0, 9.0), False),
    ],
)
def test_steps_may_differ_by_a_percent_or_a_twentieth_of_a_millimetre(positions: tuple[float, ...], even: bool) -> None:
    assert grid_at(*positions).is_even == even


def test_the_spacing_of_an_uneven_stack_is_the_median() -> None:
    assert grid_at(0.0, 3.0, 6.0, 16.0).spacing_between_slices_mm == 3.0


@pytest.mark.parametrize("slices", [0, 1])
def test_fewer_than_two_slices_are_no_volume(slices: int) -> None:
    with pytest.raises(GeometryError, match=f"at least 2 slices; found {slices}"):
        grid_at(*(0.0,) * slices)


def test_every_slice_needs_a_position() -> None:
    with pytest.raises(GeometryError, match="2 slice positions for 3 slices"):
        Grid(shape=SHAPE, row_spacing_mm=1.0, column_spacing_mm=1.0, slice_positions_mm=(0.0, 1.0))


@pytest.mark.parametrize(("row_mm", "column_mm"), [(0.0, 1.0), (1.0, 0.0), (-0.5, 0.5)])
def test_pixels_need_a_size(row_mm: float, column_mm: float) -> None:
    with pytest.raises(GeometryError, match="must be positive"):
        grid_at(0.0, 3.0, row_mm=row_mm, column_mm=column_mm)


@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_refused(odd: float) -> None:
    for position, row_mm, column_mm in ((odd, 1.0, 1.0), (3.0, odd, 1.0), (3.0, 1.0, odd)):
        with pytest.raises(GeometryError, match="must be finite"):
            grid_at(0.0, position, row_mm=row_mm, column_mm=column_mm)


@pytest.mark.parametrize("positions", [(0.0, 0.0), (3.0, 0.0), (0.0, 3.0, 2.0)])
def test_slices_ascend(positions: tuple[float, ...]) -> None:
    with pytest.raises(GeometryError, match="must ascend"):
        grid_at(*positions)


@pytest.mark.parametrize("moved_mm", [0.0, 0.09, -0.09])
def test_grids_within_a_tenth_of_a_millimetre_are_one(moved_mm: float) -> None:
    GRID.require_same(Grid.even(SHAPE, (3.0, 0.5, 0.7), origin_mm=(-10.0 + moved_mm, -20.0, 30.0)))


@pytest.mark.parametrize(
    "other",
    [
        Grid.even((3, 5, 4), (3.0, 0.5, 0.7), origin_mm=(-10.0, -20.0, 30.0)),
        Grid.even(SHAPE, (3.0, 0.5, 0.7), origin_mm=(-10.0, -20.0, 30.2)),
        Grid.even(SHAPE, (3.0, 0.5, 0.8), origin_mm=(-10.0, -20.0, 30.0)),
        Grid.even(SHAPE, (3.2, 0.5, 0.7), origin_mm=(-10.0, -20.0, 30.0)),
    ],
    ids=["shape", "place", "pixels", "slices"],
)
def test_grids_that_differ_are_told_apart(other: Grid) -> None:
    with pytest.raises(GridMismatchError):
        GRID.require_same(other)


def test_grids_whose_inner_slices_differ_are_told_apart() -> None:
    with pytest.raises(GridMismatchError, match=r"up to 1\.00 mm"):
        grid_at(0.0, 3.0, 6.0, 9.0).require_same(grid_at(0.0, 3.0, 7.0, 9.0))


def test_positions_along_the_slice_axis_may_start_anywhere() -> None:
    """They are distances along an axis; where the first slice lies is said by the origin."""
    grid_at(0.0, 3.0, 6.0).require_same(grid_at(100.0, 103.0, 106.0))


def test_grids_are_values() -> None:
    again = pickle.loads(pickle.dumps(GRID))
    assert again == GRID
    assert hash(again) == hash(GRID)


def test_a_volume_matches_its_grid_and_is_read_only() -> None:
    volume = Volume(hu=np.zeros(SHAPE, dtype=np.int16), grid=GRID)
    with pytest.raises(ValueError, match="read-only"):
        volume.hu[0, 0, 0] = 1
    with pytest.raises(GeometryError, match="on a grid of"):
        Volume(hu=np.zeros((3, 5, 4), dtype=np.int16), grid=GRID)


def label_map(names: dict[int, str]) -> LabelMap:
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[1, 2, 3] = labels[2, 0, 0] = 4
    return LabelMap(labels=labels, grid=GRID, names=names)


def test_structures_are_found_by_name() -> None:
    labels = label_map({4: "LAD", 5: "RCA"})
    assert labels.value_of("RCA") == 5
    assert np.flatnonzero(labels.mask("LAD")).tolist() == labels.voxels("LAD").tolist() == [33, 40]
    assert labels.voxels("RCA").size == 0


def test_an_unknown_structure_is_refused_with_the_known_ones() -> None:
    with pytest.raises(LabelError, match=r"'LM'; there are \['LAD', 'RCA'\]"):
        label_map({4: "LAD", 5: "RCA"}).value_of("LM")


def test_names_are_copied_and_read_only() -> None:
    names = {4: "LAD"}
    labels = label_map(names)
    names[4] = "RCA"
    assert labels.names == {4: "LAD"}
    with pytest.raises(TypeError):
        labels.names[4] = "RCA"  # type: ignore[index]


def test_labels_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        label_map({4: "LAD"}).labels[0, 0, 0] = 1


def test_background_has_no_name() -> None:
    with pytest.raises(LabelError, match="background"):
        label_map({0: "LAD"})


@pytest.mark.parametrize("value", [-1, 256, 1000])
def test_values_of_labels_fit_their_byte(value: int) -> None:
    with pytest.raises(LabelError, match="between 1 and 255"):
        label_map({4: "LAD", value: "RCA"})


def test_labels_match_their_grid() -> None:
    with pytest.raises(GridMismatchError, match="on a grid of"):
        LabelMap(labels=np.zeros((3, 5, 4), dtype=np.uint8), grid=GRID, names={})
