"""Write so that a reader sees the whole file, or the old one, or none."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from vascal.errors import OutputError


def write_file(path: Path, content: bytes) -> None:
    """Write a file under a temporary name beside its place, then move it there.

    Raises
    ------
    OutputError
        If the folder can not be written, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(f"can not write {path.name}: {error.strerror}") from error


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder that appears complete, or not at all.

    An existing folder of that name is replaced.

    Raises
    ------
    OutputError
        If it can not be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".", suffix=".part", dir=folder.parent))
        try:
            for name, content in files.items():
                (fresh / name).write_bytes(content)
            fresh.chmod(0o755)
            _swap(fresh, folder)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
    except OSError as error:
        raise OutputError(f"can not write {folder.name}: {error.strerror}") from error


def _swap(fresh: Path, folder: Path) -> None:
    """Move `fresh` to `folder`; what was there goes only once the new one is in place."""
    if not folder.exists():
        fresh.rename(folder)
        return
    old = folder.with_name(f".{fresh.name.strip('.')}.old")
    folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
