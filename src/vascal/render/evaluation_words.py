"""Numbers of an evaluation as a paper prints them."""

from __future__ import annotations

import math

from vascal.evaluate.estimate import Estimate
from vascal.evaluate.result import Cell, Column

NOTHING = "-"


def show_cell(column: Column, cell: Cell) -> tuple[str, str]:
    """Write a cell as its number and, apart, its interval ("" where there is none).

    Examples
    --------
    >>> show_cell(Column(key="p", title="p", style="p"), 0.0004)
    ('<0.001', '')
    >>> share = Estimate(value=0.5, low=0.25, high=0.75, n=8, method="")
    >>> show_cell(Column(key="s", title="", style="share"), share)
    ('50.0 %', '25.0 to 75.0')
    """
    if cell is None:
        return NOTHING, ""
    if isinstance(cell, str):
        return cell, ""
    if not isinstance(cell, Estimate):
        return _one(column, float(cell)), ""
    if not math.isfinite(cell.value):
        return NOTHING, ""
    if column.style == "share":
        return f"{100 * cell.value:z.1f} %", _interval(100 * cell.low, 100 * cell.high, 1)
    digits = _digits_of_interval(cell.value, cell.low, cell.high)
    return f"{cell.value:z.{digits}f}", _interval(cell.low, cell.high, digits)


def show_line(column: Column, cell: Cell) -> str:
    """Write a cell in one line: ``0.91 (0.89 to 0.93)``."""
    value, interval = show_cell(column, cell)
    return f"{value} ({interval})" if interval else value


def show_p(p_value: float) -> str:
    """Write a p value: three digits below 0.1, two above, and no more than <0.001."""
    if not math.isfinite(p_value):
        return NOTHING
    if p_value < 0.001:
        return "<0.001"
    return f"{p_value:.3f}" if p_value < 0.1 else f"{p_value:.2f}"


def _one(column: Column, number: float) -> str:
    if not math.isfinite(number):
        return NOTHING
    if column.style == "p":
        return show_p(number)
    if column.style == "count":
        return f"{number:z,.0f}"
    if column.style == "share":
        return f"{100 * number:z.1f} %"
    return f"{number:z.{_digits(number)}f}"


def _interval(low: float, high: float, digits: int) -> str:
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"{low:z.{digits}f} to {high:z.{digits}f}"


def _digits_of_interval(value: float, low: float, high: float) -> int:
    """Decimals that suit the largest, and leave two digits of the smallest where a ratio is imprecise."""
    digits = _digits(value, low, high)
    if not (0.01 <= low < high < math.inf):
        return digits
    return max(digits, min(2, 1 - math.floor(math.log10(low))))


def _digits(*numbers: float) -> int:
    """Decimals that suit the largest of some numbers: three up to 1, above it three significant digits."""
    size = max((abs(number) for number in numbers if math.isfinite(number)), default=0.0)
    if size == 0:
        return 0
    if size <= 1.05:
        return 3 if size >= 0.01 else min(1 - math.floor(math.log10(size)), 6)
    return max(0, 2 - math.floor(math.log10(size)))
