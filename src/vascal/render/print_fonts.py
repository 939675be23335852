"""The fonts that printed reports carry, so that they look the same on every machine.

They are cut from Inter and Noto Sans CJK SC, both under the SIL Open Font License 1.1; their licences lie beside them.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from vascal.render.language import LanguageCode, list_messages

FONTS = Path(__file__).with_name("fonts")
LATIN = "".join(chr(code) for code in (*range(0x20, 0x7F), *range(0xA0, 0x180))) + (
    "ΔΩαβγδεκλμσφ–—‘’‚“”„†•…‰′″‹›€™←↑→↓−√∞≈≠≤≥⁰⁴₀₁₂₃\u2009\u202f"
)
"""Letters of European languages, and signs that reports and image headers use."""
FACES: dict[str, tuple[tuple[str, str, int], ...]] = {
    "latin": (("Vascal Sans", "VascalSans-Regular.otf", 400), ("Vascal Sans", "VascalSans-Bold.otf", 700)),
    "chinese": (("Vascal Sans SC", "VascalSansSC-Regular.otf", 400), ("Vascal Sans SC", "VascalSansSC-Bold.otf", 700)),
}


@cache
def write_font_faces(language: LanguageCode) -> str:
    """Write the style that brings a page's fonts: Chinese has its own letters and takes the others from Latin."""
    faces = [*FACES["latin"], *(FACES["chinese"] if language == "zh" else ())]
    order = '"Vascal Sans SC", "Vascal Sans"' if language == "zh" else '"Vascal Sans"'
    return f"{''.join(_face(*face) for face in faces)}body {{ font-family: {order}, sans-serif; }}"


def _face(family: str, file: str, weight: int) -> str:
    data = base64.b64encode(FONTS.joinpath(file).read_bytes()).decode()
    return (
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; '
        f'src: url(data:font/otf;base64,{data}) format("opentype"); }}\n'
    )


def list_texts() -> Iterator[str]:
    """Give every text that the lists of translations hold; each of their characters must be in a font."""
    for message in list_messages():
        yield from message.values()
