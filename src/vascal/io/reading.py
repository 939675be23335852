"""Whatever holds a CT, as studies; and a series of any format as a volume."""

from __future__ import annotations

from pathlib import Path

from vascal.calcium.single_slice import SingleSlice
from vascal.errors import InputError, VascalError
from vascal.io import dicom, metaimage, nifti, nrrd_image
from vascal.io.oriented import StatedFacts
from vascal.study import Refusal, Series, Study
from vascal.volume import Volume


def read_input(
    path: Path,
    *,
    accept_uneven: bool = False,
    single_slice: SingleSlice | None = None,
    kvp: float | None = None,
    is_gated: bool | None = None,
    slice_thickness_mm: float | None = None,
) -> tuple[Study, ...]:
    """Find the CT studies at a path: DICOM, NIfTI, MetaImage or NRRD.

    Parameters
    ----------
    path
        A NIfTI, MetaImage or NRRD file, or DICOM: a file, a folder or a zip archive.
    accept_uneven
        For DICOM: let unequal distances between slices through, with a note.
    single_slice
        For DICOM: let axial slices through that stand alone.
    kvp, is_gated, slice_thickness_mm
        For formats that do not say: tube voltage, kV; cardiac
        synchronisation; slice thickness, mm. DICOM headers speak for themselves.

    Returns
    -------
    tuple of Study
        An image of such a format that can not be scored is a study with a refusal only.

    Raises
    ------
    InputError
        If nothing is at `path`, or nothing in it is an image.
    """
    if not is_plain_image(path):
        return dicom.read_studies(path, accept_uneven=accept_uneven, single_slice=single_slice)
    facts = StatedFacts(kvp=kvp, is_gated=is_gated, slice_thickness_mm=slice_thickness_mm)
    try:
        series, _ = _read_plain(path, facts)
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
    if series.source_format != "array":
        return _read_plain(series.images[0].path, StatedFacts())[1]
    raise InputError("a series made in memory has no file to read; needed: its volume")


def is_plain_image(path: Path) -> bool:
    """Tell by its name a file of one image without a clinical header: NIfTI, MetaImage or NRRD."""
    return nifti.is_nifti(path) or metaimage.is_metaimage(path) or nrrd_image.is_nrrd(path)


def _read_plain(path: Path, facts: StatedFacts) -> tuple[Series, Volume]:
    if metaimage.is_metaimage(path):
        return metaimage.read_metaimage(path, facts)
    if nrrd_image.is_nrrd(path):
        return nrrd_image.read_nrrd(path, facts)
    return nifti.read_nifti(path, kvp=facts.kvp, is_gated=facts.is_gated, slice_thickness_mm=facts.slice_thickness_mm)
