"""Composition root of an import: scans and labels of any source in, one data set out."""

from __future__ import annotations

import csv
import io
import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from pydicom import dcmread

from vascal.calcium.categories import find_risk_category
from vascal.calcium.label_score import score_label_map
from vascal.dataset import Case, Dataset, Split, SplitPlan, make_pseudonym, name_vessel, number_labels, split_patients
from vascal.errors import InputError, OutputError, VascalError
from vascal.io.atomic import write_file
from vascal.io.dataset_index import (
    INDEX_NAME,
    choose_series,
    hash_pixels,
    read_dataset,
    write_dataset,
)
from vascal.io.datasets.raw_case import RawCase, Unusable
from vascal.io.dicom_values import UNREADABLE, text_of, tolerant_reading
from vascal.io.nifti import write_label_map
from vascal.io.reading import read_volume
from vascal.study import Series
from vascal.volume import LabelMap, Volume

LABEL_FOLDER = "labels"
KEY_NAME = "pseudonym.key"
FAILURES_NAME = "failures.csv"
KEY_BYTES = 32

NO_PATIENT = "the source does not say whose scan this is; it counts as a patient of its own"
"""Two scans of one patient may then stand on both sides of the split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What an import is asked for.

    Parameters
    ----------
    source
        What the cases are imported from, for the index.
    out
        Folder for the index, label maps and failures.
    plan
        Seed and shares of the split.
    is_public
        Whether the source's numbers are pseudonyms that everybody has. They
        are then hashed with the source's name as key, so that everybody gets
        the same split; otherwise with a key that stays with the data set.
    key_file
        The key; ``pseudonym.key`` in `out`, made where it is not, unless given.
    is_adding
        Whether to add to a data set that is in `out`.
    """

    source: str
    out: Path
    plan: SplitPlan = field(default_factory=SplitPlan)
    is_public: bool = False
    key_file: Path | None = None
    is_adding: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What came of an import.

    Parameters
    ----------
    dataset
        All cases, those of earlier imports included.
    imported
        How many are of this one.
    failures
        What could not be imported, and why.
    """

    dataset: Dataset
    imported: int
    failures: tuple[Unusable, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A case before its patient's side is known, and what its stratum follows from."""

    case: Case
    agatston: float | None


def _say_nothing() -> None:
    """Nobody listens."""


def import_cases(
    found: Iterable[RawCase | Unusable],
    options: ImportOptions,
    *,
    report: Callable[[], None] = _say_nothing,
) -> ImportResult:
    """Read each case, write its labels, and write the index last.

    Parameters
    ----------
    found
        From an importer.
    options
        Where to, and how patients are named and split.
    report
        Called after each case.

    Returns
    -------
    ImportResult
        A case that can not be read is a failure; the others are imported.

    Raises
    ------
    InputError
        If a data set is in `out` and nothing may be added, the key can not be
        used, or no case can be imported.
    OutputError
        If `out` can not be written.
    """
    before = _open_dataset(options)
    key = _read_key(options)
    read: dict[str, _Read] = {}
    failures: list[Unusable] = []
    for one in found:
        failure = one if isinstance(one, Unusable) else _read_or_refuse(one, options, key, read)
        if failure is not None:
            failures.append(failure)
        report()
    if not read and before is None:
        reason = f"; the first of {len(failures)}: {failures[0].message}" if failures else ""
        raise InputError(f"no case could be imported{reason}")
    dataset = _join(before, read, options.plan)
    write_file(options.out / FAILURES_NAME, _failures_to_csv(failures).encode())
    write_dataset(dataset, options.out / INDEX_NAME)
    return ImportResult(dataset=dataset, imported=len(read), failures=tuple(failures))


def _open_dataset(options: ImportOptions) -> Dataset | None:
    path = options.out / INDEX_NAME
    if not path.exists():
        return None
    if not options.is_adding:
        raise InputError(f"{options.out} holds a data set; add to it with --add, or name another folder")
    dataset = read_dataset(path)
    if dataset.plan != options.plan:
        raise InputError(f"the data set was split by {dataset.plan}; the same seed and shares are needed to add to it")
    return dataset


def _read_key(options: ImportOptions) -> bytes:
    """Give the key of the pseudonyms; make one, for its owner's eyes only, where there is none."""
    if options.is_public:
        return options.source.encode()
    path = options.key_file or options.out / KEY_NAME
    if not path.exists() and options.key_file is None:
        try:
            options.out.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(KEY_BYTES))
        except OSError as error:
            raise OutputError(f"can not write {path.name}: {error.strerror}") from error
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise InputError(f"the key file {path.name} can not be read: {error.strerror}") from error
    if len(key) < KEY_BYTES // 2:
        raise InputError(f"the key file {path.name} holds {len(key)} bytes; needed: at least {KEY_BYTES // 2}")
    return key


