"""Stage 1: heart and surroundings from a learned map of regions on a 4 mm lattice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8
from scipy import ndimage

from vascal.anatomy.cavity import CROSS
from vascal.anatomy.coarse import CoarseCt, average_blocks, measure_depth
from vascal.anatomy.contrast import CORE_MM, measure_blood, measure_noise
from vascal.anatomy.lattice import Lattice, interpolate, interpolate_hu
from vascal.anatomy.painting import CoarseStructures, paint
from vascal.anatomy.segmenter import STRUCTURES, Anatomy, CutSide, RegionMap
from vascal.anatomy.thorax import find_chest
from vascal.models.runtime import load_network
from vascal.models.windows import anatomy_channels
from vascal.regions import AORTA_REGIONS, BONE_REGIONS, HEART_REGIONS, Region
from vascal.sac import enclose_vessels
from vascal.volume import LabelMap, Volume

SPACING_MM = 4.0
DIVISOR = 8
"""The network halves its input three times."""
LEAST_POINTS = (8, 48, 48)
"""The network normalises over all it sees: in fields of 160 mm it needs some air around them (Dice 0.85 without it)."""
LEAST_HEART_ML = 60.0
"""Less than this is no part of a heart that would be worth scoring."""
CUT_MM2 = 400.0
GREAT_VESSELS = ((Region.AORTIC_ROOT, Region.ASCENDING_AORTA), (Region.PULMONARY_ARTERY,))
"""Begin in the pericardial sac."""
RegionLabels = UInt8[np.ndarray, "slice row column"]
Share = Float32[np.ndarray, "slice row column"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedAnatomy:
    """Finds heart and surroundings with a network; implements `Segmenter`.

    Parameters
    ----------
    block_mm
        Blocks the CT is averaged to first, mm.
    folder
        With other weights than the embedded ones.
    """

    block_mm: float = 4.0
    folder: Path | None = None

    def find_anatomy(self, volume: Volume) -> Anatomy:
        """Find heart and surroundings.

        Parameters
        ----------
        volume
            CT: (slice, row, column), HU.

        Returns
        -------
        Anatomy
            On the volume's grid, with the map of regions. Where no heart is in the
            scan the heart is empty and a note says so; nothing raises.
        """
        network = load_network("anatomy", self.folder)
        ct = average_blocks(volume, self.block_mm)
        lattice = lay_lattice(ct)
        (logits,) = network.run(image=anatomy_channels(to_lattice(ct, lattice))[None])
        regions, share_of_heart, share_of_aorta = read_answer(logits[0])
        del logits
        share_of_heart = keep_largest(share_of_heart)
        in_sac = enclose_vessels(share_of_heart > 0.5, [np.isin(regions, vessel) for vessel in GREAT_VESSELS])
        found = _structures(
            ct,
            lattice,
            regions,
            np.where(in_sac, np.float32(1), share_of_heart),
            np.where(in_sac, np.float32(0), share_of_aorta),
        )
        heart, aorta = found.heart > 0.5, interpolate(share_of_aorta, places_of_blocks(ct, lattice)) > 0.5
        blood = measure_blood(ct, heart, np.asarray(measure_depth(aorta, ct.spacing_mm) > CORE_MM))
        sac_by_rules = find_chest(ct).sac
        quiet = heart if heart.any() else found.body & ~ndimage.binary_dilation(found.lungs | found.near_bone, CROSS)
        return Anatomy(
            structures=LabelMap(labels=paint(volume, ct, found), grid=volume.grid, names=STRUCTURES),
            finder=network.entry.label,
            blood_hu=blood.heart_hu,
            aorta_hu=blood.aorta_hu,
            is_contrast_enhanced=blood.is_contrast_enhanced,
            noise_sd_hu=measure_noise(volume, ct, np.asarray(quiet)),
            heart_cut_off=find_cut_sides(ct, heart),
            notes=tuple(_note(heart, sac_by_rules)),
            regions=RegionMap(lattice=lattice, labels=regions, heart=share_of_heart),
            agreement=_dice(heart, sac_by_rules) if sac_by_rules.any() else None,
        )


def _note(heart: np.ndarray, sac_by_rules: np.ndarray) -> Iterator[str]:
    if not heart.any():
        yield "No heart was found: nothing in the scan looks like one."
    elif not sac_by_rules.any():
        yield "The anatomy rules find no heart here, so that nothing cross-checks the outline."


def _dice(first: np.ndarray, second: np.ndarray) -> float:
    """Overlap of two outlines; 1 if both are empty."""
    total = np.count_nonzero(first) + np.count_nonzero(second)
    return float(2 * np.count_nonzero(first & second) / total) if total else 1.0


def lay_lattice(ct: CoarseCt) -> Lattice:
    """Lay a lattice over the scan, as large as the network needs it."""
    lengths = [n * s for n, s in zip(ct.hu.shape, ct.spacing_mm, strict=True)]
    whole = [DIVISOR * -(-round(length / SPACING_MM) // DIVISOR) for length in lengths]
    counts = [max(least, count) for least, count in zip(LEAST_POINTS, whole, strict=True)]
    return Lattice(corner_mm=(0.0, 0.0, 0.0), spacing_mm=SPACING_MM, shape=(counts[0], counts[1], counts[2]))


def to_lattice(ct: CoarseCt, lattice: Lattice) -> Float32[np.ndarray, "slice row column"]:
    """Interpolate blocks to the lattice; air beyond the scan."""
    places = [
        (corner + lattice.spacing_mm * np.arange(count)) / step + first
        for corner, count, step, first in zip(
            lattice.corner_mm, lattice.shape, ct.spacing_mm, _first_block(ct), strict=True
        )
    ]
    return interpolate_hu(ct.hu, places)


def _first_block(ct: CoarseCt) -> np.ndarray:
    """Place of the scan's first voxel, in blocks: it lies in the first half of the first block."""
    return np.asarray([0.5 / block - 0.5 for block in ct.block])


