"""Earlier weights to start from: of a training before, or of a model in ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vascal.errors import ModelError, TrainingError
from vascal.models.runtime import read_weights
from vascal.train.config import EMBEDDED

if TYPE_CHECKING:
    from torch import Tensor, nn


def load_start(network: nn.Module, start_from: str, task: str) -> None:
    """Give a network the weights of an earlier one.

    Parameters
    ----------
    network
        Takes the weights.
    start_from
        ``embedded``, or a folder with ``best.safetensors`` or with a model of this task.
    task
        Name of the model.

    Raises
    ------
    TrainingError
        If there are no such weights, or they are another network's.
    """
    found = _read(start_from, task)
    wanted = network.state_dict()
    lacking = [name for name in wanted if name not in found and not name.endswith("num_batches_tracked")]
    other = [name for name in wanted if name in found and found[name].shape != wanted[name].shape]
    if lacking or other:
        raise TrainingError(
            f"the weights to start from are another network's: {len(lacking)} of {len(wanted)} parts are missing and "
            f"{len(other)} have another shape; give the network they were trained with, or start from nothing"
        )
    network.load_state_dict({**wanted, **{name: found[name] for name in wanted if name in found}})


def _read(start_from: str, task: str) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if start_from != EMBEDDED and not Path(start_from).is_dir():
        raise TrainingError(f"start_from is {start_from!r}; needed: {EMBEDDED!r} or a folder of an earlier training")
    path = Path(start_from) / "best.safetensors"
    if start_from != EMBEDDED and path.is_file():
        try:
            return dict(load_file(path))
        except (OSError, SafetensorError) as error:
            raise TrainingError(f"{path.name} to start from is damaged") from error
    try:
        return _read_onnx(read_weights(task, None if start_from == EMBEDDED else Path(start_from))[1])
    except ModelError as error:
        raise TrainingError(f"there are no weights to start from: {error}") from error


def _read_onnx(weights: bytes) -> dict[str, Tensor]:
    """Read the named weights of an ONNX file: the exporter keeps torch's names."""
    import onnx
    import torch

    graph = onnx.load_from_string(weights).graph
    return {part.name: torch.from_numpy(onnx.numpy_helper.to_array(part).copy()) for part in graph.initializer}
