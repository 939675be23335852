"""Scans and label maps as pairs of files: by a pattern of their names, by a table, or side by side.

Also the orCaScore challenge, whose training set is such a pair of folders:

.. code-block:: text

    Training Set/Images/TRV1P1CTI.mhd                 calcium scan (CTAI: the contrast scan, left alone)
    Training Set/Reference standard/TRV1P1R.mhd       1 LAD with left main, 2 LCX, 3 RCA

Source: Wolterink et al., Med Phys 2016;43:2361-2373, doi:10.1118/1.4945696, and
the challenge's page on its data, http://orcascore.isi.uu.nl/data/.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from vascal.errors import InputError, LabelError
from vascal.io.datasets.raw_case import Found, LabelReader, RawCase, RawLabels, Unusable
from vascal.io.labels import read_labels
from vascal.io.metaimage import is_metaimage
from vascal.io.nifti import is_nifti
from vascal.io.nrrd_image import is_nrrd, load_nrrd
from vascal.io.nrrd_labels import read_segments
from vascal.io.reading import is_plain_image
from vascal.io.settings import read_label_names
from vascal.study import Series
from vascal.volume import Grid, LabelMap, Volume

ORCASCORE_IMAGES, ORCASCORE_LABELS = "{case}CTI.mhd", "{case}R.mhd"
ORCASCORE_NAMES: Mapping[int, str] = {1: "LAD", 2: "LCX", 3: "RCA", 4: "coronary"}
"""4 stands, in submissions, for a coronary calcification whose vessel was not told."""
ORCASCORE_NOTE = "calcium of the left main is counted to the LAD"
SLICER_ENDING = ".seg.nrrd"


def find_pairs(
    source: Path, images: str, labels: str, names: Mapping[int, str] | None, *, is_gated: bool | None = None
) -> Found:
    """List the scans and label maps whose names fit two patterns.

    Parameters
    ----------
    source
        Folder that both patterns start from.
    images, labels
        Such as ``images/{case}_0000.nii.gz`` and ``labels/{case}.nii.gz``;
        ``*`` is anything within a name, and a scan may be a folder of DICOM.
    names
        What values mean; None for formats that say so themselves.
    is_gated
        What is known of all scans.

    Raises
    ------
    InputError
        If a pattern lacks ``{case}``, or fits no scan.
    """
    scans, masks = _match(source, images), _match(source, labels)
    if not scans:
        raise InputError(f"nothing in {source.name} fits {images!r}; needed: a scan for each case")
    return _list_pairs(source, scans, masks, names, is_gated)


def _list_pairs(
    source: Path,
    scans: Mapping[str, list[Path]],
    masks: Mapping[str, list[Path]],
    names: Mapping[int, str] | None,
    is_gated: bool | None,
) -> Found:
    for case in sorted(scans.keys() | masks.keys()):
        images, labels = scans.get(case, []), masks.get(case, [])
        if len(images) != 1 or len(labels) > 1:
            found = f"{len(images)} scans and {len(labels)} label maps; needed: one scan and at most one label map"
            yield Unusable(name=case, code=InputError.code, message=found)
            continue
        yield RawCase(
            name=case,
            image=images[0],
            read_labels=label_reader(labels[0], names) if labels else None,
            is_gated=is_gated,
            notes=() if labels else (f"no label map in {source.name} fits this scan",),
        )


def _match(source: Path, pattern: str) -> dict[str, list[Path]]:
    """Give the files and folders that fit a pattern, by case."""
    if "{case}" not in pattern:
        raise InputError(f"the pattern {pattern!r} does not say where the case stands; needed: {{case}} in it")
    before, _, after = pattern.partition("{case}")
    wanted = _to_regex(before) + "(?P<case>[^/]+?)" + _to_regex(after).replace(re.escape("{case}"), "(?P=case)")
    found: dict[str, list[Path]] = {}
    for path in sorted(source.glob(pattern.replace("{case}", "*"))):
        fit = re.fullmatch(wanted, path.relative_to(source).as_posix())
        if fit and not path.name.startswith("."):
            found.setdefault(fit["case"], []).append(path)
    return found


def _to_regex(text: str) -> str:
    return re.escape(text).replace(r"\*", "[^/]*")


def find_orcascore(source: Path) -> Found:
    """List the cases of the orCaScore challenge's training set.

    Parameters
    ----------
    source
        ``Training Set``, the folder around it, or one folder with scans and reference together.

    Raises
    ------
    InputError
        If no ``*CTI.mhd`` is there.
    """
    scans, masks = _by_name(source, ORCASCORE_IMAGES), _by_name(source, ORCASCORE_LABELS)
    if not scans:
        raise InputError(f"{source.name} holds no *CTI.mhd; needed: the training set of orCaScore")
    return _list_orcascore(source, scans, masks)


def _list_orcascore(source: Path, scans: Mapping[str, list[Path]], masks: Mapping[str, list[Path]]) -> Found:
    for found in _list_pairs(source, scans, masks, ORCASCORE_NAMES, True):
        if isinstance(found, Unusable):
            yield found
            continue
        yield RawCase(
            name=found.name,
            image=found.image,
            read_labels=found.read_labels,
            patient=found.name,
            is_gated=True,
            notes=(*found.notes, ORCASCORE_NOTE),
        )


def _by_name(source: Path, pattern: str) -> dict[str, list[Path]]:
    """Match file names at any depth, whatever case their letters are in."""
    wanted = re.compile(re.escape(pattern).replace(re.escape("{case}"), "(.+?)"), re.IGNORECASE)
    found: dict[str, list[Path]] = {}
    for path in sorted(source.rglob("*")):
        if path.suffix.lower() == ".mhd" and (fit := wanted.fullmatch(path.name)):
            found.setdefault(fit[1].upper(), []).append(path)
    return found


def find_slicer(source: Path) -> Found:
    """List 3D Slicer's segmentations with the scan beside each.

    Parameters
    ----------
    source
        Folder, searched at any depth for ``*.seg.nrrd``. The scan is the file
        of the same name, or else the only other image, or the only folder
        (of DICOM), beside it.

    Raises
    ------
    InputError
        If there is no segmentation.
    """
    paths = sorted(path for path in source.rglob("*" + SLICER_ENDING) if not path.name.startswith("."))
    if not paths:
        raise InputError(f"{source.name} holds no {SLICER_ENDING} file; needed: segmentations saved by 3D Slicer")
    return _list_slicer(source, paths)


def _list_slicer(source: Path, paths: list[Path]) -> Found:
    for path in paths:
        name = path.relative_to(source).as_posix().removesuffix(SLICER_ENDING)
        beside = _scans_beside(path)
        if len(beside) == 1:
            yield RawCase(name=name, image=beside[0], read_labels=label_reader(path, None))
        else:
            found = f"{len(beside)} scans beside {path.name}; needed: one, or one of the same name"
            yield Unusable(name=name, code=InputError.code, message=found)


def _scans_beside(path: Path) -> list[Path]:
    stem = path.name.removesuffix(SLICER_ENDING)
    others = sorted(one for one in path.parent.iterdir() if not one.name.startswith("."))
    images = [one for one in others if is_plain_image(one) and not one.name.endswith(SLICER_ENDING)]
    same = [one for one in images if one.name.split(".")[0] == stem or one.name.rpartition(".")[0] == stem]
    return same or images or [one for one in others if one.is_dir()]


def label_reader(path: Path, names: Mapping[int, str] | None) -> LabelReader:
    """Make what reads a label map once its scan is there."""
    return partial(_read_file, path, names)


def _read_file(path: Path, names: Mapping[int, str] | None, series: Series, volume: Volume) -> RawLabels:  # noqa: ARG001
    return RawLabels(label_map=read_named_labels(path, volume.grid, names))


def read_named_labels(path: Path, grid: Grid, names: Mapping[int, str] | None) -> LabelMap:
    """Read a label map whose every value has a name.

    Raises
    ------
    LabelError
        If nobody says what a value in it means: a mask of ones is not the left main.
    InputError, GridMismatchError
        As `vascal.io.labels.read_labels`.
    """
    if names is None and path.is_file() and not _names_itself(path):
        raise LabelError(f"{path.name} does not say what its values mean; give it with --names, such as 1=coronary")
    label_map = read_labels(path, grid, names)
    unnamed = sorted(set(np.unique(label_map.labels).tolist()) - {0, *label_map.names})
    if unnamed:
        raise LabelError(f"{path.name} holds the values {unnamed}, which have no name; needed: a name for each")
    return label_map


def _names_itself(path: Path) -> bool:
    if is_nrrd(path):
        return bool(read_segments(load_nrrd(path).header))
    return not is_nifti(path) and not is_metaimage(path)


def read_names(text: str) -> dict[int, str]:
    """Read what label values mean: ``1=LM,2=LAD``, or a JSON file of names by value.

    Raises
    ------
    LabelError
        If it is neither, or a value is not from 1 to 255.
    """
    if "=" not in text:
        return read_label_names(Path(text))
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(value.strip().isdecimal() and 1 <= int(value) <= 255 and name.strip() for value, _, name in pairs):
        raise LabelError(f"names {text!r}; needed: values from 1 to 255, such as 1=LM,2=LAD, or a JSON file")
    return {int(value): name.strip() for value, _, name in pairs}
