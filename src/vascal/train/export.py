"""From a trained network to the ONNX file that vascal runs, checked against the original."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vascal.errors import TrainingError
from vascal.models.runtime import open_session
from vascal.train.onnx_convolutions import plain_convolutions

if TYPE_CHECKING:
    from torch import Tensor, nn

OPSET = 17
TOLERANCE = 2e-4
"""Largest difference between ONNX Runtime and torch, relative to the largest output."""


def export_onnx(
    network: nn.Module,
    example: Mapping[str, Tensor],
    path: Path,
    *,
    outputs: tuple[str, ...] = ("logits",),
    free_axes: Mapping[str, Mapping[int, str]],
) -> str:
    """Write a network as ONNX and check that it computes the same.

    Parameters
    ----------
    network
        Trained, on the CPU.
    example
        Inputs by name, in the order of the network's arguments.
    path
        Where to; replaced at once or not at all.
    outputs
        Names of what it gives.
    free_axes
        By input or output: axes of any length, and what they are called.

    Returns
    -------
    str
        SHA-256 of the file.

    Raises
    ------
    TrainingError
        If ONNX Runtime and torch differ, or the network can not be written as ONNX.
    """
    network = network.cpu().eval()
    part = path.with_suffix(".part")
    _write(network, example, part, outputs, free_axes)
    weights = plain_convolutions(part.read_bytes())
    part.write_bytes(weights)
    worst = largest_difference(network, example, weights)
    if not worst <= TOLERANCE:
        part.unlink()
        raise TrainingError(f"the ONNX file differs from the network by {worst:.2g} of the largest output")
    part.replace(path)
    return hashlib.sha256(weights).hexdigest()


def _write(
    network: nn.Module,
    example: Mapping[str, Tensor],
    part: Path,
    outputs: tuple[str, ...],
    free_axes: Mapping[str, Mapping[int, str]],
) -> None:
    import torch

    with torch.inference_mode(), warnings.catch_warnings():
        # The exporter warns of what it traced and of its own age; what counts is the check behind it.
        warnings.simplefilter("ignore")
        try:
            torch.onnx.export(
                network, tuple(example.values()), str(part), dynamo=False, opset_version=OPSET,
                input_names=list(example), output_names=list(outputs),
                dynamic_axes={name: dict(axes) for name, axes in free_axes.items()},
                do_constant_folding=False,  # keeps the names of weights, by which fine-tuning finds them
            )  # fmt: skip
        except torch.onnx.errors.OnnxExporterError as error:
            reason = str(error).splitlines()[0]
            raise TrainingError(f"the network can not be exported to ONNX: {reason}") from error


def largest_difference(network: nn.Module, example: Mapping[str, Tensor], weights: bytes) -> float:
    """Largest difference between ONNX Runtime and torch on one input, relative to the largest output.

    Parameters
    ----------
    network
        On the CPU, not training.
    example
        Inputs by name, in the order of the network's arguments.
    weights
        Content of the ONNX file.
    """
    import torch

    found = open_session(weights).run(None, {name: value.numpy() for name, value in example.items()})
    with torch.inference_mode():
        answer = network(*example.values())
    wanted = answer if isinstance(answer, tuple | list) else (answer,)
    return max(
        float(np.abs(f - w.numpy()).max() / max(float(np.abs(w.numpy()).max()), 1e-6))
        for f, w in zip(found, wanted, strict=True)
    )
