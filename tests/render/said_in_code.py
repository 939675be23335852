"""What a module says to people: sentences found in its source, filled in every way that the source shows."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from types import ModuleType

FILLED = "7"
"""Stands for a value that the source alone does not tell."""
MOST = 64
"""Ways to fill one sentence."""
DEEPEST = 4
"""Names that stand for names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    module: ModuleType
    assigned: Mapping[str, Sequence[ast.expr]]


def caveat_messages(module: ModuleType) -> list[str]:
    """Give what every `Caveat(...)` of a module may say."""
    said = []
    for function in _functions(module):
        scope = _Scope(module=module, assigned=_assignments(function))
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Caveat":
                said += _ways(next(one.value for one in call.keywords if one.arg == "message"), scope)
    return [text for text in said if text != FILLED]


def sentences(module: ModuleType, *names: str) -> list[str]:
    """Give all texts with a space in functions of a module, but those of errors and docstrings; all without names."""
    said = []
    for function in _functions(module):
        if not names or function.name in names:
            scope = _Scope(module=module, assigned=_assignments(function))
            said += [text for node in _spoken(function) for text in _ways(node, scope) if _is_sentence(text)]
    return said


def _is_sentence(text: str) -> bool:
    return " " in text.strip() and text.replace(FILLED, "").strip() != ""


@cache
def _functions(module: ModuleType) -> list[ast.FunctionDef]:
    tree = ast.parse(inspect.getsource(module))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def _assignments(function: ast.FunctionDef) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
            if isinstance(target, ast.Name):
                found.setdefault(target.id, []).append(value)
            elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                for one, part in zip(target.elts, value.elts, strict=True):
                    if isinstance(one, ast.Name):
                        found.setdefault(one.id, []).append(part)
    return found


def _spoken(node: ast.AST) -> Iterator[ast.expr]:
    """Walk to the outermost strings, leaving out errors, docstrings and annotations."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Raise | ast.arguments) or (
            isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
        ):
            continue
        is_text = isinstance(child, ast.JoinedStr) or (isinstance(child, ast.Constant) and isinstance(child.value, str))
        if is_text and isinstance(child, ast.expr):
            yield child
        else:
            yield from _spoken(child)


def _ways(node: ast.expr, scope: _Scope, depth: int = 0) -> list[str]:
    """Give the texts that an expression may be."""
    match node:
        case ast.Constant(value=str() as text):
            found = [text]
        case ast.JoinedStr(values=parts):
            found = _joined([_ways(part, scope, depth) for part in parts])
        case ast.FormattedValue(value=value):
            found = _ways(value, scope, depth)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            found = _joined([_ways(left, scope, depth), _ways(right, scope, depth)])
        case ast.IfExp(body=body, orelse=orelse):
            found = [*_ways(body, scope, depth), *_ways(orelse, scope, depth)]
        case ast.Name(id=name) | ast.Subscript(value=ast.Name(id=name)) | ast.Call(func=ast.Name(id=name)):
            found = _named(name, scope, depth)
        case _:
            found = [FILLED]
    return found


def _named(name: str, scope: _Scope, depth: int) -> list[str]:
    """Follow a name: to what it was given here, or to what the module means by it."""
    if depth == DEEPEST:
        return [FILLED]
    if name in scope.assigned:
        return [text for value in scope.assigned[name] for text in _ways(value, scope, depth + 1)]
    if inspect.isfunction(getattr(scope.module, name, None)):
        return _returned(name, scope, depth)
    return _of_module(getattr(scope.module, name, None))


def _returned(name: str, scope: _Scope, depth: int) -> list[str]:
    """Give what a function of the module may return, as far as it is text."""
    found = [function for function in _functions(scope.module) if function.name == name]
    ways: list[str] = []
    for function in found:
        inside = _Scope(module=scope.module, assigned=_assignments(function))
        returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value]
        ways += [text for value in returned for text in _ways(value, inside, depth + 1)]
    return ways or [FILLED]


def _of_module(value: object) -> list[str]:
    if isinstance(value, str | int | float):
        return [str(value)]
    texts = [text for text in value.values() if isinstance(text, str)] if isinstance(value, Mapping) else []
    return texts or [FILLED]


def _joined(parts: Sequence[Sequence[str]]) -> list[str]:
    ways = product(*(dict.fromkeys(part) for part in parts))
    return ["".join(way) for way, _ in zip(ways, range(MOST), strict=False)]
