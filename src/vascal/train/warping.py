"""Bend, turn, stretch and cut samples: one random field of displacements for image and labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class WarpConfig:
    """How far shapes may stray.

    Parameters
    ----------
    turn_deg
        Standard deviation of the turn about each axis: slice, row, column.
    stretch
        Standard deviation of the logarithm of the size along each axis.
    bend_mm
        Standard deviation of smooth displacements.
    bend_step_mm
        Distance between independent displacements.
    """

    turn_deg: tuple[float, float, float] = (7.0, 5.0, 5.0)
    stretch: float = 0.08
    bend_mm: float = 5.0
    bend_step_mm: float = 55.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Warp:
    """Where each voxel of a patch comes from.

    Parameters
    ----------
    places
        (slice, row, column, 3) voxel of the source: slice, row, column.
    matrix
        (3, 3) from steps in the patch to steps in the source, without the bends.
    """

    places: Tensor
    matrix: np.ndarray


def draw_warp(
    rng: np.random.Generator, config: WarpConfig, *, shape: tuple[int, int, int], spacing_mm: float, centre: np.ndarray
) -> Warp:
    """Draw where each voxel of a patch comes from.

    Parameters
    ----------
    rng
        Source of chance.
    config
        How far.
    shape
        Of the patch: slices, rows, columns.
    spacing_mm
        Of patch and source, mm.
    centre
        (3,) voxel of the source that comes to lie in the middle of the patch: slice, row, column.
    """
    import torch
    from scipy.spatial.transform import Rotation
    from torch.nn import functional

    turn = Rotation.from_euler("zyx", np.deg2rad(rng.normal(0, config.turn_deg))).as_matrix()[::-1, ::-1]
    matrix = turn @ np.diag(np.exp(rng.normal(0, config.stretch, 3)) * np.exp(rng.normal(0, config.stretch)))
    axes = [torch.arange(n, dtype=torch.float32) - (n - 1) / 2 for n in shape]
    plain = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)
    places = plain @ torch.from_numpy(np.ascontiguousarray(matrix.T)).float() + torch.from_numpy(centre).float()
    knots = [max(2, round(n * spacing_mm / config.bend_step_mm) + 1) for n in shape]
    bends = torch.from_numpy(rng.normal(0, config.bend_mm / spacing_mm, (1, 3, *knots))).float()
    smooth = functional.interpolate(bends, size=shape, mode="trilinear", align_corners=True)[0]
    return Warp(places=places + smooth.movedim(0, -1), matrix=matrix)


def pull(source: np.ndarray, places: Tensor, *, nearest: bool = False, outside: float = 0.0) -> Tensor:
    """Take values of a source at places.

    Parameters
    ----------
    source
        (slice, row, column).
    places
        (..., 3) voxels, of a `Warp`.
    nearest
        Take the nearest voxel (labels) instead of interpolating.
    outside
        Value beyond the source.

    Returns
    -------
    Tensor
        float32, the shape of `places` without its last axis.
    """
    import torch
    from torch.nn import functional

    size = torch.tensor(source.shape, dtype=torch.float32)
    unit = (2 * places / (size - 1) - 1).flip(-1)[None]
    shifted = torch.from_numpy(source.astype(np.float32) - outside)[None, None]
    mode = "nearest" if nearest else "bilinear"
    taken = functional.grid_sample(shifted, unit, mode=mode, padding_mode="zeros", align_corners=True)
    return taken[0, 0] + outside
