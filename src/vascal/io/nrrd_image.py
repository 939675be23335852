"""NRRD: CT numbers and label maps of 3D Slicer and other programs.

The format is read by pynrrd; what is done here is to place its voxels in the
patient. Space directions are in the space the header names, LPS or RAS.
Source: https://teem.sourceforge.net/nrrd/format.html.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from vascal.errors import (
    InputError,
    MissingExtraError,
    NotDicomError,
    OrientationError,
    PixelError,
    UnsupportedImageError,
)
from vascal.io.oriented import SUPINE_AXIAL, Matrix, OrientedImage, Point, StatedFacts, make_scan, orient_image
from vascal.study import Series
from vascal.volume import Vector, Volume

SPACES = {
    "left-posterior-superior": (1.0, 1.0, 1.0),
    "lps": (1.0, 1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0),
    "ras": (-1.0, -1.0, 1.0),
    "left-anterior-superior": (1.0, -1.0, 1.0),
    "las": (1.0, -1.0, 1.0),
}
"""By what each of a space's axes is multiplied to be LPS."""

_UNREADABLE = (OSError, EOFError, ValueError, LookupError, TypeError, zlib.error)
"""What pynrrd lets through of a header or of voxels that are damaged."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NrrdVoxels:
    """A file's voxels, one three-dimensional image a layer, and where they lie.

    Parameters
    ----------
    layers
        (layer, first, second, third) in the file's order of axes.
    steps_mm
        One column an axis: the way to the next voxel along it, LPS, mm.
    origin_mm
        Centre of the first voxel, LPS, mm.
    header
        Every field, as pynrrd gives it.
    """

    layers: Shaped[np.ndarray, "layer first second third"]
    steps_mm: Matrix
    origin_mm: Point
    header: Mapping[str, Any]


def is_nrrd(path: Path) -> bool:
    """Tell an NRRD file by its name: ``.nrrd`` or ``.nhdr``."""
    return path.suffix.lower() in {".nrrd", ".nhdr"}


def read_nrrd(path: Path, facts: StatedFacts | None = None) -> tuple[Series, Volume]:
    """Read a CT from NRRD, which says nothing of how it was made.

    Parameters
    ----------
    path
        ``.nrrd`` or ``.nhdr`` holding HU.
    facts
        What the user knows of the scan.

    Raises
    ------
    MissingExtraError
        If pynrrd is not installed.
    InputError, UnsupportedImageError, GeometryError, OrientationError, GantryTiltError, PixelError
        As `vascal.io.nifti.read_nifti`.
    """
    voxels = load_nrrd(path)
    if len(voxels.layers) != 1:
        raise UnsupportedImageError(f"{path.name} has {len(voxels.layers)} layers; needed: one CT")
    image = orient_nrrd(voxels, 0, SUPINE_AXIAL)
    return make_scan(image, path, "nrrd", facts or StatedFacts())


def orient_nrrd(
    voxels: NrrdVoxels, layer: int, axes: tuple[Vector, Vector, Vector], *, margin: int = 0
) -> OrientedImage:
    """Turn one layer so that its axes run along given ones, in LPS.

    Parameters
    ----------
    voxels, layer
        The file, and which of its images.
    axes
        Unit vectors along which slices, rows and columns shall grow.
    margin
        Empty voxels to put behind the last one of each axis: a part of one
        slice has no spacing to show otherwise.
    """
    values = np.pad(voxels.layers[layer], (0, margin))
    return orient_image(values, voxels.steps_mm, voxels.origin_mm, axes=axes)


def load_nrrd(path: Path) -> NrrdVoxels:
    """Load a file's voxels and their place, whatever they mean.

    Raises
    ------
    MissingExtraError
        If pynrrd is not installed.
    InputError
        If nothing is there, or it is no NRRD.
    UnsupportedImageError
        If it is not three-dimensional, with or without layers.
    OrientationError
        If it does not say where it lies, or in another space than LPS, RAS or LAS.
    PixelError
        If its voxels can not be read.
    """
    values, header = _read(path)
    directions = np.atleast_2d(np.asarray(header.get("space directions", np.empty((0, 3))), dtype=np.float64))
    origin = np.asarray(header.get("space origin", ()), dtype=np.float64)
    space = str(header.get("space", "not given")).lower()
    if directions.shape != (values.ndim, 3) or origin.shape != (3,) or space not in SPACES:
        raise OrientationError(
            f"{path.name} has space {space!r}; needed: LPS, RAS or LAS with an origin and a direction for each axis"
        )
    lists = np.isnan(directions).any(axis=1)
    if values.ndim - int(lists.sum()) != 3 or lists.sum() > 1:
        raise UnsupportedImageError(f"{path.name} has shape {values.shape}; needed: three dimensions in space")
    layers = np.moveaxis(values, int(np.argmax(lists)), 0) if lists.any() else values[np.newaxis]
    to_lps = np.asarray(SPACES[space])
    return NrrdVoxels(layers=layers, steps_mm=(directions[~lists] * to_lps).T, origin_mm=origin * to_lps, header=header)


def _read(path: Path) -> tuple[np.ndarray, Mapping[str, Any]]:
    if not path.is_file():
        raise InputError(f"no file is at {path}; needed: an NRRD image")
    try:
        import nrrd
    except ImportError as error:
        raise MissingExtraError("NRRD files need pynrrd: pip install 'vascal[data]'") from error
    try:
        header = nrrd.read_header(str(path))
    except (nrrd.NRRDError, *_UNREADABLE) as error:
        raise NotDicomError(f"{path.name} is not an NRRD file that can be read") from error
    try:
        values, _ = nrrd.read(str(path))
    except (nrrd.NRRDError, *_UNREADABLE) as error:
        raise PixelError(f"{path.name} is cut short or damaged: its voxels can not be read") from error
    return np.asarray(values), header
