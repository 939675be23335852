"""Saved scores of one patient, made by hand, for tests of what compares them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.report.make_report import make_report
from vascal.calcium.categories import find_risk_category, limit_of_repeat
from vascal.calcium.lesions import VESSELS
from vascal.io.results import report_to_dict
from vascal.io.saved_scores import read_saved_score
from vascal.report.scan_score import ScanScore
from vascal.risk.lesion_pairs import PlacedLesion


def make_saved(
    lesions: Sequence[PlacedLesion],
    *,
    day: str = "20200102",
    age: float | None = 58.0,
    sex: str | None = "F",
    bmi: float | None = None,
) -> dict[str, Any]:
    """Lay a `score.json` out with these lesions instead of those of `make_report`."""
    saved: dict[str, Any] = json.loads(json.dumps(report_to_dict(make_report())))
    template = saved["lesions"][0]
    saved["lesions"] = [
        {
            **template,
            "id": lesion.id,
            "vessel": lesion.vessel,
            "center_mm": list(lesion.center_mm),
            "agatston": lesion.agatston,
            "volume_mm3": lesion.volume_mm3,
            "volume_isotropic_mm3": lesion.volume_mm3,
        }
        for lesion in lesions
    ]
    names = (*VESSELS, *sorted({lesion.vessel for lesion in lesions} - set(VESSELS)))
    saved["vessels"] = {
        name: _sum([lesion for lesion in lesions if lesion.vessel == name], saved["total"]) for name in names
    }
    saved["total"] = _sum(lesions, saved["total"])
    total = saved["total"]["agatston"]
    limit = limit_of_repeat(total, bmi)
    saved["interpretation"] |= {
        "risk_category": find_risk_category(total),
        "repeat_limit_95": {"agatston": limit.agatston, "bmi": limit.bmi, "bmi_is_assumed": limit.bmi_is_assumed},
    }
    saved["series"] |= {"study_date": day, "study_instance_uid": f"1.2.{day}", "key": f"1.2.{day}.3"}
    saved["series"]["patient"] |= {"age_years": age, "sex": sex}
    return saved


def _sum(lesions: Sequence[PlacedLesion], like: dict[str, Any]) -> dict[str, Any]:
    volume = float(sum(lesion.volume_mm3 for lesion in lesions))
    return {
        **like,
        "agatston": float(sum(lesion.agatston for lesion in lesions)),
        "volume_mm3": volume,
        "volume_isotropic_mm3": volume,
        "density": 2.0 if lesions else None,
        "lesions": len(lesions),
    }


def write_saved(saved: dict[str, Any], folder: Path) -> Path:
    """Write a `score.json` as `vascal score` does."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "score.json"
    path.write_text(json.dumps(saved), encoding="utf-8")
    return path


def make_scan(lesions: Sequence[PlacedLesion], folder: Path, **facts: Any) -> ScanScore:
    """Read a saved score with these lesions."""
    return read_saved_score(write_saved(make_saved(lesions, **facts), folder))
