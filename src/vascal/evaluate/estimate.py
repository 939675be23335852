"""A number with its interval: what every statistic of an evaluation returns."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Bool, Float, Int64
from numpy import ndarray

from vascal.errors import EvaluationError

Values = Float[ndarray, " study"]
"""One number for each study (patient, film, lesion ...)."""
Flags = Bool[ndarray, " study"]
"""One yes or no for each study."""
Counts = Int64[ndarray, "row column"]
"""How many studies fall in each cell of a table."""

LEVEL = 0.95
"""Confidence level unless another is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A statistic with its confidence interval.

    Parameters
    ----------
    value
        Point estimate; NaN where it is not defined, and then `low` and `high` are NaN too.
    low, high
        Limits of the interval at `level`.
    n
        Studies (or pairs, events ...) behind it.
    method
        How the interval was made, in words for a methods paragraph.
    p_value
        Of the test that belongs to the statistic, where there is one.
    """

    value: float
    low: float
    high: float
    n: int
    method: str
    level: float = LEVEL
    p_value: float | None = None


def require_same_length(**columns: ndarray) -> int:
    """Give the common length of named columns.

    Raises
    ------
    EvaluationError
        If lengths differ or nothing is there.
    """
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) != 1:
        found = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise EvaluationError(f"columns of one length are needed; {found}")
    (length,) = set(lengths.values())
    return length


def require_studies(count: int, needed: int, statistic: str) -> None:
    """Refuse a statistic that needs more studies than there are."""
    if count < needed:
        raise EvaluationError(f"{statistic} needs at least {needed} studies; {count} found")
