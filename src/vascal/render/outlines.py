"""Outlines of masks as vector paths: along the pixels' edges, so that they show which pixels were counted."""

from __future__ import annotations

from jaxtyping import Bool
from numpy import ndarray, nonzero, pad

Matrix = tuple[float, float, float, float, float, float]
"""From pixels to a picture, as SVG writes it: x' = a x + c y + e, y' = b x + d y + f."""
Edge = tuple[float, float, float, float]
Corner = tuple[int, int]
Step = tuple[int, int]

_SIDES: tuple[tuple[Step, Corner, Step], ...] = (
    ((-1, 0), (0, 0), (0, 1)),  # neighbour above: from the upper left corner to the right
    ((0, 1), (0, 1), (1, 0)),
    ((1, 0), (1, 1), (0, -1)),
    ((0, -1), (1, 0), (-1, 0)),
)
"""Neighbour, corner where the edge to it starts, and way along it with the pixel on the right."""


def trace_outline(mask: Bool[ndarray, "row column"], matrix: Matrix) -> str:
    """Write the outline of a mask as SVG path data.

    Parameters
    ----------
    mask
        (row, column).
    matrix
        Onto the picture.

    Returns
    -------
    str
        Closed loops; empty for an empty mask.

    Examples
    --------
    >>> import numpy as np
    >>> trace_outline(np.array([[False, True, True]]), (10.0, 0.0, 0.0, 10.0, 0.5, 0.0))
    'M10.5 0H30.5V10H10.5z'
    """
    return "".join(_write_loop(start, steps, matrix) for start, steps in _find_loops(_find_edges(mask)))


def list_edges(mask: Bool[ndarray, "row column"], matrix: Matrix) -> list[Edge]:
    """Give the outline edge by edge, in the order in which it was found, as x, y, x, y on a picture."""
    return [
        (*to_picture(start, matrix), *to_picture(_after(start, step), matrix))
        for start, steps in _find_edges(mask).items()
        for step in steps
    ]


def list_runs(mask: Bool[ndarray, "row column"], matrix: Matrix) -> list[Edge]:
    """Give left, top, right and bottom of each row's part of a mask on a picture, from the top."""
    runs = []
    for row in nonzero(mask.any(axis=1))[0].tolist():
        (columns,) = nonzero(mask[row])
        one, two = to_picture((row, int(columns[0])), matrix), to_picture((row + 1, int(columns[-1]) + 1), matrix)
        runs.append((min(one[0], two[0]), min(one[1], two[1]), max(one[0], two[0]), max(one[1], two[1])))
    return sorted(runs, key=lambda run: run[1])


def find_bounds(mask: Bool[ndarray, "row column"], matrix: Matrix) -> Edge:
    """Give left, top, right and bottom of a mask on a picture."""
    rows, columns = nonzero(mask)
    one = to_picture((int(rows.min()), int(columns.min())), matrix)
    two = to_picture((int(rows.max()) + 1, int(columns.max()) + 1), matrix)
    return min(one[0], two[0]), min(one[1], two[1]), max(one[0], two[0]), max(one[1], two[1])


def to_picture(corner: Corner, matrix: Matrix) -> tuple[float, float]:
    """Give x and y on a picture of a corner between pixels, (row, column)."""
    a, _, _, d, e, f = matrix
    return a * corner[1] + e, d * corner[0] + f


def _find_edges(mask: Bool[ndarray, "row column"]) -> dict[Corner, list[Step]]:
    """Give the ways that lead from each corner along the outline."""
    rows, columns = nonzero(mask)
    padded = pad(mask, 1)
    ways: dict[Corner, list[Step]] = {}
    for (down, right), (row_corner, column_corner), step in _SIDES:
        is_open = ~padded[rows + 1 + down, columns + 1 + right]
        for row, column in zip(rows[is_open].tolist(), columns[is_open].tolist(), strict=True):
            ways.setdefault((row + row_corner, column + column_corner), []).append(step)
    return ways


def _find_loops(ways: dict[Corner, list[Step]]) -> list[tuple[Corner, list[Step]]]:
    loops = []
    for start in sorted(ways):
        while ways[start]:
            steps = [ways[start].pop(0)]
            place = _after(start, steps[-1])
            while place != start:
                steps.append(_turn(ways[place], steps[-1]))
                place = _after(place, steps[-1])
            loops.append((start, steps))
    return loops


def _turn(choices: list[Step], came: Step) -> Step:
    """Take the way on; where two pixels touch at a corner, stay with the same pixel: turn right."""
    right = (came[1], -came[0])
    chosen = right if right in choices else choices[0]
    choices.remove(chosen)
    return chosen


def _after(place: Corner, step: Step) -> Corner:
    return place[0] + step[0], place[1] + step[1]


def _write_loop(start: Corner, steps: list[Step], matrix: Matrix) -> str:
    """Write one loop with as few strokes as it has sides; the last closes it."""
    place, strokes = start, []
    for step, following in zip(steps, [*steps[1:], steps[0]], strict=True):
        place = _after(place, step)
        if step != following and place != start:
            x, y = to_picture(place, matrix)
            strokes.append(f"V{_short(y)}" if step[0] else f"H{_short(x)}")
    x, y = to_picture(start, matrix)
    return f"M{_short(x)} {_short(y)}{''.join(strokes)}z"


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
