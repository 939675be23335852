"""Percentiles over age, for the drawing that shows where a patient stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vascal.risk.percentile import PercentileReference
from vascal.risk.percentile_hnr import HNR, hnr_curve
from vascal.risk.percentile_hoff import HOFF, HOFF_PERCENTS, hoff_curve
from vascal.risk.percentile_table import PercentileTable
from vascal.risk.profile import Ethnicity, Sex

DRAWN = (25.0, 50.0, 75.0, 90.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PercentileCurve:
    """One percentile over age: points (age in years, Agatston units), by rising age."""

    percent: float
    points: tuple[tuple[float, float], ...]


def find_curves(
    reference: PercentileReference,
    sex: Sex,
    *,
    ethnicity: Ethnicity | None = None,
    tables: Sequence[PercentileTable] = (),
) -> tuple[PercentileCurve, ...]:
    """Give the curves of a reference, from the lowest percentile.

    Parameters
    ----------
    reference
        Of a `Percentile`.
    sex, ethnicity
        Of the patient.
    tables
        The user's, among which `reference` may be.
    """
    if reference == HOFF:
        return tuple(PercentileCurve(percent=p, points=hoff_curve(p, sex)) for p in HOFF_PERCENTS)
    if reference == HNR:
        return tuple(PercentileCurve(percent=p, points=hnr_curve(p, sex)) for p in DRAWN)
    return _table_curves(reference, sex, ethnicity, tables)


def _table_curves(
    reference: PercentileReference, sex: Sex, ethnicity: Ethnicity | None, tables: Sequence[PercentileTable]
) -> tuple[PercentileCurve, ...]:
    groups = [g for table in tables for g in table.groups if g.reference == reference.name and g.sex == sex]
    own = [g for g in groups if g.ethnicity == ethnicity] or [g for g in groups if g.ethnicity is None]
    steps: dict[float, list[tuple[float, float]]] = {}
    for group in sorted(own, key=lambda group: group.band.low):
        for percent, score in group.quantiles:
            steps.setdefault(percent, []).extend([(float(group.band.low), score), (float(group.band.high + 1), score)])
    return tuple(PercentileCurve(percent=p, points=tuple(points)) for p, points in sorted(steps.items()) if p in DRAWN)
