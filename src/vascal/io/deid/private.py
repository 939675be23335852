"""Private attributes: all go but those on a list.

Source of the shipped list: DICOM PS3.15 Table E.3.10-1, its rows for CT, PET and MR that hold numbers of the
acquisition.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from vascal.errors import InputError

_HEADER = {"creator", "group", "element"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateTag:
    """A private attribute by its creator, whatever block it lies in.

    Parameters
    ----------
    creator
        Private Creator, as written in the file without blanks at its ends.
    group
        Odd.
    element
        The last two digits of the element.
    """

    creator: str
    group: int
    element: int


def read_safe_private() -> frozenset[PrivateTag]:
    """Give the attributes that the standard says are safe."""
    text = files("vascal.io.deid").joinpath("safe-private.csv").read_text(encoding="utf-8")
    return _parse(text.splitlines(), "the shipped list")


def read_private_list(path: Path) -> frozenset[PrivateTag]:
    """Read a list of one's own: a CSV with creator, group (such as 0019) and element (such as 23).

    Raises
    ------
    InputError
        If the file can not be read as that.
    """
    try:
        return _parse(path.read_text(encoding="utf-8-sig").splitlines(), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the list of private attributes {path.name} can not be read") from error


def _parse(lines: Iterable[str], name: str) -> frozenset[PrivateTag]:
    rows = csv.DictReader(lines)
    if not set(rows.fieldnames or ()) >= _HEADER:
        raise InputError(f"{name} needs the columns creator, group and element")
    return frozenset(_parse_row(row, number, name) for number, row in enumerate(rows, start=2))


def _parse_row(row: dict[str, str], line: int, name: str) -> PrivateTag:
    try:
        tag = PrivateTag(creator=row["creator"].strip(), group=int(row["group"], 16), element=int(row["element"], 16))
    except (ValueError, AttributeError, TypeError) as error:
        raise InputError(f"{name}, line {line}: group and element are hexadecimal, such as 0019 and 23") from error
    if not tag.creator or tag.group % 2 == 0 or not 0 <= tag.element <= 0xFF:
        raise InputError(f"{name}, line {line}: needed are a creator, an odd group and an element of two digits")
    return tag


def private_tag_of(dataset: Dataset, tag: BaseTag) -> PrivateTag | None:
    """Say by its creator what a private element is; None if nobody claims its block."""
    block = tag.element >> 8
    creator = dataset.get((tag.group, block)) if block >= 0x10 else None
    text = str(creator.value).strip() if creator is not None and creator.value else ""
    return PrivateTag(creator=text, group=tag.group, element=tag.element & 0xFF) if text else None
