"""Stage 2: a map of the coronary segments, the aortic root and the mitral annulus in a box around the heart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from vascal.anatomy.lattice import Hu, Lattice, Places, look_up, sample_lattice
from vascal.anatomy.segmenter import RegionMap
from vascal.models.runtime import load_network
from vascal.models.windows import course_channels
from vascal.volume import Volume

SPACING_MM = 1.5
ANSWER_STEP = 2
"""The network answers for blocks of so many points along each axis: courses are smooth."""
DIVISOR = 8
MARGIN_MM = 14.0
"""Arteries lie inside the sac, but the network looks around them; the aorta's wall is near."""
LARGEST = (128, 144, 160)
"""Slices, rows, columns of the largest box, so that time and memory are bounded: 19 by 22 by 24 cm."""
CourseShares = Float32[np.ndarray, "course block_slice block_row block_column"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CourseMap:
    """Where each coronary segment may run.

    Parameters
    ----------
    lattice
        Where the points lie.
    share
        (class, slice, row, column) of blocks of `ANSWER_STEP` points: 0 elsewhere, 1 to 18 SCCT segments,
        19 aortic root and valve, 20 mitral annulus; a probability that falls with the distance from the course.
    hu
        The CT on the lattice, HU.
    centre, size
        (3,) middle of the heart and twice its standard deviation, lattice points.
    """

    lattice: Lattice
    share: CourseShares
    hu: Hu
    centre: np.ndarray
    size: np.ndarray

    def share_at(self, places: Places) -> np.ndarray:
        """Interpolate the shares at (3, voxel) places of the lattice: (class, voxel)."""
        return look_up(self.share, (places - np.float32((ANSWER_STEP - 1) / 2)) / ANSWER_STEP)


def map_courses(volume: Volume, regions: RegionMap, *, folder: Path | None = None) -> CourseMap:
    """Map the courses of the coronary arteries.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    regions
        Of the same scan, with a heart.
    folder
        With other weights than the embedded ones.
    """
    middle, spread, lattice = lay_box(regions)
    hu = sample_lattice(volume, lattice)
    centre = (middle - np.asarray(lattice.corner_mm)) / SPACING_MM
    size = spread / SPACING_MM
    network = load_network("courses", folder)
    (logits,) = network.run(image=course_channels(hu, centre, size)[None])
    logits = logits[0]
    logits -= logits.max(axis=0)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=0)
    return CourseMap(lattice=lattice, share=logits, hu=hu, centre=centre, size=size)


def lay_box(regions: RegionMap) -> tuple[np.ndarray, np.ndarray, Lattice]:
    """Lay a lattice around the heart.

    Returns
    -------
    middle, spread, lattice
        (3,) middle of the heart and twice its standard deviation, mm from the scan's first voxel.
    """
    heart = np.argwhere(regions.heart > 0.5) * regions.lattice.spacing_mm + np.asarray(regions.lattice.corner_mm)
    middle, spread = heart.mean(axis=0), 2 * np.maximum(heart.std(axis=0), 8.0)
    low, high = heart.min(axis=0) - MARGIN_MM, heart.max(axis=0) + MARGIN_MM
    wanted = DIVISOR * np.ceil((high - low) / SPACING_MM / DIVISOR).astype(int)
    shape = np.minimum(wanted, LARGEST)
    corner = (low + high) / 2 - (shape - 1) / 2 * SPACING_MM
    lattice = Lattice(
        corner_mm=(float(corner[0]), float(corner[1]), float(corner[2])),
        spacing_mm=SPACING_MM,
        shape=(int(shape[0]), int(shape[1]), int(shape[2])),
    )
    return middle, spread, lattice
