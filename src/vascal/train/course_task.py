"""Stage 2: where the coronary arteries run, in a box around the heart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vascal.anatomy.lattice import AIR_HU
from vascal.models.course_net import ANSWER_STEP
from vascal.models.windows import course_channels
from vascal.regions import COURSE_CLASSES, SEGMENT_COUNT, VESSEL_OF_SEGMENT
from vascal.train.losses import IGNORE, course_loss
from vascal.train.warping import WarpConfig, draw_warp, pull

if TYPE_CHECKING:
    from torch import Tensor, nn

SPACING_MM = 1.5
NEAR_MM = 3.5
"""Standard deviation of the soft map across a course: arteries are 2 to 4 mm wide and move."""
VESSELS = ("LM", "LAD", "LCX", "RCA")
VESSEL_NUMBER = np.array([0, *(VESSELS.index(VESSEL_OF_SEGMENT[n]) + 1 for n in range(1, SEGMENT_COUNT + 1)), 5, 6])
"""By class of the map: 1 to 4 the artery, 5 the root, 6 the annulus."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseTask:
    """Patches of hearts with the courses of their arteries.

    Parameters
    ----------
    files
        One ``.npz`` a scan at 1.5 mm: ``hu``, ``nearest`` and ``distance`` (tenths of mm), all (slice, row,
        column), and the heart's ``centre`` and ``size`` in voxels.
    patch
        Slices, rows, columns of a patch.
    warp
        How far shapes stray.
    """

    files: Sequence[Path]
    patch: tuple[int, int, int] = (64, 80, 96)
    warp: WarpConfig = field(
        default_factory=lambda: WarpConfig(turn_deg=(9.0, 7.0, 7.0), bend_mm=4.0, bend_step_mm=40.0, stretch=0.09)
    )
    inputs: int = 5
    outputs: int = COURSE_CLASSES

    def __len__(self) -> int:
        return len(self.files)

    def sample(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Draw one patch of one heart."""
        import torch

        with np.load(self.files[number]) as data:
            hu, nearest, distance = data["hu"], data["nearest"], data["distance"]
            heart, size = data["centre"], data["size"]
        middle = heart + np.clip(rng.normal(0, 0.35, 3), -0.8, 0.8) * size
        warp = draw_warp(rng, self.warp, shape=self.patch, spacing_mm=SPACING_MM, centre=middle)
        image = degrade(rng, pull(hu, warp.places, outside=AIR_HU).numpy())
        middles = block_middles(warp.places, ANSWER_STEP)
        target = pull(nearest, middles, nearest=True, outside=IGNORE)
        away = pull(distance, middles, outside=255.0) / 10.0
        nearness = torch.exp(-0.5 * (away / NEAR_MM) ** 2) * (target > 0)
        back = np.linalg.inv(warp.matrix)
        centre = back @ (heart - middle) + (np.array(self.patch) - 1) / 2
        spread = np.sqrt(np.diag(back @ np.diag(size**2) @ back.T))
        # The heart that stage 1 finds is not quite the true one.
        centre = centre + rng.normal(0, 3.0, 3)
        spread = spread * np.exp(rng.normal(0, 0.07, 3))
        return {
            "image": torch.from_numpy(course_channels(image, centre, spread)),
            "target": target.to(torch.uint8),
            "nearness": nearness,
        }

    def batch_loss(self, network: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """Loss of one batch."""
        return course_loss(network(batch["image"]), batch["target"], batch["nearness"])

    def scores(self, network: nn.Module, batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Share of voxels close to a course whose artery, and whose segment, is the likeliest."""
        logits = network(batch["image"])[:, 1:]
        close = (batch["nearness"] > 0.6) & (batch["target"] > 0) & (batch["target"] != IGNORE)
        true = batch["target"][close].long().numpy()
        found = logits.movedim(1, -1)[close].argmax(-1).numpy() + 1
        names = VESSEL_NUMBER[found] == VESSEL_NUMBER[true]
        rows = {f"vessel_{n}": names[VESSEL_NUMBER[true] == v] for v, n in enumerate((*VESSELS, "root", "ring"), 1)}
        return {
            "segment": float(np.mean(found == true)) if true.size else float("nan"),
            **{name: float(np.mean(row)) if row.size else float("nan") for name, row in rows.items()},
        }


def block_middles(places: Tensor, step: int) -> Tensor:
    """Places of the middles of blocks: (slice, row, column, 3) to a `step`-th of each but the last axis."""
    k, i, j = (n // step for n in places.shape[:3])
    return places.reshape(k, step, i, step, j, step, 3).mean(dim=(1, 3, 5))


def degrade(rng: np.random.Generator, hu: np.ndarray) -> np.ndarray:
    """Change what a scanner and a body may change: fat, motion, slices, blur, noise and scale; each at times."""
    from scipy import ndimage

    for change, share in ((vary_fat, 0.4), (move_between_slices, 0.3), (thicken_slices, 0.4), (vary_contrast, 0.5)):
        if rng.random() < share:
            hu = change(rng, hu)
    if rng.random() < 0.3:
        hu = ndimage.gaussian_filter(hu, (rng.uniform(0, 1.2), *rng.uniform(0, 1.0, 2)), mode="nearest")
    noise = rng.standard_normal(hu.shape, dtype=np.float32)
    if rng.random() < 0.5:
        noise = ndimage.gaussian_filter(noise, 0.7) * 3
    amount = np.float32(rng.uniform(0, 20) * rng.random())
    return np.asarray(hu * rng.uniform(0.96, 1.04) + rng.normal(0, 8) + amount * noise, dtype=np.float32)


def vary_fat(rng: np.random.Generator, hu: np.ndarray) -> np.ndarray:
    """Let fat fill more or less of its place, changing over a few centimetres: simulated hearts wear it evenly."""
    from scipy import ndimage

    reach = int(rng.choice([3, 5]))
    fat, full = ndimage.minimum_filter(hu, 3), ndimage.maximum_filter(hu, reach)
    which = draw_field(rng, hu.shape, step_mm=30.0) * rng.uniform(0.5, 1.5) + rng.normal(0, 0.5)
    # Only between fat and flesh: the lung's border would thicken by the same filters.
    soft = np.clip((hu + 200) / 60, 0, 1) * np.clip((130 - hu) / 60, 0, 1)
    less, more = np.clip(which, 0, 1) * soft, np.clip(-which, 0, 1) * soft
    return np.asarray(hu + less * (np.minimum(full, 50) - hu) + more * (np.maximum(fat, -110) - hu), dtype=np.float32)


def move_between_slices(rng: np.random.Generator, hu: np.ndarray) -> np.ndarray:
    """Shift stretches of slices, as beats and breaths do, and blur them along the motion."""
    from scipy import ndimage

    moved = np.empty_like(hu)
    first = 0
    while first < len(hu):
        last = first + int(rng.integers(3, 16))
        shift, sweep = rng.normal(0, 1.2, 2), rng.normal(0, 1.0, 2)
        part = hu[first:last]
        ends = [ndimage.shift(part, (0, *(shift + way * sweep)), order=1, mode="nearest") for way in (-1, 1)]
        moved[first:last] = (ends[0] + ends[1]) / 2
        first = last
    return moved


def thicken_slices(rng: np.random.Generator, hu: np.ndarray) -> np.ndarray:
    """Average over slices of 2.5 to 6 mm, and interpolate between them."""
    from scipy import ndimage

    step = rng.uniform(2.5, 6.0) / SPACING_MM
    thick = ndimage.uniform_filter1d(hu, max(2, round(step)), axis=0, mode="nearest")
    at = np.arange(rng.uniform(0, step), len(hu) - 1, step)
    where = np.interp(np.arange(len(hu)), at, np.arange(len(at)))
    low = np.minimum(where.astype(int), len(at) - 2)
    part = (where - low).astype(np.float32)[:, None, None]
    known = thick[np.round(at).astype(int)]
    return np.asarray(known[low] * (1 - part) + known[low + 1] * part, dtype=np.float32)


def vary_contrast(rng: np.random.Generator, hu: np.ndarray) -> np.ndarray:
    """Bring fat and flesh closer together or further apart."""
    gain = rng.uniform(0.65, 1.25)
    return np.asarray(np.where(hu < -200, hu, np.where(hu < 60, 60 + (hu - 60) * gain, hu)), dtype=np.float32)


def draw_field(rng: np.random.Generator, shape: tuple[int, ...], *, step_mm: float) -> np.ndarray:
    """Draw a smooth random field: (slice, row, column), standard normal at its knots."""
    import torch
    from torch.nn import functional

    knots = [max(2, round(n * SPACING_MM / step_mm) + 1) for n in shape]
    drawn = torch.from_numpy(rng.standard_normal((1, 1, *knots), dtype=np.float32))
    return functional.interpolate(drawn, size=shape, mode="trilinear", align_corners=True)[0, 0].numpy()
