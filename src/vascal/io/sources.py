"""What a result was made from, so that the same input is known again: UIDs of images, or hashes of files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from vascal.study import Series


def identify_sources(series: Series) -> tuple[str, ...]:
    """List the SOP Instance UIDs of a series; for files without them, their SHA-256."""
    uids = tuple(image.sop_instance_uid for image in series.images if image.sop_instance_uid)
    if len(uids) == len(series.images):
        return uids
    files = dict.fromkeys(image.path for image in series.images)
    return tuple(f"sha256:{hash_file(path)}" for path in files)


def hash_file(path: Path) -> str:
    """Give the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
