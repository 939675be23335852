"""Lines through the soft map of stage 2: where each coronary artery runs, as points in the patient.

An artery is a ridge of the map: the cheapest way from where it springs from its stem to its farthest
clear point, where a step is the dearer the less likely the artery is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int
from scipy import ndimage, sparse
from scipy.sparse import csgraph
from scipy.spatial import KDTree

from vascal.anatomy.lattice import find_flips, look_up
from vascal.models.course_net import ANSWER_STEP, CourseMap
from vascal.regions import ROOT_CLASS
from vascal.volume import Volume

ARTERIES: Mapping[str, tuple[int, ...]] = {
    "LM": (5,), "LAD": (6, 7, 8), "LCX": (11, 13), "RCA": (1, 2, 3), "D1": (9,), "D2": (10,), "OM1": (12,),
    "OM2": (14,), "ramus": (17,), "right PDA": (4,), "right PLB": (16,), "left PDA": (15,), "left PLB": (18,),
}  # fmt: skip
"""SCCT segments of each artery; a side branch comes after what it springs from."""
STEMS: Mapping[str, tuple[str, ...]] = {
    "LAD": ("LM",), "LCX": ("LM", "LAD"), "D1": ("LAD",), "D2": ("LAD",), "ramus": ("LM", "LAD"), "OM1": ("LCX",),
    "OM2": ("LCX",), "left PDA": ("LCX",), "left PLB": ("LCX",), "right PDA": ("RCA",), "right PLB": ("RCA",),
}  # fmt: skip
"""What each artery springs from, or would if that were found; the others come from the aortic root."""
LEAST_SHARE = 0.2
"""Below this an artery does not run there, however faint it may become between two clear parts."""
CLEAR_SHARE = 0.5
"""A line ends where its artery is this likely, and likelier than any other: 4 mm beside a course that the network is
sure of. On simulated hearts 0.4 let lines run up to 18 mm astray at their ends, and 0.6 lost most side branches."""
LEAST_MEDIAN = 0.5
"""A line is as sure as this along half its way; the main arteries of simulated hearts come to 0.58 and more, while on a
real chest a line of 0.43 went 70 mm astray."""
LEAST_LENGTH_MM = 5.0
NEIGHBOUR = 1.8
"""Blocks within this many steps are neighbours: those that share a corner lie the root of 3 apart."""
SHARPNESS = 4
"""Power of the share that a step's cost falls with; with less, ways cut corners."""
CENTRE_MM = 4.0
"""Standard deviation of the weights that draw a way to the middle of the ridge: that of the map itself."""
CONTROL_MM = 6.0
"""Distance between the points of a line, about two blocks; closer ones would follow the blocks' corners."""
Points = Float[np.ndarray, "point 3"]
EvenPoints = Float[np.ndarray, "even_point 3"]
Share = Float32[np.ndarray, "block_slice block_row block_column"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CourseLine:
    """Where one artery runs.

    Parameters
    ----------
    name
        A key of `ARTERIES`.
    points_mm
        (point, 3) from its origin on, LPS, mm, `CONTROL_MM` apart.
    share
        Median share of the artery along the line, 0 to 1: how sure the network is of it.
    """

    name: str
    points_mm: Points
    share: float


def trace_courses(volume: Volume, courses: CourseMap) -> tuple[CourseLine, ...]:
    """Trace every coronary artery that the map shows clearly.

    Parameters
    ----------
    volume
        The CT that the map was made of; it says where the lattice lies in the patient.
    courses
        From `map_courses`.

    Returns
    -------
    tuple of CourseLine
        In the order of `ARTERIES`. Arteries that are too faint, at their clearest or on the whole, or
        shorter than 5 mm are left out; of one in several parts the largest is kept.

    Notes
    -----
    The map falls with the distance from a course, whatever the width of the vessel: a line
    is the middle of the map, not of a lumen that was seen.
    """
    shares = np.stack([courses.share[list(segments)].sum(axis=0) for segments in ARTERIES.values()])
    likeliest = shares.argmax(axis=0)
    root = np.asarray(np.unravel_index(courses.share[ROOT_CLASS].argmax(), likeliest.shape), dtype=float)
    block_mm = courses.lattice.spacing_mm * ANSWER_STEP
    ways: dict[str, Points] = {}
    lines = []
    for number, name in enumerate(ARTERIES):
        stem = next((ways[stem] for stem in STEMS.get(name, ()) if stem in ways), root[None])
        way = find_ridge(shares[number], np.asarray(likeliest == number), stem, block_mm)
        if way is None:
            continue
        share = float(np.median(look_up(shares[number][None], way.T.astype(np.float32))))
        if share >= LEAST_MEDIAN:
            ways[name] = way
            lines.append(CourseLine(name=name, points_mm=to_patient(way, volume, courses), share=share))
    return tuple(lines)


def find_ridge(
    share: Share, is_likeliest: Bool[np.ndarray, "block_slice block_row block_column"], stem: Points, block_mm: float
) -> EvenPoints | None:
    """Follow the ridge of one artery's share from its origin to its end.

    Parameters
    ----------
    share
        How likely the artery runs in each block.
    is_likeliest
        Where no other artery is likelier.
    stem
        (point, 3) slice, row and column, blocks: what it springs from. It begins where it is nearest to that.
    block_mm
        Length of a block's edges, mm.

    Returns
    -------
    numpy.ndarray or None
        (point, 3) slice, row and column in blocks, `CONTROL_MM` apart; None where the artery is
        nowhere clear, or the way too short.
    """
    places = np.argwhere(share > LEAST_SHARE)
    at = share[tuple(places.T)].astype(float)
    is_clear = (at > CLEAR_SHARE) & is_likeliest[tuple(places.T)]
    if not is_clear.any():
        return None
    steps = KDTree(places).query_pairs(NEIGHBOUR, output_type="ndarray")
    lengths = np.linalg.norm(places[steps[:, 0]] - places[steps[:, 1]], axis=1)
    by_length = _graph(steps, lengths, len(places))
    part = csgraph.connected_components(by_length, directed=False)[1]
    largest = np.bincount(part, weights=at * is_clear).argmax()
    ends = np.flatnonzero(is_clear & (part == largest))
    first = int(ends[np.argmin(KDTree(stem).query(places[ends])[0])])
    away = csgraph.dijkstra(by_length, directed=False, indices=np.array([first]))[0]
    last = int(ends[away[ends].argmax()])
    costs = lengths / at[steps].mean(axis=1) ** SHARPNESS
    way = places[_cheapest_way(_graph(steps, costs, len(places)), first, last)]
    return _even_points(_centred(way, places, at, block_mm), CONTROL_MM / block_mm, LEAST_LENGTH_MM / block_mm)


def _graph(steps: Int[np.ndarray, "step 2"], weights: Float[np.ndarray, " step"], count: int) -> sparse.csr_array:
    return sparse.csr_array((weights, steps.T), shape=(count, count))


def _cheapest_way(by_cost: sparse.csr_array, first: int, last: int) -> list[int]:
    before = csgraph.dijkstra(by_cost, directed=False, indices=np.array([first]), return_predecessors=True)[1][0]
    way = [last]
    while way[-1] != first:
        way.append(int(before[way[-1]]))
    return way[::-1]


def _centred(way: np.ndarray, places: np.ndarray, share: np.ndarray, block_mm: float) -> Points:
    """Draw a way of whole blocks to the middle of the ridge, and smooth it."""
    squares = np.square(way[:, None] - places[None]).sum(axis=2) * block_mm**2
    weights = np.exp(-squares / (2 * CENTRE_MM**2)) * share**SHARPNESS
    middles = weights @ places / weights.sum(axis=1, keepdims=True)
    return np.asarray(ndimage.gaussian_filter1d(middles, 1.0, axis=0, mode="nearest"))


def _even_points(way: Points, step: float, least: float) -> EvenPoints | None:
    """Points of a line about a step apart, its ends among them; None for a line that is too short."""
    along = np.append(0, np.cumsum(np.linalg.norm(np.diff(way, axis=0), axis=1)))
    if along[-1] < least:
        return None
    at = np.linspace(0, along[-1], max(2, round(along[-1] / step) + 1))
    return np.stack([np.interp(at, along, axis) for axis in way.T], axis=1)


def to_patient(blocks: Points, volume: Volume, courses: CourseMap) -> Points:
    """Turn places in blocks of the map into LPS millimetres, also beyond the scan's ends."""
    lattice, grid = courses.lattice, volume.grid
    mm = (blocks * ANSWER_STEP + (ANSWER_STEP - 1) / 2) * lattice.spacing_mm + np.asarray(lattice.corner_mm)
    sizes = [(n - 1) * s for n, s in zip(grid.shape, grid.spacing_mm, strict=True)]
    flips = find_flips(volume)
    along = np.stack([size - m if flip else m for m, size, flip in zip(mm.T, sizes, flips, strict=True)], axis=1)
    axes = np.array((grid.slice_axis, grid.row_axis, grid.column_axis))
    return np.asarray(np.asarray(grid.origin_mm) + along @ axes)
