"""Grad-CAM: which parts of a film a total rests on, and how much of that lies on the aorta."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from vascal.errors import GridMismatchError

if TYPE_CHECKING:
    from torch import Tensor, nn


def grad_cam(network: nn.Module, image: Tensor, part: str) -> Float[np.ndarray, "row column"]:
    """Map what raises a network's answer for one film.

    Parameters
    ----------
    network
        Gives one number for each film.
    image
        (1, 1, row, column), as the network takes it.
    part
        Name of the part whose output is weighed: the last with places, see `LAST_MAPS`.

    Returns
    -------
    numpy.ndarray
        (row, column), on the film's pixels, from 0 up; all 0 where nothing raises the answer.

    References
    ----------
    Selvaraju et al., ICCV 2017, doi:10.1109/ICCV.2017.74.
    """
    import torch
    from torch.nn import functional

    kept: list[Tensor] = []
    hook = network.get_submodule(part).register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    network.eval()
    try:
        answer = network(image)
    finally:
        hook.remove()
    maps = kept[-1]
    (slope,) = torch.autograd.grad(answer.sum(), maps)
    weighed = (slope.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1, keepdim=True).relu()
    full = functional.interpolate(weighed, size=image.shape[2:], mode="bilinear", align_corners=False)
    return full[0, 0].detach().numpy().astype(np.float64)


def mass_share(
    cam: Float[np.ndarray, "row column"], mask: Bool[np.ndarray, "height width"], *, reach: float = 0.0
) -> float:
    """Share of a map that lies on, or near, a mask.

    Parameters
    ----------
    cam
        (row, column), from 0 up.
    mask
        (row, column): the aortic walls.
    reach
        Pixels around the mask that count as on it: a cell of the last maps covers 32.

    Returns
    -------
    float
        0 to 1; not a number where the map is 0 all over.

    Raises
    ------
    GridMismatchError
        If map and mask differ in size.
    """
    near = _grow(cam, mask, reach)
    whole = float(cam.sum())
    return float(cam[near].sum()) / whole if whole > 0 else float("nan")


def is_peak_on(
    cam: Float[np.ndarray, "row column"], mask: Bool[np.ndarray, "height width"], *, reach: float = 0.0
) -> bool:
    """Tell whether the largest value of a map lies on, or near, a mask; arguments and errors as for `mass_share`."""
    near = _grow(cam, mask, reach)
    return bool(near.flat[int(np.argmax(cam))]) and float(cam.max()) > 0


def _grow(cam: np.ndarray, mask: np.ndarray, reach: float) -> np.ndarray:
    from scipy import ndimage

    if cam.shape != mask.shape:
        raise GridMismatchError(f"the map has {cam.shape} pixels and the mask {mask.shape}; needed: the same")
    if not reach or not mask.any():
        return mask
    return np.asarray(ndimage.distance_transform_edt(~mask) <= reach)
