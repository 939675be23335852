"""`vascal follow-up`: two or more scored scans of one patient, compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

import vascal
from vascal.errors import InputError, OutputError, VascalError
from vascal.io.atomic import write_file
from vascal.io.follow_up_results import follow_up_to_json
from vascal.io.saved_scores import find_saved_score, read_saved_score
from vascal.render.follow_up_page import draw_follow_up_page
from vascal.render.follow_up_wording import summarise_change, title_of
from vascal.report.follow_up import FollowUp, compare_scans
from vascal.report.one_patient import StatedPatient
from vascal.report.scan_score import ScanScore

RESULT, PAGE = "follow-up.json", "follow-up.html"

Scans = Annotated[
    list[Path],
    typer.Argument(
        help="Results of `vascal score` for one patient: folders or score.json files, two or more, in any order.",
        exists=True,
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for follow-up.json and follow-up.html.")]
Dates = Annotated[
    str | None,
    typer.Option(help="Day of each scan, in the order given: 2020-01-31,2024-03-05. Replaces those of the headers."),
]
Age = Annotated[
    float | None,
    typer.Option("--age", help="Age at the first scan, years. Replaces those of the headers.", min=18, max=110),
]
SexOption = Annotated[Literal["F", "M"] | None, typer.Option("--sex", help="Replaces that of the headers.")]
Bmi = Annotated[
    float | None, typer.Option(help="Body mass index, kg/m2, for the limits of chance; 28 if unknown.", min=10, max=75)
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an earlier comparison in that folder.")]


def follow_up(
    *,
    scans: Scans,
    out: Out,
    dates: Dates = None,
    age: Age = None,
    sex: SexOption = None,
    bmi: Bmi = None,
    overwrite: Overwrite = False,
) -> None:
    """Compare scans of one patient: has calcium changed by more than two scans differ by chance?

    Takes what `vascal score` saved and writes follow-up.json and follow-up.html: the change with published limits of
    chance, the expected course, and each lesion then and now. Exit status: 0 compared, 1 not written, 2 bad usage,
    or results are there already.
    """
    try:
        _require_free(out, overwrite=overwrite)
        found = compare_scans(
            _with_days([read_saved_score(find_saved_score(path)) for path in scans], dates),
            stated=StatedPatient(age_years=age, sex=sex, bmi=bmi),
            today=datetime.now().astimezone().date(),
            version=vascal.__version__,
        )
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error
    _write(found, out)


def _require_free(out: Path, *, overwrite: bool) -> None:
    there = [name for name in (RESULT, PAGE) if (out / name).exists()]
    if there and not overwrite:
        raise OutputError(
            f"{out} holds {' and '.join(there)} already; --overwrite replaces it, or choose another folder"
        )


def _with_days(scans: Sequence[ScanScore], dates: str | None) -> list[ScanScore]:
    """Give each scan the day that was stated for it."""
    if dates is None:
        return list(scans)
    days = [_read_day(text.strip()) for text in dates.split(",")]
    if len(days) != len(scans):
        raise InputError(f"--dates names {len(days)} for {len(scans)} scans; needed: one for each, in their order")
    return [replace(scan, on=day) for scan, day in zip(scans, days, strict=True)]


def _read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"--dates has {text!r}; needed: days as in 2020-01-31") from error


def _write(found: FollowUp, out: Path) -> None:
    """Make both files first, then write: the numbers go first and come last, so that they never lie by another page."""
    page, numbers = draw_follow_up_page(found).encode(errors="backslashreplace"), follow_up_to_json(found)
    try:
        _remove(out / RESULT)
        write_file(out / PAGE, page)
        write_file(out / RESULT, numbers)
    except OutputError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{title_of(found)}. {summarise_change(found)}")
    for caveat in found.caveats:
        if caveat.severity == "critical":
            typer.echo(f"Not comparable: {caveat.message}")
    typer.echo(f"The report is {out / PAGE}")


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except NotADirectoryError:
        return  # writing says so
    except OSError as error:
        raise OutputError(f"can not replace {path.name}: {error.strerror}") from error
