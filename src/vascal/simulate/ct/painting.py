"""From the parts of a phantom to the unblurred picture of each slice.

Parts are flattened once into a `Scene` of plain arrays; slices are then painted
by compiled loops. A slice is the mean of a few planes inside its thickness, so
that a thick slice has partial volume along z, and each plane may see the heart
at another instant, so that a beating heart is smeared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vascal.simulate.ct import kernels
from vascal.simulate.ct.body_map import BodyMap
from vascal.simulate.ct.shapes import Ellipsoid, Part, Reals, Shape, Solid, Trunk, Tube
from vascal.simulate.ct.tissue import Tissue
from vascal.volume import Grid

PARAMETERS = 15
LABELS = 256
PLANE_DISTANCE_MM = 1.5
"""About how far apart the planes inside a slice lie."""
PAINT_PIXEL_MM = 0.9
"""Smaller pixels are painted on a coarser lattice, still finer than any kernel, and interpolated."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """All parts, as arrays for the compiled loops; see `vascal.simulate.ct.kernels.paint_plane`."""

    parts: NDArray[np.int64]
    part_numbers: Reals
    on: NDArray[np.bool_]
    cuts: Reals
    layers: Reals
    shapes: NDArray[np.int64]
    primitives: Reals
    kinds: NDArray[np.int64]
    boxes: Reals
    knots: Reals
    tissues: tuple[Tissue, ...]


class _Flattening:
    """Lists that grow while parts are flattened, one after another."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, int]] = []
        self.solids: list[tuple[int, np.ndarray, np.ndarray, int]] = []
        self.tubes: list[tuple[int, Tube]] = []
        self.knots: list[tuple[float, ...]] = []
        self.tissues: dict[Tissue, int] = {}
        self.count = 0

    def add_shape(self, shape: Shape) -> None:
        size = 1
        if isinstance(shape, Tube):
            self.tubes.append((self.count, shape))
            size = len(shape.points) - 1
        elif isinstance(shape, Ellipsoid):
            self.solids.append((self.count, *_ellipsoid(shape), kernels.ELLIPSOID))
        else:
            self.solids.append((self.count, *_trunk(shape, len(self.knots)), kernels.TRUNK))
            self.knots += shape.knots
        self.shapes.append((self.count, size))
        self.count += size

    def tissue(self, tissue: Tissue) -> int:
        return self.tissues.setdefault(tissue, len(self.tissues))

    def primitives(self) -> tuple[Reals, Reals, NDArray[np.int64]]:
        """Numbers, boxes and kinds of all primitives."""
        rows = np.zeros((self.count, PARAMETERS), dtype=np.float32)
        boxes = np.zeros((self.count, 6), dtype=np.float32)
        kinds = np.full(self.count, kernels.SEGMENT)
        for at, row, box, kind in self.solids:
            rows[at], boxes[at], kinds[at] = row, box, kind
        if self.tubes:
            where = np.concatenate([np.arange(first, first + len(t.points) - 1) for first, t in self.tubes])
            ends = [
                np.concatenate([getattr(t, name)[part] for _, t in self.tubes])
                for name in ("points", "radii")
                for part in (slice(None, -1), slice(1, None))
            ]
            rows[where], boxes[where] = _segments(*ends)
        return rows, boxes, kinds


def flatten(parts: Sequence[Part]) -> Scene:
    """Turn parts, from the back to the front, into arrays."""
    lists = _Flattening()
    rows, numbers = [], []
    layers: list[tuple[float, int]] = []
    cuts: list[tuple[float, float, float, float]] = []
    on = np.zeros((len(parts), LABELS), dtype=np.bool_)
    for n, part in enumerate(parts):
        first = len(lists.shapes)
        for shape in part.solid.shapes:
            lists.add_shape(shape)
        rows.append(
            (first, len(part.solid.shapes), len(layers), len(part.layers), len(cuts), len(part.solid.cuts),
             -1 if part.label is None else part.label, int(bool(part.only_on)), int(part.beats))
        )  # fmt: skip
        outset = max([0.0, *(-inset for inset, _ in part.layers)])
        numbers.append((part.solid.fillet_mm, part.solid.margin_mm, part.wobble_mm, outset))
        layers += [(inset, lists.tissue(tissue)) for inset, tissue in part.layers]
        cuts += part.solid.cuts
        on[n, list(part.only_on)] = True
    primitives, boxes, kinds = lists.primitives()
    return Scene(
        parts=np.array(rows, dtype=np.int64).reshape(-1, 9),
        part_numbers=_table(numbers, 4),
        on=on,
        cuts=_table(cuts, 4),
        layers=_table(layers, 2),
        shapes=np.array(lists.shapes, dtype=np.int64).reshape(-1, 2),
        primitives=primitives,
        kinds=kinds,
        boxes=boxes,
        knots=_table(lists.knots, 5),
        tissues=tuple(lists.tissues),
    )


