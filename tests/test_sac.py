"""What lies in the pericardial sac, by hand."""

from __future__ import annotations

import numpy as np

from vascal.sac import enclose_vessels

SHAPE = (3, 40, 40)


def block(rows: slice, columns: slice, slices: slice = slice(None)) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[slices, rows, columns] = True
    return mask


def ring() -> np.ndarray:
    """Heart around a root, open at one corner."""
    heart = block(slice(5, 30), slice(5, 30))
    heart[:, 12:18, 12:18] = False
    return heart


def test_a_root_amid_the_chambers_lies_in_the_sac() -> None:
    root = block(slice(12, 18), slice(12, 18))
    assert np.array_equal(enclose_vessels(ring(), [root]), root)


def test_a_vessel_beside_the_heart_does_not() -> None:
    assert not enclose_vessels(ring(), [block(slice(32, 38), slice(10, 16))]).any()


def test_most_of_a_cross_section_decides_for_all_of_it() -> None:
    mostly_in, mostly_out = block(slice(24, 33), slice(10, 14)), block(slice(27, 38), slice(20, 24))
    heart = ring() & ~mostly_in & ~mostly_out
    assert np.array_equal(enclose_vessels(heart, [mostly_in, mostly_out]), mostly_in)


def test_two_vessels_that_touch_are_judged_apart() -> None:
    root, beside = block(slice(12, 18), slice(12, 22)), block(slice(12, 18), slice(22, 40))
    heart = ring() & ~root & ~beside
    assert np.array_equal(enclose_vessels(heart, [root, beside]), root)


def test_where_there_is_no_heart_nothing_lies_in_it() -> None:
    vessel = block(slice(12, 18), slice(12, 18))
    assert not enclose_vessels(np.zeros(SHAPE, dtype=bool), [vessel]).any()
    assert not enclose_vessels(block(slice(5, 6), slice(3, 35)), [vessel]).any()
    assert not enclose_vessels(block(slice(5, 7), slice(3, 5)), [vessel]).any()
    above = ring() & (np.arange(3) < 2)[:, None, None]
    assert not enclose_vessels(above, [vessel])[2].any()
