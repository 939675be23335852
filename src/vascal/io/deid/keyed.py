"""New identifiers and day offsets that only the holder of a key can make again.

Every one is the HMAC-SHA256 of the old value under the user's key, so that references stay whole over files and
runs without a table, and nobody without the key can try old values out.

References
----------
DICOM PS3.5 B.2 (identifiers under 2.25); RFC 2104 (HMAC); RFC 9562 (version 8 of a UUID).
"""

from __future__ import annotations

import base64
import csv
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydicom._uid_dict import UID_dictionary

from vascal.errors import InputError, OutputError

LEAST_BYTES = 16
LARGEST_SHIFT_DAYS = 3652
"""Ten years: seasons and holidays are hidden, and no scan comes to lie in the days before CT."""
DICOM_ROOT = "1.2.840.10008."
NEW_ROOT = "2.25."
VOCABULARIES = frozenset(
    (
        "2.16.840.1.113883.6.96",  # SNOMED CT
        "2.16.840.1.113883.6.1",  # LOINC
        "2.16.840.1.113883.6.8",  # UCUM
        "2.16.840.1.113883.6.256",  # RadLex
    )
)
"""Coding schemes (PS3.16 Table 8-1) outside DICOM's root; no object has such an identifier."""


@dataclass(frozen=True, slots=True)
class Key:
    """A secret; it is never shown, logged or written by what uses it."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a secret that can be guessed by its length."""
        if len(self.secret) < LEAST_BYTES:
            raise InputError(f"found a key of {len(self.secret)} bytes; needed are {LEAST_BYTES} or more")

    def digest(self, purpose: str, value: str) -> bytes:
        """Give 32 bytes that depend on key, purpose and value."""
        return hmac.new(self.secret, f"{purpose}\0{value}".encode(), hashlib.sha256).digest()

    def new_uid(self, uid: str) -> str:
        """Replace an identifier."""
        return f"{NEW_ROOT}{_as_uuid(self.digest('uid', uid))}"

    def pseudonym(self, subject: str) -> str:
        """Name a patient."""
        return f"ANON-{base64.b32encode(self.digest('subject', subject)[:10]).decode('ascii')}"

    def days_back(self, subject: str) -> int:
        """Say by how many days a patient's dates are moved into the past: 1 to 3652."""
        return int.from_bytes(self.digest("days", subject)[:8], "big") % LARGEST_SHIFT_DAYS + 1


def _as_uuid(digest: bytes) -> int:
    """Take the first 128 bits and mark them as a UUID that somebody made by his own rule."""
    bits = int.from_bytes(digest[:16], "big")
    bits = bits & ~(0xF << 76) | 8 << 76
    return bits & ~(0x3 << 62) | 0x2 << 62


def is_new_uid(uid: str) -> bool:
    """Tell whether an identifier has the shape of those made here."""
    tail = uid.removeprefix(NEW_ROOT)
    if tail == uid or not tail.isdecimal():
        return False
    return int(tail) >> 76 & 0xF == 8 and int(tail) >> 62 & 0x3 == 2 and int(tail) < 1 << 128


def is_well_known(uid: str, *, names_an_instance: bool) -> bool:
    """Tell an identifier of the standard from one of an object.

    Where an object is to be named, only those in the dictionary count: some devices make identifiers under DICOM's
    own root.
    """
    return uid in UID_dictionary or uid in VOCABULARIES or (not names_an_instance and uid.startswith(DICOM_ROOT))


def read_key(path: Path) -> Key:
    """Read a key: all bytes of a file.

    Raises
    ------
    InputError
        If there is none, or it is shorter than 16 bytes.
    """
    try:
        return Key(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"there is no key file {path.name}; --make-key makes one") from error
    except OSError as error:
        raise InputError(f"the key file {path.name} can not be read: {error.strerror}") from error


def make_key(path: Path) -> Key:
    """Write a new random key that only its owner may read.

    Raises
    ------
    OutputError
        If a file is there already: a lost key can not be made again.
    """
    secret = secrets.token_hex(32).encode("ascii")
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secret)
    except FileExistsError as error:
        raise OutputError(f"the key file {path.name} exists; leave out --make-key to use it") from error
    except OSError as error:
        raise OutputError(f"the key file {path.name} can not be made: {error.strerror}") from error
    return Key(secret)


def read_patients(path: Path) -> Mapping[str, str]:
    """Read names of one's own for patients: a CSV with the columns old and new.

    Raises
    ------
    InputError
        If it is not that, an old one is given twice, or two patients get one name.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = [(row.get("old"), row.get("new")) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"the table of patients {path.name} can not be read") from error
    pairs = [(old.strip(), new.strip()) for old, new in rows if old and new and old.strip() and new.strip()]
    if len(pairs) != len(rows) or not pairs:
        raise InputError(f"{path.name} needs the columns old and new, both filled in every row")
    if len(dict(pairs)) != len(pairs) or len({new for _, new in pairs}) != len(pairs):
        raise InputError(f"{path.name}: every patient needs one row and a name of its own")
    _require_short(pairs, path.name)
    return dict(pairs)


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
"""Also the name of a folder."""


def _require_short(pairs: list[tuple[str, str]], name: str) -> None:
    for line, (_, new) in enumerate(pairs, start=2):
        if not _NAME.fullmatch(new):
            raise InputError(f"{name}, line {line}: a new name has at most 64 letters, digits, blanks and . _ -")
