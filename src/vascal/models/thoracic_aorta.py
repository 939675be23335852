"""The aorta in the chest from the learned map of regions: ascending, arch and descending."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from scipy import ndimage

from vascal.anatomy.lattice import interpolate
from vascal.anatomy.segmenter import RegionMap
from vascal.models.anatomy_net import LearnedAnatomy
from vascal.regions import AORTA_REGIONS, Region
from vascal.types import LabelArray
from vascal.volume import Grid, LabelMap, Volume

LatticeParts = UInt8[np.ndarray, "lattice_slice lattice_row lattice_column"]
NAMES = {1: "ascending", 2: "arch", 3: "descending"}
_REGIONS = (Region.ASCENDING_AORTA, Region.AORTIC_ARCH, Region.DESCENDING_AORTA)
LEAST_ASCENDING_ML, LEAST_ML = 10.0, 1.0
"""The ascending aorta of an adult holds 40 ml and more; less than a quarter of it is no chest. A part under 1 ml is
a few points of the lattice that were named wrongly."""


def find_thoracic_aorta(volume: Volume, folder: Path | None = None) -> tuple[LabelMap, str] | None:
    """Find the thoracic aorta.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU, rows to the back, columns to the left, slices from the feet up.
    folder
        With other weights than the embedded ones.

    Returns
    -------
    parts, finder
        Parts by `NAMES`, wall included, on the volume's grid, and the network's name. The root, which coronary
        arteries and valve share, is left out. None where no heart with an ascending aorta is in the scan.
    """
    found = LearnedAnatomy(folder=folder).find_anatomy(volume)
    if found.regions is None or not found.regions.heart.any():
        return None
    parts = name_parts(found.regions)
    if not (parts == 1).any():
        return None
    return LabelMap(labels=_paint(parts, found.regions, volume.grid), grid=volume.grid, names=NAMES), found.finder


def name_parts(regions: RegionMap) -> LatticeParts:
    """Name the points of the lattice that belong to the largest piece of aorta: values of `NAMES`.

    Returns
    -------
    array
        (slice, row, column) of the lattice; nothing where too little ascending aorta is found for a chest.
    """
    pieces, count = ndimage.label(np.isin(regions.labels, AORTA_REGIONS))
    parts = np.zeros(regions.labels.shape, dtype=np.uint8)
    if not count:
        return parts
    largest = pieces == np.bincount(pieces.ravel())[1:].argmax() + 1
    point_ml = regions.lattice.spacing_mm**3 / 1000
    for value, region in enumerate(_REGIONS, start=1):
        here = largest & (regions.labels == region)
        if np.count_nonzero(here) * point_ml >= LEAST_ML:
            parts[here] = value
    ascending = np.nonzero(parts == 1)[0]
    if ascending.size * point_ml < LEAST_ASCENDING_ML:
        return np.zeros_like(parts)
    # What is called arch below the middle of the ascending aorta is something else, and would end the aorta there.
    low = parts[: int(np.median(ascending))]
    low[low == 2] = 0
    return parts


def _paint(parts: LatticeParts, regions: RegionMap, grid: Grid) -> LabelArray:
    """Bring parts from the lattice to a scan's grid, their surface halfway between points."""
    labels = np.zeros(grid.shape, dtype=np.uint8)
    low, high = (np.array(end) for end in zip(*[(a.min(), a.max() + 1) for a in np.nonzero(parts)], strict=True))
    low, high = np.maximum(low - 1, 0), np.minimum(high + 1, parts.shape)
    positions = np.asarray(grid.slice_positions_mm)
    sides = [
        positions - positions[0],
        np.arange(grid.shape[1]) * grid.row_spacing_mm,
        np.arange(grid.shape[2]) * grid.column_spacing_mm,
    ]
    places = [
        (mm - corner) / regions.lattice.spacing_mm for mm, corner in zip(sides, regions.lattice.corner_mm, strict=True)
    ]
    # Only where the aorta is: a scan has fifty times as many voxels.
    inside = [np.flatnonzero((at >= a) & (at <= b - 1)) for at, a, b in zip(places, low, high, strict=True)]
    window = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    near = [at[index] - a for at, index, a in zip(places, inside, low, strict=True)]
    total = interpolate((parts[window] > 0).astype(np.float32), near)
    best, named = np.zeros(total.shape, dtype=np.float32), np.zeros(total.shape, dtype=np.uint8)
    for value in NAMES:
        share = interpolate((parts[window] == value).astype(np.float32), near)
        named[share > best] = value
        np.maximum(best, share, out=best)
    labels[np.ix_(*inside)] = np.where(total > 0.5, named, 0)
    return labels
