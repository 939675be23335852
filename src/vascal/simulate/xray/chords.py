"""Compiled loops: how long each ray runs through an ellipsoid, a tube or a vertebral body.

`geometry` is that of `Beam`. Layers of `film` are cm of water, g/cm2 of
hydroxyapatite and cm of titanium. A solid is a shell of one stuff around a core
of another, each given as (water, hydroxyapatite, titanium) per mm of ray.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from vascal.simulate.ct.compiled import compiled

Array: TypeAlias = Any
"""What numba sees as an array; shapes are in the docstrings."""
Number: TypeAlias = Any


@compiled
def _box(geometry: Array, centre: Array, reach: Array, rows: int, columns: int) -> tuple[int, int, int, int]:
    """First and last row and column that a box around a solid can reach."""
    focus, pixel, x0, y0, row0, column0 = geometry
    near, far = focus / (focus + centre[2] - reach[2]) / pixel, focus / (focus + centre[2] + reach[2]) / pixel
    left, right = centre[0] - reach[0] - x0, centre[0] + reach[0] - x0
    top, bottom = centre[1] - reach[1] - y0, centre[1] + reach[1] - y0
    c0 = max(0, int(np.floor(column0 + min(left * near, left * far))) - 1)
    c1 = min(columns, int(np.ceil(column0 + max(right * near, right * far))) + 2)
    r0 = max(0, int(np.floor(row0 + min(top * near, top * far))) - 1)
    r1 = min(rows, int(np.ceil(row0 + max(bottom * near, bottom * far))) + 2)
    return r0, r1, c0, c1


@compiled
def _chord_of_ellipsoid(turn: Array, centre: Array, semi: Array, ray: Array, focus: Number) -> Number:
    """Length, mm, of a ray inside an ellipsoid; the ray starts at the focus (0, 0, -focus) towards `ray`."""
    pp, pq, qq, length2 = -1.0, 0.0, 0.0, 0.0
    for k in range(3):
        start, along = 0.0, 0.0
        for j in range(3):
            origin = ray[j] - centre[j] if j < 2 else -focus - centre[2]
            direction = ray[2 + j]
            start += turn[j, k] * origin
            along += turn[j, k] * direction
        start, along = start / semi[k], along / semi[k]
        pp += start * start
        pq += start * along
        qq += along * along
    for j in range(3):
        length2 += ray[2 + j] * ray[2 + j]
    gap = pq * pq - qq * pp
    if gap <= 0.0:
        return 0.0
    return 2.0 * np.sqrt(gap) / qq * np.sqrt(length2)


@compiled
def add_ellipsoids(
    film: Array, geometry: Array, centres: Array, semis: Array, turns: Array, shells: Array, stuffs: Array
) -> None:
    """Add ellipsoids to a film of (3, row, column).

    `centres` and `semis` are (solid, 3), `turns` (solid, 3, 3) with the semi-axes as columns, `shells`
    (solid,) mm, and `stuffs` (solid, 2, 3): shell and core.
    """
    _, rows, columns = film.shape
    focus, pixel, x0, y0, row0, column0 = geometry
    ray, reach = np.empty(5), np.empty(3)
    for n in range(centres.shape[0]):
        for j in range(3):
            reach[j] = np.sqrt(
                (turns[n, j, 0] * semis[n, 0]) ** 2
                + (turns[n, j, 1] * semis[n, 1]) ** 2
                + (turns[n, j, 2] * semis[n, 2]) ** 2
            )
        r0, r1, c0, c1 = _box(geometry, centres[n], reach, rows, columns)
        inner = np.maximum(semis[n] - shells[n], 1e-3)
        for row in range(r0, r1):
            for column in range(c0, c1):
                ray[0], ray[1] = x0, y0
                ray[2], ray[3], ray[4] = (column - column0) * pixel, (row - row0) * pixel, focus
                outside = _chord_of_ellipsoid(turns[n], centres[n], semis[n], ray, focus)
                if outside <= 0.0:
                    continue
                inside = _chord_of_ellipsoid(turns[n], centres[n], inner, ray, focus) if shells[n] > 0 else outside
                for k in range(3):
                    film[k, row, column] += (outside - inside) * stuffs[n, 0, k] + inside * stuffs[n, 1, k]


@compiled
def _chord_of_tube(start: Array, axis: Array, length: Number, radius: Number, ray: Array, focus: Number) -> Number:
    """Length, mm, of a ray inside a straight piece of tube, cut square at both ends."""
    ox, oy, oz = ray[0] - start[0], ray[1] - start[1], -focus - start[2]
    dx, dy, dz = ray[2], ray[3], ray[4]
    o_along = ox * axis[0] + oy * axis[1] + oz * axis[2]
    d_along = dx * axis[0] + dy * axis[1] + dz * axis[2]
    px, py, pz = ox - o_along * axis[0], oy - o_along * axis[1], oz - o_along * axis[2]
    qx, qy, qz = dx - d_along * axis[0], dy - d_along * axis[1], dz - d_along * axis[2]
    qq = qx * qx + qy * qy + qz * qz
    pq = px * qx + py * qy + pz * qz
    pp = px * px + py * py + pz * pz - radius * radius
    gap = pq * pq - qq * pp
    if qq < 1e-14 * (dx * dx + dy * dy + dz * dz):
        if pp >= 0.0:
            return 0.0
        enter, leave = -1e30, 1e30  # along the tube: its ends alone bound the ray
    elif gap <= 0.0:
        return 0.0
    else:
        enter, leave = (-pq - np.sqrt(gap)) / qq, (-pq + np.sqrt(gap)) / qq
    if abs(d_along) > 1e-9:
        first, last = -o_along / d_along, (length - o_along) / d_along
        enter, leave = max(enter, min(first, last)), min(leave, max(first, last))
    elif o_along < 0.0 or o_along > length:
        return 0.0
    return max(0.0, leave - enter) * np.sqrt(dx * dx + dy * dy + dz * dz)


@compiled
def add_tubes(
    film: Array, geometry: Array, starts: Array, ends: Array, radii: Array, shells: Array, stuffs: Array
) -> None:
    """Add straight pieces of tube to a film of (3, row, column); arrays as for `add_ellipsoids`."""
    _, rows, columns = film.shape
    focus, pixel, x0, y0, row0, column0 = geometry
    ray = np.empty(5)
    for n in range(starts.shape[0]):
        axis = ends[n] - starts[n]
        length = np.sqrt((axis * axis).sum())
        if length < 1e-6:
            continue
        axis = axis / length
        centre, reach = (starts[n] + ends[n]) / 2, np.abs(ends[n] - starts[n]) / 2 + radii[n]
        r0, r1, c0, c1 = _box(geometry, centre, reach, rows, columns)
        for row in range(r0, r1):
            for column in range(c0, c1):
                ray[0], ray[1] = x0, y0
                ray[2], ray[3], ray[4] = (column - column0) * pixel, (row - row0) * pixel, focus
                outside = _chord_of_tube(starts[n], axis, length, radii[n], ray, focus)
                if outside <= 0.0:
                    continue
                inside = outside
                if shells[n] > 0.0:
                    inner = radii[n] - shells[n]
                    inside = _chord_of_tube(starts[n], axis, length, inner, ray, focus) if inner > 0.0 else 0.0
                for k in range(3):
                    film[k, row, column] += (outside - inside) * stuffs[n, 0, k] + inside * stuffs[n, 1, k]


@compiled
def _soft(distance: Number, edge: Number) -> Number:
    """Go from 0 to 1 over `edge`, centred on a distance of 0."""
    share = distance / edge + 0.5
    if share <= 0.0:
        return 0.0
    if share >= 1.0:
        return 1.0
    return share


@compiled
def add_bodies(
    mineral: Array, depth: Array, geometry: Array, centres: Array, turns: Array, shapes: Array, step_mm: Number
) -> None:
    """Add vertebral bodies, each to g/cm2 of mineral of its shell and core and to the length of its own rays.

    `mineral` is (2, row, column): shell and core, g/cm2; `depth` (body, row, column), mm. `turns` (body, 3, 3)
    has the directions to the back, to the feet and along the ray as columns. A row of `shapes` is: half depth,
    half height, half width, waist, dish above, dish below, wedge (how much lower the front is, each side, mm), lip,
    shell of the sides, of the endplates, g/cm3 of shell and core.
    """
    _, rows, columns = mineral.shape
    focus, pixel, x0, y0, row0, column0 = geometry
    edge = 0.7
    reach = np.empty(3)
    for n in range(centres.shape[0]):
        a, h, b, waist, dish_up, dish_down, wedge, lip, side, plate, hard, spongy = shapes[n]
        turn, centre = turns[n], centres[n]
        tall = h + abs(wedge) + 2.0
        for j in range(3):
            reach[j] = abs(turn[j, 0]) * (a + 1) + abs(turn[j, 1]) * tall + abs(turn[j, 2]) * (b + 1)
        r0, r1, c0, c1 = _box(geometry, centre, reach, rows, columns)
        steps = int(2 * reach[2] / step_mm) + 1
        for row in range(r0, r1):
            for column in range(c0, c1):
                u, v = (column - column0) * pixel, (row - row0) * pixel
                slant = np.sqrt(u * u + v * v + focus * focus) / focus * step_mm
                in_shell, in_core, inside = 0.0, 0.0, 0.0
                for k in range(steps):
                    z = centre[2] - reach[2] + (k + 0.5) * step_mm
                    scale = (focus + z) / focus
                    dx, dy, dz = x0 + u * scale - centre[0], y0 + v * scale - centre[1], z - centre[2]
                    p = (dx * turn[0, 0] + dy * turn[1, 0] + dz * turn[2, 0]) / a
                    q = dx * turn[0, 1] + dy * turn[1, 1] + dz * turn[2, 1]
                    r = (dx * turn[0, 2] + dy * turn[1, 2] + dz * turn[2, 2]) / b
                    if abs(q) > tall:
                        continue
                    t = q / h
                    narrow = 1.0 - waist * max(0.0, 1.0 - t * t) + lip * t * t * t * t
                    if p > 0.0:
                        p *= 1.12 - 0.10 * r * r
                    rho = np.sqrt(p * p + r * r + 0.45 * p * p * r * r) / narrow
                    if rho > 1.05:
                        continue
                    sunk = max(0.0, 1.0 - rho * rho)
                    half = h + wedge * p - (dish_up if q < 0.0 else dish_down) * sunk
                    to_side, to_plate = (1.0 - rho) * a, half - abs(q)
                    outer = min(_soft(to_side, edge), _soft(to_plate, edge))
                    if outer <= 0.0:
                        continue
                    core = min(_soft(to_side - side, edge), _soft(to_plate - plate, edge))
                    inside += outer
                    in_core += core
                    in_shell += max(0.0, outer - core)
                mineral[0, row, column] += in_shell * hard * slant * 0.1
                mineral[1, row, column] += in_core * spongy * slant * 0.1
                depth[n, row, column] = inside * slant


@compiled
def splat(layer: Array, places: Array, amounts: Array) -> None:
    """Spread amounts over the four pixels around each place: (row, column), bilinear."""
    rows, columns = layer.shape
    for n in range(places.shape[0]):
        row, column = int(np.floor(places[n, 0])), int(np.floor(places[n, 1]))
        if row < 0 or column < 0 or row >= rows - 1 or column >= columns - 1:
            continue
        down, right = places[n, 0] - row, places[n, 1] - column
        layer[row, column] += amounts[n] * (1 - down) * (1 - right)
        layer[row + 1, column] += amounts[n] * down * (1 - right)
        layer[row, column + 1] += amounts[n] * (1 - down) * right
        layer[row + 1, column + 1] += amounts[n] * down * right
