"""What every way of finding anatomy gives, and the seam they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, UInt8

from vascal.anatomy.lattice import Lattice
from vascal.volume import LabelMap, Volume

CutSide = Literal["top", "bottom", "front", "back", "left", "right"]

STRUCTURES = {
    1: "heart",
    2: "aorta",
    3: "lungs",
    4: "airway",
    5: "bone",
    6: "body",
    7: "table",
}
"""Values of `anatomy.nii.gz`. ``heart`` is the pericardial sac with its fat and the roots of the great
vessels, see `vascal.sac`; rules label the ascending aorta in it ``aorta``. ``body`` is what is left inside the skin."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RegionMap:
    """Finer regions on a lattice of a few mm, from finders that tell them apart.

    Parameters
    ----------
    lattice
        Where the points lie.
    labels
        (slice, row, column): `vascal.regions.Region`.
    heart
        (slice, row, column): how surely a point is heart, 0 to 1.
    """

    lattice: Lattice
    labels: UInt8[np.ndarray, "slice row column"]
    heart: Float32[np.ndarray, "slice row column"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Anatomy:
    """What was found around the heart.

    Parameters
    ----------
    structures
        Named regions on the CT's grid, values as in `STRUCTURES`.
    finder
        Name and version of what found them.
    blood_hu
        Median attenuation of the blood pool inside the heart, HU; None if not measurable.
    aorta_hu
        The same inside the aorta, HU.
    is_contrast_enhanced
        Whether the *pixels* say that blood carries iodine; the header is not asked.
    noise_sd_hu
        Standard deviation in homogeneous blood or soft tissue, HU.
    heart_cut_off
        Sides on which the field of view ends inside the heart.
    notes
        Plain sentences on what was uncertain.
    regions
        Finer regions, where the finder tells them apart.
    agreement
        Dice of this heart and the one another finder outlines, 0 to 1; None if no other was asked or it finds none.
    """

    structures: LabelMap
    finder: str
    blood_hu: float | None = None
    aorta_hu: float | None = None
    is_contrast_enhanced: bool = False
    noise_sd_hu: float | None = None
    heart_cut_off: tuple[CutSide, ...] = ()
    notes: tuple[str, ...] = ()
    regions: RegionMap | None = None
    agreement: float | None = None


@runtime_checkable
class Segmenter(Protocol):
    """Anything that finds the heart and its surroundings in a CT."""

    def find_anatomy(self, volume: Volume) -> Anatomy:
        """Find the structures of `STRUCTURES` on the volume's grid."""
        ...
