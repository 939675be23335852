"""Compiled loops that paint shapes into one axial plane.

Planes are flat arrays, pixel `i * columns + j`; every number is 32 bits and the
innermost loop runs along a row with an unsigned index, so that a processor
works on many pixels at once. `area` is first row, last row, first column, last
column (each last one excluded) and the number of columns of the plane.
"""

from __future__ import annotations

import numpy as np

from vascal.simulate.ct.compiled import compiled

ELLIPSOID, SEGMENT, TRUNK = 0, 1, 2
FAR = np.float32(1e3)
ZERO, HALF, ONE, QUARTER = np.float32(0), np.float32(0.5), np.float32(1), np.float32(0.25)
TINY = np.float32(1e-9)
BEND_PER_MM = np.float32(0.12)
"""How much more bending changes, at most, for each mm away."""


@compiled
def sample_tile(tile, x, y, spacing, out):
    """Interpolate a periodic square tile of random numbers at every pixel."""
    size = tile.shape[0]
    left = np.empty(x.size, dtype=np.int64)
    share = np.empty(x.size, dtype=np.float32)
    for j in range(x.size):
        u = x[j] / spacing
        low = np.floor(u)
        left[j] = int(low) % size
        share[j] = np.float32(u - low)
    line = np.empty(size + 1, dtype=np.float32)
    for i in range(y.size):
        v = y[i] / spacing
        low = np.floor(v)
        fy = np.float32(v - low)
        i0 = int(low) % size
        i1 = (i0 + 1) % size
        for k in range(size):
            line[k] = tile[i0, k] + fy * (tile[i1, k] - tile[i0, k])
        line[size] = line[0]
        row = out[i]
        for j in range(row.size):
            a = line[left[j]]
            row[j] = a + share[j] * (line[left[j] + 1] - a)


@compiled
def _ellipsoid_area(p, x, y, z, out, area):
    """First-order distance: value over gradient of the quadratic form."""
    cx, cy, cz = p[0], p[1], p[2]
    a0, a1, a2, b0, b1, b2, c0, c1, c2 = p[3], p[4], p[5], p[6], p[7], p[8], p[9], p[10], p[11]
    wa, wb, wc = p[12], p[13], p[14]
    for i in range(area[0], area[1]):
        start = i * area[4]
        for j in range(np.uint64(start + area[2]), np.uint64(start + area[3])):
            dx, dy, dz = x[j] - cx, y[j] - cy, z[j] - cz
            a = a0 * dx + a1 * dy + a2 * dz
            b = b0 * dx + b1 * dy + b2 * dz
            c = c0 * dx + c1 * dy + c2 * dz
            a, b, c = a * a, b * b, c * c
            value = a + b + c
            slope = a * wa + b * wb + c * wc + TINY
            here = (np.sqrt(value) - ONE) * np.sqrt(value / slope)
            out[j] = here if here < out[j] else out[j]


@compiled
def _segment_area(p, x, y, z, out, area):
    """Distance to a capsule whose radius changes along the way."""
    sx, sy, sz, wx, wy, wz, inverse, radius, growth = p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8]
    for i in range(area[0], area[1]):
        start = i * area[4]
        for j in range(np.uint64(start + area[2]), np.uint64(start + area[3])):
            dx, dy, dz = x[j] - sx, y[j] - sy, z[j] - sz
            along = (dx * wx + dy * wy + dz * wz) * inverse
            along = along if along > ZERO else ZERO
            along = along if along < ONE else ONE
            dx, dy, dz = dx - along * wx, dy - along * wy, dz - along * wz
            here = np.sqrt(dx * dx + dy * dy + dz * dz) - (radius + along * growth)
            out[j] = here if here < out[j] else out[j]


