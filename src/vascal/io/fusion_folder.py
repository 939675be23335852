"""What a fusion study leaves behind: a folder of model, card, numbers and figures; and tables of predictions."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vascal.errors import OutputError
from vascal.evaluate.estimate import Estimate
from vascal.fusion.card import write_fusion_card
from vascal.fusion.outcome_study import OutcomeStudy
from vascal.fusion.study import FusionStudy
from vascal.io.atomic import write_file, write_folder
from vascal.io.fusion_model import MODEL_NAME, model_to_json

METRICS_SCHEMA = "vascal.fusion-metrics/1"
CARD_NAME = "card.md"


def write_fusion(study: FusionStudy, folder: Path, figures: Mapping[str, bytes]) -> None:
    """Write a study into a folder that appears complete; an earlier study there is replaced.

    Parameters
    ----------
    figures
        By file name.

    Raises
    ------
    OutputError
        If the folder holds something else, or can not be written.
    """
    require_own_folder(folder)
    write_folder(
        folder,
        {
            MODEL_NAME: model_to_json(study.model),
            CARD_NAME: write_fusion_card(study).encode(),
            "metrics.json": metrics_to_json(study),
            "importances.csv": _csv(_importances(study)),
            "ratios.csv": _csv(_ratios(study)),
            **figures,
        },
    )


def require_own_folder(folder: Path) -> None:
    """Refuse a folder that holds something else than an earlier study.

    Raises
    ------
    OutputError
        Naming it.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder.name} is a file; needed: a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MODEL_NAME).exists():
        raise OutputError(f"{folder.name} holds other files; name a folder that is empty or not there")


def metrics_to_json(study: FusionStudy) -> bytes:
    """Write every number of a study: JSON, null where one is not defined."""
    content = {
        "schema": METRICS_SCHEMA,
        "is_simulated": study.model.is_simulated,
        "cohort_sha256": study.digest,
        "rows": study.rows,
        "patients": study.patients,
        "outcomes": {one.model.outcome.name: _metrics(one) for one in study.outcomes},
    }
    return (json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()


def write_table(path: Path, rows: Iterable[Sequence[object]]) -> None:
    """Write rows as CSV, the header first."""
    write_file(path, _csv(rows))


def _metrics(one: OutcomeStudy) -> dict[str, Any]:
    other = one.without_imaging
    return {
        "rows": one.rows,
        "events": one.events,
        "competing": one.competing,
        "held_out": _measures(one.held_out.measures),
        "held_out_by_fold": [_number(value) for value in one.by_fold],
        "apparent_concordance": _estimate(one.apparent),
        "optimism": _number(one.optimism),
        "without_imaging": None if other is None else _measures(other.measures),
        "gain_of_imaging": None if one.gain is None else _estimate(one.gain),
        "calibration": [
            {"predicted": _number(group.predicted), "observed": _estimate(group.observed)}
            for group in one.held_out.bins
        ],
        "subgroups": {
            part.name: {
                "rows": part.rows,
                "events": part.events,
                "concordance": _estimate(part.concordance),
                "observed_expected": None if part.observed_expected is None else _estimate(part.observed_expected),
            }
            for part in one.subgroups
        },
        "settings": dict(one.model.causes[0].settings),
        "settings_by_fold": [dict(settings) for settings in one.settings],
        "cautions": list(one.cautions),
    }


def _measures(measures: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: _estimate(found) for name, found in measures.items()}


def _estimate(found: Estimate) -> dict[str, Any]:
    return {
        "value": _number(found.value),
        "low": _number(found.low),
        "high": _number(found.high),
        "n": found.n,
        "method": found.method,
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _importances(study: FusionStudy) -> list[tuple[object, ...]]:
    header = ("outcome", "feature", "mean_absolute_contribution", "concordance_fall", "lowest_fold", "highest_fold")
    rows = [
        (one.model.outcome.name, part.feature, part.contribution, part.fall, part.fall_low, part.fall_high)
        for one in study.outcomes
        for part in one.importance
    ]
    return [header, *rows]


def _ratios(study: FusionStudy) -> list[tuple[object, ...]]:
    header = ("outcome", "column", "unit", "ratio", "low", "high", "p_value", "rows", "events")
    rows = [
        (
            one.model.outcome.name,
            ratio.name,
            ratio.per,
            ratio.estimate.value,
            ratio.estimate.low,
            ratio.estimate.high,
            "" if ratio.estimate.p_value is None else ratio.estimate.p_value,
            one.ratios.rows,
            one.ratios.events,
        )
        for one in study.outcomes
        for ratio in one.ratios.ratios
    ]
    return [header, *rows]


def _csv(rows: Iterable[Sequence[object]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()
