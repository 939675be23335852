"""The loop: it learns, stops, is resumed to the same bits, and refuses what is no number."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from tests.train.tiny import StepTask, make_network
from vascal.errors import TrainingError
from vascal.train.loop import answering_on_cpu, fit
from vascal.train.schedule import Schedule, Sgd, learning_rate

SHORT = Schedule(steps=12, batch=2, warm_up=2, validate_every=4, validation_batches=3, learning_rate=0.05)
TASK = StepTask()


class StoppedError(Exception):
    """Stands for a power cut."""


def read_log(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_it_learns_and_writes_what_it_learnt(tmp_path: Path) -> None:
    network = make_network()
    outcome = fit(network, TASK, TASK, replace(SHORT, steps=60, validate_every=20), tmp_path)
    assert outcome.best["loss"] < 0.4
    assert outcome.best["right"] > 0.8
    assert (outcome.steps, outcome.device) == (60, "cpu")
    rows = read_log(tmp_path)
    assert [row["step"] for row in rows] == ["20", "40", "60"]
    assert float(rows[-1]["train_loss"]) < float(rows[0]["train_loss"])
    assert rows[0]["unknown"] == "nan"
    assert outcome.seconds == pytest.approx(float(rows[-1]["seconds"]), rel=1e-3)


def test_the_best_weights_are_kept_and_given_back(tmp_path: Path) -> None:
    network = make_network()
    # A rate this high makes the last validation worse than an earlier one.
    schedule = replace(SHORT, steps=40, validate_every=2, learning_rate=0.5)
    outcome = fit(network, TASK, TASK, schedule, tmp_path)
    rows = read_log(tmp_path)
    best = min(rows, key=lambda row: float(row["loss"]))
    assert int(best["step"]) == outcome.best["step"] < 40
    kept = load_file(tmp_path / "best.safetensors")
    assert all(torch.equal(kept[name], value) for name, value in network.state_dict().items())


@dataclass(frozen=True, slots=True, kw_only=True)
class SteepTask(StepTask):
    """A loss a thousand times as steep."""

    def batch_loss(self, network: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        return 1000 * StepTask.batch_loss(self, network, batch)


@pytest.mark.parametrize(("clip", "most"), [(None, np.inf), (2.0, 2.0 * 0.01 * 1.001)])
def test_the_descent_of_a_published_recipe_is_shortened_only_if_it_says_so(
    tmp_path: Path, clip: float | None, most: float
) -> None:
    network = make_network()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    sgd = Sgd(momentum=0.9, warm_up_from=0.01, clip=clip)
    schedule = replace(SHORT, steps=1, warm_up=0, validate_every=1, learning_rate=0.01, weight_decay=0.0, sgd=sgd)
    task = SteepTask()
    fit(network, task, task, schedule, tmp_path)
    gone = float(sum((value - before[name]).square().sum() for name, value in network.state_dict().items())) ** 0.5
    assert gone <= most
    assert clip is not None or gone > 1.0


def stop_at(when: int) -> Callable[[int, Mapping[str, float] | None], None]:
    def watch(step: int, scores: Mapping[str, float] | None) -> None:
        if step == when:
            raise StoppedError

    return watch


def last_weights(folder: Path) -> dict[str, Tensor]:
    return dict(torch.load(folder / "last.pt", weights_only=True)["network"])


@pytest.mark.parametrize("when", [4, 6, 11])
def test_a_resumed_training_ends_with_the_same_bits(tmp_path: Path, when: int) -> None:
    fit(make_network(), TASK, TASK, SHORT, tmp_path / "whole")
    with pytest.raises(StoppedError):
        fit(make_network(), TASK, TASK, SHORT, tmp_path / "parted", watch=stop_at(when))
    torch.manual_seed(77)  # another process begins with other chance and other weights
    outcome = fit(make_network(seed=5), TASK, TASK, SHORT, tmp_path / "parted")
    first, second = last_weights(tmp_path / "whole"), last_weights(tmp_path / "parted")
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert outcome.steps == 12
    losses = [[row["loss"] for row in read_log(tmp_path / name)] for name in ("whole", "parted")]
    # A stop while a validation was being told leaves nothing out of the log.
    assert losses[0] == losses[1]


def test_a_finished_training_is_not_trained_further(tmp_path: Path) -> None:
    fit(make_network(), TASK, TASK, SHORT, tmp_path)
    before = last_weights(tmp_path)
    outcome = fit(make_network(seed=3), TASK, TASK, SHORT, tmp_path)
    assert outcome.steps == 12
    assert all(torch.equal(before[name], value) for name, value in last_weights(tmp_path).items())


def test_more_steps_go_on_from_the_last_ones(tmp_path: Path) -> None:
    fit(make_network(), TASK, TASK, SHORT, tmp_path)
    assert fit(make_network(), TASK, TASK, replace(SHORT, steps=16), tmp_path).steps == 16


def test_each_epoch_draws_every_case_once(tmp_path: Path) -> None:
    task = StepTask(drawn=[])
    fit(make_network(), task, TASK, SHORT, tmp_path)
    assert task.drawn is not None
    epochs = [task.drawn[n : n + 8] for n in (0, 8, 16)]
    assert all(sorted(epoch) == list(range(8)) for epoch in epochs)
    assert epochs[0] != epochs[1]


def test_patience_ends_a_training_that_no_longer_gets_better(tmp_path: Path) -> None:
    schedule = replace(SHORT, steps=200, validate_every=1, patience=3, learning_rate=0.5)
    outcome = fit(make_network(), TASK, TASK, schedule, tmp_path)
    assert outcome.steps < 200
    assert outcome.steps == outcome.best["step"] + 3
    # And it stays ended.
    assert fit(make_network(), TASK, TASK, schedule, tmp_path).steps == outcome.steps


def test_a_time_limit_ends_a_training_with_a_validation(tmp_path: Path) -> None:
    outcome = fit(make_network(), TASK, TASK, replace(SHORT, time_limit_min=0.0), tmp_path)
    assert outcome.steps == 1
    assert (tmp_path / "best.safetensors").exists()


def test_each_step_and_each_validation_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, bool]] = []
    fit(make_network(), TASK, TASK, SHORT, tmp_path, watch=lambda step, scores: told.append((step, scores is not None)))
    assert told == [(step, step % 4 == 0) for step in range(1, 13)]


@dataclass(frozen=True)
class Spoiled(StepTask):
    """Its loss is no number."""

    def batch_loss(self, network: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        return StepTask.batch_loss(self, network, batch) * float("nan")


def test_a_loss_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="the loss is nan after 0 steps; try a lower learning rate"):
        fit(make_network(), Spoiled(), TASK, SHORT, tmp_path)


def test_a_validation_loss_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="the validation loss is nan after 4 steps"):
        fit(make_network(), TASK, Spoiled(), SHORT, tmp_path)


def test_without_cases_nothing_is_trained(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="8 training and 0 validation cases; both need at least one"):
        fit(make_network(), TASK, StepTask(count=0), SHORT, tmp_path)


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    fit(make_network(), TASK, TASK, SHORT, tmp_path)
    with pytest.raises(TrainingError, match=r"last.pt is of a training of another network"):
        fit(nn.Conv2d(1, 2, 1), TASK, TASK, SHORT, tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04"])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "last.pt").write_bytes(content)
    with pytest.raises(TrainingError, match=r"last.pt is damaged; remove it to start anew"):
        fit(make_network(), TASK, TASK, SHORT, tmp_path)


def test_a_file_that_holds_no_checkpoint_is_refused(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "last.pt")
    with pytest.raises(TrainingError, match=r"last.pt is no checkpoint"):
        fit(make_network(), TASK, TASK, SHORT, tmp_path)


class Evil:
    """What a checkpoint from elsewhere might carry."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("evil"),))  # type: ignore[return-value]


