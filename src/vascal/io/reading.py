"""Whatever holds a CT, as studies; and a series of any format as a volume."""

from __future__ import annotations

from pathlib import Path

from vascal.errors import InputError, VascalError
from vascal.io import dicom, nifti
from vascal.study import Refusal, Series, Study
from vascal.volume import Volume


def read_input(
    path: Path,
    *,
    accept_uneven: bool = False,
    kvp: float | None = None,
    is_gated: bool | None = None,
    slice_thickness_mm: float | None = None,
) -> tuple[Study, ...]:
    """Find the CT studies at a path, DICOM or NIfTI.

    Parameters
    ----------
    path
        A NIfTI file, or DICOM: a file, a folder or a zip archive.
    accept_uneven
        For DICOM: let unequal distances between slices through, with a note.
    kvp, is_gated, slice_thickness_mm
        For NIfTI, which does not say: tube voltage, kV; cardiac
        synchronisation; slice thickness, mm. DICOM headers speak for themselves.

    Returns
    -------
    tuple of Study
        A NIfTI that can not be scored is a study with a refusal only.

    Raises
    ------
    InputError
        If nothing is at `path`, or nothing in it is an image.
    """
    if not nifti.is_nifti(path):
        return dicom.read_studies(path, accept_uneven=accept_uneven)
    try:
        series, _ = nifti.read_nifti(path, kvp=kvp, is_gated=is_gated, slice_thickness_mm=slice_thickness_mm)
    except InputError:
        raise
    except VascalError as error:
        refusal = Refusal(subject=path.name, code=error.code, message=str(error), study_instance_uid=path.name)
        return (Study(study_instance_uid=path.name, series=(), refusals=(refusal,)),)
    return (Study(study_instance_uid=series.study_instance_uid, series=(series,)),)


def read_volume(series: Series) -> Volume:
    """Read a series' pixels as HU, in the order of its grid.

    Raises
    ------
    PixelError
        If the pixels can not be read.
    InputError
        If the series was made in memory, or its file is gone.
    """
    if series.source_format == "dicom":
        return dicom.read_volume(series)
    if series.source_format == "nifti":
        return nifti.read_nifti(series.images[0].path)[1]
    raise InputError("a series made in memory has no file to read; needed: its volume")