def _table(rows: Sequence[tuple[float, ...]], width: int) -> Reals:
    return np.array(rows, dtype=np.float32).reshape(-1, width)


def _segments(start: Reals, end: Reals, first: Reals, last: Reals) -> tuple[Reals, Reals]:
    """Rows and boxes of all segments of all tubes: both ends and their radii."""
    way = end - start
    rows = np.zeros((len(way), PARAMETERS), dtype=np.float32)
    rows[:, :3], rows[:, 3:6] = start, way
    rows[:, 6] = 1 / np.maximum(np.square(way).sum(axis=1), 1e-6)
    rows[:, 7], rows[:, 8] = first, last - first
    room = np.maximum(first, last)[:, None]
    boxes = np.empty((len(way), 6), dtype=np.float32)
    boxes[:, 0::2], boxes[:, 1::2] = np.minimum(start, end) - room, np.maximum(start, end) + room
    return rows, boxes


def _ellipsoid(shape: Ellipsoid) -> tuple[np.ndarray, np.ndarray]:
    row = np.zeros(PARAMETERS, dtype=np.float32)
    half = np.asarray(shape.semi_axes)
    row[:3] = shape.centre
    row[3:12] = (shape.axes / half).T.reshape(-1)
    row[12:15] = 1 / half**2
    centre, reach = np.asarray(shape.centre), np.asarray(shape.reach_mm)
    low, high = centre - reach, centre + reach
    return row, np.column_stack([low, high]).reshape(-1)


def _trunk(shape: Trunk, first_knot: int) -> tuple[np.ndarray, np.ndarray]:
    row = np.zeros(PARAMETERS, dtype=np.float32)
    row[:3] = shape.roundness, first_knot, len(shape.knots)
    z, width, depth, x, y = np.asarray(shape.knots).T
    box = [(x - width).min(), (x + width).max(), (y - depth).min(), (y + depth).max(), z[0], z[-1]]
    return row, np.array(box)


def distance_to(solid: Solid, points: np.ndarray) -> np.ndarray:
    """Give the distance of points to a solid, mm, negative inside.

    Parameters
    ----------
    points
        (point, 3), LPS, mm.
    """
    return distance_in(flatten([Part(solid=solid, layers=())]), points)


def distance_in(scene: Scene, points: np.ndarray) -> np.ndarray:
    """Give the distance of points to the first solid of a scene, see `distance_to`."""
    out = np.empty(len(points), dtype=np.float32)
    kernels.distance_at(
        scene.parts[0], scene.part_numbers[0], scene.cuts, scene.shapes, scene.primitives, scene.kinds,
        scene.knots, np.ascontiguousarray(np.asarray(points).T, dtype=np.float32), out,
    )  # fmt: skip
    return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SliceMotion:
    """What moves while slices are scanned.

    Parameters
    ----------
    shift_mm
        (slice, 3): how far the whole patient lies from where he should (breathing), LPS, mm.
    beat_mm
        (slice, instant, 3): where the heart is relative to its rest, LPS, mm.
    """

    shift_mm: Reals
    beat_mm: Reals


def at_rest(grid: Grid) -> SliceMotion:
    """Nothing moves."""
    count = grid.shape[0]
    return SliceMotion(shift_mm=np.zeros((count, 3), np.float32), beat_mm=np.zeros((count, 1, 3), np.float32))


def paint_slices(
    scene: Scene, grid: Grid, thickness_mm: float, tissue_values: Reals, *, body: BodyMap, motion: SliceMotion
) -> tuple[Reals, NDArray[np.uint8]]:
    """Paint every slice.

    Parameters
    ----------
    scene
        What to paint.
    grid
        Upright axial grid.
    thickness_mm
        Slice thickness, mm.
    tissue_values
        (tissue, channel + 1): the value of each of the scene's tissues in each
        channel, and last its texture in the first channel. One channel of HU, or the
        three amounts of `Tissue`.
    body
        From the places of this patient to those of the scene.
    motion
        Motion.

    Returns
    -------
    planes, labels
        (channel, slice, row, column) means over the slice; (slice, row, column)
        organ at the middle of the slice.
    """
    channels = tissue_values.shape[1] - 1
    step = max(1, int(PAINT_PIXEL_MM / min(grid.row_spacing_mm, grid.column_spacing_mm)))
    x = _coarse_axis(grid.origin_mm[0], grid.column_spacing_mm, grid.shape[2], step)
    y = _coarse_axis(grid.origin_mm[1], grid.row_spacing_mm, grid.shape[1], step)
    planes = np.empty((channels, *grid.shape), dtype=np.float32)
    labels = np.empty(grid.shape, dtype=np.uint8)
    painter = _Painter(scene, body, x, y, tissue_values)
    count = max(1, round(thickness_mm / PLANE_DISTANCE_MM))
    heights = thickness_mm * ((np.arange(count) + 0.5) / count - 0.5)
    for k, middle in enumerate(grid.slice_positions_mm):
        mean, seen = painter.paint(middle, heights, motion.shift_mm[k], motion.beat_mm[k])
        for c in range(channels):
            planes[c, k] = _refine(_refine(mean[c], step, grid.shape[1]).T, step, grid.shape[2]).T
        labels[k] = seen.repeat(step, 0).repeat(step, 1)[: grid.shape[1], : grid.shape[2]]
    return planes, labels


