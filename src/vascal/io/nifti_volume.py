"""CT numbers as NIfTI, for scans that vascal made: with inserted plaques, corrected, resampled."""

from __future__ import annotations

from pathlib import Path

from vascal.errors import OutputError
from vascal.io.atomic import write_file
from vascal.io.nifti import is_nifti, voxels_to_bytes
from vascal.volume import Volume


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
    write_file(path, voxels_to_bytes(volume.hu, volume.grid, compressed=path.name.lower().endswith(".gz")))
