"""Features as numbers for a regression or for trees, by what was learned on training rows alone.

A regression gets transformed and standardised numbers, the training median where a
cell is empty, and a column that says so. Trees get numbers as they are, with gaps:
they learn which way to send an unknown value.

Median and indicator for prediction: Josse et al., Stat Pap 2024;65:5447-5479,
doi:10.1007/s00362-024-01550-4. For hazard ratios they are no remedy; see `vascal.fusion.hazard_ratios`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64
from numpy import ndarray

from vascal.fusion.features import Column, Feature, Patients, is_blank

Design = Float[ndarray, "row column"]
FEWEST_FOR_INDICATOR = 20
"""Rows with, and without, a value, below which being unknown gets no column of its own."""
TINY = 1e-12
"""What is taken as 0 where a range is rounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureCode:
    """How one feature becomes columns.

    Parameters
    ----------
    feature
        Which.
    fill
        For empty cells, on the model's scale: median if unknown, mean if not applicable, 0 for words.
    levels
        Words that have a column each; the commonest has none and is what they are compared with.
    reference
        That commonest word.
    has_indicator
        Whether being unknown has a column.
    low, high
        Numbers that training rows had, in the column's unit, rounded outwards to two digits.
    """

    feature: Feature
    fill: float = 0.0
    levels: tuple[str, ...] = ()
    reference: str = ""
    has_indicator: bool = False
    low: float = float("-inf")
    high: float = float("inf")

    @property
    def names(self) -> tuple[str, ...]:
        """Of its columns in a regression."""
        name = self.feature.name
        own = tuple(f"{name}: {level}" for level in self.levels) if self.feature.is_word else (name,)
        return (*own, f"{name}: unknown") if self.has_indicator else own

    @property
    def per(self) -> str:
        """What one unit of its columns is, in words."""
        return f"against {self.reference}" if self.feature.is_word else self.feature.scale

    def values(self, column: Column) -> Design:
        """Give columns on the model's scale, NaN where the cell is empty."""
        blank = is_blank(column)
        if self.feature.is_word:
            found = (column[:, None] == np.array(self.levels, dtype=str)).astype(float)
            found[blank] = np.nan
            return np.asarray(found)
        return np.asarray((np.log1p(column) if self.feature.kind == "score" else column)[:, None].astype(float))

    def filled(self, column: Column) -> Design:
        """Give columns without gaps, and the indicator where there is one."""
        found = self.values(column)
        found = np.where(np.isnan(found), self.fill, found)
        return np.column_stack([found, is_blank(column)]) if self.has_indicator else found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoding:
    """How features become a regression's columns.

    Parameters
    ----------
    codes
        One a feature.
    mean, scale
        Of each column in the training rows; a column that did not vary has scale 1.
    """

    codes: tuple[FeatureCode, ...]
    mean: Float[ndarray, " column"]
    scale: Float[ndarray, " column"]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        return tuple(name for code in self.codes for name in code.names)

    @property
    def owner(self) -> Int64[ndarray, " column"]:
        """Which feature each column belongs to."""
        return np.repeat(np.arange(len(self.codes)), [len(code.names) for code in self.codes])

    def encode(self, patients: Patients) -> Design:
        """Give standardised columns without gaps."""
        found = np.column_stack([code.filled(patients.columns[code.feature.name]) for code in self.codes])
        return np.asarray((found - self.mean) / self.scale)

    def encode_with_gaps(self, patients: Patients) -> Design:
        """Give columns for trees: on the model's scale, NaN where unknown."""
        return np.column_stack([code.values(patients.columns[code.feature.name]) for code in self.codes])


def learn_encoding(patients: Patients, features: tuple[Feature, ...]) -> Encoding:
    """Learn from training rows how features become columns.

    Parameters
    ----------
    patients
        Training rows.
    features
        In the order of the columns.
    """
    codes = tuple(learn_code(feature, patients.columns[feature.name]) for feature in features)
    filled = np.column_stack([code.filled(patients.columns[code.feature.name]) for code in codes])
    spread = filled.std(axis=0)
    return Encoding(codes=codes, mean=filled.mean(axis=0), scale=np.where(spread > 1e-12, spread, 1.0))


def learn_code(feature: Feature, column: Column) -> FeatureCode:
    """Learn from training rows how one feature becomes columns."""
    blank = is_blank(column)
    known = column[~blank]
    unknown = int(blank.sum()) if feature.blank == "unknown" else 0
    has_indicator = min(unknown, len(known)) >= FEWEST_FOR_INDICATOR
    if feature.is_word:
        words, counts = np.unique(known, return_counts=True)
        ordered = [str(word) for word in words[np.argsort(-counts, kind="stable")]] or [""]
        levels = tuple(sorted(ordered[1:]))
        return FeatureCode(feature=feature, levels=levels, reference=ordered[0], has_indicator=has_indicator)
    if not len(known):  # a fold that holds none of them: the column says nothing there
        return FeatureCode(feature=feature)
    values = np.log1p(known) if feature.kind == "score" else known
    middle = np.median(values) if feature.blank == "unknown" else values.mean()
    low, high = round_outwards(float(known.min()), float(known.max()))
    return FeatureCode(feature=feature, fill=float(middle), has_indicator=has_indicator, low=low, high=high)


def round_outwards(low: float, high: float) -> tuple[float, float]:
    """Widen a range to two digits, so that it gives away no patient's own value.

    Examples
    --------
    >>> round_outwards(40.7, 1234.0)
    (40.0, 1300.0)
    """
    return _round(low, np.floor), _round(high, np.ceil)


def _round(value: float, towards: np.ufunc) -> float:
    if abs(value) < TINY:
        return 0.0
    digits = 1 - int(np.floor(np.log10(abs(value))))
    return float(round(float(towards(value * 10.0**digits)) * 10.0**-digits, max(digits, 0)))
