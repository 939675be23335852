"""First network of a film: vertebral bodies by name, and the aorta between its walls by level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from scipy import ndimage

from vascal.models.film_inputs import BODIES, CANVAS, MAP_CHANNELS, MAP_MM, ZONES, map_channels
from vascal.train.film_looks import change_looks

if TYPE_CHECKING:
    from torch import Tensor, nn


BACKGROUND_WEIGHT = 0.3
TURNED_SHARE = 0.12
"""Of films shown head down or lying, on which nothing is to be found."""
BLURRED_SHARE, BLUR_MM, CLOSED_SHARE = 0.25, 2.4, 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmMapTask:
    """Whole films at 1.5 mm, turned, scaled, mirrored and shown differently.

    Parameters
    ----------
    files
        One ``.npz`` a film, see `vascal.train.film_truths`. On those without walls, frontal ones, nothing is found.
    size
        Rows and columns of what the network sees.
    is_changed
        Whether films are changed at random; not when they validate.
    """

    files: Sequence[Path]
    size: tuple[int, int] = CANVAS
    is_changed: bool = True

    @property
    def inputs(self) -> int:
        """Channels."""
        return MAP_CHANNELS

    @property
    def outputs(self) -> int:
        """Classes of both maps together."""
        return len(BODIES) + len(ZONES)

    def __len__(self) -> int:
        return len(self.files)

    def sample(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Draw one film with a look and a pose of its own."""
        import torch

        with np.load(self.files[number]) as data:
            # Half the size: the network sees pixels of 1 mm, films have 0.3 to 0.5.
            film = np.asarray(Image.fromarray(data["image"]).reduce(2), dtype=np.float32) / 255
            spacing = 2 * float(data["spacing_mm"])
            bodies, zones = _draw_targets(data, film.shape, spacing / 2)
        if self.is_changed and rng.random() < TURNED_SHARE:
            film = film[::-1] if rng.random() < 0.6 else np.rot90(film, int(rng.choice([1, 3])))
            bodies = zones = np.zeros(film.shape, dtype=np.uint8)
        make_pose = _draw_pose if self.is_changed else _rest
        pose = make_pose(rng, film.shape, spacing, self.size)
        small = _pull(film, pose, self.size, spacing)
        targets = [_label(bodies, pose, self.size), _label(zones, pose, self.size)]
        if self.is_changed:
            small = change_looks(_blur(rng, small), MAP_MM, rng)
            small = _close_in(rng, small, np.maximum(*targets))
        return {"image": torch.from_numpy(map_channels(small)), "target": torch.from_numpy(np.stack(targets))}

    def batch_loss(self, network: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """Cross entropy and Dice of both maps."""
        logits, target = network(batch["image"]), batch["target"].long()
        first, second = logits[:, : len(BODIES)], logits[:, len(BODIES) :]
        return _dice_and_entropy(first, target[:, 0]) + _dice_and_entropy(second, target[:, 1])

    def scores(self, network: nn.Module, batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Mean Dice of L1 to L5, and of the aorta at L1 to L4."""
        logits, target = network(batch["image"]), batch["target"]
        found = [part.argmax(1).cpu().numpy() for part in (logits[:, : len(BODIES)], logits[:, len(BODIES) :])]
        true = target.cpu().numpy()
        return {
            "dice_L1_L5": _mean_dice(found[0], true[:, 0], range(2, 7)),
            "dice_aorta": _mean_dice(found[1], true[:, 1], range(2, 6)),
        }


def _draw_targets(
    data: Mapping[str, np.ndarray], shape: tuple[int, ...], spacing: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give bodies and aorta at half the film's size; nothing for a film that shows neither from the side."""
    if "points" not in data:
        empty = np.zeros(shape, dtype=np.uint8)
        return empty, empty
    return data["vertebrae"], draw_zones(data["points"], data["cuts"], data["image"].shape, spacing)


def draw_zones(points: np.ndarray, cuts: np.ndarray, shape: tuple[int, ...], spacing: float) -> np.ndarray:
    """Draw the aorta between its walls by level, at half the film's size.

    Parameters
    ----------
    points
        (2, point, 2): anterior and posterior wall from above L1 to below L4, row and column.
    cuts
        (5,): points at the borders.
    shape, spacing
        Of the film; above and below the levels 20 mm are drawn by carrying the walls on.
    """
    from PIL import ImageDraw

    picture = Image.new("L", (shape[1] // 2, shape[0] // 2))
    pen = ImageDraw.Draw(picture)
    beyond = 20.0 / spacing

    def carry_on(at: int, back: int) -> np.ndarray:
        step = points[:, at] - points[:, back]
        return np.asarray(points[:, at] + step / np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-6) * beyond)

    def paint(corners: np.ndarray, value: int) -> None:
        pen.polygon([(column / 2, row / 2) for row, column in corners.tolist()], fill=value)

    count = points.shape[1]
    above, below = carry_on(0, min(30, count - 1)), carry_on(count - 1, max(count - 31, 0))
    paint(np.stack([above[0], points[0, 0], points[1, 0], above[1]]), 1)
    paint(np.stack([below[0], points[0, -1], points[1, -1], below[1]]), 6)
    for level, (top, bottom) in enumerate(pairwise(cuts), start=2):
        piece = points[:, top : bottom + 1]
        paint(np.concatenate([piece[0], piece[1][::-1]]), level)
    return np.array(picture)


Pose = tuple[np.ndarray, np.ndarray]
"""Matrix and offset from pixels of the training picture to pixels of the film."""


def _rest(_rng: np.random.Generator, shape: tuple[int, ...], spacing: float, size: tuple[int, int]) -> Pose:
    matrix = np.eye(2) * MAP_MM / spacing
    return matrix, (np.array(shape) - 1) / 2 - matrix @ ((np.array(size) - 1) / 2)


def _draw_pose(rng: np.random.Generator, shape: tuple[int, ...], spacing: float, size: tuple[int, int]) -> Pose:
    angle, scale = np.deg2rad(rng.normal(0, 5)), np.exp(rng.normal(0, 0.13))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shear = np.array([[1.0, rng.normal(0, 0.03)], [rng.normal(0, 0.05), 1.0]])
    matrix = turn @ shear * scale * MAP_MM / spacing
    matrix[:, 1] *= rng.choice([-1.0, 1.0])
    middle = (np.array(shape) - 1) / 2 + rng.uniform(-18, 18, 2) / spacing
    return matrix, middle - matrix @ ((np.array(size) - 1) / 2)


def _pull(film: np.ndarray, pose: Pose, size: tuple[int, int], spacing: float) -> np.ndarray:
    """Sample a film in a pose; smoothed first, so that nothing aliases."""
    blurred = ndimage.uniform_filter(film, max(1, round(MAP_MM / spacing)))
    return np.asarray(ndimage.affine_transform(blurred, pose[0], pose[1], size, order=1, mode="constant"))


def _blur(rng: np.random.Generator, small: np.ndarray) -> np.ndarray:
    """Blur some films, more along one side than along the other, as a CT's projection or an old scanner would."""
    if rng.random() >= BLURRED_SHARE:
        return small
    return np.asarray(ndimage.gaussian_filter(small, rng.uniform(0, BLUR_MM, 2) / MAP_MM, truncate=3.0))


def _close_in(rng: np.random.Generator, small: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Close the shutters of some films around what is to be found: small films are films too."""
    if rng.random() >= CLOSED_SHARE or not seen.any():
        return small
    places = np.argwhere(seen)
    low, high = places.min(axis=0) - rng.uniform(2, 40, 2), places.max(axis=0) + rng.uniform(3, 40, 2)
    (top, left), (bottom, right) = np.maximum(low, 0).astype(int), high.astype(int)
    closed = np.zeros_like(small)
    closed[top:bottom, left:right] = small[top:bottom, left:right]
    return closed


def _label(labels: np.ndarray, pose: Pose, size: tuple[int, int]) -> np.ndarray:
    """Sample a label map of half the film's size."""
    return np.asarray(ndimage.affine_transform(labels, *pose, size, order=0, mode="constant", output=np.uint8))


def _dice_and_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Cross entropy, Dice of each class, and Dice of whatever is not background: a body first, then its name."""
    import torch
    from torch.nn import functional

    weight = torch.full((logits.shape[1],), 1.0)
    weight[0] = BACKGROUND_WEIGHT
    entropy = functional.cross_entropy(logits, target, weight=weight)
    share = torch.softmax(logits, dim=1)
    is_it = functional.one_hot(target, logits.shape[1]).movedim(-1, 1).to(share.dtype)
    return entropy + _dice_loss(share[:, 1:], is_it[:, 1:]) + 0.5 * _dice_loss(1 - share[:, :1], 1 - is_it[:, :1])


def _dice_loss(share: Tensor, is_it: Tensor) -> Tensor:
    both, all_ = (share * is_it).sum((0, 2, 3)), (share + is_it).sum((0, 2, 3))
    return 1 - ((2 * both + 1) / (all_ + 1)).mean()


def _mean_dice(found: np.ndarray, true: np.ndarray, classes: range) -> float:
    values = []
    for value in classes:
        a, b = found == value, true == value
        values.append(2 * int(np.count_nonzero(a & b)) / max(1, int(np.count_nonzero(a) + np.count_nonzero(b))))
    return float(np.mean(values))
