"""CT numbers as NIfTI, for scans that vascal made: with inserted plaques, corrected, resampled."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np

from vascal.errors import GeometryError, OutputError
from vascal.io.atomic import write_file
from vascal.io.nifti import is_nifti
from vascal.volume import Grid, Volume

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])


def write_volume(volume: Volume, path: Path) -> None:
    """Write CT numbers as 16-bit NIfTI; the file appears complete or not at all.

    Parameters
    ----------
    volume
        (slice, row, column), HU, on an even grid.
    path
        Ends in ``.nii`` or ``.nii.gz``.

    Raises
    ------
    GeometryError
        If the slices are unevenly spaced: NIfTI can not say so.
    OutputError
        If the file can not be written, or its name has another ending.
    """
    if not is_nifti(path):
        raise OutputError(f"{path.name} names no NIfTI file; needed: a name that ends in .nii or .nii.gz")
    if not volume.grid.is_even:
        raise GeometryError("NIfTI can not hold unevenly spaced slices; needed: an even stack")
    import nibabel as nib

    image: Any = nib.Nifti1Image(volume.hu.transpose(2, 1, 0), _to_ras(volume.grid))  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units("mm")
    image.set_sform(image.affine, code="scanner")
    image.set_qform(image.affine, code="scanner")
    content: bytes = image.to_bytes()
    write_file(path, gzip.compress(content, 3, mtime=0) if path.name.lower().endswith(".gz") else content)


def _to_ras(grid: Grid) -> np.ndarray:
    """Map (column, row, slice) indices to RAS millimetres."""
    steps = np.array((grid.column_axis, grid.row_axis, grid.slice_axis)).T * np.array(
        (grid.column_spacing_mm, grid.row_spacing_mm, float(np.mean(np.diff(grid.slice_positions_mm))))
    )
    affine = np.eye(4)
    affine[:3] = LPS_TO_RAS @ np.column_stack([steps, grid.origin_mm])
    return affine
