"""Calcium in the wall of the aorta on CT, with contrast agent or without, by part.

Without contrast agent the coronary rule is used. With it, calcium is what exceeds a fixed threshold that depends on
the phase; the measured attenuation of the aorta tells the phase.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import ndimage

from vascal.calcium.candidates import find_candidates
from vascal.calcium.lesions import Lesion, find_lesions
from vascal.calcium.rule import AgatstonRule, choose_rule
from vascal.types import LabelArray, MaskArray
from vascal.volume import Grid, LabelMap, Volume

Phase = Literal["none", "venous", "arterial"]

PARTS: Mapping[int, str] = {
    1: "aorta", 2: "arch", 3: "descending", 4: "T12", 5: "L1", 6: "L2", 7: "L3", 8: "L4", 9: "L5",
    10: "right iliac", 11: "left iliac", 12: "ascending",
}  # fmt: skip
"""Values of a map of parts. ``aorta`` is used where levels are not known."""

ENHANCED_HU = 90.0
"""As `vascal.anatomy.contrast.ENHANCED_HU`."""
ARTERIAL_HU = 220.0
"""Between the aorta of a venous phase (120 to 200 HU) and of an arterial one (250 to 500 HU); no published limit."""
VENOUS_THRESHOLD_HU = 300.0
ARTERIAL_THRESHOLD_HU: Mapping[str, float] = {"thoracic": 900.0, "abdominal": 800.0}
SOURCE = (
    "fixed thresholds for the contrast-filled aorta: venous 300 HU, arterial 900 HU (thoracic) and 800 HU (abdominal); "
    "n = 1125, preprint of 2026. No Agatston score: what is less dense than the threshold is missed"
)
THORACIC_PARTS = ("ascending", "arch", "descending")
MOST_CONTACT = 0.2
"""More of a group's voxels than this go on as bright tissue outside the wall: it belongs to bone. Measured on three
scans: plaques 0 to 0.1, edges of bone above 0.4 and pieces inside a bone 0.2 and more."""
CORE_SHARE = 0.6
"""Blood is measured in the inner part of the disc."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AorticBlood:
    """Blood in the aorta.

    Parameters
    ----------
    median_hu, sd_hu
        Attenuation and robust standard deviation in the middle of the vessel, HU.
    phase
        What they say of contrast agent.
    """

    median_hu: float
    sd_hu: float
    phase: Phase


def measure_aortic_blood(volume: Volume, core: MaskArray) -> AorticBlood:
    """Measure the blood in the middle of the aorta, and tell the phase.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    core
        (slice, row, column): well inside the vessel.
    """
    values = volume.hu[core]
    values = values[(values > -100) & (values < 1200)].astype(np.float64)
    median = float(np.median(values)) if values.size else 0.0
    spread = 1.4826 * float(np.median(np.abs(values - median))) if values.size else 0.0
    phase: Phase = "none" if median < ENHANCED_HU else "venous" if median < ARTERIAL_HU else "arterial"
    return AorticBlood(median_hu=median, sd_hu=spread, phase=phase)


def choose_aortic_rules(phase: Phase, kvp: float | None, name: str | None = None) -> dict[str, AgatstonRule]:
    """Pick the rule for the thoracic and for the abdominal aorta.

    Parameters
    ----------
    phase
        From `measure_aortic_blood`.
    kvp
        Tube voltage, kV; None if unknown.
    name
        A named rule of `vascal.calcium.rule`; by the tube voltage if None.

    Returns
    -------
    dict
        ``thoracic`` and ``abdominal``. Named after the rule with ``+contrast-venous-300`` or the like.

    References
    ----------
    Thresholds 300, 900 and 800 HU: comparison in 1,125 people, preprint of 2026; dynamic thresholds did worse.
    """
    rule = choose_rule(kvp, name)
    if phase == "none":
        return {"thoracic": rule, "abdominal": rule}
    chosen = {}
    for place, arterial in ARTERIAL_THRESHOLD_HU.items():
        level = VENOUS_THRESHOLD_HU if phase == "venous" else arterial
        chosen[place] = replace(
            rule, name=f"{rule.name}+contrast-{phase}-{level:g}", source=f"{rule.source}; {SOURCE}", threshold_hu=level
        )
    return chosen


