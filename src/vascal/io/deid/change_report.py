"""What was done to a set of files, without a value of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from vascal.io.deid.markers import codes_of
from vascal.io.deid.profile import Profile
from vascal.io.deid.table import EDITION

REPORT_JSON, REPORT_TEXT = "deidentification.json", "deidentification.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A file that was not written.

    Parameters
    ----------
    number
        Its place in the list of all files, in the order of their names, from 1: names may hold a patient's.
    reason
        In plain words.
    """

    number: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeReport:
    """Counts of a whole run.

    Parameters
    ----------
    version
        Of vascal.
    profile
        What was asked for.
    found, written, other
        Files in all, written, and not DICOM.
    patients, studies
        How many were written.
    changes
        How often, by attribute and what was done.
    left_out
        DICOM files that were not written.
    notes
        How many files each remark holds for.
    look_at
        Written files in which letters seem to be, though the series as a whole shows none.
    """

    version: str
    profile: Profile
    found: int
    written: int
    other: int
    patients: int
    studies: int
    changes: Counter[tuple[str, str]]
    left_out: tuple[LeftOut, ...]
    notes: Counter[str]
    look_at: tuple[str, ...] = ()


def count(number: int, one: str, several: str = "") -> str:
    """Say how many.

    >>> count(1, "patient"), count(2, "study", "studies")
    ('1 patient', '2 studies')
    """
    return f"{number} {one if number == 1 else several or f'{one}s'}"


def report_to_json(report: ChangeReport) -> bytes:
    """Write a report for machines."""
    profile = report.profile
    content = {
        "vascal": report.version,
        "table": f"PS3.15 E.1-1, {EDITION}",
        "codes": list(codes_of(profile)),
        "dates": profile.dates,
        "private_attributes_kept": len(profile.private),
        "texts_kept": sorted(profile.kept_text),
        "files": {
            "found": report.found,
            "written": report.written,
            "not_dicom": report.other,
            "left_out": len(report.left_out),
        },
        "patients": report.patients,
        "studies": report.studies,
        "attributes": [
            {"attribute": name, "done": done, "count": times} for (name, done), times in sorted(report.changes.items())
        ],
        "left_out": [{"file": one.number, "reason": one.reason} for one in report.left_out],
        "notes": [{"note": note, "files": files} for note, files in sorted(report.notes.items())],
        "look_at": list(report.look_at),
    }
    return (json.dumps(content, indent=1) + "\n").encode("utf-8")


def report_to_text(report: ChangeReport) -> str:
    """Write a report for people."""
    lines = [
        f"De-identified by vascal {report.version}, PS3.15 {EDITION}: codes {', '.join(codes_of(report.profile))}; "
        f"dates: {report.profile.dates}.",
        f"{count(report.found, 'file')} found, {report.written} written ({count(report.patients, 'patient')}, "
        f"{count(report.studies, 'study', 'studies')}), "
        f"{len(report.left_out)} left out, {report.other} not DICOM.",
        *_reasons(report.left_out),
        *(f"  look at this slice, it may show letters: {place}" for place in report.look_at),
        *(f"  {count(files, 'file')}: {note}" for note, files in sorted(report.notes.items())),
        "",
        *(f"{name}: {done}, {count(times, 'time')}" for (name, done), times in sorted(report.changes.items())),
    ]
    return "\n".join(lines) + "\n"


def _reasons(left_out: Iterable[LeftOut]) -> list[str]:
    by_reason: dict[str, list[int]] = {}
    for one in left_out:
        by_reason.setdefault(one.reason, []).append(one.number)
    return [f"  {len(numbers)} left out, file {_few(numbers)}: {why}" for why, numbers in sorted(by_reason.items())]


def _few(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:5]))
    return shown if len(numbers) <= 5 else f"{shown} ..."