def _read_or_refuse(raw: RawCase, options: ImportOptions, key: bytes, read: dict[str, _Read]) -> Unusable | None:
    """Import a case into `read`, or give the reason why not."""
    try:
        one = _read_case(raw, options, key)
    except OutputError:
        raise
    except VascalError as error:
        return Unusable(name=raw.name, code=error.code, message=str(error))
    if one.case.case_id in read:
        return Unusable(name=raw.name, code=InputError.code, message="another case has this name; needed: one each")
    read[one.case.case_id] = one
    return None


def _read_case(raw: RawCase, options: ImportOptions, key: bytes) -> _Read:
    if not raw.image.exists():
        raise InputError(f"no scan is at {raw.image.name}; needed: a file or a folder")
    series = choose_series(raw.image, raw.series, is_gated=raw.is_gated)
    volume = read_volume(series)
    case_id = raw.name if options.is_public else make_pseudonym(raw.name, key)
    patient = raw.patient or _read_patient_number(series)
    labels = None if raw.read_labels is None else raw.read_labels(series, volume)
    label_map = None if labels is None else _recode(labels.label_map)
    path = f"{LABEL_FOLDER}/{case_id}.nii.gz"
    if label_map is not None:
        write_label_map(label_map, options.out / path)
    case = Case(
        case_id=case_id,
        patient_id=make_pseudonym(patient or f"case {raw.name}", key),
        image=_relative(raw.image, options.out),
        split="train",  # until all patients are known
        source=options.source,
        sha256=hash_pixels(volume),
        series=raw.series,
        labels=None if label_map is None else path,
        label_names={} if label_map is None else label_map.names,
        scores=raw.scores,
        is_gated=series.acquisition.gating.is_gated if raw.is_gated is None else raw.is_gated,
        notes=(
            *raw.notes,
            *series.notes,
            *(() if labels is None else labels.notes),
            *(() if patient else (NO_PATIENT,)),
        ),
    )
    return _Read(case=case, agatston=_find_agatston(raw, label_map, volume, options.plan))


def _relative(image: Path, out: Path) -> str:
    return Path(os.path.relpath(image.resolve(), out.resolve())).as_posix()


def _read_patient_number(series: Series) -> str | None:
    """Read Patient ID from a DICOM header; it goes no further than into a pseudonym."""
    source = series.images[0]
    if series.source_format != "dicom" or source.member is not None:
        return None
    with tolerant_reading():
        try:
            return (
                text_of(dcmread(source.path, specific_tags=["PatientID"], stop_before_pixels=True), "PatientID") or None
            )
        except (OSError, EOFError, *UNREADABLE):
            return None


def _recode(label_map: LabelMap) -> LabelMap:
    """Give labels the names and values that all label maps of a data set have."""
    named = {value: name_vessel(name) for value, name in label_map.names.items()}
    values = number_labels(named.values())
    table = np.zeros(256, dtype=np.uint8)
    for value, name in named.items():
        table[value] = values[name]
    return LabelMap(
        labels=table[label_map.labels], grid=label_map.grid, names={value: name for name, value in values.items()}
    )


def _find_agatston(raw: RawCase, label_map: LabelMap | None, volume: Volume, plan: SplitPlan) -> float | None:
    """Score a case for its stratum, where strata are asked for."""
    if raw.scores is not None:
        return raw.scores.agatston
    if label_map is None or not plan.is_stratified:
        return None
    return score_label_map(volume, label_map).total.agatston


def _join(before: Dataset | None, read: dict[str, _Read], plan: SplitPlan) -> Dataset:
    """Put all cases into one data set; patients that stand somewhere stay there."""
    old = () if before is None else tuple(case for case in before.cases if case.case_id not in read)
    kept: dict[str, Split] = {} if before is None else {case.patient_id: case.split for case in before.cases}
    highest: dict[str, float] = {}
    for one in read.values():
        score = -1.0 if one.agatston is None else one.agatston
        highest[one.case.patient_id] = max(score, highest.get(one.case.patient_id, -1.0))
    strata = {patient: "unknown" if top < 0 else find_risk_category(top) for patient, top in highest.items()}
    sides = split_patients(strata, plan, kept)
    fresh = (replace(one.case, split=sides[one.case.patient_id]) for one in read.values())
    return Dataset(cases=tuple(sorted((*old, *fresh), key=lambda case: case.case_id)), plan=plan)


def _failures_to_csv(failures: Iterable[Unusable]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("input", "code", "message"))
    writer.writerows((failure.name, failure.code, failure.message) for failure in failures)
    return text.getvalue()
