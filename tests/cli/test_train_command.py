"""`vascal train cac`: from a file to a model, and plain words where that can not be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vascal.cli.main import app

if not os.environ.get("VASCAL_REQUIRE_TOOLS"):
    pytest.importorskip("torch", reason="the train extra is not installed")

RUN = CliRunner()


def write_config(folder: Path, *, steps: int = 2) -> Path:
    from tests.train.hearts import write_index

    index = write_index(folder)
    path = folder / "train.toml"
    path.write_text(f"""
        task = "voxels"
        out = "{folder / "run"}"
        patch = [8, 16, 16]
        data = {{index = "{index}"}}
        network = {{channels = [4, 8], strides = [2], residual_units = 0}}
        schedule = {{steps = {steps}, validate_every = 2, validation_batches = 1, warm_up = 1}}
    """)
    return path


def test_a_model_is_trained_and_its_folder_told(tmp_path: Path) -> None:
    result = RUN.invoke(app, ["train", "cac", "--config", str(write_config(tmp_path))])
    assert result.exit_code == 0, result.output
    assert "voxels-1-" in result.output
    assert "model-card.md" in result.output
    assert "patient-" not in result.output
    assert (tmp_path / "run" / "voxels.onnx").exists()


def test_a_mistake_in_the_file_is_bad_usage(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text('task = "voxels"\nsteps = 3\n')
    result = RUN.invoke(app, ["train", "cac", "--config", str(path)])
    assert result.exit_code == 2
    assert "steps is no option" in result.output


def test_an_interruption_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vascal.train.run.train_cac", interrupt)
    path = tmp_path / "t.toml"
    path.write_text('task = "voxels"\nout = "o"\ndata = {simulated = 2}\n')
    result = RUN.invoke(app, ["train", "cac", "--config", str(path)])
    assert result.exit_code == 130
    assert "goes on from the last validation" in result.output


def test_without_torch_the_command_that_installs_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vascal.train.run.find_spec", lambda name: None)
    path = tmp_path / "t.toml"
    path.write_text('task = "voxels"\nout = "o"\ndata = {simulated = 2}\n')
    result = RUN.invoke(app, ["train", "cac", "--config", str(path)])
    assert result.exit_code == 2
    words = " ".join(result.output.replace("│", " ").split())
    assert "pip install 'vascal[train]'" in words
    assert not (tmp_path / "o").exists()
