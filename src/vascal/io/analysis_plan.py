"""Analysis plans as TOML: written before the numbers are seen, followed afterwards."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

from vascal.errors import PlanError
from vascal.evaluate.plan import AnalysisPlan, Criterion, require_known_words
from vascal.io.atomic import write_file

CHOICES_HEADER = "# The choices of a vascal evaluation, written with its results.\n"
HEADER = """\
# Analysis plan of a vascal evaluation.
# Written before the numbers were seen; a run that names it follows it or is refused.
# Success criteria go below, one [[criteria]] each, with the keys of numbers.csv:
#   [[criteria]]
#   table = "icc"
#   statistic = "icc_2_1"
#   row = "external"      # every row unless given
#   limit = "low"
#   at_least = 0.9
"""


def read_plan(path: Path) -> tuple[AnalysisPlan, str]:
    """Read a plan, and the SHA-256 that proves which one was followed.

    Raises
    ------
    PlanError
        If it is not TOML, or names what vascal does not know.
    """
    try:
        content = path.read_bytes()
        found = tomllib.loads(content.decode())
    except OSError as error:
        raise PlanError(f"{path.name} can not be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"{path.name} is not a TOML file: {error}") from error
    _require_known(path.name, found, AnalysisPlan)
    criteria = found.pop("criteria", [])
    require_known_words(found)
    for criterion in criteria:
        require_known_words(criterion)
        _require_known(f"{path.name}, criteria", criterion, Criterion)
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
    try:
        plan = AnalysisPlan(**values, criteria=tuple(Criterion(**criterion) for criterion in criteria))
    except TypeError as error:
        raise PlanError(f"{path.name} lacks an entry or has one of the wrong kind: {error}") from error
    return plan, sha256(content).hexdigest()


def write_plan(plan: AnalysisPlan, path: Path, *, is_before: bool) -> None:
    """Write a plan, or the choices of a run; a choice that is not made is left out."""
    lines = [HEADER if is_before else CHOICES_HEADER]
    for name, value in asdict(plan).items():
        if value is not None and name != "criteria":
            lines.append(f"{name} = {_toml(value)}")
    for criterion in plan.criteria:
        lines.append("\n[[criteria]]")
        lines += [f"{name} = {_toml(value)}" for name, value in asdict(criterion).items() if value not in {None, ""}]
    write_file(path, ("\n".join(lines) + "\n").encode())


def _toml(value: Any) -> str:
    """Write text, a number or a list of them as TOML, which for these is JSON."""
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def _require_known(name: str, found: dict[str, Any], shape: type) -> None:
    kinds = {item.name: item for item in fields(shape)}
    unknown = sorted(set(found) - set(kinds))
    if unknown:
        raise PlanError(f"{name} has entries that are not known: {', '.join(unknown)}; known are {', '.join(kinds)}")
    for key, value in found.items():
        default = kinds[key].default
        is_number = isinstance(default, int | float)
        if is_number and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise PlanError(f"{name}: {key} must be a number; found {value!r}")