def places_of_blocks(ct: CoarseCt, lattice: Lattice) -> list[np.ndarray]:
    """Give the (fractional) lattice places of all slices, rows and columns of blocks."""
    return [
        ((np.arange(count) - first) * step - corner) / lattice.spacing_mm
        for count, first, step, corner in zip(
            ct.hu.shape, _first_block(ct), ct.spacing_mm, lattice.corner_mm, strict=True
        )
    ]


def read_answer(
    logits: Float32[np.ndarray, "region slice row column"],
) -> tuple[RegionLabels, Share, Share]:
    """Read the likeliest region of each point off the network's scores; these are used up.

    Returns
    -------
    regions, heart, aorta
        `Region`, and how surely a point is heart and aorta, 0 to 1.
    """
    highest, regions = logits[0].copy(), np.zeros(logits.shape[1:], dtype=np.uint8)
    for value, score in enumerate(logits[1:], start=1):
        np.copyto(regions, value, where=score > highest)
        np.maximum(score, highest, out=highest)
    logits -= highest
    np.exp(logits, out=logits)
    total = logits.sum(axis=0)
    heart, aorta = (sum(logits[value] for value in values) / total for values in (HEART_REGIONS, AORTA_REGIONS))
    return regions, heart, aorta


def keep_largest(share: np.ndarray) -> Float32[np.ndarray, "slice row column"]:
    """Keep the largest connected part of what is likely heart; nothing if it is too small for one."""
    parts, count = ndimage.label(share > 0.5)
    if count == 0:
        return np.zeros(share.shape, dtype=np.float32)
    sizes = np.bincount(parts.ravel())[1:]
    if sizes.max() * SPACING_MM**3 / 1000 < LEAST_HEART_ML:
        return np.zeros(share.shape, dtype=np.float32)
    kept = ndimage.binary_dilation(parts == sizes.argmax() + 1, CROSS)
    return np.where(kept, share, 0.0).astype(np.float32)


def _structures(ct: CoarseCt, lattice: Lattice, regions: RegionLabels, heart: Share, aorta: Share) -> CoarseStructures:
    places = places_of_blocks(ct, lattice)
    nearest = [np.clip(np.floor(p + 0.5), 0, n - 1).astype(int) for p, n in zip(places, regions.shape, strict=True)]
    labels = regions[np.ix_(*nearest)]
    is_heart = interpolate(heart, places)
    bone = np.isin(labels, BONE_REGIONS) | ((ct.dense > 0.25) & (is_heart < 0.1))
    return CoarseStructures(
        body=~np.isin(labels, (Region.OUTSIDE, Region.TABLE)),
        table=labels == Region.TABLE,
        airway=labels == Region.AIRWAY,
        lungs=labels == Region.LUNG,
        near_bone=np.asarray(ndimage.binary_dilation(bone, CROSS) & (is_heart < 0.5)),
        heart=is_heart,
        aorta=interpolate(aorta, places),
    )


def find_cut_sides(ct: CoarseCt, heart: np.ndarray) -> tuple[CutSide, ...]:
    """Name the sides on which the field of view ends inside the heart."""
    if not heart.any():
        return ()
    void = ct.padding
    k, i, j = ct.spacing_mm
    faces: list[tuple[CutSide, np.ndarray, float]] = [("top", heart[-1], i * j), ("bottom", heart[0], i * j)]
    across: tuple[tuple[CutSide, int, int], ...] = (("front", 1, 1), ("back", 1, -1), ("right", 2, 1), ("left", 2, -1))
    for side, axis, step in across:
        beyond = np.roll(void, step, axis=axis)
        edge = [slice(None)] * 3
        edge[axis] = slice(0, 1) if step > 0 else slice(-1, None)
        beyond[tuple(edge)] = True
        faces.append((side, heart & beyond, k * (j if axis == 1 else i)))
    return tuple(side for side, face, area in faces if np.count_nonzero(face) * area > CUT_MM2)
