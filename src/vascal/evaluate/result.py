"""What an evaluation says: tables, plots and sentences, before any of them is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Literal

from numpy import ndarray

from vascal.evaluate.estimate import Estimate

Cell = str | int | float | Estimate | None
Style = Literal["text", "count", "number", "share", "p"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    key
        Short stable name, used in ``numbers.csv``.
    title
        What a reader sees.
    style
        How its numbers are written: shares as percent, p values with their convention.
    """

    key: str
    title: str
    style: Style = "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultTable:
    """A table of a paper.

    Parameters
    ----------
    key
        Short stable name: file name and column of ``numbers.csv``.
    columns
        Those of style ``text`` before the first number say what a row is about.
    rows
        As many cells as columns, each.
    note
        What a reader must know to read it.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def numbers(self) -> Iterator[tuple[str, Column, Estimate | float | int]]:
        """Give every number with the words that begin its row, and its column."""
        for row in self.rows:
            pairs = list(zip(self.columns, row, strict=True))
            leading = takewhile(lambda pair: pair[0].style == "text", pairs)
            about = ", ".join(str(cell) for _, cell in leading if cell not in {None, ""})
            for column, cell in pairs:
                if column.style != "text" and not isinstance(cell, str) and cell is not None:
                    yield about, column, cell


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScatterPlot:
    """Measured against reference, one point a study, with the line of identity."""

    key: str
    title: str
    reference: ndarray
    measured: ndarray
    unit: str
    is_logarithmic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DifferencePlot:
    """Bland-Altman plot: difference against mean, with bias and limits and their intervals."""

    key: str
    title: str
    means: ndarray
    differences: ndarray
    bias: Estimate
    lower: Estimate
    upper: Estimate
    labels: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConfusionPlot:
    """Table of categories, shaded by the share of each reference category (row)."""

    key: str
    title: str
    counts: ndarray
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """A line of a plot, with a band where `low` and `high` are given."""

    name: str
    x: ndarray
    y: ndarray
    low: ndarray | None = None
    high: ndarray | None = None
    is_reference: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CurvePlot:
    """Curves over one axis: ROC, calibration, net benefit, survival.

    Parameters
    ----------
    kind
        ``steps`` draws survival-like curves, ``points`` marks each value.
    at_risk
        Numbers below a survival curve, by curve, at the times `risk_times`.
    """

    key: str
    title: str
    labels: tuple[str, str]
    curves: tuple[Curve, ...]
    kind: Literal["lines", "steps", "points"] = "lines"
    limits: tuple[tuple[float, float], tuple[float, float]] | None = None
    risk_times: tuple[float, ...] = ()
    at_risk: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForestPlot:
    """Estimates below each other, such as those of subgroups or sites."""

    key: str
    title: str
    label: str
    rows: tuple[tuple[str, Estimate], ...]
    line_at: float | None = None


Plot = ScatterPlot | DifferencePlot | ConfusionPlot | CurvePlot | ForestPlot


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the report.

    Parameters
    ----------
    text
        What was found, in a sentence or two.
    methods
        Sentences of the methods paragraph.
    cautions
        What limits the numbers of this section.
    """

    key: str
    title: str
    text: str = ""
    tables: tuple[ResultTable, ...] = ()
    plots: tuple[Plot, ...] = ()
    methods: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionResult:
    """Whether a success criterion of the plan was met; None where its number does not exist."""

    criterion: str
    found: str
    is_met: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Everything an evaluation found.

    Parameters
    ----------
    sections
        In the order of the report.
    criteria
        The plan's success criteria, each with its outcome.
    facts
        Name and value of what was analysed: studies, files and their hashes, version.
    answers
        To items of reporting checklists, by the checklists' keys.
    """

    title: str
    sections: tuple[Section, ...]
    criteria: tuple[CriterionResult, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def tables(self) -> tuple[ResultTable, ...]:
        """All tables, in order."""
        return tuple(table for section in self.sections for table in section.tables)

    @property
    def plots(self) -> tuple[Plot, ...]:
        """All plots, in order."""
        return tuple(plot for section in self.sections for plot in section.plots)
