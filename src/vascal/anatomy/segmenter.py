"""What every way of finding anatomy gives, and the seam they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

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
"""Values of `anatomy.nii.gz`. ``heart`` is the pericardial sac with its fat;
``body`` is what is left inside the skin."""


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
    """

    structures: LabelMap
    finder: str
    blood_hu: float | None = None
    aorta_hu: float | None = None
    is_contrast_enhanced: bool = False
    noise_sd_hu: float | None = None
    heart_cut_off: tuple[CutSide, ...] = ()
    notes: tuple[str, ...] = ()


@runtime_checkable
class Segmenter(Protocol):
    """Anything that finds the heart and its surroundings in a CT."""

    def find_anatomy(self, volume: Volume) -> Anatomy:
        """Find the structures of `STRUCTURES` on the volume's grid."""
        ...
