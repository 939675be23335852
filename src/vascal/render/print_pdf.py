"""The report as PDF, printed from its page.

The page brings its fonts, nothing is fetched, and no time is written: the same page gives the same bytes.
The PDF carries title and language but no tags; who needs a document that a screen reader walks through takes the HTML.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Literal

from vascal.errors import MissingExtraError
from vascal.render.language import LanguageCode
from vascal.render.pdf_catalog import add_to_catalog
from vascal.render.print_fonts import write_font_faces

if TYPE_CHECKING:
    import plutoprint

Paper = Literal["a4", "letter"]
_SIZES: dict[Paper, str] = {"a4": "A4", "letter": "letter"}
FITS = ((10.8, 60), (10.4, 58), (10.0, 56), (9.7, 52), (9.4, 48), (9.1, 43), (8.8, 38))
"""Ten times the unit of lengths, points, and the width of pictures, %; the first that fits is taken."""
_ANNEX = re.compile(r'<div class="annex">.*</main>', re.DOTALL)


def print_pdf(html: str, language: LanguageCode = "en", *, paper: Paper = "a4") -> bytes:
    """Print a report's page.

    Parameters
    ----------
    html
        From `draw_page` or `draw_film_page`.
    language
        Of the page.
    paper
        Size of the sheets.

    Returns
    -------
    bytes
        PDF; the first sheet of a report is the one to sign.

    Raises
    ------
    MissingExtraError
        If plutoprint is not installed.
    """
    page = html.replace("\0", "").replace("<details>", "<details open>")
    style = f"{write_font_faces(language)}\n@page {{ size: {_SIZES[paper]}; }}"
    file = io.BytesIO()
    _open_book(_dress(page, style + _choose_fit(page, style))).write_to_pdf_stream(file)
    return add_to_catalog(file.getvalue(), f"/Lang ({language}) /ViewerPreferences << /DisplayDocTitle true >>")


def _choose_fit(page: str, style: str) -> str:
    """Take the largest letters and pictures with which the part to sign fits on one sheet."""
    front = _ANNEX.sub("", page)
    fits = (f"html {{ font-size: {size}pt; }} :root {{ --images: {images}%; }}" for size, images in FITS)
    for fit in fits:
        if _open_book(_dress(front, style + fit)).get_page_count() == 1:
            return fit
    return ""


def _dress(page: str, style: str) -> str:
    return page.replace("</head>", f"<style>{style}</style>\n</head>", 1)


def _open_book(html: str) -> plutoprint.Book:
    try:
        import plutoprint
    except ImportError as error:
        raise MissingExtraError("PDF needs plutoprint: pip install 'vascal[pdf]'") from error

    class Closed(plutoprint.ResourceFetcher):
        """Fetches nothing: a page has all it needs, and a report must not reach out."""

        def fetch_url(self, url: str) -> plutoprint.ResourceData:
            del url
            return plutoprint.ResourceData(b"", "text/plain")

    book = plutoprint.Book()
    book.custom_resource_fetcher = Closed()
    book.load_html(html)
    book.set_metadata(plutoprint.PDF_METADATA_CREATION_DATE, "")
    return book
