"""What `score.json` says of a patient's images, read back for risk."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vascal.errors import InputError
from vascal.risk.facts import ImageFacts
from vascal.study import Patient

READABLE = {"vascal.score/1": "series", "vascal.aac/1": "film"}
"""Layouts that risk can use, and where each keeps the patient's age and sex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFacts:
    """One `score.json`.

    Parameters
    ----------
    study
        Study Instance UID, or the name that stands for it.
    facts
        Scores.
    study_date
        ``YYYYMMDD``, or empty.
    patient
        Age, sex and size as the header had them.
    """

    study: str
    study_date: str
    facts: ImageFacts
    patient: Patient


def find_score_files(path: Path) -> tuple[Path, ...]:
    """List the `score.json` of a result folder, of one series, or the file itself.

    Raises
    ------
    InputError
        If there is none.
    """
    found = (path,) if path.is_file() else tuple(sorted(_score_files(path)))
    if not found:
        raise InputError(f"{path.name} holds no score.json; needed: a folder that `vascal score` wrote")
    return found


def _score_files(folder: Path) -> Iterator[Path]:
    for pattern in ("score.json", "*/score.json", "*/*/score.json"):
        yield from folder.glob(pattern)


def read_facts(path: Path) -> SavedFacts | None:
    """Read what risk needs from a `score.json`; None if it is of a kind that risk has no use for.

    Raises
    ------
    InputError
        If it is damaged.
    """
    try:
        return facts_of(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"can not read {path.name}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path.name} is damaged, or not one that `vascal score` wrote") from error


def facts_of(saved: Mapping[str, Any]) -> SavedFacts | None:
    """Take what risk needs from the content of a `score.json`."""
    where = READABLE.get(saved["schema"])
    if where is None:
        return None
    facts = _coronary(saved) if where == "series" else _film(saved)
    scanned = saved[where]
    return SavedFacts(
        study=scanned["study_instance_uid"],
        study_date=scanned["study_date"],
        facts=facts,
        patient=Patient(**scanned["patient"]),
    )


def _coronary(saved: Mapping[str, Any]) -> ImageFacts:
    meaning = saved["interpretation"]
    doubt = meaning["uncertainty"]
    return ImageFacts(
        agatston=saved["total"]["agatston"],
        interval=None if doubt is None else (doubt["agatston_low"], doubt["agatston_high"]),
        vessels_with_calcium=meaning["vessels_with_calcium"],
        is_gated=saved["series"]["acquisition"]["gating"]["is_gated"],
        is_quotable=saved["is_quotable"],
    )


def _film(saved: Mapping[str, Any]) -> ImageFacts:
    return ImageFacts(aac24=saved["total"]["aac24"], is_quotable=saved["is_quotable"])
