"""Which of a study's series to quote, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vascal.report.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotable:
    """What the choice looks at in one scored series."""

    key: str
    is_quotable: bool
    caveats: frozenset[str]
    spacing_mm: float
    series_number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The place of the series to quote in the list given, and the reason in words."""

    index: int
    reason: str


_GROUNDS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"contrast"}), "not contrast-enhanced"),
    (frozenset({"gaps"}), "no gaps"),
    (frozenset({"heart-cut-off"}), "whole heart in the field of view"),
    (frozenset({"non-gated"}), "ECG-gated"),
    (frozenset({"gating-unconfirmed"}), "gating confirmed by attributes"),
    (frozenset({"kvp-unknown", "kvp-mismatch", "tin-filter"}), "known tube voltage"),
    (frozenset({"thick-slices", "thin-slices"}), "slices near 3 mm"),
    (frozenset({"sharp-kernel"}), "soft kernel"),
    (frozenset({"kvp-adapted"}), "120 kVp"),
    (frozenset({"noise"}), "low noise"),
)
"""Gravest first: what each caveat would say against a series, and what its absence says for it."""


def choose_report(reports: Sequence[Report]) -> Choice | None:
    """Pick the report to quote; see `choose_series`."""
    return choose_series(
        [
            Quotable(
                key=report.series.key,
                is_quotable=report.is_quotable,
                caveats=frozenset(caveat.code for caveat in report.caveats),
                spacing_mm=report.series.spacing_mm[0],
                series_number=report.series.series_number,
            )
            for report in reports
        ]
    )


def choose_series(scored: Sequence[Quotable]) -> Choice | None:
    """Pick the series whose score comes closest to the published conditions.

    Series are compared ground by ground: no contrast, no gaps, whole heart,
    gated, slices near 3 mm, soft kernel, 120 kVp, low noise; then by how near
    to 3 mm the spacing is, then by series number and UID.

    Returns
    -------
    Choice or None
        None if no series is quotable.
    """
    places = [n for n, series in enumerate(scored) if series.is_quotable]
    if not places:
        return None
    best = min(places, key=lambda n: _rank(scored[n]))
    if len(places) == 1:
        only = "the only series" if len(scored) == 1 else "the only quotable series"
        return Choice(index=best, reason=only)
    runner_up = min((n for n in places if n != best), key=lambda n: _rank(scored[n]))
    return Choice(index=best, reason=_compare(scored[best], scored[runner_up]))


def _faults(series: Quotable) -> tuple[bool, ...]:
    return tuple(bool(series.caveats & bad) for bad, _ in _GROUNDS)


def _rank(series: Quotable) -> tuple[tuple[bool, ...], float, int, str]:
    number = series.series_number
    off = round(abs(series.spacing_mm - 3.0), 2)
    return (_faults(series), off, number if number is not None else 1 << 30, series.key)


def _compare(best: Quotable, other: Quotable) -> str:
    for (_, praise), mine, theirs in zip(_GROUNDS, _faults(best), _faults(other), strict=True):
        if theirs and not mine:
            return praise
    if _rank(best)[1] < _rank(other)[1]:
        return f"spacing of {best.spacing_mm:g} mm is nearest to 3 mm"
    return "first of equally good series"
