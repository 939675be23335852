"""What is exported computes what was trained, or is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from vascal.errors import TrainingError
from vascal.models.runtime import open_session
from vascal.train.export import export_onnx, largest_difference

FREE = {"image": {0: "batch"}}


class TwoAnswers(nn.Module):
    """Sum and product of two inputs."""

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        return a + b, a * b


class DiffersLater(nn.Module):
    """What the exporter sees, all zeros but one call later, is not what it computes."""

    calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return x * float(self.calls)


def test_the_hash_is_the_files(tmp_path: Path) -> None:
    path = tmp_path / "n.onnx"
    found = export_onnx(nn.Conv2d(1, 2, 1), {"image": torch.randn(1, 1, 4, 4)}, path, free_axes=FREE)
    assert found == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [p.name for p in tmp_path.iterdir()] == ["n.onnx"]


def test_several_inputs_and_answers_keep_their_names(tmp_path: Path) -> None:
    example = {"a": torch.ones(1, 3), "b": torch.full((1, 3), 2.0)}
    path = tmp_path / "n.onnx"
    export_onnx(TwoAnswers(), example, path, outputs=("sum", "product"), free_axes={"a": {0: "n"}, "b": {0: "n"}})
    session = open_session(path.read_bytes())
    assert [v.name for v in session.get_inputs()] == ["a", "b"]
    assert [v.name for v in session.get_outputs()] == ["sum", "product"]
    assert largest_difference(TwoAnswers(), example, path.read_bytes()) == 0.0


def test_dropout_is_off_in_the_file(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Dropout(0.5), nn.Conv2d(1, 2, 1)).train()
    export_onnx(network, {"image": torch.randn(1, 1, 4, 4)}, tmp_path / "n.onnx", free_axes=FREE)
    assert not network.training


def test_a_file_that_computes_something_else_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "n.onnx").write_bytes(b"the last good one")
    with pytest.raises(TrainingError, match="the ONNX file differs from the network by"):
        export_onnx(DiffersLater(), {"image": torch.randn(1, 1, 4, 4)}, tmp_path / "n.onnx", free_axes=FREE)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("n.onnx", b"the last good one")]


class Spectrum(nn.Module):
    """Uses what ONNX has no word for."""

    def forward(self, x: Tensor) -> Tensor:
        values: Tensor = torch.linalg.svdvals(x)
        return values


def test_what_onnx_can_not_say_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="the network can not be exported to ONNX: Exporting the operator"):
        export_onnx(Spectrum(), {"image": torch.randn(1, 3, 3)}, tmp_path / "n.onnx", free_axes=FREE)
    assert not (tmp_path / "n.onnx").exists()
