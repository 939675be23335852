"""Rates and epochs: the published course of the rate at its ends, and what an epoch is in steps."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from vascal.errors import TrainingError
from vascal.train.schedule import Schedule, Sgd, count_steps, learning_rate, make_optimizer

PUBLISHED = Schedule(steps=1000, learning_rate=0.01, warm_up=200, sgd=Sgd(), weight_decay=5e-4)


@pytest.mark.parametrize(("step", "rate"), [(0, 0.0033), (100, 0.00665), (200, 0.01), (600, 0.00505), (1000, 1e-4)])
def test_the_published_rate_rises_on_a_line_and_falls_as_a_cosine(step: int, rate: float) -> None:
    assert learning_rate(step, PUBLISHED) == pytest.approx(rate, rel=1e-9)


def test_after_the_end_the_rate_stays() -> None:
    assert learning_rate(5000, PUBLISHED) == pytest.approx(1e-4)


def test_epochs_become_steps_once_cases_are_counted() -> None:
    asked = Schedule(epochs=3, validate_epochs=2, batch=4)
    counted = count_steps(asked, training=10, validation=7)
    # 30 samples in fours are 7.5 batches; two epochs are 5.
    assert (counted.steps, counted.validate_every, counted.validation_batches) == (8, 5, 7)
    assert count_steps(replace(asked, validate_epochs=None), training=10, validation=7).validate_every == 3
    assert count_steps(Schedule(), training=10, validation=7) == Schedule()


def test_the_optimiser_is_the_one_that_was_asked_for() -> None:
    network = nn.Linear(2, 1)
    sgd = make_optimizer(network, PUBLISHED)
    assert isinstance(sgd, torch.optim.SGD)
    assert {name: sgd.defaults[name] for name in ("lr", "momentum", "weight_decay", "nesterov")} == {
        "lr": 0.01, "momentum": 0.9, "weight_decay": 5e-4, "nesterov": False,
    }  # fmt: skip
    assert isinstance(make_optimizer(network, Schedule()), torch.optim.AdamW)


@pytest.mark.parametrize(
    "wrong", [{"momentum": 0.0}, {"momentum": 1.0}, {"final_rate": -1.0}, {"warm_up_from": -0.1}, {"clip": 0.0}]
)
def test_a_momentum_or_rate_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(TrainingError, match=r"schedule\.sgd"):
        Sgd(**wrong)  # type: ignore[arg-type]
