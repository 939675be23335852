"""Scores that `vascal score` saved, read again to be compared: `score.json` of kind ``cac``."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from vascal.calcium.lesions import VESSELS
from vascal.errors import InputError
from vascal.io.results import SCHEMA
from vascal.report.scan_score import ScanFacts, ScanScore, VesselTotal
from vascal.risk.lesion_pairs import PlacedLesion

FILE = "score.json"
MOST_BYTES = 50_000_000
"""No score is near this size."""
SUM_TOLERANCE = 1e-6
LARGEST, FARTHEST_MM = 1e6, 1e5
"""No heart has so much calcium (Agatston units, mm3), and no scanner so long a table."""
KINDS = ("cac", "aac", "follow-up")
RULE_NUMBERS = (
    "threshold_hu", "comparison", "weight_edges_hu", "min_patch_mm2", "min_patch_pixels", "in_plane_connectivity",
    "reference_spacing_mm",
)  # fmt: skip
"""What of a rule decides the total; how patches join into lesions does not."""


def find_saved_score(path: Path) -> Path:
    """Find the one `score.json` that a path stands for.

    Parameters
    ----------
    path
        The file itself, the folder of a series, or a folder of results. In the last, the series that `scores.csv`
        says to quote is meant, or the only one there is; all must be of one study.

    Raises
    ------
    InputError
        If there is none, or several and nothing says which.
    """
    if path.is_file():
        return path
    if (path / FILE).is_file():
        return path / FILE
    found = [file for file in sorted(path.rglob(FILE)) if not _is_hidden(file.relative_to(path))]
    name = path.resolve().name or "the folder"
    studies = {file.parent.parent for file in found}
    if len(studies) > 1:
        raise InputError(f"{name} holds scores of {len(studies)} studies; needed: one, so name the folder of a study")
    to_quote = _quoted(path / "scores.csv")
    quoted = [file for file in found if file.parent.relative_to(path).as_posix() in to_quote]
    chosen = quoted if len(quoted) == 1 else found
    if not found:
        raise InputError(f"{name} holds no {FILE}; needed: a folder that `vascal score` wrote")
    if len(chosen) != 1:
        raise InputError(f"{name} holds {len(found)} files {FILE}; needed: one, so name the folder of a series")
    return chosen[0]


def _is_hidden(file: Path) -> bool:
    return any(part.startswith(".") for part in file.parts)


def _quoted(table: Path) -> frozenset[str]:
    """Give the folders of the series that a table of scores says to quote."""
    try:
        with table.open(encoding="utf-8", newline="") as file:
            return frozenset(row["folder"] for row in csv.DictReader(file) if row.get("quote") == "yes")
    except (OSError, ValueError, KeyError, csv.Error):
        return frozenset()


def read_saved_score(path: Path) -> ScanScore:
    """Read a saved calcium score.

    Parameters
    ----------
    path
        A `score.json`.

    Raises
    ------
    InputError
        If it can not be read, is damaged, or is of another kind than a coronary calcium score.
    """
    saved = _load(path)
    kind, schema = saved.get("kind"), saved.get("schema")
    if kind != "cac" or schema != SCHEMA:
        of_kind = f"kind {kind!r}" if kind in KINDS else "an unknown kind"
        of_schema = "that schema" if schema == SCHEMA else "another schema"
        raise InputError(f"{path.name} is of {of_kind} and {of_schema}; needed: kind 'cac' and schema {SCHEMA!r}")
    try:
        score = _lay_out(saved)
        _require_sums(score)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path.name} is damaged: {_explain(error)}; score the scan again") from error
    return score


def _require_sums(score: ScanScore) -> None:
    """Refuse a total, or a vessel's, that its lesions do not add up to."""
    total = sum(lesion.agatston for lesion in score.lesions)
    if not _is_close(total, score.agatston):
        raise ValueError(f"its lesions add up to {total:g}, its total is {score.agatston:g}")
    if not {lesion.vessel for lesion in score.lesions} <= set(score.vessels):
        raise ValueError("a lesion is in a vessel that has no total")
    for name, vessel in score.vessels.items():
        lesions = [lesion for lesion in score.lesions if lesion.vessel == name]
        sums = (sum(lesion.agatston for lesion in lesions), sum(lesion.volume_mm3 for lesion in lesions))
        is_sum = _is_close(sums[0], vessel.agatston) and _is_close(sums[1], vessel.volume_mm3)
        if not is_sum or len(lesions) != vessel.lesions:
            raise ValueError("a vessel's total is not that of its lesions")


def _is_close(one: float, two: float) -> bool:
    return math.isclose(one, two, rel_tol=SUM_TOLERANCE, abs_tol=SUM_TOLERANCE)


def _load(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path.name} can not be read: {error.strerror}") from error
    if len(text) > MOST_BYTES:
        raise InputError(f"{path.name} is too large for a saved score; needed: a {FILE} of vascal")
    try:
        content: Any = json.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path.name} is not JSON text; needed: a {FILE} of vascal") from error
    if not isinstance(content, dict):
        raise InputError(f"{path.name} holds no saved score; needed: a {FILE} of vascal")
    return content


