"""The front of the vertebral column, slice by slice, in chest, abdomen or both.

The bodies' front is the strongest step from soft tissue to bone along the midline. It is followed with dynamic
programming and needs no lung, unlike the spine of `vascal.anatomy.landmarks`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from vascal.anatomy.aorta import best_path
from vascal.anatomy.coarse import CoarseCt

Curve = Float[np.ndarray, " slice"]
Sagittal = Float[np.ndarray, "slice row"]

BONE_RAMP_HU = (100.0, 300.0)
"""Below the first no bone, above the second surely bone or calcium."""
OFF_MIDDLE_MM = 30.0
"""Scoliosis takes the column no further from where most bone lies."""
STIFFNESS = 0.3
"""Lower is straighter: hips and shoulders must not pull the midline aside."""
BODY_WIDTH_MM = 44.0
HALF_STRIP_MM = 13.0
"""Half the width of the vertebral bodies' flat middle."""
LOW_PERCENT = 35.0
"""What fills less than two thirds of the strip is not its body."""
BODY_DEPTH_MM = 24.0
"""Less than the depth of a lumbar body (30 to 35 mm), about that of a thoracic one."""
CLIP_HU = (0.0, 250.0)
"""Plaque and metal are no brighter here than bone, bowel gas no darker than water."""
BRIDGE_MM = 8.0
"""Smoothing along the spine: discs are bridged."""
FORWARD_SLOPE, BACKWARD_SLOPE, MOVE_COST_HU = 0.5, 2.5, 5.0
"""mm for each mm downwards: lordosis above the promontory, the sacrum below; and what a row's move costs."""
LEAST_STEP_HU = 60.0
"""Mean of body less mean of what lies before it; less than that, there is no spine in the slice."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpineCurve:
    """Front and middle of the vertebral column on the blocks of a CT.

    Parameters
    ----------
    front_mm
        Row position of the front of the bodies, mm behind the first row, by slice of blocks.
    midline_mm
        Column position of their middle, mm to the left of the first column.
    is_seen
        Whether the slice shows a spine there.
    sagittal_hu
        (slice, row): a low percentile over the middle of the column, HU.
    """

    front_mm: Curve
    midline_mm: Curve
    is_seen: np.ndarray
    sagittal_hu: Sagittal


def find_spine_curve(ct: CoarseCt) -> SpineCurve | None:
    """Follow the front of the vertebral bodies; None where no spine is in the scan.

    Parameters
    ----------
    ct
        On blocks of 2 to 3 mm.
    """
    bone = np.clip((ct.hu - BONE_RAMP_HU[0]) / (BONE_RAMP_HU[1] - BONE_RAMP_HU[0]), 0, 1)
    if not bone.any():
        return None
    middle = _find_middle(ct, bone)
    sagittal = _cut_sagittal(ct, middle)
    step = _front_steps(ct, sagittal)
    path = _best_front(step, ct)
    is_seen = step[np.arange(len(step)), path] > LEAST_STEP_HU
    if is_seen.mean() < 0.3:
        return None
    return SpineCurve(
        front_mm=_smooth(path * ct.spacing_mm[1], ct.spacing_mm[0]),
        midline_mm=middle * ct.spacing_mm[2],
        is_seen=is_seen,
        sagittal_hu=sagittal,
    )


def _best_front(step: np.ndarray, ct: CoarseCt) -> np.ndarray:
    """Choose a row a slice with the greatest total step. Downwards the column runs forward slowly, backward fast."""
    ratio = ct.spacing_mm[0] / ct.spacing_mm[1]
    forward, backward = (max(1, int(np.ceil(slope * ratio))) for slope in (FORWARD_SLOPE, BACKWARD_SLOPE))
    count, rows = step.shape
    total = np.empty((count, rows))
    total[-1] = step[-1]
    # From the head down: a row here continues rows from `backward` before it to `forward` behind it.
    offset = np.arange(-backward, forward + 1)
    for k in range(count - 2, -1, -1):
        total[k] = step[k] + _reachable(total[k + 1], offset).max(axis=0)
    path = np.empty(count, dtype=np.int64)
    path[0] = int(total[0].argmax())
    for k in range(1, count):
        path[k] = path[k - 1] + offset[int(_reachable(total[k], offset)[:, path[k - 1]].argmax())]
    return path


def _reachable(total: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Totals of the rows above that a row can continue: (offset, row)."""
    at = np.arange(total.size)[None, :] + offset[:, None]
    known = (at >= 0) & (at < total.size)
    cost = MOVE_COST_HU * np.abs(offset)[:, None]
    return np.where(known, total[np.clip(at, 0, total.size - 1)] - cost, -np.inf)


def _find_middle(ct: CoarseCt, bone: np.ndarray) -> Curve:
    """Column with most bone in a window of a body's size, smoothly from slice to slice."""
    size = [max(1, round(mm / s)) for mm, s in zip((25.0, 26.0, BODY_WIDTH_MM), ct.spacing_mm, strict=True)]
    filled = ndimage.uniform_filter(bone, size=size, mode="constant").sum(axis=1)
    width = ct.blocks(BODY_WIDTH_MM, 2)
    whole = ndimage.gaussian_filter1d(ndimage.uniform_filter1d(bone.sum(axis=(0, 1)), width), width / 6)
    near = np.abs(np.arange(whole.size) - whole.argmax()) * ct.spacing_mm[2] <= OFF_MIDDLE_MM
    fit = np.where(near, STIFFNESS * filled / max(float(filled.max()), 1e-6), -1.0)
    path = best_path(fit[:, None, :], 1)[:, 1].astype(float)
    return np.asarray(ndimage.gaussian_filter1d(path, 30.0 / ct.spacing_mm[0], mode="nearest"))


def _cut_sagittal(ct: CoarseCt, middle: Curve) -> Sagittal:
    """Low percentile over the strip around the midline: plaque or a bright aorta on one side does not show."""
    half = ct.blocks(HALF_STRIP_MM, 2)
    planes = []
    for plane, column in zip(ct.hu, np.rint(middle).astype(int), strict=True):
        strip = plane[:, max(0, column - half) : column + half + 1]
        rank = int(np.ceil(LOW_PERCENT / 100 * (strip.shape[1] - 1)))
        planes.append(np.partition(strip, rank, axis=1)[:, rank])
    return np.asarray(planes, dtype=np.float64)


def _front_steps(ct: CoarseCt, sagittal: Sagittal) -> np.ndarray:
    """Give, for every row, how much brighter the body's depth behind it is than that before it, HU."""
    smooth = ndimage.gaussian_filter1d(np.clip(sagittal, *CLIP_HU), BRIDGE_MM / ct.spacing_mm[0], axis=0)
    depth = ct.blocks(BODY_DEPTH_MM, 1)
    total = np.cumsum(np.pad(smooth, ((0, 0), (1, 0))), axis=1)
    rows = np.arange(smooth.shape[1])
    after, before = np.minimum(rows + depth, rows.size), np.maximum(rows - depth, 0)
    behind = (total[:, after] - total[:, rows]) / depth
    ahead = (total[:, rows] - total[:, before]) / np.maximum(rows - before, 1)
    return np.asarray(behind - ahead)


def _smooth(path_mm: np.ndarray, step_mm: float) -> Curve:
    """Median, then mean, over a vertebra's height."""
    steady = ndimage.median_filter(path_mm.astype(float), 2 * round(15.0 / step_mm) + 1, mode="nearest")
    return np.asarray(ndimage.gaussian_filter1d(steady, 8.0 / step_mm, mode="nearest"))
