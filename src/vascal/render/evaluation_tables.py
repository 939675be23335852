"""Tables of an evaluation for papers and programs: CSV, Markdown and LaTeX."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence

from vascal.evaluate.checklists import FilledItem
from vascal.evaluate.estimate import Estimate
from vascal.evaluate.result import Evaluation, ResultTable
from vascal.render.evaluation_words import show_line

NUMBER_COLUMNS = ("section", "table", "row", "statistic", "value", "low", "high", "level", "n", "p_value", "method")


def write_numbers(evaluation: Evaluation) -> str:
    """Give every number of an evaluation in full precision, one a line."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(NUMBER_COLUMNS)
    for section in evaluation.sections:
        for table in section.tables:
            for about, column, cell in table.numbers():
                where = (section.key, table.key, about, column.key)
                if isinstance(cell, Estimate):
                    p_value = "" if cell.p_value is None else repr(cell.p_value)
                    numbers = (
                        repr(cell.value),
                        repr(cell.low),
                        repr(cell.high),
                        cell.level,
                        cell.n,
                        p_value,
                        cell.method,
                    )
                    writer.writerow((*where, *numbers))
                else:
                    writer.writerow((*where, repr(cell), *[""] * 6))
    return out.getvalue()


def write_markdown(table: ResultTable) -> str:
    """Give a table as Markdown."""
    cells = _cells(table, _escape_markdown)
    rule = [":--" if column.style == "text" else "--:" for column in table.columns]
    lines = [
        f"**{_escape_markdown(table.title)}**",
        "",
        *("| " + " | ".join(row) + " |" for row in (cells[0], rule, *cells[1:])),
    ]
    return "\n".join([*lines, *(("", _escape_markdown(table.note)) if table.note else ()), ""])


def write_latex(table: ResultTable) -> str:
    """Give a table as LaTeX (package booktabs)."""
    cells = _cells(table, _escape_latex)
    shape = "".join("l" if column.style == "text" else "r" for column in table.columns)
    body = [" & ".join(row) + r" \\" for row in cells]
    note = [rf"\par\smallskip\footnotesize {_escape_latex(table.note)}"] if table.note else []
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_escape_latex(table.title)}}}",
            rf"\begin{{tabular}}{{{shape}}}",
            r"\toprule",
            body[0],
            r"\midrule",
            *body[1:],
            r"\bottomrule",
            r"\end{tabular}",
            *note,
            r"\end{table}",
            "",
        ]
    )


def write_checklist(citation: str, items: Sequence[FilledItem]) -> str:
    """Give a reporting checklist as Markdown, answered as far as the evaluation can."""
    answered = sum(not item.needs_person for item in items)
    return "\n".join(
        [
            f"# {citation}",
            "",
            f"{answered} of {len(items)} items are answered from the data; the rest waits for a person. Items are told "
            "in short; the publication's wording is the one that binds.",
            "",
            "| Item | Section | Topic | Asked | Answer |",
            "| :-- | :-- | :-- | :-- | :-- |",
            *(_checklist_row(one) for one in items),
            "",
        ]
    )


def _checklist_row(one: FilledItem) -> str:
    cells = (one.item.number, one.item.section, one.item.topic, one.item.asked, one.answer)
    shown = [_escape_markdown(cell) for cell in cells]
    return "| " + " | ".join([*shown[:-1], shown[-1] or "*to be answered*"]) + " |"


def _cells(table: ResultTable, escape: Callable[[str], str]) -> list[list[str]]:
    rows = [[show_line(column, cell) for column, cell in zip(table.columns, row, strict=True)] for row in table.rows]
    titles = [column.title for column in table.columns]
    return [[escape(text) for text in row] for row in (titles, *rows)]


_MARKDOWN = {"<": "&lt;", "&": "&amp;", **{letter: f"\\{letter}" for letter in "\\|*_`[]$~"}}


def _escape_markdown(text: str) -> str:
    return "".join(_MARKDOWN.get(letter, letter) for letter in _one_line(text))


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"$<$", ">": r"$>$", "²": r"$^2$", "ρ": r"$\rho$",
    "τ": r"$\tau$", "±": r"$\pm$", "√": r"$\sqrt{}$", "≥": r"$\geq$", "χ": r"$\chi$",
    "[": "{[}", "]": "{]}", "*": "{*}",  # right after \\ a bracket or star would be read as its option
}  # fmt: skip


def _escape_latex(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in _one_line(text))


def _one_line(text: str) -> str:
    """Replace line breaks and control characters: a cell is one line."""
    return re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", text)