def _explain(error: Exception) -> str:
    return f"it has no {error.args[0]!r}" if isinstance(error, KeyError) else str(error)


def _lay_out(saved: Mapping[str, Any]) -> ScanScore:
    series, total, patient = saved["series"], saved["total"], saved["series"]["patient"]
    vessels = {str(name): _vessel(content) for name, content in saved["vessels"].items()}
    lesions = tuple(_lesion(content) for content in saved["lesions"])
    if len({lesion.id for lesion in lesions}) < len(lesions):
        raise ValueError("two lesions have one number")
    category, limit = saved["interpretation"]["risk_category"], saved["interpretation"]["repeat_limit_95"]
    sex = patient["sex"]
    return ScanScore(
        study_instance_uid=str(series["study_instance_uid"]),
        series_key=str(series["key"]),
        on=_day(series["study_date"]),
        is_quotable=_truth(saved["is_quotable"]),
        critical=tuple(str(c["code"]) for c in saved["caveats"] if c["severity"] == "critical"),
        agatston=_amount(total["agatston"]),
        volume_mm3=_amount(total["volume_mm3"]),
        volume_isotropic_mm3=_amount(total["volume_isotropic_mm3"]),
        risk_category=None if category is None else str(category),
        vessels=MappingProxyType(
            {**{name: VesselTotal(agatston=0.0, volume_mm3=0.0, lesions=0) for name in VESSELS}, **vessels}
        ),
        lesions=lesions,
        age_years=_known(patient["age_years"]),
        sex=sex if sex in ("F", "M") else None,
        bmi=None if _truth(limit["bmi_is_assumed"]) else _amount(limit["bmi"]),
        size_m=_known(patient["size_m"]),
        facts=_facts(saved),
    )


def _facts(saved: Mapping[str, Any]) -> ScanFacts:
    series, rule = saved["series"], saved["rule"]
    acquisition = series["acquisition"]
    gated, enhanced = acquisition["gating"]["is_gated"], saved["findings"]["is_contrast_enhanced"]
    finder = saved["provenance"]["finder"]
    scanner = " ".join(str(part) for part in (acquisition["manufacturer"], acquisition["model"]) if part)
    found_by = saved["found_by"]
    if found_by not in ("labels", "rules", "learned"):
        raise ValueError("who found the calcium is not known")
    return ScanFacts(
        rule=str(rule["name"]),
        rule_numbers=MappingProxyType({name: str(rule[name]) for name in RULE_NUMBERS}),
        rule_kvp=_amount(rule["kvp"]),
        kvp=_known(acquisition["kvp"]),
        slice_thickness_mm=_known(acquisition["slice_thickness_mm"]),
        spacing_between_slices_mm=_amount(series["spacing_between_slices_mm"]),
        kernels=_texts(acquisition["kernels"]),
        scanner=scanner or None,
        is_gated=None if gated is None else _truth(gated),
        is_contrast_enhanced=None if enhanced is None else _truth(enhanced),
        found_by=found_by,
        finder=None if finder is None else str(finder),
        caveats=tuple(str(caveat["code"]) for caveat in saved["caveats"]),
        version=str(saved["provenance"]["version"]),
    )


def _vessel(content: Mapping[str, Any]) -> VesselTotal:
    return VesselTotal(
        agatston=_amount(content["agatston"]),
        volume_mm3=_amount(content["volume_mm3"]),
        lesions=_whole(content["lesions"]),
    )


def _lesion(content: Mapping[str, Any]) -> PlacedLesion:
    x, y, z = (_number(value, FARTHEST_MM) for value in content["center_mm"])
    return PlacedLesion(
        id=_whole(content["id"]),
        vessel=str(content["vessel"]),
        center_mm=(x, y, z),
        volume_mm3=_amount(content["volume_mm3"]),
        agatston=_amount(content["agatston"]),
    )


def _number(value: object, most: float) -> float:
    """Check the size before anything else: a whole number may be too large for a float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{type(value).__name__} stands where a number is needed")
    if isinstance(value, float) and math.isnan(value):
        raise ValueError("nan stands where a number is needed")
    if not -most <= value <= most:
        raise ValueError(f"a number beyond {most:g} stands where a smaller one is needed")
    return float(value)


def _amount(value: object) -> float:
    number = _number(value, LARGEST)
    if number < 0:
        raise ValueError(f"{number:g} stands where a number of 0 or more is needed")
    return number


def _whole(value: object) -> int:
    number = _amount(value)
    if number != int(number):
        raise ValueError(f"{number:g} stands where a whole number is needed")
    return int(number)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError("no list of texts stands where one is needed")
    return tuple(value)


def _known(value: object) -> float | None:
    return None if value is None else _amount(value)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{type(value).__name__} stands where true or false is needed")
    return value


def _day(text: object) -> date | None:
    """Read a DICOM date; None if there is none or it is no day."""
    try:
        return datetime.strptime(str(text), "%Y%m%d").date()  # noqa: DTZ007 - a day has no time zone
    except ValueError:
        return None
