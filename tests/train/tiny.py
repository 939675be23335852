"""A task so small that it trains in a blink: tell where in a line of numbers the step is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTask:
    """Images of noise on one of two levels; `count` cases."""

    count: int = 8
    inputs: int = 1
    outputs: int = 2
    spoiled_from: int | None = None
    drawn: list[int] | None = None

    def __len__(self) -> int:
        return self.count

    def sample(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        if self.drawn is not None:
            self.drawn.append(number)
        target = rng.random((4, 4)) < 0.5
        image = target + rng.normal(0, 0.3, (4, 4))
        return {"image": torch.from_numpy(image[None].astype(np.float32)), "target": torch.from_numpy(target).long()}

    def batch_loss(self, network: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        return nn.functional.cross_entropy(network(batch["image"]), batch["target"])

    def scores(self, network: nn.Module, batch: Mapping[str, Tensor]) -> dict[str, float]:
        right = network(batch["image"]).argmax(1) == batch["target"]
        return {"right": float(right.float().mean()), "unknown": float("nan")}


def make_network(seed: int = 0) -> nn.Module:
    """Two convolutions with dropout between, whose chance a resumed training must take up again."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Dropout(0.5), nn.Conv2d(4, 2, 1))
