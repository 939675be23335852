"""A place to write to until all is done: a run that breaks off leaves nothing that looks finished."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vascal.errors import OutputError


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """Give a hidden folder inside `out`; what is in it moves up at the end, and goes if anything is raised.

    Inside, since `out` may be a disk of its own.

    Raises
    ------
    OutputError
        If it can not be written, or something else came to lie in `out` meanwhile.
    """
    is_new = not out.exists()
    stage = out / f".{secrets.token_hex(8)}.part"
    try:
        _make(stage)
        yield stage
        _publish(stage, out)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        if is_new and out.is_dir() and not any(out.iterdir()):
            out.rmdir()
        raise


def _make(stage: Path) -> None:
    try:
        stage.mkdir(parents=True)
    except OSError as error:
        raise OutputError(f"can not write {stage.parent.name}: {error.strerror}") from error


def _publish(stage: Path, out: Path) -> None:
    if any(one != stage for one in out.iterdir()):
        raise OutputError("something else was written to the folder for the output meanwhile; give a new one")
    try:
        for one in sorted(stage.iterdir(), key=_is_report):
            one.rename(out / one.name)
        stage.rmdir()
    except OSError as error:
        raise OutputError(f"can not write {out.name}: {error.strerror}") from error


def _is_report(path: Path) -> tuple[bool, str]:
    """Move reports last: a folder with a report is whole."""
    return path.is_file(), path.name


def drop_empty(folder: Path) -> None:
    """Remove folders without a file in them, deepest first."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
