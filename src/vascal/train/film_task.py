"""Tasks on lateral films: the AAC-24 total of a region, and a map of vertebral bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, UInt8

from vascal.train.film_augmentation import FilmAugmentation, change_film, change_labels, draw_change
from vascal.train.film_config import VertebraConfig
from vascal.train.losses import LossConfig, segmentation_loss

if TYPE_CHECKING:
    from torch import Tensor, nn

GREY_MEAN, GREY_SPREAD = 0.449, 0.226
"""Mean and standard deviation of ImageNet's pictures, of the three colours together: what its networks expect."""
DICE_AND_ENTROPY = LossConfig(cross_entropy=1.0, overlap=1.0)


def as_input(brightness: Float32[np.ndarray, "row column"]) -> Float32[np.ndarray, "1 row column"]:
    """Turn brightness from 0 to 1 into what the network of totals takes."""
    return ((brightness - np.float32(GREY_MEAN)) / np.float32(GREY_SPREAD))[None]


def standardise(brightness: Float32[np.ndarray, "row column"]) -> Float32[np.ndarray, "1 row column"]:
    """Z-score of a whole film: mean 0 and standard deviation 1."""
    spread = float(brightness.std(dtype=np.float64))
    mean = float(brightness.mean(dtype=np.float64))
    return ((brightness - mean) / max(spread, 1e-6)).astype(np.float32)[None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalTask:
    """Regions of films with their totals.

    Parameters
    ----------
    files
        One ``.npz`` a film: ``image`` (row, column) and ``total``, see `vascal.train.film_preparation`.
    augmentation
        How far films stray; None shows them as they are.
    """

    files: Sequence[Path]
    augmentation: FilmAugmentation | None = None
    inputs: int = 1
    outputs: int = 1

    def __len__(self) -> int:
        return len(self.files)

    def sample(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Give one film, changed at random."""
        import torch

        with np.load(self.files[number]) as data:
            image, total = data["image"].astype(np.float32) / np.float32(255), float(data["total"])
        if self.augmentation is not None:
            image = change_film(image, draw_change(rng, self.augmentation), rng)
        return {"image": torch.from_numpy(as_input(image)), "total": torch.tensor(total, dtype=torch.float32)}

    def batch_loss(self, network: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """Mean squared error, in points squared."""
        from torch.nn import functional

        return functional.mse_loss(network(batch["image"]).float(), batch["total"])

    def scores(self, network: nn.Module, batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Mean absolute error, and the share within four points."""
        off = (network(batch["image"]) - batch["total"]).abs()
        return {"mae": float(off.mean()), "within_4": float((off <= 4).float().mean())}


@dataclass(frozen=True, slots=True, kw_only=True)
class VertebraTask:
    """Patches of films with their maps of vertebral bodies.

    Parameters
    ----------
    files
        One ``.npz`` a film: ``image`` and ``classes``, (row, column), see `vascal.train.film_preparation`.
    config
        Size of patches, and how far films stray.
    is_held_back
        Show the middle of each film as it is.
    """

    files: Sequence[Path]
    config: VertebraConfig
    is_held_back: bool = False
    inputs: int = 1

    @property
    def outputs(self) -> int:
        """Classes: none, then each vertebra."""
        return len(self.config.names) + 1

    def __len__(self) -> int:
        return len(self.files)

    def sample(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Draw one patch of one film."""
        import torch

        with np.load(self.files[number]) as data:
            image, classes = data["image"].astype(np.float32) / np.float32(65535), data["classes"]
        if not self.is_held_back:
            change = draw_change(rng, self.config.augmentation)
            image, classes = change_film(image, change, rng), change_labels(classes, change)
        middle = self._choose_middle(classes, rng)
        patch = cut_patch(standardise(image)[0], middle, self.config.patch)
        target = cut_patch(classes, middle, self.config.patch)
        return {"image": torch.from_numpy(patch[None]), "target": torch.from_numpy(target)}

    def _choose_middle(self, classes: UInt8[np.ndarray, "row column"], rng: np.random.Generator) -> tuple[int, int]:
        """Row and column in the middle of a patch; the patch stays on the film where it fits."""
        rows, columns = classes.shape
        half = [size // 2 for size in self.config.patch]
        bodies = np.flatnonzero(classes)
        if self.is_held_back:
            row, column = rows // 2, columns // 2
        elif bodies.size and rng.random() < self.config.foreground:
            row, column = divmod(int(rng.choice(bodies)), columns)
        else:
            row, column = int(rng.integers(rows)), int(rng.integers(columns))
        return _keep_inside(row, half[0], rows), _keep_inside(column, half[1], columns)

    def batch_loss(self, network: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """Dice and cross entropy; of each coarser level half as much as of the one before."""
        answer = network(batch["image"])
        if answer.ndim == 4:
            return segmentation_loss(answer, batch["target"], DICE_AND_ENTROPY)
        shares = [0.5**level for level in range(answer.shape[1])]
        losses = [segmentation_loss(level, batch["target"], DICE_AND_ENTROPY) for level in answer.unbind(1)]
        return sum(share * loss for share, loss in zip(shares, losses, strict=True)) / sum(shares)  # type: ignore[return-value]

    def scores(self, network: nn.Module, batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Dice of each vertebra."""
        found, true = network(batch["image"]).argmax(1).numpy(), batch["target"].numpy()
        return {
            f"dice_{name}": measure_dice(found == value, true == value)
            for value, name in enumerate(self.config.names, start=1)
        }


def measure_dice(found: np.ndarray, true: np.ndarray) -> float:
    """Dice of two masks; not a number where both are empty."""
    total = np.count_nonzero(found) + np.count_nonzero(true)
    return 2 * np.count_nonzero(found & true) / total if total else float("nan")


def _keep_inside(middle: int, half: int, size: int) -> int:
    return min(max(middle, half), max(half, size - half)) if size >= 2 * half else size // 2


def cut_patch(image: np.ndarray, middle: tuple[int, int], shape: tuple[int, int]) -> np.ndarray:
    """Cut a patch out of a film; 0 where it reaches beyond.

    Examples
    --------
    >>> cut_patch(np.array([[1, 2], [3, 4]]), (1, 1), (2, 4)).tolist()
    [[0, 1, 2, 0], [0, 3, 4, 0]]
    """
    starts = [at - size // 2 for at, size in zip(middle, shape, strict=True)]
    patch = np.zeros(shape, dtype=image.dtype)
    source = tuple(slice(max(0, s), max(0, s + n)) for s, n in zip(starts, shape, strict=True))
    part = image[source]
    target = tuple(slice(max(0, -s), max(0, -s) + n) for s, n in zip(starts, part.shape, strict=True))
    patch[target] = part
    return patch
