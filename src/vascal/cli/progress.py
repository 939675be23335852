"""Progress: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


@runtime_checkable
class Reporter(Protocol):
    """Says what happens while it happens."""

    def say(self, text: str) -> None:
        """Print one line above the bar."""

    def step(self, found: int) -> None:
        """Count one series as finished, of `found` known so far."""

    def reach(self, done: int, total: int) -> None:
        """Say that `done` of `total` are finished."""


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def step(self, found: int) -> None:
        """Lines need no count."""

    def reach(self, done: int, total: int) -> None:
        """Lines need no count."""


class _Bar:
    def __init__(self, progress: Progress, what: str) -> None:
        self._progress = progress
        self._task = progress.add_task(what, total=None)

    def say(self, text: str) -> None:
        self._progress.console.print(escape(text), highlight=False, soft_wrap=True)

    def step(self, found: int) -> None:
        self._progress.update(self._task, advance=1, total=found)

    def reach(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)


@contextmanager
def show_progress(what: str = "scoring") -> Iterator[Reporter]:
    """Give a reporter on standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bar(progress, what)
