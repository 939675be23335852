"""Fusion models as JSON: numbers and XGBoost's own JSON, nothing that runs when it is opened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from vascal.errors import ModelError, VascalError
from vascal.fusion.absolute import Baseline, LogOdds
from vascal.fusion.boosting import BoostedScorer, load_booster
from vascal.fusion.encoding import Encoding, FeatureCode
from vascal.fusion.features import Feature
from vascal.fusion.fusion_model import FusionModel
from vascal.fusion.learner import Scorer
from vascal.fusion.outcome_model import CauseModel, OutcomeModel
from vascal.fusion.penalised import LinearScorer
from vascal.fusion.targets import Outcome

SCHEMA = "vascal.fusion/1"
MODEL_NAME = "model.json"


def model_to_json(model: FusionModel) -> bytes:
    """Write a model in full precision."""
    content = {
        "schema": SCHEMA,
        "title": model.title,
        "version": model.version,
        "is_simulated": model.is_simulated,
        "learner": model.learner,
        "patient": model.patient,
        "known": [_lay_out_code(code) for code in model.known],
        "outcomes": [_lay_out_outcome(one) for one in model.outcomes],
    }
    return (json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()


def read_fusion_model(folder: Path) -> FusionModel:
    """Read the model of a folder that `vascal fuse fit` wrote.

    Raises
    ------
    ModelError
        If there is none, or it is damaged or of another version.
    MissingExtraError
        For trees without XGBoost.
    """
    path = folder / MODEL_NAME if folder.is_dir() else folder
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA:
            raise ModelError(f"{path.name} is of the kind {content['schema']!r}; needed: {SCHEMA!r}")
        return _build(content)
    except OSError as error:
        raise ModelError(f"{folder.name} holds no {MODEL_NAME} that can be read: {error.strerror}") from error
    except VascalError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path.name} is not a fusion model, or is damaged ({type(error).__name__})") from error


def _lay_out_code(code: FeatureCode) -> dict[str, Any]:
    found = asdict(code)
    if not np.isfinite([code.low, code.high]).all():
        found["low"] = found["high"] = None
    return found


def _lay_out_outcome(model: OutcomeModel) -> dict[str, Any]:
    return {"outcome": asdict(model.outcome), "causes": [_lay_out_cause(cause) for cause in model.causes]}


def _lay_out_cause(cause: CauseModel) -> dict[str, Any]:
    level = cause.level
    laid_out: dict[str, Any] = {"slope": level.slope}
    if isinstance(level, Baseline):
        laid_out |= {"years": level.years.tolist(), "hazard": level.hazard.tolist()}
    else:
        laid_out["intercept"] = level.intercept
    return {"settings": dict(cause.settings), "level": laid_out, "scorer": _lay_out_scorer(cause.scorer)}


def _lay_out_scorer(scorer: Scorer | None) -> dict[str, Any] | None:
    if scorer is None:
        return None
    if isinstance(scorer, LinearScorer):
        return {
            "kind": "linear",
            "encoding": _lay_out_encoding(scorer.encoding),
            "coefficients": dict(zip(scorer.encoding.names, scorer.coefficients.tolist(), strict=True)),
            "intercept": scorer.intercept,
        }
    if isinstance(scorer, BoostedScorer):
        trees = json.loads(scorer.booster.save_raw("json").decode())
        return {
            "kind": "trees",
            "encoding": _lay_out_encoding(scorer.encoding),
            "trees": scorer.trees,
            "xgboost": trees,
        }
    raise ModelError(f"a {type(scorer).__name__} can not be kept; needed: a regression or trees")


def _lay_out_encoding(encoding: Encoding) -> dict[str, Any]:
    return {
        "codes": [_lay_out_code(code) for code in encoding.codes],
        "mean": encoding.mean.tolist(),
        "scale": encoding.scale.tolist(),
    }


def _build(content: Mapping[str, Any]) -> FusionModel:
    return FusionModel(
        title=str(content["title"]),
        learner=content["learner"],
        patient=str(content["patient"]),
        known=tuple(_build_code(code) for code in content["known"]),
        outcomes=tuple(_build_outcome(one) for one in content["outcomes"]),
        is_simulated=bool(content["is_simulated"]),
        version=str(content["version"]),
    )


def _build_code(content: Mapping[str, Any]) -> FeatureCode:
    given = {**content, "feature": Feature(**content["feature"]), "levels": tuple(content["levels"])}
    if given["low"] is None:
        given |= {"low": float("-inf"), "high": float("inf")}
    return FeatureCode(**given)


def _build_outcome(content: Mapping[str, Any]) -> OutcomeModel:
    outcome = Outcome(**content["outcome"])
    return OutcomeModel(outcome=outcome, causes=tuple(_build_cause(one) for one in content["causes"]))


def _build_cause(content: Mapping[str, Any]) -> CauseModel:
    level = content["level"]
    if "intercept" in level:
        found: Baseline | LogOdds = LogOdds(intercept=float(level["intercept"]), slope=float(level["slope"]))
    else:
        found = Baseline(slope=float(level["slope"]), years=_array(level["years"]), hazard=_array(level["hazard"]))
    return CauseModel(scorer=_build_scorer(content["scorer"]), level=found, settings=dict(content["settings"]))


def _build_scorer(content: Mapping[str, Any] | None) -> Scorer | None:
    if content is None:
        return None
    encoding = Encoding(
        codes=tuple(_build_code(code) for code in content["encoding"]["codes"]),
        mean=_array(content["encoding"]["mean"]),
        scale=_array(content["encoding"]["scale"]),
    )
    if content["kind"] == "linear":
        coefficients = _array([content["coefficients"][name] for name in encoding.names])
        return LinearScorer(encoding=encoding, coefficients=coefficients, intercept=float(content["intercept"]))
    booster = load_booster(json.dumps(content["xgboost"]).encode())
    return BoostedScorer(encoding=encoding, booster=booster, trees=int(content["trees"]))


def _array(numbers: list[float]) -> np.ndarray:
    return np.array(numbers, dtype=float)
