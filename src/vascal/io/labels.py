"""Label maps made elsewhere, from NIfTI, MetaImage, NRRD or DICOM segmentation, on the CT's grid.

Labels are never resampled: either the file's voxels are the CT's voxels, in
whatever order, or the file is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from vascal.errors import GridMismatchError, InputError, LabelError, OrientationError
from vascal.io.dicom_header import looks_like_dicom
from vascal.io.metaimage import is_metaimage, load_metaimage
from vascal.io.nifti import is_nifti, load_nifti
from vascal.io.nrrd_image import is_nrrd
from vascal.types import LabelArray
from vascal.volume import Grid, LabelMap

DEFAULT_NAMES: Mapping[int, str] = {1: "LM", 2: "LAD", 3: "LCX", 4: "RCA"}
"""What values mean in a NIfTI label map of the coronary arteries, unless the caller says."""


def read_labels(path: Path, grid: Grid, names: Mapping[int, str] | None = None) -> LabelMap:
    """Read structures outlined by a person or another program.

    Parameters
    ----------
    path
        NIfTI (``.nii``, ``.nii.gz``), MetaImage (``.mhd``, ``.mha``), NRRD, 3D Slicer
        segmentation (``.seg.nrrd``), or DICOM Segmentation: BINARY, LABELMAP, or FRACTIONAL without fractions.
    grid
        The CT's grid. A file may store the same voxels in another order or
        direction; a segmentation may leave out empty slices or margins.
    names
        What each value, or segment number, means. Otherwise `DEFAULT_NAMES`
        for label maps, and a segmentation's own codes and labels.

    Returns
    -------
    LabelMap
        On `grid` itself.

    Raises
    ------
    InputError
        If there is no such file.
    GridMismatchError
        If its voxels are not the CT's, to a tenth of a millimetre.
    LabelError
        If values are not whole numbers from 0 to 255, segments overlap, or the
        format is unknown.
    """
    if not path.is_file():
        raise InputError(f"no file is at {path}; needed: a label map (NIfTI or DICOM Segmentation)")
    if is_nifti(path) or is_metaimage(path):
        return _read_label_image(path, grid, DEFAULT_NAMES if names is None else names)
    if is_nrrd(path):
        from vascal.io.nrrd_labels import read_nrrd_labels

        return read_nrrd_labels(path, grid, names, DEFAULT_NAMES)
    if not _is_dicom(path):
        raise LabelError(f"{path.name} is of an unknown format; needed: NIfTI, MetaImage, NRRD or DICOM SEG")
    from vascal.io.dicom_labels import read_segmentation

    return read_segmentation(path, grid, names)


def list_other_vessels(path: Path) -> frozenset[str]:
    """List the names of vessels, besides the four arteries, that a segmentation by vascal knows; none of other files.

    Raises
    ------
    LabelError
        If it is a damaged segmentation.
    """
    if is_nifti(path) or is_metaimage(path) or is_nrrd(path) or not _is_dicom(path):
        return frozenset()
    from vascal.io import dicom_labels

    return dicom_labels.list_other_vessels(path)


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as stream:
        return looks_like_dicom(stream.read(132))


def _read_label_image(path: Path, grid: Grid, names: Mapping[int, str]) -> LabelMap:
    try:
        image = (load_nifti if is_nifti(path) else load_metaimage)(
            path, axes=(grid.slice_axis, grid.row_axis, grid.column_axis)
        )
    except OrientationError as error:
        raise GridMismatchError(f"{path.name}: {error}") from error
    grid.require_same(image.grid)
    return LabelMap(labels=_whole_labels(image.values), grid=grid, names=names)


def _whole_labels(values: Shaped[np.ndarray, "slice row column"]) -> LabelArray:
    if values.dtype.kind not in "iufb":
        raise LabelError(f"label values are {values.dtype}; needed: whole numbers from 0 to 255")
    if values.dtype.kind == "f" and not np.array_equal(values, np.rint(values)):
        raise LabelError("label values are not whole numbers; needed: one number per structure, 0 to 255")
    low, high = values.min(), values.max()
    if low < 0 or high > 255:
        raise LabelError(f"label values run from {low:g} to {high:g}; needed: 0 to 255")
    return np.ascontiguousarray(values, dtype=np.uint8)
