"""A training from file to model, end to end on small simulated chests; and all that it refuses."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.train.hearts import chest, true_anatomy, write_index
from vascal.calcium.finding import find_calcium
from vascal.calcium.rule import AGATSTON_1990
from vascal.errors import MissingExtraError, TrainingError
from vascal.models.runtime import read_manifest
from vascal.models.voxel_net import VoxelJudge
from vascal.train.config import DataConfig, TrainConfig, make_config
from vascal.train.loop import Task
from vascal.train.networks import NetworkConfig
from vascal.train.run import Silence, keep_config, prepare_samples, train_cac
from vascal.train.schedule import Schedule
from vascal.train.tasks import RECIPES, choose_network, find_recipe

NETWORK = NetworkConfig(channels=(4, 8, 8), strides=(1, 2), residual_units=1)
SCHEDULE = Schedule(steps=4, batch=1, warm_up=1, validate_every=2, validation_batches=2)


class Notebook:
    """Progress that keeps what it was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.reached: list[tuple[int, int]] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def reach(self, done: int, total: int) -> None:
        self.reached.append((done, total))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data set and, after the first training, its samples."""
    folder = tmp_path_factory.mktemp("data")
    write_index(folder)
    return folder


def make(shared: Path, out: Path, **changes: object) -> TrainConfig:
    config = TrainConfig(
        task="voxels",
        data=DataConfig(index=shared / "dataset.json", samples=shared / "samples"),
        out=out,
        network=NETWORK,
        schedule=SCHEDULE,
        patch=(8, 24, 24),
    )
    return replace(config, **changes)  # type: ignore[arg-type]


def test_a_data_set_becomes_a_model_that_judges_candidates(shared: Path, tmp_path: Path) -> None:
    notebook = Notebook()
    trained = train_cac(make(shared, tmp_path / "run"), notebook)
    names = {path.name for path in trained.folder.iterdir()}
    assert names == {
        "best.safetensors", "config.json", "last.pt", "log.csv", "manifest.json", "model-card.md", "voxels.onnx",
    }  # fmt: skip
    assert read_manifest(trained.folder)["voxels"] == trained.entry
    assert trained.entry.settings["patch"] == [8, 24, 24]
    finding = find_calcium(chest().volume, true_anatomy(), AGATSTON_1990, VoxelJudge(folder=trained.folder))
    assert len(finding.lesions) + len(finding.rejected) > 0
    # Samples were told first, then steps; nothing names a patient.
    assert notebook.reached[-1] == (4, 4)
    assert any(line.startswith("step 4: loss") for line in notebook.lines)
    assert "2 scans to train on, 1 to validate, 0 untouched" in notebook.lines
    written = "".join(notebook.lines) + (trained.folder / "model-card.md").read_text()
    assert "patient-" not in written
    assert "case-" not in written


def test_the_card_says_what_was_done(shared: Path, tmp_path: Path) -> None:
    trained = train_cac(make(shared, tmp_path / "run"))
    card = (trained.folder / "model-card.md").read_text()
    assert card.startswith(f"# Model card: {trained.entry.label}\n")
    assert "| training | 2 | 2 |" in card
    assert "| validation | 1 | 1 |" in card
    assert "Scans: 3 from made." in card
    assert f"SHA-256 `{trained.entry.sha256}`" in card
    assert "| Steps | 4 of 4, 1 samples each |" in card
    assert "Left out: 1 without labels" in card
    assert "Fewer than 20 patients were held back" in card
    assert "imulated" not in card


def test_slices_with_their_neighbours_are_trained_alike(shared: Path, tmp_path: Path) -> None:
    config = make(shared, tmp_path / "flat", network=replace(NETWORK, spatial_dims=2), patch=(3, 24, 24))
    trained = train_cac(config)
    finding = find_calcium(chest().volume, true_anatomy(), AGATSTON_1990, VoxelJudge(folder=trained.folder))
    assert len(finding.lesions) + len(finding.rejected) > 0


def test_a_transformer_that_knows_its_input_s_size_is_trained_too(shared: Path, tmp_path: Path) -> None:
    network = NetworkConfig(name="unetr", channels=(4,))
    chosen = choose_network(make(shared, tmp_path, network=network, patch=(16, 32, 32)))
    assert chosen.patch == (16, 32, 32)
    flat = choose_network(make(shared, tmp_path, network=replace(network, spatial_dims=2), patch=(3, 32, 48)))
    assert flat.patch == (32, 48)


def test_fine_tuning_starts_where_another_training_ended(shared: Path, tmp_path: Path) -> None:
    first = train_cac(make(shared, tmp_path / "first"))
    still = replace(SCHEDULE, steps=1, learning_rate=1e-9, weight_decay=0.0)
    second = train_cac(make(shared, tmp_path / "second", start_from=str(first.folder), schedule=still))
    before, after = (torch.load(f / "last.pt", weights_only=True)["network"] for f in (first.folder, second.folder))
    from safetensors.torch import load_file

    best = load_file(first.folder / "best.safetensors")
    assert all(torch.allclose(best[name], after[name], atol=1e-6) for name in before)
    assert f"| Started from | {first.folder} |" in (second.folder / "model-card.md").read_text()


def test_more_steps_resume_and_grow_the_version(shared: Path, tmp_path: Path) -> None:
    first = train_cac(make(shared, tmp_path / "run"))
    longer = make(shared, tmp_path / "run", schedule=replace(SCHEDULE, steps=40, learning_rate=2e-3))
    second = train_cac(longer)
    assert second.outcome.steps == 40
    assert (first.entry.version, second.entry.version) == (1, 1 + (first.entry.sha256 != second.entry.sha256))


def test_another_training_is_not_resumed_by_mistake(shared: Path, tmp_path: Path) -> None:
    train_cac(make(shared, tmp_path / "run"))
    other = make(shared, tmp_path / "run", schedule=replace(SCHEDULE, seed=3, batch=2))
    with pytest.raises(TrainingError, match=r"run holds a training with another schedule.batch, schedule.seed"):
        train_cac(other)
    (tmp_path / "run" / "config.json").write_text("{")
    with pytest.raises(TrainingError, match=r"config.json in run is damaged"):
        keep_config(other)


def test_what_is_measured_on_validation_cases_is_written_beside_the_weights(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def calibrate(_: torch.nn.Module, validation: Task) -> dict[str, float]:
        return {"temperature": 1.5, "scans": float(len(validation))}

    monkeypatch.setattr("vascal.train.run.find_recipe", lambda _: replace(RECIPES["voxels"], calibrate=calibrate))
    settings = train_cac(make(shared, tmp_path / "run")).entry.settings
    assert (settings["temperature"], settings["scans"]) == (1.5, 1.0)


def test_models_of_other_tasks_in_the_folder_are_kept(shared: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    row = {"file": "lesions.onnx", "sha256": "0", "version": 2, "settings": {}}
    (out / "manifest.json").write_text(json.dumps({"models": {"lesions": row}}))
    train_cac(make(shared, out))
    assert {name: entry.version for name, entry in read_manifest(out).items()} == {"lesions": 2, "voxels": 1}


def test_sizes_that_do_not_fit_are_told_before_training(shared: Path, tmp_path: Path) -> None:
    config = make(shared, tmp_path / "run", patch=(9, 25, 27))
    with pytest.raises(TrainingError, match="the network can not take a sample of 5 x 9 x 25 x 27"):
        train_cac(config)
    assert not (tmp_path / "run" / "last.pt").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network": NetworkConfig(name="vgg", channels=(4,))}, "network vgg gives one class for the whole input"),
        ({"network": replace(NETWORK, spatial_dims=4)}, "network.spatial_dims is neither 2 nor 3"),
        ({"network": replace(NETWORK, spatial_dims=2), "patch": (4, 24, 24)}, "patch has 4 neighbouring slices"),
        ({"start_from": "nowhere"}, "start_from is 'nowhere'"),
    ],
)
def test_options_that_do_not_fit_are_told(
    shared: Path, tmp_path: Path, changes: Mapping[str, object], message: str
) -> None:
    with pytest.raises(TrainingError, match=message):
        train_cac(make(shared, tmp_path / "run", **changes))


def test_options_that_a_task_does_not_take_are_told(tmp_path: Path) -> None:
    table = {"task": "courses", "out": "o", "data": {"simulated": 2}}
    with pytest.raises(TrainingError, match="task 'courses' has a loss of its own; leave out loss"):
        find_recipe(make_config({**table, "loss": {}}))
    with pytest.raises(TrainingError, match="task 'lesions' has a network of its own"):
        find_recipe(make_config({**table, "task": "lesions", "network": {}}))
    with pytest.raises(TrainingError, match=r"task 'anatomy' learns from simulated images; give data.simulated"):
        find_recipe(make_config({**table, "task": "anatomy", "data": {"index": "a"}}))
    with pytest.raises(TrainingError, match="task 'courses' needs a network with spatial_dims = 3"):
        find_recipe(make_config({**table, "network": {"spatial_dims": 2}}))


@pytest.mark.parametrize("task", ["anatomy", "courses"])
def test_each_segmentation_task_has_a_network_whose_onnx_takes_any_size(task: str) -> None:
    config = make_config({"task": task, "out": "o", "data": {"simulated": 2}})
    recipe = find_recipe(config)
    made = recipe.make_task(config, [])
    network = recipe.make_network(config, made)
    assert sum(part.numel() for part in network.parameters()) > 1000
    assert set(recipe.free_axes(config)["image"]) == {0, 2, 3, 4}


def test_samples_that_nobody_can_make_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = make_config({"task": "voxels", "out": str(tmp_path), "data": {"samples": str(tmp_path / "none")}})
    with pytest.raises(TrainingError, match=r"none holds no samples; give data.index, data.films or data.simulated"):
        prepare_samples(config, RECIPES["voxels"], Silence())
    simulated = make_config({"task": "voxels", "out": str(tmp_path), "data": {"simulated": 2}})
    with pytest.raises(TrainingError, match="samples of task 'voxels' can not be prepared here"):
        prepare_samples(simulated, replace(RECIPES["voxels"], prepare=None), Silence())


def test_samples_of_another_data_set_are_refused(shared: Path, tmp_path: Path) -> None:
    train_cac(make(shared, tmp_path / "run"))
    (tmp_path / "other.json").write_text((shared / "dataset.json").read_text() + " ")
    data = DataConfig(index=tmp_path / "other.json", samples=shared / "samples")
    with pytest.raises(
        TrainingError, match="the samples in samples were made from something else, or from the data set"
    ):
        train_cac(make(shared, tmp_path / "second", data=data))


def test_a_data_set_that_is_not_there_is_told(shared: Path, tmp_path: Path) -> None:
    data = DataConfig(index=tmp_path / "other.json")
    with pytest.raises(TrainingError, match=r"data.index other.json can not be read: No such file"):
        train_cac(make(shared, tmp_path / "second", data=data))


def test_without_torch_the_command_that_installs_it_is_told(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vascal.train.run.find_spec", lambda name: None if name == "torch" else os)
    with pytest.raises(MissingExtraError, match=r"training needs torch; pip install 'vascal\[train\]'"):
        train_cac(make(shared, tmp_path / "run"))
