"""The aorta of any CT as named parts: found by rules, or from labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from vascal.anatomy.abdominal_aorta import Branch, Vessel, find_aorta, find_division, find_iliacs, on_slices
from vascal.anatomy.coarse import CoarseCt, average_blocks
from vascal.anatomy.spine_curve import find_spine_curve
from vascal.anatomy.vertebrae import Vertebrae, find_vertebrae, levels_of_labels
from vascal.errors import AnatomyError, LabelError
from vascal.volume import Grid, LabelMap, Volume

FINDER = "aorta-rules-1"
BLOCK_MM = 2.0
BELOW_PROMONTORY_MM = 20.0
"""The common iliac arteries end in front of the sacroiliac joints."""
DIVISION_SHARE = 0.25
"""The aorta usually divides in front of the lower quarter of L4."""
TOTALSEGMENTATOR: Mapping[int, str] = {
    52: "aorta", 27: "L5", 28: "L4", 29: "L3", 30: "L2", 31: "L1", 32: "T12", 33: "T11", 34: "T10", 35: "T9",
    36: "T8", 37: "T7", 38: "T6", 39: "T5", 40: "T4", 41: "T3", 42: "T2", 43: "T1", 65: "left iliac",
    66: "right iliac",
}  # fmt: skip
"""Numbers of TotalSegmentator 2; Wasserthal et al., Radiol Artif Intell 2023, doi 10.1148/ryai.230024."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AortaFound:
    """Aorta, iliac arteries and vertebral levels on the turned CT.

    Parameters
    ----------
    vessels
        One disc a slice of the CT for the aorta and, where found, both common iliac arteries.
    vertebrae
        Levels; empty where they could not be named.
    labels
        The user's labels, if they were used.
    thorax
        ``ascending``, ``arch`` and ``descending``, wall included, where a network found them; see `add_thorax`.
    finder
        What found it.
    notes
        What was uncertain.
    """

    vessels: Mapping[Branch, Vessel]
    vertebrae: Vertebrae
    labels: LabelMap | None = None
    thorax: LabelMap | None = None
    finder: str = FINDER
    notes: tuple[str, ...] = field(default=())


def find_aorta_parts(volume: Volume) -> AortaFound:
    """Find aorta and levels by rules.

    Parameters
    ----------
    volume
        CT turned by `vascal.anatomy.standing.turn_volume`.

    Raises
    ------
    AnatomyError
        If no spine, or no vessel before it, stands out.
    """
    ct = average_blocks(volume, BLOCK_MM)
    spine = find_spine_curve(ct)
    if spine is None:
        raise AnatomyError("no spine was found; needed: a CT of chest or abdomen, or --labels with the aorta")
    aorta = find_aorta(ct, spine)
    if aorta is None:
        raise AnatomyError("no aorta stands out before the spine; needed: --labels with the aorta")
    vertebrae = find_vertebrae(ct, spine)
    count = volume.grid.shape[0]
    vessels: dict[Branch, Vessel] = {}
    notes = list(vertebrae.notes)
    if "L4" in vertebrae.levels:
        division, lowest, search, expected = _division_search(ct, vertebrae)
        division = find_division(ct, spine, aorta, search, expected)
        for name, vessel in find_iliacs(ct, spine, aorta, division, lowest).items():
            vessels[name] = on_slices(vessel, ct, count)
        aorta = aorta.part(division, len(ct.hu))
    elif not vertebrae.levels:
        notes.append("All of the aorta is one part; below its division one iliac artery may be counted to it.")
    return AortaFound(
        vessels={"aorta": on_slices(aorta, ct, count), **vessels}, vertebrae=vertebrae, notes=tuple(notes)
    )


