"""Outlines follow the pixels' edges: what they enclose is what was marked."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vascal.render.outlines import find_bounds, list_edges, list_runs, trace_outline

ONE = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
masks = arrays(np.bool_, st.tuples(st.integers(1, 7), st.integers(1, 7)))


def loops(path: str) -> list[list[tuple[float, float]]]:
    """Read path data of M, H, V and z."""
    found = []
    for part in path.split("z")[:-1]:
        x, y = (float(number) for number in re.findall(r"^M(\S+) ([-\d.]+)", part)[0])
        corners = [(x, y)]
        for letter, number in re.findall(r"([HV])([-\d.]+)", part):
            x, y = (float(number), y) if letter == "H" else (x, float(number))
            corners.append((x, y))
        found.append(corners)
    return found


def area(corners: list[tuple[float, float]]) -> float:
    following = [*corners[1:], corners[0]]
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(corners, following, strict=True)) / 2


@given(masks)
def test_loops_enclose_as_much_area_as_there_are_pixels(mask: np.ndarray) -> None:
    assert sum(area(corners) for corners in loops(trace_outline(mask, ONE))) == mask.sum()


@given(masks)
def test_every_open_edge_is_drawn_once(mask: np.ndarray) -> None:
    drawn = sum(
        abs(x1 - x2) + abs(y1 - y2)
        for corners in loops(trace_outline(mask, ONE))
        for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True)
    )
    assert drawn == len(list_edges(mask, ONE)) == len(set(list_edges(mask, ONE)))


def test_pixels_that_touch_at_a_corner_are_two_loops_and_a_hole_is_its_own() -> None:
    assert len(loops(trace_outline(np.eye(2, dtype=bool), ONE))) == 2
    ring = np.ones((3, 3), dtype=bool)
    ring[1, 1] = False
    assert sorted(area(corners) for corners in loops(trace_outline(ring, ONE))) == [-1.0, 9.0]


def test_nothing_has_no_outline() -> None:
    assert trace_outline(np.zeros((2, 2), dtype=bool), ONE) == ""


def test_a_matrix_turns_and_stretches_outline_bounds_and_runs() -> None:
    mask = np.array([[True, False], [True, True]])
    turned = (-10.0, 0.0, 0.0, 5.0, 100.0, 1.0)
    assert loops(trace_outline(mask, turned)) == [[(100, 1), (90, 1), (90, 6), (80, 6), (80, 11), (100, 11)]]
    assert find_bounds(mask, turned) == (80.0, 1.0, 100.0, 11.0)
    assert list_runs(mask, turned) == [(90.0, 1.0, 100.0, 6.0), (80.0, 6.0, 100.0, 11.0)]
