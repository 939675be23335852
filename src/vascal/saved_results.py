"""What an earlier run left in a folder of results, and whether it may be kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import vascal
from vascal.errors import OutputError

Existing = Literal["refuse", "resume", "overwrite"]
"""What to do where a folder holds results: refuse, keep them and go on, or replace them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFrom:
    """What a result depends on besides vascal's version."""

    options: Mapping[str, str]
    source_uids: tuple[str, ...]
    labels_sha256: str | None = None


def load_earlier(path: Path, existing: Existing, now: MadeFrom) -> Mapping[str, Any] | None:
    """Give the `score.json` of an earlier run, if it is there, may be kept, and was made the same way.

    Raises
    ------
    OutputError
        If it was made by another version, of other images or with other options, or is damaged.
    """
    if existing != "resume" or not path.is_file():
        return None
    try:
        saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        made = saved["provenance"]
        made_from = (made["version"], made["options"], made["labels_sha256"], tuple(made["source_uids"]))
    except (ValueError, KeyError, TypeError) as error:
        raise OutputError("score.json of an earlier run is damaged; use --overwrite") from error
    if made_from != (vascal.__version__, dict(now.options), now.labels_sha256, now.source_uids):
        raise OutputError(
            "an earlier run scored this series with other options, labels, images or another version; "
            "use --overwrite or another output folder"
        )
    return saved


def safe_name(text: str) -> str:
    """Make a name that every file system takes and that can not leave its folder.

    Examples
    --------
    >>> safe_name("1.2.840.1"), safe_name("../a b")
    ('1.2.840.1', '_.._a_b')
    """
    kept = "".join(ch if ch.isalnum() or ch in "._-" else "_" for ch in text)[:120]
    return f"_{kept.lstrip('_')}" if kept.startswith((".", "_")) or not kept else kept
