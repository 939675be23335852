"""Two folders of label maps, paired by file name, one pair in memory at a time.

Labels are never resampled: both maps of a study lie on the same voxels, in
whatever order their files have them, or the pair is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from vascal.errors import GridMismatchError, InputError, LabelError
from vascal.io.evaluation_table import read_table
from vascal.io.labels import read_labels
from vascal.io.nifti import is_nifti, load_nifti
from vascal.io.oriented import SUPINE_AXIAL
from vascal.io.sources import hash_file
from vascal.types import LabelArray
from vascal.volume import Grid

SHOWN = 5
"""File names in a message."""
NAME_FILES = ("labels.json", "dataset.json")
"""Where a folder says what its values mean; the second is nnU-Net's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskFiles:
    """The two label maps of one study.

    Parameters
    ----------
    study
        File name without its ending, the same on both sides.
    """

    study: str
    predicted: Path
    reference: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskFolders:
    """Label maps of two folders, paired.

    Parameters
    ----------
    pairs
        Sorted by study.
    only_predicted, only_reference
        Files without a partner, by name.
    names
        What values mean, as files beside the maps say; empty where none is there.
    """

    pairs: tuple[MaskFiles, ...]
    only_predicted: tuple[str, ...]
    only_reference: tuple[str, ...]
    names: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MaskPair:
    """Labels of one study by a method and by the reference, on one grid.

    Parameters
    ----------
    predicted, reference
        (slice, row, column); 0 is background.
    """

    predicted: LabelArray
    reference: LabelArray
    grid: Grid


def pair_masks(predicted: Path, reference: Path) -> MaskFolders:
    """Pair the NIfTI files of two folders by name; no voxel is read yet.

    Parameters
    ----------
    predicted, reference
        Folders with a ``.nii`` or ``.nii.gz`` for each study, which may differ in
        that ending. Subfolders, hidden files and other formats are left alone.

    Raises
    ------
    InputError
        If a folder holds no NIfTI file, or no name is in both.
    LabelError
        If a folder holds a study twice, or names of labels can not be used.
    """
    ours, theirs = _find(predicted), _find(reference)
    both = sorted(ours.keys() & theirs.keys())
    if not both:
        raise InputError(
            f"no file name is in both folders; {_some(ours)} are predicted, {_some(theirs)} are the reference"
        )
    return MaskFolders(
        pairs=tuple(MaskFiles(study=name, predicted=ours[name], reference=theirs[name]) for name in both),
        only_predicted=tuple(ours[name].name for name in sorted(ours.keys() - theirs.keys())),
        only_reference=tuple(theirs[name].name for name in sorted(theirs.keys() - ours.keys())),
        names=_join_names(read_label_names(predicted), read_label_names(reference)),
    )


def read_mask_pair(files: MaskFiles) -> MaskPair:
    """Read both label maps of a study.

    Returns
    -------
    MaskPair
        On the reference's grid, slices towards the head, whatever order the files have.

    Raises
    ------
    GridMismatchError
        If their voxels do not coincide to a tenth of a millimetre.
    LabelError
        If values are not whole numbers from 0 to 255.
    GeometryError, InputError, PixelError
        As `vascal.io.nifti.load_nifti`.
    """
    grid = load_nifti(files.reference, axes=SUPINE_AXIAL).grid
    reference = read_labels(files.reference, grid).labels
    try:
        predicted = read_labels(files.predicted, grid).labels
    except GridMismatchError as error:
        raise GridMismatchError(
            f"{files.predicted.name}: prediction and reference do not lie on the same voxels; {error}"
        ) from error
    return MaskPair(predicted=predicted, reference=reference, grid=grid)


