"""Whether patients are like those a model was fitted to: other units are refused, other values are told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vascal.errors import TableError
from vascal.fusion.encoding import FeatureCode
from vascal.fusion.features import Column, Patients, is_blank

FAR = 3.0
"""A median so many times beyond the training range speaks of another unit: mg/dL and mmol/L are at least 18 apart,
mmHg and kPa 7.5."""
MANY_ROWS = 10
"""Rows from which most of them outside the training range are refused, too."""


def require_same_units(patients: Patients, known: Sequence[FeatureCode]) -> None:
    """Refuse columns that look as if they were in another unit than the training rows.

    Raises
    ------
    TableError
        If a median lies far from the training range, or most of ten or more values lie outside it.
    """
    for code in known:
        if code.feature.kind not in {"number", "score"}:
            continue
        column = patients.columns[code.feature.name]
        values = column[~is_blank(column)]
        if len(values) and _is_other_unit(values, code):
            unit = f" {code.feature.unit}" if code.feature.unit else ""
            raise TableError(
                f"column {code.feature.name} has a median of {np.median(values):g}; the model was fitted to "
                f"{code.low:g} to {code.high:g}{unit}: is it in another unit, or of another population?"
            )


def _is_other_unit(values: Column, code: FeatureCode) -> bool:
    outside = (values < code.low) | (values > code.high)
    if len(values) >= MANY_ROWS and outside.mean() > 0.5:
        return True
    middle = float(np.median(values))
    return middle > FAR * code.high > 0 or 0 <= FAR * middle < code.low


def find_caveats(patients: Patients, known: Sequence[FeatureCode]) -> list[tuple[str, ...]]:
    """Say of each row what the model does not know from training rows.

    Returns
    -------
    list
        For each row its caveats; empty where there is nothing to say.
    """
    found: list[list[str]] = [[] for _ in range(len(patients))]
    for code in known:
        column = patients.columns[code.feature.name]
        blank = is_blank(column)
        if code.feature.blank == "unknown":
            for row in np.flatnonzero(blank):
                found[row].append(f"{code.feature.name} is not known")
        for row in np.flatnonzero(_is_new(column, code) & ~blank):
            found[row].append(_describe(column[row], code))
    return [tuple(row) for row in found]


def forget_new_words(patients: Patients, known: Sequence[FeatureCode]) -> Patients:
    """Take words that the training rows did not have as not known."""
    columns = dict(patients.columns)
    for code in known:
        if code.feature.is_word:
            name = code.feature.name
            columns[name] = np.where(_is_new(columns[name], code), "", columns[name])
    return Patients(columns=columns, patient=patients.patient)


def _is_new(column: Column, code: FeatureCode) -> Column:
    if code.feature.is_word:
        return ~np.isin(column, [code.reference, *code.levels])
    return np.asarray((column < code.low) | (column > code.high))


def _describe(value: object, code: FeatureCode) -> str:
    name, unit = code.feature.name, f" {code.feature.unit}" if code.feature.unit else ""
    if code.feature.is_word:
        return f"{name} {value} was not among the training rows"
    return f"{name} {value:g} lies outside {code.low:g} to {code.high:g}{unit}"
