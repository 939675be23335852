"""What is left of English in a text that should be in another language."""

from __future__ import annotations

import html
import re

_NAMES = """
AAC ASCVD BMI Biobank CAC CKD CORD CT DICOM DRS DXA Dice EPI ESC FHIR Framingham HDL HU HbA1c Heinz Hoff ID IIb III
Image Type Javaid LAD LCX LDL LM LUT MASTERPLAN MESA NHANES Nixdorf OP PCE PDA PREVENT Patient Pixel Presentation RCA
Radiol Recall SCORE SCORE2 SD SHA Shao Shape Spacing UCUM UK World Agatston Diabetes agatston cm date dL eGFR json kVp
kg kvp mAs mL mg min ml mm mm2 mmHg score vascal
L1 L2 L3 L4 L5 A0 A1 A2 A3 N0 N1 N2 N3 N4 P25 P50 P75 P90 Qr32 Qr44
"""
PROPER = frozenset(_NAMES.split())
"""Names, units and codes that every language writes alike."""
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]+")
_ENGLISH = re.compile(
    r"\b(the|of|and|is|are|not|with|for|this|that|were|from|by|or|to|at|it|no|yes|years|which|must|only|than|but)\b"
)
_DRAWN = re.compile(r'(?:aria-label|alt)="([^"]*)"')


def latin_left(text: str) -> list[str]:
    """List the Latin words of a Chinese text that are no names."""
    return [word for word in _WORD.findall(text) if word not in PROPER]


def english_left(text: str) -> list[str]:
    """List small English words, which no German sentence has."""
    return _ENGLISH.findall(text)


def texts_of(page: str) -> list[str]:
    """Give what a page shows or reads out, a text an element; style sheets left out."""
    shown = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    spread = _DRAWN.sub(r">\1<", shown)
    return [html.unescape(text).strip() for text in re.sub(r"<[^>]*>", "\n", spread).split("\n") if text.strip()]
