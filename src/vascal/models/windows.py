"""CT numbers as networks see them. Training and use share this file, so they can not drift apart."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

Hu = Float32[np.ndarray, "slice row column"]
Channels = Float32[np.ndarray, "channel slice row column"]


def anatomy_channels(hu: Hu) -> Channels:
    """Show soft tissue in one channel, everything from air to bone in the other."""
    return np.stack([window(hu, 40.0, 200.0), window(hu, 0.0, 1000.0)])


def window(hu: np.ndarray, centre_hu: float, half_width_hu: float) -> np.ndarray:
    """Bring a window of CT numbers to -1 to 1; what lies outside is clipped."""
    return np.asarray(np.clip((hu - centre_hu) / half_width_hu, -1.0, 1.0), dtype=np.float32)


def course_channels(hu: Hu, centre: np.ndarray, size: np.ndarray) -> Channels:
    """Show fat against vessels, calcium and contrast agent, and where in the heart each voxel lies.

    Parameters
    ----------
    hu
        (slice, row, column).
    centre, size
        (3,) middle of the heart and twice its standard deviation along each axis, voxels.
    """
    axes = [(np.arange(n, dtype=np.float32) - c) / s for n, c, s in zip(hu.shape, centre, size, strict=True)]
    where = np.broadcast_arrays(axes[0][:, None, None], axes[1][None, :, None], axes[2][None, None, :])
    shown = (window(hu, -20.0, 160.0), window(hu, 350.0, 350.0))
    return np.stack([*shown, *(np.clip(w, -3, 3) for w in where)]).astype(np.float32)
