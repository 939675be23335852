"""What is wrong with a data set: leaks between the sides of its split, labels that do not fit, scores that disagree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from vascal.calcium.label_score import score_label_map
from vascal.calcium.lesions import VESSELS
from vascal.dataset import CORONARY_VALUES, SPLITS, Case, Dataset
from vascal.errors import VascalError
from vascal.io.dataset_index import hash_pixels, read_case_image, read_case_labels
from vascal.volume import LabelMap, Volume

Severity = Literal["leak", "error", "warning"]

SCORE_SHARE, SCORE_UNITS = 0.10, 10.0
"""A score by another program may differ from ours by this share of it, or by so
many Agatston units where that is more: rules differ in minimum area and in how
neighbouring pixels join."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong.

    Parameters
    ----------
    severity
        ``leak``: a model's test would be better than the model. ``error``: a
        case can not be used as it is. ``warning``: look at it.
    code
        Short stable name.
    cases
        By `Case.case_id`.
    message
        In plain words.
    """

    severity: Severity
    code: str
    cases: tuple[str, ...]
    message: str


def _say_nothing(done: int, total: int) -> None:
    """Nobody listens."""


def check_dataset(
    dataset: Dataset,
    folder: Path,
    *,
    reads_pixels: bool = True,
    report: Callable[[int, int], None] = _say_nothing,
) -> tuple[Fault, ...]:
    """Look for leaks and for labels and scores that do not belong to their scans.

    Parameters
    ----------
    dataset
        From its index.
    folder
        Where the index is.
    reads_pixels
        Whether scans and labels are read. Without it, leaks are judged by
        what the index says, and labels not at all.
    report
        Called after each case with the number done and of all.

    Returns
    -------
    tuple of Fault
        Leaks first.
    """
    faults: list[Fault] = []
    hashes = {case.case_id: case.sha256 for case in dataset.cases}
    if reads_pixels:
        for done, case in enumerate(dataset.cases, start=1):
            now, own = _check_case(case, folder)
            hashes[case.case_id] = now or case.sha256
            faults.extend(own)
            report(done, len(dataset.cases))
    faults.extend(find_leaks(dataset, hashes))
    order = {"leak": 0, "error": 1, "warning": 2}
    return tuple(sorted(faults, key=lambda fault: (order[fault.severity], fault.code, fault.cases)))


def find_leaks(dataset: Dataset, hashes: Mapping[str, str]) -> Iterator[Fault]:
    """Find patients and scans that stand on more than one side, and scans that are there twice.

    Parameters
    ----------
    dataset
        Cases with their sides.
    hashes
        Hash of each case's pixels, by `Case.case_id`.
    """
    for cases in _groups(dataset.cases, lambda case: case.patient_id):
        sides = _sides(cases)
        if len(sides) > 1:
            yield Fault(
                severity="leak",
                code="patient-on-two-sides",
                cases=_ids(cases),
                message=f"one patient's {len(cases)} cases stand in {' and '.join(sides)}",
            )
    for cases in _groups(dataset.cases, lambda case: hashes[case.case_id]):
        sides = _sides(cases)
        if len(sides) > 1:
            message = f"the same scan, pixel for pixel, stands in {' and '.join(sides)}"
            yield Fault(severity="leak", code="scan-on-two-sides", cases=_ids(cases), message=message)
        elif len({case.patient_id for case in cases}) > 1:
            message = "the same scan, pixel for pixel, is given to two patients; a new split would part them"
            yield Fault(severity="warning", code="scan-of-two-patients", cases=_ids(cases), message=message)
        else:
            message = "the same scan, pixel for pixel, is there more than once; it would weigh more than others"
            yield Fault(severity="warning", code="scan-twice", cases=_ids(cases), message=message)


def _groups(cases: Iterable[Case], key: Callable[[Case], str]) -> Iterator[tuple[Case, ...]]:
    """Give the cases that share a key with another."""
    found: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        found[key(case)].append(case)
    yield from (tuple(group) for group in found.values() if len(group) > 1)


def _sides(cases: Iterable[Case]) -> tuple[str, ...]:
    here = {case.split for case in cases}
    return tuple(split for split in SPLITS if split in here)


def _ids(cases: Iterable[Case]) -> tuple[str, ...]:
    return tuple(case.case_id for case in cases)


def _check_case(case: Case, folder: Path) -> tuple[str | None, tuple[Fault, ...]]:
    """Give the hash of a case's pixels as they are now, and what is wrong with it."""
    try:
        _, volume = read_case_image(case, folder)
    except VascalError as error:
        return None, (_fault("error", "scan-unreadable", case, f"its scan can not be read: {error}"),)
    now = hash_pixels(volume)
    faults = []
    if now != case.sha256:
        faults.append(_fault("error", "scan-changed", case, "its scan's pixels are not those that were imported"))
    try:
        labels = read_case_labels(case, folder, volume.grid)
    except VascalError as error:
        faults.append(_fault("error", "labels-do-not-fit", case, f"its labels do not fit its scan: {error}"))
        return now, tuple(faults)
    if labels is not None:
        faults.extend(_check_labels(case, labels, volume))
    return now, tuple(faults)


def _fault(severity: Severity, code: str, case: Case, message: str) -> Fault:
    return Fault(severity=severity, code=code, cases=(case.case_id,), message=message)


def _check_labels(case: Case, labels: LabelMap, volume: Volume) -> Iterator[Fault]:
    coronary = [value for value, name in labels.names.items() if name in CORONARY_VALUES]
    unnamed = sorted(set(_values(labels)) - labels.names.keys())
    if unnamed:
        yield _fault("error", "labels-unnamed", case, f"its labels hold the values {unnamed}, which have no name")
    if case.scores is None:
        return
    stated = case.scores.agatston
    if stated > 0 and not set(_values(labels)) & set(coronary):
        message = f"its score is {stated:g}, but no voxel is labelled as coronary calcium"
        yield _fault("warning", "empty-labels", case, message)
        return
    score = score_label_map(volume, labels)
    if _disagree(stated, score.total.agatston):
        message = f"its score is {stated:g}, its labels score {score.total.agatston:.1f}"
        yield _fault("warning", "score-disagrees", case, message)
    for vessel, told in case.scores.vessels.items():
        found = score.vessels[vessel].agatston if vessel in score.vessels else 0.0
        if set(labels.names.values()) & set(VESSELS) and _disagree(told, found):
            message = f"its score of the {vessel} is {told:g}, its labels score {found:.1f}"
            yield _fault("warning", "vessel-score-disagrees", case, message)


def _values(labels: LabelMap) -> tuple[int, ...]:
    return tuple(int(value) for value in np.flatnonzero(np.bincount(labels.labels.reshape(-1))) if value)


def _disagree(stated: float, found: float) -> bool:
    return abs(stated - found) > max(SCORE_UNITS, SCORE_SHARE * max(stated, found))