@compiled
def _trunk_area(p, piece, x, y, z, out, area):
    """Distance linearised at the surface, with the smaller half axis as scale."""
    roundness = p[0]
    z0, w0, dw, d0, dd, x0, dx, y0, dy = (
        piece[0], piece[1], piece[2], piece[3], piece[4], piece[5], piece[6], piece[7], piece[8],
    )  # fmt: skip
    low, high = piece[9], piece[10]
    scale = ONE / roundness
    quartic, cubic, half = roundness > np.float32(3.5), roundness > np.float32(2.75), roundness > np.float32(2.25)
    for i in range(area[0], area[1]):
        start = i * area[4]
        for j in range(np.uint64(start + area[2]), np.uint64(start + area[3])):
            t = z[j] - z0
            width, depth = w0 + t * dw, d0 + t * dd
            u, v = abs(x[j] - x0 - t * dx) / width, abs(y[j] - y0 - t * dy) / depth
            a, b = u * u, v * v
            if quartic:
                a, b = a * a, b * b
            elif cubic:
                a, b = a * u, b * v
            elif half:
                a, b = a * np.sqrt(u), b * np.sqrt(v)
            smaller = width if width < depth else depth
            here = (a + b - ONE) * smaller * scale
            below, above = low - z[j], z[j] - high
            here = here if here > below else below
            here = here if here > above else above
            out[j] = here if here < out[j] else out[j]


@compiled
def _piece(p, knots, z, piece):
    """The stretch of a trunk around a height, as values and slopes."""
    first, count = int(p[1]), int(p[2])
    last = first + count - 1
    k = first
    while k < last - 1 and knots[k + 1, 0] < z:
        k += 1
    inverse = ONE / (knots[k + 1, 0] - knots[k, 0])
    piece[0] = knots[k, 0]
    for n in range(4):
        piece[1 + 2 * n] = knots[k, 1 + n]
        piece[2 + 2 * n] = (knots[k + 1, 1 + n] - knots[k, 1 + n]) * inverse
    piece[9], piece[10] = knots[first, 0], knots[last, 0]


@compiled
def _nearest(kind, p, piece, x, y, z, out, area):
    """Lower `out` to the distance from one primitive."""
    if kind == ELLIPSOID:
        _ellipsoid_area(p, x, y, z, out, area)
    elif kind == SEGMENT:
        _segment_area(p, x, y, z, out, area)
    else:
        _trunk_area(p, piece, x, y, z, out, area)


@compiled
def _fill_area(values, value, area):
    for i in range(area[0], area[1]):
        start = i * area[4]
        for j in range(np.uint64(start + area[2]), np.uint64(start + area[3])):
            values[j] = value


@compiled
def _window(low, high, start, step, count):
    first = int(np.floor((low - start) / step))
    last = int(np.ceil((high - start) / step)) + 1
    return max(first, 0), min(last, count)


@compiled
def _locate(box, beat, frame, places, room, slack, window):
    """Find the pixels that a primitive can reach in this plane; False if there are none.

    The bend at the middle of its box moves the box; only what the bend changes
    inside the box has to be allowed for.
    """
    x0, dx, y0, dy, z0 = frame[0], frame[1], frame[2], frame[3], frame[4]
    if z0 + beat[2] < box[4] - room - slack or z0 + beat[2] > box[5] + room + slack:
        return False
    rows, columns = places.shape[1], places.shape[2]
    i = min(max(int((HALF * (box[2] + box[3]) - beat[1] - y0) / dy), 0), rows - 1)
    j = min(max(int((HALF * (box[0] + box[1]) - beat[0] - x0) / dx), 0), columns - 1)
    bx = places[0, i, j] - (x0 + dx * np.float32(j)) + beat[0]
    by = places[1, i, j] - (y0 + dy * np.float32(i)) + beat[1]
    bz = places[2, i, j] - z0 + beat[2]
    size = max(box[1] - box[0], box[3] - box[2], box[5] - box[4])
    edge = room + min(slack, np.float32(0.4) + BEND_PER_MM * HALF * size)
    if z0 + bz < box[4] - edge or z0 + bz > box[5] + edge:
        return False
    window[0], window[1] = _window(box[2] - by - edge, box[3] - by + edge, y0, dy, rows)
    window[2], window[3] = _window(box[0] - bx - edge, box[1] - bx + edge, x0, dx, columns)
    return window[0] < window[1] and window[2] < window[3]


@compiled
def _join_area(first, second, fillet, area):
    """Polynomial smooth minimum of two distances, into the first."""
    scale = QUARTER / max(fillet, TINY)
    for i in range(area[0], area[1]):
        start = i * area[4]
        for j in range(np.uint64(start + area[2]), np.uint64(start + area[3])):
            a, b = first[j], second[j]
            lack = fillet - abs(a - b)
            lack = lack if lack > ZERO else ZERO
            least = a if a < b else b
            first[j] = least - lack * lack * scale


