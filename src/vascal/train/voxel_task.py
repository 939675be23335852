"""Calcium by artery, voxel by voxel: patches of real or simulated hearts whose calcium is labelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vascal.anatomy.lattice import AIR_HU
from vascal.errors import TrainingError
from vascal.models.voxel_net import ARTERIES, CLASSES, SPACING_MM, stack_slices
from vascal.models.windows import course_channels
from vascal.train.course_task import degrade
from vascal.train.losses import IGNORE, LossConfig, segmentation_loss
from vascal.train.voxel_samples import CORONARY
from vascal.train.warping import WarpConfig, draw_warp, pull

if TYPE_CHECKING:
    from torch import Tensor, nn

SHIFT_POINTS = 6.0
"""Standard deviation of a patch's middle around the calcium it was drawn for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoxelTask:
    """Patches around calcium, around other bright things, and anywhere in the heart.

    Parameters
    ----------
    files
        One ``.npz`` a scan at 1.5 mm, see `vascal.train.voxel_samples`.
    patch
        Slices, rows, columns of a patch. In 2D: how many neighbouring slices become channels; rows; columns.
    spatial_dims
        3 for volumes; 2 for slices with their neighbours.
    warp
        How far shapes stray.
    loss
        What is minimised.
    calcium, other
        Shares of patches drawn around coronary calcium and around other bright things; the rest is drawn
        anywhere in the heart. A scan without the one gives the next.
    """

    files: Sequence[Path]
    patch: tuple[int, int, int] = (48, 64, 64)
    spatial_dims: int = 3
    warp: WarpConfig = field(default_factory=lambda: WarpConfig(bend_mm=2.0, bend_step_mm=40.0, stretch=0.06))
    loss: LossConfig = field(default_factory=LossConfig)
    calcium: float = 0.55
    other: float = 0.3

    def __post_init__(self) -> None:
        if self.spatial_dims == 2 and self.patch[0] % 2 == 0:
            raise TrainingError(f"patch has {self.patch[0]} neighbouring slices; in 2D their number is odd")

    @property
    def inputs(self) -> int:
        """Channels: soft tissue and calcium, of each slice in 2D, and three of place."""
        return 5 if self.spatial_dims == 3 else 2 * self.patch[0] + 3

    @property
    def outputs(self) -> int:
        """Classes."""
        return len(CLASSES)

    def __len__(self) -> int:
        return len(self.files)

    def sample(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Draw one patch of one scan."""
        import torch

        with np.load(self.files[number]) as data:
            hu, labels, heart, size = data["hu"], data["labels"], data["centre"], data["size"]
        middle = self._choose_middle(labels, heart, size, rng)
        warp = draw_warp(rng, self.warp, shape=self.patch, spacing_mm=SPACING_MM, centre=middle)
        image = degrade(rng, pull(hu, warp.places, outside=AIR_HU).numpy())
        target = pull(labels, warp.places, nearest=True, outside=IGNORE).to(torch.uint8)
        back = np.linalg.inv(warp.matrix)
        centre = back @ (heart - middle) + (np.array(self.patch) - 1) / 2 + rng.normal(0, 2.5, 3)
        spread = np.sqrt(np.diag(back @ np.diag(size**2) @ back.T)) * np.exp(rng.normal(0, 0.05, 3))
        channels = course_channels(image, centre, spread)
        if self.spatial_dims == 2:
            return {"image": torch.from_numpy(stack_slices(channels)), "target": target[self.patch[0] // 2]}
        return {"image": torch.from_numpy(channels), "target": target}

    def _choose_middle(
        self, labels: np.ndarray, heart: np.ndarray, size: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw the middle of a patch, so that calcium is not one voxel in ten thousand."""
        is_own = ((labels >= 1) & (labels <= 4)) | (labels == CORONARY)
        draw = rng.random()
        for share, mask in ((self.calcium, is_own), (self.calcium + self.other, labels == CLASSES.index("other"))):
            places = np.flatnonzero(mask) if draw < share else np.empty(0, dtype=int)
            if places.size:
                at = np.array(np.unravel_index(rng.choice(places), labels.shape), dtype=float)
                # In 2D the slice itself must show what it was drawn for.
                spread = np.array([0.0 if self.spatial_dims == 2 else 1.0, 1.0, 1.0]) * SHIFT_POINTS
                return at + rng.normal(0, 1, 3) * np.minimum(spread, np.array(self.patch) / 8)
        return np.asarray(heart + np.clip(rng.normal(0, 0.35, 3), -0.8, 0.8) * size)

    def batch_loss(self, network: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """Loss of one batch."""
        return voxel_loss(network(batch["image"]), batch["target"], self.loss)

    def scores(self, network: nn.Module, batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Dice of coronary calcium, share of it that is found, and share of that whose artery is right."""
        found = network(batch["image"]).argmax(1).cpu().numpy()
        true = batch["target"].cpu().numpy()
        counts = true != IGNORE
        named = (true >= 1) & (true <= 4)
        own, called = (named | (true == CORONARY)) & counts, (found >= 1) & (found <= 4) & counts
        both = np.count_nonzero(own & called)
        return {
            "dice_coronary": _share(2 * both, np.count_nonzero(own) + np.count_nonzero(called)),
            "sensitivity": _share(both, np.count_nonzero(own)),
            "vessel": _share(np.count_nonzero((found == true) & named), np.count_nonzero(named & called)),
        }


def _share(part: np.integer | int, whole: np.integer | int) -> float:
    return float(part / whole) if whole else float("nan")


def voxel_loss(logits: Tensor, target: Tensor, config: LossConfig) -> Tensor:
    """Loss of one batch, also where only "coronary", and not the artery, is known.

    Parameters
    ----------
    logits
        (case, class, ...).
    target
        (case, ...): class of each voxel, `CORONARY` or `IGNORE`.
    config
        Which losses; where the artery is unknown, cross entropy of the four together.
    """
    from torch.nn import functional

    unnamed = target == CORONARY
    loss = segmentation_loss(logits, target.masked_fill(unnamed, IGNORE), config)
    if not unnamed.any():
        return loss
    log_p = functional.log_softmax(logits.movedim(1, -1)[unnamed].float(), dim=-1)
    share = unnamed.sum() / (target != IGNORE).sum()
    known = -log_p[:, ARTERIES].logsumexp(1).mean()
    return (1 - share) * loss + share * config.cross_entropy * known
