"""DICOM Segmentations and the CT series they refer to, anywhere in a folder."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from vascal.errors import InputError
from vascal.io.datasets.paired import label_reader
from vascal.io.datasets.raw_case import Found, RawCase, Unusable
from vascal.io.dicom import read_studies
from vascal.io.dicom_labels import SEGMENTATION_CLASSES
from vascal.io.dicom_values import UNREADABLE, text_of, tolerant_reading, value_of
from vascal.study import Series

TAGS = ["SOPClassUID", "ReferencedSeriesSequence"]


def find_segmentations(source: Path) -> Found:
    """List the CT series to which a segmentation refers, with it.

    Parameters
    ----------
    source
        Folder of DICOM files at any depth. Series without a segmentation are left alone.

    Raises
    ------
    InputError
        If no segmentation is there.
    """
    files = _segmentation_files(source)
    if not files:
        raise InputError(f"{source.name} holds no DICOM Segmentation; needed: segmentations and their CT series")
    by_uid: dict[str, list[Series]] = defaultdict(list)
    for study in read_studies(source):
        for series in study.series:
            by_uid[series.series_instance_uid].append(series)
    return _list_cases(source, files, by_uid)


def _segmentation_files(source: Path) -> dict[Path, str]:
    """Give every segmentation's path and the UID of the series it refers to."""
    found: dict[Path, str] = {}
    with tolerant_reading():
        for path in sorted(path for path in source.rglob("*") if path.is_file()):
            try:
                dataset = dcmread(path, stop_before_pixels=True, specific_tags=TAGS)
            except (InvalidDicomError, OSError, EOFError, *UNREADABLE):
                continue
            if text_of(dataset, "SOPClassUID") in SEGMENTATION_CLASSES:
                found[path] = _referenced_series(dataset)
    return found


def _referenced_series(dataset: Dataset) -> str:
    items = value_of(dataset, "ReferencedSeriesSequence")
    return text_of(items[0], "SeriesInstanceUID") if isinstance(items, Sequence) and items else ""


def _list_cases(source: Path, files: dict[Path, str], by_uid: dict[str, list[Series]]) -> Found:
    of_series: dict[str, list[Path]] = defaultdict(list)
    for path, uid in files.items():
        of_series[uid].append(path)
    for uid, paths in of_series.items():
        name = paths[0].relative_to(source).as_posix()
        series = by_uid.get(uid, [])
        if len(series) == 1 and len(paths) == 1:
            (one,) = series
            folder = Path(os.path.commonpath([image.path.parent for image in one.images]))
            yield RawCase(name=name, image=folder, series=one.key, read_labels=label_reader(paths[0], None))
        else:
            found = f"{len(paths)} segmentations refer to {len(series)} usable CT series; needed: one to one"
            yield Unusable(name=name, code=InputError.code, message=found)
