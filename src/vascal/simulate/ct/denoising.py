"""Denoised images, as iterative and deep-learning reconstruction make them.

Both are stood in for by diffusion that stops at edges (Perona and Malik, IEEE
Trans Pattern Anal Mach Intell 1990;12:629, doi:10.1109/34.56205), on the image.
What matters for calcium is kept: noise falls, edges well above the noise stay,
noise that remains is coarser, and small faint things are lost first. No vendor's
method is copied.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vascal.errors import SimulationError
from vascal.simulate.ct.compiled import compiled
from vascal.simulate.ct.scanner import Planes
from vascal.volume import Grid

DenoisingKind = Literal["none", "iterative", "deep"]
ITERATIVE_ROUNDS, DEEP_ROUNDS = 10, 16
ITERATIVE_EDGE, DEEP_EDGE = 0.9, 1.4
"""Difference between neighbours at which smoothing is quartered, relative to the noise."""
ROUND_LENGTH = 0.24
"""Share of a difference that one round evens out; above 0.25 diffusion would overshoot."""
DEEP_SHARE = 0.85
"""Share of what the deep smoothing removes that is left out at full strength."""


def denoise(hu: Planes, grid: Grid, kind: DenoisingKind, *, strength: float, noise_sd_hu: float) -> Planes:
    """Denoise a reconstructed image.

    Parameters
    ----------
    hu
        (slice, row, column), HU; is not changed.
    grid
        Where its voxels lie; slices count less as neighbours the farther apart they are.
    kind
        ``iterative``: noise falls by up to about half. ``deep``: by up to about three quarters; what is left is
        coarse, and small things of low contrast fade. ``none``: nothing happens.
    strength
        0, which changes nothing, to 1.
    noise_sd_hu
        Standard deviation of the noise in the image, HU: what is taken for an edge scales with it.

    Returns
    -------
    array
        Same shape. The mean over the whole image is kept.

    Raises
    ------
    SimulationError
        If strength is outside 0 to 1, noise is negative, or shapes differ.
    """
    if hu.shape != grid.shape:
        raise SimulationError(f"an image of shape {hu.shape} on a grid of {grid.shape}")
    if not 0 <= strength <= 1 or noise_sd_hu < 0:
        raise SimulationError(
            f"strength lies from 0 to 1 and noise is not negative; found {strength:g}, {noise_sd_hu:g}"
        )
    if kind == "none" or strength == 0 or noise_sd_hu == 0:
        return hu.copy()
    if kind == "iterative":
        return _diffuse(hu, grid, ITERATIVE_EDGE * noise_sd_hu, ROUND_LENGTH * strength, ITERATIVE_ROUNDS)
    smooth = _diffuse(hu, grid, DEEP_EDGE * noise_sd_hu, ROUND_LENGTH, DEEP_ROUNDS)
    smooth -= hu
    smooth *= np.float32(DEEP_SHARE * strength)
    smooth += hu
    return smooth


def _diffuse(hu: Planes, grid: Grid, edge_hu: float, length: float, rounds: int) -> Planes:
    pixel = np.sqrt(grid.pixel_area_mm2)
    between_slices = np.float32(min((pixel / grid.spacing_between_slices_mm) ** 2, 1.0))
    now, after = hu.copy(), np.empty_like(hu)
    # Each slice has up to two more neighbours, so that each of them gets less.
    share = np.float32(length / (1 + between_slices / 2))
    for _ in range(rounds):
        diffuse_once(now, after, np.float32(1 / edge_hu**2), share, between_slices)
        now, after = after, now
    return now


@compiled
def diffuse_once(
    hu: NDArray[np.float32],
    out: NDArray[np.float32],
    per_square: np.float32,
    share: np.float32,
    between_slices: np.float32,
) -> None:
    """Let every voxel move towards its six neighbours, less the more it differs from them."""
    slices, rows, columns = hu.shape
    one = np.float32(1)
    for k in range(slices):
        below, above = max(k - 1, 0), min(k + 1, slices - 1)
        for i in range(rows):
            up, down = max(i - 1, 0), min(i + 1, rows - 1)
            row = hu[k, i]
            row_up, row_down = hu[k, up], hu[k, down]
            row_below, row_above = hu[below, i], hu[above, i]
            target = out[k, i]
            for j in range(1, columns - 1):
                here = row[j]
                a, b, c, d = row[j - 1] - here, row[j + 1] - here, row_up[j] - here, row_down[j] - here
                e, f = row_below[j] - here, row_above[j] - here
                ga, gb, gc, gd = (
                    one + a * a * per_square,
                    one + b * b * per_square,
                    one + c * c * per_square,
                    one + d * d * per_square,
                )
                ge, gf = one + e * e * per_square, one + f * f * per_square
                plane = a / (ga * ga) + b / (gb * gb) + c / (gc * gc) + d / (gd * gd)
                target[j] = here + share * (plane + between_slices * (e / (ge * ge) + f / (gf * gf)))
            for j in (0, columns - 1):
                here = row[j]
                beside = row[1] if j == 0 else row[columns - 2]
                b, c, d = beside - here, row_up[j] - here, row_down[j] - here
                e, f = row_below[j] - here, row_above[j] - here
                gb, gc, gd = one + b * b * per_square, one + c * c * per_square, one + d * d * per_square
                ge, gf = one + e * e * per_square, one + f * f * per_square
                plane = b / (gb * gb) + c / (gc * gc) + d / (gd * gd)
                target[j] = here + share * (plane + between_slices * (e / (ge * ge) + f / (gf * gf)))
