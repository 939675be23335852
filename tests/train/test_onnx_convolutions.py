"""The same network with plain convolutions."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from vascal.models.runtime import open_session  # noqa: E402
from vascal.train.networks import NetworkConfig, build_network  # noqa: E402
from vascal.train.onnx_convolutions import plain_convolutions  # noqa: E402


def as_onnx(network: Any, example: Any) -> bytes:
    file = io.BytesIO()
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(), (example,), file, dynamo=False, opset_version=17, input_names=["image"],
            output_names=["logits"], do_constant_folding=False,
        )  # fmt: skip
    return file.getvalue()


def operators(weights: bytes) -> list[str]:
    return [node.op_type for node in onnx.load_from_string(weights).graph.node]


def answers(weights: bytes, image: np.ndarray) -> np.ndarray:
    return np.asarray(open_session(weights).run(None, {"image": image})[0])


@pytest.mark.parametrize(
    ("dims", "options"),
    [
        (3, {"kernel_size": 3, "padding": 1}),
        (3, {"kernel_size": (1, 3, 5), "padding": (0, 1, 0)}),
        (2, {"kernel_size": 3, "padding": 0}),
        (2, {"kernel_size": 2, "bias": False}),
    ],
)
def test_a_step_of_one_is_computed_by_a_plain_convolution(dims: int, options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    layer = (torch.nn.ConvTranspose3d if dims == 3 else torch.nn.ConvTranspose2d)(3, 4, **options)
    image = torch.randn(1, 3, *(6, 7, 8)[:dims])
    before = as_onnx(layer, image)
    after = plain_convolutions(before)
    assert "ConvTranspose" in operators(before)
    assert "ConvTranspose" not in operators(after)
    wanted = layer(image).detach().numpy()
    assert answers(after, image.numpy()) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"stride": 2},
        {"stride": (1, 2, 1)},
        {"dilation": 2},
        {"groups": 2},
        {"stride": 2, "output_padding": 1},
    ],
)
def test_any_other_transposed_convolution_stays_as_it_is(options: dict[str, Any]) -> None:
    before = as_onnx(torch.nn.ConvTranspose3d(2, 4, 3, **options), torch.randn(1, 2, 4, 4, 4))
    assert plain_convolutions(before) == before


def test_a_network_keeps_the_names_and_shapes_of_its_weights() -> None:
    config = NetworkConfig(channels=(4, 6, 8), strides=(1, 2), residual_units=1, fold=2)
    network = build_network(config, 2, 3)
    image = torch.randn(1, 2, 16, 16, 16)
    before = as_onnx(network, image)
    after = plain_convolutions(before)
    assert operators(before).count("ConvTranspose") == operators(after).count("ConvTranspose") + 1
    parts = [
        {part.name: list(part.dims) for part in onnx.load_from_string(weights).graph.initializer}
        for weights in (before, after)
    ]
    assert parts[0] == parts[1]
    assert answers(after, image.numpy()) == pytest.approx(answers(before, image.numpy()), abs=1e-5)
    assert plain_convolutions(after) == after
