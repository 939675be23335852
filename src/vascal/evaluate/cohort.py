"""The studies of an evaluation, joined and checked: what every section is computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Shaped
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.estimate import Values

Column = Shaped[ndarray, "_"]
"""One entry a study: numbers, or words."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cohort:
    """Measured and reference scores of the same studies, with what else is known of them.

    Parameters
    ----------
    predicted, reference
        Scores (study,), finite.
    columns
        Further columns by name (study,): numbers as float, words as str; NaN or
        "" where one is not known.
    probability
        Predicted probability (study,) of the plan's target.
    """

    predicted: Column
    reference: Column
    columns: Mapping[str, Column] = field(default_factory=dict)
    probability: Column | None = None

    def __post_init__(self) -> None:
        lengths = {len(self.predicted), len(self.reference), *(len(column) for column in self.columns.values())}
        if len(lengths) != 1 or not len(self.predicted):
            raise EvaluationError(f"a cohort needs columns of one length with a study in them; found {sorted(lengths)}")

    def __len__(self) -> int:
        """Studies."""
        return len(self.predicted)

    def only(self, chosen: Bool[ndarray, " study"]) -> Cohort:
        """Keep the chosen studies."""
        return Cohort(
            predicted=self.predicted[chosen],
            reference=self.reference[chosen],
            columns={name: column[chosen] for name, column in self.columns.items()},
            probability=None if self.probability is None else self.probability[chosen],
        )

    def number(self, name: str) -> Values:
        """Give a column of numbers.

        Raises
        ------
        EvaluationError
            If it holds words.
        """
        column = self.columns[name]
        if column.dtype.kind not in "fiu":
            raise EvaluationError(f"column {name} must hold numbers; it holds words such as {str(column[0])!r}")
        return column.astype(float)

    def split(self, name: str | None) -> dict[str, Cohort]:
        """Split by the values of a column, in the order in which they appear; one part named "all" without a column."""
        if name is None:
            return {"all": self}
        words = as_words(self.columns[name])
        return {str(word): self.only(words == word) for word in dict.fromkeys(words)}


def as_words(column: Column) -> Column:
    """Write a column as words: numbers without a needless fraction, and "not stated" for what is missing."""
    if column.dtype.kind in "fiu":
        words = [f"{value:g}" if np.isfinite(value) else "" for value in column.astype(float)]
    else:
        words = [str(value) for value in column]
    return np.array([word or "not stated" for word in words])


def group_by(cohort: Cohort, subgroup: str) -> tuple[str, tuple[str, ...], Column]:
    """Put studies in the groups of a subgroup column.

    Parameters
    ----------
    subgroup
        ``sex``, or ``age:50,60,70`` to cut a number: below 50, 50 to below 60 ...

    Returns
    -------
    tuple
        The column's name, the groups' names in order, and each study's group
        as words (study,).

    Raises
    ------
    EvaluationError
        If a number has more than 12 values and no edges to cut it at.
    """
    name, _, edges = subgroup.partition(":")
    if not edges:
        words = as_words(cohort.columns[name])
        names = sorted(np.unique(words), key=_by_number)
        if len(names) > 12:
            is_number = cohort.columns[name].dtype.kind in "fiu"
            hint = f"say where to cut it, as in {name}:50,60,70" if is_number else "at most 12 groups can be compared"
            raise EvaluationError(f"{name} has {len(names)} different values; {hint}")
        return name, tuple(map(str, names)), words
    try:
        cuts = np.array([float(edge) for edge in edges.split(",")])
    except ValueError as error:
        raise EvaluationError(f"subgroup edges must be numbers, as in {name}:50,60; found {edges!r}") from error
    if (np.diff(cuts) <= 0).any():
        raise EvaluationError(f"subgroup edges must ascend; found {edges!r}")
    values = cohort.number(name)
    shown = [f"{cut:g}" for cut in cuts]
    middle = [f"{low} to <{high}" for low, high in pairwise(shown)]
    names_of_bands = [f"<{shown[0]}", *middle, f">={shown[-1]}"]
    band = np.searchsorted(cuts, np.nan_to_num(values), side="right")
    words = np.where(np.isnan(values), "not stated", np.array(names_of_bands)[band])
    present = [word for word in [*names_of_bands, "not stated"] if (words == word).any()]
    return name, tuple(present), words


def _by_number(word: str) -> tuple[int, float, str]:
    try:
        return (0, float(word), word)
    except ValueError:
        return (2 if word == "not stated" else 1, 0.0, word)
