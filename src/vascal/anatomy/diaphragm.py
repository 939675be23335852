"""The diaphragm under the heart, from the lung bases around it.

Without contrast agent heart, diaphragm, liver and stomach look alike. The lungs
show the diaphragm everywhere but under the heart, which rests on its central
tendon: the surface is carried on smoothly from where it is seen.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from vascal.anatomy.cavity import Cavity
from vascal.anatomy.coarse import CoarseCt
from vascal.anatomy.landmarks import Spine

Surface = Float[np.ndarray, "row column"]
Columns = Bool[np.ndarray, "row column"]

RECESS_MM = 25.0
"""Near the chest wall, lung fills the steep costophrenic recess, not the dome."""
ROOF_STEP_MM = 8.0
"""Lung whose base lies this far above the surface around it lies on the heart, not on the diaphragm."""
NEAR_MM = 60.0
"""Only lung this close to the mediastinum tells of the diaphragm under the heart."""
LOCAL_MM = 20.0
"""How far a lung base speaks for the surface beside it."""
LEAST_VOTE = 0.02
SAG_MM = 6.0
"""The heart weighs on the central tendon: it lies half a centimetre or more below the line between the domes."""
BACK_ROWS_MM = 35.0
"""This close to the spine the diaphragm falls away from the sac."""
ROUNDS = 12
LEAST_COLUMNS = 30
LEAST_ENDING = 0.75
"""Share of the lung's columns that must end above the lowest slice: where the
scan starts above the domes, what seems a lung base is the heart's own border."""


def find_diaphragm(ct: CoarseCt, cavity: Cavity, spine: Spine) -> Surface | None:
    """Estimate the height of the diaphragm in every column of the image.

    A quadratic surface is fitted to the lung bases near the mediastinum; bases
    well above it rest on the heart and are dropped, round by round.

    Returns
    -------
    array or None
        Height above the lowest block, mm, by (row, column); None where too
        little lung base is in the scan.
    """
    seen = np.asarray(cavity.lungs.any(axis=0))
    base = cavity.lungs.argmax(axis=0)
    columns = _usable_columns(ct, seen, spine)
    usable = columns & (base > 0)
    if usable.sum() < max(LEAST_COLUMNS, LEAST_ENDING * columns.sum()):
        return None
    height = base * ct.spacing_mm[0]
    terms = _quadratic_terms(ct, spine)
    known = usable.ravel()
    fitted = _fit_from_below(terms[known], height.ravel()[known].astype(float))
    surface = (terms @ fitted).reshape(seen.shape)
    surface += _local_correction(height - surface, usable, ct)
    low, high = np.percentile(height[usable], (2, 98))
    return level_back(np.clip(surface, low, high) - SAG_MM, ct, spine)


def level_back(surface: Surface, ct: CoarseCt, spine: Spine) -> Surface:
    """Keep the surface from falling behind the heart, where it leaves the sac for the spine."""
    last = int(np.median(spine.front) - BACK_ROWS_MM / ct.spacing_mm[1])
    if last <= 0:
        return surface
    rows = np.minimum(np.arange(surface.shape[0]), last)
    return np.asarray(surface[rows])


def _local_correction(above: Surface, usable: Columns, ct: CoarseCt) -> Surface:
    """Average what the smooth surface misses nearby; it fades away from where lung is seen."""
    vote = (usable & (above <= ROOF_STEP_MM)).astype(float)
    sigma = [LOCAL_MM / s for s in ct.spacing_mm[1:]]
    total = ndimage.gaussian_filter(np.where(vote > 0, above, 0.0), sigma, mode="constant")
    return np.asarray(total / (ndimage.gaussian_filter(vote, sigma, mode="constant") + LEAST_VOTE))


def _usable_columns(ct: CoarseCt, seen: Columns, spine: Spine) -> Columns:
    """Columns of lung between spine and breastbone, near the mediastinum, off the chest wall."""
    spacing = ct.spacing_mm[1:]
    chest = ndimage.binary_closing(np.pad(seen, 20), iterations=15)[20:-20, 20:-20] | seen
    framed = np.pad(chest, 1, mode="edge")
    depth = ndimage.distance_transform_edt(framed, sampling=spacing)[1:-1, 1:-1]
    inner = depth > RECESS_MM
    off_mm = np.abs(np.arange(seen.shape[1]) - spine.midline) * spacing[1]
    rows = np.arange(seen.shape[0])[:, None]
    front_of_spine = rows < np.median(spine.front)
    return np.asarray(seen & inner & front_of_spine & (off_mm < 2 * NEAR_MM))


def _quadratic_terms(ct: CoarseCt, spine: Spine) -> np.ndarray:
    """1, x, y, x2, xy, y2 of each column, in dm around the midline."""
    rows, columns = np.indices(ct.hu.shape[1:])
    x = (columns.ravel() - spine.midline) * ct.spacing_mm[2] / 100.0
    y = (rows.ravel() - np.median(spine.front)) * ct.spacing_mm[1] / 100.0
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)


def _fit_from_below(terms: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Least squares in which points high above the surface lose their vote."""
    vote = np.ones(height.size)
    coefficients = np.zeros(terms.shape[1])
    ridge = 1e-3 * height.size * np.diag([0.0, 0.0, 0.0, 1.0, 1.0, 1.0])
    for _ in range(ROUNDS):
        weighted = terms * vote[:, None]
        coefficients = np.linalg.solve(weighted.T @ terms + ridge, weighted.T @ height)
        above = height - terms @ coefficients
        vote = np.where(above > ROOF_STEP_MM, 0.02, 1.0)
    return np.asarray(coefficients)
