"""How numbers and names are written for people."""

from __future__ import annotations

from vascal.calcium.rule import AgatstonRule
from vascal.calcium.uncertainty import TotalUncertainty
from vascal.regions import SEGMENTS

VESSEL_NAMES = {
    "LM": "Left main",
    "LAD": "Left anterior descending",
    "LCX": "Left circumflex",
    "RCA": "Right coronary",
    "unassigned": "Vessel uncertain",
}

CATEGORY_EDGES = (100, 300, 400)
"""Whole scores at which a risk category or CAC-DRS grade changes."""


def show_number(value: float | None, digits: int = 1) -> str:
    """Round a number for the page; anything above 0 never shows as 0.

    Examples
    --------
    >>> show_number(0.0), show_number(0.02), show_number(3.14), show_number(142.6), show_number(None)
    ('0', '<0.1', '3.1', '142.6', '-')
    """
    if value is None:
        return "-"
    if value == 0:
        return "0"
    smallest = 10.0**-digits
    return f"<{smallest:.{digits}f}" if 0 < value < smallest / 2 else f"{value:.{digits}f}"


def show_score(value: float) -> str:
    """Write an Agatston score: whole from 100, with one decimal below.

    Where rounding would hide on which side of a category's edge a score lies,
    the decimal stays.

    Examples
    --------
    >>> [show_score(v) for v in (0, 0.01, 4.26, 10.0, 10.4, 142.6, 100.3, 400.4, 400)]
    ['0', '<0.1', '4.3', '10', '10.4', '143', '100.3', '400.4', '400']
    """
    on_an_edge = round(value) in CATEGORY_EDGES and value != round(value)
    whole = round(value, 1) >= 100 and not on_an_edge
    return f"{value:.0f}" if whole else show_number(value).removesuffix(".0")


def letter_of(number: int) -> str:
    """Give the letter that a lesion has on pictures: its number, from 1, in letters.

    Examples
    --------
    >>> [letter_of(number) for number in (1, 26, 27, 52, 53, 703)]
    ['A', 'Z', 'AA', 'AZ', 'BA', 'AAA']
    """
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def show_place(place_mm: tuple[float, float, float]) -> str:
    """Write a place in whole millimetres.

    Examples
    --------
    >>> show_place((-0.2, 12.6, -30.0))
    '0, 13, −30'
    """
    return ", ".join(show_minus(str(round(value))) for value in place_mm)


def show_range(name: str) -> str:
    """Write a category's name as its limits, such as ``101–400``.

    Examples
    --------
    >>> show_range("101-400"), show_range(">400")
    ('101–400', '>400')
    """
    return name.replace("-", "\N{EN DASH}")


def show_minus(number: str) -> str:
    """Write a number below zero with a minus sign, which a hyphen is not.

    Examples
    --------
    >>> show_minus("-3.5"), show_minus("3")
    ('−3.5', '3')
    """
    return number.replace("-", "\N{MINUS SIGN}")


def show_gating(is_gated: bool | None, evidence: str) -> str:
    """Say whether a scan was gated, and how that is known."""
    if is_gated is None:
        return "unknown: the header says nothing"
    grounds = {"attributes": "by its attributes", "description": "by its description only", "stated": "as stated"}
    return f"{'yes' if is_gated else 'no'}, {grounds.get(evidence, evidence)}"


def show_rule(rule: AgatstonRule) -> tuple[str, ...]:
    """Say a scoring rule in short sentences."""
    sign = "At least" if rule.comparison == ">=" else "More than"
    edges = ", ".join(f"{edge:.0f}" for edge in rule.weight_edges_hu)
    area = f"at least {rule.min_patch_mm2:g} mm² " if rule.min_patch_mm2 else ""
    pixels = f"at least {rule.min_patch_pixels} pixels " if rule.min_patch_pixels > 1 else ""
    smallest = " and ".join(part for part in (area.strip(), pixels.strip()) if part) or "of any size"
    joined = {4: "edges", 8: "edges and corners"}[rule.in_plane_connectivity]
    return (
        f"{sign} {rule.threshold_hu:.0f} HU counts as calcium (for {rule.kvp:g} kVp).",
        f"Pixels joined over {joined} in a slice form a patch; patches count {smallest}.",
        f"A patch weighs 1, or one more from each of {edges} HU, by its own peak in its own slice.",
        f"Area × weight × spacing between slices / {rule.reference_spacing_mm:g} mm, added up.",
    )


def show_segment(number: int | None) -> str:
    """Name an SCCT segment in short, or say nothing.

    Examples
    --------
    >>> show_segment(6), show_segment(None)
    ('6 proximal LAD', '')
    """
    return "" if number is None else f"{number} {SEGMENTS[number]}"


def show_uncertainty(doubt: TotalUncertainty | None) -> str:
    """Say what the total may be instead."""
    if doubt is None:
        return ""
    likely = max(doubt.categories.items(), key=lambda item: item[1])
    span = "The interval is for doubt about lesions and between scans"
    if doubt.high == 0:
        span = "No candidate is likely to be coronary calcium"
    zero = f"chance that there is none {_percent(doubt.zero_probability)}"
    where = f"category {show_range(likely[0])} with {_percent(likely[1])}"
    return f"{span}; {where}, {zero}. Probabilities were learned on simulated scans."


def _percent(share: float) -> str:
    if share > 0.995:
        return "over 99 %"
    return "under 1 %" if share < 0.005 else f"{100 * share:.0f} %"
