"""The aorta as a tube of discs on blocks."""

from __future__ import annotations

import numpy as np
import pytest

from vascal.anatomy.aorta import DESCENDING_RADIUS_MM, find_descending_aorta
from vascal.anatomy.coarse import CoarseCt
from vascal.anatomy.landmarks import Spine

SHAPE = (12, 40, 44)


def fat_with_disc(row: float, column: float) -> CoarseCt:
    """Fat, and in every slice a disc of blood."""
    rows, columns = np.indices(SHAPE[1:])
    disc = np.hypot(rows - row, columns - column) * 4.0 <= DESCENDING_RADIUS_MM
    plane = np.where(disc, 45.0, -100.0).astype(np.float32)
    hu = np.broadcast_to(plane, SHAPE).copy()
    nothing = np.zeros(SHAPE, dtype=bool)
    return CoarseCt(
        hu=hu, dense=np.zeros_like(hu), padding=nothing, spacing_mm=(4.0, 4.0, 4.0), block=(1, 4, 4),
        is_row_flipped=False, is_column_flipped=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("front", "midline", "row", "column"),
    [(25.0, 18.0, 23, 24), (37.0, 18.0, 36, 24), (25.0, 36.0, 23, 41), (3.0, 2.0, 2, 5)],
    ids=["middle", "back", "left", "corner"],
)
def test_the_descending_aorta_is_followed_also_at_the_edge_of_the_field(
    front: float, midline: float, row: int, column: int
) -> None:
    spine = Spine(midline=midline, front=np.full(SHAPE[0], front))
    tube = find_descending_aorta(fat_with_disc(row, column), spine, slice(1, 11))
    assert tube is not None
    assert tube.slices.tolist() == list(range(1, 11))
    assert np.abs(tube.centers - (row, column)).max() <= 1


def test_what_lies_beyond_a_kernels_reach_changes_nothing() -> None:
    spine = Spine(midline=18.0, front=np.full(SHAPE[0], 25.0))
    plain, other = fat_with_disc(23, 24), fat_with_disc(23, 24)
    other.hu[:, :5], other.hu[:, :, :3] = 40, 40
    first, second = (find_descending_aorta(ct, spine, slice(1, 11)) for ct in (plain, other))
    assert first is not None
    assert second is not None
    assert np.array_equal(first.fit, second.fit)


def test_there_is_no_aorta_in_even_fat() -> None:
    spine = Spine(midline=18.0, front=np.full(SHAPE[0], 25.0))
    assert find_descending_aorta(fat_with_disc(-50, -50), spine, slice(1, 11)) is None
