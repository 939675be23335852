"""Files that may be DICOM: in a folder at any depth, alone, or in a zip archive.

Zip members are read where they lie: nothing is unpacked, so a member's name
never becomes a path on disk.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import cast

from vascal.errors import InputError

MAX_MEMBER_BYTES = 2**31
"""A larger member of an archive is refused: no single CT object comes near,
and an archive of a few kilobytes can claim any size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRef:
    """A file on disk, or a member of a zip archive.

    Parameters
    ----------
    path
        The file, or the archive.
    member
        Name inside the archive, or None.
    subject
        How to name it to a person: relative to the input.
    size_bytes
        Its full length, unpacked.
    """

    path: Path
    member: str | None = None
    subject: str
    size_bytes: int


Opener = Callable[[Path, str | None], BufferedIOBase]
"""Opens (path, member) for reading bytes."""


@contextmanager
def open_images() -> Iterator[Opener]:
    """Give a way to open files and archive members; each archive is opened once.

    Raises
    ------
    InputError
        On use, if an archive or its member can not be read.
    """
    with ExitStack() as stack:
        archives: dict[Path, zipfile.ZipFile] = {}

        def open_one(path: Path, member: str | None) -> BufferedIOBase:
            if member is None:
                return path.open("rb")
            if path not in archives:
                archives[path] = stack.enter_context(_open_archive(path))
            return _open_member(archives[path], member)

        yield open_one


UNREADABLE_FILE = (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError)
"""What the system and the zip library raise on damaged, encrypted or forbidden files."""


def find_files(path: Path) -> tuple[FileRef, ...]:
    """List the files of an input in the order of their names.

    Parameters
    ----------
    path
        A file, a folder or a zip archive. A DICOMDIR stands for its folder.

    Raises
    ------
    InputError
        If nothing is there, or an archive is damaged.
    """
    if path.is_dir():
        return _files_in_folder(path)
    if not path.is_file():
        raise InputError(f"no file or folder is at {path}; needed: a DICOM file, a folder of them or a zip archive")
    if path.name.upper() == "DICOMDIR":
        return _files_in_folder(path.parent)
    if zipfile.is_zipfile(path):
        return _files_in_archive(path)
    return (FileRef(path=path, subject=path.name, size_bytes=path.stat().st_size),)


def _files_in_folder(folder: Path) -> tuple[FileRef, ...]:
    found = [
        Path(parent) / name
        for parent, _, names in os.walk(folder)
        for name in names
        if not name.startswith("._") and name.upper() != "DICOMDIR"
    ]
    regular = sorted(one for one in found if one.is_file())
    return tuple(
        FileRef(path=one, subject=one.relative_to(folder).as_posix(), size_bytes=one.stat().st_size) for one in regular
    )


def _files_in_archive(path: Path) -> tuple[FileRef, ...]:
    with _open_archive(path) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist() if not info.is_dir()}
    kept = sorted(name for name in sizes if not _is_clutter(name))
    return tuple(FileRef(path=path, member=name, subject=name, size_bytes=sizes[name]) for name in kept)


def _is_clutter(member: str) -> bool:
    """Tell what archivers add, and the index that only repeats what the images say."""
    *_, name = member.split("/")
    return member.startswith("__MACOSX/") or name.startswith("._") or name.upper() == "DICOMDIR"


def _open_archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"the zip archive {path.name} can not be opened: {error}") from error


def _open_member(archive: zipfile.ZipFile, member: str) -> BufferedIOBase:
    try:
        info = archive.getinfo(member)
        if info.file_size > MAX_MEMBER_BYTES:
            raise InputError(f"{member} unpacks to {info.file_size} bytes; at most {MAX_MEMBER_BYTES} are read")
        return cast(BufferedIOBase, archive.open(info))  # a ZipExtFile is one
    except (zipfile.BadZipFile, KeyError, RuntimeError, NotImplementedError) as error:
        raise InputError(f"{member} in the archive can not be read (damaged or encrypted)") from error