def read_label_names(folder: Path) -> dict[int, str]:
    """Read what label values mean from a file beside the maps.

    Parameters
    ----------
    folder
        With ``labels.json``, ``{"1": "LM", "2": "LAD"}`` or turned round, or with
        nnU-Net's ``dataset.json``, which may also be in the folder above.

    Returns
    -------
    dict
        Empty where there is no such file. nnU-Net's regions, which join several
        values, are left out, and so is background.

    Raises
    ------
    LabelError
        If the file can not be read, a value is not from 0 to 255, or two values have one name.
    """
    places = [*(folder / name for name in NAME_FILES), folder.resolve().parent / NAME_FILES[1]]
    for path in places:
        if path.is_file():
            return _read_names(path)
    return {}


def read_patients(path: Path, studies: Sequence[str]) -> tuple[str, ...]:
    """Read which patient each study is of.

    Parameters
    ----------
    path
        CSV or Parquet with the columns ``study``, as the files are called, and ``patient``.
    studies
        In the order wanted.

    Raises
    ------
    TableError
        If the file or a column is not there.
    LabelError
        If a study has no row, or rows that name different patients.
    """
    table = read_table(path)
    rows = zip(table.column("study"), table.column("patient"), strict=True)
    named = {(_stem(study), patient) for study, patient in rows if patient}
    patient_of = dict(named)
    if len(patient_of) != len(named):
        raise LabelError(f"{path.name} gives {len(named) - len(patient_of)} studies to more than one patient")
    if missing := sum(study not in patient_of for study in studies):
        raise LabelError(f"{path.name} names no patient for {missing} of {len(studies)} studies; needed: all of them")
    return tuple(patient_of[study] for study in studies)


def digest_of(paths: Sequence[Path]) -> str:
    """SHA-256 over the SHA-256 of every file, in the order given."""
    whole = sha256()
    for path in paths:
        whole.update(bytes.fromhex(hash_file(path)))
    return whole.hexdigest()


def _find(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; needed: a folder of label maps")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.name.startswith(".") or not is_nifti(path):
            continue
        if path_before := found.get(_stem(path.name)):
            raise LabelError(f"{path_before.name} and {path.name} are of one study; needed: one label map each")
        found[_stem(path.name)] = path
    if not found:
        raise InputError(f"{folder} holds no label map of its own; needed: one .nii or .nii.gz for each study")
    return found


def _stem(name: str) -> str:
    for ending in (".nii.gz", ".nii"):
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name


def _some(files: Mapping[str, Path]) -> str:
    names = [path.name for path in files.values()]
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def _read_names(path: Path) -> dict[int, str]:
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise LabelError(f"{path.name} can not be read as JSON") from error
    listed = content.get("labels", {} if path.name == NAME_FILES[1] else content) if isinstance(content, dict) else None
    if not isinstance(listed, dict):
        raise LabelError(f'{path.name} does not list labels; needed: {{"1": "LM", "2": "LAD"}}')
    pairs = [_value_and_name(path, key, item) for key, item in listed.items() if not isinstance(item, list)]
    named = {value: name for value, name in pairs if value}
    if len(set(named.values())) != sum(value != 0 for value, _ in pairs):
        raise LabelError(f"{path.name} gives one name to several values, or several to one; needed: a name each")
    return named


def _value_and_name(path: Path, key: str, item: object) -> tuple[int, str]:
    """Value and name of an entry, whichever way round it stands."""
    for value, name in ((key, item), (item, key)):
        if str(value).isdecimal() and not isinstance(value, bool) and int(str(value)) <= 255:
            return int(str(value)), str(name)
    raise LabelError(f"{path.name} has {key!r} without a value from 0 to 255")


def _join_names(predicted: Mapping[int, str], reference: Mapping[int, str]) -> dict[int, str]:
    """Names of both sides, which must not contradict each other."""
    for value in sorted(predicted.keys() & reference.keys()):
        if predicted[value] != reference[value]:
            raise LabelError(
                f"value {value} is {predicted[value]!r} in the prediction and {reference[value]!r} in the reference; "
                "needed: one meaning"
            )
    joined = {**predicted, **reference}
    if len(set(joined.values())) != len(joined):
        raise LabelError("prediction and reference give one name to different values; needed: the same values")
    return joined
