"""Slices in a row: order them by position and see whether they make one even axial stack.

The position along the common normal decides the order; file names and Instance
Numbers are never asked. Whatever would change a measured volume (a missing
slice, a slice given twice, a tilted gantry) is refused, with the positions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float

from vascal.calcium.single_slice import SingleSlice
from vascal.errors import GantryTiltError, GeometryError, MissingSliceError, OrientationError
from vascal.io.dicom_header import SliceHeader
from vascal.types import SliceMm
from vascal.volume import Grid, OneSliceGrid, Vector

Point = Float[np.ndarray, " 3"]
"""A direction or a place in LPS."""
StepMm = Float[np.ndarray, " step"]
"""Distances between neighbouring slices, one fewer than slices."""

AXIS_TOLERANCE = 1e-3
"""Direction cosines this close are equal: files round them, some to 4 digits."""
AXIAL_TOLERANCE_DEGREES = 5.0
"""How far the axes of an axial stack may lean."""
DUPLICATE_MM = 0.1
"""Slices closer than this are one place given twice; no CT is spaced so finely."""
EVEN_TOLERANCE_MM = 0.1
"""How far a slice may lie from its even place: headers round positions, some to 0.1 mm."""
SIDEWAYS_TOLERANCE_MM = 0.5
"""How far slices may be displaced across their normal, over the whole stack: about a pixel."""
LISTED = 6
"""Positions named in a message before "and n more"."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stack:
    """Slices ordered from the feet to the head, and the grid they make."""

    headers: tuple[SliceHeader, ...]
    grid: Grid
    notes: tuple[str, ...] = ()


def build_stack(
    headers: Sequence[SliceHeader], *, accept_uneven: bool = False, single_slice: SingleSlice | None = None
) -> Stack:
    """Order slices of one orientation, size and spacing, and place them on a grid.

    Parameters
    ----------
    headers
        Slices in any order.
    accept_uneven
        Let unequal distances between slices through, with a note.
    single_slice
        Let a slice through that stands alone; refused unless given.

    Returns
    -------
    Stack
        Slice positions within `EVEN_TOLERANCE_MM` of an even stack are put
        exactly on it, so that rounding in a header does not reach a score.

    Raises
    ------
    GeometryError
        If a slice stands alone, unless that was asked for and its thickness is
        known; or the direction cosines are not unit vectors at a right angle.
    GantryTiltError
        If slices are displaced across their normal.
    OrientationError
        If the stack is not axial.
    MissingSliceError
        If a slice is missing, given twice, or the distances are unequal.
    """
    if len(headers) < 2:
        return _stack_of_one(headers[0], single_slice)
    along_row, along_column, normal = _axes(headers)
    points = np.array([header.position_mm for header in headers], dtype=np.float64)
    positions = points @ normal
    order = np.argsort(positions, kind="stable")
    points, positions = points[order], positions[order]
    _require_straight(points, normal)
    _require_axial(along_row, along_column)
    complaint = describe_unevenness(positions)
    if complaint and (not accept_uneven or np.diff(positions).min() < DUPLICATE_MM):
        raise MissingSliceError(complaint)
    if not complaint:
        positions = np.linspace(positions[0], positions[-1], len(positions))
    ordered = tuple(headers[index] for index in order)
    grid = _grid(ordered[0], (along_row, along_column, normal), points[0], positions)
    return Stack(headers=ordered, grid=grid, notes=(f"accepted uneven slices: {complaint}",) if complaint else ())


def _stack_of_one(header: SliceHeader, asked: SingleSlice | None) -> Stack:
    if asked is None:
        raise GeometryError(
            "1 slice at this place in the series; a stack needs at least 2 "
            "(an axial slice that stands alone is measured with --single-slice)"
        )
    along_row, along_column, normal = _axes([header])
    _require_axial(along_row, along_column)
    thickness = asked.thickness_mm or header.thickness_mm
    if thickness is None:
        raise GeometryError(
            "a slice that stands alone, and no Slice Thickness in its header; needed: --slice-thickness-mm"
        )
    make = partial(OneSliceGrid, slice_thickness_mm=thickness)
    point = np.array(header.position_mm, dtype=np.float64)
    grid = _grid(header, (along_row, along_column, normal), point, np.array([point @ normal]), make)
    return Stack(headers=(header,), grid=grid)


def describe_unevenness(positions_mm: SliceMm) -> str:
    """Say in words what keeps ascending slice positions from being even; nothing if they are.

    Parameters
    ----------
    positions_mm
        Along the normal, ascending, mm.
    """
    steps = np.diff(positions_mm)
    real = steps[steps >= DUPLICATE_MM]
    if not real.size:
        return f"all {len(positions_mm)} slices lie at {positions_mm[0]:.1f} mm; needed: one slice per position"
    usual = float(np.median(real))
    if len(real) == len(steps) and _is_even(positions_mm, usual):
        return ""
    found = [*_duplicates(positions_mm, steps), *_gaps(positions_mm, steps, usual)]
    if not found:
        found = [f"distances range from {real.min():.2f} to {real.max():.2f} mm"]
    return f"slices are {usual:.2f} mm apart, but {'; '.join(found)}; needed: equal distances, each slice once"


