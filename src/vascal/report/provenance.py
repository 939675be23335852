"""What made a result: enough to make it again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Software and inputs behind a report.

    Parameters
    ----------
    software, version
        ``vascal`` and its version.
    options
        What the user asked for, as (name, value), sorted.
    source_uids
        SOP Instance UIDs of the slices, from the feet to the head.
    labels_sha256
        Hash of the label file, if one was given.
    finder
        Name and version of the finder, if one ran.
    """

    software: str
    version: str
    options: tuple[tuple[str, str], ...] = ()
    source_uids: tuple[str, ...] = ()
    labels_sha256: str | None = None
    finder: str | None = None
