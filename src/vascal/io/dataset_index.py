"""The index of a data set: `dataset.json`, which names scans, labels, scores and the split.

Scans are named, not copied: paths are relative to the index, with forward
slashes. Label maps are NIfTI on their scan's grid.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from vascal.dataset import SPLITS, Case, Dataset, SplitPlan, WeakScores
from vascal.errors import InputError, VascalError
from vascal.io.atomic import write_file
from vascal.io.labels import read_labels
from vascal.io.reading import read_input, read_volume
from vascal.study import Series
from vascal.volume import Grid, LabelMap, Volume

FORMAT = "vascal-dataset-1"
INDEX_NAME = "dataset.json"


def read_dataset(path: Path) -> Dataset:
    """Read the index of a data set.

    Parameters
    ----------
    path
        The index, or the folder that holds it as ``dataset.json``.

    Raises
    ------
    InputError
        If it is not there, not JSON, of another format, or a case lacks what
        it needs; the message names the case by its place.
    """
    path = find_index(path)
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path.name} can not be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path.name} is not JSON text; needed: an index written by vascal data import") from error
    found = content.get("format") if isinstance(content, dict) else None
    if found != FORMAT:
        raise InputError(f"{path.name} has the format {found!r}; needed: {FORMAT!r}")
    plan, cases = content.get("split", {}), content.get("cases")
    if not isinstance(cases, list) or not isinstance(plan, dict):
        raise InputError(f"{path.name} has no list of cases, or a split that is no object")
    return Dataset(
        cases=tuple(_read_case(path.name, place, case) for place, case in enumerate(cases, start=1)),
        plan=_read_plan(path.name, plan),
    )


def find_index(path: Path) -> Path:
    """Give the index's own path, whether it or its folder was named."""
    return path / INDEX_NAME if path.is_dir() else path


def write_dataset(dataset: Dataset, path: Path) -> None:
    """Write the index of a data set; it appears complete, or not at all.

    Raises
    ------
    OutputError
        If it can not be written.
    """
    content = {
        "format": FORMAT,
        "split": asdict(dataset.plan),
        "cases": [_lay_out(case) for case in dataset.cases],
    }
    write_file(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def read_case_image(case: Case, folder: Path) -> tuple[Series, Volume]:
    """Read a case's scan.

    Parameters
    ----------
    case
        From the index.
    folder
        Where the index is.

    Raises
    ------
    InputError
        If the scan is not there, or not exactly one series is at its place.
    VascalError
        Whatever makes the series impossible to read.
    """
    series = choose_series(folder / case.image, case.series)
    return series, read_volume(series)


def choose_series(path: Path, key: str | None = None, *, is_gated: bool | None = None) -> Series:
    """Find the one CT series at a path.

    Parameters
    ----------
    path
        Whatever `vascal.io.reading.read_input` reads.
    key
        `Series.key` of the one that is meant, where several are there.
    is_gated
        For formats that do not say.

    Raises
    ------
    InputError
        If there is none, or several and no key; the reason of a refusal is passed on.
    """
    studies = read_input(path, is_gated=is_gated)
    found = [series for study in studies for series in study.series if key in (None, series.key)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{len(found)} series are at {path.name}; needed: one")
    reasons = [refusal.message for study in studies for refusal in study.refusals]
    raise InputError(f"no CT series at {path.name} can be used" + (f": {reasons[0]}" if reasons else ""))


def read_case_labels(case: Case, folder: Path, grid: Grid) -> LabelMap | None:
    """Read a case's label map onto its scan's grid; None if it has none.

    Raises
    ------
    InputError
        If the file is not there.
    GridMismatchError
        If it does not lie on the scan's voxels.
    LabelError
        If its values are no labels.
    """
    return None if case.labels is None else read_labels(folder / case.labels, grid, case.label_names)


def hash_pixels(volume: Volume) -> str:
    """Give the SHA-256 of a scan's HU, the same whatever file they are kept in.

    Taken over shape and 16-bit HU in the order (slice, row, column), slices from
    feet to head: a NIfTI copy of a DICOM series has the series' hash.
    """
    whole = sha256(repr(volume.hu.shape).encode())
    for plane in volume.hu:
        whole.update(np.ascontiguousarray(plane, dtype="<i2").tobytes())
    return whole.hexdigest()


def _lay_out(case: Case) -> dict[str, Any]:
    scores = case.scores
    return {
        "case_id": case.case_id,
        "patient_id": case.patient_id,
        "split": case.split,
        "source": case.source,
        "image": case.image,
        "series": case.series,
        "sha256": case.sha256,
        "is_gated": case.is_gated,
        "labels": case.labels,
        "label_names": {str(value): name for value, name in sorted(case.label_names.items())},
        "scores": None if scores is None else {"total": scores.total, "vessels": dict(scores.vessels)},
        "notes": list(case.notes),
    }


def _read_case(name: str, place: int, content: Any) -> Case:
    try:
        return _make_case(dict(content))
    except KeyError as error:
        raise InputError(f"{name}, case {place}: has no {error}") from error
    except VascalError as error:
        raise InputError(f"{name}, case {place}: {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{name}, case {place}: a field is of the wrong kind ({error})") from error


def _make_case(content: Mapping[str, Any]) -> Case:
    scores = content.get("scores")
    if content["split"] not in SPLITS:
        raise InputError(f"split {content['split']!r}; needed: {', '.join(SPLITS)}")
    return Case(
        **{key: _text(content, key) for key in ("case_id", "patient_id", "image", "source", "sha256")},
        split=content["split"],
        series=_optional_text(content, "series"),
        labels=_optional_text(content, "labels"),
        label_names={int(value): str(meant) for value, meant in (content.get("label_names") or {}).items()},
        scores=None if scores is None else _make_scores(scores),
        is_gated=_optional_claim(content, "is_gated"),
        notes=tuple(str(note) for note in content.get("notes") or ()),
    )


def _make_scores(content: Mapping[str, Any]) -> WeakScores:
    total = content.get("total")
    vessels = {str(vessel): float(value) for vessel, value in (content.get("vessels") or {}).items()}
    return WeakScores(total=None if total is None else float(total), vessels=vessels)


def _text(content: Mapping[str, Any], key: str) -> str:
    value = content[key]
    if not isinstance(value, str) or not value:
        raise InputError(f"{key} is {value!r}; needed: text")
    return value


def _optional_text(content: Mapping[str, Any], key: str) -> str | None:
    return None if content.get(key) is None else _text(content, key)


def _optional_claim(content: Mapping[str, Any], key: str) -> bool | None:
    value = content.get(key)
    if value is not None and not isinstance(value, bool):
        raise InputError(f"{key} is {value!r}; needed: true, false or null")
    return value


def _read_plan(name: str, content: Mapping[str, Any]) -> SplitPlan:
    try:
        shares = tuple(float(share) for share in content["shares"])
        return SplitPlan(
            seed=int(content["seed"]),
            shares=(shares[0], shares[1], shares[2]),
            is_stratified=bool(content.get("is_stratified", False)),
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError(f"{name}: the split has no usable seed and shares ({error})") from error
