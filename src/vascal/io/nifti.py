"""NIfTI images: CT numbers in, label maps in and out.

NIfTI counts millimetres towards right, front and head (RAS) and stores an
image in any axis order; vascal's arrays are (slice, row, column) in LPS. An
image's axes are turned round or exchanged, which moves voxels and changes none.
Source: NIfTI-1.1, https://nifti.nimh.nih.gov/nifti-1.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from vascal.errors import (
    GeometryError,
    InputError,
    NotDicomError,
    OrientationError,
    OutputError,
    PixelError,
    UnsupportedImageError,
)
from vascal.io.atomic import write_file
from vascal.io.dicom_pixels import MAX_VOLUME_BYTES
from vascal.io.oriented import SUPINE_AXIAL, Array3D, OrientedImage, StatedFacts, make_scan, orient_image
from vascal.study import Series
from vascal.volume import Grid, LabelMap, Vector, Volume

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])


def is_nifti(path: Path) -> bool:
    """Tell a NIfTI file by its name: ``.nii`` or ``.nii.gz``."""
    return path.name.lower().endswith((".nii", ".nii.gz"))


def read_nifti(
    path: Path,
    *,
    kvp: float | None = None,
    is_gated: bool | None = None,
    slice_thickness_mm: float | None = None,
) -> tuple[Series, Volume]:
    """Read a CT from NIfTI, which says nothing of how it was made.

    Parameters
    ----------
    path
        ``.nii`` or ``.nii.gz`` holding HU.
    kvp
        Tube voltage, kV, if known.
    is_gated
        Whether the scan was synchronised to the heart, if known.
    slice_thickness_mm
        Nominal slice thickness, mm, if known.

    Returns
    -------
    tuple of Series and Volume
        Slices from the feet to the head, rows to the back, columns to the
        left, whatever order the file has. HU are rounded and clipped to 16
        bits; not-a-number becomes `PADDING_HU`.

    Raises
    ------
    InputError
        If nothing is there, or it is no NIfTI image.
    UnsupportedImageError
        If it is not a three-dimensional image of numbers in millimetres.
    GeometryError
        If it has fewer than 2 slices, or its orientation is not recorded.
    OrientationError
        If its axes are oblique to the body's by more than 5 degrees.
    GantryTiltError
        If its axes are sheared.
    PixelError
        If its voxels can not be read.
    """
    facts = StatedFacts(kvp=kvp, is_gated=is_gated, slice_thickness_mm=slice_thickness_mm)
    return make_scan(load_nifti(path, axes=SUPINE_AXIAL), path, "nifti", facts)


def load_nifti(path: Path, *, axes: tuple[Vector, Vector, Vector]) -> OrientedImage:
    """Load an image with its axes exchanged and turned to run along given ones.

    Parameters
    ----------
    path
        ``.nii`` or ``.nii.gz``.
    axes
        Unit vectors in LPS along which slices, rows and columns shall grow;
        each of the image's axes takes the place of the nearest.

    Raises
    ------
    InputError, UnsupportedImageError, GeometryError, GantryTiltError, PixelError
        As `read_nifti`.
    """
    image = _open(path)
    values = _values(image, path)
    affine = np.asarray(image.affine, dtype=np.float64)
    return orient_image(values, RAS_TO_LPS @ affine[:3, :3], RAS_TO_LPS @ affine[:3, 3], axes=axes)


def write_label_map(label_map: LabelMap, path: Path) -> None:
    """Write labels as 8-bit NIfTI on the CT's grid; the file appears complete or not at all.

    Parameters
    ----------
    label_map
        Labels on an even grid. Names have no place in NIfTI.
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
    write_file(path, label_map_to_bytes(label_map, compressed=path.name.lower().endswith(".gz")))


def label_map_to_bytes(label_map: LabelMap, *, compressed: bool = True) -> bytes:
    """Lay labels out as an 8-bit NIfTI file, whose bytes depend on the labels alone.

    Parameters
    ----------
    label_map
        Labels on an even grid.
    compressed
        As ``.nii.gz``; else as ``.nii``.

    Raises
    ------
    GeometryError
        If the slices are unevenly spaced: NIfTI can not say so.
    """
    return voxels_to_bytes(label_map.labels, label_map.grid, compressed=compressed)


def voxels_to_bytes(voxels: np.ndarray, grid: Grid, *, compressed: bool) -> bytes:
    """Lay out (slice, row, column) voxels on an even grid as NIfTI; as for `label_map_to_bytes`."""
    import nibabel as nib

    if not grid.is_even:
        raise GeometryError("NIfTI can not hold unevenly spaced slices; needed: an even stack")
    image: Any = nib.Nifti1Image(voxels.transpose(2, 1, 0), _affine(grid))  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units("mm")
    image.set_sform(image.affine, code="scanner")
    image.set_qform(image.affine, code="scanner")
    content: bytes = image.to_bytes()
    return gzip.compress(content, 3, mtime=0) if compressed else content


def _affine(grid: Grid) -> Float[np.ndarray, "4 4"]:
    """Map (column, row, slice) indices to RAS millimetres."""
    affine = np.eye(4)
    affine[:3, 0] = np.asarray(grid.column_axis) * grid.column_spacing_mm
    affine[:3, 1] = np.asarray(grid.row_axis) * grid.row_spacing_mm
    affine[:3, 2] = np.asarray(grid.slice_axis) * float(np.mean(np.diff(grid.slice_positions_mm)))
    affine[:3, 3] = grid.origin_mm
    affine[:3] = RAS_TO_LPS @ affine[:3]
    return affine


def _open(path: Path) -> Any:
    # Most runs read DICOM only; nibabel would cost them a tenth of a second.
    import nibabel as nib
    from nibabel.filebasedimages import ImageFileError
    from nibabel.spatialimages import HeaderDataError

    if not path.is_file():
        raise InputError(f"no file is at {path}; needed: a NIfTI image")
    try:
        image: Any = nib.load(path)
    except (ImageFileError, HeaderDataError, OSError, EOFError, ValueError, zlib.error) as error:
        raise NotDicomError(f"{path.name} is not a NIfTI image that can be read") from error
    if image.__class__ not in (nib.Nifti1Image, nib.Nifti2Image):
        raise UnsupportedImageError(f"{path.name} is a {type(image).__name__}; needed: NIfTI")
    header: Any = image.header
    if header["qform_code"] == 0 and header["sform_code"] == 0:
        raise OrientationError(f"{path.name} does not say how it lies in the patient (qform and sform codes are 0)")
    units = header.get_xyzt_units()[0]
    if units not in ("mm", "unknown"):
        raise UnsupportedImageError(f"{path.name} is in {units}; needed: mm")
    return image


def _values(image: Any, path: Path) -> Array3D:
    shape = tuple(int(n) for n in image.shape)
    if len(shape) < 3 or any(n != 1 for n in shape[3:]) or image.get_data_dtype().names is not None:
        raise UnsupportedImageError(f"{path.name} has shape {shape}; needed: three dimensions of plain numbers")
    if math.prod(shape) * 2 > MAX_VOLUME_BYTES:
        raise PixelError(f"{path.name} has shape {shape}; at most {MAX_VOLUME_BYTES // 2} voxels are read")
    try:
        return np.asarray(image.dataobj).reshape(shape[:3])
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise PixelError(f"{path.name} is cut short or damaged: its voxels can not be read") from error
