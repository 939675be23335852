"""Composition root for the aorta on CT: a series goes in, calcium by part and an AAC-24 equivalent come out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vascal.aac.ct_grades import WallProjection, calcified_fractions, grade_ct, project_walls
from vascal.anatomy.aorta_parts import AortaFound, add_thorax, aorta_of_labels, find_aorta_parts, name_slices
from vascal.anatomy.standing import turn_labels, turn_volume
from vascal.calcium.aorta import (
    CORE_SHARE,
    PARTS,
    choose_aortic_rules,
    find_wall_calcium,
    measure_aortic_blood,
    paint_parts,
    widen_labels,
)
from vascal.calcium.lesions import Lesion
from vascal.calcium.mass import Calibration, assume_calibration
from vascal.calcium.score import VesselScore, score_calcium
from vascal.models.thoracic_aorta import find_thoracic_aorta
from vascal.report.aorta_caveats import AortaCircumstances, find_aorta_caveats
from vascal.report.aorta_report import AortaReport
from vascal.report.provenance import Provenance
from vascal.study import Series
from vascal.volume import LabelMap, Volume
from vascal.wall_levels import LEVELS

WALL_MARGIN_MM, LUMEN_MARGIN_MM = 3.5, 4.5
"""The wall and its blur outside the disc that was fitted; the second where that disc is contrast-filled lumen."""
LABEL_MARGIN_MM = 2.0
"""Labels hold the wall mostly; calcium bulges out of them by blur."""


def score_aorta(
    series: Series,
    volume: Volume,
    *,
    provenance: Provenance,
    labels: LabelMap | None = None,
    rule: str | None = None,
) -> AortaReport:
    """Score the calcium of the aortic wall on one CT.

    Parameters
    ----------
    series
        From `read_input`.
    volume
        Its pixels.
    provenance
        What to say of software and inputs.
    labels
        Aorta and vertebrae by name (``aorta``, ``L1`` ...) on the same grid; found by rules if None.
    rule
        A named rule of `vascal.calcium.rule`; by tube voltage if None.

    Raises
    ------
    AnatomyError
        If no aorta can be found.
    LabelError
        If the labels hold no aorta.
    RuleError
        If the rule does not apply.
    """
    turned = turn_volume(volume)
    found = find_aorta_parts(turned) if labels is None else aorta_of_labels(turn_labels(labels))
    if labels is None and (thorax := find_thoracic_aorta(turned)) is not None:
        found = add_thorax(found, *thorax)
    blood = measure_aortic_blood(turned, _core(found, turned))
    regions = paint_regions(found, turned, WALL_MARGIN_MM if blood.phase == "none" else LUMEN_MARGIN_MM)
    rules = choose_aortic_rules(blood.phase, series.acquisition.kvp, rule)
    lesions, rejected = find_wall_calcium(turned, regions, rules, _labelled_bone(found))
    calibration = assume_calibration(series.acquisition.kvp)
    score = score_calcium(turned, lesions, rule=rules["abdominal"], calibration=calibration)
    projection = _project(found, turned, lesions, calibration)
    fractions = calcified_fractions(projection)
    return AortaReport(
        series=series,
        blood=blood,
        rules=rules,
        score=score,
        parts={name: score.vessels.get(name, VesselScore()) for name in _parts_in_scan(regions)},
        projection=projection,
        fractions=fractions,
        grades=grade_ct(fractions),
        found=found,
        volume=turned,
        regions=regions,
        lesions=lesions,
        rejected=rejected,
        caveats=find_aorta_caveats(
            AortaCircumstances(series=series, volume=turned, found=found, blood=blood, rules=rules)
        ),
        provenance=replace(provenance, finder=found.finder),
    )


def paint_regions(found: AortaFound, volume: Volume, margin_mm: float = WALL_MARGIN_MM) -> LabelMap:
    """Paint the aorta with its wall by part, and the iliac arteries: values of `PARTS`."""
    value_of = {name: value for value, name in PARTS.items()}
    names = [value_of[name] for name in name_slices(found, volume.grid)]
    if found.labels is not None:
        return LabelMap(labels=_regions_of_labels(found, found.labels, names), grid=volume.grid, names=PARTS)
    discs = []
    for name, vessel in found.vessels.items():
        values = names if name == "aorta" else [value_of[name]] * len(vessel.slices)
        discs.append((vessel.slices, vessel.center_mm, vessel.radius_mm, np.asarray(values)))
    regions = LabelMap(labels=paint_parts(volume.grid, discs, margin_mm), grid=volume.grid, names=PARTS)
    return regions if found.thorax is None else _add_thorax(regions, found.thorax)


def _add_thorax(regions: LabelMap, thorax: LabelMap) -> LabelMap:
    """Paint the learned thoracic aorta beside the discs, and name discs that meet its descending part so."""
    value_of = {name: value for value, name in regions.names.items()}
    learned = np.zeros_like(thorax.labels)
    for value, name in thorax.names.items():
        learned[thorax.labels == value] = value_of[name]
    labels = regions.labels.copy()
    for k in np.flatnonzero((learned == value_of["descending"]).any(axis=(1, 2))):
        labels[k][labels[k] == value_of["aorta"]] = value_of["descending"]
    wide = widen_labels(learned, regions.grid, LABEL_MARGIN_MM)
    return LabelMap(labels=np.where(labels > 0, labels, wide).astype(np.uint8), grid=regions.grid, names=regions.names)


def _regions_of_labels(found: AortaFound, labels: LabelMap, names: list[int]) -> np.ndarray:
    parts = np.zeros(labels.labels.shape, dtype=np.uint8)
    mask = labels.mask("aorta")
    for k, value in zip(found.vessels["aorta"].slices, names, strict=True):
        parts[k][mask[k]] = value
    for value, name in PARTS.items():
        if name in ("right iliac", "left iliac") and name in found.vessels:
            parts[labels.mask(name) & (parts == 0)] = value
    return widen_labels(parts, labels.grid, LABEL_MARGIN_MM)


def _core(found: AortaFound, volume: Volume) -> np.ndarray:
    """Mark the middle of the aorta, where there is only blood."""
    aorta = found.vessels["aorta"]
    disc = (aorta.slices, aorta.center_mm, aorta.radius_mm * CORE_SHARE, np.ones(len(aorta.slices), dtype=np.uint8))
    return np.asarray(paint_parts(volume.grid, [disc], 0.0) > 0)


def _labelled_bone(found: AortaFound) -> np.ndarray | None:
    if found.labels is None:
        return None
    vertebrae = [value for value, name in found.labels.names.items() if name[:1] in "TL" and name[1:].isdigit()]
    return np.isin(found.labels.labels, vertebrae)


def _parts_in_scan(regions: LabelMap) -> list[str]:
    present = set(np.unique(regions.labels).tolist())
    return [name for value, name in PARTS.items() if value in present]


def _project(
    found: AortaFound, volume: Volume, lesions: tuple[Lesion, ...], calibration: Calibration
) -> WallProjection:
    """Lay the aorta's calcium on its lateral projection; the iliac arteries are no part of AAC."""
    grid = volume.grid
    mass = np.zeros(grid.shape[:2])
    for lesion in lesions:
        if lesion.vessel not in ("right iliac", "left iliac"):
            k, i, _ = np.unravel_index(lesion.index, grid.shape)
            np.add.at(mass, (k, i), lesion.hu * calibration.factor_mg_cm3_per_hu * grid.column_spacing_mm / 10.0)
    center, level = np.full(grid.shape[0], np.nan), np.full(grid.shape[0], -1)
    aorta = found.vessels["aorta"]
    center[aorta.slices] = aorta.center_mm[:, 0] / grid.row_spacing_mm
    for k, name in zip(aorta.slices, name_slices(found, grid), strict=True):
        level[k] = LEVELS.index(name) if name in LEVELS else -1
    level = _levels_below_division(found, volume, level)
    return project_walls(mass, _extend(center, aorta.slices), level)


def _levels_below_division(found: AortaFound, volume: Volume, level: np.ndarray) -> np.ndarray:
    """Count L4 down to its lower border also where the aorta has divided above it: there it has no wall to calcify.

    A film is graded by the whole level, with what is left of the aorta in it.
    """
    if "L4" not in found.vertebrae.levels:
        return level
    aorta, below = found.vessels["aorta"], found.vertebrae.levels["L4"][1]
    heights = np.asarray(volume.grid.slice_positions_mm) - volume.grid.slice_positions_mm[0]
    bottom = below.height_at(float(aorta.center_mm[0, 0]))
    level = level.copy()
    level[(heights >= bottom) & (np.arange(level.size) < aorta.slices[0])] = LEVELS.index("L4")
    return level


def _extend(center: np.ndarray, slices: np.ndarray) -> np.ndarray:
    """Hold the middle of the lowest and of the highest slice beyond them."""
    return np.asarray(np.interp(np.arange(center.size), slices, center[slices]))
