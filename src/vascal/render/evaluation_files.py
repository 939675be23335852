"""All files of an evaluation: report, numbers, tables, figures and methods."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vascal.evaluate.checklists import CHECKLISTS, CITATIONS, fill_checklist, read_checklist
from vascal.evaluate.result import Evaluation
from vascal.render.evaluation_page import draw_evaluation_page, draw_evaluation_pdf, write_methods
from vascal.render.evaluation_tables import write_checklist, write_latex, write_markdown, write_numbers
from vascal.render.figures import draw_plot


def draw_evaluation(evaluation: Evaluation) -> Iterator[tuple[str, bytes]]:
    """Give every file of an evaluation, the report last, as its path in the folder and its content."""
    figures = {plot.key: draw_plot(plot) for plot in evaluation.plots}
    for key, drawn in figures.items():
        for kind, content in drawn.items():
            yield f"figures/{_file_name(key)}.{kind}", content
    for table in evaluation.tables:
        yield f"tables/{_file_name(table.key)}.md", write_markdown(table).encode()
        yield f"tables/{_file_name(table.key)}.tex", write_latex(table).encode()
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


def _file_name(key: str) -> str:
    """Keep letters, digits, dots and dashes: a set may be called anything."""
    return re.sub(r"[^\w.-]+", "_", key)
