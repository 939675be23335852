"""Every network builds by name, runs, and becomes the same network in ONNX."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vascal.errors import TrainingError
from vascal.models.runtime import open_session
from vascal.train.export import export_onnx
from vascal.train.networks import CLASSIFIERS, FIXED_SIZE, NETWORKS, NetworkConfig, build_network

# The smallest of each: name, widths, length of an edge of the input.
TINY = {
    "unet": ((4, 8, 8), 16),
    "basic-unet": ((4, 4, 4, 4, 4), 32),
    "unet++": ((4, 4, 4, 4, 4), 32),
    "dynunet": ((4, 8, 8), 16),
    "segresnet": ((8,), 16),
    "attention-unet": ((4, 8, 8), 16),
    "unetr": ((4,), 16),
    "swin-unetr": ((12,), 32),  # and 64 slices: five halvings must leave more than one voxel
    "resnet10": ((), 16),
    "resnet18": ((), 16),
    "resnet34": ((), 16),
    "vgg": ((4, 8), 16),
}


def make(name: str, dims: int, **changes: object) -> tuple[torch.nn.Module, torch.Tensor]:
    widths, edge = TINY[name]
    shape = (64 if name == "swin-unetr" else edge, *(edge,) * (dims - 1))
    config = NetworkConfig(
        name=name,
        channels=widths,
        strides=(2, 2),
        spatial_dims=dims,
        patch=shape,
        **changes,  # type: ignore[arg-type]
    )
    torch.manual_seed(0)
    return build_network(config, 2, 3).eval(), torch.randn(1, 2, *shape)


def test_each_network_is_tried_here() -> None:
    assert set(TINY) == set(NETWORKS)


# The others take seconds to minutes, most of it in MONAI's transformers and deep ResNets.
QUICK = [(name, 3) for name in ("unet", "basic-unet", "dynunet", "segresnet", "attention-unet", "resnet10", "vgg")]
QUICK += [("unet", 2), ("dynunet", 2), ("vgg", 2)]


@pytest.mark.parametrize(("name", "dims"), QUICK)
def test_a_network_gives_classes_and_becomes_onnx_of_any_size(name: str, dims: int, tmp_path: Path) -> None:
    check_export(name, dims, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "dims"), [(n, d) for n in TINY for d in (2, 3) if (n, d) not in QUICK])
def test_each_other_network_gives_classes_and_becomes_onnx(name: str, dims: int, tmp_path: Path) -> None:
    check_export(name, dims, tmp_path)


def check_export(name: str, dims: int, folder: Path) -> None:
    network, image = make(name, dims)
    with torch.inference_mode():
        logits = network(image)
    assert logits.shape == ((1, 3) if name in CLASSIFIERS else (1, 3, *image.shape[2:]))
    sizes = {} if name in FIXED_SIZE else {2 + n: f"n{n}" for n in range(dims)}
    free = {"image": {0: "batch", **sizes}, "logits": {0: "batch", **({} if name in CLASSIFIERS else sizes)}}
    export_onnx(network, {"image": image}, folder / "n.onnx", free_axes=free)
    scale = 1 if name in FIXED_SIZE else 2
    other = torch.randn(2, 2, *(n * scale for n in image.shape[2:]))
    with torch.inference_mode():
        wanted = network(other).numpy()
    (found,) = open_session((folder / "n.onnx").read_bytes()).run(None, {"image": other.numpy()})
    np.testing.assert_allclose(found, wanted, atol=1e-5 * float(np.abs(wanted).max()) + 1e-5)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(TrainingError, match=r"no network is called 'u-net'; there are unet, .*vgg"):
        build_network(NetworkConfig(name="u-net"), 1, 2)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("unet", {"channels": (8,), "strides": ()}),
        ("unet", {"channels": (4, 8), "spatial_dims": 7}),
        ("unet", {"channels": (4, 8, 8), "strides": (2,)}),
        ("basic-unet", {"channels": (4, 8)}),
        ("dynunet", {"channels": (4, 8), "strides": (2, 2)}),
        ("segresnet", {"channels": ()}),
        ("swin-unetr", {"channels": (16,)}),
    ],
)
def test_widths_that_do_not_fit_are_told(name: str, changes: dict[str, object]) -> None:
    with pytest.raises(TrainingError, match=f"network {name} can not be built"):
        build_network(NetworkConfig(name=name, **changes), 1, 2)  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_weights() -> None:
    first, second = (make("unet", 3)[0].state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("dims", [2, 3])
def test_folding_loses_no_voxel_and_unfolding_brings_each_back(dims: int) -> None:
    from vascal.train.networks import _fold, _unfold

    image = torch.arange(2 * 3 * 4**dims, dtype=torch.float32).reshape(2, 3, *(4,) * dims)
    folded = _fold(image, (2,) * dims)
    assert folded.shape == (2, 3 * 2**dims, *(2,) * dims)
    # All voxels of a block are the channels of one place.
    assert set(folded[0, : 2**dims].select(1, 0).flatten().tolist()) >= {0.0, 1.0, 4.0, 5.0}
    assert torch.equal(_unfold(folded, (2,) * dims), image)


@pytest.mark.parametrize("unfold", [True, False])
def test_a_folded_network_answers_for_voxels_or_blocks_and_becomes_onnx(unfold: bool, tmp_path: Path) -> None:
    network, image = make("unet", 3, fold=2, unfold=unfold)
    with torch.inference_mode():
        assert network(image).shape[2:] == ((16, 16, 16) if unfold else (8, 8, 8))
    sizes = {0: "batch", 2: "slice", 3: "row", 4: "column"}
    path = tmp_path / "n.onnx"
    export_onnx(network, {"image": image}, path, free_axes={"image": sizes, "logits": sizes})
    larger = torch.randn(1, 2, 32, 16, 16)
    with torch.inference_mode():
        wanted = network(larger).numpy()
    (found,) = open_session(path.read_bytes()).run(None, {"image": larger.numpy()})
    np.testing.assert_allclose(found, wanted, atol=1e-4)
