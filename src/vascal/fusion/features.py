"""Columns of a cohort that a model is made of, and what each row holds in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int64, Shaped
from numpy import ndarray

from vascal.errors import EvaluationError, TableError

Kind = Literal["number", "score", "yes-no", "category"]
"""``score`` is a number from 0 that is skewed, as Agatston scores are, and is used as ln(1 + x)."""
Block = Literal["imaging", "clinical"]
"""Where a feature comes from; the models with and without imaging are compared."""
Blank = Literal["unknown", "not-applicable"]
"""What an empty cell means: nobody measured it, or there is nothing to measure (density without calcium)."""
Column = Shaped[ndarray, "_"]
"""Numbers as float, NaN where empty; words as str, "" where empty; yes or no as 1 and 0."""
Rows = Bool[ndarray, " row"]

FEWEST_ROWS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One column that a model may use.

    Parameters
    ----------
    name
        Of the column.
    kind
        How its cells are read and used.
    block
        Imaging (calcium, fat) or clinical.
    unit
        For people and for checks; such as ``mg/dL``.
    blank
        What an empty cell means.
    """

    name: str
    kind: Kind
    block: Block
    unit: str = ""
    blank: Blank = "unknown"

    @property
    def is_word(self) -> bool:
        """Whether cells hold words."""
        return self.kind == "category"

    @property
    def scale(self) -> str:
        """What one unit of the column is in a model, in words."""
        if self.kind == "score":
            return f"ln(1 + {self.unit})" if self.unit else "ln(1 + x)"
        return "yes against no" if self.kind == "yes-no" else self.unit or "1"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patients:
    """Features of the rows of a cohort.

    Parameters
    ----------
    columns
        By feature, (row,).
    patient
        Number of each row's patient (row,), 0 and up: rows of one patient are never parted.
    """

    columns: Mapping[str, Column]
    patient: Int64[ndarray, " row"]

    def __post_init__(self) -> None:
        odd = {name: len(column) for name, column in self.columns.items() if len(column) != len(self.patient)}
        if odd:
            raise EvaluationError(f"columns of {len(self.patient)} rows are needed; found {odd}")

    def __len__(self) -> int:
        """Rows."""
        return len(self.patient)

    def only(self, rows: Rows | Int64[ndarray, " chosen"]) -> Patients:
        """Keep rows."""
        kept = {name: column[rows] for name, column in self.columns.items()}
        return Patients(columns=kept, patient=self.patient[rows])


def is_blank(column: Column) -> Rows:
    """Mark empty cells."""
    return np.asarray(np.isnan(column) if column.dtype.kind == "f" else column == "")


def require_usable(patients: Patients, features: tuple[Feature, ...]) -> None:
    """Refuse features that can not tell patients apart.

    Raises
    ------
    TableError
        If a column is empty, is the same in every row, or holds what its kind does not allow.
    """
    for feature in features:
        column = patients.columns[feature.name]
        known = column[~is_blank(column)]
        if len(known) < FEWEST_ROWS:
            raise TableError(f"column {feature.name} has {len(known)} values; it is empty in {len(column)} rows or all")
        if len(np.unique(known)) == 1 and feature.blank == "unknown":
            raise TableError(f"column {feature.name} is the same in every row; leave it out of the features")
        if feature.kind == "score" and known.min() < 0:
            raise TableError(f"column {feature.name} is a score and must be 0 or more; {known.min():g} found")
        if feature.kind == "yes-no" and not np.isin(known, (0.0, 1.0)).all():
            raise TableError(f"column {feature.name} must say yes or no, or 1 or 0; other numbers found")
