"""Agatston score of lesions.

In each slice, every connected patch of calcified pixels adds its area times a
weight that grows with the patch's own peak attenuation.
Source: Agatston et al., J Am Coll Cardiol 1990;15:827-832,
doi:10.1016/0735-1097(90)90282-T. Scaled to the defined 3 mm by the spacing
between slices: Ulzheimer & Kalender, Eur Radiol 2003;13:484-497,
doi:10.1007/s00330-002-1746-y.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vascal.calcium.components import find_components
from vascal.calcium.lesions import Lesion
from vascal.calcium.rule import AgatstonRule
from vascal.volume import Grid


@dataclass(frozen=True, slots=True, kw_only=True)
class AgatstonScore:
    """Agatston units and the area that carries them.

    Parameters
    ----------
    agatston
        Sum over patches of area * weight * slice extent / 3 mm, full precision.
    area_mm2
        Sum over patches of area * slice extent / 3 mm: the same without weights, mm2.
    """

    agatston: float
    area_mm2: float


def score_agatston(lesion: Lesion, grid: Grid, rule: AgatstonRule) -> AgatstonScore:
    """Score one lesion; a patient's score is the sum over lesions.

    Parameters
    ----------
    lesion
        Voxels and their HU.
    grid
        The CT's grid: pixel area from both spacings, and each slice's extent.
    rule
        Weight edges, connectivity and reference spacing.

    Returns
    -------
    AgatstonScore

    Notes
    -----
    Each patch is weighted by its own peak in its own slice. The extent of a
    slice comes from the positions of its neighbours, never from the slice
    thickness: overlapping slices would be counted twice, gapped ones lost.
    """
    patch = find_components(lesion.index, grid.shape, rule.in_plane_connectivity)
    pixels = np.bincount(patch)
    peak = np.full(pixels.size, np.iinfo(np.int16).min, dtype=np.int16)
    np.maximum.at(peak, patch, lesion.hu)
    _, first = np.unique(patch, return_index=True)
    slice_of_patch = lesion.index[first] // (grid.shape[1] * grid.shape[2])
    area = pixels * grid.pixel_area_mm2 * grid.slice_extents_mm()[slice_of_patch] / rule.reference_spacing_mm
    return AgatstonScore(agatston=float(np.sum(area * rule.weight(peak))), area_mm2=float(np.sum(area)))
