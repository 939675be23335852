"""What trained networks say of films: totals of regions, and maps of vertebral bodies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Float32, UInt8

from vascal.aac.film_region import VertebraMap, name_vertebrae
from vascal.errors import ModelError
from vascal.models.runtime import Network, load_network
from vascal.train.film_task import as_input, standardise

if TYPE_CHECKING:
    from torch import Tensor, nn

TOTALS, MAPS = "film-totals", "film-vertebrae"


def predict_totals(
    model: nn.Module | Network | Path, images: UInt8[np.ndarray, "film row column"], *, batch: int = 8
) -> Float[np.ndarray, " film"]:
    """Give the AAC-24 total of each film.

    Parameters
    ----------
    model
        The network itself, its ONNX file loaded, or the folder of its training.
    images
        (film, row, column): regions as samples keep them, the patient looking to the left.
    batch
        Films at a time.

    Returns
    -------
    numpy.ndarray
        (film,): as the network gives them, neither rounded nor kept to 0 to 24.

    Raises
    ------
    ModelError
        If the folder holds no such model.
    """
    ask = load_network(TOTALS, model) if isinstance(model, Path) else model
    inputs = [as_input(image.astype(np.float32) / np.float32(255)) for image in images]
    answers = [_ask(ask, np.stack(inputs[start : start + batch])) for start in range(0, len(inputs), batch)]
    return np.concatenate([np.zeros(0), *answers]).astype(np.float64)


def _ask(network: nn.Module | Network, image: np.ndarray) -> np.ndarray:
    if isinstance(network, Network):
        return network.run(image=image)[0]
    import torch

    device = next(network.parameters()).device
    network.eval()
    with torch.inference_mode():
        return np.asarray(network(torch.from_numpy(image).to(device)).cpu().numpy())


def predict_vertebrae(folders: Sequence[Path], brightness: Float32[np.ndarray, "row column"]) -> VertebraMap:
    """Map the vertebral bodies of a film by the mean of several networks, such as five folds.

    Parameters
    ----------
    folders
        Of trained `film-vertebrae` networks.
    brightness
        (row, column), 0 to 1, at the pixel size of the training.

    Returns
    -------
    numpy.ndarray
        (row, column): 0, or 1 to 7 for `VERTEBRAE`.

    Raises
    ------
    ModelError
        If a folder holds no such model, or they tell other vertebrae apart.

    Notes
    -----
    Windows of the training's size overlap by half and are weighed by a Gaussian, as nnU-Net does.
    """
    networks = [load_network(MAPS, folder) for folder in folders]
    names = {tuple(network.entry.settings["names"]) for network in networks}
    if len(names) != 1:
        raise ModelError("the networks that map vertebrae tell other ones apart; needed: folds of one training")
    image = standardise(brightness)[None]
    mean = sum(_slide(network, image) for network in networks)
    return name_vertebrae(np.asarray(mean).argmax(0), names.pop())


def _slide(network: Network, image: Float32[np.ndarray, "1 1 row column"]) -> np.ndarray:
    """Probability of each class, (class, row, column)."""
    import torch
    from monai.inferers import sliding_window_inference

    def ask(window: Tensor) -> Tensor:
        return torch.from_numpy(network.run(image=window.numpy())[0]).softmax(1)

    patch = tuple(network.entry.settings["patch"])
    found = sliding_window_inference(
        torch.from_numpy(image), patch, 1, ask, overlap=0.5, mode="gaussian", padding_mode="constant"
    )
    return np.asarray(found[0].numpy())