@compiled
def _cover_area(depth, offset, inverse, value, target, area):
    """Blend one tissue into one channel; an edge takes one pixel."""
    for i in range(area[0], area[1]):
        start = i * area[4]
        for j in range(np.uint64(start + area[2]), np.uint64(start + area[3])):
            share = HALF - (depth[j] + offset) * inverse
            share = share if share > ZERO else ZERO
            share = share if share < ONE else ONE
            target[j] += share * (value - target[j])


@compiled
def _grain_area(depth, offset, inverse, value, grain, fine, target, area):
    """Blend a grainy tissue into the first channel."""
    for i in range(area[0], area[1]):
        start = i * area[4]
        for j in range(np.uint64(start + area[2]), np.uint64(start + area[3])):
            share = HALF - (depth[j] + offset) * inverse
            share = share if share > ZERO else ZERO
            share = share if share < ONE else ONE
            target[j] += share * (value + grain * fine[j] - target[j])


@compiled
def _forbid_area(depth, on, labels, area):
    """Push the surface away where a part must not lie."""
    for i in range(area[0], area[1]):
        start = i * area[4]
        for j in range(np.uint64(start + area[2]), np.uint64(start + area[3])):
            if not on[labels[j]]:
                depth[j] = FAR


@compiled
def _mark_area(depth, label, labels, area):
    for i in range(area[0], area[1]):
        start = i * area[4]
        for j in range(np.uint64(start + area[2]), np.uint64(start + area[3])):
            if depth[j] < ZERO:
                labels[j] = label


@compiled
def _finish_area(depth, wobble, margin, coarse, area):
    for i in range(area[0], area[1]):
        start = i * area[4]
        for j in range(np.uint64(start + area[2]), np.uint64(start + area[3])):
            depth[j] += wobble * coarse[j] - margin


@compiled
def _cut_area(cut, x, y, z, depth, area):
    nx, ny, nz, offset = cut[0], cut[1], cut[2], cut[3]
    for i in range(area[0], area[1]):
        start = i * area[4]
        for j in range(np.uint64(start + area[2]), np.uint64(start + area[3])):
            side = nx * x[j] + ny * y[j] + nz * z[j] - offset
            depth[j] = side if side > depth[j] else depth[j]


@compiled
def _shift_area(source, by, out, area):
    for i in range(area[0], area[1]):
        start = i * area[4]
        for j in range(np.uint64(start + area[2]), np.uint64(start + area[3])):
            out[j] = source[j] + by


@compiled
def _find_areas(prims, frame, here, places, room, slack, areas, pieces):
    """Find the pixels of each primitive of a part; give the pixels of them all."""
    first, last, boxes, primitives, kinds, knots = prims
    rows, columns = places.shape[1], places.shape[2]
    r0, r1, c0, c1 = rows, 0, columns, 0
    for q in range(first, last):
        if _locate(boxes[q], here, frame, places, room, slack, areas[q]):
            r0, r1 = min(r0, areas[q, 0]), max(r1, areas[q, 1])
            c0, c1 = min(c0, areas[q, 2]), max(c1, areas[q, 3])
            if kinds[q] == TRUNK:
                _piece(primitives[q], knots, frame[4] + here[2], pieces[q])
        else:
            areas[q, 1] = -1
    return r0, r1, c0, c1, columns


@compiled
def _measure(prims, shapes, fillet, where, areas, pieces, best, other, area):
    """Distance to the membrane over all shapes of a part."""
    _, _, _, primitives, kinds, _ = prims
    x, y, z = where
    _fill_area(best, FAR, area)
    for s in range(shapes.shape[0]):
        target = best if s == 0 else other
        if s > 0:
            _fill_area(other, FAR, area)
        for q in range(shapes[s, 0], shapes[s, 0] + shapes[s, 1]):
            if areas[q, 1] >= 0:
                mine = (areas[q, 0], areas[q, 1], areas[q, 2], areas[q, 3], area[4])
                _nearest(kinds[q], primitives[q], pieces[q], x, y, z, target, mine)
        if s > 0:
            _join_area(best, other, fillet, area)


