"""Compiled loops over rays and pixels: the way through the body and back.

A ray is x cos(theta) + y sin(theta) = s. In a fan of source angle beta the ray of
fan angle gamma has theta = beta + gamma and s = radius * sin(gamma); the source
stands at radius * (-sin(beta), cos(beta)).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from vascal.simulate.ct.compiled import compiled

Array: TypeAlias = Any
"""What numba sees as an array; shapes are in the docstrings."""
Number: TypeAlias = Any
ZERO, HALF, ONE = np.float32(0), np.float32(0.5), np.float32(1)


@compiled
def _inside(start: Number, step: Number, count: Number, low: Number, high: Number) -> tuple[int, int]:
    """Steps k in [0, count) for which low <= start + k * step < high."""
    first, last = 0, count
    if abs(step) < 1e-12:
        if start < low or start >= high:
            last = 0
        return first, last
    a, b = (low - start) / step, (high - start) / step
    if a > b:
        a, b = b, a
    first = max(first, int(np.ceil(a - 1e-9)))
    last = min(last, int(np.floor(b + 1e-9)) + 1)
    while first < last and not low <= start + first * step < high:
        first += 1
    while first < last and not low <= start + (last - 1) * step < high:
        last -= 1
    return first, last


@compiled
def _sum_along(
    flat: Array, width: Number, first: Number, last: Number, start: Number, step: Number, place: Array, share: Array
) -> Number:
    """Add up one value of each line of an image, interpolated inside the line.

    Two passes, because only the first can be done on many numbers at once.
    """
    at, per_step = np.float32(start + first * step), np.float32(step)
    for k in range(last - first):
        along = at + np.float32(np.int32(k)) * per_step
        left = np.int32(along)
        place[k], share[k] = np.int32((first + k) * width) + left, along - np.float32(left)
    for k in range(last - first):
        here = np.uint64(place[k])
        share[k] = flat[here] + share[k] * (flat[here + np.uint64(1)] - flat[here])
    total = ZERO
    for k in range(last - first):
        total += share[k]
    return total


@compiled
def trace(
    image: Array, turned: Array, box: Array, place_mm: Array, betas: Array, gammas: Array, radius_mm: Number, out: Array
) -> None:
    """Integrate an image along every ray of a fan (Joseph), in units of the image times cm.

    `turned` is the transposed image; `box` is first row, last row, first column
    and last column (exclusive) of what is not zero; one pixel around it must exist.
    `place_mm` is x and y of the first pixel from the centre of rotation and the pixel's side.
    """
    rows, columns = image.shape
    x0, y0, pixel_mm = place_mm
    row0, row1, column0, column1 = box
    flat, flat_turned = image.ravel(), turned.ravel()
    place = np.empty(max(rows, columns), dtype=np.uint32)
    share = np.empty(max(rows, columns), dtype=np.float32)
    fan_cosine, fan_sine = np.cos(gammas), np.sin(gammas)
    for v in range(betas.size):
        tube_cosine, tube_sine = np.cos(betas[v]), np.sin(betas[v])
        for d in range(gammas.size):
            s = radius_mm * fan_sine[d]
            cosine = tube_cosine * fan_cosine[d] - tube_sine * fan_sine[d]
            sine = tube_sine * fan_cosine[d] + tube_cosine * fan_sine[d]
            if abs(cosine) >= abs(sine):
                step = -sine / cosine
                start = ((s - y0 * sine) / cosine - x0) / pixel_mm
                first, last = _inside(start + row0 * step, step, row1 - row0, column0 - 1.0, column1 + 0.0)
                total = _sum_along(flat, columns, first + row0, last + row0, start, step, place, share)
                out[v, d] += total * np.float32(pixel_mm / abs(cosine) / 10)
            else:
                step = -cosine / sine
                start = ((s - x0 * cosine) / sine - y0) / pixel_mm
                first, last = _inside(start + column0 * step, step, column1 - column0, row0 - 1.0, row1 + 0.0)
                total = _sum_along(flat_turned, rows, first + column0, last + column0, start, step, place, share)
                out[v, d] += total * np.float32(pixel_mm / abs(sine) / 10)


@compiled
def splat(
    positions: Array, mg_per_mm: Array, betas: Array, radius_mm: Number, gamma0: Number, dgamma: Number, out: Array
) -> None:
    """Add points to the rays of each view, each split linearly between two detectors.

    `positions` is (view, point, 2) and `mg_per_mm` is (view, point); a leading 1
    stands for every view.
    """
    detectors = out.shape[1]
    for v in range(betas.size):
        vp, vm = min(v, positions.shape[0] - 1), min(v, mg_per_mm.shape[0] - 1)
        cosine, sine = np.cos(betas[v]), np.sin(betas[v])
        for n in range(positions.shape[1]):
            x, y = positions[vp, n, 0], positions[vp, n, 1]
            across, away = x * cosine + y * sine, radius_mm + x * sine - y * cosine
            place = (np.arctan2(across, away) - gamma0) / dgamma
            left = int(np.floor(place))
            part = place - left
            # mg/mm over the width of a ray there is mg/mm2; 1 mg/mm2 is 100 mg/cm3 times cm.
            line = 100 * mg_per_mm[vm, n] / (np.sqrt(across * across + away * away) * dgamma)
            if 0 <= left < detectors:
                out[v, left] += np.float32(line * (1 - part))
            if 0 <= left + 1 < detectors:
                out[v, left + 1] += np.float32(line * part)


@compiled
def detect(
    lines: Array,
    beam: Array,
    photons: Array,
    electronic: Number,
    noise: Array,
    polynomial: Array,
    limit: Number,
    out: Array,
) -> None:
    """Turn lines of three bases into water paths as a scanner believes them, cm.

    `beam` is signal, energy and bases by bin; `photons` is what each detector would
    count in air; `noise` is one standard normal number for each ray, or nothing;
    `polynomial` is the way from minus the logarithm of the signal to cm of water,
    up to `limit`.
    """
    signal, energy, bases = beam
    per_photon = ZERO
    for e in range(signal.size):
        per_photon += signal[e] / energy[e]
    views, detectors = out.shape
    for v in range(views):
        for d in range(detectors):
            water, mineral, iodine = lines[0, v, d], lines[1, v, d], lines[2, v, d]
            through, square = ZERO, ZERO
            for e in range(signal.size):
                left = signal[e] * np.exp(-water * bases[0, e] - mineral * bases[1, e] - iodine * bases[2, e])
                through += left
                square += left * energy[e]
            if noise.size:
                counted = photons[d]
                variance = square * per_photon / counted + (electronic / counted) ** 2
                # A detector's log amplifier never sees less than a fifth of a photon.
                through = max(through + np.sqrt(variance) * noise[v, d], np.float32(0.2) / counted)
            p = -np.log(through)
            inside = min(p, limit)
            path, slope = ZERO, ZERO
            for k in range(polynomial.size - 1, -1, -1):
                slope = slope * inside + path
                path = path * inside + polynomial[k]
            out[v, d] = path + slope * (p - inside)


@compiled
def _keys(x: Number) -> tuple[Number, Number, Number, Number]:
    """Cubic interpolation (Keys 1981): four weights around a place between two samples."""
    a = ((-HALF * x + ONE) * x - HALF) * x
    b = (np.float32(1.5) * x - np.float32(2.5)) * x * x + ONE
    c = ((np.float32(-1.5) * x + np.float32(2)) * x + HALF) * x
    return a, b, c, ONE - a - b - c


@compiled
def rebin(
    fan: Array,
    weights: Array,
    sweep: Array,
    detectors: Array,
    thetas: Array,
    positions: Array,
    total: Array,
    weight: Array,
) -> None:
    """Add the views of one sweep to parallel rays; `total` over `weight` is their value.

    Every parallel ray is looked for once from either side, and once more for each
    further turn of the sweep. `sweep` is first angle, step and number of turns;
    `detectors` is first fan angle, step and radius of the source's circle, mm.
    """
    start, step, turns = sweep
    gamma0, dgamma, radius_mm = detectors
    views, last = fan.shape[0], fan.shape[1] - 3
    full = 2 * np.pi
    for t in range(thetas.size):
        for side in range(2):
            for n in range(positions.size):
                s = positions[n] if side == 0 else -positions[n]
                gamma = np.arcsin(s / radius_mm)
                beta = (thetas[t] + side * np.pi - gamma - start) % full
                for _ in range(turns):
                    i, j = beta / step, (gamma - gamma0) / dgamma
                    beta += full
                    i0, j0 = int(np.floor(i)), int(np.floor(j))
                    if i0 < 0 or i0 > views - 2 or j0 < 1 or j0 > last:
                        continue
                    down, right = np.float32(i - i0), np.float32(j - j0)
                    u = weights[i0] + down * (weights[i0 + 1] - weights[i0])
                    a, b, c, d = _keys(right)
                    value = ZERO
                    rows = _keys(down)
                    if i0 == 0 or i0 == views - 2:
                        rows = (ZERO, ONE - down, down, ZERO)
                    for k in range(4):
                        if rows[k] != ZERO:
                            r = fan[i0 - 1 + k]
                            value += rows[k] * (a * r[j0 - 1] + b * r[j0] + c * r[j0 + 1] + d * r[j0 + 2])
                    total[t, n] += u * value
                    weight[t, n] += u


@compiled
def back_project(filtered: Array, thetas: Array, s0: Number, ds: Number, x: Array, y: Array, image: Array) -> None:
    """Smear filtered parallel views back over an image; every pixel must lie inside them."""
    dx = (x[1] - x[0]) / ds
    place = np.empty(x.size, dtype=np.uint32)
    share = np.empty(x.size, dtype=np.float32)
    for t in range(thetas.size):
        cosine, sine = np.cos(thetas[t]), np.sin(thetas[t])
        q = filtered[t]
        step = np.float32(dx * cosine)
        for i in range(y.size):
            start = np.float32((x[0] * cosine + y[i] * sine - s0) / ds)
            line = image[i]
            # Two passes, because only the first can be done on many numbers at once.
            for j in range(x.size):
                along = start + np.float32(np.int32(j)) * step
                left = np.int32(along)
                place[j], share[j] = left, along - np.float32(left)
            for j in range(x.size):
                here = np.uint64(place[j])
                line[j] += q[here] + share[j] * (q[here + np.uint64(1)] - q[here])
