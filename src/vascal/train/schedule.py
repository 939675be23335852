"""How long and how fast a network is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vascal.errors import TrainingError

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True, slots=True, kw_only=True)
class Sgd:
    """Stochastic gradient descent with momentum, and the course of its rate.

    Parameters
    ----------
    momentum
        Share of the last step that goes on.
    nesterov
        Look ahead by the momentum before the gradient is taken, as nnU-Net does.
    warm_up_from
        Rate of the first step; a line leads from it to ``learning_rate``.
    final_rate
        Rate at the end of the cosine.
    clip
        Longest gradient; a longer one is shortened to it. None never shortens: with an error in points squared, the
        gradients of a fresh network are long, and shortening them all but stops it.
    """

    momentum: float = 0.9
    nesterov: bool = False
    warm_up_from: float = 0.0033
    final_rate: float = 1e-4
    clip: float | None = None

    def __post_init__(self) -> None:
        if self.clip is not None and not self.clip > 0:
            raise TrainingError(f"schedule.sgd.clip is {self.clip}; needed: more than 0")
        if not 0 < self.momentum < 1 or min(self.warm_up_from, self.final_rate) < 0:
            raise TrainingError(
                f"schedule.sgd: momentum {self.momentum}, rates from {self.warm_up_from} to {self.final_rate}; needed: "
                "a momentum between 0 and 1, rates from 0 up"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long and how fast.

    Parameters
    ----------
    steps
        Batches in all.
    batch
        Samples a batch.
    learning_rate, weight_decay
        Of AdamW; the rate warms up over `warm_up` steps and falls as a cosine.
    warm_up
        Steps.
    validate_every
        Steps between validations; each also writes a checkpoint.
    validation_batches
        Batches a validation looks at, always the same.
    patience
        Validations without a better loss after which training stops early; 0 never stops.
    seed
        Of weights, order and chance.
    workers
        Processes that prepare samples; 0 prepares them in between.
    mixed_precision
        Use half precision where the device has it: on a GPU.
    time_limit_min
        Stop after this many minutes, however few steps that is; None never. A resumed training has them anew.
    sgd
        Take this instead of AdamW.
    epochs
        Times that all training cases are seen; takes the place of `steps`, and each validation then looks at every
        case that was held back.
    validate_epochs
        Epochs between validations, where `epochs` is given.
    """

    steps: int = 2000
    batch: int = 1
    learning_rate: float = 2e-3
    weight_decay: float = 1e-5
    warm_up: int = 100
    validate_every: int = 250
    validation_batches: int = 12
    patience: int = 0
    seed: int = 0
    workers: int = 0
    mixed_precision: bool = True
    time_limit_min: float | None = None
    sgd: Sgd | None = None
    epochs: int | None = None
    validate_epochs: int | None = None


def count_steps(schedule: Schedule, *, training: int, validation: int) -> Schedule:
    """Turn epochs into steps, now that the cases have been counted.

    Parameters
    ----------
    schedule
        As it was asked for; without epochs it stays as it is.
    training, validation
        Cases on either side.

    Examples
    --------
    >>> counted = count_steps(Schedule(epochs=500, validate_epochs=10, batch=32), training=1737, validation=471)
    >>> counted.steps, counted.validate_every, counted.validation_batches
    (27141, 543, 471)
    """
    if schedule.epochs is None:
        return schedule
    an_epoch = training / schedule.batch
    every = (schedule.validate_epochs or 1) * an_epoch
    return replace(
        schedule,
        steps=math.ceil(schedule.epochs * an_epoch),
        validate_every=math.ceil(every),
        validation_batches=validation,
    )


def learning_rate(step: int, schedule: Schedule) -> float:
    """Rate at a step: a line up, then half a cosine down.

    With AdamW the line starts near 0 and the cosine ends at a hundredth of the rate; `Sgd` names both ends.

    Examples
    --------
    >>> published = Schedule(steps=27141, learning_rate=0.01, warm_up=200, sgd=Sgd())
    >>> [round(learning_rate(step, published), 6) for step in (0, 100, 200, 27141)]
    [0.0033, 0.00665, 0.01, 0.0001]
    """
    top, sgd = schedule.learning_rate, schedule.sgd
    if step < schedule.warm_up:
        start = 0.0 if sgd is None else sgd.warm_up_from
        done = step + 1 if sgd is None else step
        return start + (top - start) * done / schedule.warm_up
    end = 0.01 * top if sgd is None else sgd.final_rate
    share = (step - schedule.warm_up) / max(1, schedule.steps - schedule.warm_up)
    return end + (top - end) * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))


def make_optimizer(network: nn.Module, schedule: Schedule) -> torch.optim.Optimizer:
    """Make what takes the steps."""
    import torch

    rate, decay, sgd = schedule.learning_rate, schedule.weight_decay, schedule.sgd
    if sgd is None:
        return torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=decay)
    return torch.optim.SGD(
        network.parameters(), lr=rate, weight_decay=decay, momentum=sgd.momentum, nesterov=sgd.nesterov
    )