def _is_even(positions_mm: SliceMm, usual_mm: float) -> bool:
    even = np.linspace(positions_mm[0], positions_mm[-1], len(positions_mm))
    tolerance = max(EVEN_TOLERANCE_MM, 0.01 * usual_mm)
    return bool(np.abs(positions_mm - even).max() <= min(tolerance, usual_mm / 4))


def _duplicates(positions_mm: SliceMm, steps: StepMm) -> list[str]:
    twice = positions_mm[1:][steps < DUPLICATE_MM]
    return [f"given more than once at {_listed(twice)}"] if twice.size else []


def _gaps(positions_mm: SliceMm, steps: StepMm, usual_mm: float) -> list[str]:
    missing: list[float] = []
    odd: list[float] = []
    for start, step in zip(positions_mm[:-1], steps, strict=True):
        count = round(step / usual_mm) - 1
        if step < DUPLICATE_MM or abs(step - usual_mm) <= 0.1 * usual_mm:
            continue
        if count >= 1 and abs(step - (count + 1) * usual_mm) <= 0.2 * usual_mm:
            missing.extend(float(start + usual_mm * (number + 1)) for number in range(count))
        else:
            odd.append(float(start))
    said = [f"missing at {_listed(missing)}"] if missing else []
    return [*said, f"uneven after {_listed(odd)}"] if odd else said


def _listed(positions_mm: Sequence[float] | SliceMm) -> str:
    unique = sorted({f"{position:.1f}": position for position in positions_mm}.values())
    shown = ", ".join(f"{position:.1f}" for position in unique[:LISTED])
    more = len(unique) - LISTED
    return f"{shown} mm" + (f" and {more} more" if more > 0 else "")


def _axes(headers: Sequence[SliceHeader]) -> tuple[Point, Point, Point]:
    """Give where the column index, the row index and the slice index grow, as unit vectors."""
    along_row = np.array([header.along_row for header in headers], dtype=np.float64).mean(axis=0)
    along_column = np.array([header.along_column for header in headers], dtype=np.float64).mean(axis=0)
    lengths = float(np.linalg.norm(along_row)), float(np.linalg.norm(along_column))
    if max(abs(lengths[0] - 1), abs(lengths[1] - 1), abs(float(along_row @ along_column))) > 10 * AXIS_TOLERANCE:
        raise GeometryError("the direction cosines are not unit vectors at a right angle; slices can not be placed")
    along_row, along_column = along_row / lengths[0], along_column / lengths[1]
    normal = np.cross(along_row, along_column)
    normal /= np.linalg.norm(normal)
    return along_row, along_column, -normal if normal[2] < 0 else normal


def _require_straight(points_mm: Float[np.ndarray, "slice 3"], normal: Point) -> None:
    offsets = points_mm - points_mm[0]
    along = offsets @ normal
    sideways = np.linalg.norm(offsets - along[:, None] * normal, axis=1)
    worst = int(np.argmax(sideways))
    if sideways[worst] <= SIDEWAYS_TOLERANCE_MM:
        return
    angle = math.degrees(math.atan2(sideways[worst], abs(along[worst])))
    raise GantryTiltError(
        f"slices are displaced {sideways[worst]:.1f} mm sideways over {abs(along[worst]):.1f} mm "
        f"(a tilt of about {angle:.1f} degrees); needed: slices stacked straight along their normal"
    )


def _require_axial(along_row: Point, along_column: Point) -> None:
    least = math.cos(math.radians(AXIAL_TOLERANCE_DEGREES))
    if abs(along_row[0]) >= least and abs(along_column[1]) >= least:
        return
    across = int(np.argmax(np.abs(np.cross(along_row, along_column))))
    plane = ("sagittal", "coronal", "axial but turned within the plane or oblique")[across]
    cosines = ", ".join(f"{one:.2f}" for one in (*along_row, *along_column))
    raise OrientationError(
        f"slices are {plane} (direction cosines {cosines}); needed: axial, rows and columns along "
        f"the body's axes to {AXIAL_TOLERANCE_DEGREES:g} degrees"
    )


def _grid(
    first: SliceHeader,
    axes: tuple[Point, Point, Point],
    origin: Point,
    positions_mm: SliceMm,
    make: Callable[..., Grid] = Grid,
) -> Grid:
    if first.spacing_mm is None:
        raise GeometryError("no Pixel Spacing; needed to place the pixels")
    along_row, along_column, normal = axes
    return make(
        shape=(len(positions_mm), first.rows, first.columns),
        row_spacing_mm=first.spacing_mm[0],
        column_spacing_mm=first.spacing_mm[1],
        slice_positions_mm=tuple(float(one) for one in positions_mm),
        origin_mm=_vector(origin),
        row_axis=_vector(along_column),
        column_axis=_vector(along_row),
        slice_axis=_vector(normal),
    )


def _vector(values: Point) -> Vector:
    return (float(values[0]), float(values[1]), float(values[2]))
