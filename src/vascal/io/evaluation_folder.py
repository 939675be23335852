"""The folder of an evaluation: whole files only, and none of an earlier run beside the new ones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from vascal.errors import OutputError
from vascal.io.atomic import write_file

OWN_FOLDERS = ("checklists", "figures", "tables")
OWN_KINDS = frozenset({".md", ".tex", ".svg", ".pdf"})
MARK = "numbers.csv"
"""What shows that a folder holds an evaluation."""


def write_evaluation(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write an evaluation's files, then take away drawings that only an earlier one in this folder had.

    Parameters
    ----------
    files
        Path in the folder and content of each.

    Raises
    ------
    OutputError
        If the folder can not be written.
    """
    had_one = (folder / MARK).exists()
    written = set()
    for name, content in files:
        write_file(folder / name, content)
        written.add(folder / name)
    if had_one:
        _remove_stale(folder, written)


def _remove_stale(folder: Path, written: set[Path]) -> None:
    """A table of another plan, left behind, would be read as one of this run."""
    for path in (path for own in OWN_FOLDERS for path in (folder / own).glob("*")):
        if path not in written and path.suffix in OWN_KINDS:
            try:
                path.unlink()
            except OSError as error:
                raise OutputError(f"can not remove {path.name} of an earlier evaluation: {error.strerror}") from error
