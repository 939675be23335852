"""What was printed of a page, made anew when the page says more."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from vascal.errors import InputError
from vascal.io.objects.encapsulated_pdf import replace_document
from vascal.render.print_pdf import print_pdf
from vascal.render.risk_section import language_of
from vascal.result_options import DICOM_FOLDER, FHIR_FILE, HL7_FILE, OBJECT_FILES, PDF_FILE

ENCAPSULATED = f"{DICOM_FOLDER}/{OBJECT_FILES['pdf']}"
PDF_IN_BASE64 = b"JVBERi0"
"""How ``%PDF-`` begins inside a message."""


def print_again(folder: Path, page: str) -> dict[str, bytes]:
    """Print a changed page into what is there of `report.pdf` and the DICOM object.

    Parameters
    ----------
    folder
        Of one result.
    page
        New content of its `report.html`.

    Returns
    -------
    dict
        New content by name; empty where nothing was printed before, or the printer is not installed.

    Raises
    ------
    InputError
        If the DICOM object can not be read.
    """
    there = [name for name in (PDF_FILE, ENCAPSULATED) if (folder / name).is_file()]
    if not there or find_spec("plutoprint") is None:
        return {}
    pdf = print_pdf(page, language_of(page))
    made = {PDF_FILE: pdf} if PDF_FILE in there else {}
    if ENCAPSULATED in there:
        made[ENCAPSULATED] = replace_document(_read(folder / ENCAPSULATED), pdf)
    return made


def find_outdated(folder: Path, printed: dict[str, bytes]) -> tuple[str, ...]:
    """Name the files that still show the page as it was: they carry it, and were not printed again."""
    return tuple(_outdated(folder, printed))


def _outdated(folder: Path, printed: dict[str, bytes]) -> Iterator[str]:
    yield from (name for name in (PDF_FILE, ENCAPSULATED) if name not in printed and (folder / name).is_file())
    for name in (FHIR_FILE, HL7_FILE):
        if (folder / name).is_file() and PDF_IN_BASE64 in _read(folder / name):
            yield name


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path.name} can not be read: {error.strerror}") from error
