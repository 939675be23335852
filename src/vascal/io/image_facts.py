"""What `score.json` says of a patient's images, read back for risk."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from vascal.errors import InputError
from vascal.risk.facts import ImageFacts
from vascal.study import Patient

READABLE = {"vascal.score/1": "series", "vascal.aac/1": "film"}
"""Layouts that risk can use, and where each keeps the patient's age and sex."""

_DATE = re.compile(r"[0-9]{8}")
_VESSELS = 4
_PATIENT = frozenset({"age_years", "sex", "size_m", "weight_kg"})
_SEXES: Mapping[object, Literal["F", "M", "O"] | None] = {"F": "F", "M": "M", "O": "O", None: None}


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
        As the header had it: ``YYYYMMDD``, empty, or what is no date; `study_day` is sound.
    patient
        Age, sex and size as the header had them.
    """

    study: str
    study_date: str
    facts: ImageFacts
    patient: Patient

    @property
    def study_day(self) -> date | None:
        """Day of the study; None where the header has none, or none that exists."""
        if not _DATE.fullmatch(self.study_date):
            return None
        try:
            return datetime.strptime(self.study_date, "%Y%m%d").date()  # noqa: DTZ007 - a day has no time zone
        except ValueError:
            return None


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
        # What an interrupted run left in hidden folders is no result.
        yield from (file for file in folder.glob(pattern) if not _is_hidden(file.relative_to(folder)))


def _is_hidden(file: Path) -> bool:
    return any(part.startswith(".") for part in file.parts)


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
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise InputError(f"{path.name} is damaged, or not one that `vascal score` wrote") from error


def facts_of(saved: Mapping[str, Any]) -> SavedFacts | None:
    """Take what risk needs from the content of a `score.json`.

    Raises
    ------
    KeyError, TypeError, ValueError
        If something is missing, or of another kind than `vascal score` writes.
    """
    where = READABLE.get(saved["schema"])
    if where is None:
        return None
    scanned = saved[where]
    return SavedFacts(
        study=_text(scanned["study_instance_uid"]),
        study_date=_text(scanned["study_date"]),
        facts=_coronary(saved) if where == "series" else _film(saved),
        patient=_patient(scanned["patient"]),
    )


def _coronary(saved: Mapping[str, Any]) -> ImageFacts:
    meaning = saved["interpretation"]
    doubt, gated = meaning["uncertainty"], saved["series"]["acquisition"]["gating"]["is_gated"]
    return ImageFacts(
        agatston=_number(saved["total"]["agatston"]),
        interval=None if doubt is None else _interval(doubt["agatston_low"], doubt["agatston_high"]),
        vessels_with_calcium=_count(meaning["vessels_with_calcium"], _VESSELS),
        is_gated=None if gated is None else _truth(gated),
        is_quotable=_truth(saved["is_quotable"]),
    )


def _film(saved: Mapping[str, Any]) -> ImageFacts:
    return ImageFacts(aac24=_count(saved["total"]["aac24"]), is_quotable=_truth(saved["is_quotable"]))


def _patient(saved: Mapping[str, object]) -> Patient:
    if set(saved) - _PATIENT:
        raise ValueError("more is said of the patient than vascal writes")
    age, size, weight = (saved.get(name) for name in ("age_years", "size_m", "weight_kg"))
    return Patient(
        age_years=None if age is None else _number(age),
        sex=_SEXES[saved.get("sex")],
        size_m=None if size is None else _number(size),
        weight_kg=None if weight is None else _number(weight),
    )


def _interval(low: object, high: object) -> tuple[float, float]:
    lowest, highest = _number(low), _number(high)
    if not 0 <= lowest <= highest:
        raise ValueError(f"{lowest:g} to {highest:g} stands where an interval of scores is needed")
    return lowest, highest


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{type(value).__name__} stands where a number is needed")
    if not math.isfinite(value):
        raise ValueError(f"{value} stands where a number is needed")
    return float(value)


def _count(value: object, most: float = math.inf) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{type(value).__name__} stands where a whole number is needed")
    if not 0 <= value <= most:
        raise ValueError(f"{value} stands where a number of 0 to {most:g} is needed")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{type(value).__name__} stands where true or false is needed")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} stands where text is needed")
    return value
