"""Recipes of fusion models as TOML; see recipes/fusion-example.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from vascal.errors import EvaluationError, VascalError
from vascal.fusion.features import Blank, Block, Feature, Kind
from vascal.fusion.nested import CrossValidation
from vascal.fusion.outcome_model import LearnerName
from vascal.fusion.recipe import Recipe
from vascal.fusion.targets import Outcome

TOP = ("title", "patient", "learner", "l1_ratio", "subgroups", "imaging", "clinical", "outcomes", "validation")
FEATURE = ("kind", "unit", "blank")
OUTCOME = ("event", "time", "horizon_years")
VALIDATION = ("outer", "inner", "seed")


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises
    ------
    EvaluationError
        If it can not be read, or an entry is unknown, missing or of the wrong kind; the message names it.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EvaluationError(f"{path.name} can not be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path.name} is no TOML: {error}") from error
    try:
        return make_recipe(table)
    except VascalError as error:
        raise EvaluationError(f"{path.name}: {error}") from error


def make_recipe(table: Mapping[str, Any]) -> Recipe:
    """Make a recipe of a nested table, as TOML gives it."""
    _require_known(table, TOP, "the file")
    blocks = {block: _table(table, block) for block in get_args(Block)}
    features = [
        _feature(name, _entry(part, name, block), block)
        for block, part in blocks.items()
        for name, part in part.items()
    ]
    outcomes = [_outcome(name, _entry(part, name, "outcomes")) for name, part in _table(table, "outcomes").items()]
    folds = _table(table, "validation")
    _require_known(folds, VALIDATION, "validation")
    chosen: dict[str, Any] = {name: _text(table, name) for name in ("title", "patient") if name in table}
    if "learner" in table:
        chosen["learner"] = _word(table, "learner", get_args(LearnerName), "the file")
    if "l1_ratio" in table:
        chosen["l1_ratios"] = tuple(_numbers(table["l1_ratio"], "l1_ratio"))
    if "subgroups" in table:
        chosen["subgroups"] = tuple(_texts(table["subgroups"], "subgroups"))
    validation = CrossValidation(**{name: _whole(folds, name) for name in folds})
    return Recipe(features=tuple(features), outcomes=tuple(outcomes), validation=validation, **chosen)


def _feature(name: str, table: Mapping[str, Any], block: str) -> Feature:
    where = f"{block}.{name}"
    _require_known(table, FEATURE, where)
    return Feature(
        name=name,
        kind=_word(table, "kind", get_args(Kind), where),
        block="imaging" if block == "imaging" else "clinical",
        unit=_text(table, "unit") if "unit" in table else "",
        blank=_word(table, "blank", get_args(Blank), where) if "blank" in table else "unknown",
    )


def _outcome(name: str, table: Mapping[str, Any]) -> Outcome:
    where = f"outcomes.{name}"
    _require_known(table, OUTCOME, where)
    horizon = table.get("horizon_years")
    return Outcome(
        name=name,
        event=_text(table, "event") if "event" in table else name,
        time=_text(table, "time") if "time" in table else None,
        horizon_years=None if horizon is None else _numbers([horizon], f"{where}.horizon_years")[0],
    )


def _require_known(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise EvaluationError(f"{where} has an entry {unknown[0]!r}; known are {', '.join(known)}")


def _table(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = table.get(name, {})
    if not isinstance(part, Mapping):
        raise EvaluationError(f"{name} must be a table; found {part!r}")
    return part


def _entry(part: Any, name: str, where: str) -> Mapping[str, Any]:
    if not isinstance(part, Mapping):
        raise EvaluationError(f'{where}.{name} must be a table such as {{ kind = "number" }}; found {part!r}')
    return part


def _word(table: Mapping[str, Any], name: str, known: tuple[str, ...], where: str) -> Any:
    found = table.get(name)
    if found not in known:
        raise EvaluationError(f"{where}: {name} is {found!r}; needed: {' or '.join(known)}")
    return found


def _text(table: Mapping[str, Any], name: str) -> str:
    return _texts([table[name]], name)[0]


def _texts(found: Any, name: str) -> list[str]:
    if not isinstance(found, list) or not all(isinstance(one, str) and one.strip() for one in found):
        raise EvaluationError(f"{name} must be text; found {found!r}")
    return found


def _numbers(found: Any, name: str) -> list[float]:
    every = found if isinstance(found, list) else [found]
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in every):
        raise EvaluationError(f"{name} must be a number; found {found!r}")
    return [float(one) for one in every]


def _whole(table: Mapping[str, Any], name: str) -> int:
    found = table[name]
    if not isinstance(found, int) or isinstance(found, bool):
        raise EvaluationError(f"validation.{name} must be a whole number; found {found!r}")
    return found
