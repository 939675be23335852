"""Body, table, lungs and bone on blocks of a chest CT.

The lungs are the one organ that every CT shows beyond doubt: air inside the
body. Everything else is found from where they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from vascal.anatomy.coarse import CoarseCt, CoarseMask

AIR_HU = -970.0
"""Room air, averaged over a block, lies below; aerated lung above, also most emphysema."""
TISSUE_HU = -300.0
"""Between fat (-100 HU) and lung (-850 HU), with partial volume on either side."""
LUNG_HU = -350.0
"""Half way from lung to muscle is -400 HU; a little more lets ground glass count as lung."""
BACKED_SHARE = 0.2
"""Share of a lung's blocks with body behind them, also where the field of view cuts it."""
BONE_HU = 160.0
"""Mean of a block of vertebra, sternum or rib; unenhanced soft tissue and cartilage stay below."""
BONE_SHARE = 0.25
TABLE_HU = -900.0
ROOM_SHARE = 0.05
"""Lung is walled off from the room; air under a blanket or in a mattress is not."""
LEAST_LUNG_ML = 60.0
"""A cardiac field of view shows a few hundred ml of lung; bowel gas pockets rarely reach this."""

CROSS = ndimage.generate_binary_structure(3, 1)
IN_SLICE = np.zeros((3, 3, 3), dtype=bool)
IN_SLICE[1] = CROSS[1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cavity:
    """What is known of the chest before the heart is looked for; all on blocks.

    Parameters
    ----------
    outside
        Room air and what lies outside the reconstructed field.
    body
        Everything inside the skin, lungs included.
    lungs
        Aerated lung with its small vessels.
    bone
        Blocks with bone in them; contrast-filled hearts not excluded.
    table
        What is neither body nor air.
    """

    outside: CoarseMask
    body: CoarseMask
    lungs: CoarseMask
    bone: CoarseMask
    table: CoarseMask


def find_cavity(ct: CoarseCt) -> Cavity:
    """Find body, lungs, bone and table."""
    outside = find_outside(ct)
    tissue = (ct.hu > TISSUE_HU) & ~outside
    solid = largest(ndimage.binary_opening(tissue, CROSS))
    lungs = find_lungs(ct, outside, solid)
    body = _fill_body(solid | lungs, tissue, outside)
    return Cavity(
        outside=outside,
        body=body,
        lungs=lungs,
        bone=body & ((ct.hu > BONE_HU) | (ct.dense > BONE_SHARE)),
        table=~body & ~outside & (ct.hu > TABLE_HU),
    )


def find_outside(ct: CoarseCt) -> CoarseMask:
    """Mark room air and padding: empty blocks that reach the edge of the image in a slice."""
    empty = (ct.hu < AIR_HU) | ct.padding
    framed = np.pad(empty, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    labels, _ = ndimage.label(framed, IN_SLICE)
    reached = labels == labels[:, :1, :1]
    return np.asarray((reached & framed)[:, 1:-1, 1:-1])


def find_lungs(ct: CoarseCt, outside: CoarseMask, solid: CoarseMask) -> CoarseMask:
    """Mark aerated lung: large airy regions that do not open into the room and have no table below."""
    airy = (ct.hu < LUNG_HU) & ~outside & ~ct.padding
    labels, count = ndimage.label(airy, CROSS)
    room = ndimage.binary_dilation(outside & ~ct.padding, CROSS)
    size = np.bincount(labels.ravel(), minlength=count + 1)
    open_share = np.bincount(labels[room], minlength=count + 1) / np.maximum(size, 1)
    keep = (size * ct.voxel_ml >= LEAST_LUNG_ML) & (open_share < ROOM_SHARE)
    keep &= np.asarray(ndimage.mean(ct.hu, labels, np.arange(count + 1))) > AIR_HU + 10
    keep &= np.bincount(labels[_to_back(solid)], minlength=count + 1) >= BACKED_SHARE * size
    keep[0] = False
    return np.asarray(keep[labels])


def _to_back(mask: CoarseMask) -> CoarseMask:
    """Mark what has some of the mask behind it."""
    return np.asarray(np.flip(np.logical_or.accumulate(np.flip(mask, 1), axis=1), 1))


def _fill_body(inner: CoarseMask, tissue: CoarseMask, outside: CoarseMask) -> CoarseMask:
    """Close bowel gas, airways and skin onto the solid body, slice by slice."""
    grown = ndimage.binary_dilation(inner, CROSS) & (tissue | inner)
    filled = np.stack([ndimage.binary_fill_holes(plane) for plane in grown])
    return np.asarray(filled & ~outside)


def largest(mask: np.ndarray) -> np.ndarray:
    """Keep the largest connected component; an empty mask stays empty."""
    labels, count = ndimage.label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == int(sizes.argmax()))
