"""Blood pool, contrast agent and noise, from the pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from vascal.anatomy.cavity import CROSS
from vascal.anatomy.coarse import CoarseCt, CoarseMask, measure_depth
from vascal.volume import Volume

ENHANCED_HU = 90.0
"""Unenhanced blood measures 30 to 60 HU (haematocrit 0.3 to 0.55), clotted or very
dense blood up to 75; a diagnostic dose of iodine brings it above 100 even in the
late venous phase. Half way is 90 HU, with room for a scanner that is 15 HU off."""
BLOOD_HU = (0.0, 700.0)
"""Below is fat or lung, above is metal, bone or undiluted contrast agent."""
CORE_MM = 6.0
"""Blocks this deep in the sac or the aorta are free of fat and lung at the border."""
CHAMBER_SHARE = 0.08
"""One enhanced chamber fills at least this share of the sac."""
LEAST_BLOCKS = 12
PATCHES = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class BloodPool:
    """Attenuation of blood, HU; None where it can not be measured."""

    heart_hu: float | None
    aorta_hu: float | None
    is_contrast_enhanced: bool


def measure_blood(ct: CoarseCt, sac: CoarseMask, aorta_core: CoarseMask) -> BloodPool:
    """Measure blood in heart and aorta, and judge whether it carries iodine.

    Block means are used, so noise of 50 HU in a pixel is about 5 HU here; a
    calcified or metallic block is no chamber and changes no median.

    Parameters
    ----------
    ct
        The scan on blocks.
    sac
        Pericardial sac.
    aorta_core
        Blocks inside the aorta, `CORE_MM` from its wall.
    """
    inside = (measure_depth(sac, ct.spacing_mm) > CORE_MM) & (ct.hu > BLOOD_HU[0]) & (ct.hu < BLOOD_HU[1])
    heart = ct.hu[inside]
    aorta = ct.hu[aorta_core]
    aorta = aorta[(aorta > BLOOD_HU[0]) & (aorta < BLOOD_HU[1])]
    heart_hu = float(np.median(heart)) if heart.size >= LEAST_BLOCKS else None
    aorta_hu = float(np.median(aorta)) if aorta.size >= LEAST_BLOCKS else None
    chamber_hu = float(np.quantile(heart, 1 - CHAMBER_SHARE)) if heart.size >= LEAST_BLOCKS else -np.inf
    return BloodPool(
        heart_hu=heart_hu,
        aorta_hu=aorta_hu,
        is_contrast_enhanced=bool(max(chamber_hu, -np.inf if aorta_hu is None else aorta_hu) > ENHANCED_HU),
    )


def measure_noise(volume: Volume, ct: CoarseCt, place: CoarseMask) -> float | None:
    """Measure noise where tissue is most even, HU.

    Each candidate block's own standard deviation holds noise and structure;
    structure only adds, so the lower quartile over many blocks is the noise.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    ct
        The same on blocks.
    place
        Blocks to measure in.

    Returns
    -------
    float or None
        Standard deviation of a pixel, HU; None without enough tissue.
    """
    even = ndimage.binary_erosion(place, CROSS) & (ct.hu > 0) & (ct.hu < BLOOD_HU[1])
    blocks = np.argwhere(ct.to_ct_order(even))
    if len(blocks) < LEAST_BLOCKS:
        return None
    chosen = blocks[:: max(1, len(blocks) // PATCHES)]
    return float(np.quantile(_spreads(volume, ct, chosen), 0.25))


def _spreads(volume: Volume, ct: CoarseCt, blocks: np.ndarray) -> np.ndarray:
    """Spread inside 3 x 3 blocks of one slice, about 12 mm, around each of some blocks."""
    slices = np.minimum(blocks[:, 0] * ct.block[0] + ct.block[0] // 2, volume.hu.shape[0] - 1)
    rows, columns = ((blocks[:, axis] - 1) * ct.block[axis] for axis in (1, 2))
    patches = [
        volume.hu[k, max(0, i) : i + 3 * ct.block[1], max(0, j) : j + 3 * ct.block[2]]
        for k, i, j in zip(slices, rows, columns, strict=True)
    ]
    # Patches at the edge of the image may be smaller than the rest.
    shapes = {patch.shape for patch in patches}
    return np.concatenate([_level_spread(np.stack([p for p in patches if p.shape == shape])) for shape in shapes])


def _level_spread(patches: np.ndarray) -> np.ndarray:
    """Give each patch's standard deviation with a plane's slope taken out: (patch, row, column) to (patch,)."""
    level = patches.astype(np.float64)
    level -= level.mean(axis=(1, 2), keepdims=True)
    rows, columns = (np.arange(n) - (n - 1) / 2 for n in patches.shape[1:])
    down = level.mean(axis=2) @ rows / (rows @ rows)
    across = level.mean(axis=1) @ columns / (columns @ columns)
    level -= down[:, None, None] * rows[:, None]
    level -= across[:, None, None] * columns
    return np.asarray(level.std(axis=(1, 2)))
