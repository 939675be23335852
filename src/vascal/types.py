"""Array aliases: what the axes mean and which numbers they hold.

Axes are always (slice, row, column). `x`, `y`, `z` are DICOM's patient
coordinates in millimetres: towards the patient's left, back and head (LPS).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int16, Int64, UInt8

HuArray = Int16[np.ndarray, "slice row column"]
"""CT numbers, HU."""
LabelArray = UInt8[np.ndarray, "slice row column"]
"""Which structure each voxel belongs to; 0 is none."""
MaskArray = Bool[np.ndarray, "slice row column"]
"""True where a voxel belongs to a structure."""
VoxelIndex = Int64[np.ndarray, " voxel"]
"""Positions in a raveled (slice, row, column) array, ascending."""
AnyVoxelIndex = Int64[np.ndarray, "_"]
"""The same, where several of different lengths stand together."""
VoxelHu = Int16[np.ndarray, " voxel"]
"""CT numbers of chosen voxels, HU."""
SliceMm = Float[np.ndarray, " slice"]
"""One length for each slice, mm."""
