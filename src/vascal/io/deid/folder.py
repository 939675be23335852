"""A folder or archive in, a folder of cleaned files with a report out."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from vascal.errors import InputError, OutputError, VascalError
from vascal.io.atomic import write_file
from vascal.io.deid.change_report import (
    REPORT_JSON,
    REPORT_TEXT,
    ChangeReport,
    LeftOut,
    report_to_json,
    report_to_text,
)
from vascal.io.deid.known import KnownWords
from vascal.io.deid.one_file import CleanFile, Rules, clean_file, words_in
from vascal.io.dicom_files import UNREADABLE_FILE, FileRef, find_files, open_images
from vascal.io.dicom_header import looks_like_dicom

Progress = Callable[[int, int], None]
"""Told how many of how many files are done."""
TWICE = "names an object that another file holds with other content"


@dataclass(slots=True)
class _Run:
    """What has come out so far; the only value here that grows."""

    words: dict[str, KnownWords] = field(default_factory=dict, repr=False)
    digests: dict[str, int] = field(default_factory=dict)
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    left_out: list[LeftOut] = field(default_factory=list)
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    other: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deidentified:
    """What came of a run.

    Parameters
    ----------
    report
        Holds no value of the originals; also written to the folder.
    mapping
        Old file, new file, old Patient ID, new one, or why it was left out: the key to everything, for the user only.
    """

    report: ChangeReport
    mapping: tuple[tuple[str, str, str, str], ...] = field(repr=False)


def deidentify_folder(
    source: Path, out: Path, rules: Rules, *, version: str, progress: Progress | None = None
) -> Deidentified:
    """Clean every DICOM file of a folder, archive or single file.

    Parameters
    ----------
    source
        Folder, zip archive or file.
    out
        A folder that is empty or not there; gets ``patient/study/series/instance.dcm``, named anew, and the report.
    rules
        What to do.
    version
        Of vascal, for the report.
    progress
        Called after each file.

    Raises
    ------
    InputError
        If nothing is there.
    OutputError
        If the folder holds something, or can not be written.
    """
    files = find_files(source)
    _require_empty(out)
    run = _Run()
    with open_images() as open_one:
        run.words = _gather_words((_read(file, open_one) for file in files), rules)
        for number, file in enumerate(files, start=1):
            _settle(number, file, _read(file, open_one), out, rules, run)
            if progress is not None:
                progress(number, len(files))
    report = _report(run, len(files), rules, version)
    write_file(out / REPORT_JSON, report_to_json(report))
    write_file(out / REPORT_TEXT, report_to_text(report).encode("utf-8"))
    return Deidentified(report=report, mapping=tuple(run.rows))


def _gather_words(contents: Iterable[bytes | None], rules: Rules) -> dict[str, KnownWords]:
    """Read every file once for the words of its patient: one file names the operator whom another quotes."""
    words: dict[str, KnownWords] = {}
    for content in contents:
        found = words_in(content, rules.profile) if content and looks_like_dicom(content[:1024]) else None
        if found is not None:
            patient, more = found
            words[patient] = words.get(patient, KnownWords()).joined_with(more)
    return words


def _require_empty(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError("the folder for the output holds files already; give an empty or new one")


def _read(file: FileRef, open_one: Callable[[Path, str | None], io.BufferedIOBase]) -> bytes | None:
    """Give a file's bytes; None if it can not be read."""
    try:
        with open_one(file.path, file.member) as stream:
            return stream.read()
    except (*UNREADABLE_FILE, InputError):
        return None


def _settle(number: int, file: FileRef, content: bytes | None, out: Path, rules: Rules, run: _Run) -> None:
    if content is None:
        run.left_out.append(LeftOut(number=number, reason="can not be read from disk or archive"))
        return
    if not looks_like_dicom(content[:1024]):
        run.other += 1
        run.rows.append((file.subject, "", "", "not DICOM"))
        return
    try:
        cleaned = clean_file(content, rules, run.words)
        _write(cleaned, out, run)
    except OutputError:
        raise
    except VascalError as error:
        run.left_out.append(LeftOut(number=number, reason=str(error)))
        run.rows.append((file.subject, "", "", str(error)))
        return
    run.rows.append((file.subject, cleaned.place, cleaned.old_patient, cleaned.patient))


def _write(cleaned: CleanFile, out: Path, run: _Run) -> None:
    """Write a file once; an object that comes again with other content is refused, not overwritten."""
    digest = hash(cleaned.content)
    if run.digests.setdefault(cleaned.place, digest) != digest:
        raise InputError(TWICE)
    write_file(out / cleaned.place, cleaned.content)
    run.changes.update(cleaned.changes)
    run.notes.update(cleaned.notes)


def _report(run: _Run, found: int, rules: Rules, version: str) -> ChangeReport:
    places = [place.split("/") for place in run.digests]
    return ChangeReport(
        version=version,
        profile=rules.profile,
        found=found,
        written=len(places),
        other=run.other,
        patients=len({patient for patient, *_ in places}),
        studies=len({study for _, study, *_ in places}),
        changes=run.changes,
        left_out=tuple(run.left_out),
        notes=run.notes,
    )


def write_mapping(path: Path, rows: Iterable[tuple[str, str, str, str]]) -> None:
    """Write which file became which: as secret as the originals."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("old_file", "new_file", "old_patient", "new_patient"))
    writer.writerows(rows)
    write_file(path, text.getvalue().encode("utf-8"))