@compiled
def _cover(best, layers, tissues, inverse, fine, planes, area):
    """Blend all layers of a part into all channels."""
    for k in range(layers.shape[0]):
        tissue = tissues[int(layers[k, 1])]
        _grain_area(best, layers[k, 0], inverse, tissue[0], tissue[3], fine, planes[0].ravel(), area)
        for c in range(1, planes.shape[0]):
            _cover_area(best, layers[k, 0], inverse, tissue[c], planes[c].ravel(), area)


@compiled
def paint_plane(
    parts, part_numbers, on, cuts, layers, tissues, shapes, primitives, kinds, boxes, knots,
    frame, beat, slack, places, coarse, fine, scratch, planes, labels,
):  # fmt: skip
    """Paint all parts into one plane, each over the ones before it.

    `places` says where each pixel lies in the average body; `frame` is x0, dx, y0,
    dy and z of the plane without its bends, `slack` how far a pixel strays from
    that; `beat` is what is added to a place to find it in the heart at rest.
    """
    still = np.zeros(3, dtype=np.float32)
    areas = np.empty((boxes.shape[0], 4), dtype=np.int64)
    pieces = np.empty((boxes.shape[0], 11), dtype=np.float32)
    resting = (places[0].ravel(), places[1].ravel(), places[2].ravel())
    moved = (scratch[2].ravel(), scratch[3].ravel(), scratch[4].ravel())
    best, other = scratch[0].ravel(), scratch[1].ravel()
    coarse, fine, labels = coarse.ravel(), fine.ravel(), labels.ravel()
    for n in range(parts.shape[0]):
        shape_first, shape_count, layer_first, layer_count, cut_first, cut_count, label, has_on, beats = parts[n]
        fillet, margin, wobble, outset = part_numbers[n]
        mine = shapes[shape_first : shape_first + shape_count]
        prims = (mine[0, 0], mine[-1, 0] + mine[-1, 1], boxes, primitives, kinds, knots)
        room = fillet + max(margin, ZERO) + wobble * np.float32(3) + outset + frame[1]
        area = _find_areas(prims, frame, beat if beats else still, places, room, slack, areas, pieces)
        if area[0] >= area[1]:
            continue
        where = resting
        if beats:
            for axis in range(3):
                _shift_area(resting[axis], beat[axis], moved[axis], area)
            where = moved
        _measure(prims, mine, fillet, where, areas, pieces, best, other, area)
        if wobble != ZERO or margin != ZERO:
            _finish_area(best, wobble, margin, coarse, area)
        for k in range(cut_first, cut_first + cut_count):
            _cut_area(cuts[k], where[0], where[1], where[2], best, area)
        if has_on:
            _forbid_area(best, on[n], labels, area)
        _cover(best, layers[layer_first : layer_first + layer_count], tissues, ONE / frame[1], fine, planes, area)
        if label >= 0:
            _mark_area(best, label, labels, area)


@compiled
def distance_at(part, numbers, cuts, shapes, primitives, kinds, knots, points, out):
    """Distance from (3, point) places to one solid."""
    fillet, margin = numbers[0], numbers[1]
    x, y, z = points[0], points[1], points[2]
    everything = (0, 1, 0, out.size, out.size)
    other = np.empty_like(out)
    piece = np.empty(11, dtype=np.float32)
    _fill_area(out, FAR, everything)
    for s in range(part[0], part[0] + part[1]):
        _fill_area(other, FAR, everything)
        for q in range(shapes[s, 0], shapes[s, 0] + shapes[s, 1]):
            if kinds[q] == TRUNK:
                for n in range(out.size):
                    _piece(primitives[q], knots, z[n], piece)
                    _nearest(kinds[q], primitives[q], piece, x, y, z, other, (0, 1, n, n + 1, out.size))
            else:
                _nearest(kinds[q], primitives[q], piece, x, y, z, other, everything)
        _join_area(out, other, fillet, everything)
    _finish_area(out, ZERO, margin, other, everything)
    for k in range(part[4], part[4] + part[5]):
        _cut_area(cuts[k], x, y, z, out, everything)