def add_thorax(found: AortaFound, thorax: LabelMap, finder: str) -> AortaFound:
    """Add the thoracic aorta that a network found, and end the discs of the rules where its arch begins.

    The rules follow one vessel beside the spine: from the arch up that is one of its branches.

    Parameters
    ----------
    found
        From `find_aorta_parts`.
    thorax
        ``ascending``, ``arch`` and ``descending`` on the CT's grid.
    finder
        What found it.
    """
    aorta = found.vessels["aorta"]
    arch = [value for value, name in thorax.names.items() if name == "arch"]
    slices = np.flatnonzero(np.isin(thorax.labels, arch).any(axis=(1, 2)))
    if slices.size and aorta.slices[0] < slices[0]:
        aorta = aorta.part(0, int(slices[0]) - 1)
    vessels = {**found.vessels, "aorta": aorta}
    return replace(found, vessels=vessels, thorax=thorax, finder=f"{found.finder}+{finder}")


def _division_search(ct: CoarseCt, vertebrae: Vertebrae) -> tuple[int, int, slice, int]:
    """Give expected division, lowest slice of the iliacs, slices to search and the expected division, in blocks."""
    step = ct.spacing_mm[0]
    above, below = vertebrae.levels["L4"]
    low = vertebrae.levels.get("L5", (below, below))[1].z_mm
    expected = round((below.z_mm + DIVISION_SHARE * (above.z_mm - below.z_mm)) / step)
    search = slice(max(0, round((below.z_mm + low) / 2 / step)), round((above.z_mm + 10) / step))
    return expected, max(0, round((low - BELOW_PROMONTORY_MM) / step)), search, expected


def aorta_of_labels(labels: LabelMap) -> AortaFound:
    """Take aorta, iliac arteries and vertebrae from labels on the turned CT.

    Raises
    ------
    LabelError
        If no structure is called ``aorta``, or it has no voxel.
    """
    vessels: dict[Branch, Vessel] = {}
    names: tuple[Branch, ...] = ("aorta", "right iliac", "left iliac")
    for name in names:
        if name in labels.names.values() and (vessel := _vessel_of(labels, name)) is not None:
            vessels[name] = vessel
    if "aorta" not in vessels:
        raise LabelError(f"no voxel is labelled 'aorta'; there are {', '.join(sorted(set(labels.names.values())))}")
    vertebrae = levels_of_labels(labels)
    notes = () if vertebrae.levels else ("No vertebra is labelled: the aorta is one part.",)
    return AortaFound(vessels=vessels, vertebrae=vertebrae, labels=labels, finder="labels", notes=notes)


def _vessel_of(labels: LabelMap, name: str) -> Vessel | None:
    mask, grid = labels.mask(name), labels.grid
    slices = np.flatnonzero(mask.any(axis=(1, 2)))
    if slices.size == 0:
        return None
    spacing = np.asarray((grid.row_spacing_mm, grid.column_spacing_mm))
    centers, radii = [], []
    for k in slices:
        places = np.argwhere(mask[k])
        centers.append(places.mean(axis=0) * spacing)
        radii.append(float(np.sqrt(len(places) * grid.pixel_area_mm2 / np.pi)))
    return Vessel(slices=slices, center_mm=np.asarray(centers), radius_mm=np.asarray(radii), fit=np.ones(slices.size))


def name_slices(found: AortaFound, grid: Grid) -> list[str]:
    """Name the part of the aorta in each of its slices, by where its middle lies between the disc planes.

    Returns
    -------
    list of str
        ``descending`` above L1 (or T12, where that level is known), ``L1`` ... ; ``aorta`` where levels are not known.
    """
    aorta, levels = found.vessels["aorta"], found.vertebrae.levels
    heights = np.asarray(grid.slice_positions_mm) - grid.slice_positions_mm[0]
    if not levels:
        return ["aorta"] * len(aorta.slices)
    lumbar = [name for name in ("T12", "L1", "L2", "L3", "L4", "L5") if name in levels]
    names = []
    for k, (y_mm, _) in zip(aorta.slices, aorta.center_mm, strict=True):
        here = [n for n in lumbar if levels[n][1].height_at(y_mm) <= heights[k] < levels[n][0].height_at(y_mm)]
        above_all = bool(lumbar) and heights[k] >= levels[lumbar[0]][0].height_at(y_mm)
        top_is_thoracic = lumbar[:1] in (["T12"], ["L1"]) or not lumbar
        names.append(here[0] if here else "descending" if above_all and top_is_thoracic else "aorta")
    return names
