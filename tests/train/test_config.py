"""A training's file: what it may say, and what is told about what it may not."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from vascal.errors import TrainingError
from vascal.train.config import DataConfig, TrainConfig, lay_out, make_config, read_config
from vascal.train.networks import NetworkConfig
from vascal.train.schedule import Schedule

LEAST = {"task": "voxels", "out": "run", "data": {"simulated": 3}}
FOLDER = Path(__file__).parents[2] / "recipes"
RECIPES = sorted(path for path in FOLDER.glob("*.toml") if not path.name.startswith("fusion-"))


def test_the_least_file_takes_every_default() -> None:
    config = make_config(LEAST)
    assert config == TrainConfig(task="voxels", out=Path("run"), data=DataConfig(simulated=3))
    assert config.samples == Path("run/samples")


def test_a_full_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text("""
        task = "courses"
        out = "o"
        start_from = "embedded"
        patch = [16, 32, 32]
        [data]
        index = "coca/dataset.json"
        samples = "s"
        [network]
        name = "dynunet"
        channels = [8, 16]
        strides = [2]
        dropout = 0
        [schedule]
        steps = 5
        time_limit_min = 30
        mixed_precision = false
        [warp]
        turn_deg = [1, 2.5, 3]
        [loss]
        focal_gamma = 2
    """)
    config = read_config(path)
    assert config.network == NetworkConfig(name="dynunet", channels=(8, 16), strides=(2,))
    assert config.schedule == Schedule(steps=5, time_limit_min=30.0, mixed_precision=False)
    assert config.warp is not None
    assert config.warp.turn_deg == (1.0, 2.5, 3.0)
    assert config.patch == (16, 32, 32)
    assert config.samples == Path("s")


def test_what_is_laid_out_is_read_back() -> None:
    config = make_config({**LEAST, "patch": [1, 2, 3], "network": {"name": "vgg"}, "warp": {"bend_mm": 1.0}})
    assert make_config(lay_out(config)) == config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tusk": 1}, "tusk is no option; there are task, data, out"),
        ({"schedule": {"step": 1}}, "schedule.step is no option; there are steps, batch"),
        ({"schedule": 3}, "schedule is 3; needed: a table"),
        ({"task": "spleen"}, "task is 'spleen'; there are anatomy, courses, lesions, voxels, film-map"),
        ({"schedule": {"steps": 1.5}}, r"schedule.steps is 1.5; needed: a whole number"),
        ({"schedule": {"steps": True}}, r"schedule.steps is True; needed: a whole number"),
        ({"schedule": {"learning_rate": "fast"}}, "schedule.learning_rate is 'fast'; needed: a number"),
        ({"schedule": {"mixed_precision": 1}}, "schedule.mixed_precision is 1; needed: true or false"),
        ({"out": 5}, "out is 5; needed: a path"),
        ({"out": ""}, "out is ''; needed: a path"),
        ({"start_from": 5}, "start_from is 5; needed: text"),
        ({"patch": [1, 2]}, r"patch is \[1, 2\]; needed: a list of 3 numbers"),
        ({"patch": 5}, "patch is 5; needed: a list of 3 numbers"),
        ({"patch": [1, 2, "x"]}, r"patch\[2\] is 'x'; needed: a whole number"),
        ({"patch": [0, 2, 2]}, r"patch is \(0, 2, 2\); needed"),
        ({"network": {"channels": [8, 1.5]}}, r"network.channels\[1\] is 1.5"),
        ({"network": {"channels": 8}}, "network.channels is 8; needed: a list of numbers"),
        ({"data": {}}, r"data: give index \(a data set\), simulated"),
        ({"data": {"index": "a", "simulated": 3}}, "give index or simulated, not both"),
        ({"data": {"simulated": 0}}, "data.simulated is 0; needed: more than 0"),
        ({"data": {"simulated": 3, "validation": 1.0}}, "data.validation is 1.0; needed: a share"),
        ({"schedule": {"steps": 0}}, "schedule.steps is 0; needed: more than 0"),
        ({"schedule": {"learning_rate": float("nan")}}, "schedule.learning_rate is nan"),
        ({"schedule": {"workers": -1}}, "workers and weight_decay can not be below 0"),
        ({"loss": {"tversky_alpha": 2.0}}, "loss.tversky_alpha is 2.0; needed: 0 to 1"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        make_config({**LEAST, **change})


@pytest.mark.parametrize("name", ["task", "out", "data"])
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(TrainingError, match=f"{name} is missing"):
        make_config({key: value for key, value in LEAST.items() if key != name})


@pytest.mark.parametrize(("content", "message"), [(b"task = ", "is no TOML"), (b"\xff", "is no TOML")])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "t.toml").write_bytes(content)
    with pytest.raises(TrainingError, match=rf"t.toml {message}"):
        read_config(tmp_path / "t.toml")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"t.toml can not be read: No such file"):
        read_config(tmp_path / "t.toml")


def test_errors_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text('task = "voxels"')
    with pytest.raises(TrainingError, match=r"t.toml: data is missing"):
        read_config(tmp_path / "t.toml")


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name)
def test_each_recipe_can_be_read(path: Path) -> None:
    assert read_config(path).task == tomllib.loads(path.read_text())["task"]
