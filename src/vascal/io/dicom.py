"""CT studies from DICOM: what is there, what can be scored, and the pixels in HU."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from vascal.calcium.single_slice import SingleSlice
from vascal.errors import InputError, NotDicomError, VascalError
from vascal.io.dicom_files import UNREADABLE_FILE, FileRef, Opener, find_files, open_images
from vascal.io.dicom_header import SliceHeader, read_headers
from vascal.io.dicom_pixels import PADDING_HU, read_volume
from vascal.io.dicom_series import Assembled, assemble_series
from vascal.io.dicom_values import text_of, tolerant_reading
from vascal.study import Refusal, Series, Study

__all__ = ["PADDING_HU", "read_studies", "read_study", "read_volume"]


def read_studies(
    path: str | Path, *, accept_uneven: bool = False, single_slice: SingleSlice | None = None
) -> tuple[Study, ...]:
    """Find the CT studies in a file, a folder at any depth, or a zip archive.

    Only headers are read.

    Parameters
    ----------
    path
        File names and folders mean nothing; a DICOMDIR stands for its folder.
    accept_uneven
        Let series with unequal distances between slices through, with a note
        and an uneven grid. A slice given twice is refused all the same.
    single_slice
        Let axial slices through that stand alone, each as a series of one slice on a `OneSliceGrid`.

    Returns
    -------
    tuple of Study
        In order of study date. Each holds the series that can be scored and,
        as refusals, what can not be and why; a study may hold refusals only.
        Files that are damaged, where no study is known, are refused by the
        only study there is, or by one without UID.

    Raises
    ------
    NotDicomError
        If no file is DICOM.
    InputError
        If nothing is at `path`, or the archive is damaged.
    """
    headers: list[SliceHeader] = []
    damaged: list[Refusal] = []
    path = Path(path)
    files = find_files(path)
    with tolerant_reading(), open_images() as open_image:
        for file in files:
            try:
                headers.extend(_read_file(open_image, file))
            except (VascalError, *UNREADABLE_FILE) as error:
                damaged.append(_damaged(file, error))
        if not headers and not damaged:
            raise NotDicomError(f"none of {len(files)} files in {path.name} is a DICOM image; needed: a CT series")
        assemble = partial(assemble_series, accept_uneven=accept_uneven, single_slice=single_slice)
        return _group_studies(headers, tuple(damaged), assemble)


def read_study(path: str | Path, *, accept_uneven: bool = False, single_slice: SingleSlice | None = None) -> Study:
    """Find the one CT study at a path.

    Raises
    ------
    InputError
        If several studies are there, besides what `read_studies` raises.
    """
    studies = read_studies(path, accept_uneven=accept_uneven, single_slice=single_slice)
    if len(studies) > 1:
        raise InputError(f"{len(studies)} studies in {Path(path).name}; needed: one, or a way to read many")
    return studies[0]


def _read_file(open_image: Opener, file: FileRef) -> tuple[SliceHeader, ...]:
    with open_image(file.path, file.member) as stream:
        return read_headers(stream, file)


def _damaged(file: FileRef, error: Exception) -> Refusal:
    """Name a file that can not be read; the system's own words are kept out, they may hold a path."""
    if isinstance(error, VascalError):
        return Refusal(subject=file.subject, code=error.code, message=str(error))
    return Refusal(subject=file.subject, code=InputError.code, message=f"can not be read ({type(error).__name__})")


def _group_studies(
    headers: Sequence[SliceHeader], damaged: tuple[Refusal, ...], assemble: Callable[..., Assembled]
) -> tuple[Study, ...]:
    by_study: dict[str, list[SliceHeader]] = defaultdict(list)
    for header in headers:
        by_study[header.study_instance_uid].append(header)
    notes = (f"{len(damaged)} files beside this series could not be read: slices may be lacking",) if damaged else ()
    studies = [_study(those, partial(assemble, notes=notes)) for those in by_study.values()]
    studies.sort(key=lambda study: (study.study_date, study.study_instance_uid))
    if len(studies) == 1:
        whole = replace(studies[0], refusals=(*studies[0].refusals, *damaged))
        return (whole,)
    if damaged:
        studies.append(Study(study_instance_uid="", series=(), refusals=damaged))
    return tuple(studies)


def _study(headers: Sequence[SliceHeader], assemble: Callable[..., Assembled]) -> Study:
    by_series: dict[str, list[SliceHeader]] = defaultdict(list)
    for header in headers:
        by_series[header.series_instance_uid].append(header)
    parts = [assemble(those) for those in by_series.values()]
    series = sorted((one for part in parts for one in part.series), key=_series_order)
    first = headers[0]
    return Study(
        study_instance_uid=first.study_instance_uid,
        series=tuple(series),
        refusals=tuple(refusal for part in parts for refusal in part.refusals),
        study_date=text_of(first.dataset, "StudyDate"),
        study_description=text_of(first.dataset, "StudyDescription"),
    )


def _series_order(series: Series) -> tuple[float, str]:
    number = series.series_number
    return (float("inf") if number is None else number, series.key)
