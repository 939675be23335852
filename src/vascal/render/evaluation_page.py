"""The report of an evaluation, as one HTML page and as PDF."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from vascal.errors import MissingExtraError
from vascal.evaluate.citations import number_citations
from vascal.evaluate.result import Evaluation
from vascal.render.evaluation_words import show_cell
from vascal.render.figures import WIDTH_IN, plot_size_in

_PAGES = Environment(
    loader=PackageLoader("vascal.render"),
    autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
# A JSON string is a Typst string too, once its \u escapes are avoided.
_PAGES.filters["typ"] = lambda text: json.dumps(_CONTROL.sub(" ", str(text)), ensure_ascii=False)


def draw_evaluation_page(evaluation: Evaluation, figures: Mapping[str, bytes]) -> str:
    """Write an evaluation as HTML that needs nothing else.

    Parameters
    ----------
    figures
        SVG of each plot, by its key.
    """
    methods, sources = write_methods(evaluation)
    numbered = enumerate(figures.items())
    return _PAGES.get_template("evaluation.html.j2").render(
        evaluation=evaluation,
        figures={key: Markup(_inline(svg, f"f{place}")) for place, (key, svg) in numbered},  # noqa: S704 - our drawing
        methods=methods,
        sources=sources,
        show=show_cell,
    )


def draw_evaluation_pdf(evaluation: Evaluation, figures: Mapping[str, bytes]) -> bytes:
    """Set an evaluation as PDF.

    Parameters
    ----------
    figures
        SVG of each plot, by its key.

    Raises
    ------
    MissingExtraError
        Without typst.
    """
    try:
        import typst
    except ImportError as error:
        raise MissingExtraError("a PDF needs an optional part: pip install 'vascal[evaluate]'") from error
    methods, sources = write_methods(evaluation)
    names = {key: f"{place}.svg" for place, key in enumerate(figures)}
    text = _PAGES.get_template("evaluation.typ.j2").render(
        evaluation=evaluation, names=names, wide=find_wide(evaluation), methods=methods, sources=sources, show=show_cell
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for key, svg in figures.items():
            (folder / names[key]).write_bytes(svg)
        (folder / "report.typ").write_text(text, encoding="utf-8")
        return bytes(typst.compile(str(folder / "report.typ")))


def find_wide(evaluation: Evaluation) -> frozenset[str]:
    """Keys of the plots that need more than half a page's width."""
    return frozenset(plot.key for plot in evaluation.plots if plot_size_in(plot)[0] > WIDTH_IN)


def write_methods(evaluation: Evaluation) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the methods paragraphs with numbered sources, and the sources."""
    return number_citations([sentence for section in evaluation.sections for sentence in section.methods])


def _inline(svg: bytes, prefix: str) -> str:
    """Take the drawing out of an SVG file, with identifiers of its own: figures must not borrow from each other."""
    text = svg.decode("utf-8")
    text = text[text.index("<svg") :]
    text = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", text)
    return re.sub(r'href="#([^"]+)"', rf'href="#{prefix}-\1"', text)
