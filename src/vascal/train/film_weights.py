"""Weights learned on ImageNet, from a file that the user has, put into a network for films."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vascal.errors import TrainingError

if TYPE_CHECKING:
    from torch import Tensor, nn

HEADS = ("fc.", "classifier.")
OWN_PARTS = (".scse.", "fc.")
"""Parts that ImageNet networks do not have; they stay random."""


def load_imagenet(network: nn.Module, path: Path) -> int:
    """Give a network the convolutions and norms of torchvision's `resnet34` or `vgg16_bn`.

    Parameters
    ----------
    network
        Of `build_total_network` at the published width; takes the weights.
    path
        ``.safetensors``, or ``.pth`` / ``.pt`` as torchvision offers them. Neither can run code.

    Returns
    -------
    int
        How many parts were taken.

    Raises
    ------
    TrainingError
        If the file can not be read, or lacks what the network has, or has it in another shape.

    Notes
    -----
    The first convolution sees three colours there and one grey here: its weights are summed over the colours, which
    gives what it gave for a grey picture. scSE and the head stay as they are.
    """
    found = _read(path)
    wanted = network.state_dict()
    names = [name for name in wanted if not any(part in name for part in OWN_PARTS)]
    first = names[0]
    if first in found and found[first].ndim == 4:
        found[first] = found[first].sum(1, keepdim=True)
    lacking = [name for name in names if name not in found and not name.endswith("num_batches_tracked")]
    other = [name for name in names if name in found and found[name].shape != wanted[name].shape]
    if lacking or other:
        example = (lacking or other)[0]
        raise TrainingError(
            f"{path.name} does not fit the network: {len(lacking)} parts are missing and {len(other)} have another "
            f"shape, such as {example}; needed: torchvision's weights of the same network at width 64"
        )
    taken = {name: found[name] for name in names if name in found}
    network.load_state_dict({**wanted, **taken})
    return len(taken)


def _read(path: Path) -> dict[str, Tensor]:
    """Read named tensors; the head of another task and the prefix of several GPUs are dropped."""
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if not isinstance(content, dict) or not all(hasattr(value, "shape") for value in content.values()):
        raise TrainingError(f"{path.name} holds no named weights; needed: a state_dict as torchvision saves it")
    plain = {str(name).removeprefix("module."): value for name, value in content.items()}
    return {name: value for name, value in plain.items() if not name.startswith(HEADS)}


def _read_safetensors(path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise TrainingError(f"{path.name} can not be read as safetensors") from error


def _read_pickle(path: Path) -> Any:
    import torch

    try:
        # Weights only: a file from elsewhere can not run code.
        return torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise TrainingError(f"{path.name} can not be read as weights of torch") from error