def find_wall_calcium(
    volume: Volume, parts: LabelMap, rules: Mapping[str, AgatstonRule], bone: MaskArray | None = None
) -> tuple[tuple[Lesion, ...], tuple[tuple[str, np.ndarray], ...]]:
    """Find calcified lesions of the wall, and what was bright there but is not.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    parts
        Aorta with its wall, by `PARTS`, on the same grid.
    rules
        From `choose_aortic_rules`.
    bone
        (slice, row, column): voxels that are bone for certain, such as labelled vertebrae.

    Returns
    -------
    tuple
        Lesions, numbered from 1; and the flat positions of rejected groups with the reason.
    """
    lesions: list[Lesion] = []
    rejected: list[tuple[str, np.ndarray]] = []
    for place, rule in rules.items():
        names = {
            value: name for value, name in parts.names.items() if (name in THORACIC_PARTS) == (place == "thoracic")
        }
        candidates = find_candidates(volume, LabelMap(labels=parts.labels, grid=parts.grid, names=names), rule)
        for lesion in find_lesions(candidates, rule):
            if touches_bone(volume, parts.labels, lesion, rule, bone):
                rejected.append(("bone", lesion.index))
            else:
                lesions.append(replace(lesion, id=len(lesions) + 1))
    return tuple(lesions), tuple(rejected)


def touches_bone(
    volume: Volume, region: LabelArray, lesion: Lesion, rule: AgatstonRule, bone: MaskArray | None = None
) -> bool:
    """Tell whether a bright group at the wall is the edge of a bone or osteophyte.

    A plaque ends inside the wall. Bone goes on outside it: where the share of a group's voxels with a bright neighbour
    outside the region is large, the region has cut a piece off a bone.
    """
    k, i, j = np.unravel_index(lesion.index, region.shape)
    if bone is not None and bone[k, i, j].mean() > MOST_CONTACT:
        return True
    contact = np.zeros(lesion.index.size, dtype=bool)
    for axis, place in enumerate((k, i, j)):
        for step in (-1, 1):
            at = [k, i, j]
            at[axis] = np.clip(place + step, 0, region.shape[axis] - 1)
            beside = tuple(at)
            contact |= (region[beside] == 0) & rule.is_calcium(volume.hu[beside])
    return bool(contact.mean() > MOST_CONTACT)


def paint_parts(
    grid: Grid, discs: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]], margin_mm: float
) -> LabelArray:
    """Paint vessels as discs, one a slice.

    Parameters
    ----------
    grid
        The CT's, turned: rows to the back, columns to the left.
    discs
        For each vessel: slices, centres (row and column, mm), radii (mm) and values of `PARTS`, by slice.
        Later ones do not cover earlier ones.
    margin_mm
        How much wider than the radius: the wall with its blur; may be negative.
    """
    labels = np.zeros(grid.shape, dtype=np.uint8)
    rows = np.arange(grid.shape[1])[:, None] * grid.row_spacing_mm
    columns = np.arange(grid.shape[2])[None, :] * grid.column_spacing_mm
    for slices, centers, radii, values in discs:
        for k, (y, x), radius, value in zip(slices, centers, radii, values, strict=True):
            disc = np.hypot(rows - y, columns - x) <= radius + margin_mm
            labels[k][disc & (labels[k] == 0)] = value
    return labels


def widen_labels(labels: LabelArray, grid: Grid, margin_mm: float) -> LabelArray:
    """Widen labelled parts within their slices by the wall's blur; each new voxel takes the nearest part."""
    out = np.zeros_like(labels)
    for k, plane in enumerate(labels):
        if plane.any():
            spacing = (grid.row_spacing_mm, grid.column_spacing_mm)
            away, nearest = ndimage.distance_transform_edt(plane == 0, sampling=spacing, return_indices=True)
            out[k] = np.where(away <= margin_mm, plane[tuple(nearest)], 0)
    return out
