"""What is drawn over a scan."""

from __future__ import annotations

from dataclasses import dataclass

from vascal.calcium.lesions import Lesion
from vascal.types import AnyVoxelIndex
from vascal.volume import LabelMap


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Marks:
    """What is drawn over the slices.

    Parameters
    ----------
    lesions
        Scored lesions.
    rejected
        Reason and voxels of what was not scored.
    heart
        Structures; the one called ``heart`` is outlined.
    """

    lesions: tuple[Lesion, ...]
    rejected: tuple[tuple[str, AnyVoxelIndex], ...] = ()
    heart: LabelMap | None = None
