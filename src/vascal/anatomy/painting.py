"""Structures found on blocks, painted on the CT's own grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from vascal.anatomy.cavity import CROSS
from vascal.anatomy.coarse import CoarseCt, CoarseHu, CoarseMask, Upsampler, bounding_box
from vascal.anatomy.segmenter import STRUCTURES
from vascal.types import HuArray, LabelArray
from vascal.volume import Volume

HEART, AORTA, LUNGS, AIRWAY, BONE, BODY, TABLE = STRUCTURES
LUNG_PIXEL_HU = -400
BONE_PIXEL_HU = 150
LUNG_SURFACE_HU = -500.0
EDGE = 0.02
"""Blocks with less of a soft structure than this are outside its box."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoarseStructures:
    """What any finder knows on blocks, ready to be painted.

    Parameters
    ----------
    body
        Everything inside the skin, lungs included.
    table, airway, lungs
        As their names say.
    near_bone
        Blocks in which bright voxels are bone.
    heart, aorta
        How surely a block belongs to each, 0 to 1; one half is the surface.
    """

    body: CoarseMask
    table: CoarseMask
    airway: CoarseMask
    lungs: CoarseMask
    near_bone: CoarseMask
    heart: CoarseHu
    aorta: CoarseHu


def paint(volume: Volume, ct: CoarseCt, found: CoarseStructures) -> LabelArray:
    """Bring all structures to the CT's grid, one slice at a time.

    Returns
    -------
    array
        Values of `STRUCTURES`. Heart outranks everything but the aorta; small
        things inside another keep the value of what holds them.
    """
    labels = np.zeros(volume.hu.shape, dtype=np.uint8)
    base = np.where(found.body, BODY, np.where(found.table, TABLE, 0)).astype(np.uint8)
    base[found.airway] = AIRWAY
    base = np.ascontiguousarray(ct.to_ct_order(base))
    near_lung = np.ascontiguousarray(ct.to_ct_order(ndimage.binary_dilation(found.lungs, CROSS) & ~found.airway))
    near_bone = np.ascontiguousarray(ct.to_ct_order(found.near_bone))
    up = Upsampler(shape=volume.grid.shape, block=ct.block)
    soft = [(HEART, *_boxed(ct, found.heart)), (AORTA, *_boxed(ct, found.aorta))]
    air = _lung_likeness(ct, found.lungs)
    for first in range(0, len(labels), ct.block[0]):
        slab = slice(first, first + ct.block[0])
        labels[slab] = up.near(base, first)
        _paint_pixels(labels[slab], volume.hu[slab], up.near(near_lung, first), up.near(near_bone, first))
        for value, mask, box in soft:
            if box is not None and box[0].start <= first // ct.block[0] < box[0].stop:
                for k, plane in enumerate(labels[slab], start=first):
                    inside = up.smooth(mask, k, box[1:]) > 0.5
                    inside &= up.smooth(air, k, box[1:]) < 0.5
                    np.copyto(plane[up.pixels(box[1:])], value, where=inside)
    return labels


def _paint_pixels(labels: LabelArray, hu: HuArray, near_lung: np.ndarray, near_bone: np.ndarray) -> None:
    """Paint what single pixels tell in the slices of one slab: lung and bone, near the blocks that hold them."""
    for plane, pixels in zip(labels, hu, strict=True):
        np.copyto(plane, LUNGS, where=(pixels < LUNG_PIXEL_HU) & near_lung)
        np.copyto(plane, BONE, where=(pixels > BONE_PIXEL_HU) & near_bone)


def soften(ct: CoarseCt, mask: CoarseMask) -> CoarseHu:
    """Blur a mask by less than a block, so that interpolation gives a smooth outline."""
    box = bounding_box(mask, (2, 2, 2))
    soft = np.zeros(mask.shape, dtype=np.float32)
    if box is not None:
        sigma = [0.0 if s > 3.5 else 0.5 for s in ct.spacing_mm[:1]] + [0.7, 0.7]
        soft[box] = ndimage.gaussian_filter(mask[box].astype(np.float32), sigma, mode="nearest")
    return soft


def _boxed(ct: CoarseCt, soft: CoarseHu) -> tuple[CoarseHu, tuple[slice, slice, slice] | None]:
    """Turn a soft structure to the CT's order; with the box that holds it."""
    turned = np.ascontiguousarray(ct.to_ct_order(soft))
    return turned, bounding_box(turned > EDGE, (1, 1, 1))


def _lung_likeness(ct: CoarseCt, lungs: CoarseMask) -> np.ndarray:
    """0 in tissue, 1 in lung, one half at the pleura."""
    level = (LUNG_SURFACE_HU - ct.hu) / 600.0 + 0.5
    level[~ndimage.binary_dilation(lungs, CROSS, iterations=2)] = 0
    return np.ascontiguousarray(ct.to_ct_order(np.clip(level, 0, 1).astype(np.float32)))
