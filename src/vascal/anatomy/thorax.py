"""Finding heart, aorta, lungs, airway, bone, body and table by anatomical rules.

No learned weights: lungs are air inside the body, the heart is what they wrap
above the diaphragm and below the carina. Works on blocks of about 4 mm and
paints the answer on the CT's own grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from vascal.anatomy.aorta import Tube, find_ascending_aorta, find_descending_aorta
from vascal.anatomy.cavity import CROSS, IN_SLICE, Cavity, find_cavity
from vascal.anatomy.coarse import CoarseCt, CoarseMask, average_blocks
from vascal.anatomy.contrast import CORE_MM, BloodPool, measure_blood, measure_noise
from vascal.anatomy.diaphragm import Surface, find_diaphragm
from vascal.anatomy.heart import Extent, find_extent, find_sac
from vascal.anatomy.landmarks import find_spine, find_trachea
from vascal.anatomy.painting import CoarseStructures, paint, soften
from vascal.anatomy.segmenter import STRUCTURES, Anatomy, CutSide
from vascal.volume import LabelMap, Volume

FINDER = "thorax-rules-1"
LEAST_LUNGS_ML = 250.0
"""Less lung than this and the scan is of the abdomen, or of no chest."""
CARINA_ABOVE_DIAPHRAGM_MM = 85.0
"""In adults the carina is 9 to 14 cm above the diaphragm, in expiration a little less."""
LEAST_SAC_HEIGHT_MM = 70.0
"""An adult's sac is taller than this."""
SAC_HEIGHT_MM = 85.0
"""A sac that reaches the top of the scan and is lower than this goes on above it."""
CUT_MM2 = 150.0
"""A face of the sac at the edge of the field counts as cut off from this area on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThoraxRules:
    """Finds the chest's structures by rules; implements `Segmenter`."""

    block_mm: float = 4.0

    def find_anatomy(self, volume: Volume) -> Anatomy:
        """Find heart and surroundings.

        Parameters
        ----------
        volume
            CT: (slice, row, column), HU. Rows and columns may run either way.

        Returns
        -------
        Anatomy
            On the volume's grid. Where no heart is in the scan the heart is
            empty and a note says so; nothing raises.

        Examples
        --------
        >>> import numpy as np
        >>> from vascal.volume import Grid, Volume
        >>> air = Volume(hu=np.full((4, 64, 64), -1000, np.int16), grid=Grid.even((4, 64, 64), (3.0, 3.0, 3.0)))
        >>> ThoraxRules().find_anatomy(air).notes
        ('No heart was found: too little lung is in the scan.',)
        """
        ct = average_blocks(volume, self.block_mm)
        chest = find_chest(ct)
        labels = paint(volume, ct, structures_of(ct, chest))
        blood = measure_blood(ct, chest.sac, _tubes(ct, chest, margin_mm=-CORE_MM))
        return Anatomy(
            structures=LabelMap(labels=labels, grid=volume.grid, names=STRUCTURES),
            finder=FINDER,
            blood_hu=blood.heart_hu,
            aorta_hu=blood.aorta_hu,
            is_contrast_enhanced=blood.is_contrast_enhanced,
            noise_sd_hu=measure_noise(volume, ct, _quiet_place(chest)),
            heart_cut_off=find_cut_sides(ct, chest),
            notes=(*chest.notes, *_blood_notes(blood, chest)),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chest:
    """Everything found on blocks.

    Parameters
    ----------
    cavity
        Body, lungs, bone and table.
    airway
        Trachea down to the carina.
    sac
        Pericardial sac; empty if there is none.
    descending, ascending
        Parts of the aorta; None where not found.
    carina
        Slice of the carina; None if it is not in the scan.
    notes
        What was uncertain.
    """

    cavity: Cavity
    airway: CoarseMask
    sac: CoarseMask
    descending: Tube | None = None
    ascending: Tube | None = None
    carina: int | None = None
    notes: tuple[str, ...] = ()


def find_chest(ct: CoarseCt) -> Chest:
    """Find everything on blocks, from the certain to the uncertain."""
    cavity = find_cavity(ct)
    nothing = np.zeros(ct.hu.shape, dtype=bool)
    if cavity.lungs.sum() * ct.voxel_ml < LEAST_LUNGS_ML:
        notes = ("No heart was found: too little lung is in the scan.",)
        return Chest(cavity=cavity, airway=nothing, sac=nothing, notes=notes)
    spine = find_spine(ct, cavity)
    diaphragm = find_diaphragm(ct, cavity, spine)
    airway, carina = find_trachea(ct, cavity, spine.midline, _lowest_carina(ct, diaphragm))
    extent = find_extent(ct, cavity, diaphragm, carina)
    descending = find_descending_aorta(ct, spine, slice(extent.bottom, _above(ct, extent, 15.0)))
    ascending = find_ascending_aorta(ct, spine, _ascending_levels(ct, extent))
    sac = find_sac(ct, cavity, spine, diaphragm, extent, descending)
    return Chest(
        cavity=cavity,
        airway=airway,
        sac=sac,
        descending=descending,
        ascending=ascending if sac.any() else None,
        carina=carina,
        notes=tuple(_notes(ct, sac, diaphragm, carina)),
    )


def _lowest_carina(ct: CoarseCt, diaphragm: Surface | None) -> int:
    if diaphragm is None:
        return 0
    return int((float(np.median(diaphragm)) + CARINA_ABOVE_DIAPHRAGM_MM) / ct.spacing_mm[0])


def _above(ct: CoarseCt, extent: Extent, length_mm: float) -> int:
    return min(len(ct.hu), extent.top + round(length_mm / ct.spacing_mm[0]))


def _ascending_levels(ct: CoarseCt, extent: Extent) -> slice:
    """From the sinotubular junction, about 25 mm below the pulmonary trunk's end, to below the arch."""
    low = extent.top - round(25.0 / ct.spacing_mm[0])
    return slice(max(extent.bottom, low), _above(ct, extent, 20.0))


def _notes(ct: CoarseCt, sac: CoarseMask, diaphragm: Surface | None, carina: int | None) -> Iterator[str]:
    if not sac.any():
        yield "No heart was found: nothing of a heart's size lies between the lungs."
        return
    height_mm = np.count_nonzero(sac.any(axis=(1, 2))) * ct.spacing_mm[0]
    if height_mm < LEAST_SAC_HEIGHT_MM:
        yield f"The heart found is only {height_mm:.0f} mm tall: part of it may be missing from the score."
    if diaphragm is None:
        yield "The diaphragm is not in the scan; the lower border of the heart is the end of the scan."
    if carina is None:
        yield "The carina was not found; the upper border of the heart is estimated from the diaphragm."


def _blood_notes(blood: BloodPool, chest: Chest) -> Iterator[str]:
    if chest.sac.any() and blood.aorta_hu is None:
        yield "The aorta could not be measured; contrast agent was looked for in the heart alone."


def _quiet_place(chest: Chest) -> CoarseMask:
    """Where noise is measured: the heart, or the inside of the body without lungs and bone."""
    if chest.sac.any():
        return chest.sac
    return np.asarray(chest.cavity.body & ~ndimage.binary_dilation(chest.cavity.lungs | chest.cavity.bone, CROSS))


def find_cut_sides(ct: CoarseCt, chest: Chest) -> tuple[CutSide, ...]:
    """Name the sides on which the field of view ends inside the sac."""
    sac = chest.sac
    if not sac.any():
        return ()
    area_mm2 = sac.sum(axis=(1, 2)) * ct.spacing_mm[1] * ct.spacing_mm[2]
    height_mm = np.count_nonzero(area_mm2) * ct.spacing_mm[0]
    low = chest.carina is None and height_mm < SAC_HEIGHT_MM
    sides: list[CutSide] = []
    if area_mm2[-1] > CUT_MM2 and low:
        sides.append("top")
    if area_mm2[0] > CUT_MM2:
        sides.append("bottom")
    across: tuple[tuple[CutSide, int, int], ...] = (("front", 1, 1), ("back", 1, -1), ("right", 2, 1), ("left", 2, -1))
    # Near the edge the lungs that shape the sac are missing, so it ends a little before the edge.
    near = ndimage.binary_dilation(sac, IN_SLICE, iterations=2) & chest.cavity.body & ~chest.cavity.lungs
    sides += [side for side, axis, step in across if _edge_area_mm2(ct, near, axis, step) > CUT_MM2]
    return tuple(sides)


def _edge_area_mm2(ct: CoarseCt, sac: CoarseMask, axis: int, step: int) -> float:
    """Area of the sac that faces the edge of the field on one side."""
    void = np.roll(ct.padding, step, axis=axis)
    edge = [slice(None)] * 3
    edge[axis] = slice(0, 1) if step > 0 else slice(-1, None)
    void[tuple(edge)] = True
    return float(np.sum(sac & void) * ct.spacing_mm[0] * ct.spacing_mm[3 - axis])


def structures_of(ct: CoarseCt, chest: Chest) -> CoarseStructures:
    """Turn what was found into what is painted; heart and vessels with soft edges."""
    vessels = _tubes(ct, chest)
    cavity = chest.cavity
    return CoarseStructures(
        body=cavity.body,
        table=cavity.table,
        airway=chest.airway,
        lungs=cavity.lungs,
        near_bone=np.asarray(ndimage.binary_dilation(cavity.bone, CROSS) & cavity.body & ~chest.sac),
        heart=soften(ct, chest.sac & ~vessels),
        aorta=soften(ct, vessels),
    )


def _tubes(ct: CoarseCt, chest: Chest, *, margin_mm: float = 0.0) -> CoarseMask:
    mask = np.zeros(ct.hu.shape, dtype=bool)
    for tube in (chest.descending, chest.ascending):
        if tube is not None:
            mask |= tube.paint(ct, margin_mm=margin_mm)
    return mask
