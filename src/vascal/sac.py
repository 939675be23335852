"""What counts as heart: the pericardial sac with all that lies in it.

The roots of the great vessels run inside the sac: aortic root and lower ascending aorta, and the
pulmonary trunk (Standring, Gray's Anatomy, 42nd ed., ch. 57). Whoever outlines the sac draws around them; whoever
labels organs does not. This is the one place that decides what is inside.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

Mask = Bool[np.ndarray, "slice row column"]
FEWEST_POINTS, MOST_POINTS = 8, 200
"""A cross-section of fewer points has no shape; of one of more, so many tell where it lies."""


def enclose_vessels(heart: Mask, vessels: Sequence[Mask]) -> Mask:
    """Find the parts of great vessels that lie in the sac.

    In each axial slice a vessel's cross-section lies in the sac if most of it lies within the convex hull of the
    heart there. Descending aorta and the pulmonary arteries beyond the trunk lie beside it.

    Parameters
    ----------
    heart
        (slice, row, column): chambers, muscle and pericardial fat.
    vessels
        Likewise, one mask a vessel: cross-sections of two vessels that touch are not one.

    Returns
    -------
    numpy.ndarray
        (slice, row, column): vessel inside the sac.
    """
    enclosed = np.zeros_like(heart)
    for k in np.flatnonzero([plane.any() for plane in heart]):
        hull = _hull(heart[k])
        if hull is None:
            continue
        for vessel in vessels:
            parts, count = ndimage.label(vessel[k])
            for part in range(1, count + 1):
                section = parts == part
                points = np.argwhere(section)
                if np.mean(_within(hull, points[:: max(1, len(points) // MOST_POINTS)])) > 0.5:
                    enclosed[k] |= section
    return enclosed


def _hull(plane: np.ndarray) -> np.ndarray | None:
    """Give the half planes whose common part is the hull: (side, row, column and offset); None without one."""
    rows, columns = np.nonzero(plane)
    if rows.size < FEWEST_POINTS:
        return None
    # Only the ends of each row can be corners.
    order = np.flatnonzero(np.diff(rows, prepend=-1, append=-1))
    ends = np.unique(np.concatenate([order[:-1], order[1:] - 1]))
    try:
        return np.asarray(ConvexHull(np.stack([rows[ends], columns[ends]], axis=1)).equations)
    except QhullError:  # all on one line
        return None


def _within(hull: np.ndarray, points: np.ndarray) -> np.ndarray:
    return np.asarray(np.all(points @ hull[:, :2].T + hull[:, 2] <= 1e-9, axis=1))