class _Painter:
    """Paints planes on one lattice, with room for the work that is made once."""

    def __init__(self, scene: Scene, body: BodyMap, x: Reals, y: Reals, tissue_values: Reals) -> None:
        self.scene, self.body, self.x, self.y = scene, body, x, y
        channels = tissue_values.shape[1] - 1
        self.tissues = np.zeros((len(tissue_values), 4), dtype=np.float32)
        self.tissues[:, :channels], self.tissues[:, 3] = tissue_values[:, :channels], tissue_values[:, -1]
        lattice = (y.size, x.size)
        self.places = np.empty((3, *lattice), dtype=np.float32)
        self.random = np.empty((5, *lattice), dtype=np.float32)
        self.scratch = np.empty((5, *lattice), dtype=np.float32)
        self.planes = np.empty((channels, *lattice), dtype=np.float32)
        self.labels = np.empty(lattice, dtype=np.uint8)
        self.air = np.array([-1000.0] if channels == 1 else [0.0] * channels, dtype=np.float32)[:, None, None]

    def paint(self, middle: float, heights: np.ndarray, shift: Reals, beats: Reals) -> tuple[Reals, NDArray[np.uint8]]:
        """Mean over the planes of one slice, and the organs in its middle."""
        total = np.zeros_like(self.planes)
        seen = self.labels
        x, y, z = self.x - shift[0], self.y - shift[1], float(middle - shift[2])
        self.body.sample(x, y, z, self.random)
        for k, height in enumerate(heights):
            self._paint_plane(x, y, z + float(height), beats[k * len(beats) // len(heights)])
            total += self.planes
            if k == len(heights) // 2:
                seen = self.labels.copy()
        total /= np.float32(len(heights))
        return total, seen

    def _paint_plane(self, x: Reals, y: Reals, z: float, beat: Reals) -> None:
        body, scene = self.body, self.scene
        frame = body.place(x, y, z, self.random, self.places)
        self.planes[:] = self.air
        self.labels[:] = 0
        kernels.paint_plane(
            scene.parts, scene.part_numbers, scene.on, scene.cuts, scene.layers, self.tissues, scene.shapes,
            scene.primitives, scene.kinds, scene.boxes, scene.knots, frame,
            (-beat / np.asarray(body.scale)).astype(np.float32), np.float32(body.slack),
            self.places, self.random[3], self.random[4], self.scratch, self.planes, self.labels,
        )  # fmt: skip


def _coarse_axis(start: float, spacing: float, count: int, step: int) -> Reals:
    """Every `step`-th pixel centre, and one beyond the last."""
    return (start + spacing * step * np.arange((count - 1) // step + 2)).astype(np.float32)


def _refine(rows: Reals, step: int, count: int) -> Reals:
    """Interpolate `count` rows from every `step`-th one."""
    if step == 1:
        return rows[:count]
    low, rest = np.divmod(np.arange(count), step)
    weight = (rest / step).astype(np.float32)[:, None]
    return np.asarray(rows[low] * (1 - weight) + rows[low + 1] * weight)


def tissue_hu(scene: Scene, calcium_hu: float, iodine_hu: float) -> Reals:
    """CT number and texture of every tissue: one channel for `paint_slices`."""
    return np.array([(t.hu(calcium_hu, iodine_hu), t.texture_hu) for t in scene.tissues], dtype=np.float32)


def tissue_amounts(scene: Scene) -> Reals:
    """Water, hydroxyapatite, iodine and texture of every tissue: three channels for `paint_slices`."""
    return np.array(
        [(t.water, t.hydroxyapatite_mg_cm3, t.iodine_mg_ml, t.texture_hu / 1000) for t in scene.tissues],
        dtype=np.float32,
    )
