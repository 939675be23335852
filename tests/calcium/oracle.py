"""Calcium scored a second way: slice by slice, patch by patch, from the definitions.

Agatston et al. 1990: in each slice, area of each connected patch times a weight
by the patch's peak (1 below 200, 2 below 300, 3 below 400, else 4 HU), summed;
Ulzheimer & Kalender 2003: times spacing between slices / 3 mm. Nothing here
comes from the code under test but the numbers of a rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from vascal.calcium.rule import AgatstonRule

IN_PLANE = {4: ndimage.generate_binary_structure(2, 1), 8: ndimage.generate_binary_structure(2, 2)}
IN_SPACE = {6: 1, 18: 2, 26: 3}


@dataclass
class Sums:
    """What one vessel comes to."""

    agatston: float = 0.0
    area_mm2: float = 0.0
    volume_mm3: float = 0.0
    hu_mm3: float = 0.0
    lesions: int = 0


def extents_mm(positions_mm: list[float]) -> list[float]:
    """Half the way to each neighbour; the ends reach as far out as in."""
    extents = []
    for k in range(len(positions_mm)):
        below = positions_mm[k] - positions_mm[k - 1] if k > 0 else positions_mm[1] - positions_mm[0]
        above = positions_mm[k + 1] - positions_mm[k] if k + 1 < len(positions_mm) else below
        if k == 0:
            below = above
        extents.append((below + above) / 2)
    return extents


def score(
    hu: np.ndarray,
    labels: np.ndarray,
    names: Mapping[int, str],
    *,
    positions_mm: list[float],
    pixel_mm2: float,
    rule: AgatstonRule,
) -> dict[str, Sums]:
    """Score each vessel of a stack: (slice, row, column)."""
    extents = extents_mm(positions_mm)
    scores = {name: Sums() for name in names.values()}
    for name, sums in scores.items():
        vessel = np.isin(labels, [value for value, other in names.items() if other == name])
        counted = np.zeros(hu.shape, dtype=bool)
        for k in range(hu.shape[0]):
            bright = hu[k] >= rule.threshold_hu if rule.comparison == ">=" else hu[k] > rule.threshold_hu
            patches, count = ndimage.label(vessel[k] & bright, IN_PLANE[rule.in_plane_connectivity])
            for number in range(1, count + 1):
                patch = patches == number
                pixels = int(patch.sum())
                area = pixels * pixel_mm2
                if area < rule.min_patch_mm2 - 1e-9 or pixels < rule.min_patch_pixels:
                    continue
                counted[k] |= patch
                peak = hu[k][patch].max()
                weight = 1
                for edge in rule.weight_edges_hu:
                    if peak >= edge:
                        weight += 1
                sums.agatston += area * weight * extents[k] / rule.reference_spacing_mm
                sums.area_mm2 += area * extents[k] / rule.reference_spacing_mm
                sums.volume_mm3 += area * extents[k]
                sums.hu_mm3 += float(hu[k][patch].sum()) * pixel_mm2 * extents[k]
        structure = ndimage.generate_binary_structure(3, IN_SPACE[rule.lesion_connectivity])
        sums.lesions = int(ndimage.label(counted, structure)[1])
    return scores
