"""Where a training starts from: earlier weights, in torch's file or in ONNX, or nothing that fits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from vascal.errors import TrainingError
from vascal.train.export import export_onnx
from vascal.train.lesion_network import build_lesion_network
from vascal.train.networks import NetworkConfig, build_network
from vascal.train.start import load_start

TINY = NetworkConfig(channels=(4, 8, 8), strides=(2, 2), residual_units=1)


def make(seed: int, *, outputs: int = 3) -> nn.Module:
    torch.manual_seed(seed)
    network = build_network(TINY, 2, outputs)
    for part in network.parameters():  # slopes begin alike; trained ones differ
        nn.init.normal_(part)
    return network


def write_model(network: nn.Module, folder: Path, example: dict[str, torch.Tensor], outputs: tuple[str, ...]) -> None:
    free = {name: {0: "case"} for name in example}
    sha256 = export_onnx(network, example, folder / "voxels.onnx", outputs=outputs, free_axes=free)
    row = {"file": "voxels.onnx", "sha256": sha256, "version": 1, "settings": {}}
    (folder / "manifest.json").write_text(json.dumps({"models": {"voxels": row}}))


def same(a: nn.Module, b: nn.Module) -> bool:
    left, right = a.state_dict(), b.state_dict()
    return all(torch.equal(left[name], right[name]) for name in left)


def test_weights_of_an_earlier_training_are_taken(tmp_path: Path) -> None:
    old, new = make(0), make(1)
    save_file(old.state_dict(), tmp_path / "best.safetensors")
    load_start(new, str(tmp_path), "voxels")
    assert same(old, new)


def test_weights_are_taken_from_an_onnx_model(tmp_path: Path) -> None:
    old, new = make(0), make(1)
    write_model(old, tmp_path, {"image": torch.randn(1, 2, 8, 8, 8)}, ("logits",))
    load_start(new, str(tmp_path), "voxels")
    assert same(old, new)


def test_weights_of_the_lesion_network_are_taken_from_onnx_too(tmp_path: Path) -> None:
    old, new = (build_lesion_network() for _ in range(2))
    for part in old.parameters():
        nn.init.normal_(part, std=0.1)
    from vascal.models.lesion_inputs import CHANNELS, FEATURES, PATCH

    example = {"patch": torch.randn(2, CHANNELS, *PATCH), "features": torch.randn(2, FEATURES)}
    write_model(old, tmp_path, example, ("kind", "segment"))
    load_start(new, str(tmp_path), "voxels")
    assert same(old, new)


def test_the_embedded_model_is_taken_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = make(0), make(1)
    write_model(old, tmp_path, {"image": torch.randn(1, 2, 8, 8, 8)}, ("logits",))
    monkeypatch.setattr("vascal.models.runtime.resources.files", lambda _: tmp_path)
    load_start(new, "embedded", "voxels")
    assert same(old, new)


def test_another_network_s_weights_are_refused(tmp_path: Path) -> None:
    save_file(make(0, outputs=5).state_dict(), tmp_path / "best.safetensors")
    with pytest.raises(TrainingError, match=r"0 of .* parts are missing and 2 have another shape"):
        load_start(make(1), str(tmp_path), "voxels")
    save_file({"a": torch.zeros(1)}, tmp_path / "best.safetensors")
    with pytest.raises(TrainingError, match=r"another network's: .* parts are missing"):
        load_start(make(1), str(tmp_path), "voxels")


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "best.safetensors").write_bytes(b"nothing")
    with pytest.raises(TrainingError, match=r"best.safetensors to start from is damaged"):
        load_start(make(1), str(tmp_path), "voxels")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="start_from is 'nowhere'; needed: 'embedded' or a folder"):
        load_start(make(1), "nowhere", "voxels")


def test_a_folder_without_weights_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="there are no weights to start from: manifest"):
        load_start(make(1), str(tmp_path), "voxels")