def test_a_checkpoint_can_not_run_code(tmp_path: Path) -> None:
    torch.save({"network": Evil()}, tmp_path / "last.pt")
    with pytest.raises(TrainingError, match="damaged"):
        fit(make_network(), TASK, TASK, SHORT, tmp_path)


def test_the_rate_warms_up_and_falls_to_a_hundredth() -> None:
    schedule = Schedule(steps=100, warm_up=10, learning_rate=1.0)
    assert learning_rate(0, schedule) == pytest.approx(0.1)
    assert learning_rate(9, schedule) == pytest.approx(1.0)
    assert learning_rate(55, schedule) == pytest.approx(0.01 + 0.99 * 0.5)
    assert learning_rate(100, schedule) == pytest.approx(0.01)
    assert learning_rate(500, schedule) == pytest.approx(0.01)
    assert learning_rate(0, replace(schedule, warm_up=0)) == pytest.approx(1.0)
    assert np.isfinite(learning_rate(3, replace(schedule, steps=0, warm_up=0)))


def test_scores_are_counted_on_the_cpu_wherever_the_network_is() -> None:
    class Two(nn.Module):
        def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
            return a + b, a - b

    wrapped = answering_on_cpu(Two(), torch.device("cpu"))
    plus, minus = wrapped(torch.ones(1), torch.ones(1))
    assert (plus.item(), minus.item(), plus.device.type) == (2.0, 0.0, "cpu")
