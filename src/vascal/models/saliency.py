"""What in a patch spoke for coronary calcium: Grad-CAM of the lesion network, on request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import ndimage

from vascal.anatomy.confounders import Candidate
from vascal.anatomy.segmenter import Anatomy
from vascal.models.course_net import map_courses
from vascal.models.lesion_inputs import PATCH, describe_candidates, shown_hu
from vascal.models.runtime import load_network
from vascal.report.saliency import Saliency
from vascal.volume import Volume


def find_saliency(
    volume: Volume, anatomy: Anatomy, candidates: Sequence[Candidate], *, folder: Path | None = None
) -> tuple[Saliency, ...]:
    """Explain candidates.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    anatomy
        Of the same scan, from `LearnedAnatomy`.
    candidates
        To explain; few, since each is put through the network again.
    folder
        With other weights than the embedded ones.

    Returns
    -------
    tuple of Saliency
        One a candidate; none where no heart was found.
    """
    if anatomy.regions is None or not candidates or not (anatomy.regions.heart > 0.5).any():
        return ()
    courses = map_courses(volume, anatomy.regions, folder=folder)
    inputs = describe_candidates(volume, anatomy, courses, candidates)
    _, _, heat = load_network("lesions", folder).run(patch=inputs.patches, features=inputs.features)
    return tuple(_explain(patch, map_) for patch, map_ in zip(inputs.patches, heat, strict=True))


def _explain(patch: np.ndarray, heat: np.ndarray) -> Saliency:
    zoom = [n / m for n, m in zip(PATCH, heat.shape, strict=True)]
    fine = np.maximum(ndimage.zoom(heat, zoom, order=1, grid_mode=True, mode="nearest"), 0)
    highest = float(fine.max())
    middle = int(np.argmax(patch[2].sum(axis=(1, 2))))  # lattice slices between those of the scan hold no mark
    share = fine[middle] / highest if highest > 0 else np.zeros(PATCH[1:])
    return Saliency(hu=shown_hu(patch)[middle], mask=patch[2, middle], heat=share.astype(np.float32))
