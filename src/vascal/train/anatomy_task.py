"""Stage 1: regions of the whole scan on a coarse grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vascal.anatomy.lattice import AIR_HU
from vascal.models.anatomy_net import DIVISOR
from vascal.models.windows import anatomy_channels
from vascal.regions import AORTA_REGIONS, HEART_REGIONS, Region
from vascal.simulate.ct.organs import BLOOD_ORGANS, Organ
from vascal.train.losses import IGNORE, LossConfig, segmentation_loss
from vascal.train.warping import WarpConfig, draw_warp, pull

if TYPE_CHECKING:
    from torch import Tensor, nn

SPACING_MM = 4.0
FIELDS = {"heart": 0.34, "chest": 0.34, "trunk": 0.18, "abdomen": 0.14}
"""How often a patch is seen through each field of view."""
UPTAKE_HU = {
    Organ.LIVER: 110.0, Organ.SPLEEN: 110.0, Organ.KIDNEY: 180.0, Organ.PANCREAS: 90.0, Organ.BOWEL: 70.0,
    Organ.STOMACH: 70.0, Organ.MYOCARDIUM: 90.0, Organ.MUSCLE: 30.0, Organ.THYROID: 120.0,
}  # fmt: skip
"""Most that an organ brightens with contrast agent, HU. In a portal phase the liver is as bright as blood."""
PHASE_SHARE, BLOOD_HU = 0.35, 150.0
SHADE_MM, SHADE_HU = 120.0, 12.0
"""Slow errors of the CT number, by arms, beam hardening and scatter."""


REGION_WEIGHTS = {Region.OUTSIDE: 0.3, Region.BODY: 0.5, Region.LUNG: 0.5, Region.TABLE: 0.3}
"""In the cross entropy: what fills most of a scan weighs less than the other regions' 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnatomyTask:
    """Patches of simulated trunks, their labels, and how to judge a network on them.

    Parameters
    ----------
    files
        One ``.npz`` a patient: ``hu``, ``regions`` and ``organs``, (slice, row, column) at 4 mm.
    patch
        Slices, rows, columns of a patch.
    warp
        How far shapes stray.
    loss
        What is minimised.
    is_cropped
        Cut each patch to the box that was scanned: faster, but only one sample makes a batch then.
    """

    files: Sequence[Path]
    patch: tuple[int, int, int] = (48, 80, 96)
    warp: WarpConfig = field(default_factory=lambda: WarpConfig(bend_mm=6.5, stretch=0.1))
    loss: LossConfig = field(default_factory=lambda: LossConfig(every=5))
    is_cropped: bool = False
    inputs: int = 2
    outputs: int = len(Region)

    def __len__(self) -> int:
        return len(self.files)

    def sample(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Draw one patch of one patient."""
        import torch

        with np.load(self.files[number]) as data:
            hu, regions, organs = data["hu"], data["regions"], data["organs"]
        hu = recolour(rng, hu.astype(np.float32), organs)
        heart = np.argwhere(np.isin(regions[:, ::2, ::2], HEART_REGIONS)).mean(axis=0) * (1, 2, 2)
        view = draw_view(rng, heart, self.patch)
        places = draw_warp(rng, self.warp, shape=self.patch, spacing_mm=SPACING_MM, centre=view.centre).places
        box = find_box(view.inside) if self.is_cropped else ...
        places, inside = places[box], view.inside[box]
        image = degrade(rng, pull(hu, places, outside=AIR_HU).numpy())
        target = pull(regions, places, nearest=True, outside=IGNORE).to(torch.uint8)
        target[torch.from_numpy(~inside)] = IGNORE
        image[target.numpy() == IGNORE] = AIR_HU
        return {"image": torch.from_numpy(anatomy_channels(image)), "target": target}

    def batch_loss(self, network: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """Loss of one batch."""
        import torch

        weights = torch.tensor([REGION_WEIGHTS.get(region, 2.0) for region in Region], device=batch["image"].device)
        groups = (HEART_REGIONS, AORTA_REGIONS)
        return segmentation_loss(network(batch["image"]), batch["target"], self.loss, weights=weights, groups=groups)

    def scores(self, network: nn.Module, batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Dice of heart and aorta, and the share of right voxels."""
        found = network(batch["image"]).argmax(1)
        counts = batch["target"] != IGNORE
        found, true = found[counts].numpy(), batch["target"][counts].numpy()
        groups = {"heart": HEART_REGIONS, "aorta": AORTA_REGIONS}
        dice = {f"dice_{name}": _dice(np.isin(found, of), np.isin(true, of)) for name, of in groups.items()}
        return {**dice, "right": float(np.mean(found == true))}


def _dice(found: np.ndarray, true: np.ndarray) -> float:
    total = np.count_nonzero(found) + np.count_nonzero(true)
    return float(2 * np.count_nonzero(found & true) / total) if total else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What a field of view shows of a patch.

    Parameters
    ----------
    centre
        (3,) voxel of the source in the middle of the patch.
    inside
        (slice, row, column): voxels of the patch that were scanned.
    """

    centre: np.ndarray
    inside: np.ndarray


def draw_view(rng: np.random.Generator, heart: np.ndarray, patch: tuple[int, int, int]) -> View:
    """Draw a field of view as protocols cut it: round or square, around heart, chest, trunk or abdomen."""
    kind = str(rng.choice(list(FIELDS), p=list(FIELDS.values())))
    z, y, x = heart
    middle = np.array([z, y, x])
    match kind:
        case "heart":
            middle = middle + rng.normal(0, (5, 5, 5))
            low, high, half = *(rng.uniform(12, 22, 2)), rng.uniform(21, 34)
        case "chest":
            middle = np.array([z + rng.uniform(-24, 22), y + rng.normal(4, 3), x - 4 + rng.normal(0, 3)])
            low, high, half = *(rng.uniform(20, 45, 2)), rng.uniform(36, 52)
        case "trunk":
            middle = np.array([z + rng.uniform(-60, 30), y + rng.normal(4, 3), x - 4 + rng.normal(0, 3)])
            low, high, half = 99.0, 99.0, 63.0
        case _:
            middle = np.array([z + rng.uniform(-75, -28), y + rng.normal(4, 3), x - 4 + rng.normal(0, 3)])
            low, high, half = *(rng.uniform(12, 30, 2)), rng.uniform(38, 60)
    offset = rng.uniform(-4, 4, 3)
    k, i, j = np.meshgrid(
        *((np.arange(n) - (n - 1) / 2 + o) for n, o in zip(patch, offset, strict=True)), indexing="ij", sparse=True
    )
    across = np.hypot(i, j) if rng.random() < 0.5 else np.maximum(np.abs(i), np.abs(j))
    return View(middle + offset, (k >= -low) & (k <= high) & (across <= half))


def find_box(inside: np.ndarray) -> tuple[slice, ...]:
    """Find the box around what was scanned, as large as the network needs it; the patch itself has such a size."""
    box = []
    for axis, size in enumerate(inside.shape):
        seen = np.flatnonzero(inside.any(axis=tuple(n for n in range(3) if n != axis)))
        length = min(size, DIVISOR * -(-(int(np.ptp(seen)) + 1) // DIVISOR))
        start = min(int(seen[0]), size - length)
        box.append(slice(start, start + length))
    return tuple(box)


def recolour(rng: np.random.Generator, hu: np.ndarray, organs: np.ndarray) -> np.ndarray:
    """Change the CT number of each organ as a whole, keeping its texture.

    After SynthSeg (Billot et al., Med Image Anal 2023;86:102789, doi:10.1016/j.media.2023.102789), but
    around the true numbers: CT numbers mean something.
    """
    if rng.random() < 0.3:
        return hu
    shift = rng.normal(0, 14, 256).astype(np.float32)
    if rng.random() < PHASE_SHARE:
        shift += draw_phase(rng)
    shift[0] = 0
    dense = hu > 150
    changed = hu + shift[organs]
    gain = np.float32(rng.uniform(0.65, 1.35))
    return np.where(dense, 150 + (hu - 150) * gain, changed)


def draw_phase(rng: np.random.Generator) -> np.ndarray:
    """Draw how much each organ brightens at some time after contrast agent, by `Organ`, HU."""
    shift = np.zeros(256, dtype=np.float32)
    for organ, most in UPTAKE_HU.items():
        shift[organ] = rng.uniform(0, most)
    shift[list(BLOOD_ORGANS)] = rng.uniform(0, BLOOD_HU) + rng.normal(0, 20, len(BLOOD_ORGANS))
    return shift


def degrade(rng: np.random.Generator, hu: np.ndarray) -> np.ndarray:
    """Blur, thicken, shade, add noise and shift the scale."""
    from scipy import ndimage

    if rng.random() < 0.35:
        hu = ndimage.gaussian_filter(hu, (rng.uniform(0, 0.7), *[rng.uniform(0, 0.6)] * 2), mode="nearest")
    noise = rng.standard_normal(hu.shape, dtype=np.float32)
    if rng.random() < 0.5:
        noise = ndimage.gaussian_filter(noise, 0.7) * 3
    amount = np.float32(rng.uniform(0, 24) * rng.random())
    knots = [max(2, round(n * SPACING_MM / SHADE_MM) + 1) for n in hu.shape]
    coarse = rng.normal(0, SHADE_HU * rng.random(), knots)
    shade = ndimage.zoom(coarse, [n / k for n, k in zip(hu.shape, knots, strict=True)], order=1, grid_mode=False)
    return np.asarray(hu * rng.uniform(0.96, 1.04) + rng.normal(0, 8) + shade + amount * noise, dtype=np.float32)
