"""All files of an evaluation: report, numbers, tables, figures and methods."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import chain, count

from vascal.errors import MissingExtraError
from vascal.evaluate.checklists import CHECKLISTS, CITATIONS, fill_checklist, read_checklist
from vascal.evaluate.result import Evaluation
from vascal.render.evaluation_page import draw_evaluation_page, draw_evaluation_pdf, write_methods
from vascal.render.evaluation_tables import write_checklist, write_latex, write_markdown, write_numbers
from vascal.render.figures import draw_plot

LONGEST_NAME = 60
"""Letters of a file's name; each may take four bytes, and file systems allow 255."""


def require_drawing() -> None:
    """Refuse at the start what could not be drawn at the end.

    Raises
    ------
    MissingExtraError
        Without the libraries of the extra `evaluate`.
    """
    missing = [name for name in ("matplotlib", "typst", "statsmodels") if find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"vascal evaluate needs {', '.join(missing)}: pip install 'vascal[evaluate]'")


def draw_evaluation(evaluation: Evaluation) -> Iterator[tuple[str, bytes]]:
    """Give every file of an evaluation, the report last, as its path in the folder and its content."""
    figures = {plot.key: draw_plot(plot) for plot in evaluation.plots}
    names = name_files(list(figures))
    for key, drawn in figures.items():
        for kind, content in drawn.items():
            yield f"figures/{names[key]}.{kind}", content
    names = name_files([table.key for table in evaluation.tables])
    for table in evaluation.tables:
        yield f"tables/{names[table.key]}.md", write_markdown(table).encode()
        yield f"tables/{names[table.key]}.tex", write_latex(table).encode()
    for name in CHECKLISTS:
        items = fill_checklist(read_checklist(name), evaluation.answers)
        yield f"checklists/{name}.md", write_checklist(CITATIONS[name], items).encode()
    yield "numbers.csv", write_numbers(evaluation).encode()
    yield "methods.md", _methods(evaluation).encode()
    svg = {key: drawn["svg"] for key, drawn in figures.items()}
    yield "report.pdf", draw_evaluation_pdf(evaluation, svg)
    yield "report.html", draw_evaluation_page(evaluation, svg).encode()


def _methods(evaluation: Evaluation) -> str:
    methods, sources = write_methods(evaluation)
    listed = [f"{place}. {source}" for place, source in enumerate(sources, 1)]
    return "\n\n".join(["# Methods", *methods, "## References", "\n".join(listed)]) + "\n"


def name_files(keys: Sequence[str]) -> dict[str, str]:
    """Give each key a file name of letters, digits, dots and dashes, told apart without regard to case.

    Examples
    --------
    >>> name_files(["roc-a/b", "roc-A b"])
    {'roc-a/b': 'roc-a_b', 'roc-A b': 'roc-A_b-2'}
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for key in dict.fromkeys(keys):
        plain = re.sub(r"[^\w.-]+", "_", key)[:LONGEST_NAME]
        numbered = (f"{plain}-{number}" for number in count(2))
        name = next(name for name in chain([plain], numbered) if name.casefold() not in taken)
        taken.add(name.casefold())
        names[key] = name
    return names
