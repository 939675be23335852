"""A folder or archive in, a folder of cleaned files with a report out."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add
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
from vascal.io.deid.kinds import UncleanKindError
from vascal.io.deid.one_file import CleanFile, Rules, clean_file
from vascal.io.deid.stage import drop_empty, staged
from vascal.io.deid.survey import IN_PART, Survey, survey_files
from vascal.io.dicom_files import UNREADABLE_FILE, FileRef, find_files, open_images
from vascal.io.dicom_header import looks_like_dicom

Progress = Callable[[str, int, int], None]
"""Told what was done to how many of how many files: first all are looked at, then all are cleaned."""
TWICE = "names an object that another file holds with other content"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A file to be cleaned: its number, its name, and the series that it says it is of."""

    number: int
    name: str = field(repr=False)
    series: str = field(repr=False)


@dataclass(slots=True)
class _Run:
    """What has come out so far; beside the survey the only value here that grows."""

    survey: Survey = field(default_factory=Survey)
    digests: dict[str, int] = field(default_factory=dict)
    written: list[tuple[_Source, CleanFile]] = field(default_factory=list)
    left_out: list[tuple[_Source, str]] = field(default_factory=list)
    others: list[str] = field(default_factory=list, repr=False)


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
        Called after each file, in both rounds.

    Raises
    ------
    InputError
        If nothing is there.
    OutputError
        If the folder holds something, lies among the originals, or can not be written; then nothing is in it.
    """
    _require_apart(source, out)
    files = find_files(source)
    _require_empty(out)
    run = _Run()
    with open_images() as open_one, staged(out) as stage:
        run.survey = survey_files(_read_all(files, open_one, progress), rules)
        for number, file in enumerate(files, start=1):
            _settle(number, file, _read(file, open_one), stage, rules, run)
            if progress is not None:
                progress("cleaned", number, len(files))
        _withdraw_parts(stage, run)
        report = _report(run, len(files), rules, version)
        write_file(stage / REPORT_JSON, report_to_json(report))
        write_file(stage / REPORT_TEXT, report_to_text(report).encode("utf-8"))
    return Deidentified(report=report, mapping=_map(run))


def _require_apart(source: Path, out: Path) -> None:
    """Refuse an output among the originals: it would be taken for one of them the next time."""
    if source.is_dir() and out.resolve().is_relative_to(source.resolve()):
        raise OutputError("the folder for the output lies in that of the originals; give one outside")


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


def _read_all(
    files: Sequence[FileRef], open_one: Callable[[Path, str | None], io.BufferedIOBase], progress: Progress | None
) -> Iterator[bytes | None]:
    """Give the bytes of each file, and say after each that it was looked at."""
    for number, file in enumerate(files, start=1):
        yield _read(file, open_one)
        if progress is not None:
            progress("looked at", number, len(files))


def _settle(number: int, file: FileRef, content: bytes | None, stage: Path, rules: Rules, run: _Run) -> None:
    patient, series = run.survey.whose.get(number, ("", ""))
    source = _Source(number=number, name=file.subject, series=series)
    if content is None:
        run.left_out.append((source, "can not be read from disk or archive"))
        return
    if not looks_like_dicom(content[:1024]):
        run.others.append(file.subject)
        return
    try:
        cleaned = clean_file(content, _rules_for(series, rules, run.survey), run.survey.words)
        reason = run.survey.reason_against(patient, series, rules)
        if reason is None:
            reason = _write(source, cleaned, stage, run)
    except (OutputError, UncleanKindError) as error:
        if isinstance(error, OutputError):
            raise
        reason = str(error)
    except VascalError as error:
        reason = str(error)
        run.survey.broken |= {series} - {""}
    if reason is not None:
        run.left_out.append((source, reason))


def _rules_for(series: str, rules: Rules, survey: Survey) -> Rules:
    """Leave single files of a series that was judged as a whole in peace."""
    is_judged = series in survey.seen and (rules.pixels == "refuse" or survey.is_clear(series))
    return replace(rules, pixels="reviewed") if is_judged else rules


def _write(source: _Source, cleaned: CleanFile, stage: Path, run: _Run) -> str | None:
    """Write a file once; an object that comes again with other content is refused, not overwritten."""
    digest = hash(cleaned.content)
    if run.digests.setdefault(cleaned.place, digest) != digest:
        return TWICE
    write_file(stage / cleaned.place, cleaned.content)
    run.written.append((source, replace(cleaned, content=b"")))
    return None


def _withdraw_parts(stage: Path, run: _Run) -> None:
    """Take back what was written of a series before a file of it turned out not to be clean."""
    parts = [(source, cleaned) for source, cleaned in run.written if source.series in run.survey.broken]
    run.written = [one for one in run.written if one[0].series not in run.survey.broken]
    for source, cleaned in parts:
        (stage / cleaned.place).unlink(missing_ok=True)
        run.left_out.append((source, IN_PART))
    drop_empty(stage)


def _report(run: _Run, found: int, rules: Rules, version: str) -> ChangeReport:
    places = {cleaned.place for _, cleaned in run.written}
    return ChangeReport(
        version=version,
        profile=rules.profile,
        found=found,
        written=len(places),
        other=len(run.others),
        patients=len({place.split("/")[0] for place in places}),
        studies=len({place.split("/")[1] for place in places}),
        changes=reduce(add, (cleaned.changes for _, cleaned in run.written), Counter()),
        left_out=tuple(sorted((LeftOut(number=one.number, reason=why) for one, why in run.left_out), key=_number)),
        notes=Counter(note for _, cleaned in run.written for note in cleaned.notes),
        look_at=tuple(sorted({one.place for source, one in run.written if source.number in run.survey.lettered})),
    )


def _number(one: LeftOut) -> int:
    return one.number


def _map(run: _Run) -> tuple[tuple[str, str, str, str], ...]:
    rows = [(source.name, one.place, one.old_patient, one.patient) for source, one in run.written]
    rows += [(source.name, "", "", why) for source, why in run.left_out]
    return tuple(sorted([*rows, *((name, "", "", "not DICOM") for name in run.others)]))


def write_mapping(path: Path, rows: Iterable[tuple[str, str, str, str]]) -> None:
    """Write which file became which: as secret as the originals."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("old_file", "new_file", "old_patient", "new_patient"))
    writer.writerows(rows)
    try:
        path.touch(mode=0o600)  # a file that is replaced stays as closed as it was
    except OSError as error:
        raise OutputError(f"can not write {path.name}: {error.strerror}") from error
    write_file(path, text.getvalue().encode("utf-8"))
