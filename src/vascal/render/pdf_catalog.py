"""Add entries to the catalog of a PDF that cairo wrote, such as its language.

The change is appended, as the format provides for; what was written stays as it is.

References
----------
ISO 32000-1:2008, 7.5.6 (incremental updates), 7.5.7 and 7.5.8 (object and cross-reference streams), 14.9.2 (language).
"""

from __future__ import annotations

import re
import struct
import zlib

from vascal.errors import OutputError

_STREAM = re.compile(rb"<<(?P<head>(?:(?!endobj|stream).)*?/Type /(?P<kind>ObjStm|XRef).*?)>>\s*stream\r?\n", re.DOTALL)


def add_to_catalog(pdf: bytes, entries: str) -> bytes:
    """Append a catalog with more entries.

    Parameters
    ----------
    pdf
        With compressed cross-references.
    entries
        As PDF writes them.

    Raises
    ------
    OutputError
        If the PDF is not built as cairo builds it.
    """
    start = re.search(rb"startxref\s+(\d+)\s+%%EOF\s*$", pdf)
    trailer = _STREAM.search(pdf, int(start[1])) if start else None
    if start is None or trailer is None:
        raise OutputError("the printed PDF has no cross-reference stream; another version of plutoprint wrote it")
    root, size = (int(_entry(trailer["head"], name)) for name in (b"Root", b"Size"))
    catalog = _find_catalog(pdf, root).rstrip().removesuffix(b">>").rstrip()
    pdf = pdf.rstrip() + b"\n"
    place = len(pdf)
    pdf += b"%d 0 obj\n%s\n   %s\n>>\nendobj\n" % (root, catalog, entries.encode("ascii"))
    here = len(pdf)
    rows = struct.pack(">BIBBIB", 1, place, 0, 1, here, 0)
    info = int(_entry(trailer["head"], b"Info"))
    head = b"/Type /XRef /Size %d /W [1 4 1] /Index [%d 1 %d 1] /Root %d 0 R /Info %d 0 R /Prev %s /Length %d" % (
        size + 1, root, size, root, info, start[1], len(rows),
    )  # fmt: skip
    return pdf + b"%d 0 obj\n<< %s >>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (
        size, head, rows, here,
    )  # fmt: skip


def _entry(head: bytes, name: bytes) -> bytes:
    found = re.search(rb"/%s\s+(\d+)" % name, head)
    if found is None:
        raise OutputError(f"the printed PDF has no {name.decode()}; another version of plutoprint wrote it")
    return found[1]


def _find_catalog(pdf: bytes, root: int) -> bytes:
    """Give the text of the catalog, which lies in one of the object streams."""
    for stream in _STREAM.finditer(pdf):
        if stream["kind"] == b"ObjStm":
            content = zlib.decompressobj().decompress(pdf[stream.end() :])
            first = int(_entry(stream["head"], b"First"))
            numbers = [int(number) for number in content[:first].split()]
            places = dict(zip(numbers[::2], numbers[1::2], strict=True))
            if root in places:
                start = first + places[root]
                end = min((first + place for place in places.values() if first + place > start), default=len(content))
                return content[start:end]
    raise OutputError("the printed PDF has no catalog in its object streams; another version of plutoprint wrote it")
