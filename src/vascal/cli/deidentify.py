"""`vascal deidentify` and `vascal deidentify-check`: scans without names, and a look for what was left."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

import vascal
from vascal.cli.progress import Reporter, show_progress
from vascal.errors import InputError, VascalError
from vascal.io.deid.change_report import ChangeReport, count
from vascal.io.deid.folder import deidentify_folder, write_mapping
from vascal.io.deid.keyed import Key, make_key, read_key, read_patients
from vascal.io.deid.one_file import Rules
from vascal.io.deid.private import PrivateTag, read_private_list, read_safe_private
from vascal.io.deid.profile import Profile
from vascal.io.deid.residue import Checked, check_residue

_SAID_EVERY = 100


class Retain(StrEnum):
    """Options of PS3.15 that keep something."""

    DEVICE = "device"
    INSTITUTION = "institution"
    PATIENT = "patient"
    UIDS = "uids"


class DateChoice(StrEnum):
    """What becomes of dates."""

    REMOVE = "remove"
    SHIFT = "shift"
    KEEP = "keep"


class PixelChoice(StrEnum):
    """What becomes of images that may show text."""

    REFUSE = "refuse"
    MASK = "mask"
    MASK_REVIEWED = "mask-reviewed"
    REVIEWED = "reviewed"


Source = Annotated[Path, typer.Argument(help="DICOM: a folder, a zip archive or a file.", exists=True)]
Out = Annotated[Path, typer.Option("--out", help="Folder for the cleaned files; new or empty.")]
KeyFile = Annotated[
    Path, typer.Option(help="File with the secret, 16 bytes or more. The same key gives the same names.")
]
MakeKey = Annotated[bool, typer.Option("--make-key", help="Make that file first, with a random secret.")]
DatesOf = Annotated[
    DateChoice, typer.Option("--dates", help="shift: all dates of a patient by the same, secret number of days.")
]
Retained = Annotated[
    list[str] | None,
    typer.Option(
        metavar=f"[{'|'.join(Retain)}]",
        help="Keep what identifies the device, the institution, sex, age and body, or UIDs; may be repeated.",
    ),
]
Pixels = Annotated[
    PixelChoice,
    typer.Option(
        help="Images that may show text: refuse; mask the text; mask-reviewed, as you looked at what masking leaves; "
        "reviewed, as you looked at all and none names the patient."
    ),
]
Safe = Annotated[bool, typer.Option("--safe-private", help="Keep private attributes that PS3.15 lists as safe.")]
PrivateList = Annotated[
    Path | None,
    typer.Option(help="CSV of private attributes to keep: creator, group, element.", exists=True, dir_okay=False),
]
KeepText = Annotated[
    list[str] | None,
    typer.Option(help="Keyword of a description that you read and keep, such as SeriesDescription; may be repeated."),
]
Patients = Annotated[
    Path | None,
    typer.Option(help="CSV with old and new Patient ID, where names are not to come from the key.", exists=True),
]
Mapping = Annotated[
    Path | None, typer.Option(help="Also write which file and patient became which. As secret as the originals.")
]
Cleaned = Annotated[Path, typer.Argument(help="Folder of cleaned files.", exists=True)]
Against = Annotated[
    Path | None, typer.Option(help="The originals: their words and dates are looked for everywhere.", exists=True)
]


def deidentify(  # noqa: PLR0917
    source: Source,
    out: Out,
    key_file: KeyFile,
    is_new_key: MakeKey = False,
    dates: DatesOf = DateChoice.REMOVE,
    retain: Retained = None,
    pixels: Pixels = PixelChoice.REFUSE,
    safe_private: Safe = False,
    private_list: PrivateList = None,
    keep_text: KeepText = None,
    patients: Patients = None,
    mapping: Mapping = None,
) -> None:
    """Write copies of scans without what names the patient, by PS3.15's basic profile.

    Files and folders are named anew, references between them stay whole, pixels are not changed. Structured reports,
    documents and pictures of screens are left out. Read docs/how-to/deidentify.md for what no program takes away.
    Exit status: 0 all DICOM files written, 1 some left out, 2 bad usage.
    """
    try:
        _require_outside(out, key_file, "key")
        _require_outside(out, mapping, "mapping")
        rules = Rules(
            profile=_profile(dates, _retain(retain), _private(private_list, is_safe=safe_private), _split(keep_text)),
            key=_key(key_file, is_new=is_new_key),
            patients=None if patients is None else read_patients(patients),
            pixels=pixels.value,
            implementation=f"VASCAL_{vascal.__version__}",
        )
        with show_progress("de-identifying") as reporter:
            told = partial(_tell, reporter)
            done = deidentify_folder(source, out, rules, version=vascal.__version__, progress=told)
        if mapping is not None:
            write_mapping(mapping, done.mapping)
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(_say(done.report))
    raise typer.Exit(0 if done.report.written and not done.report.left_out else 1)


def _tell(reporter: Reporter, done: str, number: int, total: int) -> None:
    """Say how far the run is; a name of a file may be one of a patient."""
    reporter.reach(number, total)
    if number == total or number % _SAID_EVERY == 0:
        reporter.say(f"{number} of {count(total, 'file')} {done}")


def _require_outside(out: Path, path: Path | None, name: str) -> None:
    if path is not None and path.resolve().is_relative_to(out.resolve()):
        raise InputError(f"the {name} must not lie in the folder that is given away")


def _key(path: Path, *, is_new: bool) -> Key:
    return make_key(path) if is_new else read_key(path)


def _private(path: Path | None, *, is_safe: bool) -> frozenset[PrivateTag]:
    listed = frozenset() if path is None else read_private_list(path)
    return listed | read_safe_private() if is_safe else listed


def _split(given: list[str] | None) -> list[str]:
    """Take what is listed with commas apart."""
    return [one.strip() for text in given or () for one in text.split(",")]


def _retain(given: list[str] | None) -> list[Retain]:
    words = _split(given)
    if unknown := [one for one in words if one not in set(Retain)]:
        raise InputError(f"--retain {unknown[0]!r} is none of {', '.join(Retain)}")
    return [Retain(one) for one in words]


def _profile(dates: DateChoice, retain: list[Retain], private: frozenset[PrivateTag], keep_text: list[str]) -> Profile:
    return Profile(
        dates=dates.value,
        retain_device=Retain.DEVICE in retain,
        retain_institution=Retain.INSTITUTION in retain,
        retain_patient_characteristics=Retain.PATIENT in retain,
        retain_uids=Retain.UIDS in retain,
        private=private,
        kept_text=frozenset(keep_text),
    )


def _say(report: ChangeReport) -> str:
    lines = [
        f"{report.written} of {count(report.found, 'file')} written: {count(report.patients, 'patient')}, "
        f"{count(report.studies, 'study', 'studies')}; {report.other} not DICOM",
        *(
            f"left out, {count(files, 'file')}: {reason}"
            for reason, files in Counter(one.reason for one in report.left_out).items()
        ),
        *(f"{count(files, 'file')}: {note}" for note, files in report.notes.items()),
    ]
    return "\n".join(lines)


def deidentify_check(
    folder: Cleaned,
    against: Against = None,
    safe_private: Safe = False,
    private_list: PrivateList = None,
    keep_text: KeepText = None,
) -> None:
    """Look for what de-identification should have taken away, in files of any tool.

    Each file is held to the profile and options that its own method codes claim; with the originals, their names,
    numbers, identifiers and dates are looked for in every text, in unknown bytes and in file names. Exit status:
    0 nothing found, 1 something left, 2 bad usage.
    """
    try:
        checked = check_residue(
            folder,
            against=against,
            private=_private(private_list, is_safe=safe_private),
            kept_text=frozenset(_split(keep_text)),
        )
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(_say_checked(checked, is_against=against is not None))
    raise typer.Exit(1 if checked.residues else 0)


def _say_checked(checked: Checked, *, is_against: bool) -> str:
    compared = f", {checked.compared} of them with their originals" if is_against else ""
    counts = Counter((one.attribute, one.problem) for one in checked.residues)
    head = f"{count(checked.files, 'file')} looked at{compared}: " + (
        "nothing left that this check knows" if not counts else "found"
    )
    return "\n".join(
        [head, *(f"  {where}: {what}, {count(files, 'file')}" for (where, what), files in sorted(counts.items()))]
    )
