"""Write so that a reader sees the whole file, or the old one, or none.

What is replaced stays as open to others as it was; what is new is as open as the
user wants files to be (the umask). A link stays, and what it points to is written.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from vascal.errors import OutputError

_PRIVATE = 0o700
_OPEN = 0o777
"""The umask takes from it what the user does not want."""


def write_file(path: Path, content: bytes) -> None:
    """Write a file under a temporary name beside its place, then move it there.

    Raises
    ------
    OutputError
        If the folder can not be written, or the disk is full.
    """
    try:
        place = _follow(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = _name_beside(place)
        try:
            _create(fresh, content, _find_mode(place, stat.S_ISREG))
            fresh.replace(place)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(f"can not write {path.name}: {error.strerror}") from error


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder that appears complete, or not at all.

    A name may hold a folder of its own, as in ``dicom/seg.dcm``. An existing folder of that name is replaced.

    Raises
    ------
    OutputError
        If it can not be written.
    """
    try:
        place = _follow(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh, mode = _name_beside(place), _find_mode(place, stat.S_ISDIR)
        fresh.mkdir(mode=_OPEN if mode is None else _PRIVATE)
        try:
            for name, content in files.items():
                (fresh / name).parent.mkdir(parents=True, exist_ok=True)
                _create(fresh / name, content, _find_mode(place / name, stat.S_ISREG))
            if mode is not None:
                fresh.chmod(mode)
            _swap(fresh, place)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
    except OSError as error:
        raise OutputError(f"can not write {folder.name}: {error.strerror}") from error


def _follow(path: Path) -> Path:
    """Give what a link points to, so that the link itself is not replaced."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _name_beside(place: Path) -> Path:
    return place.with_name(f".{secrets.token_hex(8)}.part")


def _find_mode(place: Path, is_kind: Callable[[int], bool]) -> int | None:
    """Tell who may read and write what is there; None if nothing of that kind is."""
    try:
        mode = place.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    return stat.S_IMODE(mode) & _OPEN if is_kind(mode) else None


def _create(path: Path, content: bytes, mode: int | None) -> None:
    """Write a file that is not there yet; its mode is set before anything in it can be read."""
    with path.open("xb") as file:
        if mode is not None:
            path.chmod(mode)
        file.write(content)


def _swap(fresh: Path, folder: Path) -> None:
    """Move `fresh` to `folder`; what was there goes only once the new one is in place."""
    if not folder.exists():
        fresh.rename(folder)
        return
    old = folder.with_name(f".{fresh.name.strip('.')}.old")
    folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
