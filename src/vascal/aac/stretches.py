"""Where along L1 to L4 a wall is calcified: places in levels, whatever the film's size and tilt."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from vascal.aac.reading import FilmReading, WallPath
from vascal.wall_levels import LEVELS, WALLS, Wall

Stretch = tuple[float, float]
"""First and last place, in levels: 0 at the upper border of L1, 1 at its lower border, 4 at that of L4."""


def find_stretches(reading: FilmReading) -> Mapping[Wall, tuple[Stretch, ...]]:
    """List the calcified stretches of each wall, from the head to the feet."""
    return {wall: _stretches(reading.paths[wall], reading.level_bounds) for wall in WALLS}


def _stretches(path: WallPath, bounds: Float[np.ndarray, "5 2 2"]) -> tuple[Stretch, ...]:
    places = find_places(path.points, bounds)
    steps = np.diff(np.concatenate([[0], path.is_calcified.astype(int), [0]]))
    starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1) - 1
    # Each point stands for half the way to its neighbours, so that a lone point has a length too.
    middles = (places[1:] + places[:-1]) / 2
    edges = np.concatenate([places[:1], middles, places[-1:]])
    return tuple((float(edges[a]), float(edges[b + 1])) for a, b in zip(starts, ends, strict=True))


def find_places(
    points: Float[np.ndarray, "point 2"], bounds: Float[np.ndarray, "5 2 2"]
) -> Float[np.ndarray, " point"]:
    """Place points between the borders of levels.

    Parameters
    ----------
    points
        (point, 2): row and column.
    bounds
        (5, 2, 2): borders from above L1 to below L4, each from the spine to the front.

    Returns
    -------
    numpy.ndarray
        (point,): 0 to 4; between two borders by the distances to both.

    Examples
    --------
    >>> borders = np.array([[(10.0 * n, 9.0), (10.0 * n, 0.0)] for n in range(5)])
    >>> find_places(np.array([[0.0, 4.0], [25.0, 4.0], [99.0, 4.0]]), borders).tolist()
    [0.0, 2.5, 4.0]
    """
    starts, along = bounds[:, 0], bounds[:, 1] - bounds[:, 0]
    normals = np.stack([along[:, 1], -along[:, 0]], axis=1)
    normals /= np.maximum(np.hypot(*normals.T), 1e-9)[:, None]
    normals *= np.where(normals @ (starts[-1] - starts[0]) < 0, -1.0, 1.0)[:, None]  # towards the feet
    below = np.einsum("pbx,bx->pb", points[:, None] - starts[None], normals)
    inside = np.clip(np.count_nonzero(below[:, 1:-1] >= 0, axis=1), 0, len(LEVELS) - 1)
    above = np.take_along_axis(below, inside[:, None], axis=1)[:, 0]
    left = -np.take_along_axis(below, inside[:, None] + 1, axis=1)[:, 0]
    share = np.clip(above, 0, None) / np.maximum(np.clip(above, 0, None) + np.clip(left, 0, None), 1e-9)
    return np.asarray(inside + share)
