"""The networks of the published method: their shapes, their layers, and weights of ImageNet."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from vascal.errors import TrainingError
from vascal.train.film_config import TotalConfig, VertebraConfig
from vascal.train.film_network import build_scse, build_total_network, build_vertebra_network
from vascal.train.film_weights import load_imagenet

SMALL = TotalConfig(width=2, size=(64, 32))
FLAT = VertebraConfig(channels=(4, 4, 8, 8), patch=(32, 16), names=("L1", "L2"))


def count(network: nn.Module) -> int:
    return sum(part.numel() for part in network.parameters())


def test_resnet34_has_torchvisions_layers_and_scse_behind_every_block() -> None:
    with torch.device("meta"):  # shapes alone
        network = build_total_network(TotalConfig())
    blocks = [name for name, _ in network.named_modules() if name.endswith(".scse")]
    assert len(blocks) == 3 + 4 + 6 + 3
    own = sum(count(network.get_submodule(name)) for name in blocks) + count(network.fc)  # type: ignore[arg-type]
    # torchvision's resnet34 has 21,797,672 parameters: 513,000 in its head, 6,272 in two further colours.
    assert count(network) - own == 21_797_672 - 513_000 - 6_272
    assert [type(part).__name__ for part in network.fc] == ["BatchNorm1d", "Dropout", "Linear", "Flatten"]  # type: ignore[union-attr]
    assert network.fc[1].p == 0.5  # type: ignore[index, union-attr]
    assert network.conv1.stride == (2, 2)


def test_vgg16_has_torchvisions_convolutions() -> None:
    with torch.device("meta"):
        network = build_total_network(TotalConfig(network="vgg16-bn"))
    features = network.get_submodule("features")
    # vgg16_bn: 138,365,992 parameters, of which its three last layers have 123,642,856; two colours less here.
    assert count(features) == 138_365_992 - 123_642_856 - 2 * 64 * 9
    assert sum(isinstance(part, nn.Conv2d) for part in features.modules()) == 13


@pytest.mark.parametrize("name", ["resnet34-scse", "vgg16-bn"])
def test_one_number_comes_out_for_each_film(name: str) -> None:
    network = build_total_network(TotalConfig(network=name, width=2, size=(64, 32), blocks=(1, 1, 1, 1)))  # type: ignore[arg-type]
    assert network(torch.zeros(3, 1, 64, 32)).shape == (3,)


def test_a_fresh_scse_with_closed_weights_leaves_maps_as_they_are() -> None:
    scse = build_scse(4)
    for part in scse.parameters():
        nn.init.zeros_(part)
    x = torch.randn(2, 4, 5, 5)
    # Both gates are a half: a half and a half.
    assert torch.allclose(scse(x), x)


def test_scse_gates_channels_and_places() -> None:
    scse = build_scse(2)
    for part in scse.parameters():
        nn.init.zeros_(part)
    nn.init.constant_(scse.place.bias, -100.0)  # type: ignore[arg-type, union-attr]
    x = torch.ones(1, 2, 2, 2)
    assert torch.allclose(scse(x), torch.full_like(x, 0.5))


def test_the_published_segmenter_has_nine_levels_of_3x3_with_instance_norm() -> None:
    with torch.device("meta"):
        network = build_vertebra_network(VertebraConfig())
    kernels = [part.kernel_size for part in network.modules() if isinstance(part, nn.Conv2d)]
    assert set(kernels) == {(3, 3), (1, 1)}
    assert any(isinstance(part, nn.InstanceNorm2d) for part in network.modules())
    widths = [part.out_channels for part in network.input_block.modules() if isinstance(part, nn.Conv2d)]  # type: ignore[union-attr]
    assert widths == [32, 32]
    assert network.bottleneck.conv2.conv.out_channels == 512  # type: ignore[union-attr]
    assert len(network.downsamples) == 7  # type: ignore[arg-type]
    assert len(network.deep_supervision_heads) == 6  # type: ignore[arg-type]


def test_the_segmenter_gives_coarser_levels_only_while_training() -> None:
    network = build_vertebra_network(FLAT)
    assert network.train()(torch.zeros(2, 1, 32, 16)).shape == (2, 2, 3, 32, 16)
    assert network.eval()(torch.zeros(2, 1, 32, 16)).shape == (2, 3, 32, 16)


def as_torchvision(network: nn.Module) -> dict[str, torch.Tensor]:
    """A file as torchvision has it: three colours, no scSE, a head of a thousand classes."""
    weights = {n: torch.randn_like(v.float()) for n, v in network.state_dict().items() if ".scse." not in n}
    weights = {name: value for name, value in weights.items() if not name.startswith("fc.")}
    first = next(iter(weights))
    weights[first] = torch.randn(2, 3, *weights[first].shape[2:])
    return {**weights, "fc.weight": torch.zeros(10, 16), "fc.bias": torch.zeros(10)}


@pytest.mark.parametrize("form", ["weights.safetensors", "weights.pth", "nested.pth"])
def test_imagenet_weights_are_taken_and_colours_summed(tmp_path: Path, form: str) -> None:
    network = build_total_network(SMALL)
    fresh = {name: value.clone() for name, value in network.state_dict().items()}
    weights = as_torchvision(network)
    path = tmp_path / form
    match form:
        case "weights.safetensors":
            save_file(weights, path)
        case "weights.pth":
            torch.save(weights, path)
        case _:
            torch.save({"state_dict": {f"module.{name}": value for name, value in weights.items()}}, path)
    assert load_imagenet(network, path) == len(weights) - 2
    now = network.state_dict()
    assert torch.allclose(now["conv1.weight"], weights["conv1.weight"].sum(1, keepdim=True))
    assert torch.equal(now["layer2.0.downsample.0.weight"], weights["layer2.0.downsample.0.weight"])
    assert torch.equal(now["layer1.0.scse.place.weight"], fresh["layer1.0.scse.place.weight"])
    assert torch.equal(now["fc.2.weight"], fresh["fc.2.weight"])


def test_vgg_takes_its_weights_too(tmp_path: Path) -> None:
    network = build_total_network(TotalConfig(network="vgg16-bn", width=2))
    weights = {
        name: value for name, value in as_torchvision(network).items() if not name.endswith("num_batches_tracked")
    }
    torch.save({**weights, "classifier.0.weight": torch.zeros(3, 3)}, tmp_path / "vgg.pt")
    assert load_imagenet(network, tmp_path / "vgg.pt") == len(weights) - 2


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    network = build_total_network(SMALL)
    weights = as_torchvision(network)
    save_file({**weights, "bn1.weight": torch.zeros(5)}, tmp_path / "shape.safetensors")
    with pytest.raises(TrainingError, match=r"0 parts are missing and 1 have another shape, such as bn1\.weight"):
        load_imagenet(network, tmp_path / "shape.safetensors")
    save_file({"other": torch.zeros(5)}, tmp_path / "other.safetensors")
    with pytest.raises(TrainingError, match=r"parts are missing and 0 have another shape, such as conv1\.weight"):
        load_imagenet(network, tmp_path / "other.safetensors")


def test_files_that_are_no_weights_are_refused(tmp_path: Path) -> None:
    network = build_total_network(SMALL)
    for name in ("a.safetensors", "a.pth"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
        with pytest.raises(TrainingError, match="can not be read"):
            load_imagenet(network, tmp_path / name)
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(TrainingError, match="holds no named weights"):
        load_imagenet(network, tmp_path / "list.pth")
    torch.save({"epoch": 3}, tmp_path / "dict.pth")
    with pytest.raises(TrainingError, match="holds no named weights"):
        load_imagenet(network, tmp_path / "dict.pth")


class Evil:
    """Runs something when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return (print, ("run",))


def test_a_pickle_that_would_run_code_is_not_opened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"x": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(TrainingError, match="can not be read as weights"):
        load_imagenet(build_total_network(SMALL), tmp_path / "evil.pth")
    assert "run" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        (TotalConfig, {"size": (16, 500)}, "at least 32"),
        (TotalConfig, {"width": 0}, "width 0"),
        (TotalConfig, {"blocks": (1, 0, 1, 1)}, "at least 1 in each stage"),
        (TotalConfig, {"dropout": 1.0}, "dropout 1.0"),
        (VertebraConfig, {"channels": (8, 8)}, "at least four levels"),
        (VertebraConfig, {"patch": (1536, 1000)}, "has 1000; 9 levels need a multiple of 256"),
        (VertebraConfig, {"names": ("L1", "L9")}, "needed: each once"),
        (VertebraConfig, {"names": ("L1", "L1")}, "needed: each once"),
        (VertebraConfig, {"spacing_mm": 0.0}, "more than 0"),
    ],
)
def test_options_that_make_no_network_are_refused(kind: type, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        kind(**wrong)
