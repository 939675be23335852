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


def test_a_model_is_trained_and_its_folder_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.train.hearts import chest, true_anatomy

    scan = (chest().volume, true_anatomy(), chest().vessels)
    monkeypatch.setattr("vascal.train.voxel_samples._simulate", lambda seed: scan)
    path = tmp_path / "train.toml"
    path.write_text(f"""
        task = "voxels"
        out = "{tmp_path / "run"}"
        publish = "{tmp_path / "models"}"
        patch = [8, 16, 16]
        data = {{simulated = 2, validation = 0.5, seed = 1}}
        network = {{channels = [4, 8], strides = [2], residual_units = 0}}
        schedule = {{steps = 2, validate_every = 2, validation_batches = 1, warm_up = 1}}
    """)
    result = RUN.invoke(app, ["train", "cac", "--config", str(path)])
    assert result.exit_code == 0, result.output
    assert "1 scans to train on, 1 to validate" in result.output
    assert "voxels-1-" in result.output
    card = tmp_path / "models" / "voxels.md"
    assert str(card) in result.output.replace("\n", "")
    assert "Simulated scans only" in card.read_text()


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


def test_films_are_trained_on_by_a_command_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.train.films import make_film

    monkeypatch.setattr("vascal.train.film_preparation.simulate_film_sample", make_film)
    path = tmp_path / "train.toml"
    path.write_text(f"""
        task = "film-totals"
        out = "{tmp_path / "run"}"
        data = {{simulated = 6, fold = [0, 2]}}
        totals = {{width = 2, size = [32, 32], blocks = [1, 1, 1, 1]}}
        schedule = {{steps = 1, batch = 2, validate_every = 1, validation_batches = 1, sgd = {{}}}}
    """)
    result = RUN.invoke(app, ["train", "aac", "--config", str(path), "--fold", "1"])
    assert result.exit_code == 0, result.output
    assert "film-totals-1-" in result.output
    assert (tmp_path / "run" / "fold-1" / "film-totals.onnx").exists()
    refused = RUN.invoke(app, ["train", "cac", "--config", str(path)])
    assert refused.exit_code == 2
    assert "vascal train aac" in refused.output
